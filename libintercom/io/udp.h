/**
 * @file io/udp.h
 * UDX streams and DHT messages over UDP sockets, on one event loop.
 *
 * Shape    ic__udp holds everything of a loop; sockets and streams are its actors. A
 *          stream id is looked up in the whole ic__udp, not per socket.
 * Spec     docs/spec/02-udx.md, sections 2, 3 and 9
 * Threads  all belongs to the thread that runs the event base
 * Errors   0 or a negative ic_error; outputs are written only on 0
 *
 * Callbacks run from the loop, never from inside a call, and may call anything. What
 * they write leaves at the end of the turn.
 */
#ifndef IO_UDP_H
#define IO_UDP_H

#include "base/addr.h"
#include "intercom/api.h"
#include "transport/udx_stream.h"

struct event_base;

typedef struct ic__udp ic__udp;
typedef struct ic__udp_socket ic__udp_socket;
typedef struct ic__udp_stream ic__udp_stream;

typedef struct ic__udp_options {
    uint32_t max_streams;       /* default 16384 */
    uint32_t max_sockets;       /* default 4096: hole punching takes 256 at a time */
    uint32_t recv_buffer_bytes; /* of the kernel, per socket; default 4 MiB */
    uint32_t send_buffer_bytes; /* the same; default 212992 */
    uint32_t max_waiting_bytes; /* per socket, for a full kernel; default 1 MiB */
    uint32_t max_datagrams;     /* taken per socket and turn; default 1024. GRO may glue
                                 * more to the last one */
    bool plain;                 /* no GSO and no GRO */
    uint64_t rest_ns;           /* how long acknowledgements may gather while a stream
                                 * has plenty under way; default 200 us, 0 = never */
} ic__udp_options;

typedef struct ic__udp_stats {
    uint64_t datagrams_in;
    uint64_t datagrams_out;
    uint64_t receive_calls;
    uint64_t send_calls;
    uint64_t rests;             /* in which acknowledgements gathered */
    uint64_t dropped_truncated; /* longer than any packet */
    uint64_t dropped_waiting;   /* the kernel was full for too long, or until the end */
    uint64_t dropped_refused;   /* by the kernel, when sent */
    uint64_t dropped_firewall;  /* by the hook of a stream, or without one */
    uint64_t dropped_relay;     /* the other side of a relay is not connected */
} ic__udp_stats;

void ic__udp_options_default(ic__udp_options *opts);

/** `base` must outlive it; `opts` NULL = defaults. */
IC_CHECK int ic__udp_new(ic__udp **out, struct event_base *base, const ic_env *env,
                         const ic__udp_options *opts);

/** Close all sockets and streams; then, from the loop, `on_closed`, and it is gone. */
void ic__udp_close(ic__udp *u, void (*on_closed)(void *user), void *user);

/** Undo ic__udp_new at once, before any socket or stream has called back. */
void ic__udp_free(ic__udp *u);

ic__udp_stats ic__udp_get_stats(const ic__udp *u);

/** A datagram that belongs to no stream; `data` is borrowed. */
typedef void (*ic__udp_message_cb)(ic__udp_socket *sock, const uint8_t *data, size_t len,
                                   const ic__addr *from, void *user);

/**
 * Open a socket on an address (port 0 = any).
 *
 * @return 0; IC_ERR_LIMIT at max_sockets; IC_ERR_IO when the kernel refuses the address;
 * IC_ERR_NOMEM
 */
IC_CHECK int ic__udp_socket_new(ic__udp *u, ic__udp_socket **out, const ic__addr *bind,
                                ic__udp_message_cb on_message, void *user);

/** What ic__udp_socket_new was given. */
void *ic__udp_socket_user(const ic__udp_socket *sock);

/** The address it is bound to. */
ic__addr ic__udp_socket_address(const ic__udp_socket *sock);

/**
 * Send a datagram that is no stream's; it leaves at the end of the turn.
 *
 * @param ttl  hops; 0 = as usual (64)
 * @return 0, also when the kernel refuses it later (counted); IC_ERR_AGAIN when the
 * kernel is full; IC_ERR_LIMIT when it is too long; IC_ERR_INVALID for an address that
 * this socket can't reach; IC_ERR_CLOSED
 */
