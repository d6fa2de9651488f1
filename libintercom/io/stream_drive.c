#include <event2/event.h>
#include <sodium.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/deadline.h"
#include "io/stream_state.h"
#include "transport/udx_packet.h"

#define PIECE_BYTES ((size_t)64 << 10) /* handed on at once: stays in the fast cache */

uint64_t ic__stream_now(const ic_stream *st)
{
    return st->socket->env.now_ns(st->socket->env.user);
}

void ic__stream_wake(ic_stream *st)
{
    event_active(st->timer, EV_TIMEOUT, 0);
}

void ic__stream_free(ic_stream *st)
{
    ic__queue_remove(&st->socket->streams, &st->link);
    if (st->timer)
        event_free(st->timer);
    ic__ss_free(st->core);
    if (st->waiting.len)
        sodium_memzero(ic__bytes_front(&st->waiting), st->waiting.len);
    ic__bytes_free(&st->waiting);
    ic_mem_free(st);
}

void ic__stream_finish(ic_stream *st, int error)
{
    void (*over)(void *user, int error, bool closed_here) = st->over;
    void *over_user = st->over_user;
    bool closed_here = st->closing;

    st->closing = true;
    if (st->on.on_closed)
        st->on.on_closed(st, error, st->on.user);
    ic__stream_free(st);
    if (over)
        over(over_user, error, closed_here);
}

void ic__stream_fail(ic_stream *st, int error)
{
    if (st->error || st->closing)
        return;
    st->error = error;
    if (st->carrier)
        ic__udp_stream_close(st->carrier);
    else
        ic__stream_wake(st);
}

static bool over(const ic_stream *st)
{
    return st->error || st->closing;
}

static void end_carrier(ic_stream *st)
{
    if (!st->ending || st->ended || !st->open || st->waiting.len)
        return;
    ic__ss_end(st->core);
    int err = ic__udp_stream_end(st->carrier);
    st->ended = err == 0; /* else it is closed, and about to say so */
}

void ic__stream_flush(ic_stream *st)
{
    size_t len;

    if (!st->carrier)
        return;
    for (const uint8_t *front = ic__ss_front(st->core, &len); len && !over(st);
         front = ic__ss_front(st->core, &len)) {
        size_t piece = len < PIECE_BYTES ? len : PIECE_BYTES;
        int err = ic__udp_stream_write(st->carrier, front, piece);
        if (err == IC_ERR_NOMEM)
            ic__stream_fail(st, err);
        if (err)
            return; /* full, and on_drain comes; or closed, and on_carrier_closed does */
        ic__ss_pop(st->core, piece);
    }
    if (!over(st))
        end_carrier(st);
}

/* Messages from before the handshake, in their order. */
static void send_waiting(ic_stream *st)
{
    uint64_t now = ic__stream_now(st);
    uint32_t len;

    while (st->waiting.len && !over(st)) {
        uint8_t *front = ic__bytes_front(&st->waiting);
        memcpy(&len, front, sizeof len);
        int err = ic__ss_write(st->core, front + sizeof len, len, now);
        if (err == IC_ERR_AGAIN)
            return;
        if (err) {
            ic__stream_fail(st, err);
            return;
        }
        sodium_memzero(front, sizeof len + len);
        ic__bytes_take(&st->waiting, sizeof len + len);
        ic__stream_flush(st);
    }
    ic__bytes_trim(&st->waiting);
}

static void drained(ic_stream *st)
{
    send_waiting(st);
    if (st->waiting.len || !st->choked || over(st))
        return;
    st->choked = false;
    if (st->on.on_drain)
        st->on.on_drain(st, st->on.user);
}

static void opened(ic_stream *st)
{
    if (st->host.gone)
        return; /* was open from its birth, and its peer has yet to prove itself */
    if (st->on.remote_key &&
        sodium_memcmp(st->remote_key, ic__ss_remote_key(st->core), IC_PUBLIC_KEY_BYTES)) {
        ic__stream_fail(st, IC_ERR_AUTH);
        return;
    }
    st->open = true;
    send_waiting(st);
    if (st->on.on_open && !over(st))
        st->on.on_open(st, st->on.user);
    if (!over(st))
        drained(st);
}

/* Of a stream with a host: the peer's header is here, before any message. It says nothing
 * of a way that the stream has been moved to meanwhile. */
static void prove(ic_stream *st)
{
    if (!st->host.gone || over(st) || !ic__ss_proven(st->core))
        return;
    if (!st->told_way && !st->unheard) {
        st->told_way = true;
        st->host.proven(st->host.user);
    }
    if (st->proven || over(st))
        return;
    st->proven = true;
    if (st->on.on_open)
        st->on.on_open(st, st->on.user);
}

void ic__stream_moved(ic_stream *st)
{
    st->unheard = true;
    st->told_way = false;
    (void)!ic_stream_send(st, NULL, 0); /* or what is queued is heard */
}

static void on_heard(ic__udp_stream *carrier, void *user)
{
    ic_stream *st = user;

    (void)carrier;
    st->unheard = false;
    prove(st);
}

