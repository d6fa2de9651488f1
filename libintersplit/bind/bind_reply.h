/**
 * @file bind_reply.h
 * What one message causes: ranges to compare, ids to ask for, and one page of events.
 *
 * Spec     docs/spec/16-ledger.md, section 4.4
 */
#ifndef ISPLIT_BIND_REPLY_H
#define ISPLIT_BIND_REPLY_H

#include "bind/binding.h"

/** A message whose last member is a list. */
typedef struct isplit__list {
    isplit__buf b;
    size_t count;
} isplit__list;

typedef struct isplit__reply {
    isplit__talk *t;
    isplit__peer *peer;
    const char *sid;
    bool mine; /* we asked first */
    const isplit__place *place;
    const isplit__index *x;
    isplit__list ranges;
    isplit__list wants;
    size_t range_messages;
    isplit__pack *page; /* NULL = none yet */
    bool page_full;
    isplit__bound next; /* of a full page: where to go on */
} isplit__reply;

/** An answer to `sid`; ours, when we asked first. End it also after an error. */
int isplit__reply_start(isplit__reply *r, isplit__talk *t, isplit__peer *peer,
                        const char *sid);
/** Post what it came to, or drop it after an error. @return `err` */
int isplit__reply_end(isplit__reply *r, int err);

/** They have `count` events in this range, with this fingerprint. */
void isplit__reply_compare(isplit__reply *r, const isplit__range *range, uint64_t count,
                           const uint8_t fp[ISPLIT__PRINT_BYTES]);
/** Say which events we have in this range. */
void isplit__reply_list(isplit__reply *r, const isplit__range *range);
/** Answer the ranges of a message. */
int isplit__reply_ranges(isplit__reply *r, const json_t *ranges);

/** bind_sync.c: remember a range of which they have more than we. */
void isplit__sync_add_job(isplit__reply *r, const isplit__range *range, uint64_t count);

#endif
