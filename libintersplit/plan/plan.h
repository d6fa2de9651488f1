/**
 * @file plan.h
 * The parts of a plan: how the balances fall into groups that sum to zero.
 *
 * A group of k members is settled by k - 1 transfers, so the more groups, the fewer
 * transfers.
 *
 * Spec     docs/spec/16-ledger.md, section 3.3
 */
#ifndef ISPLIT_PLAN_H
#define ISPLIT_PLAN_H

#include "intersplit/plan.h"

#define ISPLIT__PLAN_SEARCH 64 /* members that a mask can hold */

/** What a search may cost. Steps are counted, not time: peers must agree. */
typedef struct isplit__effort {
    uint64_t done;
    uint64_t most;
    uint64_t next; /* when to call on_progress */
    isplit_plan_options options;
    bool canceled;
} isplit__effort;

/** Count steps. @return false when the search must end: all spent, or canceled */
bool isplit__effort_spend(isplit__effort *effort, uint64_t steps);

/** What the caller's version of the options says, in our version of them; the defaults
 * for NULL. @return 0 or IC_ERR_UNSUPPORTED */
int isplit__plan_options(const isplit_plan_options *from, isplit_plan_options *out);

/** Must the search end? */
static inline bool isplit__effort_spent(const isplit__effort *effort)
{
    return effort->canceled || effort->done > effort->most;
}

/** Balances, none of them zero, that sum to zero, and the best groups so far. */
typedef struct isplit__split {
    const int64_t *minor; /* in order of names */
    size_t count;
    uint32_t *group; /* of each member, below `groups` */
    size_t groups;
    size_t most; /* no split has more groups */
} isplit__split;

/**
 * The most groups of up to ISPLIT__PLAN_SEARCH members, or better ones than there are,
 * as far as the steps go. More members, or too many different sets of them (2^40 are
 * fine), leave the split as it is.
 *
 * @return 0 or IC_ERR_NOMEM
 */
int isplit__split_search(isplit__split *split, isplit__effort *effort);

/**
 * Groups of three, four, five and six of any number of members, as they come; `split`
 * must have one group. Lowers `most` when there are at most 1 024 members.
 *
 * @return 0 or IC_ERR_NOMEM
 */
int isplit__split_peel(isplit__split *split, isplit__effort *effort);

/** Transfers in the order of who pays, then of who is paid. */
void isplit__plan_sort(isplit_plan *plan);

#endif
