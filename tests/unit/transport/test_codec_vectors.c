/*
 * docs/spec/01-compact-encoding.md against tests/vectors/compact-encoding.json: each
 * encoding there is read into JSON and written from it (tests/support/codec_json.h).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec_json.h"
#include "unit.h"
#include "vectors.h"

static json_t *vectors;

/* Text forms differ between what was written and what is read: compare addresses. */
static bool same_host(const char *a, const char *b)
{
    ic__addr x = codec_json_addr(a, 0);
    ic__addr y = codec_json_addr(b, 0);
    return ic__addr_equal(&x, &y);
}

/* Typed arrays are elements behind a count. What the vector shows of one, as values that
 * `element` reads: signed ones are two's complement here, not zig-zag. */
static json_t *typed_values(const json_t *v, const char **element)
{
    static const struct {
        const char *array;
        const char *element;
        uint64_t mask;
    } kinds[] = {
        {"Uint8Array", "uint8", 0xff},
        {"Uint16Array", "uint16", 0xffff},
        {"Uint32Array", "uint32", 0xffffffff},
        {"Int8Array", "uint8", 0xff},
        {"Int16Array", "uint16", 0xffff},
        {"Int32Array", "uint32", 0xffffffff},
        {"BigUint64Array", "biguint64", UINT64_MAX},
        {"BigInt64Array", "biguint64", UINT64_MAX},
        {"Float32Array", "float32", 0},
        {"Float64Array", "float64", 0},
    };
    size_t i;
    size_t at = 0;
    json_t *value;
    json_t *list = json_array();
    while (strcmp(kinds[at].array, vectors_text(v, "typedArray")) != 0)
        at++;
    *element = kinds[at].element;
    json_array_foreach(json_object_get(v, "values"), i, value)
    {
        char digits[24];
        uint64_t n = json_is_string(value)
                         ? strtoull(json_string_value(value), NULL, 10)
                         : (uint64_t)json_integer_value(value) & kinds[at].mask;
        (void)snprintf(digits, sizeof digits, "%" PRIu64, n);
        json_array_append_new(list, json_is_string(value)
                                        ? json_pack("{s:s}", "bigint", digits)
                                    : kinds[at].mask ? json_integer((json_int_t)n)
                                                     : json_incref(value));
    }
    return list;
}

static void check_bytes(const char *enc, const json_t *v, const char *hex)
{
    uint8_t bytes[1024];
    char got[2 * sizeof bytes + 1];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    codec_json_put(enc, &w, v);
    assert_false(w.bad);
    ic__hex_encode(got, bytes, w.len);
    if (strcmp(got, hex) != 0)
        fail_msg("%s writes %s, not %s", enc, got, hex);
}

static void check_value(const char *enc, const json_t *want, const json_t *got)
{
    if (json_is_string(want) && json_is_string(got) && enc[0] == 'i' && enc[1] == 'p') {
        assert_true(same_host(json_string_value(want), json_string_value(got)));
        return;
    }
    if (strstr(enc, "Address") && json_is_object(want)) {
        assert_true(same_host(vectors_text(want, "host"), vectors_text(got, "host")));
        assert_true(
            json_equal(json_object_get(want, "port"), json_object_get(got, "port")));
        return;
    }
    if (!json_equal(want, got)) {
        char *a = json_dumps(want, JSON_ENCODE_ANY);
        char *b = json_dumps(got, JSON_ENCODE_ANY);
        fail_msg("%s reads %s, not %s", enc, b, a);
    }
}

/* Values that JSON shows in another form than codec_json_get() does. */
static json_t *shown(const char *enc, const json_t *v)
{
    if (codec_json_is(enc, "binary") && json_is_string(v))
        return codec_json_hex((const uint8_t *)json_string_value(v),
                              json_string_length(v));
    if (codec_json_is(enc, "hex"))
        return json_pack("{s:s}", "hex", json_string_value(v));
    if (codec_json_is(enc, "base64"))
        return json_pack("{s:s}", "hex", "68656c6c6f");
    return json_deep_copy(v);
}

