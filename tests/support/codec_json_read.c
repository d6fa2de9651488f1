#include "codec_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "transport/codec.h"
#include "unit.h"
#include "vectors.h"

bool codec_json_is(const char *enc, const char *name)
{
    return strcmp(enc, name) == 0;
}

bool codec_json_takes(const char *enc, const char *name, char inner[64])
{
    size_t len = strlen(name);
    if (strncmp(enc, name, len) != 0 || enc[len] != '(')
        return false;
    (void)snprintf(inner, 64, "%.*s", (int)(strlen(enc) - len - 2), enc + len + 1);
    return true;
}

size_t codec_json_width(const char *enc, const char *name)
{
    size_t len = strlen(name);
    char *end;
    if (strncmp(enc, name, len) != 0 || enc[len] < '0' || enc[len] > '9')
        return 0;
    unsigned long bits = strtoul(enc + len, &end, 10);
    return *end ? 0 : bits / 8;
}

json_t *codec_json_hex(const uint8_t *data, size_t len)
{
    char *hex = malloc(2 * len + 1);
    assert_non_null(hex);
    ic__hex_encode(hex, data, len);
    json_t *v = json_pack("{s:s}", "hex", hex);
    free(hex);
    return v;
}

static json_t *number_value(double d)
{
    if (isinf(d))
        return json_pack("{s:s}", "number", d > 0 ? "Infinity" : "-Infinity");
    if (d == 0 && signbit(d))
        return json_pack("{s:s}", "number", "-0");
    return d == floor(d) && fabs(d) < 9e15 ? json_integer((json_int_t)d) : json_real(d);
}

/* Decimal digits of an integer of several words, which are used up. */
static json_t *big_value(uint64_t words[CODEC_JSON_WORDS], bool negative)
{
    char digits[80];
    size_t at = sizeof digits - 1;
    bool more = true;
    digits[at] = 0;
    while (more) {
        unsigned rest = 0;
        more = false;
        for (size_t half = 2 * CODEC_JSON_WORDS; half-- > 0;) {
            unsigned shift = half % 2 ? 32 : 0;
            uint64_t part = (uint64_t)rest << 32 | (uint32_t)(words[half / 2] >> shift);
            words[half / 2] &= ~(UINT64_C(0xffffffff) << shift);
            words[half / 2] |= part / 10 << shift;
            rest = (unsigned)(part % 10);
            more |= part >= 10;
        }
        digits[--at] = (char)('0' + rest);
    }
    if (negative)
        digits[--at] = '-';
    return json_pack("{s:s}", "bigint", digits + at);
}

static bool big_unzigzag(uint64_t words[CODEC_JSON_WORDS])
{
    bool negative = words[0] & 1;
    for (size_t i = 0; negative && ++words[i] == 0; i++)
        continue;
    for (size_t i = 0; i < CODEC_JSON_WORDS; i++)
        words[i] = words[i] >> 1 | (i + 1 < CODEC_JSON_WORDS ? words[i + 1] << 63 : 0);
    return negative;
}

static json_t *host_value(const ic__addr *a)
{
    char text[64];
    if (a->family == 4)
        (void)snprintf(text, sizeof text, "%u.%u.%u.%u", a->ip[0], a->ip[1], a->ip[2],
                       a->ip[3]);
    else
        (void)snprintf(text, sizeof text, "%x:%x:%x:%x:%x:%x:%x:%x",
                       a->ip[0] << 8 | a->ip[1], a->ip[2] << 8 | a->ip[3],
                       a->ip[4] << 8 | a->ip[5], a->ip[6] << 8 | a->ip[7],
                       a->ip[8] << 8 | a->ip[9], a->ip[10] << 8 | a->ip[11],
                       a->ip[12] << 8 | a->ip[13], a->ip[14] << 8 | a->ip[15]);
    return json_string(text);
}

static json_t *addr_value(const ic__addr *a)
{
    return json_pack("{s:o,s:i}", "host", host_value(a), "port", (int)a->port);
}

static json_t *get_many(const char *enc, ic__rd *r, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count && !r->bad; i++)
        json_array_append_new(list, codec_json_get(enc, r));
    return list;
}

static json_t *get_pairs(const char *value, ic__rd *r)
{
    json_t *object = json_object();
    size_t count = ic__rd_count(r, 2, SIZE_MAX);
    for (size_t i = 0; i < count && !r->bad; i++) {
        size_t len;
        const char *name = (const char *)ic__rd_buffer(r, SIZE_MAX, &len);
        char key[64] = "";
        if (name)
            (void)snprintf(key, sizeof key, "%.*s", (int)len, name);
        json_object_set_new(object, key, codec_json_get(value, r));
    }
    return object;
}

