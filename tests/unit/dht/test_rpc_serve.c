/* docs/spec/05-dht-rpc.md, sections 1, 4 and 13: what strangers may send. */
#include <string.h>

#include "dht_addr.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "rpc_solo.h"
#include "unit.h"

static const ic__addr stranger = {.ip = {20, 0, 0, 9}, .port = 5000, .family = 4};

typedef struct ears {
    int punches;
    int heard;
    int requests;
} ears;

static void on_punch(void *user, uint32_t sock, const ic__addr *from)
{
    ears *e = user;
    assert_int_equal(sock, 1);
    assert_true(ic__addr_equal(from, &stranger));
    e->punches++;
}

static void on_heard(void *user, uint32_t sock, const ic__addr *from)
{
    ears *e = user;
    e->heard++;
}

static bool on_request(void *user, const ic__rpc_request *request)
{
    ears *e = user;
    assert_false(request->internal);
    e->requests++;
    return true;
}

static ic__rpc_message request(bool internal, uint32_t command)
{
    return (ic__rpc_message){.type = IC__RPC_REQUEST,
                             .tid = 77,
                             .internal = internal,
                             .command = command,
                             .to = dht_addr("20.0.0.1", 40000)};
}

/* Give the node a request, and count what it answers. */
static size_t answers(rpc_solo *s, const ic__addr *from, const ic__rpc_message *m)
{
    size_t count = 0;

    rpc_solo_tell(s, 0, from, m);
    while (rpc_solo_take(s))
        count++;
    return count;
}

static void one_byte_is_a_punch_and_is_never_answered(void **state)
{
    ears e = {0};
    ic__rpc_events events = {
        .on_punch = on_punch, .on_heard = on_heard, .on_request = on_request, .user = &e};
    const uint8_t any[2] = {IC__RPC_REQUEST, 0};
    rpc_solo s;
    assert_int_equal(rpc_solo_init(&s, NULL, &events), 0);
    rpc_solo_recv(&s, 1, &stranger, any + 1, 1);
    rpc_solo_recv(&s, 1, &stranger, any, 1);
    rpc_solo_recv(&s, 1, &stranger, any, 0);
    rpc_solo_recv(&s, 1, &stranger, any, 2);
    assert_int_equal(e.punches, 2);
    assert_int_equal(e.heard + e.requests, 0);
    assert_null(rpc_solo_take(&s));
    assert_int_equal(ic__rpc_get_stats(s.rpc).dropped_malformed, 2);
    rpc_solo_free(&s);
}

static void a_punch_is_one_zero_byte_with_its_time_to_live(void **state)
{
    rpc_solo s;
    const rpc_datagram *d;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    ic__rpc_punch(s.rpc, 7, &stranger, 5);
    d = rpc_solo_take(&s);
    assert_int_equal(d->sock, 7);
    assert_int_equal(d->ttl, 5);
    assert_int_equal(d->len, 1);
    assert_int_equal(d->data[0], 0);
    rpc_solo_free(&s);
}

static void requests_that_lack_what_they_need_are_not_answered(void **state)
{
    static const uint8_t value[6] = {0};
    rpc_solo s;
    ic__rpc_message m;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    m = request(true, IC__RPC_FIND_NODE);
    assert_int_equal(answers(&s, &stranger, &m), 0);
    m = request(true, IC__RPC_PING_NAT);
    assert_int_equal(answers(&s, &stranger, &m), 0);
    m.value = value;
    m.value_len = 1;
    assert_int_equal(answers(&s, &stranger, &m), 0);
    m.value_len = 2; /* port 0 */
    assert_int_equal(answers(&s, &stranger, &m), 0);
    m = request(true, IC__RPC_DOWN_HINT);
    assert_int_equal(answers(&s, &stranger, &m), 0);
    m.value = value;
    m.value_len = 5;
    assert_int_equal(answers(&s, &stranger, &m), 0);
    m.value_len = 6;
    assert_int_equal(answers(&s, &stranger, &m), 1);
    m = request(true, IC__RPC_DELAYED_PING);
    m.value = value;
    m.value_len = 3;
    assert_int_equal(answers(&s, &stranger, &m), 0);
    rpc_solo_free(&s);
}

static void a_source_without_port_or_host_is_not_answered(void **state)
{
    ic__addr from = stranger;
    ic__rpc_message m = request(true, IC__RPC_PING);
    rpc_solo s;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    from.port = 0;
    assert_int_equal(answers(&s, &from, &m), 0);
    from = dht_addr("0.0.0.0", 1);
    assert_int_equal(answers(&s, &from, &m), 0);
    from = dht_addr("239.1.1.1", 1);
    assert_int_equal(answers(&s, &from, &m), 0);
    from.family = 6;
    assert_int_equal(answers(&s, &from, &m), 0);
    rpc_solo_free(&s);
}

