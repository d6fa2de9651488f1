/**
 * @file intercom/swarm.h
 * Peers that meet by topic: join one, and be connected to whoever else did.
 *
 * A swarm announces its topics in a DHT, looks for others there, dials them and lets them
 * in, keeps one connection to each, and dials again those that are lost.
 *
 * Spec     docs/spec/07-hyperswarm.md
 * Threads  a swarm and all that belongs to it are of the thread that runs the event base
 * Errors   0 or a negative ic_error; outputs are written only on 0
 *
 * Callbacks come from the loop, never from inside a call, and may call anything. What
 * they are given is borrowed and dies when they return, unless it is an actor.
 */
#ifndef INTERCOM_SWARM_H
#define INTERCOM_SWARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/dht.h"
#include "intercom/identity.h"
#include "intercom/stream.h"
#include "intercom/sys/env.h"

IC_BEGIN_DECLS

#define IC_TOPIC_BYTES 32

typedef struct ic_swarm ic_swarm; /* actor: new, close */
typedef struct ic_topic ic_topic; /* a membership, owned by its swarm: join, leave */

/** Who is at the other end of a connection. */
typedef struct ic_swarm_peer {
    const uint8_t *public_key; /* 32 bytes */
    bool initiator;            /* we dialled */
} ic_swarm_peer;

typedef struct ic_swarm_options {
    size_t struct_size;           /* set by ic_swarm_options_default */
    struct event_base *base;      /* must run, and live until on_closed */
    const ic_env *env;            /* copied; default NULL = the system's */
    const ic_identity *identity;  /* who we are; used during the call */
    ic_dht *dht;                  /* the node to use, which outlives the swarm: call
                                   * ic_swarm_network_changed from its on_network; default NULL = a node of
                                   * the swarm's own, made with the next three */
    const char *bootstrap;        /* list, as in ic_dht_options; default NULL */
    const char *host;             /* address to bind; default "0.0.0.0" */
    const uint8_t *relay_through; /* key of a blind relay, for peers that were not reached
                                   * without, and while our NAT shows each peer another
                                   * port; copied; default NULL = none */

    /**
     * Somebody is connected: give the stream callbacks with ic_stream_use or
     * ic_mux_new_over before this returns, else it is closed. The same peer is not told
     * again before its stream has closed. May be NULL: then nobody is let in.
     */
    void (*on_connection)(ic_swarm *swarm, ic_stream *stream, const ic_swarm_peer *peer,
                          void *user);
    /** True: neither let this peer in nor dial it, ever again. May be NULL. */
    bool (*firewall)(ic_swarm *swarm, const uint8_t *remote_key, void *user);
    /** A peer was banned, by `firewall` or ic_swarm_ban. May be NULL. */
    void (*on_ban)(ic_swarm *swarm, const uint8_t *remote_key, void *user);
    /** Connections or dials have changed: see the stats. May be NULL. */
    void (*on_update)(ic_swarm *swarm, void *user);
    void *user;

    uint64_t keepalive_ns;           /* of the streams; default 5 s */
    uint32_t max_peers;              /* above it nobody is dialled; default 64 */
    uint32_t max_parallel;           /* dials at a time; default 3 */
    uint32_t max_client_connections; /* that we dialled; default UINT32_MAX */
    uint32_t max_server_connections; /* that came in; default 4096 */
    uint32_t max_server_per_ip;      /* of them from one address; default 1024 */
    uint32_t max_topics;             /* default 1024 */
    uint32_t max_topic_peers;        /* found on one, remembered; default 1024 */
    uint32_t max_found_peers;        /* found on any, remembered; default 4096 */
    uint32_t max_bans;               /* the oldest is forgotten; default 4096 */
    uint32_t port;                   /* of its own node; default 0 = any */
} ic_swarm_options;

IC_API void ic_swarm_options_init(ic_swarm_options *opts, size_t struct_size);
static inline void ic_swarm_options_default(ic_swarm_options *opts)
{
    ic_swarm_options_init(opts, sizeof *opts);
}

/**
 * Nobody is dialled or let in before a topic or a peer is joined.
 *
 * @return 0; IC_ERR_INVALID without a base or an identity, or for a port that is none;
 *         what ic_dht_new says; IC_ERR_NOMEM; IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_swarm_new(const ic_swarm_options *opts, ic_swarm **out);

/** Its node, borrowed. */
IC_API ic_dht *ic_swarm_dht(ic_swarm *swarm);

/** Our public key, 32 bytes, borrowed. */
IC_API const uint8_t *ic_swarm_key(const ic_swarm *swarm);

/**
 * Take announces back (for two seconds at most), end flushes, dials and connections, then
 * its own node; `on_closed` (may be NULL) follows once from the loop, and it is gone.
 * Again, and NULL, are fine.
 */
IC_API void ic_swarm_close(ic_swarm *swarm, void (*on_closed)(void *user), void *user);

/** Sleep: take announces back, end dials and connections, then its own node sleeps. */
IC_API void ic_swarm_suspend(ic_swarm *swarm);

