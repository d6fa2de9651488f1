/**
 * @file dht/table.h
 * The nodes that we know: many around our own id, few far away from it.
 *
 * A row holds the nodes that share so many leading bits with our id. All rows lie in one
 * sorted array, so a small table is small.
 *
 * Shape    nodes belong to the table; a pointer to one lives until it is removed
 * Spec     docs/spec/05-dht-rpc.md, section 8
 */
#ifndef DHT_TABLE_H
#define DHT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/queue.h"
#include "dht/rpc.h"

typedef struct ic__table_node {
    ic__link link; /* in by_contact */
    uint8_t id[IC__DHT_KEY_BYTES];
    ic__addr addr;
    uint32_t added; /* ticks, as are the next two */
    uint32_t pinged;
    uint32_t sampled;  /* 0 = not yet */
    uint32_t contacts; /* how often it was heard */
    uint32_t down_hints;
    uint8_t row;
} ic__table_node;

typedef struct ic__table {
    uint8_t id[IC__DHT_KEY_BYTES];
    ic__table_node **nodes; /* sorted by row, then by id */
    size_t count;
    size_t cap;
    ic__queue by_contact; /* first = heard the longest ago */
} ic__table;

void ic__table_init(ic__table *t, const uint8_t id[IC__DHT_KEY_BYTES]);
void ic__table_free(ic__table *t);

/** Leading bits that two ids share; 255 when they are equal. */
uint8_t ic__table_row_of(const uint8_t a[IC__DHT_KEY_BYTES],
                         const uint8_t b[IC__DHT_KEY_BYTES]);

ic__table_node *ic__table_get(const ic__table *t, const uint8_t id[IC__DHT_KEY_BYTES]);

/** The nodes of a row, in the order of their ids; borrowed until the table changes. */
ic__table_node *const *ic__table_row(const ic__table *t, uint8_t row, size_t *count);

/** A node that is not there yet. @return 0 and the node, heard just now; IC_ERR_LIMIT
 * when its row is full; IC_ERR_NOMEM */
IC_CHECK int ic__table_add(ic__table *t, const uint8_t id[IC__DHT_KEY_BYTES],
                           const ic__addr *addr, ic__table_node **out);

void ic__table_remove(ic__table *t, ic__table_node *node);

/** It was heard just now. */
void ic__table_touch(ic__table *t, ic__table_node *node);

/** Sort all nodes anew around another id; those that find their row full are gone. */
void ic__table_move(ic__table *t, const uint8_t id[IC__DHT_KEY_BYTES]);

/** Rows from that of the target to the first, then those beyond it. @return how many */
size_t ic__table_closest(const ic__table *t, const uint8_t target[IC__DHT_KEY_BYTES],
                         ic__addr *out, size_t cap);

#endif
