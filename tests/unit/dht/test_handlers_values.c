/*
 * docs/spec/06-hyperdht.md, section 5: values that a persistent node keeps under their
 * hash and under a key; section 15: store exhaustion.
 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht/dht_state.h"
#include "dht_addr.h"
#include "dht_claims.h"
#include "dht_json.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "unit.h"
#include "vectors.h"

static const uint8_t TOPIC[IC__DHT_KEY_BYTES] = "a topic of many";

static const ic__rpc_message *put_mutable(dht_bench *b, uint64_t seq, const char *text,
                                          bool forged)
{
    uint8_t value[256];
    uint8_t signable[IC__DHT_SIGNABLE_BYTES];
    uint8_t signature[IC__DHT_SIGNATURE_BYTES];
    ic__wr w = ic__wr_of(value, sizeof value);
    const ic__dht_mutable m = {.public_key = ic_identity_public_key(b->me),
                               .seq = seq,
                               .value = (const uint8_t *)text,
                               .value_len = strlen(text),
                               .signature = signature};
    ic__dht_mutable_signable(signable, seq, m.value, m.value_len);
    ic_identity_sign(forged ? b->other : b->me, signable, sizeof signable, signature);
    ic__dht_mutable_put_write(&w, &m);
    const ic__rpc_message request = {.command = IC__DHT_MUTABLE_PUT,
                                     .target = b->self,
                                     .token = b->token,
                                     .value = value,
                                     .value_len = w.len};
    return dht_lone_ask(&b->l, &b->from, &request);
}

static const ic__rpc_message *get_mutable(dht_bench *b, uint8_t least)
{
    const ic__rpc_message request = {.command = IC__DHT_MUTABLE_GET,
                                     .target = b->self,
                                     .value = &least,
                                     .value_len = 1};
    return dht_lone_ask(&b->l, &b->from, &request);
}

static void mutable_values_follow_their_seq(void **state)
{
    dht_bench b;
    ic__dht_mutable m;
    dht_bench_init(&b, NULL);
    assert_null(get_mutable(&b, 0)->value);
    assert_null(put_mutable(&b, 1, "one", true));
    assert_int_equal(put_mutable(&b, 1, "one", false)->error, 0);
    assert_int_equal(put_mutable(&b, 1, "uno", false)->error, IC__DHT_SEQ_REUSED);
    assert_int_equal(put_mutable(&b, 0, "old", false)->error, IC__DHT_SEQ_TOO_LOW);
    assert_null(put_mutable(&b, 0, "old", false)->token);
    assert_null(get_mutable(&b, 2)->value);
    const ic__rpc_message *reply = get_mutable(&b, 1);
    assert_int_equal(ic__dht_mutable_get_decode(&m, reply->value, reply->value_len), 0);
    assert_memory_equal(m.value, "one", 3);
    /* Without a seq, a malformed request. */
    assert_null(dht_bench_ask(&b, IC__DHT_MUTABLE_GET, b.self));
    dht_bench_free(&b);
}

/* "H(key) must be the target" */
static void a_mutable_value_is_kept_under_its_own_key_only(void **state)
{
    dht_bench b;
    dht_bench_init(&b, NULL);
    memcpy(b.self, TOPIC, sizeof b.self);
    assert_null(put_mutable(&b, 1, "one", false));
    dht_bench_free(&b);
}

static const ic__rpc_message *put_immutable(dht_bench *b, const uint8_t *target,
                                            const uint8_t *value, size_t len, bool token)
{
    const ic__rpc_message request = {.command = IC__DHT_IMMUTABLE_PUT,
                                     .target = target,
                                     .token = token ? b->token : NULL,
                                     .value = value,
                                     .value_len = len};
    return dht_lone_ask(&b->l, &b->from, &request);
}

