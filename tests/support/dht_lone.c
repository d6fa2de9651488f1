#include "dht_lone.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht/messages.h"
#include "dht_addr.h"
#include "unit.h"

static void host_send(void *user, uint32_t sock, const ic__addr *to, const uint8_t *data,
                      size_t len, uint8_t ttl)
{
    dht_lone *l = user;

    assert_true(len <= IC__RPC_DATAGRAM_MAX);
    if (l->sent_count < DHT_LONE_KEPT) {
        dht_sent *s = &l->sent[l->sent_count];
        s->to = *to;
        s->sock = sock;
        s->len = len;
        memcpy(s->data, data, len);
    }
    l->sent_count++;
    l->sent_bytes += len;
}

static int host_socket_open(void *user, uint32_t *sock)
{
    dht_lone *l = user;

    *sock = IC__DHT_CLIENT_SOCKET + ++l->sockets;
    return 0;
}

static void host_socket_close(void *user, uint32_t sock)
{
}

static ic__addr host_socket_address(void *user, uint32_t sock)
{
    dht_lone *l = user;
    ic__addr a = l->address;

    a.port = (uint16_t)(a.port + sock);
    return a;
}

static size_t host_interfaces(void *user, ic__addr *out, size_t cap)
{
    dht_lone *l = user;

    if (!cap)
        return 0;
    *out = l->address;
    out->port = 0;
    return 1;
}

static int host_stream_new(void *user, uint32_t *local_id)
{
    dht_lone *l = user;

    *local_id = ++l->streams;
    return 0;
}

static int host_stream_connect(void *user, uint32_t local_id, uint32_t sock,
                               uint32_t remote_id, const ic__addr *to)
{
    return 0;
}

static void host_stream_free(void *user, uint32_t local_id)
{
}

static int host_relay_pair(void *user, const uint8_t *relay_key, const uint8_t *token,
                           bool initiator, uint32_t local_id)
{
    return 0;
}

static void host_relay_drop(void *user, uint32_t local_id)
{
}

int dht_lone_init(dht_lone *l, const ic__dht_options *opts)
{
    const ic__dht_host host = {.send = host_send,
                               .socket_open = host_socket_open,
                               .socket_close = host_socket_close,
                               .socket_address = host_socket_address,
                               .interfaces = host_interfaces,
                               .stream_new = host_stream_new,
                               .stream_connect = host_stream_connect,
                               .stream_free = host_stream_free,
                               .relay_pair = host_relay_pair,
                               .relay_drop = host_relay_drop,
                               .user = l};
    const ic__dht_events events = {.on_ready = NULL};
    ic__dht_options own;
    int err;

    *l = (dht_lone){.address = dht_addr("10.0.0.7", 40000)};
    fake_clock_init(&l->clock, 7);
    const ic_env env = fake_clock_env(&l->clock);
    ic__dht_options_default(&own);
    if (opts)
        own = *opts;
    own.rpc.public_address = l->address;
    err = ic__dht_new(&l->dht, &env, &host, &own, &events, l->clock.now_ns);
    if (err)
        return err;
    err = ic__dht_start(l->dht, l->clock.now_ns);
    if (err) {
        dht_lone_free(l);
        return err;
    }
    dht_lone_wait(l, IC__SEC);
    return 0;
}

void dht_lone_free(dht_lone *l)
{
    ic__dht_free(l->dht);
    l->dht = NULL;
}

void dht_lone_recv(dht_lone *l, const ic__addr *from, const uint8_t *data, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);

    assert_non_null(exact);
    if (len)
        memcpy(exact, data, len);
    ic__dht_recv(l->dht, IC__DHT_SERVER_SOCKET, from, exact, len, l->clock.now_ns);
    free(exact);
}

void dht_lone_wait(dht_lone *l, uint64_t ns)
{
    const uint64_t until = l->clock.now_ns + ns;

    for (uint64_t at; (at = ic__dht_deadline(l->dht)) <= until;) {
        fake_clock_set(&l->clock, at);
        ic__dht_expire(l->dht, l->clock.now_ns);
    }
    fake_clock_set(&l->clock, until);
    ic__dht_set_now(l->dht, until);
}

void dht_lone_forget(dht_lone *l)
{
    l->sent_count = 0;
    l->sent_bytes = 0;
}

void dht_lone_meet(dht_lone *l, const ic__addr *from)
{
    uint8_t bytes[256];
    uint8_t id[IC__DHT_KEY_BYTES];
    ic__rpc_message m = {.type = IC__RPC_REQUEST,
                         .internal = true,
                         .to = l->address,
                         .id = id,
                         .command = IC__RPC_PING};

    ic__rpc_id_of(id, from);
    dht_lone_recv(l, from, bytes, ic__rpc_message_write(&m, bytes, sizeof bytes));
}

const ic__rpc_message *dht_lone_ask(dht_lone *l, const ic__addr *from,
                                    const ic__rpc_message *request)
{
    static ic__rpc_message reply;
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__rpc_message m = *request;
    size_t len;

    m.type = IC__RPC_REQUEST;
    m.tid = ++l->tid;
    m.to = l->address;
    len = ic__rpc_message_write(&m, bytes, sizeof bytes);
    assert_true(len > 0);
    dht_lone_forget(l);
    dht_lone_recv(l, from, bytes, len);
    assert_true(l->sent_count <= 1);
    if (!l->sent_count)
        return NULL;
    assert_int_equal(ic__rpc_message_read(&reply, l->sent[0].data, l->sent[0].len), 0);
    assert_int_equal(reply.tid, l->tid);
    return &reply;
}

void dht_lone_token(dht_lone *l, const ic__addr *from, uint8_t token[IC__DHT_TOKEN_BYTES])
{
    static const uint8_t target[IC__DHT_KEY_BYTES] = {1};
    const ic__rpc_message ask = {.command = IC__DHT_FIND_PEER, .target = target};
    const ic__rpc_message *reply = dht_lone_ask(l, from, &ask);

    assert_non_null(reply);
    assert_non_null(reply->token);
    memcpy(token, reply->token, IC__DHT_TOKEN_BYTES);
}
