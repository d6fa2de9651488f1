#include "text/name.h"

#include <string.h>

#include "intercom/error.h"
#include "text/reason.h"

typedef struct lower_run {
    uint32_t first;
    uint32_t last;
    uint32_t step;
    int32_t shift;
} lower_run;

typedef struct char_run {
    uint32_t first;
    uint32_t last;
} char_run;

#include "text/unicode_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

size_t isplit__utf8_next(const char *at, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = left ? (unsigned char)at[0] : 0xff;
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : 4;

    if (n == 4 && (c < 0xf0 || c > 0xf4))
        return 0;
    if (n > left)
        return 0;
    uint32_t v = n == 1 ? c : c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        unsigned char more = (unsigned char)at[i];
        if ((more & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (more & 0x3fu);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
        return 0;
    *code = v;
    return n;
}

bool isplit__utf8_without(const char *text, size_t len, bool (*in_class)(uint32_t code))
{
    uint32_t code;

    while (len) {
        size_t n = isplit__utf8_next(text, len, &code);
        if (!n || in_class(code))
            return false;
        text += n;
        len -= n;
    }
    return true;
}

static bool is_nothing(uint32_t code)
{
    (void)code;
    return false;
}

bool isplit__utf8_valid(const char *text, size_t len)
{
    return isplit__utf8_without(text, len, is_nothing);
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (char)((0xf00u >> n & 0xf0) | c);
    return n;
}

uint32_t isplit__lower(uint32_t code)
{
    size_t low = 0;
    size_t high = COUNT(lower_runs);

    while (low < high) {
        size_t mid = (low + high) / 2;
        const lower_run *run = &lower_runs[mid];
        if (code > run->last)
            low = mid + 1;
        else if (code < run->first)
            high = mid;
        else if ((code - run->first) % run->step == 0)
            return (uint32_t)((int32_t)code + run->shift);
        else
            return code;
    }
    return code;
}

static bool is_uncomposed(uint32_t code)
{
    size_t low = 0;
    size_t high = COUNT(uncomposed_runs);

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (code > uncomposed_runs[mid].last)
            low = mid + 1;
        else if (code < uncomposed_runs[mid].first)
            high = mid;
        else
            return true;
    }
    return false;
}

bool isplit__is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

bool isplit__is_bidi(uint32_t c)
{
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

bool isplit__is_trick(uint32_t c)
{
    return isplit__is_control(c) || isplit__is_bidi(c);
}

static bool is_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000 || c == 0xfeff;
}

const char *isplit__trim(const char *text, size_t *len)
{
    const char *first = NULL;
    const char *end = text;
    const char *at = text;
    size_t left = *len;

    while (left) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(at, left, &code);
        if (!n || !is_space(code)) {
            first = first ? first : at;
            end = at + (n ? n : 1);
        }
        at += n ? n : 1;
        left -= n ? n : 1;
    }
    *len = first ? (size_t)(end - first) : 0;
    return first ? first : text;
}

static bool is_reserved(uint32_t c)
{
    return c < 0x80 && c && strchr(",:\"<>|", (int)c);
}

/* What no name holds. */
static bool is_unnamed(uint32_t c)
{
    return isplit__is_trick(c) || is_reserved(c);
}

static int check_typed(uint32_t code, isplit_reason *why)
{
    if (isplit__is_trick(code))
        isplit__refuse(why, "a name cannot hold control characters");
    else if (is_reserved(code))
        isplit__refuse(why, "a name cannot hold '%c'", (int)code);
    else if (is_uncomposed(code))
        isplit__refuse(why, "a letter and its accent must be one character in a name");
    else
        return 0;
    return IC_ERR_INVALID;
}

int isplit__name_typed(const char *text, size_t len, char out[ISPLIT__NAME_MAX + 1],
                       isplit_reason *why)
{
    size_t put = 0;
    char name[ISPLIT__NAME_MAX + 4];
    const char *at = isplit__trim(text, &len);

    if (!len) {
        isplit__refuse(why, "a name is missing");
        return IC_ERR_INVALID;
    }
    while (len) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(at, len, &code);
        if (!n) {
            isplit__refuse(why, "a name is not UTF-8");
            return IC_ERR_INVALID;
        }
        if (check_typed(code, why) != 0)
            return IC_ERR_INVALID;
        put += put_utf8(name + put, isplit__lower(code));
        if (put > ISPLIT__NAME_MAX) {
            isplit__refuse(why, "a name has at most %d bytes", ISPLIT__NAME_MAX);
            return IC_ERR_INVALID;
        }
        at += n;
        len -= n;
    }
    memcpy(out, name, put);
    out[put] = 0;
    return 0;
}

int isplit__note_typed(const char *text, char out[ISPLIT__NOTE_MAX + 1],
                       isplit_reason *why)
{
    size_t len = text ? strlen(text) : 0;
    const char *note = isplit__trim(text ? text : "", &len);

    if (len <= ISPLIT__NOTE_MAX && isplit__utf8_valid(note, len)) {
        memcpy(out, note, len);
        out[len] = 0;
        return 0;
    }
    if (isplit__utf8_valid(note, len))
        isplit__refuse(why, "a note has at most %d bytes", ISPLIT__NOTE_MAX);
    else
        isplit__refuse(why, "the note is not UTF-8");
    return IC_ERR_INVALID;
}

bool isplit__name_legacy(const char *text, size_t len, char *out, size_t cap)
{
    size_t put = 0;
    const char *at = isplit__trim(text, &len);

    while (len) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(at, len, &code);
        if (!n || put + 4 >= cap)
            return false;
        if (!isplit__is_control(code))
            put += put_utf8(out + put, isplit__lower(code));
        at += n;
        len -= n;
    }
    out[put] = 0;
    return put > 0;
}

bool isplit__name_allowed(const char *name, size_t len)
{
    return len && len <= ISPLIT__NAME_MAX && isplit__utf8_without(name, len, is_unnamed);
}
