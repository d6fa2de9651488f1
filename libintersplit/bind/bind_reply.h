/**
 * @file bind_reply.h
 * What one message causes: ranges to compare, ids to ask for, and one page of events.
 *
 * Spec     docs/spec/16-ledger.md, section 4.4
 */
#ifndef ISPLIT_BIND_REPLY_H
#define ISPLIT_BIND_REPLY_H

#include "bind/binding.h"

typedef struct isplit__reply {
    isplit__talk *t;
    isplit__peer *peer;
    const char *sid;
    bool mine; /* we asked first */
    const isplit__room *room;
    const isplit__index *x;
    isplit__buf b; /* message with ranges */
    size_t ranges;
    size_t messages;
    isplit__buf wants;
    size_t want_count;
    isplit__page page;
    bool has_page;
    bool page_full;
    isplit__bound next;
} isplit__reply;

/** An answer to `sid`; ours, when we asked first. */
int isplit__reply_start(isplit__reply *r, isplit__talk *t, isplit__peer *peer,
                        const char *sid);
/** Post what it came to, or drop it. */
void isplit__reply_end(isplit__reply *r);
void isplit__reply_drop(isplit__reply *r);

/** They have `count` events in this range, with this fingerprint. */
void isplit__reply_compare(isplit__reply *r, const isplit__bound *lo,
                           const isplit__bound *hi, uint64_t count,
                           const uint8_t fp[ISPLIT__PRINT_BYTES]);
/** Say which events we have in this range: those from position `from` to before `to`. */
void isplit__reply_list(isplit__reply *r, const isplit__bound *lo,
                        const isplit__bound *hi, size_t from, size_t to);
/** Answer the ranges of a message. */
int isplit__reply_ranges(isplit__reply *r, const json_t *ranges);

/** bind_sync.c: remember a range of which they have more than we. */
void isplit__sync_add_job(isplit__reply *r, const isplit__bound *lo,
                          const isplit__bound *hi, uint64_t count);

#endif
