#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"

/* Who imports a file before he has what another imported from it writes every entry
 * again: the first in order counts. One that is void or says something else by now stands
 * for itself, so nobody hides another's entry by a copy of it. Anybody may write any
 * number of entries with one mark: they are sorted, not held against each other. */

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_shares(const isplit_share *a, size_t a_count, const isplit_share *b,
                          size_t b_count)
{
    int by = order((int64_t)a_count, (int64_t)b_count);

    for (size_t i = 0; !by && i < a_count; i++) {
        by = order(a[i].minor, b[i].minor);
        if (!by)
            by = strcmp(a[i].name, b[i].name);
    }
    return by;
}

/* 0 for entries that come to the same. */
static int compare_content(const isplit_entry *x, const isplit_entry *y)
{
    int by = order(x->type, y->type);

    if (!by)
        by = order(x->amount_minor, y->amount_minor);
    if (!by)
        by = strcmp(x->currency, y->currency);
    if (!by)
        by = strcmp(x->note, y->note);
    if (!by)
        by = strcmp(x->category, y->category);
    if (!by)
        by = strcmp(x->date, y->date);
    if (!by)
        by = compare_shares(x->paid, x->paid_count, y->paid, y->paid_count);
    return by ? by : compare_shares(x->shares, x->share_count, y->shares, y->share_count);
}

static int compare_twins(const isplit__node *a, const isplit__node *b)
{
    const isplit__event *x = a->event;
    const isplit__event *y = b->event;

    if (x->mark != y->mark)
        return x->mark < y->mark ? -1 : 1;
    return compare_content(x->entry, y->entry);
}

static int compare_in_order(const void *a, const void *b)
{
    const isplit__node *x = *(isplit__node *const *)a;
    const isplit__node *y = *(isplit__node *const *)b;
    int by = compare_twins(x, y);

    return by ? by : isplit__event_compare(x->event, y->event);
}

/* Does it count, as it was imported? */
static bool is_imported(const isplit__room *room, uint32_t at)
{
    const isplit__node *n = &room->nodes[at];

    return n->event->kind == ISPLIT__KIND_ADD && n->event->mark && n->live &&
           n->value == at && !(n->event->entry->flags & ISPLIT_ENTRY_IGNORED);
}

int isplit__room_drop_twins(isplit__room *room)
{
    size_t count = 0;
    isplit__node **all = ic_mem_calloc(room->count, sizeof(isplit__node *));

    if (!all)
        return IC_ERR_NOMEM;
    for (uint32_t i = 0; i < room->count; i++) {
        if (is_imported(room, i))
            all[count++] = &room->nodes[i];
    }
    qsort(all, count, sizeof *all, compare_in_order);
    for (size_t i = 1; i < count; i++) {
        if (compare_twins(all[i - 1], all[i]) == 0)
            all[i]->counted = all[i]->live = false;
    }
    ic_mem_free(all);
    return 0;
}
