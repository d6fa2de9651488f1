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

static void note_payment(isplit__tail *tail, const isplit__event *event)
{
    size_t at = tail->count;

    if (tail->last && isplit__event_compare(event, tail->last) < 0)
        return;
    for (; at && isplit__event_compare(event, tail->paid[at - 1]) < 0; at--)
        tail->paid[at] = tail->paid[at - 1];
    tail->paid[at] = event;
    tail->count++;
}

/* Payments before it are no longer at the end. */
static void note_other(isplit__tail *tail, const isplit__event *event)
{
    size_t before = 0;

    if (tail->last && isplit__event_compare(event, tail->last) < 0)
        return;
    tail->last = event;
    while (before < tail->count && isplit__event_compare(tail->paid[before], event) < 0)
        before++;
    tail->count -= before;
    if (before)
        memmove(tail->paid, tail->paid + before, tail->count * sizeof *tail->paid);
}

void isplit__tail_note(isplit__tail *tail, const isplit__event *event)
{
    switch (event->kind) {
    case ISPLIT__KIND_OTHER:
    case ISPLIT__KIND_ACK:
    case ISPLIT__KIND_DISPUTE:
    case ISPLIT__KIND_RECUR:
    case ISPLIT__KIND_MEMBER:
        break;
    case ISPLIT__KIND_ADD:
        if (event->entry->type == ISPLIT_ENTRY_PAYMENT) {
            note_payment(tail, event);
            break;
        }
        note_other(tail, event);
        break;
    case ISPLIT__KIND_AMEND:
    case ISPLIT__KIND_VOID:
    case ISPLIT__KIND_UNVOID:
    case ISPLIT__KIND_CLEAR:
    case ISPLIT__KIND_ROOM:
    case ISPLIT__KIND_OCCUR:
    case ISPLIT__KIND_LEGACY:
        note_other(tail, event);
        break;
    }
}

void isplit__tail_free(isplit__tail *tail)
{
    ic_mem_free(tail->paid);
    *tail = (isplit__tail){0};
}
