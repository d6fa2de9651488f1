/*
 * Spec: docs/spec/02-udx.md section 8. libudx scenarios with a twin here:
 * stream-bbr-state, win-filter.
 */
#include <string.h>

#include "fail_alloc.h"
#include "fake_random.h"
#include "transport/udx_best.h"
#include "transport/udx_cc.h"
#include "transport/udx_flight.h"
#include "udx_world.h"
#include "unit.h"

static void the_best_of_a_window_is_kept_and_forgotten(void **state)
{
    ic__udx_best b;
    ic__udx_best_reset(&b, 0, 1);
    ic__udx_best_add(&b, 10, 1, 100);
    for (uint64_t at = 2; at <= 11; at++) {
        ic__udx_best_add(&b, 10, at, (double)(50 - at));
        assert_true(ic__udx_best_get(&b) == 100);
    }
    ic__udx_best_add(&b, 10, 12, 30);
    assert_true(ic__udx_best_get(&b) < 50);
    ic__udx_best_add(&b, 10, 13, 1000);
    assert_true(ic__udx_best_get(&b) == 1000);
}

/* Against the plain answer: three entries may remember less, never more. */
static void the_best_is_never_older_than_the_window(void **state)
{
    fake_random r;
    double values[3000];
    ic__udx_best b;
    fake_random_init(&r, 4);
    ic__udx_best_reset(&b, 0, 0);
    for (uint64_t at = 0; at < 3000; at++) {
        values[at] = (double)fake_random_below(&r, 1000);
        ic__udx_best_add(&b, 50, at, values[at]);
        double most = 0;
        for (uint64_t i = at > 50 ? at - 50 : 0; i <= at; i++)
            most = values[i] > most ? values[i] : most;
        assert_true(ic__udx_best_get(&b) <= most);
        assert_true(ic__udx_best_get(&b) >= values[at]);
    }
}

/* One acknowledgement a round trip: `packets` delivered in `rtt_ns`. */
static void one_round(ic__udx_cc *cc, uint64_t *delivered, uint64_t *now,
                      uint32_t packets, uint64_t rtt_ns, bool app_limited)
{
    ic__udx_sample sample = {.prior_delivered = *delivered,
                             .delivered = packets,
                             .interval_ns = rtt_ns,
                             .rtt_ns = rtt_ns,
                             .acked = packets,
                             .flying = cc->cwnd < 50 ? cc->cwnd : 50,
                             .app_limited = app_limited};
    if (cc->pacing_gain > 1 && cc->cwnd > 130)
        sample.flying = 130; /* more than the path holds: the faster phase is over */
    *now += rtt_ns;
    *delivered += packets;
    sample.total_delivered = *delivered;
    ic__udx_cc_on_ack(cc, &sample, *now);
}

static void scarce_data_never_looks_like_a_full_pipe(void **state)
{
    ic__udx_cc cc;
    uint64_t now = SEC;
    uint64_t delivered = 0;
    ic__udx_cc_init(&cc, now, 1);
    for (int i = 0; i < 100; i++)
        one_round(&cc, &delivered, &now, 1, 20 * MS, true);
    assert_int_equal(cc.state, IC__UDX_CC_STARTUP);
}

static void all_states_are_passed_through(void **state)
{
    ic__udx_cc cc;
    uint64_t now = SEC;
    uint64_t delivered = 0;
    bool up = false;
    bool down = false;
    bool slow = false;
    ic__udx_cc_init(&cc, now, 1);
    for (int i = 0; i < 5; i++)
        one_round(&cc, &delivered, &now, 100, 20 * MS, false);
    assert_true(cc.pipe_is_full);
    for (int i = 0; i < 2000; i++) {
        one_round(&cc, &delivered, &now, cc.cwnd < 100 ? cc.cwnd : 100, 20 * MS, false);
        up = up || cc.pacing_gain > 1;
        down = down || (cc.pacing_gain < 1 && cc.state == IC__UDX_CC_PROBE_BW);
        slow = slow || cc.state == IC__UDX_CC_PROBE_RTT;
        assert_true(cc.cwnd >= 4);
        if (cc.state == IC__UDX_CC_PROBE_RTT)
            assert_int_equal(cc.cwnd, 4);
    }
    /* The round trip stays the same, so its measure never expires: */
    assert_true(up && down && !slow);
    for (int i = 0; i < 600; i++) {
        one_round(&cc, &delivered, &now, 50, 30 * MS, false);
        slow = slow || cc.state == IC__UDX_CC_PROBE_RTT;
    }
    assert_true(slow);
    assert_int_equal(cc.state, IC__UDX_CC_PROBE_BW);
}

static void the_window_holds_what_the_path_holds(void **state)
{
    ic__udx_cc cc;
    uint64_t now = SEC;
    uint64_t delivered = 0;
    ic__udx_cc_init(&cc, now, 1);
    for (int i = 0; i < 200; i++)
        one_round(&cc, &delivered, &now, 100, 20 * MS, false);
    double bandwidth = ic__udx_cc_bandwidth(&cc);
    assert_true(bandwidth > 4900 && bandwidth < 5100);
    assert_true(cc.cwnd >= 100 && cc.cwnd <= 400);
    assert_true(cc.pacing_pps > 3000 && cc.pacing_pps < 6500);
}

