/*
 * docs/spec/06-hyperdht.md, sections 1, 2 and 11, what nodes store and what people and
 * relays exchange, against tests/vectors/hyperdht.json.
 */
#include <stdlib.h>
#include <string.h>

#include "dht/messages.h"
#include "dht_json.h"
#include "intercom/error.h"
#include "intercom/identity.h"
#include "unit.h"
#include "vectors.h"

static json_t *vectors;

static uint64_t number(const json_t *v, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(v, key));
}

static void expect_peer(const json_t *v, const ic__dht_peer *peer)
{
    vectors_expect_bytes(v, "publicKey", peer->public_key, sizeof peer->public_key);
    dht_json_expect_addrs(json_object_get(v, "relayAddresses"), peer->relays,
                          peer->relay_count);
}

/* Section 1 */
static void namespaces_are_those_of_javascript(void **state)
{
    static const struct {
        const char *name;
        uint8_t command;
    } all[] = {{"ANNOUNCE", IC__DHT_ANNOUNCE},
               {"UNANNOUNCE", IC__DHT_UNANNOUNCE},
               {"MUTABLE_PUT", IC__DHT_MUTABLE_PUT},
               {"PEER_HANDSHAKE", IC__DHT_PEER_HANDSHAKE},
               {"PEER_HOLEPUNCH", IC__DHT_PEER_HOLEPUNCH},
               {"PLUGIN", IC__DHT_PLUGIN}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint8_t ns[IC__DHT_KEY_BYTES];
        ic__dht_namespace(ns, all[i].command);
        vectors_expect_bytes(json_object_get(vectors, "namespaces"), all[i].name, ns,
                             sizeof ns);
    }
}

/* Field lesson 2: the bare record, no length before it. */
static void peer_records_are_read_and_written_as_javascript_does(void **state)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(vectors, "records"), i, v)
    {
        uint8_t out[128];
        ic__wr w = ic__wr_of(out, sizeof out);
        ic__dht_peer peer;
        size_t len;
        uint8_t *data = vectors_bytes(v, "hex", &len);
        for (size_t cut = 0; cut <= len; cut++) {
            ic__rd r = ic__rd_of(data, cut);
            ic__dht_peer_read(&r, &peer);
            assert_int_equal(r.bad, cut < len);
        }
        expect_peer(json_object_get(v, "decoded"), &peer);
        ic__dht_peer_write(&w, &peer);
        vectors_expect_bytes(v, "hex", out, w.len);
        free(data);
    }
    assert_int_equal(i, 2);
}

static size_t expect_lookup_reply(const json_t *v, const void *message, size_t len)
{
    const json_t *fields = json_object_get(v, "decoded");
    const ic__dht_lookup_reply *m = message;
    assert_int_equal(m->bump, number(fields, "bump"));
    assert_int_equal(m->peer_count, json_array_size(json_object_get(fields, "peers")));
    for (size_t i = 0; i < m->peer_count; i++)
        expect_peer(json_array_get(json_object_get(fields, "peers"), i), &m->peers[i]);
    return m->bump ? len - 9 : len - 1;
}

DHT_CODEC(lookup_reply, ic__dht_lookup_reply);

/* Field lesson 2: no lengths, and a bump at the end. */
static void lookup_replies_are_read_and_written_as_javascript_does(void **state)
{
    const json_t *old = json_object_get(vectors, "lookupOldStyle");
    ic__dht_lookup_reply m;
    size_t len;
    uint8_t *data = vectors_bytes(old, "hex", &len);
    assert_int_equal(ic__dht_lookup_reply_decode(&m, data, len), 0);
    (void)expect_lookup_reply(old, &m, len);
    free(data);
    vectors_round(json_object_get(vectors, "lookups"), "hex", &lookup_reply, 4);
}

static void a_lookup_reply_with_too_many_records_keeps_the_first(void **state)
{
    enum { COUNT = IC__DHT_RECORDS_MAX + 7 };
    uint8_t bytes[1 + COUNT * 33 + 1] = {COUNT};
    ic__dht_lookup_reply m;
    for (size_t i = 0; i < COUNT; i++)
        bytes[1 + i * 33] = (uint8_t)i;
    bytes[sizeof bytes - 1] = 9;
    assert_int_equal(ic__dht_lookup_reply_decode(&m, bytes, sizeof bytes), 0);
    assert_int_equal(m.peer_count, IC__DHT_RECORDS_MAX);
    assert_int_equal(m.peers[19].public_key[0], 19);
    assert_int_equal(m.bump, 9);
}

