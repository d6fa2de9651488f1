/**
 * @file io/deadline.h
 * One call from the loop at a time that may be moved: the deadline of a state machine.
 *
 * Threads  the thread that runs the event base
 */
#ifndef IO_DEADLINE_H
#define IO_DEADLINE_H

#include <stdint.h>

#include "intercom/api.h"

struct event;
struct event_base;

typedef struct ic__deadline ic__deadline;

/** @return 0 or IC_ERR_NOMEM */
IC_CHECK int ic__deadline_new(struct event_base *base, void (*call)(void *user),
                              void *user, ic__deadline **out);

/** Call at `at_ns` of a clock that says `now_ns`, on the next turn if that is over;
 * IC__NEVER = not at all. Moves a call that was set before. Without memory the call comes
 * on the next turn: whoever hears it too early sets it again. */
void ic__deadline_set(ic__deadline *deadline, uint64_t at_ns, uint64_t now_ns);

/** The same for a timer of libevent, but not IC__NEVER. */
void ic__timer_set(struct event *timer, uint64_t at_ns, uint64_t now_ns);

/** Call when what runs now has returned, before the loop looks at anything else; a time
 * that was set is forgotten, one that is set until then counts instead. */
void ic__deadline_now(ic__deadline *deadline);

/** NULL is fine. */
void ic__deadline_free(ic__deadline *deadline);

#endif
