#include "intersplit/plan.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "plan/plan.h"

void isplit_plan_options_init(isplit_plan_options *opts, size_t struct_size)
{
    const isplit_plan_options o = {
        .struct_size = struct_size,
        .max_operations = 200000000,
        .max_quick_operations = 100000,
        .progress_every = 1000000,
    };

    memset(opts, 0, struct_size);
    memcpy(opts, &o, struct_size < sizeof o ? struct_size : sizeof o);
}

int isplit__plan_options(const isplit_plan_options *from, isplit_plan_options *out)
{
    const uint8_t *bytes = (const uint8_t *)from;

    isplit_plan_options_default(out);
    if (!from)
        return 0;
    for (size_t i = sizeof *out; i < from->struct_size; i++) {
        if (bytes[i])
            return IC_ERR_UNSUPPORTED;
    }
    memcpy(out, from, from->struct_size < sizeof *out ? from->struct_size : sizeof *out);
    return 0;
}

static int read_options(const isplit_plan_options *opts, isplit__effort *effort)
{
    isplit_plan_options *o = &effort->options;

    int err = isplit__plan_options(opts, o);
    if (err)
        return err;
    effort->next = o->progress_every;
    if (o->mode == ISPLIT_PLAN_VIA)
        return o->via ? 0 : IC_ERR_INVALID;
    return o->mode == ISPLIT_PLAN_MINIMAL ? 0 : IC_ERR_UNSUPPORTED;
}

bool isplit__effort_spend(isplit__effort *effort, uint64_t steps)
{
    const isplit_plan_options *o = &effort->options;

    effort->done += steps;
    if (o->on_progress && effort->done >= effort->next) {
        effort->next = effort->done + o->progress_every;
        effort->canceled |= !o->on_progress(effort->done, effort->most, o->user);
    }
    return !isplit__effort_spent(effort);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const isplit_share *)a)->name, ((const isplit_share *)b)->name);
}

static uint64_t size_of(const isplit_share *s)
{
    return s->minor < 0 ? 0 - (uint64_t)s->minor : (uint64_t)s->minor;
}

/* Largest first; equal amounts stand together, those who are owed first, by name. */
static int by_amount(const void *a, const void *b)
{
    const isplit_share *x = a;
    const isplit_share *y = b;

    if (size_of(x) != size_of(y))
        return size_of(x) > size_of(y) ? -1 : 1;
    if ((x->minor > 0) != (y->minor > 0))
        return x->minor > 0 ? -1 : 1;
    return by_name(a, b);
}

static int by_people(const void *a, const void *b)
{
    const isplit_transfer *x = a;
    const isplit_transfer *y = b;
    int from = strcmp(x->from, y->from);

    return from ? from : strcmp(x->to, y->to);
}

void isplit__plan_sort(isplit_plan *plan)
{
    if (plan->count > 1)
        qsort(plan->transfers, plan->count, sizeof *plan->transfers, by_people);
}

static void sort_shares(isplit_share *shares, size_t count,
                        int (*order)(const void *, const void *))
{
    if (count > 1)
        qsort(shares, count, sizeof *shares, order);
}

/* Balances that are not zero, and the plan that is being made of them. */
typedef struct maker {
    isplit_share *open;
    size_t count;
    isplit_plan plan;
    isplit__effort effort;
} maker;

/* The balances without zeros, by name; refuses a sum that is not zero, sums of some of
 * them that 63 bits cannot hold, and names that stand twice. */
static int copy_open(maker *m, const isplit_share *balances, size_t count)
{
    int64_t owed = 0;
    int64_t owing = 0;

    if (count)
        memcpy(m->open, balances, count * sizeof *balances);
    sort_shares(m->open, count, by_name);
    for (size_t i = 0; i < count; i++) {
        const isplit_share s = m->open[i];
        int64_t *sum = s.minor > 0 ? &owed : &owing;
        if (__builtin_add_overflow(*sum, s.minor, sum) ||
            (i && strcmp(m->open[i - 1].name, s.name) == 0))
            return IC_ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        if (m->open[i].minor)
            m->open[m->count++] = m->open[i];
    }
    return owed + owing ? IC_ERR_INVALID : 0;
}

static void pay(isplit_plan *plan, const char *from, const char *to, int64_t amount)
{
    plan->transfers[plan->count++] =
        (isplit_transfer){.from = from, .to = to, .amount_minor = amount};
}

/* Who owes what another is owed pays that one: this never costs a transfer (3.1). */
static void cancel_pairs(maker *m)
{
    isplit_share *s = m->open;
    size_t put = 0;

    sort_shares(s, m->count, by_amount);
    for (size_t at = 0; at < m->count;) {
        size_t owed = at;
        while (owed < m->count && s[owed].minor == s[at].minor)
            owed++;
        size_t owing = owed;
        while (owing < m->count && s[owing].minor == -s[at].minor)
            owing++;
        size_t pairs = owed - at < owing - owed ? owed - at : owing - owed;
        for (size_t i = 0; i < pairs; i++)
            pay(&m->plan, s[owed + i].name, s[at + i].name, s[at].minor);
        for (size_t i = at + pairs; i < owed; i++)
            s[put++] = s[i];
        for (size_t i = owed + pairs; i < owing; i++)
            s[put++] = s[i];
        at = owing;
    }
    m->count = put;
    sort_shares(s, put, by_name);
}

