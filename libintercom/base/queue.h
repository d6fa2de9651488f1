/**
 * @file base/queue.h
 * First in, first out, with the link inside the element: no memory, no failure.
 *
 * An element is in at most one queue per link, and knows whether it is.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ic__link {
    struct ic__link *prev;
    struct ic__link *next;
} ic__link;

typedef struct ic__queue {
    ic__link ends; /* next = first, prev = last; points to itself when empty */
    size_t count;
} ic__queue;

/** The struct of type `type` whose member `member` is `*link`. */
#define IC__ELEMENT(link, type, member)                                                  \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void ic__queue_init(ic__queue *q)
{
    q->ends.prev = &q->ends;
    q->ends.next = &q->ends;
    q->count = 0;
}

static inline bool ic__queue_holds(const ic__link *link)
{
    return link->next != NULL;
}

/** Append; nothing happens when the element is in a queue already. */
static inline void ic__queue_push(ic__queue *q, ic__link *link)
{
    if (ic__queue_holds(link))
        return;
    link->prev = q->ends.prev;
    link->next = &q->ends;
    q->ends.prev->next = link;
    q->ends.prev = link;
    q->count++;
}

/** Take an element out; nothing happens when it is in no queue. */
static inline void ic__queue_remove(ic__queue *q, ic__link *link)
{
    if (!ic__queue_holds(link))
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->prev = NULL;
    link->next = NULL;
    q->count--;
}

/** The oldest element, still in the queue; NULL when empty. */
static inline ic__link *ic__queue_first(ic__queue *q)
{
    return q->count ? q->ends.next : NULL;
}

/** Take the oldest element out; NULL when empty. */
static inline ic__link *ic__queue_pop(ic__queue *q)
{
    ic__link *link = ic__queue_first(q);

    if (link)
        ic__queue_remove(q, link);
    return link;
}

#endif
