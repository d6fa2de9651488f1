/* docs/spec/16-ledger.md, sections 0 and 4.3: names. */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "text/name.h"
#include "unit.h"

static void becomes(const char *typed, const char *name)
{
    char out[ISPLIT__NAME_MAX + 1];
    isplit_reason why = {{0}};

    if (isplit__name_typed(typed, strlen(typed), out, &why) != 0)
        fail_msg("%s: %s", typed, why.text);
    assert_string_equal(out, name);
    assert_true(isplit__name_allowed(out, strlen(out)));
}

static void refused(const char *typed, const char *says)
{
    char out[ISPLIT__NAME_MAX + 1] = "as it was";
    isplit_reason why = {{0}};

    assert_int_equal(isplit__name_typed(typed, strlen(typed), out, &why), IC_ERR_INVALID);
    assert_string_equal(out, "as it was");
    if (!strstr(why.text, says))
        fail_msg("%s: \"%s\" does not say \"%s\"", typed, why.text, says);
}

static void names_are_trimmed_and_lower_case(void **state)
{
    becomes("  Alice\t", "alice");
    becomes("ANNA Maria", "anna maria");
    becomes("\xc2\xa0Zo\xc3\x8b\xe3\x80\x80", "zo\xc3\xab");
    becomes("\xce\x91\xce\xa9", "\xce\xb1\xcf\x89");                 /* Greek */
    becomes("\xd0\x96\xd0\xaf", "\xd0\xb6\xd1\x8f");                 /* Cyrillic */
    becomes("\xf0\x90\x90\x80", "\xf0\x90\x90\xa8");                 /* Deseret */
    becomes("\xc4\xb0", "i");                                        /* dotted I */
    becomes("\xe5\xb1\xb1\xe7\x94\xb0", "\xe5\xb1\xb1\xe7\x94\xb0"); /* no case */
    becomes("o'neil-2_b.c@d", "o'neil-2_b.c@d");
    becomes("0123456789012345678901234567890123456789",
            "0123456789012345678901234567890123456789");
}

static void what_would_break_a_list_or_deceive_is_refused(void **state)
{
    refused("", "missing");
    refused(" \t", "missing");
    refused("a,b", "','");
    refused("a:b", "':'");
    refused("a\"b", "'\"'");
    refused("a<b", "'<'");
    refused("a>b", "'>'");
    refused("a|b", "'|'");
    refused("a\x1b[2Jb", "control");
    refused("a\nb", "control");
    refused("a\x7f", "control");
    refused("a\xc2\x85z", "control");
    refused("a\xe2\x80\xae"
            "b",
            "control");
    refused("a\xff", "UTF-8");
    refused("\xed\xa0\x80", "UTF-8");
    refused("\xc0\x80", "UTF-8");
    refused("\xf4\x90\x80\x80", "UTF-8");
    refused("01234567890123456789012345678901234567890", "40 bytes");
    refused("e\xcc\x81", "one character"); /* e and an acute accent */
    refused("\xe2\x84\xab"
            "b",
            "one character"); /* Angstrom sign */
}

static void the_lower_case_table_is_sound(void **state)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint32_t low = isplit__lower(c);
        assert_true(low < 0x110000);
        assert_int_equal(isplit__lower(low), low);
        if (c < 0x80)
            assert_int_equal(low, c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
}

static void names_of_the_original_are_taken_as_they_are(void **state)
{
    char out[32];

    assert_true(isplit__name_legacy(" A:B\x01\"c ", 8, out, sizeof out));
    assert_string_equal(out, "a:b\"c");
    assert_false(isplit__name_legacy("\x01\x02", 2, out, sizeof out));
    assert_false(
        isplit__name_legacy("01234567890123456789012345678901", 32, out, sizeof out));
}

static void every_cut_character_is_refused(void **state)
{
    static const char text[] = "\xf0\x90\x90\x80";
    uint32_t code = 0;

    for (size_t n = 0; n < 4; n++) {
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        assert_int_equal(isplit__utf8_next(copy, n, &code), 0);
        free(copy);
    }
    assert_int_equal(isplit__utf8_next(text, 4, &code), 4);
    assert_int_equal(code, 0x10400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_trimmed_and_lower_case),
        cmocka_unit_test(what_would_break_a_list_or_deceive_is_refused),
        cmocka_unit_test(the_lower_case_table_is_sound),
        cmocka_unit_test(names_of_the_original_are_taken_as_they_are),
        cmocka_unit_test(every_cut_character_is_refused),
    };
    return cmocka_run_group_tests_name("intersplit/name", tests, NULL, NULL);
}
