/*
 * A node that listens and dials, driven by a script; the other end knows all keys, so its
 * messages are authentic and say what the script wants. Each step:
 *
 *   verb (1), number (1), length (1), bytes
 *
 * Whatever comes: sockets and streams are bounded, nothing is used after its end, and
 * nothing is left when the node is gone (docs/spec/06-hyperdht.md, section 15).
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/env.h"
#include "base/rd.h"
#include "crypto/identity.h"
#include "dht/handshake.h"
#include "dht/rpc_message.h"
#include "fake_clock.h"
#include "intercom/init.h"
#include "transport/codec.h"

#define MOST_STEPS 400
#define MOST_SOCKETS 300
#define MOST_STREAMS 64
#define MESSAGE_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last request of a kind that the node has sent. */
typedef struct asked {
    ic__addr to;
    uint32_t sock;
    uint16_t tid;
    uint8_t noise[MESSAGE_MAX];
    size_t noise_len;
} asked;

typedef struct stream {
    uint32_t id; /* 0 = none */
    bool handed;
    bool wants_relay;
} stream;

typedef struct rig {
    fake_clock clock;
    ic__dht *dht;
    ic__dht_server *server;
    ic__dht_dial *dial;
    ic_identity *ours;
    ic_identity *theirs;
    bool sockets[MOST_SOCKETS];
    stream streams[MOST_STREAMS];
    uint32_t next_id;
    ic__noise client; /* the other end, when it dials */
    bool greeted;
    ic__punch_key client_key;
    ic__punch_key server_key;
    asked query;
    asked handshake;
    asked holepunch;
    uint16_t tid;
} rig;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static ic__addr addr_number(uint8_t n)
{
    static const uint8_t hosts[4][4] = {
        {20, 0, 0, 1}, {127, 0, 0, 1}, {10, 0, 0, 7}, {99, 1, 2, 3}};
    ic__addr a = {.family = 4, .port = (uint16_t)(1000 + n)};

    memcpy(a.ip, hosts[n % 4], 4);
    return a;
}

static void target_of(const ic_identity *who, uint8_t target[IC__DHT_KEY_BYTES])
{
    ic__dht_hash(target, ic_identity_public_key(who), IC__DHT_KEY_BYTES);
}

/* The node's host. */

static void read_answer(rig *r, const ic__rpc_message *m)
{
    ic__dht_handshake hs;
    ic__dht_noise_payload payload;
    ic__noise_result keys;
    ic_env env = fake_clock_env(&r->clock);

    if (!m->value || !r->greeted ||
        ic__dht_handshake_decode(&hs, m->value, m->value_len) != 0)
        return;
    r->greeted = false;
    if (ic__handshake_recv(&r->client, hs.noise, hs.noise_len, &payload) != 0)
        return;
    must(payload.version == 1 && payload.address4_count <= IC__DHT_ADDRESSES_MAX);
    ic__handshake_finish(&r->client, &env, &keys, &r->client_key);
}

static void keep(asked *a, const ic__rpc_message *m, uint32_t sock, const ic__addr *to)
{
    ic__dht_handshake hs;

    a->to = *to;
    a->sock = sock;
    a->tid = m->tid;
    if (m->command != IC__DHT_PEER_HANDSHAKE ||
        ic__dht_handshake_decode(&hs, m->value, m->value_len) != 0)
        return;
    memcpy(a->noise, hs.noise, hs.noise_len);
    a->noise_len = hs.noise_len;
}

static void h_send(void *user, uint32_t sock, const ic__addr *to, const uint8_t *data,
                   size_t len, uint8_t ttl)
{
    rig *r = user;
    ic__rpc_message m;

    (void)ttl;
    must(sock < MOST_SOCKETS && (sock < 2 || r->sockets[sock]) && to->port);
    if (len == 1)
        return;
    must(ic__rpc_message_read(&m, data, len) == 0);
    if (m.type == IC__RPC_REPLY)
        read_answer(r, &m);
    else if (m.internal)
        return;
    else if (m.command == IC__DHT_FIND_PEER)
        keep(&r->query, &m, sock, to);
    else if (m.command == IC__DHT_PEER_HANDSHAKE)
        keep(&r->handshake, &m, sock, to);
    else if (m.command == IC__DHT_PEER_HOLEPUNCH)
        keep(&r->holepunch, &m, sock, to);
}