static void check_valid(const json_t *entry)
{
    const char *enc = vectors_text(entry, "encoding");
    const json_t *v = json_object_get(entry, "value");
    const char *element;
    char array_of[32];
    size_t len;
    json_t *want;
    uint8_t *bytes = vectors_bytes(entry, "hex", &len);
    ic__rd r = ic__rd_of(bytes, len);

    if (json_object_get(v, "typedArray")) {
        want = typed_values(v, &element);
        (void)snprintf(array_of, sizeof array_of, "array(%s)", element);
        enc = array_of;
        v = want;
    } else {
        want = shown(enc, v);
    }
    json_t *got = codec_json_get(enc, &r);
    if (!ic__rd_finish(&r))
        fail_msg("%s does not read all of %s", enc, vectors_text(entry, "hex"));
    check_value(enc, want, got);
    check_bytes(enc, codec_json_is(enc, "base64") ? want : v, vectors_text(entry, "hex"));
    json_decref(got);
    json_decref(want);
    free(bytes);
}

static void every_value_is_read_and_written(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(vectors, "valid"), i, entry) check_valid(entry);
    assert_int_equal(i, 278);
}

static void other_forms_are_read(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(vectors, "decodeOnly"), i, entry)
    {
        size_t len;
        const char *enc = vectors_text(entry, "encoding");
        uint8_t *bytes = vectors_bytes(entry, "hex", &len);
        ic__rd r = ic__rd_of(bytes, len);
        json_t *got = codec_json_get(enc, &r);
        if (codec_json_is(
                enc, "ip")) { /* on purpose: families other than 4 and 6 are refused */
            assert_true(r.bad);
        } else {
            assert_false(r.bad);
            assert_int_equal(len - r.left,
                             json_integer_value(json_object_get(entry, "consumed")));
            if (!json_object_get(got, "hex")) /* malformed text stays bytes */
                check_value(enc, json_object_get(entry, "value"), got);
        }
        json_decref(got);
        free(bytes);
    }
    assert_int_equal(i, 22);
}

static void bad_input_is_refused(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(vectors, "invalid"), i, entry)
    {
        size_t len;
        const char *enc = vectors_text(entry, "encoding");
        uint8_t *bytes = vectors_bytes(entry, "hex", &len);
        ic__rd r = ic__rd_of(bytes, len);
        json_decref(codec_json_get(
            codec_json_is(enc, "uint32array") ? "array(uint32)" : enc, &r));
        if (!r.bad)
            fail_msg("%s reads %s", enc, vectors_text(entry, "hex"));
        free(bytes);
    }
    assert_int_equal(i, 65);
}

static void values_out_of_range_are_not_written(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(vectors, "invalidEncode"), i, entry)
    {
        uint8_t bytes[64];
        const char *enc = vectors_text(entry, "encoding");
        const json_t *v = json_object_get(entry, "value");
        ic__wr w = ic__wr_of(bytes, sizeof bytes);
        if (!json_is_integer(v))
            continue; /* not a number, and a length that the type fixes */
        codec_json_put(enc, &w, v);
        assert_true(w.bad);
        assert_int_equal(w.len, 0);
    }
    assert_int_equal(i, 6);
}

/* One value is a text with half a surrogate pair, which jansson refuses; JavaScript
 * writes it as U+FFFD. */
static int load(void **state)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/compact-encoding.json", getenv("TEST_VECTORS"));
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 20);
    assert_non_null(file);
    assert_non_null(text);
    assert_in_range(fread(text, 1, (1 << 20) - 1, file), 1, (1 << 20) - 2);
    (void)fclose(file);
    char *half = strstr(text, "\\ud800 lone surrogate");
    assert_non_null(half);
    memcpy(half, "\\ufffd", 6);
    vectors = json_loads(text, JSON_ALLOW_NUL, NULL);
    free(text);
    return vectors ? 0 : -1;
}

static int unload(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_read_and_written),
        cmocka_unit_test(other_forms_are_read),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(values_out_of_range_are_not_written),
    };
    return cmocka_run_group_tests_name("transport/codec_vectors", tests, load, unload);
}
