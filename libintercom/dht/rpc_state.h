/**
 * @file dht/rpc_state.h
 * The inside of an ic__rpc, for the files dht/rpc*.c and query.c.
 */
#ifndef DHT_RPC_STATE_H
#define DHT_RPC_STATE_H

#include "base/map.h"
#include "base/queue.h"
#include "dht/query.h"
#include "dht/rpc.h"
#include "dht/rpc_message.h"
#include "dht/sampler.h"
#include "dht/table.h"
#include "dht/timeouts.h"
#include "dht/tokens.h"
#include "dht/window.h"

/* Ticks of five seconds; spec 05, section 14. */
#define IC__RPC_TICK_NS (5 * IC__SEC)
#define IC__RPC_SLEEP_NS (15 * IC__SEC)
#define IC__RPC_STABLE_TICKS 240u
#define IC__RPC_MORE_STABLE_TICKS 720u
#define IC__RPC_REFRESH_TICKS 60u
#define IC__RPC_RECENT_TICKS 12u
#define IC__RPC_OLD_TICKS 360u

#define IC__RPC_TIMEOUT_NS IC__SEC
#define IC__RPC_RETRIES 3u
#define IC__RPC_DELAY_MAX_MS 10000u
#define IC__RPC_DELAYED_PER_HOST 16u
#define IC__RPC_CHECKS_MAX 10u
#define IC__RPC_SWAPS_MAX 3u
#define IC__RPC_NAT_ASKED 5u
#define IC__RPC_HEALTH_TICKS 4u

#define IC__RPC_BOOTSTRAP_MAX 32u
#define IC__RPC_FLOOD_SLOTS 256u

struct ic__rpc_pending {
    ic__rpc *rpc;
    ic__link link;
    ic__queue *list; /* that it is in */
    ic__alarm alarm;
    uint64_t sent_ns; /* the last time */
    uint64_t timeout_ns;
    ic__addr to;
    uint32_t sock;
    uint32_t retries;
    uint32_t attempts;
    uint16_t tid;
    bool force;
    int error; /* to be told */
    void (*on_slow)(void *user);
    void (*on_done)(void *user, int error, const ic__rpc_reply *reply);
    void *user;
    size_t len;
    uint8_t bytes[];
};

/** Are unasked datagrams let through to our server socket? Spec 05, section 11. */
typedef struct ic__rpc_reach {
    bool running;
    bool firewall_only;
    ic__addr believed; /* when the check began */
    uint32_t asked;
    uint32_t settled;
    uint32_t reached;
    ic__sampler sampler; /* of the answers that came to the server socket */
} ic__rpc_reach;

typedef struct ic__rpc_flood {
    uint64_t second; /* that the counts are of */
    uint8_t secret[16];
    bool drawn;
    uint32_t counts[IC__RPC_FLOOD_SLOTS];
} ic__rpc_flood;

/* What happened to us; bits. */
enum { IC__RPC_TELL_WAKEUP = 1, IC__RPC_TELL_EPHEMERAL = 2, IC__RPC_TELL_PERSISTENT = 4 };

struct ic__rpc {
    ic_env env;
    ic__clock *clock;
    const ic__dht_host *host;
    ic__rpc_options opts;
    ic__rpc_events events;
    ic__addr *bootstrap;
    ic__rpc_stats stats;

    /* Requests of ours. */
    ic__map by_tid;
    ic__queue flying;
    ic__queue waiting; /* for the window */
    ic__queue failed;  /* to be told at the next turn */
    ic__window window;
    ic__timeouts timeouts;
    ic__alarm drain;
    ic__alarm turn;
    uint16_t tids[32]; /* drawn beforehand */
    uint32_t tids_left;

    /* Requests of others. */
    ic__tokens tokens;
    ic__rpc_flood flood;
    ic__queue delayed;

    /* The nodes we know. */
    ic__table table;
    ic__queue trials; /* pings that decide over a node */
    uint32_t checks;
    uint32_t swaps;
    uint32_t down_hints; /* left in this tick */

    /* Ourselves. */
    bool started;
    bool suspended;
    bool ready;
    bool persistent;
    bool firewalled;
    bool adaptive;
    unsigned tell;     /* IC__RPC_TELL_..., at the next turn */
    ic__addr bound[2]; /* our two sockets */
    ic__addr self;     /* that our id was made of, or none */
    ic__sampler sampler;
    ic__addr *asked; /* nodes without an id that were believed once */
    size_t asked_count;
    ic__rpc_reach reach;

    /* Time. */
    ic__alarm tick_alarm;
    uint64_t ticked_ns;
    uint32_t tick;
    uint32_t stable_ticks;
    uint32_t refresh_ticks;
    ic__addr checked_host; /* the one that was found wanting, or none */

