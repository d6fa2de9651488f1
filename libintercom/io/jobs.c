#include "io/jobs.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/queue.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define MAX_THREADS 4

typedef struct entry {
    ic__link link;
    void (*run)(void *job);
    void (*done)(void *job);
    void *job;
} entry;

struct ic__jobs {
    pthread_t threads[MAX_THREADS];
    uint32_t wanted;
    uint32_t started;
    int wake_fd; /* readable while something is finished */
    struct event *event;
    size_t count; /* the loop's: given and not told of */
    bool closing;
    void (*on_closed)(void *user);
    void *user;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t work;
    ic__queue waiting;
    ic__queue finished;
    bool stop;
};

static void ring(const ic__jobs *jobs)
{
    uint64_t one = 1;

    /* It fails only when it rings already. */
    while (write(jobs->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

/* The next job; NULL when the thread may go. */
static entry *wait_for_job(ic__jobs *jobs)
{
    ic__link *at = NULL;

    (void)pthread_mutex_lock(&jobs->lock);
    while (!jobs->stop && (at = ic__queue_pop(&jobs->waiting)) == NULL)
        (void)pthread_cond_wait(&jobs->work, &jobs->lock);
    (void)pthread_mutex_unlock(&jobs->lock);
    return at ? IC__ELEMENT(at, entry, link) : NULL;
}

static void *work(void *arg)
{
    ic__jobs *jobs = arg;
    entry *e;

    while ((e = wait_for_job(jobs)) != NULL) {
        e->run(e->job);
        (void)pthread_mutex_lock(&jobs->lock);
        bool first = jobs->finished.count == 0; /* behind others it rings already */
        ic__queue_push(&jobs->finished, &e->link);
        (void)pthread_mutex_unlock(&jobs->lock);
        if (first)
            ring(jobs);
    }
    return NULL;
}

static entry *next_finished(ic__jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    ic__link *at = ic__queue_pop(&jobs->finished);
    (void)pthread_mutex_unlock(&jobs->lock);
    return at ? IC__ELEMENT(at, entry, link) : NULL;
}

static void free_jobs(ic__jobs *jobs)
{
    if (jobs->event)
        event_free(jobs->event);
    if (jobs->wake_fd >= 0)
        (void)close(jobs->wake_fd);
    (void)pthread_cond_destroy(&jobs->work);
    (void)pthread_mutex_destroy(&jobs->lock);
    ic_mem_free(jobs);
}

static void finish(ic__jobs *jobs)
{
    void (*on_closed)(void *user) = jobs->on_closed;
    void *user = jobs->user;

    for (uint32_t i = 0; i < jobs->started; i++)
        (void)pthread_join(jobs->threads[i], NULL);
    free_jobs(jobs);
    if (on_closed)
        on_closed(user);
}

static void on_ring(evutil_socket_t fd, short what, void *arg)
{
    ic__jobs *jobs = arg;
    uint64_t rings;
    entry *e;

    (void)what;
    while (read(fd, &rings, sizeof rings) < 0 && errno == EINTR)
        ;
    while ((e = next_finished(jobs)) != NULL) {
        jobs->count--;
        e->done(e->job);
        ic_mem_free(e);
    }
    if (jobs->closing && !jobs->count)
        finish(jobs);
}

static uint32_t thread_count(uint32_t wanted)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (!wanted)
        wanted = processors > 2 ? (uint32_t)processors - 1 : 1;
    return wanted > MAX_THREADS ? MAX_THREADS : wanted;
}

int ic__jobs_new(struct event_base *base, uint32_t threads, ic__jobs **out)
{
    ic__jobs *jobs = ic_mem_calloc(1, sizeof *jobs);

    if (!jobs)
        return IC_ERR_NOMEM;
    jobs->wanted = thread_count(threads);
    (void)pthread_mutex_init(&jobs->lock, NULL); /* with no attributes it cannot fail */
    (void)pthread_cond_init(&jobs->work, NULL);
    ic__queue_init(&jobs->waiting);
    ic__queue_init(&jobs->finished);
    jobs->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (jobs->wake_fd < 0) {
        free_jobs(jobs);
        return IC_ERR_IO;
    }
    jobs->event = event_new(base, jobs->wake_fd, EV_READ | EV_PERSIST, on_ring, jobs);
    if (!jobs->event || event_add(jobs->event, NULL) != 0) {
        free_jobs(jobs);
        return IC_ERR_NOMEM;
    }
    *out = jobs;
    return 0;
}

/* Signals are for the program's own threads. */
static bool start_thread(ic__jobs *jobs)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&jobs->threads[jobs->started], NULL, work, jobs);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    jobs->started += !failed;
    return !failed;
}

int ic__jobs_add(ic__jobs *jobs, void (*run)(void *job), void (*done)(void *job),
                 void *job)
{
    if (jobs->closing)
        return IC_ERR_CANCELED;
    if (jobs->started < jobs->wanted && jobs->count >= jobs->started &&
        !start_thread(jobs) && !jobs->started)
        return IC_ERR_IO;
    entry *e = ic_mem_calloc(1, sizeof *e);
    if (!e)
        return IC_ERR_NOMEM;
    *e = (entry){.run = run, .done = done, .job = job};
    jobs->count++;
    (void)pthread_mutex_lock(&jobs->lock);
    ic__queue_push(&jobs->waiting, &e->link);
    (void)pthread_cond_signal(&jobs->work);
    (void)pthread_mutex_unlock(&jobs->lock);
    return 0;
}

void ic__jobs_close(ic__jobs *jobs, void (*on_closed)(void *user), void *user)
{
    ic__link *at;

    if (!jobs || jobs->closing)
        return;
    jobs->closing = true;
    jobs->on_closed = on_closed;
    jobs->user = user;
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->stop = true;
    while ((at = ic__queue_pop(&jobs->waiting)) != NULL)
        ic__queue_push(&jobs->finished, at);
    (void)pthread_cond_broadcast(&jobs->work);
    (void)pthread_mutex_unlock(&jobs->lock);
    ring(jobs);
}
