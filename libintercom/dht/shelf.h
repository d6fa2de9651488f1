/**
 * @file dht/shelf.h
 * Things under keys of 32 bytes that strangers chose: the oldest goes when the shelf is
 * full, each goes when its time is over, and no host owns more than its share.
 *
 * An item lives inside of its owner, which gets it back through `drop`.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 5 and 15
 */
#ifndef DHT_SHELF_H
#define DHT_SHELF_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/map.h"
#include "base/queue.h"
#include "dht/host.h"
#include "intercom/api.h"
#include "intercom/sys/env.h"

typedef struct ic__shelf_item {
    struct ic__shelf_item *chain; /* the next one in its bucket */
    ic__link age;
    uint64_t until_ns;
    struct ic__shelf_owner *owner;
    size_t bytes;
    uint8_t key[IC__DHT_KEY_BYTES];
} ic__shelf_item;

typedef struct ic__shelf_limits {
    size_t max_items;
    size_t max_items_host; /* 0 = no limit */
    size_t max_bytes;      /* of what the items say; 0 = no limit */
    size_t max_bytes_host; /* 0 = no limit */
    uint64_t age_ns;
} ic__shelf_limits;

typedef struct ic__shelf {
    ic__shelf_limits limits;
    ic__shelf_item **buckets; /* a power of two of them, or none */
    size_t bucket_count;
    ic__queue by_age; /* the one to go first in front */
    ic__map owners;
    size_t bytes;
    uint8_t secret[16]; /* of the hash: nobody aims at a bucket */
    /** The item has left the shelf: free it. */
    void (*drop)(ic__shelf_item *item, void *user);
    void *user;
} ic__shelf;

void ic__shelf_init(ic__shelf *s, const ic_env *env, const ic__shelf_limits *limits,
                    void (*drop)(ic__shelf_item *item, void *user), void *user);

/** Drop everything. */
void ic__shelf_free(ic__shelf *s);

/** The item under this key, or NULL. */
ic__shelf_item *ic__shelf_get(ic__shelf *s, const uint8_t key[IC__DHT_KEY_BYTES],
                              uint64_t now);

/** Its time begins anew. */
void ic__shelf_refresh(ic__shelf *s, ic__shelf_item *item, uint64_t now);

/**
 * Put an item, with key and bytes set, in the place of the one that has its key.
 *
 * @param host  who brought it: the port does not count
 * @return 0; IC_ERR_LIMIT when the host has its share already, and IC_ERR_NOMEM: the item
 *         is the caller's still, and nothing has changed
 */
IC_CHECK int ic__shelf_put(ic__shelf *s, ic__shelf_item *item, const ic__addr *host,
                           uint64_t now);

/** Take an item off and drop it. */
void ic__shelf_remove(ic__shelf *s, ic__shelf_item *item);

/** Drop what is out of time. */
void ic__shelf_expire(ic__shelf *s, uint64_t now);

static inline size_t ic__shelf_count(const ic__shelf *s)
{
    return s->by_age.count;
}

#endif
