/**
 * @file events.h
 * One event of a room: what is signed, hashed and stored, and what it says.
 *
 * Spec     docs/spec/16-ledger.md, sections 4.3, 4.4 and 4.6
 */
#ifndef ISPLIT_EVENT_H
#define ISPLIT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "intercom/identity.h"
#include "intersplit/entry.h"
#include "intersplit/reason.h"
#include "text/buf.h"
#include "text/scan.h"

/* Static limits: every peer must judge alike, so they never change. */
#define ISPLIT__ID_BYTES 32
#define ISPLIT__PRINT_BYTES 16       /* of a fingerprint */
#define ISPLIT__EVENT_MAX_BYTES 4096 /* canonical, without the signature */
#define ISPLIT__EVENT_MAX_DEPS 16
#define ISPLIT__EVENT_MAX_SEQ 5000
#define ISPLIT__ENTRY_MAX_NAMES 64
#define ISPLIT__EXPONENT 2u /* of a room without a currency (section 2.2) */
#define ISPLIT__ROOM_MAX_BYTES 256
#define ISPLIT__KIND_MAX_BYTES 32
#define ISPLIT__NONCE_MIN 8 /* bytes */
#define ISPLIT__NONCE_MAX 16

/* Of an unsigned event of the original, which has no limit of its own. */
#define ISPLIT__LEGACY_MAX_BYTES 65536

typedef struct isplit__id {
    uint8_t b[ISPLIT__ID_BYTES];
} isplit__id;

typedef enum isplit__kind {
    ISPLIT__KIND_OTHER = 0, /* of a later version, or a body that says nothing to us:
                               stored and passed on, without effect */
    ISPLIT__KIND_ADD,       /* an entry; of the kind "pay" too */
    ISPLIT__KIND_AMEND,
    ISPLIT__KIND_VOID,
    ISPLIT__KIND_UNVOID,
    ISPLIT__KIND_CLEAR,
    ISPLIT__KIND_ACK,
    ISPLIT__KIND_DISPUTE,
    ISPLIT__KIND_RECUR,
    ISPLIT__KIND_OCCUR,
    ISPLIT__KIND_MEMBER,
    ISPLIT__KIND_ROOM,
    ISPLIT__KIND_LEGACY /* an unsigned entry of the original */
} isplit__kind;
#define ISPLIT__KINDS (ISPLIT__KIND_LEGACY + 1)

/** Sets of kinds. */
enum {
    ISPLIT__VALUED = 1u << ISPLIT__KIND_ADD | 1u << ISPLIT__KIND_AMEND |
                     1u << ISPLIT__KIND_RECUR, /* whose body has the values of an entry */
    ISPLIT__WORDS = 1u << ISPLIT__KIND_ACK | 1u << ISPLIT__KIND_DISPUTE,
    ISPLIT__MARKS = 1u << ISPLIT__KIND_VOID | 1u << ISPLIT__KIND_UNVOID | ISPLIT__WORDS,
    ISPLIT__CHANGES = 1u << ISPLIT__KIND_AMEND | ISPLIT__MARKS
};

/** Where an event belongs. */
typedef struct isplit__context {
    const char *room;
    const char *prefix; /* of the addresses that authors are shown by */
} isplit__context;

typedef struct isplit__event {
    isplit__id id;
    isplit__id by; /* public key; zero for a legacy entry */
    isplit__kind kind;
    uint32_t seq;
    uint64_t mark; /* of the row that an entry was imported from, or 0 */
    int64_t lc;
    int64_t at;
    isplit__id *deps; /* sorted */
    size_t dep_count;
    isplit__id *refs; /* CLEAR: the legacy entries; else the one that it speaks of */
    size_t ref_count;
    isplit_entry *entry; /* ADD, LEGACY, AMEND, RECUR, of OCCUR once it is known; one
                            piece of memory with its texts */
    union {
        char *text; /* VOID, UNVOID, ACK, DISPUTE: why, or NULL; ROOM: the body */
        struct isplit__claim *claim;       /* MEMBER */
        struct isplit__schedule *schedule; /* RECUR and OCCUR */
    };
} isplit__event;

/** The members of an event as they are signed; texts are borrowed. */
typedef struct isplit__parts {
    const char *room;
    const char *kind;
    isplit__slice body; /* canonical JSON */
    isplit__id by;
    isplit__id deps[ISPLIT__EVENT_MAX_DEPS]; /* sorted */
    size_t dep_count;
    uint8_t nonce[ISPLIT__NONCE_MAX];
    size_t nonce_len;
    int64_t at;
    int64_t lc;
    uint32_t seq;
} isplit__parts;

