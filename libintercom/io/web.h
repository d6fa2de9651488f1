/**
 * @file io/web.h
 * One HTTP connection that may become a WebSocket: bytes and time in, bytes and events
 * out, no socket.
 *
 * Spec     docs/spec/13-sc-bridge.md, sections 1 and 6
 *
 * A server's connection answers GET with files of the page until a request asks for an
 * upgrade; a client's sends that request first. io/ws_conn.c drives both.
 */
#ifndef IO_WEB_H
#define IO_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "intercom/sys/env.h"
#include "io/http_head.h"
#include "io/page.h"
#include "io/web_policy.h"
#include "io/ws.h"
#include "io/ws_frames.h"
#include "io/ws_key.h"

/** What the connections of one server share. */
typedef struct ic__web_site {
    ic__web_policy policy;
    ic__ws_limits limits;
    ic_env env;
    const ic__page *page; /* NULL = WebSockets only */
    char *path;           /* where upgrades are taken; NULL = anywhere */
    size_t max_clients;
    ic__ws_server_stats stats;
} ic__web_site;

typedef enum ic__web_state {
    IC__WEB_HEAD,   /* an HTTP head is awaited */
    IC__WEB_REPLY,  /* an answer leaves; input is not taken */
    IC__WEB_FRAMES, /* an open WebSocket */
    IC__WEB_LINGER, /* all said: no more output, input is thrown away until its end */
    IC__WEB_DONE    /* the connection can go */
} ic__web_state;

typedef struct ic__web {
    ic__web_site *site; /* NULL in a client */
    const ic_env *env;
    const ic__ws_limits *limits;
    ic__web_state state;
    uint64_t deadline;
    ic__buf head; /* what has come of the HTTP head */
    ic__buf out;  /* HTTP that leaves before anything else */
    size_t out_at;
    const uint8_t *body; /* borrowed from the page, leaves after `out` */
    size_t body_left;
    bool keep_alive;   /* after this answer */
    bool without_body; /* the request is HEAD */
    bool give_cookie;  /* the request showed the access token */
    ic__ws_frames frames;
    bool has_frames;
    ic__ws_message *told; /* whose bytes the user holds */
    bool open_waits;      /* events that ic__web_next has not given yet */
    bool close_waits;
    uint16_t close_code;
    unsigned status;                    /* the last HTTP status sent or received */
    char accept[IC__WS_ACCEPT_LEN + 1]; /* client: the answer that proves a WebSocket */
} ic__web;

typedef enum ic__web_event_kind {
    IC__WEB_NONE,
    IC__WEB_OPENED,
    IC__WEB_MESSAGE,
    IC__WEB_CLOSED
} ic__web_event_kind;

typedef struct ic__web_event {
    ic__web_event_kind kind;
    const uint8_t
        *data; /* MESSAGE; until the next call of ic__web_next or ic__web_free */
    size_t len;
    bool binary;
    uint16_t code; /* CLOSED */
} ic__web_event;

/** A server's connection, just accepted. `w` must not move afterwards. */
void ic__web_init_server(ic__web *w, ic__web_site *site, uint64_t now);

/** A client's connection: the request is ready to be pulled. `env` and the limits
 * outlive it. @return 0; IC_ERR_INVALID when a text cannot stand in a head; IC_ERR_NOMEM
 */
IC_CHECK int ic__web_init_client(ic__web *w, const ic__ws_dial_options *options,
                                 const ic_env *env, const ic__ws_limits *limits,
                                 uint64_t now);
void ic__web_free(ic__web *w);

/** Bytes from the wire; returns how many were taken. What was not is offered again after
 * output was pulled. */
size_t ic__web_recv(ic__web *w, const uint8_t *p, size_t n, uint64_t now);

/** Up to `cap` bytes for the wire. */
size_t ic__web_pull(ic__web *w, uint8_t *out, size_t cap, uint64_t now);

/** Bytes that wait to be pulled. */
size_t ic__web_queued(const ic__web *w);

/** When ic__web_expire wants to be called; IC__NEVER when it does not. */
uint64_t ic__web_deadline(const ic__web *w);
void ic__web_expire(ic__web *w, uint64_t now);

/** The wire ended or failed. */
void ic__web_lost(ic__web *w);

/** What happened; false when nothing more did. */
bool ic__web_next(ic__web *w, ic__web_event *event);

/** As ic__ws_send_text and ic__ws_close (io/ws.h). */
IC_CHECK int ic__web_send(ic__web *w, const uint8_t *p, size_t n, bool binary);
void ic__web_close(ic__web *w, uint16_t code, const char *reason, uint64_t now);

/* Between the files of this core. */

/** The head is complete: decide what follows from it (web_server.c, web_client.c). */
void ic__web_answer(ic__web *w, uint64_t now);
void ic__web_check_answer(ic__web *w);

/** Write a client's request for an upgrade. */
IC_CHECK int ic__web_ask(ic__web *w, const ic__ws_dial_options *options);

/** A whole answer with an error status, then the end of the connection. */
void ic__web_refuse(ic__web *w, unsigned status, const char *text, uint64_t now);

/** From HTTP to frames. False when memory ran out. */
bool ic__web_open_frames(ic__web *w);

/** Give the connection up at once. */
void ic__web_abort(ic__web *w, uint16_t code);

#endif
