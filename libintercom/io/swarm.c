#include <sodium.h>
#include <string.h>

#include "base/env.h"
#include "base/opts.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/swarm_state.h"

static const ic_swarm_options defaults = {
    .struct_size = sizeof defaults,
    .host = "0.0.0.0",
    .keepalive_ns = 5 * IC__SEC,
    .max_peers = 64,
    .max_parallel = 3,
    .max_client_connections = UINT32_MAX,
    .max_server_connections = 4096,
    .max_server_per_ip = 1024,
    .max_topics = 1024,
    .max_topic_peers = 1024,
    .max_found_peers = 4096,
    .max_bans = 4096,
};

void ic_swarm_options_init(ic_swarm_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &defaults, sizeof defaults);
}

uint64_t ic__swarm_now(const ic_swarm *swarm)
{
    return swarm->env.now_ns(swarm->env.user);
}

/* ---- what the core wishes for and tells ---- */

static void tell_flushed(ic_swarm *swarm, uint64_t flush, bool ok)
{
    for (ic__link *at = swarm->waiters.ends.next; at != &swarm->waiters.ends;
         at = at->next) {
        ic__swarm_waiter *w = IC__ELEMENT(at, ic__swarm_waiter, link);
        if (w->flush != flush)
            continue;
        ic__queue_remove(&swarm->waiters, &w->link);
        w->done(swarm, ok, w->user);
        ic_mem_free(w);
        return;
    }
}

static void tell_user(ic_swarm *swarm, const ic__swarm_event *e)
{
    if (e->what == IC__SWARM_BANNED && swarm->on.on_ban)
        swarm->on.on_ban(swarm, e->key, swarm->on.user);
    else if (e->what == IC__SWARM_UPDATE && swarm->on.on_update && !swarm->closing)
        swarm->on.on_update(swarm, swarm->on.user);
    else if (e->what == IC__SWARM_FLUSHED)
        tell_flushed(swarm, e->flush, e->ok);
    else if (e->what == IC__SWARM_QUIET)
        ic__swarm_quiet(swarm);
}

static void obey(ic_swarm *swarm, const ic__swarm_event *e)
{
    switch (e->what) {
    case IC__SWARM_LISTEN:
        ic__swarm_listen(swarm);
        break;
    case IC__SWARM_LOOKUP:
    case IC__SWARM_ANNOUNCE:
    case IC__SWARM_LOOKUP_UNANNOUNCE:
    case IC__SWARM_UNANNOUNCE:
        ic__swarm_ask(swarm, e);
        break;
    case IC__SWARM_STOP:
        ic__swarm_stop_query(swarm, e->query);
        break;
    case IC__SWARM_FORGET:
        ic__swarm_forget_near(swarm, e->topic);
        break;
    case IC__SWARM_DIAL:
        ic__swarm_dial(swarm, e);
        break;
    case IC__SWARM_DESTROY:
        ic__swarm_destroy(swarm, e);
        break;
    case IC__SWARM_KEEPALIVE:
        ic__swarm_keep_alive(swarm, e);
        break;
    case IC__SWARM_CONNECTED:
        ic__swarm_connected(swarm, e);
        break;
    case IC__SWARM_BANNED:
    case IC__SWARM_FLUSHED:
    case IC__SWARM_UPDATE:
    case IC__SWARM_QUIET:
    case IC__SWARM_NOTHING:
    default:
        tell_user(swarm, e);
    }
}

void ic__swarm_pump(ic_swarm *swarm)
{
    ic__swarm_event event;

    if (swarm->pumping || !swarm->ready)
        return;
    swarm->pumping = true;
    while (ic__swarm_next(swarm->core, &event))
        obey(swarm, &event);
    swarm->pumping = false;
    if (swarm->closing && swarm->quiet)
        return;
    ic__deadline_set(swarm->deadline, ic__swarm_deadline(swarm->core),
                     ic__swarm_now(swarm));
}

static void on_deadline(void *user)
{
    ic_swarm *swarm = user;

    ic__swarm_expire(swarm->core, ic__swarm_now(swarm));
    ic__swarm_pump(swarm);
}

static void on_soon(void *user)
{
    ic_swarm *swarm = user;

    if (swarm->closing && swarm->quiet)
        ic__swarm_last_turn(swarm);
    else
        ic__swarm_pump(swarm);
}

void ic__swarm_wake(ic_swarm *swarm)
{
    ic__soon_call(swarm->soon);
}

