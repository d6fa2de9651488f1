/**
 * @file io/ws_frames.h
 * One end of an open WebSocket: frames in, frames out, no socket.
 *
 * Spec     RFC 6455, sections 5 to 7; docs/spec/13-sc-bridge.md, section 1
 *
 * wslay reads and writes the frames. Messages are joined here and not by wslay, which
 * would keep a piece of memory per fragment: a million fragments of one byte, sent by a
 * stranger, would cost sixty times what the message limit allows.
 */
#ifndef IO_WS_FRAMES_H
#define IO_WS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "intercom/sys/env.h"

#define IC__WS_MAX_REASON 123 /* bytes in a close frame */

/** One whole message on its way to the user. */
typedef struct ic__ws_message {
    struct ic__ws_message *next;
    uint8_t *data; /* len bytes and a zero */
    size_t len;
    bool binary;
} ic__ws_message;

typedef struct ic__ws_frames {
    struct wslay_event_context *wslay;
    const ic_env *env; /* masks of a client */
    size_t max_message_bytes;
    size_t max_queued_bytes;
    const uint8_t *in; /* what wslay may still read in this call */
    size_t in_left;
    uint8_t *out; /* where wslay may write in this call */
    size_t out_left;
    ic__buf joined; /* the message that is arriving */
    bool joined_binary;
    uint8_t opcode;     /* of the frame that is arriving */
    size_t close_got;   /* bytes of the peer's close code seen */
    uint16_t peer_code; /* of the peer's close frame; 0 = none */
    uint16_t own_code;  /* of ours; 0 = none */
    bool close_waits;   /* for the messages queued before it */
    char reason[IC__WS_MAX_REASON + 1];
    bool failed;           /* out of memory */
    ic__ws_message *first; /* told by ic__ws_frames_next */
    ic__ws_message **last;
} ic__ws_frames;

/** @return 0 or IC_ERR_NOMEM. `f` must not move afterwards; `env` outlives it. */
IC_CHECK int ic__ws_frames_init(ic__ws_frames *f, bool server, size_t max_message_bytes,
                                size_t max_queued_bytes, const ic_env *env);
void ic__ws_frames_free(ic__ws_frames *f);

/** Take all of it. Past the message limit, or when the peer breaks the protocol, a close
 * frame is queued and nothing more is read. IC_ERR_NOMEM when memory ran out. */
IC_CHECK int ic__ws_frames_recv(ic__ws_frames *f, const uint8_t *p, size_t n);

/** The next whole message, which the caller frees with ic__ws_message_free; or NULL. */
ic__ws_message *ic__ws_frames_next(ic__ws_frames *f);
void ic__ws_message_free(ic__ws_message *message);

/** @return 0; IC_ERR_CANCELED after a close; IC_ERR_LIMIT; IC_ERR_NOMEM */
IC_CHECK int ic__ws_frames_send(ic__ws_frames *f, const uint8_t *p, size_t n,
                                bool binary);

/** Queue a close frame behind what is queued, once. `reason` is NULL or UTF-8; one that
 * is too long is left out. */
void ic__ws_frames_close(ic__ws_frames *f, uint16_t code, const char *reason);

/** Up to `cap` bytes for the wire. */
size_t ic__ws_frames_pull(ic__ws_frames *f, uint8_t *out, size_t cap);

/** Bytes that wait to be pulled, with what keeping them costs. */
size_t ic__ws_frames_queued(const ic__ws_frames *f);
/** More than max_queued_bytes and the last message that fitted: pongs, which nobody asked
 * us to send. */
bool ic__ws_frames_overfull(const ic__ws_frames *f);

/** A close frame is queued or sent: no message will be taken any more. */
bool ic__ws_frames_closing(const ic__ws_frames *f);

/** Our close frame has been pulled, and the peer's has come or is not waited for. */
bool ic__ws_frames_closed(const ic__ws_frames *f);

/** The peer's code if it sent one, else ours, else 1006. */
uint16_t ic__ws_frames_code(const ic__ws_frames *f);

#endif
