/* docs/spec/05-dht-rpc.md, section 10: walks, with the test as everybody else. */
#include <string.h>

#include "dht_addr.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "rpc_solo.h"
#include "unit.h"

typedef struct walk {
    rpc_solo s;
    ic__query *query;
    int answers;
    int done;
    int error;
    size_t closest;
    ic__query_stats stats;
    int stop_at;   /* answers; 0 = never */
    int cancel_at; /* the same */
} walk;

static const ic__addr us = {.ip = {20, 0, 0, 1}, .port = 40000, .family = 4};

static ic__addr node_addr(unsigned i)
{
    return (ic__addr){
        .ip = {30, 0, (uint8_t)(i >> 8), (uint8_t)i}, .port = 49737, .family = 4};
}

static void on_reply(void *user, const ic__rpc_reply *reply)
{
    walk *w = user;

    w->answers++;
    if (w->answers == w->stop_at)
        ic__query_stop(w->query);
    if (w->answers == w->cancel_at)
        ic__query_cancel(w->query);
}

static void on_done(void *user, int error, ic__query *query)
{
    walk *w = user;

    w->done++;
    w->error = error;
    w->stats = ic__query_get_stats(query);
    (void)ic__query_closest(query, &w->closest);
    ic__query_cancel(query); /* allowed, and nothing happens */
}

static void walk_init(walk *w, unsigned known)
{
    *w = (walk){0};
    assert_int_equal(rpc_solo_init(&w->s, NULL, NULL), 0);
    w->s.rpc->opts.max_query_visits = 64;
    for (unsigned i = 0; i < known; i++) {
        ic__addr addr = node_addr(i);
        rpc_solo_know(&w->s, &addr);
    }
}

static ic__query_options options(walk *w)
{
    ic__query_options opts;

    ic__query_options_default(&opts);
    opts.command = 3;
    opts.on_reply = on_reply;
    opts.on_done = on_done;
    opts.user = w;
    return opts;
}

static void begin(walk *w)
{
    ic__query_options opts = options(w);
    assert_int_equal(ic__query_new(w->s.rpc, &opts, &w->query), 0);
}

/* An honest answer, naming `count` nodes. */
static void answer(walk *w, const rpc_datagram *request, const ic__addr *closer,
                   size_t count)
{
    rpc_datagram copy = *request;
    uint8_t id[32];
    ic__rpc_message m = {.to = us, .id = id, .closer_count = count};

    ic__rpc_id_of(id, &copy.to);
    for (size_t i = 0; i < count; i++)
        m.closer[i] = closer[i];
    rpc_solo_answer(&w->s, &copy, &m);
}

static void a_walk_without_anybody_ends_at_the_next_turn(void **state)
{
    walk w;
    walk_init(&w, 0);
    begin(&w);
    assert_int_equal(w.done, 0);
    rpc_solo_run(&w.s, 0);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.error, IC_ERR_NOT_FOUND);
    rpc_solo_free(&w.s);
}

static void ten_are_asked_at_a_time(void **state)
{
    walk w;
    walk_init(&w, 20);
    begin(&w);
    assert_int_equal(w.s.count, 10);
    for (int i = 0; i < 20; i++) {
        answer(&w, rpc_solo_take(&w.s), NULL, 0);
        assert_int_equal(w.s.count, i < 10 ? 10 : 19 - i);
    }
    rpc_solo_run(&w.s, 0);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.error, 0);
    assert_int_equal(w.closest, 20);
    assert_int_equal(w.stats.answers, 20);
    rpc_solo_free(&w.s);
}

static void the_slow_make_room_for_others(void **state)
{
    walk w;
    walk_init(&w, 18);
    begin(&w);
    assert_int_equal(w.s.count, 10);
    rpc_solo_run(&w.s, IC__SEC); /* ten repetitions, and the other eight */
    assert_int_equal(w.s.count, 28);
    rpc_solo_free(&w.s);
}

