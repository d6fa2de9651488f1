/*
 * docs/spec/05-dht-rpc.md, sections 7 and 11: nodes on a simulated network, in the open
 * and behind NATs, from their first walk on.
 */
#include <string.h>

#include "base/env.h"
#include "dht/query.h"
#include "dht_world.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

#define MOST 64
#define MINUTE (60 * IC__SEC)

typedef struct net {
    dht_world *world;
    dht_rpc_node nodes[MOST];
    size_t count;
    ic__addr first; /* the bootstrap node */
    int persistent; /* times that a node said so */
    int ephemeral;
} net;

static void on_persistent(void *user)
{
    ((net *)user)->persistent++;
}

static void on_ephemeral(void *user)
{
    ((net *)user)->ephemeral++;
}

static void run(net *n, uint64_t for_ns)
{
    dht_world_run_until(n->world, dht_world_now(n->world) + for_ns);
}

static dht_rpc_node *add(net *n, dht_machine *m, const ic__rpc_options *opts)
{
    dht_rpc_node *node = &n->nodes[n->count++];
    ic__rpc_events events = {
        .on_persistent = on_persistent, .on_ephemeral = on_ephemeral, .user = n};

    assert_int_equal(dht_rpc_node_init(node, n->world, m, opts, &events), 0);
    assert_int_equal(ic__rpc_start(node->rpc), 0);
    return node;
}

static dht_rpc_node *join_as(net *n, dht_machine *m, ic__rpc_mode mode)
{
    ic__rpc_options opts;

    ic__rpc_options_default(&opts);
    opts.bootstrap = &n->first;
    opts.bootstrap_count = 1;
    opts.mode = mode;
    return add(n, m, &opts);
}

static void net_begin(net *n, uint64_t seed, bool loopback)
{
    ic__rpc_options opts;
    dht_machine *m;

    *n = (net){.world = dht_world_new(seed)};
    m = loopback ? dht_world_add_loopback(n->world) : dht_world_add(n->world, DHT_OPEN);
    ic__rpc_options_default(&opts);
    n->first = dht_machine_address(m);
    opts.public_address = n->first;
    add(n, m, &opts);
}

/* A bootstrap node, and `others` that are persistent in the open. */
static void net_init(net *n, uint64_t seed, size_t others)
{
    net_begin(n, seed, false);
    for (size_t i = 0; i < others; i++) {
        join_as(n, dht_world_add(n->world, DHT_OPEN), IC__RPC_PERSISTENT);
        run(n, 10 * IC__SEC);
    }
}

static void net_free(net *n)
{
    for (size_t i = 0; i < n->count; i++)
        dht_rpc_node_free(&n->nodes[i]);
    dht_world_free(n->world);
}

static bool knows(const dht_rpc_node *node, const dht_rpc_node *other)
{
    ic__addr list[MOST];
    ic__addr addr = dht_machine_address(other->machine);
    size_t count = ic__rpc_latest(node->rpc, 0, list, MOST);

    for (size_t i = 0; i < count; i++) {
        if (ic__addr_equal(&list[i], &addr))
            return true;
    }
    return false;
}

/* The first node of a network has nobody to learn its address from. */
static void a_bootstrap_node_is_persistent_from_the_first_moment(void **state)
{
    net n;
    uint8_t id[32];
    ic__addr out[2];
    net_begin(&n, 1, false);
    ic__rpc_id_of(id, &n.first);
    assert_true(ic__rpc_is_persistent(n.nodes[0].rpc));
    assert_false(ic__rpc_is_firewalled(n.nodes[0].rpc));
    assert_memory_equal(ic__rpc_id(n.nodes[0].rpc), id, 32);
    assert_int_equal(n.persistent, 0);
    assert_false(ic__rpc_is_ready(n.nodes[0].rpc));
    run(&n, IC__MS);
    assert_int_equal(n.persistent, 1);
    assert_true(ic__rpc_is_ready(n.nodes[0].rpc));
    assert_int_equal(ic__rpc_bootstrap(n.nodes[0].rpc, out, 2), 0);
    net_free(&n);
}

