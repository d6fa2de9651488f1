#include "transport/udx_cc.h"

#include "base/env.h"

#define FIRST_CWND 10
#define LEAST_CWND 4
#define HIGH_GAIN 2.88539 /* 2 / ln 2: doubles the rate each round trip */
#define CRUISE_CWND_GAIN 1.1
#define PROBE_CWND_GAIN 2.0 /* room for the faster phase, or it would not be faster */
#define KEPT_PACKETS 6      /* that each flow may have in the queue, whatever its rate */
#define PACING_MARGIN 0.99
#define FULL_GROWTH 1.25
#define FULL_ROUNDS 3
#define UP_PHASE 0
#define DOWN_PHASE 1
#define LEAST_PHASES 6 /* of a gain cycle, with the two above */
#define MOST_PHASES 10
#define BW_WINDOW_ROUNDS 10
#define MIN_RTT_WINDOW_NS (10 * IC__SEC)
#define LEAST_PATH_NS IC__MS /* less is how soon a process woke up, not what is held */
#define PROBE_RTT_NS (200 * IC__MS)
#define EXTRA_ROUNDS 5
#define EXTRA_MAX_S 0.1
#define FIRST_RTT_S 0.001 /* before the first sample, for the first burst only */

double ic__udx_cc_bandwidth(const ic__udx_cc *cc)
{
    return ic__udx_best_get(&cc->bw);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static double seconds(uint64_t ns)
{
    return (double)ns / (double)IC__SEC;
}

static uint64_t path_ns(const ic__udx_cc *cc)
{
    return cc->min_rtt_ns > LEAST_PATH_NS ? cc->min_rtt_ns : LEAST_PATH_NS;
}

/* What the path holds without a queue, times a gain. */
static uint32_t path_packets(const ic__udx_cc *cc, double gain)
{
    if (!cc->min_rtt_ns)
        return FIRST_CWND;
    double packets = ic__udx_cc_bandwidth(cc) * seconds(path_ns(cc)) * gain;
    return packets < (double)UINT32_MAX / 4 ? (uint32_t)packets : UINT32_MAX / 4;
}

void ic__udx_cc_init(ic__udx_cc *cc, uint64_t now, uint32_t luck)
{
    *cc = (ic__udx_cc){
        .cwnd = FIRST_CWND,
        .pacing_gain = HIGH_GAIN,
        .cwnd_gain = HIGH_GAIN,
        .pacing_pps = HIGH_GAIN * FIRST_CWND / FIRST_RTT_S,
        .min_rtt_at = now,
        .epoch_at = now,
        .luck = luck,
    };
}

static double phase_gain(uint32_t phase)
{
    if (phase == UP_PHASE)
        return 1.25;
    return phase == DOWN_PHASE ? 0.75 : 1;
}

/* Flows whose cycles have the same length, and that probe at the same time, would do so
 * for ever, and none would learn of another's share: lengths are drawn. */
static uint32_t draw(ic__udx_cc *cc, uint32_t least, uint32_t most)
{
    cc->luck = cc->luck * 1664525 + 1013904223;
    return least + (cc->luck >> 16) % (most - least + 1);
}

static void begin_cycle(ic__udx_cc *cc, uint32_t phase, uint64_t now)
{
    cc->cycle = phase;
    cc->cycle_phases = draw(cc, LEAST_PHASES, MOST_PHASES);
    cc->cycle_at = now;
}

static void enter_probe_bw(ic__udx_cc *cc, uint64_t now)
{
    cc->state = IC__UDX_CC_PROBE_BW;
    begin_cycle(cc, draw(cc, DOWN_PHASE + 1, LEAST_PHASES - 1), now);
}

static void update_bw(ic__udx_cc *cc, const ic__udx_sample *sample)
{
    cc->round_started = false;
    if (!sample->interval_ns)
        return;
    if (sample->prior_delivered >= cc->round_ends_at) {
        cc->round_ends_at = sample->total_delivered;
        cc->round++;
        cc->round_started = true;
        cc->conserve = false;
    }
    double bw = (double)sample->delivered / seconds(sample->interval_ns);
    if (!sample->delivered)
        return;
    if (!sample->app_limited || bw >= ic__udx_cc_bandwidth(cc))
        ic__udx_best_add(&cc->bw, BW_WINDOW_ROUNDS, cc->round, bw);
}

/* Acknowledgements come in bunches; the window must hold out between two of them. */
static void update_extra_acked(ic__udx_cc *cc, const ic__udx_sample *sample, uint64_t now)
{
    if (!sample->acked || !sample->delivered)
        return;
    if (cc->round_started && ++cc->extra_rounds >= EXTRA_ROUNDS) {
        cc->extra_rounds = 0;
        cc->extra_slot ^= 1;
        cc->extra_acked[cc->extra_slot] = 0;
    }
    double expected = ic__udx_cc_bandwidth(cc) * seconds(now - cc->epoch_at);
    if ((double)cc->epoch_acked <= expected) {
        cc->epoch_acked = 0;
        cc->epoch_at = now;
        expected = 0;
    }
    cc->epoch_acked += sample->acked;
    double extra = (double)cc->epoch_acked - expected;
    uint32_t packets = extra < cc->cwnd ? (uint32_t)extra : cc->cwnd;
    cc->extra_acked[cc->extra_slot] = larger(cc->extra_acked[cc->extra_slot], packets);
}

static bool phase_is_over(const ic__udx_cc *cc, const ic__udx_sample *sample,
                          uint64_t now)
{
    bool full_length = now - cc->cycle_at > path_ns(cc);
    double gain = phase_gain(cc->cycle);

    if (gain > 1)
        return full_length && (sample->lost || sample->flying >= path_packets(cc, gain));
    if (gain < 1)
        return full_length || sample->flying <= path_packets(cc, 1);
    return full_length;
}

static void update_cycle(ic__udx_cc *cc, const ic__udx_sample *sample, uint64_t now)
{
    if (cc->state != IC__UDX_CC_PROBE_BW || !phase_is_over(cc, sample, now))
        return;
    cc->cycle_at = now;
    if (++cc->cycle >= cc->cycle_phases)
        begin_cycle(cc, UP_PHASE, now);
}

static void check_full_pipe(ic__udx_cc *cc, const ic__udx_sample *sample)
{
    if (cc->pipe_is_full || !cc->round_started || sample->app_limited)
        return;
    if (ic__udx_cc_bandwidth(cc) >= cc->full_bw * FULL_GROWTH) {
        cc->full_bw = ic__udx_cc_bandwidth(cc);
        cc->full_bw_rounds = 0;
        return;
    }
    cc->pipe_is_full = ++cc->full_bw_rounds >= FULL_ROUNDS;
}

static void check_drain(ic__udx_cc *cc, const ic__udx_sample *sample, uint64_t now)
{
    if (cc->state == IC__UDX_CC_STARTUP && cc->pipe_is_full)
        cc->state = IC__UDX_CC_DRAIN;
    if (cc->state == IC__UDX_CC_DRAIN && sample->flying <= path_packets(cc, 1))
        enter_probe_bw(cc, now);
}

static void save_cwnd(ic__udx_cc *cc)
{
    if (cc->recovery == IC__UDX_CALM && cc->state != IC__UDX_CC_PROBE_RTT)
        cc->cwnd_before = cc->cwnd;
    else
        cc->cwnd_before = larger(cc->cwnd_before, cc->cwnd);
}

static void leave_probe_rtt(ic__udx_cc *cc, uint64_t now)
{
    if (!cc->probe_rtt_until || now <= cc->probe_rtt_until)
        return;
    cc->min_rtt_at = now;
    cc->cwnd = larger(cc->cwnd, cc->cwnd_before);
    if (cc->pipe_is_full)
        enter_probe_bw(cc, now);
    else
        cc->state = IC__UDX_CC_STARTUP;
}

/* Hold the pipe nearly empty for a while, to see the round trip without a queue. */
static void hold_probe_rtt(ic__udx_cc *cc, const ic__udx_sample *sample, uint64_t now)
{
    if (!cc->probe_rtt_until) {
        if (sample->flying > LEAST_CWND)
            return;
        cc->probe_rtt_until = now + PROBE_RTT_NS;
        cc->probe_rtt_round_over = false;
        cc->round_ends_at = sample->total_delivered;
        return;
    }
    if (cc->round_started)
        cc->probe_rtt_round_over = true;
    if (cc->probe_rtt_round_over)
        leave_probe_rtt(cc, now);
}

static void update_min_rtt(ic__udx_cc *cc, const ic__udx_sample *sample, uint64_t now)
{
    bool expired = now - cc->min_rtt_at > MIN_RTT_WINDOW_NS;

    if (sample->rtt_ns &&
        (!cc->min_rtt_ns || sample->rtt_ns <= cc->min_rtt_ns || expired)) {
        cc->min_rtt_ns = sample->rtt_ns;
        cc->min_rtt_at = now;
    }
    if (expired && !cc->was_idle && cc->state != IC__UDX_CC_PROBE_RTT) {
        save_cwnd(cc);
        cc->state = IC__UDX_CC_PROBE_RTT;
        cc->probe_rtt_until = 0;
    }
    if (cc->state == IC__UDX_CC_PROBE_RTT)
        hold_probe_rtt(cc, sample, now);
    if (sample->delivered)
        cc->was_idle = false;
}

static void update_gains(ic__udx_cc *cc)
{
    switch (cc->state) {
    case IC__UDX_CC_STARTUP:
        cc->pacing_gain = HIGH_GAIN;
        cc->cwnd_gain = HIGH_GAIN;
        break;
    case IC__UDX_CC_DRAIN:
        cc->pacing_gain = 1 / HIGH_GAIN;
        cc->cwnd_gain = HIGH_GAIN;
        break;
    case IC__UDX_CC_PROBE_BW:
        cc->pacing_gain = phase_gain(cc->cycle);
        cc->cwnd_gain = cc->pacing_gain > 1 ? PROBE_CWND_GAIN : CRUISE_CWND_GAIN;
        break;
    case IC__UDX_CC_PROBE_RTT:
        cc->pacing_gain = 1;
        cc->cwnd_gain = 1;
        break;
    }
}

static void set_pacing(ic__udx_cc *cc, const ic__udx_sample *sample)
{
    double bw = ic__udx_cc_bandwidth(cc);

    if (cc->round <= 1 && sample->rtt_ns && !cc->pipe_is_full) {
        double first = FIRST_CWND / seconds(sample->rtt_ns);
        if (first > bw)
            bw = first;
    }
    double pps = bw * cc->pacing_gain * PACING_MARGIN;
    if (pps > 0 && (cc->pipe_is_full || cc->round <= 1 || pps > cc->pacing_pps))
        cc->pacing_pps = pps;
}

/* True while the repair's first round is on: what has left the path may be replaced. */
static bool follow_recovery(ic__udx_cc *cc, const ic__udx_sample *sample)
{
    ic__udx_recovery before = cc->recovery;

    if (sample->lost)
        cc->cwnd = cc->cwnd > sample->lost ? cc->cwnd - sample->lost : 1;
    if (sample->recovery == IC__UDX_REPAIR && before != IC__UDX_REPAIR) {
        cc->conserve = true;
        cc->round_ends_at = sample->total_delivered;
        cc->cwnd = sample->flying + sample->acked;
    } else if (before != IC__UDX_CALM && sample->recovery == IC__UDX_CALM) {
        cc->cwnd = larger(cc->cwnd, cc->cwnd_before);
        cc->conserve = false;
    }
    cc->recovery = sample->recovery;
    if (cc->conserve)
        cc->cwnd = larger(cc->cwnd, sample->flying + sample->acked);
    return cc->conserve;
}

/* Rates follow windows, and windows follow measured rates: with a window that is all
 * proportional to the rate, any split of a link would last. What is the same for each
 * flow draws them together. */
static uint32_t target_cwnd(const ic__udx_cc *cc)
{
    uint32_t target = path_packets(cc, cc->cwnd_gain);

    if (!cc->pipe_is_full)
        return target;
    double most = ic__udx_cc_bandwidth(cc) * EXTRA_MAX_S;
    uint32_t extra = larger(cc->extra_acked[0], cc->extra_acked[1]);
    return target + KEPT_PACKETS + (extra < most ? extra : (uint32_t)most);
}

static void set_cwnd(ic__udx_cc *cc, const ic__udx_sample *sample)
{
    if (sample->recovery != IC__UDX_CALM && cc->recovery == IC__UDX_CALM)
        save_cwnd(cc);
    if (sample->acked && !follow_recovery(cc, sample)) {
        uint32_t target = target_cwnd(cc);
        if (cc->pipe_is_full)
            cc->cwnd = smaller(cc->cwnd + sample->acked, target);
        else if (cc->cwnd < target || sample->total_delivered < FIRST_CWND)
            cc->cwnd += sample->acked;
    }
    cc->cwnd = larger(cc->cwnd, LEAST_CWND);
    if (cc->state == IC__UDX_CC_PROBE_RTT)
        cc->cwnd = smaller(cc->cwnd, LEAST_CWND);
}

void ic__udx_cc_on_ack(ic__udx_cc *cc, const ic__udx_sample *sample, uint64_t now)
{
    update_bw(cc, sample);
    update_extra_acked(cc, sample, now);
    update_cycle(cc, sample, now);
    check_full_pipe(cc, sample);
    check_drain(cc, sample, now);
    update_min_rtt(cc, sample, now);
    update_gains(cc);
    set_pacing(cc, sample);
    set_cwnd(cc, sample);
}

void ic__udx_cc_on_restart(ic__udx_cc *cc, uint64_t now)
{
    cc->was_idle = true;
    cc->epoch_at = now;
    cc->epoch_acked = 0;
    if (cc->state == IC__UDX_CC_PROBE_BW)
        cc->pacing_pps = ic__udx_cc_bandwidth(cc) * PACING_MARGIN;
    else if (cc->state == IC__UDX_CC_PROBE_RTT)
        leave_probe_rtt(cc, now);
}

void ic__udx_cc_on_timeout(ic__udx_cc *cc, uint32_t flying)
{
    save_cwnd(cc);
    cc->recovery = IC__UDX_TIMEOUT;
    cc->conserve = false;
    cc->full_bw = 0;
    cc->cwnd = larger(flying + 1, LEAST_CWND);
}
