#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "swarm/state.h"

void ic__session_options_default(ic__session_options *options)
{
    *options = (ic__session_options){.server = true, .client = true, .limit = UINT32_MAX};
}

void ic__topic_tell(swarm_topic *t)
{
    ic__queue_push(&t->swarm->todo_topics, &t->todo);
}

/* ---- topics ---- */

static swarm_topic *find(const ic__swarm *s, const uint8_t *topic)
{
    swarm_topic *t = ic__map_get(&s->topics_by_hash, ic__swarm_hash(s, topic));

    return t && memcmp(t->topic, topic, sizeof t->topic) == 0 ? t : NULL;
}

static int enter(ic__swarm *s, swarm_topic *t)
{
    int err = ic__timers_reserve(&s->refreshes, s->topics_by_hash.count + 1);

    return err ? err : ic__map_put(&s->topics_by_hash, t->hash, t);
}

static int make(ic__swarm *s, const uint8_t *topic, swarm_topic **out)
{
    if (s->topics_by_hash.count >= s->options.max_topics)
        return IC_ERR_LIMIT;
    swarm_topic *t = ic_mem_calloc(1, sizeof *t);
    if (!t)
        return IC_ERR_NOMEM;
    t->swarm = s;
    memcpy(t->topic, topic, sizeof t->topic);
    t->hash = ic__swarm_hash(s, topic);
    ic__queue_init(&t->sessions);
    ic__queue_init(&t->sightings);
    int err = enter(s, t);
    if (err) {
        ic_mem_free(t);
        return err;
    }
    ic__queue_push(&s->topics, &t->all);
    *out = t;
    return 0;
}

void ic__topic_strike(swarm_topic *t)
{
    ic__swarm *s = t->swarm;

    if (ic__map_get(&s->topics_by_hash, t->hash) == t)
        (void)ic__map_take(&s->topics_by_hash, t->hash);
    ic__queue_remove(&s->topics, &t->all);
}

static void free_sessions(swarm_topic *t)
{
    for (ic__link *at = ic__queue_pop(&t->sessions); at; at = ic__queue_pop(&t->sessions))
        ic_mem_free(IC__ELEMENT(at, ic__session, link));
}

void ic__topic_free(swarm_topic *t)
{
    ic__swarm *s = t->swarm;

    ic__topic_strike(t);
    ic__queue_remove(&s->todo_topics, &t->todo);
    ic__timers_set(&s->refreshes, &t->timer, IC__NEVER);
    ic__peer_forget_topic(s, t);
    free_sessions(t);
    ic_mem_free(t->seen);
    ic_mem_free(t);
}

void ic__topic_abandon(swarm_topic *t, bool force)
{
    free_sessions(t);
    t->servers = 0;
    t->clients = 0;
    t->left_behind = true;
    ic__flush_topic_gone(t->swarm, t);
    ic__peer_forget_topic(t->swarm, t);
    ic__topic_withdraw(t, force);
}

/* ---- sessions ---- */

static bool valid(const ic__session_options *o)
{
    return o->server || o->client;
}

static void set_roles(ic__session *session, const ic__session_options *o)
{
    swarm_topic *t = session->topic;

    t->servers += o->server;
    t->servers -= session->server;
    t->clients += o->client;
    t->clients -= session->client;
    session->server = o->server;
    session->client = o->client;
    t->limit = o->limit;
}

/* Without memory there is no list of whom the last refresh has found, and all count as
 * new. */
static void want_seen(swarm_topic *t)
{
    if (t->limit != UINT32_MAX && !t->seen)
        t->seen = ic_mem_calloc(SWARM_SEEN_MOST, sizeof *t->seen);
}

static void join_topic(swarm_topic *t, ic__session *session,
                       const ic__session_options *options)
{
    session->topic = t;
    ic__queue_push(&t->sessions, &session->link);
    if (t->sessions.count == 1)
        t->fresh = true;
    t->left_behind = false;
    set_roles(session, options);
    want_seen(t);
    ic__topic_refresh(t);
}

int ic__swarm_join(ic__swarm *s, const uint8_t topic[IC__SWARM_TOPIC_BYTES],
                   const ic__session_options *options, uint64_t now, ic__session **out)
{
    s->now = now;
    if (!valid(options))
        return IC_ERR_INVALID;
    if (s->closing)
        return IC_ERR_CLOSED;
    ic__session *session = ic_mem_calloc(1, sizeof *session);
    if (!session)
        return IC_ERR_NOMEM;
    swarm_topic *t = find(s, topic);
    int err = t ? 0 : make(s, topic, &t);
    if (err) {
        ic_mem_free(session);
        return err;
    }
    join_topic(t, session, options);
    *out = session;
    return 0;
}

int ic__session_refresh(ic__session *session, const ic__session_options *options,
                        uint64_t now)
{
    swarm_topic *t = session->topic;

    t->swarm->now = now;
    if (!valid(options))
        return IC_ERR_INVALID;
    set_roles(session, options);
    want_seen(t);
    ic__topic_refresh(t);
    return 0;
}

void ic__session_leave(ic__session *session, uint64_t now)
{
    static const ic__session_options nothing = {.limit = UINT32_MAX};
    swarm_topic *t = session->topic;
    uint32_t limit = t->limit;

    t->swarm->now = now;
    set_roles(session, &nothing);
    t->limit = limit;
    ic__queue_remove(&t->sessions, &session->link);
    ic_mem_free(session);
    if (!t->sessions.count)
        ic__topic_abandon(t, false);
    else if (!t->servers && t->announced)
        ic__topic_refresh(t);
}
