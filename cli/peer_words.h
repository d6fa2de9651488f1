/**
 * @file peer_words.h
 * Words that complete a line: what they share, and how they are shown.
 */
#ifndef PEER_WORDS_H
#define PEER_WORDS_H

#include <stddef.h>

#include "base/buf.h"

#define PEER_WORDS_SHOWN 100 /* further ones only count */

typedef struct peer_words {
    char *items[PEER_WORDS_SHOWN];
    size_t count; /* all that were offered */
    size_t kept;  /* in items */
    size_t same;  /* bytes that all begin with */
} peer_words;

/** Keep a copy; `words` is a peer_words that began as {0}. */
void peer_words_add(const char *word, void *words);

/** All kept words in columns of a screen that is `columns` wide, each row ended by a line
 * feed. */
void peer_words_layout(const peer_words *words, size_t columns, ic__buf *out);

void peer_words_free(peer_words *words);

#endif