static void ended(ic_stream *st)
{
    st->told_end = true;
    if (!st->open)
        ic__stream_fail(st, IC_ERR_CLOSED);
    else if (st->on.on_end)
        st->on.on_end(st, st->on.user);
}

static void tell(ic_stream *st, const ic__ss_event *event)
{
    if (event->what == IC__SS_OPEN) {
        opened(st);
    } else if (event->what == IC__SS_MESSAGE) {
        if (st->on.on_message)
            st->on.on_message(st, event->data, event->len, st->on.user);
    } else if (event->what == IC__SS_DRAINED) {
        drained(st);
    } else if (event->what == IC__SS_END) {
        ended(st);
    } else if (event->what == IC__SS_FAILED) {
        ic__stream_fail(st, event->error);
    }
}

/* A later deadline needs nothing: the timer that comes too early arms itself again. So a
 * write, which moves the keep-alive, costs no call. */
static void arm(ic_stream *st)
{
    uint64_t at = ic__ss_deadline(st->core);

    if (at >= st->armed_ns || over(st) || !st->carrier || !st->connected)
        return;
    ic__timer_set(st->timer, at, ic__stream_now(st));
    st->armed_ns = at;
}

static void drive(ic_stream *st)
{
    ic__ss_event event;

    ic__stream_flush(st);
    while (!over(st) && ic__ss_next(st->core, &event)) {
        prove(st);
        if (!over(st))
            tell(st, &event);
    }
    prove(st);
    ic__stream_flush(st);
    arm(st);
}

void ic__stream_on_timer(ic_stream *st)
{
    st->armed_ns = IC__NEVER;
    if (st->carrier && st->connected && !over(st))
        ic__ss_expire(st->core, ic__stream_now(st));
    drive(st);
    if (!st->carrier && (st->told_end || over(st)))
        ic__stream_finish(st, st->error);
}

static void on_data(ic__udp_stream *carrier, const uint8_t *data, size_t len, void *user)
{
    ic_stream *st = user;
    uint64_t now = ic__stream_now(st);

    (void)carrier;
    while (len && !over(st)) {
        size_t piece = len < PIECE_BYTES ? len : PIECE_BYTES;
        int err = ic__ss_recv(st->core, data, piece, now);
        drive(st);
        if (err)
            return; /* the core has told why */
        data += piece;
        len -= piece;
    }
}

static void on_datagram(ic__udp_stream *carrier, const uint8_t *data, size_t len,
                        void *user)
{
    ic_stream *st = user;
    uint8_t plain[IC__UDX_MAX_DATAGRAM];
    ic__wr w = ic__wr_of(plain, sizeof plain);

    (void)carrier;
    if (over(st) || ic__ss_open_datagram(st->core, data, len, &w) != 0)
        return; /* the core has counted it */
    if (st->on.on_datagram)
        st->on.on_datagram(st, plain, w.len, st->on.user);
}

static void on_end(ic__udp_stream *carrier, void *user)
{
    ic_stream *st = user;

    (void)carrier;
    ic__ss_recv_end(st->core);
    drive(st);
}

static void on_drain(ic__udp_stream *carrier, void *user)
{
    (void)carrier;
    drive(user);
}

static bool on_other_way(ic__udp_stream *carrier, ic__udp_socket *sock,
                         const ic__addr *from, void *user)
{
    ic_stream *st = user;

    (void)carrier;
    return over(st) || !st->host.packet(st->host.user, sock, from);
}

/* The first packet says where the peer is. Whoever else could send it fails in the
 * handshake. True drops the packet. */
static bool on_stranger(ic__udp_stream *carrier, ic__udp_socket *sock,
                        const ic__addr *from, void *user)
{
    ic_stream *st = user;

    if (st->connected || over(st) ||
        ic__udp_stream_connect(carrier, sock, st->on.remote_id, from) != 0)
        return true;
    st->connected = true;
    ic__ss_begin(st->core, ic__stream_now(st));
    arm(st);
    return false;
}

static void on_carrier_closed(ic__udp_stream *carrier, int error, void *user)
{
    ic_stream *st = user;

    (void)carrier;
    st->carrier = NULL;
    if (st->host.gone)
        st->host.gone(st->host.user);
    if (over(st))
        error = st->error;
    else if (!error && !st->told_end)
        return; /* a reader that pauses has messages left */
    ic__stream_finish(st, error);
}

static const ic__udp_stream_events carrier_events = {
    .data = on_data,
    .message = on_datagram,
    .end = on_end,
    .drain = on_drain,
    .firewall = on_stranger,
    .heard = on_heard,
    .closed = on_carrier_closed,
};

int ic__stream_open_carrier(ic_stream *st, uint32_t local_id)
{
    return ic__udp_stream_new(st->socket->udp, &st->carrier, local_id, NULL,
                              &carrier_events, st);
}

void ic__stream_take_carrier(ic_stream *st, ic__udp_stream *carrier)
{
    ic__udp_stream_events events = carrier_events;

    events.firewall = on_other_way;
    st->carrier = carrier;
    ic__udp_stream_set_events(carrier, &events, st);
    ic__udp_stream_set_strict(carrier, true);
    ic__udp_stream_set_reading(carrier, true);
}
