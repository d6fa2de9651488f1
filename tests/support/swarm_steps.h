/**
 * @file swarm_steps.h
 * One swarm of ours, a clock, and a network that the test plays by hand.
 */
#ifndef SWARM_STEPS_H
#define SWARM_STEPS_H

#include "fake_clock.h"
#include "swarm/swarm.h"

typedef struct swarm_desk {
    fake_clock clock;
    ic_env env;
    uint8_t own[32]; /* the key; its first byte is 0x80 */
    ic__swarm_options options;
    ic__swarm *s;
} swarm_desk;

/** Defaults; the test may change `options` before swarm_open. */
void swarm_prepare(swarm_desk *d);
void swarm_open(swarm_desk *d);
void swarm_shut(swarm_desk *d);

/** A key whose first byte is `first` and whose others come from `number`. */
void swarm_key(uint8_t out[32], uint8_t first, uint32_t number);

/** The next event must be this one; updates are skipped. */
ic__swarm_event swarm_expect(swarm_desk *d, ic__swarm_what what);

/** Time passes: to `now_ns`, with every deadline on the way. Events stay untold. */
void swarm_wait(swarm_desk *d, uint64_t ns);

/** Join topic number `n` in both roles, let the announce find `count` keys of first byte
 * `first`, numbers 0 and up, and end. The announce's event was taken; the session comes
 * back. */
ic__session *swarm_join_finding(swarm_desk *d, uint8_t n, uint8_t first, uint32_t count);

/** The next event must be the dial of this key; its id. */
uint64_t swarm_dials(swarm_desk *d, uint8_t first, uint32_t number);

void swarm_opens(swarm_desk *d, uint64_t id);
void swarm_closes(swarm_desk *d, uint64_t id, int error);

/** Somebody connects from 127.0.0.1; what ic__swarm_incoming said. */
int swarm_comes(swarm_desk *d, uint8_t first, uint32_t number, bool used, uint64_t *id);

#endif
