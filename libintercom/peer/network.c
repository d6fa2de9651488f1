#include "peer/network.h"

#include <string.h>

#include "base/env.h"
#include "base/queue.h"
#include "intercom/error.h"
#include "intercom/mux.h"
#include "intercom/swarm.h"
#include "intercom/sys/mem.h"
#include "peer/carrier.h"

#define ROOM "network"
#define PARALLEL_DIALS                                                                   \
    16 /* peers that died are dialled for seconds: others go past them */

/* A topic that the side channel wants. */
typedef struct topic {
    ic__link link;
    uint8_t hash[IC__TOPIC_BYTES];
    ic_topic *membership;
} topic;

/* A connection. */
typedef struct conn {
    ic__link link; /* in network->conns, once it was told */
    ic__network *network;
    ic_mux *mux;
    uint8_t remote[IC_PUBLIC_KEY_BYTES];
} conn;

struct ic__network {
    ic__network_options on;
    ic_env env;
    ic_swarm *swarm; /* NULL once it is gone, like the next one */
    ic__carrier *carrier;
    ic__queue topics;
    ic__queue conns;
    bool closing;
    void (*on_closed)(void *user);
    void *user;
};

/* ---- connections ---- */

static void on_pair(ic_mux *mux, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user)
{
    const conn *c = user;
    const ic__network *n = c->network;

    if (n->closing || !ic__carrier_pair(n->carrier, mux, protocol, id, id_len))
        ic_mux_refuse(mux, protocol, id, id_len);
}

static void on_mux_closed(ic_mux *mux, int error, void *user)
{
    conn *c = user;
    ic__network *n = c->network;

    (void)error;
    if (!n->closing && ic__queue_holds(&c->link)) {
        ic__carrier_remove(n->carrier, mux);
        n->on.on_connection(c->remote, false, n->on.user);
    }
    ic__queue_remove(&n->conns, &c->link);
    ic_mem_free(c);
}

static int take(ic__network *n, ic_stream *stream, const uint8_t *remote)
{
    ic_mux_options o;
    conn *c = ic_mem_calloc(1, sizeof *c);

    if (!c)
        return IC_ERR_NOMEM;
    c->network = n;
    memcpy(c->remote, remote, sizeof c->remote);
    ic_mux_options_default(&o);
    o.on_pair = on_pair;
    o.on_closed = on_mux_closed;
    o.user = c;
    int error = ic_mux_new_over(stream, &o, &c->mux);
    if (error) {
        ic_mem_free(c);
        return error;
    }
    error = ic__carrier_add(n->carrier, c->mux, remote);
    if (error) {
        ic_mux_close(c->mux); /* on_mux_closed frees it */
        return error;
    }
    ic__queue_push(&n->conns, &c->link);
    n->on.on_connection(remote, true, n->on.user);
    return 0;
}

static void on_connection(ic_swarm *swarm, ic_stream *stream, const ic_swarm_peer *peer,
                          void *user)
{
    ic__network *n = user;

    (void)swarm;
    int error = n->closing ? IC_ERR_CANCELED : take(n, stream, peer->public_key);
    if (error && !n->closing)
        ic__log(&n->env, IC_LOG_WARN, ROOM, "a connection is refused: %s",
                ic_strerror(error));
}

/* ---- what the side channels want ---- */

static void join_topic(const uint8_t hash[IC__TOPIC_BYTES], void *user)
{
    ic__network *n = user;
    topic *t = ic_mem_calloc(1, sizeof *t);
    int error = IC_ERR_NOMEM;

    if (t) {
        memcpy(t->hash, hash, sizeof t->hash);
        error = ic_swarm_join(n->swarm, hash, NULL, &t->membership);
    }
    if (!error) {
        ic__queue_push(&n->topics, &t->link);
        return;
    }
    ic_mem_free(t);
    ic__log(&n->env, IC_LOG_ERROR, ROOM, "a channel can't look for others: %s",
            ic_strerror(error));
}

