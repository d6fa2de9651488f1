/**
 * @file index.h
 * The events of a room in the order (lc, id), and the fingerprint of any range of it.
 *
 * Every peer that has the same events has them in this order, and no event stands before
 * one that it builds on. Who is only behind differs at the end alone.
 *
 * Spec     docs/spec/16-ledger.md, section 4.4
 */
#ifndef ISPLIT_INDEX_H
#define ISPLIT_INDEX_H

#include "ledger/events.h"
#include "ledger/idmap.h"
#include "text/buf.h"

/** A place between events: all smaller ones lie before it. */
typedef struct isplit__bound {
    int64_t lc; /* ISPLIT__BOUND_END = after all events */
    isplit__id id;
} isplit__bound;

#define ISPLIT__BOUND_END INT64_MAX

typedef struct isplit__index {
    const isplit__event **order;
    isplit__sum *sums; /* sums[i]: of the first i blocks of `order` */
    size_t count;
    size_t cap;
    size_t sum_cap;
} isplit__index;

/** Take in events, which must outlive the index; the list is sorted on the way. @return 0
 * or IC_ERR_NOMEM, unchanged */
int isplit__index_add(isplit__index *index, const isplit__event **events, size_t count);
void isplit__index_free(isplit__index *index);

/** How many events lie before the bound. */
size_t isplit__index_at(const isplit__index *index, const isplit__bound *bound);

/** The sum of the events from position `from` to before position `to`. */
isplit__sum isplit__index_sum(const isplit__index *index, size_t from, size_t to);

/** The shortest bound before the event at `position`; the end when there is none. */
isplit__bound isplit__index_bound(const isplit__index *index, size_t position);

int isplit__bound_compare(const isplit__bound *a, const isplit__bound *b);

/** "42", "42.9f3a", "" for the end; as a JSON text. */
void isplit__bound_write(isplit__buf *b, const isplit__bound *bound);
/** The same, from the inside of a JSON text; false when it is none. */
bool isplit__bound_read(const char *text, isplit__bound *out);

#endif
