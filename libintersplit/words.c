#include "words.h"

#include <string.h>

#include "intercom/error.h"
#include "reason.h"

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

const char *isplit__words_keep(isplit__draft_command *into, const char *text, size_t len)
{
    char *kept = into->put;

    memcpy(kept, text, len);
    kept[len] = 0;
    into->put += len + 1;
    return kept;
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

    if (!close) {
        isplit__reason_set(why, "a quote is missing at the end of a name");
        return IC_ERR_INVALID;
    }
    *name = isplit__words_keep(into, from, (size_t)(close - from));
    w->at = close + 1;
    return 0;
}

int isplit__words_name(isplit__words *w, const char *stops, isplit__draft_command *into,
                       const char **name, isplit_reason *why)
{
    if (isplit__words_more(w) && *w->at == '"')
        return quoted_name(w, into, name, why);
    const char *from = w->at;
    while (w->at < w->end && !is_space(*w->at) && !strchr(stops, *w->at))
        w->at++;
    if (w->at == from) {
        isplit__reason_set(why, "a name is missing");
        return IC_ERR_INVALID;
    }
    *name = isplit__words_keep(into, from, (size_t)(w->at - from));
    return 0;
}
