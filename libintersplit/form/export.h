/**
 * @file export.h
 * What the exports have in common.
 */
#ifndef ISPLIT_EXPORT_H
#define ISPLIT_EXPORT_H

#include "intersplit/export.h"
#include "text/buf.h"

#define ISPLIT__DATE_BYTES 11 /* "2026-11-23" with its final zero */

/** Does this entry move balances? */
bool isplit__export_counts(const isplit_entry *entry);

/** The day of an entry; one outside of 1400 to 2999, which no other program reads, is
 * moved to the nearer end. */
void isplit__export_date(const isplit_entry *entry, char out[ISPLIT__DATE_BYTES]);

/** The code of the entry's currency, "" when neither it nor the room has one. */
const char *isplit__export_currency(const isplit_state *state, const isplit_entry *entry);

/** How much better off this member is for the entry, in its minor units. */
int64_t isplit__export_net(const isplit_entry *entry, const char *name);

/** Tell each member of the room once, in name order. */
typedef void (*isplit__export_name_cb)(isplit__buf *b, const char *name, void *user);
void isplit__export_names(isplit__buf *b, const isplit_state *state,
                          isplit__export_name_cb tell, void *user);

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
