/**
 * @file intersplit/book.h
 * The rooms of one store: what a program calls.
 *
 * An event is durable in the SQLite file before a call that made it returns. A second
 * process on the same file is refused.
 *
 * Spec     docs/spec/16-ledger.md, sections 0, 4.3 and 4.5
 * Threads  a book belongs to one thread
 * Errors   0 or a negative ic_error, and for what a user typed a sentence in `why`;
 * outputs are written only on 0. IC_ERR_INVALID: the input is at fault. IC_ERR_FULL,
 * IC_ERR_IO: nothing was stored, try again when there is space
 */
#ifndef INTERSPLIT_BOOK_H
#define INTERSPLIT_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"
#include "intersplit/entry.h"
#include "intersplit/reason.h"

IC_BEGIN_DECLS

typedef struct isplit_book isplit_book; /* value: open, close */

typedef struct isplit_book_options {
    size_t struct_size; /* set by isplit_book_options_default */
    const char *path;   /* SQLite file, made when missing; ":memory:" keeps nothing */
    const char
        *snapshot_path; /* the original's expense-split.snapshots.json; NULL = none */
    const ic_identity *identity; /* signs; must outlive the book */
    ic_env env;                  /* copied; the system's by default */
    size_t max_snapshot_bytes;   /* of the snapshot file; default 64 MiB */
} isplit_book_options;

IC_API void isplit_book_options_init(isplit_book_options *opts, size_t struct_size);
static inline void isplit_book_options_default(isplit_book_options *opts)
{
    isplit_book_options_init(opts, sizeof *opts);
}

/**
 * Open the store and fold its rooms.
 *
 * @return 0; IC_ERR_BUSY (another process has it), IC_ERR_UNSUPPORTED (of a newer
 * version), IC_ERR_CORRUPT (damaged, or not a store of ours), IC_ERR_DENIED (not readable
 * or writable), IC_ERR_FULL, IC_ERR_IO, IC_ERR_NOMEM; `why` says what to do
 */
IC_API IC_CHECK int isplit_book_open(const isplit_book_options *opts, isplit_book **out,
                                     isplit_reason *why);
IC_API void isplit_book_close(isplit_book *book);

/** A member and what is said of him; the text is read by the mode of the split. */
typedef struct isplit_part {
    const char *name;
    const char *value; /* an amount (EXACT, ADJUST, of a payer), a whole number (WEIGHTS),
                          a percentage such as "33.33" (PERCENT); NULL = nothing is said:
                          of EXACT and PERCENT one such part takes the rest */
} isplit_part;

/** A line of a bill as it is typed. */
typedef struct isplit_draft_item {
    const char *text; /* NULL = none */
    const char *amount;
    const char *const *names; /* who had it; none = all members of the split */
    size_t name_count;
} isplit_draft_item;

/**
 * An entry as a user asks for it. Amounts are texts, read by isplit_money_parse with the
 * decimals of the currency.
 *
 * Of a payment `payer` gives and the only part gets; it has no mode.
 */
typedef struct isplit_draft {
    isplit_entry_type type;
    const char *payer;         /* who paid all of it; NULL when several did */
    const isplit_part *payers; /* then these, each with an amount */
    size_t payer_count;
    const char *amount;
    bool amount_strict; /* '.' is the only decimal mark and nothing groups */
    bool only;          /* exactly these parts; otherwise a lone payer is put first when
                           missing in an equal split */
    isplit_split_mode mode;
    const isplit_part *parts; /* none = the default preset of the room, or all active
                                 members and the payer; the name of a preset alone, in
                                 an equal split, stands for its members */
    size_t part_count;
    const isplit_draft_item *items; /* of ITEMS */
    size_t item_count;
    const char *extra;    /* of ITEMS: tax and tip, an amount; NULL = none */
    const char *rest_to;  /* takes what the parts leave over or lack; NULL = refuse */
    const char *currency; /* of the amounts; NULL = the room's */
    const char *rate;     /* what one unit of it is in the room's currency; NULL = the
                             entry stays in its own */
    const char *category; /* NULL = none, like the next two */
    const char *date;     /* YYYY-MM-DD */
    const char *note;
} isplit_draft;

