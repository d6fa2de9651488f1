/* docs/spec/06-hyperdht.md, section 5, on sockets: what one asks a network and tells it.
 */
#include <string.h>

#include "dht_talk.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

typedef struct answers {
    dht_talk talk;
    ic_dht *dht;
    int done;
    int error;
    size_t nodes;
    int peers;
    uint8_t key[IC_DHT_KEY_BYTES];
    char list[128];
    int values;
    uint8_t value[IC_DHT_VALUE_MAX];
    size_t len;
    uint64_t seq;
    int pongs;
} answers;

static const uint8_t topic[IC_DHT_KEY_BYTES] = {7, 8, 9};

static void on_peer(ic_dht_op *op, const ic_dht_peer *peer, void *user)
{
    answers *a = user;

    assert_int_equal(strncmp(peer->from, "127.0.0.1:", 10), 0);
    assert_true(strlen(peer->nodes) < sizeof a->list);
    memcpy(a->key, peer->public_key, sizeof a->key);
    memcpy(a->list, peer->nodes, strlen(peer->nodes) + 1);
    a->peers++;
}

static void on_answer(ic_dht_op *op, const ic_dht_answer *answer, void *user)
{
    answers *a = user;

    if (*answer->from) {
        assert_string_equal(answer->from, a->talk.net.bootstrap);
        assert_int_equal(strncmp(answer->own_as, "127.0.0.1:", 10), 0);
        assert_true(answer->rtt_ns > 0);
        a->pongs++;
        return;
    }
    assert_true(answer->len <= sizeof a->value);
    if (answer->len)
        memcpy(a->value, answer->value, answer->len);
    a->len = answer->len;
    a->seq = answer->seq;
    a->values++;
}

static void on_done(ic_dht_op *op, int error, size_t nodes, void *user)
{
    answers *a = user;

    a->done++;
    a->error = error;
    a->nodes = nodes;
}

static ic_dht_op_options options(answers *a)
{
    ic_dht_op_options opts;

    ic_dht_op_options_default(&opts);
    opts.on_peer = on_peer;
    opts.on_answer = on_answer;
    opts.on_done = on_done;
    opts.user = a;
    return opts;
}

static void init(answers *a)
{
    memset(a, 0, sizeof *a);
    dht_talk_init(&a->talk);
    a->dht = a->talk.client_node;
}

/* It was asked with 0; wait for its end. */
static void wait_for(answers *a, int err)
{
    int before = a->done;

    assert_int_equal(err, 0);
    assert_int_equal(a->done, before);
    dht_live_until(&a->talk.net, &a->done, before + 1);
}

static void an_announce_is_found_until_it_is_taken_back(void **state)
{
    answers a;
    init(&a);
    const ic_dht_op_options opts = options(&a);
    dht_talk_listen(&a.talk);
    wait_for(&a, ic_dht_announce(a.talk.server_node, topic, a.talk.server_key,
                                 a.talk.server, &opts, NULL));
    assert_int_equal(a.error, 0);
    assert_int_equal(a.nodes, DHT_LIVE_NODES);
    wait_for(&a, ic_dht_lookup(a.dht, topic, &opts, NULL));
    assert_int_equal(a.error, 0);
    assert_int_equal(a.peers, DHT_LIVE_NODES);
    assert_memory_equal(a.key, ic_identity_public_key(a.talk.server_key), sizeof a.key);
    assert_true(strlen(a.list) > 0);
    wait_for(
        &a, ic_dht_unannounce(a.talk.server_node, topic, a.talk.server_key, &opts, NULL));
    a.peers = 0;
    wait_for(&a, ic_dht_lookup(a.dht, topic, &opts, NULL));
    assert_int_equal(a.peers, 0);
    dht_talk_done(&a.talk);
}

