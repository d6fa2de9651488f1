#include <assert.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>

#include "base/env.h"
#include "base/opts.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/stream_state.h"

static_assert(IC_STREAM_MESSAGE_MAX == IC__SS_MESSAGE_MAX, "the header says so");
static_assert(IC_HANDSHAKE_HASH_BYTES == IC__SYM_HASH_BYTES, "the header says so");

#define WAITING_OVERHEAD 24 /* of a message that waits: its length, or its frame */

static const ic_stream_options defaults = {
    .struct_size = sizeof defaults,
    .keepalive_ns = 5 * IC__SEC,
    .handshake_ns = 10 * IC__SEC,
    .max_message_bytes = IC_STREAM_MESSAGE_MAX,
    .max_queued_bytes = UINT32_C(1) << 20,
    .role = IC_STREAM_RESPONDER,
    .pattern = IC_STREAM_XX,
};

void ic_stream_options_init(ic_stream_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &defaults, sizeof defaults);
}

int ic__stream_options_read(ic_stream_options *out, const ic_stream_options *opts)
{
    return ic__opts_read(out, sizeof *out, &defaults, opts);
}

static bool reaches(const ic_socket *sock, const ic__addr *to)
{
    struct sockaddr_storage name;
    int family = sock->bound.family == 6 ? AF_INET6 : AF_INET;

    return to->port && ic__sockaddr_put(&name, to, family);
}

static bool valid(const ic_socket *sock, const ic_stream_options *o, ic__addr *to)
{
    bool initiator = o->role == IC_STREAM_INITIATOR;

    if (!o->identity || (initiator && !o->remote))
        return false;
    if (initiator && o->pattern == IC_STREAM_IK && !o->remote_key)
        return false;
    return !o->remote || (ic__sockaddr_parse(to, o->remote) && reaches(sock, to));
}

static int make_core(ic_stream *st, const ic_stream_options *o)
{
    uint8_t secret[IC__NOISE_SECRET_BYTES];
    ic__ss_options options = {
        .keepalive_ns = o->keepalive_ns,
        .handshake_ns = o->handshake_ns,
        .idle_ns = o->idle_ns,
        .max_message_bytes = o->max_message_bytes,
        .max_queued_bytes = o->max_queued_bytes,
    };
    ic__noise_setup setup = {
        .pattern = o->pattern == IC_STREAM_IK ? IC__NOISE_IK : IC__NOISE_XX,
        .initiator = o->role == IC_STREAM_INITIATOR,
        .secret_key = secret,
        .env = &st->socket->env,
    };

    if (setup.initiator && setup.pattern == IC__NOISE_IK)
        setup.remote_key = o->remote_key;
    ic_identity_copy_seed(o->identity, secret);
    memcpy(secret + IC_SEED_BYTES, ic_identity_public_key(o->identity),
           IC_PUBLIC_KEY_BYTES);
    int err = ic__ss_new(&st->core, &options, &setup, ic__stream_now(st));
    sodium_memzero(secret, sizeof secret);
    return err;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ic__stream_on_timer(arg);
}

ic_stream *ic__stream_allocate(ic_socket *sock, const ic_stream_options *o)
{
    ic_stream *st = ic_mem_calloc(1, sizeof *st);

    if (!st)
        return NULL;
    st->socket = sock;
    st->on = *o;
    st->on.identity = NULL;
    st->on.remote = NULL;
    st->used = true;
    st->armed_ns = IC__NEVER;
    if (st->on.max_message_bytes > IC_STREAM_MESSAGE_MAX)
        st->on.max_message_bytes = IC_STREAM_MESSAGE_MAX;
    if (o->remote_key) {
        memcpy(st->remote_key, o->remote_key, sizeof st->remote_key);
        st->on.remote_key = st->remote_key;
    }
    return st;
}

int ic__stream_make_timer(ic_stream *st)
{
    st->timer = evtimer_new(st->socket->base, on_timer, st);
    return st->timer ? 0 : IC_ERR_NOMEM;
}

static int set_up(ic_stream *st, const ic_stream_options *o)
{
    int err = make_core(st, o);

    if (!err)
        err = ic__stream_make_timer(st);
    return err ? err : ic__stream_open_carrier(st, o->local_id);
}

