/**
 * @file body.h
 * The values of an entry as an event's body, in and out.
 *
 *   add   amount cat? cur? date? fx? items? mode note? paid shares type
 *   pay   amount cur? date? from note? to
 *
 * Spec     docs/spec/16-ledger.md, sections 2.2 and 4.3
 */
#ifndef ISPLIT_BODY_H
#define ISPLIT_BODY_H

#include <jansson.h>

#include "ledger/events.h"
#include "text/buf.h"

/** The values of an entry with the memory for its lists. */
typedef struct isplit__value {
    isplit_entry entry; /* no id, no author, no time; texts are borrowed */
    isplit_share paid[ISPLIT__ENTRY_MAX_NAMES];
    isplit_share shares[ISPLIT__ENTRY_MAX_NAMES];
    int64_t values[ISPLIT__ENTRY_MAX_NAMES];
    isplit_item items[ISPLIT_SPLIT_MAX_ITEMS];
} isplit__value;

/** Read and check a body of kind "add" or "pay"; false when it says nothing to us, which
 * a later version may understand. */
bool isplit__body_read(const json_t *body, bool is_payment, isplit__value *out);

/** Append the canonical body of an entry. */
void isplit__body_write(isplit__buf *b, const isplit_entry *e);

#define ISPLIT__NOTE_MAX_BYTES 1000

/** What a person says in his own words, trimmed; may be NULL. @return 0;
 * IC_ERR_INVALID */
int isplit__note_read(const char *typed, const char **text, size_t *len,
                      isplit_reason *why);

/** Make parts of `from` parts of `total` in proportion, each less than a unit from its
 * exact part; false when one comes to nothing that was something. */
bool isplit__scale(isplit_share *parts, size_t count, int64_t from, int64_t total);

/** Is this a day of the calendar, YYYY-MM-DD? */
bool isplit__date_valid(const char *date);

#endif
