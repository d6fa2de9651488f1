/*
 * Two UDX streams over a bad network, seed by seed: every byte arrives, once, in order;
 * both ends close in peace; memory stays bounded; nothing waits longer than the timers
 * allow.
 *
 *   sim_udx [COUNT [FIRST]]     or SIM_SEEDS=COUNT; default 200 from seed 1
 *
 * A failing run names its seed: sim_udx 1 SEED plays it again.
 *
 * Spec: docs/spec/02-udx.md sections 3 to 7
 */
#include <stdio.h>
#include <stdlib.h>

#include "count_alloc.h"
#include "udx_world.h"
#include "unit.h"

#define DEFAULT_SEEDS 200
#define LONGEST (3600 * SEC)
#define ENOUGH_TIMEOUTS 40 /* at 30 % loss, the usual six happen by chance */

/* Bytes in flight, held, unread and queued messages of two ends, and their tables. */
#define MOST_MEMORY (UINT64_C(24) << 20)

typedef enum trouble {
    NO_TROUBLE,
    CUT_WIRE,    /* nothing passes for some seconds */
    SLOW_READER, /* one end stops reading for a while, again and again */
    NEW_ADDRESS, /* a NAT forgets its mapping, and the ends learn of it */
    TROUBLES,
} trouble;

typedef struct story {
    uint64_t seed;
    fake_random random;
    trouble trouble;
    udx_world w;
    udx_end *a;
    udx_end *b;
} story;

static unsigned long long first_seed = 1;
static unsigned long long seeds = DEFAULT_SEEDS;

static fake_link any_link(fake_random *r)
{
    fake_link link = {0};

    link.delay_ns = fake_random_below(r, 60 * MS) + MS / 20;
    link.jitter_ns = fake_random_below(r, link.delay_ns);
    link.loss_ppm = (uint32_t)fake_random_below(r, 300000);
    if (fake_random_ppm(r, 500000))
        link.duplicate_ppm = (uint32_t)fake_random_below(r, 200000);
    if (fake_random_ppm(r, 500000)) {
        link.reorder_ppm = (uint32_t)fake_random_below(r, 300000);
        link.reorder_ns = fake_random_below(r, 80 * MS);
    }
    if (fake_random_ppm(r, 500000)) {
        link.rate_bps = 200000 + fake_random_below(r, 200000000);
        link.queue_bytes = 8000 + fake_random_below(r, 400000);
    }
    if (fake_random_ppm(r, 300000))
        link.mtu = 1172 + fake_random_below(r, 300);
    return link;
}

static void begin(story *t, uint64_t seed)
{
    ic__udx_options opts;

    t->seed = seed;
    fake_random_init(&t->random, ~seed);
    udx_world_init(&t->w, seed);
    ic__udx_options_default(&opts);
    opts.max_timeouts = ENOUGH_TIMEOUTS;
    opts.linger_ns = 200 * SEC;
    if (fake_random_ppm(&t->random, 200000))
        opts.first_seq = opts.first_ack = UINT32_MAX - (uint32_t)seed % 50;
    if (fake_random_ppm(&t->random, 300000))
        opts.max_recv_bytes = 3000 + (uint32_t)fake_random_below(&t->random, 100000);
    t->a = udx_world_pair(&t->w, &opts);
    t->b = t->a + 1;
    t->a->link = any_link(&t->random);
    t->b->link = any_link(&t->random);
    t->a->to_write = fake_random_below(&t->random, 300000);
    t->b->to_write =
        fake_random_ppm(&t->random, 500000) ? fake_random_below(&t->random, 300000) : 0;
    t->a->end_after = t->b->end_after = true;
    t->trouble = seed % TROUBLES;
}

static void set_reading(udx_end *end, bool on)
{
    if (end->s)
        ic__udx_set_reading(end->s, on);
    end->paused = !on;
}

static void meet_again(story *t)
{
    (void)fake_net_remap(t->w.net, t->a->node);
    ic__udx_path to_a = udx_world_path(t->a, ic__udx_id(t->a->s));

    /* The peer may not follow when three moves are under way; it will, next time. */
    if (ic__udx_move(t->b->s, &to_a) != 0)
        t->b->dropped_datagrams++;
}

/* One event of the trouble that this seed has. */
static void make_trouble(story *t, unsigned round)
{
    bool on = round % 2;

    if (t->trouble == CUT_WIRE) {
        t->a->link.cut = on && round < 8;
        t->b->link.cut = on && round < 8;
    } else if (t->trouble == SLOW_READER) {
        set_reading(t->b, !on || round > 20);
    } else if (t->trouble == NEW_ADDRESS && round < 4 && !t->a->closed && !t->b->closed) {
        meet_again(t);
    }
}

static bool is_open(const udx_world *w)
{
    return !w->ends[0].closed || !w->ends[1].closed;
}

/* Each timeout doubles the RTO once; a cut or a pause comes on top. */
static uint64_t patience(const story *t, const udx_end *writer)
{
    ic__udx_stats s = udx_end_stats(writer);
    uint64_t rto = SEC + 4 * s.srtt_ns + 2 * SEC;

    return (s.timeouts + 4) * 2 * rto + 60 * SEC;
}

static void check_end(const story *t, const udx_end *end, const udx_end *other)
{
    unsigned long long seed = t->seed;

    if (end->got != other->written)
        fail_msg("seed %llu: %llu of %llu bytes arrived", seed,
                 (unsigned long long)end->got, (unsigned long long)other->written);
    if (end->got_end != 1 || end->closed != 1 || end->error != 0)
        fail_msg("seed %llu: end told %d times, closed %d times with error %d", seed,
                 end->got_end, end->closed, end->error);
    if (end->longest_gap_ns > patience(t, other))
        fail_msg("seed %llu: nothing came for %llu ms", seed,
                 (unsigned long long)(end->longest_gap_ns / MS));
}

static void run_story(uint64_t seed)
{
    static story t;
    unsigned round = 0;

    count_alloc_start();
    begin(&t, seed);
    uint64_t start = t.w.clock.now_ns;
    while (is_open(&t.w) && t.w.clock.now_ns < start + LONGEST) {
        uint64_t pause = 100 * MS + fake_random_below(&t.random, 900 * MS);
        (void)udx_world_run_while(&t.w, is_open, t.w.clock.now_ns + pause);
        make_trouble(&t, ++round);
    }
    check_end(&t, t.a, t.b);
    check_end(&t, t.b, t.a);
    udx_world_free(&t.w);
    count_alloc_stats memory = count_alloc_stop();
    if (memory.live_bytes || memory.peak_bytes > MOST_MEMORY)
        fail_msg("seed %llu: %zu bytes at most, %zu left behind",
                 (unsigned long long)seed, memory.peak_bytes, memory.live_bytes);
}

static void every_byte_arrives_once_in_order(void **state)
{
    for (unsigned long long i = 0; i < seeds; i++)
        run_story(first_seed + i);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_arrives_once_in_order),
    };
    const char *many = getenv("SIM_SEEDS");

    if (many)
        seeds = strtoull(many, NULL, 10);
    if (argc > 1)
        seeds = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 10);
    (void)printf("seeds %llu to %llu\n", first_seed, first_seed + seeds - 1);
    return cmocka_run_group_tests_name("sim/udx", tests, NULL, NULL);
}
