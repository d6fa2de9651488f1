/**
 * @file form.h
 * What the forms have in common.
 */
#ifndef ISPLIT_FORM_H
#define ISPLIT_FORM_H

#include "intersplit/entry.h"
#include "intersplit/plan.h"
#include "ledger/events.h"
#include "text/buf.h"

/* Each of these writes `before` as it is, then a value. */

/** "30.00"; with `sign` "+30.00". */
void isplit__form_amount(isplit__buf *b, const char *before, int64_t minor,
                         unsigned exponent, bool sign);

/** Text from people on one line: control characters and direction marks are escaped. */
void isplit__form_text(isplit__buf *b, const char *before, const char *text);

/** 2026-11-23T07:22:07.000Z, as JavaScript's toISOString. */
void isplit__form_time(isplit__buf *b, const char *before, int64_t at_ms);

/** A text, number, truth or amount of JSON. */
void isplit__json_text(isplit__buf *b, const char *before, const char *text);
void isplit__json_number(isplit__buf *b, const char *before, int64_t number);
void isplit__json_bool(isplit__buf *b, const char *before, bool is);
void isplit__json_amount(isplit__buf *b, const char *before, int64_t minor,
                         unsigned exponent);

/** The text in `out` when all went well, else nothing of it. @return err, IC_ERR_NOMEM */
int isplit__form_finish(isplit__buf *b, int err, char **out);

/** "[expense:trip-nyc] " */
void isplit__form_room(isplit__buf *b, const isplit_state *state);

/** "alice paid 30.00 | split=alice,bob | note=dinner", and what an entry has more. */
void isplit__form_values(isplit__buf *b, const isplit_entry *e);

/** The names of the flags that somebody should know, commas between and `before` in front
 * of the first. */
void isplit__form_marks(isplit__buf *b, unsigned flags, const char *before,
                        const char *quote);

/** The object "event" of the bridge as the original has it, without its closing brace. */
void isplit__form_entry(isplit__buf *b, const isplit_entry *entry);

/** All of it. */
void isplit__form_event(isplit__buf *b, const isplit_entry *entry);

/** The export as JSON.stringify(..., null, 2) writes it. */
void isplit__form_export_json(isplit__buf *b, const isplit_state *state,
                              const isplit_plan *plan, int64_t at_ms);

#endif