    /* Bootstrap. */
    ic__query *walk;
    uint32_t walks;
    bool probe_sent;
    bool probe_answered;

    /* Health. */
    ic__rpc_health health;
    uint64_t health_replies; /* until the last tick */
    uint64_t health_timeouts;
    uint8_t health_window[IC__RPC_HEALTH_TICKS]; /* of ticks that were not idle */
    uint32_t health_count;

    ic__queue queries;
};

static inline uint64_t ic__rpc_now(const ic__rpc *rpc)
{
    return rpc->clock->now;
}

/* rpc_send.c: datagrams out. */

/** May a datagram of ours go there? */
bool ic__rpc_can_reach(const ic__addr *addr);

/** Is it one of our own two sockets? */
bool ic__rpc_is_self(const ic__rpc *rpc, const ic__addr *addr);

void ic__rpc_send(ic__rpc *rpc, uint32_t sock, const ic__addr *to, const uint8_t *data,
                  size_t len, uint8_t ttl);

/** Our id, if datagrams by this socket carry it, or NULL. */
const uint8_t *ic__rpc_id_by(const ic__rpc *rpc, uint32_t sock);

/** The socket that our requests leave by. */
uint32_t ic__rpc_own_socket(const ic__rpc *rpc);

/* rpc_call.c: requests of ours. */

void ic__rpc_take_reply(ic__rpc *rpc, uint32_t sock, const ic__addr *from,
                        const uint8_t *id, const ic__rpc_message *m);
void ic__rpc_drain(ic__alarm *alarm);

/** All that are under way end with IC_ERR_CANCELED, at the next turn. */
void ic__rpc_cancel_all(ic__rpc *rpc);

/** Tell those that failed meanwhile. */
void ic__rpc_tell_failed(ic__rpc *rpc);
void ic__rpc_free_calls(ic__rpc *rpc);
size_t ic__rpc_under_way(const ic__rpc *rpc);

/* rpc_serve.c: requests of others. */

void ic__rpc_take_request(ic__rpc *rpc, uint32_t sock, const ic__addr *from,
                          const uint8_t *id, const ic__rpc_message *m);
void ic__rpc_free_delayed(ic__rpc *rpc);

/* rpc_nodes.c: who is in the table. */

/** A node was heard. `to` = us, as it sees us, where that may be believed; or NULL. */
void ic__rpc_heard(ic__rpc *rpc, const ic__addr *from, const uint8_t *id,
                   const ic__addr *to);

/** Ping it, and forget it when it does not answer. */
void ic__rpc_check(ic__rpc *rpc, ic__table_node *node);

void ic__rpc_free_trials(ic__rpc *rpc);

/** Somebody says that it is gone. */
void ic__rpc_hinted_down(ic__rpc *rpc, const uint8_t id[IC__DHT_KEY_BYTES]);

/** It did not answer a query. */
void ic__rpc_no_answer(ic__rpc *rpc, const ic__addr *addr);

/** Tell `to`, within the budget, that `down` is gone. */
void ic__rpc_send_down_hint(ic__rpc *rpc, const ic__addr *to, const ic__addr *down);

/* rpc_tick.c: what happens by itself. */

void ic__rpc_ticked(ic__alarm *alarm);

/** At the next turn of the clock, tell the owner. */
void ic__rpc_tell(ic__rpc *rpc, unsigned what);
void ic__rpc_wake_up(ic__rpc *rpc);
void ic__rpc_refresh(ic__rpc *rpc);

/* rpc_health.c */

void ic__rpc_health_tick(ic__rpc *rpc);
void ic__rpc_health_reset(ic__rpc *rpc);

/* rpc_reach.c: ephemeral to persistent. */

/** Find out. Ends with ic__rpc_boot_checked while the node is not ready, perhaps at
 * once. */
void ic__rpc_reach_begin(ic__rpc *rpc, bool firewall_only);

/** Have `node` answer to our server socket, whatever ours the question leaves by. */
IC_CHECK int ic__rpc_ping_nat(ic__rpc *rpc, const ic__addr *node,
                              void (*on_done)(void *user, int error,
                                              const ic__rpc_reply *reply));

/** We are reached at `addr`: persistent from now on. */
void ic__rpc_become_persistent(ic__rpc *rpc, const ic__addr *addr);

/* rpc_boot.c: the first walk. */

IC_CHECK int ic__rpc_boot(ic__rpc *rpc);
void ic__rpc_boot_checked(ic__rpc *rpc, bool ok);

/* query.c */

void ic__query_free_all(ic__rpc *rpc);

#endif
