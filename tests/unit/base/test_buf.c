#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "fail_alloc.h"
#include "intercom/sys/mem.h"
#include "unit.h"

static void grows_and_stays_a_c_string(void **state)
{
    ic__buf b = {0};
    for (int i = 0; i < 1000; i++)
        ic__buf_printf(&b, "%d,", i);
    ic__buf_char(&b, '!');
    assert_false(b.bad);
    assert_int_equal(strlen(b.data), b.len);
    assert_string_equal(b.data + b.len - 5, "999,!");
    ic__buf_free(&b);
}

/* Around the sizes at which memory grows. */
static void what_is_printed_is_whole_whatever_its_length(void **state)
{
    for (int before = 0; before < 70; before += 23) {
        for (int len = 0; len < 300; len++) {
            ic__buf b = {0};
            char expected[400];
            ic__buf_printf(&b, "%.*s", before,
                           "0123456789012345678901234567890123456789"
                           "0123456789012345678901234567890123456789");
            size_t start = b.len;
            ic__buf_printf(&b, "%0*d", len, 7);
            (void)snprintf(expected, sizeof expected, "%0*d", len, 7);
            assert_false(b.bad);
            assert_string_equal(b.data + start, expected);
            assert_int_equal(b.len, start + strlen(expected));
            ic__buf_free(&b);
        }
    }
}

static void an_empty_buffer_gives_an_empty_text(void **state)
{
    ic__buf b = {0};
    char *text = ic__buf_take(&b);
    assert_string_equal(text, "");
    ic_mem_free(text);
}

static void stops_at_its_limit_and_stays_bad(void **state)
{
    ic__buf b = {.max = 10};
    ic__buf_text(&b, "0123456789");
    assert_false(b.bad);
    ic__buf_char(&b, 'x');
    assert_true(b.bad);
    ic__buf_text(&b, "");
    assert_null(ic__buf_take(&b));
    ic__buf_text(&b, "again");
    assert_false(b.bad);
    ic__buf_free(&b);
}

static void build_a_text(void *arg)
{
    ic__buf b = {0};
    for (int i = 0; i < 50; i++)
        ic__buf_printf(&b, "line %d\n", i);
    ic_mem_free(ic__buf_take(&b));
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(build_a_text, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_a_c_string),
        cmocka_unit_test(what_is_printed_is_whole_whatever_its_length),
        cmocka_unit_test(an_empty_buffer_gives_an_empty_text),
        cmocka_unit_test(stops_at_its_limit_and_stays_bad),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
