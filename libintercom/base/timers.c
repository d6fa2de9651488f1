#include "base/timers.h"

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

int ic__timers_reserve(ic__timers *t, size_t total)
{
    if (total <= t->cap)
        return 0;
    size_t cap = t->cap ? t->cap : 16;
    while (cap < total)
        cap *= 2;
    ic__timer **heap = ic_mem_resize(t->heap, cap * sizeof(ic__timer *));
    if (!heap)
        return IC_ERR_NOMEM;
    t->heap = heap;
    t->cap = cap;
    return 0;
}

static void place(ic__timers *t, ic__timer *timer, size_t i)
{
    t->heap[i] = timer;
    timer->slot = i + 1;
}

static void move_up(ic__timers *t, ic__timer *timer, size_t i)
{
    while (i > 0) {
        size_t parent = (i - 1) / 2;
        if (t->heap[parent]->at_ns <= timer->at_ns)
            break;
        place(t, t->heap[parent], i);
        i = parent;
    }
    place(t, timer, i);
}

static void move_down(ic__timers *t, ic__timer *timer, size_t i)
{
    for (size_t child = 2 * i + 1; child < t->count; child = 2 * i + 1) {
        if (child + 1 < t->count && t->heap[child + 1]->at_ns < t->heap[child]->at_ns)
            child++;
        if (t->heap[child]->at_ns >= timer->at_ns)
            break;
        place(t, t->heap[child], i);
        i = child;
    }
    place(t, timer, i);
}

static void settle(ic__timers *t, ic__timer *timer, size_t i)
{
    if (i > 0 && t->heap[(i - 1) / 2]->at_ns > timer->at_ns)
        move_up(t, timer, i);
    else
        move_down(t, timer, i);
}

static void disarm(ic__timers *t, ic__timer *timer)
{
    size_t hole = timer->slot - 1;
    ic__timer *last = t->heap[--t->count];

    timer->slot = 0;
    if (last != timer)
        settle(t, last, hole);
}

void ic__timers_set(ic__timers *t, ic__timer *timer, uint64_t at_ns)
{
    if (at_ns == IC__NEVER) {
        if (timer->slot)
            disarm(t, timer);
        timer->at_ns = at_ns;
        return;
    }
    timer->at_ns = at_ns;
    if (timer->slot)
        settle(t, timer, timer->slot - 1);
    else
        move_up(t, timer, t->count++);
}

uint64_t ic__timers_deadline(const ic__timers *t)
{
    return t->count ? t->heap[0]->at_ns : IC__NEVER;
}

ic__timer *ic__timers_pop(ic__timers *t, uint64_t now)
{
    if (ic__timers_deadline(t) > now || !t->count)
        return NULL;
    ic__timer *first = t->heap[0];
    disarm(t, first);
    return first;
}

void ic__timers_free(ic__timers *t)
{
    ic_mem_free(t->heap);
    *t = (ic__timers){0};
}