static json_t *get_any(ic__rd *r)
{
    static const char *const kinds[] = {"none", "bool", "string",  "buffer",
                                        "uint", "int",  "float64", "array(any)"};
    uint64_t kind = ic__rd_uint(r);
    if (kind < 8)
        return codec_json_get(kinds[kind], r);
    if (kind == 8)
        return get_pairs("any", r);
    if (kind == 9)
        return codec_json_get("date", r);
    r->bad = true;
    return json_null();
}

static json_t *get_text(const uint8_t *data, size_t len)
{
    if (!ic__utf8_valid((const char *)data, len))
        return codec_json_hex(data, len); /* bytes stay bytes */
    return json_stringn(len ? (const char *)data : "", len);
}

static json_t *get_json(const uint8_t *data, size_t len, ic__rd *r)
{
    json_t *v = json_loadb(len ? (const char *)data : "", len, JSON_DECODE_ANY, NULL);
    if (v)
        return v;
    r->bad = true;
    return json_null();
}

static json_t *get_utf16(const uint8_t *data, size_t len)
{
    ic__buf text = {.max = 0};
    for (size_t i = 0; i + 1 < len; i += 2)
        ic__utf8_add(&text, (uint32_t)(data[i] | data[i + 1] << 8));
    json_t *v = json_stringn(text.data, text.len);
    ic__buf_free(&text);
    return v;
}

static json_t *get_float(ic__rd *r, size_t bytes)
{
    if (bytes == 4) {
        float f;
        uint32_t bits = ic__rd_u32le(r);
        memcpy(&f, &bits, sizeof f);
        return number_value((double)f);
    }
    double d;
    uint64_t bits = ic__rd_u64le(r);
    memcpy(&d, &bits, sizeof d);
    return number_value(d);
}

static json_t *get_bits(ic__rd *r)
{
    json_t *list = json_array();
    uint64_t count = ic__rd_uint(r);
    const uint8_t *bits = ic__rd_bytes(r, (size_t)(count + 7) / 8);
    for (size_t i = 0; bits && i < count; i++)
        json_array_append_new(list, json_boolean(bits[i / 8] >> i % 8 & 1));
    return list;
}

static json_t *get_big(const char *enc, ic__rd *r)
{
    uint64_t words[CODEC_JSON_WORDS] = {0};
    bool is_signed = enc[3] == 'i';
    size_t count = strstr(enc, "64") ? 1 : ic__rd_count(r, 8, CODEC_JSON_WORDS);
    for (size_t i = 0; i < count; i++)
        words[i] = ic__rd_u64le(r);
    if (is_signed && count == 1 && strstr(enc, "64")) {
        int64_t n = ic__unzigzag(words[0]);
        words[0] = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
        return big_value(words, n < 0);
    }
    bool negative = is_signed && big_unzigzag(words);
    return big_value(words, negative);
}

static json_t *get_address(const char *enc, ic__rd *r)
{
    ic__addr a;
    if (codec_json_is(enc, "ipv4Address") || codec_json_is(enc, "net.ipv4Address"))
        ic__rd_ipv4_addr(r, &a);
    else if (codec_json_is(enc, "ipv6Address"))
        ic__rd_ipv6_addr(r, &a);
    else
        ic__rd_ip_addr(r, &a);
    return addr_value(&a);
}

/* Without a port: the codec has none of these, so one is put behind it. */
static json_t *get_host(const char *enc, ic__rd *r)
{
    uint8_t bytes[19] = {0};
    size_t size = codec_json_is(enc, "ipv4") ? 4 : codec_json_is(enc, "ipv6") ? 16 : 17;
    if (codec_json_is(enc, "ip") && r->left && *r->p == 4)
        size = 5;
    ic__addr a;
    ic__rd_copy(r, bytes, size);
    ic__rd with_port = ic__rd_of(bytes, size + 2);
    if (codec_json_is(enc, "ipv4"))
        ic__rd_ipv4_addr(&with_port, &a);
    else if (codec_json_is(enc, "ipv6"))
        ic__rd_ipv6_addr(&with_port, &a);
    else
        ic__rd_ip_addr(&with_port, &a);
    r->bad |= with_port.bad;
    return host_value(&a);
}

