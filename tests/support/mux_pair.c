#include "mux_pair.h"

#include <string.h>

#include "intercom/error.h"
#include "unit.h"

static void on_open(ic_mux *mux, void *user)
{
    ((mux_end *)user)->opened++;
}

static void on_closed(ic_mux *mux, int error, void *user)
{
    mux_end *e = user;

    assert_true(!e->mux || e->mux == mux);
    assert_null(e->ch); /* channels first */
    e->mux = NULL;
    e->error = error;
    e->closed++;
}

static void on_paired(ic_channel *ch, const uint8_t *handshake, size_t len, void *user)
{
    mux_end *e = user;

    assert_ptr_equal(ch, e->ch);
    assert_true(len < sizeof e->handshake);
    memcpy(e->handshake, handshake, len);
    e->handshake[len] = 0;
    e->paired++;
}

static void on_message(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user)
{
    mux_end *e = user;

    assert_ptr_equal(ic_channel_mux(ch), e->mux);
    e->type = type;
    e->bytes += len;
    memcpy(e->text, data, len < sizeof e->text ? len : sizeof e->text);
    e->messages++;
}

static void on_drain(ic_channel *ch, void *user)
{
    ((mux_end *)user)->drained++;
}

static void on_channel_closed(ic_channel *ch, int error, void *user)
{
    mux_end *e = user;

    assert_ptr_equal(ch, e->ch);
    e->ch = NULL;
    e->channel_error = error;
    e->channel_closed++;
}

int mux_pair_channel(mux_end *e, const char *protocol, const char *handshake,
                     const char *const *aliases)
{
    ic_channel_options opts;

    ic_channel_options_default(&opts);
    opts.protocol = protocol;
    opts.id = (const uint8_t *)"id";
    opts.id_len = 2;
    opts.handshake = (const uint8_t *)handshake;
    opts.handshake_len = strlen(handshake);
    opts.on_open = on_paired;
    opts.on_message = on_message;
    opts.on_drain = on_drain;
    opts.on_closed = on_channel_closed;
    opts.user = e;
    opts.aliases = aliases;
    return ic_channel_new(e->mux, &opts, &e->ch);
}

static void on_pair(ic_mux *mux, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user)
{
    mux_end *e = user;

    assert_string_equal(protocol, "chat");
    assert_int_equal(id_len, 2);
    assert_memory_equal(id, "id", 2);
    e->asked++;
    if (e->answers)
        assert_int_equal(mux_pair_channel(e, protocol, "answer", NULL), 0);
    else
        ic_mux_refuse(mux, protocol, id, id_len);
}

int mux_pair_mux(mux_pair *w, size_t i, uint32_t max_queued_bytes)
{
    ic_stream_options stream = stream_pair_options(&w->p, i);
    ic_mux_options opts;

    if (w->max_message_bytes)
        stream.max_message_bytes = w->max_message_bytes;
    ic_mux_options_default(&opts);
    opts.stream = &stream;
    opts.on_open = on_open;
    opts.on_pair = on_pair;
    opts.on_closed = on_closed;
    opts.user = &w->ends[i];
    opts.max_queued_bytes = max_queued_bytes;
    return ic_mux_new(w->p.ends[i].sock, &opts, &w->ends[i].mux);
}

void mux_pair_init(mux_pair *w)
{
    memset(w, 0, sizeof *w);
    stream_pair_init(&w->p);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(mux_pair_mux(w, i, 65536), 0);
}

void mux_pair_open(mux_pair *w)
{
    mux_pair_init(w);
    assert_int_equal(mux_pair_channel(&w->ends[0], "chat", "hello", NULL), 0);
    assert_int_equal(mux_pair_channel(&w->ends[1], "chat", "servus", NULL), 0);
    for (size_t i = 0; i < 2; i++)
        stream_pair_until(&w->p, &w->ends[i].paired, 1);
}

int mux_pair_say(mux_end *e, const char *text)
{
    return ic_channel_send(e->ch, 3, (const uint8_t *)text, strlen(text) + 1);
}

void mux_pair_open_with(mux_pair *w, uint32_t max_message_bytes)
{
    memset(w, 0, sizeof *w);
    stream_pair_init(&w->p);
    w->max_message_bytes = max_message_bytes;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mux_pair_mux(w, i, 65536), 0);
        assert_int_equal(mux_pair_channel(&w->ends[i], "chat", "", NULL), 0);
    }
}
