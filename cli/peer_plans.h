/**
 * @file peer_plans.h
 * Plans that take long, searched for on another thread while the loop goes on.
 *
 * Who asks is told when there is an answer, may ask how far it is, and may leave: a
 * search that nobody waits for ends. A search whose room changes under it begins anew,
 * but only so often: a room that is never quiet and one that finds no memory are answered
 * with a quick plan, of few steps and made at once, whose `optimal` and lower bound say
 * what it is. Whoever does not want to wait gets that one, too.
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

/** How far a search is. */
typedef struct peer_plans_effort {
    uint64_t steps;
    uint64_t budget;    /* steps that it may take, and seldom needs */
    size_t payments;    /* of the quick plan; 0 = not known */
    size_t lower_bound; /* no plan has fewer */
} peer_plans_effort;

/**
 * @param on_plan  called from the loop when the plans of a room are there and somebody
 *                 still waits: ask again, at once, and peer_plans_ready is true
 * @return 0; IC_ERR_IO, IC_ERR_NOMEM
 */
IC_CHECK int peer_plans_new(struct event_base *base, isplit_book *book,
                            void (*on_plan)(const char *room, void *user), void *user,
                            peer_plans **out);

/** Are the plans of the room at hand, or quickly made? Otherwise they are searched for,
 * who asked is one who waits, and on_plan follows. True also when no search can be begun.
 */
bool peer_plans_ready(peer_plans *plans, const char *room);

/** How far is the search for a room? False when there is none. */
bool peer_plans_progress(const peer_plans *plans, const char *room,
                         peer_plans_effort *out);

/** One of those who wait for this room does so no more. */
void peer_plans_leave(peer_plans *plans, const char *room);

/** Make the quick plan and call `ask`; meanwhile peer_plans_ready is true for the room.
 * Others who wait go on waiting. */
void peer_plans_quick(peer_plans *plans, const char *room,
                      void (*ask)(const char *room, void *user), void *user);

/** End all searches; `on_closed` follows from the loop, or at once for NULL. The book may
 * be closed by then, not before. */
void peer_plans_close(peer_plans *plans, void (*on_closed)(void *user), void *user);

#endif