/** An event with the bytes that prove it. */
typedef struct isplit__item {
    isplit__event *event;
    char *text; /* canonical JSON without "sig"; of a legacy entry, its normal form */
    size_t len;
    uint8_t sig[IC_SIGNATURE_BYTES]; /* not of a legacy entry */
} isplit__item;

void isplit__event_free(isplit__event *event);
static inline bool isplit__event_in(const isplit__event *event, unsigned kinds)
{
    return kinds >> event->kind & 1;
}
/** Is it an entry, not only a change of one? */
bool isplit__event_is_entry(const isplit__event *event);
void isplit__item_free(isplit__item *item);

/** Is this a room's name: 1 to ISPLIT__ROOM_MAX_BYTES bytes of UTF-8, no controls? */
bool isplit__room_name_valid(const char *room);

/** The mark that a nonce holds, or 0: an imported entry has `im` and six bytes that its
 * row makes where others have eight random ones. */
uint64_t isplit__mark_of(const uint8_t *nonce, size_t len);

/** SHA-256 of one event's bytes. */
void isplit__id_of(isplit__id *out, const void *text, size_t len);
bool isplit__id_parse(isplit__id *out, const char *hex, size_t len);
/** A fingerprint; like an id, from a text that ends with a zero. */
bool isplit__print_parse(uint8_t out[ISPLIT__PRINT_BYTES], const char *hex, size_t len);
int isplit__id_compare(const void *a, const void *b);
/** The order of a room: (lc, id). */
int isplit__event_compare(const isplit__event *a, const isplit__event *b);
/** The same for arrays of pointers to events. */
int isplit__event_order(const void *a, const void *b);

/** Take the canonical bytes of an event apart; `pool` is as large as they. */
bool isplit__event_parts(const char *text, size_t len, char *pool, isplit__parts *out);
/** Append the canonical bytes of an event. */
void isplit__event_compose(isplit__buf *out, const isplit__parts *parts);

/**
 * Either kind of event as JSON text: signed, of the original, or the latter with the
 * former as "x". Shape and limits are looked at, not the signature.
 *
 * @param context  a signed event must be of this room
 * @return 0; IC_ERR_PROTO (not an event), IC_ERR_UNSUPPORTED (of a later version),
 * IC_ERR_INVALID (an entry that the original passes over), IC_ERR_NOMEM
 */
int isplit__item_read(const char *json, size_t len, const isplit__context *context,
                      isplit__item *out, isplit_reason *why);

/** The same, from its JSON object. */
int isplit__item_of(const json_t *object, const isplit__context *context,
                    isplit__item *out, isplit_reason *why);

/** Is the signature good? True for a legacy entry, which has none. */
bool isplit__item_verify(const isplit__item *item);

/** Canonical bytes of ours: no signature is checked. */
int isplit__event_load(const char *text, size_t len, const isplit__context *context,
                       isplit__event **out);

/** Sign finished canonical bytes, which the item takes over, error or not. */
int isplit__event_sign(isplit__buf *canonical, const isplit__context *context,
                       const ic_identity *identity, isplit__item *out,
                       isplit_reason *why);

/** The signed event as JSON: the canonical object with "sig" at its end. */
void isplit__event_write(isplit__buf *out, const char *text, size_t len,
                         const uint8_t sig[IC_SIGNATURE_BYTES]);

/** An entry of the original (section 4.4), from its JSON object or from its normal form.
 */
int isplit__legacy_read(const json_t *object, isplit__item *out);
int isplit__legacy_load(const char *text, size_t len, isplit__event **out);

/** The entry of a signed event, which says who, when and under which id. */
int isplit__entry_signed(const isplit_entry *parts, const isplit__event *event,
                         const char *prefix, isplit_entry **out);

/** A copy in one piece of memory (ic_mem_free), texts that are NULL being ""; NULL when
 * there is no memory. */
isplit_entry *isplit__entry_copy(const isplit_entry *from);

/** Would the original compute the same balances from its own form of this entry? */
bool isplit__entry_is_plain(const isplit_entry *e);

/** Member number `index` of `count` pays this much of an equal split. */
int64_t isplit__equal_share(int64_t amount_minor, size_t count, size_t index);

#endif