/* To an address that nobody has verified goes nothing larger than the protocol asks:
 * twenty nodes, or an empty reply. */
static void replies_to_strangers_stay_small(void **state)
{
    uint8_t target[32] = {0};
    rpc_solo s;
    ic__rpc_message m = request(true, IC__RPC_FIND_NODE);
    ic__rpc_options opts;
    ic__rpc_options_default(&opts);
    opts.public_address = dht_addr("20.0.0.1", 40000);
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    for (uint8_t i = 1; i < 200; i++) {
        ic__addr node = {.ip = {21, i, 1, 1}, .port = 49737, .family = 4};
        rpc_solo_know(&s, &node);
    }
    m.target = target;
    rpc_solo_tell(&s, 0, &stranger, &m);
    assert_int_equal(rpc_solo_take(&s)->len, 10 + 32 + 1 + 20 * 6);
    m = request(true, IC__RPC_PING);
    rpc_solo_tell(&s, 0, &stranger, &m);
    assert_int_equal(rpc_solo_take(&s)->len, 10 + 32);
    m = request(false, 99);
    m.target = target;
    rpc_solo_tell(&s, 0, &stranger, &m);
    assert_int_equal(rpc_solo_take(&s)->len, 10 + 32 + 1 + 20 * 6 + 1);
    rpc_solo_free(&s);
}

static void a_delayed_ping_is_answered_after_its_delay(void **state)
{
    const uint8_t value[4] = {0x10, 0x27}; /* 10 000 ms */
    const uint8_t too_long[4] = {0x11, 0x27};
    rpc_solo s;
    ic__rpc_message m = request(true, IC__RPC_DELAYED_PING);
    const rpc_datagram *d;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    m.value = too_long;
    m.value_len = 4;
    assert_int_equal(answers(&s, &stranger, &m), 0);
    m.value = value;
    rpc_solo_tell(&s, 1, &stranger, &m);
    rpc_solo_run(&s, 10 * IC__SEC - 1);
    assert_null(rpc_solo_take(&s));
    rpc_solo_run(&s, 1);
    d = rpc_solo_take(&s);
    assert_non_null(d);
    assert_int_equal(d->sock, 1);
    assert_int_equal(rpc_solo_read(d).tid, 77);
    rpc_solo_run(&s, 60 * IC__SEC);
    assert_null(rpc_solo_take(&s));
    rpc_solo_free(&s);
}

static void delayed_pings_are_limited_by_host_and_in_all(void **state)
{
    const uint8_t value[4] = {0xe8, 0x03};
    ic__rpc_options opts;
    rpc_solo s;
    ic__rpc_message m = request(true, IC__RPC_DELAYED_PING);
    ic__addr from = stranger;
    ic__rpc_options_default(&opts);
    opts.max_delayed = 40;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    m.value = value;
    m.value_len = 4;
    for (int i = 0; i < 20; i++) {
        from.port++;
        assert_int_equal(answers(&s, &from, &m), 0);
    }
    assert_int_equal(s.rpc->delayed.count, 16);
    assert_int_equal(ic__rpc_get_stats(s.rpc).dropped_limit, 4);
    for (int i = 0; i < 60; i++) {
        from.ip[2]++;
        assert_int_equal(answers(&s, &from, &m), 0);
    }
    assert_int_equal(s.rpc->delayed.count, 40);
    rpc_solo_run(&s, IC__SEC);
    assert_int_equal(s.count, 40);
    assert_int_equal(s.rpc->delayed.count, 0);
    rpc_solo_free(&s);
}

/* Field lesson 12: at 127.0.0.1 there are many nodes. */
static void delayed_pings_of_one_machine_share_only_the_whole_limit(void **state)
{
    const uint8_t value[4] = {0xe8, 0x03};
    ic__rpc_message m = request(true, IC__RPC_DELAYED_PING);
    rpc_solo s;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    m.value = value;
    m.value_len = 4;
    for (uint16_t i = 0; i < 100; i++) {
        ic__addr from = dht_addr("127.0.0.1", (uint16_t)(1000 + i));
        rpc_solo_tell(&s, 0, &from, &m);
    }
    assert_int_equal(s.rpc->delayed.count, 100);
    rpc_solo_free(&s);
}

static void a_host_that_floods_is_not_answered_until_the_next_second(void **state)
{
    ic__rpc_options opts;
    ic__rpc_message m = request(true, IC__RPC_PING);
    ic__addr other = dht_addr("20.0.0.77", 1);
    ic__addr from = stranger;
    size_t answered = 0;
    rpc_solo s;
    ic__rpc_options_default(&opts);
    opts.max_replies_per_second = 50;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    for (int i = 0; i < 80; i++) {
        from.port++;
        answered += answers(&s, &from, &m);
    }
    assert_int_equal(answered, 50);
    assert_int_equal(ic__rpc_get_stats(s.rpc).dropped_flood, 30);
    assert_int_equal(answers(&s, &other, &m), 1);
    rpc_solo_run(&s, IC__SEC);
    assert_int_equal(answers(&s, &from, &m), 1);
    rpc_solo_free(&s);
}

