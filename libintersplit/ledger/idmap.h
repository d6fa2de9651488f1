/**
 * @file idmap.h
 * From 32-byte hashes to numbers, and the fingerprint of a set of hashes.
 *
 * Spec     docs/spec/16-ledger.md, section 4.2
 */
#ifndef ISPLIT_IDMAP_H
#define ISPLIT_IDMAP_H

#include "ledger/events.h"

typedef struct isplit__idslot {
    isplit__id id;
    uint32_t value;
    bool used;
} isplit__idslot;

typedef struct isplit__idmap {
    isplit__idslot *slots;
    size_t count;
    size_t cap; /* a power of two, or 0 */
} isplit__idmap;

/** Room for one more: the next put cannot fail. False when there is no memory. */
bool isplit__idmap_reserve(isplit__idmap *map);
/** Set the value of `id`; after a reserve when the id is new. */
void isplit__idmap_put(isplit__idmap *map, const isplit__id *id, uint32_t value);
/** NULL when the id is not there; dies with the next put of a new id. */
uint32_t *isplit__idmap_get(const isplit__idmap *map, const isplit__id *id);
void isplit__idmap_free(isplit__idmap *map);

/** A sum of ids mod 2^256, read as little-endian numbers. */
typedef struct isplit__sum {
    uint64_t limb[4];
    uint64_t count;
} isplit__sum;

void isplit__sum_add(isplit__sum *sum, const isplit__id *id);
/** Take the sum of a part away. */
void isplit__sum_subtract(isplit__sum *sum, const isplit__sum *part);
void isplit__sum_fingerprint(const isplit__sum *sum, uint8_t out[16]);

#endif
