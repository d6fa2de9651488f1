/**
 * @file intersplit/command.h
 * The assistant line: what a person types, as a command.
 *
 *   add alice 30 split alice,bob note dinner
 *   add alice 30 split only bob
 *   balance | list | persist | restore | clear | help
 *   export [text | json | csv]
 *   send hello there
 *
 * Spec     docs/spec/16-ledger.md, section 5.3
 * Threads  pure functions
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef INTERSPLIT_COMMAND_H
#define INTERSPLIT_COMMAND_H

#include <stddef.h>

#include "intercom/api.h"
#include "intersplit/book.h"
#include "intersplit/form.h"
#include "intersplit/reason.h"

IC_BEGIN_DECLS

#define ISPLIT_COMMAND_MAX_BYTES 4096

typedef enum isplit_command_kind {
    ISPLIT_COMMAND_ADD = 1,
    ISPLIT_COMMAND_LIST,
    ISPLIT_COMMAND_BALANCE,
    ISPLIT_COMMAND_PERSIST,
    ISPLIT_COMMAND_RESTORE,
    ISPLIT_COMMAND_EXPORT,
    ISPLIT_COMMAND_CLEAR,
    ISPLIT_COMMAND_SEND,
    ISPLIT_COMMAND_HELP
} isplit_command_kind;

/** One command. All texts belong to it. */
typedef struct isplit_command {
    isplit_command_kind kind;
    isplit_draft draft;          /* of ADD, ready for isplit_book_add */
    isplit_export_format format; /* of EXPORT */
    const char *text;            /* of SEND: the message */
} isplit_command;

/**
 * Read one line. Names and amounts are checked by isplit_book_add.
 *
 * @param out  isplit_command_free
 * @return 0; IC_ERR_INVALID with the mistake, or the nearest command, in `why`;
 *         IC_ERR_UNSUPPORTED for what the grammar knows but this version cannot do;
 *         IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_command_parse(const char *text, size_t len,
                                         isplit_command **out, isplit_reason *why);

IC_API void isplit_command_free(isplit_command *command);

/** The commands, one a line, for people; static. */
IC_API const char *isplit_command_help(void);

IC_END_DECLS

#endif
