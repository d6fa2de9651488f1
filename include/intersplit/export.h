/**
 * @file intersplit/export.h
 * A room for other programs: spreadsheets, other expense trackers, plain text accounting.
 *
 * What is void, cleared or left out by a setting of the room is left out, so a program
 * that adds up what it is given comes to our balances.
 *
 * Spec     docs/spec/16-ledger.md, sections 0 and 1.2
 * Threads  pure functions
 * Errors   0 or a negative ic_error; outputs are written only on 0. Texts are UTF-8
 */
#ifndef INTERSPLIT_EXPORT_H
#define INTERSPLIT_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intersplit/entry.h"
#include "intersplit/form.h"
#include "intersplit/reason.h"

IC_BEGIN_DECLS

typedef enum isplit_export_what {
    ISPLIT_EXPORT_SETTLEMENTS = 0,
    ISPLIT_EXPORT_BALANCES,
    ISPLIT_EXPORT_EXPENSES
} isplit_export_what;

/**
 * Write a room.
 *
 * Text, JSON and CSV are of what `what` says; the other formats are made of entries and
 * `what` says nothing to them. Text, and settlements in any form, end without a line
 * feed, as the original's do.
 *
 * @param at_ms  becomes the time of the export
 * @param out    free with ic_mem_free
 * @return 0 or IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_export_write(const isplit_state *state,
                                        isplit_export_what what,
                                        isplit_export_format format, int64_t at_ms,
                                        char **out);

/** "text", "json", "csv", "splitwise", "ledger", "hledger" or "beancount"; static. */
IC_API const char *isplit_export_format_name(isplit_export_format format);
/** "settlements", "balances" or "expenses"; static. */
IC_API const char *isplit_export_what_name(isplit_export_what what);

/**
 * The names of a format and of what to export, as a user gives them.
 *
 * @param format  in any case; NULL or "" = text
 * @param what    the same; NULL or "" = settlements
 * @return 0; IC_ERR_INVALID and the choices in `why`
 */
IC_API IC_CHECK int isplit_export_read(const char *format, const char *what,
                                       isplit_export_format *format_out,
                                       isplit_export_what *what_out, isplit_reason *why);

IC_END_DECLS

#endif