static void expect_signature(const json_t *v, const ic__dht_announcement *m)
{
    uint8_t target[32];
    uint8_t node_id[32];
    uint8_t token[32];
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    const ic__dht_binding binding = {.command = (uint8_t)number(v, "command"),
                                     .target = target,
                                     .node_id = node_id,
                                     .token = token};
    dht_json_key(v, "target", target, 32);
    dht_json_key(v, "nodeId", node_id, 32);
    dht_json_key(v, "token", token, 32);
    vectors_expect_bytes(v, "peerEncoding", m->peer_bytes, m->peer_len);
    ic__dht_announcement_signable(signable, &binding, m->peer_bytes, m->peer_len,
                                  m->refresh);
    vectors_expect_bytes(v, "signable", signable, sizeof signable);
    assert_true(
        ic_signature_verify(m->signature, signable, sizeof signable, m->peer.public_key));
}

static size_t expect_announcement(const json_t *v, const void *message, size_t len)
{
    const json_t *fields = json_object_get(v, "fields");
    const ic__dht_announcement *m = message;
    assert_true(m->has_peer);
    expect_peer(json_object_get(fields, "peer"), &m->peer);
    assert_int_equal(m->refresh != NULL, vectors_has(fields, "refresh"));
    vectors_expect_bytes(fields, "signature", m->signature, IC__DHT_SIGNATURE_BYTES);
    assert_int_equal(m->bump, number(fields, "bump"));
    expect_signature(v, m);
    return len;
}

DHT_CODEC(announcement, ic__dht_announcement);

static void announcements_are_read_signed_and_written_as_javascript_does(void **state)
{
    vectors_round(json_object_get(vectors, "announces"), "hex", &announcement, 7);
}

static void a_refresh_alone_is_read_and_written(void **state)
{
    const json_t *v = json_object_get(vectors, "refreshOnly");
    uint8_t out[64];
    ic__wr w = ic__wr_of(out, sizeof out);
    ic__dht_announcement m;
    size_t len;
    uint8_t *data = vectors_bytes(v, "hex", &len);
    assert_int_equal(ic__dht_announcement_decode(&m, data, len), 0);
    assert_false(m.has_peer);
    assert_null(m.signature);
    vectors_expect_bytes(json_object_get(v, "fields"), "refresh", m.refresh, 32);
    ic__dht_announcement_write(&w, &m);
    vectors_expect_bytes(v, "hex", out, w.len);
    free(data);
}

/* Field lesson 4: what is signed is what was sent, not what is kept of it. */
static void a_record_with_too_many_relays_is_signed_as_sent(void **state)
{
    uint8_t bytes[1 + 32 + 1 + 5 * 6] = {1};
    ic__dht_announcement m;
    bytes[33] = 5;
    assert_int_equal(ic__dht_announcement_decode(&m, bytes, sizeof bytes), 0);
    assert_int_equal(m.peer.relay_count, IC__DHT_RELAYS_MAX);
    assert_int_equal(m.peer_len, 32 + 1 + 5 * 6);
    assert_ptr_equal(m.peer_bytes, bytes + 1);
}

static size_t expect_mutable(const json_t *v, const void *message, size_t len)
{
    const ic__dht_mutable *m = message;
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    uint8_t public_key[32];
    assert_int_equal(m->seq, number(v, "seq"));
    vectors_expect_bytes(v, "value", m->value, m->value_len);
    vectors_expect_bytes(v, "signature", m->signature, IC__DHT_SIGNATURE_BYTES);
    ic__dht_mutable_signable(signable, m->seq, m->value, m->value_len);
    vectors_expect_bytes(v, "signable", signable, sizeof signable);
    dht_json_key(v, "publicKey", public_key, sizeof public_key);
    assert_true(ic_signature_verify(m->signature, signable, sizeof signable, public_key));
    return len;
}

static size_t expect_mutable_put(const json_t *v, const void *message, size_t len)
{
    const ic__dht_mutable *m = message;
    vectors_expect_bytes(v, "publicKey", m->public_key, 32);
    return expect_mutable(v, m, len);
}

static size_t expect_mutable_get(const json_t *v, const void *message, size_t len)
{
    assert_null(((const ic__dht_mutable *)message)->public_key);
    return expect_mutable(v, message, len);
}

DHT_CODEC(mutable_put, ic__dht_mutable);
DHT_CODEC(mutable_get, ic__dht_mutable);

static void mutable_values_are_read_signed_and_written_as_javascript_does(void **state)
{
    const json_t *all = json_object_get(vectors, "mutables");
    vectors_round(all, "putRequest", &mutable_put, json_array_size(all));
    vectors_round(all, "getResponse", &mutable_get, json_array_size(all));
    assert_true(json_array_size(all) >= 4);
}

