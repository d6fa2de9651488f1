#include "js_swarm.h"

#include <stdlib.h>
#include <string.h>

#define MOST_PEERS 4096
#define MOST_LINKS 4096
#define MOST_EVENTS 8192
#define MAX_PEERS 64
#define MAX_PARALLEL 3
#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)
#define NOBODY SIZE_MAX

typedef struct js_peer {
    uint8_t key[32];
    uint64_t current;  /* id; 0 = none */
    uint64_t next;     /* waits for the end of current */
    uint64_t retry_ns; /* 0 = not waiting */
    uint32_t attempts;
    uint8_t priority;
    bool queued;
    bool proven;
    bool client;
} js_peer;

typedef struct js_link {
    size_t peer;
    uint64_t opened_ns;
    bool initiator;
    bool open;
    bool gone;
} js_link;

struct js_swarm {
    uint8_t key[32];
    uint8_t topic[32];
    fake_random random;
    ic__swarm_beat beats[IC__SWARM_CLASSES];
    js_peer peers[MOST_PEERS];
    size_t peer_count;
    js_link links[MOST_LINKS]; /* by id; 0 is none */
    uint64_t last_id;
    ic__swarm_event events[MOST_EVENTS];
    size_t event_first;
    size_t event_count;
    size_t busy;
    size_t connecting;
    uint64_t refresh_ns;
    uint64_t query;
};

static void tell(js_swarm *js, ic__swarm_event e)
{
    if (js->event_count == MOST_EVENTS)
        abort();
    js->events[(js->event_first + js->event_count++) % MOST_EVENTS] = e;
}

bool js_swarm_next(js_swarm *js, ic__swarm_event *event)
{
    *event = (ic__swarm_event){.what = IC__SWARM_NOTHING};
    if (!js->event_count)
        return false;
    *event = js->events[js->event_first];
    js->event_first = (js->event_first + 1) % MOST_EVENTS;
    js->event_count--;
    return true;
}

js_swarm *js_swarm_new(const uint8_t key[32], uint64_t seed, uint64_t now)
{
    static const uint64_t base[] = {1000, 5000, 15000, 600000};
    static const uint64_t spread[] = {500, 1000, 2000, 120000};
    js_swarm *js = calloc(1, sizeof *js);

    (void)now;
    if (!js)
        abort();
    memcpy(js->key, key, 32);
    fake_random_init(&js->random, seed);
    for (size_t i = 0; i < IC__SWARM_CLASSES; i++)
        ic__swarm_beat_init(&js->beats[i],
                            base[i] + fake_random_below(&js->random, spread[i] + 1) +
                                fake_random_below(&js->random, 501));
    js->refresh_ns = UINT64_MAX;
    return js;
}

void js_swarm_free(js_swarm *js)
{
    free(js);
}

static void announce(js_swarm *js)
{
    js->query++;
    js->refresh_ns = UINT64_MAX;
    tell(js, (ic__swarm_event){
                 .what = IC__SWARM_ANNOUNCE, .query = js->query, .topic = js->topic});
}

void js_swarm_join(js_swarm *js, const uint8_t topic[32])
{
    memcpy(js->topic, topic, 32);
    announce(js);
}

static js_peer *find(js_swarm *js, const uint8_t key[32])
{
    for (size_t i = 0; i < js->peer_count; i++) {
        if (memcmp(js->peers[i].key, key, 32) == 0)
            return &js->peers[i];
    }
    return NULL;
}

static js_peer *need(js_swarm *js, const uint8_t key[32])
{
    js_peer *p = find(js, key);

    if (p)
        return p;
    if (js->peer_count == MOST_PEERS)
        abort();
    p = &js->peers[js->peer_count++];
    memcpy(p->key, key, 32);
    p->priority = IC__SWARM_NORMAL;
    return p;
}

static uint64_t add_link(js_swarm *js, js_peer *p, bool initiator)
{
    uint64_t id = ++js->last_id;

    if (id == MOST_LINKS)
        abort();
    js->links[id] = (js_link){.peer = (size_t)(p - js->peers), .initiator = initiator};
    return id;
}

static void dial(js_swarm *js, js_peer *p)
{
    p->current = add_link(js, p, true);
    js->busy++;
    js->connecting++;
    tell(js, (ic__swarm_event){.what = IC__SWARM_DIAL, .id = p->current, .key = p->key});
}

/* The highest priority, by chance within it. */
static size_t pick(js_swarm *js)
{
    size_t best = NOBODY;
    uint64_t seen = 0;

    for (size_t i = 0; i < js->peer_count; i++) {
        const js_peer *p = &js->peers[i];
        if (!p->queued || (best != NOBODY && p->priority < js->peers[best].priority))
            continue;
        if (best == NOBODY || p->priority > js->peers[best].priority)
            seen = 0;
        if (fake_random_below(&js->random, ++seen) == 0)
            best = i;
    }
    return best;
}

