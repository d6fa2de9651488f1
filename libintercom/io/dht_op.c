#include <string.h>

#include "base/opts.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/dht_state.h"
#include "transport/codec.h"

#define LIST_BYTES (IC__DHT_RELAYS_MAX * IC__SOCKADDR_TEXT_BYTES)

static const ic_dht_op_options defaults = {
    .struct_size = sizeof defaults,
};

void ic_dht_op_options_init(ic_dht_op_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &defaults, sizeof defaults);
}

static void print_list(char text[LIST_BYTES], const ic__addr *addrs, size_t count)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (i)
            text[len++] = ',';
        ic__sockaddr_print(text + len, &addrs[i]);
        len += strlen(text + len);
    }
}

static void on_peer(void *user, const ic__dht_peer *peer, const ic__addr *from)
{
    ic_dht_op *op = user;
    char nodes[LIST_BYTES];
    char teller[IC__SOCKADDR_TEXT_BYTES];

    if (!op->on.on_peer)
        return;
    print_list(nodes, peer->relays, peer->relay_count);
    ic__sockaddr_print(teller, from);
    const ic_dht_peer told = {
        .public_key = peer->public_key, .nodes = nodes, .from = teller};
    op->on.on_peer(op, &told, op->on.user);
}

static void on_value(void *user, const uint8_t *value, size_t len, uint64_t seq)
{
    ic_dht_op *op = user;
    const ic_dht_answer answer = {
        .value = value, .len = len, .seq = seq, .from = "", .own_as = ""};

    if (op->on.on_answer)
        op->on.on_answer(op, &answer, op->on.user);
}

static void read_near(ic_dht_op *op)
{
    const ic_dht_near *near = op->on.near;
    size_t count = near->count < IC_DHT_NEAR_MAX ? near->count : IC_DHT_NEAR_MAX;

    op->near = (ic__dht_near){.count = count, .only = near->only};
    for (size_t i = 0; i < count; i++) {
        ic__rd r = ic__rd_of(near->nodes[i], sizeof near->nodes[i]);
        ic__rd_ipv4_addr(&r, &op->near.nodes[i]);
    }
}

static void write_near(ic_dht_op *op)
{
    ic_dht_near *near = op->on.near;

    near->count = (uint8_t)op->near.count;
    for (size_t i = 0; i < op->near.count; i++) {
        ic__wr w = ic__wr_of(near->nodes[i], sizeof near->nodes[i]);
        ic__wr_addr(&w, &op->near.nodes[i]);
    }
}

/* Its last call. */
static void finish(ic_dht_op *op, int error, size_t nodes)
{
    if (!error && op->on.near)
        write_near(op);
    ic__queue_remove(&op->dht->ops, &op->link);
    if (op->on.on_done)
        op->on.on_done(op, error, nodes, op->on.user);
    ic_mem_free(op);
}

static void on_done(void *user, int error, size_t nodes)
{
    finish(user, error, nodes);
}

static void on_pong(void *user, int error, const ic__rpc_reply *reply)
{
    ic_dht_op *op = user;
    char from[IC__SOCKADDR_TEXT_BYTES];
    char own_as[IC__SOCKADDR_TEXT_BYTES];

    op->ping = NULL;
    if (!error && op->on.on_answer) {
        ic__sockaddr_print(from, &reply->from);
        ic__sockaddr_print(own_as, &reply->to);
        const ic_dht_answer answer = {
            .rtt_ns = reply->rtt_ns, .from = from, .own_as = own_as};
        op->on.on_answer(op, &answer, op->on.user);
    }
    finish(op, error, error ? 0 : 1);
}

/* A question that has not been asked yet. */
static int new_op(ic_dht *dht, const ic_dht_op_options *opts, ic_dht_op **out)
{
    ic_dht_op_options o;

    int err = ic__opts_read(&o, sizeof o, &defaults, opts);
    if (!err)
        err = ic__dht_usable(dht);
    if (err)
        return err;
    ic_dht_op *op = ic_mem_calloc(1, sizeof *op);
    if (!op)
        return IC_ERR_NOMEM;
    op->dht = dht;
    op->on = o;
    op->events = (ic__dht_op_events){
        .on_peer = on_peer, .on_value = on_value, .on_done = on_done, .user = op};
    if (o.near) {
        read_near(op);
        op->events.near = &op->near;
    }
    *out = op;
    ic__dht_enter(dht);
    return 0;
}

/* It was asked, with what came of it; NULL could not be. */
static int asked(ic_dht_op *op, int err, ic_dht_op **out)
{
    if (!op)
        return err;
    ic_dht *dht = op->dht;
    if (err)
        ic_mem_free(op);
    else
        ic__queue_push(&dht->ops, &op->link);
    ic__dht_leave(dht);
    if (!err && out)
        *out = op;
    return err;
}

