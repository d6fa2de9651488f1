#include "codec_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "transport/codec.h"
#include "unit.h"
#include "vectors.h"

static double number_of(const json_t *v)
{
    const char *text = json_string_value(json_object_get(v, "number"));
    return text ? strtod(text, NULL) : json_number_value(v);
}

/* The words of {"bigint": "<decimal>"}; true when it is negative. */
static bool big_of(const json_t *v, uint64_t words[CODEC_JSON_WORDS])
{
    const char *text = vectors_text(v, "bigint");
    bool negative = *text == '-';
    memset(words, 0, CODEC_JSON_WORDS * sizeof words[0]);
    for (text += negative; *text; text++) {
        uint64_t carry = (uint64_t)(*text - '0');
        for (size_t half = 0; half < 2 * CODEC_JSON_WORDS; half++) {
            unsigned shift = half % 2 ? 32 : 0;
            uint64_t part = (words[half / 2] >> shift & 0xffffffff) * 10 + carry;
            words[half / 2] &= ~(UINT64_C(0xffffffff) << shift);
            words[half / 2] |= (part & 0xffffffff) << shift;
            carry = part >> 32;
        }
    }
    return negative;
}

/* z(n) = 2n or -2n - 1 over several words. */
static void big_zigzag(uint64_t words[CODEC_JSON_WORDS], bool negative)
{
    for (size_t i = CODEC_JSON_WORDS; i-- > 0;)
        words[i] = words[i] << 1 | (i ? words[i - 1] >> 63 : 0);
    for (size_t i = 0; negative && words[i]-- == 0; i++)
        continue;
}

ic__addr codec_json_addr(const char *host, json_int_t port)
{
    ic__addr a = {.port = (uint16_t)port, .family = strchr(host, ':') ? 6 : 4};
    unsigned ip4[4];
    if (a.family == 4) {
        assert_int_equal(sscanf(host, "%u.%u.%u.%u", &ip4[0], &ip4[1], &ip4[2], &ip4[3]),
                         4);
        for (size_t i = 0; i < 4; i++)
            a.ip[i] = (uint8_t)ip4[i];
        return a;
    }
    size_t groups = 0;
    for (const char *at = strstr(host, "::"); at && *at;) {
        at += strspn(at, ":");
        groups += *at != 0;
        at += strcspn(at, ":");
    }
    size_t i = 0;
    for (const char *at = host; *at;) {
        if (strncmp(at, "::", 2) == 0)
            i = 8 - groups;
        at += strspn(at, ":");
        char *end;
        unsigned long group = *at ? strtoul(at, &end, 16) : 0;
        if (!*at)
            break;
        a.ip[2 * i] = (uint8_t)(group >> 8);
        a.ip[2 * i + 1] = (uint8_t)group;
        i++;
        at = end;
    }
    return a;
}

static void put_bytes(ic__wr *w, const json_t *v, bool sized)
{
    size_t len;
    if (json_is_string(v)) {
        len = json_string_length(v);
        if (sized)
            ic__wr_buffer(w, json_string_value(v), len);
        else
            ic__wr_bytes(w, json_string_value(v), len);
        return;
    }
    uint8_t *data = vectors_bytes(v, "hex", &len);
    if (sized)
        ic__wr_buffer(w, data, len);
    else
        ic__wr_bytes(w, data, len);
    free(data);
}

static void put_json(ic__wr *w, const json_t *v, const char *after, bool sized)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    char *whole = malloc(strlen(text) + 2);
    assert_non_null(whole);
    (void)snprintf(whole, strlen(text) + 2, "%s%s", text, after);
    if (sized)
        ic__wr_buffer(w, whole, strlen(whole));
    else
        ic__wr_bytes(w, whole, strlen(whole));
    free(whole);
    free(text);
}

static void put_float(ic__wr *w, double d, size_t bytes)
{
    float f = (float)d;
    uint32_t low;
    uint64_t all;
    memcpy(&low, &f, sizeof low);
    memcpy(&all, &d, sizeof all);
    if (bytes == 4)
        ic__wr_u32le(w, low);
    else
        ic__wr_u64le(w, all);
}

