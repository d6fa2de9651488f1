/**
 * @file draft.h
 * From what a user asks for to the values of an entry.
 *
 * Spec     docs/spec/16-ledger.md, sections 0, 2.2 and 2.3
 */
#ifndef ISPLIT_DRAFT_H
#define ISPLIT_DRAFT_H

#include "intersplit/book.h"
#include "ledger/body.h"
#include "ledger/state.h"

/** An entry in its final form, with its texts. */
typedef struct isplit__final {
    isplit__value value;
    char texts[2 * ISPLIT__EVENT_MAX_BYTES]; /* no event holds more than half of it */
    size_t used;
    int64_t left_over; /* of a refused draft, as isplit_book_try says it */
} isplit__final;

/**
 * Read a draft as a member of this room means it.
 *
 * @param nonce  of the event: decides who is first among equals where the room rotates
 * @return 0; IC_ERR_INVALID with the field and the reason
 */
int isplit__draft_read(const isplit_draft *draft, const isplit_state *state,
                       const isplit__id *nonce, isplit__final *out, isplit_field *field,
                       isplit_reason *why);

#endif
