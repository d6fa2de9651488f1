/*
 * Ten thousand streams come and go over wires that lose packets: some end, some are
 * destroyed in the middle, some lose their peer. Nothing is left behind.
 *
 * SIM_SEEDS=n plays n worlds of 32 streams each.
 * Spec: docs/spec/02-udx.md, sections 3 and 11.
 */
#include <stdlib.h>

#include "count_alloc.h"
#include "udx_world.h"
#include "unit.h"

#define DEFAULT_SEEDS 313
#define LONG_ENOUGH (120 * SEC)

static unsigned long long seeds = DEFAULT_SEEDS;

static void open_pair(udx_world *w, fake_random *r)
{
    udx_end *a = udx_world_pair(w, NULL);

    for (int i = 0; i < 2; i++) {
        a[i].link.delay_ns = fake_random_below(r, 50 * MS);
        a[i].link.loss_ppm = (uint32_t)fake_random_below(r, 100000);
        a[i].to_write = fake_random_below(r, 20000);
        a[i].end_after = true;
    }
}

/* One of four is destroyed, one of eight hears no more of its peer. */
static void make_trouble(udx_end *end, fake_random *r)
{
    if (!end->s)
        return;
    if (fake_random_ppm(r, 250000))
        ic__udx_destroy(end->s);
    else if (fake_random_ppm(r, 125000))
        end->link.cut = true;
}

static size_t end_what_is_left(udx_world *w)
{
    size_t left = 0;

    for (size_t i = 0; i < w->count; i++) {
        if (!w->ends[i].s)
            continue;
        left++;
        ic__udx_destroy(w->ends[i].s);
    }
    udx_world_settle(w);
    return left;
}

/* How many streams did not end by themselves. */
static size_t live_and_die(uint64_t seed)
{
    static udx_world w;
    fake_random r;

    fake_random_init(&r, ~seed);
    count_alloc_start();
    udx_world_init(&w, seed);
    while (w.count < UDX_WORLD_MOST_ENDS)
        open_pair(&w, &r);
    udx_world_run_until(&w, w.clock.now_ns + fake_random_below(&r, 500 * MS));
    for (size_t i = 0; i < w.count; i++)
        make_trouble(&w.ends[i], &r);
    udx_world_run_until(&w, w.clock.now_ns + LONG_ENOUGH);
    size_t left = end_what_is_left(&w);
    for (size_t i = 0; i < w.count; i++) {
        if (w.ends[i].s || w.ends[i].closed != 1)
            fail_msg("seed %llu: end %zu closed %d times", (unsigned long long)seed, i,
                     w.ends[i].closed);
    }
    if (count_alloc_get().live_bytes)
        fail_msg("seed %llu: %zu bytes left behind", (unsigned long long)seed,
                 count_alloc_get().live_bytes);
    udx_world_free(&w);
    (void)count_alloc_stop();
    return left;
}

static void streams_that_came_and_went_leave_nothing_behind(void **state)
{
    size_t left = 0;
    for (unsigned long long i = 1; i <= seeds; i++)
        left += live_and_die(i);
    print_message("%llu streams, %zu of them did not end by themselves\n",
                  seeds * UDX_WORLD_MOST_ENDS, left);
    /* Those had nothing under way when their peer went without a word. */
    assert_true(left * 50 <= seeds * UDX_WORLD_MOST_ENDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_that_came_and_went_leave_nothing_behind),
    };
    const char *many = getenv("SIM_SEEDS");

    if (many)
        seeds = strtoull(many, NULL, 10);
    return cmocka_run_group_tests_name("sim/udx_life", tests, NULL, NULL);
}