static void leave_topic(const uint8_t hash[IC__TOPIC_BYTES], void *user)
{
    ic__network *n = user;

    for (ic__link *at = n->topics.ends.next; at != &n->topics.ends; at = at->next) {
        topic *t = IC__ELEMENT(at, topic, link);
        if (memcmp(t->hash, hash, sizeof t->hash) != 0)
            continue;
        ic__queue_remove(&n->topics, at);
        ic_topic_leave(t->membership);
        ic_mem_free(t);
        return;
    }
}

static void hang_up(ic_mux *mux, void *user)
{
    (void)user;
    ic_mux_close(mux);
}

static void tell(const ic__sc_event *event, void *user)
{
    const ic__network *n = user;

    n->on.on_news(event, n->on.user);
}

/* ---- life ---- */

static int start_swarm(ic__network *n)
{
    const ic__network_options *on = &n->on;
    bool is_public = on->bootstrap && strcmp(on->bootstrap, "public") == 0;
    ic_swarm_options o;

    ic_swarm_options_default(&o);
    o.max_parallel = PARALLEL_DIALS;
    o.base = on->base;
    o.env = &n->env;
    o.identity = on->identity;
    o.bootstrap = is_public ? IC_DHT_PUBLIC_BOOTSTRAP : on->bootstrap;
    if (on->host)
        o.host = on->host;
    o.on_connection = on_connection;
    o.user = n;
    return ic_swarm_new(&o, &n->swarm);
}

static int start_carrier(ic__network *n)
{
    const ic__carrier_hooks hooks = {
        .join_topic = join_topic,
        .leave_topic = leave_topic,
        .hang_up = hang_up,
        .tell = tell,
        .user = n,
    };

    return ic__carrier_new(n->on.base, &n->env, n->on.channels, &hooks, 0, &n->carrier);
}

static void finish(ic__network *n)
{
    void (*on_closed)(void *user) = n->on_closed;
    void *user = n->user;

    if (n->swarm || n->carrier)
        return;
    ic_mem_free(n);
    if (on_closed)
        on_closed(user);
}

static void on_swarm_closed(void *user)
{
    ic__network *n = user;

    n->swarm = NULL;
    finish(n);
}

static void on_carrier_closed(void *user)
{
    ic__network *n = user;

    n->carrier = NULL;
    finish(n);
}

int ic__network_new(const ic__network_options *opts, ic__network **out)
{
    ic__network *n = ic_mem_calloc(1, sizeof *n);

    if (!n)
        return IC_ERR_NOMEM;
    n->on = *opts;
    n->env = *opts->env;
    ic__queue_init(&n->topics);
    ic__queue_init(&n->conns);
    int error = start_swarm(n);
    if (error) {
        ic_mem_free(n);
        return error;
    }
    error = start_carrier(n);
    if (error) {
        n->closing = true;
        ic_swarm_close(n->swarm, on_swarm_closed, n);
        return error;
    }
    *out = n;
    return 0;
}

void ic__network_wake(ic__network *n)
{
    if (!n->closing)
        ic__carrier_wake(n->carrier);
}

const uint8_t *ic__network_remote(const ic__network *n, size_t index)
{
    for (ic__link *at = n->conns.ends.next; at != &n->conns.ends; at = at->next) {
        if (index-- == 0)
            return IC__ELEMENT(at, conn, link)->remote;
    }
    return NULL;
}

void ic__network_close(ic__network *n, void (*on_closed)(void *user), void *user)
{
    ic__link *at;

    if (!n || n->closing)
        return;
    n->closing = true;
    n->on_closed = on_closed;
    n->user = user;
    while ((at = ic__queue_pop(&n->topics)) != NULL)
        ic_mem_free(
            IC__ELEMENT(at, topic, link)); /* its membership goes with the swarm */
    ic__carrier_close(n->carrier, on_carrier_closed, n);
    ic_swarm_close(n->swarm, on_swarm_closed, n);
}
