#include "fake_random.h"

#include <string.h>

#include <sodium.h>

void fake_random_init(fake_random *r, uint64_t seed)
{
    *r = (fake_random){.seed = seed, .used = sizeof r->bytes};
}

static void next_block(fake_random *r)
{
    unsigned char seed[randombytes_SEEDBYTES] = {0};

    memcpy(seed, &r->seed, sizeof r->seed);
    memcpy(seed + sizeof r->seed, &r->block, sizeof r->block);
    randombytes_buf_deterministic(r->bytes, sizeof r->bytes, seed);
    r->block++;
    r->used = 0;
}

void fake_random_fill(fake_random *r, void *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        if (r->used == sizeof r->bytes)
            next_block(r);
        size_t part = sizeof r->bytes - r->used;
        if (part > len - done)
            part = len - done;
        memcpy((uint8_t *)out + done, r->bytes + r->used, part);
        r->used += part;
        done += part;
    }
}

uint64_t fake_random_u64(fake_random *r)
{
    uint64_t number;

    fake_random_fill(r, &number, sizeof number);
    return number;
}

uint64_t fake_random_below(fake_random *r, uint64_t limit)
{
    return limit ? fake_random_u64(r) % limit : 0;
}

bool fake_random_ppm(fake_random *r, uint32_t parts)
{
    return parts && fake_random_below(r, 1000000) < parts;
}
