/* docs/spec/16-ledger.md, section 3.3: who asks for a plan that takes long waits, nobody
 * else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge_bench.h"
#include "fail_alloc.h"
#include "intercom/error.h"

#define BALANCE "{\"type\":\"expense_balance\",\"id\":7,\"channel\":\"trip\"}"

static unsigned searches; /* how often the bridge shall be told that it takes long */
static unsigned asked;

static bool planned(const char *room, void *user)
{
    (void)user;
    assert_string_equal(room, "trip");
    asked++;
    return !searches || !searches--;
}

static bool cli_waits;

static void run_line(const char *line, bridge_output *out, void *user)
{
    (void)user;
    out->waits = cli_waits;
    bridge_output_line(out, line, strlen(line));
}

static int setup(void **state)
{
    bench *b = malloc(sizeof *b);

    assert_non_null(b);
    bench_init(b);
    bench_open_book(b);
    b->host.planned = planned;
    b->host.cli = run_line;
    b->settings.cli = true;
    bench_start(b, true);
    bench_enter(b, 0);
    bench_enter(b, 1);
    asked = 0;
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    free(*state);
    return 0;
}

static int send(bench *b, unsigned n, const char *text)
{
    return bridge_session_message(b->clients[n], text, strlen(text), b->clock.now_ns);
}

static void who_asks_for_a_long_plan_is_answered_when_it_is_there(void **state)
{
    bench *b = *state;

    searches = 2;
    assert_int_equal(send(b, 0, BALANCE), 0);
    assert_true(bridge_session_held(b->clients[0]));
    assert_null(bench_next(b, 0));
    assert_int_equal(send(b, 0, "{\"type\":\"ping\"}"), IC_ERR_AGAIN);
    bridge_hub_planned(b->hub, b->clock.now_ns); /* the room has changed meanwhile */
    assert_true(bridge_session_held(b->clients[0]));
    assert_null(bench_next(b, 0));
    bridge_hub_planned(b->hub, b->clock.now_ns);
    assert_false(bridge_session_held(b->clients[0]));
    assert_non_null(strstr(bench_next(b, 0), "\"id\":7,\"type\":\"expense_balance\""));
    assert_null(bench_next(b, 0));
    assert_int_equal(asked, 3);
    bridge_hub_planned(b->hub, b->clock.now_ns); /* nobody waits */
    assert_null(bench_next(b, 0));
    assert_int_equal(asked, 3);
}

static void others_do_not_wait(void **state)
{
    bench *b = *state;

    searches = 1;
    assert_int_equal(send(b, 0, BALANCE), 0);
    bench_send(b, 1, "{\"type\":\"ping\"}");
    assert_non_null(strstr(bench_next(b, 1), "pong"));
    assert_int_equal(bridge_session_deadline(b->clients[0]), UINT64_MAX);
}

static void an_export_waits_too(void **state)
{
    bench *b = *state;

    searches = 1;
    assert_int_equal(send(b, 0, "{\"type\":\"expense_export\",\"channel\":\"trip\"}"), 0);
    assert_null(bench_next(b, 0));
    bridge_hub_planned(b->hub, b->clock.now_ns);
    assert_non_null(strstr(bench_next(b, 0), "expense_exported"));
}

static void a_command_waits_too(void **state)
{
    bench *b = *state;

    cli_waits = true;
    assert_int_equal(send(b, 0, "{\"type\":\"cli\",\"command\":\"/expense_plan\"}"), 0);
    assert_true(bridge_session_held(b->clients[0]));
    assert_null(bench_next(b, 0));
    cli_waits = false;
    bridge_hub_planned(b->hub, b->clock.now_ns);
    assert_non_null(strstr(bench_next(b, 0), "\"output\":[\"/expense_plan\"]"));
    assert_null(bench_next(b, 0));
}

static void an_export_without_a_plan_waits_for_none(void **state)
{
    bench *b = *state;

    bench_send(
        b, 0, "{\"type\":\"expense_export\",\"channel\":\"trip\",\"what\":\"balances\"}");
    assert_non_null(strstr(bench_next(b, 0), "expense_exported"));
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

    searches = 1;
    assert_int_equal(send(b, 0, BALANCE), 0);
    bridge_session_free(b->clients[0]);
    b->clients[0] = NULL;
    bridge_hub_planned(b->hub, b->clock.now_ns);
    assert_int_equal(asked, 1);
}

static void without_memory_for_the_request_the_client_goes(void **state)
{
    bench *b = *state;
    const char *reason = NULL;

    for (size_t nth = 1; nth < 50; nth++) {
        bench_enter(b, 2);
        searches = 1;
        fail_alloc_start(nth);
        (void)!send(b, 2, BALANCE);
        (void)fail_alloc_stop();
        bool waits = bridge_session_held(b->clients[2]);
        assert_true(waits || bridge_session_close_code(b->clients[2], &reason));
        bridge_session_free(b->clients[2]);
        b->clients[2] = NULL;
        if (waits)
            return;
    }
    fail_msg("it never waited");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            who_asks_for_a_long_plan_is_answered_when_it_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(others_do_not_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(an_export_waits_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_command_waits_too, setup, teardown),
        cmocka_unit_test_setup_teardown(an_export_without_a_plan_waits_for_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_minimal_plans_take_long, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_waits_may_leave, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_for_the_request_the_client_goes,
                                        setup, teardown),
    };
    return cmocka_run_group_tests_name("bridge/planned", tests, NULL, NULL);
}