/* Field lesson 12. */
static void many_nodes_at_loopback_are_no_flood(void **state)
{
    ic__rpc_options opts;
    ic__rpc_message m = request(true, IC__RPC_PING);
    rpc_solo s;
    ic__rpc_options_default(&opts);
    opts.max_replies_per_second = 50;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    for (uint16_t i = 0; i < 1000; i++) {
        ic__addr from = dht_addr("127.0.0.1", (uint16_t)(1000 + i));
        assert_int_equal(answers(&s, &from, &m), 1);
    }
    rpc_solo_free(&s);
}

static void a_wrong_token_never_reaches_the_application(void **state)
{
    ears e = {0};
    ic__rpc_events events = {.on_request = on_request, .user = &e};
    uint8_t token[32];
    rpc_solo s;
    ic__rpc_message m = request(false, 4);
    ic__rpc_message reply;
    assert_int_equal(rpc_solo_init(&s, NULL, &events), 0);
    memset(token, 7, sizeof token);
    m.token = token;
    m.id = token; /* and a false id */
    rpc_solo_tell(&s, 0, &stranger, &m);
    reply = rpc_solo_read(rpc_solo_take(&s));
    assert_int_equal(reply.error, IC__RPC_INVALID_TOKEN);
    assert_int_equal(e.requests, 0);
    memcpy(token, reply.token, sizeof token);
    rpc_solo_tell(&s, 0, &stranger, &m);
    assert_int_equal(e.requests, 1);
    token[31] ^= 1;
    rpc_solo_tell(&s, 0, &stranger, &m);
    assert_int_equal(e.requests, 1);
    m.internal = true; /* internal commands as well */
    m.command = IC__RPC_PING;
    rpc_solo_run(&s, 0);
    while (rpc_solo_take(&s))
        continue;
    rpc_solo_tell(&s, 0, &stranger, &m);
    assert_int_equal(rpc_solo_read(rpc_solo_take(&s)).error, IC__RPC_INVALID_TOKEN);
    assert_int_equal(ic__rpc_get_stats(s.rpc).wrong_tokens, 3);
    rpc_solo_free(&s);
}

static void down_hints_make_at_most_ten_checks(void **state)
{
    rpc_solo s;
    ic__rpc_message m = request(true, IC__RPC_DOWN_HINT);
    uint8_t packed[6] = {21, 0, 1, 1, 0x49, 0xc2};
    size_t pings = 0;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    for (uint8_t i = 0; i < 15; i++) {
        ic__addr node = {.ip = {21, i, 1, 1}, .port = 49737, .family = 4};
        rpc_solo_know(&s, &node);
    }
    m.value = packed;
    m.value_len = sizeof packed;
    for (int round = 0; round < 3; round++) {
        for (uint8_t i = 0; i < 30; i++) { /* half of them are in no table */
            packed[1] = i;
            rpc_solo_tell(&s, 0, &stranger, &m);
        }
    }
    for (const rpc_datagram *d; (d = rpc_solo_take(&s)) != NULL;)
        pings += rpc_solo_read(d).type == IC__RPC_REQUEST;
    assert_int_equal(pings, 10);
    rpc_solo_run(&s, 4 * IC__SEC); /* nobody answers */
    assert_int_equal(ic__rpc_node_count(s.rpc), 5);
    assert_int_equal(s.rpc->checks, 0);
    rpc_solo_free(&s);
}

/* A hint about a node that answers does no harm, also right after it was heard. */
static void a_node_that_answers_survives_a_hint(void **state)
{
    ic__addr node = dht_addr("21.0.1.1", 49737);
    const uint8_t packed[6] = {21, 0, 1, 1, 0x49, 0xc2};
    uint8_t id[32];
    ic__rpc_message m = request(true, IC__RPC_DOWN_HINT);
    ic__rpc_message pong = {.to = dht_addr("20.0.0.1", 1), .id = id};
    rpc_datagram d;
    rpc_solo s;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    rpc_solo_know(&s, &node);
    ic__rpc_id_of(id, &node);
    m.value = packed;
    m.value_len = sizeof packed;
    rpc_solo_tell(&s, 0, &stranger, &m);
    d = *rpc_solo_take(&s);
    assert_true(ic__addr_equal(&d.to, &node));
    rpc_solo_answer(&s, &d, &pong);
    assert_int_equal(ic__rpc_node_count(s.rpc), 1);
    rpc_solo_free(&s);
}

