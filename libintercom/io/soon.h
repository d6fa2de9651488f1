/**
 * @file io/soon.h
 * One call that comes from the loop: how an actor tells that it is gone.
 *
 * Threads  the thread that runs the event base
 */
#ifndef IO_SOON_H
#define IO_SOON_H

#include "intercom/api.h"

struct event_base;

typedef struct ic__soon ic__soon;

/** Everything is allocated here, so that ic__soon_call cannot fail. @return 0 or
 * IC_ERR_NOMEM */
IC_CHECK int ic__soon_new(struct event_base *base, void (*call)(void *user), void *user,
                          ic__soon **out);

/** Call on the next turn, once however often this is asked for. The callback may free. */
void ic__soon_call(ic__soon *soon);

void ic__soon_free(ic__soon *soon);

#endif
