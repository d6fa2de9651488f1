/**
 * @file sidechannel/limiter.h
 * How many bytes a connection may bring, and what happens to those that bring more.
 *
 * Spec     docs/spec/12-sidechannel.md, section 8
 */
#ifndef SIDECHANNEL_LIMITER_H
#define SIDECHANNEL_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "sidechannel/policy.h"

typedef struct ic__limiter {
    double tokens; /* bytes */
    uint64_t refilled_ns;
    uint64_t strikes_end_ns; /* after this, strikes are forgotten */
    uint64_t blocked_until_ns;
    uint32_t strikes;
} ic__limiter;

void ic__limiter_init(ic__limiter *l, const ic__policy_options *settings, uint64_t now);

bool ic__limiter_blocked(const ic__limiter *l, uint64_t now);

/** May a message of `bytes` pass? If so, it is paid for; if not, that was a strike,
 * unless the connection is blocked. */
bool ic__limiter_take(ic__limiter *l, const ic__policy_options *settings, uint64_t bytes,
                      uint64_t now);

/** Count one strike for something else. */
void ic__limiter_strike(ic__limiter *l, const ic__policy_options *settings, uint64_t now);

/** Until when it differs from a fresh one; `now` or before when it does not. */
uint64_t ic__limiter_matters_until(const ic__limiter *l,
                                   const ic__policy_options *settings);

/** A plain bucket of tokens. */
typedef struct ic__bucket {
    double tokens;
    uint64_t refilled_ns;
} ic__bucket;

void ic__bucket_init(ic__bucket *b, uint32_t burst, uint64_t now);

/** Rate 0 = no limit. */
bool ic__bucket_take(ic__bucket *b, uint32_t rate_per_s, uint32_t burst, uint64_t amount,
                     uint64_t now);

#endif
