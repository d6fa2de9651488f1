/**
 * @file fail_alloc.h
 * Memory that runs out on demand: the Nth allocation of the libraries fails.
 */
#ifndef FAIL_ALLOC_H
#define FAIL_ALLOC_H

#include <stddef.h>

/** From now on, count allocations and let number `nth` (1 = the next) and all later ones
 * fail; 0 = none. */
void fail_alloc_start(size_t nth);

/** Back to normal; returns how many pieces are still alive since the start. */
size_t fail_alloc_stop(void);

/** Did an allocation fail since the start? */
int fail_alloc_hit(void);

/**
 * Run `body` with the first, second, ... allocation failing until one run hits no
 * failure. `body` must clean up after itself; each run must leave no piece of memory
 * behind.
 */
void fail_alloc_each(void (*body)(void *arg), void *arg);

#endif
