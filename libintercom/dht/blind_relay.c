/* The relay: two that name the same token are joined. */
#include "dht/blind_relay.h"

#include <string.h>

#include <sodium.h>

#include "base/env.h"
#include "base/map.h"
#include "base/queue.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

struct pairing;

/* One of the two. */
typedef struct side {
    ic__link link;              /* in its session */
    ic__relay_session *session; /* NULL = not there */
    struct pairing *pairing;
    uint32_t remote_id;
    uint32_t local_id;
} side;

typedef struct pairing {
    ic__relay *relay;
    ic__link link;
    ic__alarm alarm; /* set while one side waits */
    uint8_t token[IC__DHT_TOKEN_BYTES];
    side sides[2]; /* the initiator is the second */
} pairing;

struct ic__relay_session {
    ic__relay *relay;
    ic__link link;
    ic__queue sides;
    void *user;
};

struct ic__relay {
    ic__clock *clock;
    ic__relay_host host;
    ic__relay_options opts;
    ic__queue sessions;
    ic__queue pairings;
    ic__map by_token; /* a keyed hash of it */
    ic__map by_stream;
    uint8_t secret[crypto_shorthash_KEYBYTES];
    ic__relay_stats stats;
};

void ic__relay_options_default(ic__relay_options *opts)
{
    *opts = (ic__relay_options){
        .max_pairings = 1024, .max_pairings_session = 64, .timeout_ns = 15 * IC__SEC};
}

int ic__relay_new(ic__relay **out, const ic_env *env, ic__clock *clock,
                  const ic__relay_host *host, const ic__relay_options *opts)
{
    ic__relay *r = ic_mem_calloc(1, sizeof *r);

    if (!r)
        return IC_ERR_NOMEM;
    r->clock = clock;
    r->host = *host;
    if (opts)
        r->opts = *opts;
    else
        ic__relay_options_default(&r->opts);
    ic__queue_init(&r->sessions);
    ic__queue_init(&r->pairings);
    env->random(r->secret, sizeof r->secret, env->user);
    *out = r;
    return 0;
}

static uint64_t token_hash(const ic__relay *r, const uint8_t *token)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t v;

    (void)crypto_shorthash(out, token, IC__DHT_TOKEN_BYTES, r->secret);
    memcpy(&v, out, sizeof v);
    return v;
}

static void side_free_stream(ic__relay *r, const side *s)
{
    if (s->local_id && ic__map_take(&r->by_stream, s->local_id))
        r->host.stream_free(r->host.user, s->local_id);
}

static void pairing_free(pairing *p)
{
    ic__relay *r = p->relay;

    for (size_t i = 0; i < 2; i++) {
        side_free_stream(r, &p->sides[i]);
        if (p->sides[i].session)
            ic__queue_remove(&p->sides[i].session->sides, &p->sides[i].link);
    }
    (void)ic__map_take(&r->by_token, token_hash(r, p->token));
    ic__queue_remove(&r->pairings, &p->link);
    ic__clock_remove(r->clock, &p->alarm);
    ic_mem_free(p);
}

void ic__relay_free(ic__relay *r)
{
    ic__link *link;

    if (!r)
        return;
    while ((link = ic__queue_first(&r->sessions)) != NULL)
        ic__relay_leave(IC__ELEMENT(link, ic__relay_session, link));
    ic__map_free(&r->by_token);
    ic__map_free(&r->by_stream);
    ic_mem_free(r);
}

int ic__relay_join(ic__relay *r, void *session_user, ic__relay_session **out)
{
    ic__relay_session *session = ic_mem_calloc(1, sizeof *session);

    if (!session)
        return IC_ERR_NOMEM;
    session->relay = r;
    session->user = session_user;
    ic__queue_init(&session->sides);
    ic__queue_push(&r->sessions, &session->link);
    *out = session;
    return 0;
}

void ic__relay_leave(ic__relay_session *session)
{
    ic__link *link;

    if (!session)
        return;
    while ((link = ic__queue_first(&session->sides)) != NULL)
        pairing_free(IC__ELEMENT(link, side, link)->pairing);
    ic__queue_remove(&session->relay->sessions, &session->link);
    ic_mem_free(session);
}

static void on_timeout(ic__alarm *alarm)
{
    pairing *p = IC__ELEMENT(alarm, pairing, alarm);

    p->relay->stats.timeouts++;
    pairing_free(p);
}

static pairing *pairing_of(const ic__relay *r, const uint8_t *token)
{
    pairing *p = ic__map_get(&r->by_token, token_hash(r, token));

    return p && sodium_memcmp(p->token, token, sizeof p->token) == 0 ? p : NULL;
}

