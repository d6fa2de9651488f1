#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/dht_state.h"
#include "io/swarm_state.h"

#define NODES_BYTES ((size_t)IC__SWARM_RELAYS * (IC__SOCKADDR_TEXT_BYTES + 1))

/* ---- connections ---- */

static ic__swarm_conn *find(const ic_swarm *swarm, uint64_t id)
{
    return ic__map_get(&swarm->conns, id);
}

static void release(ic__swarm_conn *c)
{
    (void)ic__map_take(&c->swarm->conns, c->id);
    ic_mem_free(c);
}

/* Of a stream: it has had its last call. */
static void on_over(void *user, int error, bool closed_here)
{
    ic__swarm_conn *c = user;
    ic_swarm *swarm = c->swarm;
    const ic__swarm_end end = {.error = error, .by_user = closed_here && !c->by_us};
    uint64_t id = c->id;

    release(c);
    ic__swarm_closed(swarm->core, id, &end, ic__swarm_now(swarm));
    ic__swarm_pump(swarm);
}

/* Nobody reads it before the core says whose it is. */
static void hold(ic__swarm_conn *c, ic_stream *st)
{
    ic_stream_options nothing;

    ic_stream_options_default(&nothing);
    c->stream = st;
    st->over = on_over;
    st->over_user = c;
    int err = ic_stream_use(st, &nothing);
    if (err)
        ic_stream_close(st);
    ic_stream_set_reading(st, false);
}

void ic__swarm_connected(ic_swarm *swarm, const ic__swarm_event *event)
{
    const ic__swarm_conn *c = find(swarm, event->id);
    ic_stream *st = c->stream;
    const ic_swarm_peer peer = {.public_key = event->key, .initiator = event->initiator};

    st->used = false;
    ic_stream_set_reading(st, true);
    if (swarm->on.on_connection)
        swarm->on.on_connection(swarm, st, &peer, swarm->on.user);
    if (!st->used)
        ic_stream_close(st);
}

void ic__swarm_keep_alive(ic_swarm *swarm, const ic__swarm_event *event)
{
    const ic__swarm_conn *c = find(swarm, event->id);

    if (c && c->stream)
        (void)!ic_stream_send(c->stream, NULL, 0); /* one that is closed needs none */
}

/* The peer may have let this dial in already. Only whoever gets its answer can tell it
 * that nobody is there: else it keeps a connection without an end, and by the rule for
 * duplicates refuses the next one (section 12). */
static void let_dial_end(ic__swarm_conn *c)
{
    (void)ic__map_take(&c->swarm->conns, c->id);
    ic__queue_push(&c->swarm->orphans, &c->orphan);
}

static void free_orphan(ic__swarm_conn *c)
{
    ic__queue_remove(&c->swarm->orphans, &c->orphan);
    ic_mem_free(c);
}

void ic__swarm_cancel_orphans(ic_swarm *swarm)
{
    while (swarm->orphans.count) {
        ic__swarm_conn *c =
            IC__ELEMENT(ic__queue_first(&swarm->orphans), ic__swarm_conn, orphan);
        ic_dial_cancel(c->dial);
        free_orphan(c);
    }
}

void ic__swarm_destroy(ic_swarm *swarm, const ic__swarm_event *event)
{
    ic__swarm_conn *c = find(swarm, event->id);
    const ic__swarm_end end = {.error = IC_ERR_CANCELED};

    if (c->stream) {
        c->by_us = true;
        ic_stream_close(c->stream);
        return;
    }
    if (event->error == IC_ERR_EXISTS) {
        let_dial_end(c);
    } else {
        ic_dial_cancel(c->dial);
        release(c);
    }
    ic__swarm_closed(swarm->core, event->id, &end, ic__swarm_now(swarm));
}

/* ---- dials ---- */

static void on_dialled(ic_dial *dial, int error, const char *reason, ic_stream *stream,
                       void *user)
{
    ic__swarm_conn *c = user;
    ic_swarm *swarm = c->swarm;
    const ic__swarm_end end = {.error = error, .no_punch = error == IC_ERR_DENIED};
    uint64_t id = c->id;

    (void)dial;
    (void)reason;
    if (ic__queue_holds(&c->orphan)) {
        free_orphan(c); /* nobody takes the stream: it is closed, and the peer told */
        return;
    }
    c->dial = NULL;
    if (stream) {
        hold(c, stream);
        ic__swarm_opened(swarm->core, id, ic__swarm_now(swarm));
    } else {
        release(c);
        ic__swarm_closed(swarm->core, id, &end, ic__swarm_now(swarm));
    }
    ic__swarm_pump(swarm);
}

static void print_nodes(char text[NODES_BYTES], const ic__swarm_event *event)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < event->relay_count; i++) {
        if (i)
            text[len++] = ',';
        ic__sockaddr_print(text + len, &event->relays[i]);
        while (text[len])
            len++;
    }
}

