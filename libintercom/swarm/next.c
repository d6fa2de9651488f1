#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "swarm/state.h"

/* ---- connections ---- */

static void take_dial(const swarm_link *l, ic__swarm_event *event)
{
    event->what = IC__SWARM_DIAL;
    event->relays = l->peer->relays;
    event->relay_count = l->peer->relay_count;
    event->force_relay = l->peer->force_relay;
}

/* The next thing to tell about a connection whose end we have not wished for. */
static bool take_news(swarm_link *l, ic__swarm_event *event)
{
    if (l->tell_dial) {
        l->tell_dial = false;
        take_dial(l, event);
    } else if (l->tell_connected) {
        l->tell_connected = false;
        event->what = IC__SWARM_CONNECTED;
    } else if (l->tell_keepalive) {
        l->tell_keepalive = false;
        if (l->state == SWARM_OPEN)
            event->what = IC__SWARM_KEEPALIVE;
    }
    return event->what != IC__SWARM_NOTHING;
}

static bool take_end(ic__swarm *s, swarm_link *l, ic__swarm_event *event)
{
    static const ic__swarm_end untold = {.error = IC_ERR_CANCELED};

    if (l->tell_dial) { /* nobody has heard of it */
        ic__link_gone(s, l, &untold);
        return false;
    }
    if (!l->tell_destroy)
        return false;
    l->tell_destroy = false;
    event->what = IC__SWARM_DESTROY;
    event->error = l->error;
    return true;
}

static bool has_more(const swarm_link *l)
{
    return !l->ending && (l->tell_dial || l->tell_connected || l->tell_keepalive);
}

static bool next_link(ic__swarm *s, ic__swarm_event *event)
{
    for (ic__link *at = ic__queue_pop(&s->todo_links); at;
         at = ic__queue_pop(&s->todo_links)) {
        swarm_link *l = IC__ELEMENT(at, swarm_link, todo);
        event->id = l->id;
        event->key = l->peer->key;
        event->initiator = l->initiator;
        bool told = l->ending ? take_end(s, l, event) : take_news(l, event);
        if (!told)
            continue;
        if (has_more(l))
            ic__link_tell(s, l);
        return true;
    }
    return false;
}

/* ---- queries ---- */

static void take_query(swarm_topic *t, ic__swarm_event *event)
{
    t->tell_query = false;
    event->what = t->kind;
    event->query = t->query;
    if (t->kind == IC__SWARM_ANNOUNCE) {
        event->clear = !t->cleared;
        t->cleared = true;
        t->announced = true;
    }
}

static bool is_over(const swarm_topic *t)
{
    return t->left_behind && !t->query && !t->stop;
}

/* Whoever has it may still look at its name, until the next call. */
static void take_leave(ic__swarm *s, swarm_topic *t, ic__swarm_event *event)
{
    event->what = IC__SWARM_FORGET;
    ic__topic_strike(t);
    s->told_topic = t;
}

static bool take_topic(ic__swarm *s, swarm_topic *t, ic__swarm_event *event)
{
    if (t->stop) {
        event->what = IC__SWARM_STOP;
        event->query = t->stop;
        t->stop = 0;
    } else if (t->tell_query) {
        take_query(t, event);
    } else if (is_over(t)) {
        take_leave(s, t, event);
        return true;
    }
    if (t->tell_query || is_over(t))
        ic__topic_tell(t);
    return event->what != IC__SWARM_NOTHING;
}

static bool next_topic(ic__swarm *s, ic__swarm_event *event)
{
    for (ic__link *at = ic__queue_pop(&s->todo_topics); at;
         at = ic__queue_pop(&s->todo_topics)) {
        swarm_topic *t = IC__ELEMENT(at, swarm_topic, todo);
        event->topic = t->topic;
        if (take_topic(s, t, event))
            return true;
    }
    return false;
}

/* ---- the rest ---- */

static bool next_ban(ic__swarm *s, ic__swarm_event *event)
{
    ic__link *at = ic__queue_pop(&s->todo_bans);

    if (!at)
        return false;
    event->what = IC__SWARM_BANNED;
    event->key = IC__ELEMENT(at, swarm_peer, tell_banned)->key;
    return true;
}

static bool next_flush(ic__swarm *s, ic__swarm_event *event)
{
    ic__link *at = ic__queue_pop(&s->flushed);

    if (!at)
        return false;
    swarm_flush *f = IC__ELEMENT(at, swarm_flush, link);
    event->what = IC__SWARM_FLUSHED;
    event->flush = f->id;
    event->ok = f->ok;
    ic_mem_free(f);
    return true;
}

static bool take_flag(bool *flag, ic__swarm_what what, ic__swarm_event *event)
{
    if (!*flag)
        return false;
    *flag = false;
    event->what = what;
    return true;
}

static bool is_quiet(const ic__swarm *s)
{
    if (s->links.count)
        return false;
    for (ic__link *at = s->topics.ends.next; at != &s->topics.ends; at = at->next) {
        if (IC__ELEMENT(at, swarm_topic, all)->query)
            return false;
    }
    return true;
}

static void bury(ic__swarm *s)
{
    if (s->told_topic)
        ic__topic_free(s->told_topic);
    s->told_topic = NULL;
}

bool ic__swarm_next(ic__swarm *s, ic__swarm_event *event)
{
    *event = (ic__swarm_event){.what = IC__SWARM_NOTHING};
    bury(s);
    if (s->look)
        ic__dial_more(s);
    if (next_link(s, event) || take_flag(&s->tell_listen, IC__SWARM_LISTEN, event) ||
        next_topic(s, event) || next_ban(s, event) || next_flush(s, event))
        return true;
    *event = (ic__swarm_event){.what = IC__SWARM_NOTHING};
    if (take_flag(&s->tell_update, IC__SWARM_UPDATE, event)) {
        s->stats.updates++;
        return true;
    }
    return s->wait_quiet && is_quiet(s) &&
           take_flag(&s->wait_quiet, IC__SWARM_QUIET, event);
}
