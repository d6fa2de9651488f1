/**
 * @file past.h
 * The past of an event: all that it builds on, and what that builds on.
 *
 * Spec     docs/spec/16-ledger.md, section 4.2
 */
#ifndef ISPLIT_PAST_H
#define ISPLIT_PAST_H

#include "ledger/room.h"

/** A walk over the graph of a room, again and again. */
typedef struct isplit__past {
    const isplit__room *room;
    uint32_t *mark; /* == stamp: in the past being looked at */
    uint32_t *stack;
    uint32_t stamp;
} isplit__past;

/** @return 0 or IC_ERR_NOMEM; free it in either case */
int isplit__past_new(isplit__past *p, const isplit__room *room);
void isplit__past_free(isplit__past *p);

/** Look at the past of this node, down to events of this `lc`; 0 = all of it. */
void isplit__past_of(isplit__past *p, uint32_t node, int64_t least_lc);

static inline bool isplit__past_has(const isplit__past *p, uint32_t node)
{
    return p->mark[node] == p->stamp;
}

#endif
