/**
 * @file bridge/server.h
 * The SC-Bridge: programs and pages on this machine control the peer over a WebSocket.
 *
 * Spec     docs/spec/13-sc-bridge.md
 * Threads  a server belongs to the thread that runs its event base
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef BRIDGE_SERVER_H
#define BRIDGE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "bridge/host.h"
#include "bridge/settings.h"
#include "io/ws.h"

struct event_base;

typedef struct bridge_server bridge_server; /* actor: new, close */

typedef struct bridge_server_options {
    bridge_settings settings;   /* what sessions obey; texts are copied */
    const char *host;           /* address; default "127.0.0.1" */
    uint16_t port;              /* default 49222; 0 = any free one */
    const char *const *origins; /* as in io/ws.h; default NULL */
    const char *const *hosts;   /* as in io/ws.h; default NULL */
    const ic__page *page;       /* default NULL */
    ic__tls_config *tls;        /* default NULL = ws, else wss */
    uint32_t max_clients;       /* default 64 */
    ic__ws_limits limits;       /* defaults of io/ws.h */
} bridge_server_options;

void bridge_server_options_default(bridge_server_options *options);

/**
 * Listen, and serve from now on.
 *
 * @param why  gets a sentence for the user, unless memory ran out
 * @return 0; IC_ERR_INVALID (no token, filter too long, host is no address),
 * IC_ERR_BUSY (port in use), IC_ERR_DENIED, IC_ERR_IO, IC_ERR_NOMEM
 */
IC_CHECK int bridge_server_new(struct event_base *base,
                               const bridge_server_options *options,
                               const bridge_host *host, bridge_server **out,
                               ic__buf *why);

/** The port that is listened on. */
uint16_t bridge_server_port(const bridge_server *server);

/** Close every connection; `on_closed` (may be NULL) is called once, from the loop. */
void bridge_server_close(bridge_server *server, void (*on_closed)(void *user),
                         void *user);

/** A message came in on a channel: pass it to the clients that listen. */
void bridge_server_message(bridge_server *server, const char *channel,
                           const ic__json *envelope);

/** The ledger changed (call it from the book's on_change): tell the clients that listen,
 * except the one whose request did it. */
void bridge_server_expense(bridge_server *server, const isplit_change *change);

/** The plans of a room are there: answer the clients that wait for them. */
void bridge_server_planned(bridge_server *server, const char *room);

/** More or fewer peers have the ledger of this room: tell the clients that listen. */
void bridge_server_company(bridge_server *server, const char *room);

#endif
