/*
 * Spec: docs/spec/02-udx.md section 6 (loss detection and timers); RFC 8985, RFC 2018.
 * libudx scenarios with a twin here: stream-fast-recovery-order,
 * stream-rack-tlp-example, stream-retransmit-refreshes-header, stream-rto,
 * stream-rto-sack-progress, stream-write-read-force-drop.
 */
#include <string.h>

#include "intercom/error.h"
#include "udx_one.h"
#include "udx_world.h"
#include "unit.h"

/* Write packets 0 to count - 1 of full size, send them all, and go on by 20 ms. */
static void send_packets(udx_one *o, size_t count)
{
    udx_one_init(o, NULL);
    assert_int_equal(udx_one_write(o, 1132 + 1152 * (count - 1)), 0);
    assert_int_equal(udx_one_pull_all(o, IC__UDX_DATA), count);
    fake_clock_set(&o->clock, o->clock.now_ns + 20 * MS);
}

/* RFC 8985, section 3.4: P0 to P3 are sent, and only P0 arrives. */
static void the_example_of_rfc_8985_is_followed(void **state)
{
    udx_one o;
    send_packets(&o, 4);
    udx_one_ack(&o, 1, UDX_ONE_RWND);
    assert_false(udx_one_pull(&o));
    assert_int_equal(udx_one_run(&o, 39 * MS, IC__UDX_DATA), 0);
    assert_int_equal(udx_one_run(&o, 2 * MS, IC__UDX_DATA), 1); /* 3: the tail probe */
    assert_int_equal(o.packet.seq, 3);
    fake_clock_set(&o.clock, o.clock.now_ns + 21 * MS);
    udx_one_sack(&o, 1, 3, 4); /* 5: P1 and P2 are lost */
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.seq, 1);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.seq, 2);
    fake_clock_set(&o.clock, o.clock.now_ns + 21 * MS);
    udx_one_sack(&o, 1, 2, 4); /* 7: P1 is lost again */
    assert_true(udx_one_run(&o, 30 * MS, IC__UDX_DATA) == 1);
    assert_int_equal(o.packet.seq, 1);
    udx_one_ack(&o, 4, UDX_ONE_RWND);
    assert_int_equal(udx_one_run(&o, 2 * SEC, 0xff), 0);
    assert_int_equal(ic__udx_deadline(o.s), UINT64_MAX);
    assert_int_equal(ic__udx_get_stats(o.s).timeouts, 0);
    udx_one_free(&o);
}

/* docs/spec/06-hyperdht.md, section 11: a blind relay drops what comes too early. */
static void what_was_sent_unheard_is_sent_again_when_the_peer_is_heard(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    ic__udx_repeat_when_heard(o.s);
    assert_int_equal(udx_one_write(&o, 3000), 0);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 3);
    udx_one_data(&o, 0, "hello");
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 3);
    assert_int_equal(ic__udx_get_stats(o.s).retransmits, 3);
    assert_int_equal(ic__udx_get_stats(o.s).repairs, 0);
    udx_one_data(&o, 1, "again"); /* once is enough */
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 0);
    udx_one_ack(&o, 3, UDX_ONE_RWND);
    assert_int_equal(udx_one_run(&o, 2 * SEC, IC__UDX_DATA), 0);
    udx_one_free(&o);
}

static void three_arrivals_behind_a_hole_mean_loss_at_once(void **state)
{
    udx_one o;
    send_packets(&o, 5);
    udx_one_sack(&o, 0, 1, 3);
    assert_false(udx_one_pull(&o)); /* it may come late: a quarter of a round trip */
    udx_one_sack(&o, 0, 1, 4);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.seq, 0);
    assert_int_equal(ic__udx_get_stats(o.s).repairs, 1);
    udx_one_free(&o);
}

static void a_late_packet_gets_a_quarter_of_a_round_trip(void **state)
{
    udx_one o;
    send_packets(&o, 3);
    udx_one_sack(&o, 0, 1, 2);
    assert_int_equal(udx_one_run(&o, 4900 * 1000, IC__UDX_DATA), 0);
    assert_int_equal(udx_one_run(&o, 200 * 1000, IC__UDX_DATA), 1);
    assert_int_equal(o.packet.seq, 0);
    udx_one_free(&o);
}

