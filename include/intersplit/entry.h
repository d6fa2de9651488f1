/**
 * @file intersplit/entry.h
 * What a room looks like after all its events: entries and balances.
 *
 * Spec     docs/spec/16-ledger.md, sections 0 and 4.3
 * Threads  a state belongs to the thread of its book or ledger
 */
#ifndef INTERSPLIT_ENTRY_H
#define INTERSPLIT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

IC_BEGIN_DECLS

/** A member and money in minor units (cents). */
typedef struct isplit_share {
    const char *name;
    int64_t minor;
} isplit_share;

typedef enum isplit_entry_flag {
    ISPLIT_ENTRY_SIGNED = 1u << 0, /* carries a good signature of `author` */
    ISPLIT_ENTRY_VOID = 1u << 1,   /* listed, struck through, not counted */
    ISPLIT_ENTRY_CLEARED =
        1u << 2, /* covered by a clear, not listed by default, not counted */
    ISPLIT_ENTRY_CONFLICT =
        1u << 3 /* another content under the same txId, or concurrent edits */
} isplit_entry_flag;

/** One entry. Everything is borrowed and lives until its room changes. */
typedef struct isplit_entry {
    const char
        *id; /* txId: 64 hex digits, or free text of an unsigned entry of the original */
    const isplit_share *paid; /* who paid; sums to amount_minor */
    size_t paid_count;
    const isplit_share *shares; /* who owes, in listed order; sums to amount_minor */
    size_t share_count;
    int64_t amount_minor;
    const char *note;   /* "" when there is none */
    int64_t at_ms;      /* display time of its author, milliseconds since 1970 */
    const char *by;     /* Trac address of the author; free text when unsigned */
    const char *author; /* public key, 64 hex digits; NULL when unsigned */
    unsigned flags;     /* isplit_entry_flag */
} isplit_entry;

typedef struct isplit_state isplit_state; /* the fold of a room's events; borrowed */

IC_API const char *isplit_state_room(const isplit_state *state);

/** Live entries (neither void nor cleared) in list order: by at_ms, then id. */
IC_API size_t isplit_state_entry_count(const isplit_state *state);
IC_API const isplit_entry *isplit_state_entry(const isplit_state *state, size_t index);

/** Sum of the amounts of the live entries. */
IC_API int64_t isplit_state_total_minor(const isplit_state *state);

/** Balances in name order (bytes), zeros included; positive = is owed. */
IC_API const isplit_share *isplit_state_balances(const isplit_state *state,
                                                 size_t *count);

/** Number of events behind this state, covered ones included. */
IC_API size_t isplit_state_event_count(const isplit_state *state);

/** The set of events in 16 bytes: equal sets, equal fingerprints (section 4.2). */
IC_API void isplit_state_fingerprint(const isplit_state *state, uint8_t out[16]);

IC_END_DECLS

#endif