static void the_nodes_that_were_named_are_asked(void **state)
{
    walk w;
    ic__addr named[3] = {node_addr(100), node_addr(101), node_addr(102)};
    const rpc_datagram *d;
    int asked = 0;
    walk_init(&w, 1);
    begin(&w);
    answer(&w, rpc_solo_take(&w.s), named, 3);
    for (; (d = rpc_solo_take(&w.s)) != NULL; asked++)
        answer(&w, d, named, 3);
    assert_int_equal(asked, 3);
    rpc_solo_run(&w.s, 0);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.stats.hops, 1);
    rpc_solo_free(&w.s);
}

/* Section 13. */
static void addresses_that_nobody_has_and_our_own_are_passed_over(void **state)
{
    walk w;
    ic__addr named[6] = {dht_addr("30.0.0.9", 0),        dht_addr("224.0.0.1", 1),
                         dht_addr("255.255.255.255", 1), dht_addr("0.0.0.0", 1),
                         dht_addr("127.0.0.1", 40000),   node_addr(7)};
    walk_init(&w, 1);
    assert_int_equal(ic__rpc_start(w.s.rpc), 0);
    while (w.s.count)
        (void)rpc_solo_take(&w.s);
    begin(&w);
    answer(&w, rpc_solo_take(&w.s), named, 6);
    assert_int_equal(w.s.count, 1);
    assert_true(ic__addr_equal(&rpc_solo_take(&w.s)->to, &named[5]));
    rpc_solo_free(&w.s);
}

/* Section 13: liars name twenty new nodes each, all of them closer. */
static void a_walk_among_liars_ends(void **state)
{
    walk w;
    unsigned next = 1000;
    unsigned visits = 0;
    walk_init(&w, 20);
    begin(&w);
    for (const rpc_datagram *d; (d = rpc_solo_take(&w.s)) != NULL; visits++) {
        ic__addr lies[20];
        for (size_t i = 0; i < 20; i++)
            lies[i] = node_addr(next++);
        rpc_datagram copy = *d;
        ic__rpc_message m = {.to = us,
                             .closer_count = 20}; /* no id: never among the 20 */
        memcpy(m.closer, lies, sizeof lies);
        rpc_solo_answer(&w.s, &copy, &m);
    }
    rpc_solo_run(&w.s, 0);
    assert_int_equal(visits, 64);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.closest, 0);
    assert_in_range(ic__rpc_get_stats(w.s.rpc).dropped_limit, 1, 20 * 64);
    rpc_solo_free(&w.s);
}

static void whoever_named_a_dead_node_is_told(void **state)
{
    walk w;
    ic__addr dead = node_addr(50);
    ic__addr teller;
    int hints = 0;
    walk_init(&w, 1);
    begin(&w);
    teller = node_addr(0);
    answer(&w, rpc_solo_take(&w.s), &dead, 1);
    rpc_solo_run(&w.s, 5999 * IC__MS);
    assert_int_equal(w.done, 0);
    rpc_solo_run(&w.s, 2 * IC__MS);
    for (const rpc_datagram *d; (d = rpc_solo_take(&w.s)) != NULL;) {
        ic__rpc_message m = rpc_solo_read(d);
        if (!m.internal)
            continue;
        assert_int_equal(m.command, IC__RPC_DOWN_HINT);
        assert_true(ic__addr_equal(&d->to, &teller));
        assert_memory_equal(m.value, "\x1e\x00\x00\x32\x49\xc2", 6);
        hints++;
    }
    assert_int_equal(hints, 1);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.stats.failures, 1);
    rpc_solo_free(&w.s);
}

static void down_hints_have_a_budget(void **state)
{
    walk w;
    ic__addr dead = node_addr(50);
    ic__addr teller = node_addr(0);
    walk_init(&w, 0);
    for (int i = 0; i < 60; i++)
        ic__rpc_send_down_hint(w.s.rpc, &teller, &dead);
    assert_int_equal(w.s.count, 50);
    rpc_solo_free(&w.s);
}

