/**
 * @file plan_state.h
 * A plan that was searched for on another thread, as long as its room stays as it is.
 *
 * Spec     docs/spec/16-ledger.md, section 3.3
 */
#ifndef ISPLIT_PLAN_STATE_H
#define ISPLIT_PLAN_STATE_H

#include "intersplit/plan.h"
#include "ledger/idmap.h"

/** A transfer between the balances of these numbers. */
typedef struct isplit__edge {
    uint32_t from;
    uint32_t to;
    int64_t minor;
} isplit__edge;

struct isplit__kept {
    isplit__sum sum; /* of the events that it is the plan of */
    size_t balance_count;
    size_t lower_bound;
    size_t count;
    bool hurried; /* fewer steps than peers agree upon */
    isplit__edge edges[];
};

typedef struct isplit__kept isplit__kept;

/** Does the entry move money in this currency? */
bool isplit__counts_in(const isplit_state *state, size_t currency,
                       const isplit_entry *entry);

/** The number of a name among balances, which are by name; where it would stand when it
 * is not there. */
size_t isplit__number_of(const isplit_share *balances, size_t count, const char *name);

/** Debts between people who shared an entry, netted for each two of them. */
int isplit__plan_pairwise(const isplit_state *state, size_t currency, isplit_plan *out);

#endif
