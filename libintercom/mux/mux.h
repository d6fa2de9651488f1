/**
 * @file mux/mux.h
 * Many channels over one stream of messages: Protomux, as a function of frames and time.
 *
 * A frame here is one message of the secret stream below. Channels pair by a key, the
 * name of a protocol and perhaps an id; each end numbers its own.
 *
 * Spec     docs/spec/04-protomux.md
 * Threads  one at a time
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef MUX_MUX_H
#define MUX_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "mux/frame.h"

typedef struct ic__mux ic__mux;
typedef struct ic__channel ic__channel; /* owned by its mux; gone after IC__MUX_CLOSED */

typedef struct ic__mux_options {
    uint32_t max_channels; /* of ours, count; default 4096 */
    uint32_t max_waiting;  /* opens of the peer that wait for us, count; default 256 */
    uint32_t max_waiting_bytes; /* of messages on them, 512 more for each: above this we
                                 * stop reading; default 32768 */
    uint32_t max_stored_bytes;  /* the same, when one frame brings it all: above this the
                                 * peer is thrown out; default 1 MiB */
    uint32_t max_message_bytes; /* of a payload that we send; default 8 MiB */
    uint32_t max_frame_bytes;   /* what the stream takes; default IC__SS_MESSAGE_MAX */
    uint32_t max_queued_bytes;  /* frames that wait for ic__mux_front; default 4 MiB */
    uint64_t pair_ns; /* to answer an open that was told; 0 = no limit; default 10 s */
} ic__mux_options;

typedef struct ic__mux_stats {
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t messages_in;
    uint64_t messages_out;
    uint64_t rejected;         /* opens of the peer */
    uint64_t dropped_messages; /* for channels that are closed or were never open */
} ic__mux_stats;

typedef enum ic__mux_what {
    IC__MUX_NOTHING,
    IC__MUX_PAIR,    /* the peer opened `key`, for which ic__mux_pair was called: answer
                      * with ic__mux_open or ic__mux_refuse, now or within pair_ns */
    IC__MUX_OPENED,  /* the channel is paired; data is the peer's handshake */
    IC__MUX_MESSAGE, /* one message of `type` */
    IC__MUX_CLOSED,  /* last of a channel, which dies with the next call */
    IC__MUX_DRAINED, /* after IC_ERR_AGAIN: there is room again */
    IC__MUX_FAILED   /* last of all; every channel was closed before */
} ic__mux_what;

typedef struct ic__mux_event {
    ic__mux_what what;
    ic__channel *channel;
    bool by_remote; /* closed by the peer */
    int error;      /* IC_ERR_PROTO, IC_ERR_LIMIT, IC_ERR_NOMEM, or what failed the mux */
    uint64_t type;
    ic__mux_key key; /* dies, like data, with the next call of next, recv or free */
    const uint8_t *data;
    size_t len;
} ic__mux_event;

typedef struct ic__channel_options {
    const char *protocol;
    const uint8_t *id; /* NULL = none */
    size_t id_len;
    const char *const *aliases; /* other names to pair by, NULL at the end; or NULL */
    const uint8_t *handshake;   /* for the peer's IC__MUX_OPENED; NULL = empty */
    size_t handshake_len;
    uint32_t types; /* messages of this type and above are ignored; default all pass */
    bool shared;    /* there may be others of the same key; default false */
    void *user;
} ic__channel_options;

void ic__mux_options_default(ic__mux_options *options);

/** `options` NULL = defaults. */
IC_CHECK int ic__mux_new(ic__mux **out, const ic__mux_options *options);
void ic__mux_free(ic__mux *m);

/**
 * One frame. It is parsed as ic__mux_next is called and must stay where it is until that
 * gives false.
 *
 * @return 0; IC_ERR_BUSY before that; IC_ERR_CLOSED
 */
IC_CHECK int ic__mux_recv(ic__mux *m, const uint8_t *frame, size_t len, uint64_t now);

/** Should more frames be read? Not while messages for channels that we have not opened
 * wait, nor while more waits to be sent than ic__channel_send alone could queue. */
bool ic__mux_reading(const ic__mux *m);

/** What happened, oldest first; false when there is nothing to tell. */
bool ic__mux_next(ic__mux *m, ic__mux_event *event);

/** The next frame for the stream; NULL = nothing for now. */
const uint8_t *ic__mux_front(const ic__mux *m, size_t *len);

/** The frame at the front was written. */
void ic__mux_pop(ic__mux *m);

/** When to call ic__mux_expire, or IC__NEVER. */
uint64_t ic__mux_deadline(const ic__mux *m);
void ic__mux_expire(ic__mux *m, uint64_t now);

/** The stream ended: all channels close. */
void ic__mux_end(ic__mux *m);

/** Throw the peer out: all channels close, then IC__MUX_FAILED comes with `error`. */
void ic__mux_fail(ic__mux *m, int error);

/** Write what follows into one frame, until ic__mux_uncork; these nest. */
void ic__mux_cork(ic__mux *m);
void ic__mux_uncork(ic__mux *m);

/** Bytes of the frame that is being written. */
size_t ic__mux_corked(const ic__mux *m);

/**
 * From now on, tell about opens of this protocol (IC__MUX_PAIR); others are rejected.
 *
 * @param id  NULL = whatever its id
 * @return 0; IC_ERR_EXISTS; IC_ERR_INVALID for a name or id that is too long;
 *         IC_ERR_NOMEM
 */
IC_CHECK int ic__mux_pair(ic__mux *m, const char *protocol, const uint8_t *id,
                          size_t id_len);
void ic__mux_unpair(ic__mux *m, const char *protocol, const uint8_t *id, size_t id_len);

/** Reject every open of this key that waits. */
void ic__mux_refuse(ic__mux *m, const ic__mux_key *key);

void ic__channel_options_default(ic__channel_options *options);

/**
 * Open a channel. It can be written to at once; IC__MUX_OPENED comes when the peer has
 * opened it too.
 *
 * @return 0; IC_ERR_EXISTS when there is one of this key and it is not shared;
 *         IC_ERR_INVALID for a name or id that is too long; IC_ERR_LIMIT for
 *         max_channels, or a handshake that is too long for a message; IC_ERR_CLOSED;
 *         IC_ERR_NOMEM
 */
IC_CHECK int ic__mux_open(ic__mux *m, const ic__channel_options *options,
                          ic__channel **out);

/** Close; IC__MUX_CLOSED follows. Again is fine. */
void ic__channel_close(ic__channel *ch);

/**
 * Queue one message.
 *
 * @return 0; IC_ERR_AGAIN when max_queued_bytes is reached (wait for IC__MUX_DRAINED);
 *         IC_ERR_LIMIT when it is longer than max_message_bytes, or its frame than
 *         max_frame_bytes; IC_ERR_CLOSED; IC_ERR_NOMEM
 */
IC_CHECK int ic__channel_send(ic__channel *ch, uint64_t type, const uint8_t *data,
                              size_t len);

void *ic__channel_user(const ic__channel *ch);

ic__mux_stats ic__mux_get_stats(const ic__mux *m);

#endif
