#include <string.h>

#include "base/env.h"
#include "base/timers.h"
#include "fail_alloc.h"
#include "fake_random.h"
#include "intercom/error.h"
#include "unit.h"

#define MANY 500

static void timers_come_due_in_order_of_time(void **state)
{
    static ic__timer timer[MANY];
    fake_random random;
    ic__timers t = {0};
    fake_random_init(&random, 7);
    assert_int_equal(ic__timers_reserve(&t, MANY), 0);
    assert_int_equal(ic__timers_deadline(&t), IC__NEVER);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++)
            ic__timers_set(&t, &timer[i], fake_random_below(&random, 1000));
    }
    uint64_t last = 0;
    size_t popped = 0;
    for (ic__timer *first = ic__timers_pop(&t, 1000); first;
         first = ic__timers_pop(&t, 1000)) {
        assert_true(first->at_ns >= last);
        last = first->at_ns;
        popped++;
    }
    assert_int_equal(popped, MANY);
    ic__timers_free(&t);
}

static void nothing_comes_before_its_time_or_after_it_was_disarmed(void **state)
{
    ic__timer a = {0};
    ic__timer b = {0};
    ic__timers t = {0};
    assert_int_equal(ic__timers_reserve(&t, 2), 0);
    ic__timers_set(&t, &a, 10);
    ic__timers_set(&t, &b, 20);
    assert_null(ic__timers_pop(&t, 9));
    ic__timers_set(&t, &a, IC__NEVER);
    ic__timers_set(&t, &a, IC__NEVER);
    assert_int_equal(ic__timers_deadline(&t), 20);
    assert_ptr_equal(ic__timers_pop(&t, 20), &b);
    assert_null(ic__timers_pop(&t, IC__NEVER));
    ic__timers_free(&t);
}

static void reserve(void *arg)
{
    ic__timers t = {0};

    for (size_t n = 1; n < 100; n *= 3) {
        int error = ic__timers_reserve(&t, n);
        assert_true(error == 0 || error == IC_ERR_NOMEM);
    }
    ic__timers_free(&t);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(reserve, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_due_in_order_of_time),
        cmocka_unit_test(nothing_comes_before_its_time_or_after_it_was_disarmed),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("base/timers", tests, NULL, NULL);
}
