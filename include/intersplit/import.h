/**
 * @file intersplit/import.h
 * Entries of other expense trackers, from the files that they export.
 *
 * Each row becomes one entry whose balances are those of the row, to the unit. What a row
 * says is its mark: the same row is recognised when it comes again, also in a longer file
 * and also when another peer imports it who has the entries of the first. A row that was
 * changed since is a new one, where the file gives its rows no names; where it does
 * (JSON), it is the old one and is left as it is.
 *
 * Spec     docs/spec/16-ledger.md, section 1.2
 * Threads  an import belongs to one thread
 * Errors   0 or a negative ic_error, and for a mistake in the file a sentence in `why`
 * that begins with the line; outputs are written only on 0
 */
#ifndef INTERSPLIT_IMPORT_H
#define INTERSPLIT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "intercom/api.h"
#include "intersplit/book.h"
#include "intersplit/reason.h"

IC_BEGIN_DECLS

#define ISPLIT_IMPORT_MAX_ROWS 100000

typedef enum isplit_import_format {
    ISPLIT_IMPORT_GUESS = 0,      /* by the titles of the columns */
    ISPLIT_IMPORT_SPLITWISE,      /* "export as spreadsheet", and our own */
    ISPLIT_IMPORT_SPLITWISE_JSON, /* get_expenses of its API */
    ISPLIT_IMPORT_SPLIIT,         /* CSV; it does not always say who paid */
    ISPLIT_IMPORT_SPLIIT_JSON,
    ISPLIT_IMPORT_IHATEMONEY, /* CSV of the bills */
    ISPLIT_IMPORT_COSPEND     /* CSV of a project: bills, members, categories */
} isplit_import_format;

/** "splitwise", "splitwise-json", "spliit", ...; static. */
IC_API const char *isplit_import_format_name(isplit_import_format format);
/** The format of that name. @return 0; IC_ERR_INVALID and the choices in `why` */
IC_API IC_CHECK int isplit_import_format_read(const char *name,
                                              isplit_import_format *format,
                                              isplit_reason *why);

typedef struct isplit_import isplit_import; /* value: read, free */

/**
 * Read a file.
 *
 * @param text  UTF-8, only read during the call
 * @return 0; IC_ERR_INVALID (a mistake in the file, or no format that we know);
 *         IC_ERR_LIMIT (more than ISPLIT_IMPORT_MAX_ROWS rows); IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_import_read(const char *text, size_t len,
                                       isplit_import_format format, isplit_import **out,
                                       isplit_reason *why);
IC_API void isplit_import_free(isplit_import *import);

/** What a file holds. */
typedef struct isplit_import_info {
    isplit_import_format format;
    size_t rows;    /* that become entries */
    size_t passed;  /* deleted ones, totals, and rows without money */
    size_t rounded; /* amounts with more decimals than their currency has */
} isplit_import_info;

IC_API void isplit_import_info_get(const isplit_import *import, isplit_import_info *out);

/** What became of the rows. */
typedef struct isplit_imported {
    size_t added;
    size_t known; /* were there before, void or changed meanwhile or not */
} isplit_imported;

/** Called now and then; false stops the import. */
typedef bool (*isplit_import_progress_cb)(size_t done, size_t rows, void *user);

/**
 * Write the rows that the room does not have, all or none. To see what would happen, do
 * it to a copy of the store or to a room in memory.
 *
 * @param progress  may be NULL
 * @return 0; IC_ERR_INVALID (a row that the room refuses), IC_ERR_LIMIT (more events than
 *         one key may write), IC_ERR_CANCELED (by `progress`), or as isplit_book_add;
 *         after an error the room is as it was
 */
IC_API IC_CHECK int isplit_import_apply(const isplit_import *import, isplit_book *book,
                                        const char *room,
                                        isplit_import_progress_cb progress, void *user,
                                        isplit_imported *out, isplit_reason *why);

IC_END_DECLS

#endif
