/**
 * @file fake_clock.h
 * An ic_env whose time stands still until a test moves it, and whose randomness has a
 * seed.
 */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include "fake_random.h"
#include "intercom/sys/env.h"

typedef struct fake_clock {
    uint64_t now_ns;
    int64_t wall_ms;
    fake_random random;
} fake_clock;

/** Start at 1 s, wall clock in 2026; `seed` decides what env.random gives. */
void fake_clock_init(fake_clock *c, uint64_t seed);

/** Both clocks go on to `now_ns`, never back. */
void fake_clock_set(fake_clock *c, uint64_t now_ns);

/** An environment that reads this clock; it must outlive whoever uses it. */
ic_env fake_clock_env(fake_clock *c);

#endif
