/* docs/spec/06-hyperdht.md, sections 1, 2 and 5 (client rules); field lessons 5 and 10 */
#include <string.h>

#include "base/env.h"
#include "dht/messages.h"
#include "dht_addr.h"
#include "dht_crowd.h"
#include "dht_lone.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "unit.h"

static const uint8_t TOPIC[IC__DHT_KEY_BYTES] = "what we talk about";
static ic_identity *me;
static ic_identity *other;

static void init(dht_crowd *c, size_t nodes)
{
    dht_crowd_init(c, 11, 40);
    dht_crowd_grow(c, nodes, DHT_OPEN, 2 * IC__SEC);
    dht_crowd_run(c, 10 * IC__SEC);
}

static void lookup(dht_crowd *c, size_t who, dht_outcome *o)
{
    const ic__dht_op_events events = dht_outcome_events(o);
    assert_int_equal(ic__dht_lookup(c->members[who].dht, TOPIC, &events, NULL), 0);
    dht_crowd_await(c, o);
}

static void announce(dht_crowd *c, size_t who, const ic_identity *identity, uint16_t port,
                     bool clear, dht_outcome *o)
{
    const ic__dht_op_events events = dht_outcome_events(o);
    const ic__addr relay = dht_addr("9.9.9.9", port);
    assert_int_equal(ic__dht_announce(c->members[who].dht, TOPIC, identity, &relay, 1,
                                      clear, &events, NULL),
                     0);
    dht_crowd_await(c, o);
}

static void who_announces_is_found_by_everybody(void **state)
{
    dht_crowd c;
    dht_outcome o;
    init(&c, 25);
    const size_t behind = dht_crowd_add(&c, DHT_RANDOM);
    dht_crowd_run(&c, 5 * IC__SEC);
    lookup(&c, 3, &o);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.peers, 0);
    announce(&c, behind, me, 7, true, &o);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.nodes, IC__RPC_K);
    for (size_t i = 1; i < 25; i += 6) {
        lookup(&c, i, &o);
        assert_int_equal(o.error, 0);
        assert_true(o.peers >= 15);
        assert_memory_equal(o.last.public_key, ic_identity_public_key(me),
                            IC__DHT_KEY_BYTES);
        assert_int_equal(o.last.relays[0].port, 7);
    }
    dht_crowd_free(&c);
}

static void an_unannounce_takes_every_entry_away(void **state)
{
    dht_crowd c;
    dht_outcome o;
    init(&c, 10);
    announce(&c, 2, me, 7, false, &o);
    announce(&c, 3, other, 8, false, &o);
    const ic__dht_op_events events = dht_outcome_events(&o);
    assert_int_equal(ic__dht_unannounce(c.members[2].dht, TOPIC, me, &events, NULL), 0);
    dht_crowd_await(&c, &o);
    assert_int_equal(o.error, 0);
    assert_true(o.nodes >= 10);
    lookup(&c, 6, &o);
    assert_true(o.peers >= 9);
    assert_memory_equal(o.last.public_key, ic_identity_public_key(other),
                        IC__DHT_KEY_BYTES);
    dht_crowd_free(&c);
}

static uint64_t requests_of(const dht_crowd *c, size_t i)
{
    return ic__rpc_get_stats(ic__dht_rpc(c->members[i].dht)).requests_out;
}

/* docs/spec/07-hyperswarm.md, section 3: what was announced is taken back at the nodes
 * that are known, without a walk. */
static void a_walk_begins_where_the_last_one_has_ended(void **state)
{
    dht_crowd c;
    dht_outcome o;
    ic__dht_near near = {.count = 0};
    init(&c, 39);
    ic__dht_op_events events = dht_outcome_events(&o);
    events.near = &near;
    ic__dht *d = c.members[2].dht;
    assert_int_equal(ic__dht_announce(d, TOPIC, me, NULL, 0, false, &events, NULL), 0);
    dht_crowd_await(&c, &o);
    assert_int_equal(o.error, 0);
    assert_int_equal(near.count, IC__RPC_K);
    near.only = true;
    uint64_t before = requests_of(&c, 2);
    events = dht_outcome_events(&o);
    events.near = &near;
    assert_int_equal(ic__dht_unannounce(d, TOPIC, me, &events, NULL), 0);
    dht_crowd_await(&c, &o);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.nodes, IC__RPC_K);
    assert_int_equal(requests_of(&c, 2) - before, 2 * IC__RPC_K);
    lookup(&c, 6, &o);
    assert_int_equal(o.peers, 0);
    dht_crowd_free(&c);
}

