#include "udx_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "transport/udx_packet.h"
#include "unit.h"

#define CHUNK 16384
#define MOST_STEPS UINT64_C(100000000)

#define PERIOD 65521u /* prime: a packet that is missing or twice shifts the rest */

/* The bytes from `offset` on, as many as a period has. */
static const uint8_t *pattern(uint64_t offset)
{
    static uint8_t table[2 * PERIOD];

    if (!table[1]) {
        for (size_t i = 0; i < sizeof table; i++)
            table[i] =
                (uint8_t)((i % PERIOD) * UINT32_C(2654435761) >> 24 | (i % PERIOD == 1));
    }
    return table + offset % PERIOD;
}

void udx_world_init(udx_world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->seed = seed;
    fake_clock_init(&w->clock, seed);
    w->env = fake_clock_env(&w->clock);
    w->net = fake_net_new(seed);
}

void udx_world_free(udx_world *w)
{
    for (size_t i = 0; i < w->count; i++)
        ic__udx_free(w->ends[i].s);
    fake_net_free(w->net);
}

static ic__addr address_of(uint32_t number)
{
    return (ic__addr){
        .family = 4,
        .port = 4242,
        .ip = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

static uint32_t number_of(const ic__addr *addr)
{
    return (uint32_t)addr->ip[1] << 16 | (uint32_t)addr->ip[2] << 8 | addr->ip[3];
}

ic__udx_path udx_world_path(const udx_end *to, uint32_t id)
{
    return (ic__udx_path){.addr = address_of(fake_net_address(to->world->net, to->node)),
                          .id = id};
}

static void arrived(const uint8_t *data, size_t len, uint32_t from, uint64_t now,
                    void *user)
{
    udx_end *end = user;
    uint32_t id;

    end->busy = true;
    if (end->s && ic__udx_packet_id(data, len, &id) && id == ic__udx_id(end->s))
        (void)ic__udx_recv(end->s, data, len, now);
    else
        end->dropped_datagrams++;
}

udx_end *udx_world_end(udx_world *w, uint32_t id, const ic__udx_options *opts)
{
    udx_end *end = &w->ends[w->count++];

    if (w->count > UDX_WORLD_MOST_ENDS)
        abort();
    end->world = w;
    end->heard_ns = w->clock.now_ns;
    end->node = fake_net_add(w->net, arrived, end);
    fake_net_set_link(w->net, end->node, &end->link);
    if (ic__udx_new(&end->s, &w->env, id, opts, w->clock.now_ns) != 0)
        abort();
    return end;
}

udx_end *udx_world_pair(udx_world *w, const ic__udx_options *opts)
{
    uint32_t id = (uint32_t)w->count + 100;
    udx_end *a = udx_world_end(w, id, opts);
    udx_end *b = udx_world_end(w, id + 1, opts);
    ic__udx_path to_a = udx_world_path(a, id);
    ic__udx_path to_b = udx_world_path(b, id + 1);

    if (ic__udx_connect(a->s, &to_b, w->clock.now_ns) != 0 ||
        ic__udx_connect(b->s, &to_a, w->clock.now_ns) != 0)
        abort();
    return a;
}

static void take_bytes(udx_end *end, const ic__udx_event *event)
{
    uint64_t now = end->world->clock.now_ns;

    for (size_t at = 0; at < event->len;) {
        size_t len = event->len - at < PERIOD ? event->len - at : PERIOD;
        if (memcmp(event->data + at, pattern(end->got + at), len) != 0)
            fail_msg("seed %llu: something after byte %llu is wrong",
                     (unsigned long long)end->world->seed,
                     (unsigned long long)(end->got + at));
        at += len;
    }
    end->got += event->len;
    if (now - end->heard_ns > end->longest_gap_ns)
        end->longest_gap_ns = now - end->heard_ns;
    end->heard_ns = now;
}

static void take_event(udx_end *end, const ic__udx_event *event)
{
    switch (event->what) {
    case IC__UDX_GOT_DATA:
        take_bytes(end, event);
        break;
    case IC__UDX_GOT_MESSAGE:
        end->got_messages++;
        end->got_message_bytes += event->len;
        break;
    case IC__UDX_GOT_END:
        end->got_end++;
        if (end->end_back)
            assert_int_equal(ic__udx_end(end->s), 0);
        break;
    case IC__UDX_DRAINED:
        end->drained++;
        break;
    case IC__UDX_MOVED:
        end->moved++;
        break;
    case IC__UDX_CLOSED:
        end->closed++;
        end->error = event->error;
        break;
    case IC__UDX_NOTHING:
        fail_msg("an event that tells nothing");
    }
}

static void write_more(udx_end *end)
{
    while (end->to_write && !end->closed) {
        size_t len = end->to_write < CHUNK ? (size_t)end->to_write : CHUNK;
        int error = ic__udx_write(end->s, pattern(end->written), len);
        if (error == IC_ERR_AGAIN)
            return;
        assert_int_equal(error, 0);
        end->written += len;
        end->to_write -= len;
    }
    if (end->end_after && !end->closed) {
        assert_int_equal(ic__udx_end(end->s), 0);
        end->end_after = false;
    }
}

static void flush_output(udx_end *end)
{
    uint8_t out[IC__UDX_MAX_DATAGRAM];
    ic__udx_path to;
    uint64_t now = end->world->clock.now_ns;

    for (size_t n = ic__udx_pull(end->s, out, sizeof out, &to, now); n;
         n = ic__udx_pull(end->s, out, sizeof out, &to, now))
        fake_net_send(end->world->net, end->node, number_of(&to.addr), out, n, now);
}

static void settle_end(udx_end *end)
{
    ic__udx_event event;

    end->busy = false;
    if (!end->s)
        return;
    write_more(end);
    flush_output(end);
    uint32_t flying = ic__udx_get_stats(end->s).flying_packets;
    if (flying > end->most_flying)
        end->most_flying = flying;
    while (ic__udx_next(end->s, &event))
        take_event(end, &event);
    write_more(end);
    flush_output(end);
    if (ic__udx_done(end->s)) {
        end->last = ic__udx_get_stats(end->s);
        ic__udx_free(end->s);
        end->s = NULL;
    }
}

void udx_world_settle(udx_world *w)
{
    for (size_t i = 0; i < w->count; i++)
        settle_end(&w->ends[i]);
}

static uint64_t next_time(const udx_world *w)
{
    uint64_t next = fake_net_next(w->net);

    for (size_t i = 0; i < w->count; i++) {
        if (w->ends[i].s && ic__udx_deadline(w->ends[i].s) < next)
            next = ic__udx_deadline(w->ends[i].s);
    }
    return next;
}

static void step(udx_world *w, uint64_t next)
{
    if (++w->steps > MOST_STEPS)
        fail_msg("seed %llu: it never ends", (unsigned long long)w->seed);
    fake_clock_set(&w->clock, next);
    fake_net_deliver(w->net, w->clock.now_ns);
    for (size_t i = 0; i < w->count; i++) {
        udx_end *end = &w->ends[i];
        if (end->s && ic__udx_deadline(end->s) <= w->clock.now_ns) {
            ic__udx_expire(end->s, w->clock.now_ns);
            end->busy = true;
        }
        if (end->busy)
            settle_end(end);
    }
}

bool udx_world_run_while(udx_world *w, bool (*go_on)(const udx_world *w), uint64_t until)
{
    udx_world_settle(w);
    while (!go_on || go_on(w)) {
        uint64_t next = next_time(w);
        if (next > until)
            break;
        step(w, next);
    }
    if (go_on && !go_on(w))
        return true;
    fake_clock_set(&w->clock, until);
    return false;
}

void udx_world_run_until(udx_world *w, uint64_t until)
{
    (void)udx_world_run_while(w, NULL, until);
}

ic__udx_stats udx_end_stats(const udx_end *end)
{
    return end->s ? ic__udx_get_stats(end->s) : end->last;
}
