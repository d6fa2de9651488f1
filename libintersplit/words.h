/**
 * @file words.h
 * A line of the assistant as words, and the texts that a command keeps of it.
 */
#ifndef ISPLIT_WORDS_H
#define ISPLIT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "events.h"
#include "intersplit/command.h"

/** What is left of the line. */
typedef struct isplit__words {
    const char *at;
    const char *end;
} isplit__words;

/** The command that is being read; `put` is where its next text goes. */
typedef struct isplit__draft_command {
    isplit_command command;
    isplit_part parts[ISPLIT__ENTRY_MAX_NAMES];
    char *put;
    char texts[]; /* never more than the line and a zero byte */
} isplit__draft_command;

/** Step over white space; false at the end of the line. */
bool isplit__words_more(isplit__words *w);

/** The next word up to white space, left in place; false at the end. */
bool isplit__words_peek(const isplit__words *w, const char **word, size_t *len);

/** Does the next word say this, in either case? */
bool isplit__words_next_is(const isplit__words *w, const char *word);
/** Then step over it. */
bool isplit__words_take(isplit__words *w, const char *word);

/**
 * A name: between quotes, or up to white space or one of `stops`.
 *
 * @return 0, or IC_ERR_INVALID when there is none or a quote is missing
 */
int isplit__words_name(isplit__words *w, const char *stops, isplit__draft_command *into,
                       const char **name, isplit_reason *why);

/** Keep a copy in the command. */
const char *isplit__words_keep(isplit__draft_command *into, const char *text, size_t len);

/** The rest of the line, trimmed. */
const char *isplit__words_rest(isplit__words *w, isplit__draft_command *into);

/** Read what follows the word "add". */
int isplit__command_add(isplit__words *w, isplit__draft_command *into,
                        isplit_reason *why);

#endif
