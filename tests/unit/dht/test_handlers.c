/*
 * docs/spec/06-hyperdht.md, sections 1 and 5: what a persistent node answers and stores;
 * section 15: what it does not let strangers do to it.
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

static size_t listed(dht_bench *b, const uint8_t *topic, uint64_t *bump)
{
    const ic__rpc_message *reply = dht_bench_ask(b, IC__DHT_LOOKUP, topic);
    ic__dht_lookup_reply m;
    assert_non_null(reply);
    if (!reply->value)
        return 0;
    assert_int_equal(ic__dht_lookup_reply_decode(&m, reply->value, reply->value_len), 0);
    if (bump)
        *bump = m.bump;
    return m.peer_count;
}

/* "ANNOUNCE / UNANNOUNCE carry neither" token nor closer nodes */
static void expect_bare(const ic__rpc_message *reply)
{
    assert_non_null(reply);
    assert_int_equal(reply->error, 0);
    assert_null(reply->token);
    assert_null(reply->value);
    assert_int_equal(reply->closer_count, 0);
}

/* "FIND_PEER, LOOKUP, *_GET and *_PUT carry token + closer nodes" */
static void expect_full(const ic__rpc_message *reply)
{
    assert_non_null(reply);
    assert_int_equal(reply->error, 0);
    assert_non_null(reply->token);
    assert_int_equal(reply->closer_count, 1);
}

static void an_announce_is_listed_until_it_is_taken_back(void **state)
{
    dht_bench b;
    const ic__addr neighbour = dht_addr("10.0.0.11", 49737);
    dht_bench_init(&b, NULL);
    dht_lone_meet(&b.l, &neighbour);
    dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, TOPIC);
    c.relays = 2;
    expect_full(dht_bench_ask(&b, IC__DHT_LOOKUP, TOPIC));
    expect_bare(dht_claim_send(&b, &c));
    assert_int_equal(listed(&b, TOPIC, NULL), 1);
    c.command = IC__DHT_UNANNOUNCE;
    c.relays = 0;
    expect_bare(dht_claim_send(&b, &c));
    assert_int_equal(listed(&b, TOPIC, NULL), 0);
    dht_bench_free(&b);
}

/* Field lesson 4: the limit of three comes after the signature. */
static void of_many_relays_three_are_kept(void **state)
{
    dht_bench b;
    ic__dht_lookup_reply m;
    dht_bench_init(&b, NULL);
    dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, TOPIC);
    c.relays = 7;
    expect_bare(dht_claim_send(&b, &c));
    const ic__rpc_message *reply = dht_bench_ask(&b, IC__DHT_LOOKUP, TOPIC);
    assert_int_equal(ic__dht_lookup_reply_decode(&m, reply->value, reply->value_len), 0);
    assert_int_equal(m.peers[0].relay_count, 3);
    dht_bench_free(&b);
}

/* Section 2: bound to one node, one target, one token, one kind, and the announced key */
static void a_forged_announce_gets_no_answer_and_no_place(void **state)
{
    static const uint8_t wrong[IC__DHT_KEY_BYTES] = {9};
    dht_bench b;
    dht_bench_init(&b, NULL);
    const dht_claim good = dht_claim_of(&b, IC__DHT_ANNOUNCE, TOPIC);
    for (unsigned i = 0; i < 6; i++) {
        dht_claim c = good;
        if (i == 0)
            c.signer = b.other;
        if (i == 1)
            c.signed_target = wrong;
        if (i == 2)
            c.signed_node = wrong;
        if (i == 3)
            c.signed_token = wrong;
        if (i == 4)
            c.without_signature = true;
        if (i == 5)
            c.without_token = true;
        assert_null(dht_claim_send(&b, &c));
        assert_int_equal(listed(&b, TOPIC, NULL), 0);
    }
    expect_bare(dht_claim_send(&b, &good));
    /* And nobody takes it away with a signature for the contrary. */
    uint8_t value[512];
    const ic__rpc_message crossed = {.command = IC__DHT_UNANNOUNCE,
                                     .target = TOPIC,
                                     .token = b.token,
                                     .value = value,
                                     .value_len =
                                         dht_claim_write(&good, value, sizeof value)};
    assert_null(dht_lone_ask(&b.l, &b.from, &crossed));
    dht_claim stranger = dht_claim_of(&b, IC__DHT_UNANNOUNCE, TOPIC);
    stranger.signer = b.other;
    assert_null(dht_claim_send(&b, &stranger));
    assert_int_equal(listed(&b, TOPIC, NULL), 1);
    dht_bench_free(&b);
}

