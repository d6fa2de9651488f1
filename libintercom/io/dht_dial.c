#include "base/opts.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/dht_state.h"

static const ic_dial_options defaults = {
    .struct_size = sizeof defaults,
    .lan = true,
    .holepunch = true,
    .keepalive_ns = UINT64_C(5000000000),
};

void ic_dial_options_init(ic_dial_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &defaults, sizeof defaults);
}

/* Its last call. */
static void finish(ic_dial *dial, int error, const char *reason, ic_stream *st)
{
    ic__queue_remove(&dial->dht->dials, &dial->link);
    dial->on.on_done(dial, error, reason, st, dial->on.user);
    if (st && !ic__stream_used(st))
        ic_stream_close(st);
    ic_mem_free(dial);
}

static void on_done(void *user, int error, const ic__dht_connection *connection)
{
    ic_dial *dial = user;
    ic_stream *st = NULL;

    if (error) {
        const char *reason = ic__dht_dial_reason(dial->core);
        finish(dial, error, reason ? reason : "", NULL);
        return;
    }
    error =
        ic__dht_carrier_adopt(dial->dht, connection, dial->on.keepalive_ns, NULL, &st);
    finish(dial, error, "", st);
}

static int connect_core(ic_dial *dial, const ic_dial_options *o)
{
    ic__addr nodes[IC__DHT_ADDRESSES_MAX];
    ic__dht_dial_options opts;

    ic__dht_dial_options_default(&opts);
    int err =
        ic__dht_addresses_read(o->nodes, nodes, IC__DHT_ADDRESSES_MAX, &opts.relay_count);
    if (err)
        return IC_ERR_INVALID;
    opts.identity = o->identity;
    opts.remote_key = o->remote_key;
    opts.relays = nodes;
    opts.relay_through = o->relay_through;
    opts.lan = o->lan;
    opts.holepunch = o->holepunch;
    opts.on_done = on_done;
    opts.user = dial;
    ic__dht_enter(dial->dht);
    err = ic__dht_connect(dial->dht->node, &opts, &dial->core);
    ic__dht_leave(dial->dht);
    return err;
}

int ic_dht_connect(ic_dht *dht, const ic_dial_options *opts, ic_dial **out)
{
    ic_dial_options o;

    int err = ic__opts_read(&o, sizeof o, &defaults, opts);
    if (!err)
        err = ic__dht_usable(dht);
    if (err)
        return err;
    if (!o.identity || !o.remote_key || !o.on_done)
        return IC_ERR_INVALID;
    ic_dial *dial = ic_mem_calloc(1, sizeof *dial);
    if (!dial)
        return IC_ERR_NOMEM;
    dial->dht = dht;
    dial->on = o;
    err = connect_core(dial, &o);
    if (err) {
        ic_mem_free(dial);
        return err;
    }
    ic__queue_push(&dht->dials, &dial->link);
    if (out)
        *out = dial;
    return 0;
}

static void forget(ic_dial *dial)
{
    ic__dht_enter(dial->dht);
    ic__dht_dial_cancel(dial->core);
    ic__dht_leave(dial->dht);
}

void ic_dial_cancel(ic_dial *dial)
{
    if (!dial)
        return;
    forget(dial);
    ic__queue_remove(&dial->dht->dials, &dial->link);
    ic_mem_free(dial);
}

void ic__dht_cancel_dials(ic_dht *dht)
{
    for (ic__link *l = ic__queue_first(&dht->dials); l;
         l = ic__queue_first(&dht->dials)) {
        ic_dial *dial = IC__ELEMENT(l, ic_dial, link);
        forget(dial);
        finish(dial, IC_ERR_CANCELED, "", NULL);
    }
}
