#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "swarm/state.h"

static void done(ic__swarm *s, swarm_flush *f, bool ok)
{
    ic__queue_remove(&s->flushes, &f->link);
    f->ok = ok;
    ic__queue_push(&s->flushed, &f->link);
}

/* Does a refresh run that this flush waits for? */
static bool waits_for(const swarm_flush *f, const swarm_topic *t)
{
    return t->refreshing && t->stamp <= f->stamp;
}

static bool waits(const ic__swarm *s, const swarm_flush *f)
{
    if (f->topic)
        return waits_for(f, f->topic);
    for (ic__link *at = s->topics.ends.next; at != &s->topics.ends; at = at->next) {
        if (waits_for(f, IC__ELEMENT(at, swarm_topic, all)))
            return true;
    }
    return false;
}

/* Nobody is being dialled, and nobody may be. */
static bool is_full(const ic__swarm *s)
{
    return !s->connecting && (!ic__swarm_has_room(s->options.max_peers, s->busy_peers,
                                                  s->explicit_peers.count) ||
                              s->client_links >= s->options.max_client_connections);
}

/* The queries are over: now for the peers that are known at this moment. */
static void count_missing(ic__swarm *s, swarm_flush *f)
{
    f->counted = true;
    f->missing = s->queue.count + s->connecting;
    f->tick = s->flush_tick++;
}

static void check(ic__swarm *s, swarm_flush *f)
{
    if (!f->counted) {
        if (waits(s, f))
            return;
        if (f->topic) {
            done(s, f, !f->topic->failures);
            return;
        }
        count_missing(s, f);
    }
    if (!f->missing || is_full(s))
        done(s, f, true);
}

static ic__link *next_of(const ic__queue *q, const ic__link *at)
{
    return at->next == &q->ends ? NULL : at->next;
}

void ic__flush_check(ic__swarm *s)
{
    for (ic__link *at = ic__queue_first(&s->flushes), *next; at; at = next) {
        next = next_of(&s->flushes, at);
        check(s, IC__ELEMENT(at, swarm_flush, link));
    }
}

void ic__flush_tried(ic__swarm *s, const swarm_peer *p)
{
    for (ic__link *at = ic__queue_first(&s->flushes), *next; at; at = next) {
        swarm_flush *f = IC__ELEMENT(at, swarm_flush, link);
        next = next_of(&s->flushes, at);
        if (f->counted && p->flush_tick <= f->tick && --f->missing == 0)
            done(s, f, true);
    }
}

void ic__flush_topic_gone(ic__swarm *s, const swarm_topic *t)
{
    for (ic__link *at = ic__queue_first(&s->flushes), *next; at; at = next) {
        swarm_flush *f = IC__ELEMENT(at, swarm_flush, link);
        next = next_of(&s->flushes, at);
        if (f->topic == t)
            done(s, f, false);
    }
}

void ic__flush_cancel_all(ic__swarm *s)
{
    while (s->flushes.count)
        done(s, IC__ELEMENT(ic__queue_first(&s->flushes), swarm_flush, link), false);
}

static void free_queue(ic__queue *q)
{
    for (ic__link *at = ic__queue_pop(q); at; at = ic__queue_pop(q))
        ic_mem_free(IC__ELEMENT(at, swarm_flush, link));
}

void ic__flush_free_all(ic__swarm *s)
{
    free_queue(&s->flushes);
    free_queue(&s->flushed);
}

static int start(ic__swarm *s, swarm_topic *t, uint64_t now, uint64_t *out)
{
    s->now = now;
    if (s->closing)
        return IC_ERR_CLOSED;
    swarm_flush *f = ic_mem_calloc(1, sizeof *f);
    if (!f)
        return IC_ERR_NOMEM;
    f->id = ++s->last_id;
    f->stamp = s->last_stamp;
    f->topic = t;
    ic__queue_push(&s->flushes, &f->link);
    *out = f->id;
    check(s, f);
    return 0;
}

int ic__swarm_flush(ic__swarm *s, uint64_t now, uint64_t *out)
{
    return start(s, NULL, now, out);
}

int ic__session_flush(ic__session *session, uint64_t now, uint64_t *out)
{
    return start(session->topic->swarm, session->topic, now, out);
}
