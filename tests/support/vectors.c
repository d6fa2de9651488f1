#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "unit.h"

json_t *vectors_load(const char *name)
{
    char path[1024];
    json_error_t error;
    const char *folder = getenv("TEST_VECTORS");

    (void)snprintf(path, sizeof path, "%s/%s", folder ? folder : "tests/vectors", name);
    json_t *doc = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!doc)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return doc;
}

const char *vectors_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text)
        fail_msg("the vector has no text '%s'", key);
    return text;
}

uint8_t *vectors_bytes(const json_t *object, const char *key, size_t *len)
{
    return vectors_unhex(vectors_text(object, key), len);
}

uint8_t *vectors_unhex(const char *hex, size_t *len)
{
    size_t digits = strlen(hex);
    uint8_t *bytes = malloc(digits / 2 ? digits / 2 : 1);

    assert_non_null(bytes);
    if (digits % 2 ||
        sodium_hex2bin(bytes, digits / 2, hex, digits, NULL, len, NULL) != 0)
        fail_msg("not hex: %.40s", hex);
    return bytes;
}

bool vectors_has(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    return member && !json_is_null(member);
}

void vectors_expect_bytes(const json_t *object, const char *key, const uint8_t *got,
                          size_t len)
{
    size_t expected_len;
    uint8_t *expected = vectors_bytes(object, key, &expected_len);

    assert_int_equal(len, expected_len);
    if (len)
        assert_memory_equal(got, expected, len);
    free(expected);
}

/* Every prefix, in a piece of memory of exactly that size. */
static void expect_cuts_refused(const vectors_codec *codec, void *message,
                                const uint8_t *data, size_t most)
{
    for (size_t cut = 0; cut < most; cut++) {
        uint8_t *piece = malloc(cut ? cut : 1);
        assert_non_null(piece);
        memcpy(piece, data, cut);
        assert_int_equal(codec->read(message, piece, cut), IC_ERR_PROTO);
        free(piece);
    }
}

static void round_one(const json_t *example, const char *key, const vectors_codec *codec)
{
    size_t len;
    uint8_t *data = vectors_bytes(example, key, &len);
    uint8_t *out = malloc(len);
    void *message = malloc(codec->size);

    assert_non_null(out);
    assert_non_null(message);
    assert_int_equal(codec->read(message, data, len), 0);
    size_t most = codec->expect(example, message, len);
    if (most) {
        ic__wr w = ic__wr_of(out, len);
        codec->write(&w, message);
        assert_false(w.bad);
        vectors_expect_bytes(example, key, out, w.len);
        expect_cuts_refused(codec, message, data, most);
    }
    free(message);
    free(out);
    free(data);
}

void vectors_round(const json_t *examples, const char *key, const vectors_codec *codec,
                   size_t count)
{
    size_t i;
    json_t *example;

    json_array_foreach(examples, i, example) round_one(example, key, codec);
    assert_int_equal(i, count);
}