static void a_timeout_leaves_a_small_window_that_grows_back(void **state)
{
    ic__udx_cc cc;
    uint64_t now = SEC;
    uint64_t delivered = 0;
    ic__udx_cc_init(&cc, now, 1);
    for (int i = 0; i < 50; i++)
        one_round(&cc, &delivered, &now, 100, 20 * MS, false);
    uint32_t before = cc.cwnd;
    ic__udx_cc_on_timeout(&cc, 0);
    assert_int_equal(cc.cwnd, 4);
    one_round(&cc, &delivered, &now, 4, 20 * MS, false);
    assert_true(cc.cwnd >= before / 2);
}

static void a_flight_grows_and_keeps_its_order(void **state)
{
    ic__udx_flight f;
    ic__udx_flight_init(&f, UINT32_MAX - 5, 100);
    assert_int_equal(f.cap, 0);
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(ic__udx_flight_reserve(&f));
        ic__udx_flight_add(&f)->offset = i;
    }
    assert_false(ic__udx_flight_reserve(&f));
    ic__udx_flight_move(&f, f.una + 3, IC__UDX_LOST);
    ic__udx_flight_move(&f, f.una + 1, IC__UDX_LOST);
    ic__udx_flight_move(&f, f.una + 3, IC__UDX_FLYING);
    assert_int_equal(f.lost.count, 1);
    assert_int_equal(f.lost.oldest, f.una + 1);
    assert_int_equal(f.flying.newest, f.una + 3);
    assert_int_equal(f.flying.oldest, f.una);
    assert_int_equal(f.flying.count, 99);
    ic__udx_flight_move(&f, f.una, IC__UDX_ARRIVED);
    ic__udx_flight_pass(&f);
    assert_int_equal(f.arrived, 0);
    assert_int_equal(ic__udx_flight_at(&f, f.una)->offset, 1);
    ic__udx_flight_trim(&f);
    assert_int_equal(f.cap, 128); /* not while something is under way */
    f.una = f.nxt;
    assert_true(ic__udx_flight_is_idle(&f));
    ic__udx_flight_trim(&f);
    assert_int_equal(f.cap, 0);
    assert_true(ic__udx_flight_reserve(&f)); /* and it grows again */
    assert_int_equal(ic__udx_flight_add(&f)->place, IC__UDX_FLYING);
    ic__udx_flight_free(&f);
}

static void fill_a_flight(void *arg)
{
    ic__udx_flight f;

    ic__udx_flight_init(&f, 0, 1000);
    while (ic__udx_flight_reserve(&f))
        (void)ic__udx_flight_add(&f);
    assert_int_equal(f.nxt, f.cap < 1000 ? f.cap : 1000);
    ic__udx_flight_free(&f);
}

static void a_flight_without_memory_stays_small(void **state)
{
    fail_alloc_each(fill_a_flight, NULL);
}

/* stream-bbr-state: scarce, plenty, scarce. The wire is 10 Mbit/s. */
static void a_stream_that_goes_idle_comes_back_at_its_rate(void **state)
{
    static udx_world w;
    udx_world_init(&w, 1);
    udx_end *a = udx_world_pair(&w, NULL);
    a->link =
        (fake_link){.delay_ns = 10 * MS, .rate_bps = 10000000, .queue_bytes = 50000};
    a[1].link = (fake_link){.delay_ns = 10 * MS};
    a->to_write = 3000000;
    udx_world_run_until(&w, w.clock.now_ns + 5 * SEC);
    assert_int_equal(a[1].got, 3000000);
    for (int i = 0; i < 5; i++) {
        a->to_write = 10;
        udx_world_run_until(&w, w.clock.now_ns + SEC);
    }
    uint64_t before = a[1].got;
    a->to_write = 3000000;
    udx_world_run_until(&w, w.clock.now_ns + SEC);
    assert_true(a[1].got - before > 1000000);
    udx_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_of_a_window_is_kept_and_forgotten),
        cmocka_unit_test(the_best_is_never_older_than_the_window),
        cmocka_unit_test(scarce_data_never_looks_like_a_full_pipe),
        cmocka_unit_test(all_states_are_passed_through),
        cmocka_unit_test(the_window_holds_what_the_path_holds),
        cmocka_unit_test(a_timeout_leaves_a_small_window_that_grows_back),
        cmocka_unit_test(a_flight_grows_and_keeps_its_order),
        cmocka_unit_test(a_flight_without_memory_stays_small),
        cmocka_unit_test(a_stream_that_goes_idle_comes_back_at_its_rate),
    };
    return cmocka_run_group_tests_name("transport/udx_cc", tests, NULL, NULL);
}
