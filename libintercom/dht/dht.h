/**
 * @file dht/dht.h
 * One node of a HyperDHT network: it stores for others and passes handshakes on; it
 * listens, connects, announces, looks up.
 *
 * Shape    an ic__dht is driven by recv, expire and the calls for streams; it acts
 *          through its ic__dht_host. Operations, servers and dials belong to it
 * Spec     docs/spec/06-hyperdht.md
 * Threads  one at a time
 * Errors   0 or a negative ic_error; outputs are written only on 0
 *
 * Callbacks run inside of the functions that take `now`, never inside of the call that
 * asked for them, and may call anything but ic__dht_free.
 */
#ifndef DHT_DHT_H
#define DHT_DHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/noise.h"
#include "dht/host.h"
#include "dht/rpc.h"
#include "intercom/api.h"
#include "intercom/identity.h"

#define IC__DHT_RELAYS_MAX 3     /* addresses that a peer record keeps */
#define IC__DHT_ADDRESSES_MAX 16 /* of a peer that we look at */

typedef struct ic__dht ic__dht;

typedef struct ic__dht_options {
    ic__rpc_options rpc;
    uint32_t max_records;          /* announced, of all topics; default 65536 */
    uint32_t max_routes;           /* of self-announces; default 65536 */
    uint32_t max_values;           /* mutable, and as many immutable; default 32768 */
    uint32_t max_value_bytes;      /* of mutable values, and of others; default 16 MiB */
    uint32_t max_stored_host;      /* of each of these, by one host; default 8192 */
    uint32_t max_value_bytes_host; /* the same, in bytes; default 2 MiB; 0 = no limit */
    uint32_t max_handshakes;       /* unfinished ones of our servers; default 2048 */
    uint32_t max_handshakes_host;  /* the same, of one host; default 1024, 0 = no limit */
    uint32_t max_punch_sockets;    /* default 256 */
    uint64_t random_punch_interval_ns; /* between two; default 20 s */
} ic__dht_options;

void ic__dht_options_default(ic__dht_options *opts);

typedef struct ic__dht_events {
    void (*on_ready)(void *user); /* the first walk is over */
    void (*on_persistent)(void *user);
    /** The network came, went, changed: announce and look up again. */
    void (*on_network)(void *user);
    void *user;
} ic__dht_events;

/** `host` is copied, its user must outlive the node. `opts` NULL = defaults; each event
 * may be NULL. @return 0; IC_ERR_INVALID; IC_ERR_NOMEM */
IC_CHECK int ic__dht_new(ic__dht **out, const ic_env *env, const ic__dht_host *host,
                         const ic__dht_options *opts, const ic__dht_events *events,
                         uint64_t now);

/** At once, without a word to anybody; no callback comes. NULL is fine. */
void ic__dht_free(ic__dht *d);

/** Begin, once both sockets are bound. */
IC_CHECK int ic__dht_start(ic__dht *d, uint64_t now);

void ic__dht_recv(ic__dht *d, uint32_t sock, const ic__addr *from, const uint8_t *data,
                  size_t len, uint64_t now);
uint64_t ic__dht_deadline(const ic__dht *d);
void ic__dht_expire(ic__dht *d, uint64_t now);

/** Before a call that takes no `now`, when it does not come from one of our callbacks. */
void ic__dht_set_now(ic__dht *d, uint64_t now);

/** Requests and dials end with IC_ERR_CANCELED, nothing is sent any more, and what was
 * announced grows old at other nodes; the host may then close the sockets, and bind them
 * again before resume. */
void ic__dht_suspend(ic__dht *d, uint64_t now);
IC_CHECK int ic__dht_resume(ic__dht *d, uint64_t now);

/** Interfaces came or went. */
void ic__dht_network_changed(ic__dht *d, uint64_t now);

ic__rpc *ic__dht_rpc(ic__dht *d);

/** Others see our host, and each of them another port: a NAT that is hard to punch. */
bool ic__dht_is_randomized(const ic__dht *d);

/* What happens to streams that the host made for us, by their local ids. */

/**
 * A packet came for a stream that is not connected, or by a way that is not its own.
 *
 * @return true to take it (the stream is connected now), false to drop it
 */
bool ic__dht_stream_packet(ic__dht *d, uint32_t local_id, uint32_t sock,
                           const ic__addr *from, uint64_t now);

/** Before it was connected, a packet said that the peer's end of it is gone: a dial ends
 * with IC_ERR_CLOSED once the peer's answer is here. */
void ic__dht_stream_refused(ic__dht *d, uint32_t local_id, uint64_t now);

/** Something authentic came by the way that it goes now: other ways are not needed any
 * more. Once after it was connected, and once more after each stream_connect that moved
 * it. */
void ic__dht_stream_proven(ic__dht *d, uint32_t local_id, uint64_t now);

/** It is gone, for whatever reason. Nothing happens for one that we do not know. */
void ic__dht_stream_gone(ic__dht *d, uint32_t local_id, uint64_t now);

