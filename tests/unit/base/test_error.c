#include <string.h>

#include "intercom/error.h"
#include "unit.h"

static void every_error_has_a_text_and_a_name_of_its_own(void **state)
{
    static const int numbers[] = {
#define NUMBER(name, number, text) IC_ERR_##name,
        IC_ERROR_MAP(NUMBER)
#undef NUMBER
    };
    const size_t count = sizeof numbers / sizeof numbers[0];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(numbers[i], -(int)i - 1); /* appended, never renumbered */
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(ic_strerror(numbers[i]), ic_strerror(numbers[k]));
            assert_string_not_equal(ic_error_name(numbers[i]), ic_error_name(numbers[k]));
        }
    }
}

static void unknown_numbers_are_no_crash(void **state)
{
    assert_string_equal(ic_strerror(0), "no error");
    assert_string_equal(ic_strerror(-9999), "unknown error");
    assert_string_equal(ic_error_name(77), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_and_a_name_of_its_own),
        cmocka_unit_test(unknown_numbers_are_no_crash),
    };
    return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
