/**
 * @file compose.h
 * The canonical bytes of an event from its parts.
 *
 * Spec     docs/spec/16-ledger.md, section 4.3
 */
#ifndef ISPLIT_COMPOSE_H
#define ISPLIT_COMPOSE_H

#include "ledger/events.h"
#include "text/buf.h"
#include "text/scan.h"

/** The members of an event; everything is borrowed. */
typedef struct isplit__parts {
    const char *room;
    const char *kind;
    isplit__slice body; /* canonical JSON */
    isplit__id by;
    const isplit__id *deps; /* sorted */
    size_t dep_count;
    const uint8_t *nonce;
    size_t nonce_len;
    int64_t at;
    int64_t lc;
    uint32_t seq;
} isplit__parts;

void isplit__compose_event(isplit__buf *b, const isplit__parts *p);

/** An entry of one payer that is split equally, the first listed paying what is over. */
typedef struct isplit__plain {
    isplit__slice payer;
    isplit__slice split[ISPLIT__ENTRY_MAX_NAMES];
    size_t count;
    int64_t amount;
    isplit__slice note; /* empty = none */
} isplit__plain;

/** Its body. */
void isplit__compose_plain(isplit__buf *b, const isplit__plain *p);

#endif
