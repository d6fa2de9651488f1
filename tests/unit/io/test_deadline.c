#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/deadline.h"
#include "unit.h"

static void count(void *user)
{
    (*(int *)user)++;
}

static void rings_once_at_the_last_time_that_was_set(void **state)
{
    struct event_base *base = event_base_new();
    ic__deadline *deadline = NULL;
    int rung = 0;
    assert_int_equal(ic__deadline_new(base, count, &rung, &deadline), 0);
    ic__deadline_set(deadline, 3600 * IC__SEC, 0);
    ic__deadline_set(deadline, 5, 9); /* over: on the next turn */
    assert_int_equal(rung, 0);
    assert_int_equal(event_base_dispatch(base), 1); /* nothing is left afterwards */
    assert_int_equal(rung, 1);
    ic__deadline_set(deadline, 5, 9); /* the same time again */
    assert_int_equal(event_base_dispatch(base), 1);
    assert_int_equal(rung, 2);
    ic__deadline_free(deadline);
    event_base_free(base);
}

static void a_call_can_be_taken_back(void **state)
{
    struct event_base *base = event_base_new();
    ic__deadline *deadline = NULL;
    int rung = 0;
    assert_int_equal(ic__deadline_new(base, count, &rung, &deadline), 0);
    ic__deadline_set(deadline, IC__MS, 0);
    ic__deadline_set(deadline, IC__NEVER, 0);
    assert_int_equal(event_base_dispatch(base), 1);
    assert_int_equal(rung, 0);
    ic__deadline_free(deadline);
    ic__deadline_free(NULL);
    event_base_free(base);
}

static void ring_now(evutil_socket_t fd, short what, void *user)
{
    ic__deadline_now(user);
    ic__deadline_now(user);
}

static void a_call_for_now_comes_before_the_loop_looks_further(void **state)
{
    struct event_base *base = event_base_new();
    ic__deadline *deadline = NULL;
    int rung = 0;
    assert_int_equal(ic__deadline_new(base, count, &rung, &deadline), 0);
    ic__deadline_set(deadline, 3600 * IC__SEC, 0);
    assert_int_equal(event_base_once(base, -1, EV_TIMEOUT, ring_now, deadline, NULL), 0);
    assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    assert_int_equal(rung, 1);
    assert_int_equal(event_base_dispatch(base), 1); /* the time that was set is gone */
    assert_int_equal(rung, 1);
    ic__deadline_set(deadline, IC__MS, 0);
    assert_int_equal(event_base_dispatch(base), 1);
    assert_int_equal(rung, 2);
    ic__deadline_now(deadline);
    ic__deadline_set(deadline, IC__MS, 0); /* counts instead */
    assert_int_equal(event_base_dispatch(base), 1);
    assert_int_equal(rung, 3);
    ic__deadline_free(deadline);
    event_base_free(base);
}

static bool full; /* no more memory for libevent */

static void *maybe_resize(void *p, size_t size)
{
    return full ? NULL : realloc(p, size);
}

/* A base takes memory for its timers when they are set. */
static void a_call_without_memory_comes_at_once(void **state)
{
    ic__deadline *deadline = NULL;
    int rung = 0;
    event_set_mem_functions(malloc, maybe_resize, free);
    struct event_base *base = event_base_new();
    assert_int_equal(ic__deadline_new(base, count, &rung, &deadline), 0);
    full = true;
    ic__deadline_set(deadline, 3600 * IC__SEC, 0);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(rung, 1);
    full = false;
    ic__deadline_set(deadline, 3600 * IC__SEC, 0);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(rung, 1);
    ic__deadline_free(deadline);
    event_base_free(base);
}

static void make(void *base)
{
    ic__deadline *deadline;
    if (ic__deadline_new(base, count, NULL, &deadline) == 0)
        ic__deadline_free(deadline);
}

static void survives_each_failed_allocation(void **state)
{
    struct event_base *base = event_base_new();
    fail_alloc_each(make, base);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_once_at_the_last_time_that_was_set),
        cmocka_unit_test(a_call_can_be_taken_back),
        cmocka_unit_test(a_call_for_now_comes_before_the_loop_looks_further),
        cmocka_unit_test(a_call_without_memory_comes_at_once),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/deadline", tests, NULL, NULL);
}
