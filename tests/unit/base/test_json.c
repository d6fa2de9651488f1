#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "unit.h"
#include "vectors.h"

typedef void (*writer)(ic__buf *b, const ic__json *v);

static int parse(const char *text, ic__json **out)
{
    return ic__json_parse(text, strlen(text), out);
}

/* Parse `text` in a heap copy of exactly its size and write it; free the result. */
static char *rewrite(const char *text, size_t len, writer write)
{
    ic__json *doc = NULL;
    ic__buf b = {0};
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, text, len);
    int error = ic__json_parse(copy, len, &doc);
    free(copy);
    if (error)
        fail_msg("%s: %.100s", ic_strerror(error), text);
    write(&b, doc);
    ic__json_free(doc);
    char *out = ic__buf_take(&b);
    assert_non_null(out);
    return out;
}

static void expect(const char *text, const char *written, writer write)
{
    char *out = rewrite(text, strlen(text), write);
    assert_string_equal(out, written);
    ic_mem_free(out);
}

static void expect_error(const char *text, size_t len, int error)
{
    ic__json *doc = NULL;
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, text, len);
    if (ic__json_parse(copy, len, &doc) != error)
        fail_msg("not refused as expected: %.60s", text);
    assert_null(doc);
    free(copy);
}

/* spec/12, 3.1: the digits of some 650 doubles */
static void numbers_print_as_in_javascript(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "numbers"), i, v)
    {
        uint64_t bits = strtoull(vectors_text(v, "bits"), NULL, 16);
        double number;
        ic__buf b = {0};
        memcpy(&number, &bits, sizeof number);
        ic__json_write_number(&b, number);
        assert_string_equal(b.data, vectors_text(v, "json"));
        ic__buf_free(&b);
    }
    assert_true(i > 600);
    json_decref(doc);
}

/* 2^-44 needs 16 digits, but not the 16 nearest ones: those lie across the narrow gap */
static void powers_of_two_get_the_fewest_digits(void **state)
{
    expect("[5.684341886080801486968994140625e-14,1.5e300]",
           "[5.684341886080802e-14,1.5e+300]", ic__json_write);
    for (int e = -1074; e < 1024; e++) {
        ic__buf b = {0};
        double value = ldexp(1, e);
        ic__json_write_number(&b, value);
        assert_true(strtod(b.data, NULL) == value);
        ic__buf_free(&b);
    }
}

/* spec/12, 3.1 and 3.2; spec/12, 3 for the order of members */
static void texts_print_canonically(void **state)
{
    static const char *const groups[] = {"numberTexts", "stringTexts", "keyOrder",
                                         "docs"};
    json_t *doc = vectors_load("sidechannel.json");
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        json_t *v;
        size_t i;
        json_array_foreach(json_object_get(doc, groups[g]), i, v)
        {
            expect(vectors_text(v, "text"), vectors_text(v, "canonical"),
                   ic__json_write_canonical);
        }
        assert_true(i > 4);
    }
    json_decref(doc);
}

/* A text of UTF-16 units (four hex digits each) as JSON with escapes only. */
static char *escaped(const char *units)
{
    ic__buf b = {0};

    ic__buf_char(&b, '"');
    for (; *units; units += 4) {
        ic__buf_text(&b, "\\u");
        ic__buf_add(&b, units, 4);
    }
    ic__buf_char(&b, '"');
    return ic__buf_take(&b);
}

/* spec/12, 3.2 */
static void any_utf16_text_is_kept(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "strings"), i, v)
    {
        char *source = escaped(vectors_text(v, "utf16"));
        assert_non_null(source);
        expect(source, vectors_text(v, "canonical"), ic__json_write);
        ic_mem_free(source);
    }
    assert_true(i > 20);
    json_decref(doc);
}

static void what_is_not_json_is_refused(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "rejected"), i, v)
    {
        size_t len;
        uint8_t *bytes = vectors_bytes(v, "hex", &len);
        expect_error((const char *)bytes, len, IC_ERR_PROTO);
        free(bytes);
    }
    json_array_foreach(json_object_get(doc, "numberTextsRejected"), i, v)
    {
        const char *text = vectors_text(v, "text");
        expect_error(text, strlen(text), IC_ERR_PROTO);
    }
    json_decref(doc);
}

/* spec/14, 2 */
static void members_keep_javascripts_property_order(void **state)
{
    json_t *doc = vectors_load("trac-peer.json");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "memberOrder"), i, v)
    {
        expect(vectors_text(v, "text"), vectors_text(v, "written"), ic__json_write);
    }
    assert_true(i > 5);
    json_decref(doc);
}

