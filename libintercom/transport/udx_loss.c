/* What is lost, and when that is noticed: RACK, tail probes, timeouts (RFC 8985; spec
 * section 6). */
#include "base/seq.h"
#include "intercom/error.h"
#include "transport/udx_state.h"

#define TAIL_LEAST_NS (2 * IC__MS) /* the reference measures in milliseconds */
#define TAIL_SINGLE_NS (2 * IC__MS)
#define TAIL_FIRST_NS IC__SEC
#define MANY_ARRIVED 3

bool ic__udx_sent_after(uint64_t a_ns, uint32_t a_seq, uint64_t b_ns, uint32_t b_seq)
{
    return a_ns > b_ns || (a_ns == b_ns && ic__seq_before(b_seq, a_seq));
}

void ic__udx_rack_arrived(ic__udx *s, const ic__udx_sent *sent, uint32_t seq,
                          ic__udx_probe *probe, uint64_t now)
{
    ic__udx_rack *rack = &s->rack;
    uint64_t rtt = now - sent->sent_ns;

    if (!sent->sent_again) {
        ic__udx_rtt_add(&s->rtt, rtt, now);
        s->tail_allowed = true;
    }
    /* Faster than the path can be: it was the first copy that arrived, not the last. */
    if (!sent->sent_again || rtt >= ic__udx_rtt_least(&s->rtt)) {
        rack->rtt_ns = rtt;
        probe->sample.rtt_ns = rtt ? rtt : 1;
        if (ic__udx_sent_after(sent->sent_ns, seq + 1, rack->sent_ns, rack->end_seq)) {
            rack->sent_ns = sent->sent_ns;
            rack->end_seq = seq + 1;
        }
    }
    if (ic__seq_before(rack->highest, seq + 1))
        rack->highest = seq + 1;
    else if (rack->highest != seq + 1 && !sent->sent_again)
        rack->reordered = true;
}

static uint64_t reorder_window(const ic__udx *s)
{
    if (!s->rack.reordered &&
        (s->recovery != IC__UDX_CALM || s->flight.arrived >= MANY_ARRIVED))
        return 0;
    uint64_t quarter = ic__udx_rtt_least(&s->rtt) / 4;
    return quarter < s->rtt.srtt_ns ? quarter : s->rtt.srtt_ns;
}

/* True when the loss says something about the path's load: a probe's size does not. */
static bool give_up(ic__udx *s, uint32_t seq)
{
    ic__udx_sent *sent = ic__udx_flight_at(&s->flight, seq);
    bool probe = sent->probe_mtu != 0;

    if (probe)
        ic__udx_mtu_lost(s, sent);
    ic__udx_flight_move(&s->flight, seq, IC__UDX_LOST);
    return !probe;
}

static void enter_repair(ic__udx *s)
{
    s->recovery = IC__UDX_REPAIR;
    s->recovery_end = s->flight.nxt;
    s->tail_flying = false;
    s->at.tail = IC__NEVER;
    s->stats.repairs++;
}

/* Oldest first: that is what the peer waits for. */
static void sort_lost(ic__udx_flight *f)
{
    for (uint32_t seq = f->una; seq != f->nxt; seq++) {
        if (ic__udx_flight_at(f, seq)->place == IC__UDX_LOST)
            ic__udx_flight_move(f, seq, IC__UDX_LOST);
    }
}

uint32_t ic__udx_find_lost(ic__udx *s, uint64_t now)
{
    const ic__udx_rack *rack = &s->rack;
    uint64_t wait = rack->rtt_ns + reorder_window(s);
    uint32_t seq = s->flight.flying.oldest;
    uint32_t lost = 0;
    bool in_order = true;

    s->at.reorder = IC__NEVER;
    for (uint32_t left = s->flight.flying.count; left; left--) {
        const ic__udx_sent *sent = ic__udx_flight_at(&s->flight, seq);
        uint32_t newer = sent->newer;
        if (!ic__udx_sent_after(rack->sent_ns, rack->end_seq, sent->sent_ns, seq + 1))
            break;
        if (sent->sent_ns + wait > now) {
            s->at.reorder = sent->sent_ns + wait;
            break;
        }
        if (!rack->unlisted || ic__seq_before(seq, rack->unlisted_from)) {
            in_order = in_order && (!s->flight.lost.count ||
                                    ic__seq_before(s->flight.lost.newest, seq));
            lost += give_up(s, seq);
        }
        seq = newer;
    }
    if (!in_order)
        sort_lost(&s->flight); /* packets that were sent again are lost again */
    if (lost && s->recovery == IC__UDX_CALM)
        enter_repair(s);
    return lost;
}