/* Field lesson 6: the id is that of the server's port. */
static void nodes_in_the_open_become_persistent_and_know_each_other(void **state)
{
    net n;
    net_init(&n, 2, 9);
    run(&n, 10 * MINUTE);
    for (size_t i = 0; i < n.count; i++) {
        ic__addr addr = dht_machine_address(n.nodes[i].machine);
        uint8_t id[32];
        ic__rpc_id_of(id, &addr);
        assert_true(ic__rpc_is_persistent(n.nodes[i].rpc));
        assert_false(ic__rpc_is_firewalled(n.nodes[i].rpc));
        assert_memory_equal(ic__rpc_id(n.nodes[i].rpc), id, 32);
        for (size_t k = 0; k < n.count; k++)
            assert_int_equal(knows(&n.nodes[i], &n.nodes[k]), i != k);
    }
    assert_int_equal(n.persistent, 10);
    net_free(&n);
}

static void an_adaptive_node_becomes_persistent_after_twenty_minutes(void **state)
{
    net n;
    dht_rpc_node *node;
    net_init(&n, 3, 6);
    node = join_as(&n, dht_world_add(n.world, DHT_OPEN), IC__RPC_ADAPTIVE);
    run(&n, 20 * MINUTE - 10 * IC__SEC);
    assert_false(ic__rpc_is_persistent(node->rpc));
    assert_false(knows(&n.nodes[0], node));
    run(&n, 20 * IC__SEC);
    assert_true(ic__rpc_is_persistent(node->rpc));
    run(&n, MINUTE);
    assert_true(knows(&n.nodes[0], node));
    net_free(&n);
}

static void a_node_to_which_all_ports_are_forwarded_becomes_persistent(void **state)
{
    net n;
    dht_rpc_node *node;
    net_init(&n, 4, 6);
    node = join_as(&n, dht_world_add(n.world, DHT_FORWARDED), IC__RPC_ADAPTIVE);
    run(&n, 25 * MINUTE);
    assert_true(ic__rpc_is_persistent(node->rpc));
    assert_true(knows(&n.nodes[0], node));
    net_free(&n);
}

static void behind_a_nat_a_node_stays_ephemeral(void **state)
{
    net n;
    dht_rpc_node *consistent;
    dht_rpc_node *forced;
    dht_rpc_node *random;
    dht_rpc_node *blocked;
    ic__addr address;
    ic__addr nat;
    net_init(&n, 5, 20);
    consistent = join_as(&n, dht_world_add(n.world, DHT_CONSISTENT), IC__RPC_ADAPTIVE);
    forced = join_as(&n, dht_world_add(n.world, DHT_CONSISTENT), IC__RPC_PERSISTENT);
    random = join_as(&n, dht_world_add(n.world, DHT_RANDOM), IC__RPC_ADAPTIVE);
    blocked = join_as(&n, dht_world_add(n.world, DHT_BLOCKED), IC__RPC_ADAPTIVE);
    run(&n, 100 * MINUTE);
    assert_int_equal(n.persistent, 21);
    assert_false(ic__rpc_is_persistent(forced->rpc));
    for (size_t i = 21; i < n.count; i++) {
        assert_true(ic__rpc_is_ready(n.nodes[i].rpc));
        assert_true(ic__rpc_is_firewalled(n.nodes[i].rpc));
        assert_false(knows(&n.nodes[0], &n.nodes[i]));
    }
    /* The one has a port that others may use, the other a new one for each, and what the
     * third has nobody can tell. */
    nat = dht_machine_address(consistent->machine);
    address = ic__rpc_public_address(consistent->rpc);
    assert_memory_equal(address.ip, nat.ip, 4);
    assert_int_not_equal(address.port, 0);
    nat = dht_machine_address(random->machine);
    address = ic__rpc_public_address(random->rpc);
    assert_memory_equal(address.ip, nat.ip, 4);
    assert_int_equal(address.port, 0);
    assert_int_equal(ic__rpc_public_address(blocked->rpc).family, 0);
    assert_int_equal(ic__rpc_node_count(blocked->rpc), 0);
    net_free(&n);
}

