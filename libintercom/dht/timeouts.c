#include "dht/timeouts.h"

#include <string.h>

#include <sodium.h>

#include "intercom/sys/mem.h"

#define LEAST_MS 300u
#define MOST_MS 4000u

struct entry {
    ic__link link;
    uint64_t key;
    uint64_t updated_ns;
    uint32_t average_ms;
    uint32_t variance_ms;
    ic__addr addr;
};

void ic__timeouts_init(ic__timeouts *t, size_t max)
{
    *t = (ic__timeouts){.max = max};
    ic__queue_init(&t->by_age);
}

static struct entry *oldest(ic__timeouts *t)
{
    ic__link *link = ic__queue_first(&t->by_age);
    return link ? IC__ELEMENT(link, struct entry, link) : NULL;
}

static void drop(ic__timeouts *t, struct entry *e)
{
    (void)ic__map_take(&t->map, e->key);
    ic__queue_remove(&t->by_age, &e->link);
    ic_mem_free(e);
}

void ic__timeouts_free(ic__timeouts *t)
{
    struct entry *e;

    while ((e = oldest(t)) != NULL)
        drop(t, e);
    ic__map_free(&t->map);
}

static uint64_t key_of(const ic__timeouts *t, const ic__addr *addr)
{
    uint8_t bytes[6] = {addr->ip[0], addr->ip[1],         addr->ip[2],
                        addr->ip[3], (uint8_t)addr->port, (uint8_t)(addr->port >> 8)};
    uint64_t key;

    crypto_shorthash((uint8_t *)&key, bytes, sizeof bytes, t->secret);
    return key;
}

static struct entry *find(ic__timeouts *t, const ic__addr *addr, uint64_t now)
{
    struct entry *e;

    while ((e = oldest(t)) != NULL && now - e->updated_ns > IC__TIMEOUTS_AGE_NS)
        drop(t, e);
    if (!t->map.count)
        return NULL;
    e = ic__map_get(&t->map, key_of(t, addr));
    return e && ic__addr_equal(&e->addr, addr) ? e : NULL;
}

static struct entry *create(ic__timeouts *t, const ic_env *env, const ic__addr *addr)
{
    struct entry *e;

    if (!t->map.count)
        env->random(t->secret, sizeof t->secret, env->user);
    if (t->map.count >= t->max)
        drop(t, oldest(t));
    e = ic_mem_calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->addr = *addr;
    e->key = key_of(t, addr);
    if (ic__map_put(&t->map, e->key, e) != 0) {
        ic_mem_free(e);
        return NULL;
    }
    return e;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

static void update(struct entry *e, uint32_t rtt_ms)
{
    int32_t off = (int32_t)distance(e->average_ms, rtt_ms) - (int32_t)e->variance_ms;
    int32_t step = (int32_t)rtt_ms - (int32_t)e->average_ms;

    /* Shifts of JavaScript: they round down, also below zero. */
    e->variance_ms =
        (uint32_t)((int32_t)e->variance_ms + (off >= 0 ? off / 4 : (off - 3) / 4));
    e->average_ms =
        (uint32_t)((int32_t)e->average_ms + (step >= 0 ? step / 8 : (step - 7) / 8));
}

void ic__timeouts_add(ic__timeouts *t, const ic_env *env, const ic__addr *addr,
                      uint64_t rtt_ns, uint64_t now)
{
    struct entry *e = find(t, addr, now);
    uint64_t ms = rtt_ns / IC__MS;
    uint32_t rtt_ms = (uint32_t)(ms < 60000 ? ms : 60000);

    if (e) {
        update(e, rtt_ms);
    } else {
        e = create(t, env, addr);
        if (!e)
            return;
        e->average_ms = rtt_ms;
        e->variance_ms = rtt_ms / 2;
    }
    e->updated_ns = now;
    ic__queue_remove(&t->by_age, &e->link);
    ic__queue_push(&t->by_age, &e->link);
}

static uint32_t jitter(const ic_env *env)
{
    uint8_t byte;

    env->random(&byte, 1, env->user);
    return byte;
}

uint64_t ic__timeouts_get(ic__timeouts *t, const ic_env *env, const ic__addr *addr,
                          unsigned attempt, uint64_t now)
{
    static const uint32_t unknown_ms[] = {250, 500, 1000, 2000, 4000};
    const size_t last = sizeof unknown_ms / sizeof unknown_ms[0];
    const struct entry *e = find(t, addr, now);
    uint64_t ms;

    if (!e)
        return (unknown_ms[(attempt < last ? attempt : last) - 1] + jitter(env)) * IC__MS;
    ms = (uint64_t)(e->average_ms + 2 * e->variance_ms) * attempt + jitter(env);
    ms = ms < LEAST_MS ? LEAST_MS : ms > MOST_MS ? MOST_MS : ms;
    return ms * IC__MS;
}
