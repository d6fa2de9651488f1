/* docs/spec/05-dht-rpc.md, section 6: requests, and that each ends exactly once. */
#include <string.h>

#include "dht_addr.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "rpc_solo.h"
#include "unit.h"

typedef struct outcome {
    rpc_solo *solo;
    int slow;
    int done;
    int error;
    uint32_t code;
    ic__rpc_pending *other; /* to be cancelled in on_done */
    bool again;             /* ask once more in on_done */
} outcome;

static const ic__addr peer = {.ip = {20, 0, 0, 9}, .port = 49737, .family = 4};

static void on_slow(void *user)
{
    outcome *o = user;
    o->slow++;
}

static void on_done(void *user, int error, const ic__rpc_reply *reply);

static int ask(rpc_solo *s, outcome *o, const ic__addr *to, ic__rpc_pending **pending)
{
    ic__rpc_call call = ic__rpc_call_to(to, true, IC__RPC_PING);

    call.on_slow = on_slow;
    call.on_done = on_done;
    call.user = o;
    o->solo = s;
    return ic__rpc_call_send(s->rpc, &call, pending);
}

static void on_done(void *user, int error, const ic__rpc_reply *reply)
{
    outcome *o = user;

    o->done++;
    o->error = error;
    o->code = reply ? reply->error : 0;
    assert_int_equal(reply == NULL, error != 0);
    ic__rpc_cancel(o->solo->rpc, o->other);
    if (o->again) {
        o->again = false;
        assert_int_equal(ask(o->solo, o, &peer, NULL), 0);
    }
}

static void repetitions_are_the_same_bytes_and_then_it_fails(void **state)
{
    rpc_solo s;
    outcome o = {0};
    rpc_datagram first;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    first = *rpc_solo_take(&s);
    assert_int_equal(first.sock, IC__DHT_CLIENT_SOCKET);
    for (int i = 1; i <= 3; i++) {
        rpc_solo_run(&s, IC__SEC - 1);
        assert_null(rpc_solo_take(&s));
        rpc_solo_run(&s, 1);
        const rpc_datagram *again = rpc_solo_take(&s);
        assert_non_null(again);
        assert_int_equal(again->len, first.len);
        assert_memory_equal(again->data, first.data, first.len);
        assert_int_equal(o.slow, i);
    }
    assert_int_equal(o.done, 0);
    rpc_solo_run(&s, IC__SEC);
    assert_int_equal(o.done, 1);
    assert_int_equal(o.error, IC_ERR_TIMEOUT);
    assert_null(rpc_solo_take(&s));
    rpc_solo_free(&s);
}

static void a_late_second_answer_is_dropped(void **state)
{
    rpc_solo s;
    outcome o = {0};
    ic__rpc_message pong = {.to = peer, .error = 5};
    rpc_datagram first;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    first = *rpc_solo_take(&s);
    rpc_solo_answer(&s, &first, &pong);
    rpc_solo_answer(&s, &first, &pong);
    rpc_solo_run(&s, 10 * IC__SEC);
    assert_int_equal(o.done, 1);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.code, 5);
    assert_int_equal(ic__rpc_get_stats(s.rpc).dropped_unexpected, 1);
    rpc_solo_free(&s);
}

/* Section 13 and field lesson 7. */
static void an_answer_from_another_address_is_dropped(void **state)
{
    rpc_solo s;
    outcome o = {0};
    ic__rpc_message pong = {.to = peer};
    rpc_datagram forged;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    forged = *rpc_solo_take(&s);
    forged.to.port++;
    rpc_solo_answer(&s, &forged, &pong);
    forged.to = dht_addr("20.0.0.10", peer.port);
    rpc_solo_answer(&s, &forged, &pong);
    assert_int_equal(o.done, 0);
    assert_int_equal(ic__rpc_get_stats(s.rpc).dropped_unexpected, 2);
    forged.to = peer;
    rpc_solo_answer(&s, &forged, &pong);
    assert_int_equal(o.done, 1);
    rpc_solo_free(&s);
}

static void nobody_has_some_addresses_and_one_is_our_own(void **state)
{
    static const char *const hosts[] = {"0.0.0.0", "0.1.2.3", "224.0.0.1", "240.0.0.1",
                                        "255.255.255.255"};
    ic__rpc_options opts;
    rpc_solo s;
    outcome o = {0};
    ic__addr to;
    ic__rpc_options_default(&opts);
    opts.public_address = dht_addr("20.0.0.1", 7777);
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    assert_int_equal(ic__rpc_start(s.rpc), 0);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        to = dht_addr(hosts[i], 49737);
        assert_int_equal(ask(&s, &o, &to, NULL), IC_ERR_INVALID);
    }
    to = dht_addr("20.0.0.9", 0);
    assert_int_equal(ask(&s, &o, &to, NULL), IC_ERR_INVALID);
    to = opts.public_address;
    assert_int_equal(ask(&s, &o, &to, NULL), IC_ERR_INVALID);
    to = dht_addr("127.0.0.1", 40000);
    assert_int_equal(ask(&s, &o, &to, NULL), IC_ERR_INVALID);
    to = dht_addr("127.0.0.1", 40001);
    assert_int_equal(ask(&s, &o, &to, NULL), IC_ERR_INVALID);
    to = dht_addr("127.0.0.1", 40002);
    assert_int_equal(ask(&s, &o, &to, NULL), 0);
    rpc_solo_free(&s);
}

