#include "dht_talk.h"

#include <string.h>

#include "unit.h"

static void server_open(ic_stream *st, void *user)
{
    ((dht_talk *)user)->proven++;
}

static void server_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    assert_int_equal(ic_stream_send(st, data, len), 0);
}

static void server_end(ic_stream *st, void *user)
{
    ic_stream_end(st);
}

static void server_stream_closed(ic_stream *st, int error, void *user)
{
    ((dht_talk *)user)->server_streams_gone++;
}

static bool firewall(ic_server *server, const uint8_t *key, const char *address,
                     void *user)
{
    dht_talk *t = user;

    assert_ptr_equal(server, t->server);
    assert_memory_equal(key, ic_identity_public_key(t->client_key), IC_DHT_KEY_BYTES);
    assert_int_equal(strncmp(address, "127.0.0.1:", 10), 0);
    t->asked++;
    return t->refuse;
}

static void on_connection(ic_server *server, ic_stream *st, void *user)
{
    dht_talk *t = user;
    ic_stream_options opts;

    assert_ptr_equal(server, t->server);
    assert_memory_equal(ic_stream_remote_key(st), ic_identity_public_key(t->client_key),
                        IC_DHT_KEY_BYTES);
    t->connections++;
    if (t->ignore)
        return;
    ic_stream_options_default(&opts);
    opts.on_open = server_open;
    opts.on_message = server_message;
    opts.on_end = server_end;
    opts.on_closed = server_stream_closed;
    opts.user = t;
    assert_int_equal(ic_stream_use(st, &opts), 0);
}

static void on_listening(ic_server *server, void *user)
{
    ((dht_talk *)user)->listening++;
}

ic_server_options dht_talk_server(dht_talk *t)
{
    ic_server_options opts;

    ic_server_options_default(&opts);
    opts.identity = t->server_key;
    opts.firewall = firewall;
    opts.on_connection = on_connection;
    opts.on_listening = on_listening;
    opts.user = t;
    return opts;
}

static void client_open(ic_stream *st, void *user)
{
    ((dht_talk *)user)->opened++;
}

static void client_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    dht_talk *t = user;

    assert_ptr_equal(st, t->client);
    assert_true(len <= sizeof t->echo);
    memcpy(t->echo, data, len);
    t->echoes++;
}

static void client_closed(ic_stream *st, int error, void *user)
{
    dht_talk *t = user;

    assert_ptr_equal(st, t->client);
    t->client = NULL;
    t->hung_up++;
    t->hung_up_error = error;
}

static void on_dialed(ic_dial *dial, int error, const char *reason, ic_stream *st,
                      void *user)
{
    dht_talk *t = user;
    ic_stream_options opts;

    assert_non_null(reason);
    assert_int_equal(!error, st != NULL);
    t->dialed++;
    t->dial_error = error;
    if (error)
        return;
    t->client = st;
    assert_memory_equal(ic_stream_remote_key(st), ic_identity_public_key(t->server_key),
                        IC_DHT_KEY_BYTES);
    ic_stream_options_default(&opts);
    opts.on_open = client_open;
    opts.on_message = client_message;
    opts.on_closed = client_closed;
    opts.user = t;
    assert_int_equal(ic_stream_use(st, &opts), 0);
    assert_int_equal(ic_stream_send(st, (const uint8_t *)"hello", 5), 0);
}

ic_dial_options dht_talk_dial(dht_talk *t)
{
    ic_dial_options opts;

    ic_dial_options_default(&opts);
    opts.identity = t->client_key;
    opts.remote_key = ic_identity_public_key(t->server_key);
    opts.on_done = on_dialed;
    opts.user = t;
    return opts;
}

void dht_talk_init(dht_talk *t)
{
    memset(t, 0, sizeof *t);
    dht_live_init(&t->net);
    t->server_key = dht_live_identity(1);
    t->client_key = dht_live_identity(2);
    const ic_dht_options opts = dht_live_options(&t->net);
    assert_int_equal(ic_dht_new(&opts, &t->server_node), 0);
    assert_int_equal(ic_dht_new(&opts, &t->client_node), 0);
}

void dht_talk_listen(dht_talk *t)
{
    const ic_server_options opts = dht_talk_server(t);

    assert_int_equal(ic_dht_listen(t->server_node, &opts, &t->server), 0);
    assert_memory_equal(ic_server_key(t->server), ic_identity_public_key(t->server_key),
                        IC_DHT_KEY_BYTES);
    dht_live_until(&t->net, &t->listening, 1);
}

void dht_talk_connect(dht_talk *t)
{
    const ic_dial_options opts = dht_talk_dial(t);
    int before = t->echoes;

    assert_int_equal(ic_dht_connect(t->client_node, &opts, NULL), 0);
    dht_live_until(&t->net, &t->echoes, before + 1);
}

void dht_talk_done(dht_talk *t)
{
    dht_live_close(&t->net, t->client_node);
    dht_live_close(&t->net, t->server_node);
    dht_live_free(&t->net);
    ic_identity_free(t->server_key);
    ic_identity_free(t->client_key);
}