static int h_socket_open(void *user, uint32_t *sock)
{
    rig *r = user;

    for (uint32_t i = 2; i < MOST_SOCKETS; i++) {
        if (r->sockets[i])
            continue;
        r->sockets[i] = true;
        *sock = i;
        return 0;
    }
    return -4; /* IC_ERR_LIMIT */
}

static void h_socket_close(void *user, uint32_t sock)
{
    rig *r = user;

    must(sock >= 2 && sock < MOST_SOCKETS && r->sockets[sock]);
    r->sockets[sock] = false;
}

static ic__addr h_socket_address(void *user, uint32_t sock)
{
    (void)user;
    return (ic__addr){.family = 4, .port = (uint16_t)(49737 + sock)};
}

static size_t h_interfaces(void *user, ic__addr *out, size_t cap)
{
    (void)user;
    if (!cap)
        return 0;
    out[0] = (ic__addr){.family = 4, .ip = {10, 0, 0, 2}};
    return 1;
}

static stream *stream_of(rig *r, uint32_t id)
{
    for (size_t i = 0; i < MOST_STREAMS; i++) {
        if (r->streams[i].id == id)
            return &r->streams[i];
    }
    return NULL;
}

static int h_stream_new(void *user, uint32_t *id)
{
    rig *r = user;
    stream *s = stream_of(r, 0);

    if (!s)
        return -4;
    *s = (stream){.id = ++r->next_id};
    *id = s->id;
    return 0;
}

static int h_stream_connect(void *user, uint32_t id, uint32_t sock, uint32_t remote_id,
                            const ic__addr *to)
{
    rig *r = user;

    (void)remote_id;
    must(stream_of(r, id) && to->port && (sock < 2 || r->sockets[sock]));
    return 0;
}

static void h_stream_free(void *user, uint32_t id)
{
    stream *s = stream_of(user, id);

    must(id && s && !s->handed && !s->wants_relay);
    s->id = 0;
}

static int h_relay_pair(void *user, const uint8_t key[IC__DHT_KEY_BYTES],
                        const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator,
                        uint32_t id)
{
    stream *s = stream_of(user, id);

    (void)key;
    (void)token;
    (void)initiator;
    must(id && s && !s->wants_relay);
    s->wants_relay = true;
    return 0;
}

static void h_relay_drop(void *user, uint32_t id)
{
    stream *s = stream_of(user, id);

    must(id && s && s->wants_relay);
    s->wants_relay = false;
}

/* The user. */

static void take(void *user, const ic__dht_connection *c)
{
    stream *s = stream_of(user, c->local_id);

    must(c->local_id && s && !s->handed);
    s->handed = true;
}

static void on_done(void *user, int error, const ic__dht_connection *c)
{
    rig *r = user;

    must((error == 0) == (c != NULL) && (c || ic__dht_dial_reason(r->dial)));
    r->dial = NULL;
    if (c)
        take(r, c);
}

static void dial(rig *r, uint8_t options)
{
    ic__dht_dial_options o;
    ic__addr relay = addr_number(0);

    if (r->dial)
        return;
    ic__dht_dial_options_default(&o);
    o.identity = r->ours;
    o.remote_key = ic_identity_public_key(r->theirs);
    o.relays = &relay;
    o.relay_count = options & 1;
    o.relay_through = options & 2 ? o.remote_key : NULL;
    o.lan = options & 4;
    o.on_done = on_done;
    o.user = r;
    if (ic__dht_connect(r->dht, &o, &r->dial) != 0)
        r->dial = NULL;
}