/* ---- beginning ---- */

static void on_ready(ic_dht *dht, void *user)
{
    ic_swarm *swarm = user;

    (void)dht;
    swarm->ready = true;
    ic__swarm_pump(swarm);
}

static void on_network(ic_dht *dht, void *user)
{
    ic_swarm *swarm = user;

    (void)dht;
    ic__swarm_network_changed(swarm->core, ic__swarm_now(swarm));
    ic__swarm_pump(swarm);
}

static int make_dht(ic_swarm *swarm, const ic_swarm_options *o)
{
    ic_dht_options dht;

    if (o->dht) {
        swarm->dht = o->dht;
        swarm->ready = true;
        return 0;
    }
    ic_dht_options_default(&dht);
    dht.base = o->base;
    dht.env = &swarm->env;
    dht.bootstrap = o->bootstrap;
    dht.host = o->host;
    dht.port = (uint16_t)o->port;
    dht.on_ready = on_ready;
    dht.on_network = on_network;
    dht.user = swarm;
    swarm->owns_dht = true;
    return ic_dht_new(&dht, &swarm->dht);
}

static int make_core(ic_swarm *swarm)
{
    const ic_swarm_options *o = &swarm->on;
    ic__swarm_options core;

    ic__swarm_options_default(&core);
    core.public_key = ic_identity_public_key(swarm->identity);
    core.env = &swarm->env;
    core.has_relay = o->relay_through != NULL;
    core.max_peers = o->max_peers;
    core.max_parallel = o->max_parallel;
    core.max_client_connections = o->max_client_connections;
    core.max_server_connections = o->max_server_connections;
    core.max_server_per_ip = o->max_server_per_ip;
    core.max_topics = o->max_topics;
    core.max_topic_peers = o->max_topic_peers;
    core.max_found_peers = o->max_found_peers;
    core.max_bans = o->max_bans;
    return ic__swarm_new(&swarm->core, &core, ic__swarm_now(swarm));
}

static int copy_identity(ic_swarm *swarm, const ic_identity *from)
{
    uint8_t seed[IC_SEED_BYTES];

    ic_identity_copy_seed(from, seed);
    int err = ic_identity_from_seed(&swarm->identity, seed, ic_identity_network(from));
    sodium_memzero(seed, sizeof seed);
    return err;
}

static int set_up(ic_swarm *swarm, const ic_swarm_options *o)
{
    int err = copy_identity(swarm, o->identity);

    if (!err)
        err = make_core(swarm);
    if (!err)
        err = ic__deadline_new(o->base, on_deadline, swarm, &swarm->deadline);
    if (!err)
        err = ic__deadline_new(o->base, ic__swarm_late, swarm, &swarm->late);
    if (!err)
        err = ic__soon_new(o->base, on_soon, swarm, &swarm->soon);
    return err ? err : make_dht(swarm, o);
}

static void keep_options(ic_swarm *swarm, const ic_swarm_options *o)
{
    swarm->base = o->base;
    if (o->env)
        swarm->env = *o->env;
    else
        ic_env_system(&swarm->env);
    swarm->on = *o;
    swarm->on.identity = NULL;
    swarm->on.env = NULL;
    swarm->on.bootstrap = NULL;
    swarm->on.host = NULL;
    if (o->relay_through) {
        memcpy(swarm->relay, o->relay_through, sizeof swarm->relay);
        swarm->on.relay_through = swarm->relay;
    }
    ic__queue_init(&swarm->topics);
    ic__queue_init(&swarm->orphans);
    ic__queue_init(&swarm->waiters);
}

int ic_swarm_new(const ic_swarm_options *opts, ic_swarm **out)
{
    ic_swarm_options o;

    int err = ic__opts_read(&o, sizeof o, &defaults, opts);
    if (err)
        return err;
    if (!o.base || !o.identity || o.port > UINT16_MAX)
        return IC_ERR_INVALID;
    ic_swarm *swarm = ic_mem_calloc(1, sizeof *swarm);
    if (!swarm)
        return IC_ERR_NOMEM;
    keep_options(swarm, &o);
    err = set_up(swarm, &o);
    if (err) {
        ic__swarm_release(swarm);
        return err;
    }
    *out = swarm;
    return 0;
}

ic_dht *ic_swarm_dht(ic_swarm *swarm)
{
    return swarm->dht;
}

const uint8_t *ic_swarm_key(const ic_swarm *swarm)
{
    return ic_identity_public_key(swarm->identity);
}
