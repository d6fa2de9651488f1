#include "dht/rpc_state.h"

#include <string.h>

#include <sodium.h>

#include "base/wr.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "transport/codec.h"

#define PENDING_MOST 32768u /* half of all transaction ids */

void ic__rpc_options_default(ic__rpc_options *opts)
{
    *opts = (ic__rpc_options){.mode = IC__RPC_ADAPTIVE,
                              .firewalled = true,
                              .concurrency = 10,
                              .max_pending = 4096,
                              .max_delayed = 256,
                              .down_hints = 50,
                              .max_query_visits = 512,
                              .max_replies_per_second = 2000};
}

void ic__dht_hash(uint8_t out[IC__DHT_KEY_BYTES], const void *data, size_t len)
{
    crypto_generichash(out, IC__DHT_KEY_BYTES, data, len, NULL, 0);
}

void ic__rpc_id_of(uint8_t id[IC__DHT_KEY_BYTES], const ic__addr *addr)
{
    uint8_t packed[6];
    ic__wr w = ic__wr_of(packed, sizeof packed);

    ic__wr_bytes(&w, addr->ip, 4);
    ic__wr_u16le(&w, addr->port);
    ic__dht_hash(id, packed, sizeof packed);
}

static bool are_valid(const ic__rpc_options *opts)
{
    const ic__addr *known = &opts->public_address;

    return opts->bootstrap_count <= IC__RPC_BOOTSTRAP_MAX && opts->concurrency > 0 &&
           opts->max_pending > 0 && opts->max_pending <= PENDING_MOST &&
           (!known->family || ic__rpc_can_reach(known));
}

static int copy_bootstrap(ic__rpc *rpc, const ic__rpc_options *opts)
{
    size_t count = opts->bootstrap_count;

    rpc->asked = ic_mem_calloc(count ? count : 1, sizeof *rpc->asked);
    rpc->bootstrap = ic_mem_calloc(count ? count : 1, sizeof *rpc->bootstrap);
    if (!rpc->asked || !rpc->bootstrap)
        return IC_ERR_NOMEM;
    rpc->opts.bootstrap = rpc->bootstrap;
    for (size_t i = 0; i < count; i++)
        rpc->bootstrap[i] = opts->bootstrap[i];
    return 0;
}

void ic__rpc_tell(ic__rpc *rpc, unsigned what)
{
    rpc->tell |= what;
    ic__clock_set(rpc->clock, &rpc->turn, ic__rpc_now(rpc));
}

static void on_turn(ic__alarm *alarm)
{
    ic__rpc *rpc = IC__ELEMENT(alarm, ic__rpc, turn);
    unsigned tell = rpc->tell;
    const ic__rpc_events *ev = &rpc->events;

    rpc->tell = 0;
    ic__rpc_tell_failed(rpc);
    if (tell & IC__RPC_TELL_WAKEUP && ev->on_wakeup)
        ev->on_wakeup(ev->user);
    if (tell & IC__RPC_TELL_EPHEMERAL && ev->on_ephemeral)
        ev->on_ephemeral(ev->user);
    if (tell & IC__RPC_TELL_PERSISTENT && ev->on_persistent)
        ev->on_persistent(ev->user);
}

static int add_alarms(ic__rpc *rpc)
{
    int err = ic__clock_add(rpc->clock, &rpc->drain, ic__rpc_drain);

    if (!err)
        err = ic__clock_add(rpc->clock, &rpc->turn, on_turn);
    if (!err)
        err = ic__clock_add(rpc->clock, &rpc->tick_alarm, ic__rpc_ticked);
    return err;
}

static uint32_t draw(ic__rpc *rpc, uint32_t least, uint32_t most)
{
    uint32_t n;

    rpc->env.random(&n, sizeof n, rpc->env.user);
    return least + n % (most - least + 1);
}

