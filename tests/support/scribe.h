/**
 * @file scribe.h
 * Writes events of a room that no ledger would write: of any kind, after any past that
 * its author might know, by honest authors and by one who lies. It knows the past of each
 * event as a set of bits, so a test can tell what must hold without asking a ledger.
 *
 * Spec     docs/spec/16-ledger.md, sections 4.3 and 4.6
 */
#ifndef SCRIBE_H
#define SCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/identity.h"

#define SCRIBE_EVENTS 64
#define SCRIBE_AUTHORS 4 /* the last one lies */
#define SCRIBE_LIAR (SCRIBE_AUTHORS - 1)

typedef enum scribe_kind {
    SCRIBE_ADD = 0,
    SCRIBE_PAY,
    SCRIBE_AMEND,
    SCRIBE_VOID,
    SCRIBE_UNVOID,
    SCRIBE_CLEAR,
    SCRIBE_MEMBER,
    SCRIBE_ACK,
    SCRIBE_DISPUTE,
    SCRIBE_ROOM,
    SCRIBE_RECUR,
    SCRIBE_OCCUR,
    SCRIBE_OLD,      /* an unsigned entry of the original */
    SCRIBE_IMPORTED, /* an "add" with the mark of its row */
    SCRIBE_STRANGE   /* of a later version */
} scribe_kind;
#define SCRIBE_KINDS (SCRIBE_STRANGE + 1)

typedef struct scribe_event {
    scribe_kind kind;
    size_t who;
    char id[65];
    size_t ref; /* number of the event that it is about, or SCRIBE_EVENTS */
    unsigned lc;
    unsigned seq;
    uint64_t past; /* bit i: event i */
    char *json;
} scribe_event;

typedef struct scribe {
    ic_identity *identities[SCRIBE_AUTHORS];
    uint64_t seed;
    unsigned long long mark;        /* of the next event; 0 = it has none */
    uint64_t known[SCRIBE_AUTHORS]; /* bit i: has event i, and all of its past */
    scribe_event events[SCRIBE_EVENTS];
    size_t count;
    char *refused[SCRIBE_EVENTS]; /* what no ledger takes */
    size_t refused_count;
} scribe;

/** Identities are made once; `scribe_free` keeps them for the next room. */
void scribe_begin(scribe *s, uint64_t seed);
void scribe_free(scribe *s);
void scribe_end(scribe *s);

uint64_t scribe_below(scribe *s, uint64_t limit);

/** Author `to` hears all that author `from` has. */
void scribe_tell(scribe *s, size_t from, size_t to);

/** An event of this kind with random contents, after all that its author has. */
void scribe_write(scribe *s, size_t who, scribe_kind kind);

/** A "void", "unvoid", "ack" or "dispute" of event `ref`, likewise. */
void scribe_mark(scribe *s, size_t who, scribe_kind kind, size_t ref);

/** What the liar does: wrong sums, other people's entries, a second event of one seq, a
 * time far ahead, a forged signature, a wrong place. */
void scribe_lie(scribe *s);

/** Any event by anybody, and now and then somebody hears of somebody. */
void scribe_any(scribe *s);

#endif
