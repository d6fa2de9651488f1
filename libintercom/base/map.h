/**
 * @file base/map.h
 * Numbers to pointers: open addressing, at most half full.
 *
 * The keys are ours (stream ids that we drew), so nobody can aim for collisions.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

typedef struct ic__map_slot {
    uint64_t key;
    void *value; /* NULL = free */
} ic__map_slot;

typedef struct ic__map {
    ic__map_slot *slots; /* NULL until the first put */
    size_t cap;          /* a power of two */
    size_t count;
} ic__map;

/** The value of `key`, or NULL. */
void *ic__map_get(const ic__map *m, uint64_t key);

/** @return 0; IC_ERR_EXISTS when the key is taken; IC_ERR_NOMEM. `value` is not NULL. */
IC_CHECK int ic__map_put(ic__map *m, uint64_t key, void *value);

/** Remove `key`; returns its value, or NULL. */
void *ic__map_take(ic__map *m, uint64_t key);

/** Visit the slots: `*at` starts at 0; NULL at the end. Nothing may be put or taken. */
void *ic__map_next(const ic__map *m, size_t *at);

void ic__map_free(ic__map *m);

#endif
