#include "ledger/tail.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

int isplit__tail_reserve(isplit__tail *tail)
{
    return isplit__grow(&tail->paid, tail->count + 1, &tail->cap, sizeof(isplit__event *))
               ? 0
               : IC_ERR_NOMEM;
}

/* Kinds that change nothing of what is owed. */
#define NEUTRAL                                                                          \
    (1u << ISPLIT__KIND_OTHER | 1u << ISPLIT__KIND_RECUR | 1u << ISPLIT__KIND_MEMBER |   \
     ISPLIT__WORDS)

void isplit__tail_note(isplit__tail *tail, const isplit__event *event)
{
    size_t at = tail->count;

    if (isplit__event_in(event, NEUTRAL) ||
        (tail->last && isplit__event_compare(event, tail->last) < 0))
        return;
    while (at && isplit__event_compare(event, tail->paid[at - 1]) < 0)
        at--;
    if (event->kind == ISPLIT__KIND_ADD && event->entry->type == ISPLIT_ENTRY_PAYMENT) {
        (void)isplit__widen(&tail->paid, at, &tail->count, &tail->cap, sizeof event);
        tail->paid[at] = event;
        return;
    }
    tail->last = event; /* payments before it are no longer at the end */
    tail->count -= at;
    if (at)
        memmove(tail->paid, tail->paid + at, tail->count * sizeof event);
}

void isplit__tail_free(isplit__tail *tail)
{
    ic_mem_free(tail->paid);
    *tail = (isplit__tail){0};
}
