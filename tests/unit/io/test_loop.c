/* docs/c-style.md, "The loop, and calling back". */
#include <signal.h>

#include <event2/event.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/loop.h"
#include "unit.h"

static int stops;

static void on_stop(void *user)
{
    stops++;
    assert_int_equal(event_base_loopbreak(user), 0);
}

static void both_signals_are_told_from_the_loop(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct event_base *base;
    ic__loop_signals *signals;
    assert_int_equal(ic__loop_new(&base), 0);
    assert_int_equal(ic__loop_signals_new(base, on_stop, base, &signals), 0);
    stops = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(raise(numbers[i]), 0);
        assert_int_equal(stops, i);
        assert_int_equal(event_base_dispatch(base), 0);
        assert_int_equal(stops, i + 1);
    }
    ic__loop_signals_free(signals);
    assert_int_equal(event_base_dispatch(base), 1); /* nothing holds the loop any more */
    event_base_free(base);
}

static void a_broken_pipe_ends_nobody(void **state)
{
    struct event_base *base;
    ic__loop_signals *signals;
    assert_int_equal(ic__loop_new(&base), 0);
    assert_int_equal(ic__loop_signals_new(base, on_stop, base, &signals), 0);
    assert_int_equal(raise(SIGPIPE), 0);
    ic__loop_signals_free(signals);
    ic__loop_signals_free(NULL);
    event_base_free(base);
}

static void on_time(evutil_socket_t fd, short what, void *user)
{
    ic_env env;
    ic_env_system(&env);
    *(uint64_t *)user = env.now_ns(env.user);
}

static void a_timer_is_not_early(void **state)
{
    const struct timeval two_ms = {.tv_usec = 2000};
    struct event_base *base;
    uint64_t fired = 0;
    ic_env env;
    ic_env_system(&env);
    assert_int_equal(ic__loop_new(&base), 0);
    uint64_t start = env.now_ns(env.user);
    assert_int_equal(event_base_once(base, -1, EV_TIMEOUT, on_time, &fired, &two_ms), 0);
    assert_int_equal(event_base_dispatch(base), 1);
    assert_true(fired - start >= 2 * IC__MS);
    event_base_free(base);
}

static void make_signals(void *arg)
{
    ic__loop_signals *signals = NULL;
    int error = ic__loop_signals_new(arg, on_stop, arg, &signals);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    ic__loop_signals_free(signals);
}

static void survives_each_failed_allocation(void **state)
{
    struct event_base *base;
    assert_int_equal(ic__loop_new(&base), 0);
    fail_alloc_each(make_signals, base);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_signals_are_told_from_the_loop),
        cmocka_unit_test(a_broken_pipe_ends_nobody),
        cmocka_unit_test(a_timer_is_not_early),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/loop", tests, NULL, NULL);
}
