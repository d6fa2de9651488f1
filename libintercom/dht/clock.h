/**
 * @file dht/clock.h
 * The alarms of everything that lives in one DHT node, and its time.
 *
 * An alarm lives inside its owner. Adding it reserves memory; after that, setting it
 * cannot fail.
 *
 * Threads  one at a time
 */
#ifndef DHT_CLOCK_H
#define DHT_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "base/timers.h"
#include "intercom/api.h"

typedef struct ic__alarm {
    ic__timer timer;
    void (*ring)(struct ic__alarm *alarm); /* NULL = not added */
} ic__alarm;

typedef struct ic__clock {
    ic__timers timers;
    size_t added;
    uint64_t now; /* of the call that the node is in, nanoseconds */
    bool running;
} ic__clock;

/** Room for one alarm more, not yet set. @return 0; IC_ERR_NOMEM */
IC_CHECK int ic__clock_add(ic__clock *clock, ic__alarm *alarm,
                           void (*ring)(ic__alarm *alarm));

/** Unset it and give its room back; nothing happens when it was never added. */
void ic__clock_remove(ic__clock *clock, ic__alarm *alarm);

/** Ring at `at_ns`; IC__NEVER = not. */
void ic__clock_set(ic__clock *clock, ic__alarm *alarm, uint64_t at_ns);

/** Ring `delay_ns` from now. */
void ic__clock_set_in(ic__clock *clock, ic__alarm *alarm, uint64_t delay_ns);

/** The earliest alarm, or IC__NEVER. */
uint64_t ic__clock_deadline(const ic__clock *clock);

/** Time has passed: ring what is due. An alarm that is set meanwhile for `now` or
 * earlier waits for the next call, a nanosecond later. */
void ic__clock_run(ic__clock *clock, uint64_t now);

void ic__clock_free(ic__clock *clock);

#endif