static void a_repeated_name_has_its_first_place_and_last_value(void **state)
{
    expect("{\"a\":1,\"b\":2,\"\\u0061\":[3],\"b\":4,\"a\":{\"z\":1,\"z\":2}}",
           "{\"a\":{\"z\":2},\"b\":4}", ic__json_write);
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    static const char *const bad[] = {
        "\"\x80\"",         "\"\xc0\x80\"",         "\"\xc3\"",
        "\"\xe0\x80\x80\"", "\"\xed\xa0\x80\"",     "\"\xf0\x8f\xbf\xbf\"",
        "\"\xff\"",         "\"\xf4\x90\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"",
        "\"\xe2\x82\"",     "{\"\x80\":1}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_error(bad[i], strlen(bad[i]), IC_ERR_PROTO);
}

static void texts_from_elsewhere_are_mended_when_written(void **state)
{
    ic__buf b = {0};
    ic__json_write_text(&b, "a\x80\xe2\x82z\xed\xa0\xbd\n\0\"", 11);
    assert_string_equal(b.data, "\"a\xef\xbf\xbd\xef\xbf\xbdz\\ud83d\\n\\u0000\\\"\"");
    ic__buf_reset(&b);
    ic__json_write_cstring(&b, NULL);
    assert_string_equal(b.data, "null");
    ic__buf_free(&b);
}

/* Plain bytes are skipped eight at a time. */
static void an_odd_byte_is_found_at_every_place(void **state)
{
    static const char odd[] = {'"', '\\', 0x01, 0x1f, 0x7f};
    char text[24];

    for (size_t i = 0; i < sizeof odd; i++) {
        for (size_t at = 0; at < sizeof text; at++) {
            ic__buf b = {0};
            ic__json *parsed = NULL;
            size_t len = 0;
            memset(text, 'a', sizeof text);
            text[at] = odd[i];
            ic__json_write_text(&b, text, sizeof text);
            assert_int_equal(b.len > sizeof text + 2, odd[i] != 0x7f);
            assert_int_equal(ic__json_parse(b.data, b.len, &parsed), 0);
            const char *again = ic__json_text(parsed, &len);
            assert_int_equal(len, sizeof text);
            assert_memory_equal(again, text, len);
            ic__json_free(parsed);
            ic__buf_free(&b);
        }
    }
}

static void every_prefix_is_refused(void **state)
{
    static const char good[] =
        "{\"a\":[1.5e-3,true,false,null],\"\\ud83d\\ude00\":\"\xf0\x9f\x98\x80\\n\"}";
    for (size_t len = 0; len < sizeof good - 1; len++)
        expect_error(good, len, IC_ERR_PROTO);
    expect(
        good,
        "{\"a\":[0.0015,true,false,null],\"\xf0\x9f\x98\x80\":\"\xf0\x9f\x98\x80\\n\"}",
        ic__json_write);
}

static char *repeat(const char *open, const char *piece, size_t count, const char *close)
{
    ic__buf b = {0};

    ic__buf_text(&b, open);
    for (size_t i = 0; i < count; i++)
        ic__buf_text(&b, piece);
    ic__buf_text(&b, close);
    return ic__buf_take(&b);
}

static void expect_limit(const char *piece, size_t most, const char *open,
                         const char *close)
{
    char *fits = repeat(open, piece, most, close);
    char *over = repeat(open, piece, most + 1, close);
    ic__json *doc = NULL;

    assert_int_equal(parse(fits, &doc), 0);
    ic__json_free(doc);
    expect_error(over, strlen(over), IC_ERR_LIMIT);
    ic_mem_free(fits);
    ic_mem_free(over);
}

static void values_digits_and_bytes_have_limits(void **state)
{
    expect_limit("0,", IC__JSON_MAX_VALUES - 2, "[", "0]");
    expect_limit("1", IC__JSON_MAX_NUMBER_CHARS, "", "");
    expect_limit(" ", IC__JSON_MAX_BYTES - 1, "", "1");
}

static void nesting_has_a_limit(void **state)
{
    char text[2 * IC__JSON_MAX_DEPTH + 3];
    ic__json *doc = NULL;
    memset(text, '[', IC__JSON_MAX_DEPTH);
    memset(text + IC__JSON_MAX_DEPTH, ']', IC__JSON_MAX_DEPTH);
    assert_int_equal(ic__json_parse(text, 2 * IC__JSON_MAX_DEPTH, &doc), 0);
    ic__json_free(doc);
    memset(text, '[', sizeof text);
    expect_error(text, sizeof text, IC_ERR_LIMIT);
}

static void lookups_answer_nothing_for_what_is_not_there(void **state)
{
    ic__json *doc = NULL;
    int64_t n = 7;
    assert_int_equal(
        parse("{\"a\":{\"b\":[5,\"x\",4.350]},\"t\":true,\"z\":\"q\\u0000\"}", &doc), 0);
    const ic__json *list = ic__json_get(ic__json_get(doc, "a"), "b");
    assert_int_equal(ic__json_count(list), 3);
    assert_true(ic__json_integer(ic__json_at(list, 0), &n) && n == 5);
    assert_string_equal(ic__json_cstring(ic__json_at(list, 1)), "x");
    assert_string_equal(ic__json_token(ic__json_at(list, 2)), "4.350");
    assert_false(ic__json_integer(ic__json_at(list, 2), &n));
    assert_false(ic__json_integer(ic__json_at(list, 1), &n));
    assert_null(ic__json_at(list, 3));
    assert_null(ic__json_get(list, "b"));
    assert_null(ic__json_get(ic__json_get(doc, "no"), "no"));
    assert_null(ic__json_cstring(ic__json_get(doc, "z")));
    assert_string_equal(ic__json_name_at(doc, 1, NULL), "t");
    assert_null(ic__json_name_at(list, 0, NULL));
    assert_true(ic__json_bool(ic__json_get(doc, "t"), false));
    assert_true(isnan(ic__json_number(doc)));
    assert_int_equal(ic__json_type(NULL), IC__JSON_NOTHING);
    ic__json_free(doc);
}

static void truth_is_javascripts(void **state)
{
    static const char *const no[] = {"null", "false", "0", "-0.0", "\"\"", "1e-400"};
    static const char *const yes[] = {"true", "1", "-0.5", "\"0\"", "[]", "{}", "1e400"};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        ic__json *doc = NULL;
        assert_int_equal(parse(no[i], &doc), 0);
        assert_false(ic__json_truthy(doc));
        ic__json_free(doc);
    }
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        ic__json *doc = NULL;
        assert_int_equal(parse(yes[i], &doc), 0);
        assert_true(ic__json_truthy(doc));
        ic__json_free(doc);
    }
    assert_false(ic__json_truthy(NULL));
}