static void a_table_node_that_does_not_answer_is_removed(void **state)
{
    walk w;
    walk_init(&w, 3);
    begin(&w);
    rpc_solo_run(&w.s, 6 * IC__SEC + 1);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.error, IC_ERR_NOT_FOUND);
    assert_int_equal(ic__rpc_node_count(w.s.rpc), 0);
    rpc_solo_free(&w.s);
}

static void nodes_without_id_or_with_an_error_are_not_among_the_closest(void **state)
{
    walk w;
    ic__rpc_message m = {.to = us};
    uint8_t id[32];
    rpc_datagram d;
    walk_init(&w, 3);
    begin(&w);
    d = *rpc_solo_take(&w.s);
    rpc_solo_answer(&w.s, &d, &m);
    d = *rpc_solo_take(&w.s);
    ic__rpc_id_of(id, &d.to);
    m.id = id;
    m.error = 1;
    rpc_solo_answer(&w.s, &d, &m);
    d = *rpc_solo_take(&w.s);
    ic__rpc_id_of(id, &d.to);
    m.error = 0;
    m.token = id;
    rpc_solo_answer(&w.s, &d, &m);
    rpc_solo_run(&w.s, 0);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.answers, 3);
    assert_int_equal(w.closest, 1);
    rpc_solo_free(&w.s);
}

static void a_walk_that_is_stopped_ends_with_what_there_is(void **state)
{
    walk w;
    walk_init(&w, 20);
    begin(&w);
    w.stop_at = 2;
    for (int i = 0; i < 2; i++)
        answer(&w, rpc_solo_take(&w.s), NULL, 0);
    assert_int_equal(w.done, 0);
    rpc_solo_run(&w.s, 0);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.error, 0);
    assert_int_equal(w.closest, 2);
    assert_int_equal(w.s.rpc->by_tid.count, 0);
    rpc_solo_free(&w.s);
}

static void a_walk_may_be_forgotten_inside_of_its_answer(void **state)
{
    walk w;
    walk_init(&w, 20);
    begin(&w);
    w.cancel_at = 1;
    answer(&w, rpc_solo_take(&w.s), NULL, 0);
    assert_int_equal(w.s.rpc->queries.count, 0);
    assert_int_equal(w.s.rpc->by_tid.count, 0);
    rpc_solo_run(&w.s, 10 * IC__SEC);
    assert_int_equal(w.done, 0);
    ic__query_cancel(NULL);
    rpc_solo_free(&w.s);
}

static void a_walk_ends_when_the_node_is_suspended(void **state)
{
    walk w;
    ic__query_options opts;
    walk_init(&w, 20);
    begin(&w);
    ic__rpc_suspend(w.s.rpc);
    opts = options(&w);
    assert_int_equal(ic__query_new(w.s.rpc, &opts, NULL), IC_ERR_CLOSED);
    rpc_solo_run(&w.s, 1);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.error, IC_ERR_CANCELED);
    rpc_solo_free(&w.s);
}

static void the_seeds_are_asked_before_the_table(void **state)
{
    walk w;
    ic__addr seeds[20];
    ic__query_options opts;
    walk_init(&w, 30);
    for (unsigned i = 0; i < 20; i++)
        seeds[i] = node_addr(300 + i);
    opts = options(&w);
    opts.seeds = seeds;
    opts.seed_count = 20;
    assert_int_equal(ic__query_new(w.s.rpc, &opts, &w.query), 0);
    assert_int_equal(w.s.count, 10);
    /* Not proven yet: two answers make no room for others. */
    for (int i = 0; i < 2; i++) {
        rpc_datagram d = *rpc_solo_take(&w.s);
        assert_int_equal(d.to.ip[2], 1); /* a seed */
        answer(&w, &d, NULL, 0);
    }
    assert_int_equal(w.s.count, 8);
    /* All others are dead: with two answers of twenty it begins again from the table. */
    for (int i = 0; i < 60; i++) {
        rpc_solo_run(&w.s, IC__SEC);
        for (const rpc_datagram *d; (d = rpc_solo_take(&w.s)) != NULL;) {
            if (d->to.ip[2] == 0)
                answer(&w, d, NULL, 0);
        }
    }
    assert_int_equal(w.done, 1);
    assert_in_range(w.stats.answers, 12, 22);
    rpc_solo_free(&w.s);
}

