#include "intercom/mux.h"

#include <assert.h>
#include <event2/event.h>
#include <string.h>

#include "base/env.h"
#include "base/opts.h"
#include "base/queue.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/deadline.h"
#include "io/stream_state.h"
#include "mux/mux.h"

static_assert(IC_MUX_NAME_MAX == IC__MUX_NAME_MAX, "the header says so");
static_assert(IC_MUX_ID_MAX == IC__MUX_ID_MAX, "the header says so");

#define GATHER_BYTES 16384 /* a frame of so many is worth its own keys and tag */
#define GATHER_EXTRA 64    /* what a message has around it in a batch, and more */

struct ic_mux {
    ic__mux *core;
    ic_stream *st;
    struct event *timer;
    uint64_t armed_ns; /* not later than the deadline of the core */
    ic_mux_options on;
    void (*on_datagram)(ic_stream *stream, const uint8_t *data, size_t len, void *user);
    void *datagram_user;
    ic__queue channels;
    uint32_t corks; /* of the user */
    bool gathering; /* what is sent in this turn */
    bool driving;   /* what it gathers is handed on when that ends */
    bool reading;
    bool ending; /* the stream ends once all is handed on */
    bool closing;
    int error; /* of the core */
};

struct ic_channel {
    ic_mux *mux;
    ic__link link; /* in mux->channels */
    ic__channel *core;
    ic_channel_options on;
    bool choked;
    bool closing;
};

static const ic_mux_options mux_defaults = {
    .struct_size = sizeof mux_defaults,
    .pair_ns = 10 * IC__SEC,
    .max_channels = 4096,
    .max_message_bytes = UINT32_C(8) << 20,
    .max_queued_bytes = UINT32_C(4) << 20,
    .max_waiting = 256,
};

static const ic_channel_options channel_defaults = {
    .struct_size = sizeof channel_defaults,
};

void ic_mux_options_init(ic_mux_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &mux_defaults, sizeof mux_defaults);
}

void ic_channel_options_init(ic_channel_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &channel_defaults, sizeof channel_defaults);
}

static void wake(ic_mux *m)
{
    event_active(m->timer, EV_TIMEOUT, 0);
}

/* Hand frames to the stream; true when nothing is left here. Never calls back. */
static bool hand_on(ic_mux *m)
{
    size_t len;

    for (const uint8_t *frame = ic__mux_front(m->core, &len); frame && !m->closing;
         frame = ic__mux_front(m->core, &len)) {
        int err = ic_stream_send(m->st, frame, len);
        if (err == IC_ERR_NOMEM || err == IC_ERR_LIMIT) {
            ic__mux_fail(m->core, err);
            wake(m);
        }
        if (err)
            return false; /* full: on_drain comes; or over: on_stream_closed does */
        ic__mux_pop(m->core);
    }
    return !ic__mux_corked(m->core);
}

static void flush(ic_mux *m)
{
    if (hand_on(m) && m->ending)
        ic_stream_end(m->st);
}

/* The batch may find no memory: then there is something to tell. */
static void stop_gathering(ic_mux *m)
{
    if (!m->gathering)
        return;
    m->gathering = false;
    if (ic__mux_corked(m->core))
        wake(m);
    ic__mux_uncork(m->core);
}

static void flush_all(ic_mux *m)
{
    stop_gathering(m);
    flush(m);
}

static bool before_end(void *arg)
{
    ic_mux *m = arg;

    m->ending = true;
    stop_gathering(m);
    return hand_on(m);
}

static void gather(ic_mux *m)
{
    m->gathering = true;
    ic__mux_cork(m->core);
    if (!m->driving)
        wake(m);
}

static bool can_gather(size_t held, size_t len)
{
    return len <= GATHER_BYTES && held + len + GATHER_EXTRA <= GATHER_BYTES;
}

/* A long message stays by itself. */
static void make_room(ic_mux *m, size_t len)
{
    if (!m->gathering || can_gather(ic__mux_corked(m->core), len))
        return;
    flush_all(m);
    if (can_gather(0, len))
        gather(m);
}

/* The first message of a turn leaves as it is, at once, and those behind it in few frames
 * when the turn ends: encrypting a frame costs as much as a thousand bytes in it. */
static int send_or_gather(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len)
{
    ic_mux *m = ch->mux;

    make_room(m, len);
    int err = ic__channel_send(ch->core, type, data, len);
    if (!err && !m->gathering && !m->corks) {
        flush(m);
        gather(m);
    }
    return err;
}

static void closed(ic_channel *ch, const ic__mux_event *event)
{
    int by_whom = ch->closing || ch->mux->closing ? 0 : IC_ERR_CLOSED;

    ic__queue_remove(&ch->mux->channels, &ch->link);
    ch->closing = true;
    if (ch->on.on_closed)
        ch->on.on_closed(ch, event->error ? event->error : by_whom, ch->on.user);
    ic_mem_free(ch);
}