static int dial(ic__swarm_conn *c, const ic__swarm_event *event)
{
    const ic_swarm *swarm = c->swarm;
    char nodes[NODES_BYTES];
    ic_dial_options o;

    print_nodes(nodes, event);
    ic_dial_options_default(&o);
    o.identity = swarm->identity;
    o.remote_key = event->key;
    o.nodes = nodes;
    if (event->force_relay || ic__dht_is_randomized(swarm->dht->node))
        o.relay_through = swarm->on.relay_through;
    o.on_done = on_dialled;
    o.user = c;
    o.keepalive_ns = swarm->on.keepalive_ns;
    return ic_dht_connect(swarm->dht, &o, &c->dial);
}

static bool refuses(ic_swarm *swarm, const uint8_t *key)
{
    if (!swarm->on.firewall || !swarm->on.firewall(swarm, key, swarm->on.user))
        return false;
    (void)!ic__swarm_ban(swarm->core, key,
                         ic__swarm_now(swarm)); /* it is refused anyway */
    return true;
}

static ic__swarm_conn *add(ic_swarm *swarm, uint64_t id)
{
    ic__swarm_conn *c = ic_mem_calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->swarm = swarm;
    c->id = id;
    if (ic__map_put(&swarm->conns, id, c) != 0) {
        ic_mem_free(c);
        return NULL;
    }
    return c;
}

static int begin_dial(ic_swarm *swarm, const ic__swarm_event *event)
{
    if (refuses(swarm, event->key))
        return IC_ERR_DENIED;
    ic__swarm_conn *c = add(swarm, event->id);
    if (!c)
        return IC_ERR_NOMEM;
    int err = dial(c, event);
    if (err)
        release(c);
    return err;
}

void ic__swarm_dial(ic_swarm *swarm, const ic__swarm_event *event)
{
    const ic__swarm_end end = {.error = begin_dial(swarm, event)};

    if (end.error)
        ic__swarm_closed(swarm->core, event->id, &end, ic__swarm_now(swarm));
}

/* ---- the server ---- */

static bool on_firewall(ic_server *server, const uint8_t *remote_key, const char *address,
                        void *user)
{
    ic_swarm *swarm = user;

    (void)server;
    (void)address;
    if (!swarm->on.on_connection || !ic__swarm_admits(swarm->core, remote_key))
        return true;
    bool refused = refuses(swarm, remote_key);
    if (refused)
        ic__swarm_pump(swarm); /* on_ban */
    return refused;
}

static bool is_used(const ic_swarm *swarm, const uint8_t *key)
{
    const ic__swarm_conn *c = find(swarm, ic__swarm_existing(swarm->core, key));
    ic_stream_stats stats;

    if (!c || !c->stream)
        return false;
    ic_stream_get_stats(c->stream, &stats, sizeof stats);
    return stats.bytes_in > 0; /* it has sent its own header when it began */
}

static int let_in(ic_swarm *swarm, ic_stream *st)
{
    const uint8_t *key = ic_stream_remote_key(st);
    ic__udp_socket *sock;
    ic__addr from = {0};
    uint64_t id;

    (void)ic__udp_stream_path(st->carrier, &sock, &from);
    int err = ic__swarm_incoming(swarm->core, key, &from, is_used(swarm, key),
                                 ic__swarm_now(swarm), &id);
    if (err)
        return err;
    ic__swarm_conn *c = add(swarm, id);
    if (c) {
        hold(c, st);
        return 0;
    }
    const ic__swarm_end end = {.error = IC_ERR_NOMEM, .by_user = true};
    ic__swarm_closed(swarm->core, id, &end, ic__swarm_now(swarm));
    return IC_ERR_NOMEM;
}

static void on_connection(ic_server *server, ic_stream *st, void *user)
{
    ic_swarm *swarm = user;

    (void)server;
    if (let_in(swarm, st) != 0)
        ic_stream_close(st); /* the core has counted why */
    ic__swarm_pump(swarm);
}

static void on_listening(ic_server *server, void *user)
{
    ic_swarm *swarm = user;

    (void)server;
    ic__swarm_listening(swarm->core, 0, ic__swarm_now(swarm));
    ic__swarm_pump(swarm);
}

void ic__swarm_listen(ic_swarm *swarm)
{
    ic_server_options o;

    ic_server_options_default(&o);
    o.identity = swarm->identity;
    o.relay_through = swarm->on.relay_through;
    o.relay_if_random = true;
    o.firewall = on_firewall;
    o.on_connection = on_connection;
    o.on_listening = on_listening;
    o.user = swarm;
    o.keepalive_ns = swarm->on.keepalive_ns;
    int err = swarm->server ? 0 : ic_dht_listen(swarm->dht, &o, &swarm->server);
    if (err)
        ic__swarm_listening(swarm->core, err, ic__swarm_now(swarm));
}
