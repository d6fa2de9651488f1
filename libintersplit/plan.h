/**
 * @file plan.h
 * The parts of a plan: groups that sum to zero, and the walk that settles one group.
 *
 * Spec     docs/spec/16-ledger.md, section 3.3
 */
#ifndef ISPLIT_PLAN_H
#define ISPLIT_PLAN_H

#include "intersplit/plan.h"

#define ISPLIT__PLAN_EXACT 24 /* members for which all subsets are looked at */

/** Open balances that sum to zero. */
typedef struct isplit__group {
    isplit_share *members;
    size_t count;
} isplit__group;

/** Append a payment; there is room for one per member. */
void isplit__plan_pay(isplit_plan *plan, const char *from, const char *to,
                      int64_t amount);

/** Settle members that sum to zero in the order in which they stand: at most count - 1
 * transfers, nobody pays whom he owes nothing through a third. */
void isplit__plan_walk(isplit_share *members, size_t count, isplit_plan *plan);

/**
 * Settle at most ISPLIT__PLAN_EXACT members, sorted by name, with the fewest transfers.
 *
 * Memory: a byte for each subset of all but one member, 8 MiB for 24.
 */
int isplit__plan_exact(const isplit__group *open, isplit_plan *plan);

#endif
