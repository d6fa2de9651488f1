#include <event2/event.h>
#include <string.h>

#include "base/env.h"
#include "base/opts.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/blind_relay.h"
#include "io/dht_state.h"

#define WATCH_S 5 /* between two looks at the interfaces */
#define CLOSE_S 2 /* for servers to take their announces back */

static const ic_dht_options defaults = {
    .struct_size = sizeof defaults,
    .host = "0.0.0.0",
    .max_streams = 8192,
    .max_records = 65536,
    .max_values = 32768,
    .max_value_bytes = UINT32_C(32) << 20,
    .max_handshakes = 2048,
    .max_punch_sockets = 256,
    .mode = IC_DHT_ADAPTIVE,
    .port = IC_DHT_PORT,
    .any_port = true,
    .firewalled = true,
};

void ic_dht_options_init(ic_dht_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &defaults, sizeof defaults);
}

static void on_jobs_closed(void *user)
{
    ic_dht *dht = user;

    dht->jobs = NULL;
    ic__dht_close_next(dht);
}

static void free_dht(ic_dht *dht)
{
    if (dht->timer)
        event_free(dht->timer);
    if (dht->watch)
        event_free(dht->watch);
    if (dht->late)
        event_free(dht->late);
    ic__soon_free(dht->soon);
    ic_identity_free(dht->own);
    ic__dht_relays_free(dht);
    ic__map_free(&dht->sockets);
    ic__map_free(&dht->streams);
    ic_mem_free(dht);
}

static void on_udp_closed(void *user)
{
    ic_dht *dht = user;
    void (*on_closed)(void *user) = dht->on_closed;
    void *closed_user = dht->user;

    ic__socket_finish_streams(&dht->home);
    free_dht(dht);
    if (on_closed)
        on_closed(closed_user);
}

/* Nobody is left to call back but streams. */
static void finish(ic_dht *dht)
{
    dht->finished = true;
    ic__dht_free(dht->node);
    dht->node = NULL;
    (void)evtimer_del(dht->timer);
    (void)event_del(dht->watch);
    (void)evtimer_del(dht->late);
    for (ic__link *l = ic__queue_first(&dht->servers); l;
         l = ic__queue_first(&dht->servers))
        ic__server_finish(IC__ELEMENT(l, ic_server, link));
    for (ic__link *l = dht->home.streams.ends.next; l != &dht->home.streams.ends;
         l = l->next)
        ic_stream_close(IC__ELEMENT(l, ic_stream, link));
    ic__dht_unbind(dht);
    ic__udp_close(dht->home.udp, on_udp_closed, dht);
}

void ic__dht_close_next(ic_dht *dht)
{
    if (dht->closing && dht->cancelled && !dht->finished && !dht->jobs &&
        (!dht->servers.count || dht->too_late))
        finish(dht);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    ic_dht *dht = arg;

    (void)fd;
    (void)what;
    dht->too_late = true;
    ic__dht_close_next(dht);
}

static void begin_closing(ic_dht *dht)
{
    const struct timeval wait = {.tv_sec = CLOSE_S};

    ic__dht_cancel_dials(dht);
    ic__dht_cancel_ops(dht);
    for (ic__link *l = dht->servers.ends.next; l != &dht->servers.ends; l = l->next)
        ic_server_close(IC__ELEMENT(l, ic_server, link), NULL, NULL);
    dht->cancelled = true;
    if (evtimer_add(dht->late, &wait) != 0)
        dht->too_late = true;
    ic__jobs_close(dht->jobs, on_jobs_closed, dht);
    ic__dht_close_next(dht);
}

static void fall_asleep(ic_dht *dht)
{
    dht->asleep = true;
    if (!dht->node)
        return;
    ic__dht_enter(dht);
    ic__dht_suspend(dht->node, ic__dht_now(dht));
    ic__dht_leave(dht);
    for (ic__link *l = dht->home.streams.ends.next; l != &dht->home.streams.ends;
         l = l->next)
        ic__stream_fail(IC__ELEMENT(l, ic_stream, link), IC_ERR_CANCELED);
    ic__dht_unbind(dht);
}

static void on_soon(void *user)
{
    ic_dht *dht = user;

    if (dht->suspended && !dht->asleep)
        fall_asleep(dht);
    if (!dht->closing && !dht->suspended)
        ic__dht_relays_look_after(dht);
    if (dht->closing && !dht->cancelled)
        begin_closing(dht);
    else
        ic__dht_close_next(dht);
}

static int make_events(ic_dht *dht)
{
    const struct timeval wait = {.tv_sec = WATCH_S};
    struct event_base *base = dht->home.base;

    dht->timer = evtimer_new(base, ic__dht_on_timer, dht);
    dht->watch = event_new(base, -1, EV_PERSIST, ic__dht_on_watch, dht);
    dht->late = evtimer_new(base, on_late, dht);
    if (!dht->timer || !dht->watch || !dht->late || event_add(dht->watch, &wait) != 0)
        return IC_ERR_NOMEM;
    return ic__soon_new(base, on_soon, dht, &dht->soon);
}

static int open_all(ic_dht *dht)
{
    ic__udp_options udp;

    ic__udp_options_default(&udp);
    udp.max_streams = dht->opts.max_streams;
    udp.max_sockets = dht->opts.max_punch_sockets + 2;
    int err = make_events(dht);
    if (!err)
        err = ic__udp_new(&dht->home.udp, dht->home.base, &dht->home.env, &udp);
    if (!err)
        err = ic__dht_bind(dht);
    return err ? err : ic__dht_begin(dht);
}