typedef enum isplit_deed_kind {
    ISPLIT_DEED_ADD = 1, /* draft: an entry, of any type */
    ISPLIT_DEED_AMEND,   /* id, draft: other values for an entry */
    ISPLIT_DEED_VOID,    /* id, text: it stays listed, but no longer counts */
    ISPLIT_DEED_UNVOID,  /* id, text: a void or cleared entry counts again; of "last" the
                            last of these, of "clear" all that the last clear covered */
    ISPLIT_DEED_ACK,     /* id, text: the values that it shows now are right */
    ISPLIT_DEED_DISPUTE, /* id, text: they are not */
    ISPLIT_DEED_MEMBER,  /* member */
    ISPLIT_DEED_RECUR, /* draft with a date, the first day, repeat; void and unvoid of its
                          id stop and go on. isplit_book_due makes its entries */
    ISPLIT_DEED_SET    /* settings: all of them, as they shall be */
} isplit_deed_kind;

typedef struct isplit_repeat {
    isplit_every every;
    uint32_t step;     /* 1 to 366 */
    const char *until; /* the last day, YYYY-MM-DD */
} isplit_repeat;

/** What is said of a member. */
typedef struct isplit_member_deed {
    const char *name;
    bool claim;       /* the name is the user's: then only he and owners describe it */
    bool leave;       /* out of splits that name nobody; otherwise in them (again) */
    uint32_t weight;  /* by default, 1 to ISPLIT_SPLIT_MAX_WEIGHT; 0 = as it was */
    const char *show; /* how the name is written; NULL = as it was */
} isplit_member_deed;

/**
 * Something that a user does to a room. What a kind needs stands beside it; the rest is
 * zero.
 */
typedef struct isplit_deed {
    isplit_deed_kind kind;
    const char *id; /* of an entry, as isplit_state_find takes it */
    const isplit_draft *draft;
    const char *text; /* why; NULL = no word about it */
    const isplit_member_deed *member;
    const isplit_repeat *repeat;
    const isplit_settings *settings; /* those of isplit_state_settings, changed */
} isplit_deed;

/** Which member of isplit_draft was refused. */
typedef enum isplit_field {
    ISPLIT_FIELD_NONE = 0,
    ISPLIT_FIELD_ROOM,
    ISPLIT_FIELD_PAYER,
    ISPLIT_FIELD_AMOUNT,
    ISPLIT_FIELD_SPLIT,
    ISPLIT_FIELD_NOTE,
    ISPLIT_FIELD_CURRENCY,
    ISPLIT_FIELD_RATE,
    ISPLIT_FIELD_CATEGORY,
    ISPLIT_FIELD_DATE
} isplit_field;

/** Add an entry. `out` is borrowed until the room changes; `field` may be NULL. */
IC_API IC_CHECK int isplit_book_add(isplit_book *book, const char *room,
                                    const isplit_draft *draft, const isplit_entry **out,
                                    isplit_field *field, isplit_reason *why);

/**
 * Do it. An entry is changed by its author and the owners of the room, an unsigned one by
 * anybody, each by all members where the settings say so. Who sets something first in a
 * room owns it. A word about an entry is for members whose claimed name it has.
 *
 * @param out    the entry as it is now, borrowed until the room changes; NULL when the
 *               deed is not about one
 * @param field  of the draft; may be NULL
 * @return 0; IC_ERR_INVALID; IC_ERR_NOT_FOUND (no such entry); IC_ERR_DENIED (not his to
 * change); IC_ERR_LIMIT; as isplit_book_open
 */
IC_API IC_CHECK int isplit_book_do(isplit_book *book, const char *room,
                                   const isplit_deed *deed, const isplit_entry **out,
                                   isplit_field *field, isplit_reason *why);