static void a_question_leaves_behind_where_the_next_one_begins(void **state)
{
    answers a;
    ic_dht_near near = {.count = 0};
    init(&a);
    ic_dht_op_options opts = options(&a);
    opts.near = &near;
    wait_for(&a, ic_dht_announce(a.dht, topic, a.talk.client_key, NULL, &opts, NULL));
    assert_int_equal(near.count, DHT_LIVE_NODES);
    near.only = true;
    wait_for(&a, ic_dht_unannounce(a.dht, topic, a.talk.client_key, &opts, NULL));
    assert_int_equal(a.error, 0);
    assert_int_equal(a.nodes, DHT_LIVE_NODES);
    near.only = false;
    a.peers = 0;
    wait_for(&a, ic_dht_lookup(a.dht, topic, &opts, NULL));
    assert_int_equal(a.peers, 0);
    near.count = 1;
    memset(near.nodes[0], 0, sizeof near.nodes[0]); /* nobody's: then by the table */
    wait_for(&a, ic_dht_lookup(a.dht, topic, &opts, NULL));
    assert_int_equal(a.error, 0);
    assert_int_equal(near.count, DHT_LIVE_NODES);
    dht_talk_done(&a.talk);
}

static void what_a_lookup_says_is_good_for_a_dial(void **state)
{
    answers a;
    init(&a);
    const ic_dht_op_options opts = options(&a);
    dht_talk_listen(&a.talk);
    wait_for(&a, ic_dht_find_peer(a.dht, ic_identity_public_key(a.talk.server_key), &opts,
                                  NULL));
    assert_int_equal(a.error, 0);
    assert_true(a.peers > 0);
    wait_for(&a, ic_dht_announce(a.talk.server_node, topic, a.talk.server_key,
                                 a.talk.server, &opts, NULL));
    wait_for(&a, ic_dht_lookup(a.dht, topic, &opts, NULL));
    ic_dial_options dial = dht_talk_dial(&a.talk);
    dial.remote_key = a.key;
    dial.nodes = a.list;
    assert_int_equal(ic_dht_connect(a.dht, &dial, NULL), 0);
    dht_live_until(&a.talk.net, &a.talk.echoes, 1);
    dht_talk_done(&a.talk);
}

static void a_value_is_stored_under_its_hash(void **state)
{
    answers a;
    uint8_t hash[IC_DHT_KEY_BYTES];
    init(&a);
    const ic_dht_op_options opts = options(&a);
    ic_dht_hash(hash, "value", 5);
    wait_for(&a, ic_dht_immutable_get(a.dht, hash, &opts, NULL));
    assert_int_equal(a.error, IC_ERR_NOT_FOUND);
    wait_for(&a, ic_dht_immutable_put(a.dht, (const uint8_t *)"value", 5, &opts, NULL));
    assert_int_equal(a.error, 0);
    assert_int_equal(a.nodes, DHT_LIVE_NODES);
    wait_for(&a, ic_dht_immutable_get(a.talk.server_node, hash, &opts, NULL));
    assert_int_equal(a.error, 0);
    assert_int_equal(a.values, 1);
    assert_int_equal(a.len, 5);
    assert_memory_equal(a.value, "value", 5);
    static const uint8_t large[IC_DHT_VALUE_MAX + 1];
    assert_int_equal(ic_dht_immutable_put(a.dht, large, sizeof large, &opts, NULL),
                     IC_ERR_LIMIT);
    wait_for(&a, ic_dht_immutable_put(a.dht, large, sizeof large - 1, &opts, NULL));
    assert_int_equal(a.error, 0);
    dht_talk_done(&a.talk);
}

static void a_signed_value_is_replaced_by_a_later_one_only(void **state)
{
    answers a;
    init(&a);
    const ic_dht_op_options opts = options(&a);
    const ic_identity *me = a.talk.client_key;
    const uint8_t *key = ic_identity_public_key(me);
    wait_for(&a,
             ic_dht_mutable_put(a.dht, me, 5, (const uint8_t *)"five", 4, &opts, NULL));
    assert_int_equal(a.error, 0);
    wait_for(&a,
             ic_dht_mutable_put(a.dht, me, 4, (const uint8_t *)"four", 4, &opts, NULL));
    assert_int_equal(a.error, IC_ERR_EXISTS);
    wait_for(&a, ic_dht_mutable_get(a.talk.server_node, key, 5, false, &opts, NULL));
    assert_int_equal(a.error, 0);
    assert_int_equal(a.seq, 5);
    assert_memory_equal(a.value, "five", 4);
    wait_for(&a, ic_dht_mutable_get(a.talk.server_node, key, 6, true, &opts, NULL));
    assert_int_equal(a.error, IC_ERR_NOT_FOUND);
    dht_talk_done(&a.talk);
}

