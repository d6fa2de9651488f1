/**
 * @file peer_web.h
 * SC-Bridge and the page of a running peer.
 *
 * Both are the same kind of server: the page's also takes WebSockets, so that the page
 * finds its bridge at its own origin, whatever the ports are.
 *
 * Threads  the thread that runs the event base
 */
#ifndef PEER_WEB_H
#define PEER_WEB_H

#include "bridge/server.h"
#include "peer_command.h"
#include "peer_config.h"

typedef struct peer_web {
    peer_app *app;
    bridge_host host;
    bridge_server *bridge; /* NULL = off */
    bridge_server *page;   /* NULL = off */
    ic__page *files;
    ic__tls_config *tls;
    unsigned open; /* servers that have not yet said that they are gone */
    void (*on_closed)(void *user);
    void *user;
} peer_web;

/**
 * Listen as the configuration says. `app` and `config` must outlive the servers.
 *
 * @return 0; an error with a sentence in `why`, with nothing listening
 */
IC_CHECK int peer_web_start(peer_web *web, struct event_base *base,
                            const peer_config *config, peer_app *app,
                            char why[PEER_REASON_MAX]);

/** Stop; `on_closed` follows from the loop, or at once when nothing listens. */
void peer_web_stop(peer_web *web, void (*on_closed)(void *user), void *user);

/** The ledger changed: tell the clients. */
void peer_web_change(peer_web *web, const isplit_change *change);

/** More or fewer peers have the ledger of this room: tell the clients. */
void peer_web_company(peer_web *web, const char *room);

/** The plans of a room are there: answer the clients that wait for them. */
void peer_web_planned(peer_web *web, const char *room);

/** A message came in on a channel: pass it to the clients that listen. */
void peer_web_message(peer_web *web, const char *channel, const ic__json *envelope);

/** The ports that are listened on; 0 = off. */
unsigned peer_web_bridge_port(const peer_web *web);
unsigned peer_web_page_port(const peer_web *web);

#endif