/**
 * What a draft comes to, or why it comes to nothing; nothing is written.
 *
 * @param out        the entry without id, author and time: ic_mem_free
 * @param left_over  also of a refusal: what the parts lack to make up the amount,
 * negative when they are over, in minor units (of percentages in basis points), otherwise
 * 0; may be NULL
 * @param field      which member was refused; may be NULL
 * @return as isplit_book_add
 */
IC_API IC_CHECK int isplit_book_try(isplit_book *book, const char *room,
                                    const isplit_draft *draft, isplit_entry **out,
                                    int64_t *left_over, isplit_field *field,
                                    isplit_reason *why);

/**
 * Make the entries of the user's own recurring ones that are due by the clock's day in
 * UTC. Made on several devices, an entry counts once.
 *
 * @param made  how many
 */
IC_API IC_CHECK int isplit_book_due(isplit_book *book, const char *room, size_t *made,
                                    isplit_reason *why);

/** The room as it is now, borrowed until it changes. A room nobody used is empty, not an
 * error. */
IC_API IC_CHECK int isplit_book_state(isplit_book *book, const char *room,
                                      const isplit_state **out);

/**
 * The proof that a key signed two events in the place of one, for entries that have
 * ISPLIT_ENTRY_FORKED: the same two on every peer that has the same events.
 *
 * @param key     64 hex digits
 * @param first   like `second` JSON of a signed event, as isplit_ledger_take takes it:
 *                ic_mem_free
 * @return 0; IC_ERR_NOT_FOUND: it did no such thing; as isplit_book_open
 */
IC_API IC_CHECK int isplit_book_fork(isplit_book *book, const char *room, const char *key,
                                     char **first, char **second);

/** Tell the name of each room in the store, in byte order, until the callback returns an
 * error, which is handed on. The callback may read, not change. */
typedef int (*isplit_room_cb)(const char *room, void *user);
IC_API IC_CHECK int isplit_book_each_room(isplit_book *book, isplit_room_cb tell,
                                          void *user);

/** Cover everything in the room (section 4.5); nothing is deleted. `removed` counts
 * entries. */
IC_API IC_CHECK int isplit_book_clear(isplit_book *book, const char *room,
                                      size_t *removed, isplit_reason *why);

/**
 * Write the room's snapshot to the snapshot file; with `sim` only count.
 *
 * @return 0; IC_ERR_NOT_FOUND when the room is empty ("Nothing to persist.")
 */
IC_API IC_CHECK int isplit_book_persist(isplit_book *book, const char *room, bool sim,
                                        size_t *count, isplit_reason *why);

typedef struct isplit_restored {
    size_t added; /* entries that came back or are new */
    size_t total; /* entries afterwards */
    bool found;   /* the snapshot file had this room */
} isplit_restored;

/** Merge the room's snapshot; `replace` also undoes clears that the snapshot did not
 * have. */
IC_API IC_CHECK int isplit_book_restore(isplit_book *book, const char *room, bool replace,
                                        isplit_restored *out, isplit_reason *why);

typedef enum isplit_change_kind {
    ISPLIT_CHANGE_ADDED = 1,
    ISPLIT_CHANGE_CLEARED,
    ISPLIT_CHANGE_RESTORED,
    ISPLIT_CHANGE_EDITED, /* an entry was amended, voided, brought back, confirmed or
                             disputed */
    ISPLIT_CHANGE_SET     /* members or settings */
} isplit_change_kind;

typedef struct isplit_change {
    isplit_change_kind kind;
    const char *room;
    const isplit_entry *entry; /* for ADDED and EDITED, else NULL */
} isplit_change;

/** Called after a change is durable, before the call that made it returns. May read, not
 * change. */
typedef void (*isplit_change_cb)(const isplit_change *change, void *user);
IC_API void isplit_book_on_change(isplit_book *book, isplit_change_cb cb, void *user);

IC_END_DECLS

#endif
