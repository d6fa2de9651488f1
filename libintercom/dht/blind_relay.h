/**
 * @file dht/blind_relay.h
 * Two peers that cannot reach each other meet at a third one, which passes packets on
 * that it cannot read. Both sides of the protocol "blind-relay", without its channel: who
 * holds the channel hands messages in and gets them to send.
 *
 * Shape    an ic__relay has sessions, one for each channel of a client; an ic__relay_ask
 *          is the other end of such a channel
 * Spec     docs/spec/06-hyperdht.md, section 11
 * Threads  one at a time
 * Errors   0 or a negative ic_error
 *
 * The host's functions must not call back. Callbacks of an ic__relay_ask run inside of
 * its recv and of the clock, and may call anything but ic__relay_ask_free.
 */
#ifndef DHT_BLIND_RELAY_H
#define DHT_BLIND_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dht/clock.h"
#include "dht/messages.h"
#include "intercom/api.h"
#include "intercom/sys/env.h"

#define IC__RELAY_PROTOCOL "blind-relay" /* the channel's id is the client's key */
#define IC__RELAY_MESSAGE_MAX 64         /* bytes */

/* Types of messages. */
enum { IC__RELAY_PAIR = 0, IC__RELAY_UNPAIR = 1 };

/* The relay. */

typedef struct ic__relay ic__relay;
typedef struct ic__relay_session ic__relay_session;

typedef struct ic__relay_host {
    /** A raw stream that connects itself to whoever sends to it first, by the number
     * remote_id. @return 0; IC_ERR_LIMIT; IC_ERR_NOMEM */
    int (*stream_new)(void *user, uint32_t remote_id, uint32_t *local_id);
    /** What comes on one leaves by the other. */
    void (*stream_join)(void *user, uint32_t a, uint32_t b);
    void (*stream_free)(void *user, uint32_t local_id);
    /** One message on the channel of this session. */
    void (*send)(void *user, void *session_user, unsigned type, const uint8_t *body,
                 size_t len);
    void *user;
} ic__relay_host;

typedef struct ic__relay_options {
    uint32_t max_pairings;         /* waiting and joined; default 1024 */
    uint32_t max_pairings_session; /* default 64 */
    uint64_t timeout_ns;           /* of one side that waits; default 15 s */
} ic__relay_options;

void ic__relay_options_default(ic__relay_options *opts);

/** `host` is copied; `clock` must outlive it; `opts` NULL = defaults. */
IC_CHECK int ic__relay_new(ic__relay **out, const ic_env *env, ic__clock *clock,
                           const ic__relay_host *host, const ic__relay_options *opts);

/** Its sessions and streams too. NULL is fine. */
void ic__relay_free(ic__relay *relay);

/** A client has opened its channel. */
IC_CHECK int ic__relay_join(ic__relay *relay, void *session_user,
                            ic__relay_session **out);

/** ... and it is closed: streams of its pairings end. NULL is fine. */
void ic__relay_leave(ic__relay_session *session);

/** A message of the client. @return 0; IC_ERR_PROTO: close the channel */
IC_CHECK int ic__relay_recv(ic__relay_session *session, unsigned type,
                            const uint8_t *body, size_t len);

/** A stream is gone: so is its partner. Nothing happens for one that we do not know. */
void ic__relay_stream_gone(ic__relay *relay, uint32_t local_id);

typedef struct ic__relay_stats {
    size_t waiting;
    size_t joined;
    uint64_t pairs;
    uint64_t duplicates;
    uint64_t timeouts;
    uint64_t dropped_limit;
} ic__relay_stats;

ic__relay_stats ic__relay_get_stats(const ic__relay *relay);

/* Who wants to be relayed. */

typedef struct ic__relay_ask ic__relay_ask;

typedef struct ic__relay_ask_events {
    /** One message on the channel. Must not call back. */
    void (*send)(void *user, unsigned type, const uint8_t *body, size_t len);
    /** Once for each pairing: 0, and the number under which the relay listens; or
     * IC_ERR_TIMEOUT, or IC_ERR_CLOSED with the channel. */
    void (*on_paired)(void *user, uint32_t local_id, int error, uint32_t remote_id);
    void *user;
} ic__relay_ask_events;

IC_CHECK int ic__relay_ask_new(ic__relay_ask **out, ic__clock *clock,
                               const ic__relay_ask_events *events);

/** At once, without a word. NULL is fine. */
void ic__relay_ask_free(ic__relay_ask *ask);

/**
 * Pair a raw stream of ours.
 *
 * @param initiator  we chose the relay
 * @return 0; IC_ERR_EXISTS when this token is being paired; IC_ERR_NOMEM
 */
IC_CHECK int ic__relay_ask_pair(ic__relay_ask *ask,
                                const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator,
                                uint32_t local_id);

/** Not needed any more: the relay is told. Nothing happens for a stream that is not being
 * paired, or was. */
void ic__relay_ask_drop(ic__relay_ask *ask, uint32_t local_id);

/** A message of the relay. @return 0; IC_ERR_PROTO: close the channel */
IC_CHECK int ic__relay_ask_recv(ic__relay_ask *ask, unsigned type, const uint8_t *body,
                                size_t len);

/** The channel is closed: what was not paired fails. */
void ic__relay_ask_closed(ic__relay_ask *ask);

#endif
