/* docs/spec/16-ledger.md, section 3.3: a search above 20 balances leaves the loop alone.
 */
#include <event2/event.h>
#include <stdio.h>
#include <time.h>

#include "desk.h"
#include "fail_alloc.h"
#include "intersplit/money.h"
#include "intersplit/plan.h"
#include "ledgers.h"
#include "peer_plans.h"
#include "unit.h"

static struct event_base *base;
static ic_identity *me;
static isplit_book *book;
static peer_plans *plans;
static int told;
static bool was_ready; /* when we were told */
static int closed;

static void on_plan(const char *room, void *user)
{
    assert_string_equal(room, "trip");
    told++;
    was_ready = peer_plans_ready(plans, "trip");
    (void)event_base_loopbreak(base);
}

static void on_closed(void *user)
{
    closed++;
}

static void add(const char *payer, const char *amount, const char *with)
{
    const isplit_part parts[] = {{.name = with}};
    const isplit_draft draft = {
        .payer = payer, .amount = amount, .parts = parts, .part_count = 1, .only = true};
    const isplit_entry *entry = NULL;

    assert_int_equal(isplit_book_add(book, "trip", &draft, &entry, NULL, NULL), 0);
}

static void add_many(void)
{
    for (size_t i = 0; i + 1 < LEDGERS_HARD; i++) {
        int64_t minor = ledgers_hard(i);
        char name[16];
        char amount[ISPLIT_MONEY_TEXT_MAX];
        (void)snprintf(name, sizeof name, "m%02zu", i);
        isplit_money_format(minor < 0 ? -minor : minor, 2, 0, amount);
        add(minor < 0 ? "zoe" : name, amount, minor < 0 ? name : "zoe");
    }
}

static int setup(void **state)
{
    isplit_book_options o;

    told = 0;
    closed = 0;
    me = desk_identity(1);
    isplit_book_options_default(&o);
    o.path = ":memory:";
    o.identity = me;
    assert_int_equal(isplit_book_open(&o, &book, NULL), 0);
    base = event_base_new();
    assert_non_null(base);
    assert_int_equal(peer_plans_new(base, book, on_plan, NULL, &plans), 0);
    return 0;
}

static int teardown(void **state)
{
    peer_plans_close(plans, on_closed, NULL);
    peer_plans_close(plans, on_closed, NULL);
    (void)event_base_dispatch(base);
    assert_int_equal(closed, 1);
    event_base_free(base);
    isplit_book_close(book);
    ic_identity_free(me);
    return 0;
}

static const isplit_state *state_of(void)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_book_state(book, "trip", &state), 0);
    return state;
}

static void a_small_room_is_ready_at_once(void **state)
{
    add("alice", "30", "bob");
    assert_true(peer_plans_ready(plans, "trip"));
    assert_true(peer_plans_ready(plans, "nobody was here"));
    assert_int_equal(told, 0);
}

static void a_large_room_is_searched_once_and_kept(void **state)
{
    add_many();
    assert_false(peer_plans_ready(plans, "trip"));
    assert_false(peer_plans_ready(plans, "trip"));
    assert_int_equal(told, 0); /* the loop has not run */
    (void)event_base_dispatch(base);
    assert_int_equal(told, 1);
    assert_false(isplit_state_plan_is_long(state_of(), 0));
    assert_true(peer_plans_ready(plans, "trip"));
}

static void a_room_that_changes_meanwhile_is_searched_again(void **state)
{
    add_many();
    assert_false(peer_plans_ready(plans, "trip"));
    add("m00", "1.00", "zoe");
    (void)event_base_dispatch(base);
    assert_int_equal(told, 1);
    assert_true(was_ready);
    assert_false(isplit_state_plan_is_long(state_of(), 0));
}

static int changes;

static void change(evutil_socket_t fd, short what, void *user)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* not thousands */
    changes++;
    add("m00", "0.01", "zoe");
    assert_int_equal(event_add(*(struct event **)user, &(struct timeval){0}), 0);
}

/* Plan what there is: at most PEER_PLANS_TRIES searches, then what is found quickly,
 * which says that it may not be minimal, and is no answer for later. */
static void a_room_that_is_never_quiet_has_an_answer(void **state)
{
    isplit_plan plan;
    struct event *often = event_new(base, -1, 0, change, &often);

    assert_non_null(often);
    changes = 0;
    add_many();
    assert_int_equal(event_add(often, &(struct timeval){0}), 0); /* in each turn */
    assert_false(peer_plans_ready(plans, "trip"));
    add("m00", "0.01", "zoe");
    (void)event_base_dispatch(base);
    event_free(often);
    assert_true(changes >= PEER_PLANS_TRIES);
    assert_int_equal(told, 1);
    assert_true(was_ready);
    assert_true(isplit_state_plan_is_long(state_of(), 0));
    assert_int_equal(isplit_state_plan(state_of(), 0, NULL, &plan), 0);
    assert_true(plan.count >= plan.lower_bound);
    isplit_plan_free(&plan);
    assert_false(peer_plans_ready(plans, "trip")); /* who asks later gets a search */
    (void)event_base_dispatch(base);
    assert_int_equal(told, 2);
    assert_false(isplit_state_plan_is_long(state_of(), 0));
}

