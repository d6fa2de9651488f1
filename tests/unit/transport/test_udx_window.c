/*
 * Spec: docs/spec/02-udx.md section 7 (flow control), section 6 (zero window, keep
 * alive), section 12 (older peers). libudx scenarios with a twin here:
 * stream-write-read-receive-window, stream-write-read-receive-window-2,
 * stream-no-zwp-with-data-in-flight, stream-keepalive.
 */
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "udx_one.h"
#include "udx_world.h"
#include "unit.h"

static void close_window(udx_one *o, const ic__udx_options *opts)
{
    udx_one_init(o, opts);
    assert_int_equal(udx_one_write(o, 1), 0);
    assert_int_equal(udx_one_pull_all(o, IC__UDX_DATA), 1);
    udx_one_ack(o, 1, 0);
    assert_int_equal(udx_one_write(o, 4), 0);
}

static void a_closed_window_is_asked_about_and_opens(void **state)
{
    udx_one o;
    close_window(&o, NULL);
    assert_int_equal(udx_one_run(&o, 900 * MS, IC__UDX_HEARTBEAT), 1); /* at once */
    udx_one_ack(&o, 1, 0);
    assert_int_equal(udx_one_run(&o, 200 * MS, IC__UDX_HEARTBEAT), 1); /* after an RTO */
    udx_one_ack(&o, 1, 0);
    assert_int_equal(udx_one_run(&o, 1800 * MS, 0xff), 0);
    assert_int_equal(udx_one_run(&o, 200 * MS, IC__UDX_HEARTBEAT), 1);
    udx_one_ack(&o, 1, 1000);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, IC__UDX_DATA);
    udx_one_free(&o);
}

/* Before 2026 a heartbeat had no answer: ask with data, one packet beyond the window. */
static void a_peer_that_answers_no_heartbeat_is_asked_with_data(void **state)
{
    udx_one o;
    close_window(&o, NULL);
    assert_int_equal(udx_one_run(&o, 5002 * MS, IC__UDX_DATA), 1);
    assert_int_equal(o.packet.seq, 1);
    udx_one_ack(&o, 2, 0);
    assert_int_equal(udx_one_write(&o, 4), 0);
    assert_int_equal(udx_one_run(&o, 1001 * MS, IC__UDX_DATA), 1); /* it learned */
    udx_one_free(&o);
}

static void a_window_of_one_byte_lets_one_packet_pass(void **state)
{
    udx_one o;
    close_window(&o, NULL);
    udx_one_ack(&o, 1, 1);
    assert_int_equal(udx_one_write(&o, 5000), 0);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 1);
    udx_one_ack(&o, 2, 1152 * 2);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 2);
    udx_one_free(&o);
}

static void an_old_packet_does_not_bring_an_old_window_back(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    ic__udx_packet packet = {.id = UDX_ONE_ID, .seq = 5, .rwnd = UDX_ONE_RWND};
    udx_one_recv(&o, &packet);
    packet.seq = 4;
    packet.rwnd = 0;
    udx_one_recv(&o, &packet);
    assert_int_equal(udx_one_write(&o, 10), 0);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 1);
    udx_one_free(&o);
}

static void loss_is_repaired_though_the_window_is_closed(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 1132), 0);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 1);
    udx_one_ack(&o, 0, 0);
    assert_int_equal(udx_one_write(&o, 1), 0);
    assert_int_equal(udx_one_run(&o, 1100 * MS, IC__UDX_DATA), 1);
    assert_int_equal(o.packet.seq, 0);
    assert_int_equal(ic__udx_get_stats(o.s).retransmits, 1);
    udx_one_ack(&o, 1, UDX_ONE_RWND);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.seq, 1);
    udx_one_free(&o);
}

/* Refusing a packet beyond a closed window must not look like death. */
static void a_peer_that_refuses_data_and_answers_is_alive(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 10), 0);
    for (int i = 0; i < 60; i++) {
        (void)udx_one_run(&o, SEC, 0);
        udx_one_ack(&o, 0, 0);
    }
    assert_int_equal(o.closed, 0);
    udx_one_free(&o);
}

