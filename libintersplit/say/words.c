#include "say/words.h"

#include <string.h>

#include "intercom/error.h"
#include "text/reason.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

bool isplit__words_more(isplit__words *w)
{
    while (w->at < w->end && is_space(*w->at))
        w->at++;
    return w->at < w->end;
}

bool isplit__words_peek(const isplit__words *w, const char **word, size_t *len)
{
    isplit__words copy = *w;

    if (!isplit__words_more(&copy))
        return false;
    *word = copy.at;
    while (copy.at < copy.end && !is_space(*copy.at))
        copy.at++;
    *len = (size_t)(copy.at - *word);
    return true;
}

bool isplit__words_next_is(const isplit__words *w, const char *word)
{
    size_t len = 0;
    const char *next = NULL;

    return isplit__words_peek(w, &next, &len) && len == strlen(word) &&
           strncasecmp(next, word, len) == 0;
}

bool isplit__words_take(isplit__words *w, const char *word)
{
    if (!isplit__words_next_is(w, word))
        return false;
    (void)isplit__words_more(w);
    w->at += strlen(word);
    return true;
}

bool isplit__words_mark(isplit__words *w, const char *mark)
{
    size_t len = strlen(mark);

    if (!isplit__words_more(w) || (size_t)(w->end - w->at) < len ||
        memcmp(w->at, mark, len) != 0)
        return false;
    w->at += len;
    return true;
}

char *isplit__words_keep(isplit__draft_command *into, const char *text, size_t len)
{
    char *kept = into->put;

    memcpy(kept, text, len);
    kept[len] = 0;
    into->put += len + 1;
    return kept;
}

void isplit__words_skip(isplit__words *w, const char *stops)
{
    while (w->at < w->end && !is_space(*w->at) && !strchr(stops, *w->at))
        w->at++;
}

int isplit__words_value(isplit__words *w, const char *stops, isplit__draft_command *into,
                        const char **value, isplit_reason *why)
{
    (void)isplit__words_more(w);
    const char *from = w->at;
    isplit__words_skip(w, stops);
    if (w->at == from)
        return isplit__refuse(why, "a number is missing: split alice=20,bob=10");
    *value = isplit__words_keep(into, from, (size_t)(w->at - from));
    return 0;
}

int isplit__words_word(isplit__words *w, isplit__draft_command *into, const char **out,
                       const char *missing, isplit_reason *why)
{
    const char *word = NULL;
    size_t len = 0;

    if (!isplit__words_peek(w, &word, &len))
        return isplit__refuse(why, "%s", missing);
    w->at = word + len;
    *out = isplit__words_keep(into, word, len);
    return 0;
}

int isplit__words_place(const char *words, const char *text, size_t len)
{
    int place = 0;

    for (const char *at = words; *at; at += strspn(at, " "), place++) {
        size_t n = strcspn(at, " ");
        if (n == len && strncasecmp(at, text, n) == 0)
            return place;
        at += n;
    }
    return -1;
}

const char *isplit__words_rest(isplit__words *w, isplit__draft_command *into)
{
    (void)isplit__words_more(w);
    const char *end = w->end;
    while (end > w->at && is_space(end[-1]))
        end--;
    const char *kept = isplit__words_keep(into, w->at, (size_t)(end - w->at));
    w->at = w->end;
    return kept;
}

static int quoted_name(isplit__words *w, isplit__draft_command *into, const char **name,
                       isplit_reason *why)
{
    const char *from = w->at + 1;
    const char *close = memchr(from, '"', (size_t)(w->end - from));

    if (!close)
        return isplit__refuse(why, "a quote is missing at the end of a name");
    *name = isplit__words_keep(into, from, (size_t)(close - from));
    w->at = close + 1;
    return 0;
}

static bool at_arrow(const isplit__words *w)
{
    return w->end - w->at >= 2 && w->at[0] == '-' && w->at[1] == '>';
}

/* Of "anna maria 50%" and "ben 3:2" the last word is no part of the name. */
static const char *end_of_spaced(const char *from, const char *to)
{
    const char *last = to;

    while (last > from && !is_space(last[-1]))
        last--;
    if (last > from && (to[-1] == '%' || memchr(last, ':', (size_t)(to - last))))
        return last;
    return to;
}

static void skip_spaced_name(isplit__words *w, const char *stops)
{
    const char *from = w->at;

    while (w->at < w->end && *w->at != '"' && !strchr(stops, *w->at))
        w->at++;
    const char *to = w->at;
    while (to > from && is_space(to[-1]))
        to--;
    w->at = end_of_spaced(from, to);
    while (w->at > from && is_space(w->at[-1]))
        w->at--;
}

int isplit__words_name(isplit__words *w, const char *stops, isplit__draft_command *into,
                       const char **name, isplit_reason *why)
{
    if (isplit__words_more(w) && *w->at == '"')
        return quoted_name(w, into, name, why);
    const char *from = w->at;
    if (w->spaced)
        skip_spaced_name(w, stops);
    while (!w->spaced && w->at < w->end && !is_space(*w->at) && *w->at != '"' &&
           !strchr(stops, *w->at) && !at_arrow(w))
        w->at++;
    if (w->at == from)
        return isplit__refuse(why, "a name is missing");
    *name = isplit__words_keep(into, from, (size_t)(w->at - from));
    return 0;
}
