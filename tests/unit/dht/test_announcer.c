/* docs/spec/06-hyperdht.md, section 6 (announcer); field lessons 11 and 13 */
#include <string.h>

#include "base/env.h"
#include "dht/announcer.h"
#include "dht/dht_state.h"
#include "dht_crowd.h"
#include "dht_lone.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "unit.h"

#define MINUTES (60 * IC__SEC)

static ic_identity *me;
static uint8_t target[IC__DHT_KEY_BYTES];

typedef struct bench {
    dht_crowd c;
    size_t who;
    ic__announcer *a;
    size_t cycles;
    size_t last_nodes;
    size_t closed;
} bench;

static void on_cycle(void *user, size_t nodes)
{
    bench *b = user;
    b->cycles++;
    b->last_nodes = nodes;
}

static void on_closed(void *user)
{
    bench *b = user;
    b->closed++;
    b->a = NULL;
}

/* A network, and a server on one machine more. */
static void init(bench *b, size_t nodes, dht_nat_kind kind)
{
    const ic__announcer_events events = {.on_cycle = on_cycle, .user = b};
    *b = (bench){.cycles = 0};
    dht_crowd_init(&b->c, 5, 64);
    dht_crowd_grow(&b->c, nodes, DHT_OPEN, 2 * IC__SEC);
    b->who = dht_crowd_add(&b->c, kind);
    dht_crowd_run(&b->c, 10 * IC__SEC);
    assert_int_equal(
        ic__announcer_start(ic__dht_rpc(b->c.members[b->who].dht), me, &events, &b->a),
        0);
}

static void done(bench *b)
{
    ic__announcer_free(b->a);
    dht_crowd_free(&b->c);
}

/* The member at this address. */
static dht_member *member_at(bench *b, const ic__addr *addr)
{
    for (size_t i = 0; i < b->c.count; i++) {
        const ic__addr at = dht_machine_address(b->c.members[i].machine);
        if (ic__addr_equal(&at, addr))
            return &b->c.members[i];
    }
    fail_msg("no member is there");
    return NULL;
}

/* How many nodes know the way to it. */
static size_t routes(bench *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->c.count; i++) {
        ic__addr relay;
        if (b->c.members[i].dht)
            n += ic__router_route(b->c.members[i].dht->router, target, &relay);
    }
    return n;
}

/* What the relays would send to arrives: their route is what the announcer published. */
static void expect_relays_agree(bench *b)
{
    size_t count;
    const ic__dht_relay *relays = ic__announcer_relays(b->a, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        const dht_member *node = member_at(b, &relays[i].relay);
        ic__addr route;
        assert_true(ic__router_route(node->dht->router, target, &route));
        assert_true(ic__addr_equal(&route, &relays[i].peer));
        assert_true(ic__announcer_is_relay(b->a, &relays[i].relay));
    }
}

static void a_server_is_known_at_the_three_closest_nodes(void **state)
{
    bench b;
    dht_outcome o;
    ic__addr told[IC__DHT_RELAYS_MAX];
    init(&b, 20, DHT_CONSISTENT);
    assert_int_equal(b.cycles, 0);
    dht_crowd_run(&b.c, IC__SEC);
    assert_int_equal(b.cycles, 1);
    assert_int_equal(b.last_nodes, 3);
    assert_int_equal(routes(&b), 3);
    expect_relays_agree(&b);
    assert_int_equal(ic__announcer_addresses(b.a, told), 3);
    const ic__dht_op_events events = dht_outcome_events(&o);
    assert_int_equal(
        ic__dht_find_peer(b.c.members[4].dht, ic_identity_public_key(me), &events, NULL),
        0);
    dht_crowd_await(&b.c, &o);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.last.relay_count, 0);
    done(&b);
}

/* "our own public address goes first when not firewalled" */
static void an_open_server_names_itself_first(void **state)
{
    bench b;
    ic__addr told[IC__DHT_RELAYS_MAX];
    init(&b, 10, DHT_OPEN);
    dht_crowd_run(&b.c, IC__SEC);
    const ic__addr own = dht_machine_address(b.c.members[b.who].machine);
    assert_int_equal(ic__announcer_addresses(b.a, told), 3);
    assert_true(ic__addr_equal(&told[0], &own));
    done(&b);
}

/* Records live 20 minutes; the server is there all day, at whatever is closest. */
static void it_stays_known_for_hours(void **state)
{
    bench b;
    init(&b, 12, DHT_CONSISTENT);
    for (size_t i = 0; i < 24; i++) {
        dht_crowd_run(&b.c, 10 * MINUTES);
        expect_relays_agree(&b);
    }
    /* 4 h, a cycle each 5 minutes and something. */
    assert_in_range(b.cycles, 40, 50);
    done(&b);
}

