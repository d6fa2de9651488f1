#include "dht_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/queue.h"
#include "dht_world_state.h"

void *dht_must(void *p)
{
    if (!p)
        abort();
    return p;
}

dht_world *dht_world_new(uint64_t seed)
{
    dht_world *w = dht_must(calloc(1, sizeof *w));

    fake_clock_init(&w->clock, seed);
    w->weather.delay_ns = IC__MS;
    w->next_ip = 0x14000001; /* 20.0.0.1 */
    w->next_port = 2000;
    return w;
}

void dht_world_free(dht_world *w)
{
    struct site *site;

    for (size_t i = 0; i < w->heap_count; i++)
        free(w->heap[i].data);
    free(w->heap);
    for (size_t i = 0; i < w->count; i++)
        dht_machine_free(w->machines[i]);
    free(w->machines);
    for (size_t at = 0; (site = ic__map_next(&w->sites, &at)) != NULL;) {
        if (site->nat)
            dht_nat_free(site->nat);
        free(site);
    }
    ic__map_free(&w->sites);
    ic__map_free(&w->ports);
    ic__timers_free(&w->timers);
    free(w);
}

dht_weather *dht_world_weather(dht_world *w)
{
    return &w->weather;
}

uint64_t dht_world_now(const dht_world *w)
{
    return w->clock.now_ns;
}

ic_env dht_world_env(dht_world *w)
{
    return fake_clock_env(&w->clock);
}

fake_random *dht_world_random(dht_world *w)
{
    return &w->clock.random;
}

static uint32_t ip_number(const ic__addr *addr)
{
    return (uint32_t)addr->ip[0] << 24 | (uint32_t)addr->ip[1] << 16 |
           (uint32_t)addr->ip[2] << 8 | addr->ip[3];
}

static bool same_ip(const ic__addr *a, const ic__addr *b)
{
    return memcmp(a->ip, b->ip, 4) == 0;
}

/* Datagrams under way, a heap: the earliest first, and of two the one sent first. */

static bool earlier(const struct datagram *a, const struct datagram *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->number < b->number);
}

