/* docs/spec/06-hyperdht.md, sections 5 (storage node) and 15 (hostile input) */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "count_alloc.h"
#include "dht/records.h"
#include "dht/rpc.h"
#include "dht_addr.h"
#include "dht_json.h"
#include "fail_alloc.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

#define MINUTES (60 * IC__SEC)

static const uint8_t TOPIC[IC__DHT_KEY_BYTES] = "a topic";
static const uint8_t OTHER[IC__DHT_KEY_BYTES] = "another topic";

typedef struct bench {
    fake_clock clock;
    ic__records *records;
} bench;

static int init(bench *b, const ic__records_limits *limits)
{
    fake_clock_init(&b->clock, 7);
    const ic_env env = fake_clock_env(&b->clock);
    return ic__records_new(&b->records, &env, limits);
}

static ic__records_limits roomy(void)
{
    return (ic__records_limits){.max_records = 65536, .max_values = 32768};
}

static ic__dht_peer peer_of(unsigned number)
{
    ic__dht_peer peer = {.relay_count = 1,
                         .relays = {{.ip = {1, 1, 1, 1}, .port = 1, .family = 4}}};
    memcpy(peer.public_key, &number, sizeof number);
    return peer;
}

static int announce(bench *b, const uint8_t *topic, unsigned number, uint64_t now)
{
    const ic__addr from = dht_addr("10.0.0.1", 1000);
    const ic__dht_peer peer = peer_of(number);
    return ic__records_announce(b->records, topic, &peer, &from, now);
}

static size_t count_of(bench *b, const uint8_t *topic, uint64_t now)
{
    ic__dht_peer peers[IC__DHT_RECORDS_MAX];
    return ic__records_lookup(b->records, topic, peers, IC__DHT_RECORDS_MAX, now);
}

static void a_record_is_found_under_its_topic_for_twenty_minutes(void **state)
{
    bench b;
    ic__dht_peer found;
    const ic__records_limits limits = roomy();
    assert_int_equal(init(&b, &limits), 0);
    assert_int_equal(announce(&b, TOPIC, 1, 0), 0);
    assert_int_equal(ic__records_lookup(b.records, TOPIC, &found, 1, 1), 1);
    const ic__dht_peer expected = peer_of(1);
    assert_memory_equal(found.public_key, expected.public_key, IC__DHT_KEY_BYTES);
    assert_true(ic__addr_equal(&found.relays[0], &expected.relays[0]));
    assert_int_equal(count_of(&b, OTHER, 1), 0);
    assert_int_equal(count_of(&b, TOPIC, 20 * MINUTES - 1), 1);
    assert_int_equal(count_of(&b, TOPIC, 20 * MINUTES), 0);
    assert_int_equal(ic__records_get_stats(b.records).topics, 0);
    ic__records_free(b.records);
}

/* Section 5, quirk: JavaScript keeps the old relay addresses; we replace them. */
static void a_newer_record_of_a_peer_replaces_the_older(void **state)
{
    bench b;
    ic__dht_peer peer = peer_of(1);
    const ic__addr from = dht_addr("10.0.0.1", 1000);
    const ic__records_limits limits = roomy();
    assert_int_equal(init(&b, &limits), 0);
    assert_int_equal(announce(&b, TOPIC, 1, 0), 0);
    peer.relays[0].port = 77;
    assert_int_equal(ic__records_announce(b.records, TOPIC, &peer, &from, 1), 0);
    ic__dht_peer found[2];
    assert_int_equal(ic__records_lookup(b.records, TOPIC, found, 2, 1), 1);
    assert_int_equal(found[0].relays[0].port, 77);
    ic__records_free(b.records);
}

static void an_unannounce_takes_one_record_away(void **state)
{
    bench b;
    const ic__records_limits limits = roomy();
    assert_int_equal(init(&b, &limits), 0);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(announce(&b, TOPIC, i, 0), 0);
    assert_int_equal(announce(&b, OTHER, 3, 0), 0);
    for (unsigned i = 0; i < 10; i += 3) {
        const ic__dht_peer peer = peer_of(i);
        ic__records_unannounce(b.records, TOPIC, peer.public_key);
        ic__records_unannounce(b.records, TOPIC, peer.public_key);
    }
    ic__dht_peer left[IC__DHT_RECORDS_MAX];
    assert_int_equal(ic__records_lookup(b.records, TOPIC, left, IC__DHT_RECORDS_MAX, 1),
                     6);
    for (size_t i = 0; i < 6; i++)
        assert_int_not_equal(left[i].public_key[0] % 3, 0);
    assert_int_equal(count_of(&b, OTHER, 1), 1);
    ic__records_free(b.records);
}

