/**
 * @file transport/udx_cc.h
 * Congestion control: how many packets may be on the way, and how fast they leave.
 *
 * BBR version 1, as the reference runs it: it models the path by its largest delivery
 * rate and its smallest round trip, and takes no single loss for congestion.
 *
 * Spec  docs/spec/02-udx.md, section 8
 */
#ifndef TRANSPORT_UDX_CC_H
#define TRANSPORT_UDX_CC_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/udx_best.h"

/** Where loss recovery stands. */
typedef enum ic__udx_recovery {
    IC__UDX_CALM,    /* nothing is known to be lost */
    IC__UDX_REPAIR,  /* losses were seen, acknowledgements still come */
    IC__UDX_TIMEOUT, /* the timer had to fire */
} ic__udx_recovery;

/** What one acknowledgement told. */
typedef struct ic__udx_sample {
    uint64_t total_delivered; /* packets since the start of the stream */
    uint64_t prior_delivered; /* the same when the newest delivered packet was sent */
    uint64_t delivered;       /* packets within interval_ns; 0 = not known */
    uint64_t interval_ns;     /* 0 = no rate and no round trip can be told */
    uint64_t rtt_ns;          /* 0 = no round trip was measured */
    uint32_t acked;           /* packets delivered by this acknowledgement */
    uint32_t lost;            /* packets given up by it */
    uint32_t flying;          /* packets still on the way */
    ic__udx_recovery recovery;
    bool app_limited; /* the sender had nothing to send meanwhile */
} ic__udx_sample;

typedef enum ic__udx_cc_state {
    IC__UDX_CC_STARTUP,
    IC__UDX_CC_DRAIN,
    IC__UDX_CC_PROBE_BW,
    IC__UDX_CC_PROBE_RTT,
} ic__udx_cc_state;

typedef struct ic__udx_cc {
    uint32_t cwnd; /* result: packets */
    ic__udx_cc_state state;
    double pacing_pps; /* result: packets per second */
    double pacing_gain;
    double cwnd_gain;
    ic__udx_best bw; /* packets per second, over round trips */

    uint64_t round; /* round trips, counted by delivered packets */
    uint64_t round_ends_at;

    uint64_t min_rtt_ns; /* 0 = unknown */
    uint64_t min_rtt_at;
    uint64_t probe_rtt_until; /* 0 = the pipe has not drained yet */
    bool probe_rtt_round_over;
    bool was_idle;
    bool round_started; /* by this acknowledgement */

    double full_bw; /* highest rate in startup */
    uint32_t full_bw_rounds;
    bool pipe_is_full;

    uint32_t cycle;        /* phase: up, down, then even ones */
    uint32_t cycle_phases; /* of this cycle */
    uint64_t cycle_at;

    ic__udx_recovery recovery;
    bool conserve; /* first round of a repair: send only what left */
    uint32_t cwnd_before;

    uint64_t epoch_at; /* acknowledgements beyond the expected rate */
    uint64_t epoch_acked;
    uint32_t extra_acked[2];
    uint32_t extra_rounds;
    uint32_t extra_slot;
    uint32_t luck; /* draws lengths, so that flows don't march in step */
} ic__udx_cc;

/** @param luck  any number: spreads the gain cycles of flows that start together */
void ic__udx_cc_init(ic__udx_cc *cc, uint64_t now, uint32_t luck);

void ic__udx_cc_on_ack(ic__udx_cc *cc, const ic__udx_sample *sample, uint64_t now);

/** Sending goes on after there was nothing to send. */
void ic__udx_cc_on_restart(ic__udx_cc *cc, uint64_t now);

/** The retransmission timer fired with so many packets still on the way. */
void ic__udx_cc_on_timeout(ic__udx_cc *cc, uint32_t flying);

/** Packets per second that the path carries; 0 before it is known. */
double ic__udx_cc_bandwidth(const ic__udx_cc *cc);

#endif
