#include <string.h>

#include "intercom/error.h"
#include "swarm/state.h"

#define LATE_NS (30 * IC__SEC) /* a timer that is so late has slept */
#define FAILED_NS (5 * IC__SEC)
#define MOST_DOUBLINGS 7
#define FOLLOW_UPS 4

/* ---- begin and end ---- */

static void begin(swarm_topic *t, ic__swarm_what kind)
{
    t->query = ++t->swarm->last_id;
    t->kind = kind;
    t->tell_query = true;
    ic__topic_tell(t);
}

static void stop(swarm_topic *t)
{
    if (!t->tell_query)
        t->stop = t->query;
    t->tell_query = false;
    t->query = 0;
    ic__topic_tell(t);
}

static bool is_connected(const ic__swarm *s, uint64_t hash)
{
    const swarm_peer *p = ic__map_get(&s->peers_by_hash, hash);

    return p && p->current && p->current->state == SWARM_OPEN;
}

/* With a limit, those of the last round that are still connected count (section 3). */
static void set_limit(swarm_topic *t)
{
    t->left = t->limit;
    for (uint32_t i = 0; i < t->seen_count && t->left && t->limit != UINT32_MAX; i++)
        t->left -= is_connected(t->swarm, t->seen[i]);
    t->seen_count = 0;
}

static bool hears(const ic__swarm *s)
{
    return s->server == SWARM_LISTENS;
}

static void want_server(ic__swarm *s)
{
    if (s->server != SWARM_SILENT)
        return;
    s->server = SWARM_ASKED;
    s->tell_listen = true;
}

void ic__topic_step(swarm_topic *t)
{
    if (t->query || !t->refreshing)
        return;
    if (t->is_server && !hears(t->swarm)) {
        want_server(t->swarm);
        return;
    }
    set_limit(t);
    if (t->is_server)
        begin(t, IC__SWARM_ANNOUNCE);
    else
        begin(t, t->announced ? IC__SWARM_LOOKUP_UNANNOUNCE : IC__SWARM_LOOKUP);
}

void ic__topic_refresh(swarm_topic *t)
{
    ic__swarm *s = t->swarm;
    bool server = t->servers > 0;
    bool client = t->clients > 0;

    if (!ic__swarm_is_active(s) || t->left_behind)
        return;
    if (server == t->is_server && client == t->is_client) {
        if (t->refreshing)
            return;
    } else {
        t->fresh = true;
    }
    if (t->query && t->kind != IC__SWARM_UNANNOUNCE)
        stop(t);
    t->is_server = server;
    t->is_client = client;
    t->refreshing = true;
    t->stamp = ++s->last_stamp;
    ic__timers_set(&s->refreshes, &t->timer, IC__NEVER);
    ic__topic_step(t);
}

void ic__topic_withdraw(swarm_topic *t, bool force)
{
    bool withdraws = t->query && t->kind == IC__SWARM_UNANNOUNCE;

    ic__timers_set(&t->swarm->refreshes, &t->timer, IC__NEVER);
    t->refreshing = false;
    t->follow_ups = 0;
    if (t->query && (!withdraws || force))
        stop(t);
    if (force)
        t->announced = false;
    if (t->announced && !t->query)
        begin(t, IC__SWARM_UNANNOUNCE);
    ic__topic_tell(t);
}

/* ---- when to look again ---- */

/* Those who announce at the same moment do not find each other: each has looked before
 * the other's record was stored. So the first refresh is followed by a few looks. */
static uint64_t follow_up_delay(const swarm_topic *t)
{
    static const uint64_t delay[FOLLOW_UPS] = {4000 * IC__MS, 1200 * IC__MS, 400 * IC__MS,
                                               100 * IC__MS};
    uint64_t least = delay[t->follow_ups - 1];

    return least + ic__swarm_draw(t->swarm, least / 2);
}

static uint64_t failed_delay(const swarm_topic *t)
{
    unsigned doublings = t->failures < MOST_DOUBLINGS ? t->failures : MOST_DOUBLINGS;
    uint64_t least = FAILED_NS << (doublings - 1);

    return least + ic__swarm_draw(t->swarm, least / 2);
}

static void arm(swarm_topic *t)
{
    ic__swarm *s = t->swarm;
    uint64_t delay;

    if (t->failures)
        delay = failed_delay(t);
    else if (t->follow_ups)
        delay = follow_up_delay(t);
    else
        delay = s->options.refresh_ns + ic__swarm_draw(s, s->options.refresh_random_ns);
    ic__timers_set(&s->refreshes, &t->timer, s->now + delay);
}

static void wake(ic__swarm *s, swarm_topic *t)
{
    if (t->follow_ups) {
        t->follow_ups--;
        begin(t, IC__SWARM_LOOKUP);
    } else if (s->now - t->timer.at_ns > LATE_NS) {
        uint64_t delay = ic__swarm_draw(s, s->options.refresh_random_ns);
        ic__timers_set(&s->refreshes, &t->timer, s->now + delay);
    } else {
        ic__topic_refresh(t);
    }
}

