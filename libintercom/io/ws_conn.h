/**
 * @file io/ws_conn.h
 * The driver of one connection: io/web.h on top of io/wire.h. For io/ws_*.c only.
 */
#ifndef IO_WS_CONN_H
#define IO_WS_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "io/web.h"
#include "io/wire.h"
#include "io/ws.h"

struct event;

struct ic__ws_conn {
    ic__web web;
    ic__wire wire;
    struct event *timer;
    bool waking; /* the timer's callback is about to run */
    bool reading;
    bool was_queued; /* on_drain is due when nothing is queued any more */
    ic__ws_callbacks callbacks;
    void *user;
    void *data;
    ic_env env;            /* a client's; a server's connections use the site's */
    ic__ws_limits limits;  /* likewise */
    ic__ws_server *server; /* NULL in a client */
    ic__ws_conn *next;
    ic__ws_conn *prev;
};

/** A connection with its timer; the caller sets up `web` and `wire`, then calls
 * ic__ws_conn_wake. */
ic__ws_conn *ic__ws_conn_new(struct event_base *base, const ic__ws_callbacks *callbacks,
                             void *user);

/** Free one whose `web` and `wire` are set up or all zero. Tells nobody. */
void ic__ws_conn_free(ic__ws_conn *c);

/** Run the driver from the loop, soon. */
void ic__ws_conn_wake(void *conn);

/** In ws_server.c: `c` is about to go, or became a WebSocket. */
void ic__ws_server_forget(ic__ws_server *server, ic__ws_conn *c);
void ic__ws_server_look(ic__ws_server *server);

#endif
