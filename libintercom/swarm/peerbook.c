#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "swarm/state.h"

swarm_peer *ic__peer_find(const ic__swarm *s, const uint8_t *key)
{
    swarm_peer *p = ic__map_get(&s->peers_by_hash, ic__swarm_hash(s, key));

    return p && memcmp(p->key, key, sizeof p->key) == 0 ? p : NULL;
}

/* Two keys of one hash: the second finds its place taken, and is refused. */
static int enter(ic__swarm *s, swarm_peer *p)
{
    size_t total = s->peers_by_hash.count + 1;

    int err = ic__timers_reserve(&s->queue, total);
    if (!err)
        err = ic__timers_reserve(&s->retries, total);
    return err ? err : ic__map_put(&s->peers_by_hash, p->hash, p);
}

swarm_peer *ic__peer_need(ic__swarm *s, const uint8_t *key)
{
    swarm_peer *p = ic__peer_find(s, key);

    if (p)
        return p;
    p = ic_mem_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    memcpy(p->key, key, sizeof p->key);
    p->hash = ic__swarm_hash(s, key);
    p->priority = IC__SWARM_NORMAL;
    ic__queue_init(&p->sightings);
    if (enter(s, p) != 0) {
        ic_mem_free(p);
        return NULL;
    }
    return p;
}

/* ---- on which topics it was found ---- */

static bool was_sighted(const swarm_peer *p, const swarm_topic *t)
{
    for (ic__link *at = p->sightings.ends.next; at != &p->sightings.ends; at = at->next) {
        if (IC__ELEMENT(at, swarm_sighting, of_peer)->topic == t)
            return true;
    }
    return false;
}

int ic__peer_sighted(ic__swarm *s, swarm_peer *p, swarm_topic *t)
{
    if (was_sighted(p, t))
        return 0;
    if (p->sightings.count >= s->options.max_peer_topics ||
        t->sightings.count >= s->options.max_topic_peers ||
        (!p->sightings.count && s->found_peers >= s->options.max_found_peers))
        return IC_ERR_LIMIT;
    swarm_sighting *g = ic_mem_calloc(1, sizeof *g);
    if (!g)
        return IC_ERR_NOMEM;
    g->peer = p;
    g->topic = t;
    if (!p->sightings.count)
        s->found_peers++;
    ic__queue_push(&p->sightings, &g->of_peer);
    ic__queue_push(&t->sightings, &g->of_topic);
    return 0;
}

static void forget_sighting(ic__swarm *s, swarm_sighting *g)
{
    ic__queue_remove(&g->peer->sightings, &g->of_peer);
    ic__queue_remove(&g->topic->sightings, &g->of_topic);
    if (!g->peer->sightings.count)
        s->found_peers--;
    ic_mem_free(g);
}

void ic__peer_forget_topic(ic__swarm *s, swarm_topic *t)
{
    while (t->sightings.count) {
        swarm_sighting *g =
            IC__ELEMENT(ic__queue_first(&t->sightings), swarm_sighting, of_topic);
        swarm_peer *p = g->peer;
        forget_sighting(s, g);
        ic__peer_unwanted(s, p);
    }
}

/* ---- when it is forgotten ---- */

static void forget(ic__swarm *s, swarm_peer *p)
{
    while (p->sightings.count)
        forget_sighting(
            s, IC__ELEMENT(ic__queue_first(&p->sightings), swarm_sighting, of_peer));
    (void)ic__map_take(&s->peers_by_hash, p->hash);
    ic_mem_free(p);
}

void ic__peer_drop_idle(ic__swarm *s, swarm_peer *p)
{
    if (!p->links && !p->retry.slot && !ic__peer_is_queued(p) && !ic__peer_is_banned(p) &&
        !ic__peer_is_explicit(p))
        forget(s, p);
}

void ic__peer_unwanted(ic__swarm *s, swarm_peer *p)
{
    if (p->sightings.count || ic__peer_is_explicit(p))
        return;
    ic__dial_dequeue(s, p);
    ic__timers_set(&s->retries, &p->retry, IC__NEVER);
    ic__peer_drop_idle(s, p);
}

void ic__peer_free_all(ic__swarm *s)
{
    size_t at = 0;

    for (swarm_peer *p = ic__map_next(&s->peers_by_hash, &at); p;
         p = ic__map_next(&s->peers_by_hash, &at))
        ic_mem_free(p); /* the topics have taken their sightings along */
}

/* ---- bans ---- */

static bool is_own(const ic__swarm *s, const uint8_t *key)
{
    return memcmp(key, s->key, sizeof s->key) == 0;
}

bool ic__swarm_admits(const ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES])
{
    const swarm_peer *p = ic__peer_find(s, key);

    return !is_own(s, key) && !(p && ic__peer_is_banned(p));
}

static void lift(ic__swarm *s, swarm_peer *p)
{
    ic__queue_remove(&s->bans, &p->is_banned);
    ic__queue_remove(&s->todo_bans, &p->tell_banned);
    ic__peer_drop_idle(s, p);
}

int ic__swarm_ban(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES], uint64_t now)
{
    s->now = now;
    if (is_own(s, key))
        return IC_ERR_INVALID;
    swarm_peer *p = ic__peer_need(s, key);
    if (!p)
        return IC_ERR_NOMEM;
    if (ic__peer_is_banned(p))
        return 0;
    ic__dial_dequeue(s, p);
    ic__timers_set(&s->retries, &p->retry, IC__NEVER);
    ic__queue_push(&s->bans, &p->is_banned);
    ic__queue_push(&s->todo_bans, &p->tell_banned);
    s->stats.banned++;
    if (s->bans.count > s->options.max_bans)
        lift(s, IC__ELEMENT(ic__queue_first(&s->bans), swarm_peer, is_banned));
    return 0;
}

void ic__swarm_unban(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES], uint64_t now)
{
    swarm_peer *p = ic__peer_find(s, key);

    s->now = now;
    if (p && ic__peer_is_banned(p))
        lift(s, p);
}

void ic__swarm_set_reconnect(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                             bool on)
{
    swarm_peer *p = ic__peer_find(s, key);

    if (p)
        p->no_reconnect = !on;
}

/* ---- explicit peers ---- */

int ic__swarm_join_peer(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                        uint64_t now)
{
    s->now = now;
    if (is_own(s, key))
        return IC_ERR_INVALID;
    if (s->closing)
        return IC_ERR_CLOSED;
    swarm_peer *p = ic__peer_need(s, key);
    if (!p)
        return IC_ERR_NOMEM;
    ic__queue_push(&s->explicit_peers, &p->is_explicit);
    ic__dial_enqueue(s, p);
    return 0;
}

void ic__swarm_leave_peer(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                          uint64_t now)
{
    swarm_peer *p = ic__peer_find(s, key);

    s->now = now;
    if (!p)
        return;
    ic__queue_remove(&s->explicit_peers, &p->is_explicit);
    ic__peer_unwanted(s, p);
}
