#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "swarm/state.h"

#define REPLACE_WINDOW_NS (10 * IC__SEC)
#define IPV6_NETWORK_BYTES 8

swarm_link *ic__link_new(ic__swarm *s, swarm_peer *p, bool initiator)
{
    swarm_link *l = ic_mem_calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->id = s->last_id + 1;
    if (ic__map_put(&s->links_by_id, l->id, l) != 0) {
        ic_mem_free(l);
        return NULL;
    }
    s->last_id++;
    l->peer = p;
    l->initiator = initiator;
    p->links++;
    ic__queue_push(&s->links, &l->all);
    return l;
}

void ic__link_tell(ic__swarm *s, swarm_link *l)
{
    ic__queue_push(&s->todo_links, &l->todo);
}

void ic__link_destroy(ic__swarm *s, swarm_link *l, int error)
{
    if (l->ending)
        return;
    l->ending = true;
    l->error = error;
    l->tell_destroy = true;
    ic__link_tell(s, l);
}

void ic__link_destroy_all(ic__swarm *s)
{
    for (ic__link *at = s->links.ends.next; at != &s->links.ends; at = at->next)
        ic__link_destroy(s, IC__ELEMENT(at, swarm_link, all), IC_ERR_CANCELED);
}

static void keep_alive(ic__swarm *s, swarm_link *l)
{
    l->tell_keepalive = true;
    ic__link_tell(s, l);
}

void ic__swarm_network_changed(ic__swarm *s, uint64_t now)
{
    s->now = now;
    if (!ic__swarm_is_active(s))
        return;
    for (ic__link *at = s->links.ends.next; at != &s->links.ends; at = at->next)
        keep_alive(s, IC__ELEMENT(at, swarm_link, all));
    for (ic__link *at = s->topics.ends.next; at != &s->topics.ends; at = at->next)
        ic__topic_refresh(IC__ELEMENT(at, swarm_topic, all));
}

/* ---- the beginning ---- */

static void tell_connected(ic__swarm *s, swarm_link *l)
{
    l->state = SWARM_OPEN;
    l->opened_ns = s->now;
    l->peer->client = l->initiator;
    l->tell_connected = true;
    ic__link_tell(s, l);
    s->tell_update = true;
    s->look = true;
}

void ic__swarm_opened(ic__swarm *s, uint64_t id, uint64_t now)
{
    swarm_link *l = ic__map_get(&s->links_by_id, id);

    s->now = now;
    if (!l || l->state != SWARM_DIALLING || l->ending)
        return;
    s->connecting--;
    s->stats.client_opened++;
    l->peer->proven = true;
    tell_connected(s, l);
    ic__flush_tried(s, l->peer);
}

/* An incoming one is the peer's connection from now on. */
static void take_place(ic__swarm *s, swarm_link *l)
{
    swarm_peer *p = l->peer;

    p->current = l;
    p->next = NULL;
    s->busy_peers++;
    s->stats.server_opened++;
    ic__timers_set(&s->retries, &p->retry, IC__NEVER);
    tell_connected(s, l);
    ic__dial_dequeue(s, p);
}

/* ---- the end ---- */

static void count_out(ic__swarm *s, const swarm_link *l)
{
    if (l->state == SWARM_DIALLING)
        s->connecting--;
    if (l->initiator) {
        s->client_links--;
        s->stats.client_closed++;
    } else {
        s->server_links--;
        s->stats.server_closed += l->state == SWARM_OPEN;
    }
}

static void leave_place(ic__swarm *s, swarm_link *l, const ic__swarm_end *end)
{
    swarm_peer *p = l->peer;

    p->current = NULL;
    s->busy_peers--;
    if (l->state == SWARM_DIALLING)
        ic__flush_tried(s, p);
    if (p->next && !p->next->ending)
        take_place(s, p->next);
    else
        ic__dial_again(s, p, l, end);
}

void ic__link_gone(ic__swarm *s, swarm_link *l, const ic__swarm_end *end)
{
    swarm_peer *p = l->peer;

    (void)ic__map_take(&s->links_by_id, l->id);
    ic__queue_remove(&s->links, &l->all);
    ic__queue_remove(&s->todo_links, &l->todo);
    count_out(s, l);
    p->links--;
    if (p->next == l)
        p->next = NULL;
    else if (p->current == l)
        leave_place(s, l, end);
    ic_mem_free(l);
    ic__peer_drop_idle(s, p);
    s->tell_update = true;
    s->look = true;
}

void ic__swarm_closed(ic__swarm *s, uint64_t id, const ic__swarm_end *end, uint64_t now)
{
    swarm_link *l = ic__map_get(&s->links_by_id, id);

    s->now = now;
    if (l)
        ic__link_gone(s, l, end);
}

