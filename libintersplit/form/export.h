/**
 * @file export.h
 * What the exports have in common.
 */
#ifndef ISPLIT_EXPORT_H
#define ISPLIT_EXPORT_H

#include "intersplit/export.h"
#include "text/buf.h"

#define ISPLIT__DATE_BYTES 11 /* "2026-11-23" with its final zero */

/** Write each entry that moves balances, with its day. */
typedef void (*isplit__export_cb)(isplit__buf *b, const isplit_state *state,
                                  const isplit_entry *entry, const char *date);
void isplit__export_entries(isplit__buf *b, const isplit_state *state,
                            isplit__export_cb put);

/** The day of an entry; one outside of 1400 to 2999, which no other program reads, is
 * moved to the nearer end. */
void isplit__export_date(const isplit_entry *entry, char out[ISPLIT__DATE_BYTES]);

/** The code of the entry's currency, "" when neither it nor the room has one. */
const char *isplit__export_currency(const isplit_state *state, const isplit_entry *entry);

/** What stands beside this name, all in all. */
int64_t isplit__export_part(const isplit_share *shares, size_t count, const char *name);

/** {"app":"intersplit","version":1,"generatedAt":..,"channel":.. without the end. */
void isplit__export_head(isplit__buf *b, const isplit_state *state, int64_t at_ms);

/* export_csv.c */
void isplit__export_splitwise(isplit__buf *b, const isplit_state *state, int64_t at_ms);
void isplit__export_csv(isplit__buf *b, const isplit_state *state,
                        isplit_export_what what);

/* export_settle.c */
/** Is this a room as the original knows it: one currency, without a name, two decimals?
 */
bool isplit__export_is_plain(const isplit_state *state);
int isplit__export_settlements(isplit__buf *b, const isplit_state *state,
                               isplit_export_format format, int64_t at_ms);

/* export_plain.c */
void isplit__export_ledger(isplit__buf *b, const isplit_state *state,
                           isplit_export_format format);
void isplit__export_beancount(isplit__buf *b, const isplit_state *state);

#endif
