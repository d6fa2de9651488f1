/**
 * @file dht/announcer.h
 * Keeps a server known at the three nodes around the hash of its key, and the way from
 * them to it open.
 *
 * Shape    actor: start, close; driven by the clock and the answers of its ic__rpc
 * Spec     docs/spec/06-hyperdht.md, section 6; docs/field-lessons.md, 11 and 13
 * Threads  one at a time
 */
#ifndef DHT_ANNOUNCER_H
#define DHT_ANNOUNCER_H

#include <stdbool.h>
#include <stddef.h>

#include "dht/messages.h"
#include "dht/rpc.h"
#include "intercom/api.h"
#include "intercom/identity.h"

typedef struct ic__announcer ic__announcer;

typedef struct ic__announcer_events {
    /** A cycle is over and the relays below are published; `nodes` = how many there are.
     * May be NULL. */
    void (*on_cycle)(void *user, size_t nodes);
    void *user;
} ic__announcer_events;

/** `identity` and `rpc` must outlive it. The first cycle begins at the next turn of the
 * clock, or when the node resumes. @return 0; IC_ERR_NOMEM */
IC_CHECK int ic__announcer_start(ic__rpc *rpc, const ic_identity *identity,
                                 const ic__announcer_events *events, ic__announcer **out);

/** The nodes of the last cycle, at most IC__DHT_RELAYS_MAX; borrowed until the next turn.
 */
const ic__dht_relay *ic__announcer_relays(const ic__announcer *a, size_t *count);

/** What peers are told: our own address first when it is open, then the nodes. */
size_t ic__announcer_addresses(const ic__announcer *a, ic__addr out[IC__DHT_RELAYS_MAX]);

/** Is this node one of ours, in this cycle or the two before? */
bool ic__announcer_is_relay(const ic__announcer *a, const ic__addr *node);

/** Announce again, soon; what is under way is finished first. */
void ic__announcer_refresh(ic__announcer *a);

/** Before and after the same of its ic__rpc. */
void ic__announcer_suspend(ic__announcer *a);
void ic__announcer_resume(ic__announcer *a);

/** Take our entries away from the nodes, then `on_closed` once (may be NULL); after a
 * bounded time also when nobody answers. NULL is fine. */
void ic__announcer_close(ic__announcer *a, void (*on_closed)(void *user), void *user);

/** At once, without a word to anybody. NULL is fine. */
void ic__announcer_free(ic__announcer *a);

#endif