static void the_window_holds_back_and_drains(void **state)
{
    rpc_solo s;
    outcome o = {0};
    size_t sent = 0;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    for (int i = 0; i < 300; i++)
        assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    assert_int_equal(s.count, IC__WINDOW_MAX);
    for (ic__rpc_message pong = {.to = peer}; sent < 300;
         rpc_solo_run(&s, 750 * IC__MS)) {
        for (const rpc_datagram *d; (d = rpc_solo_take(&s)) != NULL; sent++) {
            rpc_datagram copy = *d;
            rpc_solo_answer(&s, &copy, &pong);
        }
    }
    assert_int_equal(sent, 300);
    assert_int_equal(o.done, 300);
    assert_int_equal(o.error, 0);
    rpc_solo_free(&s);
}

static void a_forced_request_does_not_wait_and_is_not_repeated(void **state)
{
    rpc_solo s;
    outcome o = {0};
    outcome forced = {.solo = &s};
    ic__rpc_call call = ic__rpc_call_to(&peer, true, IC__RPC_PING);
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    assert_int_equal(s.count, IC__WINDOW_MAX);
    call.force = true;
    call.on_done = on_done;
    call.user = &forced;
    assert_int_equal(ic__rpc_call_send(s.rpc, &call, NULL), 0);
    assert_int_equal(s.count, IC__WINDOW_MAX + 1);
    rpc_solo_run(&s, IC__SEC);
    assert_int_equal(forced.done, 1);
    assert_int_equal(forced.error, IC_ERR_TIMEOUT);
    rpc_solo_free(&s);
}

/* Section 13: a transaction id is not used again while it is in flight. */
static void no_two_requests_in_flight_share_a_number(void **state)
{
    static uint8_t seen[65536];
    ic__rpc_options opts;
    rpc_solo s;
    outcome o = {0};
    ic__rpc_pending *p;
    ic__rpc_options_default(&opts);
    opts.max_pending = 32768;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    for (int i = 0; i < 32768; i++) {
        assert_int_equal(ask(&s, &o, &peer, &p), 0);
        assert_false(seen[p->tid]);
        seen[p->tid] = 1;
    }
    assert_int_equal(ask(&s, &o, &peer, &p), IC_ERR_AGAIN);
    ic__rpc_suspend(s.rpc);
    rpc_solo_run(&s, 1);
    assert_int_equal(o.done, 32768);
    assert_int_equal(o.error, IC_ERR_CANCELED);
    rpc_solo_free(&s);
}

static void more_than_max_pending_are_refused(void **state)
{
    ic__rpc_options opts;
    rpc_solo s;
    outcome o = {0};
    ic__rpc_options_default(&opts);
    opts.max_pending = 3;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    assert_int_equal(ask(&s, &o, &peer, NULL), IC_ERR_AGAIN);
    rpc_solo_run(&s, 5 * IC__SEC);
    assert_int_equal(o.done, 3);
    assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    rpc_solo_free(&s);
    opts.max_pending = 32769;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), IC_ERR_INVALID);
    rpc_solo_free(&s);
}

static void a_value_above_the_limit_is_refused(void **state)
{
    static const uint8_t value[IC__RPC_VALUE_MAX + 1];
    ic__rpc_call call = ic__rpc_call_to(&peer, false, 7);
    uint8_t key[32] = {0};
    rpc_solo s;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    call.value = value;
    call.token = key;
    call.target = key;
    call.value_len = sizeof value;
    assert_int_equal(ic__rpc_call_send(s.rpc, &call, NULL), IC_ERR_LIMIT);
    call.value_len = IC__RPC_VALUE_MAX;
    assert_int_equal(ic__rpc_call_send(s.rpc, &call, NULL), 0);
    assert_int_equal(rpc_solo_read(rpc_solo_take(&s)).value_len, IC__RPC_VALUE_MAX);
    rpc_solo_free(&s);
}

/* Field lesson 11. */
static void whoever_is_dropped_while_waiting_is_told(void **state)
{
    rpc_solo s;
    outcome o = {0};
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    assert_int_equal(s.rpc->waiting.count, 120);
    ic__rpc_suspend(s.rpc);
    assert_int_equal(o.done, 0);
    assert_int_equal(ask(&s, &o, &peer, NULL), IC_ERR_CLOSED);
    rpc_solo_run(&s, 60 * IC__SEC);
    assert_int_equal(o.done, 200);
    assert_int_equal(o.error, IC_ERR_CANCELED);
    assert_int_equal(s.count, IC__WINDOW_MAX);
    rpc_solo_free(&s);
}

