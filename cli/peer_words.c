#include "peer_words.h"

#include <string.h>

#include "intercom/sys/mem.h"
#include "peer_text.h"

#define BETWEEN 2

void peer_words_add(const char *word, void *words)
{
    peer_words *w = words;
    size_t len = strlen(word);
    size_t same = 0;

    if (w->kept) {
        while (same < w->same && w->items[0][same] == word[same])
            same++;
    }
    w->same = w->count ? same : len;
    w->count++;
    if (w->kept == PEER_WORDS_SHOWN)
        return;
    char *copy = ic_mem_alloc(len + 1);
    if (!copy) {
        w->same = 0; /* nothing is inserted that was not compared */
        return;
    }
    memcpy(copy, word, len + 1);
    w->items[w->kept++] = copy;
}

static size_t width_of(const char *word)
{
    return peer_text_columns(word, word + strlen(word));
}

void peer_words_layout(const peer_words *words, size_t columns, ic__buf *out)
{
    size_t widest = 1;

    for (size_t i = 0; i < words->kept; i++) {
        size_t width = width_of(words->items[i]);
        if (width > widest)
            widest = width;
    }
    size_t each = widest + BETWEEN;
    size_t row = columns + BETWEEN > each ? (columns + BETWEEN) / each : 1;
    for (size_t i = 0; i < words->kept; i++) {
        bool last = (i + 1) % row == 0 || i + 1 == words->kept;
        peer_text_safe(out, words->items[i]);
        if (last)
            ic__buf_char(out, '\n');
        else
            ic__buf_printf(out, "%*s", (int)(each - width_of(words->items[i])), "");
    }
}

void peer_words_free(peer_words *words)
{
    for (size_t i = 0; i < words->kept; i++)
        ic_mem_free(words->items[i]);
    *words = (peer_words){0};
}