static void listen(rig *r, uint8_t options)
{
    ic__dht_server_options o;
    const ic__dht_server_events events = {.connection = take, .user = r};

    if (r->server)
        return;
    ic__dht_server_options_default(&o);
    o.identity = r->ours;
    o.announce = options & 1;
    o.relay_through = options & 2 ? ic_identity_public_key(r->theirs) : NULL;
    o.holepunch = !(options & 4);
    if (ic__dht_listen(r->dht, &o, &events, &r->server) != 0)
        r->server = NULL;
}

/* The other end. */

static void recv_message(rig *r, uint32_t sock, const ic__addr *from,
                         const ic__rpc_message *m)
{
    uint8_t packet[MESSAGE_MAX];
    size_t len = ic__rpc_message_write(m, packet, sizeof packet);

    if (len && (sock < 2 || r->sockets[sock]))
        ic__dht_recv(r->dht, sock, from, packet, len, r->clock.now_ns);
}

static void request(rig *r, uint32_t command, const uint8_t *value, size_t len,
                    uint8_t number)
{
    uint8_t target[IC__DHT_KEY_BYTES];
    ic__addr from = addr_number((uint8_t)(number / 8));
    ic__rpc_message m = {.type = IC__RPC_REQUEST,
                         .tid = r->tid++,
                         .to = addr_number(number),
                         .command = command,
                         .target = target,
                         .value = value,
                         .value_len = len};

    target_of(r->ours, target);
    recv_message(r, number & 1, &from, &m);
}

/* A first message of the other end, authentic, with any payload. */
static void greet(rig *r, uint8_t number, const uint8_t *bytes, size_t len)
{
    ic_env env = fake_clock_env(&r->clock);
    uint8_t noise[MESSAGE_MAX];
    uint8_t value[MESSAGE_MAX];
    ic__wr n = ic__wr_of(noise, sizeof noise);
    ic__wr w = ic__wr_of(value, sizeof value);
    ic__dht_handshake m = {.mode = number % 4 == 1 ? 0 : number % 4, .noise = noise};

    ic__handshake_begin(&r->client, &env, ic__identity_secret_key(r->theirs),
                        ic_identity_public_key(r->ours));
    must(ic__noise_write(&r->client, bytes, len, &n) == 0);
    m.noise_len = n.len;
    if (m.mode)
        m.peer_address = addr_number((uint8_t)(number / 4));
    if (m.mode == IC__DHT_FROM_SECOND_RELAY)
        m.relay_address = addr_number(1);
    ic__dht_handshake_write(&w, &m);
    r->greeted = true;
    request(r, IC__DHT_PEER_HANDSHAKE, value, w.len, number);
}

static size_t seal(const ic__punch_key *key, const uint8_t *bytes, size_t len,
                   uint8_t *out)
{
    memset(out, 5, crypto_secretbox_NONCEBYTES);
    must(crypto_secretbox_easy(out + crypto_secretbox_NONCEBYTES, bytes, len, out,
                               key->shared) == 0);
    return len + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
}

static void ask_punch(rig *r, uint8_t number, const uint8_t *bytes, size_t len)
{
    uint8_t sealed[MESSAGE_MAX];
    uint8_t value[MESSAGE_MAX];
    ic__wr w = ic__wr_of(value, sizeof value);
    ic__dht_holepunch m = {.mode = IC__DHT_FROM_RELAY,
                           .id = number % 3,
                           .payload = sealed,
                           .peer_address = addr_number((uint8_t)(number / 4))};

    m.payload_len = seal(&r->client_key, bytes, len, sealed);
    ic__dht_holepunch_write(&w, &m);
    request(r, IC__DHT_PEER_HOLEPUNCH, value, w.len, number);
}

static void reply(rig *r, const asked *a, const uint8_t *value, size_t len)
{
    ic__rpc_message m = {.type = IC__RPC_REPLY,
                         .tid = a->tid,
                         .to = addr_number(7),
                         .value = value,
                         .value_len = len};

    if (a->to.port)
        recv_message(r, a->sock, &a->to, &m);
}