int ic_stream_new(ic_socket *sock, const ic_stream_options *opts, ic_stream **out)
{
    ic_stream_options o;
    ic__addr to;

    int err = ic__stream_options_read(&o, opts);
    if (err)
        return err;
    if (sock->closing)
        return IC_ERR_CLOSED;
    if (!valid(sock, &o, &to))
        return IC_ERR_INVALID;
    ic_stream *st = ic__stream_allocate(sock, &o);
    if (!st)
        return IC_ERR_NOMEM;
    err = set_up(st, &o);
    if (err) {
        ic__stream_free(st);
        return err;
    }
    ic__queue_push(&sock->streams, &st->link);
    if (o.remote) {
        /* A new stream, a good address, an open socket: nothing is left to fail. */
        err = ic__udp_stream_connect(st->carrier, sock->sock, o.remote_id, &to);
        assert(!err);
        st->connected = true;
    }
    ic__stream_wake(st);
    *out = st;
    return 0;
}

/* Before the handshake is done there are no keys: messages wait in the clear. */
static int wait_message(ic_stream *st, const uint8_t *data, size_t len)
{
    const uint32_t head = (uint32_t)len;

    if (st->waiting.len &&
        st->waiting.len + len + WAITING_OVERHEAD > st->on.max_queued_bytes)
        return IC_ERR_AGAIN;
    uint8_t *room = ic__bytes_room(&st->waiting, sizeof head + len);
    if (!room)
        return IC_ERR_NOMEM;
    memcpy(room, &head, sizeof head);
    if (len)
        memcpy(room + sizeof head, data, len);
    ic__bytes_grow(&st->waiting, sizeof head + len);
    return 0;
}

static int writable(const ic_stream *st)
{
    if (st->closing)
        return IC_ERR_CANCELED;
    return st->ending || st->error || !st->carrier ? IC_ERR_CLOSED : 0;
}

int ic_stream_send(ic_stream *st, const uint8_t *data, size_t len)
{
    int err = writable(st);

    if (err)
        return err;
    if (len > st->on.max_message_bytes)
        return IC_ERR_LIMIT;
    if (!st->open || st->waiting.len)
        err = wait_message(st, data, len);
    else
        err = ic__ss_write(st->core, data, len, ic__stream_now(st));
    if (err == IC_ERR_AGAIN)
        st->choked = true;
    else if (!err)
        ic__stream_flush(st);
    return err;
}

int ic_stream_send_datagram(ic_stream *st, const uint8_t *data, size_t len)
{
    uint8_t sealed[IC_STREAM_DATAGRAM_MAX + IC__SS_DATAGRAM_OVERHEAD];
    ic__wr w = ic__wr_of(sealed, sizeof sealed);

    int err = writable(st);
    if (!err)
        err = ic__ss_seal_datagram(st->core, data, len, &w);
    return err ? err : ic__udp_stream_send(st->carrier, sealed, w.len);
}

void ic_stream_end(ic_stream *st)
{
    if (writable(st) != 0 || (st->before_end && !st->before_end(st->on.user)))
        return;
    st->ending = true;
    ic__stream_flush(st);
}

void ic_stream_set_reading(ic_stream *st, bool on)
{
    if (st->closing || st->error)
        return;
    ic__ss_set_reading(st->core, on, ic__stream_now(st));
    if (st->carrier)
        ic__udp_stream_set_reading(st->carrier, on);
    ic__stream_wake(st); /* messages may wait in the core, and a limit may start or end */
}

const uint8_t *ic_stream_remote_key(const ic_stream *st)
{
    return st->open ? ic__ss_remote_key(st->core) : NULL;
}

const uint8_t *ic_stream_handshake_hash(const ic_stream *st)
{
    return st->open ? ic__ss_hash(st->core) : NULL;
}

void ic_stream_get_stats(const ic_stream *st, ic_stream_stats *out, size_t size)
{
    const ic__ss_stats core = ic__ss_get_stats(st->core);
    const ic__udx_stats udx =
        st->carrier ? ic__udp_stream_get_stats(st->carrier) : (ic__udx_stats){0};
    const ic_stream_stats stats = {
        .messages_in = core.messages_in,
        .messages_out = core.messages_out,
        .bytes_in = core.bytes_in,
        .bytes_out = core.bytes_out,
        .queued_bytes = ic__ss_queued(st->core) + st->waiting.len,
        .datagrams_in = core.datagrams_in,
        .datagrams_out = core.datagrams_out,
        .dropped_datagrams = core.dropped_datagrams,
        .packets_in = udx.packets_in,
        .packets_out = udx.packets_out,
        .retransmits = udx.retransmits,
        .srtt_ns = udx.srtt_ns,
    };

    memset(out, 0, size);
    memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
}

void ic_stream_close(ic_stream *st)
{
    if (!st || st->closing)
        return;
    st->closing = true;
    if (st->carrier)
        ic__udp_stream_close(st->carrier);
    else
        ic__stream_wake(st);
}
