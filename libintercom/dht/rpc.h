/**
 * @file dht/rpc.h
 * The remote procedure calls under the DHT: requests that are repeated, replies, the
 * routing table, tokens, and what the node learns of its own address.
 *
 * Shape    ic__rpc is a value driven by recv and its clock; a request in flight is owned
 *          by it
 * Spec     docs/spec/05-dht-rpc.md
 * Threads  one at a time
 * Errors   0 or a negative ic_error; outputs are written only on 0
 *
 * Callbacks run inside of ic__rpc_recv and of ic__clock_run, never inside of the call
 * that asked for them, and may call anything but ic__rpc_free.
 */
#ifndef DHT_RPC_H
#define DHT_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "dht/clock.h"
#include "dht/host.h"
#include "intercom/api.h"
#include "intercom/sys/env.h"

#define IC__RPC_K 20              /* nodes in a row, in an answer, around a target */
#define IC__RPC_DATAGRAM_MAX 2048 /* JavaScript takes no more */
#define IC__RPC_VALUE_MAX 1200    /* of a request or reply of ours */

/* Commands of this layer (`internal`), spec 05, section 4. */
enum {
    IC__RPC_PING = 0,
    IC__RPC_PING_NAT = 1,
    IC__RPC_FIND_NODE = 2,
    IC__RPC_DOWN_HINT = 3,
    IC__RPC_DELAYED_PING = 4
};

/* Error numbers of a reply. */
enum { IC__RPC_OK = 0, IC__RPC_UNKNOWN_COMMAND = 1, IC__RPC_INVALID_TOKEN = 2 };

typedef struct ic__rpc ic__rpc;
typedef struct ic__rpc_pending ic__rpc_pending; /* a request of ours, in flight */

typedef enum ic__rpc_mode {
    IC__RPC_ADAPTIVE,  /* ephemeral at first, persistent when it proves reachable */
    IC__RPC_EPHEMERAL, /* for good */
    IC__RPC_PERSISTENT /* as soon as its address is known */
} ic__rpc_mode;

typedef struct ic__rpc_options {
    const ic__addr *bootstrap; /* copied; none = the first node of a network */
    size_t bootstrap_count;    /* at most 32 */
    ic__rpc_mode mode;         /* default IC__RPC_ADAPTIVE */
    ic__addr public_address;   /* known beforehand: a bootstrap node; default none */
    bool firewalled;           /* until proven otherwise; default true */
    bool adaptive_timeouts;    /* default false, as in JavaScript */
    uint32_t concurrency;      /* requests of a query at a time; default 10 */
    uint32_t max_pending;      /* requests in flight or queued; default 4096 */
    uint32_t max_delayed;      /* DELAYED_PINGs; default 256, of one host 16, but of
                                * 127.0.0.0/8 all */
    uint32_t down_hints;       /* sent per tick; default 50 */
    uint32_t max_query_visits; /* nodes asked by one query; default 512 */
    uint32_t max_replies_per_second; /* to one host; default 2000, 0 = no limit, as for
                                      * 127.0.0.0/8: many nodes of one machine */
} ic__rpc_options;

void ic__rpc_options_default(ic__rpc_options *opts);

/** A request that came in. Everything is borrowed. */
typedef struct ic__rpc_request {
    ic__addr from;
    ic__addr to;   /* us, as the sender sees us */
    uint32_t sock; /* it came by this one, and the reply leaves by it */
    uint16_t tid;
    bool internal;    /* always false for on_request */
    bool token_valid; /* it carried a token, which was ours and fresh */
    uint32_t command;
    const uint8_t *id;     /* of a persistent node, proven by its address; else NULL */
    const uint8_t *target; /* or NULL */
    const uint8_t *token;  /* as received, or NULL */
    const uint8_t *value;  /* or NULL */
    size_t value_len;
} ic__rpc_request;

/** An answer to a request of ours. Everything is borrowed. */
typedef struct ic__rpc_reply {
    ic__addr from;
    ic__addr to;          /* us, as the other one sees us */
    uint32_t sock;        /* it came by this one */
    uint32_t error;       /* IC__RPC_OK, ... */
    const uint8_t *id;    /* of a persistent node; else NULL */
    const uint8_t *token; /* or NULL */
    const uint8_t *value; /* or NULL */
    size_t value_len;
    const ic__addr *closer;
    size_t closer_count; /* at most IC__RPC_K */
    uint64_t rtt_ns;     /* since the last repetition */
} ic__rpc_reply;

