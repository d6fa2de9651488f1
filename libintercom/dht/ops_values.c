/* Values under their hash, and values under a key. */
#include "dht/ops_state.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "transport/codec.h"

#define MUTABLE_HEAD_MAX (IC__DHT_KEY_BYTES + 9 + 9)

/* The operation has what it wants from this answer. */
static void found(ic__dht_op *op, const uint8_t *value, size_t len, uint64_t seq)
{
    uint8_t *copy = ic_mem_alloc(len ? len : 1);

    if (!copy)
        return; /* another node may send it again */
    if (len)
        memcpy(copy, value, len);
    ic_mem_free(op->bytes);
    op->bytes = copy;
    op->len = len;
    op->seq = seq;
    op->found = true;
    if (!op->latest)
        ic__query_stop(op->query);
}

static void on_immutable(ic__dht_op *op, const ic__rpc_reply *reply)
{
    uint8_t hash[IC__DHT_KEY_BYTES];

    ic__dht_hash(hash, reply->value, reply->value_len);
    if (!op->found && memcmp(hash, op->target, sizeof hash) == 0)
        found(op, reply->value, reply->value_len, 0);
}

int ic__dht_immutable_get(ic__dht *d, const uint8_t hash[IC__DHT_KEY_BYTES],
                          const ic__dht_op_events *events, ic__dht_op **out)
{
    ic__dht_op *op = ic__op_new(d, hash, IC__DHT_IMMUTABLE_GET, events);

    if (!op)
        return IC_ERR_NOMEM;
    op->on_value = on_immutable;
    op->wants_value = true;
    return ic__op_start(op, NULL, 0, out);
}

/* Section 15: nobody gets an older value past us than another node has shown. */
static void on_mutable(ic__dht_op *op, const ic__rpc_reply *reply)
{
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    ic__dht_mutable m;

    if (ic__dht_mutable_get_decode(&m, reply->value, reply->value_len) != 0 ||
        m.seq < op->seq || (op->found && (m.seq == op->seq || !op->latest)))
        return;
    ic__dht_mutable_signable(signable, m.seq, m.value, m.value_len);
    if (ic_signature_verify(m.signature, signable, sizeof signable, op->public_key))
        found(op, m.value, m.value_len, m.seq);
}

int ic__dht_mutable_get(ic__dht *d, const uint8_t public_key[IC__DHT_KEY_BYTES],
                        uint64_t least_seq, bool latest, const ic__dht_op_events *events,
                        ic__dht_op **out)
{
    uint8_t target[IC__DHT_KEY_BYTES];
    uint8_t request[9];
    ic__wr w = ic__wr_of(request, sizeof request);
    ic__dht_op *op;

    ic__wr_uint(&w, least_seq);
    if (w.bad)
        return IC_ERR_INVALID;
    ic__dht_hash(target, public_key, IC__DHT_KEY_BYTES);
    op = ic__op_new(d, target, IC__DHT_MUTABLE_GET, events);
    if (!op)
        return IC_ERR_NOMEM;
    memcpy(op->public_key, public_key, sizeof op->public_key);
    op->seq = least_seq;
    op->latest = latest;
    op->on_value = on_mutable;
    op->wants_value = true;
    return ic__op_start(op, request, w.len, out);
}

static int commit_immutable(ic__dht_op *op, const ic__query_node *node)
{
    const ic__wr value = {.p = op->bytes, .len = op->len};

    return ic__op_send(op, &node->addr, IC__DHT_IMMUTABLE_PUT, node->token, &value);
}

static int commit_mutable(ic__dht_op *op, const ic__query_node *node)
{
    const ic__wr value = {.p = op->bytes, .len = op->len};

    return ic__op_send(op, &node->addr, IC__DHT_MUTABLE_PUT, node->token, &value);
}

int ic__dht_immutable_put(ic__dht *d, const uint8_t *value, size_t len,
                          const ic__dht_op_events *events, ic__dht_op **out)
{
    uint8_t target[IC__DHT_KEY_BYTES];
    ic__dht_op *op;

    if (len > IC__DHT_VALUE_MAX)
        return IC_ERR_LIMIT;
    ic__dht_hash(target, value, len);
    op = ic__op_new(d, target, IC__DHT_IMMUTABLE_GET, events);
    if (!op)
        return IC_ERR_NOMEM;
    op->bytes = ic_mem_alloc(len ? len : 1);
    if (!op->bytes) {
        ic__dht_op_cancel(op);
        return IC_ERR_NOMEM;
    }
    if (len)
        memcpy(op->bytes, value, len);
    op->len = len;
    op->commit = commit_immutable;
    return ic__op_start(op, NULL, 0, out);
}

/* The request, signed once: it is the same for every node. */
static int write_mutable(ic__dht_op *op, const ic_identity *identity, uint64_t seq,
                         const uint8_t *value, size_t len)
{
    const size_t most = MUTABLE_HEAD_MAX + len + IC__DHT_SIGNATURE_BYTES;
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    uint8_t signature[IC__DHT_SIGNATURE_BYTES];
    const ic__dht_mutable m = {.public_key = ic_identity_public_key(identity),
                               .seq = seq,
                               .value = value,
                               .value_len = len,
                               .signature = signature};
    ic__wr w;

    op->bytes = ic_mem_alloc(most);
    if (!op->bytes)
        return IC_ERR_NOMEM;
    ic__dht_mutable_signable(signable, seq, value, len);
    ic_identity_sign(identity, signable, sizeof signable, signature);
    w = ic__wr_of(op->bytes, most);
    ic__dht_mutable_put_write(&w, &m);
    op->len = w.len;
    return w.bad ? IC_ERR_INVALID : 0;
}

int ic__dht_mutable_put(ic__dht *d, const ic_identity *identity, uint64_t seq,
                        const uint8_t *value, size_t len, const ic__dht_op_events *events,
                        ic__dht_op **out)
{
    static const uint8_t any_seq[] = {0};
    uint8_t target[IC__DHT_KEY_BYTES];
    ic__dht_op *op;
    int err;

    if (len > IC__DHT_VALUE_MAX)
        return IC_ERR_LIMIT;
    ic__dht_hash(target, ic_identity_public_key(identity), IC__DHT_KEY_BYTES);
    op = ic__op_new(d, target, IC__DHT_MUTABLE_GET, events);
    err = op ? write_mutable(op, identity, seq, value, len) : IC_ERR_NOMEM;
    if (err) {
        ic__dht_op_cancel(op);
        return err;
    }
    op->commit = commit_mutable;
    return ic__op_start(op, any_seq, sizeof any_seq, out);
}
