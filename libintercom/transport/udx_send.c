/* Which datagram leaves next, and what is in it (spec sections 1, 5 and 7). */
#include "base/seq.h"
#include "intercom/sys/mem.h"
#include "transport/udx_state.h"

#define NO_MEMORY_NS (100 * IC__MS)

/* Packets stay on the path they were sent on, until a timeout says that it is dead. */
const ic__udx_path *ic__udx_path_of(const ic__udx *s, uint32_t seq, uint8_t timeouts)
{
    size_t leg = s->leg_count - 1;

    while (!timeouts && leg > 0 && ic__seq_before(seq, s->legs[leg].from_seq))
        leg--;
    return &s->legs[leg].path;
}

bool ic__udx_has_new(const ic__udx *s)
{
    return s->out.unsent != s->out.bytes.tail || (s->out.ending && !s->out.end_sent);
}

static ic__udx_packet header(ic__udx *s, uint8_t type, uint32_t id)
{
    s->in.told_rwnd = ic__udx_window(s);
    return (ic__udx_packet){.type = type,
                            .id = id,
                            .rwnd = s->in.told_rwnd,
                            .seq = s->flight.nxt,
                            .ack = s->in.next};
}

static size_t finish(ic__udx *s, const ic__wr *w)
{
    if (w->bad)
        return 0;
    s->stats.packets_out++;
    s->stats.bytes_out += w->len;
    return w->len;
}

/* A packet without seq of its own: state, heartbeat, destroy. */
static size_t write_bare(ic__udx *s, ic__wr *w, uint8_t type)
{
    ic__udx_packet packet = header(s, type, ic__udx_current_path(s)->id);

    if (!type && s->in.held_count) {
        packet.sack_count = ic__udx_list_blocks(s, packet.sacks);
        packet.type = packet.sack_count ? IC__UDX_SACK : 0;
    }
    ic__udx_packet_write(w, &packet);
    return finish(s, w);
}

static size_t write_message(ic__udx *s, ic__wr *w)
{
    ic__udx_message *message = ic__udx_messages_take(&s->outbox);
    ic__udx_packet packet = header(s, IC__UDX_MESSAGE, ic__udx_current_path(s)->id);

    packet.payload = message->data;
    packet.payload_len = message->len;
    ic__udx_packet_write(w, &packet);
    ic_mem_free(message);
    return finish(s, w);
}

static void arm_timeout(ic__udx *s, uint64_t now)
{
    if (s->at.timeout == IC__NEVER)
        s->at.timeout = now + s->rtt.rto_ns;
    s->at.keepalive = IC__NEVER;
    s->at.window = IC__NEVER;
}

static size_t write_sent(ic__udx *s, ic__wr *w, uint32_t seq, uint8_t padding,
                         ic__udx_path *to, uint64_t now)
{
    ic__udx_sent *sent = ic__udx_flight_at(&s->flight, seq);

    *to = *ic__udx_path_of(s, seq, sent->timeouts);
    ic__udx_packet packet = header(s, sent->type, to->id);
    packet.seq = seq;
    packet.padding = padding;
    ic__udx_packet_write(w, &packet);
    uint8_t *payload = ic__wr_room(w, sent->len);
    if (payload)
        ic__fifo_copy(&s->out.bytes, sent->offset, payload, sent->len);
    s->want_ack = s->want_ack && s->in.held_count;
    ic__udx_rate_sent(s, sent, now);
    ic__udx_pace_sent(s, w->len, now);
    arm_timeout(s, now);
    return finish(s, w);
}

static size_t send_again(ic__udx *s, ic__wr *w, uint32_t seq, ic__udx_path *to,
                         uint64_t now)
{
    ic__udx_sent *sent = ic__udx_flight_at(&s->flight, seq);

    ic__udx_flight_move(&s->flight, seq, IC__UDX_FLYING);
    sent->sent_again = true;
    sent->probe_mtu = 0;
    s->stats.retransmits++;
    if (seq == s->flight.una && s->recovery != IC__UDX_TIMEOUT)
        s->at.timeout = now + s->rtt.rto_ns; /* the packet that all others wait for */
    return write_sent(s, w, seq, 0, to, now);
}

/* Bytes that the next new packet takes. */
static uint16_t next_len(const ic__udx *s)
{
    uint64_t left = s->out.bytes.tail - s->out.unsent;
    uint16_t limit = ic__udx_payload_limit(s);

    return left < limit ? (uint16_t)left : limit;
}

static size_t send_new(ic__udx *s, ic__wr *w, ic__udx_path *to, uint64_t now)
{
    uint16_t len = next_len(s);
    uint32_t seq = s->flight.nxt;
    bool ends = s->out.ending && s->out.unsent + len == s->out.bytes.tail;
    bool probe = false;
    uint8_t padding = ends ? 0 : ic__udx_mtu_padding(s, len, &probe);
    ic__udx_sent *sent = ic__udx_flight_add(&s->flight);

    sent->type = (uint8_t)((len ? IC__UDX_DATA : 0) | (ends ? IC__UDX_END : 0));
    sent->len = len;
    sent->offset = s->out.unsent;
    s->out.unsent += len;
    s->out.end_sent = ends;
    if (probe)
        ic__udx_mtu_sent(s, sent);
    size_t n = write_sent(s, w, seq, padding, to, now);
    ic__udx_arm_tail(s, now);
    return n;
}

