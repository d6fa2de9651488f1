/**
 * @file bridge/expense.h
 * What the ledger answers to clients, apart from how they ask: by requests with members
 * or in the words of expense_say.
 *
 * Spec     docs/spec/13-sc-bridge.md, section 7
 */
#ifndef BRIDGE_EXPENSE_H
#define BRIDGE_EXPENSE_H

#include <stdbool.h>

#include "bridge/hub.h"
#include "intersplit/book.h"
#include "intersplit/command.h"
#include "intersplit/form.h"

/** One question to the ledger of a room. */
typedef struct bridge_expense {
    bridge_hub *hub;
    const bridge_request *asker;
    const char *room;
    int what; /* of requests that differ in this alone: the type of an entry, or the kind
                 of a deed */
    ic__buf answer;    /* members of the answer, from "type" on, without braces and id */
    ic__buf error;     /* or a sentence for the user */
    int64_t left_over; /* beside an error: what the parts of a split lack, as
                          isplit_book_try says it */
    bool waits;        /* or neither: try again when the plan of the room is there */
} bridge_expense;

/* Each fills in either answer or error and says which: true = answer. A buffer that is
 * bad means that memory ran out. */
bool bridge_expense_do(bridge_expense *x, const isplit_deed *deed);
bool bridge_expense_dry(bridge_expense *x, const isplit_draft *draft); /* only tried */
bool bridge_expense_list(bridge_expense *x, bool all, size_t offset, size_t limit);
bool bridge_expense_balance(bridge_expense *x, const char *type, isplit_plan_mode mode,
                            const char *via);
/* `lines` (NULL = not wanted) gets the same as text. */
bool bridge_expense_history(bridge_expense *x, const char *ref, ic__buf *lines);
bool bridge_expense_why(bridge_expense *x, const char *from, const char *to,
                        ic__buf *lines);
bool bridge_expense_clear(bridge_expense *x);
bool bridge_expense_persist(bridge_expense *x, bool sim);
bool bridge_expense_restore(bridge_expense *x, bool confirmed, bool replace);
bool bridge_expense_export(bridge_expense *x, const char *format, const char *what);
bool bridge_expense_room(bridge_expense *x, const isplit_command *command);
bool bridge_expense_recurring(bridge_expense *x);
bool bridge_expense_cancel(bridge_expense *x);
bool bridge_expense_say(bridge_expense *x, const char *text, bool dry_run);

/** May this peer write to the room's channel? If not, `error` says why. */
bool bridge_expense_may_write(bridge_expense *x);

/** Append an entry as a line, "alice paid 30.00 | ..."; false: x has the error. */
bool bridge_expense_line(bridge_expense *x, const char *ref, ic__buf *out);

/** What a draft would come to: ic_mem_free. False: x has the error. */
bool bridge_expense_try(bridge_expense *x, const isplit_draft *draft, isplit_entry **out);

/** Say which member of an entry was refused and why, and return false. */
bool bridge_expense_refuse(bridge_expense *x, int error, isplit_field field,
                           const isplit_reason *why);

/** Is the plan of the room at hand? If not, `waits`. */
bool bridge_expense_planned(bridge_expense *x);

/** Fill in the error and return false. */
bool bridge_expense_fail(bridge_expense *x, const char *format, ...) IC_PRINTF(2, 3);

#endif
