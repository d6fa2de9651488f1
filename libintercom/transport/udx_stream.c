#include "transport/udx_stream.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "transport/udx_state.h"

#define MIB (UINT32_C(1) << 20)
#define FIRST_RWND (4 * MIB) /* assumed of the peer until it says */

#define TRIM_NS IC__SEC

static const ic__udx_alarms no_alarm = {IC__NEVER, IC__NEVER, IC__NEVER,
                                        IC__NEVER, IC__NEVER, IC__NEVER,
                                        IC__NEVER, IC__NEVER, IC__NEVER};

void ic__udx_options_default(ic__udx_options *opts)
{
    *opts = (ic__udx_options){
        .linger_ns = 4 * IC__SEC,
        .max_closed_window_ns = 600 * IC__SEC,
        .max_recv_bytes = 4 * MIB,
        .max_early_bytes = MIB / 4,
        .max_send_bytes = 4 * MIB,
        .max_message_bytes = MIB / 16,
        .max_ahead_packets = 16384,
        .max_flight_packets = 16384,
        .max_timeouts = 6,
        .max_answers = 100,
        .max_mtu = 1500,
    };
}

static void set_up(ic__udx *s, uint64_t now)
{
    uint32_t luck;

    ic__udx_flight_init(&s->flight, s->opts.first_seq, s->opts.max_flight_packets);
    s->in.next = s->opts.first_ack;
    s->in.held_end = s->opts.first_ack;
    s->in.told_rwnd = s->opts.max_recv_bytes;
    s->out.rwnd = FIRST_RWND;
    s->rack.highest = s->opts.first_seq;
    s->recovery_end = s->opts.first_seq;
    s->tail_allowed = true;
    s->at = no_alarm;
    s->env.random(&luck, sizeof luck, s->env.user);
    ic__udx_cc_init(&s->cc, now, luck);
    ic__udx_rtt_init(&s->rtt, now);
    s->rate.delivered_ns = now;
    s->rate.first_sent_ns = now;
    ic__udx_messages_init(&s->inbox);
    ic__udx_messages_init(&s->outbox);
    ic__udx_mtu_reset(s);
}

int ic__udx_new(ic__udx **out, const ic_env *env, uint32_t id,
                const ic__udx_options *opts, uint64_t now)
{
    ic__udx *s = ic_mem_calloc(1, sizeof *s);

    if (!s)
        return IC_ERR_NOMEM;
    s->env = *env;
    s->last_ns = now;
    s->id = id;
    if (opts)
        s->opts = *opts;
    else
        ic__udx_options_default(&s->opts);
    set_up(s, now);
    *out = s;
    return 0;
}

void ic__udx_free(ic__udx *s)
{
    if (!s)
        return;
    ic__udx_drop_held(s);
    ic__fifo_free(&s->in.ready);
    ic__fifo_free(&s->out.bytes);
    ic__udx_flight_free(&s->flight);
    ic__udx_messages_free(&s->inbox);
    ic__udx_messages_free(&s->outbox);
    ic_mem_free(s->told);
    ic_mem_free(s);
}

uint32_t ic__udx_id(const ic__udx *s)
{
    return s->id;
}

bool ic__udx_connected(const ic__udx *s)
{
    return s->leg_count > 0 && s->phase != IC__UDX_GONE;
}

void ic__udx_leave(ic__udx *s, const void *via)
{
    for (size_t i = 0; i + 1 < s->leg_count; i++) {
        if (s->legs[i].path.via == via)
            s->legs[i].path = s->legs[s->leg_count - 1].path;
    }
}

bool ic__udx_uses(const ic__udx *s, const void *via)
{
    for (size_t i = 0; i < s->leg_count; i++) {
        if (s->legs[i].path.via == via)
            return true;
    }
    return false;
}

const ic__udx_path *ic__udx_current_path(const ic__udx *s)
{
    return &s->legs[s->leg_count - 1].path;
}

int ic__udx_connect(ic__udx *s, const ic__udx_path *path, uint64_t now)
{
    if (!path->addr.port)
        return IC_ERR_INVALID;
    if (s->leg_count || s->phase != IC__UDX_OPEN)
        return IC_ERR_EXISTS;
    s->legs[0] = (ic__udx_leg){*path, s->flight.nxt};
    s->leg_count = 1;
    ic__udx_arm_keepalive(s, now);
    return 0;
}

int ic__udx_move(ic__udx *s, const ic__udx_path *path)
{
    if (s->phase != IC__UDX_OPEN)
        return IC_ERR_CLOSED;
    if (!path->addr.port || !s->leg_count)
        return IC_ERR_INVALID;
    if (ic__udx_flight_empty(&s->flight))
        s->leg_count = 0;
    else if (s->legs[s->leg_count - 1].from_seq == s->flight.nxt && s->leg_count > 1)
        s->leg_count--; /* nothing took that path */
    if (s->leg_count == IC__UDX_MAX_PATHS)
        return IC_ERR_AGAIN;
    s->tell_moved = s->leg_count == 0;
    s->legs[s->leg_count++] = (ic__udx_leg){*path, s->flight.nxt};
    ic__udx_mtu_reset(s);
    return 0;
}

int ic__udx_write(ic__udx *s, const uint8_t *data, size_t len)
{
    size_t queued = ic__fifo_len(&s->out.bytes);

    if (s->phase != IC__UDX_OPEN || s->out.ending)
        return IC_ERR_CLOSED;
    if (len > s->opts.max_send_bytes)
        return IC_ERR_LIMIT;
    if (len > s->opts.max_send_bytes - queued) {
        s->out.was_full = true;
        return IC_ERR_AGAIN;
    }
    return ic__fifo_add(&s->out.bytes, data, len) ? 0 : IC_ERR_NOMEM;
}