static size_t expect_plugin(const json_t *v, const void *message, size_t len)
{
    const json_t *fields = json_object_get(v, "fields");
    const ic__dht_plugin *m = message;
    assert_int_equal(m->name_len, strlen(vectors_text(fields, "plugin")));
    assert_memory_equal(m->name, vectors_text(fields, "plugin"), m->name_len);
    assert_int_equal(m->version, number(fields, "version"));
    assert_int_equal(m->command, number(fields, "command"));
    assert_int_equal(m->has_value, vectors_has(fields, "value"));
    if (m->has_value)
        vectors_expect_bytes(fields, "value", m->value, m->value_len);
    return len;
}

DHT_CODEC(plugin, ic__dht_plugin);

static void plugin_requests_are_read_and_written_as_javascript_does(void **state)
{
    vectors_round(json_object_get(vectors, "plugin"), "hex", &plugin, 2);
}

static size_t expect_address(const json_t *v, const void *message, size_t len)
{
    const json_t *fields = json_object_get(v, "decoded");
    const ic__dht_address *m = message;
    vectors_expect_bytes(fields, "key", m->key, sizeof m->key);
    assert_int_equal(m->has_nodes, vectors_has(fields, "nodes"));
    dht_json_expect_addrs(json_object_get(fields, "nodes"), m->nodes, m->node_count);
    return len > sizeof m->key ? sizeof m->key : 0;
}

DHT_CODEC(address, ic__dht_address);

static void addresses_to_hand_around_are_read_and_written(void **state)
{
    vectors_round(json_object_get(vectors, "hyperdhtAddress"), "hex", &address, 3);
    const uint8_t cut[34] = {[32] = 1, [33] = 2};
    ic__dht_address m;
    assert_int_equal(ic__dht_address_decode(&m, cut, sizeof cut), IC_ERR_PROTO);
}

static size_t expect_pair(const json_t *v, const void *message, size_t len)
{
    const json_t *fields = json_object_get(v, "decoded");
    const ic__dht_pair *m = message;
    assert_int_equal(m->initiator, json_is_true(json_object_get(fields, "isInitiator")));
    vectors_expect_bytes(fields, "token", m->token, sizeof m->token);
    assert_int_equal(m->id, number(fields, "id"));
    assert_int_equal(m->seq, number(fields, "seq"));
    return len;
}

DHT_CODEC(pair, ic__dht_pair);

/* Section 11 */
static void pairing_messages_are_read_and_written_as_javascript_does(void **state)
{
    const json_t *relay = json_object_get(vectors, "blindRelay");
    const json_t *unpair = json_array_get(json_object_get(relay, "unpair"), 0);
    uint8_t out[64];
    uint8_t token[IC__DHT_TOKEN_BYTES];
    size_t len;
    vectors_round(json_object_get(relay, "pair"), "hex", &pair, 2);
    uint8_t *data = vectors_bytes(unpair, "hex", &len);
    ic__wr w = ic__wr_of(out, sizeof out);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(ic__dht_unpair_decode(token, data, cut), IC_ERR_PROTO);
    assert_int_equal(ic__dht_unpair_decode(token, data, len), 0);
    ic__dht_unpair_write(&w, token);
    vectors_expect_bytes(unpair, "hex", out, w.len);
    free(data);
}

static int load(void **state)
{
    vectors = vectors_load("hyperdht.json");
    return 0;
}

static int unload(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(namespaces_are_those_of_javascript),
        cmocka_unit_test(peer_records_are_read_and_written_as_javascript_does),
        cmocka_unit_test(lookup_replies_are_read_and_written_as_javascript_does),
        cmocka_unit_test(a_lookup_reply_with_too_many_records_keeps_the_first),
        cmocka_unit_test(announcements_are_read_signed_and_written_as_javascript_does),
        cmocka_unit_test(a_refresh_alone_is_read_and_written),
        cmocka_unit_test(a_record_with_too_many_relays_is_signed_as_sent),
        cmocka_unit_test(mutable_values_are_read_signed_and_written_as_javascript_does),
        cmocka_unit_test(plugin_requests_are_read_and_written_as_javascript_does),
        cmocka_unit_test(addresses_to_hand_around_are_read_and_written),
        cmocka_unit_test(pairing_messages_are_read_and_written_as_javascript_does),
    };
    return cmocka_run_group_tests_name("dht/messages_store", tests, load, unload);
}
