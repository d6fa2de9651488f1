#include "io/blind_relay.h"

#include <sodium.h>
#include <string.h>

#include "base/map.h"
#include "dht/messages.h"
#include "intercom/error.h"
#include "intercom/mux.h"
#include "intercom/sys/mem.h"
#include "io/deadline.h"
#include "io/dht_state.h"

typedef struct client client;
typedef struct pair pair;

/* What one client asked for. */
typedef struct side {
    client *client; /* NULL = nobody has asked yet */
    pair *pair;
    ic__link link;           /* in client->sides */
    ic__udp_stream *carrier; /* NULL until both have asked */
    uint32_t remote_id;
    bool moved; /* once it was connected */
} side;

struct pair {
    ic__blind_relay *relay;
    uint64_t key; /* of the map */
    uint8_t token[IC__DHT_TOKEN_BYTES];
    side sides[2]; /* the initiator's second */
    ic__link half; /* in relay->halves, until it is whole */
    uint64_t late_ns;
};

struct client {
    ic__blind_relay *relay;
    ic_mux *mux;
    ic_channel *channel;
    ic__queue sides;
};

struct ic__blind_relay {
    ic_socket *sock;
    ic__map pairs;
    ic__queue halves; /* the oldest first */
    ic__deadline *late;
    uint64_t patience_ns;
    size_t max_pairs;
    uint8_t
        secret[crypto_shorthash_KEYBYTES]; /* clients choose the tokens, not the keys */
    size_t clients;
    bool closing;
};

size_t ic__blind_relay_count(const ic__blind_relay *relay)
{
    return relay->pairs.count - relay->halves.count;
}

static void free_if_over(ic__blind_relay *relay)
{
    if (!relay->closing || relay->clients)
        return;
    ic__map_free(&relay->pairs);
    ic__deadline_free(relay->late);
    ic_mem_free(relay);
}

void ic__blind_relay_close(ic__blind_relay *relay)
{
    if (!relay)
        return;
    relay->closing = true;
    free_if_over(relay);
}

static void carrier_gone(ic__udp_stream *carrier, int error, void *user)
{
    (void)carrier;
    (void)error;
    (void)user;
}

static void stop_waiting(pair *p)
{
    if (ic__queue_holds(&p->half))
        ic__queue_remove(&p->relay->halves, &p->half);
}

static void drop_pair(pair *p)
{
    static const ic__udp_stream_events quiet = {.closed = carrier_gone};

    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        if (s->carrier) {
            ic__udp_stream_set_events(s->carrier, &quiet, NULL);
            ic__udp_stream_close(s->carrier);
        }
        if (s->client)
            ic__queue_remove(&s->client->sides, &s->link);
    }
    stop_waiting(p);
    (void)ic__map_take(&p->relay->pairs, p->key);
    ic_mem_free(p);
}

/* Nobody has come for the other half. */
static void on_late(void *user)
{
    ic__blind_relay *relay = user;
    const ic_env *env = &relay->sock->env;
    uint64_t now = env->now_ns(env->user);
    uint64_t next = IC__NEVER;

    for (ic__link *l = ic__queue_first(&relay->halves); l;
         l = ic__queue_first(&relay->halves)) {
        pair *p = IC__ELEMENT(l, pair, half);
        next = p->late_ns;
        if (next > now)
            break;
        next = IC__NEVER;
        drop_pair(p);
    }
    ic__deadline_set(relay->late, next, now);
}

int ic__blind_relay_new(ic_socket *sock, size_t max_pairs, uint64_t patience_ns,
                        ic__blind_relay **out)
{
    ic__blind_relay *relay = ic_mem_calloc(1, sizeof *relay);

    if (!relay || ic__deadline_new(sock->base, on_late, relay, &relay->late) != 0) {
        ic_mem_free(relay);
        return IC_ERR_NOMEM;
    }
    relay->sock = sock;
    relay->max_pairs = max_pairs;
    relay->patience_ns = patience_ns;
    ic__queue_init(&relay->halves);
    sock->env.random(relay->secret, sizeof relay->secret, sock->env.user);
    *out = relay;
    return 0;
}

