/**
 * @file peer_wait.h
 * A line of the terminal that waits for a plan: nobody else does, and whoever typed it
 * may call the search off.
 *
 * Threads  the thread that runs the event base
 */
#ifndef PEER_WAIT_H
#define PEER_WAIT_H

#include <stdint.h>

#include "peer_plans.h"
#include "peer_reply.h"

struct event_base;

typedef struct peer_wait peer_wait; /* actor with an immediate free */

typedef struct peer_wait_options {
    struct event_base *base;
    peer_plans *plans;
    void (*print)(const char *text, void *user); /* how far it is; NULL = never */
    uint32_t print_every_ms;
    /** The plan is there: run the line again. */
    void (*run)(const char *text, size_t len, void *user);
    void *user;
} peer_wait_options;

/** @return 0 or IC_ERR_NOMEM */
IC_CHECK int peer_wait_new(const peer_wait_options *opts, peer_wait **out);

/** NULL is fine. */
void peer_wait_free(peer_wait *wait);

/** Does a line wait? */
bool peer_wait_is_on(const peer_wait *wait);

/** This line waits for the plan of `room`. @return 0; IC_ERR_BUSY: another one does;
 * IC_ERR_NOMEM */
IC_CHECK int peer_wait_begin(peer_wait *wait, const char *text, size_t len,
                             const char *room);

/** Run the line with the quick plan. */
void peer_wait_hurry(peer_wait *wait);

/** The plans of a room are there: on with the line, if it waited for them. */
void peer_wait_planned(peer_wait *wait, const char *room);

#endif
