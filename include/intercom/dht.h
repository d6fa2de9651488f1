/**
 * @file intercom/dht.h
 * A node of a HyperDHT network: listen under a key, connect by key, through NATs; tell
 * and ask who is interested in a topic; keep small values.
 *
 * Every network is private unless it is told otherwise: a node knows nobody but those in
 * its list of bootstrap nodes, and without a list it is the first of a new network.
 *
 * An address is a text such as "192.0.2.7:49737"; a list of them has commas between.
 *
 * Spec     docs/spec/06-hyperdht.md; docs/spec/05-dht-rpc.md
 * Threads  a node and all that belongs to it are of the thread that runs the event base;
 *          host names are looked up on a thread of their own
 * Errors   0 or a negative ic_error; outputs are written only on 0
 *
 * Callbacks come from the loop, never from inside a call, and may call anything. What
 * they are given is borrowed and dies when they return, unless it is an actor.
 */
#ifndef INTERCOM_DHT_H
#define INTERCOM_DHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/stream.h"
#include "intercom/sys/env.h"

IC_BEGIN_DECLS

struct event_base;

#define IC_DHT_PORT 49737
#define IC_DHT_KEY_BYTES 32    /* of a public key, a topic, a hash */
#define IC_DHT_VALUE_MAX 1000  /* bytes of a value that is stored */
#define IC_DHT_ADDRESSES_MAX 3 /* nodes by which others find a server */

/** The public network's bootstrap nodes: nothing contacts them unless they are given. */
#define IC_DHT_PUBLIC_BOOTSTRAP                                                          \
    "88.99.3.86@node1.hyperdht.org:49737,142.93.90.113@node2.hyperdht.org:49737,"        \
    "138.68.147.8@node3.hyperdht.org:49737"

typedef struct ic_dht ic_dht;       /* actor: new, close */
typedef struct ic_server ic_server; /* actor, owned by its node: listen, close */
typedef struct ic_dial ic_dial;     /* a connect under way; gone after on_done */
typedef struct ic_dht_op ic_dht_op; /* a question under way; gone after on_done */

typedef enum ic_dht_mode {
    IC_DHT_ADAPTIVE = 0,    /* stores for others once it has proven reachable */
    IC_DHT_EPHEMERAL = 1,   /* never stores for others */
    IC_DHT_PERSISTENT = 2,  /* as soon as it knows its address */
    IC_DHT_BOOTSTRAPPER = 3 /* at once: `host` and `port` are how others reach it */
} ic_dht_mode;

typedef struct ic_dht_options {
    size_t struct_size;      /* set by ic_dht_options_default */
    struct event_base *base; /* must run, and live until on_closed */
    const ic_env *env;       /* copied; default NULL = the system's */
    const char *bootstrap;   /* list; also "host:port", "address@host:port" (the address
                              * is taken, the name is for people) and a bare port of
                              * 127.0.0.1; default NULL = none */
    const char *host;        /* address to bind, without a port; default "0.0.0.0" */

    /** The first walk through the network is over. */
    void (*on_ready)(ic_dht *dht, void *user);
    /** From now on it stores for others. */
    void (*on_persistent)(ic_dht *dht, void *user);
    /** The network came, went, or our addresses changed. */
    void (*on_network)(ic_dht *dht, void *user);
    void *user;

    uint32_t max_streams;       /* connections and handshakes, count; default 8192 */
    uint32_t max_records;       /* announced at this node, count; default 65536 */
    uint32_t max_values;        /* stored here, count, of each kind; default 32768 */
    uint32_t max_value_bytes;   /* of all of them; default 32 MiB */
    uint32_t max_handshakes;    /* unfinished ones of our servers, count; default 2048 */
    uint32_t max_punch_sockets; /* count; default 256 */
    ic_dht_mode mode;           /* default IC_DHT_ADAPTIVE */
    uint16_t port;              /* default 49737; 0 = any */
    bool any_port;              /* `port` is taken: the next four, then any; default true;
                                 * a bootstrapper takes `port` or nothing */
    bool firewalled;            /* until proven otherwise; default true */
} ic_dht_options;

IC_API void ic_dht_options_init(ic_dht_options *opts, size_t struct_size);
static inline void ic_dht_options_default(ic_dht_options *opts)
{
    ic_dht_options_init(opts, sizeof *opts);
}

