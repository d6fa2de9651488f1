/**
 * @file bridge/relay.h
 * The page on one port, and each of its WebSockets joined to one of the SC-Bridge.
 *
 * Spec     docs/spec/13-sc-bridge.md; what this program is for: docs/architecture.md
 *
 * Messages pass unread in both directions. The side that is slower makes the other wait.
 */
#ifndef BRIDGE_RELAY_H
#define BRIDGE_RELAY_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/ws_url.h"
#include "io/ws.h"

struct event_base;

typedef struct bridge_relay bridge_relay; /* actor: new, close */

typedef struct bridge_relay_options {
    ic__ws_server_options server; /* `path` and `env` are set by the relay */
    bridge_ws_url upstream;
    ic__tls_config *upstream_tls; /* for wss; outlives the relay; default NULL */
    const ic_env *env;            /* copied */
} bridge_relay_options;

/** Where the page finds the SC-Bridge. */
#define BRIDGE_RELAY_PATH "/bridge"

/** @return 0, or what ic__ws_server_new says */
IC_CHECK int bridge_relay_new(struct event_base *base,
                              const bridge_relay_options *options, bridge_relay **out);

uint16_t bridge_relay_port(const bridge_relay *relay);

/** Pages that are joined, or about to be. */
size_t bridge_relay_pairs(const bridge_relay *relay);

/** Close everything; `on_closed` (may be NULL) is told once from the loop. */
void bridge_relay_close(bridge_relay *relay, void (*on_closed)(void *user), void *user);

#endif