static void timeouts_come_after_one_second_and_then_every_two(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 10), 0);
    assert_int_equal(udx_one_run(&o, 999 * MS, IC__UDX_DATA), 1);
    assert_int_equal(udx_one_run(&o, 2 * MS, IC__UDX_DATA), 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(udx_one_run(&o, 1990 * MS, IC__UDX_DATA), 0);
        assert_int_equal(udx_one_run(&o, 10 * MS, IC__UDX_DATA), 1);
    }
    assert_int_equal(o.closed, 0);
    (void)udx_one_run(&o, 2 * SEC, IC__UDX_DATA);
    assert_int_equal(o.closed, 1);
    assert_int_equal(o.error, IC_ERR_TIMEOUT);
    assert_false(udx_one_pull(&o)); /* no destroy packet */
    udx_one_free(&o);
}

/* Packet 0 and its repair are lost, and 1 to 9 arrive one by one. */
static void arrivals_behind_a_hole_do_not_put_its_timeout_off(void **state)
{
    udx_one o;
    size_t repairs = 0;
    send_packets(&o, 10);
    for (uint32_t seq = 1; seq < 10; seq++) {
        udx_one_sack(&o, 0, seq, seq + 1);
        repairs += udx_one_run(&o, 90 * MS, IC__UDX_DATA);
    }
    assert_int_equal(repairs, 1);
    assert_int_equal(ic__udx_get_stats(o.s).timeouts, 0);
    assert_int_equal(udx_one_run(&o, 250 * MS, IC__UDX_DATA), 1);
    assert_int_equal(o.packet.seq, 0);
    assert_int_equal(ic__udx_get_stats(o.s).timeouts, 1);
    udx_one_free(&o);
}

/* 0 to 4 are lost, 0 is sent again, and then a timeout takes it for lost, too. */
static void after_a_timeout_little_is_sent_and_the_oldest_first(void **state)
{
    udx_one o;
    send_packets(&o, 10);
    udx_one_sack(&o, 0, 5, 6);
    fake_clock_set(&o.clock, o.clock.now_ns + 6 * MS);
    ic__udx_expire(o.s, o.clock.now_ns);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.seq, 0);
    fake_clock_set(&o.clock, o.clock.now_ns + 2 * SEC);
    ic__udx_expire(o.s, o.clock.now_ns);
    assert_int_equal(ic__udx_get_stats(o.s).timeouts, 1);
    assert_int_equal(ic__udx_get_stats(o.s).cwnd_packets, 4);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.seq, 0);
    udx_one_free(&o);
}

/* Packets 0 to 3 were sent again, after 6 to 9; 3 arrives, and so all others are lost. */
static void what_the_peer_waits_for_is_repaired_first(void **state)
{
    udx_one o;
    send_packets(&o, 10);
    udx_one_sack(&o, 0, 5, 6);
    assert_int_equal(udx_one_run(&o, 5100 * 1000, IC__UDX_DATA), 4);
    assert_int_equal(o.packet.seq, 3);
    fake_clock_set(&o.clock, o.clock.now_ns + 20 * MS);
    udx_one_sack(&o, 0, 3, 4);
    fake_clock_set(&o.clock, o.clock.now_ns + 20 * MS);
    ic__udx_expire(o.s, o.clock.now_ns);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.seq, 0);
    udx_one_free(&o);
}

static void a_packet_sent_again_carries_the_present_acknowledgement(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 10), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.ack, 0);
    udx_one_data(&o, 0, "x");
    ic__udx_set_reading(o.s, false);
    udx_one_data(&o, 1, "y");
    assert_int_equal(udx_one_run(&o, 1001 * MS, IC__UDX_DATA), 1);
    assert_int_equal(o.packet.seq, 0);
    assert_int_equal(o.packet.ack, 2);
    assert_int_equal(o.packet.rwnd, UDX_ONE_RWND - 1);
    udx_one_free(&o);
}

/* The peer may drop what it told as arrived; only the cumulative number is final. */
static void the_oldest_packet_is_sent_again_though_its_block_was_listed(void **state)
{
    udx_one o;
    send_packets(&o, 3);
    udx_one_sack(&o, 0, 0, 3);
    assert_int_equal(udx_one_run(&o, 1500 * MS, IC__UDX_DATA), 1);
    assert_int_equal(o.packet.seq, 0);
    udx_one_ack(&o, 3, UDX_ONE_RWND);
    assert_int_equal(udx_one_write(&o, 10), 0);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 1);
    assert_int_equal(udx_one_run(&o, 300 * MS, IC__UDX_DATA), 1); /* the tail probe */
    udx_one_free(&o);
}

