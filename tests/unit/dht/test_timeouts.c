/* docs/spec/05-dht-rpc.md, section 6 (adaptive timeouts). */
#include "dht/timeouts.h"
#include "dht_addr.h"
#include "fail_alloc.h"
#include "fake_clock.h"
#include "unit.h"

#define JITTER 255

typedef struct bench {
    fake_clock time;
    ic_env env;
    ic__timeouts t;
    ic__addr addr;
} bench;

static void bench_init(bench *b, size_t max)
{
    fake_clock_init(&b->time, 1);
    b->env = fake_clock_env(&b->time);
    b->addr = dht_addr("10.0.0.1", 1);
    ic__timeouts_init(&b->t, max);
}

static uint64_t get_ms(bench *b, unsigned attempt, uint64_t now)
{
    return ic__timeouts_get(&b->t, &b->env, &b->addr, attempt, now) / IC__MS;
}

static void expect_ms(bench *b, unsigned attempt, uint64_t least)
{
    for (int i = 0; i < 100; i++)
        assert_in_range(get_ms(b, attempt, 0), least, least + JITTER);
}

static void an_unknown_peer_gets_more_with_each_attempt(void **state)
{
    bench b;
    bench_init(&b, 8);
    expect_ms(&b, 1, 250);
    expect_ms(&b, 2, 500);
    expect_ms(&b, 3, 1000);
    expect_ms(&b, 4, 2000);
    expect_ms(&b, 5, 4000);
    expect_ms(&b, 9, 4000);
    ic__timeouts_free(&b.t);
}

static void a_known_peer_gets_its_average_and_twice_its_variance(void **state)
{
    bench b;
    bench_init(&b, 8);
    ic__timeouts_add(&b.t, &b.env, &b.addr, 400 * IC__MS, 0); /* 400, 200 */
    expect_ms(&b, 1, 800);
    expect_ms(&b, 2, 1600);
    ic__timeouts_add(&b.t, &b.env, &b.addr, 560 * IC__MS, 0); /* 420, 190 */
    expect_ms(&b, 1, 800);
    ic__timeouts_add(&b.t, &b.env, &b.addr, 20 * IC__MS, 0); /* 370, 242 */
    expect_ms(&b, 1, 854);
    ic__timeouts_free(&b.t);
}

static void a_timeout_is_between_300_and_4000_ms(void **state)
{
    bench b;
    bench_init(&b, 8);
    ic__timeouts_add(&b.t, &b.env, &b.addr, 10 * IC__MS, 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(get_ms(&b, 1, 0), 300);
    for (int i = 0; i < 100; i++)
        ic__timeouts_add(&b.t, &b.env, &b.addr, 3600 * IC__SEC, 0);
    assert_int_equal(get_ms(&b, 1, 0), 4000);
    ic__timeouts_free(&b.t);
}

static void what_was_learned_is_forgotten_after_ten_minutes(void **state)
{
    bench b;
    bench_init(&b, 8);
    ic__timeouts_add(&b.t, &b.env, &b.addr, 1000 * IC__MS, 0);
    assert_in_range(get_ms(&b, 1, IC__TIMEOUTS_AGE_NS), 2000, 2000 + JITTER);
    assert_in_range(get_ms(&b, 1, IC__TIMEOUTS_AGE_NS + 1), 250, 250 + JITTER);
    assert_int_equal(b.t.map.count, 0);
    ic__timeouts_free(&b.t);
}

static void a_full_table_forgets_who_was_heard_the_longest_ago(void **state)
{
    bench b;
    bench_init(&b, 3);
    for (uint8_t i = 0; i < 4; i++) {
        b.addr.ip[3] = i;
        ic__timeouts_add(&b.t, &b.env, &b.addr, 1000 * IC__MS, 0);
        if (i == 2) { /* the first is heard again */
            b.addr.ip[3] = 0;
            ic__timeouts_add(&b.t, &b.env, &b.addr, 1000 * IC__MS, 0);
        }
    }
    assert_int_equal(b.t.map.count, 3);
    b.addr.ip[3] = 0;
    expect_ms(&b, 1, 1750);
    b.addr.ip[3] = 1;
    expect_ms(&b, 1, 250);
    ic__timeouts_free(&b.t);
}

static void learn(void *arg)
{
    bench b;
    bench_init(&b, 64);
    for (uint8_t i = 0; i < 40; i++) {
        b.addr.ip[3] = i;
        ic__timeouts_add(&b.t, &b.env, &b.addr, 1000 * IC__MS, 0);
    }
    ic__timeouts_free(&b.t);
}

static void without_memory_nothing_is_learned(void **state)
{
    fail_alloc_each(learn, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_peer_gets_more_with_each_attempt),
        cmocka_unit_test(a_known_peer_gets_its_average_and_twice_its_variance),
        cmocka_unit_test(a_timeout_is_between_300_and_4000_ms),
        cmocka_unit_test(what_was_learned_is_forgotten_after_ten_minutes),
        cmocka_unit_test(a_full_table_forgets_who_was_heard_the_longest_ago),
        cmocka_unit_test(without_memory_nothing_is_learned),
    };
    return cmocka_run_group_tests_name("dht/timeouts", tests, NULL, NULL);
}