static void answer_query(rig *r, uint8_t number, const uint8_t *bytes, size_t len)
{
    ic__dht_peer peer = {.relay_count = 0};
    uint8_t value[IC__DHT_RECORD_BYTES_MAX];
    ic__wr w = ic__wr_of(value, sizeof value);

    (void)number, (void)bytes, (void)len;
    memcpy(peer.public_key, ic_identity_public_key(r->theirs), IC__DHT_KEY_BYTES);
    ic__dht_peer_write(&w, &peer);
    reply(r, &r->query, value, w.len);
}

/* The other end's second message, with any payload. */
static void answer_handshake(rig *r, uint8_t number, const uint8_t *bytes, size_t len)
{
    ic_env env = fake_clock_env(&r->clock);
    ic__dht_noise_payload hello;
    ic__noise_result keys;
    ic__noise n;
    uint8_t noise[MESSAGE_MAX];
    uint8_t value[MESSAGE_MAX];
    ic__wr nw = ic__wr_of(noise, sizeof noise);
    ic__wr w = ic__wr_of(value, sizeof value);
    ic__dht_handshake m = {.mode = IC__DHT_REPLY, .noise = noise};

    ic__handshake_await(&n, &env, ic__identity_secret_key(r->theirs));
    if (!r->handshake.noise_len ||
        ic__handshake_recv(&n, r->handshake.noise, r->handshake.noise_len, &hello) != 0)
        return;
    must(ic__noise_write(&n, bytes, len, &nw) == 0);
    ic__handshake_finish(&n, &env, &keys, &r->server_key);
    m.noise_len = nw.len;
    if (number & 1)
        m.peer_address = addr_number((uint8_t)(number / 2));
    ic__dht_handshake_write(&w, &m);
    reply(r, &r->handshake, value, w.len);
}

static void answer_punch(rig *r, uint8_t number, const uint8_t *bytes, size_t len)
{
    uint8_t sealed[MESSAGE_MAX];
    uint8_t value[MESSAGE_MAX];
    ic__wr w = ic__wr_of(value, sizeof value);
    ic__dht_holepunch m = {
        .mode = IC__DHT_REPLY, .payload = sealed, .peer_address = addr_number(number)};

    m.payload_len = seal(&r->server_key, bytes, len, sealed);
    ic__dht_holepunch_write(&w, &m);
    reply(r, &r->holepunch, value, w.len);
}

/* Streams. */

static void stream_event(rig *r, uint8_t verb, uint8_t number)
{
    stream *s = &r->streams[number % MOST_STREAMS];
    ic__addr from = addr_number((uint8_t)(number / 4));
    uint64_t now = r->clock.now_ns;
    uint32_t sock = number & 1;

    for (uint32_t i = 2; number & 2 && i < MOST_SOCKETS; i++)
        sock = r->sockets[i] ? i : sock;
    if (!s->id)
        return;
    if (verb == 's') {
        (void)ic__dht_stream_packet(r->dht, s->id, sock, &from, now);
    } else if (verb == 'v') {
        ic__dht_stream_proven(r->dht, s->id, now);
    } else if (verb == 'g' && s->handed) {
        uint32_t id = s->id;
        ic__dht_stream_gone(r->dht, id, now);
        must(!s->wants_relay);
        *s = (stream){0};
    } else if (verb == 'y' && s->wants_relay) {
        ic__dht_relay_paired(r->dht, s->id, 1, &from, 77, now);
    } else if (verb == 'z' && s->wants_relay) {
        s->wants_relay = false;
        ic__dht_relay_failed(r->dht, s->id, -16, now);
    }
}

static void punch_byte(rig *r, uint8_t number)
{
    ic__addr from = addr_number((uint8_t)(number / 4));
    uint8_t zero = 0;

    for (uint32_t i = 2; i < MOST_SOCKETS; i++) {
        if (r->sockets[i] && number-- % 4 == 0)
            ic__dht_recv(r->dht, i, &from, &zero, 1, r->clock.now_ns);
    }
}