/**
 * Open the sockets and join the network.
 *
 * @return 0; IC_ERR_INVALID without a base, for a list or host that is none, or for a
 *         bootstrapper without its own address; IC_ERR_IO when the system
 *         refuses the address; IC_ERR_LIMIT, more than 32 bootstrap nodes; IC_ERR_NOMEM;
 *         IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_dht_new(const ic_dht_options *opts, ic_dht **out);

/** Where others ask us, such as "0.0.0.0:49737"; borrowed. */
IC_API const char *ic_dht_address(const ic_dht *dht);

/**
 * End dials and questions with IC_ERR_CANCELED, take announces of servers back (for two
 * seconds at most), close servers and streams; then `on_closed` (may be NULL) once from
 * the loop, and it is gone. A host name that is being looked up is waited for, as long as
 * the system's resolver takes: its threads cannot be stopped. Again, and NULL, are fine.
 */
IC_API void ic_dht_close(ic_dht *dht, void (*on_closed)(void *user), void *user);

/** Sleep: servers unannounce, dials, questions and streams end. Again is fine. */
IC_API void ic_dht_suspend(ic_dht *dht);

/** Wake up: bind the same ports if they are free, and announce again.
 * @return 0, also when it was awake; IC_ERR_IO; IC_ERR_NOMEM */
IC_API IC_CHECK int ic_dht_resume(ic_dht *dht);

/** How a node is doing. Later versions append. */
typedef struct ic_dht_stats {
    uint64_t nodes;      /* in the routing table */
    uint64_t persistent; /* 1 = it stores for others */
    uint64_t firewalled; /* 1 = strangers do not get through, as far as it knows */
    uint64_t streams;    /* connections and unfinished handshakes */
    uint64_t datagrams_in;
    uint64_t datagrams_out;
    uint64_t requests_in;
    uint64_t requests_out;
    uint64_t replies_in;
    uint64_t timeouts;
    uint64_t retransmits;
    uint64_t dropped_malformed;   /* datagrams that are none of ours */
    uint64_t dropped_unexpected;  /* replies to nothing, or of somebody else */
    uint64_t dropped_flood;       /* requests, too many from one address */
    uint64_t dropped_limit;       /* requests, a table was full */
    uint64_t dropped_truncated;   /* datagrams that are too long */
    uint64_t dropped_waiting;     /* the kernel was full for too long */
    uint64_t dropped_refused;     /* by the kernel, when sent */
    uint64_t dropped_stranger;    /* packets for a stream, from somebody else */
    uint64_t dropped_connections; /* above a server's max_connections, or no memory */
    uint64_t wrong_ids;
    uint64_t wrong_tokens;
    uint64_t relayed; /* pairs whose packets its blind relays carry */
} ic_dht_stats;

/** Write the first `size` bytes of it, sizeof(ic_dht_stats) of the caller. */
IC_API void ic_dht_get_stats(const ic_dht *dht, ic_dht_stats *out, size_t size);

/* Listening. */

typedef struct ic_server_options {
    size_t struct_size;           /* set by ic_server_options_default */
    const ic_identity *identity;  /* who listens; used during the call */
    const uint8_t *relay_through; /* key of a blind relay, copied; default NULL */

    /** Somebody wants to connect; true refuses, and nobody hears of it. */
    bool (*firewall)(ic_server *server, const uint8_t *remote_key, const char *address,
                     void *user);
    /** A connection: give it callbacks with ic_stream_use or ic_mux_new_over before this
     * returns, else it is closed. Its key and hash are known, and it may be written to.
     */
    void (*on_connection)(ic_server *server, ic_stream *stream, void *user);
    /** Others can find us now. */
    void (*on_listening)(ic_server *server, void *user);
    void *user;

    bool announce;  /* default true; false: only who knows our address finds us */
    bool holepunch; /* default true */
    bool share_local_addresses; /* default true */
    bool relay; /* be a blind relay: whoever connects is paired with another, and
                 * on_connection is not called; default false */
    bool relay_if_random;     /* name relay_through only while our NAT shows each peer
                               * another port; default false */
    uint32_t max_connections; /* open at a time, count; default 0 = the node's limit */
    uint64_t keepalive_ns;    /* of the streams, as in ic_stream_options */
} ic_server_options;

IC_API void ic_server_options_init(ic_server_options *opts, size_t struct_size);
static inline void ic_server_options_default(ic_server_options *opts)
{
    ic_server_options_init(opts, sizeof *opts);
}