static void the_background_is_gentle_when_others_are_under_way(void **state)
{
    walk w;
    ic__query_options opts;
    walk_init(&w, 20);
    opts = options(&w);
    opts.background = true;
    assert_int_equal(ic__query_new(w.s.rpc, &opts, &w.query), 0);
    assert_int_equal(w.s.count, 3);
    rpc_solo_free(&w.s);
}

static void a_value_travels_with_every_request(void **state)
{
    static const uint8_t value[IC__RPC_VALUE_MAX + 1] = {1, 2, 3};
    walk w;
    ic__query_options opts;
    ic__rpc_message m;
    walk_init(&w, 1);
    opts = options(&w);
    opts.value = value;
    opts.value_len = sizeof value;
    assert_int_equal(ic__query_new(w.s.rpc, &opts, NULL), IC_ERR_LIMIT);
    opts.value_len = 3;
    assert_int_equal(ic__query_new(w.s.rpc, &opts, NULL), 0);
    m = rpc_solo_read(rpc_solo_take(&w.s));
    assert_int_equal(m.value_len, 3);
    assert_memory_equal(m.value, value, 3);
    assert_int_equal(m.command, 3);
    rpc_solo_free(&w.s);
}

static void walk_without_memory(void *arg)
{
    walk w = {0};
    ic__query_options opts = options(&w);
    ic__addr named[3] = {node_addr(100), node_addr(101), node_addr(102)};
    int begun = 0;
    if (rpc_solo_init(&w.s, NULL, NULL) == 0) {
        for (unsigned i = 0; i < 5; i++) {
            ic__addr addr = node_addr(i);
            rpc_solo_know(&w.s, &addr);
        }
        opts.value = named[0].ip;
        opts.value_len = 4;
        begun = ic__query_new(w.s.rpc, &opts, &w.query) == 0;
        for (const rpc_datagram *d; (d = rpc_solo_take(&w.s)) != NULL;)
            answer(&w, d, named, 3);
        rpc_solo_run(&w.s, 20 * IC__SEC);
        assert_int_equal(w.done, begun);
    }
    rpc_solo_free(&w.s);
}

static void without_memory_a_walk_still_ends_once(void **state)
{
    fail_alloc_each(walk_without_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_without_anybody_ends_at_the_next_turn),
        cmocka_unit_test(ten_are_asked_at_a_time),
        cmocka_unit_test(the_slow_make_room_for_others),
        cmocka_unit_test(the_nodes_that_were_named_are_asked),
        cmocka_unit_test(addresses_that_nobody_has_and_our_own_are_passed_over),
        cmocka_unit_test(a_walk_among_liars_ends),
        cmocka_unit_test(whoever_named_a_dead_node_is_told),
        cmocka_unit_test(down_hints_have_a_budget),
        cmocka_unit_test(a_table_node_that_does_not_answer_is_removed),
        cmocka_unit_test(nodes_without_id_or_with_an_error_are_not_among_the_closest),
        cmocka_unit_test(a_walk_that_is_stopped_ends_with_what_there_is),
        cmocka_unit_test(a_walk_may_be_forgotten_inside_of_its_answer),
        cmocka_unit_test(a_walk_ends_when_the_node_is_suspended),
        cmocka_unit_test(the_seeds_are_asked_before_the_table),
        cmocka_unit_test(the_background_is_gentle_when_others_are_under_way),
        cmocka_unit_test(a_value_travels_with_every_request),
        cmocka_unit_test(without_memory_a_walk_still_ends_once),
    };
    return cmocka_run_group_tests_name("dht/query", tests, NULL, NULL);
}
