/*
 * A network of whole DHT nodes in one process and in virtual time: churn, loss, NATs and
 * hostile nodes. Lookups succeed, and walks grow with the logarithm of the number of
 * nodes. docs/spec/05-dht-rpc.md, section 10; docs/spec/06-hyperdht.md, sections 5, 15.
 *
 * SIM_SEEDS says how many nodes there are at most, from 1000 (the default) to 10000.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht/query.h"
#include "dht/rpc_message.h"
#include "dht_crowd.h"
#include "intercom/init.h"
#include "unit.h"

#define MOST_NODES 10000
#define ROUNDS 40 /* topics announced and looked up, in each measurement */

static size_t most_nodes = 1000;

typedef struct walk {
    bool done;
    int error;
    ic__query_stats stats;
} walk;

typedef struct tally {
    size_t tried;
    size_t found;
    size_t stored; /* nodes that took an announce, in all */
    uint64_t hops;
    uint64_t asked;
    uint64_t virtual_ns;
} tally;

static ic_identity *identity_of(uint32_t number)
{
    uint8_t seed[IC_SEED_BYTES] = {9};
    ic_identity *identity;
    memcpy(seed + 1, &number, sizeof number);
    assert_int_equal(ic_identity_from_seed(&identity, seed, IC_NETWORK_MAINNET), 0);
    return identity;
}

static size_t any_alive(dht_crowd *c)
{
    for (;;) {
        size_t i = fake_random_below(dht_world_random(c->world), c->count);
        if (c->members[i].dht && c->members[i].ready)
            return i;
    }
}

static void on_walked(void *user, int error, ic__query *query)
{
    walk *w = user;
    w->done = true;
    w->error = error;
    w->stats = ic__query_get_stats(query);
}

static bool is_walking(void *user)
{
    const walk *w = user;
    return !w->done;
}

/* How far is it to this topic? */
static void measure(dht_crowd *c, const uint8_t *topic, tally *t)
{
    walk w = {.done = false};
    ic__query *query;
    ic__query_options opts;
    const uint64_t until = dht_world_now(c->world) + 60 * IC__SEC;
    ic__query_options_default(&opts);
    memcpy(opts.target, topic, sizeof opts.target);
    opts.internal = true;
    opts.command = IC__RPC_FIND_NODE;
    opts.on_done = on_walked;
    opts.user = &w;
    ic__dht *d = c->members[any_alive(c)].dht;
    assert_int_equal(ic__query_new(ic__dht_rpc(d), &opts, &query), 0);
    assert_true(dht_world_run_while(c->world, is_walking, &w, until));
    t->hops += w.stats.hops;
    t->asked += w.stats.answers + w.stats.failures;
}

/* Somebody announces, somebody else looks. */
static void meet(dht_crowd *c, uint32_t number, tally *t)
{
    dht_outcome o;
    uint8_t topic[IC__DHT_KEY_BYTES];
    ic_identity *who = identity_of(number);
    ic__dht_op_events events = dht_outcome_events(&o);
    ic__dht_hash(topic, &number, sizeof number);
    measure(c, topic, t);
    const uint64_t begin = dht_world_now(c->world);
    assert_int_equal(ic__dht_announce(c->members[any_alive(c)].dht, topic, who, NULL, 0,
                                      true, &events, NULL),
                     0);
    dht_crowd_await(c, &o);
    t->stored += o.nodes;
    events = dht_outcome_events(&o);
    o.wanted = ic_identity_public_key(who);
    assert_int_equal(ic__dht_lookup(c->members[any_alive(c)].dht, topic, &events, NULL),
                     0);
    dht_crowd_await(c, &o);
    t->virtual_ns += dht_world_now(c->world) - begin;
    t->tried++;
    t->found += o.found;
    ic_identity_free(who);
}

static tally meet_often(dht_crowd *c, uint32_t from)
{
    tally t = {.tried = 0};
    for (uint32_t i = 0; i < ROUNDS; i++)
        meet(c, from + i, &t);
    return t;
}

static void print(const char *what, size_t nodes, const tally *t)
{
    print_message("  %-22s %6zu nodes: %zu of %zu found, stored at %.1f, %.2f hops, "
                  "%.1f asked, %.0f ms\n",
                  what, nodes, t->found, t->tried, (double)t->stored / (double)t->tried,
                  (double)t->hops / (double)t->tried, (double)t->asked / (double)t->tried,
                  (double)t->virtual_ns / 1e6 / (double)t->tried);
}

static size_t nodes_for(size_t share)
{
    return most_nodes / share;
}

