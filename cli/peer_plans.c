#include "peer_plans.h"

#include <stdatomic.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/plan.h"
#include "io/jobs.h"

typedef struct search {
    peer_plans *plans;
    struct search *next;
    isplit_plan_task *task;
    int error;
    char room[];
} search;

struct peer_plans {
    isplit_book *book;
    ic__jobs *jobs;
    search *first;
    atomic_bool hurry; /* read by the thread that searches */
    bool give_up;      /* a search failed: make the next plan at once */
    bool closing;
    void (*on_plan)(void *user);
    void *user;
    void (*on_closed)(void *user);
    void *closed_user;
};

int peer_plans_new(struct event_base *base, isplit_book *book,
                   void (*on_plan)(void *user), void *user, peer_plans **out)
{
    peer_plans *p = ic_mem_calloc(1, sizeof *p);

    if (!p)
        return IC_ERR_NOMEM;
    p->book = book;
    p->on_plan = on_plan;
    p->user = user;
    atomic_init(&p->hurry, false);
    int error = ic__jobs_new(base, 1, &p->jobs);
    if (error)
        ic_mem_free(p);
    else
        *out = p;
    return error;
}

static bool go_on(uint64_t done, uint64_t most, void *user)
{
    peer_plans *p = user;

    (void)done;
    (void)most;
    return !atomic_load(&p->hurry);
}

static void run(void *job)
{
    search *s = job;

    s->error = isplit_plan_task_run(s->task, go_on, s->plans);
}

static void unlink_search(peer_plans *p, const search *s)
{
    search **at = &p->first;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

static void search_free(search *s)
{
    if (s)
        isplit_plan_task_free(s->task);
    ic_mem_free(s);
}

static void done(void *job)
{
    search *s = job;
    peer_plans *p = s->plans;
    const isplit_state *state;

    unlink_search(p, s);
    p->give_up = s->error != 0;
    if (!p->closing && !s->error && isplit_book_state(p->book, s->room, &state) == 0)
        isplit_plan_task_keep(s->task, state);
    search_free(s);
    if (!p->closing)
        p->on_plan(p->user);
}

static bool is_searching(const peer_plans *p, const char *room)
{
    for (const search *s = p->first; s; s = s->next) {
        if (strcmp(s->room, room) == 0)
            return true;
    }
    return false;
}

/* False when there is no memory, or no thread. */
static bool begin(peer_plans *p, const char *room, const isplit_state *state,
                  size_t currency)
{
    size_t size = strlen(room) + 1;
    search *s = ic_mem_calloc(1, sizeof *s + size);

    if (s) {
        s->plans = p;
        memcpy(s->room, room, size);
    }
    if (!s || isplit_plan_task_new(state, currency, &s->task) != 0 ||
        ic__jobs_add(p->jobs, run, done, s) != 0) {
        search_free(s);
        return false;
    }
    s->next = p->first;
    p->first = s;
    return true;
}

bool peer_plans_ready(peer_plans *plans, const char *room)
{
    const isplit_state *state;

    if (is_searching(plans, room))
        return false;
    if (plans->give_up || isplit_book_state(plans->book, room, &state) != 0) {
        plans->give_up = false;
        return true;
    }
    for (size_t i = 0; i < isplit_state_currency_count(state); i++) {
        if (isplit_state_plan_is_long(state, i))
            return !begin(plans, room, state, i);
    }
    return true;
}

static void jobs_closed(void *user)
{
    peer_plans *p = user;
    void (*on_closed)(void *user) = p->on_closed;
    void *closed_user = p->closed_user;

    ic_mem_free(p);
    if (on_closed)
        on_closed(closed_user);
}

void peer_plans_close(peer_plans *plans, void (*on_closed)(void *user), void *user)
{
    if (!plans) {
        on_closed(user);
        return;
    }
    if (plans->closing)
        return;
    plans->closing = true;
    plans->on_closed = on_closed;
    plans->closed_user = user;
    atomic_store(&plans->hurry, true);
    ic__jobs_close(plans->jobs, jobs_closed, plans);
}
