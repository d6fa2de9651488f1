/* docs/spec/05-dht-rpc.md, sections 8, 9 and 12: what a node does by itself. */
#include <string.h>

#include "dht_addr.h"
#include "intercom/error.h"
#include "rpc_solo.h"
#include "unit.h"

#define TICK IC__RPC_TICK_NS

static const ic__addr us = {.ip = {20, 0, 0, 1}, .port = 40000, .family = 4};

typedef struct ears {
    int ready;
    int persistent;
    int ephemeral;
    int health;
    int wakeup;
} ears;

static void on_ready(void *user)
{
    ((ears *)user)->ready++;
}

static void on_persistent(void *user)
{
    ((ears *)user)->persistent++;
}

static void on_ephemeral(void *user)
{
    ((ears *)user)->ephemeral++;
}

static void on_health(void *user)
{
    ((ears *)user)->health++;
}

static void on_wakeup(void *user)
{
    ((ears *)user)->wakeup++;
}

static ic__rpc_events events_of(ears *e)
{
    return (ic__rpc_events){.on_ready = on_ready,
                            .on_persistent = on_persistent,
                            .on_ephemeral = on_ephemeral,
                            .on_health = on_health,
                            .on_wakeup = on_wakeup,
                            .user = e};
}

static void begin(rpc_solo *s, const ic__rpc_options *opts, ears *e)
{
    ic__rpc_events events = events_of(e);

    *e = (ears){0};
    assert_int_equal(rpc_solo_init(s, opts, &events), 0);
    assert_int_equal(ic__rpc_start(s->rpc), 0);
    assert_int_equal(ic__rpc_start(s->rpc), 0); /* once is enough */
    rpc_solo_run(s, 1);
    assert_int_equal(e->ready, 1);
}

static ic__addr node_addr(unsigned i)
{
    return (ic__addr){
        .ip = {30, 0, (uint8_t)(i >> 8), (uint8_t)i}, .port = 49737, .family = 4};
}

static void know(rpc_solo *s, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ic__addr addr = node_addr(first + i);
        rpc_solo_know(s, &addr);
    }
}

static void answer(rpc_solo *s, const rpc_datagram *request)
{
    rpc_datagram copy = *request;
    uint8_t id[32];
    ic__rpc_message m = {.to = us, .id = id};

    ic__rpc_id_of(id, &copy.to);
    rpc_solo_answer(s, &copy, &m);
}

static size_t answer_all(rpc_solo *s)
{
    size_t count = 0;

    for (const rpc_datagram *d; (d = rpc_solo_take(s)) != NULL; count++)
        answer(s, d);
    return count;
}

static size_t drop_all(rpc_solo *s)
{
    size_t count = 0;

    while (rpc_solo_take(s))
        count++;
    return count;
}

static void to_tick(rpc_solo *s, uint32_t multiple)
{
    do
        rpc_solo_run(s, TICK);
    while (s->rpc->tick % multiple);
}

static void some_of_the_oldest_are_pinged_every_eighth_tick(void **state)
{
    rpc_solo s;
    ears e;
    size_t count;
    begin(&s, NULL, &e);
    know(&s, 0, 30);
    count = ic__rpc_node_count(s.rpc);
    assert_in_range(count, 20, 30);
    s.rpc->refresh_ticks = 1000;
    to_tick(&s, 8);
    answer_all(&s);
    for (int round = 0; round < 10; round++) {
        bool fresh;
        const ic__table_node *oldest =
            IC__ELEMENT(ic__queue_first(&s.rpc->table.by_contact), ic__table_node, link);
        fresh = s.rpc->tick + 8 - oldest->pinged < IC__RPC_RECENT_TICKS;
        rpc_solo_run(&s, 8 * TICK);
        assert_int_equal(answer_all(&s), fresh ? 2 : 5);
    }
    assert_int_equal(ic__rpc_node_count(s.rpc), count);
    rpc_solo_free(&s);
}

static void a_node_that_falls_silent_leaves_the_table(void **state)
{
    rpc_solo s;
    ears e;
    begin(&s, NULL, &e);
    know(&s, 0, 3);
    s.rpc->refresh_ticks = 1000;
    to_tick(&s, 8);
    rpc_solo_run(&s, 4 * IC__SEC);
    assert_in_range(ic__rpc_node_count(s.rpc), 0, 1);
    rpc_solo_run(&s, 50 * IC__SEC);
    assert_int_equal(ic__rpc_node_count(s.rpc), 0);
    rpc_solo_free(&s);
}

