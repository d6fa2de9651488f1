#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/dht_state.h"

static ic__dht_carrier *find(const ic_dht *dht, uint32_t id)
{
    return ic__map_get(&dht->streams, id);
}

/* A packet by a way that is not the stream's: the node says whether to take it. */
static bool on_packet(void *user, ic__udp_socket *udp, const ic__addr *from)
{
    ic__dht_carrier *st = user;
    ic_dht *dht = st->dht;
    const ic__dht_socket *sock = ic__udp_socket_user(udp);

    if (!dht->node || dht->asleep)
        return false;
    ic__dht_enter(dht);
    bool take =
        ic__dht_stream_packet(dht->node, st->id, sock->number, from, ic__dht_now(dht));
    ic__dht_leave(dht);
    return take;
}

static bool on_stranger(ic__udp_stream *udp, ic__udp_socket *sock, const ic__addr *from,
                        void *user)
{
    (void)udp;
    return !on_packet(user, sock, from);
}

static void on_refused(ic__udp_stream *udp, void *user)
{
    const ic__dht_carrier *st = user;
    ic_dht *dht = st->dht;

    (void)udp;
    if (!dht->node || dht->asleep)
        return;
    ic__dht_enter(dht);
    ic__dht_stream_refused(dht->node, st->id, ic__dht_now(dht));
    ic__dht_leave(dht);
}

static void on_proven(void *user)
{
    const ic__dht_carrier *st = user;
    ic_dht *dht = st->dht;

    if (!dht->node)
        return;
    ic__dht_enter(dht);
    ic__dht_stream_proven(dht->node, st->id, ic__dht_now(dht));
    ic__dht_leave(dht);
    /* From now on the peer may change its address; not while there are two ways. */
    if (!st->pairing)
        ic__udp_stream_set_strict(st->udp, false);
}

static void on_gone(void *user)
{
    ic__dht_carrier *st = user;
    ic_dht *dht = st->dht;
    uint32_t id = st->id;

    ic__dht_pairing_drop(st->pairing);
    (void)ic__map_take(&dht->streams, id);
    if (st->server)
        ic__queue_remove(&st->server->streams, &st->link);
    ic_mem_free(st);
    if (!dht->node)
        return;
    ic__dht_enter(dht);
    ic__dht_stream_gone(dht->node, id, ic__dht_now(dht));
    ic__dht_leave(dht);
}

static void on_closed(ic__udp_stream *udp, int error, void *user)
{
    (void)udp;
    (void)error;
    on_gone(user);
}

/* A number that nobody has; most are free. */
static int open_carrier(ic_dht *dht, ic__dht_carrier *st)
{
    const ic__udp_stream_events events = {
        .firewall = on_stranger, .refused = on_refused, .closed = on_closed};
    int err;

    do {
        dht->home.env.random(&st->id, sizeof st->id, dht->home.env.user);
        err = ic__udp_stream_new(dht->home.udp, &st->udp, st->id, NULL, &events, st);
    } while (err == IC_ERR_EXISTS);
    return err;
}

int ic__dht_carrier_new(void *user, uint32_t *local_id)
{
    ic_dht *dht = user;
    ic__dht_carrier *st = ic_mem_calloc(1, sizeof *st);

    if (!st)
        return IC_ERR_NOMEM;
    st->dht = dht;
    int err = open_carrier(dht, st);
    if (err) {
        ic_mem_free(st);
        return err;
    }
    err = ic__map_put(&dht->streams, st->id, st);
    if (err) {
        ic__udp_stream_close(st->udp); /* on_closed frees it */
        return err;
    }
    ic__udp_stream_set_strict(st->udp, true);
    ic__udp_stream_set_reading(st->udp, false);
    *local_id = st->id;
    return 0;
}

static int move(ic__dht_carrier *st, ic__udp_socket *sock, uint32_t remote_id,
                const ic__addr *to)
{
    int err = ic__udp_stream_move(st->udp, sock, remote_id, to);

    if (!err && st->stream) {
        ic__udp_stream_set_strict(st->udp, true);
        ic__stream_moved(st->stream);
    }
    return err;
}

int ic__dht_carrier_connect(void *user, uint32_t local_id, uint32_t number,
                            uint32_t remote_id, const ic__addr *to)
{
    ic_dht *dht = user;
    ic__dht_carrier *st = find(dht, local_id);
    const ic__dht_socket *sock = ic__map_get(&dht->sockets, number);

    if (!st || !sock)
        return IC_ERR_CLOSED;
    if (st->connected)
        return move(st, sock->udp, remote_id, to);
    int err = ic__udp_stream_connect(st->udp, sock->udp, remote_id, to);
    st->connected = !err;
    return err;
}

void ic__dht_carrier_free(void *user, uint32_t local_id)
{
    const ic__dht_carrier *st = find(user, local_id);

    if (st)
        ic__udp_stream_close(st->udp);
}

int ic__dht_carrier_adopt(ic_dht *dht, const ic__dht_connection *connection,
                          uint64_t keepalive_ns, ic_server *server, ic_stream **out)
{
    ic__dht_carrier *st = find(dht, connection->local_id);

    if (!st)
        return IC_ERR_CLOSED;
    const ic__stream_adoption from = {
        .carrier = st->udp,
        .keys = &connection->keys,
        .initiator = connection->initiator,
        .keepalive_ns = keepalive_ns,
        .host = {.packet = on_packet, .proven = on_proven, .gone = on_gone, .user = st},
    };
    int err = ic__stream_adopt(&dht->home, &from, out);
    if (err) {
        dht->dropped_connections++;
        ic__udp_stream_close(st->udp);
        return err;
    }
    st->stream = *out;
    st->server = server;
    if (server)
        ic__queue_push(&server->streams, &st->link);
    return 0;
}