/* The peer's window, in packets: it never closes on less than one (spec section 7). */
static uint32_t window_packets(const ic__udx *s)
{
    uint32_t packets = s->out.rwnd / ic__udx_payload_limit(s);

    if (!s->out.rwnd)
        return 0;
    return packets ? packets : 1;
}

/* Room in the flight for one more. Without memory for the first, no answer of the peer
 * would wake us: try again by ourselves. */
static bool has_place(ic__udx *s, uint64_t now)
{
    bool has = ic__udx_flight_reserve(&s->flight);

    if (!has && ic__udx_flight_empty(&s->flight))
        s->at.pace = now + NO_MEMORY_NS;
    return has;
}

static size_t send_tail(ic__udx *s, ic__wr *w, ic__udx_path *to, uint64_t now)
{
    uint32_t last = s->flight.nxt - 1;
    size_t n = 0;

    s->want_tail = false;
    if (ic__udx_has_new(s) && has_place(s, now))
        n = send_new(s, w, to, now);
    else if (!ic__udx_flight_empty(&s->flight) &&
             ic__udx_flight_at(&s->flight, last)->place == IC__UDX_FLYING)
        n = send_again(s, w, last, to, now);
    s->tail_flying = n > 0;
    s->tail_end = s->flight.nxt;
    s->tail_allowed = false;
    s->at.tail = IC__NEVER;
    s->stats.tail_probes += n > 0;
    return n;
}

static bool may_send_new(ic__udx *s, uint64_t now)
{
    uint32_t flying = s->flight.flying.count;

    return flying < s->cc.cwnd && flying < window_packets(s) && has_place(s, now);
}

static size_t send_data(ic__udx *s, ic__wr *w, ic__udx_path *to, uint64_t now)
{
    if (s->flight.lost.count) {
        bool room = s->flight.flying.count < s->cc.cwnd || s->rack.credit;
        if (!room || !ic__udx_pace_allows(s, now))
            return 0;
        s->rack.credit -= s->flight.flying.count >= s->cc.cwnd;
        return send_again(s, w, s->flight.lost.oldest, to, now);
    }
    if (!ic__udx_has_new(s)) {
        ic__udx_rate_idle(s);
        return 0;
    }
    if (!may_send_new(s, now) || !ic__udx_pace_allows(s, now))
        return 0;
    return send_new(s, w, to, now);
}

static size_t send_special(ic__udx *s, ic__wr *w, ic__udx_path *to, uint64_t now)
{
    if (s->want_tail)
        return send_tail(s, w, to, now);
    if (s->want_beyond) {
        s->want_beyond = false;
        if (ic__udx_window_blocks(s) && has_place(s, now))
            return send_new(s, w, to, now);
    }
    if (ic__udx_window_blocks(s) && s->at.window == IC__NEVER) {
        /* Written while the window was closed already: ask at once. */
        s->at.window = now + s->rtt.rto_ns;
        s->want_heartbeat = true;
    }
    if (!s->want_heartbeat)
        return 0;
    s->want_heartbeat = false;
    return write_bare(s, w, IC__UDX_HEARTBEAT);
}

/* Is a data packet about to leave that says as much as an acknowledgement? One that lists
 * blocks goes alone, and a probe of the path may be lost for its size. */
static bool ack_rides(ic__udx *s, uint64_t now)
{
    bool probe = false;

    if (s->phase != IC__UDX_OPEN || s->in.held_count || s->outbox.queue.count ||
        s->want_tail || s->want_beyond || s->want_heartbeat || s->flight.lost.count)
        return false;
    (void)ic__udx_mtu_padding(s, next_len(s), &probe);
    return !probe && ic__udx_has_new(s) && may_send_new(s, now) &&
           ic__udx_pace_allows(s, now);
}

size_t ic__udx_pull(ic__udx *s, uint8_t *out, size_t cap, ic__udx_path *to, uint64_t now)
{
    ic__wr w = ic__wr_of(out, cap);

    if (!s->leg_count || s->phase == IC__UDX_GONE || cap < IC__UDX_MAX_DATAGRAM)
        return 0;
    *to = *ic__udx_current_path(s);
    s->at.pace = IC__NEVER;
    s->last_ns = now;
    if (s->want_ack && !ack_rides(s, now)) {
        s->want_ack = false;
        return write_bare(s, &w, 0);
    }
    if (s->phase == IC__UDX_DOOMED) {
        s->phase = IC__UDX_GONE;
        return write_bare(s, &w, IC__UDX_DESTROY);
    }
    if (s->phase != IC__UDX_OPEN)
        return 0;
    ic__udx_arm_reopen(s, now);
    if (s->outbox.queue.count)
        return write_message(s, &w);
    size_t n = send_special(s, &w, to, now);
    return n ? n : send_data(s, &w, to, now);
}