/* Field lesson 13: a NAT gives a new port; the relays know it within seconds. */
static void a_new_mapping_is_announced_at_once(void **state)
{
    bench b;
    init(&b, 12, DHT_CONSISTENT);
    dht_crowd_run(&b.c, 2 * MINUTES);
    const size_t before = b.cycles;
    size_t count;
    const uint16_t old = ic__announcer_relays(b.a, &count)[0].peer.port;
    dht_machine_remap(b.c.members[b.who].machine);
    dht_crowd_run(&b.c, 5 * IC__SEC);
    assert_int_equal(b.cycles, before + 1);
    assert_int_not_equal(ic__announcer_relays(b.a, &count)[0].peer.port, old);
    expect_relays_agree(&b);
    done(&b);
}

/* Section 6: "if fewer answer, re-announce at once" */
static void a_relay_that_dies_is_replaced(void **state)
{
    bench b;
    size_t count;
    init(&b, 20, DHT_CONSISTENT);
    dht_crowd_run(&b.c, MINUTES);
    const ic__addr dead = ic__announcer_relays(b.a, &count)[0].relay;
    dht_member *m = member_at(&b, &dead);
    dht_crowd_kill(&b.c, (size_t)(m - b.c.members));
    dht_crowd_run(&b.c, 30 * IC__SEC);
    expect_relays_agree(&b);
    /* A handshake that it passed on may still arrive: it counts for three cycles. */
    assert_true(ic__announcer_is_relay(b.a, &dead));
    ic__announcer_refresh(b.a);
    dht_crowd_run(&b.c, 10 * IC__SEC);
    assert_true(ic__announcer_is_relay(b.a, &dead));
    ic__announcer_refresh(b.a);
    dht_crowd_run(&b.c, 10 * IC__SEC);
    assert_false(ic__announcer_is_relay(b.a, &dead));
    done(&b);
}

/* "Relays of the previous cycle that are no longer current are unannounced." */
static void nodes_that_are_not_closest_any_more_forget_it(void **state)
{
    bench b;
    init(&b, 4, DHT_CONSISTENT);
    dht_crowd_run(&b.c, MINUTES);
    dht_crowd_grow(&b.c, 50, DHT_OPEN, IC__SEC);
    dht_crowd_run(&b.c, 10 * MINUTES);
    expect_relays_agree(&b);
    assert_int_equal(routes(&b), 3);
    done(&b);
}

static void closing_takes_all_entries_away(void **state)
{
    bench b;
    init(&b, 12, DHT_CONSISTENT);
    dht_crowd_run(&b.c, MINUTES);
    assert_int_equal(routes(&b), 3);
    ic__announcer_close(b.a, on_closed, &b);
    ic__announcer_close(b.a, on_closed, &b);
    assert_int_equal(b.closed, 0);
    dht_crowd_run(&b.c, IC__SEC);
    assert_int_equal(b.closed, 1);
    assert_int_equal(routes(&b), 0);
    ic__announcer_close(NULL, NULL, NULL);
    done(&b);
}

/* Also in the middle of a cycle, whose announces may have been stored. */
static void closing_at_any_moment_leaves_nothing_behind(void **state)
{
    for (uint64_t ms = 0; ms < 12; ms++) {
        bench b;
        init(&b, 8, DHT_CONSISTENT);
        dht_crowd_run(&b.c, ms * IC__MS);
        ic__announcer_close(b.a, on_closed, &b);
        dht_crowd_run(&b.c, 10 * IC__SEC);
        assert_int_equal(b.closed, 1);
        assert_int_equal(routes(&b), 0);
        done(&b);
    }
}

static void closing_does_not_wait_for_the_dead(void **state)
{
    bench b;
    init(&b, 8, DHT_CONSISTENT);
    dht_crowd_run(&b.c, MINUTES);
    for (size_t i = 0; i < b.who; i++)
        dht_crowd_kill(&b.c, i);
    ic__announcer_close(b.a, on_closed, &b);
    dht_crowd_run(&b.c, 9 * IC__SEC);
    assert_int_equal(b.closed, 1);
    done(&b);
}

/* Field lesson 11: what fails is tried again, and the server comes back by itself. */
static void without_a_network_it_tries_until_there_is_one(void **state)
{
    bench b;
    init(&b, 8, DHT_CONSISTENT);
    dht_machine *m = b.c.members[b.who].machine;
    dht_machine_set_nat(m, DHT_BLOCKED);
    dht_crowd_run(&b.c, 10 * MINUTES);
    assert_int_equal(b.last_nodes, 0);
    assert_in_range(b.cycles, 4, 40);
    dht_machine_set_nat(m, DHT_CONSISTENT);
    dht_crowd_run(&b.c, 3 * MINUTES);
    assert_int_equal(b.last_nodes, 3);
    expect_relays_agree(&b);
    done(&b);
}