/* ---- somebody connects ---- */

uint64_t ic__swarm_existing(const ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES])
{
    const swarm_peer *p = ic__peer_find(s, key);

    return p && p->current ? p->current->id : 0;
}

static bool same_source(const ic__addr *a, const ic__addr *b)
{
    size_t len = a->family == 6 ? IPV6_NETWORK_BYTES : sizeof a->ip;

    return a->family && a->family == b->family && memcmp(a->ip, b->ip, len) == 0;
}

static size_t count_from(const ic__swarm *s, const ic__addr *from)
{
    size_t count = 0;

    for (ic__link *at = s->links.ends.next; at != &s->links.ends; at = at->next)
        count += same_source(from, &IC__ELEMENT(at, swarm_link, all)->from);
    return count;
}

static int refuse(uint64_t *counter, int error)
{
    ++*counter;
    return error;
}

/* Is there room for a connection from there? */
static int check_limits(ic__swarm *s, const ic__addr *from)
{
    if (count_from(s, from) >= s->options.max_server_per_ip)
        return refuse(&s->stats.refused_ip, IC_ERR_LIMIT);
    if (s->server_links >= s->options.max_server_connections)
        return refuse(&s->stats.refused_limit, IC_ERR_LIMIT);
    return 0;
}

/* Section 5, with two exceptions (section 12). Bytes on a dial that opened just now do
 * not make it outdated: the peer with the smaller key has let its own dial go for it. And
 * a peer that dials again has lost what it dialled before, whether bytes came or not. */
static bool keeps_new(const ic__swarm *s, const swarm_peer *p, bool used)
{
    const swarm_link *l = p->current;
    bool greater = memcmp(s->key, p->key, sizeof s->key) > 0;
    bool crossing = l->state == SWARM_OPEN && s->now - l->opened_ns < SWARM_CROSSING_NS;

    return l->ending || !l->initiator ||
           ic__swarm_keeps_new(used && !crossing, greater, false);
}

static bool may_replace(ic__swarm *s, swarm_peer *p)
{
    if (p->current->state != SWARM_OPEN)
        return true;
    if (!p->replacements || s->now - p->replace_ns >= REPLACE_WINDOW_NS) {
        p->replace_ns = s->now;
        p->replacements = 0;
    }
    return ++p->replacements <= s->options.max_replacements;
}

/* A second connection to a peer: may it come in? */
static int check_second(ic__swarm *s, swarm_peer *p, bool used)
{
    if (!keeps_new(s, p, used)) {
        p->crossed = p->current->state == SWARM_DIALLING;
        keep_alive(s, p->current);
        return refuse(&s->stats.duplicates, IC_ERR_EXISTS);
    }
    if (!may_replace(s, p))
        return refuse(&s->stats.refused_rate, IC_ERR_LIMIT);
    return 0;
}

static int check_incoming(ic__swarm *s, const uint8_t *key, const ic__addr *from,
                          bool used)
{
    swarm_peer *p = ic__peer_find(s, key);
    swarm_link *l = p ? p->current : NULL;

    if (!ic__swarm_is_active(s))
        return IC_ERR_CLOSED;
    if (!ic__swarm_admits(s, key))
        return refuse(&s->stats.refused_denied, IC_ERR_DENIED);
    int err = l && !l->initiator ? 0 : check_limits(s, from);
    return err || !l ? err : check_second(s, p, used);
}

static void displace(ic__swarm *s, swarm_peer *p, swarm_link *l)
{
    if (p->next)
        ic__link_destroy(s, p->next, IC_ERR_EXISTS);
    p->next = l;
    l->state = SWARM_WAITING;
    s->stats.replaced++;
    ic__link_destroy(s, p->current, IC_ERR_EXISTS);
}

int ic__swarm_incoming(ic__swarm *s, const uint8_t key[IC__SWARM_KEY_BYTES],
                       const ic__addr *from, bool used, uint64_t now, uint64_t *id)
{
    s->now = now;
    int err = check_incoming(s, key, from, used);
    if (err)
        return err;
    swarm_peer *p = ic__peer_need(s, key);
    if (!p)
        return IC_ERR_NOMEM;
    swarm_link *l = ic__link_new(s, p, false);
    if (!l) {
        ic__peer_drop_idle(s, p);
        return IC_ERR_NOMEM;
    }
    l->from = *from;
    s->server_links++;
    if (p->current)
        displace(s, p, l);
    else
        take_place(s, l);
    *id = l->id;
    return 0;
}