/* Field lesson 12: all of them are at one address. */
static void a_network_on_one_machine_works(void **state)
{
    net n;
    net_begin(&n, 6, true);
    for (size_t i = 0; i < 39; i++)
        join_as(&n, dht_world_add_loopback(n.world), IC__RPC_PERSISTENT);
    run(&n, 10 * MINUTE);
    for (size_t i = 0; i < n.count; i++) {
        assert_true(ic__rpc_is_persistent(n.nodes[i].rpc));
        assert_in_range(ic__rpc_node_count(n.nodes[i].rpc), 20, 39); /* rows are full */
        assert_int_equal(ic__rpc_get_stats(n.nodes[i].rpc).dropped_flood, 0);
    }
    net_free(&n);
}

static void nodes_that_are_gone_are_forgotten(void **state)
{
    net n;
    net_init(&n, 7, 12);
    run(&n, MINUTE);
    for (size_t i = 1; i <= 4; i++)
        dht_machine_detach(n.nodes[i].machine);
    run(&n, 6 * MINUTE);
    for (size_t i = 5; i < n.count; i++) {
        for (size_t k = 1; k <= 4; k++)
            assert_false(knows(&n.nodes[i], &n.nodes[k]));
        assert_int_equal(ic__rpc_node_count(n.nodes[i].rpc), 8);
    }
    net_free(&n);
}

static void an_adaptive_node_that_slept_is_ephemeral_again(void **state)
{
    net n;
    dht_rpc_node *node;
    net_init(&n, 8, 6);
    node = join_as(&n, dht_world_add(n.world, DHT_OPEN), IC__RPC_ADAPTIVE);
    run(&n, 21 * MINUTE);
    assert_true(ic__rpc_is_persistent(node->rpc));
    ic__rpc_suspend(node->rpc);
    run(&n, 5 * MINUTE);
    assert_false(knows(&n.nodes[0], node));
    node->clock.now = dht_world_now(n.world);
    assert_int_equal(ic__rpc_resume(node->rpc), 0);
    run(&n, IC__SEC);
    assert_int_equal(n.ephemeral, 1);
    assert_false(ic__rpc_is_persistent(node->rpc));
    run(&n, 61 * MINUTE);
    assert_true(ic__rpc_is_persistent(node->rpc));
    assert_true(knows(&n.nodes[0], node));
    net_free(&n);
}

/* Section 11: whoever lies about our address alone changes nothing; nor does a request
 * with a false sender, which proves nothing at all. */
static void requests_do_not_tell_us_our_address(void **state)
{
    net n;
    dht_rpc_node *node;
    ic__addr before;
    ic__addr after;
    net_init(&n, 9, 6);
    node = join_as(&n, dht_world_add(n.world, DHT_OPEN), IC__RPC_ADAPTIVE);
    run(&n, 5 * MINUTE);
    before = ic__rpc_public_address(node->rpc);
    assert_int_equal(before.family, 4);
    for (uint8_t i = 0; i < 200; i++) {
        ic__addr from = {.ip = {66, 0, 0, i}, .port = 7, .family = 4};
        ic__addr to = before;
        uint8_t packet[43] = {0x03, 4 | 1, i, 0, 6, 6, 6, 6, 6, 6};
        ic__rpc_id_of(packet + 10, &from);
        to.port = dht_machine_address(node->machine).port;
        dht_world_spoof(n.world, &from, &to, packet, sizeof packet);
    }
    run(&n, MINUTE);
    after = ic__rpc_public_address(node->rpc);
    assert_true(ic__addr_equal(&before, &after));
    net_free(&n);
}