static void wait(rig *r, uint64_t ns)
{
    uint64_t until = r->clock.now_ns + ns;

    for (unsigned i = 0; i < 3000 && ic__dht_deadline(r->dht) <= until; i++) {
        fake_clock_set(&r->clock, ic__dht_deadline(r->dht));
        ic__dht_expire(r->dht, r->clock.now_ns);
    }
    fake_clock_set(&r->clock, until);
    ic__dht_expire(r->dht, until);
}

static void (*const messages[256])(rig *, uint8_t, const uint8_t *, size_t) = {
    ['f'] = answer_query,     ['h'] = greet,        ['p'] = ask_punch,
    ['r'] = answer_handshake, ['q'] = answer_punch,
};

static void step(rig *r, uint8_t verb, uint8_t number, const uint8_t *bytes, size_t len)
{
    ic__addr from = addr_number(number);

    ic__dht_set_now(r->dht, r->clock.now_ns);
    if (messages[verb]) {
        messages[verb](r, number, bytes, len);
        return;
    }
    switch (verb) {
    case 'L':
        listen(r, number);
        break;
    case 'C':
        ic__dht_server_close(r->server, NULL, NULL);
        r->server = NULL;
        break;
    case 'D':
        dial(r, number);
        break;
    case 'c':
        ic__dht_dial_cancel(r->dial);
        r->dial = NULL;
        break;
    case 'P':
        request(r, number & 1, bytes, len, number);
        break;
    case 'b':
        punch_byte(r, number);
        break;
    case 'd':
        ic__dht_recv(r->dht, number & 1, &from, bytes, len, r->clock.now_ns);
        break;
    case 't':
        wait(r, number * 20 * IC__MS);
        break;
    case 'S':
        ic__dht_suspend(r->dht, r->clock.now_ns);
        wait(r, IC__SEC);
        must(ic__dht_resume(r->dht, r->clock.now_ns) == 0);
        break;
    default:
        stream_event(r, verb, number);
    }
}

static void begin(rig *r)
{
    uint8_t seed[IC_SEED_BYTES] = {1};
    ic_env env = fake_clock_env(&r->clock);
    ic__addr bootstrap = addr_number(0);
    ic__dht_options opts;
    const ic__dht_events events = {.on_ready = NULL};
    const ic__dht_host host = {h_send,
                               h_socket_open,
                               h_socket_close,
                               h_socket_address,
                               h_interfaces,
                               h_stream_new,
                               h_stream_connect,
                               h_stream_free,
                               h_relay_pair,
                               h_relay_drop,
                               r};

    must(ic_identity_from_seed(&r->ours, seed, IC_NETWORK_MAINNET) == 0);
    seed[0] = 2;
    must(ic_identity_from_seed(&r->theirs, seed, IC_NETWORK_MAINNET) == 0);
    ic__dht_options_default(&opts);
    opts.rpc.bootstrap = &bootstrap;
    opts.rpc.bootstrap_count = 1;
    must(ic__dht_new(&r->dht, &env, &host, &opts, &events, r->clock.now_ns) == 0);
    must(ic__dht_start(r->dht, r->clock.now_ns) == 0);
}

static void end(rig *r)
{
    ic__dht_free(r->dht);
    for (size_t i = 0; i < MOST_SOCKETS; i++)
        must(!r->sockets[i]);
    for (size_t i = 0; i < MOST_STREAMS; i++)
        must(!r->streams[i].id || r->streams[i].handed);
    ic_identity_free(r->ours);
    ic_identity_free(r->theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__rd rd = ic__rd_of(data, size);
    rig *r = calloc(1, sizeof *r);

    must(r && ic_init() == 0);
    fake_clock_init(&r->clock, 1);
    begin(r);
    for (unsigned i = 0; i < MOST_STEPS && rd.left >= 3; i++) {
        uint8_t verb = ic__rd_u8(&rd);
        uint8_t number = ic__rd_u8(&rd);
        size_t len = ic__rd_u8(&rd);
        const uint8_t *bytes;
        len = len < rd.left ? len : rd.left;
        bytes = ic__rd_bytes(&rd, len);
        step(r, verb, number, bytes, len);
    }
    end(r);
    free(r);
    return 0;
}