static void init(ic__rpc *rpc, const ic__rpc_options *opts)
{
    uint8_t id[IC__DHT_KEY_BYTES];

    ic__queue_init(&rpc->flying);
    ic__queue_init(&rpc->waiting);
    ic__queue_init(&rpc->failed);
    ic__queue_init(&rpc->delayed);
    ic__queue_init(&rpc->trials);
    ic__queue_init(&rpc->queries);
    ic__timeouts_init(&rpc->timeouts, IC__TIMEOUTS_MAX);
    rpc->env.random(id, sizeof id, rpc->env.user);
    ic__table_init(&rpc->table, id);
    rpc->opts = *opts;
    rpc->firewalled = opts->firewalled;
    rpc->adaptive = opts->mode == IC__RPC_ADAPTIVE && !opts->public_address.family;
    rpc->tick = draw(rpc, 51, 100);
    rpc->refresh_ticks = draw(rpc, 31, 60);
    rpc->stable_ticks = IC__RPC_STABLE_TICKS;
    rpc->down_hints = opts->down_hints;
    rpc->window.drained_ns = ic__rpc_now(rpc);
    ic__rpc_health_reset(rpc);
}

/* The first node of a network has nobody to tell it. */
static void use_known_address(ic__rpc *rpc)
{
    const ic__addr *known = &rpc->opts.public_address;

    if (!known->family)
        return;
    (void)ic__sampler_add(&rpc->sampler, known);
    if (rpc->opts.mode == IC__RPC_EPHEMERAL)
        return;
    rpc->firewalled = false;
    ic__rpc_become_persistent(rpc, known);
}

int ic__rpc_new(ic__rpc **out, const ic_env *env, ic__clock *clock,
                const ic__dht_host *host, const ic__rpc_options *opts,
                const ic__rpc_events *events)
{
    ic__rpc_options defaults;
    ic__rpc *rpc;

    ic__rpc_options_default(&defaults);
    opts = opts ? opts : &defaults;
    if (!are_valid(opts))
        return IC_ERR_INVALID;
    rpc = ic_mem_calloc(1, sizeof *rpc);
    if (!rpc)
        return IC_ERR_NOMEM;
    rpc->env = *env;
    rpc->clock = clock;
    rpc->host = host;
    rpc->events = events ? *events : (ic__rpc_events){0};
    init(rpc, opts);
    if (copy_bootstrap(rpc, opts) != 0 || add_alarms(rpc) != 0) {
        ic__rpc_free(rpc);
        return IC_ERR_NOMEM;
    }
    use_known_address(rpc);
    *out = rpc;
    return 0;
}

void ic__rpc_free(ic__rpc *rpc)
{
    if (!rpc)
        return;
    ic__query_free_all(rpc);
    ic__rpc_free_calls(rpc);
    ic__rpc_free_trials(rpc);
    ic__rpc_free_delayed(rpc);
    ic__timeouts_free(&rpc->timeouts);
    ic__tokens_wipe(&rpc->tokens);
    ic__table_free(&rpc->table);
    ic__clock_remove(rpc->clock, &rpc->drain);
    ic__clock_remove(rpc->clock, &rpc->turn);
    ic__clock_remove(rpc->clock, &rpc->tick_alarm);
    ic_mem_free(rpc->asked);
    ic_mem_free(rpc->bootstrap);
    ic_mem_free(rpc);
}

/* They may be bound anew while the node sleeps. */
static void look_at_sockets(ic__rpc *rpc)
{
    for (uint32_t sock = 0; sock < 2; sock++)
        rpc->bound[sock] = rpc->host->socket_address(rpc->host->user, sock);
}

static void start_ticks(ic__rpc *rpc)
{
    look_at_sockets(rpc);
    rpc->ticked_ns = ic__rpc_now(rpc);
    ic__clock_set_in(rpc->clock, &rpc->tick_alarm, IC__RPC_TICK_NS);
}

int ic__rpc_start(ic__rpc *rpc)
{
    int err;

    if (rpc->started)
        return 0;
    err = ic__rpc_boot(rpc);
    if (err)
        return err;
    rpc->started = true;
    start_ticks(rpc);
    return 0;
}

/* An id that is not that of the source address is as good as none. */
static const uint8_t *proven_id(ic__rpc *rpc, const ic__addr *from, const uint8_t *id)
{
    uint8_t right[IC__DHT_KEY_BYTES];

    if (!id)
        return NULL;
    ic__rpc_id_of(right, from);
    if (memcmp(right, id, sizeof right) == 0)
        return id;
    rpc->stats.wrong_ids++;
    return NULL;
}

