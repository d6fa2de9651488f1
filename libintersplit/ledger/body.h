/**
 * @file body.h
 * What an event says: one description of each kind's body, for reading and for writing.
 *
 *   add            amount cat? cur? date? fx? items? mode note? paid shares type
 *   pay            amount cur? date? from note? to
 *   amend          body ref
 *   void, unvoid   ref why?          likewise ack, dispute
 *   clear          legacy
 *   member         active key? name show? weight?
 *   recur          body every step until
 *   occur          n ref
 *   room           cur? default? exp? policy? presets? rotate?
 *
 * Spec     docs/spec/16-ledger.md, sections 2.2 and 4.3
 */
#ifndef ISPLIT_BODY_H
#define ISPLIT_BODY_H

#include "ledger/events.h"
#include "ledger/member.h"
#include "ledger/recur.h"
#include "ledger/rules.h"
#include "text/codec.h"

#define ISPLIT__CLEAR_MAX_LEGACY 64 /* as many as 4 096 bytes hold */

/** The values of an entry with the memory for its lists and texts. */
typedef struct isplit__value {
    isplit_entry entry; /* no id, no author, no time */
    isplit_share paid[ISPLIT__ENTRY_MAX_NAMES];
    isplit_share shares[ISPLIT__ENTRY_MAX_NAMES];
    int64_t values[ISPLIT__ENTRY_MAX_NAMES];
    isplit_item items[ISPLIT_SPLIT_MAX_ITEMS];
    char texts[2 * ISPLIT__EVENT_MAX_BYTES]; /* no event holds more than half of it */
    size_t used;
    int64_t left_over; /* of a refused draft, as isplit_book_try says it */
} isplit__value;

/** What an event says; of this what its kind has. */
typedef struct isplit__said {
    isplit__value value;
    isplit__id refs[ISPLIT__CLEAR_MAX_LEGACY];
    size_t ref_count;
    const char *why;
    isplit__claim claim;
    isplit__schedule schedule;
    isplit__rules rules;
} isplit__said;

/** Pass the body of this kind. @return ISPLIT__KIND_OTHER for one that we do not know */
isplit__kind isplit__body_pass(isplit__codec *c, const char *kind, isplit__said *said);

/** Append the body of an entry: of "pay" for a payment, else of "add". */
void isplit__body_write(isplit__buf *b, const isplit_entry *e);

/** A mode with its list: of names, or of pairs of a name and a number. */
typedef struct isplit__listing {
    unsigned modes; /* that may stand here: bit m for mode m */
    isplit_split_mode mode;
    isplit_share *parts;
    size_t count;
    size_t max;   /* parts */
    int64_t most; /* of a number */
} isplit__listing;

void isplit__listing_pass(isplit__codec *c, const char *key, isplit__listing *l);

/** A name that an entry of a peer may hold. */
const char *isplit__name_pass(isplit__codec *c, const char *key, const char *name);
/** An id as hex digits. */
void isplit__id_pass(isplit__codec *c, const char *key, isplit__id *id);
/** Different ids in order, at most `max`; how many. */
size_t isplit__ids_pass(isplit__codec *c, const char *key, isplit__id *ids, size_t count,
                        size_t max);

/** The place of a name among shares, or `count`. */
size_t isplit__place_of(const isplit_share *shares, size_t count, const char *name);

/** Is this a currency's code in its one form? */
bool isplit__code_valid(const char *code);

#endif
