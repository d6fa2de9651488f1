#include "fake_clock.h"

#define FIRST_NS UINT64_C(1000000000)
#define FIRST_WALL_MS INT64_C(1790000000000)

void fake_clock_init(fake_clock *c, uint64_t seed)
{
    c->now_ns = FIRST_NS;
    c->wall_ms = FIRST_WALL_MS;
    fake_random_init(&c->random, seed);
}

void fake_clock_set(fake_clock *c, uint64_t now_ns)
{
    if (now_ns <= c->now_ns)
        return;
    c->wall_ms += (int64_t)(now_ns / 1000000 - c->now_ns / 1000000);
    c->now_ns = now_ns;
}

static uint64_t now_of(void *user)
{
    return ((const fake_clock *)user)->now_ns;
}

static int64_t wall_of(void *user)
{
    return ((const fake_clock *)user)->wall_ms;
}

static void random_of(void *out, size_t len, void *user)
{
    fake_random_fill(&((fake_clock *)user)->random, out, len);
}

ic_env fake_clock_env(fake_clock *c)
{
    return (ic_env){.now_ns = now_of, .wall_ms = wall_of, .random = random_of, .user = c};
}