int ic_dht_lookup(ic_dht *dht, const uint8_t topic[IC_DHT_KEY_BYTES],
                  const ic_dht_op_options *opts, ic_dht_op **out)
{
    ic_dht_op *op = NULL;

    int err = new_op(dht, opts, &op);
    if (!err)
        err = ic__dht_lookup(dht->node, topic, &op->events, &op->core);
    return asked(op, err, out);
}

int ic_dht_find_peer(ic_dht *dht, const uint8_t key[IC_DHT_KEY_BYTES],
                     const ic_dht_op_options *opts, ic_dht_op **out)
{
    ic_dht_op *op = NULL;

    int err = new_op(dht, opts, &op);
    if (!err)
        err = ic__dht_find_peer(dht->node, key, &op->events, &op->core);
    return asked(op, err, out);
}

int ic_dht_announce(ic_dht *dht, const uint8_t topic[IC_DHT_KEY_BYTES],
                    const ic_identity *identity, const ic_server *server,
                    const ic_dht_op_options *opts, ic_dht_op **out)
{
    ic__addr relays[IC__DHT_RELAYS_MAX];
    ic_dht_op *op = NULL;

    int err = new_op(dht, opts, &op);
    if (err)
        return err;
    size_t count = server ? ic__dht_server_relays(server->core, relays) : 0;
    err = ic__dht_announce(dht->node, topic, identity, relays, count, true, &op->events,
                           &op->core);
    return asked(op, err, out);
}

int ic_dht_unannounce(ic_dht *dht, const uint8_t topic[IC_DHT_KEY_BYTES],
                      const ic_identity *identity, const ic_dht_op_options *opts,
                      ic_dht_op **out)
{
    ic_dht_op *op = NULL;

    int err = new_op(dht, opts, &op);
    if (!err)
        err = ic__dht_unannounce(dht->node, topic, identity, &op->events, &op->core);
    return asked(op, err, out);
}

int ic_dht_immutable_put(ic_dht *dht, const uint8_t *value, size_t len,
                         const ic_dht_op_options *opts, ic_dht_op **out)
{
    ic_dht_op *op = NULL;

    int err = new_op(dht, opts, &op);
    if (!err)
        err = ic__dht_immutable_put(dht->node, value, len, &op->events, &op->core);
    return asked(op, err, out);
}

int ic_dht_immutable_get(ic_dht *dht, const uint8_t hash[IC_DHT_KEY_BYTES],
                         const ic_dht_op_options *opts, ic_dht_op **out)
{
    ic_dht_op *op = NULL;

    int err = new_op(dht, opts, &op);
    if (!err)
        err = ic__dht_immutable_get(dht->node, hash, &op->events, &op->core);
    return asked(op, err, out);
}

int ic_dht_mutable_put(ic_dht *dht, const ic_identity *identity, uint64_t seq,
                       const uint8_t *value, size_t len, const ic_dht_op_options *opts,
                       ic_dht_op **out)
{
    ic_dht_op *op = NULL;

    int err = new_op(dht, opts, &op);
    if (!err)
        err = ic__dht_mutable_put(dht->node, identity, seq, value, len, &op->events,
                                  &op->core);
    return asked(op, err, out);
}

int ic_dht_mutable_get(ic_dht *dht, const uint8_t key[IC_DHT_KEY_BYTES],
                       uint64_t least_seq, bool latest, const ic_dht_op_options *opts,
                       ic_dht_op **out)
{
    ic_dht_op *op = NULL;

    int err = new_op(dht, opts, &op);
    if (!err)
        err = ic__dht_mutable_get(dht->node, key, least_seq, latest, &op->events,
                                  &op->core);
    return asked(op, err, out);
}

int ic_dht_ping(ic_dht *dht, const char *address, const ic_dht_op_options *opts,
                ic_dht_op **out)
{
    ic_dht_op *op = NULL;
    ic__addr to;

    if (!ic__sockaddr_parse(&to, address) || to.family != 4)
        return IC_ERR_INVALID;
    int err = new_op(dht, opts, &op);
    if (err)
        return err;
    ic__rpc_call call = ic__rpc_call_to(&to, true, IC__RPC_PING);
    call.on_done = on_pong;
    call.user = op;
    return asked(op, ic__rpc_call_send(ic__dht_rpc(dht->node), &call, &op->ping), out);
}

static void forget(ic_dht_op *op)
{
    ic__dht_enter(op->dht);
    ic__dht_op_cancel(op->core);
    if (op->ping)
        ic__rpc_cancel(ic__dht_rpc(op->dht->node), op->ping);
    ic__dht_leave(op->dht);
}

void ic_dht_op_cancel(ic_dht_op *op)
{
    if (!op)
        return;
    forget(op);
    ic__queue_remove(&op->dht->ops, &op->link);
    ic_mem_free(op);
}

void ic__dht_cancel_ops(ic_dht *dht)
{
    for (ic__link *l = ic__queue_first(&dht->ops); l; l = ic__queue_first(&dht->ops)) {
        ic_dht_op *op = IC__ELEMENT(l, ic_dht_op, link);
        forget(op);
        finish(op, IC_ERR_CANCELED, 0);
    }
}
