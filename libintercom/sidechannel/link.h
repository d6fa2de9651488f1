/**
 * @file sidechannel/link.h
 * The network's side of an ic__sidechannel: the encrypted connections of a peer, the
 * channels on them, and what the side channel wants done.
 *
 * Like every protocol of ours it is a function of bytes and time. A carrier tells it what
 * happened through the functions below, then calls ic__sidechannel_next until that gives
 * false and does as the events say, then sets its timer to ic__sidechannel_deadline:
 *
 *     ic__sc_port_message(port, type, data, len, now);
 *     while (ic__sidechannel_next(sc, &event))
 *         do_it(&event);
 *     arm_timer(ic__sidechannel_deadline(sc));
 *
 * The same follows every call of sidechannel.h (join, leave, open, send ...), which only
 * decide; ic__sidechannel_wants says whether there is something to do.
 *
 * Spec     docs/spec/12-sidechannel.md, sections 1, 4, 6 to 9 and 11
 * Threads  the thread of the side channel; only ic__work_run and
 *          ic__check_run run elsewhere
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef SIDECHANNEL_LINK_H
#define SIDECHANNEL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "intercom/api.h"
#include "intercom/identity.h"
#include "sidechannel/check.h"
#include "sidechannel/name.h"
#include "sidechannel/sidechannel.h"
#include "sidechannel/work.h"

typedef struct ic__sc_link ic__sc_link; /* a connection, owned by its side channel */
typedef struct ic__sc_port ic__sc_port; /* a Protomux channel on it */

/**
 * The network is up: say which topics to join, now and from here on. Before this, and
 * after ic__sidechannel_stop, messages are made, judged and go nowhere.
 */
void ic__sidechannel_start(ic__sidechannel *sc);

/** The network is down: every link is detached, work is canceled. */
void ic__sidechannel_stop(ic__sidechannel *sc);

/**
 * A connection has done its handshake. It asks for its channels at once.
 *
 * @param remote_key  public key of the other peer, 32 bytes
 * @param user        comes back with the events about it
 * @return 0; IC_ERR_LIMIT at max_links; IC_ERR_CLOSED before ic__sidechannel_start;
 *         IC_ERR_NOMEM
 */
IC_CHECK int ic__sc_link_attach(ic__sidechannel *sc,
                                const uint8_t remote_key[IC_PUBLIC_KEY_BYTES], void *user,
                                uint64_t now, ic__sc_link **out);

/** The connection is gone, and with it all its ports: nothing may be told of them any
 * more. NULL is fine. */
void ic__sc_link_detach(ic__sc_link *link, uint64_t now);

void *ic__sc_link_user(const ic__sc_link *link);

/** 64 lower-case hex digits. */
const char *ic__sc_link_remote(const ic__sc_link *link);

/**
 * The peer opened a channel of a protocol that was paired (IC__SC_PAIR).
 *
 * @return true: IC__SC_OPEN follows, or has been done already; false: refuse it
 */
bool ic__sc_link_asked(ic__sc_link *link, const char *protocol);

/* What happened to a port, between its IC__SC_OPEN and ic__sc_port_closed, which must
 * come once for each IC__SC_OPEN unless the link is detached. */
void ic__sc_port_opened(ic__sc_port *port, uint64_t now);
/** One whole message, as the mux hands it up. */
void ic__sc_port_message(ic__sc_port *port, uint64_t type, const uint8_t *data,
                         size_t len, uint64_t now);
/** Refused or closed by the peer, closed after IC__SC_CLOSE, or impossible to open. The
 * port may die in this call. */
void ic__sc_port_closed(ic__sc_port *port, uint64_t now);
/** The message of the IC__SC_SEND at hand could not be taken: keep it until drained. */
void ic__sc_port_choked(ic__sc_port *port);
void ic__sc_port_drained(ic__sc_port *port);

/** A pointer of the carrier, NULL at first. */
void ic__sc_port_set_user(ic__sc_port *port, void *user);
void *ic__sc_port_user(const ic__sc_port *port);
ic__sc_link *ic__sc_port_link(const ic__sc_port *port);

/** Proof of work is done, or was canceled, or could not be begun: the work comes back and
 * is freed here. After ic__sidechannel_free, call ic__work_free instead. */
void ic__sidechannel_worked(ic__sidechannel *sc, ic__work *work);

/** A signature was verified, or not: ic__check_run is made up for here. The check comes
 * back and is freed. After ic__sidechannel_free, call ic__check_free instead. */
void ic__sidechannel_checked(ic__sidechannel *sc, ic__check *check);