static void a_ping_says_how_far_and_who_we_are(void **state)
{
    answers a;
    init(&a);
    const ic_dht_op_options opts = options(&a);
    wait_for(&a, ic_dht_ping(a.dht, a.talk.net.bootstrap, &opts, NULL));
    assert_int_equal(a.error, 0);
    assert_int_equal(a.nodes, 1);
    assert_int_equal(a.pongs, 1);
    assert_int_equal(ic_dht_ping(a.dht, "nowhere", &opts, NULL), IC_ERR_INVALID);
    assert_int_equal(ic_dht_ping(a.dht, "[::1]:1", &opts, NULL), IC_ERR_INVALID);
    assert_int_equal(ic_dht_ping(a.dht, "127.0.0.1:0", &opts, NULL), IC_ERR_INVALID);
    dht_talk_done(&a.talk);
}

static void who_cancels_hears_nothing_and_who_closes_hears_so(void **state)
{
    answers a;
    init(&a);
    const ic_dht_op_options opts = options(&a);
    ic_dht_op *op = NULL;
    assert_int_equal(ic_dht_lookup(a.dht, topic, &opts, &op), 0);
    ic_dht_op_cancel(op);
    assert_int_equal(ic_dht_ping(a.dht, a.talk.net.bootstrap, &opts, &op), 0);
    ic_dht_op_cancel(op);
    ic_dht_op_cancel(NULL);
    dht_live_run(&a.talk.net, 100);
    assert_int_equal(a.done, 0);
    assert_int_equal(ic_dht_lookup(a.dht, topic, &opts, &op), 0);
    assert_int_equal(ic_dht_ping(a.dht, a.talk.net.bootstrap, &opts, &op), 0);
    ic_dht_close(a.dht, NULL, NULL);
    assert_int_equal(ic_dht_lookup(a.dht, topic, &opts, &op), IC_ERR_CLOSED);
    assert_int_equal(a.done, 0);
    dht_live_until(&a.talk.net, &a.done, 2);
    assert_int_equal(a.error, IC_ERR_CANCELED);
    const ic_dht_options again = dht_live_options(&a.talk.net);
    assert_int_equal(ic_dht_new(&again, &a.talk.client_node), 0);
    dht_talk_done(&a.talk);
}

static void a_suspended_node_ends_its_questions(void **state)
{
    answers a;
    init(&a);
    const ic_dht_op_options opts = options(&a);
    assert_int_equal(ic_dht_lookup(a.dht, topic, &opts, NULL), 0);
    ic_dht_suspend(a.dht);
    assert_int_equal(ic_dht_lookup(a.dht, topic, &opts, NULL), IC_ERR_CLOSED);
    dht_live_until(&a.talk.net, &a.done, 1);
    assert_int_equal(a.error, IC_ERR_CANCELED);
    assert_int_equal(ic_dht_resume(a.dht), 0);
    wait_for(&a, ic_dht_ping(a.dht, a.talk.net.bootstrap, &opts, NULL));
    assert_int_equal(a.pongs, 1);
    dht_talk_done(&a.talk);
}

static void a_question_without_memory_ends_too(void **state)
{
    answers a;
    init(&a);
    const ic_dht_op_options opts = options(&a);
    a.error = IC_ERR_NOMEM;
    for (size_t nth = 1; a.error; nth++) {
        int before = a.done;
        fail_alloc_start(nth);
        int err = ic_dht_lookup(a.dht, topic, &opts, NULL);
        (void)fail_alloc_stop();
        assert_true(!err || err == IC_ERR_NOMEM);
        if (!err)
            dht_live_until(&a.talk.net, &a.done, before + 1);
        assert_true(nth < 100);
    }
    dht_talk_done(&a.talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_announce_is_found_until_it_is_taken_back),
        cmocka_unit_test(a_question_leaves_behind_where_the_next_one_begins),
        cmocka_unit_test(what_a_lookup_says_is_good_for_a_dial),
        cmocka_unit_test(a_value_is_stored_under_its_hash),
        cmocka_unit_test(a_signed_value_is_replaced_by_a_later_one_only),
        cmocka_unit_test(a_ping_says_how_far_and_who_we_are),
        cmocka_unit_test(who_cancels_hears_nothing_and_who_closes_hears_so),
        cmocka_unit_test(a_suspended_node_ends_its_questions),
        cmocka_unit_test(a_question_without_memory_ends_too),
    };
    return cmocka_run_group_tests_name("io/dht_ask", tests, NULL, NULL);
}