/* What is copied must not point into the caller's memory. */
static void keep_options(ic_dht *dht, const ic_dht_options *o)
{
    dht->opts = *o;
    dht->opts.env = NULL;
    dht->opts.host = NULL;
    dht->opts.bootstrap = NULL;
    dht->home.base = o->base;
    if (o->env)
        dht->home.env = *o->env;
    else
        ic_env_system(&dht->home.env);
}

static int read_options(ic_dht *dht, const ic_dht_options *o)
{
    static const uint8_t any[4] = {0};
    size_t count = 0;

    if (!o->base || !o->host || (unsigned)o->mode > IC_DHT_BOOTSTRAPPER ||
        !ic__dht_host_read(&dht->host, o->host))
        return IC_ERR_INVALID;
    if (o->mode == IC_DHT_BOOTSTRAPPER && memcmp(dht->host.ip, any, sizeof any) == 0)
        return IC_ERR_INVALID;
    int err = ic__dht_names_read(o->bootstrap, dht->names, IC__DHT_NAMES_MAX, &count);
    dht->name_count = count;
    return err;
}

/* Nothing has called back yet. */
static void give_up(ic_dht *dht)
{
    ic__dht_free(dht->node);
    dht->node = NULL;
    ic__jobs_close(dht->jobs, NULL, NULL);
    ic__dht_unbind(dht);
    if (dht->home.udp)
        ic__udp_free(dht->home.udp);
    free_dht(dht);
}

int ic_dht_new(const ic_dht_options *opts, ic_dht **out)
{
    ic_dht_options o;

    int err = ic__opts_read(&o, sizeof o, &defaults, opts);
    if (err)
        return err;
    ic_dht *dht = ic_mem_calloc(1, sizeof *dht);
    if (!dht)
        return IC_ERR_NOMEM;
    keep_options(dht, &o);
    dht->armed_ns = IC__NEVER;
    dht->next_socket = IC__DHT_CLIENT_SOCKET + 1;
    ic__queue_init(&dht->home.streams);
    ic__queue_init(&dht->servers);
    ic__queue_init(&dht->dials);
    ic__queue_init(&dht->ops);
    ic__queue_init(&dht->relays);
    dht->interface_count = ic__interfaces_read(dht->interfaces, IC__INTERFACES_MAX);
    err = read_options(dht, &o);
    if (!err)
        err = open_all(dht);
    if (err) {
        give_up(dht);
        return err;
    }
    *out = dht;
    return 0;
}

const char *ic_dht_address(const ic_dht *dht)
{
    return dht->address;
}

void ic_dht_close(ic_dht *dht, void (*on_closed)(void *user), void *user)
{
    if (!dht || dht->closing)
        return;
    dht->closing = true;
    dht->on_closed = on_closed;
    dht->user = user;
    ic__soon_call(dht->soon);
}

void ic_dht_suspend(ic_dht *dht)
{
    if (dht->closing || dht->suspended)
        return;
    dht->suspended = true;
    ic__soon_call(dht->soon);
}

int ic_dht_resume(ic_dht *dht)
{
    if (dht->closing)
        return IC_ERR_CLOSED;
    if (!dht->suspended)
        return 0;
    int err = dht->asleep && dht->node ? ic__dht_bind(dht) : 0;
    if (err)
        return err;
    bool was_asleep = dht->asleep;
    dht->suspended = false;
    dht->asleep = false;
    if (!was_asleep || !dht->node)
        return 0;
    ic__dht_enter(dht);
    err = ic__dht_resume(dht->node, ic__dht_now(dht));
    ic__dht_leave(dht);
    return err;
}

static uint64_t count_relayed(const ic_dht *dht)
{
    uint64_t count = 0;

    for (ic__link *l = dht->servers.ends.next; l != &dht->servers.ends; l = l->next) {
        const ic_server *server = IC__ELEMENT(l, ic_server, link);
        if (server->relay)
            count += ic__blind_relay_count(server->relay);
    }
    return count;
}

void ic_dht_get_stats(const ic_dht *dht, ic_dht_stats *out, size_t size)
{
    const ic__udp_stats udp = ic__udp_get_stats(dht->home.udp);
    ic__rpc *rpc = dht->node ? ic__dht_rpc(dht->node) : NULL;
    const ic__rpc_stats core = rpc ? ic__rpc_get_stats(rpc) : (ic__rpc_stats){0};
    const ic_dht_stats stats = {
        .nodes = rpc ? ic__rpc_node_count(rpc) : 0,
        .persistent = rpc && ic__rpc_is_persistent(rpc),
        .firewalled = !rpc || ic__rpc_is_firewalled(rpc),
        .streams = dht->streams.count,
        .datagrams_in = udp.datagrams_in,
        .datagrams_out = udp.datagrams_out,
        .requests_in = core.requests_in,
        .requests_out = core.requests_out,
        .replies_in = core.replies_in,
        .timeouts = core.timeouts,
        .retransmits = core.retransmits,
        .dropped_malformed = core.dropped_malformed,
        .dropped_unexpected = core.dropped_unexpected,
        .dropped_flood = core.dropped_flood,
        .dropped_limit = core.dropped_limit,
        .dropped_truncated = udp.dropped_truncated,
        .dropped_waiting = udp.dropped_waiting + dht->dropped_waiting,
        .dropped_refused = udp.dropped_refused,
        .dropped_stranger = udp.dropped_firewall,
        .dropped_connections = dht->dropped_connections,
        .wrong_ids = core.wrong_ids,
        .wrong_tokens = core.wrong_tokens,
        .relayed = count_relayed(dht),
    };

    memset(out, 0, size);
    memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
}

void ic_dht_hash(uint8_t hash[IC_DHT_KEY_BYTES], const void *data, size_t len)
{
    ic__dht_hash(hash, data, len);
}