static void dial_more(js_swarm *js)
{
    while (js->connecting < MAX_PARALLEL && js->busy < MAX_PEERS) {
        size_t i = pick(js);
        if (i == NOBODY)
            return;
        js->peers[i].queued = false;
        if (!js->peers[i].current)
            dial(js, &js->peers[i]);
    }
}

static bool update_priority(js_peer *p)
{
    if (p->queued || p->attempts > IC__SWARM_MOST_ATTEMPTS)
        return false;
    p->priority = ic__swarm_priority(p->attempts);
    return true;
}

void js_swarm_found(js_swarm *js, const uint8_t key[32], uint64_t now)
{
    (void)now;
    if (memcmp(key, js->key, 32) == 0)
        return;
    js_peer *p = need(js, key);
    if (p->current)
        return;
    if (p->priority < IC__SWARM_NORMAL || !p->client) {
        p->client = false;
        p->proven = false;
        p->attempts = 0;
    }
    if (update_priority(p))
        p->queued = true;
    dial_more(js);
}

void js_swarm_query_done(js_swarm *js, uint64_t now)
{
    js->refresh_ns = now + 600 * SEC + fake_random_below(&js->random, 120 * SEC);
}

void js_swarm_opened(js_swarm *js, uint64_t id, uint64_t now)
{
    js_link *l = &js->links[id];
    js_peer *p = &js->peers[l->peer];

    l->open = true;
    l->opened_ns = now;
    p->proven = true;
    p->client = true;
    js->connecting--;
    tell(js,
         (ic__swarm_event){
             .what = IC__SWARM_CONNECTED, .id = id, .key = p->key, .initiator = true});
    dial_more(js);
}

static void take_place(js_swarm *js, js_peer *p, uint64_t id, uint64_t now)
{
    js->links[id].open = true;
    js->links[id].opened_ns = now;
    p->current = id;
    p->next = 0;
    p->client = false;
    js->busy++;
    tell(js, (ic__swarm_event){.what = IC__SWARM_CONNECTED, .id = id, .key = p->key});
}

static void retry(js_swarm *js, js_peer *p, const js_link *l, uint64_t now)
{
    if (l->open && now - l->opened_ns >= 15 * SEC)
        p->attempts = 0;
    p->attempts++;
    ic__swarm_class c = ic__swarm_retry_class(p->attempts, p->proven, false);
    p->retry_ns = c == IC__SWARM_RETRY_NEVER ? 0 : ic__swarm_beat_due(&js->beats[c], now);
}

void js_swarm_closed(js_swarm *js, uint64_t id, uint64_t now)
{
    js_link *l = &js->links[id];
    js_peer *p = &js->peers[l->peer];

    if (l->gone)
        return;
    l->gone = true;
    if (l->initiator && !l->open)
        js->connecting--;
    if (p->next == id) {
        p->next = 0;
    } else if (p->current == id) {
        p->current = 0;
        js->busy--;
        if (l->initiator)
            retry(js, p, l, now);
        if (p->next)
            take_place(js, p, p->next, now);
    }
    dial_more(js);
}

uint64_t js_swarm_existing(js_swarm *js, const uint8_t key[32])
{
    const js_peer *p = find(js, key);

    return p ? p->current : 0;
}

bool js_swarm_incoming(js_swarm *js, const uint8_t key[32], bool used, uint64_t now,
                       uint64_t *id)
{
    js_peer *p = need(js, key);

    if (p->current && !ic__swarm_keeps_new(used, memcmp(js->key, key, 32) > 0, false))
        return false;
    *id = add_link(js, p, false);
    if (!p->current) {
        take_place(js, p, *id, now);
        return true;
    }
    p->next = *id;
    tell(js,
         (ic__swarm_event){.what = IC__SWARM_DESTROY, .id = p->current, .key = p->key});
    return true;
}

uint64_t js_swarm_deadline(const js_swarm *js)
{
    uint64_t first = js->refresh_ns;

    for (size_t i = 0; i < js->peer_count; i++) {
        if (js->peers[i].retry_ns && js->peers[i].retry_ns < first)
            first = js->peers[i].retry_ns;
    }
    return first;
}

void js_swarm_expire(js_swarm *js, uint64_t now)
{
    if (js->refresh_ns <= now)
        announce(js);
    for (size_t i = 0; i < js->peer_count; i++) {
        js_peer *p = &js->peers[i];
        if (!p->retry_ns || p->retry_ns > now)
            continue;
        p->retry_ns = 0;
        if (!p->current && update_priority(p))
            p->queued = true;
    }
    dial_more(js);
}
