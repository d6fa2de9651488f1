#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/dht_names.h"
#include "io/swarm_state.h"

static void on_peer(ic_dht_op *op, const ic_dht_peer *peer, void *user)
{
    const ic__swarm_query *q = user;
    ic_swarm *swarm = q->swarm;
    ic__addr relays[IC__SWARM_RELAYS];
    size_t count = 0;

    (void)op;
    if (ic__dht_addresses_read(peer->nodes, relays, IC__SWARM_RELAYS, &count) != 0)
        count = 0; /* a hint that cannot be read is none */
    ic__swarm_found(swarm->core, q->id, peer->public_key, relays, count,
                    ic__swarm_now(swarm));
    ic__swarm_pump(swarm);
}

static void release(ic__swarm_query *q)
{
    (void)ic__map_take(&q->swarm->queries, q->id);
    ic_mem_free(q);
}

static void on_done(ic_dht_op *op, int error, size_t nodes, void *user)
{
    ic__swarm_query *q = user;
    ic_swarm *swarm = q->swarm;
    uint64_t id = q->id;

    (void)op;
    (void)nodes;
    release(q);
    ic__swarm_query_done(swarm->core, id, error, ic__swarm_now(swarm));
    ic__swarm_pump(swarm);
}

static uint64_t front_of(const uint8_t topic[IC_TOPIC_BYTES])
{
    uint64_t front;

    memcpy(&front, topic, sizeof front);
    return front;
}

static ic__swarm_near *find_near(const ic_swarm *swarm,
                                 const uint8_t topic[IC_TOPIC_BYTES])
{
    ic__swarm_near *n = ic__map_get(&swarm->near, front_of(topic));

    return n && memcmp(n->topic, topic, sizeof n->topic) == 0 ? n : NULL;
}

/* NULL without memory, or when another topic begins the same: then walks begin afar. */
static ic_dht_near *near_of(ic_swarm *swarm, const uint8_t topic[IC_TOPIC_BYTES])
{
    ic__swarm_near *n = find_near(swarm, topic);

    if (n)
        return &n->at;
    if (ic__map_get(&swarm->near, front_of(topic)))
        return NULL;
    n = ic_mem_calloc(1, sizeof *n);
    if (!n || ic__map_put(&swarm->near, front_of(topic), n) != 0) {
        ic_mem_free(n);
        return NULL;
    }
    memcpy(n->topic, topic, sizeof n->topic);
    return &n->at;
}

void ic__swarm_forget_near(ic_swarm *swarm, const uint8_t topic[IC_TOPIC_BYTES])
{
    if (find_near(swarm, topic))
        ic_mem_free(ic__map_take(&swarm->near, front_of(topic)));
}

void ic__swarm_free_near(ic_swarm *swarm)
{
    size_t at = 0;

    for (void *n = ic__map_next(&swarm->near, &at); n;
         n = ic__map_next(&swarm->near, &at))
        ic_mem_free(n);
    ic__map_free(&swarm->near);
}

static int ask(ic__swarm_query *q, const ic__swarm_event *e)
{
    ic_swarm *swarm = q->swarm;
    ic_dht_op_options o;

    ic_dht_op_options_default(&o);
    o.near = near_of(swarm, e->topic);
    if (o.near)
        o.near->only = e->what == IC__SWARM_UNANNOUNCE;
    o.on_peer = on_peer;
    o.on_done = on_done;
    o.user = q;
    if (e->what == IC__SWARM_LOOKUP)
        return ic_dht_lookup(swarm->dht, e->topic, &o, &q->op);
    if (e->what == IC__SWARM_ANNOUNCE)
        return ic_dht_announce(swarm->dht, e->topic, swarm->identity, swarm->server, &o,
                               &q->op);
    /* A lookup, too, which tells whom it meets. */
    return ic_dht_unannounce(swarm->dht, e->topic, swarm->identity, &o, &q->op);
}

static int begin(ic_swarm *swarm, const ic__swarm_event *e)
{
    ic__swarm_query *q = ic_mem_calloc(1, sizeof *q);

    if (!q)
        return IC_ERR_NOMEM;
    q->swarm = swarm;
    q->id = e->query;
    int err = ic__map_put(&swarm->queries, q->id, q);
    if (err) {
        ic_mem_free(q);
        return err;
    }
    err = ask(q, e);
    if (err)
        release(q);
    return err;
}

void ic__swarm_ask(ic_swarm *swarm, const ic__swarm_event *event)
{
    int err = begin(swarm, event);

    if (err)
        ic__swarm_query_done(swarm->core, event->query, err, ic__swarm_now(swarm));
}

void ic__swarm_stop_query(ic_swarm *swarm, uint64_t id)
{
    ic__swarm_query *q = ic__map_get(&swarm->queries, id);

    if (!q)
        return;
    ic_dht_op_cancel(q->op);
    release(q);
}
