/**
 * @file io/loop.h
 * What a program does with its event base: make it, and stop it on a signal.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "intercom/api.h"

struct event_base;

/** A base with precise timers, for libevent's ordinary ones lag by milliseconds.
 * @return 0 or IC_ERR_NOMEM; free it with event_base_free */
IC_CHECK int ic__loop_new(struct event_base **out);

typedef struct ic__loop_signals ic__loop_signals; /* actor with an immediate free */

/** Tell `on_stop` of SIGINT and SIGTERM from the loop, and ignore SIGPIPE. A program
 * calls it once. @return 0 or IC_ERR_NOMEM */
IC_CHECK int ic__loop_signals_new(struct event_base *base, void (*on_stop)(void *user),
                                  void *user, ic__loop_signals **out);
void ic__loop_signals_free(ic__loop_signals *signals);

#endif
