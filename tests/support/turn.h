/**
 * @file turn.h
 * A loop that turns until something has happened.
 */
#ifndef TURN_H
#define TURN_H

#include <stddef.h>

struct event_base;

/** Until `*count` is `want`; the test fails when that takes a minute. */
void turn_until(struct event_base *base, const size_t *count, size_t want);

#endif