typedef enum ic__sc_what {
    IC__SC_NOTHING,

    /* for a connection: link, protocol */
    IC__SC_PAIR,    /* tell ic__sc_link_asked when the peer opens this protocol */
    IC__SC_UNPAIR,  /* no more */
    IC__SC_HANG_UP, /* the peer floods: end the connection, then detach the link */

    /* for a channel on it: link, port, and for IC__SC_OPEN protocol */
    IC__SC_OPEN,  /* open this protocol: no id, no handshake */
    IC__SC_SEND,  /* data, len: one message of type 0 */
    IC__SC_CLOSE, /* close it, then tell ic__sc_port_closed */

    /* for the swarm: channel, topic; as server and client */
    IC__SC_JOIN_TOPIC,
    IC__SC_LEAVE_TOPIC,

    /* for a worker thread: work, which is the carrier's until it comes back */
    IC__SC_WORK,
    IC__SC_CHECK, /* a signature to verify: check, in the same way */

    /* for the user: channel, and who handed it to us: remote */
    IC__SC_MESSAGE, /* envelope: show it; is_signed: `from` is proven to be the author */
    IC__SC_REQUESTED,  /* a request to open `channel` was good, but auto-join is off */
    IC__SC_AUTO_JOINED /* `channel` was joined on such a request */
} ic__sc_what;

typedef struct ic__sc_event {
    ic__sc_what what;
    ic__sc_link *link;
    ic__sc_port *port;
    const char *protocol; /* all texts, data and the envelope die with the next call */
    const char *channel;
    const uint8_t *topic; /* IC__TOPIC_BYTES */
    const uint8_t *data;
    size_t len;
    const char *remote; /* public key as hex */
    const ic__json *envelope;
    bool is_signed;
    ic__work *work;
    ic__check *check;
} ic__sc_event;

/** Is there something to do? Cheap. */
bool ic__sidechannel_wants(const ic__sidechannel *sc);

/** What to do next; false when there is nothing. */
bool ic__sidechannel_next(ic__sidechannel *sc, ic__sc_event *event);

/** When to call ic__sidechannel_expire, or IC__NEVER. */
uint64_t ic__sidechannel_deadline(const ic__sidechannel *sc);
void ic__sidechannel_expire(ic__sidechannel *sc, uint64_t now);

/** Bytes that wait for the slowest connection on the channel (a name as typed): a program
 * that sends much waits while it grows. */
size_t ic__sidechannel_backlog(const ic__sidechannel *sc, const char *channel);

/** Why a message, or a part of what it asked for, was dropped. */
#define IC__SC_DROP_MAP(X)                                                               \
    X(BLOCKED, blocked, "the connection is blocked")                                     \
    X(RATE, rate, "too many bytes")                                                      \
    X(TYPE, type, "unknown type of message")                                             \
    X(NOT_JSON, not_json, "not JSON")                                                    \
    X(TOO_MUCH, too_much, "too long, deep or large")                                     \
    X(SHAPE, shape, "not an envelope")                                                   \
    X(CHANNEL, channel, "signed for another channel")                                    \
    X(INVITE, invite, "no invite")                                                       \
    X(BAD_INVITE, bad_invite, "forged invite")                                           \
    X(DUPLICATE, duplicate, "seen already")                                              \
    X(WORK, work, "no proof of work, or too little")                                     \
    X(BAD_WORK, bad_work, "false proof of work")                                         \
    X(SIGNATURE, signature, "wrong signature")                                           \
    X(OWNER, owner, "not by the owner")                                                  \
    X(BAD_OWNER, bad_owner, "forged owner")                                              \
    X(STALE, stale, "too old or from the future")                                        \
    X(WELCOME, welcome, "no welcome by the owner")                                       \
    X(BAD_WELCOME, bad_welcome, "forged welcome")                                        \
    X(UNWELCOMED, unwelcomed, "awaiting the welcome")                                    \
    X(BAD_REQUEST, bad_request, "a request to open without what it needs")               \
    X(JOIN_LIMIT, join_limit, "too many channels joined on request")                     \
    X(RELAY_RATE, relay_rate, "too much to relay")                                       \
    X(QUEUE, queue, "the connection is too slow")                                        \
    X(MEMORY, memory, "out of memory")

typedef enum ic__sc_drop {
#define IC__SC_DROP_ENUM(name, member, text) IC__SC_DROP_##name,
    IC__SC_DROP_MAP(IC__SC_DROP_ENUM)
#undef IC__SC_DROP_ENUM
        IC__SC_DROP_COUNT
} ic__sc_drop;

const char *ic__sc_drop_text(ic__sc_drop drop);

typedef struct ic__sidechannel_stats {
    uint64_t received; /* messages, whatever came of them */
    uint64_t received_bytes;
    uint64_t delivered; /* IC__SC_MESSAGE */
    uint64_t sent;      /* messages of our own, once for each connection */
    uint64_t relayed;   /* the same for those of others */
    uint64_t strikes;
    uint64_t blocks; /* connections that were blocked */
    uint64_t works;  /* proofs of work that were found */
    uint64_t drops[IC__SC_DROP_COUNT];
} ic__sidechannel_stats;

ic__sidechannel_stats ic__sidechannel_get_stats(const ic__sidechannel *sc);

#endif
