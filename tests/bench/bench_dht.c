/*
 * A DHT node at its start, at rest, and under requests; docs/spec/05-dht-rpc.md.
 *
 * "At rest" is one hour of virtual time in a network of 64 nodes; what it costs is the
 * processor time of all of them, which a real node spends together with its system calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "base/env.h"
#include "count_alloc.h"
#include "dht_world.h"
#include "figure.h"
#include "intercom/dht.h"
#include "rpc_solo.h"

#define NODES 64
#define HOUR (3600 * IC__SEC)
#define REQUESTS 200000
#define STARTS 50

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint64_t cpu_ns(void)
{
    struct timespec t;

    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
    return (uint64_t)t.tv_sec * IC__SEC + (uint64_t)t.tv_nsec;
}

static void add_node(dht_world *w, dht_rpc_node *node, const ic__addr *first)
{
    dht_machine *m = dht_world_add(w, DHT_OPEN);
    ic__rpc_options opts;

    ic__rpc_options_default(&opts);
    opts.public_address = dht_machine_address(m);
    opts.bootstrap = first;
    opts.bootstrap_count = first ? 1 : 0;
    must(dht_rpc_node_init(node, w, m, &opts, NULL) == 0);
    must(ic__rpc_start(node->rpc) == 0);
}

static void at_rest(void)
{
    static dht_rpc_node nodes[NODES];
    dht_world *w;
    uint64_t sent;
    uint64_t used;
    ic__addr first;

    count_alloc_start();
    w = dht_world_new(1);
    add_node(w, &nodes[0], NULL);
    first = dht_machine_address(nodes[0].machine);
    for (size_t i = 1; i < NODES; i++)
        add_node(w, &nodes[i], &first);
    dht_world_run_until(w, dht_world_now(w) + 600 * IC__SEC);
    figure_at_most("dht_rpc_memory_at_rest",
                   (double)count_alloc_get().live_bytes / NODES / 1024, "KiB", 30);
    sent = dht_world_get_stats(w).sent;
    used = cpu_ns();
    dht_world_run_until(w, dht_world_now(w) + HOUR);
    used = cpu_ns() - used;
    sent = dht_world_get_stats(w).sent - sent;
    figure_at_most("dht_rpc_core_at_rest", (double)used / NODES / HOUR * 100, "%", 0.1);
    figure("dht_rpc_datagrams_at_rest", (double)sent / NODES / 3600, "1/s");
    for (size_t i = 0; i < NODES; i++)
        dht_rpc_node_free(&nodes[i]);
    dht_world_free(w);
    (void)count_alloc_stop();
}

static void serve(const char *name, uint32_t command, bool persistent)
{
    const ic__addr us = {.ip = {20, 0, 0, 1}, .port = 40000, .family = 4};
    uint8_t target[IC__DHT_KEY_BYTES] = {1};
    ic__rpc_message m = {.type = IC__RPC_REQUEST, .internal = true, .to = us};
    ic__rpc_options opts;
    rpc_solo s;
    uint64_t used;

    ic__rpc_options_default(&opts);
    opts.public_address = us;
    opts.max_replies_per_second = 0;
    must(rpc_solo_init(&s, &opts, NULL) == 0);
    m.command = command;
    m.target = command == IC__RPC_FIND_NODE ? target : NULL;
    for (uint8_t i = 0; i < 200; i++) {
        ic__addr node = {.ip = {21, i, 1, 1}, .port = 49737, .family = 4};
        rpc_solo_know(&s, &node);
    }
    used = cpu_ns();
    for (uint32_t i = 0; i < REQUESTS; i++) {
        ic__addr from = {
            .ip = {30, 0, 0, (uint8_t)(i % 250)}, .port = 49737, .family = 4};
        uint8_t id[IC__DHT_KEY_BYTES];
        m.tid = (uint16_t)i;
        m.id = persistent ? id : NULL;
        if (persistent)
            ic__rpc_id_of(id, &from);
        rpc_solo_tell(&s, 0, &from, &m);
        must(rpc_solo_take(&s) != NULL);
        while (rpc_solo_take(&s)) /* a challenge in a full row */
            continue;
    }
    used = cpu_ns() - used;
    figure(name, (double)used / REQUESTS, "ns");
    rpc_solo_free(&s);
}

/* The loop until somebody calls one of these. */
static void on_event(ic_dht *dht, void *user)
{
    (void)dht;
    must(event_base_loopbreak(user) == 0);
}

static void on_closed(void *user)
{
    must(event_base_loopbreak(user) == 0);
}

static ic_dht *real_node(struct event_base *base, const char *bootstrap, ic_dht_mode mode,
                         uint16_t port)
{
    ic_dht_options opts;
    ic_dht *dht;

    ic_dht_options_default(&opts);
    opts.base = base;
    opts.host = "127.0.0.1";
    opts.bootstrap = bootstrap;
    opts.mode = mode;
    opts.port = port;
    opts.on_ready = on_event;
    opts.user = base;
    for (; ic_dht_new(&opts, &dht) != 0; opts.port++)
        must(mode == IC_DHT_BOOTSTRAPPER && opts.port < 60000);
    must(event_base_dispatch(base) == 0);
    return dht;
}

static void close_node(struct event_base *base, ic_dht *dht)
{
    ic_dht_close(dht, on_closed, base);
    must(event_base_dispatch(base) == 0);
}

/* Real sockets on loopback: from ic_dht_new to on_ready, and what the process holds. */
static void start(void)
{
    uint64_t times[STARTS];
    struct event_config *config = event_config_new();
    struct event_base *base;
    ic_dht *first;

    must(config && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0);
    base = event_base_new_with_config(config);
    event_config_free(config);
    must(base != NULL);
    first = real_node(base, NULL, IC_DHT_BOOTSTRAPPER, 47000);
    figure_at_most("dht_node_resident", (double)figure_resident_kib(0), "KiB", 5120);
    for (size_t i = 0; i < STARTS; i++) {
        uint64_t begun = figure_now_ns();
        ic_dht *dht = real_node(base, ic_dht_address(first), IC_DHT_ADAPTIVE, 0);
        times[i] = figure_now_ns() - begun;
        close_node(base, dht);
    }
    figure_at_most("dht_ready_p50", (double)figure_percentile(times, STARTS, 50) / 1e6,
                   "ms", 10);
    close_node(base, first);
    event_base_free(base);
}

int main(void)
{
    start();
    at_rest();
    serve("dht_ping_served", IC__RPC_PING, false);
    serve("dht_ping_of_a_node_served", IC__RPC_PING, true);
    serve("dht_find_node_served", IC__RPC_FIND_NODE, false);
    return 0;
}