static void a_node_that_answers_without_its_id_leaves_the_table(void **state)
{
    rpc_solo s;
    ears e;
    ic__rpc_message m = {.to = us};
    begin(&s, NULL, &e);
    know(&s, 0, 1);
    s.rpc->refresh_ticks = 1000;
    to_tick(&s, 8);
    rpc_datagram d = *rpc_solo_take(&s);
    rpc_solo_answer(&s, &d, &m);
    assert_int_equal(ic__rpc_node_count(s.rpc), 0);
    rpc_solo_free(&s);
}

static void five_idle_minutes_end_with_a_walk(void **state)
{
    rpc_solo s;
    ears e;
    begin(&s, NULL, &e);
    know(&s, 0, 30);
    s.rpc->refresh_ticks = 60;
    for (int i = 0; i < 59; i++) {
        rpc_solo_run(&s, TICK);
        for (const rpc_datagram *d; (d = rpc_solo_take(&s)) != NULL;) {
            assert_int_equal(rpc_solo_read(d).command, IC__RPC_PING);
            answer(&s, d);
        }
    }
    rpc_solo_run(&s, TICK);
    assert_int_equal(s.rpc->queries.count, 1);
    assert_int_equal(rpc_solo_read(rpc_solo_take(&s)).command, IC__RPC_FIND_NODE);
    assert_int_equal(s.rpc->refresh_ticks, 60);
    rpc_solo_free(&s);
}

/* Twenty nodes of row 0, and one more. */
static unsigned fill_row(rpc_solo *s)
{
    unsigned i = 0;
    size_t count = 0;

    for (; count <= IC__RPC_K; i++) {
        ic__addr addr = node_addr(i);
        uint8_t id[32];
        ic__rpc_id_of(id, &addr);
        if (ic__table_row_of(s->rpc->table.id, id) != 0)
            continue;
        if (count++ == IC__RPC_K)
            break;
        rpc_solo_know(s, &addr);
    }
    assert_int_equal(ic__rpc_node_count(s->rpc), IC__RPC_K);
    return i;
}

static bool knows(const rpc_solo *s, unsigned i)
{
    ic__addr addr = node_addr(i);
    uint8_t id[32];

    ic__rpc_id_of(id, &addr);
    return ic__table_get(&s->rpc->table, id) != NULL;
}

static void a_newcomer_takes_the_place_of_one_that_does_not_answer(void **state)
{
    rpc_solo s;
    ears e;
    unsigned next;
    ic__addr newcomer;
    begin(&s, NULL, &e);
    next = fill_row(&s);
    newcomer = node_addr(next);
    rpc_solo_know(&s, &newcomer); /* all were heard in this tick */
    assert_int_equal(drop_all(&s), 0);
    s.rpc->tick += IC__RPC_RECENT_TICKS;
    rpc_solo_know(&s, &newcomer);
    assert_int_equal(s.count, 1);
    rpc_solo_run(&s, 4 * IC__SEC);
    assert_true(knows(&s, next));
    assert_int_equal(ic__rpc_node_count(s.rpc), IC__RPC_K);
    assert_int_equal(s.rpc->swaps, 0);
    rpc_solo_free(&s);
}

static void one_that_answers_keeps_its_place(void **state)
{
    rpc_solo s;
    ears e;
    unsigned next;
    ic__addr newcomer;
    begin(&s, NULL, &e);
    next = fill_row(&s);
    newcomer = node_addr(next);
    s.rpc->tick += IC__RPC_RECENT_TICKS;
    rpc_solo_know(&s, &newcomer);
    assert_int_equal(answer_all(&s), 1);
    assert_false(knows(&s, next));
    assert_int_equal(ic__rpc_node_count(s.rpc), IC__RPC_K);
    assert_int_equal(s.rpc->swaps, 0);
    rpc_solo_free(&s);
}