static void large_objects_are_sorted_fast(void **state)
{
    ic__buf b = {0};
    ic__json *doc = NULL;
    ic__buf_char(&b, '{');
    for (int i = 50000; i; i--)
        ic__buf_printf(&b, "\"n%d\":%d%s", i, i, i > 1 ? "," : "}");
    assert_int_equal(ic__json_parse(b.data, b.len, &doc), 0);
    assert_true(ic__json_number(ic__json_get(doc, "n49999")) == 49999);
    assert_string_equal(ic__json_name_at(doc, 0, NULL), "n50000");
    ic__json_free(doc);
    ic__buf_free(&b);
}

static void parse_and_write(void *arg)
{
    ic__json *doc = NULL;
    ic__buf b = {0};

    int error = parse(arg, &doc);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    ic__json_write_canonical(&b, doc);
    ic__json_free(doc);
    ic__buf_free(&b);
}

static void survives_each_failed_allocation(void **state)
{
    char *long_text = repeat("[{\"a\":\"", "0123456789abcdef", 600, "\",\"b\":[1,2]}]");
    fail_alloc_each(parse_and_write, long_text);
    ic_mem_free(long_text);
}

static void utf16_order_is_neither_bytes_nor_code_points(void **state)
{
    static const char *const ascending[] = {"",
                                            "a",
                                            "ab",
                                            "\xf0\x90\x80\x80", /* U+10000 */
                                            "\xed\xa0\xbd",     /* U+D83D alone */
                                            ("\xed\xa0\xbd"
                                             "a"),
                                            "\xf0\x9f\x98\x80", /* U+1F600 */
                                            "\xee\x80\x80",     /* U+E000 */
                                            "\xef\xbf\xbf"};
    size_t n = sizeof ascending / sizeof ascending[0];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            int order = ic__utf16_compare(ascending[i], strlen(ascending[i]),
                                          ascending[j], strlen(ascending[j]));
            assert_int_equal(order, i < j ? -1 : i > j);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_print_as_in_javascript),
        cmocka_unit_test(powers_of_two_get_the_fewest_digits),
        cmocka_unit_test(texts_print_canonically),
        cmocka_unit_test(any_utf16_text_is_kept),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(members_keep_javascripts_property_order),
        cmocka_unit_test(a_repeated_name_has_its_first_place_and_last_value),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
        cmocka_unit_test(texts_from_elsewhere_are_mended_when_written),
        cmocka_unit_test(an_odd_byte_is_found_at_every_place),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(values_digits_and_bytes_have_limits),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(lookups_answer_nothing_for_what_is_not_there),
        cmocka_unit_test(truth_is_javascripts),
        cmocka_unit_test(large_objects_are_sorted_fast),
        cmocka_unit_test(survives_each_failed_allocation),
        cmocka_unit_test(utf16_order_is_neither_bytes_nor_code_points),
    };
    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
