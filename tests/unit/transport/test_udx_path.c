/*
 * Spec: docs/spec/02-udx.md section 5 (MTU search) and section 3 (change of remote).
 * libudx scenarios with a twin here: stream-write-read-and-drop-probes,
 * stream-change-remote.
 */
#include <string.h>

#include "intercom/error.h"
#include "udx_one.h"
#include "udx_world.h"
#include "unit.h"

static uint32_t mtu_found(size_t largest_datagram, uint32_t max_mtu, udx_end **out,
                          udx_world *w)
{
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_mtu = max_mtu;
    udx_world_init(w, 3);
    udx_end *a = udx_world_pair(w, &opts);
    a->link = (fake_link){.delay_ns = MS, .mtu = largest_datagram, .rate_bps = 20000000};
    a[1].link = (fake_link){.delay_ns = MS};
    a->to_write = 2000000;
    udx_world_run_until(w, w->clock.now_ns + 60 * SEC);
    assert_int_equal(a[1].got, 2000000);
    *out = a;
    return ic__udx_get_stats(a->s).mtu;
}

static void the_search_ends_at_the_largest_packet_that_passes(void **state)
{
    static udx_world w;
    udx_end *a;
    for (uint32_t passes = 1200; passes <= 1500; passes += 37) {
        uint32_t found = mtu_found(passes - 28, 1500, &a, &w);
        uint32_t want = passes >= 1500 ? 1500 : 1200 + (passes - 1200) / 32 * 32;
        assert_int_equal(found, want);
        /* A lost probe is no congestion, and costs three packets at most. */
        assert_int_equal(ic__udx_get_stats(a->s).repairs, 0);
        assert_true(ic__udx_get_stats(a->s).retransmits <= 3);
        udx_world_free(&w);
    }
}

static void a_route_that_takes_no_more_than_the_base_is_not_searched(void **state)
{
    static udx_world w;
    udx_end *a;
    assert_int_equal(mtu_found(0, 1200, &a, &w), 1200);
    udx_world_free(&w);
    assert_int_equal(mtu_found(0, 1280, &a, &w), 1280);
    ic__udx_limit_mtu(a->s, 1000);
    assert_int_equal(ic__udx_get_stats(a->s).mtu, 1280);
    udx_world_free(&w);
}

/* stream-write-read-and-drop-probes */
static void padding_never_reaches_the_reader(void **state)
{
    udx_one o;
    size_t probes = 0;
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 600000), 0);
    uint32_t acked = 0;
    for (int i = 0; i < 200; i++) {
        while (udx_one_pull(&o)) {
            if (o.packet.padding) {
                probes++;
                assert_int_equal(o.packet.type, IC__UDX_DATA);
                assert_true((o.len + 28 - 1200) % 32 == 0 || o.len + 28 == 1500);
                assert_int_equal(o.packet.payload_len + o.packet.padding +
                                     IC__UDX_HEADER_BYTES,
                                 o.len);
            }
            acked = o.packet.seq + 1;
        }
        fake_clock_set(&o.clock, o.clock.now_ns + 5 * MS);
        udx_one_ack(&o, acked, UDX_ONE_RWND);
    }
    assert_int_equal(probes, 10); /* 1232, 1264 ... 1488, and 1500 */
    assert_int_equal(ic__udx_get_stats(o.s).mtu, 1500);
    udx_one_free(&o);
}

static void ipv6_packets_are_smaller_by_twenty_bytes(void **state)
{
    udx_one o;
    ic__udx_path path = udx_one_path(1, UDX_ONE_PEER);
    path.addr.family = 6;
    udx_one_init_unconnected(&o, NULL);
    assert_int_equal(ic__udx_connect(o.s, &path, o.clock.now_ns), 0);
    assert_int_equal(udx_one_write(&o, 5000), 0);
    assert_true(udx_one_pull(&o) && udx_one_pull(&o));
    assert_int_equal(o.packet.payload_len, 1132);
    udx_one_free(&o);
}