static void a_lossy_network_still_converges(void **state)
{
    net n;
    net_begin(&n, 10, false);
    *dht_world_weather(n.world) = (dht_weather){.delay_ns = 30 * IC__MS,
                                                .jitter_ns = 40 * IC__MS,
                                                .loss_ppm = 200000,
                                                .duplicate_ppm = 50000};
    for (size_t i = 0; i < 20; i++)
        join_as(&n, dht_world_add(n.world, DHT_OPEN), IC__RPC_PERSISTENT);
    run(&n, 30 * MINUTE);
    assert_int_equal(n.persistent, 21);
    for (size_t i = 0; i < n.count; i++)
        assert_in_range(ic__rpc_node_count(n.nodes[i].rpc), 15, 20);
    net_free(&n);
}

static void bad_options_are_refused(void **state)
{
    dht_world *w = dht_world_new(1);
    dht_machine *m = dht_world_add(w, DHT_OPEN);
    ic__addr many[33] = {{.port = 0}};
    ic__rpc_options opts;
    dht_rpc_node node;
    ic__rpc_options_default(&opts);
    opts.bootstrap = many;
    opts.bootstrap_count = 33;
    assert_int_equal(dht_rpc_node_init(&node, w, m, &opts, NULL), IC_ERR_INVALID);
    ic__rpc_options_default(&opts);
    opts.public_address = (ic__addr){.family = 4, .port = 1};
    assert_int_equal(dht_rpc_node_init(&node, w, m, &opts, NULL), IC_ERR_INVALID);
    ic__rpc_options_default(&opts);
    opts.concurrency = 0;
    assert_int_equal(dht_rpc_node_init(&node, w, m, &opts, NULL), IC_ERR_INVALID);
    ic__rpc_free(NULL);
    dht_world_free(w);
}

static void live_without_memory(void *arg)
{
    dht_world *w = arg;
    dht_machine *m = dht_world_add(w, DHT_OPEN);
    ic__addr bootstrap = {.ip = {20, 0, 0, 1}, .port = 49737, .family = 4};
    ic__rpc_options opts;
    dht_rpc_node node;

    ic__rpc_options_default(&opts);
    opts.bootstrap = &bootstrap;
    opts.bootstrap_count = 1;
    if (dht_rpc_node_init(&node, w, m, &opts, NULL) != 0)
        return;
    if (ic__rpc_start(node.rpc) == 0)
        ic__clock_run(&node.clock, dht_world_now(w) + IC__SEC);
    dht_rpc_node_free(&node);
}

static void without_memory_no_node_is_made(void **state)
{
    dht_world *w = dht_world_new(1);
    /* Room for the world's own timers, which are not what is tested. */
    for (int i = 0; i < 40; i++)
        (void)dht_world_add(w, DHT_OPEN);
    fail_alloc_each(live_without_memory, w);
    dht_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bootstrap_node_is_persistent_from_the_first_moment),
        cmocka_unit_test(nodes_in_the_open_become_persistent_and_know_each_other),
        cmocka_unit_test(an_adaptive_node_becomes_persistent_after_twenty_minutes),
        cmocka_unit_test(a_node_to_which_all_ports_are_forwarded_becomes_persistent),
        cmocka_unit_test(behind_a_nat_a_node_stays_ephemeral),
        cmocka_unit_test(a_network_on_one_machine_works),
        cmocka_unit_test(nodes_that_are_gone_are_forgotten),
        cmocka_unit_test(an_adaptive_node_that_slept_is_ephemeral_again),
        cmocka_unit_test(requests_do_not_tell_us_our_address),
        cmocka_unit_test(a_lossy_network_still_converges),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(without_memory_no_node_is_made),
    };
    return cmocka_run_group_tests_name("dht/rpc", tests, NULL, NULL);
}