/* Spec 05, section 5: a token belongs to a host and to 15 seconds. */
static void a_token_of_another_host_or_time_is_answered_with_error_2(void **state)
{
    dht_bench b;
    uint8_t value[512];
    const ic__addr other = dht_addr("5.5.5.6", 5001);
    dht_bench_init(&b, NULL);
    const dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, TOPIC);
    const ic__rpc_message request = {.command = IC__DHT_ANNOUNCE,
                                     .target = TOPIC,
                                     .token = b.token,
                                     .value = value,
                                     .value_len =
                                         dht_claim_write(&c, value, sizeof value)};
    const ic__rpc_message *reply = dht_lone_ask(&b.l, &other, &request);
    assert_non_null(reply);
    assert_int_equal(reply->error, IC__RPC_INVALID_TOKEN);
    dht_lone_wait(&b.l, 16 * IC__SEC);
    reply = dht_lone_ask(&b.l, &b.from, &request);
    assert_int_equal(reply->error, IC__RPC_INVALID_TOKEN);
    assert_non_null(reply->token);
    assert_int_equal(listed(&b, TOPIC, NULL), 0);
    dht_bench_free(&b);
}

/* Section 5: "if H(public key) == target set route and remove it from the topic store";
 * section 15: the stored relay address is the packet source. */
static void a_self_announce_makes_a_route_to_its_sender(void **state)
{
    dht_bench b;
    ic__addr relay;
    dht_bench_init(&b, NULL);
    dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, b.self);
    expect_bare(dht_claim_send(&b, &c));
    assert_true(ic__router_route(b.l.dht->router, b.self, &relay));
    assert_true(ic__addr_equal(&relay, &b.from));
    assert_int_equal(ic__records_get_stats(b.l.dht->records).records, 0);
    const ic__rpc_message *reply = dht_bench_ask(&b, IC__DHT_FIND_PEER, b.self);
    assert_int_equal(reply->value_len, IC__DHT_KEY_BYTES + 1);
    assert_memory_equal(reply->value, ic_identity_public_key(b.me), IC__DHT_KEY_BYTES);
    assert_int_equal(listed(&b, b.self, NULL), 1);
    c.command = IC__DHT_UNANNOUNCE;
    expect_bare(dht_claim_send(&b, &c));
    assert_null(dht_bench_ask(&b, IC__DHT_FIND_PEER, b.self)->value);
    dht_bench_free(&b);
}

/* Section 15, route hijack: the target is mine, the key another's: a plain record. */
static void nobody_takes_the_route_of_another_key(void **state)
{
    dht_bench b;
    ic__addr relay;
    dht_bench_init(&b, NULL);
    dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, b.self);
    expect_bare(dht_claim_send(&b, &c));
    c.who = b.other;
    c.signer = b.other;
    b.from.port = 6000;
    expect_bare(dht_claim_send(&b, &c));
    assert_true(ic__router_route(b.l.dht->router, b.self, &relay));
    assert_int_equal(relay.port, 5001);
    const ic__rpc_message *reply = dht_bench_ask(&b, IC__DHT_FIND_PEER, b.self);
    assert_memory_equal(reply->value, ic_identity_public_key(b.me), IC__DHT_KEY_BYTES);
    c.command = IC__DHT_UNANNOUNCE;
    expect_bare(dht_claim_send(&b, &c));
    assert_true(ic__router_route(b.l.dht->router, b.self, &relay));
    dht_bench_free(&b);
}

/* Section 5: "greater than the known one and <= now + 60 s" */
static void a_bump_rises_and_stays_in_the_present(void **state)
{
    dht_bench b;
    uint64_t bump = 0;
    dht_bench_init(&b, NULL);
    const uint64_t now = (uint64_t)b.l.clock.wall_ms;
    dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, TOPIC);
    c.bump = now + 60001;
    expect_bare(dht_claim_send(&b, &c));
    assert_int_equal(listed(&b, TOPIC, &bump), 1);
    assert_int_equal(bump, 0);
    c.bump = now + 59000;
    expect_bare(dht_claim_send(&b, &c));
    c.bump = now;
    expect_bare(dht_claim_send(&b, &c));
    assert_int_equal(listed(&b, TOPIC, &bump), 1);
    assert_int_equal(bump, now + 59000);
    dht_bench_free(&b);
}

/* Section 5: refresh, and the chain of the vectors */
static void a_refresh_renews_what_its_chain_promised(void **state)
{
    dht_bench b;
    json_t *doc = vectors_load("hyperdht.json");
    const json_t *blocks =
        json_object_get(json_object_get(doc, "refreshChain"), "blocks");
    dht_bench_init(&b, NULL);
    dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, TOPIC);
    size_t len;
    uint8_t *block = vectors_unhex(json_string_value(json_array_get(blocks, 0)), &len);
    c.refresh = block;
    expect_bare(dht_claim_send(&b, &c));
    free(block);
    for (size_t i = 1; i < json_array_size(blocks); i++) {
        uint8_t value[1 + IC__DHT_KEY_BYTES] = {2};
        dht_lone_wait(&b.l, 15 * 60 * IC__SEC);
        assert_int_equal(listed(&b, TOPIC, NULL), 1);
        dht_lone_token(&b.l, &b.from, b.token);
        block = vectors_unhex(json_string_value(json_array_get(blocks, i)), &len);
        memcpy(value + 1, block, len);
        free(block);
        const ic__rpc_message request = {.command = IC__DHT_ANNOUNCE,
                                         .target = TOPIC,
                                         .token = b.token,
                                         .value = value,
                                         .value_len = sizeof value};
        expect_bare(dht_lone_ask(&b.l, &b.from, &request));
        assert_null(dht_lone_ask(&b.l, &b.from, &request));
    }
    json_decref(doc);
    dht_bench_free(&b);
}

