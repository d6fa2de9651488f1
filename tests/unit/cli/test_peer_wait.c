/* docs/spec/16-ledger.md, section 3.3: who waits for a plan at the terminal sees how far
 * it is, and may call the search off. */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "desk.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intersplit/money.h"
#include "ledgers.h"
#include "peer_wait.h"
#include "unit.h"

static struct event_base *base;
static peer_plans *plans;
static peer_wait *waiter;
static char ran[64];
static char printed[PEER_ROOM_MAX + 128];

static void on_plan(const char *room, void *user)
{
    peer_wait_planned(waiter, room);
    (void)event_base_loopbreak(base);
}

static void print(const char *text, void *user)
{
    (void)snprintf(printed, sizeof printed, "%s", text);
}

static bool was_ready; /* when the line ran */

static void run(const char *text, size_t len, void *user)
{
    was_ready = peer_plans_ready(plans, "trip");
    (void)snprintf(ran, sizeof ran, "%.*s", (int)len, text);
}

static void new_waiter(void)
{
    const peer_wait_options o = {
        .base = base, .plans = plans, .print = print, .print_every_ms = 1, .run = run};

    ran[0] = printed[0] = 0;
    assert_int_equal(peer_wait_new(&o, &waiter), 0);
}

static int setup(void **state)
{
    desk_setup(state);
    desk *d = *state;
    desk_open(d);
    for (size_t i = 0; i + 1 < LEDGERS_HARD; i++) {
        int64_t minor = 2 * ledgers_hard(i);
        char name[16];
        char amount[ISPLIT_MONEY_TEXT_MAX];
        char split[32];
        (void)snprintf(name, sizeof name, "m%02zu", i);
        (void)snprintf(split, sizeof split, "%s,zoe", name);
        isplit_money_format(minor < 0 ? -minor : minor, 2, 0, amount);
        (void)desk_add(d, "trip", minor < 0 ? "zoe" : name, amount, split, "");
    }
    base = event_base_new();
    assert_non_null(base);
    assert_int_equal(peer_plans_new(base, d->book, on_plan, NULL, &plans), 0);
    new_waiter();
    return 0;
}

static int teardown(void **state)
{
    peer_wait_free(waiter);
    peer_plans_close(plans, NULL, NULL);
    (void)event_base_dispatch(base);
    event_base_free(base);
    return desk_teardown(state);
}

static void a_line_runs_again_when_its_plan_is_there(void **state)
{
    assert_false(peer_wait_is_on(waiter));
    peer_wait_planned(waiter, "trip"); /* nobody waits */
    assert_false(peer_plans_ready(plans, "trip"));
    assert_int_equal(peer_wait_begin(waiter, "/expense_why xx", 12, "trip"), 0);
    assert_true(peer_wait_is_on(waiter));
    assert_int_equal(peer_wait_begin(waiter, "/x", 2, "trip"), IC_ERR_BUSY);
    peer_wait_planned(waiter, "another room");
    assert_string_equal(ran, "");
    while (!printed[0])
        (void)event_base_loop(base, EVLOOP_ONCE);
    assert_non_null(
        strstr(printed, "[expense:trip] searching for the fewest payments: "));
    (void)event_base_dispatch(base);
    assert_string_equal(ran, "/expense_why");
    assert_true(was_ready);
    assert_false(peer_wait_is_on(waiter));
}

static void a_line_may_be_answered_at_once(void **state)
{
    peer_wait_hurry(waiter); /* nobody waits */
    assert_false(peer_plans_ready(plans, "trip"));
    assert_int_equal(peer_wait_begin(waiter, "/expense_plan", 13, "trip"), 0);
    peer_wait_hurry(waiter);
    assert_string_equal(ran, "/expense_plan");
    assert_true(was_ready);
    assert_false(peer_wait_is_on(waiter));
}

static void without_memory_no_line_waits(void **state)
{
    const peer_wait_options o = {.base = base, .plans = plans, .run = run};
    peer_wait *w = NULL;

    fail_alloc_start(1);
    assert_int_equal(peer_wait_new(&o, &w), IC_ERR_NOMEM);
    (void)fail_alloc_stop();
    fail_alloc_start(1);
    assert_int_equal(peer_wait_begin(waiter, "/x", 2, "trip"), IC_ERR_NOMEM);
    (void)fail_alloc_stop();
    assert_false(peer_wait_is_on(waiter));
    peer_wait_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_runs_again_when_its_plan_is_there, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_line_may_be_answered_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_no_line_waits, setup, teardown),
    };
    return cmocka_run_group_tests_name("cli/peer_wait", tests, NULL, NULL);
}
