#include "base/queue.h"
#include "dht/clock.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

typedef struct bell {
    ic__alarm alarm;
    ic__clock *clock;
    uint64_t again_ns; /* set itself to this when it rings; 0 = not */
    int rung;
} bell;

static void ring(ic__alarm *alarm)
{
    bell *b = IC__ELEMENT(alarm, bell, alarm);

    b->rung++;
    if (b->again_ns)
        ic__clock_set(b->clock, alarm, b->again_ns);
}

static void an_alarm_rings_at_its_time_and_once(void **state)
{
    ic__clock clock = {0};
    bell b = {.clock = &clock};
    assert_int_equal(ic__clock_add(&clock, &b.alarm, ring), 0);
    assert_int_equal(ic__clock_deadline(&clock), IC__NEVER);
    ic__clock_run(&clock, 100);
    ic__clock_set_in(&clock, &b.alarm, 50);
    assert_int_equal(ic__clock_deadline(&clock), 150);
    ic__clock_run(&clock, 149);
    assert_int_equal(b.rung, 0);
    ic__clock_run(&clock, 150);
    ic__clock_run(&clock, 151);
    assert_int_equal(b.rung, 1);
    ic__clock_free(&clock);
}

static void an_alarm_that_sets_itself_to_now_waits_for_the_next_call(void **state)
{
    ic__clock clock = {0};
    bell b = {.clock = &clock, .again_ns = 100};
    assert_int_equal(ic__clock_add(&clock, &b.alarm, ring), 0);
    ic__clock_set(&clock, &b.alarm, 100);
    ic__clock_run(&clock, 100);
    assert_int_equal(b.rung, 1);
    assert_int_equal(ic__clock_deadline(&clock), 101);
    ic__clock_run(&clock, 101);
    assert_int_equal(b.rung, 2);
    ic__clock_free(&clock);
}

static void a_removed_alarm_does_not_ring_and_may_be_removed_again(void **state)
{
    ic__clock clock = {0};
    bell b = {.clock = &clock};
    assert_int_equal(ic__clock_add(&clock, &b.alarm, ring), 0);
    ic__clock_set(&clock, &b.alarm, 5);
    ic__clock_remove(&clock, &b.alarm);
    ic__clock_remove(&clock, &b.alarm);
    assert_int_equal(clock.added, 0);
    ic__clock_run(&clock, 5);
    assert_int_equal(b.rung, 0);
    ic__clock_free(&clock);
}

static void a_delay_past_the_end_of_time_is_never(void **state)
{
    ic__clock clock = {.now = 10};
    bell b = {.clock = &clock};
    assert_int_equal(ic__clock_add(&clock, &b.alarm, ring), 0);
    ic__clock_set_in(&clock, &b.alarm, IC__NEVER - 1);
    assert_int_equal(ic__clock_deadline(&clock), IC__NEVER);
    ic__clock_free(&clock);
}

static void an_alarm_without_memory_is_not_added(void **state)
{
    ic__clock clock = {0};
    bell b = {.clock = &clock};
    fail_alloc_start(1);
    assert_int_equal(ic__clock_add(&clock, &b.alarm, ring), IC_ERR_NOMEM);
    assert_int_equal(fail_alloc_stop(), 0);
    assert_int_equal(clock.added, 0);
    ic__clock_remove(&clock, &b.alarm);
    ic__clock_free(&clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_rings_at_its_time_and_once),
        cmocka_unit_test(an_alarm_that_sets_itself_to_now_waits_for_the_next_call),
        cmocka_unit_test(a_removed_alarm_does_not_ring_and_may_be_removed_again),
        cmocka_unit_test(a_delay_past_the_end_of_time_is_never),
        cmocka_unit_test(an_alarm_without_memory_is_not_added),
    };
    return cmocka_run_group_tests_name("dht/clock", tests, NULL, NULL);
}