/* Settle the members of one group in the order of their names: at most one transfer
 * fewer than members, nobody pays whom he owes nothing through a third. */
static void walk(maker *m, const isplit__split *split, uint32_t group)
{
    isplit_share *s = m->open;
    size_t to = 0;

    for (size_t from = 0; from < m->count; from++) {
        while (split->group[from] == group && s[from].minor < 0) {
            while (split->group[to] != group || s[to].minor <= 0)
                to++;
            int64_t owes = -s[from].minor;
            int64_t amount = owes < s[to].minor ? owes : s[to].minor;
            pay(&m->plan, s[from].name, s[to].name, amount);
            s[from].minor += amount;
            s[to].minor -= amount;
        }
    }
}

/* No group of two is left, and each group has somebody on either side. */
static size_t most_groups(const isplit__split *split)
{
    size_t owed = 0;

    for (size_t i = 0; i < split->count; i++)
        owed += split->minor[i] > 0;
    size_t owing = split->count - owed;
    size_t most = owed < owing ? owed : owing;
    return split->count / 3 < most ? split->count / 3 : most;
}

/* Groups that are found quickly, then better ones. */
static int split_many(isplit__split *split, isplit__effort *effort)
{
    const isplit_plan_options *o = &effort->options;

    effort->most = effort->done + o->max_quick_operations;
    int err = isplit__split_peel(split, effort);
    effort->most = effort->done + o->max_operations;
    if (!err)
        err = isplit__split_search(split, effort);
    return err;
}

/* Look for the most groups and settle each of them. */
static int settle_groups(maker *m, isplit__split *split)
{
    int err = 0;

    split->groups = split->count ? 1 : 0;
    split->most = most_groups(split);
    m->effort.most = m->effort.options.max_operations;
    if (split->groups < split->most)
        err = split_many(split, &m->effort);
    if (!err && m->effort.canceled)
        err = IC_ERR_CANCELED;
    if (err)
        return err;
    m->plan.lower_bound = m->plan.count + split->count - split->most;
    for (uint32_t group = 0; group < split->groups; group++)
        walk(m, split, group);
    return 0;
}

static int settle_in_groups(maker *m)
{
    isplit__split split = {0};

    cancel_pairs(m);
    int64_t *minor = ic_mem_calloc(m->count + 1, sizeof *minor);
    split.group = ic_mem_calloc(m->count + 1, sizeof *split.group);
    split.minor = minor;
    split.count = m->count;
    int err = IC_ERR_NOMEM;
    if (minor && split.group) {
        for (size_t i = 0; i < m->count; i++)
            minor[i] = m->open[i].minor;
        err = settle_groups(m, &split);
    }
    ic_mem_free(minor);
    ic_mem_free(split.group);
    return err;
}

/* Everybody pays to, or is paid by, one member. */
static void settle_via(maker *m, const char *via)
{
    size_t owed = 0;

    for (size_t i = 0; i < m->count; i++)
        owed += m->open[i].minor > 0;
    m->plan.lower_bound = owed > m->count - owed ? owed : m->count - owed;
    for (size_t i = 0; i < m->count; i++) {
        const isplit_share *s = &m->open[i];
        if (strcmp(s->name, via) == 0)
            continue;
        if (s->minor < 0)
            pay(&m->plan, s->name, via, -s->minor);
        else
            pay(&m->plan, via, s->name, s->minor);
    }
}

static int settle(maker *m)
{
    int err = 0;

    if (m->effort.options.mode == ISPLIT_PLAN_VIA)
        settle_via(m, m->effort.options.via);
    else
        err = settle_in_groups(m);
    m->plan.optimal = m->plan.count == m->plan.lower_bound;
    isplit__plan_sort(&m->plan);
    return err;
}

int isplit_plan_make_with(const isplit_share *balances, size_t count,
                          const isplit_plan_options *options, isplit_plan *out)
{
    maker m = {0};

    int err = read_options(options, &m.effort);
    if (err)
        return err;
    m.open = ic_mem_calloc(count + 1, sizeof *m.open);
    m.plan.transfers = ic_mem_calloc(count + 1, sizeof *m.plan.transfers);
    if (!m.open || !m.plan.transfers)
        err = IC_ERR_NOMEM;
    if (!err)
        err = copy_open(&m, balances, count);
    if (!err)
        err = settle(&m);
    ic_mem_free(m.open);
    if (err)
        isplit_plan_free(&m.plan);
    else
        *out = m.plan;
    return err;
}

int isplit_plan_make(const isplit_share *balances, size_t count, isplit_plan *out)
{
    return isplit_plan_make_with(balances, count, NULL, out);
}

void isplit_plan_free(isplit_plan *plan)
{
    ic_mem_free(plan->transfers);
    *plan = (isplit_plan){0};
}
