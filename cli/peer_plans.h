/**
 * @file peer_plans.h
 * Plans that take long, searched for on another thread while the loop goes on.
 *
 * Who asks is told when there is an answer. A search whose room changes under it begins
 * anew, but only so often: a room that is never quiet, a search that is called off and
 * one that finds no memory are answered with a plan of few steps, made at once, whose
 * `optimal` and lower bound say what it is.
 *
 * Spec     docs/spec/16-ledger.md, section 3.3
 * Threads  the thread that runs the event base
 */
#ifndef PEER_PLANS_H
#define PEER_PLANS_H

#include "intersplit/book.h"

#define PEER_PLANS_TRIES 3 /* searches for one answer */

struct event_base;

typedef struct peer_plans peer_plans; /* actor: new, close */

/**
 * @param on_plan  called from the loop when the plans of a room are there: ask again, at
 *                 once, and peer_plans_ready is true
 * @return 0; IC_ERR_IO, IC_ERR_NOMEM
 */
IC_CHECK int peer_plans_new(struct event_base *base, isplit_book *book,
                            void (*on_plan)(void *user), void *user, peer_plans **out);

/** Are the plans of the room at hand, or quickly made? Otherwise they are searched for,
 * and on_plan follows. True also when no search can be begun. */
bool peer_plans_ready(peer_plans *plans, const char *room);

/** How far the search for a room is, 0 to 100; false when there is none. */
bool peer_plans_progress(const peer_plans *plans, const char *room, unsigned *percent);

/** Call the search for a room off; on_plan follows. */
void peer_plans_hurry(peer_plans *plans, const char *room);

/** End all searches; `on_closed` follows from the loop, or at once for NULL. The book may
 * be closed by then, not before. */
void peer_plans_close(peer_plans *plans, void (*on_closed)(void *user), void *user);

#endif
