/* docs/spec/11-wallet.md, section 6: the two JSON texts of a key file */
#include <stdlib.h>
#include <string.h>

#include "crypto/members.h"
#include "intercom/error.h"
#include "unit.h"

static int parse(ic__members *members, const char *text)
{
    return ic__members_parse(members, text, strlen(text));
}

static void texts_and_nulls_are_found_by_name(void **state)
{
    ic__members m;
    size_t len;
    uint8_t bytes[2];
    assert_int_equal(parse(&m, " {\n\t\"a\" : \"12fE\",\r\"b\":null , \"\":\"\" } \n"),
                     0);
    assert_int_equal(m.count, 3);
    assert_memory_equal(ic__members_text(&m, "a", &len), "12fE", 4);
    assert_int_equal(len, 4);
    assert_null(ic__members_text(&m, "b", &len));
    assert_null(ic__members_text(&m, "c", &len));
    assert_non_null(ic__members_text(&m, "", &len));
    assert_int_equal(len, 0);
    assert_true(ic__members_hex(&m, "a", bytes, 2));
    assert_memory_equal(bytes, "\x12\xfe", 2);
    assert_false(ic__members_hex(&m, "a", bytes, 1));
    assert_false(ic__members_hex(&m, "b", bytes, 0));
}

static void an_empty_object_has_no_members(void **state)
{
    ic__members m;
    assert_int_equal(parse(&m, "{ }"), 0);
    assert_int_equal(m.count, 0);
}

static void anything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "null",
        "{",
        "{}x",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1}",
        "{\"a\":true}",
        "{\"a\":nul}",
        "{\"a\":nulL}",
        "{\"a\":{}}",
        "{\"a\":\"b\",}",
        "{\"a\":\"b\" \"c\":\"d\"}",
        "{\"a\":\"b\",\"a\":\"c\"}",
        "{\"a\":\"\\u0062\"}",
        "{\"a\\n\":\"b\"}",
        "{\"a\":\"b\nc\"}",
        "{\"a\n :\"b\"}", /* white space after the first error */
        "{a:\"b\"}",
        "{'a':'b'}",
        "\xef\xbb\xbf{}",
    };
    ic__members m;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(parse(&m, bad[i]), IC_ERR_CORRUPT);
}

static void one_member_too_many_is_refused(void **state)
{
    char text[512] = "{\"a\":null";
    ic__members m;
    for (char c = 'b'; c < 'a' + IC__MEMBERS_MAX; c++) {
        const char member[] = {',', '"', c, '"', ':', 'n', 'u', 'l', 'l', 0};
        memcpy(text + strlen(text), member, sizeof member);
    }
    size_t len = strlen(text);
    memcpy(text + len, "}", 2);
    assert_int_equal(parse(&m, text), 0);
    assert_int_equal(m.count, IC__MEMBERS_MAX);
    memcpy(text + len, ",\"z\":null}", 11);
    assert_int_equal(parse(&m, text), IC_ERR_CORRUPT);
}

static void every_prefix_is_refused(void **state)
{
    static const char text[] = "{\"a\":\"12\",\"b\":null}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        ic__members m;
        char *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, text, len);
        assert_int_equal(ic__members_parse(&m, cut, len), IC_ERR_CORRUPT);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_nulls_are_found_by_name),
        cmocka_unit_test(an_empty_object_has_no_members),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(one_member_too_many_is_refused),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests_name("crypto/members", tests, NULL, NULL);
}
