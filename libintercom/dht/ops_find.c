/* Who is where: records of peers. */
#include "dht/ops_state.h"

#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

static void on_record(ic__dht_op *op, const ic__rpc_reply *reply)
{
    ic__rd r = ic__rd_of(reply->value, reply->value_len);
    ic__dht_peer peer;

    ic__dht_peer_read(&r, &peer);
    if (r.bad || memcmp(peer.public_key, op->public_key, sizeof peer.public_key) != 0)
        return;
    op->found = true;
    (void)ic__op_tell_peer(op, &peer, &reply->from);
}

int ic__dht_find_peer(ic__dht *d, const uint8_t public_key[IC__DHT_KEY_BYTES],
                      const ic__dht_op_events *events, ic__dht_op **out)
{
    uint8_t target[IC__DHT_KEY_BYTES];
    ic__dht_op *op;

    ic__dht_hash(target, public_key, IC__DHT_KEY_BYTES);
    op = ic__op_new(d, target, IC__DHT_FIND_PEER, events);
    if (!op)
        return IC_ERR_NOMEM;
    memcpy(op->public_key, public_key, sizeof op->public_key);
    op->on_value = on_record;
    op->wants_value = true;
    return ic__op_start(op, NULL, 0, out);
}

static int send_announcement(ic__dht_op *op, uint8_t command, const ic__addr *node,
                             const uint8_t *node_id, const uint8_t *token)
{
    uint8_t bytes[1 + IC__DHT_RECORD_BYTES_MAX + IC__DHT_SIGNATURE_BYTES];
    uint8_t peer[IC__DHT_RECORD_BYTES_MAX];
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    uint8_t signature[IC__DHT_SIGNATURE_BYTES];
    ic__wr record = ic__wr_of(peer, sizeof peer);
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__dht_announcement m = {.has_peer = true, .peer = op->peer, .signature = signature};
    const ic__dht_binding binding = {
        .command = command, .target = op->target, .node_id = node_id, .token = token};

    if (command == IC__DHT_UNANNOUNCE)
        m.peer.relay_count = 0;
    ic__dht_peer_write(&record, &m.peer);
    ic__dht_announcement_signable(signable, &binding, peer, record.len, NULL);
    ic_identity_sign(op->identity, signable, sizeof signable, signature);
    ic__dht_announcement_write(&w, &m);
    return ic__op_send(op, node, command, token, &w);
}

static int commit_announce(ic__dht_op *op, const ic__query_node *node)
{
    return send_announcement(op, IC__DHT_ANNOUNCE, &node->addr, node->id, node->token);
}

/* A node that lists us, or so many that it may list us too. */
static void take_away(ic__dht_op *op, const ic__rpc_reply *reply)
{
    if (reply->id && reply->token && op->unannounces < IC__OP_UNANNOUNCES_MAX &&
        send_announcement(op, IC__DHT_UNANNOUNCE, &reply->from, reply->id,
                          reply->token) == 0)
        op->unannounces++;
}

static bool lists(const ic__dht_lookup_reply *m, const ic__dht_peer *peer)
{
    for (size_t i = 0; i < m->peer_count; i++) {
        if (memcmp(m->peers[i].public_key, peer->public_key, sizeof peer->public_key) ==
            0)
            return true;
    }
    return false;
}

static void on_records(ic__dht_op *op, const ic__rpc_reply *reply)
{
    ic__dht_lookup_reply m;

    if (ic__dht_lookup_reply_decode(&m, reply->value, reply->value_len) != 0)
        return;
    if (op->clear && (m.peer_count == IC__DHT_RECORDS_MAX || lists(&m, &op->peer)))
        take_away(op, reply);
    for (size_t i = 0; i < m.peer_count; i++) {
        if (!ic__op_tell_peer(op, &m.peers[i], &reply->from))
            return;
    }
}

int ic__dht_lookup(ic__dht *d, const uint8_t topic[IC__DHT_KEY_BYTES],
                   const ic__dht_op_events *events, ic__dht_op **out)
{
    ic__dht_op *op = ic__op_new(d, topic, IC__DHT_LOOKUP, events);

    if (!op)
        return IC_ERR_NOMEM;
    op->on_value = on_records;
    return ic__op_start(op, NULL, 0, out);
}

static int copy_identity(ic__dht_op *op, const ic_identity *identity)
{
    uint8_t seed[IC_SEED_BYTES];
    int err;

    ic_identity_copy_seed(identity, seed);
    err = ic_identity_from_seed(&op->identity, seed, ic_identity_network(identity));
    sodium_memzero(seed, sizeof seed);
    memcpy(op->peer.public_key, ic_identity_public_key(identity), IC__DHT_KEY_BYTES);
    return err;
}

/* A lookup that signs on its way. */
static int new_signing(ic__dht *d, const uint8_t *topic, const ic_identity *identity,
                       const ic__dht_op_events *events, ic__dht_op **out)
{
    ic__dht_op *op = ic__op_new(d, topic, IC__DHT_LOOKUP, events);
    int err = op ? copy_identity(op, identity) : IC_ERR_NOMEM;

    if (err) {
        ic__dht_op_cancel(op);
        return err;
    }
    op->on_value = on_records;
    *out = op;
    return 0;
}

int ic__dht_announce(ic__dht *d, const uint8_t topic[IC__DHT_KEY_BYTES],
                     const ic_identity *identity, const ic__addr *relays,
                     size_t relay_count, bool clear, const ic__dht_op_events *events,
                     ic__dht_op **out)
{
    ic__dht_op *op;
    int err = new_signing(d, topic, identity, events, &op);

    if (err)
        return err;
    op->clear = clear;
    op->commit = commit_announce;
    op->peer.relay_count =
        relay_count < IC__DHT_RELAYS_MAX ? relay_count : IC__DHT_RELAYS_MAX;
    for (size_t i = 0; i < op->peer.relay_count; i++)
        op->peer.relays[i] = relays[i];
    return ic__op_start(op, NULL, 0, out);
}

int ic__dht_unannounce(ic__dht *d, const uint8_t topic[IC__DHT_KEY_BYTES],
                       const ic_identity *identity, const ic__dht_op_events *events,
                       ic__dht_op **out)
{
    ic__dht_op *op;
    int err = new_signing(d, topic, identity, events, &op);

    if (err)
        return err;
    op->clear = true;
    return ic__op_start(op, NULL, 0, out);
}
