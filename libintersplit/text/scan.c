#include "text/scan.h"

#include <string.h>

#define MAX_DEPTH 32

isplit__scan isplit__scan_of(isplit__slice text)
{
    const char *at = text.at ? text.at : "";

    return (isplit__scan){.at = at, .end = at + text.len};
}

bool isplit__slice_is(isplit__slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.at, text, slice.len) == 0;
}

/* The next byte that is no white space, or 0. */
static char peek(isplit__scan *s)
{
    while (s->at < s->end &&
           (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
    return s->at < s->end ? *s->at : 0;
}

static bool take(isplit__scan *s, char c)
{
    if (peek(s) != c)
        return false;
    s->at++;
    return true;
}

bool isplit__scan_enter(isplit__scan *s, char open)
{
    return !s->bad && take(s, open);
}

bool isplit__scan_next(isplit__scan *s, char close, bool *first)
{
    if (s->bad || take(s, close))
        return false;
    if (!*first && !take(s, ','))
        s->bad = true;
    *first = false;
    return !s->bad;
}

static isplit__slice scan_text(isplit__scan *s)
{
    const char *from = s->at;

    if (!take(s, '"'))
        s->bad = true;
    while (!s->bad) {
        if (s->at >= s->end || (unsigned char)*s->at < 0x20)
            s->bad = true;
        else if (*s->at == '"')
            break;
        else
            s->at += *s->at == '\\' && s->at + 1 < s->end ? 2 : 1;
    }
    if (s->bad)
        return (isplit__slice){.at = "", .len = 0};
    s->at++;
    return (isplit__slice){.at = from, .len = (size_t)(s->at - from)};
}

isplit__slice isplit__scan_key(isplit__scan *s)
{
    (void)peek(s);
    isplit__slice key = scan_text(s);

    if (!s->bad && !take(s, ':'))
        s->bad = true;
    return key;
}

static void scan_word(isplit__scan *s, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        s->bad = true;
    else
        s->at += n;
}

static size_t scan_digits(isplit__scan *s)
{
    const char *from = s->at;

    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return (size_t)(s->at - from);
}

static void scan_number(isplit__scan *s)
{
    if (s->at < s->end && *s->at == '-')
        s->at++;
    bool zero = s->at < s->end && *s->at == '0';
    size_t digits = scan_digits(s);
    if (!digits || (zero && digits > 1))
        s->bad = true;
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        if (!scan_digits(s))
            s->bad = true;
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
            s->at++;
        if (!scan_digits(s))
            s->bad = true;
    }
}

static void skip_value(isplit__scan *s, int depth);

static void skip_members(isplit__scan *s, char close, int depth)
{
    bool first = true;

    s->at++;
    if (depth == MAX_DEPTH)
        s->bad = true;
    while (isplit__scan_next(s, close, &first)) {
        if (close == '}')
            (void)isplit__scan_key(s);
        skip_value(s, depth + 1);
    }
}

static void skip_value(isplit__scan *s, int depth)
{
    if (s->bad)
        return;
    switch (peek(s)) {
    case '{':
        skip_members(s, '}', depth);
        break;
    case '[':
        skip_members(s, ']', depth);
        break;
    case '"':
        (void)scan_text(s);
        break;
    case 't':
        scan_word(s, "true");
        break;
    case 'f':
        scan_word(s, "false");
        break;
    case 'n':
        scan_word(s, "null");
        break;
    default:
        scan_number(s);
        break;
    }
}

isplit__slice isplit__scan_value(isplit__scan *s)
{
    (void)peek(s);
    const char *from = s->at;

    skip_value(s, 0);
    if (s->bad)
        return (isplit__slice){.at = "", .len = 0};
    return (isplit__slice){.at = from, .len = (size_t)(s->at - from)};
}

bool isplit__scan_finish(isplit__scan *s)
{
    (void)peek(s);
    return !s->bad && s->at == s->end;
}