static void asked(ic_mux *m, const ic__mux_key *key)
{
    char protocol[IC_MUX_NAME_MAX + 1] = {0};

    if (!m->on.on_pair) {
        ic__mux_refuse(m->core, key);
        return;
    }
    memcpy(protocol, key->name, key->name_len);
    m->on.on_pair(m, protocol, key->id, key->id_len, m->on.user);
}

static void drained(ic_mux *m)
{
    for (ic__link *l = m->channels.ends.next; l != &m->channels.ends; l = l->next) {
        ic_channel *ch = IC__ELEMENT(l, ic_channel, link);
        bool told = ch->choked && !ch->closing;
        ch->choked = false;
        if (told && ch->on.on_drain)
            ch->on.on_drain(ch, ch->on.user);
    }
}

static void tell_channel(ic_channel *ch, const ic__mux_event *event)
{
    if (event->what == IC__MUX_CLOSED)
        closed(ch, event);
    else if (ch->closing)
        return;
    else if (event->what == IC__MUX_OPENED && ch->on.on_open)
        ch->on.on_open(ch, event->data, event->len, ch->on.user);
    else if (event->what == IC__MUX_MESSAGE && ch->on.on_message)
        ch->on.on_message(ch, event->type, event->data, event->len, ch->on.user);
}

static void tell(ic_mux *m, const ic__mux_event *event)
{
    if (event->what == IC__MUX_PAIR) {
        asked(m, &event->key);
    } else if (event->what == IC__MUX_DRAINED) {
        drained(m);
    } else if (event->what == IC__MUX_FAILED) {
        m->error = event->error;
        ic_stream_close(m->st);
    } else {
        tell_channel(ic__channel_user(event->channel), event);
    }
}

static void arm(ic_mux *m)
{
    uint64_t at = ic__mux_deadline(m->core);

    if (at >= m->armed_ns || m->closing)
        return;
    ic__timer_set(m->timer, at, ic__stream_now(m->st));
    m->armed_ns = at;
}

static void drive(ic_mux *m)
{
    ic__mux_event event;

    m->driving = true;
    flush_all(m);
    while (!m->closing && ic__mux_next(m->core, &event))
        tell(m, &event);
    flush_all(m);
    m->driving = false;
    if (m->reading != ic__mux_reading(m->core)) {
        m->reading = !m->reading;
        ic_stream_set_reading(m->st, m->reading);
    }
    arm(m);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    ic_mux *m = arg;

    (void)fd;
    (void)what;
    m->armed_ns = IC__NEVER;
    ic__mux_expire(m->core, ic__stream_now(m->st));
    drive(m);
}

static void on_stream_open(ic_stream *st, void *user)
{
    ic_mux *m = user;

    (void)st;
    if (m->on.on_open)
        m->on.on_open(m, m->on.user);
}

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    ic_mux *m = user;

    /* Refused only after the end: then there is nobody to tell. */
    if (ic__mux_recv(m->core, data, len, ic__stream_now(st)) == 0)
        drive(m);
}

static void on_datagram(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    const ic_mux *m = user;

    if (m->on_datagram)
        m->on_datagram(st, data, len, m->datagram_user);
}

static void on_stream_drain(ic_stream *st, void *user)
{
    (void)st;
    drive(user);
}

/* As the reference: whoever hears the end ends, too. */
static void on_end(ic_stream *st, void *user)
{
    ic_mux *m = user;

    ic__mux_end(m->core);
    drive(m);
    ic_stream_end(st);
}

static void free_mux(ic_mux *m)
{
    if (m->timer)
        event_free(m->timer);
    ic__mux_free(m->core);
    ic_mem_free(m);
}

static void on_stream_closed(ic_stream *st, int error, void *user)
{
    ic_mux *m = user;
    ic__mux_event event;

    (void)st;
    ic__mux_end(m->core);
    while (ic__mux_next(m->core, &event)) {
        if (event.what == IC__MUX_CLOSED)
            tell(m, &event);
    }
    if (m->on.on_closed)
        m->on.on_closed(m, m->error ? m->error : error, m->on.user);
    free_mux(m);
}

/* What a stream is told for a mux on it; `opts` has the user's on_datagram, or is NULL.
 */
static int read_stream_options(ic_stream_options *o, ic_mux *m,
                               const ic_stream_options *opts)
{
    int err = 0;

    if (opts)
        err = ic__stream_options_read(o, opts);
    else
        ic_stream_options_default(o);
    if (err)
        return err;
    m->on_datagram = o->on_datagram;
    m->datagram_user = o->user;
    o->on_open = on_stream_open;
    o->on_message = on_message;
    o->on_datagram = on_datagram;
    o->on_drain = on_stream_drain;
    o->on_end = on_end;
    o->on_closed = on_stream_closed;
    o->user = m;
    return 0;
}

static int make_core(ic_mux *m, uint32_t max_frame_bytes)
{
    ic__mux_options options;

    ic__mux_options_default(&options);
    options.max_channels = m->on.max_channels;
    options.max_waiting = m->on.max_waiting;
    options.max_message_bytes = m->on.max_message_bytes;
    options.max_queued_bytes = m->on.max_queued_bytes;
    options.max_frame_bytes = max_frame_bytes;
    options.pair_ns = m->on.pair_ns;
    return ic__mux_new(&m->core, &options);
}

