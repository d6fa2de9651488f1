/**
 * @file swarm/swarm.h
 * Whom to look for, whom to dial, which connection to keep: a swarm without sockets.
 *
 * It is told what its user wants and what happens on the network, and answers with
 * events: wishes to whoever drives the DHT, and news for the user. Every input may make
 * some, so ic__swarm_next is called after each until it gives false. What an input names
 * that is over by then (a query, a connection) is ignored.
 *
 * Spec     docs/spec/07-hyperswarm.md
 * Threads  one at a time
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef SWARM_SWARM_H
#define SWARM_SWARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "intercom/api.h"
#include "intercom/sys/env.h"
#include "swarm/rules.h"

#define IC__SWARM_KEY_BYTES 32
#define IC__SWARM_TOPIC_BYTES 32
#define IC__SWARM_RELAYS 3 /* hints kept for a peer */

typedef struct ic__swarm ic__swarm;
typedef struct ic__session ic__session; /* owned by its swarm: join, leave */

typedef struct ic__swarm_options {
    const uint8_t *public_key; /* ours, copied */
    const ic_env *env;         /* copied; for its randomness */
    bool has_relay;            /* force_relay in IC__SWARM_DIAL means something */
    /* Counts. Those of JavaScript: */
    uint32_t max_peers;              /* above it nobody is dialled; default 64 */
    uint32_t max_parallel;           /* dials that are not open yet; default 3 */
    uint32_t max_client_connections; /* default UINT32_MAX */
    uint32_t max_server_connections; /* default 4096 */
    /* Ours: */
    uint32_t max_server_per_ip; /* of them from one address (IPv6: /64); default 1024 */
    uint32_t max_topics;        /* default 1024 */
    uint32_t max_topic_peers;   /* found on one topic, remembered; default 1024 */
    uint32_t max_found_peers;   /* found on any; default 4096 */
    uint32_t max_peer_topics;   /* on which one peer was found; default 64 */
    uint32_t max_bans;          /* the oldest is forgotten; default 4096 */
    uint32_t max_replacements;  /* of connections of a key within 10 s; default 5 */
    uint32_t backoff_ms[IC__SWARM_CLASSES]; /* S, M, L, X; default 1, 5, 15, 600 s */
    uint32_t jitter_ms;  /* at random, once: 0 to 2, 3, 5, 241 of it more; default 500 */
    uint64_t refresh_ns; /* between two queries of a topic; default 10 min */
    uint64_t refresh_random_ns; /* default 2 min */
} ic__swarm_options;

typedef enum ic__swarm_what {
    IC__SWARM_NOTHING,
    IC__SWARM_LISTEN, /* start the server on our key; answer with ic__swarm_listening */
    /* Queries: answer with ic__swarm_found and, at the end, ic__swarm_query_done. */
    IC__SWARM_LOOKUP,
    IC__SWARM_ANNOUNCE, /* `clear`: take back what our key has announced before, too */
    IC__SWARM_LOOKUP_UNANNOUNCE,
    IC__SWARM_UNANNOUNCE, /* at the known closest nodes only, one attempt each */
    IC__SWARM_STOP,       /* give up `query`; nothing is told of it any more */
    IC__SWARM_FORGET,     /* the last of `topic`: its closest nodes are not needed */
    /* Connections: each `id` that was dialled or came in ends with ic__swarm_closed. */
    IC__SWARM_DIAL,      /* ask the user's firewall (ic__swarm_ban), then dial `key` */
    IC__SWARM_DESTROY,   /* the dial or connection `id` */
    IC__SWARM_KEEPALIVE, /* send an empty message on `id`: is it still there? */
    IC__SWARM_CONNECTED, /* connection `id` is the peer's, until it has closed */
    IC__SWARM_BANNED,    /* `key` */
    IC__SWARM_FLUSHED,   /* `flush`, with `ok` */
    IC__SWARM_UPDATE,    /* connections or dials have changed */
    IC__SWARM_QUIET      /* suspended or closed: no query and no connection is left */
} ic__swarm_what;

typedef struct ic__swarm_event {
    ic__swarm_what what;
    bool clear;
    bool ok;
    bool initiator;
    bool force_relay;
    uint8_t relay_count;
    uint64_t query;
    uint64_t id;
    uint64_t flush;
    const uint8_t *topic;   /* borrowed, like the rest, until the next call */
    const uint8_t *key;     /* the peer's */
    const ic__addr *relays; /* hints where it may be found */
    int error;              /* IC__SWARM_DESTROY: IC_ERR_EXISTS for a duplicate, else
                             * IC_ERR_CANCELED */
} ic__swarm_event;

typedef struct ic__swarm_stats {
    uint64_t updates;
    uint64_t client_attempted;
    uint64_t client_opened;
    uint64_t client_closed;
    uint64_t server_opened;
    uint64_t server_closed;
    uint64_t banned;
    uint64_t duplicates;     /* second connections that were refused */
    uint64_t replaced;       /* connections that gave way to a second one */
    uint64_t redialled;      /* soon, because both of two crossed ones were lost */
    uint64_t refused_denied; /* incoming: banned, or our own key */
    uint64_t refused_limit;  /* incoming: server connections */
    uint64_t refused_ip;     /* incoming: from one address */
    uint64_t refused_rate;   /* incoming: replacements of one key */
    uint64_t dropped_found;  /* peers of lookups beyond a limit, or without memory */
    size_t topics;
    size_t peers;       /* remembered, for whatever reason */
    size_t connections; /* open */
    size_t connecting;  /* dials */
    size_t queued;      /* peers that wait for a dial */
} ic__swarm_stats;

void ic__swarm_options_default(ic__swarm_options *options);