static void new_packets_take_the_new_path_and_old_ones_stay(void **state)
{
    udx_one o;
    const ic__udx_path second = udx_one_path(2, 1000);
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 100), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(ic__udx_move(o.s, &second), 0);
    assert_int_equal(udx_one_write(&o, 100), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.id, 1000);
    assert_int_equal(o.to.addr.ip[3], 2);
    assert_int_equal(udx_one_run(&o, 1100 * MS, 0xff), 2); /* both are sent again */
    assert_int_equal(o.packet.seq, 1);
    assert_int_equal(o.moved, 0);
    udx_one_data(&o, 0, "x"); /* state packets take the new path, too */
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    assert_int_equal(o.packet.id, 1000);
    udx_one_ack(&o, 1, UDX_ONE_RWND);
    assert_int_equal(o.moved, 1);
    udx_one_free(&o);
}

/* Ours: a path on which a timeout passed is taken for dead. */
static void old_packets_follow_when_their_path_seems_dead(void **state)
{
    udx_one o;
    const ic__udx_path second = udx_one_path(2, 1000);
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 100), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(ic__udx_move(o.s, &second), 0);
    assert_int_equal(udx_one_run(&o, 1100 * MS, IC__UDX_DATA), 1);
    assert_int_equal(o.packet.id, 1000);
    assert_int_equal(o.to.addr.ip[3], 2);
    udx_one_free(&o);
}

static void a_move_with_nothing_under_way_is_complete_at_once(void **state)
{
    udx_one o;
    const ic__udx_path second = udx_one_path(2, 1000);
    udx_one_init(&o, NULL);
    assert_int_equal(ic__udx_move(o.s, &second), 0);
    udx_one_events(&o);
    assert_int_equal(o.moved, 1);
    udx_one_free(&o);
}

static void moves_that_are_not_complete_are_limited(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    for (uint8_t i = 2; i < 5; i++) {
        const ic__udx_path next = udx_one_path(i, i);
        assert_int_equal(udx_one_write(&o, 1), 0);
        assert_true(udx_one_pull(&o));
        assert_int_equal(ic__udx_move(o.s, &next), 0);
        assert_int_equal(ic__udx_move(o.s, &next), 0); /* nothing took it: replaced */
    }
    const ic__udx_path fifth = udx_one_path(9, 9);
    assert_int_equal(udx_one_write(&o, 1), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(ic__udx_move(o.s, &fifth), IC_ERR_AGAIN);
    udx_one_ack(&o, 4, UDX_ONE_RWND);
    assert_int_equal(o.moved, 1);
    assert_int_equal(ic__udx_move(o.s, &fifth), 0);
    ic__udx_destroy(o.s);
    assert_int_equal(ic__udx_move(o.s, &fifth), IC_ERR_CLOSED);
    udx_one_free(&o);
}

static void the_search_starts_over_after_a_move(void **state)
{
    static udx_world w;
    udx_end *a;
    assert_int_equal(mtu_found(0, 1500, &a, &w), 1500);
    ic__udx_path path = *ic__udx_current_path(a->s);
    assert_int_equal(ic__udx_move(a->s, &path), 0);
    assert_int_equal(ic__udx_get_stats(a->s).mtu, 1200);
    a->to_write = 1000000;
    udx_world_run_until(&w, w.clock.now_ns + 10 * SEC);
    assert_int_equal(ic__udx_get_stats(a->s).mtu, 1500);
    assert_int_equal(a->moved, 1);
    udx_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_ends_at_the_largest_packet_that_passes),
        cmocka_unit_test(a_route_that_takes_no_more_than_the_base_is_not_searched),
        cmocka_unit_test(padding_never_reaches_the_reader),
        cmocka_unit_test(ipv6_packets_are_smaller_by_twenty_bytes),
        cmocka_unit_test(new_packets_take_the_new_path_and_old_ones_stay),
        cmocka_unit_test(old_packets_follow_when_their_path_seems_dead),
        cmocka_unit_test(a_move_with_nothing_under_way_is_complete_at_once),
        cmocka_unit_test(moves_that_are_not_complete_are_limited),
        cmocka_unit_test(the_search_starts_over_after_a_move),
    };
    return cmocka_run_group_tests_name("transport/udx_path", tests, NULL, NULL);
}