static void put_big(const char *enc, ic__wr *w, const json_t *v)
{
    uint64_t words[CODEC_JSON_WORDS];
    size_t count = CODEC_JSON_WORDS;
    bool negative = big_of(v, words);
    if (enc[3] == 'i')
        big_zigzag(words, negative);
    while (count && !words[count - 1])
        count--;
    if (strstr(enc, "64"))
        count = 1;
    else
        ic__wr_uint(w, count);
    for (size_t i = 0; i < count; i++)
        ic__wr_u64le(w, words[i]);
}

static void put_bits(ic__wr *w, const json_t *v)
{
    size_t count = json_array_size(v);
    ic__wr_uint(w, count);
    for (size_t i = 0; i < count; i += 8) {
        uint8_t byte = 0;
        for (size_t bit = 0; bit < 8; bit++)
            byte |= (uint8_t)(json_is_true(json_array_get(v, i + bit)) << bit);
        ic__wr_u8(w, byte);
    }
}

static void put_pairs(const char *value, ic__wr *w, const json_t *v)
{
    const char *name;
    json_t *member;
    json_t *object = json_incref((json_t *)(uintptr_t)v);
    ic__wr_uint(w, json_object_size(v));
    json_object_foreach(object, name, member)
    {
        ic__wr_buffer(w, name, strlen(name));
        codec_json_put(value, w, member);
    }
    json_decref(object);
}

static void put_any(ic__wr *w, const json_t *v)
{
    static const struct {
        const char *enc;
        uint8_t kind;
    } kinds[] = {{"none", 0},    {"bool", 1},       {"string", 2},
                 {"buffer", 3},  {"uint", 4},       {"int", 5},
                 {"float64", 6}, {"array(any)", 7}, {"date", 9}};
    size_t at = json_is_null(v)                ? 0
                : json_is_boolean(v)           ? 1
                : json_is_string(v)            ? 2
                : json_object_get(v, "hex")    ? 3
                : json_is_integer(v)           ? json_integer_value(v) < 0 ? 5 : 4
                : json_is_real(v)              ? 6
                : json_is_array(v)             ? 7
                : json_object_get(v, "dateMs") ? 8
                                               : 9;
    ic__wr_uint(w, at < 9 ? kinds[at].kind : 8);
    if (at < 9)
        codec_json_put(kinds[at].enc, w, v);
    else
        put_pairs("any", w, v);
}

static void put_address(const char *enc, ic__wr *w, const json_t *v)
{
    ic__addr a = codec_json_addr(vectors_text(v, "host"),
                                 json_integer_value(json_object_get(v, "port")));
    if (codec_json_is(enc, "ipAddress"))
        ic__wr_ip_addr(w, &a);
    else
        ic__wr_addr(w, &a);
}

static void put_host(const char *enc, ic__wr *w, const json_t *v)
{
    ic__addr a = codec_json_addr(json_string_value(v), 0);
    if (codec_json_is(enc, "ip"))
        ic__wr_ip_addr(w, &a);
    else
        ic__wr_addr(w, &a);
    w->len -= 2; /* the port */
}

static void put_elements(const char *enc, ic__wr *w, const json_t *v)
{
    for (size_t i = 0; i < json_array_size(v); i++)
        codec_json_put(enc, w, json_array_get(v, i));
}

static void put_composite(const char *enc, ic__wr *w, const json_t *v)
{
    char inner[64];
    if (codec_json_takes(enc, "array", inner)) {
        ic__wr_uint(w, json_array_size(v));
        put_elements(inner, w, v);
    } else if (codec_json_takes(enc, "raw.array", inner)) {
        put_elements(inner, w, v);
    } else if (codec_json_takes(enc, "frame", inner)) {
        uint8_t bytes[512];
        ic__wr inside = ic__wr_of(bytes, sizeof bytes);
        codec_json_put(inner, &inside, v);
        ic__wr_buffer(w, bytes, inside.len);
    } else if (codec_json_takes(enc, "bitfield", inner)) {
        ic__wr_bitfield(w, (uint64_t)json_integer_value(v),
                        (unsigned)strtoul(inner, NULL, 10));
    } else {
        put_bytes(w, v, false); /* fixed */
    }
}

