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

typedef enum isplit_plan_mode {
    ISPLIT_PLAN_MINIMAL = 0, /* the fewest transfers */
    ISPLIT_PLAN_PAIRWISE,    /* only between people who shared an entry: needs entries */
    ISPLIT_PLAN_VIA          /* everybody settles with one member */
} isplit_plan_mode;

/** From the thread that plans, now and then; false ends the search. */
typedef bool (*isplit_plan_progress_cb)(uint64_t done, uint64_t most, void *user);

/* Searches count steps, not time, so that they end alike on every machine; then the best
 * plan so far is taken. */
typedef struct isplit_plan_options {
    size_t struct_size;      /* set by isplit_plan_options_default */
    uint64_t max_operations; /* steps for balances that can be searched: up to 40, more
                                when many are equal; default 200 000 000, some seconds */
    uint64_t max_quick_operations; /* steps for more than those; default 100 000, some
                                      milliseconds; a hundred times that saves a few
                                      transfers of 200 members */
    const char *via; /* for ISPLIT_PLAN_VIA: a name, with or without a balance */
    isplit_plan_progress_cb on_progress; /* NULL = none */
    void *user;
    uint32_t mode;           /* isplit_plan_mode, default minimal */
    uint32_t progress_every; /* steps between two calls, default 1 000 000 */
} isplit_plan_options;

IC_API void isplit_plan_options_init(isplit_plan_options *opts, size_t struct_size);
static inline void isplit_plan_options_default(isplit_plan_options *opts)
{
    isplit_plan_options_init(opts, sizeof *opts);
}

/**
 * Make a plan; the same for every order of `balances`.
 *
 * Up to 24 balances that are not zero take milliseconds; more belong on a thread of
 * their own. At most 64 MiB of memory.
 *
 * @param options  NULL = the defaults
 * @return 0 (free with isplit_plan_free); IC_ERR_INVALID when the balances do not sum to
 * zero, sums leave 63 bits or a name stands twice; IC_ERR_UNSUPPORTED for a mode that
 * balances alone cannot tell; IC_ERR_CANCELED by on_progress; IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_plan_make_with(const isplit_share *balances, size_t count,
                                          const isplit_plan_options *options,
                                          isplit_plan *out);

/** With the defaults. */
IC_API IC_CHECK int isplit_plan_make(const isplit_share *balances, size_t count,
                                     isplit_plan *out);

IC_API void isplit_plan_free(isplit_plan *plan);

/**
 * The plan of a room, in one of its currencies.
 *
 * A minimal plan is made before the payments that end the room and follows them: who pays
 * what was suggested, all or a part, changes nothing else. Other payments make a new one.
 *
 * @param currency  number below isplit_state_currency_count
 * @param out       its names live until the room changes
 * @return as isplit_plan_make_with; IC_ERR_NOT_FOUND without such a currency
 */
IC_API IC_CHECK int isplit_state_plan(const isplit_state *state, size_t currency,
                                      const isplit_plan_options *options,
                                      isplit_plan *out);

/** What one entry has to do with a transfer; positive = brings money to that member. */
typedef struct isplit_cause {
    const isplit_entry *entry;
    int64_t from_minor;   /* what it does to the balance of who pays */
    int64_t to_minor;     /* and of who is paid; all of them sum to the balances */
    int64_t direct_minor; /* what `from` owes `to` by this entry; all of them sum to the
                             transfer of a pairwise plan */
} isplit_cause;

/**
 * The entries behind a transfer: all that touch one of its two members, in list order.
 *
 * @param out  ic_mem_free; the entries live until the room changes
 * @return 0; IC_ERR_NOT_FOUND without such a currency; IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_plan_why(const isplit_state *state, size_t currency,
                                    const isplit_transfer *transfer, isplit_cause **out,
                                    size_t *count);

/**
 * The minimal plan of a room, to be searched on another thread.
 *
 * A task has copies of all that it needs: new and keep belong to the thread of the state,
 * run to any. What is kept answers isplit_state_plan while the room stays as it is.
 */
typedef struct isplit_plan_task isplit_plan_task; /* value: new, free */

/** @return 0; IC_ERR_NOT_FOUND without such a currency; IC_ERR_NOMEM */
IC_API IC_CHECK int isplit_plan_task_new(const isplit_state *state, size_t currency,
                                         isplit_plan_task **out);
IC_API void isplit_plan_task_free(isplit_plan_task *task);

/** `options` (NULL = the defaults) say how many steps; the plan is minimal whatever their
 * mode. on_progress is called on this thread. @return as isplit_plan_make_with */
IC_API IC_CHECK int isplit_plan_task_run(isplit_plan_task *task,
                                         const isplit_plan_options *options);

/** Keep the plan of a task that has run, unless the room has changed. One of other steps
 * than the defaults is an answer, but the search stays a long one. */
IC_API void isplit_plan_task_keep(isplit_plan_task *task, const isplit_state *state);

/** Would isplit_state_plan with the defaults take longer than a loop should wait: more
 * than 20 open balances, and nothing kept? */
IC_API bool isplit_state_plan_is_long(const isplit_state *state, size_t currency);

IC_END_DECLS

#endif
