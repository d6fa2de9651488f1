/*
 * How well streams use a wire, and how evenly they share it (spec section 8): 100 Mbit/s,
 * 20 ms there and back, a queue of one such round trip. Shares are those of a minute: in
 * a second, a flow that probes for more has more. RATE_SEEDS says with how many seeds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "udx_world.h"
#include "unit.h"

#define RATE_BPS UINT64_C(100000000)
#define QUEUE_BYTES (RATE_BPS / 8 / 50)
#define FIRST_SEED 7
#define ENDLESS (UINT64_C(1) << 50)

static void open_flows(udx_world *w, size_t flows, uint32_t loss_ppm)
{
    for (size_t i = 0; i < flows; i++) {
        udx_end *a = udx_world_pair(w, NULL);
        a->link = (fake_link){.delay_ns = 10 * MS,
                              .rate_bps = RATE_BPS,
                              .queue_bytes = QUEUE_BYTES,
                              .loss_ppm = loss_ppm};
        a[1].link = (fake_link){.delay_ns = 10 * MS, .loss_ppm = loss_ppm};
        fake_net_share_wire(w->net, a->node, w->ends[0].node);
        a->to_write = ENDLESS;
    }
}

/* Megabits per second of each flow, after a warm-up. */
static double measure(uint64_t seed, size_t flows, uint32_t loss_ppm, uint64_t warm_ns,
                      uint64_t ns, double *mbit)
{
    static udx_world w;
    uint64_t before[UDX_WORLD_MOST_ENDS];
    double sum = 0;

    udx_world_init(&w, seed);
    open_flows(&w, flows, loss_ppm);
    udx_world_run_until(&w, w.clock.now_ns + warm_ns);
    for (size_t i = 0; i < flows; i++)
        before[i] = w.ends[2 * i + 1].got;
    udx_world_run_until(&w, w.clock.now_ns + ns);
    for (size_t i = 0; i < flows; i++) {
        uint64_t got = w.ends[2 * i + 1].got - before[i];
        mbit[i] = (double)got * 8 / ((double)ns / (double)SEC) / 1e6;
        (void)printf("%.1f ", mbit[i]);
        sum += mbit[i];
    }
    (void)printf("of 100 Mbit/s, %.1f in all, seed %" PRIu64 "\n", sum, seed);
    udx_world_free(&w);
    return sum;
}

static uint64_t seeds(void)
{
    const char *text = getenv("RATE_SEEDS");

    return text ? strtoull(text, NULL, 10) : 1;
}

static void one_flow_fills_a_wire_that_loses_one_percent(void **state)
{
    double mbit[1];
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + seeds(); seed++)
        assert_true(measure(seed, 1, 10000, 0, 10 * SEC, mbit) >= 80);
}

static void check_seed(uint64_t seed, size_t flows, uint32_t loss_ppm)
{
    double mbit[UDX_WORLD_MOST_ENDS];
    double sum = measure(seed, flows, loss_ppm, 10 * SEC, 60 * SEC, mbit);
    double fair = sum / (double)flows;

    assert_true(sum >= 80);
    for (size_t i = 0; i < flows; i++) {
        if (mbit[i] < fair * 0.8 || mbit[i] > fair * 1.2)
            fail_msg("seed %" PRIu64 ": flow %zu has %.1f where %.1f is fair", seed, i,
                     mbit[i], fair);
    }
}

static void check_fair(size_t flows, uint32_t loss_ppm)
{
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + seeds(); seed++)
        check_seed(seed, flows, loss_ppm);
}

static void two_flows_share_a_wire_evenly(void **state)
{
    check_fair(2, 0);
}

static void eight_flows_share_a_wire_evenly(void **state)
{
    check_fair(8, 0);
}

static void eight_flows_share_a_wire_that_loses_one_percent(void **state)
{
    check_fair(8, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_flow_fills_a_wire_that_loses_one_percent),
        cmocka_unit_test(two_flows_share_a_wire_evenly),
        cmocka_unit_test(eight_flows_share_a_wire_evenly),
        cmocka_unit_test(eight_flows_share_a_wire_that_loses_one_percent),
    };
    return cmocka_run_group_tests_name("sim/udx_rate", tests, NULL, NULL);
}