/** @return 0; IC_ERR_INVALID without key or env; IC_ERR_NOMEM */
IC_CHECK int ic__swarm_new(ic__swarm **out, const ic__swarm_options *options,
                           uint64_t now);
void ic__swarm_free(ic__swarm *s);

/** What is wished for, or has happened, oldest first; false when there is nothing. */
bool ic__swarm_next(ic__swarm *s, ic__swarm_event *event);

/** When to call ic__swarm_expire, or IC__NEVER. */
uint64_t ic__swarm_deadline(const ic__swarm *s);
void ic__swarm_expire(ic__swarm *s, uint64_t now);

ic__swarm_stats ic__swarm_get_stats(const ic__swarm *s);

/* ---- topics ---- */

typedef struct ic__session_options {
    bool server;    /* be found; default true */
    bool client;    /* find and dial; default true */
    uint32_t limit; /* new peers a refresh; default UINT32_MAX */
} ic__session_options;

void ic__session_options_default(ic__session_options *options);

/**
 * Sessions of one topic share its queries: it is announced if one of them is a server,
 * and its peers are dialled if one is a client.
 *
 * @return 0; IC_ERR_INVALID for neither role; IC_ERR_LIMIT; IC_ERR_CLOSED; IC_ERR_NOMEM
 */
IC_CHECK int ic__swarm_join(ic__swarm *s, const uint8_t topic[IC__SWARM_TOPIC_BYTES],
                            const ic__session_options *options, uint64_t now,
                            ic__session **out);

/** Other roles, or just another look: the topic is refreshed. @return 0; IC_ERR_INVALID
 */
IC_CHECK int ic__session_refresh(ic__session *session, const ic__session_options *options,
                                 uint64_t now);

/** The session is gone when this returns. Connections stay. */
void ic__session_leave(ic__session *session, uint64_t now);

/* ---- flush ---- */

/** IC__SWARM_FLUSHED with this number follows when all that was found up to now was tried
 * once. @return 0; IC_ERR_CLOSED; IC_ERR_NOMEM */
IC_CHECK int ic__swarm_flush(ic__swarm *s, uint64_t now, uint64_t *out);

/** The same when the running query of this session's topic is over. */
IC_CHECK int ic__session_flush(ic__session *session, uint64_t now, uint64_t *out);

/* ---- peers ---- */

/** Dial it now and whenever it is gone. @return 0; IC_ERR_INVALID for our own key;
 * IC_ERR_CLOSED; IC_ERR_NOMEM */
IC_CHECK int ic__swarm_join_peer(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                                 uint64_t now);

/** A connection that is there stays. */
void ic__swarm_leave_peer(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                          uint64_t now);

/** Neither dial it nor let it in; a connection that is there stays. @return 0;
 * IC_ERR_INVALID for our own key; IC_ERR_NOMEM */
IC_CHECK int ic__swarm_ban(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                           uint64_t now);
void ic__swarm_unban(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES], uint64_t now);

/** May this peer begin a handshake? Then ask the user's firewall. */
bool ic__swarm_admits(const ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES]);

/** Dial it again after its connection has closed (on, from the start), or not. Unknown
 * peers are ignored. */
void ic__swarm_set_reconnect(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                             bool on);

/* ---- what the network tells ---- */

/** Does the server run? `error` 0, or why not. */
void ic__swarm_listening(ic__swarm *s, int error, uint64_t now);

/** A query found a peer. Relays beyond IC__SWARM_RELAYS, or with port 0, are ignored. */
void ic__swarm_found(ic__swarm *s, uint64_t query, const uint8_t key[IC__SWARM_KEY_BYTES],
                     const ic__addr *relays, size_t relay_count, uint64_t now);

void ic__swarm_query_done(ic__swarm *s, uint64_t query, int error, uint64_t now);

/** A dial is open: the peer is who it says. */
void ic__swarm_opened(ic__swarm *s, uint64_t id, uint64_t now);

/** Why a connection is gone. */
typedef struct ic__swarm_end {
    int error;     /* 0 or an ic_error */
    bool by_user;  /* our user closed it */
    bool no_punch; /* no direct way was found: try a relay */
} ic__swarm_end;

/** A dial failed, or a connection is gone, wished or not; the last of this id. */
void ic__swarm_closed(ic__swarm *s, uint64_t id, const ic__swarm_end *end, uint64_t now);

/** The id of the connection to `key` that a second one would meet; 0 = none. */
uint64_t ic__swarm_existing(const ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES]);

/**
 * A peer has connected to us and is who it says.
 *
 * @param from  its address; family 0 = unknown
 * @param used  ic__swarm_existing has received and sent bytes, handshake included
 * @return 0: IC__SWARM_CONNECTED, now or when the existing one has closed, or
 *         IC__SWARM_DESTROY follows. Else it is the caller's to destroy, and has no id:
 *         IC_ERR_EXISTS for a duplicate; IC_ERR_DENIED; IC_ERR_LIMIT; IC_ERR_CLOSED;
 *         IC_ERR_NOMEM
 */
IC_CHECK int ic__swarm_incoming(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                                const ic__addr *from, bool used, uint64_t now,
                                uint64_t *id);

/** We have other addresses than before: check connections, look at all topics. */
void ic__swarm_network_changed(ic__swarm *s, uint64_t now);

/* ---- life ---- */

/** Take back what was announced, end all connections; IC__SWARM_QUIET follows. */
void ic__swarm_suspend(ic__swarm *s, uint64_t now);
void ic__swarm_resume(ic__swarm *s, uint64_t now);

/** The same for good; sessions are gone. With `force`, nothing is taken back. */
void ic__swarm_close(ic__swarm *s, bool force, uint64_t now);

#endif
