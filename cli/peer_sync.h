/**
 * @file peer_sync.h
 * The ledgers of this peer and those of the others: carries an isplit_bind over the side
 * channels.
 *
 * Threads  the thread that runs the event base
 */
#ifndef PEER_SYNC_H
#define PEER_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/sys/env.h"
#include "intersplit/bind.h"

struct event_base;
struct ic__json;
struct ic_peer;

typedef struct peer_sync peer_sync; /* actor with an immediate free */

/** `peer` and `book` must outlive it. @return 0; IC_ERR_NOMEM, or as isplit_bind_new */
IC_CHECK int peer_sync_new(struct event_base *base, const ic_env *env,
                           struct ic_peer *peer, isplit_book *book, peer_sync **out);
void peer_sync_free(peer_sync *sync);

/**
 * A message came in on a channel.
 *
 * @param author  its author's key as hex if it is signed, else the key of who handed it
 *                over
 * @return true: it was a ledger's; false: show it to people
 */
bool peer_sync_take(peer_sync *sync, const char *channel, const char *author,
                    const struct ic__json *message);

/** Somebody came into reach. */
void peer_sync_greet(peer_sync *sync);

/** The connection with this peer, 64 hex digits, is gone. */
void peer_sync_lost(peer_sync *sync, const char *remote);

/** Who shares the ledger of a room; zeros for one that we are not in. */
isplit_bind_room peer_sync_room(const peer_sync *sync, const char *room);

/** Counts since the start. */
isplit_bind_stats peer_sync_stats(const peer_sync *sync);

/** Call this from the loop when their numbers in a room have changed. */
void peer_sync_on_company(peer_sync *sync,
                          void (*on_company)(const char *room, void *user), void *user);

/** Channels or the book may have changed: say what there is to say, on the next turn. */
void peer_sync_wake(peer_sync *sync);

#endif
