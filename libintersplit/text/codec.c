#include "text/codec.h"

#include <inttypes.h>
#include <string.h>

#include "text/name.h"

isplit__codec isplit__codec_writer(isplit__buf *out)
{
    return (isplit__codec){.out = out};
}

isplit__codec isplit__codec_reader(const char *text, size_t len, char *pool)
{
    return (isplit__codec){.at = text, .end = text + len, .pool = pool};
}

bool isplit__codec_finish(const isplit__codec *c)
{
    return !c->bad && c->at == c->end;
}

void isplit__codec_check(isplit__codec *c, bool good)
{
    c->bad = c->bad || (!c->out && !good);
}

/* Step over this text if it comes next. */
static bool take(isplit__codec *c, const char *text)
{
    size_t len = strlen(text);

    if (c->bad || (size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
        return false;
    c->at += len;
    return true;
}

static void pass(isplit__codec *c, const char *text)
{
    if (c->out)
        isplit__buf_text(c->out, text);
    else
        c->bad = !take(c, text);
}

/* Does what comes next stand first in its brackets, where no comma is? */
static bool is_first(const isplit__codec *c)
{
    char before = c->out ? c->out->data[c->out->len - 1] : c->at[-1];

    return before == '{' || before == '[';
}

bool isplit__codec_has(isplit__codec *c, const char *key, bool there)
{
    const char *from = c->at;

    if (c->out && there && !c->out->bad)
        isplit__buf_printf(c->out, "%s\"%s\":", is_first(c) ? "" : ",", key);
    if (c->out || c->bad)
        return c->out && there;
    if ((is_first(c) || take(c, ",")) && take(c, "\"") && take(c, key) && take(c, "\":"))
        return true;
    c->at = from;
    return false;
}

bool isplit__codec_more(isplit__codec *c, bool there)
{
    if (c->out ? !there || c->out->bad
               : c->bad || c->at == c->end || *c->at == ']' || *c->at == '}')
        return false;
    if (!is_first(c))
        pass(c, ",");
    return !c->bad;
}

static void pass_key(isplit__codec *c, const char *key)
{
    if (key)
        isplit__codec_check(c, isplit__codec_has(c, key, true));
}

void isplit__codec_open(isplit__codec *c, const char *key, char bracket)
{
    pass_key(c, key);
    pass(c, (const char[]){bracket, 0});
}

void isplit__codec_close(isplit__codec *c, char bracket)
{
    pass(c, (const char[]){bracket, 0});
}

int64_t isplit__codec_number(isplit__codec *c, const char *key, int64_t v, int64_t least,
                             int64_t most)
{
    pass_key(c, key);
    if (c->out) {
        isplit__buf_printf(c->out, "%" PRId64, v);
        return v;
    }
    const char *from = c->at;
    for (v = 0; !c->bad && c->at < c->end && *c->at >= '0' && *c->at <= '9' && v <= most;)
        v = v * 10 + (*c->at++ - '0');
    isplit__codec_check(c, c->at > from && (*from != '0' || c->at == from + 1) &&
                               v >= least && v <= most);
    return c->bad ? least : v;
}

bool isplit__codec_bool(isplit__codec *c, const char *key, bool v)
{
    pass_key(c, key);
    if (!c->out)
        v = take(c, "true");
    if (c->out || !v)
        pass(c, v ? "true" : "false");
    return v;
}

/* The character that a backslash begins, in the one form that canonical text has; 0 when
 * there is none. */
static char take_escape(isplit__codec *c)
{
    static const char letters[] = "\"\\btnfr";
    static const char meant[] = "\"\\\b\t\n\f\r";
    static const char digits[] = "0123456789abcdef";
    const char *letter = c->at < c->end && *c->at ? strchr(letters, *c->at) : NULL;

    if (letter) {
        c->at++;
        return meant[letter - letters];
    }
    if (!take(c, "u00") || c->end - c->at < 2 || (*c->at != '0' && *c->at != '1'))
        return 0;
    const char *low = c->at[1] ? strchr(digits, c->at[1]) : NULL;
    char code = low ? (char)((*c->at == '1' ? 16 : 0) + (low - digits)) : 0;
    c->at += 2;
    return code;
}

/* Up to the closing quote, into the pool. */
static const char *take_text(isplit__codec *c)
{
    char *put = c->pool;
    unsigned char any = 0;

    while (!c->bad && c->at < c->end && *c->at != '"') {
        char letter = *c->at++;
        isplit__codec_check(c, (unsigned char)letter >= 0x20);
        if (letter == '\\') {
            letter = take_escape(c);
            isplit__codec_check(c, letter != 0);
        }
        any |= (unsigned char)letter;
        *put++ = letter;
    }
    pass(c, "\"");
    if (c->bad)
        return "";
    *put = 0;
    const char *text = c->pool;
    isplit__codec_check(c, any < 0x80 || isplit__utf8_valid(text, (size_t)(put - text)));
    c->pool = put + 1;
    return text;
}

const char *isplit__codec_text(isplit__codec *c, const char *key, const char *text)
{
    pass_key(c, key);
    if (c->out) {
        isplit__buf_json_text(c->out, text, strlen(text));
        return text;
    }
    pass(c, "\"");
    return take_text(c);
}

const char *isplit__codec_text_if(isplit__codec *c, const char *key, const char *text)
{
    bool there = c->out && text && *text;

    return isplit__codec_has(c, key, there) ? isplit__codec_text(c, NULL, text) : "";
}

const char *isplit__codec_free_key(isplit__codec *c, const char *key)
{
    key = isplit__codec_text(c, NULL, key);
    pass(c, ":");
    return key;
}

unsigned isplit__codec_word(isplit__codec *c, const char *key, const char *const *words,
                            unsigned number)
{
    const char *word = isplit__codec_text(c, key, c->out ? words[number] : NULL);

    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    isplit__codec_check(c, false);
    return 0;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t take_hex(isplit__codec *c, uint8_t *bytes, size_t most)
{
    size_t len = 0;

    for (; len < most && c->end - c->at >= 2; c->at += 2) {
        int high = digit_of(c->at[0]);
        int low = digit_of(c->at[1]);
        if (high < 0 || low < 0) /* the closing quote, or not as described */
            break;
        bytes[len++] = (uint8_t)(high << 4 | low);
    }
    return len;
}

size_t isplit__codec_hex(isplit__codec *c, const char *key, uint8_t *bytes, size_t len,
                         size_t least, size_t most)
{
    isplit__codec_open(c, key, '"');
    if (c->out)
        isplit__buf_hex(c->out, bytes, len);
    else
        len = take_hex(c, bytes, most);
    isplit__codec_check(c, len >= least);
    isplit__codec_close(c, '"');
    return len;
}

isplit__slice isplit__codec_raw(isplit__codec *c, const char *key, isplit__slice value)
{
    pass_key(c, key);
    if (c->out) {
        isplit__buf_add(c->out, value.at, value.len);
        return value;
    }
    isplit__scan s = {.at = c->at, .end = c->end, .bad = c->bad};
    value = isplit__scan_value(&s);
    c->at = s.at;
    c->bad = s.bad;
    return value;
}
