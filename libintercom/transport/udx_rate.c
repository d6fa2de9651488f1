/*
 * How fast packets arrive at the peer (after draft-cheng-iccrg-delivery-rate-estimation),
 * and how fast they may leave.
 */
#include "base/seq.h"
#include "transport/udx_state.h"

#define WIRE_BYTES 28      /* IPv4 and UDP in front of a datagram */
#define BURST_NS IC__MS    /* what leaves at once is as much as this time allows, */
#define BURST_LEAST 2      /* but so many packets at least, */
#define BURST_FIRST 10     /* the first window in one go, */
#define BURST_MOST 64      /* and not more than a receiver's buffer takes */
#define CATCH_UP_NS IC__MS /* a late timer doesn't cost throughput */
#define PLENTY_COMES 4     /* packets that arrive within a rest worth taking, */
#define PLENTY_TIMES 4     /* and how many times as many must be under way */

void ic__udx_rate_sent(ic__udx *s, ic__udx_sent *sent, uint64_t now)
{
    ic__udx_rate *rate = &s->rate;

    /* The packet itself is counted already: nothing else is under way. */
    if (s->flight.nxt - s->flight.una == 1 && !sent->sent_again) {
        rate->first_sent_ns = now;
        rate->delivered_ns = now;
        if (rate->app_limited)
            ic__udx_cc_on_restart(&s->cc, now);
    }
    sent->first_sent_ns = rate->first_sent_ns;
    sent->delivered_ns = rate->delivered_ns;
    sent->delivered = rate->delivered;
    sent->app_limited = rate->app_limited != 0;
    sent->blind = s->rack.unlisted;
    sent->sent_ns = now;
}

void ic__udx_rate_arrived(ic__udx *s, const ic__udx_sent *sent, uint32_t seq,
                          ic__udx_probe *probe)
{
    s->rate.delivered++;
    if (probe->any &&
        !ic__udx_sent_after(sent->sent_ns, seq, probe->newest_sent_ns, probe->newest_seq))
        return;
    probe->any = true;
    probe->newest_sent_ns = sent->sent_ns;
    probe->newest_seq = seq;
    probe->prior_ns = sent->delivered_ns;
    probe->send_interval_ns = sent->sent_ns - sent->first_sent_ns;
    probe->sample.prior_delivered = sent->delivered;
    probe->sample.app_limited = sent->app_limited;
    probe->blind = sent->blind;
    s->rate.first_sent_ns = sent->sent_ns;
}

static void measure(ic__udx *s, ic__udx_probe *probe, uint64_t now)
{
    uint64_t interval = now - probe->prior_ns;

    if (interval < probe->send_interval_ns)
        interval = probe->send_interval_ns;
    /* Shorter than any round trip: the clock or a stretched acknowledgement lies. */
    if (interval < ic__udx_rtt_least(&s->rtt))
        return;
    probe->sample.interval_ns = interval;
    /* Then, arrivals were told late, and all at once looks faster than it was. */
    if (probe->blind || s->rack.unlisted)
        return;
    probe->sample.delivered = s->rate.delivered - probe->sample.prior_delivered;
}

void ic__udx_rate_finish(ic__udx *s, ic__udx_probe *probe, uint64_t now)
{
    ic__udx_rate *rate = &s->rate;

    if (rate->app_limited && rate->delivered > rate->app_limited)
        rate->app_limited = 0;
    if (probe->sample.acked)
        rate->delivered_ns = now;
    if (probe->any)
        measure(s, probe, now);
    probe->sample.total_delivered = rate->delivered;
    probe->sample.flying = s->flight.flying.count;
    probe->sample.recovery = s->recovery;
    ic__udx_cc_on_ack(&s->cc, &probe->sample, now);
}

void ic__udx_rate_idle(ic__udx *s)
{
    uint64_t until = s->rate.delivered + s->flight.flying.count;

    if (s->flight.flying.count < s->cc.cwnd && !s->flight.lost.count)
        s->rate.app_limited = until ? until : 1;
}

bool ic__udx_has_plenty(const ic__udx *s, uint64_t ns)
{
    double come = ic__udx_cc_bandwidth(&s->cc) * (double)ns / (double)IC__SEC;

    return come >= PLENTY_COMES && s->flight.flying.count >= PLENTY_TIMES * come;
}

static double bytes_per_ns(const ic__udx *s)
{
    double packet = ic__udx_payload_limit(s) + IC__UDX_HEADER_BYTES + WIRE_BYTES;
    return s->cc.pacing_pps * packet / (double)IC__SEC;
}

/* The time that the largest burst takes at the present rate. */
static uint64_t burst_ns(const ic__udx *s)
{
    double one = 1 / s->cc.pacing_pps * (double)IC__SEC;
    double least = one * (s->rtt.srtt_ns ? BURST_LEAST : BURST_FIRST);
    double most = one * BURST_MOST;
    double burst = (double)BURST_NS;

    if (burst < least)
        burst = least;
    if (burst > most)
        burst = most;
    return (uint64_t)burst;
}

bool ic__udx_pace_allows(ic__udx *s, uint64_t now)
{
    uint64_t burst = burst_ns(s);

    if (s->rate.pace_ns < now + burst)
        return true;
    s->at.pace = s->rate.pace_ns - burst / 2;
    return false;
}

void ic__udx_pace_sent(ic__udx *s, size_t bytes, uint64_t now)
{
    uint64_t late = now > CATCH_UP_NS ? now - CATCH_UP_NS : 0;

    if (s->rate.pace_ns < late)
        s->rate.pace_ns = late;
    s->rate.pace_ns += (uint64_t)((double)(bytes + WIRE_BYTES) / bytes_per_ns(s));
}