static void heap_push(dht_world *w, struct datagram d)
{
    size_t i = w->heap_count++;

    if (i == w->heap_cap) {
        w->heap_cap = i ? i * 2 : 256;
        w->heap = dht_must(realloc(w->heap, w->heap_cap * sizeof *w->heap));
    }
    for (; i > 0 && earlier(&d, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = d;
}

static struct datagram heap_pop(dht_world *w)
{
    struct datagram first = w->heap[0];
    struct datagram last = w->heap[--w->heap_count];
    size_t i = 0;

    for (size_t child = 1; child < w->heap_count; child = 2 * i + 1) {
        if (child + 1 < w->heap_count && earlier(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!earlier(&w->heap[child], &last))
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    if (w->heap_count)
        w->heap[i] = last;
    return first;
}

static void post(dht_world *w, struct datagram d)
{
    const uint8_t *data = d.data;

    d.at_ns = w->clock.now_ns + w->weather.delay_ns;
    if (w->weather.jitter_ns)
        d.at_ns += fake_random_below(&w->clock.random, w->weather.jitter_ns);
    d.number = w->number++;
    d.data = dht_must(malloc(d.len ? d.len : 1));
    if (d.len)
        memcpy(d.data, data, d.len);
    heap_push(w, d);
}

void dht_world_spoof(dht_world *w, const ic__addr *from, const ic__addr *to,
                     uint8_t *data, size_t len)
{
    post(w, (struct datagram){.from = *from, .to = *to, .data = data, .len = len});
}

void dht_world_travel(dht_world *w, const struct datagram *d)
{
    w->stats.sent++;
    w->stats.longest = d->len > w->stats.longest ? d->len : w->stats.longest;
    if (fake_random_ppm(&w->clock.random, w->weather.loss_ppm)) {
        w->stats.lost++;
        return;
    }
    post(w, *d);
    if (fake_random_ppm(&w->clock.random, w->weather.duplicate_ppm))
        post(w, *d);
}

dht_world_stats dht_world_get_stats(const dht_world *w)
{
    return w->stats;
}

/* Time. */

static void set_timer(dht_machine *m)
{
    uint64_t at = m->attached ? m->driver.deadline(m->driver.user) : IC__NEVER;

    ic__timers_set(&m->world->timers, &m->timer, at);
}

static dht_machine *machine_in(const dht_nat *nat, const ic__addr *inside)
{
    for (size_t i = 0; inside->family && i < nat->machine_count; i++) {
        if (same_ip(&nat->machines[i]->address, inside))
            return nat->machines[i];
    }
    return NULL;
}

static dht_machine *machine_at(dht_world *w, const struct datagram *d, ic__addr *inside)
{
    const struct site *site;

    *inside = d->to;
    if (d->lan)
        return machine_in(d->lan, inside);
    if (d->to.ip[0] == 127)
        return ic__map_get(&w->ports, d->to.port);
    site = ic__map_get(&w->sites, ip_number(&d->to));
    if (!site || site->machine)
        return site ? site->machine : NULL;
    if (site->nat->kind == DHT_FORWARDED)
        return site->nat->machines[0];
    if (site->nat->kind == DHT_BLOCKED)
        return NULL;
    *inside = dht_nat_in(site->nat, &d->from, d->to.port);
    return machine_in(site->nat, inside);
}

static bool came_by(const dht_stream *s, uint32_t sock, const ic__addr *from)
{
    return s->to.family && s->sock == sock && ic__addr_equal(&s->to, from);
}

static void arrive_stream(dht_machine *m, uint32_t sock, const struct datagram *d)
{
    uint32_t id;
    dht_stream *s;
    bool taken = true;
    uint64_t now = m->world->clock.now_ns;

    memcpy(&id, d->data + 1, sizeof id);
    s = dht_machine_stream_of(m, id);
    if (!s)
        return;
    s->packets_in++;
    if (!came_by(s, sock, &d->from))
        taken = m->driver.stream_packet &&
                m->driver.stream_packet(m->driver.user, id, sock, &d->from, now);
    s = dht_machine_stream_of(m, id);
    if (s && taken && m->driver.stream_data)
        m->driver.stream_data(m->driver.user, id, came_by(s, sock, &d->from), now);
}

static void arrive(dht_world *w, const struct datagram *d, dht_machine *m, uint16_t port)
{
    uint32_t sock = 0;

    while (m && sock < m->socket_count && m->ports[sock] != port)
        sock++;
    if (!m || !m->attached || sock == m->socket_count) {
        w->stats.blocked++;
        return;
    }
    w->stats.delivered++;
    if (d->len == 5 && d->data[0] == DHT_STREAM_MARK)
        arrive_stream(m, sock, d);
    else
        m->driver.recv(m->driver.user, sock, &d->from, d->data, d->len, w->clock.now_ns);
    set_timer(m);
}

static void deliver_one(dht_world *w)
{
    struct datagram d = heap_pop(w);
    ic__addr inside;
    dht_machine *m;

    fake_clock_set(&w->clock, d.at_ns);
    m = machine_at(w, &d, &inside);
    arrive(w, &d, m, inside.port);
    free(d.data);
}

static bool step(dht_world *w, uint64_t until)
{
    uint64_t packet = w->heap_count ? w->heap[0].at_ns : IC__NEVER;
    uint64_t alarm = ic__timers_deadline(&w->timers);
    ic__timer *timer;
    dht_machine *m;

    if (packet > until && alarm > until)
        return false;
    if (packet <= alarm) {
        deliver_one(w);
        return true;
    }
    fake_clock_set(&w->clock, alarm);
    timer = ic__timers_pop(&w->timers, alarm);
    m = IC__ELEMENT(timer, dht_machine, timer);
    m->driver.expire(m->driver.user, w->clock.now_ns);
    set_timer(m);
    return true;
}

bool dht_world_run_while(dht_world *w, bool (*go_on)(void *user), void *user,
                         uint64_t until)
{
    for (size_t i = 0; i < w->count; i++)
        set_timer(w->machines[i]);
    while (!go_on || go_on(user)) {
        if (step(w, until))
            continue;
        fake_clock_set(&w->clock, until);
        return false;
    }
    return true;
}

void dht_world_run_until(dht_world *w, uint64_t until)
{
    (void)dht_world_run_while(w, NULL, NULL, until);
}
