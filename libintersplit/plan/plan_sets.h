/**
 * @file plan_sets.h
 * The sets of members whose balances sum to zero, smallest first.
 *
 * Spec     docs/spec/16-ledger.md, section 3.3
 */
#ifndef ISPLIT_PLAN_SETS_H
#define ISPLIT_PLAN_SETS_H

#include "plan/plan.h"

/** Members as a search sees them: equal balances stand side by side, as a block. */
typedef struct isplit__crowd {
    int64_t minor[ISPLIT__PLAN_SEARCH];
    unsigned member[ISPLIT__PLAN_SEARCH]; /* their numbers in the split */
    uint64_t block[ISPLIT__PLAN_SEARCH];  /* members whose balance is that of this one */
    uint64_t owed;                        /* members that are owed */
    uint64_t again; /* members whose balance is that of the one before */
    unsigned count;
    unsigned cut;   /* here the second half begins; no block stands on both sides */
    size_t subsets; /* different ones of either half */
} isplit__crowd;

/** @return false when there are too many members, or too many different sets of them */
bool isplit__crowd_make(isplit__crowd *crowd, const isplit__split *split);

/** Of members with equal balances a set holds the first ones. */
typedef struct isplit__sets {
    uint64_t *set; /* ic_mem_free */
    size_t count;
    unsigned full; /* all sets of at most so many members are here */
} isplit__sets;

/**
 * List as many as `max` allows.
 *
 * Memory while it runs: 16 bytes for each subset of half the members, 32 MiB for 40.
 *
 * @return 0; IC_ERR_LIMIT when the steps are spent; IC_ERR_NOMEM
 */
int isplit__sets_list(const isplit__crowd *crowd, size_t max, isplit__effort *effort,
                      isplit__sets *out);

#endif
