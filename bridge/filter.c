#include "bridge/filter.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "base/utf8.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/name.h"

static uint32_t lower_of(uint32_t code, locale_t unicode)
{
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
    return unicode ? (uint32_t)towlower_l((wint_t)code, unicode) : code;
}

/* The ASCII at the beginning; what follows it. */
static const char *lower_ascii(ic__buf *b, const char *text, const char *end)
{
    for (; text < end && (unsigned char)*text < 0x80; text++)
        ic__buf_char(b, (char)lower_of((unsigned char)*text, (locale_t)0));
    return text;
}

void bridge_lower(ic__buf *b, const char *text, size_t len)
{
    const char *end = text + len;

    text = lower_ascii(b, text, end);
    if (text == end)
        return; /* the locale is read from a file each time */
    locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    while (text < end) {
        uint32_t code = ic__utf8_next(&text, end);
        ic__utf8_add(b, code == IC__UTF8_INVALID ? IC__UTF8_REPLACEMENT
                                                 : lower_of(code, unicode));
    }
    if (unicode)
        freelocale(unicode);
}

/* Is the character at *at one that separates words? It is stepped over. */
static bool separates(const char **at, const char *end)
{
    const char *start = *at;
    size_t left;

    (void)ic__utf8_next(at, end);
    (void)ic__trim(start, (size_t)(*at - start), &left);
    return *start == '+' || *start == ',' || left == 0;
}

static int add_word(bridge_filter *f, const char *word, size_t len, size_t group)
{
    bridge_word *words = ic_mem_resize(f->words, (f->count + 1) * sizeof *words);

    if (!words)
        return IC_ERR_NOMEM;
    f->words = words;
    words[f->count++] = (bridge_word){.at = f->text.len, .group = group};
    bridge_lower(&f->text, word, len);
    ic__buf_char(&f->text, 0);
    return f->text.bad ? IC_ERR_NOMEM : 0;
}

static int add_group(bridge_filter *f, const char *at, const char *end, size_t group)
{
    const char *word = at;
    int error = 0;

    while (at < end && !error) {
        const char *before = at;
        if (!separates(&at, end))
            continue;
        if (before > word)
            error = add_word(f, word, (size_t)(before - word), group);
        word = at;
    }
    return error || at == word ? error : add_word(f, word, (size_t)(at - word), group);
}

int bridge_filter_parse(const char *text, size_t len, bridge_filter *out)
{
    bridge_filter f = {0};
    const char *end = text + len;
    int error = len > BRIDGE_FILTER_MAX ? IC_ERR_LIMIT : 0;

    for (size_t group = 0; !error && text < end; group++) {
        const char *bar = memchr(text, '|', (size_t)(end - text));
        error = add_group(&f, text, bar ? bar : end, group);
        text = bar ? bar + 1 : end;
    }
    if (error) {
        bridge_filter_free(&f);
        return error;
    }
    *out = f;
    return 0;
}

void bridge_filter_free(bridge_filter *filter)
{
    ic__buf_free(&filter->text);
    ic_mem_free(filter->words);
    *filter = (bridge_filter){0};
}

bool bridge_filter_matches(const bridge_filter *filter, const ic__buf *lowered)
{
    const char *text = lowered->data ? lowered->data : "";
    bool all = filter->count == 0; /* words of this group so far */

    for (size_t i = 0; i < filter->count; i++) {
        const bridge_word *w = &filter->words[i];
        const char *word = filter->text.data + w->at;
        if (i == 0 || w->group != w[-1].group) {
            if (all)
                return true;
            all = true;
        }
        all = all && memmem(text, lowered->len, word, strlen(word));
    }
    return all;
}
