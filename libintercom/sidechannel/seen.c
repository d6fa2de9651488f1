#include "sidechannel/seen.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

typedef struct entry {
    ic__link link;
    uint64_t hash;
    uint64_t at_ns;
} entry;

static_assert(IC__SEEN_KEY_BYTES == crypto_shorthash_KEYBYTES, "the hash wants it so");

void ic__seen_init(ic__seen *seen, uint32_t max, uint64_t life_ns)
{
    *seen = (ic__seen){.max = max, .life_ns = life_ns};
    ic__queue_init(&seen->order);
}

static void forget_oldest(ic__seen *seen)
{
    entry *oldest = IC__ELEMENT(ic__queue_pop(&seen->order), entry, link);

    (void)ic__map_take(&seen->map, oldest->hash);
    ic_mem_free(oldest);
}

void ic__seen_free(ic__seen *seen)
{
    while (seen->order.count)
        forget_oldest(seen);
    ic__map_free(&seen->map);
}

uint64_t ic__seen_hash(const uint8_t key[IC__SEEN_KEY_BYTES], const char *text,
                       size_t len)
{
    uint64_t hash;
    uint8_t bytes[crypto_shorthash_BYTES];

    (void)crypto_shorthash(bytes, (const uint8_t *)text, len, key);
    static_assert(sizeof hash == sizeof bytes, "one number");
    memcpy(&hash, bytes, sizeof hash);
    return hash;
}

bool ic__seen_has(const ic__seen *seen, uint64_t hash)
{
    return ic__map_get(&seen->map, hash) != NULL;
}

/* Is the oldest too old, or are there too many? */
static bool has_to_forget(ic__seen *seen, uint64_t now)
{
    ic__link *oldest = ic__queue_first(&seen->order);

    return oldest && (seen->order.count > seen->max ||
                      now - IC__ELEMENT(oldest, entry, link)->at_ns > seen->life_ns);
}

int ic__seen_add(ic__seen *seen, uint64_t hash, uint64_t now)
{
    if (ic__seen_has(seen, hash))
        return 0;
    entry *e = ic_mem_calloc(1, sizeof *e);
    if (!e)
        return IC_ERR_NOMEM;
    e->hash = hash;
    e->at_ns = now;
    int error = ic__map_put(&seen->map, hash, e);
    if (error) {
        ic_mem_free(e);
        return error;
    }
    ic__queue_push(&seen->order, &e->link);
    while (has_to_forget(seen, now))
        forget_oldest(seen);
    return 0;
}
