#include "swarm/state.h"

#define ALL_TIMES (IC__NEVER - 1)

/* Nobody waits for a dial any more. */
static void empty_queues(ic__swarm *s)
{
    for (ic__timer *at = ic__timers_pop(&s->queue, ALL_TIMES); at;
         at = ic__timers_pop(&s->queue, ALL_TIMES)) {
        swarm_peer *p = IC__ELEMENT(at, swarm_peer, rank);
        ic__flush_tried(s, p);
        ic__peer_drop_idle(s, p);
    }
    for (ic__timer *at = ic__timers_pop(&s->retries, ALL_TIMES); at;
         at = ic__timers_pop(&s->retries, ALL_TIMES))
        ic__peer_drop_idle(s, IC__ELEMENT(at, swarm_peer, retry));
}

void ic__swarm_suspend(ic__swarm *s, uint64_t now)
{
    s->now = now;
    if (!ic__swarm_is_active(s))
        return;
    s->suspended = true;
    s->wait_quiet = true;
    for (ic__link *at = s->topics.ends.next; at != &s->topics.ends; at = at->next)
        ic__topic_withdraw(IC__ELEMENT(at, swarm_topic, all), false);
    ic__link_destroy_all(s);
    empty_queues(s);
    ic__flush_check(s);
}

void ic__swarm_resume(ic__swarm *s, uint64_t now)
{
    s->now = now;
    if (s->closing || !s->suspended)
        return;
    s->suspended = false;
    s->wait_quiet = false;
    s->look = true;
    for (ic__link *at = s->topics.ends.next; at != &s->topics.ends; at = at->next) {
        swarm_topic *t = IC__ELEMENT(at, swarm_topic, all);
        t->fresh = true;
        ic__topic_refresh(t);
    }
}

void ic__swarm_close(ic__swarm *s, bool force, uint64_t now)
{
    s->now = now;
    if (s->closing && !force)
        return;
    s->closing = true;
    s->wait_quiet = true;
    ic__flush_cancel_all(s);
    for (ic__link *at = s->topics.ends.next; at != &s->topics.ends; at = at->next)
        ic__topic_abandon(IC__ELEMENT(at, swarm_topic, all), force);
    ic__link_destroy_all(s);
    empty_queues(s);
}
