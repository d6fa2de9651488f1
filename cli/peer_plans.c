#include "peer_plans.h"

#include <stdatomic.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/plan.h"
#include "io/jobs.h"

#define HURRIED_STEPS 500000 /* some milliseconds */

/* For all plans of a room that take long. */
typedef struct search {
    peer_plans *plans;
    struct search *next;
    isplit_plan_task **tasks;
    size_t count;
    unsigned tries; /* this one included */
    int error;
    atomic_uint percent; /* both are shared with the thread that searches */
    atomic_bool hurry;
    char room[];
} search;

struct peer_plans {
    isplit_book *book;
    ic__jobs *jobs;
    search *first;
    const char *answered; /* the room whose plans are given out as they are */
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
    int error = ic__jobs_new(base, 1, &p->jobs);
    if (error)
        ic_mem_free(p);
    else
        *out = p;
    return error;
}

/* --- on the other thread --- */

static bool go_on(uint64_t steps, uint64_t most, void *user)
{
    search *s = user;

    atomic_store(&s->percent, most > steps ? (unsigned)(steps * 100 / most) : 100);
    return !atomic_load(&s->hurry);
}

static void run(void *job)
{
    search *s = job;
    isplit_plan_options o;

    isplit_plan_options_default(&o);
    o.on_progress = go_on;
    o.user = s;
    for (size_t i = 0; !s->error && i < s->count; i++)
        s->error = isplit_plan_task_run(s->tasks[i], &o);
}

/* --- on the loop --- */

static search *search_of(const peer_plans *p, const char *room)
{
    search *s = p->first;

    while (s && strcmp(s->room, room) != 0)
        s = s->next;
    return s;
}

static void unlink_search(peer_plans *p, const search *s)
{
    search **at = &p->first;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

static void free_tasks(search *s)
{
    for (size_t i = 0; i < s->count; i++)
        isplit_plan_task_free(s->tasks[i]);
    ic_mem_free(s->tasks);
    s->tasks = NULL;
    s->count = 0;
}

static void search_free(search *s)
{
    if (s)
        free_tasks(s);
    ic_mem_free(s);
}

static bool is_long(const isplit_state *state)
{
    for (size_t i = 0; i < isplit_state_currency_count(state); i++) {
        if (isplit_state_plan_is_long(state, i))
            return true;
    }
    return false;
}

static int make_tasks(search *s, const isplit_state *state)
{
    size_t most = isplit_state_currency_count(state);
    int error = 0;

    s->tasks = ic_mem_calloc(most, sizeof(isplit_plan_task *));
    if (!s->tasks)
        return IC_ERR_NOMEM;
    for (size_t i = 0; !error && i < most; i++) {
        if (!isplit_state_plan_is_long(state, i))
            continue;
        error = isplit_plan_task_new(state, i, &s->tasks[s->count]);
        s->count += !error;
    }
    return error;
}

/* Without memory the answer is, too, and says so. */
static void plan_hurriedly(const isplit_state *state)
{
    search s = {.count = 0};
    isplit_plan_options o;

    isplit_plan_options_default(&o);
    o.max_operations = HURRIED_STEPS;
    int error = make_tasks(&s, state);
    for (size_t i = 0; !error && i < s.count; i++) {
        error = isplit_plan_task_run(s.tasks[i], &o);
        isplit_plan_task_keep(s.tasks[i], state);
    }
    free_tasks(&s);
}

static void done(void *job);

static bool begin(search *s, const isplit_state *state)
{
    peer_plans *p = s->plans;

    free_tasks(s);
    s->tries++;
    s->error = 0;
    if (make_tasks(s, state) != 0 || ic__jobs_add(p->jobs, run, done, s) != 0)
        return false;
    s->next = p->first;
    p->first = s;
    return true;
}

/* @return true when it searches on */
static bool conclude(search *s)
{
    const isplit_state *state;

    if (isplit_book_state(s->plans->book, s->room, &state) != 0)
        return false; /* who asks again is told */
    for (size_t i = 0; !s->error && i < s->count; i++)
        isplit_plan_task_keep(s->tasks[i], state);
    if (!is_long(state))
        return false;
    if (!s->error && s->tries < PEER_PLANS_TRIES && begin(s, state))
        return true;
    plan_hurriedly(state);
    return false;
}

static void done(void *job)
{
    search *s = job;
    peer_plans *p = s->plans;

    unlink_search(p, s);
    if (!p->closing && conclude(s))
        return;
    if (!p->closing) {
        p->answered = s->room;
        p->on_plan(p->user);
        p->answered = NULL;
    }
    search_free(s);
}

static search *search_new(peer_plans *p, const char *room)
{
    size_t size = strlen(room) + 1;
    search *s = ic_mem_calloc(1, sizeof *s + size);

    if (!s)
        return NULL;
    s->plans = p;
    atomic_init(&s->percent, 0);
    atomic_init(&s->hurry, false);
    memcpy(s->room, room, size);
    return s;
}

bool peer_plans_ready(peer_plans *plans, const char *room)
{
    const isplit_state *state;

    if (search_of(plans, room))
        return false;
    if (isplit_book_state(plans->book, room, &state) != 0 || !is_long(state) ||
        (plans->answered && strcmp(plans->answered, room) == 0))
        return true;
    search *s = search_new(plans, room);
    if (s && begin(s, state))
        return false;
    search_free(s);
    plan_hurriedly(state);
    return true;
}

bool peer_plans_progress(const peer_plans *plans, const char *room, unsigned *percent)
{
    const search *s = search_of(plans, room);

    if (s)
        *percent = atomic_load(&s->percent);
    return s != NULL;
}

void peer_plans_hurry(peer_plans *plans, const char *room)
{
    search *s = search_of(plans, room);

    if (s)
        atomic_store(&s->hurry, true);
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
    for (search *s = plans->first; s; s = s->next)
        atomic_store(&s->hurry, true);
    ic__jobs_close(plans->jobs, jobs_closed, plans);
}
