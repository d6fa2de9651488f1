/**
 * @file intersplit/command.h
 * The assistant line: what a person types, as a command.
 *
 *   add alice 30 split alice,bob note dinner
 *   add alice=25+bob=5 30 EUR split alice*2,bob cat food on 2026-11-23
 *   bob -> alice: 15.00
 *   balance | list | persist | restore | clear | help
 *
 * Spec     docs/spec/16-ledger.md, section 5.3
 * Threads  pure functions
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef INTERSPLIT_COMMAND_H
#define INTERSPLIT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intersplit/book.h"
#include "intersplit/money.h"
#include "intersplit/plan.h"
#include "intersplit/reason.h"

IC_BEGIN_DECLS

#define ISPLIT_COMMAND_MAX_BYTES 4096

typedef enum isplit_command_kind {
    ISPLIT_COMMAND_ADD = 1, /* an expense */
    ISPLIT_COMMAND_REFUND,
    ISPLIT_COMMAND_PAY,
    ISPLIT_COMMAND_EDIT, /* `ref` becomes what the draft says */
    ISPLIT_COMMAND_VOID,
    ISPLIT_COMMAND_UNVOID,
    ISPLIT_COMMAND_CONFIRM,
    ISPLIT_COMMAND_DISPUTE,
    ISPLIT_COMMAND_EVERY, /* the draft comes again and again, or which ones do */
    ISPLIT_COMMAND_MEMBER,
    ISPLIT_COMMAND_ROOM,
    ISPLIT_COMMAND_LIST,
    ISPLIT_COMMAND_BALANCE,
    ISPLIT_COMMAND_WHY,
    ISPLIT_COMMAND_HISTORY,
    ISPLIT_COMMAND_PERSIST,
    ISPLIT_COMMAND_RESTORE,
    ISPLIT_COMMAND_EXPORT,
    ISPLIT_COMMAND_CLEAR,
    ISPLIT_COMMAND_SEND,
    ISPLIT_COMMAND_HELP
} isplit_command_kind;

/** One command. All texts belong to it; those that it does not have are NULL. */
typedef struct isplit_command {
    isplit_command_kind kind;
    isplit_draft draft; /* of ADD, REFUND, PAY, EDIT, EVERY; of a preset, its parts */
    const char
        *ref; /* of EDIT to DISPUTE and HISTORY: first digits of an id, or "last" */
    const char *text; /* of SEND the message, of VOID to DISPUTE the reason, of MEMBER and
                         ROOM the value */
    const char *name; /* of MEMBER; of WHY who pays; of BALANCE via whom; of a preset */
    const char *to;   /* of WHY */
    const char *setting;  /* of MEMBER: joins, leaves, returns, claim, weight, show; of
                             ROOM:   currency, rotate, edit, count, unsigned, writers,
                             preset, default, NULL = show them all */
    const char *format;   /* of EXPORT: text and so on; NULL = text */
    const char *what;     /* of EXPORT: settlements (NULL), balances, expenses */
    isplit_repeat repeat; /* of EVERY; step 0: show the recurring entries */
    isplit_member_deed member; /* of MEMBER: the same, as the book takes it */
    isplit_plan_mode plan;     /* of BALANCE */
} isplit_command;

/** "add", "refund", "pay" ...: the word that such a command begins with; static. */
IC_API const char *isplit_command_word(isplit_command_kind kind);

/**
 * Read one line. Names and amounts are checked by the book.
 *
 * @param out  isplit_command_free
 * @return 0; IC_ERR_INVALID with the mistake, or the nearest command, in `why`;
 *         IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_command_parse(const char *text, size_t len,
                                         isplit_command **out, isplit_reason *why);

/** An entry as a program has it, member by member; NULL = not said. */
typedef struct isplit_fields {
    const char *payer; /* "alice", "alice=25+bob=5"; here and in the next two names may
                          hold blanks, and each text is read like its clause of a line */
    const char *split; /* "alice,bob", "alice*2,bob" */
    const char *items; /* "12.50 pizza for alice,bob; 8 wine for bob" */
    const char *extra; /* "9.09": tax and tip */
    const char *amount;
    const char *rest_to;
    const char *currency;
    const char *rate;
    const char *category;
    const char *date;
    const char *note;
    bool only;
    bool amount_strict;
} isplit_fields;

/**
 * The same draft as from a line.
 *
 * @param type   what it will be
 * @param out    a command ADD, REFUND or PAY: isplit_command_free
 * @param field  which member was refused; may be NULL
 * @return as isplit_command_parse
 */
IC_API IC_CHECK int isplit_command_compose(isplit_entry_type type,
                                           const isplit_fields *fields,
                                           isplit_command **out, isplit_field *field,
                                           isplit_reason *why);

/** What the command does to the room, for isplit_book_do; false when it only asks or does
 * something else. `out` borrows from the command. */
IC_API bool isplit_command_deed(const isplit_command *command, isplit_deed *out);

#define ISPLIT_MAX_PRESETS 16 /* of a room */
#define ISPLIT_MAX_WRITERS 48

/** Settings with memory for what a command puts into them. */
typedef struct isplit_new_settings {
    isplit_settings settings;
    isplit_preset presets[ISPLIT_MAX_PRESETS];
    isplit_share parts[ISPLIT_SPLIT_MAX_MEMBERS];
    const char *writers[ISPLIT_MAX_WRITERS];
    char keys[ISPLIT_MAX_WRITERS][65];
    char currency[ISPLIT_CURRENCY_MAX];
} isplit_new_settings;

/**
 * What a command ROOM makes of the settings of its room, for a deed ISPLIT_DEED_SET.
 *
 * @param out  borrows from the command and from `now`
 * @return 0; IC_ERR_INVALID and why, also when the command only asks for them
 */
IC_API IC_CHECK int isplit_command_settings(const isplit_command *command,
                                            const isplit_settings *now,
                                            isplit_new_settings *out, isplit_reason *why);

IC_API void isplit_command_free(isplit_command *command);

/** The commands, one a line, for people; static. */
IC_API const char *isplit_command_help(void);

IC_END_DECLS

#endif
