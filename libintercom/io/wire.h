/**
 * @file io/wire.h
 * A TCP connection with or without TLS: plain bytes in, plain bytes out.
 *
 * The TLS core stands beside the bufferevent and not in a bufferevent_filter: libevent
 * 2.1 throws a filter's error away, and hides how much is queued below it.
 */
#ifndef IO_WIRE_H
#define IO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "io/tls.h"

struct event_base;
struct bufferevent;
struct evbuffer;

#define IC__WIRE_BUFFER_BYTES 65536 /* kept per direction before we stop taking more */

typedef struct ic__wire {
    struct bufferevent *bev;
    ic__tls *tls;           /* NULL = plain */
    struct evbuffer *plain; /* decrypted; without TLS the bufferevent's own input */
    bool connected;
    bool ended;     /* nothing more will come */
    bool failed;    /* nothing can leave either */
    bool broken;    /* TLS failed: only its alert may still leave */
    bool held;      /* enough input waits: no more is taken */
    bool finishing; /* no more output, the end is told when all has left */
    bool finished;
    void (*on_change)(void *user); /* look at the wire from the loop, not from here */
    void *user;
} ic__wire;

/**
 * Take over `fd`, which is closed with the wire or when this fails. The wire must not
 * move.
 *
 * @param connecting  `fd` comes from ic__tcp_connect
 * @param tls  NULL = plain
 * @param host_name  a client's: who the certificate must be made out to; else NULL
 * @return 0; IC_ERR_NOMEM; what ic__tls_new says
 */
IC_CHECK int ic__wire_init(ic__wire *w, struct event_base *base, int fd, bool connecting,
                           const ic__tls_config *tls, const char *host_name,
                           void (*on_change)(void *user), void *user);
void ic__wire_free(ic__wire *w);

/** Move bytes through TLS in both directions. False when the wire ended and all that came
 * before was read. */
bool ic__wire_pump(ic__wire *w);

/** Connected, and TLS agreed. */
bool ic__wire_ready(const ic__wire *w);

/** What came and was not taken yet; the caller drains it. */
struct evbuffer *ic__wire_input(ic__wire *w);

/** Queue bytes. False when the wire failed. */
bool ic__wire_write(ic__wire *w, const uint8_t *p, size_t n);

/** Bytes not yet handed to the system. */
size_t ic__wire_queued(const ic__wire *w);

/** No more writing: when all has left, tell the peer. Again is fine. */
void ic__wire_finish(ic__wire *w);

/** Why TLS failed, or "". */
const char *ic__wire_why(const ic__wire *w);

#endif
