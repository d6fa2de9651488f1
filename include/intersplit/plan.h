/**
 * @file intersplit/plan.h
 * The payments that bring all balances to zero.
 *
 * Spec     docs/spec/16-ledger.md, section 3
 * Threads  pure functions
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef INTERSPLIT_PLAN_H
#define INTERSPLIT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intersplit/entry.h"

IC_BEGIN_DECLS

typedef struct isplit_transfer {
    const char *from; /* borrowed from the balances that the plan was made of */
    const char *to;
    int64_t amount_minor;
} isplit_transfer;

typedef struct isplit_plan {
    isplit_transfer *transfers;
    size_t count;
    size_t lower_bound; /* no plan has fewer transfers */
    bool optimal;       /* count is provably the least */
} isplit_plan;

/**
 * Make a plan; the same for every order of `balances`.
 *
 * @return 0 (free with isplit_plan_free); IC_ERR_INVALID when the balances do not sum to
 * zero or a name stands twice; IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_plan_make(const isplit_share *balances, size_t count,
                                     isplit_plan *out);

IC_API void isplit_plan_free(isplit_plan *plan);

IC_END_DECLS

#endif