/* Section 5: with "clear" stale entries go first, and the new one is there at the end. */
static void a_clearing_announce_leaves_the_new_record(void **state)
{
    dht_crowd c;
    dht_outcome o;
    init(&c, 10);
    announce(&c, 2, me, 7, false, &o);
    announce(&c, 4, me, 8, true, &o);
    assert_int_equal(o.error, 0);
    assert_true(o.nodes >= 10);
    lookup(&c, 6, &o);
    assert_int_equal(o.last.relays[0].port, 8);
    dht_crowd_free(&c);
}

static void immutable_values_come_back_by_their_hash(void **state)
{
    dht_crowd c;
    dht_outcome o;
    uint8_t value[IC__DHT_VALUE_MAX + 1] = "hello";
    uint8_t hash[IC__DHT_KEY_BYTES];
    init(&c, 12);
    ic__dht_op_events events = dht_outcome_events(&o);
    assert_int_equal(
        ic__dht_immutable_put(c.members[1].dht, value, sizeof value, &events, NULL),
        IC_ERR_LIMIT);
    assert_int_equal(
        ic__dht_immutable_put(c.members[1].dht, value, IC__DHT_VALUE_MAX, &events, NULL),
        0);
    dht_crowd_await(&c, &o);
    assert_int_equal(o.error, 0);
    assert_true(o.nodes >= 11);
    assert_false(o.has_value);
    ic__dht_hash(hash, value, IC__DHT_VALUE_MAX);
    events = dht_outcome_events(&o);
    assert_int_equal(ic__dht_immutable_get(c.members[9].dht, hash, &events, NULL), 0);
    dht_crowd_await(&c, &o);
    assert_int_equal(o.error, 0);
    assert_true(o.has_value);
    assert_int_equal(o.len, IC__DHT_VALUE_MAX);
    assert_memory_equal(o.value, value, o.len);
    events = dht_outcome_events(&o);
    assert_int_equal(ic__dht_immutable_get(c.members[9].dht, TOPIC, &events, NULL), 0);
    dht_crowd_await(&c, &o);
    assert_int_equal(o.error, IC_ERR_NOT_FOUND);
    assert_false(o.has_value);
    dht_crowd_free(&c);
}

static int put(dht_crowd *c, size_t who, uint64_t seq, const char *text, dht_outcome *o)
{
    const ic__dht_op_events events = dht_outcome_events(o);
    assert_int_equal(ic__dht_mutable_put(c->members[who].dht, me, seq,
                                         (const uint8_t *)text, strlen(text), &events,
                                         NULL),
                     0);
    dht_crowd_await(c, o);
    return o->error;
}

static int get(dht_crowd *c, size_t who, uint64_t least, bool latest, dht_outcome *o)
{
    const ic__dht_op_events events = dht_outcome_events(o);
    assert_int_equal(ic__dht_mutable_get(c->members[who].dht, ic_identity_public_key(me),
                                         least, latest, &events, NULL),
                     0);
    dht_crowd_await(c, o);
    return o->error;
}

static void mutable_values_come_back_by_their_key(void **state)
{
    dht_crowd c;
    dht_outcome o;
    init(&c, 12);
    assert_int_equal(get(&c, 4, 0, true, &o), IC_ERR_NOT_FOUND);
    assert_int_equal(put(&c, 1, 5, "five", &o), 0);
    assert_int_equal(put(&c, 1, 5, "cinq", &o), IC_ERR_EXISTS);
    assert_int_equal(put(&c, 1, 4, "four", &o), IC_ERR_EXISTS);
    assert_int_equal(get(&c, 8, 0, true, &o), 0);
    assert_int_equal(o.seq, 5);
    assert_memory_equal(o.value, "five", 4);
    assert_int_equal(put(&c, 2, 6, "six", &o), 0);
    assert_int_equal(get(&c, 8, 6, false, &o), 0);
    assert_memory_equal(o.value, "six", 3);
    assert_int_equal(get(&c, 8, 7, false, &o), IC_ERR_NOT_FOUND);
    const ic__dht_op_events events = dht_outcome_events(&o);
    assert_int_equal(
        ic__dht_mutable_get(c.members[1].dht, TOPIC, UINT64_MAX, true, &events, NULL),
        IC_ERR_INVALID);
    dht_crowd_free(&c);
}

/* Section 15: a later seq, a better record, without a signature that holds; and walks
 * drawn out for so long that tokens grow old. */
