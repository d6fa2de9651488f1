/**
 * @file io/stream_state.h
 * The inside of an ic_socket and of an ic_stream, shared by their files.
 */
#ifndef IO_STREAM_STATE_H
#define IO_STREAM_STATE_H

#include "base/queue.h"
#include "intercom/stream.h"
#include "io/sockaddr.h"
#include "io/udp.h"
#include "transport/bytes.h"
#include "transport/secret_stream.h"

struct event;

struct ic_socket {
    struct event_base *base;
    ic_env env;
    ic__udp *udp;
    ic__udp_socket *sock;
    ic__queue streams;
    bool closing;
    void (*on_closed)(void *user);
    void *user;
    ic__addr bound;
    char address[IC__SOCKADDR_TEXT_BYTES];
};

/** Who gave a stream its carrier, and wants to know of it. */
typedef struct ic__stream_host {
    /** A packet came by a way that is not the stream's; true takes it. May connect. */
    bool (*packet)(void *user, ic__udp_socket *sock, const ic__addr *from);
    /** The peer has proven itself, and is heard by the way that the stream goes; again
     * after each ic__stream_moved. */
    void (*proven)(void *user);
    /** The carrier is gone: the last call, before that of on_closed. */
    void (*gone)(void *user);
    void *user;
} ic__stream_host;

struct ic_stream {
    ic_socket *socket;
    ic__link link;           /* in socket->streams */
    ic__udp_stream *carrier; /* NULL when it is gone: unread messages may outlive it */
    ic__ss *core;
    struct event *timer;
    uint64_t armed_ns; /* not later than the deadline of the core */
    ic_stream_options on;

    /** Of `on`, or NULL: a mux hands on what waits in it; false, it ends the stream by
     * itself when all of that has gone. */
    bool (*before_end)(void *user);
    uint8_t remote_key[IC_PUBLIC_KEY_BYTES]; /* that we expect, when on.remote_key */
    ic__stream_host host; /* all NULL when it made its carrier itself */

    /** Who hears of its end after on_closed, when it is gone; or NULL. */
    void (*over)(void *user, int error, bool closed_here);
    void *over_user;
    ic__bytes waiting; /* messages from before the handshake: length, bytes */
    bool connected;
    bool open;
    bool proven;   /* the peer; on_open was told */
    bool unheard;  /* by the way that it goes now */
    bool told_way; /* to its host: this way is proven */
    bool used;     /* its callbacks are somebody's */
    bool choked;   /* the user was told IC_ERR_AGAIN */
    bool ending;
    bool ended; /* the carrier knows */
    bool told_end;
    bool closing; /* by the user */
    int error;    /* why we close it */
};

/** As ic__opts_read, for the options of a stream. */
IC_CHECK int ic__stream_options_read(ic_stream_options *out,
                                     const ic_stream_options *opts);

/** Zeroed, with these options, in no queue; NULL without memory. */
ic_stream *ic__stream_allocate(ic_socket *sock, const ic_stream_options *o);

/** Its timer. @return 0 or IC_ERR_NOMEM */
IC_CHECK int ic__stream_make_timer(ic_stream *st);

/** Give the streams of a socket to be whose ic__udp is closed now their last call. */
void ic__socket_finish_streams(ic_socket *sock);

/* stream_drive.c: what happens to a stream, and what is told of it. */

/** Its carrier, not yet connected. @return 0 or what ic__udp_stream_new says */
IC_CHECK int ic__stream_open_carrier(ic_stream *st, uint32_t local_id);

/** Hear of a carrier that somebody else made, and connected. */
void ic__stream_take_carrier(ic_stream *st, ic__udp_stream *carrier);

/** Its host has moved the carrier to another way: say something there, and listen. */
void ic__stream_moved(ic_stream *st);

/** Hand what is queued to the carrier. Never calls back. */
void ic__stream_flush(ic_stream *st);

/** End it: on_closed, with this, is all that its user hears. */
void ic__stream_fail(ic_stream *st, int error);

/** Look at it from the loop. */
void ic__stream_wake(ic_stream *st);

/** The core's timer, from the loop. */
void ic__stream_on_timer(ic_stream *st);

/** Tell on_closed, and release. */
void ic__stream_finish(ic_stream *st, int error);

/** Release, without telling. */
void ic__stream_free(ic_stream *st);

uint64_t ic__stream_now(const ic_stream *st);

#endif