static json_t *get_sized(const char *enc, ic__rd *r)
{
    size_t len;
    const uint8_t *data = ic__rd_buffer(r, SIZE_MAX, &len);
    if (r->bad)
        return json_null();
    if (codec_json_is(enc, "string") || codec_json_is(enc, "ascii"))
        return get_text(data, len);
    if (codec_json_is(enc, "json") || codec_json_is(enc, "ndjson"))
        return get_json(data, len, r);
    if (codec_json_is(enc, "utf16le"))
        return get_utf16(data, len);
    if (codec_json_is(enc, "optionalBuffer") && !len)
        return json_null();
    return codec_json_hex(data, len);
}

static json_t *get_fixed(size_t size, ic__rd *r, bool text)
{
    const uint8_t *data = ic__rd_bytes(r, size);
    if (!data)
        return json_null();
    return text ? get_text(data, size) : codec_json_hex(data, size);
}

static json_t *get_composite(const char *enc, ic__rd *r)
{
    char inner[64];
    if (codec_json_takes(enc, "array", inner)) {
        size_t least = codec_json_is(inner, "none") ? 0 : 1;
        size_t count = ic__rd_count(r, least, IC__ARRAY_MAX);
        return least ? get_many(inner, r, count) : json_integer((json_int_t)count);
    }
    if (codec_json_takes(enc, "frame", inner)) {
        ic__rd inside = ic__rd_frame(r);
        json_t *v = codec_json_get(inner, &inside);
        r->bad |= inside.bad;
        return v;
    }
    if (codec_json_takes(enc, "raw.array", inner)) {
        json_t *list = json_array();
        while (r->left && !r->bad)
            json_array_append_new(list, codec_json_get(inner, r));
        return list;
    }
    if (codec_json_takes(enc, "string.fixed", inner))
        return get_fixed(strtoul(inner, NULL, 10), r, true);
    if (codec_json_takes(enc, "fixed", inner))
        return get_fixed(strtoul(inner, NULL, 10), r, false);
    if (codec_json_takes(enc, "bitfield", inner))
        return json_integer((json_int_t)ic__rd_bitfield(r));
    fail_msg("nobody reads '%s'", enc);
    return NULL;
}

json_t *codec_json_get(const char *enc, ic__rd *r)
{
    size_t bytes;
    if (codec_json_is(enc, "uint"))
        return json_integer((json_int_t)ic__rd_uint(r));
    if (codec_json_is(enc, "int"))
        return json_integer((json_int_t)ic__rd_int(r));
    if (codec_json_is(enc, "lexint"))
        return json_integer((json_int_t)ic__rd_lexint(r));
    if (codec_json_is(enc, "uint32be"))
        return json_integer((json_int_t)ic__rd_u32be(r));
    if (codec_json_is(enc, "uint64be"))
        return json_integer((json_int_t)ic__rd_uint64be(r));
    if (codec_json_is(enc, "port"))
        return json_integer((json_int_t)ic__rd_u16le(r));
    if ((bytes = codec_json_width(enc, "uint")) != 0)
        return json_integer((json_int_t)ic__rd_uint_le(r, bytes));
    if ((bytes = codec_json_width(enc, "int")) != 0)
        return json_integer((json_int_t)ic__unzigzag(ic__rd_uint_le(r, bytes)));
    if ((bytes = codec_json_width(enc, "float")) != 0)
        return get_float(r, bytes);
    if ((bytes = codec_json_width(enc, "fixed")) != 0)
        return get_fixed(8 * bytes, r, false);
    if (strncmp(enc, "big", 3) == 0)
        return get_big(enc, r);
    if (codec_json_is(enc, "bool"))
        return json_boolean(ic__rd_bool(r));
    if (codec_json_is(enc, "none"))
        return json_null();
    if (codec_json_is(enc, "any"))
        return get_any(r);
    if (codec_json_is(enc, "date"))
        return json_pack("{s:I}", "dateMs", (json_int_t)ic__rd_int(r));
    if (codec_json_is(enc, "bitarray"))
        return get_bits(r);
    if (codec_json_is(enc, "stringRecord"))
        return get_pairs("string", r);
    if (codec_json_is(enc, "record(string,uint)"))
        return get_pairs("uint", r);
    if (strstr(enc, "Address") && !strchr(enc, '('))
        return get_address(enc, r);
    if (codec_json_is(enc, "ip") || codec_json_is(enc, "ipv4") ||
        codec_json_is(enc, "ipv6"))
        return get_host(enc, r);
    if (codec_json_is(enc, "raw"))
        return get_fixed(r->left, r, false);
    if (codec_json_is(enc, "raw.string"))
        return get_fixed(r->left, r, true);
    if (codec_json_is(enc, "raw.json")) {
        size_t len = r->left;
        return get_json(ic__rd_bytes(r, len), len, r);
    }
    if (strchr(enc, '('))
        return get_composite(enc, r);
    return get_sized(enc, r);
}