/* Does this packet count as lost by a timeout? The oldest always does. */
static bool is_overdue(const ic__udx *s, uint32_t seq, uint64_t now)
{
    const ic__udx_sent *sent = ic__udx_flight_at(&s->flight, seq);

    /* Even if its block was listed: the peer may have dropped it for want of room, or
     * its last acknowledgement was lost (RFC 2018, section 8). */
    if (seq == s->flight.una)
        return sent->place != IC__UDX_LOST;
    return sent->place == IC__UDX_FLYING &&
           sent->sent_ns + s->rack.rtt_ns + reorder_window(s) <= now;
}

/* A peer that answers, with its window closed, is alive: it may refuse a packet. */
static bool counts_against(const ic__udx *s)
{
    return s->out.rwnd || !s->heard_since_timeout;
}

/* The reference forgets a stream as soon as both directions have ended, and answers no
 * more. When all that is missing is its answer to our bare end, nothing was lost. */
static int verdict(const ic__udx *s)
{
    const ic__udx_sent *last = ic__udx_flight_at(&s->flight, s->flight.una);
    bool only_the_end =
        s->in.ended && s->flight.nxt - s->flight.una == 1 && last->type == IC__UDX_END;

    return only_the_end ? 0 : IC_ERR_TIMEOUT;
}

void ic__udx_on_timeout(ic__udx *s, uint64_t now)
{
    bool counts = counts_against(s);

    if (ic__udx_flight_empty(&s->flight))
        return;
    s->stats.timeouts++;
    s->recovery = IC__UDX_TIMEOUT;
    s->recovery_end = s->flight.nxt;
    s->tail_flying = false;
    s->at.tail = IC__NEVER;
    s->at.timeout = now + 2 * s->rtt.rto_ns;
    s->heard_since_timeout = false;
    for (uint32_t seq = s->flight.una; seq != s->flight.nxt; seq++) {
        if (!is_overdue(s, seq, now))
            continue;
        ic__udx_sent *sent = ic__udx_flight_at(&s->flight, seq);
        if (counts && sent->timeouts++ >= s->opts.max_timeouts) {
            ic__udx_close(s, verdict(s));
            return;
        }
        (void)give_up(s, seq);
    }
    sort_lost(&s->flight);
    s->rack.credit = 0;
    ic__udx_cc_on_timeout(&s->cc, s->flight.flying.count);
}

void ic__udx_repeat_when_heard(ic__udx *s)
{
    s->repeat_when_heard = true;
}

/* Says nothing about the load of the path: neither a repair nor a timeout. */
void ic__udx_repeat(ic__udx *s)
{
    s->repeat_when_heard = false;
    while (s->flight.flying.count)
        (void)give_up(s, s->flight.flying.oldest);
    sort_lost(&s->flight);
}

void ic__udx_arm_tail(ic__udx *s, uint64_t now)
{
    uint64_t wait = TAIL_FIRST_NS;

    s->at.tail = IC__NEVER;
    if (s->recovery != IC__UDX_CALM || s->flight.arrived || !s->tail_allowed ||
        s->tail_flying || ic__udx_flight_empty(&s->flight))
        return;
    if (s->rtt.srtt_ns) {
        wait = 2 * s->rtt.srtt_ns;
        if (wait < TAIL_LEAST_NS)
            wait = TAIL_LEAST_NS;
        if (s->flight.nxt - s->flight.una == 1)
            wait += TAIL_SINGLE_NS;
    }
    if (now + wait < s->at.timeout)
        s->at.tail = now + wait;
}

void ic__udx_on_tail(ic__udx *s, uint64_t now)
{
    if (s->recovery != IC__UDX_CALM || s->flight.arrived ||
        ic__udx_flight_empty(&s->flight))
        return;
    s->want_tail = true;
    s->at.timeout = now + s->rtt.rto_ns;
}
