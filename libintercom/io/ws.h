/**
 * @file io/ws.h
 * WebSocket connections (RFC 6455): a server that can show a page on the same port, and a
 * client.
 *
 * Spec     docs/spec/13-sc-bridge.md, sections 1 (handshake, frames) and 6 (limits,
 *          Origin, Host)
 * Threads  all of it belongs to the thread that runs the event base
 * Errors   0 or a negative ic_error; outputs are written only on 0
 *
 * Part of the static library `web_core`, which programs link and libintercom.so does not.
 */
#ifndef IO_WS_H
#define IO_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/sys/env.h"

struct event_base;
typedef struct ic__tls_config ic__tls_config; /* io/tls.h */
typedef struct ic__page ic__page;             /* io/page.h */

typedef struct ic__ws_server ic__ws_server; /* actor: new, close */
typedef struct ic__ws_conn ic__ws_conn;     /* actor, owned by its server or dialled */

/** Close codes of RFC 6455, section 7.4.1, that we send or report. */
enum {
    IC__WS_NORMAL = 1000,
    IC__WS_GOING_AWAY = 1001,
    IC__WS_PROTOCOL = 1002,
    IC__WS_NO_CODE = 1005,  /* reported: the close frame had none */
    IC__WS_ABNORMAL = 1006, /* reported: no close frame at all */
    IC__WS_BAD_TEXT = 1007,
    IC__WS_POLICY = 1008,
    IC__WS_TOO_BIG = 1009,
    IC__WS_INTERNAL = 1011,
    IC__WS_TRY_LATER = 1013
};

/** Told from the loop; any function of this file may be called inside. Each may be NULL.
 */
typedef struct ic__ws_callbacks {
    /** The handshake is done. A connection that fails before is never told by a server.
     */
    void (*on_open)(ic__ws_conn *conn, void *user);
    /** One whole message; `data` is borrowed and dies when the callback returns. */
    void (*on_message)(ic__ws_conn *conn, const uint8_t *data, size_t len, bool binary,
                       void *user);
    /** Everything queued has been handed to the system, after it was not. */
    void (*on_drain)(ic__ws_conn *conn, void *user);
    /** Last call for `conn`, exactly once; `code` is the peer's, or ours where we closed.
     */
    void (*on_close)(ic__ws_conn *conn, uint16_t code, void *user);
} ic__ws_callbacks;

/** What a server and a client have in common; all have defaults. */
typedef struct ic__ws_limits {
    uint32_t max_message_bytes;    /* incoming, joined; default 1 MiB, past it 1009 */
    uint32_t max_queued_bytes;     /* unsent; default 4 MiB, past it the client goes */
    uint32_t max_head_bytes;       /* HTTP head; default 8192, past it status 431 */
    uint64_t handshake_timeout_ns; /* connect, TLS and HTTP head; default 10 s */
    uint64_t close_timeout_ns;     /* wait for the peer's close frame; default 2 s */
} ic__ws_limits;

typedef struct ic__ws_server_options {
    const char *host;           /* address to listen on; default "127.0.0.1" */
    uint16_t port;              /* default 0 = any free one */
    uint32_t max_clients;       /* open WebSockets; default 64, past it status 503 */
    uint32_t max_waiting;       /* connections that are not (yet) WebSockets; default 64,
                                   past it nothing is accepted */
    const char *path;           /* where upgrades are taken; default NULL = anywhere */
    const char *const *origins; /* allowed Origin values, NULL at the end; default NULL =
                                  none; with a page, its own origin is always allowed */
    const char *const *hosts;   /* allowed names in Host beside the loopback names and,
                                   when listening elsewhere, addresses; default NULL */
    const char *access_token;   /* asked for by HTTP (io/web_policy.h); default NULL */
    const ic__page *page;       /* shown to GET; default NULL = status 426 */
    ic__tls_config *tls;        /* default NULL = plain; both outlive the server */
    const ic_env *env;          /* copied; default NULL = the system's */
    ic__ws_limits limits;
} ic__ws_server_options;