/* A list of fifty blocks says nothing about what lies beyond it. */
static void what_a_full_list_leaves_out_is_not_lost(void **state)
{
    udx_one o;
    ic__udx_packet sack = {.type = IC__UDX_SACK, .id = UDX_ONE_ID, .rwnd = UDX_ONE_RWND};
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 300 * 1152), 0);
    size_t sent = 0;
    for (uint32_t acked = 0; sent < 200; acked = (uint32_t)sent) {
        fake_clock_set(&o.clock, o.clock.now_ns + 20 * MS);
        udx_one_ack(&o, acked, UDX_ONE_RWND);
        sent += udx_one_pull_all(&o, IC__UDX_DATA);
        sent += udx_one_run(&o, 10 * MS, IC__UDX_DATA);
    }
    uint32_t una = o.packet.seq - 120;
    udx_one_ack(&o, una, UDX_ONE_RWND);
    fake_clock_set(&o.clock, o.clock.now_ns + 40 * MS);
    sack.ack = una;
    for (uint32_t i = 0; i < IC__UDX_MAX_SACKS; i++)
        sack.sacks[i] = (ic__udx_range){una + 1 + 2 * i, una + 2 + 2 * i};
    sack.sack_count = IC__UDX_MAX_SACKS;
    udx_one_recv(&o, &sack);
    (void)udx_one_run(&o, 15 * MS, IC__UDX_DATA);
    uint64_t before = ic__udx_get_stats(o.s).retransmits;
    assert_true(before >= 1);
    fake_clock_set(&o.clock, o.clock.now_ns + 40 * MS);
    sack.ack = una + 2; /* a packet that was sent again has arrived */
    for (uint32_t i = 0; i < IC__UDX_MAX_SACKS; i++)
        sack.sacks[i] = (ic__udx_range){una + 3 + 2 * i, una + 4 + 2 * i};
    udx_one_recv(&o, &sack);
    while (udx_one_pull(&o)) {
        bool again = o.packet.seq <= una + 120;
        assert_true(!again || o.packet.seq - una < 104);
    }
    assert_true(ic__udx_get_stats(o.s).retransmits > before);
    udx_one_free(&o);
}

static void half_of_all_packets_may_be_lost(void **state)
{
    static udx_world w;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_timeouts = 100;
    udx_world_init(&w, 5);
    udx_end *a = udx_world_pair(&w, &opts);
    a[0].link = a[1].link = (fake_link){.delay_ns = 5 * MS, .loss_ppm = 500000};
    a[0].to_write = 50000;
    udx_world_run_until(&w, w.clock.now_ns + 3600 * SEC);
    assert_int_equal(a[1].got, 50000);
    udx_world_free(&w);
}

static void a_round_trip_through_sleep_is_not_believed(void **state)
{
    udx_one o;
    send_packets(&o, 1);
    udx_one_ack(&o, 1, UDX_ONE_RWND);
    assert_int_equal(udx_one_write(&o, 10), 0);
    assert_true(udx_one_pull(&o));
    fake_clock_set(&o.clock, o.clock.now_ns + 3600 * SEC);
    udx_one_ack(&o, 2, UDX_ONE_RWND);
    assert_true(ic__udx_get_stats(o.s).srtt_ns < 100 * MS);
    udx_one_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_8985_is_followed),
        cmocka_unit_test(what_was_sent_unheard_is_sent_again_when_the_peer_is_heard),
        cmocka_unit_test(three_arrivals_behind_a_hole_mean_loss_at_once),
        cmocka_unit_test(a_late_packet_gets_a_quarter_of_a_round_trip),
        cmocka_unit_test(timeouts_come_after_one_second_and_then_every_two),
        cmocka_unit_test(arrivals_behind_a_hole_do_not_put_its_timeout_off),
        cmocka_unit_test(after_a_timeout_little_is_sent_and_the_oldest_first),
        cmocka_unit_test(what_the_peer_waits_for_is_repaired_first),
        cmocka_unit_test(a_packet_sent_again_carries_the_present_acknowledgement),
        cmocka_unit_test(the_oldest_packet_is_sent_again_though_its_block_was_listed),
        cmocka_unit_test(what_a_full_list_leaves_out_is_not_lost),
        cmocka_unit_test(half_of_all_packets_may_be_lost),
        cmocka_unit_test(a_round_trip_through_sleep_is_not_believed),
    };
    return cmocka_run_group_tests_name("transport/udx_loss", tests, NULL, NULL);
}
