/**
 * @file intercom/stream.h
 * Encrypted streams between two addresses that know each other: messages with borders,
 * in order, over UDX; and datagrams beside them.
 *
 * A stream needs the address of the other one, and the number by which each of them names
 * it. There is no listening here: both make a stream, one of them as initiator. It may be
 * used at once; what is sent before it is open waits. To find each other by key, see
 * intercom/dht.h, which brings streams of the same kind.
 *
 * Spec     docs/spec/03-secret-stream.md; docs/spec/02-udx.md, sections 1 and 3
 * Threads  a socket and its streams belong to the thread that runs the event base
 * Errors   0 or a negative ic_error; outputs are written only on 0
 *
 * Callbacks come from the loop, never from inside a call, and may call anything. What
 * they send leaves when the loop has its next turn.
 */
#ifndef INTERCOM_STREAM_H
#define INTERCOM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"

IC_BEGIN_DECLS

struct event_base;

#define IC_HANDSHAKE_HASH_BYTES 64
#define IC_STREAM_MESSAGE_MAX 16777198 /* what the length on the wire can hold */
#define IC_STREAM_DATAGRAM_MAX 1108    /* fits a packet on every path */

typedef struct ic_socket ic_socket; /* actor: new, close */
typedef struct ic_stream ic_stream; /* actor, owned by its socket: new, close */

typedef struct ic_socket_options {
    size_t struct_size;      /* set by ic_socket_options_default */
    struct event_base *base; /* must run, and live until on_closed */
    const ic_env *env;       /* copied; default NULL = the system's */
    const char *address;     /* default "0.0.0.0:0"; also "[::1]:4000"; 0 = any port */
    uint32_t max_streams;    /* count, those that linger included; default 16384 */
    uint32_t kernel_bytes;   /* of its receive buffer, asked for; default 4 MiB */
} ic_socket_options;

IC_API void ic_socket_options_init(ic_socket_options *opts, size_t struct_size);
static inline void ic_socket_options_default(ic_socket_options *opts)
{
    ic_socket_options_init(opts, sizeof *opts);
}

/**
 * Open a UDP socket.
 *
 * @return 0; IC_ERR_INVALID without a base or for an address that is none; IC_ERR_IO when
 *         the system refuses it (in use, not ours); IC_ERR_NOMEM; IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_socket_new(const ic_socket_options *opts, ic_socket **out);

/** Where it is bound, such as "0.0.0.0:49737"; borrowed. */
IC_API const char *ic_socket_address(const ic_socket *sock);

/**
 * Close its streams, then itself; `on_closed` (may be NULL) follows once from the loop,
 * and then it is gone. Again, and NULL, are fine.
 */
IC_API void ic_socket_close(ic_socket *sock, void (*on_closed)(void *user), void *user);

typedef enum ic_stream_role {
    IC_STREAM_RESPONDER = 0,
    IC_STREAM_INITIATOR = 1 /* begins the handshake; exactly one of the two ends */
} ic_stream_role;

/** Both ends use the same (spec 03, section 2). */
typedef enum ic_stream_pattern {
    IC_STREAM_XX = 0, /* neither needs to know the other's key */
    IC_STREAM_IK = 1  /* the initiator knows it: half a round trip less */
} ic_stream_pattern;

/** Bytes are borrowed and die when the callback returns; each callback may be NULL. */
typedef struct ic_stream_options {
    size_t struct_size;          /* set by ic_stream_options_default */
    const ic_identity *identity; /* ours; used during the call */
    const uint8_t *remote_key;   /* 32 bytes, copied: another key ends the stream with
                                  * IC_ERR_AUTH; default NULL = whoever it is */
    const char *remote;          /* address, such as "192.0.2.7:49737"; default NULL = of
                                  * the first packet for local_id (responder only) */

    /** The handshake is done: the peer is who it says. */
    void (*on_open)(ic_stream *stream, void *user);
    /** One whole message. */
    void (*on_message)(ic_stream *stream, const uint8_t *data, size_t len, void *user);
    /** One datagram: in any order, perhaps twice, perhaps before the first message. */
    void (*on_datagram)(ic_stream *stream, const uint8_t *data, size_t len, void *user);
    /** After IC_ERR_AGAIN: there is room again. */
    void (*on_drain)(ic_stream *stream, void *user);
    /** The peer sends no more messages; we may. */
    void (*on_end)(ic_stream *stream, void *user);
    /** The last call, once; the stream is gone when it returns. `error`: 0 when both
     * ends have ended or it was closed here; IC_ERR_CLOSED, the peer closed it;
     * IC_ERR_TIMEOUT, it fell silent; IC_ERR_AUTH, it is somebody else or its bytes were
     * changed; IC_ERR_PROTO; IC_ERR_LIMIT, a message is too long; IC_ERR_NOMEM */
    void (*on_closed)(ic_stream *stream, int error, void *user);
    void *user;

    uint64_t keepalive_ns; /* an empty message when none was sent for so long, and the
                            * peer's are swallowed; 0 = off; default 5 s */
    uint64_t handshake_ns; /* for the handshake; 0 = no limit; default 10 s */
    uint64_t idle_ns;      /* without a byte from the peer; default 0 = no limit */
    uint32_t local_id;     /* how the peer names this stream; one of a socket's */
    uint32_t remote_id;    /* how we name it to the peer */
    uint32_t max_message_bytes; /* each way; default IC_STREAM_MESSAGE_MAX */
    uint32_t max_queued_bytes; /* sent, besides 4 MiB that are under way; default 1 MiB */
    ic_stream_role role;       /* default IC_STREAM_RESPONDER */
    ic_stream_pattern pattern; /* default IC_STREAM_XX */
} ic_stream_options;

