#include "dht/dht_state.h"

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define SWEEP_NS (60 * IC__SEC)

void ic__dht_options_default(ic__dht_options *opts)
{
    *opts = (ic__dht_options){
        .max_records = 65536,
        .max_routes = 65536,
        .max_values = 32768,
        .max_value_bytes = 16u << 20,
        .max_stored_host = 8192,
        .max_value_bytes_host = 2u << 20,
        .max_handshakes = 2048,
        .max_handshakes_host = 1024,
        .max_punch_sockets = 256,
        .random_punch_interval_ns = 20 * IC__SEC,
    };
    ic__rpc_options_default(&opts->rpc);
}

static bool on_request(void *user, const ic__rpc_request *request)
{
    return ic__dht_handle(user, request);
}

static void on_punch(void *user, uint32_t sock, const ic__addr *from)
{
    ic__dht *d = user;

    ic__dht_links_punched(d->links, sock, from);
}

static void on_ready(void *user)
{
    ic__dht *d = user;

    if (d->events.on_ready)
        d->events.on_ready(d->events.user);
}

static void on_persistent(void *user)
{
    ic__dht *d = user;

    if (d->events.on_persistent)
        d->events.on_persistent(d->events.user);
}

static void on_health(void *user)
{
    ic__dht *d = user;

    if (ic__rpc_get_health(d->rpc) == IC__RPC_ONLINE)
        ic__dht_links_network_changed(d->links);
    if (d->events.on_network)
        d->events.on_network(d->events.user);
}

static void on_wakeup(void *user)
{
    ic__dht *d = user;

    ic__dht_links_network_changed(d->links);
    if (d->events.on_network)
        d->events.on_network(d->events.user);
}

static void on_sweep(ic__alarm *alarm)
{
    ic__dht *d = IC__ELEMENT(alarm, ic__dht, sweep);

    ic__records_expire(d->records, d->clock.now);
    ic__router_expire(d->router);
    ic__clock_set_in(&d->clock, &d->sweep, SWEEP_NS);
}

static int new_rpc(ic__dht *d)
{
    const ic__rpc_events events = {.on_request = on_request,
                                   .on_punch = on_punch,
                                   .on_ready = on_ready,
                                   .on_persistent = on_persistent,
                                   .on_ephemeral = NULL,
                                   .on_health = on_health,
                                   .on_wakeup = on_wakeup,
                                   .user = d};

    return ic__rpc_new(&d->rpc, &d->env, &d->clock, &d->host, &d->opts.rpc, &events);
}

static int new_records(ic__dht *d)
{
    const ic__records_limits limits = {
        .max_records = d->opts.max_records,
        .max_records_host = d->opts.max_stored_host,
        .max_values = d->opts.max_values,
        .max_values_host = d->opts.max_stored_host,
        .max_value_bytes = d->opts.max_value_bytes,
        .max_value_bytes_host = d->opts.max_value_bytes_host,
    };

    return ic__records_new(&d->records, &d->env, &limits);
}

static int new_parts(ic__dht *d)
{
    int err = ic__clock_add(&d->clock, &d->sweep, on_sweep);

    if (!err)
        err = new_rpc(d);
    if (!err)
        err = ic__router_new(&d->router, d->rpc, d->opts.max_routes,
                             d->opts.max_stored_host);
    if (!err)
        err = new_records(d);
    if (!err)
        err = ic__dht_links_new(d, &d->links);
    return err;
}

int ic__dht_new(ic__dht **out, const ic_env *env, const ic__dht_host *host,
                const ic__dht_options *opts, const ic__dht_events *events, uint64_t now)
{
    ic__dht *d = ic_mem_calloc(1, sizeof *d);
    int err;

    if (!d)
        return IC_ERR_NOMEM;
    d->env = *env;
    d->host = *host;
    d->events = *events;
    d->clock.now = now;
    ic__queue_init(&d->ops);
    if (opts)
        d->opts = *opts;
    else
        ic__dht_options_default(&d->opts);
    err = new_parts(d);
    if (err) {
        ic__dht_free(d);
        return err;
    }
    *out = d;
    return 0;
}

void ic__dht_free(ic__dht *d)
{
    if (!d)
        return;
    ic__dht_ops_free(d);
    ic__dht_links_free(d->links);
    ic__records_free(d->records);
    ic__router_free(d->router);
    ic__rpc_free(d->rpc);
    ic__clock_remove(&d->clock, &d->sweep);
    ic__clock_free(&d->clock);
    ic_mem_free(d);
}

int ic__dht_start(ic__dht *d, uint64_t now)
{
    d->clock.now = now;
    ic__clock_set_in(&d->clock, &d->sweep, SWEEP_NS);
    return ic__rpc_start(d->rpc);
}

void ic__dht_recv(ic__dht *d, uint32_t sock, const ic__addr *from, const uint8_t *data,
                  size_t len, uint64_t now)
{
    d->clock.now = now;
    ic__rpc_recv(d->rpc, sock, from, data, len);
}

uint64_t ic__dht_deadline(const ic__dht *d)
{
    return ic__clock_deadline(&d->clock);
}

void ic__dht_expire(ic__dht *d, uint64_t now)
{
    ic__clock_run(&d->clock, now);
}

void ic__dht_set_now(ic__dht *d, uint64_t now)
{
    d->clock.now = now;
}

void ic__dht_suspend(ic__dht *d, uint64_t now)
{
    d->clock.now = now;
    ic__clock_set(&d->clock, &d->sweep, IC__NEVER);
    ic__dht_links_suspend(d->links);
    ic__rpc_suspend(d->rpc);
}

int ic__dht_resume(ic__dht *d, uint64_t now)
{
    int err;

    d->clock.now = now;
    err = ic__rpc_resume(d->rpc);
    if (err)
        return err;
    ic__clock_set(&d->clock, &d->sweep, now);
    ic__dht_links_resume(d->links);
    return 0;
}

void ic__dht_network_changed(ic__dht *d, uint64_t now)
{
    d->clock.now = now;
    ic__dht_links_network_changed(d->links);
    if (d->events.on_network)
        d->events.on_network(d->events.user);
}

bool ic__dht_is_randomized(const ic__dht *d)
{
    const ic__addr ours = ic__rpc_public_address(d->rpc);

    return ours.family && !ours.port;
}

ic__rpc *ic__dht_rpc(ic__dht *d)
{
    return d->rpc;
}
