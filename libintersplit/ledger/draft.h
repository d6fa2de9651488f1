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

/** Make parts of `from` parts of `total` in proportion, each less than a unit from its
 * exact part; false when one comes to nothing that was something. */
bool isplit__scale(isplit_share *parts, size_t count, int64_t from, int64_t total);

/**
 * Read a draft as a member of this room means it.
 *
 * @param nonce  of the event: decides who is first among equals where the room rotates
 * @return 0; IC_ERR_INVALID with the field and the reason
 */
int isplit__draft_read(const isplit_draft *draft, const isplit_state *state,
                       const isplit__id *nonce, isplit__value *out, isplit_field *field,
                       isplit_reason *why);

#endif
