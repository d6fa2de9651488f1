/* docs/spec/16-ledger.md, section 3.3: who asks for a plan that takes long waits, may ask
 * other things meanwhile, hears how far it is, and may take a quick plan instead; nobody
 * else waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "bridge_bench.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

#define BALANCE "{\"type\":\"expense_balance\",\"id\":7,\"channel\":\"trip\"}"
#define CANCEL "{\"type\":\"expense_cancel\",\"id\":8,\"channel\":\"trip\"}"
#define PROGRESS                                                                         \
    "{\"type\":\"expense_progress\",\"channel\":\"trip\",\"request\":7,\"steps\":%u,"    \
    "\"budget\":200,\"payments\":23,\"lowerBound\":21}"

static unsigned searches; /* how often the bridge shall be told that it takes long */
static unsigned asked;
static unsigned waiting;
static unsigned steps;

static bool planned(const char *room, void *user)
{
    assert_string_equal(room, "trip");
    asked++;
    if (!searches)
        return true;
    searches--;
    waiting++;
    return false;
}

static bool progress(const char *room, bridge_progress *out, void *user)
{
    assert_string_equal(room, "trip");
    *out = (bridge_progress){
        .steps = steps, .budget = 200, .payments = 23, .lower_bound = 21};
    return steps <= 200;
}

static void leave(const char *room, void *user)
{
    assert_string_equal(room, "trip");
    assert_true(waiting > 0);
    waiting--;
}

static void quick(const char *room, void (*ask)(const char *room, void *asker),
                  void *asker, void *user)
{
    unsigned others = searches;

    searches = 0;
    ask(room, asker);
    searches = others;
}

static bool cli_waits;

static void run_line(const char *line, bridge_output *out, void *user)
{
    if (cli_waits) {
        waiting++;
        ic__buf_text(&out->waits_for, "trip");
        return;
    }
    bridge_output_line(out, line, strlen(line));
}

static int setup(void **state)
{
    bench *b = malloc(sizeof *b);

    assert_non_null(b);
    bench_init(b);
    bench_open_book(b);
    b->host.planned = planned;
    b->host.progress = progress;
    b->host.leave = leave;
    b->host.quick = quick;
    b->host.cli = run_line;
    b->settings.cli = true;
    bench_start(b, true);
    bench_enter(b, 0);
    bench_enter(b, 1);
    asked = searches = waiting = steps = 0;
    cli_waits = false;
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    free(*state);
    return 0;
}

/* The plans of the room are there. */
static void plans_come(bench *b)
{
    waiting = 0;
    bridge_hub_planned(b->hub, "trip", b->clock.now_ns);
}

static void assert_progress(bench *b)
{
    char expected[256];

    (void)snprintf(expected, sizeof expected, PROGRESS, steps);
    const char *got = bench_next(b, 0);
    assert_string_equal(got ? got : "(nothing)", expected);
}

static void assert_next(bench *b, unsigned n, const char *part)
{
    const char *got = bench_next(b, n);

    if (!got || !strstr(got, part))
        fail_msg("%s is not in %s", part, got ? got : "(nothing)");
}

static void ask_long(bench *b)
{
    searches++;
    bench_send(b, 0, BALANCE);
    assert_progress(b);
    assert_null(bench_next(b, 0));
}

static void who_asks_for_a_long_plan_is_answered_when_it_is_there(void **state)
{
    bench *b = *state;

    ask_long(b);
    bridge_hub_planned(b->hub, "another room", b->clock.now_ns);
    assert_null(bench_next(b, 0));
    assert_int_equal(asked, 1);
    searches = 1;
    plans_come(b); /* the room has changed meanwhile */
    assert_progress(b);
    assert_null(bench_next(b, 0));
    plans_come(b);
    assert_next(b, 0, "{\"id\":7,\"type\":\"expense_balance\"");
    assert_null(bench_next(b, 0));
    assert_int_equal(asked, 3);
    plans_come(b); /* nobody waits */
    assert_null(bench_next(b, 0));
    assert_int_equal(asked, 3);
}

static void nobody_else_waits(void **state)
{
    bench *b = *state;

    ask_long(b);
    bench_send(b, 1, "{\"type\":\"ping\"}");
    assert_next(b, 1, "pong");
    assert_int_equal(bridge_session_deadline(b->clients[1]), IC__NEVER);
}

