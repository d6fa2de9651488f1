/* Asking a blind relay: connect to it by key, pair there by a token that both ends know.
 */
#include <event2/event.h>
#include <string.h>

#include "base/env.h"
#include "dht/messages.h"
#include "intercom/error.h"
#include "intercom/mux.h"
#include "intercom/sys/mem.h"
#include "io/dht_state.h"

#define RELAYS_MAX 64    /* connected to at a time */
#define PAIRINGS_MAX 256 /* at each */
#define PAIRED_S 15      /* for the other one to come */

typedef struct relay {
    ic_dht *dht;
    ic__link link; /* in dht->relays */
    uint8_t key[IC__DHT_KEY_BYTES];
    ic_dial *dial;
    ic_mux *mux;
    ic_channel *channel;
    ic__queue pairings;
    bool begun;
} relay;

struct ic__dht_pairing {
    relay *relay;
    ic__link link; /* in relay->pairings */
    ic__dht_carrier *stream;
    struct event *late;
    uint8_t token[IC__DHT_TOKEN_BYTES];
    bool initiator;
    bool paired;
};

static void free_pairing(ic__dht_pairing *p)
{
    p->stream->pairing = NULL;
    ic__queue_remove(&p->relay->pairings, &p->link);
    if (p->late)
        event_free(p->late);
    ic_mem_free(p);
}

static void fail(ic__dht_pairing *p, int error)
{
    ic_dht *dht = p->relay->dht;
    uint32_t id = p->stream->id;

    free_pairing(p);
    if (!dht->node)
        return;
    ic__dht_enter(dht);
    ic__dht_relay_failed(dht->node, id, error, ic__dht_now(dht));
    ic__dht_leave(dht);
}

/* Nothing of it is left; who was paired already has no use for its end. */
static void free_relay(relay *r, int error)
{
    for (ic__link *l = ic__queue_first(&r->pairings); l;
         l = ic__queue_first(&r->pairings)) {
        ic__dht_pairing *p = IC__ELEMENT(l, ic__dht_pairing, link);
        if (p->paired)
            free_pairing(p);
        else
            fail(p, error);
    }
    ic__queue_remove(&r->dht->relays, &r->link);
    ic_mem_free(r);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    ic__dht_pairing *p = arg;

    (void)fd;
    (void)what;
    ic__soon_call(p->relay->dht->soon); /* the relay may be of no more use */
    if (!p->paired)
        fail(p, IC_ERR_TIMEOUT);
}

static void send_pair(ic__dht_pairing *p)
{
    ic__dht_pair m = {.initiator = p->initiator, .id = p->stream->id};
    uint8_t bytes[64];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    memcpy(m.token, p->token, sizeof m.token);
    ic__dht_pair_write(&w, &m);
    /* What cannot be sent is late in the end. */
    (void)!ic_channel_send(p->relay->channel, IC__DHT_RELAY_PAIR, bytes, w.len);
}

static ic__dht_pairing *find_token(relay *r, const ic__dht_pair *m)
{
    for (ic__link *l = r->pairings.ends.next; l != &r->pairings.ends; l = l->next) {
        ic__dht_pairing *p = IC__ELEMENT(l, ic__dht_pairing, link);
        if (p->initiator == m->initiator &&
            memcmp(p->token, m->token, sizeof p->token) == 0)
            return p;
    }
    return NULL;
}

/* The relay says under which number our packets reach the other one. */
static void on_message(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user)
{
    relay *r = user;
    ic_dht *dht = r->dht;
    ic__dht_pair m;
    ic__udp_socket *sock;
    ic__addr to;

    (void)ch;
    if (type != IC__DHT_RELAY_PAIR || ic__dht_pair_decode(&m, data, len) != 0)
        return;
    ic__dht_pairing *p = find_token(r, &m);
    if (!p || p->paired || !dht->node ||
        !ic__udp_stream_path(ic_mux_stream(r->mux)->carrier, &sock, &to))
        return;
    p->paired = true;
    (void)evtimer_del(p->late);
    /* The relay drops what we send before the other one has sent anything. */
    ic__udp_stream_repeat_when_heard(p->stream->udp);
    const ic__dht_socket *by = ic__udp_socket_user(sock);
    ic__dht_enter(dht);
    ic__dht_relay_paired(dht->node, p->stream->id, by->number, &to, m.id,
                         ic__dht_now(dht));
    ic__dht_leave(dht);
}

static void on_channel_closed(ic_channel *ch, int error, void *user)
{
    relay *r = user;

    (void)ch;
    (void)error;
    r->channel = NULL;
    ic_mux_close(r->mux);
}

static void on_mux_closed(ic_mux *mux, int error, void *user)
{
    (void)mux;
    free_relay(user, error ? error : IC_ERR_CLOSED);
}

static int open_channel(relay *r, ic_stream *st)
{
    ic_mux_options opts;
    ic_channel_options channel;

    ic_mux_options_default(&opts);
    opts.on_closed = on_mux_closed;
    opts.user = r;
    int err = ic_mux_new_over(st, &opts, &r->mux);
    if (err)
        return err;
    ic_channel_options_default(&channel);
    channel.protocol = IC__DHT_RELAY_PROTOCOL;
    channel.id = ic_identity_public_key(r->dht->own);
    channel.id_len = IC_PUBLIC_KEY_BYTES;
    channel.on_message = on_message;
    channel.on_closed = on_channel_closed;
    channel.user = r;
    err = ic_channel_new(r->mux, &channel, &r->channel);
    if (err)
        ic_mux_close(r->mux); /* on_mux_closed does the rest */
    return 0;
}