static void who_waits_may_ask_how_far_it_is(void **state)
{
    peer_plans_effort e = {0};
    isplit_plan plan;

    add_many();
    assert_false(peer_plans_progress(plans, "trip", &e));
    assert_false(peer_plans_ready(plans, "trip"));
    assert_true(peer_plans_progress(plans, "trip", &e));
    assert_true(e.steps <= e.budget && e.budget > 0);
    (void)event_base_dispatch(base);
    assert_false(peer_plans_progress(plans, "trip", &e));
    assert_int_equal(isplit_state_plan(state_of(), 0, NULL, &plan), 0);
    assert_true(e.payments >= plan.count && e.lower_bound <= plan.count);
    isplit_plan_free(&plan);
}

static void ask_once(const char *room, void *user)
{
    isplit_plan plan;

    assert_true(peer_plans_ready(plans, room));
    assert_int_equal(isplit_state_plan(state_of(), 0, NULL, &plan), 0);
    *(size_t *)user = plan.count;
    isplit_plan_free(&plan);
}

/* One is answered at once, another one gets the plan that is searched for. */
static void who_does_not_wait_leaves_others_alone(void **state)
{
    peer_plans_effort e = {0};
    size_t payments = 0;

    add_many();
    assert_false(peer_plans_ready(plans, "trip"));
    assert_false(peer_plans_ready(plans, "trip"));
    assert_true(peer_plans_progress(plans, "trip", &e));
    peer_plans_leave(plans, "trip");
    peer_plans_quick(plans, "trip", ask_once, &payments);
    assert_int_equal(payments, e.payments);
    assert_false(peer_plans_ready(plans, "trip"));
    (void)event_base_dispatch(base);
    assert_int_equal(told, 1);
    assert_true(was_ready);
    assert_false(isplit_state_plan_is_long(state_of(), 0));
}

static void run_until_quiet(void)
{
    peer_plans_effort e;

    while (peer_plans_progress(plans, "trip", &e))
        (void)event_base_loop(base, EVLOOP_ONCE);
}

static void a_search_that_nobody_waits_for_ends(void **state)
{
    add_many();
    peer_plans_leave(plans, "trip"); /* nobody searches yet */
    assert_false(peer_plans_ready(plans, "trip"));
    peer_plans_leave(plans, "trip");
    peer_plans_leave(plans, "trip");
    run_until_quiet();
    assert_int_equal(told, 0);
    assert_true(isplit_state_plan_is_long(state_of(), 0));
}

static void a_search_that_was_left_is_taken_up_again(void **state)
{
    add_many();
    assert_false(peer_plans_ready(plans, "trip"));
    peer_plans_leave(plans, "trip");
    (void)nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL); /* it may notice */
    assert_false(peer_plans_ready(plans, "trip"));
    (void)event_base_dispatch(base);
    assert_int_equal(told, 1);
    assert_false(isplit_state_plan_is_long(state_of(), 0));
}

/* Teardown closes while the search runs, and nobody is told. */
static void closing_ends_a_search(void **state)
{
    add_many();
    assert_false(peer_plans_ready(plans, "trip"));
}

static void without_memory_the_plan_is_made_at_once(void **state)
{
    size_t nth = 0;

    add_many();
    (void)state_of();
    bool ready = true;
    while (ready) {
        fail_alloc_start(++nth);
        ready = peer_plans_ready(plans, "trip");
        (void)fail_alloc_stop();
        assert_true(nth < 100);
    }
    assert_true(nth > 3);
}

static void new_once(void *arg)
{
    peer_plans *p = NULL;

    if (peer_plans_new(base, book, on_plan, NULL, &p) != 0)
        return;
    peer_plans_close(p, NULL, NULL);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(new_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_room_is_ready_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_room_is_searched_once_and_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_room_that_changes_meanwhile_is_searched_again,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_room_that_is_never_quiet_has_an_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_waits_may_ask_how_far_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(who_does_not_wait_leaves_others_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_search_that_nobody_waits_for_ends, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_search_that_was_left_is_taken_up_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(closing_ends_a_search, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_the_plan_is_made_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(survives_each_failed_allocation, setup, teardown),
    };
    return cmocka_run_group_tests_name("cli/peer_plans", tests, NULL, NULL);
}