static pairing *pairing_new(ic__relay *r, const uint8_t *token)
{
    pairing *p;

    if (r->pairings.count >= r->opts.max_pairings)
        return NULL;
    p = ic_mem_calloc(1, sizeof *p);
    if (!p || ic__clock_add(r->clock, &p->alarm, on_timeout) != 0) {
        ic_mem_free(p);
        return NULL;
    }
    if (ic__map_put(&r->by_token, token_hash(r, token), p) != 0) {
        ic__clock_remove(r->clock, &p->alarm);
        ic_mem_free(p);
        return NULL;
    }
    p->relay = r;
    memcpy(p->token, token, sizeof p->token);
    ic__queue_push(&r->pairings, &p->link);
    ic__clock_set_in(r->clock, &p->alarm, r->opts.timeout_ns);
    return p;
}

static int open_stream(ic__relay *r, side *s)
{
    uint32_t local_id;
    int err = r->host.stream_new(r->host.user, s->remote_id, &local_id);

    if (err)
        return err;
    err = ic__map_put(&r->by_stream, local_id, s->pairing);
    if (err)
        r->host.stream_free(r->host.user, local_id);
    else
        s->local_id = local_id;
    return err;
}

static void tell(const pairing *p, size_t which)
{
    const side *s = &p->sides[which];
    uint8_t body[IC__RELAY_MESSAGE_MAX];
    ic__wr w = ic__wr_of(body, sizeof body);
    ic__dht_pair m = {.initiator = which == 1, .id = s->local_id};

    memcpy(m.token, p->token, sizeof m.token);
    ic__dht_pair_write(&w, &m);
    p->relay->host.send(p->relay->host.user, s->session->user, IC__RELAY_PAIR, body,
                        w.len);
}

/* Both are there. When there is no stream for them, they find out by their own timeout.
 */
static void join(pairing *p)
{
    ic__relay *r = p->relay;

    if (open_stream(r, &p->sides[0]) != 0 || open_stream(r, &p->sides[1]) != 0) {
        r->stats.dropped_limit++;
        pairing_free(p);
        return;
    }
    r->stats.pairs++;
    ic__clock_set(r->clock, &p->alarm, IC__NEVER);
    r->host.stream_join(r->host.user, p->sides[0].local_id, p->sides[1].local_id);
    tell(p, 0);
    tell(p, 1);
}

static int on_pair(ic__relay_session *session, const uint8_t *body, size_t len)
{
    ic__relay *r = session->relay;
    ic__dht_pair m;
    pairing *p;
    side *s;

    if (ic__dht_pair_decode(&m, body, len) != 0)
        return IC_ERR_PROTO;
    p = pairing_of(r, m.token);
    if (p && p->sides[m.initiator].session) {
        r->stats.duplicates++;
        return 0;
    }
    if (session->sides.count < r->opts.max_pairings_session && !p)
        p = pairing_new(r, m.token);
    if (!p || session->sides.count >= r->opts.max_pairings_session) {
        r->stats.dropped_limit++;
        return 0;
    }
    s = &p->sides[m.initiator];
    s->session = session;
    s->pairing = p;
    s->remote_id = m.id;
    ic__queue_push(&session->sides, &s->link);
    if (p->sides[!m.initiator].session)
        join(p);
    return 0;
}

/* Only who takes part may end it. */
static int on_unpair(ic__relay_session *session, const uint8_t *body, size_t len)
{
    uint8_t token[IC__DHT_TOKEN_BYTES];
    pairing *p;

    if (ic__dht_unpair_decode(token, body, len) != 0)
        return IC_ERR_PROTO;
    p = pairing_of(session->relay, token);
    if (p && (p->sides[0].session == session || p->sides[1].session == session))
        pairing_free(p);
    return 0;
}

int ic__relay_recv(ic__relay_session *session, unsigned type, const uint8_t *body,
                   size_t len)
{
    if (type == IC__RELAY_PAIR)
        return on_pair(session, body, len);
    if (type == IC__RELAY_UNPAIR)
        return on_unpair(session, body, len);
    return IC_ERR_PROTO;
}

void ic__relay_stream_gone(ic__relay *r, uint32_t local_id)
{
    pairing *p = ic__map_take(&r->by_stream, local_id);

    if (p)
        pairing_free(p);
}

ic__relay_stats ic__relay_get_stats(const ic__relay *r)
{
    ic__relay_stats stats = r->stats;

    stats.joined = r->by_stream.count / 2;
    stats.waiting = r->pairings.count - stats.joined;
    return stats;
}