int ic__udx_end(ic__udx *s)
{
    if (s->phase != IC__UDX_OPEN && !s->out.ending)
        return IC_ERR_CLOSED;
    s->out.ending = true;
    return 0;
}

int ic__udx_send(ic__udx *s, const uint8_t *data, size_t len)
{
    if (s->phase != IC__UDX_OPEN)
        return IC_ERR_CLOSED;
    if (len > IC__UDX_BASE_MTU - 68)
        return IC_ERR_LIMIT;
    return ic__udx_messages_add(&s->outbox, data, len, s->opts.max_message_bytes);
}

/* Memory that no later packet can need. */
static void drop_sending(ic__udx *s)
{
    ic__fifo_free(&s->out.bytes);
    s->flight.flying.count = 0;
    s->flight.lost.count = 0;
    s->flight.una = s->flight.nxt;
    ic__udx_messages_free(&s->outbox);
    ic__udx_messages_init(&s->outbox);
    s->at = no_alarm;
    s->want_heartbeat = false;
    s->want_tail = false;
    s->want_beyond = false;
}

void ic__udx_close(ic__udx *s, int error)
{
    if (s->phase == IC__UDX_DOOMED || s->phase == IC__UDX_GONE)
        return;
    s->phase = IC__UDX_GONE;
    if (!s->tell_closed) {
        s->close_error = error;
        s->tell_closed = true;
    }
    s->want_ack = false;
    drop_sending(s);
    ic__udx_drop_held(s);
}

/* The buffer itself stays: somebody may be looking at it in this moment. */
void ic__udx_drop(ic__udx *s, int error)
{
    ic__udx_close(s, error);
    s->phase =
        IC__UDX_GONE; /* also when a destroy is left to send: nothing can carry it */
    s->discards = true;
    s->tell_end = false;
    s->tell_moved = false;
}

void ic__udx_destroy(ic__udx *s)
{
    bool tell_peer = s->phase == IC__UDX_OPEN && s->leg_count > 0;
    bool want_ack = s->want_ack;

    if (s->phase == IC__UDX_DOOMED)
        return;
    ic__udx_drop(s, 0);
    if (!tell_peer)
        return;
    s->phase = IC__UDX_DOOMED;
    s->want_ack = want_ack; /* what was taken before stays taken */
}

void ic__udx_check_ended(ic__udx *s, uint64_t now)
{
    if (s->phase != IC__UDX_OPEN || !s->in.ended || !s->out.end_acked)
        return;
    s->phase = IC__UDX_LINGERING;
    s->tell_closed = true;
    drop_sending(s);
    ic__udx_drop_held(s);
    s->at.linger = now + s->opts.linger_ns;
    ic__udx_arm_trim(s);
}

bool ic__udx_done(const ic__udx *s)
{
    return s->phase == IC__UDX_GONE && s->told_closed;
}

uint64_t ic__udx_deadline(const ic__udx *s)
{
    const uint64_t all[] = {s->at.timeout,   s->at.tail,   s->at.reorder,
                            s->at.window,    s->at.reopen, s->at.pace,
                            s->at.keepalive, s->at.linger, s->at.trim};
    uint64_t first = IC__NEVER;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] < first)
            first = all[i];
    }
    return first;
}

/* In the middle of a transfer buffers run empty all the time: wait and see. */
void ic__udx_arm_trim(ic__udx *s)
{
    bool idle = ic__fifo_is_idle(&s->in.ready) || ic__fifo_is_idle(&s->out.bytes) ||
                ic__udx_flight_is_idle(&s->flight) ||
                (s->in.held_cap && !s->in.held_count);

    if (idle && s->at.trim == IC__NEVER)
        s->at.trim = s->last_ns + TRIM_NS;
}

static void on_trim(ic__udx *s)
{
    if (!s->in.handed)
        ic__fifo_trim(&s->in.ready);
    ic__fifo_trim(&s->out.bytes);
    ic__udx_flight_trim(&s->flight);
    if (!s->in.held_count)
        ic__udx_drop_held(s);
}

static bool due(uint64_t *at, uint64_t now)
{
    if (*at > now)
        return false;
    *at = IC__NEVER;
    return true;
}

void ic__udx_expire(ic__udx *s, uint64_t now)
{
    s->last_ns = now;
    (void)due(&s->at.pace, now); /* the pull that follows does the rest */
    if (due(&s->at.linger, now))
        s->phase = IC__UDX_GONE;
    if (due(&s->at.trim, now))
        on_trim(s);
    if (due(&s->at.reorder, now))
        (void)ic__udx_find_lost(s, now);
    if (due(&s->at.tail, now))
        ic__udx_on_tail(s, now);
    if (due(&s->at.timeout, now))
        ic__udx_on_timeout(s, now);
    if (due(&s->at.window, now))
        ic__udx_on_window(s, now);
    if (due(&s->at.reopen, now))
        ic__udx_on_reopen(s);
    if (due(&s->at.keepalive, now))
        ic__udx_on_keepalive(s, now);
}

ic__udx_stats ic__udx_get_stats(const ic__udx *s)
{
    ic__udx_stats stats = s->stats;

    stats.srtt_ns = s->rtt.srtt_ns;
    stats.min_rtt_ns = ic__udx_rtt_least(&s->rtt);
    stats.bandwidth_bytes =
        (uint64_t)(ic__udx_cc_bandwidth(&s->cc) * ic__udx_payload_limit(s));
    stats.cwnd_packets = s->cc.cwnd;
    stats.flying_packets = s->flight.flying.count;
    stats.mtu = s->mtu.mtu;
    return stats;
}
