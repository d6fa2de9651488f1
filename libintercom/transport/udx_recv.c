/* Receiving: what is taken, kept for later, or dropped (spec sections 4 and 11). */
#include <string.h>

#include "base/seq.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "transport/udx_state.h"

#define FIRST_HELD 64

static size_t limit(const ic__udx *s)
{
    return s->leg_count ? s->opts.max_recv_bytes : s->opts.max_early_bytes;
}

/* While the owner reads, what has arrived is as good as read. Room for less than a packet
 * is none: older peers stop there, and ask only after a window of zero (spec section 7).
 */
uint32_t ic__udx_window(const ic__udx *s)
{
    size_t unread = s->in.paused ? ic__fifo_len(&s->in.ready) : 0;
    size_t most = s->opts.max_recv_bytes;

    if (unread && (unread > most || most - unread < IC__UDX_MAX_DATAGRAM))
        return 0;
    return (uint32_t)(most - unread);
}

static ic__udx_held *held_at(const ic__udx *s, uint32_t seq)
{
    return &s->in.held[seq & (s->in.held_cap - 1)];
}

static void release(ic__udx *s, ic__udx_held *held)
{
    s->in.held_bytes -= held->len;
    s->in.held_count--;
    ic_mem_free(held->data);
    *held = (ic__udx_held){0};
}

void ic__udx_drop_held(ic__udx *s)
{
    for (uint32_t i = 0; i < s->in.held_cap; i++) {
        if (s->in.held[i].type)
            release(s, &s->in.held[i]);
    }
    ic_mem_free(s->in.held);
    s->in.held = NULL;
    s->in.held_cap = 0;
}

/* A table that reaches so many packets ahead of the next one. */
static bool reach(ic__udx *s, uint32_t ahead)
{
    uint32_t cap = s->in.held_cap ? s->in.held_cap : FIRST_HELD;

    while (cap <= ahead)
        cap *= 2;
    if (cap == s->in.held_cap)
        return true;
    ic__udx_held *bigger = ic_mem_calloc(cap, sizeof *bigger);
    if (!bigger)
        return false;
    for (uint32_t i = 0; s->in.held_count && i < s->in.held_cap; i++) {
        uint32_t seq = s->in.next + i;
        bigger[seq & (cap - 1)] = *held_at(s, seq);
    }
    ic_mem_free(s->in.held);
    s->in.held = bigger;
    s->in.held_cap = cap;
    return true;
}

static void hold(ic__udx *s, const ic__udx_packet *packet)
{
    uint32_t ahead = packet->seq - s->in.next;

    if (packet->payload_len > IC__UDX_MAX_DATAGRAM ||
        s->in.held_bytes + packet->payload_len > limit(s) || !reach(s, ahead)) {
        s->stats.dropped_full++;
        return;
    }
    ic__udx_held *held = held_at(s, packet->seq);
    if (held->type) {
        s->stats.dropped_duplicate++;
        return;
    }
    uint8_t *data = ic_mem_alloc(packet->payload_len);
    if (!data) {
        s->stats.dropped_full++;
        return;
    }
    if (packet->payload_len)
        memcpy(data, packet->payload, packet->payload_len);
    *held = (ic__udx_held){data, (uint16_t)packet->payload_len,
                           packet->type & (IC__UDX_DATA | IC__UDX_END)};
    s->in.held_count++;
    s->in.held_bytes += packet->payload_len;
    if (!ic__seq_before(packet->seq, s->in.held_end))
        s->in.held_end = packet->seq + 1;
}

/* The packet whose turn it is; false when the reader has no room for it. */
static bool deliver(ic__udx *s, uint8_t type, const uint8_t *data, size_t len)
{
    if (type & IC__UDX_DATA) {
        if (len && ic__fifo_len(&s->in.ready) >= limit(s))
            return false;
        if (!ic__fifo_add(&s->in.ready, data, len))
            return false;
    }
    if (s->in.end_known && s->in.next == s->in.end_seq) {
        s->in.ended = true;
        s->tell_end = true;
    }
    s->in.next++;
    return true;
}