static void a_window_that_never_opens_ends_the_stream(void **state)
{
    udx_one o;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_closed_window_ns = 30 * SEC;
    close_window(&o, &opts);
    for (int i = 0; i < 40; i++) {
        (void)udx_one_run(&o, SEC, 0);
        udx_one_ack(&o, 1, 0);
        assert_int_equal(o.closed, i >= 30); /* asked at 29 s and at 31 s */
    }
    assert_int_equal(o.error, IC_ERR_TIMEOUT);
    udx_one_free(&o);
}

static void a_reader_that_stops_closes_its_window_and_opens_it(void **state)
{
    udx_one o;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_recv_bytes = 10;
    udx_one_init(&o, &opts);
    ic__udx_set_reading(o.s, false);
    udx_one_data(&o, 0, "12345678");
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    assert_int_equal(o.packet.rwnd, 0);
    udx_one_data(&o, 1, "9abcdef"); /* a window never closes on less than a packet */
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    assert_int_equal(o.packet.rwnd, 0);
    assert_int_equal(o.packet.ack, 2);
    udx_one_data(&o, 2, "beyond");
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    assert_int_equal(o.packet.ack, 2); /* dropped, and told again */
    assert_int_equal(o.got, 0);
    ic__udx_set_reading(o.s, true);
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    assert_int_equal(o.packet.rwnd, 10);
    assert_int_equal(o.got, 15);
    udx_one_free(&o);
}

/* udx-native 1.19.2 sends nothing into a window below one packet, and has a timer for a
 * window of zero only. */
static void room_for_less_than_a_packet_is_told_as_none(void **state)
{
    udx_one o;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_recv_bytes = IC__UDX_MAX_DATAGRAM + 10;
    udx_one_init(&o, &opts);
    ic__udx_set_reading(o.s, false);
    udx_one_data(&o, 0, "123456789a");
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    assert_int_equal(o.packet.rwnd, IC__UDX_MAX_DATAGRAM);
    udx_one_data(&o, 1, "b");
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    assert_int_equal(o.packet.rwnd, 0);
    udx_one_free(&o);
}

/* A reader whose window is closed, and who reads on: what it sends now may be lost. */
static void close_and_reopen(udx_one *o, ic__udx_options *opts)
{
    ic__udx_options_default(opts);
    opts->max_recv_bytes = 10;
    udx_one_init(o, opts);
    ic__udx_set_reading(o->s, false);
    udx_one_data(o, 0, "0123456789");
    (void)udx_one_pull_all(o, 0);
    assert_int_equal(o->packet.rwnd, 0);
    ic__udx_set_reading(o->s, true);
    udx_one_events(o);
}

static void an_opened_window_is_told_again_and_again(void **state)
{
    udx_one o;
    ic__udx_options opts;
    close_and_reopen(&o, &opts);
    assert_int_equal(udx_one_run(&o, 900 * MS, 0), 1);
    assert_int_equal(udx_one_run(&o, 200 * MS, 0), 1);
    assert_int_equal(o.packet.rwnd, 10);
    udx_one_data(&o, 2, "a probe");
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_SACK), 1);
    assert_int_equal(udx_one_run(&o, 2 * SEC, IC__UDX_SACK), 1);
    udx_one_free(&o);
}

static void an_opened_window_is_told_seven_times(void **state)
{
    udx_one o;
    ic__udx_options opts;
    close_and_reopen(&o, &opts);
    assert_int_equal(udx_one_run(&o, 62 * SEC, 0), 6);
    assert_int_equal(udx_one_run(&o, 600 * SEC, 0), 1);
    assert_int_equal(ic__udx_deadline(o.s), IC__NEVER);
    udx_one_free(&o);
}

/* The window opened when the peer had nothing left to send: who waits for whom? */
static void what_had_to_wait_for_room_is_acknowledged_when_it_is_read(void **state)
{
    udx_one o;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_recv_bytes = 10;
    udx_one_init(&o, &opts);
    ic__udx_set_reading(o.s, false);
    udx_one_data(&o, 1, "abcdefghij");
    udx_one_data(&o, 0, "0123456789");
    (void)udx_one_pull_all(&o, 0);
    assert_int_equal(o.packet.ack, 1);
    assert_int_equal(o.packet.type, 0); /* no block for what may be dropped */
    ic__udx_set_reading(o.s, true);
    udx_one_events(&o);
    assert_int_equal(o.got, 20);
    (void)udx_one_pull_all(&o, 0);
    assert_int_equal(o.packet.ack, 2);
    udx_one_free(&o);
}

