#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/jobs.h"
#include "unit.h"

typedef struct task {
    pthread_t where;
    sigset_t blocked;
    atomic_bool *may_end; /* NULL = at once */
    atomic_bool began;
    bool ran;
    int done;
    int order;
} task;

static int finished; /* how many tasks are done */
static int closed;

static void run(void *job)
{
    task *t = job;
    t->where = pthread_self();
    (void)pthread_sigmask(SIG_SETMASK, NULL, &t->blocked);
    atomic_store(&t->began, true);
    while (t->may_end && !atomic_load(t->may_end))
        ;
    t->ran = true;
}

static void done(void *job)
{
    task *t = job;
    t->done++;
    t->order = finished++;
}

static void on_closed(void *user)
{
    closed++;
}

static struct event_base *base;
static ic__jobs *jobs;

static int setup(void **state)
{
    finished = 0;
    closed = 0;
    base = event_base_new();
    assert_non_null(base);
    assert_int_equal(ic__jobs_new(base, 2, &jobs), 0);
    return 0;
}

/* Closes, and runs the loop until nothing is left in it. */
static int teardown(void **state)
{
    ic__jobs_close(jobs, on_closed, NULL);
    ic__jobs_close(jobs, on_closed, NULL);
    assert_true(event_base_dispatch(base) >= 0);
    assert_int_equal(closed, 1);
    event_base_free(base);
    return 0;
}

static void run_until(int count)
{
    while (finished < count)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

static void jobs_run_elsewhere_without_signals_and_are_told_of_here(void **state)
{
    task tasks[50] = {0};
    for (int i = 0; i < 50; i++)
        assert_int_equal(ic__jobs_add(jobs, run, done, &tasks[i]), 0);
    run_until(50);
    for (int i = 0; i < 50; i++) {
        assert_true(tasks[i].ran);
        assert_int_equal(tasks[i].done, 1);
        assert_false(pthread_equal(tasks[i].where, pthread_self()));
        assert_int_equal(sigismember(&tasks[i].blocked, SIGINT), 1);
        assert_int_equal(sigismember(&tasks[i].blocked, SIGTERM), 1);
    }
}

static void a_long_job_holds_up_nobody(void **state)
{
    atomic_bool may_end = false;
    task lengthy = {.may_end = &may_end};
    task brief[10] = {0};
    assert_int_equal(ic__jobs_add(jobs, run, done, &lengthy), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ic__jobs_add(jobs, run, done, &brief[i]), 0);
    run_until(10);
    assert_int_equal(lengthy.done, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(brief[i].order, i);
    atomic_store(&may_end, true);
    run_until(11);
}

static void what_did_not_begin_before_the_end_does_not_run(void **state)
{
    atomic_bool may_end = false;
    task tasks[5] = {0};
    for (int i = 0; i < 5; i++) {
        tasks[i].may_end = &may_end;
        assert_int_equal(ic__jobs_add(jobs, run, done, &tasks[i]), 0);
    }
    while (!atomic_load(&tasks[0].began) || !atomic_load(&tasks[1].began))
        ; /* both threads are busy */
    ic__jobs_close(jobs, on_closed, NULL);
    assert_int_equal(ic__jobs_add(jobs, run, done, &tasks[0]), IC_ERR_CANCELED);
    assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    assert_int_equal(finished, 3);
    assert_int_equal(closed, 0);
    atomic_store(&may_end, true);
    assert_int_equal(event_base_dispatch(base), 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(tasks[i].done, 1);
        assert_int_equal(tasks[i].ran, i < 2);
    }
    assert_int_equal(closed, 1);
    jobs = NULL; /* closing NULL is fine */
}

static void use(void *arg)
{
    task t = {0};
    ic__jobs *pool = NULL;
    if (ic__jobs_new(base, 1, &pool) != 0)
        return;
    int error = ic__jobs_add(pool, run, done, &t);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    ic__jobs_close(pool, NULL, NULL);
    while (t.done != (error == 0))
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    /* gone with the same turn of the loop, unless nothing was added */
    if (error)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(use, NULL);
}

#define JOBS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOBS_TEST(jobs_run_elsewhere_without_signals_and_are_told_of_here),
        JOBS_TEST(a_long_job_holds_up_nobody),
        JOBS_TEST(what_did_not_begin_before_the_end_does_not_run),
        JOBS_TEST(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/jobs", tests, NULL, NULL);
}
