/**
 * @file state.h
 * The state of a room from inside: its lists, and how one more entry gets in.
 *
 * Spec     docs/spec/16-ledger.md, sections 2.2 and 4.3
 */
#ifndef ISPLIT_STATE_H
#define ISPLIT_STATE_H

#include "intersplit/entry.h"
#include "ledger/idmap.h"
#include "ledger/tail.h"

/** A currency with its balances. */
typedef struct isplit__purse {
    isplit_currency shown;
    isplit_share *lines; /* what shown.balances points to; names belong to entries */
    size_t cap;
    struct isplit__kept *kept; /* a plan that was made, or NULL */
} isplit__purse;

struct isplit_state {
    char *room;
    isplit_entry **all; /* in list order */
    size_t all_count;
    size_t all_cap;
    isplit_entry **live; /* likewise, without the void and cleared ones */
    size_t live_count;
    size_t live_cap;
    isplit__purse *purses; /* the room's own first, the others by code */
    size_t purse_count;
    size_t purse_cap;
    isplit_member *members; /* by name */
    size_t member_count;
    size_t member_cap;
    const isplit_settings *settings;
    isplit_recurring *recurring;
    size_t recurring_count;
    size_t event_count;
    isplit__sum sum; /* of all ids */
    isplit__tail tail;
};

void isplit__state_free(struct isplit_state *s);

/** Empty all lists but for the room's own purse. @return 0 or IC_ERR_NOMEM */
int isplit__state_reset(struct isplit_state *s, const char *currency, unsigned exponent);

/** Take in an entry at the end of the lists, which are then out of order. */
int isplit__state_append(struct isplit_state *s, isplit_entry *e);
/** Put lists and balances in order again. */
int isplit__state_sort(struct isplit_state *s);

/** Take in one more entry where it belongs. @return 0; IC_ERR_NOMEM: the state is to be
 * made anew */
int isplit__state_insert(struct isplit_state *s, isplit_entry *e);

/**
 * Take in what an entry has become.
 *
 * @param before  what it was, its lists still there
 * @return 0; IC_ERR_AGAIN when a name may be nobody's any more, IC_ERR_NOMEM: the state
 * is to be made anew
 */
int isplit__state_replace(struct isplit_state *s, const isplit_entry *before,
                          isplit_entry *e);

/** What an entry moves for number `i` of those whom it names: first who paid, then who
 * shares; a refund is an expense in a mirror. */
isplit_share isplit__entry_part(const isplit_entry *e, size_t i);

/** The member of that name, or NULL. */
const isplit_member *isplit__state_find_member(const struct isplit_state *s,
                                               const char *name);

/** The member of that name, made when there is none; NULL when there is no memory. */
isplit_member *isplit__state_member(struct isplit_state *s, const char *name);

#endif