IC_API void ic_stream_options_init(ic_stream_options *opts, size_t struct_size);
static inline void ic_stream_options_default(ic_stream_options *opts)
{
    ic_stream_options_init(opts, sizeof *opts);
}

/**
 * One end of a stream.
 *
 * @return 0; IC_ERR_INVALID without an identity, for an address that is none or that the
 *         socket cannot reach, or when the initiator lacks `remote` or, for IC_STREAM_IK,
 *         `remote_key`; IC_ERR_AUTH when `remote_key` is no key; IC_ERR_EXISTS when
 *         local_id is in use, a few seconds after its stream has closed included;
 *         IC_ERR_LIMIT at max_streams; IC_ERR_NOMEM; IC_ERR_CLOSED, the socket is
 *         closing; IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_stream_new(ic_socket *sock, const ic_stream_options *opts,
                                  ic_stream **out);

/**
 * Take a stream that a server or a dial has brought (intercom/dht.h): from now on it
 * calls back as these options say. All else in them does not count.
 *
 * @return 0; IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_stream_use(ic_stream *stream, const ic_stream_options *opts);

/**
 * Queue one message. An empty one is a keep-alive: the peer may not hear of it.
 *
 * @param data  len bytes, copied before return; may be NULL when len is 0
 * @return 0; IC_ERR_AGAIN when max_queued_bytes is reached (wait for on_drain);
 *         IC_ERR_LIMIT when len > max_message_bytes; IC_ERR_CLOSED after ic_stream_end;
 *         IC_ERR_CANCELED after ic_stream_close; IC_ERR_NOMEM
 */
IC_API IC_CHECK int ic_stream_send(ic_stream *stream, const uint8_t *data, size_t len);

/**
 * Send a datagram: encrypted, in one packet, maybe lost.
 *
 * @return 0; IC_ERR_AGAIN before on_open or when too many wait (drop it, or try later);
 *         IC_ERR_LIMIT when len > IC_STREAM_DATAGRAM_MAX; IC_ERR_CLOSED; IC_ERR_CANCELED;
 *         IC_ERR_NOMEM
 */
IC_API IC_CHECK int ic_stream_send_datagram(ic_stream *stream, const uint8_t *data,
                                            size_t len);

/** No more messages from us; those that are queued go out first. Again is fine. */
IC_API void ic_stream_end(ic_stream *stream);

/** Stop (false) or go on calling on_message and on_end; meanwhile the peer is slowed
 * down, and at last stopped, after about 4 MiB. */
IC_API void ic_stream_set_reading(ic_stream *stream, bool on);

/** The peer's public key, 32 bytes, borrowed; NULL before on_open, unless a server or a
 * dial brought the stream. */
IC_API const uint8_t *ic_stream_remote_key(const ic_stream *stream);

/** IC_HANDSHAKE_HASH_BYTES that both ends share and nobody else's stream has, borrowed;
 * NULL as long as the key is. */
IC_API const uint8_t *ic_stream_handshake_hash(const ic_stream *stream);

/** How a stream is doing. Later versions append. */
typedef struct ic_stream_stats {
    uint64_t messages_in; /* keep-alives included */
    uint64_t messages_out;
    uint64_t bytes_in; /* of the encrypted stream */
    uint64_t bytes_out;
    uint64_t queued_bytes; /* that wait for the network */
    uint64_t datagrams_in;
    uint64_t datagrams_out;
    uint64_t dropped_datagrams; /* of the peer: not authentic, or too early */
    uint64_t packets_in;
    uint64_t packets_out;
    uint64_t retransmits;
    uint64_t srtt_ns; /* round trip, smoothed */
} ic_stream_stats;

/** Write the first `size` bytes of it, sizeof(ic_stream_stats) of the caller. */
IC_API void ic_stream_get_stats(const ic_stream *stream, ic_stream_stats *out,
                                size_t size);

/** Close now: the peer is told, what is queued is dropped, on_closed follows from the
 * loop. Again, and NULL, are fine. */
IC_API void ic_stream_close(ic_stream *stream);

IC_END_DECLS

#endif
