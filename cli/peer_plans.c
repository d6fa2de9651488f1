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
    unsigned waiting; /* those who want the answer */
    unsigned tries;   /* this one included */
    uint64_t budget;
    size_t payments; /* of the quick plan; 0 = none was made */
    size_t lower_bound;
    int error;
    atomic_uint_least64_t steps; /* both are shared with the thread that searches */
    atomic_bool abandoned;
    uint64_t searched; /* the thread's: steps of the tasks before this one */
    char room[];
} search;

struct peer_plans {
    isplit_book *book;
    ic__jobs *jobs;
    search *first;
    const char *answered; /* the room whose plans are given out as they are */
    bool closing;
    void (*on_plan)(const char *room, void *user);
    void *user;
    void (*on_closed)(void *user);
    void *closed_user;
};

int peer_plans_new(struct event_base *base, isplit_book *book,
                   void (*on_plan)(const char *room, void *user), void *user,
                   peer_plans **out)
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

    (void)most; /* the budget counts what every task may take */
    atomic_store(&s->steps, s->searched + steps);
    return !atomic_load(&s->abandoned);
}

static void run(void *job)
{
    search *s = job;
    isplit_plan_options o;

    isplit_plan_options_default(&o);
    o.on_progress = go_on;
    o.user = s;
    s->searched = 0;
    if (atomic_load(&s->abandoned)) /* while others were searched for */
        s->error = IC_ERR_CANCELED;
    for (size_t i = 0; !s->error && i < s->count; i++) {
        s->error = isplit_plan_task_run(s->tasks[i], &o);
        s->searched += o.max_operations;
    }
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
static int plan_hurriedly(const isplit_state *state)
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
    return error;
}

static void done(void *job);

static bool begin(search *s, const isplit_state *state)
{
    peer_plans *p = s->plans;
    isplit_plan_options o;

    free_tasks(s);
    s->tries++;
    s->error = 0;
    atomic_store(&s->steps, 0);
    isplit_plan_options_default(&o);
    if (make_tasks(s, state) != 0 || ic__jobs_add(p->jobs, run, done, s) != 0)
        return false;
    s->budget = s->count * o.max_operations;
    s->next = p->first;
    p->first = s;
    return true;
}

/* What the quick plan comes to, for who wonders whether to wait. */
static void look_ahead(search *s, const isplit_state *state)
{
    isplit_plan plan;
    int error = plan_hurriedly(state);

    for (size_t i = 0; !error && i < isplit_state_currency_count(state); i++) {
        if (!isplit_state_plan_is_long(state, i))
            continue;
        error = isplit_state_plan(state, i, NULL, &plan);
        if (error)
            break;
        s->payments += plan.count;
        s->lower_bound += plan.lower_bound;
        isplit_plan_free(&plan);
    }
    if (error)
        s->payments = 0;
}

/* Called off, and asked for again before the thread has noticed. */
static bool is_wanted_again(search *s)
{
    return s->error == IC_ERR_CANCELED && !atomic_load(&s->abandoned);
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
    if ((!s->error || is_wanted_again(s)) && s->tries < PEER_PLANS_TRIES &&
        begin(s, state))
        return true;
    (void)plan_hurriedly(state);
    return false;
}

/* While `ask` runs, the plans of the room are given out as they are. */
static void answer(peer_plans *p, const char *room,
                   void (*ask)(const char *room, void *user), void *user)
{
    p->answered = room;
    ask(room, user);
    p->answered = NULL;
}

static void done(void *job)
{
    search *s = job;
    peer_plans *p = s->plans;
    bool wanted = s->waiting && !p->closing;

    unlink_search(p, s);
    if (wanted && conclude(s))
        return;
    if (wanted)
        answer(p, s->room, p->on_plan, p->user);
    search_free(s);
}

static search *search_new(peer_plans *p, const char *room)
{
    size_t size = strlen(room) + 1;
    search *s = ic_mem_calloc(1, sizeof *s + size);

    if (!s)
        return NULL;
    s->plans = p;
    s->waiting = 1;
    atomic_init(&s->steps, 0);
    atomic_init(&s->abandoned, false);
    memcpy(s->room, room, size);
    return s;
}

static bool join(search *s)
{
    if (s) {
        s->waiting++;
        atomic_store(&s->abandoned, false);
    }
    return s != NULL;
}

bool peer_plans_ready(peer_plans *plans, const char *room)
{
    const isplit_state *state;

    if (plans->answered && strcmp(plans->answered, room) == 0)
        return true;
    if (join(search_of(plans, room)))
        return false;
    if (isplit_book_state(plans->book, room, &state) != 0 || !is_long(state))
        return true;
    search *s = search_new(plans, room);
    if (s)
        look_ahead(s, state);
    if (s && begin(s, state))
        return false;
    search_free(s);
    (void)plan_hurriedly(state);
    return true;
}

bool peer_plans_progress(const peer_plans *plans, const char *room,
                         peer_plans_effort *out)
{
    const search *s = search_of(plans, room);

    if (!s)
        return false;
    *out = (peer_plans_effort){.steps = atomic_load(&s->steps),
                               .budget = s->budget,
                               .payments = s->payments,
                               .lower_bound = s->lower_bound};
    return true;
}

void peer_plans_leave(peer_plans *plans, const char *room)
{
    search *s = search_of(plans, room);

    if (s && s->waiting && --s->waiting == 0)
        atomic_store(&s->abandoned, true);
}

void peer_plans_quick(peer_plans *plans, const char *room,
                      void (*ask)(const char *room, void *user), void *user)
{
    const isplit_state *state;

    if (isplit_book_state(plans->book, room, &state) == 0 && is_long(state))
        (void)plan_hurriedly(state);
    answer(plans, room, ask, user);
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
        atomic_store(&s->abandoned, true);
    ic__jobs_close(plans->jobs, jobs_closed, plans);
}
