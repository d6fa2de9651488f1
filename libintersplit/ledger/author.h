/**
 * @file author.h
 * Writing events: what a user asks for, signed and linked to what the room holds.
 *
 * Spec     docs/spec/16-ledger.md, sections 0, 4.3 and 4.5
 */
#ifndef ISPLIT_AUTHOR_H
#define ISPLIT_AUTHOR_H

#include "intercom/sys/env.h"
#include "intersplit/book.h"
#include "ledger/body.h"
#include "ledger/room.h"

typedef struct isplit__author {
    const ic_identity *identity;
    const ic_env *env;
} isplit__author;

/** What a user asked for. */
typedef struct isplit__asked {
    const isplit_deed *deed;
    const isplit_entry *entry; /* result: borrowed from the room, or NULL */
    isplit_field field;        /* of the draft that was refused */
    isplit_reason *why;
} isplit__asked;

/** Do it: write an event and take it in. */
int isplit__author_do(isplit__room *room, const isplit__author *author,
                      isplit__asked *asked);

/** Make entries of the author's recurring ones up to the day of its clock. */
int isplit__author_due(isplit__room *room, const isplit__author *author, size_t *made,
                       isplit_reason *why);

#define ISPLIT__NONCE_BYTES 8

/** Sign an event that says this and take it in. `nonce` and `id` (of the event) may be
 * NULL. */
int isplit__author_write(isplit__room *room, const isplit__author *author,
                         const char *kind, isplit__said *said, const uint8_t *nonce,
                         isplit__id *id, isplit_reason *why);

/** Cover the room; several events when it holds many unsigned entries. */
int isplit__author_clear(isplit__room *room, const isplit__author *author,
                         size_t *removed, isplit_reason *why);

/** Take back a clear. */
int isplit__author_unvoid(isplit__room *room, const isplit__author *author,
                          const isplit__id *ref, isplit_reason *why);

#endif