static void at_most_three_places_are_fought_for_at_a_time(void **state)
{
    rpc_solo s;
    ears e;
    unsigned next;
    begin(&s, NULL, &e);
    next = fill_row(&s);
    s.rpc->tick += IC__RPC_RECENT_TICKS;
    know(&s, next, 60);
    assert_int_equal(s.rpc->swaps, 3);
    assert_int_equal(drop_all(&s), 3);
    rpc_solo_free(&s);
}

static void old_nodes_that_were_pinged_lately_are_not_disturbed(void **state)
{
    rpc_solo s;
    ears e;
    unsigned next;
    begin(&s, NULL, &e);
    next = fill_row(&s);
    s.rpc->tick += IC__RPC_OLD_TICKS + 1;
    for (size_t i = 0; i < s.rpc->table.count; i++)
        s.rpc->table.nodes[i]->pinged = s.rpc->tick - 1;
    know(&s, next, 20);
    assert_int_equal(drop_all(&s), 0);
    rpc_solo_free(&s);
}

/* Time that passed while nobody looked. */
static void sleep_for(rpc_solo *s, uint64_t ns)
{
    fake_clock_set(&s->time, s->time.now_ns + ns);
    ic__clock_run(&s->clock, s->time.now_ns);
    rpc_solo_run(s, 1);
}

static void after_a_sleep_everything_looks_old(void **state)
{
    rpc_solo s;
    ears e;
    uint32_t before;
    begin(&s, NULL, &e);
    know(&s, 0, 30);
    before = s.rpc->tick;
    sleep_for(&s, 14 * IC__SEC);
    assert_int_equal(e.wakeup, 0);
    assert_int_equal(s.rpc->tick, before + 1);
    drop_all(&s);
    sleep_for(&s, 20 * IC__SEC);
    assert_int_equal(e.wakeup, 1);
    assert_in_range(s.rpc->tick, before + 715, before + 735);
    assert_int_equal(s.rpc->tick % 8, 6);
    assert_int_equal(s.rpc->stable_ticks, 720 - 1);
    assert_int_equal(ic__rpc_get_health(s.rpc), IC__RPC_COLD);
    rpc_solo_free(&s);
}

static void a_node_of_known_address_stays_persistent_over_a_sleep(void **state)
{
    ic__rpc_options opts;
    rpc_solo s;
    ears e;
    ic__rpc_options_default(&opts);
    opts.public_address = us;
    begin(&s, &opts, &e);
    assert_int_equal(e.persistent, 1);
    sleep_for(&s, 3600 * IC__SEC);
    assert_int_equal(e.wakeup, 1);
    assert_int_equal(e.ephemeral, 0);
    assert_true(ic__rpc_is_persistent(s.rpc));
    rpc_solo_free(&s);
}

static void a_known_address_makes_no_node_persistent_that_must_not_be(void **state)
{
    ic__rpc_options opts;
    rpc_solo s;
    ears e;
    ic__addr address;
    ic__rpc_options_default(&opts);
    opts.public_address = us;
    opts.mode = IC__RPC_EPHEMERAL;
    begin(&s, &opts, &e);
    rpc_solo_run(&s, 3600 * IC__SEC);
    assert_false(ic__rpc_is_persistent(s.rpc));
    address = ic__rpc_public_address(s.rpc);
    assert_true(ic__addr_equal(&address, &us));
    rpc_solo_free(&s);
}

static void expect_health(rpc_solo *s, uint64_t replies, uint64_t timeouts,
                          ic__rpc_health expected)
{
    s->rpc->stats.replies_in += replies;
    s->rpc->stats.timeouts += timeouts;
    ic__rpc_health_tick(s->rpc);
    assert_int_equal(ic__rpc_get_health(s->rpc), expected);
}