void ic__ws_server_options_default(ic__ws_server_options *options);

/**
 * Listen, and serve from now on. Strings and lists are copied.
 *
 * @return 0; IC_ERR_BUSY when the port is in use; IC_ERR_DENIED when it needs privileges;
 * IC_ERR_INVALID for a host that is no address; IC_ERR_IO; IC_ERR_NOMEM.
 * ic__tcp_listen_text (io/tcp.h) makes a sentence of it.
 */
IC_CHECK int ic__ws_server_new(struct event_base *base,
                               const ic__ws_server_options *options,
                               const ic__ws_callbacks *callbacks, void *user,
                               ic__ws_server **out);

/** The port that is listened on, in host order. */
uint16_t ic__ws_server_port(const ic__ws_server *server);

/** What happened so far; every refusal and every drop is counted once. */
typedef struct ic__ws_server_stats {
    size_t clients;          /* WebSockets that are open now */
    uint64_t refused_full;   /* 503: max_clients */
    uint64_t refused_policy; /* 401, 403: Host, Origin, token */
    uint64_t refused_bad;    /* other HTTP errors */
    uint64_t dropped_slow;   /* max_queued_bytes passed */
    uint64_t timed_out;      /* no complete request in time */
    uint64_t tls_failed;     /* broken TLS, or something else spoken */
} ic__ws_server_stats;

const ic__ws_server_stats *ic__ws_server_get_stats(const ic__ws_server *server);

/** Stop listening, close every connection with 1001, then tell `on_closed` (may be NULL)
 * once from the loop; the server is gone after it. */
void ic__ws_server_close(ic__ws_server *server, void (*on_closed)(void *user),
                         void *user);

/** What the owner of a connection keeps with it; NULL at first. */
void ic__ws_set_data(ic__ws_conn *conn, void *data);
void *ic__ws_data(const ic__ws_conn *conn);

/**
 * Queue one message; it leaves on the next turn of the loop. `data` is copied.
 *
 * @return 0; IC_ERR_CANCELED when closing or closed; IC_ERR_LIMIT when max_queued_bytes
 * would be passed: the connection is given up and on_close follows; IC_ERR_NOMEM
 */
int ic__ws_send_text(ic__ws_conn *conn, const void *data, size_t len);
int ic__ws_send_binary(ic__ws_conn *conn, const void *data, size_t len);

/** Bytes queued and not yet handed to the system. */
size_t ic__ws_queued(const ic__ws_conn *conn);

/** Stop or go on taking bytes from the peer; while stopped no message is told. */
void ic__ws_set_reading(ic__ws_conn *conn, bool reading);

/** Send what is queued and a close frame; on_close follows from the loop, also when the
 * peer does not answer. `reason` is UTF-8 of up to 123 bytes or NULL. Again is fine. */
void ic__ws_close(ic__ws_conn *conn, uint16_t code, const char *reason);

typedef struct ic__ws_dial_options {
    const char *host;    /* a name or an address */
    uint16_t port;       /* default 80, or 443 with TLS */
    const char *path;    /* default "/" */
    const char *origin;  /* sent as Origin; default NULL = none */
    ic__tls_config *tls; /* default NULL = plain; outlives the connection */
    const ic_env *env;   /* copied; default NULL = the system's */
    ic__ws_limits limits;
} ic__ws_dial_options;

void ic__ws_dial_options_default(ic__ws_dial_options *options);

/**
 * Connect as a client. on_open follows, or on_close with IC__WS_ABNORMAL when that
 * failed. A name is looked up before this returns.
 *
 * @return 0; IC_ERR_NOT_FOUND when the name has no address; IC_ERR_INVALID; IC_ERR_IO;
 * IC_ERR_NOMEM
 */
IC_CHECK int ic__ws_dial(struct event_base *base, const ic__ws_dial_options *options,
                         const ic__ws_callbacks *callbacks, void *user,
                         ic__ws_conn **out);

#endif