/**
 * Listen under the key of an identity.
 *
 * @return 0; IC_ERR_INVALID without an identity, or on_connection for what is no relay;
 *         IC_ERR_EXISTS when this key listens already; IC_ERR_AGAIN while names of
 *         bootstrap nodes are looked up (wait for on_ready); IC_ERR_CLOSED while
 *         suspended or closing; IC_ERR_NOMEM; IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_dht_listen(ic_dht *dht, const ic_server_options *opts,
                                  ic_server **out);

/** The key that it listens under, 32 bytes, borrowed. */
IC_API const uint8_t *ic_server_key(const ic_server *server);

/**
 * Take its announces back and accept nobody; connections stay. `on_closed` (may be NULL)
 * follows once from the loop, and it is gone. Again, and NULL, are fine.
 */
IC_API void ic_server_close(ic_server *server, void (*on_closed)(void *user), void *user);

/* Connecting. */

typedef struct ic_dial_options {
    size_t struct_size;           /* set by ic_dial_options_default */
    const ic_identity *identity;  /* who calls; used during the call */
    const uint8_t *remote_key;    /* whom, 32 bytes, copied */
    const char *nodes;            /* list of those that may know it; default NULL */
    const uint8_t *relay_through; /* key of a blind relay, copied; default NULL */

    /**
     * The last call, once. 0 and the stream, which needs callbacks before this returns
     * (ic_stream_use, ic_mux_new_over), else it is closed. Or NULL and: IC_ERR_NOT_FOUND,
     * nobody knows this key; IC_ERR_TIMEOUT, it was found and does not answer;
     * IC_ERR_DENIED, no way through the two NATs; IC_ERR_CLOSED, the server gave up;
     * IC_ERR_UNSUPPORTED, it speaks another version; IC_ERR_CANCELED; IC_ERR_LIMIT;
     * IC_ERR_NOMEM. `reason` is the name that JavaScript gives to it, or "".
     */
    void (*on_done)(ic_dial *dial, int error, const char *reason, ic_stream *stream,
                    void *user);
    void *user;

    bool lan;              /* try local addresses; default true */
    bool holepunch;        /* default true */
    uint64_t keepalive_ns; /* of the stream, as in ic_stream_options */
} ic_dial_options;

IC_API void ic_dial_options_init(ic_dial_options *opts, size_t struct_size);
static inline void ic_dial_options_default(ic_dial_options *opts)
{
    ic_dial_options_init(opts, sizeof *opts);
}

/**
 * Connect to whoever listens under a key.
 *
 * @param out  how to cancel it; may be NULL
 * @return 0; IC_ERR_INVALID without an identity, a key or on_done, or for a list that is
 *         none; IC_ERR_AUTH when the key is no proper point; IC_ERR_AGAIN while names of
 *         bootstrap nodes are looked up (wait for on_ready); IC_ERR_CLOSED while
 *         suspended or closing; IC_ERR_LIMIT; IC_ERR_NOMEM; IC_ERR_UNSUPPORTED
 */
IC_API IC_CHECK int ic_dht_connect(ic_dht *dht, const ic_dial_options *opts,
                                   ic_dial **out);

/** Forget it; on_done will not come. NULL is fine. */
IC_API void ic_dial_cancel(ic_dial *dial);

/* Asking and telling. What others stored is a hint: they checked the signatures. */

/** Somebody who announced. */
typedef struct ic_dht_peer {
    const uint8_t *public_key; /* 32 bytes */
    const char *nodes;         /* list, for ic_dial_options; perhaps empty */
    const char *from;          /* the node that told */
} ic_dht_peer;

/** A value, or how long an answer took. */
typedef struct ic_dht_answer {
    const uint8_t *value;
    size_t len;
    uint64_t seq;       /* of a mutable value */
    uint64_t rtt_ns;    /* of a ping */
    const char *from;   /* of a ping: who answered */
    const char *own_as; /* of a ping: our address, as it was seen there */
} ic_dht_answer;

#define IC_DHT_NEAR_MAX 20

/** The nodes at which questions about one topic or key end: kept, the next one about the
 * same begins there. All zero at first. */
typedef struct ic_dht_near {
    uint8_t nodes[IC_DHT_NEAR_MAX][6]; /* IPv4 address, port (little-endian) */
    uint8_t count;
    bool only; /* ask no others, and each of them once; if there are any */
} ic_dht_near;