/* `st` NULL = make one of `sock`. */
static int set_up(ic_mux *m, ic_socket *sock, ic_stream *st)
{
    ic_stream_options o;

    int err = read_stream_options(&o, m, m->on.stream);
    if (!err)
        err = make_core(m, st ? st->on.max_message_bytes : o.max_message_bytes);
    if (err)
        return err;
    m->timer = evtimer_new(sock->base, on_timer, m);
    if (!m->timer)
        return IC_ERR_NOMEM;
    m->st = st;
    err = st ? ic_stream_use(st, &o) : ic_stream_new(sock, &o, &m->st);
    if (!err)
        m->st->before_end = before_end;
    return err;
}

static int new_mux(ic_socket *sock, ic_stream *st, const ic_mux_options *o, ic_mux **out)
{
    ic_mux *m = ic_mem_calloc(1, sizeof *m);

    if (!m)
        return IC_ERR_NOMEM;
    m->on = *o;
    m->armed_ns = IC__NEVER;
    m->reading = true;
    ic__queue_init(&m->channels);
    int err = set_up(m, sock, st);
    if (err) {
        free_mux(m);
        return err;
    }
    m->on.stream = NULL; /* was for the call only */
    *out = m;
    return 0;
}

int ic_mux_new(ic_socket *sock, const ic_mux_options *opts, ic_mux **out)
{
    ic_mux_options o;

    int err = ic__opts_read(&o, sizeof o, &mux_defaults, opts);
    if (err)
        return err;
    return o.stream ? new_mux(sock, NULL, &o, out) : IC_ERR_INVALID;
}

int ic_mux_new_over(ic_stream *st, const ic_mux_options *opts, ic_mux **out)
{
    ic_mux_options o;

    int err = ic__opts_read(&o, sizeof o, &mux_defaults, opts);
    return err ? err : new_mux(st->socket, st, &o, out);
}

ic_stream *ic_mux_stream(const ic_mux *m)
{
    return m->st;
}

int ic_mux_pair(ic_mux *m, const char *protocol, const uint8_t *id, size_t id_len)
{
    int err = ic__mux_pair(m->core, protocol, id, id_len);

    if (!err)
        wake(m);
    return err;
}

void ic_mux_unpair(ic_mux *m, const char *protocol, const uint8_t *id, size_t id_len)
{
    ic__mux_unpair(m->core, protocol, id, id_len);
}

void ic_mux_refuse(ic_mux *m, const char *protocol, const uint8_t *id, size_t id_len)
{
    const ic__mux_key key = {
        .name = (const uint8_t *)protocol,
        .name_len = strlen(protocol),
        .id = id,
        .id_len = id_len,
    };

    ic__mux_refuse(m->core, &key);
    wake(m);
}

void ic_mux_cork(ic_mux *m)
{
    stop_gathering(m);
    m->corks++;
    ic__mux_cork(m->core);
}

void ic_mux_uncork(ic_mux *m)
{
    if (!m->corks)
        return;
    m->corks--;
    ic__mux_uncork(m->core);
    flush(m);
    wake(m); /* the batch may have found no memory */
}

void ic_mux_close(ic_mux *m)
{
    if (!m || m->closing)
        return;
    m->closing = true;
    ic_stream_close(m->st);
}

int ic_channel_new(ic_mux *m, const ic_channel_options *opts, ic_channel **out)
{
    ic_channel_options o;
    ic__channel_options core;

    int err = ic__opts_read(&o, sizeof o, &channel_defaults, opts);
    if (err)
        return err;
    if (!o.protocol)
        return IC_ERR_INVALID;
    if (m->closing || m->ending)
        return IC_ERR_CLOSED;
    ic_channel *ch = ic_mem_calloc(1, sizeof *ch);
    if (!ch)
        return IC_ERR_NOMEM;
    *ch = (ic_channel){.mux = m, .on = o};
    ic__channel_options_default(&core);
    core.protocol = o.protocol;
    core.id = o.id;
    core.id_len = o.id_len;
    core.aliases = o.aliases;
    core.handshake = o.handshake;
    core.handshake_len = o.handshake_len;
    core.user = ch;
    err = ic__mux_open(m->core, &core, &ch->core);
    if (err) {
        ic_mem_free(ch);
        return err;
    }
    ic__queue_push(&m->channels, &ch->link);
    flush(m);
    wake(m);
    *out = ch;
    return 0;
}

int ic_channel_send(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len)
{
    if (ch->closing || ch->mux->closing)
        return IC_ERR_CANCELED;
    if (ch->mux->ending)
        return IC_ERR_CLOSED;
    int err = send_or_gather(ch, type, data, len);
    if (err == IC_ERR_AGAIN)
        ch->choked = true;
    return err;
}

ic_mux *ic_channel_mux(const ic_channel *ch)
{
    return ch->mux;
}

void ic_channel_close(ic_channel *ch)
{
    if (!ch || ch->closing)
        return;
    ch->closing = true;
    ic__channel_close(ch->core);
    flush(ch->mux);
    wake(ch->mux);
}
