#include "dht/relay_cache.h"

#include <string.h>

#include "intercom/sys/mem.h"

static ic__relay_entry *find(ic__relay_cache *c, const uint8_t *key)
{
    for (size_t i = 0; i < c->count; i++) {
        if (memcmp(c->entries[i].peer.public_key, key, IC__DHT_KEY_BYTES) == 0)
            return &c->entries[i];
    }
    return NULL;
}

static bool grow(ic__relay_cache *c)
{
    size_t cap = c->cap ? 2 * c->cap : 8;
    ic__relay_entry *entries = ic_mem_resize(c->entries, cap * sizeof *entries);

    if (!entries)
        return false;
    c->entries = entries;
    c->cap = cap;
    return true;
}

static ic__relay_entry *oldest(ic__relay_cache *c)
{
    ic__relay_entry *old = &c->entries[0];

    for (size_t i = 1; i < c->count; i++) {
        if (c->entries[i].used < old->used)
            old = &c->entries[i];
    }
    return old;
}

static ic__relay_entry *place_for(ic__relay_cache *c, const uint8_t *key)
{
    ic__relay_entry *e = find(c, key);

    if (e)
        return e;
    if (c->count == IC__RELAY_CACHE_MAX)
        return oldest(c);
    if (c->count == c->cap && !grow(c))
        return NULL;
    return &c->entries[c->count++];
}

void ic__relay_cache_set(ic__relay_cache *c, const uint8_t key[IC__DHT_KEY_BYTES],
                         const ic__addr *relays, size_t count)
{
    ic__relay_entry *e = count ? place_for(c, key) : NULL;

    if (!e)
        return;
    *e = (ic__relay_entry){.used = ++c->uses};
    memcpy(e->peer.public_key, key, IC__DHT_KEY_BYTES);
    e->peer.relay_count = count < IC__DHT_RELAYS_MAX ? count : IC__DHT_RELAYS_MAX;
    memcpy(e->peer.relays, relays, e->peer.relay_count * sizeof *relays);
}

const ic__dht_peer *ic__relay_cache_get(ic__relay_cache *c,
                                        const uint8_t key[IC__DHT_KEY_BYTES])
{
    ic__relay_entry *e = find(c, key);

    if (!e)
        return NULL;
    e->used = ++c->uses;
    return &e->peer;
}

void ic__relay_cache_free(ic__relay_cache *c)
{
    ic_mem_free(c->entries);
    *c = (ic__relay_cache){0};
}