/** Wake up. @return 0, also when it was awake; what ic_dht_resume says */
IC_API IC_CHECK int ic_swarm_resume(ic_swarm *swarm);

/** Our addresses have changed: check connections, look at all topics. A swarm with its
 * own node knows by itself. */
IC_API void ic_swarm_network_changed(ic_swarm *swarm);

/** `ok`: false when it could not be done, or the swarm has closed. */
typedef void (*ic_swarm_flushed_cb)(ic_swarm *swarm, bool ok, void *user);

/** Tell once when all topics were looked at, and who was found by then was tried once.
 * @return 0; IC_ERR_CLOSED; IC_ERR_NOMEM */
IC_API IC_CHECK int ic_swarm_flush(ic_swarm *swarm, ic_swarm_flushed_cb done, void *user);

/* Topics. */

typedef enum ic_topic_role {
    IC_TOPIC_CLIENT = 1, /* find others, and dial them */
    IC_TOPIC_SERVER = 2, /* be found */
    IC_TOPIC_BOTH = 3
} ic_topic_role;

typedef struct ic_topic_options {
    size_t struct_size; /* set by ic_topic_options_default */
    ic_topic_role role; /* default IC_TOPIC_BOTH */
    uint32_t limit;     /* new peers a look; default UINT32_MAX */
} ic_topic_options;

IC_API void ic_topic_options_init(ic_topic_options *opts, size_t struct_size);
static inline void ic_topic_options_default(ic_topic_options *opts)
{
    ic_topic_options_init(opts, sizeof *opts);
}

/**
 * Join a topic, any 32 bytes; ic_dht_hash makes them of a text. Several memberships of
 * one topic are as one that has the roles of all.
 *
 * @param opts  NULL = defaults
 * @return 0; IC_ERR_INVALID for another role; IC_ERR_LIMIT at max_topics; IC_ERR_CLOSED;
 *         IC_ERR_NOMEM; IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_swarm_join(ic_swarm *swarm, const uint8_t topic[IC_TOPIC_BYTES],
                                  const ic_topic_options *opts, ic_topic **out);

/** Look at it now, and perhaps in other roles. @return as ic_swarm_join */
IC_API IC_CHECK int ic_topic_refresh(ic_topic *topic, const ic_topic_options *opts);

/** Tell once when the look that runs is over: announced, and asked. @return as
 * ic_swarm_flush */
IC_API IC_CHECK int ic_topic_flush(ic_topic *topic, ic_swarm_flushed_cb done, void *user);

/** The membership is gone when this returns; connections stay. NULL is fine. */
IC_API void ic_topic_leave(ic_topic *topic);

/* Peers. */

/** Dial this one now, and again whenever it is gone. @return 0; IC_ERR_INVALID for our
 * own key; IC_ERR_CLOSED; IC_ERR_NOMEM */
IC_API IC_CHECK int ic_swarm_join_peer(ic_swarm *swarm, const uint8_t *public_key);

/** No longer; a connection stays. */
IC_API void ic_swarm_leave_peer(ic_swarm *swarm, const uint8_t *public_key);

/** Neither dial it nor let it in; a connection stays. @return 0; IC_ERR_INVALID for our
 * own key; IC_ERR_NOMEM */
IC_API IC_CHECK int ic_swarm_ban(ic_swarm *swarm, const uint8_t *public_key);
IC_API void ic_swarm_unban(ic_swarm *swarm, const uint8_t *public_key);

/** Dial a connected peer again when its connection is lost (on, from the start), or not.
 */
IC_API void ic_swarm_set_reconnect(ic_swarm *swarm, const uint8_t *public_key, bool on);

/** How a swarm is doing. Later versions append. */
typedef struct ic_swarm_stats {
    uint64_t topics;
    uint64_t peers;       /* remembered, for whatever reason */
    uint64_t connections; /* open */
    uint64_t connecting;  /* dials under way */
    uint64_t queued;      /* peers that wait for a dial */
    uint64_t client_attempted;
    uint64_t client_opened;
    uint64_t client_closed;
    uint64_t server_opened;
    uint64_t server_closed;
    uint64_t duplicates; /* second connections to a peer that were refused */
    uint64_t replaced;   /* connections that gave way to a second one */
    uint64_t redialled;  /* at once, because both of two crossed ones were lost */
    uint64_t banned;
    uint64_t refused_denied; /* incoming: banned, or our own key */
    uint64_t refused_limit;  /* incoming: max_server_connections */
    uint64_t refused_ip;     /* incoming: max_server_per_ip */
    uint64_t refused_rate;   /* incoming: one key replaces its connection too often */
    uint64_t dropped_found;  /* peers of lookups: max_topic_peers, max_found_peers */
} ic_swarm_stats;

/** Write the first `size` bytes of it, sizeof(ic_swarm_stats) of the caller. */
IC_API void ic_swarm_get_stats(const ic_swarm *swarm, ic_swarm_stats *out, size_t size);

IC_END_DECLS

#endif
