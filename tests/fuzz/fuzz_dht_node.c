#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/rd.h"
#include "dht/dht_state.h"
#include "dht/messages.h"
#include "dht_lone.h"
#include "intercom/init.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_STEPS 200
#define HOSTS 8
/* Twenty records, twenty nodes, a token, an id, and the head: spec 06, section 15. */
#define LARGEST_REPLY 1400

enum { RAW, REQUEST, REPLY, WAIT, ASK, PUNCH, VERBS };

typedef struct world {
    dht_lone l;
    ic_identity *me;
    ic__dht_server *server;
    uint8_t tokens[HOSTS][IC__DHT_TOKEN_BYTES];
    uint8_t targets[4][IC__DHT_KEY_BYTES];
    size_t ops;  /* begun */
    size_t ends; /* told */
} world;

static void on_op_done(void *user, int error, size_t nodes)
{
    world *w = user;

    (void)error;
    (void)nodes;
    w->ends++;
}

static ic__addr host_of(uint8_t n)
{
    return (ic__addr){
        .ip = {5, 5, 5, (uint8_t)(n % HOSTS)}, .port = (uint16_t)(1000 + n), .family = 4};
}

static void on_connection(void *user, const ic__dht_connection *connection)
{
    (void)user;
    (void)connection;
}

static bool start(world *w)
{
    const ic__dht_server_events events = {.connection = on_connection};
    const uint8_t seed[IC_SEED_BYTES] = {1};
    ic__dht_server_options opts;

    if (ic_init() != 0 || ic_identity_from_seed(&w->me, seed, IC_NETWORK_MAINNET) != 0 ||
        dht_lone_init(&w->l, NULL) != 0)
        return false;
    ic__dht_server_options_default(&opts);
    opts.identity = w->me;
    if (ic__dht_listen(w->l.dht, &opts, &events, &w->server) != 0)
        return false;
    ic__dht_hash(w->targets[0], ic_identity_public_key(w->me), IC__DHT_KEY_BYTES);
    memset(w->targets[1], 1, IC__DHT_KEY_BYTES);
    ic__dht_hash(w->targets[2], "x", 1);
    for (uint8_t i = 0; i < HOSTS; i++) {
        const ic__addr host = host_of(i);
        dht_lone_meet(&w->l, &host);
        dht_lone_token(&w->l, &host, w->tokens[i]);
    }
    return true;
}

static void raw(world *w, ic__rd *r)
{
    const ic__addr from = host_of(ic__rd_u8(r));
    size_t len = ic__rd_u8(r);

    len = len < r->left ? len : r->left;
    dht_lone_recv(&w->l, &from, ic__rd_bytes(r, len), len);
}

/* A request with a shape that gets past the first checks. */
static void request(world *w, ic__rd *r)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    uint8_t who = ic__rd_u8(r);
    uint8_t how = ic__rd_u8(r);
    size_t len = ic__rd_u8(r);
    const ic__addr from = host_of(who);
    ic__rpc_message m = {.type = IC__RPC_REQUEST,
                         .internal = how & 0x80,
                         .to = w->l.address,
                         .command = how & 0x0f,
                         .target = w->targets[how >> 4 & 3],
                         .token = how & 0x40 ? w->tokens[who % HOSTS] : NULL};

    len = len < r->left ? len : r->left;
    m.value = ic__rd_bytes(r, len);
    m.value_len = len;
    len = ic__rpc_message_write(&m, bytes, sizeof bytes);
    dht_lone_forget(&w->l);
    dht_lone_recv(&w->l, &from, bytes, len);
    if (w->l.sent_count == 1 && w->l.sent_bytes > LARGEST_REPLY)
        abort();
}

