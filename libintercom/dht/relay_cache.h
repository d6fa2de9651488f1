/**
 * @file dht/relay_cache.h
 * Which nodes led to a peer the last time: asked first, the next time.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 5 and 7
 */
#ifndef DHT_RELAY_CACHE_H
#define DHT_RELAY_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "dht/ops.h"

#define IC__RELAY_CACHE_MAX 512 /* peers; then the one that was used longest ago goes */

typedef struct ic__relay_entry {
    ic__dht_peer peer;
    uint64_t used; /* counts up */
} ic__relay_entry;

typedef struct ic__relay_cache {
    ic__relay_entry *entries;
    size_t count;
    size_t cap;
    uint64_t uses;
} ic__relay_cache;

/** Remember at most IC__DHT_RELAYS_MAX of them; without memory, nothing happens. */
void ic__relay_cache_set(ic__relay_cache *c, const uint8_t key[IC__DHT_KEY_BYTES],
                         const ic__addr *relays, size_t count);

/** Borrowed until the next set; NULL when the peer is not known. */
const ic__dht_peer *ic__relay_cache_get(ic__relay_cache *c,
                                        const uint8_t key[IC__DHT_KEY_BYTES]);

void ic__relay_cache_free(ic__relay_cache *c);

#endif
