#include "base/opts.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/blind_relay.h"
#include "io/dht_state.h"

static const ic_server_options defaults = {
    .struct_size = sizeof defaults,
    .announce = true,
    .holepunch = true,
    .share_local_addresses = true,
    .keepalive_ns = UINT64_C(5000000000),
};

void ic_server_options_init(ic_server_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &defaults, sizeof defaults);
}

static bool is_full(const ic_server *server)
{
    return server->on.max_connections &&
           server->streams.count >= server->on.max_connections;
}

static bool on_firewall(void *user, const uint8_t remote_key[IC__DHT_KEY_BYTES],
                        const ic__addr *from)
{
    ic_server *server = user;
    char address[IC__SOCKADDR_TEXT_BYTES];

    if (server->closing || is_full(server)) {
        server->dht->dropped_connections++;
        return true;
    }
    if (!server->on.firewall)
        return false;
    ic__sockaddr_print(address, from);
    return server->on.firewall(server, remote_key, address, server->on.user);
}

static void on_connection(void *user, const ic__dht_connection *connection)
{
    ic_server *server = user;
    ic_stream *st = NULL;

    if (server->closing || is_full(server)) {
        server->dht->dropped_connections++;
        ic__dht_carrier_free(server->dht, connection->local_id);
        return;
    }
    if (ic__dht_carrier_adopt(server->dht, connection, server->on.keepalive_ns, server,
                              &st) != 0)
        return; /* counted, and closed */
    if (server->relay)
        (void)!ic__blind_relay_take(server->relay, st); /* else it is closed */
    else
        server->on.on_connection(server, st, server->on.user);
    if (!ic__stream_used(st))
        ic_stream_close(st);
}

static void on_listening(void *user)
{
    ic_server *server = user;

    if (server->on.on_listening && !server->closing)
        server->on.on_listening(server, server->on.user);
}

static ic__dht_server_options core_options(const ic_server_options *o)
{
    ic__dht_server_options opts;

    ic__dht_server_options_default(&opts);
    opts.identity = o->identity;
    opts.relay_through = o->relay_through;
    opts.relay_if_random = o->relay_if_random;
    opts.announce = o->announce;
    opts.holepunch = o->holepunch;
    opts.share_local_addresses = o->share_local_addresses;
    return opts;
}

static int listen_core(ic_server *server, const ic_server_options *o)
{
    const ic__dht_server_options opts = core_options(o);
    const ic__dht_server_events events = {
        .firewall = on_firewall,
        .connection = on_connection,
        .listening = on_listening,
        .user = server,
    };

    ic__dht_enter(server->dht);
    int err = ic__dht_listen(server->dht->node, &opts, &events, &server->core);
    ic__dht_leave(server->dht);
    return err;
}

int ic_dht_listen(ic_dht *dht, const ic_server_options *opts, ic_server **out)
{
    ic_server_options o;

    int err = ic__opts_read(&o, sizeof o, &defaults, opts);
    if (!err)
        err = ic__dht_usable(dht);
    if (err)
        return err;
    if (!o.identity || (!o.relay && !o.on_connection))
        return IC_ERR_INVALID;
    ic_server *server = ic_mem_calloc(1, sizeof *server);
    if (!server)
        return IC_ERR_NOMEM;
    server->dht = dht;
    server->on = o;
    server->on.identity = NULL;
    server->on.relay_through = NULL;
    ic__queue_init(&server->streams);
    if (o.relay)
        err = ic__blind_relay_new(&dht->home, IC__BLIND_RELAY_PAIRS,
                                  IC__BLIND_RELAY_PATIENCE_NS, &server->relay);
    if (!err)
        err = listen_core(server, &o);
    if (err) {
        ic__blind_relay_close(server->relay);
        ic_mem_free(server);
        return err;
    }
    ic__queue_push(&dht->servers, &server->link);
    *out = server;
    return 0;
}

const uint8_t *ic_server_key(const ic_server *server)
{
    return ic__dht_server_key(server->core);
}

void ic__server_finish(ic_server *server)
{
    ic_dht *dht = server->dht;
    void (*on_closed)(void *user) = server->on_closed;
    void *user = server->user;

    for (ic__link *l = ic__queue_pop(&server->streams); l;
         l = ic__queue_pop(&server->streams))
        IC__ELEMENT(l, ic__dht_carrier, link)->server = NULL;
    ic__queue_remove(&dht->servers, &server->link);
    ic__blind_relay_close(server->relay);
    ic_mem_free(server);
    if (on_closed)
        on_closed(user);
}

static void on_core_closed(void *user)
{
    ic_server *server = user;
    ic_dht *dht = server->dht;

    ic__server_finish(server);
    if (dht->closing)
        ic__soon_call(dht->soon); /* the node is in the middle of something */
}

void ic_server_close(ic_server *server, void (*on_closed)(void *user), void *user)
{
    if (!server || server->closing)
        return;
    server->closing = true;
    server->on_closed = on_closed;
    server->user = user;
    ic__dht_enter(server->dht);
    ic__dht_server_close(server->core, on_core_closed, server);
    ic__dht_leave(server->dht);
}
