/**
 * @file intercom/mux.h
 * Many channels over one encrypted stream: Protomux.
 *
 * Two channels pair by the name of their protocol and an id that both ends may choose.
 * Whoever opens second says so, too: either beforehand, or when told by on_pair.
 *
 * Spec     docs/spec/04-protomux.md
 * Threads  a mux belongs to the thread that runs its socket's event base
 * Errors   0 or a negative ic_error; outputs are written only on 0
 *
 * Callbacks come from the loop, never from inside a call, and may call anything.
 */
#ifndef INTERCOM_MUX_H
#define INTERCOM_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/stream.h"

IC_BEGIN_DECLS

#define IC_MUX_NAME_MAX 255 /* bytes of a protocol's name */
#define IC_MUX_ID_MAX 128   /* bytes of a channel's id */

typedef struct ic_mux ic_mux;         /* actor, owned by its socket: new, close */
typedef struct ic_channel ic_channel; /* actor, owned by its mux: new, close */

typedef struct ic_mux_options {
    size_t struct_size; /* set by ic_mux_options_default */
    /** The stream below, used during the call; ic_mux_new_over can do without. Of its
     * callbacks only on_datagram counts, with its `user`; the mux has the others. */
    const ic_stream_options *stream;

    /** The handshake of the stream is done: ic_stream_remote_key(ic_mux_stream(mux)). */
    void (*on_open)(ic_mux *mux, void *user);
    /** The peer opened a channel of a protocol that ic_mux_pair named: answer with
     * ic_channel_new or ic_mux_refuse, now or within pair_ns. Without it, refused. */
    void (*on_pair)(ic_mux *mux, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user);
    /** The last call, once, after that of every channel. `error` as for a stream; 0 when
     * the peer ended it or it was closed here. */
    void (*on_closed)(ic_mux *mux, int error, void *user);
    void *user;

    uint64_t pair_ns;           /* to answer on_pair; 0 = no limit; default 10 s */
    uint32_t max_channels;      /* of ours, count; default 4096 */
    uint32_t max_message_bytes; /* of a message that we send; default 8 MiB. With what is
                                 * around it, it must also fit a message of the stream */
    uint32_t max_queued_bytes;  /* besides the stream's; default 4 MiB */
    uint32_t max_waiting;       /* opens of the peer without answer, count; default 256 */
} ic_mux_options;

IC_API void ic_mux_options_init(ic_mux_options *opts, size_t struct_size);
static inline void ic_mux_options_default(ic_mux_options *opts)
{
    ic_mux_options_init(opts, sizeof *opts);
}

/** A stream with a mux on it. @return 0; IC_ERR_INVALID without `stream`; else as
 * ic_stream_new */
IC_API IC_CHECK int ic_mux_new(ic_socket *sock, const ic_mux_options *opts, ic_mux **out);

/** A mux on a stream that a server or a dial has brought, in place of ic_stream_use;
 * closing the mux closes it. @return 0; IC_ERR_NOMEM; IC_ERR_UNSUPPORTED: the stream is
 * as it was */
IC_API IC_CHECK int ic_mux_new_over(ic_stream *stream, const ic_mux_options *opts,
                                    ic_mux **out);

/** The stream below, borrowed: for its key, its hash, its datagrams, its figures. */
IC_API ic_stream *ic_mux_stream(const ic_mux *mux);

/**
 * From now on, call on_pair for channels of this protocol; others are refused.
 *
 * @param id  NULL = whatever its id
 * @return 0; IC_ERR_EXISTS; IC_ERR_INVALID for a name or id that is too long;
 *         IC_ERR_NOMEM
 */
IC_API IC_CHECK int ic_mux_pair(ic_mux *mux, const char *protocol, const uint8_t *id,
                                size_t id_len);
IC_API void ic_mux_unpair(ic_mux *mux, const char *protocol, const uint8_t *id,
                          size_t id_len);