static void a_cancelled_request_is_silent_wherever_it_is(void **state)
{
    rpc_solo s;
    outcome o = {0};
    outcome first = {0};
    ic__rpc_pending *flying;
    ic__rpc_pending *waiting;
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    assert_int_equal(ask(&s, &first, &peer, NULL), 0);
    assert_int_equal(ask(&s, &o, &peer, &flying), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(ask(&s, &o, &peer, &waiting), 0);
    ic__rpc_cancel(s.rpc, flying);
    ic__rpc_cancel(s.rpc, waiting);
    ic__rpc_cancel(s.rpc, NULL);
    assert_int_equal(ask(&s, &o, &peer, &first.other), 0); /* dies with the first */
    ic__rpc_suspend(s.rpc);
    rpc_solo_run(&s, IC__SEC);
    assert_int_equal(first.done, 1);
    assert_int_equal(o.done, 99);
    rpc_solo_free(&s);
}

static void all_of_one_user_are_cancelled_together(void **state)
{
    rpc_solo s;
    outcome a = {0};
    outcome b = {0};
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(ask(&s, &a, &peer, NULL), 0);
        assert_int_equal(ask(&s, &b, &peer, NULL), 0);
    }
    ic__rpc_cancel_user(s.rpc, &a);
    rpc_solo_run(&s, 60 * IC__SEC);
    assert_int_equal(a.done, 0);
    assert_int_equal(b.done, 100);
    rpc_solo_free(&s);
}

static void on_done_may_ask_again(void **state)
{
    rpc_solo s;
    outcome o = {.again = true};
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    rpc_solo_run(&s, 20 * IC__SEC);
    assert_int_equal(o.done, 2);
    rpc_solo_free(&s);
}

/* Section 6: adaptive timeouts are off unless wanted. */
static void adaptive_timeouts_begin_with_a_quarter_of_a_second(void **state)
{
    ic__rpc_options opts;
    ic__rpc_message pong = {.to = peer};
    rpc_datagram d;
    rpc_solo s;
    outcome o = {0};
    ic__rpc_options_default(&opts);
    opts.adaptive_timeouts = true;
    assert_int_equal(rpc_solo_init(&s, &opts, NULL), 0);
    assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    rpc_solo_run(&s, 506 * IC__MS);
    assert_int_equal(s.count, 2);
    d = *rpc_solo_take(&s);
    rpc_solo_answer(&s, &d, &pong);
    assert_int_equal(o.done, 1);
    assert_int_equal(s.rpc->timeouts.map.count, 1);
    rpc_solo_free(&s);
}

static void an_idle_node_keeps_little_room(void **state)
{
    rpc_solo s;
    outcome o = {0};
    assert_int_equal(rpc_solo_init(&s, NULL, NULL), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ask(&s, &o, &peer, NULL), 0);
    assert_in_range(s.rpc->by_tid.cap, 2000, 4096);
    ic__rpc_cancel_user(s.rpc, &o);
    assert_int_equal(s.rpc->by_tid.cap, 0);
    rpc_solo_free(&s);
}

static void ask_without_memory(void *arg)
{
    rpc_solo s;
    outcome o = {0};
    int asked = 0;
    if (rpc_solo_init(&s, NULL, NULL) == 0) {
        for (int i = 0; i < 40; i++)
            asked += ask(&s, &o, &peer, NULL) == 0;
        rpc_solo_run(&s, 10 * IC__SEC);
        assert_int_equal(o.done, asked);
    }
    rpc_solo_free(&s);
}

static void without_memory_a_request_is_refused_and_never_lost(void **state)
{
    fail_alloc_each(ask_without_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repetitions_are_the_same_bytes_and_then_it_fails),
        cmocka_unit_test(a_late_second_answer_is_dropped),
        cmocka_unit_test(an_answer_from_another_address_is_dropped),
        cmocka_unit_test(nobody_has_some_addresses_and_one_is_our_own),
        cmocka_unit_test(the_window_holds_back_and_drains),
        cmocka_unit_test(a_forced_request_does_not_wait_and_is_not_repeated),
        cmocka_unit_test(no_two_requests_in_flight_share_a_number),
        cmocka_unit_test(more_than_max_pending_are_refused),
        cmocka_unit_test(a_value_above_the_limit_is_refused),
        cmocka_unit_test(whoever_is_dropped_while_waiting_is_told),
        cmocka_unit_test(a_cancelled_request_is_silent_wherever_it_is),
        cmocka_unit_test(all_of_one_user_are_cancelled_together),
        cmocka_unit_test(on_done_may_ask_again),
        cmocka_unit_test(adaptive_timeouts_begin_with_a_quarter_of_a_second),
        cmocka_unit_test(an_idle_node_keeps_little_room),
        cmocka_unit_test(without_memory_a_request_is_refused_and_never_lost),
    };
    return cmocka_run_group_tests_name("dht/rpc_call", tests, NULL, NULL);
}
