/**
 * @file tail.h
 * The payments at the end of a room: those behind the last event of any other kind.
 *
 * A plan is made before them and then follows them, so that who pays what was suggested
 * changes nothing else.
 *
 * Spec     docs/spec/16-ledger.md, section 3.3, step 6
 */
#ifndef ISPLIT_TAIL_H
#define ISPLIT_TAIL_H

#include "ledger/events.h"

typedef struct isplit__tail {
    const isplit__event *last;  /* in order (lc, id), that may change what is owed
                                   otherwise; NULL = none yet */
    const isplit__event **paid; /* in order */
    size_t count;
    size_t cap;
} isplit__tail;

/** Room for one more payment. @return 0 or IC_ERR_NOMEM */
int isplit__tail_reserve(isplit__tail *tail);

/** Take notice of an event, which must outlive the tail. */
void isplit__tail_note(isplit__tail *tail, const isplit__event *event);

void isplit__tail_free(isplit__tail *tail);

#endif