IC_CHECK int ic__udp_socket_send(ic__udp_socket *sock, const ic__addr *to,
                                 const uint8_t *data, size_t len, uint8_t ttl);

/** Streams that send through it are destroyed, and none may use it any more. NULL is
 * fine. */
void ic__udp_socket_close(ic__udp_socket *sock);

/** What happens to a stream; each may be NULL but `closed`. */
typedef struct ic__udp_stream_events {
    /** The next bytes; borrowed. */
    void (*data)(ic__udp_stream *st, const uint8_t *data, size_t len, void *user);
    void (*message)(ic__udp_stream *st, const uint8_t *data, size_t len, void *user);
    void (*end)(ic__udp_stream *st, void *user);
    void (*drain)(ic__udp_stream *st, void *user);
    void (*moved)(ic__udp_stream *st, void *user);
    /** A packet came by a socket that is not the stream's, or, for a strict one, from
     * another address; true drops it. May connect. Without the hook all such packets are
     * dropped. */
    bool (*firewall)(ic__udp_stream *st, ic__udp_socket *sock, const ic__addr *from,
                     void *user);
    /** Before it was connected, somebody said that the stream which would be its peer is
     * gone. Nothing else comes of that. */
    void (*refused)(ic__udp_stream *st, void *user);
    /** After a move, the first packet that came back the same way. */
    void (*heard)(ic__udp_stream *st, void *user);
    /** The last call, once: `error` as in ic__udx_event. */
    void (*closed)(ic__udp_stream *st, int error, void *user);
} ic__udp_stream_events;

/**
 * A stream that peers name by `id`. The events are copied.
 *
 * @return 0; IC_ERR_EXISTS when the id is in use; IC_ERR_LIMIT at max_streams;
 * IC_ERR_NOMEM
 */
IC_CHECK int ic__udp_stream_new(ic__udp *u, ic__udp_stream **out, uint32_t id,
                                const ic__udx_options *opts,
                                const ic__udp_stream_events *events, void *user);

IC_CHECK int ic__udp_stream_connect(ic__udp_stream *st, ic__udp_socket *sock,
                                    uint32_t remote_id, const ic__addr *to);

/** Others care for it from now on. Nothing that happened before is told again. */
void ic__udp_stream_set_events(ic__udp_stream *st, const ic__udp_stream_events *events,
                               void *user);

/** Ask the hook `firewall` also for packets by our own socket from another address. */
void ic__udp_stream_set_strict(ic__udp_stream *st, bool on);

/** As ic__udx_move. What the peer still sends to the socket before is taken, but for a
 * strict one. */
IC_CHECK int ic__udp_stream_move(ic__udp_stream *st, ic__udp_socket *sock,
                                 uint32_t remote_id, const ic__addr *to);

/** As ic__udx_repeat_when_heard. */
void ic__udp_stream_repeat_when_heard(ic__udp_stream *st);

/** By which socket and where its next packets go; false before it is connected. */
bool ic__udp_stream_path(const ic__udp_stream *st, ic__udp_socket **sock, ic__addr *to);

/** Everything that arrives for `st` is sent on by `to`, unread; NULL = no more. */
void ic__udp_stream_relay(ic__udp_stream *st, ic__udp_stream *to);

/** As the functions of ic__udx of the same name. */
IC_CHECK int ic__udp_stream_write(ic__udp_stream *st, const uint8_t *data, size_t len);
IC_CHECK int ic__udp_stream_send(ic__udp_stream *st, const uint8_t *data, size_t len);
IC_CHECK int ic__udp_stream_end(ic__udp_stream *st);
void ic__udp_stream_set_reading(ic__udp_stream *st, bool on);
void ic__udp_stream_set_keepalive(ic__udp_stream *st, uint64_t interval_ns);
ic__udx_stats ic__udp_stream_get_stats(const ic__udp_stream *st);

/** Destroy: the peer is told, `closed` comes from the loop. Twice and NULL are fine. */
void ic__udp_stream_close(ic__udp_stream *st);

#endif
