#include "dht/shelf.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <sodium.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define FIRST_BUCKETS 64

static_assert(crypto_shorthash_KEYBYTES == sizeof(((ic__shelf *)NULL)->secret),
              "the secret is a key of SipHash");

/* How much of a shelf is one host's. */
struct ic__shelf_owner {
    uint64_t key;
    size_t items;
    size_t bytes;
};

static uint64_t hash(const ic__shelf *s, const void *data, size_t len)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t v;

    (void)crypto_shorthash(out, data, len, s->secret);
    memcpy(&v, out, sizeof v);
    return v;
}

static ic__shelf_item **bucket_of(const ic__shelf *s, const uint8_t *key)
{
    return &s->buckets[hash(s, key, IC__DHT_KEY_BYTES) & (s->bucket_count - 1)];
}

void ic__shelf_init(ic__shelf *s, const ic_env *env, const ic__shelf_limits *limits,
                    void (*drop)(ic__shelf_item *item, void *user), void *user)
{
    *s = (ic__shelf){.limits = *limits, .drop = drop, .user = user};
    ic__queue_init(&s->by_age);
    env->random(s->secret, sizeof s->secret, env->user);
}

static ic__shelf_item *oldest(ic__shelf *s)
{
    ic__link *link = ic__queue_first(&s->by_age);

    return link ? IC__ELEMENT(link, ic__shelf_item, age) : NULL;
}

void ic__shelf_free(ic__shelf *s)
{
    for (ic__shelf_item *item; (item = oldest(s)) != NULL;)
        ic__shelf_remove(s, item);
    ic_mem_free(s->buckets);
    ic__map_free(&s->owners);
    s->buckets = NULL;
    s->bucket_count = 0;
}

static void unchain(ic__shelf *s, ic__shelf_item *item)
{
    ic__shelf_item **at = bucket_of(s, item->key);

    while (*at != item)
        at = &(*at)->chain;
    *at = item->chain;
    item->chain = NULL;
}

static void chain(ic__shelf *s, ic__shelf_item *item)
{
    ic__shelf_item **bucket = bucket_of(s, item->key);

    item->chain = *bucket;
    *bucket = item;
}

static void disown(ic__shelf *s, ic__shelf_item *item)
{
    struct ic__shelf_owner *owner = item->owner;

    item->owner = NULL;
    owner->items--;
    owner->bytes -= item->bytes;
    if (owner->items)
        return;
    (void)ic__map_take(&s->owners, owner->key);
    ic_mem_free(owner);
}

void ic__shelf_remove(ic__shelf *s, ic__shelf_item *item)
{
    unchain(s, item);
    ic__queue_remove(&s->by_age, &item->age);
    s->bytes -= item->bytes;
    disown(s, item);
    s->drop(item, s->user);
}

ic__shelf_item *ic__shelf_get(ic__shelf *s, const uint8_t key[IC__DHT_KEY_BYTES],
                              uint64_t now)
{
    ic__shelf_item *item = s->bucket_count ? *bucket_of(s, key) : NULL;

    while (item && memcmp(item->key, key, IC__DHT_KEY_BYTES) != 0)
        item = item->chain;
    return item && item->until_ns > now ? item : NULL;
}

void ic__shelf_refresh(ic__shelf *s, ic__shelf_item *item, uint64_t now)
{
    ic__queue_remove(&s->by_age, &item->age);
    item->until_ns = now + s->limits.age_ns;
    ic__queue_push(&s->by_age, &item->age);
}

/* Twice as many buckets when each has an item. */
static int grow(ic__shelf *s)
{
    size_t count = s->bucket_count ? 2 * s->bucket_count : FIRST_BUCKETS;
    ic__shelf_item **buckets;

    if (s->by_age.count < s->bucket_count)
        return 0;
    buckets = ic_mem_calloc(count, sizeof(ic__shelf_item *));
    if (!buckets)
        return s->bucket_count ? 0 : IC_ERR_NOMEM; /* longer chains do as well */
    ic_mem_free(s->buckets);
    s->buckets = buckets;
    s->bucket_count = count;
    for (ic__link *at = s->by_age.ends.next; at != &s->by_age.ends; at = at->next)
        chain(s, IC__ELEMENT(at, ic__shelf_item, age));
    return 0;
}

static struct ic__shelf_owner *owner_of(ic__shelf *s, const ic__addr *host)
{
    struct ic__shelf_owner *owner;
    uint64_t key = hash(s, host->ip, sizeof host->ip);

    owner = ic__map_get(&s->owners, key);
    if (owner)
        return owner;
    owner = ic_mem_calloc(1, sizeof *owner);
    if (!owner)
        return NULL;
    owner->key = key;
    if (ic__map_put(&s->owners, key, owner) != 0) {
        ic_mem_free(owner);
        return NULL;
    }
    return owner;
}

static void forget_idle_owner(ic__shelf *s, struct ic__shelf_owner *owner)
{
    if (owner->items)
        return;
    (void)ic__map_take(&s->owners, owner->key);
    ic_mem_free(owner);
}

/* Would the host have more than its share, when `old` is gone? */
static bool passes_share(const ic__shelf *s, const struct ic__shelf_owner *owner,
                         const ic__shelf_item *item, const ic__shelf_item *old)
{
    bool own = old && old->owner == owner;
    size_t items = owner->items + 1 - (own ? 1 : 0);
    size_t bytes = owner->bytes + item->bytes - (own ? old->bytes : 0);

    return (s->limits.max_items_host && items > s->limits.max_items_host) ||
           (s->limits.max_bytes_host && bytes > s->limits.max_bytes_host);
}

static bool is_full(const ic__shelf *s, size_t more_bytes)
{
    return s->by_age.count >= s->limits.max_items ||
           (s->limits.max_bytes && s->bytes + more_bytes > s->limits.max_bytes);
}

static void place(ic__shelf *s, ic__shelf_item *item, struct ic__shelf_owner *owner,
                  uint64_t now)
{
    item->owner = owner;
    owner->items++;
    owner->bytes += item->bytes;
    s->bytes += item->bytes;
    item->age = (ic__link){.next = NULL};
    chain(s, item);
    ic__shelf_refresh(s, item, now);
}

int ic__shelf_put(ic__shelf *s, ic__shelf_item *item, const ic__addr *host, uint64_t now)
{
    struct ic__shelf_owner *owner;
    ic__shelf_item *old;

    ic__shelf_expire(s, now);
    if (!s->limits.max_items ||
        (s->limits.max_bytes && item->bytes > s->limits.max_bytes))
        return IC_ERR_LIMIT;
    owner = grow(s) == 0 ? owner_of(s, host) : NULL;
    if (!owner)
        return IC_ERR_NOMEM;
    old = ic__shelf_get(s, item->key, now);
    if (passes_share(s, owner, item, old)) {
        forget_idle_owner(s, owner);
        return IC_ERR_LIMIT;
    }
    owner->items++; /* it stays while older items go */
    if (old)
        ic__shelf_remove(s, old);
    while (is_full(s, item->bytes))
        ic__shelf_remove(s, oldest(s));
    owner->items--;
    place(s, item, owner, now);
    return 0;
}

void ic__shelf_expire(ic__shelf *s, uint64_t now)
{
    for (ic__shelf_item *item; (item = oldest(s)) != NULL && item->until_ns <= now;)
        ic__shelf_remove(s, item);
}
