/**
 * @file intersplit/entry.h
 * What a room looks like after all its events: entries, balances, members, settings.
 *
 * Spec     docs/spec/16-ledger.md, sections 0, 2.2 and 4.3
 * Threads  a state belongs to the thread of its book or ledger
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef INTERSPLIT_ENTRY_H
#define INTERSPLIT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intersplit/reason.h"
#include "intersplit/split.h"

IC_BEGIN_DECLS

/** A member and money in minor units (cents). */
typedef struct isplit_share {
    const char *name;
    int64_t minor;
} isplit_share;

typedef enum isplit_entry_type {
    ISPLIT_ENTRY_EXPENSE = 0,
    ISPLIT_ENTRY_REFUND, /* money came back: `paid` got it, `shares` get their part */
    ISPLIT_ENTRY_PAYMENT /* one member gave another money; no spending */
} isplit_entry_type;

typedef enum isplit_entry_flag {
    ISPLIT_ENTRY_SIGNED = 1u << 0,   /* carries a good signature of `author` */
    ISPLIT_ENTRY_VOID = 1u << 1,     /* struck through, not counted */
    ISPLIT_ENTRY_CLEARED = 1u << 2,  /* covered by a clear, not counted */
    ISPLIT_ENTRY_CONFLICT = 1u << 3, /* another content under the same txId, or edits
                                        that did not know of each other */
    ISPLIT_ENTRY_EDITED = 1u << 4,   /* shows other values than at first */
    ISPLIT_ENTRY_DISPUTED = 1u << 5, /* a member whom it names contests it */
    ISPLIT_ENTRY_CONFIRMED = 1u
                             << 6,  /* each member whom it names wrote or confirmed it */
    ISPLIT_ENTRY_FORKED = 1u << 7,  /* its author signed two futures */
    ISPLIT_ENTRY_IGNORED = 1u << 8, /* listed, but a setting of the room keeps it out of
                                       balances and totals */
    ISPLIT_ENTRY_AHEAD = 1u << 9 /* by isplit_entry_flags only: at_ms is more than a day
                                    ahead of the reader's clock */
} isplit_entry_flag;

/** A line of a bill. */
typedef struct isplit_item {
    const char *text; /* "" when there is none */
    int64_t amount_minor;
    uint64_t members; /* bit i stands for shares[i] */
} isplit_item;

/**
 * One entry. Everything is borrowed and lives until its room changes.
 *
 * Amounts are positive whatever the type. An expense and a payment move `paid` up and
 * `shares` down, a refund the other way round.
 */
typedef struct isplit_entry {
    const char *id;           /* 64 hex digits, or free text of an unsigned entry */
    const isplit_share *paid; /* who paid, by name; sums to amount_minor */
    size_t paid_count;
    const isplit_share *shares; /* who owes, in listed order; sums to amount_minor */
    size_t share_count;
    int64_t amount_minor;
    const char *note;     /* "" when there is none */
    int64_t at_ms;        /* display time of its author, milliseconds since 1970 */
    const char *by;       /* Trac address of the author; free text when unsigned */
    const char *author;   /* public key, 64 hex digits; NULL when unsigned */
    const char *currency; /* "" = the room's */
    const char *category; /* "" when there is none */
    const char *date;     /* YYYY-MM-DD; "" = the day of at_ms */
    const char *rate;     /* decimal number; "" = nothing was converted */
    const char *original_currency; /* what was paid, in another currency; "" = none */
    int64_t original_minor;
    const int64_t *values;    /* one a share, what was asked for: weights, basis points,
                                 adjustments; NULL in the other modes */
    const isplit_item *items; /* of ISPLIT_SPLIT_ITEMS; what they lack is tax and tip */
    size_t item_count;
    isplit_split_mode mode;
    isplit_entry_type type;
    unsigned exponent; /* decimals of the currency */
    unsigned original_exponent;
    unsigned flags; /* isplit_entry_flag */
} isplit_entry;

/** The flags as of a time in milliseconds since 1970; the clock decides about nothing
 * else, so a state knows none. */
IC_API unsigned isplit_entry_flags(const isplit_entry *entry, int64_t now_ms);

typedef struct isplit_state isplit_state; /* the fold of a room's events; borrowed */

IC_API const char *isplit_state_room(const isplit_state *state);

/** Live entries (neither void nor cleared) in list order: by at_ms, then id. */
IC_API size_t isplit_state_entry_count(const isplit_state *state);
IC_API const isplit_entry *isplit_state_entry(const isplit_state *state, size_t index);

/** All entries in list order, void and cleared ones too. */
IC_API size_t isplit_state_all_count(const isplit_state *state);
IC_API const isplit_entry *isplit_state_all(const isplit_state *state, size_t index);

/** What was spent and who is owed what, in one currency. */
typedef struct isplit_currency {
    const char *code; /* "" when the room has none */
    unsigned exponent;
    int64_t total_minor; /* expenses less refunds; payments are no spending */
    const isplit_share
        *balances; /* in name order (bytes), zeros too; positive = is owed */
    size_t balance_count;
} isplit_currency;

/** Number 0 is the room's own, the others follow in the order of their codes. */
IC_API size_t isplit_state_currency_count(const isplit_state *state);
IC_API const isplit_currency *isplit_state_currency(const isplit_state *state,
                                                    size_t index);

