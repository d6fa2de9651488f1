/**
 * @file peer/carrier.h
 * Carries the side channels of a peer over its connections: does what link.h asks for,
 * with muxes, timers and threads.
 *
 * Whoever accepts and dials connections gives each to ic__carrier_add once its mux is
 * open, passes on_pair on to ic__carrier_pair, and tells with ic__carrier_remove when the
 * mux has closed.
 *
 * Spec     docs/spec/12-sidechannel.md, section 1
 * Threads  the thread that runs the event base
 */
#ifndef PEER_CARRIER_H
#define PEER_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/mux.h"
#include "intercom/sys/env.h"
#include "sidechannel/link.h"

struct event_base;

typedef struct ic__carrier ic__carrier; /* actor: new, close */

/** All are called from the loop, never from inside a call; each may be NULL. */
typedef struct ic__carrier_hooks {
    void (*join_topic)(const uint8_t topic[IC__TOPIC_BYTES], void *user);
    void (*leave_topic)(const uint8_t topic[IC__TOPIC_BYTES], void *user);
    /** The peer floods: its mux should be closed, and perhaps its key be banned. */
    void (*hang_up)(ic_mux *mux, void *user);
    /** IC__SC_MESSAGE, IC__SC_REQUESTED or IC__SC_AUTO_JOINED. */
    void (*tell)(const ic__sc_event *event, void *user);
    void *user;
} ic__carrier_hooks;

/**
 * Start the side channel, which must outlive the carrier.
 *
 * @param hooks    copied
 * @param threads  for proof of work and signatures; 0 = as ic__jobs_new decides
 * @return 0; IC_ERR_IO, IC_ERR_NOMEM
 */
IC_CHECK int ic__carrier_new(struct event_base *base, const ic_env *env,
                             ic__sidechannel *sc, const ic__carrier_hooks *hooks,
                             uint32_t threads, ic__carrier **out);

/** A mux is open. @return as ic__sc_link_attach; IC_ERR_CANCELED after close */
IC_CHECK int ic__carrier_add(ic__carrier *carrier, ic_mux *mux,
                             const uint8_t remote_key[IC_PUBLIC_KEY_BYTES]);

/** The mux closes or has closed. One that was never added is fine, and so is a carrier
 * that is NULL, here and in ic__carrier_pair. */
void ic__carrier_remove(ic__carrier *carrier, ic_mux *mux);

/** The peer opened a channel: is it ours? If so, it was answered, or will be. */
bool ic__carrier_pair(ic__carrier *carrier, ic_mux *mux, const char *protocol,
                      const uint8_t *id, size_t id_len);

/** After every call of sidechannel.h: what it decided is done from the loop. */
void ic__carrier_wake(ic__carrier *carrier);

/** Stop the side channel; `on_closed` (may be NULL) follows once from the loop. The muxes
 * stay. Again, and NULL, are fine. */
void ic__carrier_close(ic__carrier *carrier, void (*on_closed)(void *user), void *user);

#endif
