#include "base/utf8.h"

/* Number of bytes that a lead byte announces; 0 when it is none. */
static unsigned length_of(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* The second byte rules out overlong forms and what lies above U+10FFFF. */
static bool second_fits(uint8_t lead, uint8_t second)
{
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;

    return second >= low && second <= high;
}

uint32_t ic__utf8_next(const char **at, const char *end)
{
    const uint8_t *p = (const uint8_t *)*at;
    size_t left = (size_t)(end - *at);
    unsigned n = length_of(p[0]);
    uint32_t code = p[0] & (n < 2 ? 0x7fu : 0x7fu >> n);

    for (unsigned i = 1; i < n; i++) {
        bool fits =
            i < left && (i == 1 ? second_fits(p[0], p[1]) : (p[i] & 0xc0) == 0x80);
        if (!fits) {
            *at += i;
            return IC__UTF8_INVALID;
        }
        code = code << 6 | (p[i] & 0x3fu);
    }
    *at += n ? n : 1;
    return n ? code : IC__UTF8_INVALID;
}

void ic__utf8_add(ic__buf *b, uint32_t code)
{
    char out[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = n - 1; i; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[n - 1] | code);
    ic__buf_add(b, out, n);
}

bool ic__utf8_valid(const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        uint32_t code = ic__utf8_next(&text, end);
        if (code == IC__UTF8_INVALID || ic__utf8_surrogate(code))
            return false;
    }
    return true;
}

/* A text as a row of UTF-16 units. */
typedef struct units {
    const char *at;
    const char *end;
    uint32_t low; /* second half of a pair that was begun, 0 = none */
} units;

static int32_t next_unit(units *u)
{
    uint32_t code = u->low;

    u->low = 0;
    if (code)
        return (int32_t)code;
    if (u->at == u->end)
        return -1;
    code = ic__utf8_next(&u->at, u->end);
    if (code == IC__UTF8_INVALID)
        return IC__UTF8_REPLACEMENT;
    if (code < 0x10000)
        return (int32_t)code;
    u->low = 0xdc00 | ((code - 0x10000) & 0x3ff);
    return (int32_t)(0xd800 | (code - 0x10000) >> 10);
}

int ic__utf16_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    units ua = {.at = a, .end = a + a_len};
    units ub = {.at = b, .end = b + b_len};

    for (;;) {
        int32_t x = next_unit(&ua);
        int32_t y = next_unit(&ub);
        if (x != y)
            return x < y ? -1 : 1;
        if (x < 0)
            return 0;
    }
}
