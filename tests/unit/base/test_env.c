#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "unit.h"

static char said[1000];

static void keep(ic_log_level level, const char *room, const char *text, void *user)
{
    assert_int_equal(level, IC_LOG_WARN);
    assert_string_equal(room, "base");
    assert_null(user);
    (void)snprintf(said, sizeof said, "%s", text);
}

static const ic_env env = {.log = keep};

static const char *logged(const char *text)
{
    ic__log(&env, IC_LOG_WARN, "base", "<%s>", text);
    return said;
}

static void letters_of_any_language_are_logged(void **state)
{
    static const char text[] = "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x8d\xba \xc2\xa0";
    char whole[sizeof text + 2];
    (void)snprintf(whole, sizeof whole, "<%s>", text);
    assert_string_equal(logged(text), whole);
}

/* Escape sequences of a terminal begin with ESC, or with U+009B, also as one byte. */
static void control_characters_are_not_logged(void **state)
{
    assert_string_equal(logged("a\x1b[2Jb"), "<a?[2Jb>");
    assert_string_equal(logged("a\nb\x7f"), "<a?b?>");
    assert_string_equal(logged("\xed\xa0\x80"), "<?>"); /* half of a pair */
    assert_string_equal(logged("a\xc2\x9b"
                               "2Jb"),
                        "<a?2Jb>");
    assert_string_equal(logged("a\x9b"
                               "2Jb"),
                        "<a?2Jb>");
}

static void a_line_that_is_cut_ends_with_a_whole_letter(void **state)
{
    char text[1000];
    memset(text, 'x', sizeof text);
    memcpy(text + 509, "\xc3\xa9", 3); /* its first byte is the last one that fits */
    assert_int_equal(strlen(logged(text)), 511);
    assert_string_equal(said + 508, "xx?");
}

static void without_a_log_there_is_silence(void **state)
{
    static const ic_env silent = {.log = NULL};
    ic__log(&silent, IC_LOG_ERROR, "base", "%s", "x");
}

static void what_lies_beyond_the_end_of_time_is_never(void **state)
{
    assert_true(ic__after(5, 7) == 12);
    assert_true(ic__after(5, IC__NEVER - 6) == IC__NEVER - 1);
    assert_true(ic__after(5, IC__NEVER - 5) == IC__NEVER);
    assert_true(ic__after(5, IC__NEVER) == IC__NEVER);
    assert_true(ic__after(IC__NEVER, 0) == IC__NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_any_language_are_logged),
        cmocka_unit_test(control_characters_are_not_logged),
        cmocka_unit_test(a_line_that_is_cut_ends_with_a_whole_letter),
        cmocka_unit_test(without_a_log_there_is_silence),
        cmocka_unit_test(what_lies_beyond_the_end_of_time_is_never),
    };
    return cmocka_run_group_tests_name("base/env", tests, NULL, NULL);
}