/** The blind relay has paired us: it listens at `to` under the number remote_id, and we
 * reach it by `sock`. */
void ic__dht_relay_paired(ic__dht *d, uint32_t local_id, uint32_t sock,
                          const ic__addr *to, uint32_t remote_id, uint64_t now);
void ic__dht_relay_failed(ic__dht *d, uint32_t local_id, int error, uint64_t now);

/** A connection: the stream is connected (or will be moved to a better way), and is the
 * receiver's from now on. The keys are for ic__ss_new_keyed; wipe them. */
typedef struct ic__dht_connection {
    uint32_t local_id;
    uint32_t sock; /* it goes by this one, to begin with */
    ic__addr remote;
    bool initiator;
    bool relayed;          /* over a blind relay, to begin with */
    bool reusable;         /* the other one takes a next connection by the same way */
    ic__noise_result keys; /* remote_key says who it is */
} ic__dht_connection;

/* Listening. */

typedef struct ic__dht_server ic__dht_server;

typedef struct ic__dht_server_events {
    /** Somebody wants to connect; true refuses, in silence. May be NULL. */
    bool (*firewall)(void *user, const uint8_t remote_key[IC__DHT_KEY_BYTES],
                     const ic__addr *from);
    void (*connection)(void *user, const ic__dht_connection *connection);
    /** Others can find us: the announce has reached somebody. May be NULL. */
    void (*listening)(void *user);
    void *user;
} ic__dht_server_events;

typedef struct ic__dht_server_options {
    const ic_identity *identity;  /* used during the call */
    const uint8_t *relay_through; /* key of a blind relay, copied; default NULL */
    bool relay_if_random; /* name it only while ic__dht_is_randomized; default false */
    bool announce;        /* default true; false: only who knows our address finds us */
    bool holepunch;       /* default true */
    bool share_local_addresses; /* default true */
} ic__dht_server_options;

void ic__dht_server_options_default(ic__dht_server_options *opts);

/** @return 0; IC_ERR_EXISTS when this key listens already; IC_ERR_CLOSED while suspended;
 *         IC_ERR_NOMEM */
IC_CHECK int ic__dht_listen(ic__dht *d, const ic__dht_server_options *opts,
                            const ic__dht_server_events *events, ic__dht_server **out);

/** Unannounce, then `on_closed` (may be NULL) once; handshakes under way are dropped,
 * connections stay. After the call no other callback comes. NULL is fine. */
void ic__dht_server_close(ic__dht_server *server, void (*on_closed)(void *user),
                          void *user);

const uint8_t *ic__dht_server_key(const ic__dht_server *server);

/** Where it can be reached, for announces of topics. */
size_t ic__dht_server_relays(const ic__dht_server *server,
                             ic__addr out[IC__DHT_RELAYS_MAX]);

/** Announce again, soon. */
void ic__dht_server_refresh(ic__dht_server *server);

/* Connecting. */

typedef struct ic__dht_dial ic__dht_dial;

typedef struct ic__dht_dial_options {
    const ic_identity *identity;  /* used during the call */
    const uint8_t *remote_key;    /* copied */
    const ic__addr *relays;       /* nodes that may know it, asked first; copied */
    size_t relay_count;           /* at most IC__DHT_ADDRESSES_MAX are used */
    const uint8_t *relay_through; /* key of a blind relay, copied; default NULL */
    bool lan;                     /* try local addresses; default true */
    bool holepunch;               /* default true */
    /**
     * Once: 0 and the connection; or NULL and IC_ERR_NOT_FOUND, nobody knows this key;
     * IC_ERR_TIMEOUT, it was found and did not answer; IC_ERR_UNSUPPORTED, it speaks
     * another version; IC_ERR_DENIED, no way through the two NATs (as `reason` tells);
     * IC_ERR_CLOSED, the server gave up; IC_ERR_CANCELED, suspended; IC_ERR_LIMIT;
     * IC_ERR_NOMEM.
     */
    void (*on_done)(void *user, int error, const ic__dht_connection *connection);
    void *user;
} ic__dht_dial_options;

void ic__dht_dial_options_default(ic__dht_dial_options *opts);

/** @return 0; IC_ERR_INVALID; IC_ERR_AUTH when the key is no proper point; IC_ERR_CLOSED
 *         while suspended; IC_ERR_LIMIT; IC_ERR_NOMEM */
IC_CHECK int ic__dht_connect(ic__dht *d, const ic__dht_dial_options *opts,
                             ic__dht_dial **out);

/** Why a dial ended with IC_ERR_DENIED, and the like: the name that JavaScript gives to
 * it, such as "HOLEPUNCH_ABORTED". Valid inside of on_done. */
const char *ic__dht_dial_reason(const ic__dht_dial *dial);

/** Forget it: on_done will not come. NULL is fine. */
void ic__dht_dial_cancel(ic__dht_dial *dial);

#endif