static void who_waits_is_served_meanwhile(void **state)
{
    bench *b = *state;

    ask_long(b);
    assert_false(bridge_session_held(b->clients[0]));
    bench_send(b, 0, "{\"type\":\"ping\"}");
    assert_next(b, 0, "pong");
    bench_send(b, 0, "{\"type\":\"expense_list\",\"id\":9,\"channel\":\"trip\"}");
    assert_next(b, 0, "{\"id\":9,\"type\":\"expense_list\"");
    plans_come(b);
    assert_next(b, 0, "{\"id\":7,\"type\":\"expense_balance\"");
}

static void who_waits_hears_how_far_it_is(void **state)
{
    bench *b = *state;
    bridge_session *s = b->clients[0];

    assert_int_equal(bridge_session_deadline(s), IC__NEVER);
    ask_long(b);
    for (steps = 50; steps <= 200; steps += 50) {
        uint64_t at = bridge_session_deadline(s);
        assert_int_equal(at, b->clock.now_ns + 500 * IC__MS);
        bridge_session_expire(s, at - 1);
        assert_null(bench_next(b, 0));
        b->clock.now_ns = at;
        bridge_session_expire(s, at);
        assert_progress(b);
        assert_null(bench_next(b, 0));
    }
    b->clock.now_ns = bridge_session_deadline(s);
    bridge_session_expire(s, b->clock.now_ns); /* it is about to be told of */
    assert_null(bench_next(b, 0));
    plans_come(b);
    assert_next(b, 0, "expense_balance");
    assert_int_equal(bridge_session_deadline(s), IC__NEVER);
}

/* It may take whatever comes next for the answer. */
static void a_client_without_ids_hears_the_answer_alone(void **state)
{
    bench *b = *state;

    searches = 1;
    bench_send(b, 0, "{\"type\":\"expense_plan\",\"channel\":\"trip\"}");
    assert_null(bench_next(b, 0));
    bridge_session_expire(b->clients[0], bridge_session_deadline(b->clients[0]));
    assert_null(bench_next(b, 0));
    plans_come(b);
    assert_next(b, 0, "{\"type\":\"expense_plan\"");
}

static void a_cancel_answers_what_waits_with_a_quick_plan(void **state)
{
    bench *b = *state;

    ask_long(b);
    searches = 1;
    bench_send(b, 0,
               "{\"type\":\"expense_why\",\"channel\":\"trip\",\"from\":\"bob\","
               "\"to\":\"alice\"}");
    assert_null(bench_next(b, 0));
    searches = 1;
    bench_send(b, 1, BALANCE);
    assert_next(b, 1, "expense_progress");
    assert_int_equal(waiting, 3);
    bench_send(b, 0, CANCEL);
    assert_next(b, 0, "{\"id\":7,\"type\":\"expense_balance\"");
    assert_next(b, 0, "{\"type\":\"expense_why\"");
    assert_next(b, 0,
                "{\"id\":8,\"type\":\"expense_canceled\",\"channel\":\"trip\","
                "\"answered\":2}");
    assert_null(bench_next(b, 0));
    assert_null(bench_next(b, 1));
    assert_int_equal(waiting, 1); /* the other client goes on waiting */
}

static void a_cancel_of_nothing_says_so(void **state)
{
    bench *b = *state;

    ask_long(b);
    bench_send(b, 0, "{\"type\":\"expense_cancel\",\"channel\":\"another\"}");
    assert_next(b, 0, "\"channel\":\"another\",\"answered\":0}");
    bench_send(b, 1, CANCEL); /* only what the client itself has asked */
    assert_next(b, 1, "\"answered\":0}");
    assert_null(bench_next(b, 0));
    assert_int_equal(waiting, 1);
}

static void an_export_waits_too(void **state)
{
    bench *b = *state;

    searches = 1;
    bench_send(b, 0, "{\"type\":\"expense_export\",\"id\":7,\"channel\":\"trip\"}");
    assert_progress(b);
    assert_null(bench_next(b, 0));
    plans_come(b);
    assert_next(b, 0, "expense_exported");
}

static void a_line_of_the_assistant_waits_too(void **state)
{
    bench *b = *state;

    searches = 1;
    bench_send(b, 0,
               "{\"type\":\"expense_say\",\"id\":7,\"channel\":\"trip\",\"text\":"
               "\"balance\"}");
    assert_progress(b);
    bench_send(b, 0, CANCEL);
    assert_next(b, 0, "expense_said");
    assert_next(b, 0, "\"answered\":1");
}

