/**
 * @file io/jobs.h
 * A few threads for long computations, and the way back to the loop.
 *
 * Jobs begin in the order in which they were given. The threads start with the first one,
 * block every signal, and see nothing but the job's own argument.
 *
 * Threads  the thread that runs the event base; only `run` is called elsewhere
 */
#ifndef IO_JOBS_H
#define IO_JOBS_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

struct event_base;

typedef struct ic__jobs ic__jobs; /* actor: new, close */

/**
 * @param threads  count, at most four; 0 = one fewer than the machine has processors,
 *                 at least one
 * @return 0; IC_ERR_IO, IC_ERR_NOMEM
 */
IC_CHECK int ic__jobs_new(struct event_base *base, uint32_t threads, ic__jobs **out);

/**
 * @param run   called once on one of the threads
 * @param done  called once from the loop when `run` has returned
 * @return 0; IC_ERR_CANCELED after ic__jobs_close; IC_ERR_IO when no thread can be
 *         started; IC_ERR_NOMEM
 */
IC_CHECK int ic__jobs_add(ic__jobs *jobs, void (*run)(void *job), void (*done)(void *job),
                          void *job);

/**
 * Take no more. Jobs that did not begin are not run; those that run should be told to
 * hurry. `done` is still called for each, then `on_closed` (may be NULL) once from the
 * loop, and the pool is gone. Again, and NULL, are fine.
 */
void ic__jobs_close(ic__jobs *jobs, void (*on_closed)(void *user), void *user);

#endif