static void health_follows_the_answers_of_the_last_ticks(void **state)
{
    rpc_solo s;
    ears e;
    begin(&s, NULL, &e);
    for (int i = 0; i < 3; i++)
        expect_health(&s, 9, 0, IC__RPC_COLD);
    expect_health(&s, 9, 0, IC__RPC_ONLINE);
    assert_int_equal(e.health, 0);
    expect_health(&s, 0, 4, IC__RPC_ONLINE);
    expect_health(&s, 0, 3, IC__RPC_ONLINE); /* too few to say anything */
    expect_health(&s, 0, 4, IC__RPC_OFFLINE);
    assert_int_equal(e.health, 1);
    for (int i = 0; i < 3; i++)
        expect_health(&s, 9, 0, IC__RPC_OFFLINE);
    expect_health(&s, 9, 0, IC__RPC_ONLINE);
    for (int i = 0; i < 3; i++)
        expect_health(&s, 2, 3, IC__RPC_ONLINE);
    expect_health(&s, 2, 3, IC__RPC_DEGRADED);
    for (int i = 0; i < 3; i++)
        expect_health(&s, 3, 3, IC__RPC_DEGRADED);
    expect_health(&s, 3, 3, IC__RPC_ONLINE);
    assert_int_equal(e.health, 4);
    rpc_solo_free(&s);
}

static void a_resumed_node_walks_again(void **state)
{
    rpc_solo s;
    ears e;
    begin(&s, NULL, &e);
    know(&s, 0, 5);
    ic__rpc_suspend(s.rpc);
    ic__rpc_suspend(s.rpc);
    assert_true(ic__rpc_is_suspended(s.rpc));
    rpc_solo_run(&s, 3600 * IC__SEC);
    assert_int_equal(drop_all(&s), 0);
    s.bound[1].port = 41000; /* bound anew meanwhile */
    assert_int_equal(ic__rpc_resume(s.rpc), 0);
    assert_int_equal(ic__rpc_resume(s.rpc), 0);
    assert_int_equal(e.wakeup, 0); /* not inside of the call */
    assert_in_range(answer_all(&s), 5, 5);
    rpc_solo_run(&s, 1);
    assert_int_equal(e.wakeup, 1);
    assert_int_equal(s.rpc->bound[1].port, 41000);
    rpc_solo_free(&s);
}

/* Suspended in the middle of the first walk, for long or only for a moment. */
static void a_first_walk_that_was_cut_begins_again(void **state)
{
    for (int moment = 0; moment < 2; moment++) {
        ic__rpc_options opts;
        ic__addr bootstrap = node_addr(1);
        rpc_solo s;
        ears e = {0};
        ic__rpc_events events = events_of(&e);
        ic__rpc_options_default(&opts);
        opts.bootstrap = &bootstrap;
        opts.bootstrap_count = 1;
        assert_int_equal(rpc_solo_init(&s, &opts, &events), 0);
        assert_int_equal(ic__rpc_start(s.rpc), 0);
        assert_int_equal(drop_all(&s), 1);
        ic__rpc_suspend(s.rpc);
        if (!moment)
            rpc_solo_run(&s, 60 * IC__SEC);
        assert_int_equal(e.ready, 0);
        assert_int_equal(ic__rpc_resume(s.rpc), 0);
        rpc_solo_run(&s, 1);
        for (int i = 0; i < 3; i++) { /* the walk, and the probe of the firewall */
            answer_all(&s);
            rpc_solo_run(&s, 1);
        }
        assert_int_equal(e.ready, 1);
        rpc_solo_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_of_the_oldest_are_pinged_every_eighth_tick),
        cmocka_unit_test(a_node_that_falls_silent_leaves_the_table),
        cmocka_unit_test(a_node_that_answers_without_its_id_leaves_the_table),
        cmocka_unit_test(five_idle_minutes_end_with_a_walk),
        cmocka_unit_test(a_newcomer_takes_the_place_of_one_that_does_not_answer),
        cmocka_unit_test(one_that_answers_keeps_its_place),
        cmocka_unit_test(at_most_three_places_are_fought_for_at_a_time),
        cmocka_unit_test(old_nodes_that_were_pinged_lately_are_not_disturbed),
        cmocka_unit_test(after_a_sleep_everything_looks_old),
        cmocka_unit_test(a_node_of_known_address_stays_persistent_over_a_sleep),
        cmocka_unit_test(a_known_address_makes_no_node_persistent_that_must_not_be),
        cmocka_unit_test(health_follows_the_answers_of_the_last_ticks),
        cmocka_unit_test(a_resumed_node_walks_again),
        cmocka_unit_test(a_first_walk_that_was_cut_begins_again),
    };
    return cmocka_run_group_tests_name("dht/rpc_tick", tests, NULL, NULL);
}
