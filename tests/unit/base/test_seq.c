#include <string.h>

#include "base/seq.h"
#include "unit.h"

static void order_survives_the_wrap(void **state)
{
    assert_int_equal(ic__seq_diff(5, 3), 2);
    assert_int_equal(ic__seq_diff(3, 5), -2);
    assert_int_equal(ic__seq_diff(1, UINT32_MAX), 2);
    assert_int_equal(ic__seq_diff(UINT32_MAX, 1), -2);
    assert_int_equal(ic__seq_diff(UINT32_C(0x7fffffff), 0), INT32_MAX);
    assert_int_equal(ic__seq_diff(UINT32_C(0x80000000), 0), INT32_MIN);
    assert_true(ic__seq_before(UINT32_MAX, 0));
    assert_false(ic__seq_before(0, UINT32_MAX));
    assert_false(ic__seq_before(9, 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_survives_the_wrap),
    };
    return cmocka_run_group_tests_name("base/seq", tests, NULL, NULL);
}