static void heartbeats_are_answered_a_hundred_times_a_second(void **state)
{
    udx_one o;
    const ic__udx_packet beat = {.type = IC__UDX_HEARTBEAT, .id = UDX_ONE_ID};
    udx_one_init(&o, NULL);
    size_t answers = 0;
    for (int i = 0; i < 500; i++) {
        udx_one_recv(&o, &beat);
        answers += udx_one_pull_all(&o, 0);
    }
    assert_int_equal(answers, 100);
    assert_int_equal(ic__udx_get_stats(o.s).dropped_heartbeats, 400);
    fake_clock_set(&o.clock, o.clock.now_ns + SEC);
    udx_one_recv(&o, &beat);
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    udx_one_free(&o);
}

static void keepalive_beats_while_nothing_is_under_way(void **state)
{
    udx_one o;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.keepalive_ns = 100 * MS;
    udx_one_init(&o, &opts);
    assert_int_equal(udx_one_run(&o, 1050 * MS, IC__UDX_HEARTBEAT), 10);
    assert_int_equal(udx_one_write(&o, 10), 0);
    assert_int_equal(udx_one_run(&o, 500 * MS, IC__UDX_HEARTBEAT), 0);
    udx_one_ack(&o, 1, UDX_ONE_RWND);
    assert_int_equal(udx_one_run(&o, 150 * MS, IC__UDX_HEARTBEAT), 1);
    ic__udx_set_keepalive(o.s, 0, o.clock.now_ns);
    assert_int_equal(udx_one_run(&o, SEC, IC__UDX_HEARTBEAT), 0);
    udx_one_free(&o);
}

static void a_slow_reader_slows_the_writer_and_gets_all(void **state)
{
    static udx_world w;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_recv_bytes = 2000;
    udx_world_init(&w, 1);
    udx_end *a = udx_world_pair(&w, &opts);
    a[0].link = a[1].link = (fake_link){.delay_ns = MS};
    a[0].to_write = 8000;
    for (int i = 0; i < 100 && a[1].got < 8000; i++) {
        ic__udx_set_reading(a[1].s, i % 2);
        uint64_t before = a[1].got;
        udx_world_run_until(&w, w.clock.now_ns + 500 * MS);
        if (i % 2 == 0)
            assert_int_equal(a[1].got, before);
    }
    assert_int_equal(a[1].got, 8000);
    udx_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_window_is_asked_about_and_opens),
        cmocka_unit_test(a_peer_that_answers_no_heartbeat_is_asked_with_data),
        cmocka_unit_test(a_window_of_one_byte_lets_one_packet_pass),
        cmocka_unit_test(an_old_packet_does_not_bring_an_old_window_back),
        cmocka_unit_test(loss_is_repaired_though_the_window_is_closed),
        cmocka_unit_test(a_peer_that_refuses_data_and_answers_is_alive),
        cmocka_unit_test(a_window_that_never_opens_ends_the_stream),
        cmocka_unit_test(a_reader_that_stops_closes_its_window_and_opens_it),
        cmocka_unit_test(room_for_less_than_a_packet_is_told_as_none),
        cmocka_unit_test(an_opened_window_is_told_again_and_again),
        cmocka_unit_test(an_opened_window_is_told_seven_times),
        cmocka_unit_test(what_had_to_wait_for_room_is_acknowledged_when_it_is_read),
        cmocka_unit_test(heartbeats_are_answered_a_hundred_times_a_second),
        cmocka_unit_test(keepalive_beats_while_nothing_is_under_way),
        cmocka_unit_test(a_slow_reader_slows_the_writer_and_gets_all),
    };
    return cmocka_run_group_tests_name("transport/udx_window", tests, NULL, NULL);
}
