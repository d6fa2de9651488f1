#include <string.h>

#include "base/map.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

#define KEYS 3000

static void what_was_put_is_found_and_nothing_else(void **state)
{
    static int values[KEYS];
    ic__map m = {0};
    assert_null(ic__map_get(&m, 7));
    for (uint64_t i = 0; i < KEYS; i++)
        assert_int_equal(ic__map_put(&m, i * 16, &values[i]), 0);
    assert_int_equal(ic__map_put(&m, 32, &values[0]), IC_ERR_EXISTS);
    assert_int_equal(m.count, KEYS);
    for (uint64_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(ic__map_get(&m, i * 16), &values[i]);
        assert_null(ic__map_get(&m, i * 16 + 1));
    }
    ic__map_free(&m);
}

/* Taking leaves a hole; elements that were pushed past it must still be found. */
static void the_rest_stays_reachable_while_keys_leave(void **state)
{
    static int values[KEYS];
    ic__map m = {0};
    for (uint64_t i = 0; i < KEYS; i++)
        assert_int_equal(ic__map_put(&m, i, &values[i]), 0);
    for (uint64_t gone = 0; gone < KEYS; gone += 3)
        assert_ptr_equal(ic__map_take(&m, gone), &values[gone]);
    for (uint64_t i = 0; i < KEYS; i++)
        assert_ptr_equal(ic__map_get(&m, i), i % 3 ? &values[i] : NULL);
    assert_null(ic__map_take(&m, 0));
    ic__map_free(&m);
}

static void a_walk_visits_each_value_once(void **state)
{
    int values[40] = {0};
    ic__map m = {0};
    for (uint64_t i = 0; i < 40; i++)
        assert_int_equal(ic__map_put(&m, i << 32 | 1, &values[i]), 0);
    size_t at = 0;
    for (int *v = ic__map_next(&m, &at); v; v = ic__map_next(&m, &at))
        (*v)++;
    for (int i = 0; i < 40; i++)
        assert_int_equal(values[i], 1);
    ic__map_free(&m);
}

static void fill(void *arg)
{
    static int value;
    ic__map m = {0};

    for (uint64_t i = 0; i < 100; i++) {
        int error = ic__map_put(&m, i, &value);
        assert_true(error == 0 || error == IC_ERR_NOMEM);
        assert_ptr_equal(ic__map_get(&m, i), error ? NULL : &value);
    }
    ic__map_free(&m);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(fill, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_and_nothing_else),
        cmocka_unit_test(the_rest_stays_reachable_while_keys_leave),
        cmocka_unit_test(a_walk_visits_each_value_once),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