static void forged_answers_change_nothing(void **state)
{
    dht_crowd c;
    dht_outcome o;
    uint8_t hash[IC__DHT_KEY_BYTES];
    init(&c, 12);
    for (size_t i = 0; i < 8; i++)
        (void)dht_crowd_add_liar(&c, DHT_FORGES);
    dht_crowd_run(&c, 20 * IC__SEC);
    assert_int_equal(put(&c, 1, 5, "five", &o), 0);
    assert_int_equal(get(&c, 8, 0, true, &o), 0);
    assert_int_equal(o.seq, 5);
    const ic__dht_op_events events = dht_outcome_events(&o);
    ic__dht_hash(hash, "x", 1);
    assert_int_equal(
        ic__dht_immutable_put(c.members[3].dht, (const uint8_t *)"x", 1, &events, NULL),
        0);
    dht_crowd_await(&c, &o);
    (void)dht_outcome_events(&o);
    assert_int_equal(ic__dht_immutable_get(c.members[7].dht, hash, &events, NULL), 0);
    dht_crowd_await(&c, &o);
    assert_int_equal(o.error, 0);
    assert_memory_equal(o.value, "x", 1);
    (void)dht_outcome_events(&o);
    assert_int_equal(
        ic__dht_find_peer(c.members[7].dht, ic_identity_public_key(other), &events, NULL),
        0);
    dht_crowd_await(&c, &o);
    assert_int_equal(o.error, IC_ERR_NOT_FOUND);
    assert_int_equal(o.peers, 0);
    size_t asked = 0;
    for (size_t i = 13; i < 21; i++)
        asked += c.members[i].asked;
    assert_true(asked > 0);
    dht_crowd_free(&c);
}

/* Field lesson 10: a commit that reached no node is no success. */
static void alone_nothing_is_found_or_stored(void **state)
{
    dht_lone l;
    dht_outcome o;
    ic__dht_op_events events = dht_outcome_events(&o);
    assert_int_equal(dht_lone_init(&l, NULL), 0);
    assert_int_equal(ic__dht_lookup(l.dht, TOPIC, &events, NULL), 0);
    assert_int_equal(o.done, 0); /* never inside of the call that asks */
    dht_lone_wait(&l, 30 * IC__SEC);
    assert_int_equal(o.done, 1);
    assert_int_equal(o.error, IC_ERR_NOT_FOUND);
    events = dht_outcome_events(&o);
    assert_int_equal(ic__dht_announce(l.dht, TOPIC, me, NULL, 0, true, &events, NULL), 0);
    dht_lone_wait(&l, 30 * IC__SEC);
    assert_int_equal(o.error, IC_ERR_NOT_FOUND);
    events = dht_outcome_events(&o);
    assert_int_equal(
        ic__dht_mutable_put(l.dht, me, 1, (const uint8_t *)"x", 1, &events, NULL), 0);
    dht_lone_wait(&l, 30 * IC__SEC);
    assert_int_equal(o.error, IC_ERR_NOT_FOUND);
    assert_int_equal(o.nodes, 0);
    dht_lone_free(&l);
}

static ic__dht_op *to_cancel;
static size_t told;

static void cancel_at_once(void *user, const ic__dht_peer *peer, const ic__addr *from)
{
    told++;
    ic__dht_op_cancel(to_cancel);
    ic__dht_op_cancel(to_cancel);
}

static void a_cancelled_operation_is_silent(void **state)
{
    dht_crowd c;
    dht_outcome o;
    ic__dht_op *op;
    init(&c, 10);
    announce(&c, 1, me, 1, false, &o);
    announce(&c, 2, other, 2, false, &o);
    ic__dht_op_events events = dht_outcome_events(&o);
    assert_int_equal(ic__dht_lookup(c.members[4].dht, TOPIC, &events, &op), 0);
    ic__dht_op_cancel(op);
    events.on_peer = cancel_at_once;
    told = 0;
    assert_int_equal(ic__dht_lookup(c.members[5].dht, TOPIC, &events, &to_cancel), 0);
    dht_crowd_run(&c, 30 * IC__SEC);
    assert_int_equal(o.done, 0);
    assert_int_equal(told, 1);
    ic__dht_op_cancel(NULL);
    dht_crowd_free(&c);
}

static void cancel_value(void *user, const uint8_t *value, size_t len, uint64_t seq)
{
    told++;
    ic__dht_op_cancel(to_cancel);
}

static void an_operation_may_be_cancelled_when_it_brings_its_value(void **state)
{
    dht_crowd c;
    dht_outcome o;
    init(&c, 6);
    assert_int_equal(put(&c, 1, 1, "one", &o), 0);
    ic__dht_op_events events = dht_outcome_events(&o);
    events.on_value = cancel_value;
    told = 0;
    assert_int_equal(ic__dht_mutable_get(c.members[4].dht, ic_identity_public_key(me), 0,
                                         false, &events, &to_cancel),
                     0);
    dht_crowd_run(&c, 30 * IC__SEC);
    assert_int_equal(told, 1);
    assert_int_equal(o.done, 0);
    dht_crowd_free(&c);
}