/** Refuse what the peer opened under this name and id and waits for. */
IC_API void ic_mux_refuse(ic_mux *mux, const char *protocol, const uint8_t *id,
                          size_t id_len);

/**
 * Between these two, messages of all channels and what opens and closes them are
 * gathered into one frame (spec 04, section 3): many small ones cost the network little
 * more than one. They nest; only the last ic_mux_uncork sends. Who hears IC_ERR_AGAIN in
 * between must uncork before on_drain can come. Without them, the first message of a turn
 * of the loop leaves at once, and those behind it are gathered until the turn ends.
 */
IC_API void ic_mux_cork(ic_mux *mux);
IC_API void ic_mux_uncork(ic_mux *mux);

/**
 * Close the channels and the stream now; on_closed follows from the loop. Again, and
 * NULL, are fine. To let everything arrive first, close the channels, and then end the
 * stream (ic_stream_end): what waits here goes out first, and the peer's mux answers with
 * its own end.
 */
IC_API void ic_mux_close(ic_mux *mux);

/** Bytes and texts are copied; those of a callback are borrowed and die when it returns;
 * each callback may be NULL. */
typedef struct ic_channel_options {
    size_t struct_size;       /* set by ic_channel_options_default */
    const char *protocol;     /* its name */
    const uint8_t *id;        /* default NULL = none */
    size_t id_len;            /* default 0 */
    const uint8_t *handshake; /* for the peer's on_open; default NULL = empty */
    size_t handshake_len;     /* default 0 */

    /** The peer has opened it, too; `handshake` is the peer's. */
    void (*on_open)(ic_channel *ch, const uint8_t *handshake, size_t len, void *user);
    /** One whole message; the peer chose its type. */
    void (*on_message)(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user);
    /** After IC_ERR_AGAIN: there is room again. */
    void (*on_drain)(ic_channel *ch, void *user);
    /** The last call, once; the channel is gone when it returns. `error`: 0, closed here;
     * IC_ERR_CLOSED, the peer refused or closed it, or the stream has ended; another,
     * what ended the mux. */
    void (*on_closed)(ic_channel *ch, int error, void *user);
    void *user;

    /** Other names by which the peer may open it, NULL at the end; they share the id. We
     * open it as `protocol`, so the peer must know that name in the same way: when only
     * one end does, the mux fails (spec 04, section 2). Default NULL = none */
    const char *const *aliases;
} ic_channel_options;

IC_API void ic_channel_options_init(ic_channel_options *opts, size_t struct_size);
static inline void ic_channel_options_default(ic_channel_options *opts)
{
    ic_channel_options_init(opts, sizeof *opts);
}

/**
 * Open a channel; it may be sent to at once.
 *
 * @return 0; IC_ERR_EXISTS when there is one of this name and id; IC_ERR_INVALID for one
 *         or an alias that is too long, or without a name; IC_ERR_LIMIT at max_channels
 * or for a handshake that is too long for a message; IC_ERR_CLOSED; IC_ERR_NOMEM;
 * IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_channel_new(ic_mux *mux, const ic_channel_options *opts,
                                   ic_channel **out);

/**
 * Queue one message.
 *
 * @param type  what both ends agreed on
 * @param data  len bytes, copied before return; may be NULL when len is 0
 * @return 0; IC_ERR_AGAIN when max_queued_bytes is reached (wait for on_drain);
 *         IC_ERR_LIMIT when it is too long (max_message_bytes); IC_ERR_CLOSED when one of
 * the two has ended the stream; IC_ERR_CANCELED after ic_channel_close; IC_ERR_NOMEM
 */
IC_API IC_CHECK int ic_channel_send(ic_channel *ch, uint64_t type, const uint8_t *data,
                                    size_t len);

/** Borrowed. */
IC_API ic_mux *ic_channel_mux(const ic_channel *ch);

/** Close; what was sent goes out first; on_closed follows from the loop. Again, and NULL,
 * are fine. */
IC_API void ic_channel_close(ic_channel *ch);

IC_END_DECLS

#endif