void ic__topic_expire(ic__swarm *s)
{
    for (ic__timer *due = ic__timers_pop(&s->refreshes, s->now); due;
         due = ic__timers_pop(&s->refreshes, s->now))
        wake(s, IC__ELEMENT(due, swarm_topic, timer));
}

/* ---- what comes of it ---- */

static void refreshed(swarm_topic *t, int error)
{
    t->refreshing = false;
    if (error) {
        if (t->failures < MOST_DOUBLINGS)
            t->failures++;
        return;
    }
    t->failures = 0;
    if (t->kind == IC__SWARM_LOOKUP_UNANNOUNCE)
        t->announced = false;
    if (t->fresh && t->is_client)
        t->follow_ups = FOLLOW_UPS;
    t->fresh = false;
}

static swarm_topic *find_query(const ic__swarm *s, uint64_t query)
{
    for (ic__link *at = s->topics.ends.next; at != &s->topics.ends; at = at->next) {
        swarm_topic *t = IC__ELEMENT(at, swarm_topic, all);
        if (t->query == query)
            return query ? t : NULL;
    }
    return NULL;
}

static void withdrawn(swarm_topic *t)
{
    t->announced = false;
    if (t->left_behind)
        ic__topic_tell(t);
    else
        ic__topic_step(t);
}

void ic__swarm_query_done(ic__swarm *s, uint64_t query, int error, uint64_t now)
{
    swarm_topic *t = find_query(s, query);

    s->now = now;
    if (!t)
        return;
    t->query = 0;
    if (t->kind == IC__SWARM_UNANNOUNCE) {
        withdrawn(t);
        return;
    }
    if (t->refreshing)
        refreshed(t, error);
    arm(t);
    ic__flush_check(s);
}

static void heard(swarm_topic *t, int error)
{
    if (!t->refreshing || t->query || !t->is_server)
        return;
    if (!error) {
        ic__topic_step(t);
        return;
    }
    t->kind = IC__SWARM_ANNOUNCE;
    refreshed(t, error);
    arm(t);
}

void ic__swarm_listening(ic__swarm *s, int error, uint64_t now)
{
    s->now = now;
    s->server = error ? SWARM_SILENT : SWARM_LISTENS;
    for (ic__link *at = s->topics.ends.next; at != &s->topics.ends; at = at->next)
        heard(IC__ELEMENT(at, swarm_topic, all), error);
    ic__flush_check(s);
}

/* ---- somebody was found ---- */

static bool within_limit(swarm_topic *t, uint64_t hash)
{
    if (t->limit == UINT32_MAX)
        return true;
    if (t->seen && t->seen_count < SWARM_SEEN_MOST)
        t->seen[t->seen_count++] = hash;
    if (!t->left)
        return false;
    t->left -= !is_connected(t->swarm, hash);
    return true;
}

static void set_relays(swarm_peer *p, const ic__addr *relays, size_t count)
{
    p->relay_count = 0;
    for (size_t i = 0; i < count && p->relay_count < IC__SWARM_RELAYS; i++) {
        if (relays[i].port)
            p->relays[p->relay_count++] = relays[i];
    }
}

/* A follow-up is for those whom the refresh has missed, not for those who failed. */
static void dial_found(swarm_topic *t, swarm_peer *p)
{
    if (p->current || (!t->refreshing && p->retry.slot))
        return;
    if (p->priority < IC__SWARM_NORMAL || !p->client) {
        p->client = false;
        p->proven = false;
        p->attempts = 0;
    }
    ic__dial_enqueue(t->swarm, p);
}

static void found(swarm_topic *t, const uint8_t *key, const ic__addr *relays,
                  size_t count)
{
    ic__swarm *s = t->swarm;
    swarm_peer *p = ic__peer_need(s, key);

    if (!p || (ic__peer_sighted(s, p, t) != 0 && !p->sightings.count)) {
        s->stats.dropped_found++;
        if (p)
            ic__peer_drop_idle(s, p);
        return;
    }
    set_relays(p, relays, count);
    dial_found(t, p);
    ic__peer_drop_idle(s, p);
}

void ic__swarm_found(ic__swarm *s, uint64_t query, const uint8_t key[IC__SWARM_KEY_BYTES],
                     const ic__addr *relays, size_t relay_count, uint64_t now)
{
    swarm_topic *t = find_query(s, query);

    s->now = now;
    if (!t || !t->is_client || t->kind == IC__SWARM_UNANNOUNCE ||
        memcmp(key, s->key, sizeof s->key) == 0)
        return;
    if (within_limit(t, ic__swarm_hash(s, key)))
        found(t, key, relays, relay_count);
}
