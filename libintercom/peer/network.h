/**
 * @file peer/network.h
 * A peer among others: its swarm, the connections that this brings, and the carrier of
 * its side channels on them.
 *
 * Spec     docs/spec/12-sidechannel.md, section 1; docs/spec/07-hyperswarm.md
 * Threads  the thread that runs the event base
 */
#ifndef PEER_NETWORK_H
#define PEER_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"
#include "sidechannel/link.h"

struct event_base;

typedef struct ic__network ic__network; /* actor: new, close */

typedef struct ic__network_options {
    struct event_base *base;
    const ic_env *env;           /* copied */
    const ic_identity *identity; /* must outlive it, like the next one */
    ic__sidechannel *channels;
    const char *bootstrap; /* list, or "public" for the public network; NULL = the first
                            * node of a network of its own */
    const char *host;      /* address to bind */

    /** IC__SC_MESSAGE, IC__SC_REQUESTED or IC__SC_AUTO_JOINED, from the loop. */
    void (*on_news)(const ic__sc_event *event, void *user);
    /** A connection came (`up`) or went, from the loop; `remote` is the peer's key. */
    void (*on_connection)(const uint8_t remote[IC_PUBLIC_KEY_BYTES], bool up, void *user);
    void *user;
} ic__network_options;

/** @return 0; what ic_swarm_new says; IC_ERR_IO, IC_ERR_NOMEM */
IC_CHECK int ic__network_new(const ic__network_options *opts, ic__network **out);

/** A function of sidechannel.h was called: what it wants is done on the next turn. */
void ic__network_wake(ic__network *network);

/** Who is connected: the `index`th peer's key, or NULL past the end. */
const uint8_t *ic__network_remote(const ic__network *network, size_t index);

/** Leave politely; `on_closed` (may be NULL) follows once from the loop, and it is gone.
 * Again, and NULL, are fine. */
void ic__network_close(ic__network *network, void (*on_closed)(void *user), void *user);

#endif