/** The same in the room's own currency. */
IC_API int64_t isplit_state_total_minor(const isplit_state *state);
IC_API const isplit_share *isplit_state_balances(const isplit_state *state,
                                                 size_t *count);

/** Somebody in the room. */
typedef struct isplit_member {
    const char *name;
    const char *key;  /* who claimed the name, 64 hex digits; NULL = nobody */
    bool active;      /* false: left, no longer part of a split that names nobody */
    bool contested;   /* another key claims the name as well */
    uint32_t weight;  /* by default, of a split by weights */
    const char *show; /* how the name is to be written; "" = as it is */
} isplit_member;

/** Everybody whom an entry or a member event names, in name order (bytes). */
IC_API const isplit_member *isplit_state_members(const isplit_state *state,
                                                 size_t *count);

/**
 * The entry that a person means: its id, at least 6 digits that it begins with, or "last"
 * for the live one at the end of the list.
 *
 * @return 0; IC_ERR_NOT_FOUND; IC_ERR_INVALID when several begin so
 */
IC_API IC_CHECK int isplit_state_find(const isplit_state *state, const char *text,
                                      const isplit_entry **out, isplit_reason *why);

typedef enum isplit_step_kind {
    ISPLIT_STEP_ADDED = 1,
    ISPLIT_STEP_AMENDED,
    ISPLIT_STEP_VOIDED,
    ISPLIT_STEP_UNVOIDED,
    ISPLIT_STEP_CLEARED, /* with the room */
    ISPLIT_STEP_CONFIRMED,
    ISPLIT_STEP_DISPUTED
} isplit_step_kind;

/** Something that happened to an entry. */
typedef struct isplit_step {
    isplit_step_kind kind;
    bool counts;               /* false: its author had no right to do it */
    int64_t at_ms;             /* display time of its author */
    const char *author;        /* public key, 64 hex digits; NULL when unsigned */
    const char *by;            /* Trac address of the author; free text when unsigned */
    const char *why;           /* "" = no word about it */
    const isplit_entry *value; /* ADDED, AMENDED: the values of then; borrowed */
} isplit_step;

/**
 * All that happened to an entry: that it was added, then in the order (lc, id).
 *
 * @param out  steps with their texts, ic_mem_free; `value` lives until the room changes
 * @return 0; IC_ERR_NOT_FOUND; IC_ERR_NOMEM
 */
IC_API IC_CHECK int isplit_state_history(const isplit_state *state, const char *id,
                                         isplit_step **out, size_t *count);

/** Who may amend and void an entry besides its author and the owners of the room. */
typedef enum isplit_edit_policy {
    ISPLIT_EDIT_AUTHOR = 0, /* nobody */
    ISPLIT_EDIT_MEMBERS     /* everybody who may write */
} isplit_edit_policy;

/** Which entries balances and totals are made of. */
typedef enum isplit_count_policy {
    ISPLIT_COUNT_ALL = 0,
    ISPLIT_COUNT_SIGNED,
    ISPLIT_COUNT_ACKED /* those that each member whom they name wrote or confirmed */
} isplit_count_policy;

/** A split that has a name: typed instead of a list of members. */
typedef struct isplit_preset {
    const char *name;
    isplit_split_mode mode;    /* EQUAL, WEIGHTS or PERCENT */
    const isplit_share *parts; /* a weight or basis points each; of EQUAL nothing */
    size_t part_count;
} isplit_preset;

/** What holds in a room. */
typedef struct isplit_settings {
    const char *currency; /* "" = none; the first one that is set stays */
    unsigned exponent;    /* decimals of it */
    bool rotate;          /* who is first among equals changes from entry to entry */
    bool ignore_unsigned; /* entries of the original are listed, but do not count */
    isplit_edit_policy edit;
    isplit_count_policy count;
    const char *const *writers; /* keys, 64 hex digits each, whose events count besides
                                   those of the owners; none = everybody's */
    size_t writer_count;
    const isplit_preset *presets; /* by name */
    size_t preset_count;
    const char *default_preset; /* for a split that names nobody; "" = all members */
    const char *const *owners;  /* keys; who may set all this. Result only */
    size_t owner_count;
} isplit_settings;

IC_API const isplit_settings *isplit_state_settings(const isplit_state *state);

typedef enum isplit_every {
    ISPLIT_EVERY_DAY = 0,
    ISPLIT_EVERY_WEEK,
    ISPLIT_EVERY_MONTH, /* on the last day where a month is too short */
    ISPLIT_EVERY_YEAR
} isplit_every;

/** An entry that comes again and again. */
typedef struct isplit_recurring {
    const isplit_entry *entry; /* its values; `id` names it, `date` is the first day */
    isplit_every every;
    uint32_t step;     /* every so many of them */
    const char *until; /* the last day, YYYY-MM-DD */
    uint32_t made;     /* number of its next entry, from 0 */
    bool stopped;      /* it was voided: no more entries are made */
} isplit_recurring;

/** In list order, like entries. */
IC_API const isplit_recurring *isplit_state_recurring(const isplit_state *state,
                                                      size_t *count);

/** Number of events behind this state, covered ones included. */
IC_API size_t isplit_state_event_count(const isplit_state *state);

/** The set of events in 16 bytes: equal sets, equal fingerprints (section 4.2). */
IC_API void isplit_state_fingerprint(const isplit_state *state, uint8_t out[16]);

IC_END_DECLS

#endif