typedef struct ic__rpc_events {
    /** A request of an application. @return false when the command is unknown, which
     * is then said to the sender; true when it was answered, or dropped on purpose. */
    bool (*on_request)(void *user, const ic__rpc_request *request);
    /** A datagram of one byte, by any socket. */
    void (*on_punch)(void *user, uint32_t sock, const ic__addr *from);
    /** Any datagram of this layer was taken, before anything else happens to it. May be
     * NULL. */
    void (*on_heard)(void *user, uint32_t sock, const ic__addr *from);
    /** The first walk is over (also when nobody answered). */
    void (*on_ready)(void *user);
    /** From now on the node has an id that others know. */
    void (*on_persistent)(void *user);
    /** And back, after a sleep. */
    void (*on_ephemeral)(void *user);
    /** The network came, went, or is bad. */
    void (*on_health)(void *user);
    /** The machine slept: addresses may have changed. */
    void (*on_wakeup)(void *user);
    void *user;
} ic__rpc_events;

/** `clock` and `host` must outlive it; both sockets are bound. Nothing is sent before
 * ic__rpc_start. @return 0; IC_ERR_NOMEM; IC_ERR_INVALID */
IC_CHECK int ic__rpc_new(ic__rpc **out, const ic_env *env, ic__clock *clock,
                         const ic__dht_host *host, const ic__rpc_options *opts,
                         const ic__rpc_events *events);

/** Requests in flight are dropped without their callback. NULL is fine. */
void ic__rpc_free(ic__rpc *rpc);

/** Begin: bootstrap, then ticks. */
IC_CHECK int ic__rpc_start(ic__rpc *rpc);

/** A datagram that is no stream's. */
void ic__rpc_recv(ic__rpc *rpc, uint32_t sock, const ic__addr *from, const uint8_t *data,
                  size_t len);

/** Spec 05, section 12. Requests in flight end with IC_ERR_CANCELED. */
void ic__rpc_suspend(ic__rpc *rpc);
IC_CHECK int ic__rpc_resume(ic__rpc *rpc);

/** Everything about one request. */
typedef struct ic__rpc_call {
    ic__addr to;
    uint32_t sock; /* default IC__DHT_ANY_SOCKET; spec 05, section 7 */
    bool internal;
    bool force; /* past the congestion window, and without repetition */
    uint32_t command;
    uint32_t retries;      /* repetitions */
    uint64_t timeout_ns;   /* of an attempt; 0 = as spec 05, section 6 */
    const uint8_t *target; /* copied, or NULL */
    const uint8_t *token;  /* copied, or NULL */
    const uint8_t *value;  /* copied, or NULL */
    size_t value_len;
    /** An attempt has had no answer. May be NULL. */
    void (*on_slow)(void *user);
    /** Exactly once, unless cancelled: 0 and the reply (with any error number); or
     * IC_ERR_TIMEOUT, or IC_ERR_CANCELED when the node was suspended, and NULL. */
    void (*on_done)(void *user, int error, const ic__rpc_reply *reply);
    void *user;
} ic__rpc_call;

/** A request to `to` with three repetitions. */
ic__rpc_call ic__rpc_call_to(const ic__addr *to, bool internal, uint32_t command);

/**
 * Send a request, now or when the window allows.
 *
 * @param pending  how to cancel it; may be NULL; dies before on_done
 * @return 0; IC_ERR_AGAIN at max_pending; IC_ERR_LIMIT for a value above
 *         IC__RPC_VALUE_MAX; IC_ERR_INVALID for an address that nobody has; IC_ERR_CLOSED
 *         while suspended; IC_ERR_NOMEM
 */
IC_CHECK int ic__rpc_call_send(ic__rpc *rpc, const ic__rpc_call *call,
                               ic__rpc_pending **pending);