/* Section 1: "others answer error 1 with closer nodes" */
static void commands_that_nobody_knows_are_answered_with_error_1(void **state)
{
    dht_bench b;
    dht_bench_init(&b, NULL);
    assert_int_equal(dht_bench_ask(&b, 11, TOPIC)->error, IC__RPC_UNKNOWN_COMMAND);
    assert_null(dht_bench_ask(&b, IC__DHT_PLUGIN, TOPIC)); /* known, but not this one */
    assert_null(dht_bench_ask(&b, IC__DHT_LOOKUP, NULL));
    dht_bench_free(&b);
}

static void an_ephemeral_node_stores_nothing_but_leads_on(void **state)
{
    dht_bench b;
    ic__dht_options opts;
    ic__dht_options_default(&opts);
    opts.rpc.mode = IC__RPC_EPHEMERAL;
    b = (dht_bench){.from = dht_addr("5.5.5.5", 5001)};
    assert_int_equal(dht_lone_init(&b.l, &opts), 0);
    const ic__addr neighbour = dht_addr("10.0.0.11", 49737);
    dht_lone_meet(&b.l, &neighbour);
    for (uint32_t command = IC__DHT_FIND_PEER; command <= IC__DHT_PLUGIN; command++) {
        const ic__rpc_message *reply = dht_bench_ask(&b, command, TOPIC);
        assert_int_equal(reply->error, IC__RPC_UNKNOWN_COMMAND);
        assert_int_equal(reply->closer_count, 1);
        assert_null(reply->id);
    }
    dht_lone_free(&b.l);
}

/* Section 15, amplification: the largest answer is the one that the protocol demands,
 * twenty records and twenty nodes. */
static void no_reply_is_larger_than_the_protocol_demands(void **state)
{
    dht_bench b;
    dht_bench_init(&b, NULL);
    for (unsigned i = 0; i < 40; i++) {
        const ic__addr node = dht_addr("10.3.0.1", (uint16_t)(1 + i));
        dht_lone_meet(&b.l, &node);
    }
    for (unsigned i = 0; i < 40; i++) {
        ic__dht_peer peer = {.relay_count = 3};
        peer.public_key[0] = (uint8_t)i;
        for (size_t j = 0; j < 3; j++)
            peer.relays[j] = b.from;
        assert_int_equal(ic__records_announce(b.l.dht->records, TOPIC, &peer, &b.from,
                                              b.l.clock.now_ns),
                         0);
    }
    for (uint32_t command = 0; command < 12; command++) {
        (void)dht_bench_ask(&b, command, TOPIC);
        assert_true(b.l.sent_bytes <= 1 + 1 + 2 + 6 + 32 + 32 + 1 + 120 + 3 + 1 +
                                          20 * IC__DHT_RECORD_BYTES_MAX + 1);
    }
    dht_bench_free(&b);
}

/* Each prefix of a good announce, in a request that is whole. */
static void a_cut_announce_gets_no_answer(void **state)
{
    dht_bench b;
    uint8_t value[512];
    dht_bench_init(&b, NULL);
    const dht_claim c = dht_claim_of(&b, IC__DHT_ANNOUNCE, TOPIC);
    const size_t len = dht_claim_write(&c, value, sizeof value);
    for (size_t cut = 0; cut <= len; cut++) {
        const ic__rpc_message request = {.command = IC__DHT_ANNOUNCE,
                                         .target = TOPIC,
                                         .token = b.token,
                                         .value = value,
                                         .value_len = cut};
        const ic__rpc_message *reply = dht_lone_ask(&b.l, &b.from, &request);
        assert_int_equal(reply != NULL, cut == len);
    }
    dht_bench_free(&b);
}

static int setup(void **state)
{
    return ic_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_announce_is_listed_until_it_is_taken_back),
        cmocka_unit_test(of_many_relays_three_are_kept),
        cmocka_unit_test(a_forged_announce_gets_no_answer_and_no_place),
        cmocka_unit_test(a_token_of_another_host_or_time_is_answered_with_error_2),
        cmocka_unit_test(a_self_announce_makes_a_route_to_its_sender),
        cmocka_unit_test(nobody_takes_the_route_of_another_key),
        cmocka_unit_test(a_bump_rises_and_stays_in_the_present),
        cmocka_unit_test(a_refresh_renews_what_its_chain_promised),
        cmocka_unit_test(commands_that_nobody_knows_are_answered_with_error_1),
        cmocka_unit_test(an_ephemeral_node_stores_nothing_but_leads_on),
        cmocka_unit_test(no_reply_is_larger_than_the_protocol_demands),
        cmocka_unit_test(a_cut_announce_gets_no_answer),
    };
    return cmocka_run_group_tests_name("dht/handlers", tests, setup, NULL);
}