static void put_text_of(const char *enc, ic__wr *w, const json_t *v)
{
    uint8_t bytes[256];
    size_t len = 0;
    const char *text = json_string_value(v);
    const char *end = text + strlen(text);
    if (codec_json_is(enc, "hex")) {
        len = strlen(text) / 2;
        assert_true(ic__hex_decode(bytes, len, text, strlen(text)));
    } else { /* utf16le */
        for (const char *at = text; at < end;) {
            uint32_t code = ic__utf8_next(&at, end);
            bytes[len++] = (uint8_t)code;
            bytes[len++] = (uint8_t)(code >> 8);
        }
    }
    ic__wr_buffer(w, bytes, len);
}

void codec_json_put(const char *enc, ic__wr *w, const json_t *v)
{
    size_t bytes;
    int64_t n = json_integer_value(v);
    if (codec_json_is(enc, "uint"))
        ic__wr_uint(w, (uint64_t)n);
    else if (codec_json_is(enc, "int"))
        ic__wr_int(w, n);
    else if (codec_json_is(enc, "lexint"))
        ic__wr_lexint(w, (uint64_t)n);
    else if (codec_json_is(enc, "uint32be"))
        ic__wr_u32be(w, (uint32_t)n);
    else if (codec_json_is(enc, "uint64be"))
        ic__wr_uint64be(w, (uint64_t)n);
    else if (codec_json_is(enc, "port"))
        ic__wr_u16le(w, (uint16_t)n);
    else if ((bytes = codec_json_width(enc, "uint")) != 0)
        ic__wr_uint_le(w, (uint64_t)n, bytes);
    else if ((bytes = codec_json_width(enc, "int")) != 0)
        ic__wr_uint_le(w, ic__zigzag(n), bytes);
    else if ((bytes = codec_json_width(enc, "float")) != 0)
        put_float(w, number_of(v), bytes);
    else if (strncmp(enc, "big", 3) == 0)
        put_big(enc, w, v);
    else if (codec_json_is(enc, "bool"))
        ic__wr_bool(w, json_is_true(v));
    else if (codec_json_is(enc, "any"))
        put_any(w, v);
    else if (codec_json_is(enc, "date"))
        ic__wr_int(w, json_integer_value(json_object_get(v, "dateMs")));
    else if (codec_json_is(enc, "bitarray"))
        put_bits(w, v);
    else if (codec_json_is(enc, "stringRecord") ||
             codec_json_is(enc, "record(string,uint)"))
        put_pairs(codec_json_is(enc, "stringRecord") ? "string" : "uint", w, v);
    else if (strstr(enc, "Address") && !strchr(enc, '('))
        put_address(enc, w, v);
    else if (codec_json_is(enc, "ip") || codec_json_is(enc, "ipv4") ||
             codec_json_is(enc, "ipv6"))
        put_host(enc, w, v);
    else if (codec_json_is(enc, "json") || codec_json_is(enc, "ndjson") ||
             codec_json_is(enc, "raw.json"))
        put_json(w, v, codec_json_is(enc, "ndjson") ? "\n" : "",
                 !codec_json_is(enc, "raw.json"));
    else if (codec_json_is(enc, "hex") || codec_json_is(enc, "utf16le"))
        put_text_of(enc, w, v);
    else if (codec_json_is(enc, "optionalBuffer") && json_is_null(v))
        ic__wr_buffer(w, NULL, 0);
    else if (strchr(enc, '('))
        put_composite(enc, w, v);
    else if (codec_json_width(enc, "fixed") || strncmp(enc, "raw", 3) == 0)
        put_bytes(w, v, false);
    else if (!codec_json_is(enc, "none"))
        put_bytes(w, v, true);
}