/** Forget it; on_done will not come. NULL is fine. */
void ic__rpc_cancel(ic__rpc *rpc, ic__rpc_pending *pending);

/** The same for all whose `user` is this, queries not included. */
void ic__rpc_cancel_user(ic__rpc *rpc, const void *user);

/** What a reply has besides its value. */
enum { IC__RPC_WITH_TOKEN = 1, IC__RPC_WITH_CLOSER = 2 };

/** Answer a request by the socket that it came by. `value` may be NULL. */
void ic__rpc_answer(ic__rpc *rpc, const ic__rpc_request *request, uint32_t error,
                    const uint8_t *value, size_t value_len, unsigned with);

/** A bare answer to somebody else's request: for `tid`, to `to`, by `sock` (06, 4). */
void ic__rpc_answer_to(ic__rpc *rpc, uint32_t sock, uint16_t tid, const ic__addr *to,
                       const uint8_t *value, size_t value_len);

/** Pass a request on under its own tid; nobody waits for an answer here (06, 4). */
void ic__rpc_pass_on(ic__rpc *rpc, uint32_t sock, uint16_t tid, const ic__addr *to,
                     uint32_t command, const uint8_t *target, const uint8_t *value,
                     size_t value_len);

/** One byte, to open a way (06, 8). */
void ic__rpc_punch(ic__rpc *rpc, uint32_t sock, const ic__addr *to, uint8_t ttl);

/* What the node knows of itself. */

bool ic__rpc_is_persistent(const ic__rpc *rpc);
bool ic__rpc_is_firewalled(const ic__rpc *rpc);
bool ic__rpc_is_ready(const ic__rpc *rpc);
bool ic__rpc_is_suspended(const ic__rpc *rpc);

/** IC__DHT_KEY_BYTES, borrowed: the id in our table, sent when persistent. */
const uint8_t *ic__rpc_id(const ic__rpc *rpc);

/** As others see us: family 0 = unknown; port 0 = our NAT gives a new one each time. */
ic__addr ic__rpc_public_address(const ic__rpc *rpc);

typedef enum ic__rpc_health {
    IC__RPC_COLD,
    IC__RPC_ONLINE,
    IC__RPC_DEGRADED,
    IC__RPC_OFFLINE
} ic__rpc_health;

ic__rpc_health ic__rpc_get_health(const ic__rpc *rpc);

/** Nodes of the table around a target, in the order of spec 05, section 8. */
size_t ic__rpc_closest(const ic__rpc *rpc, const uint8_t target[IC__DHT_KEY_BYTES],
                       ic__addr *out, size_t cap);

/** Nodes of the table, the one heard last first, after `skip` of them. */
size_t ic__rpc_latest(const ic__rpc *rpc, size_t skip, ic__addr *out, size_t cap);

size_t ic__rpc_node_count(const ic__rpc *rpc);
size_t ic__rpc_bootstrap(const ic__rpc *rpc, ic__addr *out, size_t cap);

ic__clock *ic__rpc_clock(ic__rpc *rpc);
const ic_env *ic__rpc_env(const ic__rpc *rpc);
const ic__dht_host *ic__rpc_host(const ic__rpc *rpc);

/** The id that belongs to an address: BLAKE2b-256 of its six bytes. */
void ic__rpc_id_of(uint8_t id[IC__DHT_KEY_BYTES], const ic__addr *addr);

/** A hash of a public key, a value: BLAKE2b-256. */
void ic__dht_hash(uint8_t out[IC__DHT_KEY_BYTES], const void *data, size_t len);

typedef struct ic__rpc_stats {
    uint64_t datagrams_in;
    uint64_t datagrams_out;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t requests_in;
    uint64_t requests_out;
    uint64_t replies_in;
    uint64_t timeouts;
    uint64_t retransmits;
    uint64_t dropped_malformed;
    uint64_t dropped_unexpected; /* replies to nothing, or from somebody else */
    uint64_t dropped_flood;      /* requests above max_replies_per_second */
    uint64_t dropped_limit;      /* a table was full */
    uint64_t wrong_ids;
    uint64_t wrong_tokens;
} ic__rpc_stats;

ic__rpc_stats ic__rpc_get_stats(const ic__rpc *rpc);

#endif
