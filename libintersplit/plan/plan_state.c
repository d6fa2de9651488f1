/* The sticky plan: made before the payments at the end of a room, then followed. */
#include "plan/plan_state.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/state.h"
#include "plan/plan.h"

#define SHORT_MAX 20 /* balances that are settled while a loop waits */

struct isplit_plan_task {
    isplit__sum sum; /* of the room's events */
    size_t currency;
    isplit_share *before; /* balances before the payments, by name */
    isplit_share *now;
    size_t count;
    char *names;
    isplit__edge *paid;
    size_t paid_count;
    isplit__kept *kept; /* the result */
};

size_t isplit__number_of(const isplit_share *balances, size_t count, const char *name)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(balances[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool isplit__counts_in(const isplit_state *state, size_t currency,
                       const isplit_entry *entry)
{
    const unsigned dead = ISPLIT_ENTRY_VOID | ISPLIT_ENTRY_CLEARED | ISPLIT_ENTRY_IGNORED;

    if (entry->flags & dead)
        return false;
    return strcmp(entry->currency, state->purses[currency].shown.code) == 0 ||
           (!currency && !*entry->currency);
}

static bool copy_names(isplit_plan_task *t, const isplit_share *from)
{
    size_t bytes = 1;

    for (size_t i = 0; i < t->count; i++)
        bytes += strlen(from[i].name) + 1;
    t->names = ic_mem_alloc(bytes);
    if (!t->names)
        return false;
    char *at = t->names;
    for (size_t i = 0; i < t->count; i++) {
        size_t len = strlen(from[i].name) + 1;
        memcpy(at, from[i].name, len);
        t->now[i] = (isplit_share){at, from[i].minor};
        t->before[i] = t->now[i];
        at += len;
    }
    return true;
}

/* The payments at the end are taken back, so that they can be followed. */
static void take_back_payments(isplit_plan_task *t, const struct isplit_state *s)
{
    for (size_t i = 0; i < s->tail.count; i++) {
        const isplit_entry *e = s->tail.paid[i]->entry;
        if (!isplit__counts_in(s, t->currency, e))
            continue;
        isplit__edge edge = {
            .from = (uint32_t)isplit__number_of(t->now, t->count, e->paid[0].name),
            .to = (uint32_t)isplit__number_of(t->now, t->count, e->shares[0].name),
            .minor = e->amount_minor,
        };
        t->before[edge.from].minor -= edge.minor;
        t->before[edge.to].minor += edge.minor;
        t->paid[t->paid_count++] = edge;
    }
}

int isplit_plan_task_new(const isplit_state *state, size_t currency,
                         isplit_plan_task **out)
{
    if (currency >= state->purse_count)
        return IC_ERR_NOT_FOUND;
    isplit_plan_task *t = ic_mem_calloc(1, sizeof *t);
    if (!t)
        return IC_ERR_NOMEM;
    const isplit_currency *shown = &state->purses[currency].shown;
    t->sum = state->sum;
    t->currency = currency;
    t->count = shown->balance_count;
    t->now = ic_mem_calloc(t->count + 1, sizeof *t->now);
    t->before = ic_mem_calloc(t->count + 1, sizeof *t->before);
    t->paid = ic_mem_calloc(state->tail.count + 1, sizeof *t->paid);
    if (!t->now || !t->before || !t->paid || !copy_names(t, shown->balances)) {
        isplit_plan_task_free(t);
        return IC_ERR_NOMEM;
    }
    take_back_payments(t, state);
    *out = t;
    return 0;
}

void isplit_plan_task_free(isplit_plan_task *task)
{
    if (!task)
        return;
    ic_mem_free(task->now);
    ic_mem_free(task->before);
    ic_mem_free(task->names);
    ic_mem_free(task->paid);
    ic_mem_free(task->kept);
    ic_mem_free(task);
}

/* The plan by numbers of balances. */
static int write_edges(isplit_plan_task *t, const isplit_plan *plan)
{
    isplit__kept *kept =
        ic_mem_alloc(sizeof *kept + (plan->count + 1) * sizeof *kept->edges);

    if (!kept)
        return IC_ERR_NOMEM;
    kept->sum = t->sum;
    kept->balance_count = t->count;
    kept->lower_bound = plan->lower_bound;
    kept->count = plan->count;
    kept->hurried = false;
    for (size_t i = 0; i < plan->count; i++) {
        const isplit_transfer *x = &plan->transfers[i];
        kept->edges[i] = (isplit__edge){
            .from = (uint32_t)isplit__number_of(t->now, t->count, x->from),
            .to = (uint32_t)isplit__number_of(t->now, t->count, x->to),
            .minor = x->amount_minor,
        };
    }
    ic_mem_free(t->kept);
    t->kept = kept;
    return 0;
}

static int search(isplit_plan_task *t, const isplit_share *balances,
                  const isplit_plan_options *options)
{
    isplit_plan plan;

    int err = isplit_plan_make_with(balances, t->count, options, &plan);
    if (err)
        return err;
    err = write_edges(t, &plan);
    isplit_plan_free(&plan);
    return err;
}

/* Take what was paid from the transfers of the plan; false when some of it was not part
 * of it. `begun` counts the transfers that were paid, all or a part. */
static bool follow(isplit_plan_task *t, size_t *begun)
{
    isplit__kept *kept = t->kept;
    isplit__edge *edges = kept->edges;

    *begun = 0;
    for (size_t i = 0; i < t->paid_count; i++) {
        const isplit__edge *paid = &t->paid[i];
        size_t at = 0;
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again |= t->paid[k].from == paid->from && t->paid[k].to == paid->to;
        while (at < kept->count &&
               (edges[at].from != paid->from || edges[at].to != paid->to))
            at++;
        if (at == kept->count || edges[at].minor < paid->minor)
            return false;
        edges[at].minor -= paid->minor;
        *begun += !again;
    }
    return true;
}

static void drop_done(isplit__kept *kept)
{
    size_t put = 0;

    for (size_t i = 0; i < kept->count; i++) {
        if (kept->edges[i].minor)
            kept->edges[put++] = kept->edges[i];
    }
    kept->count = put;
}

/* A plan and one transfer more is a plan for the balances before that transfer: so what
 * is left is the least when each payment finished its transfer. Otherwise it takes a
 * search to know. */
static int bound_rest(isplit_plan_task *t, size_t begun,
                      const isplit_plan_options *options)
{
    isplit_plan fresh;

    drop_done(t->kept);
    t->kept->lower_bound -= begun < t->kept->lower_bound ? begun : t->kept->lower_bound;
    if (t->kept->lower_bound == t->kept->count)
        return 0;
    int err = isplit_plan_make_with(t->now, t->count, options, &fresh);
    if (err)
        return err;
    if (fresh.lower_bound > t->kept->lower_bound)
        t->kept->lower_bound = fresh.lower_bound;
    isplit_plan_free(&fresh);
    return 0;
}

static int run(isplit_plan_task *t, const isplit_plan_options *options)
{
    size_t begun = 0;

    int err = search(t, t->before, options);
    if (err || !t->paid_count)
        return err;
    if (follow(t, &begun))
        return bound_rest(t, begun, options);
    return search(t, t->now, options);
}

/* Is it the search that peers agree upon? */
static bool is_default(const isplit_plan_options *o)
{
    isplit_plan_options d;

    isplit_plan_options_default(&d);
    return o->max_operations == d.max_operations &&
           o->max_quick_operations == d.max_quick_operations;
}

int isplit_plan_task_run(isplit_plan_task *task, const isplit_plan_options *options)
{
    isplit_plan_options o;

    int err = isplit__plan_options(options, &o);
    o.mode = ISPLIT_PLAN_MINIMAL;
    if (!err)
        err = run(task, &o);
    if (!err)
        task->kept->hurried = !is_default(&o);
    return err;
}

void isplit_plan_task_keep(isplit_plan_task *task, const isplit_state *state)
{
    if (!task->kept || task->currency >= state->purse_count ||
        memcmp(&task->sum, &state->sum, sizeof task->sum) != 0)
        return;
    isplit__purse *purse = &state->purses[task->currency];
    ic_mem_free(purse->kept);
    purse->kept = task->kept;
    task->kept = NULL;
}

static const isplit__kept *kept_of(const isplit_state *state, size_t currency)
{
    const isplit__purse *purse = &state->purses[currency];
    const isplit__kept *kept = purse->kept;

    return kept && memcmp(&kept->sum, &state->sum, sizeof kept->sum) == 0 &&
                   kept->balance_count == purse->shown.balance_count
               ? kept
               : NULL;
}

bool isplit_state_plan_is_long(const isplit_state *state, size_t currency)
{
    const isplit_currency *shown = isplit_state_currency(state, currency);
    size_t open = 0;
    const isplit__kept *kept = shown ? kept_of(state, currency) : NULL;

    if (!shown || (kept && !kept->hurried))
        return false;
    for (size_t i = 0; i < shown->balance_count; i++)
        open += shown->balances[i].minor != 0;
    return open > SHORT_MAX;
}

/* With the names of the state. */
static int read_edges(const isplit__kept *kept, const isplit_share *balances,
                      isplit_plan *out)
{
    isplit_transfer *transfers = ic_mem_calloc(kept->count + 1, sizeof *transfers);

    if (!transfers)
        return IC_ERR_NOMEM;
    for (size_t i = 0; i < kept->count; i++) {
        transfers[i] = (isplit_transfer){
            .from = balances[kept->edges[i].from].name,
            .to = balances[kept->edges[i].to].name,
            .amount_minor = kept->edges[i].minor,
        };
    }
    *out = (isplit_plan){.transfers = transfers,
                         .count = kept->count,
                         .lower_bound = kept->lower_bound,
                         .optimal = kept->count == kept->lower_bound};
    return 0;
}

/* Minimal, by a task of our own. */
static int plan_now(const isplit_state *state, size_t currency,
                    const isplit_plan_options *options, isplit_plan *out)
{
    isplit_plan_task *task = NULL;

    int err = isplit_plan_task_new(state, currency, &task);
    if (err)
        return err;
    err = run(task, options);
    if (!err)
        err = read_edges(task->kept, state->purses[currency].shown.balances, out);
    isplit_plan_task_free(task);
    return err;
}

int isplit_state_plan(const isplit_state *state, size_t currency,
                      const isplit_plan_options *options, isplit_plan *out)
{
    const isplit_currency *shown = isplit_state_currency(state, currency);
    isplit_plan_options o;

    if (!shown)
        return IC_ERR_NOT_FOUND;
    int err = isplit__plan_options(options, &o);
    if (err)
        return err;
    if (o.mode == ISPLIT_PLAN_PAIRWISE)
        return isplit__plan_pairwise(state, currency, out);
    if (o.mode != ISPLIT_PLAN_MINIMAL)
        return isplit_plan_make_with(shown->balances, shown->balance_count, &o, out);
    const isplit__kept *kept = is_default(&o) ? kept_of(state, currency) : NULL;
    return kept ? read_edges(kept, shown->balances, out)
                : plan_now(state, currency, &o, out);
}
