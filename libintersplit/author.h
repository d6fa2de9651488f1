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
#include "room.h"

typedef struct isplit__author {
    const ic_identity *identity;
    const ic_env *env;
} isplit__author;

/** Write and take in an entry. `out` is borrowed from the room. */
int isplit__author_add(isplit__room *room, const isplit__author *author,
                       const isplit_draft *draft, const isplit_entry **out,
                       isplit_field *field, isplit_reason *why);

/** Cover the room; several events when it holds many unsigned entries. */
int isplit__author_clear(isplit__room *room, const isplit__author *author,
                         size_t *removed, isplit_reason *why);

/** Take back a clear. */
int isplit__author_unvoid(isplit__room *room, const isplit__author *author,
                          const isplit__id *ref, isplit_reason *why);

#endif