static void a_command_waits_too(void **state)
{
    bench *b = *state;

    cli_waits = true;
    bench_send(b, 0, "{\"type\":\"cli\",\"id\":7,\"command\":\"/expense_plan\"}");
    assert_progress(b);
    assert_null(bench_next(b, 0));
    cli_waits = false;
    plans_come(b);
    assert_next(b, 0, "\"output\":[\"/expense_plan\"]");
    assert_null(bench_next(b, 0));
}

static void an_export_without_a_plan_waits_for_none(void **state)
{
    bench *b = *state;

    bench_send(
        b, 0, "{\"type\":\"expense_export\",\"channel\":\"trip\",\"what\":\"balances\"}");
    assert_next(b, 0, "expense_exported");
    assert_int_equal(asked, 0);
}

static void only_minimal_plans_take_long(void **state)
{
    bench *b = *state;

    searches = 1;
    bench_send(
        b, 0,
        "{\"type\":\"expense_balance\",\"channel\":\"trip\",\"plan\":\"pairwise\"}");
    assert_non_null(bench_next(b, 0));
    assert_int_equal(asked, 0);
}

static void a_client_that_waits_may_leave(void **state)
{
    bench *b = *state;

    ask_long(b);
    ask_long(b);
    assert_int_equal(waiting, 2);
    bridge_session_free(b->clients[0]);
    b->clients[0] = NULL;
    assert_int_equal(waiting, 0);
    plans_come(b);
    assert_int_equal(asked, 2);
}

static void more_than_eight_requests_do_not_wait(void **state)
{
    bench *b = *state;

    for (unsigned i = 0; i < 8; i++)
        ask_long(b);
    searches = 1;
    bench_send(b, 0, BALANCE);
    assert_next(
        b, 0,
        "{\"id\":7,\"type\":\"error\",\"error\":\"Too many requests wait for plans "
        "(8 at most).\"}");
    assert_int_equal(waiting, 8);
    bench_send(b, 0, CANCEL);
    for (unsigned i = 0; i < 8; i++)
        assert_next(b, 0, "{\"id\":7,\"type\":\"expense_balance\"");
    assert_next(b, 0, "\"answered\":8");
    ask_long(b);
}

static void without_memory_for_the_request_the_client_goes(void **state)
{
    bench *b = *state;
    const char *reason = NULL;

    for (size_t nth = 1; nth < 50; nth++) {
        bench_enter(b, 2);
        searches = 1;
        waiting = 0;
        fail_alloc_start(nth);
        (void)!bridge_session_message(b->clients[2], BALANCE, strlen(BALANCE),
                                      b->clock.now_ns);
        (void)fail_alloc_stop();
        bool goes = bridge_session_close_code(b->clients[2], &reason) != BRIDGE_OPEN;
        bridge_session_free(b->clients[2]);
        b->clients[2] = NULL;
        assert_int_equal(waiting, 0);
        if (!goes && nth > 5)
            return;
        assert_true(goes);
    }
    fail_msg("it never waited");
}

#define PLANNED_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLANNED_TEST(who_asks_for_a_long_plan_is_answered_when_it_is_there),
        PLANNED_TEST(nobody_else_waits),
        PLANNED_TEST(who_waits_is_served_meanwhile),
        PLANNED_TEST(who_waits_hears_how_far_it_is),
        PLANNED_TEST(a_client_without_ids_hears_the_answer_alone),
        PLANNED_TEST(a_cancel_answers_what_waits_with_a_quick_plan),
        PLANNED_TEST(a_cancel_of_nothing_says_so),
        PLANNED_TEST(an_export_waits_too),
        PLANNED_TEST(a_line_of_the_assistant_waits_too),
        PLANNED_TEST(a_command_waits_too),
        PLANNED_TEST(an_export_without_a_plan_waits_for_none),
        PLANNED_TEST(only_minimal_plans_take_long),
        PLANNED_TEST(a_client_that_waits_may_leave),
        PLANNED_TEST(more_than_eight_requests_do_not_wait),
        PLANNED_TEST(without_memory_for_the_request_the_client_goes),
    };
    return cmocka_run_group_tests_name("bridge/planned", tests, NULL, NULL);
}
