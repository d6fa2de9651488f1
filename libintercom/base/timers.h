/**
 * @file base/timers.h
 * Many deadlines behind one: a heap of timers that live inside their owners.
 *
 * Only ic__timers_reserve takes memory. Call it once for each timer that will ever be
 * armed at the same time; then setting one can't fail.
 */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

typedef struct ic__timer {
    uint64_t at_ns;
    size_t slot; /* place in the heap + 1; 0 = not armed */
} ic__timer;

typedef struct ic__timers {
    ic__timer **heap;
    size_t count;
    size_t cap;
} ic__timers;

/** Room for `total` timers. @return 0; IC_ERR_NOMEM */
IC_CHECK int ic__timers_reserve(ic__timers *t, size_t total);

/** Arm, move, or (with IC__NEVER) disarm a timer. */
void ic__timers_set(ic__timers *t, ic__timer *timer, uint64_t at_ns);

/** The earliest deadline, or IC__NEVER. */
uint64_t ic__timers_deadline(const ic__timers *t);

/** Disarm and return the earliest timer that is due at `now`, or NULL. */
ic__timer *ic__timers_pop(ic__timers *t, uint64_t now);

void ic__timers_free(ic__timers *t);

#endif
