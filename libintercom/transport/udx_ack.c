/* What an acknowledgement changes (spec section 4, steps 7 to 9 and 11). */
#include "base/seq.h"
#include "transport/udx_state.h"

void ic__udx_arrived(ic__udx *s, uint32_t seq, ic__udx_probe *probe, uint64_t now)
{
    ic__udx_sent *sent = ic__udx_flight_at(&s->flight, seq);

    if (sent->place == IC__UDX_ARRIVED)
        return;
    ic__udx_mtu_arrived(s, sent);
    ic__udx_rate_arrived(s, sent, seq, probe);
    ic__udx_rack_arrived(s, sent, seq, probe, now);
    ic__udx_flight_move(&s->flight, seq, IC__UDX_ARRIVED);
}

/* RFC 9293, 3.10.7.4: an old packet must not bring an old window back. */
static void take_window(ic__udx *s, const ic__udx_packet *packet, uint64_t now)
{
    ic__udx_out *out = &s->out;

    if (ic__seq_before(packet->ack, s->flight.una))
        return;
    if (out->rwnd_known &&
        (ic__seq_before(packet->seq, out->rwnd_seq) ||
         (packet->seq == out->rwnd_seq && ic__seq_before(packet->ack, out->rwnd_ack))))
        return;
    out->rwnd = packet->rwnd;
    out->rwnd_seq = packet->seq;
    out->rwnd_ack = packet->ack;
    out->rwnd_known = true;
    if (out->rwnd)
        s->window_closed_ns = 0;
    else if (!s->window_closed_ns)
        s->window_closed_ns = now;
}

/* Everything before the packet una is with the peer. */
static void release(ic__udx *s)
{
    const ic__udx_flight *f = &s->flight;
    uint64_t kept = s->out.unsent;

    if (!ic__udx_flight_empty(f))
        kept = ic__udx_flight_at(f, f->una)->offset;
    ic__fifo_drop(&s->out.bytes, kept);
    ic__udx_arm_trim(s);
    if (s->out.end_sent && ic__udx_flight_empty(f) && !s->out.end_acked) {
        s->out.end_acked = true;
        if (!s->in.ended)
            s->want_ack = true; /* so that the peer knows that we know */
    }
}

/* The paths that no packet under way belongs to. */
static void leave_old_paths(ic__udx *s)
{
    size_t gone = 0;

    while (gone + 1 < s->leg_count &&
           !ic__seq_before(s->flight.una, s->legs[gone + 1].from_seq))
        gone++;
    if (!gone)
        return;
    s->leg_count -= gone;
    for (size_t i = 0; i < s->leg_count; i++)
        s->legs[i] = s->legs[i + gone];
    s->tell_moved = s->tell_moved || s->leg_count == 1;
}

static bool take_cumulative(ic__udx *s, const ic__udx_packet *packet,
                            ic__udx_probe *probe, uint64_t now)
{
    bool advanced = ic__seq_before(s->flight.una, packet->ack);

    if (!advanced)
        return false;
    while (s->flight.una != packet->ack) {
        ic__udx_arrived(s, s->flight.una, probe, now);
        ic__udx_flight_pass(&s->flight);
    }
    if (s->tail_flying && !ic__seq_before(packet->ack, s->tail_end))
        s->tail_flying = false;
    if (!ic__seq_before(packet->ack, s->recovery_end))
        s->recovery = IC__UDX_CALM;
    release(s);
    leave_old_paths(s);
    return true;
}

/* What arrives behind a hole says nothing about the packet in the hole: its time runs. */
static void set_alarms(ic__udx *s, bool advanced, uint64_t now)
{
    if (ic__udx_flight_empty(&s->flight)) {
        s->at.timeout = IC__NEVER;
        s->at.tail = IC__NEVER;
        s->at.reorder = IC__NEVER;
        ic__udx_arm_keepalive(s, now);
    } else if (advanced) {
        s->at.timeout = now + s->rtt.rto_ns;
        ic__udx_arm_tail(s, now);
    }
}

void ic__udx_take_ack(ic__udx *s, const ic__udx_packet *packet, uint64_t now)
{
    bool was_flying = !ic__udx_flight_empty(&s->flight);
    ic__udx_probe probe = {0};
    uint64_t before = s->rate.delivered;

    take_window(s, packet, now);
    bool advanced = take_cumulative(s, packet, &probe, now);
    ic__udx_take_blocks(s, packet, &probe, now);
    probe.sample.acked = (uint32_t)(s->rate.delivered - before);
    if (probe.sample.acked)
        probe.sample.lost = ic__udx_find_lost(s, now);
    else if (s->rack.unlisted && s->rack.credit < s->cc.cwnd)
        s->rack.credit++; /* it answers a packet that its list has no room for */
    set_alarms(s, advanced, now);
    if (was_flying)
        ic__udx_rate_finish(s, &probe, now);
    ic__udx_window_check(s, now);
}
