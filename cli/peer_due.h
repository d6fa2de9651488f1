/**
 * @file peer_due.h
 * Recurring entries of the user are made when their day has come.
 *
 * Spec     docs/spec/16-ledger.md, section 4.3
 * Threads  the thread that runs the event base
 */
#ifndef PEER_DUE_H
#define PEER_DUE_H

#include "intercom/api.h"
#include "intercom/sys/env.h"
#include "intersplit/book.h"

struct event_base;
struct ic_peer;

typedef struct peer_due peer_due; /* actor with an immediate free */

/** Look at once, then every hour, into the rooms of the peer's channels. `peer` and
 * `book` must outlive it. @return 0 or IC_ERR_NOMEM */
IC_CHECK int peer_due_new(struct event_base *base, const ic_env *env,
                          struct ic_peer *peer, isplit_book *book, peer_due **out);

/** NULL is fine. */
void peer_due_free(peer_due *due);

#endif
