/* docs/spec/16-ledger.md, section 4.3: canonical JSON, read and written by one
 * description. */
#include <stdlib.h>
#include <string.h>

#include "text/codec.h"
#include "unit.h"

static const char *const colours[] = {"red", "green", NULL};

typedef struct thing {
    unsigned colour;
    uint8_t key[4];
    size_t key_len;
    int64_t list[3];
    size_t count;
    const char *name;
    bool on;
    const char *word; /* "" = none */
} thing;

/* {"colour":..,"key":"..","list":[..],"map":{"<name>":true},"word"?:".."} */
static void pass_thing(isplit__codec *c, thing *t)
{
    size_t n = 0;

    isplit__codec_open(c, NULL, '{');
    t->colour = isplit__codec_word(c, "colour", colours, t->colour);
    t->key_len = isplit__codec_hex(c, "key", t->key, t->key_len, 2, sizeof t->key);
    isplit__codec_open(c, "list", '[');
    for (; isplit__codec_more(c, n < t->count); n++) {
        isplit__codec_check(c, n < 3);
        if (!c->bad)
            t->list[n] = isplit__codec_number(c, NULL, t->list[n], 0, 9999);
    }
    isplit__codec_close(c, ']');
    t->count = n;
    isplit__codec_open(c, "map", '{');
    t->name = isplit__codec_free_key(c, t->name);
    t->on = isplit__codec_bool(c, NULL, t->on);
    isplit__codec_close(c, '}');
    t->word = isplit__codec_text_if(c, "word", t->word);
    isplit__codec_close(c, '}');
}

/* From a copy of exactly this size; texts are in `pool` afterwards. */
static bool read_thing(const char *text, size_t len, char *pool, thing *t)
{
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, text, len);
    isplit__codec c = isplit__codec_reader(copy, len, pool);
    *t = (thing){.colour = 0};
    pass_thing(&c, t);
    bool good = isplit__codec_finish(&c);
    free(copy);
    return good;
}

#define WHOLE                                                                            \
    "{\"colour\":\"green\",\"key\":\"00ff7a\",\"list\":[0,12,9999],\"map\":{\"a\\\"b\":" \
    "true},\"word\":\"\\\\ \\n\\u001f\xc3\xa9\"}"
#define LEAST "{\"colour\":\"red\",\"key\":\"0102\",\"list\":[],\"map\":{\"\":false}}"

static void what_is_read_is_written_the_same(void **state)
{
    static const char *const texts[] = {WHOLE, LEAST};
    char pool[256];
    thing t;

    for (size_t i = 0; i < 2; i++) {
        isplit__buf b = {0};
        isplit__codec c = isplit__codec_writer(&b);
        assert_true(read_thing(texts[i], strlen(texts[i]), pool, &t));
        pass_thing(&c, &t);
        assert_string_equal(b.data, texts[i]);
        isplit__buf_free(&b);
    }
    assert_true(read_thing(WHOLE, sizeof WHOLE - 1, pool, &t));
    assert_int_equal(t.colour, 1);
    assert_int_equal(t.key_len, 3);
    assert_int_equal(t.list[2], 9999);
    assert_string_equal(t.name, "a\"b");
    assert_string_equal(t.word, "\\ \n\x1f\xc3\xa9");
}

static void every_prefix_is_bad(void **state)
{
    char pool[256];
    thing t;

    for (size_t n = 0; n < sizeof WHOLE - 1; n++)
        assert_false(read_thing(WHOLE, n, pool, &t));
}

#define PUT(colour, key, list, map, more)                                                \
    "{\"colour\":" colour ",\"key\":" key ",\"list\":" list ",\"map\":" map more "}"

static void what_is_not_as_described_is_bad(void **state)
{
    static const char *const bad[] = {
        PUT("\"blue\"", "\"0102\"", "[]", "{\"a\":true}", ""),
        PUT("1", "\"0102\"", "[]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"01\"", "[]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"010\"", "[]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"01FF\"", "[]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102030405\"", "[]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[1,2,3,4]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[1 2]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[01]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[-1]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[10000]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[99999999999999999999]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[1,]", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[1}", "{\"a\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[]", "{\"a\":1}", ""),
        PUT("\"red\"", "\"0102\"", "[]", "{}", ""),
        PUT("\"red\"", "\"0102\"", "[]", "{\"\\u0041\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[]", "{\"\\u0000\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[]", "{\"\\/\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[]", "{\"\n\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[]", "{\"\xc3\":true}", ""),
        PUT("\"red\"", "\"0102\"", "[]", "{\"a\":true}", ",\"more\":1"),
        PUT("\"red\"", "\"0102\"", "[]", "{\"a\":true}", ",\"word\":1"),
        PUT("\"red\"", "\"0102\"", "[]", "{\"a\":true}", "") " ",
        "{\"key\":\"0102\",\"colour\":\"red\",\"list\":[],\"map\":{\"a\":true}}",
    };
    char pool[256];
    thing t;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (read_thing(bad[i], strlen(bad[i]), pool, &t))
            fail_msg("%s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written_the_same),
        cmocka_unit_test(every_prefix_is_bad),
        cmocka_unit_test(what_is_not_as_described_is_bad),
    };
    return cmocka_run_group_tests_name("intersplit/codec", tests, NULL, NULL);
}
