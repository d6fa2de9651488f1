/**
 * @file io/udp_state.h
 * The inside of an ic__udp, shared by its files.
 */
#ifndef IO_UDP_STATE_H
#define IO_UDP_STATE_H

#include <event2/event.h>

#include "base/env.h"
#include "base/map.h"
#include "base/queue.h"
#include "base/timers.h"
#include "io/udp.h"
#include "io/udp_batch.h"
#include "io/udp_source.h"

/** A message that the kernel had no room for. */
typedef struct ic__udp_waiting {
    ic__link link;
    ic__udp_out out;
    uint8_t data[];
} ic__udp_waiting;

struct ic__udp_socket {
    ic__udp *udp;
    int fd;
    int family;
    struct event *readable;
    struct event *writable;
    ic__link link; /* in udp->sockets, or in udp->closed_sockets */
    ic__queue waiting;
    size_t waiting_bytes;
    ic__udp_message_cb on_message;
    void *user;
    ic__udp_sources sources; /* of a socket that is bound to all addresses */
    bool gso;
    bool gro;
    bool carried; /* there was a stream that left by it */
    bool closed;
};

struct ic__udp_stream {
    ic__udp *udp;
    ic__udx *core;
    ic__udp_stream_events events;
    void *user;
    ic__link link;    /* in udp->streams */
    ic__link dirty;   /* in udp->dirty: something happened in this turn */
    ic__link starved; /* in udp->starved: the kernel has no room for its packets */
    ic__timer timer;
    ic__udp_stream *relay_to;
    ic__link relay;         /* in relay_to->relays */
    ic__queue relays;       /* the streams that send on to this one */
    ic__udp_socket *before; /* the last move: the peer may not have moved yet */
    bool told_closed;
    bool strict;
    bool unheard; /* it has moved, and nothing has come back that way yet */
};

struct ic__udp {
    struct event_base *base;
    ic_env env;
    ic__udp_options opts;
    struct event *timer;     /* the earliest deadline of all streams */
    struct event *soon;      /* something was asked for from outside of our callbacks */
    uint64_t armed_ns;       /* what the timer is set to */
    uint64_t now;            /* read once per turn */
    ic__udp_socket *emptied; /* read in this turn, until nothing was left */
    ic__udp_socket *resting; /* not read for a moment (udp_rest.c) */
    struct event *rest_over; /* NULL: it never rests */
    int rest_fd;             /* its own timer, since that of the base may be coarse */
    bool plenty;             /* a stream of this turn can do without acknowledgements */
    bool in_turn;
    bool closing;
    void (*on_closed)(void *user);
    void *user;

    ic__queue sockets;
    ic__queue closed_sockets;
    ic__queue streams;
    ic__queue dirty;
    ic__queue starved;
    ic__map by_id;
    ic__timers timers;

    ic__udp_batch batch;
    ic__udp_in in;
    ic__udp_stats stats;
};

/* udp.c: a turn is one wake-up of the loop. */
void ic__udp_begin(ic__udp *u);
void ic__udp_finish(ic__udp *u);

/** Look at this stream before the turn ends, or in a turn of its own. */
void ic__udp_touch(ic__udp_stream *st);
void ic__udp_wake(ic__udp *u);

/* udp_rest.c */
IC_CHECK int ic__udp_rest_init(ic__udp *u);
void ic__udp_rest_free(ic__udp *u);
/** At the end of a turn: leave the socket that was read alone for a moment, if it pays.
 */
void ic__udp_rest(ic__udp *u);

/* udp_socket.c */
void ic__udp_flush(ic__udp *u);
/** Room for one datagram. */
uint8_t *ic__udp_room(ic__udp *u);
/** What was written there leaves by `sock`; false when it has no way to `to`. */
bool ic__udp_put(ic__udp_socket *sock, const ic__addr *to, size_t len, bool glue);
void ic__udp_socket_free(ic__udp_socket *sock);

/* udp_stream.c */
bool ic__udp_dispatch(ic__udp_socket *sock, const uint8_t *data, size_t len,
                      const ic__addr *from);
void ic__udp_stream_flush(ic__udp_stream *st);
/** Send, tell, and arm; false when the stream is gone. */
bool ic__udp_stream_turn(ic__udp_stream *st);
void ic__udp_stream_free(ic__udp_stream *st);

#endif