/* It is where its connection with us is, or where its first packet comes from; others may
 * not claim to be it. */
static bool on_stranger(ic__udp_stream *carrier, ic__udp_socket *sock,
                        const ic__addr *from, void *user)
{
    side *s = user;

    if (s->moved || ic__udp_stream_move(carrier, sock, s->remote_id, from) != 0)
        return true;
    s->moved = true;
    return false;
}

static void on_carrier_closed(ic__udp_stream *carrier, int error, void *user)
{
    side *s = user;

    (void)carrier;
    (void)error;
    s->carrier = NULL;
    drop_pair(s->pair);
}

/* Its packets will come the same way: nothing that the other one sends first is lost. */
static int connect_carrier(side *s)
{
    ic__udp_socket *sock;
    ic__addr to;

    if (!ic__udp_stream_path(ic_mux_stream(s->client->mux)->carrier, &sock, &to))
        return IC_ERR_CLOSED;
    ic__udp_stream_set_strict(s->carrier, true);
    return ic__udp_stream_connect(s->carrier, sock, s->remote_id, &to);
}

static int open_carrier(side *s, uint32_t *id)
{
    static const ic__udp_stream_events events = {
        .firewall = on_stranger,
        .closed = on_carrier_closed,
    };
    const ic_socket *sock = s->pair->relay->sock;
    int err;

    do {
        sock->env.random(id, sizeof *id, sock->env.user);
        err = ic__udp_stream_new(sock->udp, &s->carrier, *id, NULL, &events, s);
    } while (err == IC_ERR_EXISTS);
    return err ? err : connect_carrier(s);
}

static void answer(const pair *p, size_t which, uint32_t id)
{
    ic__dht_pair m = {.initiator = which == 1, .id = id};
    uint8_t bytes[64];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    memcpy(m.token, p->token, sizeof m.token);
    ic__dht_pair_write(&w, &m);
    /* What cannot be sent ends with the client's patience. */
    (void)!ic_channel_send(p->sides[which].client->channel, IC__DHT_RELAY_PAIR, bytes,
                           w.len);
}

/* Both have asked. */
static void join(pair *p)
{
    uint32_t ids[2];

    int err = open_carrier(&p->sides[0], &ids[0]);
    if (!err)
        err = open_carrier(&p->sides[1], &ids[1]);
    if (err) {
        drop_pair(p);
        return;
    }
    ic__udp_stream_relay(p->sides[0].carrier, p->sides[1].carrier);
    ic__udp_stream_relay(p->sides[1].carrier, p->sides[0].carrier);
    stop_waiting(p);
    answer(p, 0, ids[0]);
    answer(p, 1, ids[1]);
}

static uint64_t key_of(const ic__blind_relay *relay,
                       const uint8_t token[IC__DHT_TOKEN_BYTES])
{
    uint64_t key;
    uint8_t hash[crypto_shorthash_BYTES];

    crypto_shorthash(hash, token, IC__DHT_TOKEN_BYTES, relay->secret);
    memcpy(&key, hash, sizeof key);
    return key;
}

static void wait_for_other(pair *p)
{
    ic__blind_relay *relay = p->relay;
    const ic_env *env = &relay->sock->env;
    uint64_t now = env->now_ns(env->user);

    p->late_ns = now + relay->patience_ns;
    ic__queue_push(&relay->halves, &p->half);
    if (relay->halves.count == 1)
        ic__deadline_set(relay->late, p->late_ns, now);
}