static void on_dialed(ic_dial *dial, int error, const char *reason, ic_stream *st,
                      void *user)
{
    relay *r = user;

    (void)dial;
    (void)reason;
    r->dial = NULL;
    if (!error)
        error = open_channel(r, st);
    if (error) {
        free_relay(r, error);
        return;
    }
    for (ic__link *l = r->pairings.ends.next; r->channel && l != &r->pairings.ends;
         l = l->next)
        send_pair(IC__ELEMENT(l, ic__dht_pairing, link));
}

/* The key by which relays know this node: made once, of no other use. */
static int make_own(ic_dht *dht)
{
    uint8_t seed[IC_SEED_BYTES];

    if (dht->own)
        return 0;
    dht->home.env.random(seed, sizeof seed, dht->home.env.user);
    return ic_identity_from_seed(&dht->own, seed, IC_NETWORK_MAINNET);
}

static int dial(relay *r)
{
    ic_dial_options opts;

    int err = make_own(r->dht);
    if (err)
        return err;
    ic_dial_options_default(&opts);
    opts.identity = r->dht->own;
    opts.remote_key = r->key;
    opts.on_done = on_dialed;
    opts.user = r;
    return ic_dht_connect(r->dht, &opts, &r->dial);
}

static void look_after(relay *r)
{
    int err = 0;

    if (!r->pairings.count && r->mux) {
        ic_mux_close(r->mux);
        return;
    }
    if (r->pairings.count && !r->begun) {
        r->begun = true;
        err = dial(r);
    }
    if (!r->pairings.count || err) {
        ic_dial_cancel(r->dial);
        free_relay(r, err);
    }
}

void ic__dht_relays_look_after(ic_dht *dht)
{
    ic__link *next;

    for (ic__link *l = dht->relays.ends.next; l != &dht->relays.ends; l = next) {
        next = l->next;
        look_after(IC__ELEMENT(l, relay, link));
    }
}

void ic__dht_relays_free(ic_dht *dht)
{
    for (ic__link *l = ic__queue_pop(&dht->relays); l; l = ic__queue_pop(&dht->relays))
        ic_mem_free(IC__ELEMENT(l, relay, link));
}

static relay *relay_of(ic_dht *dht, const uint8_t key[IC__DHT_KEY_BYTES], int *err)
{
    for (ic__link *l = dht->relays.ends.next; l != &dht->relays.ends; l = l->next) {
        relay *r = IC__ELEMENT(l, relay, link);
        if (memcmp(r->key, key, sizeof r->key) == 0)
            return r;
    }
    *err = dht->relays.count < RELAYS_MAX ? IC_ERR_NOMEM : IC_ERR_LIMIT;
    relay *r = *err == IC_ERR_NOMEM ? ic_mem_calloc(1, sizeof *r) : NULL;
    if (!r)
        return NULL;
    r->dht = dht;
    memcpy(r->key, key, sizeof r->key);
    ic__queue_init(&r->pairings);
    ic__queue_push(&dht->relays, &r->link);
    return r;
}

static int add_pairing(relay *r, ic__dht_carrier *st,
                       const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator)
{
    const struct timeval wait = {.tv_sec = PAIRED_S};

    if (st->pairing)
        return IC_ERR_EXISTS;
    if (r->pairings.count >= PAIRINGS_MAX)
        return IC_ERR_LIMIT;
    ic__dht_pairing *p = ic_mem_calloc(1, sizeof *p);
    if (!p)
        return IC_ERR_NOMEM;
    *p = (ic__dht_pairing){.relay = r, .stream = st, .initiator = initiator};
    memcpy(p->token, token, sizeof p->token);
    ic__queue_push(&r->pairings, &p->link);
    st->pairing = p;
    p->late = evtimer_new(r->dht->home.base, on_late, p);
    if (!p->late || evtimer_add(p->late, &wait) != 0) {
        free_pairing(p);
        return IC_ERR_NOMEM;
    }
    if (r->channel)
        send_pair(p);
    return 0;
}

int ic__dht_relay_pair(void *user, const uint8_t relay_key[IC__DHT_KEY_BYTES],
                       const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator,
                       uint32_t local_id)
{
    ic_dht *dht = user;
    ic__dht_carrier *st = ic__map_get(&dht->streams, local_id);
    int err = IC_ERR_CLOSED;

    relay *r = st ? relay_of(dht, relay_key, &err) : NULL;
    if (!r)
        return err;
    ic__soon_call(dht->soon); /* to dial, or to forget it */
    return add_pairing(r, st, token, initiator);
}

void ic__dht_pairing_drop(ic__dht_pairing *p)
{
    uint8_t bytes[64];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);

    if (!p)
        return;
    if (p->relay->channel && !p->paired) {
        ic__dht_unpair_write(&w, p->token);
        (void)!ic_channel_send(p->relay->channel, IC__DHT_RELAY_UNPAIR, bytes, w.len);
    }
    ic__soon_call(p->relay->dht->soon);
    free_pairing(p);
}

void ic__dht_relay_drop(void *user, uint32_t local_id)
{
    ic_dht *dht = user;
    const ic__dht_carrier *st = ic__map_get(&dht->streams, local_id);

    if (st)
        ic__dht_pairing_drop(st->pairing);
}