/* An answer to something that the node has asked. */
static void reply(world *w, ic__rd *r)
{
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    uint8_t id[IC__DHT_KEY_BYTES];
    ic__rpc_message asked;
    size_t which = ic__rd_u8(r);
    uint8_t how = ic__rd_u8(r);
    size_t len = ic__rd_u8(r);

    len = len < r->left ? len : r->left;
    const uint8_t *value = ic__rd_bytes(r, len);
    if (!w->l.sent_count)
        return;
    which %= w->l.sent_count < DHT_LONE_KEPT ? w->l.sent_count : DHT_LONE_KEPT;
    const dht_sent *s = &w->l.sent[which];
    if (ic__rpc_message_read(&asked, s->data, s->len) != 0 ||
        asked.type != IC__RPC_REQUEST)
        return;
    const ic__addr from = s->to;
    ic__rpc_message m = {.type = IC__RPC_REPLY,
                         .tid = asked.tid,
                         .to = how & 1 ? w->l.address : from,
                         .id = how & 2 ? id : NULL,
                         .token = how & 4 ? w->targets[1] : NULL,
                         .error = how & 8 ? how >> 4 : 0,
                         .value = how & 16 ? value : NULL,
                         .value_len = how & 16 ? len : 0};
    ic__rpc_id_of(id, &from);
    if (how & 32)
        m.closer[m.closer_count++] = host_of(how);
    len = ic__rpc_message_write(&m, bytes, sizeof bytes);
    ic__dht_recv(w->l.dht, s->sock, &from, bytes, len, w->l.clock.now_ns);
}

static void ask(world *w, ic__rd *r)
{
    const ic__dht_op_events events = {.on_done = on_op_done, .user = w};
    uint8_t what = ic__rd_u8(r);
    const uint8_t *target = w->targets[what >> 3 & 3];
    const uint8_t *key = ic_identity_public_key(w->me);
    const ic__addr relay = host_of(what);
    ic__dht *d = w->l.dht;
    int err;

    if (what % 8 == 0)
        err = ic__dht_find_peer(d, key, &events, NULL);
    else if (what % 8 == 1)
        err = ic__dht_lookup(d, target, &events, NULL);
    else if (what % 8 == 2)
        err = ic__dht_announce(d, target, w->me, &relay, 1, true, &events, NULL);
    else if (what % 8 == 3)
        err = ic__dht_unannounce(d, target, w->me, &events, NULL);
    else if (what % 8 == 4)
        err = ic__dht_immutable_get(d, w->targets[2], &events, NULL);
    else if (what % 8 == 5)
        err = ic__dht_immutable_put(d, target, what % 32, &events, NULL);
    else if (what % 8 == 6)
        err = ic__dht_mutable_get(d, key, 0, true, &events, NULL);
    else
        err = ic__dht_mutable_put(d, w->me, what, target, 9, &events, NULL);
    w->ops += err == 0;
}

static void step(world *w, ic__rd *r)
{
    uint8_t verb = ic__rd_u8(r);
    const ic__addr from = host_of(verb);

    switch (verb % VERBS) {
    case RAW:
        raw(w, r);
        break;
    case REQUEST:
        request(w, r);
        break;
    case REPLY:
        reply(w, r);
        break;
    case WAIT:
        dht_lone_forget(&w->l);
        dht_lone_wait(&w->l, ic__rd_u8(r) * 40 * IC__MS);
        break;
    case ASK:
        ask(w, r);
        break;
    default:
        ic__dht_recv(w->l.dht, verb >> 4, &from, &verb, 1, w->l.clock.now_ns);
        break;
    }
}

/* Whatever comes, in whatever order: the tables stay within their limits, and each
 * operation ends once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static world w;
    ic__rd r = ic__rd_of(data, size);

    memset(&w, 0, sizeof w);
    if (!start(&w))
        abort();
    for (size_t i = 0; i < MOST_STEPS && r.left; i++)
        step(&w, &r);
    dht_lone_wait(&w.l, 60 * IC__SEC);
    if (w.ops != w.ends)
        abort();
    dht_lone_free(&w.l);
    ic_identity_free(w.me);
    return 0;
}
