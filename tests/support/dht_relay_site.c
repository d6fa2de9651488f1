#include "dht_relay_site.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "unit.h"

#define MOST_PAIRS 16
#define ANSWER_AFTER (20 * IC__MS) /* what a connection to it would take */

typedef struct side {
    dht_peer *peer; /* NULL = nobody yet */
    uint32_t peer_id;
    uint32_t own_id;  /* of the relay's stream */
    uint64_t tell_ns; /* IC__NEVER = told, or too early */
} side;

typedef struct pair {
    uint8_t token[IC__DHT_TOKEN_BYTES];
    side sides[2];
} pair;

struct dht_relay_site {
    dht_world *world;
    dht_machine *machine;
    pair pairs[MOST_PAIRS];
    size_t count;
    bool broken;
};

static side *side_of_stream(dht_relay_site *site, uint32_t own_id, side **other)
{
    for (size_t i = 0; i < site->count; i++) {
        for (size_t k = 0; k < 2; k++) {
            *other = &site->pairs[i].sides[1 - k];
            if (site->pairs[i].sides[k].own_id == own_id)
                return &site->pairs[i].sides[k];
        }
    }
    return NULL;
}

static void on_recv(void *user, uint32_t sock, const ic__addr *from, const uint8_t *data,
                    size_t len, uint64_t now)
{
}

static uint64_t deadline(void *user)
{
    return IC__NEVER;
}

static void expire(void *user, uint64_t now)
{
}

/* The first source of a side is where it is. */
static bool on_packet(void *user, uint32_t local_id, uint32_t sock, const ic__addr *from,
                      uint64_t now)
{
    dht_relay_site *site = user;
    const ic__dht_host *host = dht_machine_host(site->machine);
    const dht_stream *s = dht_machine_stream(site->machine, local_id);
    side *other;
    side *here = side_of_stream(site, local_id, &other);

    if (!here || s->to.family)
        return false;
    return host->stream_connect(host->user, local_id, sock, here->peer_id, from) == 0;
}

static void on_data(void *user, uint32_t local_id, bool own, uint64_t now)
{
    dht_relay_site *site = user;
    side *other;

    if (side_of_stream(site, local_id, &other))
        dht_machine_stream_send(site->machine, other->own_id);
}

dht_relay_site *dht_relay_site_new(dht_world *w)
{
    dht_relay_site *site = calloc(1, sizeof *site);
    const dht_driver driver = {.recv = on_recv,
                               .deadline = deadline,
                               .expire = expire,
                               .stream_packet = on_packet,
                               .stream_data = on_data,
                               .user = site};

    assert_non_null(site);
    site->world = w;
    site->machine = dht_world_add(w, DHT_OPEN);
    dht_machine_attach(site->machine, &driver);
    return site;
}

void dht_relay_site_free(dht_relay_site *site)
{
    dht_machine_detach(site->machine);
    free(site);
}

static pair *pair_of(dht_relay_site *site, const uint8_t *token)
{
    pair *p;

    for (size_t i = 0; i < site->count; i++) {
        if (memcmp(site->pairs[i].token, token, IC__DHT_TOKEN_BYTES) == 0)
            return &site->pairs[i];
    }
    assert_true(site->count < MOST_PAIRS);
    p = &site->pairs[site->count++];
    memcpy(p->token, token, IC__DHT_TOKEN_BYTES);
    p->sides[0].tell_ns = IC__NEVER;
    p->sides[1].tell_ns = IC__NEVER;
    return p;
}

void dht_relay_site_pair(dht_relay_site *site, dht_peer *p, const uint8_t *token,
                         bool initiator, uint32_t local_id)
{
    const ic__dht_host *host = dht_machine_host(site->machine);
    pair *both = pair_of(site, token);
    side *here = &both->sides[initiator ? 1 : 0];
    uint64_t at = dht_world_now(site->world) + ANSWER_AFTER;

    here->peer = p;
    here->peer_id = local_id;
    assert_int_equal(host->stream_new(host->user, &here->own_id), 0);
    if (site->broken)
        here->tell_ns = at;
    else if (both->sides[0].peer && both->sides[1].peer)
        both->sides[0].tell_ns = both->sides[1].tell_ns = at;
}

void dht_relay_site_drop(dht_relay_site *site, dht_peer *p, uint32_t local_id)
{
    for (size_t i = 0; i < site->count; i++) {
        for (size_t k = 0; k < 2; k++) {
            side *s = &site->pairs[i].sides[k];
            if (s->peer != p || s->peer_id != local_id)
                continue;
            s->tell_ns = IC__NEVER;
            s->peer = NULL;
        }
    }
}

uint64_t dht_relay_site_deadline(const dht_relay_site *site, const dht_peer *p)
{
    uint64_t first = IC__NEVER;

    for (size_t i = 0; site && i < site->count; i++) {
        for (size_t k = 0; k < 2; k++) {
            const side *s = &site->pairs[i].sides[k];
            if (s->peer == p && s->tell_ns < first)
                first = s->tell_ns;
        }
    }
    return first;
}

static void tell(dht_relay_site *site, side *s, uint64_t now)
{
    ic__addr at = dht_machine_address(site->machine);

    s->tell_ns = IC__NEVER;
    if (site->broken)
        ic__dht_relay_failed(s->peer->dht, s->peer_id, IC_ERR_TIMEOUT, now);
    else
        ic__dht_relay_paired(s->peer->dht, s->peer_id, IC__DHT_CLIENT_SOCKET, &at,
                             s->own_id, now);
}

void dht_relay_site_tell(dht_relay_site *site, dht_peer *p, uint64_t now)
{
    for (size_t i = 0; site && i < site->count; i++) {
        for (size_t k = 0; k < 2; k++) {
            side *s = &site->pairs[i].sides[k];
            if (s->peer == p && s->tell_ns <= now)
                tell(site, s, now);
        }
    }
}

size_t dht_relay_site_pairs(const dht_relay_site *site)
{
    size_t n = 0;

    for (size_t i = 0; i < site->count; i++)
        n += site->pairs[i].sides[0].peer && site->pairs[i].sides[1].peer;
    return n;
}

void dht_relay_site_break(dht_relay_site *site)
{
    site->broken = true;
}
