/**
 * @file words.h
 * A line of the assistant as words, and the texts that a command keeps of it.
 */
#ifndef ISPLIT_WORDS_H
#define ISPLIT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "intersplit/command.h"
#include "ledger/events.h"

#define ISPLIT__WORDS_MAX_HAD 256 /* names in the items of one bill */

/** What is left of the line. */
typedef struct isplit__words {
    const char *at;
    const char *end;
    bool spaced; /* one field of a program: names may hold blanks, and no other clause
                    follows */
} isplit__words;

/** The command that is being read; `put` is where its next text goes. */
typedef struct isplit__draft_command {
    isplit_command command;
    isplit_part payers[ISPLIT__ENTRY_MAX_NAMES];
    isplit_part parts[ISPLIT__ENTRY_MAX_NAMES];
    isplit_draft_item items[ISPLIT_SPLIT_MAX_ITEMS];
    const char *had[ISPLIT__WORDS_MAX_HAD]; /* names of items, one after the other */
    size_t had_count;
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
/** The same for a mark, which needs no space after it. */
bool isplit__words_mark(isplit__words *w, const char *mark);

/**
 * A name: between quotes, or up to white space or one of `stops`, or an arrow.
 *
 * @return 0, or IC_ERR_INVALID when there is none or a quote is missing
 */
int isplit__words_name(isplit__words *w, const char *stops, isplit__draft_command *into,
                       const char **name, isplit_reason *why);

/** Step over what there is up to white space or one of `stops`. */
void isplit__words_skip(isplit__words *w, const char *stops);
/** The same after white space, kept in `*value`. @return 0, or IC_ERR_INVALID when there
 * is nothing */
int isplit__words_value(isplit__words *w, const char *stops, isplit__draft_command *into,
                        const char **value, isplit_reason *why);

/** Keep a copy in the command. */
char *isplit__words_keep(isplit__draft_command *into, const char *text, size_t len);

/** The next word, kept. @return 0; IC_ERR_INVALID with `missing` at the end of the line
 */
int isplit__words_word(isplit__words *w, isplit__draft_command *into, const char **out,
                       const char *missing, isplit_reason *why);

/** Which of the words, which have blanks between, `text` is, in either case; -1 = none.
 */
int isplit__words_place(const char *words, const char *text, size_t len);

/** The rest of the line, trimmed. */
const char *isplit__words_rest(isplit__words *w, isplit__draft_command *into);

/* Each reads one clause without the word that it begins with. */
int isplit__command_payers(isplit__words *w, isplit__draft_command *into,
                           isplit_reason *why);
int isplit__command_split(isplit__words *w, isplit__draft_command *into,
                          isplit_reason *why);
int isplit__command_items(isplit__words *w, isplit__draft_command *into,
                          isplit_reason *why);
int isplit__command_refuse_setting(isplit_reason *why);
/** When all clauses are read. */
int isplit__command_draft(isplit__draft_command *into, isplit_reason *why);

/* Each reads what follows the word that it is called by. */
int isplit__command_add(isplit__words *w, isplit__draft_command *into,
                        isplit_reason *why);
int isplit__command_pay(isplit__words *w, isplit__draft_command *into,
                        isplit_reason *why);
int isplit__command_export(isplit__words *w, isplit__draft_command *into,
                           isplit_reason *why);
int isplit__command_balance(isplit__words *w, isplit__draft_command *into,
                            isplit_reason *why);
int isplit__command_why(isplit__words *w, isplit__draft_command *into,
                        isplit_reason *why);
int isplit__command_member(isplit__words *w, isplit__draft_command *into,
                           isplit_reason *why);
int isplit__command_room(isplit__words *w, isplit__draft_command *into,
                         isplit_reason *why);

#endif