static void a_suspended_node_ends_its_operations_once(void **state)
{
    dht_crowd c;
    dht_outcome o;
    dht_outcome late;
    init(&c, 10);
    const ic__dht_op_events events = dht_outcome_events(&o);
    const ic__dht_op_events late_events = dht_outcome_events(&late);
    ic__dht *d = c.members[3].dht;
    assert_int_equal(ic__dht_announce(d, TOPIC, me, NULL, 0, true, &events, NULL), 0);
    dht_crowd_run(&c, IC__MS);
    ic__dht_suspend(d, dht_world_now(c.world));
    dht_crowd_run(&c, IC__SEC);
    assert_int_equal(o.done, 1);
    assert_int_equal(o.error, IC_ERR_CANCELED);
    assert_int_equal(ic__dht_lookup(d, TOPIC, &late_events, NULL), IC_ERR_CLOSED);
    assert_int_equal(ic__dht_resume(d, dht_world_now(c.world)), 0);
    dht_crowd_run(&c, 5 * IC__SEC);
    announce(&c, 3, me, 1, true, &o);
    assert_int_equal(o.error, 0);
    assert_int_equal(late.done, 0);
    dht_crowd_free(&c);
}

static void try_all(void *arg)
{
    dht_lone l;
    dht_outcome o;
    const ic__addr neighbour = dht_addr("10.0.0.11", 49737);
    const ic__dht_op_events events = dht_outcome_events(&o);
    int err[8];
    err[0] = dht_lone_init(&l, NULL);
    assert_true(err[0] == 0 || err[0] == IC_ERR_NOMEM);
    if (err[0])
        return;
    dht_lone_meet(&l, &neighbour);
    const uint8_t *key = ic_identity_public_key(other);
    err[1] = ic__dht_find_peer(l.dht, key, &events, NULL);
    err[2] = ic__dht_lookup(l.dht, TOPIC, &events, NULL);
    err[3] = ic__dht_announce(l.dht, TOPIC, me, &neighbour, 1, true, &events, NULL);
    err[4] = ic__dht_unannounce(l.dht, TOPIC, me, &events, NULL);
    err[5] = ic__dht_immutable_put(l.dht, TOPIC, 9, &events, NULL);
    err[6] = ic__dht_mutable_put(l.dht, me, 1, TOPIC, 9, &events, NULL);
    err[7] = ic__dht_mutable_get(l.dht, key, 0, true, &events, NULL);
    size_t begun = 0;
    for (size_t i = 1; i < 8; i++) {
        assert_true(err[i] == 0 || err[i] == IC_ERR_NOMEM);
        begun += err[i] == 0;
    }
    dht_lone_wait(&l, 60 * IC__SEC);
    assert_int_equal(o.done, begun);
    dht_lone_free(&l);
}

/* Field lesson 11: everything that began ends exactly once, also without memory. */
static void without_memory_an_operation_ends_all_the_same(void **state)
{
    fail_alloc_each(try_all, NULL);
}

static void a_node_may_go_with_operations_under_way(void **state)
{
    dht_crowd c;
    dht_outcome o;
    init(&c, 8);
    const ic__dht_op_events events = dht_outcome_events(&o);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(
            ic__dht_announce(c.members[2].dht, TOPIC, me, NULL, 0, true, &events, NULL),
            0);
    dht_crowd_run(&c, 3 * IC__MS);
    dht_crowd_free(&c);
    assert_int_equal(o.done, 0);
}

static int setup(void **state)
{
    uint8_t seed[IC_SEED_BYTES] = {1};
    if (ic_init() != 0 || ic_identity_from_seed(&me, seed, IC_NETWORK_MAINNET) != 0)
        return -1;
    seed[0] = 2;
    return ic_identity_from_seed(&other, seed, IC_NETWORK_MAINNET);
}

static int teardown(void **state)
{
    ic_identity_free(me);
    ic_identity_free(other);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_announces_is_found_by_everybody),
        cmocka_unit_test(an_unannounce_takes_every_entry_away),
        cmocka_unit_test(a_walk_begins_where_the_last_one_has_ended),
        cmocka_unit_test(a_clearing_announce_leaves_the_new_record),
        cmocka_unit_test(immutable_values_come_back_by_their_hash),
        cmocka_unit_test(mutable_values_come_back_by_their_key),
        cmocka_unit_test(forged_answers_change_nothing),
        cmocka_unit_test(alone_nothing_is_found_or_stored),
        cmocka_unit_test(a_cancelled_operation_is_silent),
        cmocka_unit_test(an_operation_may_be_cancelled_when_it_brings_its_value),
        cmocka_unit_test(a_suspended_node_ends_its_operations_once),
        cmocka_unit_test(without_memory_an_operation_ends_all_the_same),
        cmocka_unit_test(a_node_may_go_with_operations_under_way),
    };
    return cmocka_run_group_tests_name("dht/ops", tests, setup, teardown);
}
