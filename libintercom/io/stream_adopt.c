#include "io/stream_adopt.h"

#include "base/env.h"
#include "intercom/error.h"

/* The peer has come so far, but its first packet may be lost, or wait for a hole. */
#define PROOF_NS (15 * IC__SEC)

static int make_core(ic_stream *st, const ic__stream_adoption *from)
{
    const ic__ss_options options = {
        .keepalive_ns = st->on.keepalive_ns,
        .handshake_ns = PROOF_NS,
        .max_message_bytes = st->on.max_message_bytes,
        .max_queued_bytes = st->on.max_queued_bytes,
    };

    return ic__ss_new_keyed(&st->core, &options, &st->socket->env, from->initiator,
                            from->keys, ic__stream_now(st));
}

int ic__stream_adopt(ic_socket *sock, const ic__stream_adoption *from, ic_stream **out)
{
    ic_stream_options o;

    ic_stream_options_default(&o);
    o.keepalive_ns = from->keepalive_ns;
    ic_stream *st = ic__stream_allocate(sock, &o);
    if (!st)
        return IC_ERR_NOMEM;
    st->host = from->host;
    st->connected = true;
    st->open = true;
    st->used = false;
    int err = make_core(st, from);
    if (!err)
        err = ic__stream_make_timer(st);
    if (err) {
        ic__stream_free(st);
        return err;
    }
    ic__queue_push(&sock->streams, &st->link);
    ic__stream_take_carrier(st, from->carrier);
    ic__stream_wake(st);
    *out = st;
    return 0;
}

bool ic__stream_used(const ic_stream *st)
{
    return st->used;
}

int ic_stream_use(ic_stream *st, const ic_stream_options *opts)
{
    ic_stream_options o;

    int err = ic__stream_options_read(&o, opts);
    if (err)
        return err;
    st->on.on_open = o.on_open;
    st->on.on_message = o.on_message;
    st->on.on_datagram = o.on_datagram;
    st->on.on_drain = o.on_drain;
    st->on.on_end = o.on_end;
    st->on.on_closed = o.on_closed;
    st->on.user = o.user;
    st->used = true;
    return 0;
}