/* "up to 20 random records": each gets its turn, none comes twice in one answer. */
static void a_lookup_draws_records_by_lot(void **state)
{
    enum { PEERS = 60, LOOKUPS = 2000 };
    bench b;
    unsigned seen[PEERS] = {0};
    const ic__records_limits limits = roomy();
    assert_int_equal(init(&b, &limits), 0);
    for (unsigned i = 0; i < PEERS; i++)
        assert_int_equal(announce(&b, TOPIC, i, 0), 0);
    for (unsigned i = 0; i < LOOKUPS; i++) {
        ic__dht_peer found[IC__DHT_RECORDS_MAX];
        bool here[PEERS] = {false};
        assert_int_equal(
            ic__records_lookup(b.records, TOPIC, found, IC__DHT_RECORDS_MAX, 1), 20);
        for (size_t j = 0; j < 20; j++) {
            unsigned number;
            memcpy(&number, found[j].public_key, sizeof number);
            assert_true(number < PEERS);
            assert_false(here[number]);
            here[number] = true;
            seen[number]++;
        }
    }
    for (unsigned i = 0; i < PEERS; i++) /* 667 on average, sigma 21 */
        assert_in_range(seen[i], 667 - 130, 667 + 130);
    ic__records_free(b.records);
}

static void records_beyond_the_limit_push_out_the_oldest(void **state)
{
    bench b;
    const ic__records_limits limits = {.max_records = 50, .max_values = 1};
    assert_int_equal(init(&b, &limits), 0);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(announce(&b, i % 2 ? TOPIC : OTHER, i, i), 0);
    assert_int_equal(ic__records_get_stats(b.records).records, 50);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(announce(&b, TOPIC, 1000 + i, 500), 0);
    assert_int_equal(count_of(&b, OTHER, 500), 0);
    assert_int_equal(ic__records_get_stats(b.records).topics, 1);
    ic__records_free(b.records);
}

static void a_host_that_has_its_share_is_refused(void **state)
{
    bench b;
    const ic__addr other = dht_addr("10.0.0.2", 1);
    const ic__records_limits limits = {
        .max_records = 50, .max_records_host = 5, .max_values = 1};
    const ic__dht_peer peer = peer_of(6);
    assert_int_equal(init(&b, &limits), 0);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(announce(&b, TOPIC, i, 0), 0);
    assert_int_equal(announce(&b, TOPIC, 5, 0), IC_ERR_LIMIT);
    assert_int_equal(announce(&b, OTHER, 5, 0), IC_ERR_LIMIT);
    assert_int_equal(ic__records_get_stats(b.records).topics, 1);
    assert_int_equal(announce(&b, TOPIC, 4, 0), 0);
    assert_int_equal(ic__records_announce(b.records, TOPIC, &peer, &other, 0), 0);
    ic__records_free(b.records);
}

