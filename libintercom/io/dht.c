#include <event2/event.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/deadline.h"
#include "io/dht_state.h"

uint64_t ic__dht_now(const ic_dht *dht)
{
    return dht->home.env.now_ns(dht->home.env.user);
}

void ic__dht_enter(ic_dht *dht)
{
    if (!dht->depth++)
        ic__dht_set_now(dht->node, ic__dht_now(dht));
}

/* A later deadline needs nothing: the timer that comes too early arms itself again. */
static void arm(ic_dht *dht)
{
    uint64_t at = dht->node ? ic__dht_deadline(dht->node) : IC__NEVER;

    if (at >= dht->armed_ns)
        return;
    ic__timer_set(dht->timer, at, ic__dht_now(dht));
    dht->armed_ns = at;
}

void ic__dht_leave(ic_dht *dht)
{
    if (!--dht->depth)
        arm(dht);
}

void ic__dht_on_timer(evutil_socket_t fd, short what, void *arg)
{
    ic_dht *dht = arg;

    (void)fd;
    (void)what;
    dht->armed_ns = IC__NEVER;
    if (!dht->node)
        return;
    ic__dht_enter(dht);
    ic__dht_expire(dht->node, ic__dht_now(dht));
    ic__dht_leave(dht);
}

void ic__dht_on_watch(evutil_socket_t fd, short what, void *arg)
{
    ic_dht *dht = arg;
    ic__addr now[IC__INTERFACES_MAX];

    (void)fd;
    (void)what;
    size_t count = ic__interfaces_read(now, IC__INTERFACES_MAX);
    if (count == dht->interface_count &&
        memcmp(now, dht->interfaces, count * sizeof *now) == 0)
        return;
    memcpy(dht->interfaces, now, count * sizeof *now);
    dht->interface_count = count;
    if (!dht->node || dht->asleep)
        return;
    ic__dht_enter(dht);
    ic__dht_network_changed(dht->node, ic__dht_now(dht));
    ic__dht_leave(dht);
}

int ic__dht_usable(const ic_dht *dht)
{
    if (dht->closing || dht->suspended)
        return IC_ERR_CLOSED;
    return dht->node ? 0 : IC_ERR_AGAIN;
}

static void on_ready(void *user)
{
    ic_dht *dht = user;

    if (dht->opts.on_ready && !dht->closing)
        dht->opts.on_ready(dht, dht->opts.user);
}

static void on_persistent(void *user)
{
    ic_dht *dht = user;

    if (dht->opts.on_persistent && !dht->closing)
        dht->opts.on_persistent(dht, dht->opts.user);
}

static void on_network(void *user)
{
    ic_dht *dht = user;

    if (dht->opts.on_network && !dht->closing)
        dht->opts.on_network(dht, dht->opts.user);
}

static const ic__rpc_mode modes[] = {
    [IC_DHT_ADAPTIVE] = IC__RPC_ADAPTIVE,
    [IC_DHT_EPHEMERAL] = IC__RPC_EPHEMERAL,
    [IC_DHT_PERSISTENT] = IC__RPC_PERSISTENT,
    [IC_DHT_BOOTSTRAPPER] = IC__RPC_PERSISTENT,
};

static ic__dht_options node_options(const ic_dht *dht)
{
    const ic_dht_options *o = &dht->opts;
    ic__dht_options opts;

    ic__dht_options_default(&opts);
    opts.max_records = o->max_records;
    opts.max_values = o->max_values;
    opts.max_value_bytes = o->max_value_bytes;
    opts.max_handshakes = o->max_handshakes;
    opts.max_punch_sockets = o->max_punch_sockets;
    opts.rpc.mode = modes[o->mode];
    opts.rpc.firewalled = o->firewalled && o->mode != IC_DHT_BOOTSTRAPPER;
    if (o->mode == IC_DHT_BOOTSTRAPPER) {
        opts.rpc.public_address = dht->host;
        opts.rpc.public_address.port = o->port;
    }
    return opts;
}

/* Once the names are known. */
static int start_node(ic_dht *dht)
{
    const ic__dht_events events = {
        .on_ready = on_ready,
        .on_persistent = on_persistent,
        .on_network = on_network,
        .user = dht,
    };
    ic__dht_host host = ic__dht_host_calls;
    ic__dht_options opts = node_options(dht);
    ic__addr bootstrap[IC__DHT_NAMES_MAX];

    for (size_t i = 0; i < dht->name_count; i++) {
        if (dht->names[i].addr.family)
            bootstrap[opts.rpc.bootstrap_count++] = dht->names[i].addr;
    }
    opts.rpc.bootstrap = bootstrap;
    host.user = dht;
    uint64_t now = ic__dht_now(dht);
    int err = ic__dht_new(&dht->node, &dht->home.env, &host, &opts, &events, now);
    if (err)
        return err;
    ic__dht_enter(dht);
    err = ic__dht_start(dht->node, now);
    ic__dht_leave(dht);
    return err;
}

/* On a thread: nothing but the names is touched. */
static void look_up(void *arg)
{
    ic_dht *dht = arg;

    for (size_t i = 0; i < dht->name_count; i++) {
        if (!dht->names[i].addr.family)
            (void)ic__dht_name_look_up(&dht->names[i]);
    }
}

static void looked_up(void *arg)
{
    ic_dht *dht = arg;

    if (dht->closing)
        return;
    int err = start_node(dht);
    if (err) {
        ic__log(&dht->home.env, IC_LOG_ERROR, "dht", "cannot start: %s",
                ic_strerror(err));
        on_ready(dht);
    }
}

int ic__dht_begin(ic_dht *dht)
{
    for (size_t i = 0; i < dht->name_count; i++) {
        if (dht->names[i].addr.family)
            continue;
        int err = ic__jobs_new(dht->home.base, 1, &dht->jobs);
        return err ? err : ic__jobs_add(dht->jobs, look_up, looked_up, dht);
    }
    return start_node(dht);
}
