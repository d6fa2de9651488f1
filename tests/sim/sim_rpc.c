/*
 * Networks of growing size: walks find the nodes that are closest, hops grow with the
 * logarithm, a node stays small. With churn, loss and liars, walks still end and succeed.
 * docs/spec/05-dht-rpc.md, sections 8 and 10.
 *
 * sim_rpc [nodes [seed]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "count_alloc.h"
#include "dht/query.h"
#include "dht/rpc_message.h"
#include "dht_world.h"

#define WALKS 200
#define SEC IC__SEC

typedef enum fate { ALIVE, GONE, LIAR } fate;

typedef struct net {
    dht_world *world;
    dht_rpc_node *nodes;
    uint8_t (*ids)[IC__DHT_KEY_BYTES];
    fate *fates;
    size_t count;
    ic__addr first;
} net;

typedef struct tally {
    size_t walks;
    size_t exact; /* the closest node of all was found */
    size_t empty;
    uint64_t hops;
    uint64_t answers;
    uint64_t failures;
    uint32_t most_hops;
} tally;

typedef struct walk {
    const net *net;
    tally *tally;
    size_t from;
    uint8_t target[IC__DHT_KEY_BYTES];
} walk;

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "sim_rpc: %s\n", what);
    exit(1);
}

static void run(net *n, uint64_t for_ns)
{
    dht_world_run_until(n->world, dht_world_now(n->world) + for_ns);
}

static void add(net *n, size_t i)
{
    dht_machine *m = dht_world_add(n->world, DHT_OPEN);
    ic__rpc_options opts;
    ic__addr addr = dht_machine_address(m);

    ic__rpc_options_default(&opts);
    if (i == 0)
        n->first = addr;
    opts.bootstrap = &n->first;
    opts.bootstrap_count = i ? 1 : 0;
    opts.public_address = addr;
    must(dht_rpc_node_init(&n->nodes[i], n->world, m, &opts, NULL) == 0, "no node");
    must(ic__rpc_start(n->nodes[i].rpc) == 0, "no start");
    memcpy(n->ids[i], ic__rpc_id(n->nodes[i].rpc), sizeof n->ids[i]);
}

/* As many at a time as double the network in a minute at most. */
static void grow(net *n, size_t count)
{
    n->nodes = calloc(count, sizeof *n->nodes);
    n->ids = calloc(count, sizeof *n->ids);
    n->fates = calloc(count, sizeof *n->fates);
    must(n->nodes && n->ids && n->fates, "no memory");
    for (n->count = 0; n->count < count; n->count++) {
        add(n, n->count);
        if (n->count < 100 || n->count % 100 == 0)
            run(n, SEC / 5);
    }
    run(n, 120 * SEC);
}

static void net_free(net *n)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->fates[i] == ALIVE)
            dht_rpc_node_free(&n->nodes[i]);
    }
    dht_world_free(n->world);
    free(n->nodes);
    free(n->ids);
    free(n->fates);
}

static bool is_closer(const uint8_t *target, const uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < IC__DHT_KEY_BYTES; i++) {
        if (a[i] != b[i])
            return (a[i] ^ target[i]) < (b[i] ^ target[i]);
    }
    return false;
}

/* The one closest to the target, the asking one aside. */
static size_t closest_alive(const net *n, const uint8_t *target, size_t from)
{
    size_t best = n->count;

    for (size_t i = 0; i < n->count; i++) {
        if (n->fates[i] != GONE && i != from &&
            (best == n->count || is_closer(target, n->ids[i], n->ids[best])))
            best = i;
    }
    return best;
}

static void on_done(void *user, int error, ic__query *query)
{
    walk *w = user;
    tally *t = w->tally;
    ic__query_stats stats = ic__query_get_stats(query);
    size_t count;
    const ic__query_node *nodes = ic__query_closest(query, &count);
    size_t best = closest_alive(w->net, w->target, w->from);

    t->walks++;
    t->empty += error != 0 || !count;
    t->hops += stats.hops;
    t->answers += stats.answers;
    t->failures += stats.failures;
    t->most_hops = stats.hops > t->most_hops ? stats.hops : t->most_hops;
    t->exact += count && memcmp(nodes[0].id, w->net->ids[best], sizeof nodes[0].id) == 0;
    free(w);
}

/* A node that is not the target's neighbour by chance asks for something far away. */
static void walk_from(net *n, size_t from, tally *t)
{
    ic__query_options opts;
    walk *w = calloc(1, sizeof *w);

    must(w != NULL, "no memory");
    w->net = n;
    w->tally = t;
    w->from = from;
    fake_random_fill(dht_world_random(n->world), w->target, sizeof w->target);
    ic__query_options_default(&opts);
    memcpy(opts.target, w->target, sizeof opts.target);
    opts.internal = true;
    opts.command = IC__RPC_FIND_NODE;
    opts.on_done = on_done;
    opts.user = w;
    n->nodes[from].clock.now = dht_world_now(n->world);
    must(ic__query_new(n->nodes[from].rpc, &opts, NULL) == 0, "no walk");
}

static tally walk_around(net *n)
{
    tally t = {0};

    for (size_t i = 0; i < WALKS; i++) {
        size_t from = fake_random_below(dht_world_random(n->world), n->count);
        if (n->fates[from] != ALIVE)
            continue;
        walk_from(n, from, &t);
        run(n, SEC / 2);
    }
    run(n, 60 * SEC);
    return t;
}

