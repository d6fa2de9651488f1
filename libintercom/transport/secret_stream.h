/**
 * @file transport/secret_stream.h
 * One end of an encrypted stream: messages in, messages out, over any ordered stream of
 * bytes (the carrier).
 *
 * Plain memory with five verbs (recv, pull, deadline, expire, next). Messages keep their
 * borders. The keys come from a Noise handshake inside of the stream, or from one that
 * the DHT carried outside of it. Errors send nothing: the driver destroys the carrier.
 *
 * The keys live in ordinary memory, wiped when the stream ends: guarded memory has a
 * price in mappings that a thousand connections cannot pay.
 *
 * Spec     docs/spec/03-secret-stream.md, sections 3 to 5
 * Threads  one at a time
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef TRANSPORT_SECRET_STREAM_H
#define TRANSPORT_SECRET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wr.h"
#include "crypto/noise.h"
#include "intercom/api.h"
#include "intercom/sys/env.h"

#define IC__SS_MESSAGE_MAX 16777198 /* what the length on the wire can hold */
#define IC__SS_DATAGRAM_OVERHEAD 24

typedef struct ic__ss ic__ss;

typedef struct ic__ss_options {
    uint64_t keepalive_ns; /* an empty message when nothing was written for so long,
                            * and empty ones are swallowed; 0 = off; default 5 s */
    uint64_t handshake_ns; /* until the peer's header is here; 0 = no limit; default
                            * 10 s */
    uint64_t idle_ns;      /* without a byte from the carrier; 0 = no limit, default */
    uint32_t max_message_bytes; /* each way; default IC__SS_MESSAGE_MAX */
    uint32_t max_queued_bytes;  /* written and not yet pulled; default 4 MiB */
} ic__ss_options;

typedef struct ic__ss_stats {
    uint64_t messages_in; /* keep-alives included */
    uint64_t messages_out;
    uint64_t bytes_in; /* of the carrier */
    uint64_t bytes_out;
    uint64_t datagrams_in;
    uint64_t datagrams_out;
    uint64_t dropped_datagrams; /* too short, not authentic, or without keys */
} ic__ss_stats;

typedef enum ic__ss_what {
    IC__SS_NOTHING,
    IC__SS_OPEN,    /* the keys are there: the peer is known, writing is possible */
    IC__SS_MESSAGE, /* one whole message */
    IC__SS_DRAINED, /* after IC_ERR_AGAIN: there is room again */
    IC__SS_END,     /* the carrier ended: the peer writes no more */
    IC__SS_FAILED   /* the last event; `error` says why */
} ic__ss_what;

typedef struct ic__ss_event {
    ic__ss_what what;
    /** IC_ERR_PROTO or IC_ERR_AUTH: the peer's bytes are wrong; IC_ERR_LIMIT: a message
     * is too long; IC_ERR_TIMEOUT; IC_ERR_NOMEM. */
    int error;
    const uint8_t *data; /* dies with the next call of recv, next, expire or free */
    size_t len;
} ic__ss_event;

void ic__ss_options_default(ic__ss_options *options);

/**
 * A stream that begins with its handshake. `options` NULL = defaults; of `setup`, env is
 * copied and the rest is used during the call only.
 */
IC_CHECK int ic__ss_new(ic__ss **out, const ic__ss_options *options,
                        const ic__noise_setup *setup, uint64_t now);

/** A stream whose handshake was made elsewhere. */
IC_CHECK int ic__ss_new_keyed(ic__ss **out, const ic__ss_options *options,
                              const ic_env *env, bool initiator,
                              const ic__noise_result *keys, uint64_t now);

/** Wipe and release; NULL is fine. */
void ic__ss_free(ic__ss *s);

/** The peer has sent its header, which only those can make who saw the handshake. */
bool ic__ss_proven(const ic__ss *s);

/** From IC__SS_OPEN on. */
const uint8_t *ic__ss_remote_key(const ic__ss *s);
const uint8_t *ic__ss_hash(const ic__ss *s);

/**
 * Bytes of the carrier. Call ic__ss_next until there is nothing before the next bytes:
 * what is kept then is at most one message that is not complete.
 *
 * @return 0; IC_ERR_CLOSED after the end or a failure; IC_ERR_NOMEM, which fails the
 *         stream
 */
IC_CHECK int ic__ss_recv(ic__ss *s, const uint8_t *data, size_t len, uint64_t now);

/** The carrier ended; a message that is not complete is dropped. */
void ic__ss_recv_end(ic__ss *s);

/** Bytes for the carrier; 0 = nothing for now. */
size_t ic__ss_pull(ic__ss *s, uint8_t *out, size_t cap);

/** The same without a copy: what waits, then ic__ss_pop for what the carrier took. NULL =
 * nothing for now; the bytes die with the next call of write, expire, pop or free. */
const uint8_t *ic__ss_front(const ic__ss *s, size_t *len);
void ic__ss_pop(ic__ss *s, size_t len);

/** Stop (false) or go on telling messages and the end; what is told besides goes on. */
void ic__ss_set_reading(ic__ss *s, bool on, uint64_t now);

/** The carrier has found its peer only now: handshake_ns and idle_ns count from here. */
void ic__ss_begin(ic__ss *s, uint64_t now);

/** When to call ic__ss_expire, or IC__NEVER. */
uint64_t ic__ss_deadline(const ic__ss *s);
void ic__ss_expire(ic__ss *s, uint64_t now);

/** What happened, oldest first; false when there is nothing to tell. */
bool ic__ss_next(ic__ss *s, ic__ss_event *event);

/**
 * Queue one message; an empty one is a keep-alive.
 *
 * @return 0; IC_ERR_AGAIN before IC__SS_OPEN, or when max_queued_bytes is reached (wait
 *         for IC__SS_DRAINED); IC_ERR_LIMIT when it has more than max_message_bytes;
 *         IC_ERR_CLOSED; IC_ERR_NOMEM
 */
IC_CHECK int ic__ss_write(ic__ss *s, const uint8_t *data, size_t len, uint64_t now);

/** Bytes that wait for ic__ss_pull. */
size_t ic__ss_queued(const ic__ss *s);

/** No more messages from us: once everything is pulled, the driver ends the carrier. */
void ic__ss_end(ic__ss *s);

/** Was ic__ss_end called and is everything pulled? */
bool ic__ss_drained(const ic__ss *s);

/**
 * Seal a datagram of `len` bytes, for a message of the carrier.
 *
 * @return 0; IC_ERR_AGAIN before IC__SS_OPEN; IC_ERR_LIMIT when `w` is too small;
 *         IC_ERR_CLOSED
 */
IC_CHECK int ic__ss_seal_datagram(ic__ss *s, const uint8_t *data, size_t len, ic__wr *w);

/**
 * Open a datagram; it may come twice, late, or before the first message.
 *
 * @return 0; IC_ERR_AUTH: drop it, it is counted; IC_ERR_LIMIT when `w` is too small
 */
IC_CHECK int ic__ss_open_datagram(ic__ss *s, const uint8_t *data, size_t len, ic__wr *w);

ic__ss_stats ic__ss_get_stats(const ic__ss *s);

#endif