/* A relay that shows us a new address with each pong costs us little. */
static void relays_that_lie_about_our_address_do_not_keep_us_busy(void **state)
{
    bench b;
    init(&b, 3, DHT_CONSISTENT);
    for (size_t i = 0; i < 12; i++)
        (void)dht_crowd_add_liar(&b.c, DHT_FORGES);
    dht_crowd_run(&b.c, 60 * MINUTES);
    assert_in_range(b.cycles, 5, 90);
    done(&b);
}

static void a_suspended_announcer_is_silent_and_comes_back(void **state)
{
    bench b;
    init(&b, 8, DHT_CONSISTENT);
    dht_crowd_run(&b.c, MINUTES);
    ic__rpc *rpc = ic__dht_rpc(b.c.members[b.who].dht);
    ic__announcer_suspend(b.a);
    ic__rpc_suspend(rpc);
    const size_t before = b.cycles;
    const uint64_t sent = ic__rpc_get_stats(rpc).datagrams_out;
    ic__announcer_refresh(b.a);
    dht_crowd_run(&b.c, 30 * MINUTES);
    assert_int_equal(b.cycles, before);
    assert_int_equal(ic__rpc_get_stats(rpc).datagrams_out, sent);
    assert_int_equal(routes(&b), 0);
    assert_int_equal(ic__rpc_resume(rpc), 0);
    ic__announcer_resume(b.a);
    dht_crowd_run(&b.c, MINUTES);
    assert_int_equal(b.last_nodes, 3);
    expect_relays_agree(&b);
    done(&b);
}

static void a_refresh_in_the_middle_of_a_cycle_makes_one_more(void **state)
{
    bench b;
    init(&b, 8, DHT_CONSISTENT);
    dht_crowd_run(&b.c, 2 * IC__MS);
    assert_int_equal(b.cycles, 0);
    ic__announcer_refresh(b.a);
    ic__announcer_refresh(b.a);
    dht_crowd_run(&b.c, IC__SEC);
    assert_int_equal(b.cycles, 2);
    done(&b);
}

/* Half of everything is lost; a signature or two more, and it is known all the same. */
static void a_bad_network_does_not_hide_it(void **state)
{
    bench b;
    init(&b, 16, DHT_CONSISTENT);
    dht_world_weather(b.c.world)->loss_ppm = 200000;
    dht_crowd_run(&b.c, 30 * MINUTES);
    size_t count;
    (void)ic__announcer_relays(b.a, &count);
    assert_true(count >= 2);
    assert_true(routes(&b) >= 2);
    done(&b);
}

static void announce_alone(void *arg)
{
    dht_lone l;
    ic__announcer *a;
    const ic__announcer_events events = {.on_cycle = NULL};
    if (dht_lone_init(&l, NULL) != 0)
        return;
    int err = ic__announcer_start(ic__dht_rpc(l.dht), me, &events, &a);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
    if (!err) {
        dht_lone_wait(&l, MINUTES);
        ic__announcer_free(a);
    }
    dht_lone_free(&l);
}

static void without_memory_it_waits(void **state)
{
    fail_alloc_each(announce_alone, NULL);
}

static int setup(void **state)
{
    const uint8_t seed[IC_SEED_BYTES] = {1};
    if (ic_init() != 0 || ic_identity_from_seed(&me, seed, IC_NETWORK_MAINNET) != 0)
        return -1;
    ic__dht_hash(target, ic_identity_public_key(me), IC__DHT_KEY_BYTES);
    return 0;
}

static int teardown(void **state)
{
    ic_identity_free(me);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_known_at_the_three_closest_nodes),
        cmocka_unit_test(an_open_server_names_itself_first),
        cmocka_unit_test(it_stays_known_for_hours),
        cmocka_unit_test(a_new_mapping_is_announced_at_once),
        cmocka_unit_test(a_relay_that_dies_is_replaced),
        cmocka_unit_test(nodes_that_are_not_closest_any_more_forget_it),
        cmocka_unit_test(closing_takes_all_entries_away),
        cmocka_unit_test(closing_at_any_moment_leaves_nothing_behind),
        cmocka_unit_test(closing_does_not_wait_for_the_dead),
        cmocka_unit_test(without_a_network_it_tries_until_there_is_one),
        cmocka_unit_test(relays_that_lie_about_our_address_do_not_keep_us_busy),
        cmocka_unit_test(a_suspended_announcer_is_silent_and_comes_back),
        cmocka_unit_test(a_refresh_in_the_middle_of_a_cycle_makes_one_more),
        cmocka_unit_test(a_bad_network_does_not_hide_it),
        cmocka_unit_test(without_memory_it_waits),
    };
    return cmocka_run_group_tests_name("dht/announcer", tests, setup, teardown);
}