void ic__rpc_recv(ic__rpc *rpc, uint32_t sock, const ic__addr *from, const uint8_t *data,
                  size_t len)
{
    ic__rpc_message m;
    const uint8_t *id;

    if (rpc->suspended)
        return;
    rpc->stats.datagrams_in++;
    rpc->stats.bytes_in += len;
    if (len == 1 && rpc->events.on_punch)
        rpc->events.on_punch(rpc->events.user, sock, from);
    if (len == 1)
        return;
    if (!ic__rpc_can_reach(from) || ic__rpc_message_read(&m, data, len) != 0) {
        rpc->stats.dropped_malformed++;
        return;
    }
    if (rpc->events.on_heard)
        rpc->events.on_heard(rpc->events.user, sock, from);
    id = proven_id(rpc, from, m.id);
    if (m.type == IC__RPC_REQUEST)
        ic__rpc_take_request(rpc, sock, from, id, &m);
    else
        ic__rpc_take_reply(rpc, sock, from, id, &m);
}

void ic__rpc_suspend(ic__rpc *rpc)
{
    if (rpc->suspended)
        return;
    rpc->suspended = true;
    ic__clock_set(rpc->clock, &rpc->tick_alarm, IC__NEVER);
    ic__rpc_free_delayed(rpc);
    ic__rpc_cancel_all(rpc);
}

int ic__rpc_resume(ic__rpc *rpc)
{
    if (!rpc->suspended)
        return 0;
    rpc->suspended = false;
    if (!rpc->started)
        return 0;
    start_ticks(rpc);
    if (rpc->ready)
        ic__rpc_refresh(rpc);
    ic__rpc_wake_up(rpc); /* and a walk more with the next tick */
    if (rpc->ready)
        return 0;
    rpc->walks = 0;
    rpc->probe_sent = false;
    return rpc->walk || rpc->reach.running ? 0 : ic__rpc_boot(rpc);
}

bool ic__rpc_is_persistent(const ic__rpc *rpc)
{
    return rpc->persistent;
}

bool ic__rpc_is_firewalled(const ic__rpc *rpc)
{
    return rpc->firewalled;
}

bool ic__rpc_is_ready(const ic__rpc *rpc)
{
    return rpc->ready;
}

bool ic__rpc_is_suspended(const ic__rpc *rpc)
{
    return rpc->suspended;
}

const uint8_t *ic__rpc_id(const ic__rpc *rpc)
{
    return rpc->table.id;
}

ic__addr ic__rpc_public_address(const ic__rpc *rpc)
{
    return rpc->sampler.address;
}

ic__rpc_health ic__rpc_get_health(const ic__rpc *rpc)
{
    return rpc->health;
}

size_t ic__rpc_closest(const ic__rpc *rpc, const uint8_t target[IC__DHT_KEY_BYTES],
                       ic__addr *out, size_t cap)
{
    return ic__table_closest(&rpc->table, target, out, cap);
}

size_t ic__rpc_latest(const ic__rpc *rpc, size_t skip, ic__addr *out, size_t cap)
{
    const ic__queue *nodes = &rpc->table.by_contact;
    size_t count = 0;

    for (ic__link *at = nodes->ends.prev; at != &nodes->ends && count < cap;
         at = at->prev) {
        if (skip)
            skip--;
        else
            out[count++] = IC__ELEMENT(at, ic__table_node, link)->addr;
    }
    return count;
}

size_t ic__rpc_node_count(const ic__rpc *rpc)
{
    return rpc->table.count;
}

size_t ic__rpc_bootstrap(const ic__rpc *rpc, ic__addr *out, size_t cap)
{
    size_t count = rpc->opts.bootstrap_count < cap ? rpc->opts.bootstrap_count : cap;

    for (size_t i = 0; i < count; i++)
        out[i] = rpc->bootstrap[i];
    return count;
}

ic__clock *ic__rpc_clock(ic__rpc *rpc)
{
    return rpc->clock;
}

const ic_env *ic__rpc_env(const ic__rpc *rpc)
{
    return &rpc->env;
}

const ic__dht_host *ic__rpc_host(const ic__rpc *rpc)
{
    return rpc->host;
}

ic__rpc_stats ic__rpc_get_stats(const ic__rpc *rpc)
{
    return rpc->stats;
}
