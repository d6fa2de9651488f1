/*
 * docs/spec/06-hyperdht.md, sections 1 and 2: every value in the recorded conversations
 * of real nodes (tests/vectors/dht-flows.json) is read, written as it was, and where it
 * is signed, the signature holds for the node that it was sent to.
 */
#include <stdlib.h>
#include <string.h>

#include "dht/messages.h"
#include "dht/rpc_message.h"
#include "intercom/identity.h"
#include "intercom/init.h"
#include "unit.h"
#include "vectors.h"

#define COMMANDS 11
#define MOST_OPEN 256

/* A request that waits for its reply. */
typedef struct open_request {
    json_int_t from;
    json_int_t to;
    uint16_t tid;
    uint32_t command;
} open_request;

typedef struct seen {
    size_t requests[COMMANDS];
    size_t replies[COMMANDS];
    open_request open[MOST_OPEN];
    size_t open_count;
} seen;

static json_int_t port(const json_t *packet, const char *key)
{
    return json_integer_value(json_object_get(packet, key));
}

static void expect_same(const ic__wr *w, const ic__rpc_message *m)
{
    assert_false(w->bad);
    assert_int_equal(w->len, m->value_len);
    assert_memory_equal(w->p, m->value, w->len);
}

/* PEER_HANDSHAKE and PEER_HOLEPUNCH, whichever way they go */
static void check_routed(const ic__rpc_message *m, uint32_t command)
{
    uint8_t out[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(out, sizeof out);
    ic__dht_handshake handshake;
    ic__dht_holepunch holepunch;
    if (command == IC__DHT_PEER_HANDSHAKE) {
        assert_int_equal(ic__dht_handshake_decode(&handshake, m->value, m->value_len), 0);
        ic__dht_handshake_write(&w, &handshake);
    } else {
        assert_int_equal(ic__dht_holepunch_decode(&holepunch, m->value, m->value_len), 0);
        ic__dht_holepunch_write(&w, &holepunch);
    }
    expect_same(&w, m);
}

static void check_announcement(const ic__rpc_message *m)
{
    uint8_t out[IC__RPC_DATAGRAM_MAX];
    uint8_t node_id[IC__DHT_KEY_BYTES];
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    ic__wr w = ic__wr_of(out, sizeof out);
    ic__dht_announcement a;
    const ic__dht_binding binding = {.command = (uint8_t)m->command,
                                     .target = m->target,
                                     .node_id = node_id,
                                     .token = m->token};
    assert_non_null(m->token);
    assert_int_equal(ic__dht_announcement_decode(&a, m->value, m->value_len), 0);
    ic__dht_announcement_write(&w, &a);
    expect_same(&w, m);
    ic__rpc_id_of(node_id, &m->to);
    ic__dht_announcement_signable(signable, &binding, a.peer_bytes, a.peer_len,
                                  a.refresh);
    assert_true(
        ic_signature_verify(a.signature, signable, sizeof signable, a.peer.public_key));
}

static void check_mutable(const ic__rpc_message *m, bool put, const uint8_t *public_key)
{
    uint8_t out[IC__RPC_DATAGRAM_MAX];
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    ic__wr w = ic__wr_of(out, sizeof out);
    ic__dht_mutable v;
    if (put) {
        assert_int_equal(ic__dht_mutable_put_decode(&v, m->value, m->value_len), 0);
        ic__dht_mutable_put_write(&w, &v);
    } else {
        assert_int_equal(ic__dht_mutable_get_decode(&v, m->value, m->value_len), 0);
        ic__dht_mutable_get_write(&w, &v);
    }
    expect_same(&w, m);
    ic__dht_mutable_signable(signable, v.seq, v.value, v.value_len);
    assert_true(ic_signature_verify(v.signature, signable, sizeof signable,
                                    put ? v.public_key : public_key));
}

static void check_request(const ic__rpc_message *m)
{
    uint8_t hash[IC__DHT_KEY_BYTES];
    if (m->command <= IC__DHT_PEER_HOLEPUNCH)
        check_routed(m, m->command);
    else if (m->command == IC__DHT_ANNOUNCE || m->command == IC__DHT_UNANNOUNCE)
        check_announcement(m);
    else if (m->command == IC__DHT_MUTABLE_PUT)
        check_mutable(m, true, NULL);
    else if (m->command == IC__DHT_IMMUTABLE_PUT) {
        ic__dht_hash(hash, m->value, m->value_len);
        assert_memory_equal(hash, m->target, sizeof hash);
    }
}

static void check_peer(const ic__rpc_message *m)
{
    uint8_t out[IC__DHT_RECORD_BYTES_MAX];
    ic__wr w = ic__wr_of(out, sizeof out);
    ic__rd r = ic__rd_of(m->value, m->value_len);
    ic__dht_peer peer;
    ic__dht_peer_read(&r, &peer);
    assert_true(ic__rd_finish(&r));
    ic__dht_peer_write(&w, &peer);
    expect_same(&w, m);
}

static void check_lookup(const ic__rpc_message *m)
{
    uint8_t out[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(out, sizeof out);
    ic__dht_lookup_reply reply;
    assert_int_equal(ic__dht_lookup_reply_decode(&reply, m->value, m->value_len), 0);
    ic__dht_lookup_reply_write(&w, &reply);
    expect_same(&w, m);
}

/* Section 1: what has a token and what has none */
static void check_reply(const ic__rpc_message *m, uint32_t command,
                        const uint8_t *public_key)
{
    const bool bare = command <= IC__DHT_PEER_HOLEPUNCH || command == IC__DHT_ANNOUNCE ||
                      command == IC__DHT_UNANNOUNCE;
    if (m->error == 0)
        assert_int_equal(m->token != NULL, !bare);
    if (!m->value)
        return;
    if (command <= IC__DHT_PEER_HOLEPUNCH)
        check_routed(m, command);
    else if (command == IC__DHT_FIND_PEER)
        check_peer(m);
    else if (command == IC__DHT_LOOKUP)
        check_lookup(m);
    else if (command == IC__DHT_MUTABLE_GET)
        check_mutable(m, false, public_key);
}

static void take_request(seen *s, const json_t *packet, const ic__rpc_message *m)
{
    if (m->internal)
        return;
    assert_true(m->command < COMMANDS);
    s->requests[m->command]++;
    check_request(m);
    assert_true(s->open_count < MOST_OPEN);
    s->open[s->open_count++] = (open_request){.from = port(packet, "fromPort"),
                                              .to = port(packet, "toPort"),
                                              .tid = m->tid,
                                              .command = m->command};
}

static void take_reply(seen *s, const json_t *packet, const ic__rpc_message *m,
                       const uint8_t *public_key)
{
    for (size_t i = s->open_count; i > 0; i--) {
        const open_request *o = &s->open[i - 1];
        if (o->tid != m->tid || o->from != port(packet, "toPort") ||
            o->to != port(packet, "fromPort"))
            continue;
        s->replies[o->command]++;
        check_reply(m, o->command, public_key);
        return;
    }
}

static void take_flow(seen *s, const json_t *flow, const uint8_t *public_key)
{
    size_t i;
    json_t *packet;
    s->open_count = 0;
    json_array_foreach(json_object_get(flow, "packets"), i, packet)
    {
        ic__rpc_message m;
        size_t len;
        uint8_t *data = vectors_bytes(packet, "hex", &len);
        if (len > 1 && (data[0] == IC__RPC_REQUEST || data[0] == IC__RPC_REPLY)) {
            assert_int_equal(ic__rpc_message_read(&m, data, len), 0);
            if (m.type == IC__RPC_REQUEST)
                take_request(s, packet, &m);
            else
                take_reply(s, packet, &m, public_key);
        }
        free(data);
    }
}

static void every_value_of_real_conversations_is_understood(void **state)
{
    static seen s;
    json_t *doc = vectors_load("dht-flows.json");
    uint8_t server_key[IC__DHT_KEY_BYTES];
    ic_identity *server;
    size_t len;
    size_t i;
    json_t *flow;
    uint8_t *seed = vectors_bytes(json_object_get(doc, "keys"), "serverSeed", &len);
    assert_int_equal(len, IC_SEED_BYTES);
    assert_int_equal(ic_identity_from_seed(&server, seed, IC_NETWORK_MAINNET), 0);
    memcpy(server_key, ic_identity_public_key(server), sizeof server_key);
    json_array_foreach(json_object_get(doc, "flows"), i, flow)
        take_flow(&s, flow, server_key);
    assert_int_equal(i, 11);
    for (uint32_t command = 0; command < IC__DHT_PLUGIN; command++) {
        assert_true(s.requests[command] > 0);
        assert_true(s.replies[command] > 0);
    }
    ic_identity_free(server);
    free(seed);
    json_decref(doc);
}

static int setup(void **state)
{
    return ic_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_real_conversations_is_understood),
    };
    return cmocka_run_group_tests_name("dht/flows", tests, setup, NULL);
}