/* A flood that has passed leaves no memory behind. */
static void a_topic_that_has_shrunk_is_small_again(void **state)
{
    bench b;
    const ic__records_limits limits = roomy();
    count_alloc_start();
    assert_int_equal(init(&b, &limits), 0);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(announce(&b, TOPIC, i, i), 0);
    for (unsigned i = 0; i < 9999; i++) {
        const ic__dht_peer peer = peer_of(i);
        ic__records_unannounce(b.records, TOPIC, peer.public_key);
    }
    assert_int_equal(count_of(&b, TOPIC, 10000), 1);
    const size_t buckets = 16384 * sizeof(void *);
    assert_true(count_alloc_get().live_bytes < buckets + 16384);
    ic__records_free(b.records);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

static void a_bump_is_kept_for_its_topic(void **state)
{
    bench b;
    const ic__addr from = dht_addr("10.0.0.1", 1000);
    const ic__records_limits limits = roomy();
    assert_int_equal(init(&b, &limits), 0);
    assert_int_equal(ic__records_bump(b.records, TOPIC, 0), 0);
    assert_int_equal(ic__records_set_bump(b.records, TOPIC, 17, &from, 0), 0);
    assert_int_equal(ic__records_bump(b.records, TOPIC, 1), 17);
    assert_int_equal(ic__records_bump(b.records, OTHER, 1), 0);
    assert_int_equal(ic__records_bump(b.records, TOPIC, 20 * MINUTES), 0);
    ic__records_free(b.records);
}

/* Section 5: refreshChain of the vectors, block by block */
static void a_promise_is_taken_by_who_knows_what_it_hashes(void **state)
{
    bench b;
    json_t *doc = vectors_load("hyperdht.json");
    const json_t *blocks =
        json_object_get(json_object_get(doc, "refreshChain"), "blocks");
    const ic__addr from = dht_addr("10.0.0.1", 1000);
    const ic__records_limits limits = roomy();
    ic__records_promise promise = {.peer = peer_of(5)};
    ic__records_promise taken;
    uint8_t *block[4];
    size_t len;
    assert_int_equal(init(&b, &limits), 0);
    assert_int_equal(json_array_size(blocks), 4);
    for (size_t i = 0; i < 4; i++)
        block[i] = vectors_unhex(json_string_value(json_array_get(blocks, i)), &len);
    memcpy(promise.target, TOPIC, sizeof promise.target);
    assert_int_equal(ic__records_set_promise(b.records, block[0], &promise, &from, 0), 0);
    assert_int_equal(ic__records_take_promise(b.records, block[0], &taken, 1),
                     IC_ERR_NOT_FOUND);
    assert_int_equal(ic__records_take_promise(b.records, block[1], &taken, 1), 0);
    assert_memory_equal(taken.target, TOPIC, sizeof taken.target);
    assert_int_equal(taken.peer.public_key[0], 5);
    assert_int_equal(ic__records_take_promise(b.records, block[1], &taken, 1),
                     IC_ERR_NOT_FOUND);
    for (size_t i = 1; i + 1 < 4; i++) {
        assert_int_equal(ic__records_set_promise(b.records, block[i], &taken, &from, 1),
                         0);
        assert_int_equal(ic__records_take_promise(b.records, block[i + 1], &taken, 2), 0);
    }
    for (size_t i = 0; i < 4; i++)
        free(block[i]);
    json_decref(doc);
    ic__records_free(b.records);
}

static int put_mutable(bench *b, uint64_t seq, const char *text, uint64_t now)
{
    static const uint8_t signature[IC__DHT_SIGNATURE_BYTES] = {1};
    const ic__addr from = dht_addr("10.0.0.1", 1000);
    const ic__dht_mutable m = {.seq = seq,
                               .value = (const uint8_t *)text,
                               .value_len = strlen(text),
                               .signature = signature};
    return ic__records_set_mutable(b->records, TOPIC, &m, &from, now);
}

/* "same seq with other value -> error 16; lower seq -> 17" */
static void a_mutable_value_only_goes_forward(void **state)
{
    bench b;
    uint64_t seq;
    size_t len;
    ic__dht_mutable m;
    const ic__records_limits limits = roomy();
    assert_int_equal(init(&b, &limits), 0);
    assert_null(ic__records_mutable(b.records, TOPIC, &len, &seq, 0));
    assert_int_equal(put_mutable(&b, 0, "nothing", 0), 0);
    assert_int_equal(put_mutable(&b, 5, "five", 0), 0);
    assert_int_equal(put_mutable(&b, 5, "five", 0), 0);
    assert_int_equal(put_mutable(&b, 5, "fives", 0), IC_ERR_EXISTS);
    assert_int_equal(put_mutable(&b, 5, "", 0), IC_ERR_EXISTS);
    assert_int_equal(put_mutable(&b, 4, "four", 0), IC_ERR_INVALID);
    assert_int_equal(put_mutable(&b, 6, "six", 0), 0);
    const uint8_t *value = ic__records_mutable(b.records, TOPIC, &len, &seq, 1);
    assert_int_equal(ic__dht_mutable_get_decode(&m, value, len), 0);
    assert_int_equal(seq, 6);
    assert_int_equal(m.seq, 6);
    assert_memory_equal(m.value, "six", 3);
    ic__records_free(b.records);
}

static void values_live_two_days_from_when_they_were_last_wanted(void **state)
{
    bench b;
    uint64_t seq;
    size_t len;
    const uint64_t day = 24 * 60 * MINUTES;
    const ic__records_limits limits = roomy();
    assert_int_equal(init(&b, &limits), 0);
    assert_int_equal(put_mutable(&b, 1, "one", 0), 0);
    assert_non_null(ic__records_mutable(b.records, TOPIC, &len, &seq, day));
    assert_non_null(ic__records_mutable(b.records, TOPIC, &len, &seq, 3 * day - 1));
    ic__records_expire(b.records, 5 * day - 2);
    assert_int_equal(ic__records_get_stats(b.records).mutables, 1);
    ic__records_expire(b.records, 5 * day - 1);
    assert_int_equal(ic__records_get_stats(b.records).mutables, 0);
    ic__records_free(b.records);
}

static int put_immutable(bench *b, unsigned number, size_t len, const char *host)
{
    uint8_t target[IC__DHT_KEY_BYTES];
    uint8_t *value = calloc(1, len);
    const ic__addr from = dht_addr(host, 1);
    assert_non_null(value);
    memcpy(value, &number, sizeof number);
    ic__dht_hash(target, value, len);
    int err = ic__records_set_immutable(b->records, target, value, len, &from, 0);
    free(value);
    return err;
}

/* Section 15: store exhaustion, by count and by bytes, by one host and by all */
static void values_are_bounded_by_count_and_bytes(void **state)
{
    bench b;
    const ic__records_limits limits = {.max_records = 1,
                                       .max_values = 30,
                                       .max_values_host = 20,
                                       .max_value_bytes = 10000,
                                       .max_value_bytes_host = 5000};
    assert_int_equal(init(&b, &limits), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(put_immutable(&b, i, 100, "10.0.0.1"), 0);
    assert_int_equal(put_immutable(&b, 20, 100, "10.0.0.1"), IC_ERR_LIMIT);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(put_immutable(&b, 100 + i, 1000, "10.0.0.2"), 0);
    assert_int_equal(put_immutable(&b, 105, 1000, "10.0.0.2"), IC_ERR_LIMIT);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(put_immutable(&b, 200 + i, 1000, "10.0.0.3"), 0);
    const ic__records_stats stats = ic__records_get_stats(b.records);
    assert_int_equal(stats.immutables, 10);
    assert_int_equal(stats.value_bytes, 10000);
    assert_int_equal(put_immutable(&b, 300, 10001, "10.0.0.4"), IC_ERR_LIMIT);
    ic__records_free(b.records);
}

static void an_empty_value_is_a_value(void **state)
{
    bench b;
    uint8_t target[IC__DHT_KEY_BYTES];
    const ic__addr from = dht_addr("10.0.0.1", 1);
    const ic__records_limits limits = roomy();
    size_t len = 7;
    assert_int_equal(init(&b, &limits), 0);
    ic__dht_hash(target, NULL, 0);
    assert_null(ic__records_immutable(b.records, target, &len, 0));
    assert_int_equal(ic__records_set_immutable(b.records, target, NULL, 0, &from, 0), 0);
    assert_non_null(ic__records_immutable(b.records, target, &len, 0));
    assert_int_equal(len, 0);
    ic__records_free(b.records);
}

static bool went(int err)
{
    assert_true(err == 0 || err == IC_ERR_NOMEM);
    return err == 0;
}

static void use_everything(void *arg)
{
    bench b;
    const ic__records_limits limits = roomy();
    const ic__addr from = dht_addr("10.0.0.1", 1);
    const ic__records_promise promise = {.peer = peer_of(1)};
    if (!went(init(&b, &limits)))
        return;
    size_t stored = 0;
    for (unsigned i = 0; i < 20; i++)
        stored += went(announce(&b, TOPIC, i, 0)) ? 1 : 0;
    assert_int_equal(count_of(&b, TOPIC, 1), stored);
    (void)went(announce(&b, OTHER, 0, 0));
    (void)went(ic__records_set_bump(b.records, TOPIC, 1, &from, 0));
    (void)went(ic__records_set_promise(b.records, TOPIC, &promise, &from, 0));
    (void)went(put_mutable(&b, 1, "one", 0));
    (void)went(put_mutable(&b, 2, "two", 0));
    (void)went(put_immutable(&b, 1, 100, "10.0.0.1"));
    for (unsigned i = 0; i < 20; i++)
        ic__records_unannounce(b.records, TOPIC, peer_of(i).public_key);
    assert_int_equal(count_of(&b, TOPIC, 1), 0);
    ic__records_free(b.records);
}

static void without_memory_the_store_stays_whole(void **state)
{
    fail_alloc_each(use_everything, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_found_under_its_topic_for_twenty_minutes),
        cmocka_unit_test(a_newer_record_of_a_peer_replaces_the_older),
        cmocka_unit_test(an_unannounce_takes_one_record_away),
        cmocka_unit_test(a_lookup_draws_records_by_lot),
        cmocka_unit_test(records_beyond_the_limit_push_out_the_oldest),
        cmocka_unit_test(a_host_that_has_its_share_is_refused),
        cmocka_unit_test(a_topic_that_has_shrunk_is_small_again),
        cmocka_unit_test(a_bump_is_kept_for_its_topic),
        cmocka_unit_test(a_promise_is_taken_by_who_knows_what_it_hashes),
        cmocka_unit_test(a_mutable_value_only_goes_forward),
        cmocka_unit_test(values_live_two_days_from_when_they_were_last_wanted),
        cmocka_unit_test(values_are_bounded_by_count_and_bytes),
        cmocka_unit_test(an_empty_value_is_a_value),
        cmocka_unit_test(without_memory_the_store_stays_whole),
    };
    return cmocka_run_group_tests_name("dht/records", tests, NULL, NULL);
}
