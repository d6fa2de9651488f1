/**
 * @file dht/window.h
 * How many requests may be on their way: those of the last few drains, without the ones
 * that were answered.
 *
 * Spec     docs/spec/05-dht-rpc.md, section 6 (congestion window)
 */
#ifndef DHT_WINDOW_H
#define DHT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"

#define IC__WINDOW_MAX 80u
#define IC__WINDOW_SLOTS 4u
#define IC__WINDOW_DRAIN_NS (750 * IC__MS)

typedef struct ic__window {
    uint32_t slots[IC__WINDOW_SLOTS];
    uint32_t current;
    uint32_t total;
    uint64_t drained_ns; /* when the last drain was due */
} ic__window;

void ic__window_send(ic__window *w);
void ic__window_settle(ic__window *w);
void ic__window_drain(ic__window *w);
bool ic__window_is_full(const ic__window *w);

/** All drains that were due since the last call. */
void ic__window_advance(ic__window *w, uint64_t now);

#endif