static void immutable_values_are_kept_under_their_hash(void **state)
{
    dht_bench b;
    json_t *doc = vectors_load("hyperdht.json");
    size_t i;
    json_t *v;
    dht_bench_init(&b, NULL);
    json_array_foreach(json_object_get(doc, "immutables"), i, v)
    {
        uint8_t target[IC__DHT_KEY_BYTES];
        size_t len;
        uint8_t *value = vectors_bytes(v, "value", &len);
        dht_json_key(v, "target", target, sizeof target);
        assert_null(dht_bench_ask(&b, IC__DHT_IMMUTABLE_GET, target)->value);
        assert_null(put_immutable(&b, target, value, len, false));
        assert_null(put_immutable(&b, TOPIC, value, len, true));
        assert_int_equal(put_immutable(&b, target, value, len, true)->error, 0);
        const ic__rpc_message *reply = dht_bench_ask(&b, IC__DHT_IMMUTABLE_GET, target);
        assert_non_null(reply->value);
        assert_int_equal(reply->value_len, len);
        assert_memory_equal(reply->value, value, len);
        free(value);
    }
    assert_int_equal(i, 3);
    json_decref(doc);
    dht_bench_free(&b);
}

/* What no reply of ours could carry is not stored. */
static void a_value_too_long_for_a_reply_is_not_stored(void **state)
{
    dht_bench b;
    uint8_t value[IC__RPC_VALUE_MAX + 1] = {1};
    uint8_t target[IC__DHT_KEY_BYTES];
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    dht_bench_init(&b, NULL);
    ic__dht_hash(target, value, sizeof value);
    const ic__rpc_message request = {.type = IC__RPC_REQUEST,
                                     .to = b.l.address,
                                     .command = IC__DHT_IMMUTABLE_PUT,
                                     .target = target,
                                     .token = b.token,
                                     .value = value,
                                     .value_len = sizeof value};
    size_t len = ic__rpc_message_write(&request, bytes, sizeof bytes);
    assert_true(len > 0);
    dht_lone_forget(&b.l);
    dht_lone_recv(&b.l, &b.from, bytes, len);
    assert_int_equal(b.l.sent_count, 0);
    assert_null(dht_bench_ask(&b, IC__DHT_IMMUTABLE_GET, target)->value);
    dht_bench_free(&b);
}

/* Section 15, store exhaustion: one host fills its share, the node stays within bounds,
 * and another host still finds room. */
static void one_host_cannot_fill_the_store(void **state)
{
    dht_bench b;
    ic__dht_options opts;
    ic__dht_options_default(&opts);
    opts.max_records = 64;
    opts.max_stored_host = 16;
    opts.max_value_bytes_host = 4096;
    dht_bench_init(&b, &opts);
    size_t stored = 0;
    for (uint8_t i = 0; i < 40; i++) {
        uint8_t topic[IC__DHT_KEY_BYTES] = {i};
        const dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, topic);
        stored += dht_claim_send(&b, &c) != NULL;
    }
    assert_int_equal(stored, 16);
    stored = 0;
    for (uint8_t i = 0; i < 20; i++) {
        uint8_t value[1000] = {i};
        uint8_t target[IC__DHT_KEY_BYTES];
        ic__dht_hash(target, value, sizeof value);
        stored += put_immutable(&b, target, value, sizeof value, true) != NULL;
    }
    assert_int_equal(stored, 4);
    b.from = dht_addr("5.5.5.9", 1);
    dht_lone_token(&b.l, &b.from, b.token);
    const dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, TOPIC);
    assert_non_null(dht_claim_send(&b, &c));
    dht_bench_free(&b);
}

static int setup(void **state)
{
    return ic_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutable_values_follow_their_seq),
        cmocka_unit_test(a_mutable_value_is_kept_under_its_own_key_only),
        cmocka_unit_test(immutable_values_are_kept_under_their_hash),
        cmocka_unit_test(a_value_too_long_for_a_reply_is_not_stored),
        cmocka_unit_test(one_host_cannot_fill_the_store),
    };
    return cmocka_run_group_tests_name("dht/handlers_values", tests, setup, NULL);
}