/* The pair of a token; NULL when it is somebody else's, or there are too many. */
static pair *pair_of(client *c, const uint8_t token[IC__DHT_TOKEN_BYTES])
{
    ic__blind_relay *relay = c->relay;
    pair *p = ic__map_get(&relay->pairs, key_of(relay, token));

    if (p)
        return sodium_memcmp(p->token, token, sizeof p->token) == 0 ? p : NULL;
    if (relay->pairs.count >= relay->max_pairs)
        return NULL;
    p = ic_mem_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->relay = relay;
    p->key = key_of(relay, token);
    memcpy(p->token, token, sizeof p->token);
    p->sides[0].pair = p;
    p->sides[1].pair = p;
    if (ic__map_put(&relay->pairs, p->key, p) != 0) {
        ic_mem_free(p);
        return NULL;
    }
    wait_for_other(p);
    return p;
}

static void take_pair(client *c, const ic__dht_pair *m)
{
    if (c->sides.count >= IC__BLIND_RELAY_CLIENT_MAX)
        return;
    pair *p = pair_of(c, m->token);
    side *s = p ? &p->sides[m->initiator] : NULL;
    if (!s || s->client)
        return; /* again: was heard */
    s->client = c;
    s->remote_id = m->id;
    ic__queue_push(&c->sides, &s->link);
    if (p->sides[!m->initiator].client)
        join(p);
}

static void take_unpair(client *c, const uint8_t token[IC__DHT_TOKEN_BYTES])
{
    pair *p = ic__map_get(&c->relay->pairs, key_of(c->relay, token));

    if (p && (p->sides[0].client == c || p->sides[1].client == c) &&
        sodium_memcmp(p->token, token, sizeof p->token) == 0)
        drop_pair(p);
}

static void on_message(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user)
{
    uint8_t token[IC__DHT_TOKEN_BYTES];
    ic__dht_pair m;

    (void)ch;
    if (type == IC__DHT_RELAY_PAIR && ic__dht_pair_decode(&m, data, len) == 0)
        take_pair(user, &m);
    else if (type == IC__DHT_RELAY_UNPAIR && ic__dht_unpair_decode(token, data, len) == 0)
        take_unpair(user, token);
}

static void drop_sides(client *c)
{
    for (ic__link *l = ic__queue_first(&c->sides); l; l = ic__queue_first(&c->sides))
        drop_pair(IC__ELEMENT(l, side, link)->pair);
}

static void on_channel_closed(ic_channel *ch, int error, void *user)
{
    client *c = user;

    (void)ch;
    (void)error;
    drop_sides(c);
    c->channel = NULL;
}

static void on_pair(ic_mux *mux, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user)
{
    client *c = user;
    ic_channel_options opts;

    ic_channel_options_default(&opts);
    opts.protocol = protocol;
    opts.id = id;
    opts.id_len = id_len;
    opts.on_message = on_message;
    opts.on_closed = on_channel_closed;
    opts.user = c;
    if (c->channel || ic_channel_new(mux, &opts, &c->channel) != 0)
        ic_mux_refuse(mux, protocol, id, id_len);
}

static void on_mux_closed(ic_mux *mux, int error, void *user)
{
    client *c = user;
    ic__blind_relay *relay = c->relay;

    (void)mux;
    (void)error;
    drop_sides(c);
    ic_mem_free(c);
    relay->clients--;
    free_if_over(relay);
}

int ic__blind_relay_take(ic__blind_relay *relay, ic_stream *st)
{
    ic_mux_options opts;
    client *c = ic_mem_calloc(1, sizeof *c);

    if (!c)
        return IC_ERR_NOMEM;
    c->relay = relay;
    ic__queue_init(&c->sides);
    ic_mux_options_default(&opts);
    opts.on_pair = on_pair;
    opts.on_closed = on_mux_closed;
    opts.user = c;
    int err = ic_mux_new_over(st, &opts, &c->mux);
    if (err) {
        ic_mem_free(c);
        return err;
    }
    relay->clients++;
    err = ic_mux_pair(c->mux, IC__DHT_RELAY_PROTOCOL, ic_stream_remote_key(st),
                      IC_PUBLIC_KEY_BYTES);
    if (err)
        ic_mux_close(c->mux); /* on_mux_closed does the rest */
    return 0;
}