void ic__udx_take_held(ic__udx *s)
{
    while (s->in.held_count && !s->in.ended) {
        ic__udx_held *held = held_at(s, s->in.next);
        if (!held->type || !deliver(s, held->type, held->data, held->len))
            return;
        release(s, held);
    }
    if (ic__seq_before(s->in.held_end, s->in.next))
        s->in.held_end = s->in.next;
}

/* The first end counts; nothing may follow it. */
static bool fits_the_end(ic__udx *s, const ic__udx_packet *packet)
{
    if (s->in.end_known)
        return !ic__seq_before(s->in.end_seq, packet->seq) &&
               (!(packet->type & IC__UDX_END) || packet->seq == s->in.end_seq);
    if (packet->type & IC__UDX_END) {
        s->in.end_known = true;
        s->in.end_seq = packet->seq;
    }
    return true;
}

void ic__udx_take_data(ic__udx *s, const ic__udx_packet *packet)
{
    if (!(packet->type & (IC__UDX_DATA | IC__UDX_END)))
        return;
    if (ic__seq_before(packet->seq, s->in.next) || s->in.ended) {
        s->stats.dropped_duplicate++;
        return;
    }
    if (packet->seq - s->in.next >= s->opts.max_ahead_packets ||
        !fits_the_end(s, packet)) {
        s->stats.dropped_far++;
        return;
    }
    bool refused = s->in.held_count && held_at(s, s->in.next)->type;
    if (packet->seq != s->in.next || refused)
        hold(s, packet);
    else if (!deliver(s, packet->type, packet->payload, packet->payload_len))
        s->stats.dropped_full++;
    ic__udx_take_held(s);
}

/* A destroy counts inside the window in which data would count. */
static bool is_destroyed(const ic__udx *s, const ic__udx_packet *packet)
{
    return (packet->type & IC__UDX_DESTROY) &&
           packet->seq - s->in.next < s->opts.max_ahead_packets;
}

static void take_message(ic__udx *s, const ic__udx_packet *packet)
{
    if (packet->type & IC__UDX_MESSAGE &&
        ic__udx_messages_add(&s->inbox, packet->payload, packet->payload_len,
                             s->opts.max_message_bytes) != 0)
        s->stats.dropped_messages++;
}

static void take_packet(ic__udx *s, const ic__udx_packet *packet, uint64_t now)
{
    bool takes_seq = packet->type & (IC__UDX_DATA | IC__UDX_END);
    bool destroyed = is_destroyed(s, packet);
    ic__udx_take_data(s, packet);
    if (destroyed) {
        ic__udx_close(s, IC_ERR_CLOSED);
        return;
    }
    take_message(s, packet);
    if (ic__seq_before(s->flight.nxt, packet->ack))
        return; /* it acknowledges what was never sent: no answer */
    if (takes_seq)
        s->want_ack = true;
    ic__udx_take_ack(s, packet, now);
    if (s->repeat_when_heard)
        ic__udx_repeat(s);
    ic__udx_check_ended(s, now);
}

int ic__udx_recv(ic__udx *s, const uint8_t *p, size_t n, uint64_t now)
{
    ic__udx_packet packet;

    if (s->phase == IC__UDX_DOOMED || s->phase == IC__UDX_GONE)
        return 0;
    if (ic__udx_packet_decode(&packet, p, n) != 0) {
        s->stats.dropped_bad++;
        return IC_ERR_PROTO;
    }
    s->last_ns = now;
    s->stats.packets_in++;
    s->stats.bytes_in += n;
    s->unheard = 0;
    s->heard_since_timeout = true;
    if (packet.type & IC__UDX_HEARTBEAT)
        ic__udx_answer_heartbeat(s, now);
    else if (s->phase == IC__UDX_OPEN)
        take_packet(s, &packet, now);
    else if (packet.type & (IC__UDX_DATA | IC__UDX_END))
        s->want_ack = true; /* our last acknowledgement was lost */
    return 0;
}