static void a_reply_that_is_too_long_is_not_sent(void **state)
{
    static const uint8_t value[IC__RPC_VALUE_MAX + 1];
    rpc_solo s;
    ic__rpc_request r = {.from = stranger};
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    ic__rpc_answer(s.rpc, &r, 0, value, sizeof value, IC__RPC_WITH_TOKEN);
    ic__rpc_pass_on(s.rpc, 0, 1, &stranger, 1, NULL, value, sizeof value);
    r.from.port = 0;
    ic__rpc_answer(s.rpc, &r, 0, NULL, 0, 0);
    ic__rpc_answer_to(s.rpc, 0, 1, &r.from, NULL, 0);
    assert_null(rpc_solo_take(&s));
    assert_int_equal(ic__rpc_get_stats(s.rpc).dropped_limit, 4);
    rpc_solo_free(&s);
}

/* Spec 06, section 4: the same tid and command, our id, no token. */
static void a_request_is_passed_on_under_its_own_number(void **state)
{
    static const uint8_t value[3] = {1, 2, 3};
    uint8_t target[32] = {9};
    ic__rpc_options opts;
    ic__rpc_message m;
    rpc_solo s;
    const rpc_datagram *d;
    ic__rpc_options_default(&opts);
    opts.public_address = dht_addr("20.0.0.1", 40000);
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    ic__rpc_pass_on(s.rpc, 0, 555, &stranger, 1, target, value, sizeof value);
    d = rpc_solo_take(&s);
    m = rpc_solo_read(d);
    assert_int_equal(d->sock, 0);
    assert_int_equal(m.type, IC__RPC_REQUEST);
    assert_int_equal(m.tid, 555);
    assert_false(m.internal);
    assert_memory_equal(m.id, ic__rpc_id(s.rpc), 32);
    assert_null(m.token);
    assert_memory_equal(m.target, target, 32);
    assert_int_equal(m.value_len, 3);
    ic__rpc_pass_on(s.rpc, 1, 555, &stranger, 1, target, value, sizeof value);
    assert_null(rpc_solo_read(rpc_solo_take(&s)).id);
    rpc_solo_free(&s);
}

static void nothing_is_processed_or_sent_while_suspended(void **state)
{
    ic__rpc_message m = request(true, IC__RPC_PING);
    rpc_solo s;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    ic__rpc_suspend(s.rpc);
    assert_int_equal(answers(&s, &stranger, &m), 0);
    ic__rpc_punch(s.rpc, 0, &stranger, 0);
    assert_null(rpc_solo_take(&s));
    assert_int_equal(ic__rpc_resume(s.rpc), 0);
    assert_int_equal(answers(&s, &stranger, &m), 1);
    rpc_solo_free(&s);
}

static void serve_without_memory(void *arg)
{
    const uint8_t value[4] = {1};
    ic__rpc_message m = request(true, IC__RPC_DELAYED_PING);
    rpc_solo s;
    if (rpc_solo_init(&s, NULL, NULL) == 0) {
        m.value = value;
        m.value_len = 4;
        for (int i = 0; i < 30; i++) {
            ic__addr from = stranger;
            from.ip[3] = (uint8_t)i;
            rpc_solo_tell(&s, 0, &from, &m);
        }
    }
    rpc_solo_free(&s);
}

static void without_memory_a_delayed_ping_is_dropped(void **state)
{
    fail_alloc_each(serve_without_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_byte_is_a_punch_and_is_never_answered),
        cmocka_unit_test(a_punch_is_one_zero_byte_with_its_time_to_live),
        cmocka_unit_test(requests_that_lack_what_they_need_are_not_answered),
        cmocka_unit_test(a_source_without_port_or_host_is_not_answered),
        cmocka_unit_test(replies_to_strangers_stay_small),
        cmocka_unit_test(a_delayed_ping_is_answered_after_its_delay),
        cmocka_unit_test(delayed_pings_are_limited_by_host_and_in_all),
        cmocka_unit_test(delayed_pings_of_one_machine_share_only_the_whole_limit),
        cmocka_unit_test(a_host_that_floods_is_not_answered_until_the_next_second),
        cmocka_unit_test(many_nodes_at_loopback_are_no_flood),
        cmocka_unit_test(a_wrong_token_never_reaches_the_application),
        cmocka_unit_test(down_hints_make_at_most_ten_checks),
        cmocka_unit_test(a_node_that_answers_survives_a_hint),
        cmocka_unit_test(a_reply_that_is_too_long_is_not_sent),
        cmocka_unit_test(a_request_is_passed_on_under_its_own_number),
        cmocka_unit_test(nothing_is_processed_or_sent_while_suspended),
        cmocka_unit_test(without_memory_a_delayed_ping_is_dropped),
    };
    return cmocka_run_group_tests_name("dht/rpc_serve", tests, NULL, NULL);
}