/* A network ten times as large costs a few hops more, and not ten times as many. */
static void walks_grow_with_the_logarithm(void **state)
{
    dht_crowd c;
    tally small;
    tally large;
    dht_crowd_init(&c, 21, most_nodes + 1);
    dht_crowd_grow(&c, nodes_for(10), DHT_OPEN, 20 * IC__MS);
    dht_crowd_run(&c, 20 * IC__SEC);
    small = meet_often(&c, 0);
    print("calm", c.count, &small);
    dht_crowd_grow(&c, most_nodes - nodes_for(10), DHT_OPEN, 20 * IC__MS);
    dht_crowd_run(&c, 20 * IC__SEC);
    large = meet_often(&c, 1000);
    print("calm", c.count, &large);
    assert_int_equal(small.found, small.tried);
    assert_int_equal(large.found, large.tried);
    assert_true(large.stored >= 15 * large.tried);
    /* log2(10) = 3.3 bits more, of which each hop resolves at least one. */
    assert_true(large.hops <= small.hops + 4 * large.tried);
    assert_true(large.asked <= 3 * small.asked);
    dht_crowd_free(&c);
}

/* A tenth of all nodes dies without a word and others come; 5 % of all datagrams are
 * lost; a third of the peers is behind NATs. */
static void lookups_survive_churn_loss_and_nats(void **state)
{
    dht_crowd c;
    const size_t nodes = nodes_for(2);
    tally t;
    dht_crowd_init(&c, 22, 2 * nodes);
    dht_crowd_grow(&c, nodes, DHT_OPEN, 20 * IC__MS);
    for (size_t i = 0; i < nodes / 4; i++)
        (void)dht_crowd_add(&c, i % 2 ? DHT_CONSISTENT : DHT_RANDOM);
    dht_weather *weather = dht_world_weather(c.world);
    weather->loss_ppm = 50000;
    weather->jitter_ns = 20 * IC__MS;
    dht_crowd_run(&c, 30 * IC__SEC);
    for (size_t i = 0; i < nodes / 10; i++) {
        size_t victim = any_alive(&c);
        if (victim)
            dht_crowd_kill(&c, victim);
        (void)dht_crowd_add(&c, DHT_OPEN);
        dht_crowd_run(&c, 100 * IC__MS);
    }
    t = meet_often(&c, 2000);
    print("churn, loss, NATs", c.count, &t);
    assert_int_equal(t.found, t.tried);
    assert_true(t.stored >= 10 * t.tried);
    dht_crowd_free(&c);
}

/* One in ten lies: half of those lead astray, half forge answers as well. */
static void lookups_survive_liars(void **state)
{
    dht_crowd c;
    const size_t nodes = nodes_for(2);
    tally t;
    dht_crowd_init(&c, 23, 2 * nodes);
    dht_crowd_grow(&c, nodes, DHT_OPEN, 20 * IC__MS);
    for (size_t i = 0; i < nodes / 10; i++)
        (void)dht_crowd_add_liar(&c, i % 2 ? DHT_FORGES : DHT_LEADS_ASTRAY);
    dht_crowd_run(&c, 60 * IC__SEC);
    t = meet_often(&c, 3000);
    print("liars", c.count, &t);
    assert_true(t.found >= t.tried - t.tried / 20);
    dht_crowd_free(&c);
}

/* Somebody floods a node with requests, and everybody with false replies. */
static void lookups_survive_floods(void **state)
{
    dht_crowd c;
    const size_t nodes = nodes_for(10);
    uint8_t target[IC__DHT_KEY_BYTES] = {1};
    uint8_t bytes[IC__RPC_DATAGRAM_MAX];
    tally t = {.tried = 0};
    dht_crowd_init(&c, 24, nodes + 2);
    dht_crowd_grow(&c, nodes, DHT_OPEN, 20 * IC__MS);
    dht_machine *flooder = dht_world_add(c.world, DHT_OPEN);
    const ic__addr own = dht_machine_address(flooder);
    dht_crowd_run(&c, 20 * IC__SEC);
    for (uint32_t i = 0; i < ROUNDS / 4; i++) {
        for (size_t j = 0; j < 20000; j++) {
            const dht_member *m = &c.members[j % c.count];
            const ic__rpc_message junk = {.type = j % 2 ? IC__RPC_REQUEST : IC__RPC_REPLY,
                                          .tid = (uint16_t)j,
                                          .to = j % 3 ? dht_machine_address(m->machine)
                                                      : own,
                                          .command = 3,
                                          .target = target,
                                          .token = target};
            size_t len = ic__rpc_message_write(&junk, bytes, sizeof bytes);
            dht_machine_send(flooder, 0, &junk.to, bytes, len);
        }
        meet(&c, 4000 + i, &t);
    }
    print("floods", c.count, &t);
    assert_int_equal(t.found, t.tried);
    dht_crowd_free(&c);
}

static int setup(void **state)
{
    const char *seeds = getenv("SIM_SEEDS");
    const size_t wanted = seeds ? strtoul(seeds, NULL, 10) : 0;
    if (wanted > most_nodes)
        most_nodes = wanted < MOST_NODES ? wanted : MOST_NODES;
    return ic_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_grow_with_the_logarithm),
        cmocka_unit_test(lookups_survive_churn_loss_and_nats),
        cmocka_unit_test(lookups_survive_liars),
        cmocka_unit_test(lookups_survive_floods),
    };
    return cmocka_run_group_tests_name("sim/dht", tests, setup, NULL);
}