typedef struct ic_dht_op_options {
    size_t struct_size; /* set by ic_dht_op_options_default */
    /** One record of a lookup; the same peer may come often. May be NULL. */
    void (*on_peer)(ic_dht_op *op, const ic_dht_peer *peer, void *user);
    /** Once, before on_done, when there is one. May be NULL. */
    void (*on_answer)(ic_dht_op *op, const ic_dht_answer *answer, void *user);
    /**
     * The last call, once. 0: there was an answer, or at least one node stored it.
     * IC_ERR_NOT_FOUND: nobody answered, or has it; IC_ERR_TIMEOUT, of a ping;
     * IC_ERR_EXISTS: the network has another value under this seq, or a later one;
     * IC_ERR_CANCELED. `nodes` = how many stored it, or answered. May be NULL.
     */
    void (*on_done)(ic_dht_op *op, int error, size_t nodes, void *user);
    void *user;
    /** Where a question about a topic or key begins, and, when on_done says 0, where it
     * has ended; must outlive it. Default NULL. */
    ic_dht_near *near;
} ic_dht_op_options;

IC_API void ic_dht_op_options_init(ic_dht_op_options *opts, size_t struct_size);
static inline void ic_dht_op_options_default(ic_dht_op_options *opts)
{
    ic_dht_op_options_init(opts, sizeof *opts);
}

/* All of these take the same options, and give in `out` (may be NULL) how to cancel. They
 * return 0; IC_ERR_AGAIN while names of bootstrap nodes are looked up (wait for
 * on_ready); IC_ERR_CLOSED while suspended or closing; IC_ERR_NOMEM; IC_ERR_UNSUPPORTED;
 * and what is said below. */

/** Who announced a topic? */
IC_API IC_CHECK int ic_dht_lookup(ic_dht *dht, const uint8_t topic[IC_DHT_KEY_BYTES],
                                  const ic_dht_op_options *opts, ic_dht_op **out);

/** Who listens under a key, and which nodes know it? */
IC_API IC_CHECK int ic_dht_find_peer(ic_dht *dht, const uint8_t key[IC_DHT_KEY_BYTES],
                                     const ic_dht_op_options *opts, ic_dht_op **out);

/** Tell that `identity` can be found for a topic, by `server` (may be NULL) if that
 * listens. It lasts for 20 minutes. `identity` is used during the call. */
IC_API IC_CHECK int ic_dht_announce(ic_dht *dht, const uint8_t topic[IC_DHT_KEY_BYTES],
                                    const ic_identity *identity, const ic_server *server,
                                    const ic_dht_op_options *opts, ic_dht_op **out);

/** Take it back. */
IC_API IC_CHECK int ic_dht_unannounce(ic_dht *dht, const uint8_t topic[IC_DHT_KEY_BYTES],
                                      const ic_identity *identity,
                                      const ic_dht_op_options *opts, ic_dht_op **out);

/** The name of an immutable value, the topic of a key: BLAKE2b-256. */
IC_API void ic_dht_hash(uint8_t hash[IC_DHT_KEY_BYTES], const void *data, size_t len);

/** Store bytes under their hash, for 48 hours. @return also IC_ERR_LIMIT above
 * IC_DHT_VALUE_MAX */
IC_API IC_CHECK int ic_dht_immutable_put(ic_dht *dht, const uint8_t *value, size_t len,
                                         const ic_dht_op_options *opts, ic_dht_op **out);
IC_API IC_CHECK int ic_dht_immutable_get(ic_dht *dht,
                                         const uint8_t hash[IC_DHT_KEY_BYTES],
                                         const ic_dht_op_options *opts, ic_dht_op **out);

/** Store bytes under the key of an identity, signed; a higher `seq` replaces a lower one.
 * @return also IC_ERR_LIMIT above IC_DHT_VALUE_MAX */
IC_API IC_CHECK int ic_dht_mutable_put(ic_dht *dht, const ic_identity *identity,
                                       uint64_t seq, const uint8_t *value, size_t len,
                                       const ic_dht_op_options *opts, ic_dht_op **out);

/** @param latest  true: ask all, take the highest seq; false: take the first answer whose
 *                 seq is `least_seq` or more */
IC_API IC_CHECK int ic_dht_mutable_get(ic_dht *dht, const uint8_t key[IC_DHT_KEY_BYTES],
                                       uint64_t least_seq, bool latest,
                                       const ic_dht_op_options *opts, ic_dht_op **out);

/** Is there a node at this address? @return also IC_ERR_INVALID for one that is none */
IC_API IC_CHECK int ic_dht_ping(ic_dht *dht, const char *address,
                                const ic_dht_op_options *opts, ic_dht_op **out);

/** Forget it; no callback comes. NULL is fine. */
IC_API void ic_dht_op_cancel(ic_dht_op *op);

IC_END_DECLS

#endif
