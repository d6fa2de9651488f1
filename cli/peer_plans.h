/**
 * @file peer_plans.h
 * Plans that take long, searched for on another thread while the loop goes on.
 *
 * Spec     docs/spec/16-ledger.md, section 3.3
 * Threads  the thread that runs the event base
 */
#ifndef PEER_PLANS_H
#define PEER_PLANS_H

#include "intersplit/book.h"

struct event_base;

typedef struct peer_plans peer_plans; /* actor: new, close */

/**
 * @param on_plan  called from the loop when a search has ended: ask again
 * @return 0; IC_ERR_IO, IC_ERR_NOMEM
 */
IC_CHECK int peer_plans_new(struct event_base *base, isplit_book *book,
                            void (*on_plan)(void *user), void *user, peer_plans **out);

/** Are the plans of the room at hand, or quickly made? Otherwise they are searched for,
 * and on_plan follows. True also when no search can be begun. */
bool peer_plans_ready(peer_plans *plans, const char *room);

/** End all searches; `on_closed` follows from the loop, or at once for NULL. The book may
 * be closed by then, not before. */
void peer_plans_close(peer_plans *plans, void (*on_closed)(void *user), void *user);

#endif
