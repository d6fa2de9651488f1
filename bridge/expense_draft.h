/**
 * @file bridge/expense_draft.h
 * The members of a request that describe an entry.
 *
 * Spec     docs/spec/13-sc-bridge.md, section 7
 */
#ifndef BRIDGE_EXPENSE_DRAFT_H
#define BRIDGE_EXPENSE_DRAFT_H

#include "bridge/expense.h"
#include "intersplit/command.h"

/** A draft with the memory for its lists; the texts are those of the message. */
typedef struct bridge_draft {
    isplit_draft draft;
    isplit_command *texts; /* what came as text, by the rules of the assistant */
    isplit_part *parts;
    isplit_part *payers;
    isplit_draft_item *items;
    const char **had;
    size_t had_count;
} bridge_draft;

/** Read a message; false: x has the error. bridge_draft_free either way. */
bool bridge_draft_read(bridge_expense *x, const ic__json *message, isplit_entry_type type,
                       bridge_draft *out);
void bridge_draft_free(bridge_draft *d);

/** A member that is a text, or the characters of a number; NULL when it is absent. False:
 * it is of another kind, and x has the error. */
bool bridge_draft_text(bridge_expense *x, const ic__json *message, const char *name,
                       const char **out);

/** Texts and numbers as flags are read: 1, true, yes and on in any case are true. */
bool bridge_draft_flag(const ic__json *message, const char *name, bool otherwise);

#endif