static void print(const char *what, const net *n, const tally *t)
{
    printf("%-10s n=%zu walks=%zu exact=%.1f%% hops=%.2f (most %u) answers=%.1f "
           "failures=%.2f\n",
           what, n->count, t->walks, 100.0 * (double)t->exact / (double)t->walks,
           (double)t->hops / (double)t->walks, t->most_hops,
           (double)t->answers / (double)t->walks, (double)t->failures / (double)t->walks);
    fflush(stdout);
}

static unsigned log2_of(size_t n)
{
    unsigned log = 0;

    while (n >>= 1)
        log++;
    return log;
}

static void change_some(net *n, uint32_t ppm, fate to)
{
    for (size_t i = 1; i < n->count; i++) {
        if (n->fates[i] != ALIVE || !fake_random_ppm(dht_world_random(n->world), ppm))
            continue;
        dht_rpc_node_free(&n->nodes[i]);
        n->fates[i] = to;
    }
}

/* Of many addresses that lead nowhere, those which look the closest: twenty of them. */
static void make_up(fake_random *random, const uint8_t *target, ic__rpc_message *m)
{
    uint8_t best[IC__RPC_K][IC__DHT_KEY_BYTES];

    memset(best, 0, sizeof best);
    for (size_t i = 0; i < 20 * IC__RPC_K; i++) {
        ic__addr addr = {.ip = {40}, .port = 49737, .family = 4};
        size_t at = i % IC__RPC_K;
        uint8_t id[IC__DHT_KEY_BYTES];
        fake_random_fill(random, addr.ip + 1, 3);
        ic__rpc_id_of(id, &addr);
        if (i >= IC__RPC_K && !is_closer(target, id, best[at]))
            continue;
        memcpy(best[at], id, sizeof id);
        m->closer[at] = addr;
    }
    m->closer_count = IC__RPC_K;
}

static fake_random luck; /* of liars */

/* A liar keeps its place in all tables and names nobody who is there; and each time it
 * sends the asking one replies that it has not asked for. */
static void lie(void *user, uint32_t sock, const ic__addr *from, const uint8_t *data,
                size_t len, uint64_t now)
{
    dht_rpc_node *node = user;
    ic__addr own = dht_machine_address(node->machine);
    uint8_t id[IC__DHT_KEY_BYTES];
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    ic__rpc_message request;
    ic__rpc_message reply = {.type = IC__RPC_REPLY, .to = *from, .id = id};

    (void)now;
    if (ic__rpc_message_read(&request, data, len) != 0 || request.type != IC__RPC_REQUEST)
        return;
    ic__rpc_id_of(id, &own);
    if (request.target)
        make_up(&luck, request.target, &reply);
    for (uint16_t i = 0; i < 3; i++) {
        reply.tid = (uint16_t)(request.tid + i);
        len = ic__rpc_message_write(&reply, bytes, sizeof bytes);
        dht_machine_send(node->machine, sock, from, bytes, len);
    }
}

static uint64_t never(void *user)
{
    (void)user;
    return IC__NEVER;
}

static void do_nothing(void *user, uint64_t now)
{
    (void)user;
    (void)now;
}

static void let_lie(net *n)
{
    for (size_t i = 0; i < n->count; i++) {
        const dht_driver driver = {
            .recv = lie, .deadline = never, .expire = do_nothing, .user = &n->nodes[i]};
        if (n->fates[i] == LIAR)
            dht_machine_attach(n->nodes[i].machine, &driver);
    }
}

static void grow_and_measure(net *n, size_t count)
{
    count_alloc_stats memory;
    size_t nodes = 0;

    grow(n, count);
    memory = count_alloc_get();
    for (size_t i = 0; i < count; i++)
        nodes += ic__rpc_node_count(n->nodes[i].rpc);
    printf("%-10s n=%zu table=%.1f nodes, %.1f KiB a node\n", "grown", count,
           (double)nodes / (double)count,
           (double)memory.live_bytes / (double)count / 1024);
    must(memory.live_bytes / count < 30 * 1024, "a node is larger than 30 KiB");
}

static void simulate(size_t count, uint64_t seed)
{
    net n = {.count = 0};
    tally t;

    printf("seed %llu\n", (unsigned long long)seed);
    count_alloc_start();
    n.world = dht_world_new(seed);
    grow_and_measure(&n, count);
    t = walk_around(&n);
    print("calm", &n, &t);
    must(t.exact * 100 >= t.walks * 95, "walks miss the closest node");
    must(t.hops <= (uint64_t)log2_of(count) * t.walks / 2, "hops do not grow with log n");

    dht_world_weather(n.world)->loss_ppm = 50000;
    t = walk_around(&n);
    print("5% loss", &n, &t);
    must(t.exact * 100 >= t.walks * 90, "walks under loss miss the closest node");

    change_some(&n, 200000, GONE);
    t = walk_around(&n);
    print("20% gone", &n, &t);
    must(t.empty == 0, "walks in a dying network find nobody");
    must(t.exact * 100 >= t.walks * 80, "walks in a dying network miss the closest node");
    dht_world_weather(n.world)->loss_ppm = 0;
    fake_random_init(&luck, seed);
    change_some(&n, 100000, LIAR);
    let_lie(&n);
    t = walk_around(&n);
    print("10% liars", &n, &t);
    must(t.empty == 0, "walks among liars find nobody");
    must(t.exact * 100 >= t.walks * 80, "walks among liars miss the closest node");
    must(t.hops <= (uint64_t)log2_of(count) * t.walks, "liars lead far away");
    net_free(&n);
    (void)count_alloc_stop();
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

    must(count >= 2, "needs two nodes at least");
    simulate(count, seed);
    return 0;
}
