#include <string.h>

#include "intercom/error.h"
#include "swarm/state.h"

#define ALL_TIMES (IC__NEVER - 1)
#define MOST_EXPLICIT_ATTEMPTS 5
#define MOST_REDIALS 5
#define REDIAL_NS (50 * IC__MS)

/* ---- the queue ---- */

void ic__dial_enqueue(ic__swarm *s, swarm_peer *p)
{
    if (ic__peer_is_explicit(p) && p->attempts > IC__SWARM_MOST_ATTEMPTS)
        p->attempts = IC__SWARM_MOST_ATTEMPTS;
    if (p->current || ic__peer_is_banned(p) || ic__peer_is_queued(p) ||
        p->attempts > IC__SWARM_MOST_ATTEMPTS || !ic__swarm_is_active(s))
        return;
    p->priority = ic__swarm_priority(p->attempts);
    p->flush_tick = s->flush_tick;
    /* By priority, and by chance within one. */
    uint64_t order = (uint64_t)(IC__SWARM_VERY_HIGH - p->priority) << 32;
    ic__timers_set(&s->queue, &p->rank, order | ic__swarm_draw(s, UINT32_MAX));
    ic__timers_set(&s->retries, &p->retry, IC__NEVER);
    s->look = true;
}

void ic__dial_dequeue(ic__swarm *s, swarm_peer *p)
{
    if (!ic__peer_is_queued(p))
        return;
    ic__timers_set(&s->queue, &p->rank, IC__NEVER);
    ic__flush_tried(s, p);
}

static bool may_dial(const ic__swarm *s)
{
    return ic__swarm_is_active(s) && s->connecting < s->options.max_parallel;
}

static bool may_dial_found(const ic__swarm *s)
{
    return may_dial(s) && s->client_links < s->options.max_client_connections &&
           ic__swarm_has_room(s->options.max_peers, s->busy_peers,
                              s->explicit_peers.count);
}

static void begin(ic__swarm *s, swarm_peer *p)
{
    swarm_link *l = ic__link_new(s, p, true);

    if (!l) {
        uint64_t due = ic__swarm_beat_due(&s->beats[IC__SWARM_RETRY_S], s->now);
        ic__timers_set(&s->retries, &p->retry, due);
        ic__flush_tried(s, p);
        return;
    }
    l->state = SWARM_DIALLING;
    l->tell_dial = true;
    ic__link_tell(s, l);
    ic__timers_set(&s->retries, &p->retry, IC__NEVER);
    p->current = l;
    p->crossed = false;
    s->busy_peers++;
    s->connecting++;
    s->client_links++;
    s->stats.client_attempted++;
    s->tell_update = true;
}

static bool explicit_is_due(const ic__swarm *s, const swarm_peer *p)
{
    return !p->current && !ic__peer_is_banned(p) &&
           p->attempts < MOST_EXPLICIT_ATTEMPTS &&
           (!p->lost_ns || s->now - p->lost_ns >= p->attempts * IC__SEC);
}

static void dial_explicit(ic__swarm *s)
{
    const ic__queue *q = &s->explicit_peers;

    for (ic__link *at = q->ends.next; at != &q->ends && may_dial(s); at = at->next) {
        swarm_peer *p = IC__ELEMENT(at, swarm_peer, is_explicit);
        if (!explicit_is_due(s, p))
            continue;
        ic__timers_set(&s->queue, &p->rank, IC__NEVER);
        begin(s, p);
    }
}

void ic__dial_more(ic__swarm *s)
{
    s->look = false;
    dial_explicit(s);
    while (s->queue.count && may_dial_found(s)) {
        ic__timer *first = ic__timers_pop(&s->queue, ALL_TIMES);
        begin(s, IC__ELEMENT(first, swarm_peer, rank));
    }
    ic__flush_check(s);
}

/* ---- again ---- */

static bool is_wanted(const ic__swarm *s, const swarm_peer *p)
{
    return ic__swarm_is_active(s) && !ic__peer_is_banned(p) && !p->no_reconnect &&
           (ic__peer_is_explicit(p) || p->sightings.count);
}

/* Of two connections that crossed, each end may have kept the other one (section 5). Then
 * one is lost that has hardly begun, or a dial for which an incoming one was refused. */
static bool lost_both(const swarm_peer *p, const swarm_link *l, uint64_t lived,
                      const ic__swarm_end *end)
{
    if (end->by_user || p->redials >= MOST_REDIALS)
        return false;
    return l->opened_ns ? lived < SWARM_CROSSING_NS : p->crossed || l->ending;
}

/* The dial of the greater key survives a crossing, so it goes first. */
static void redial_soon(ic__swarm *s, swarm_peer *p)
{
    uint64_t delay = REDIAL_NS << p->redials++;

    if (memcmp(s->key, p->key, sizeof s->key) < 0)
        delay *= 2;
    delay += ic__swarm_draw(s, delay);
    ic__timers_set(&s->retries, &p->retry, s->now + delay);
    s->stats.redialled++;
}

static void retry_later(ic__swarm *s, swarm_peer *p)
{
    ic__swarm_class c =
        ic__swarm_retry_class(p->attempts, p->proven, ic__peer_is_explicit(p));

    if (c != IC__SWARM_RETRY_NEVER)
        ic__timers_set(&s->retries, &p->retry, ic__swarm_beat_due(&s->beats[c], s->now));
}

void ic__dial_again(ic__swarm *s, swarm_peer *p, const swarm_link *l,
                    const ic__swarm_end *end)
{
    uint64_t lived = l->opened_ns ? s->now - l->opened_ns : 0;

    p->lost_ns = s->now;
    if (lived >= SWARM_GOOD_NS) {
        p->attempts = 0;
        p->redials = 0;
    }
    if (end->no_punch && s->options.has_relay) {
        p->force_relay = true;
        p->attempts = 0;
    }
    bool wanted = is_wanted(s, p);
    if (wanted && lost_both(p, l, lived, end)) {
        redial_soon(s, p);
        return;
    }
    if (l->initiator)
        p->attempts++;
    if (wanted)
        retry_later(s, p);
}

void ic__dial_expire(ic__swarm *s)
{
    for (ic__timer *due = ic__timers_pop(&s->retries, s->now); due;
         due = ic__timers_pop(&s->retries, s->now)) {
        swarm_peer *p = IC__ELEMENT(due, swarm_peer, retry);
        ic__dial_enqueue(s, p);
        ic__peer_drop_idle(s, p);
    }
}
