#include "intersplit/plan.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "plan.h"

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

static void sort_shares(isplit_share *shares, size_t count,
                        int (*order)(const void *, const void *))
{
    if (count > 1)
        qsort(shares, count, sizeof *shares, order);
}

/* The balances without zeros, by name; refuses a sum that is not zero and names that
 * stand twice. */
static int copy_open(const isplit_share *balances, size_t count, isplit__group *open)
{
    int64_t sum = 0;
    size_t put = 0;

    memcpy(open->members, balances, count * sizeof *balances);
    sort_shares(open->members, count, by_name);
    for (size_t i = 0; i < count; i++) {
        const isplit_share s = open->members[i];
        if (__builtin_add_overflow(sum, s.minor, &sum) ||
            (i && strcmp(open->members[i - 1].name, s.name) == 0))
            return IC_ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        if (open->members[i].minor)
            open->members[put++] = open->members[i];
    }
    open->count = put;
    return sum ? IC_ERR_INVALID : 0;
}

void isplit__plan_pay(isplit_plan *plan, const char *from, const char *to, int64_t amount)
{
    plan->transfers[plan->count++] =
        (isplit_transfer){.from = from, .to = to, .amount_minor = amount};
}

/* Who owes what another is owed pays that one: this never costs a transfer (3.1). */
static void cancel_pairs(isplit__group *open, isplit_plan *plan)
{
    isplit_share *m = open->members;
    size_t put = 0;

    sort_shares(m, open->count, by_amount);
    for (size_t at = 0; at < open->count;) {
        size_t owed = at;
        while (owed < open->count && m[owed].minor == m[at].minor)
            owed++;
        size_t owing = owed;
        while (owing < open->count && m[owing].minor == -m[at].minor)
            owing++;
        size_t pairs = owed - at < owing - owed ? owed - at : owing - owed;
        for (size_t i = 0; i < pairs; i++)
            isplit__plan_pay(plan, m[owed + i].name, m[at + i].name, m[at].minor);
        for (size_t i = at + pairs; i < owed; i++)
            m[put++] = m[i];
        for (size_t i = owed + pairs; i < owing; i++)
            m[put++] = m[i];
        at = owing;
    }
    open->count = put;
    sort_shares(m, put, by_name);
}

void isplit__plan_walk(isplit_share *members, size_t count, isplit_plan *plan)
{
    size_t to = 0;

    for (size_t from = 0; from < count; from++) {
        while (members[from].minor < 0) {
            while (members[to].minor <= 0)
                to++;
            int64_t owes = -members[from].minor;
            int64_t amount = owes < members[to].minor ? owes : members[to].minor;
            isplit__plan_pay(plan, members[from].name, members[to].name, amount);
            members[from].minor += amount;
            members[to].minor -= amount;
        }
    }
}

/* No group of two is left, so at most a third of the members end a group. */
static size_t least_transfers(const isplit__group *open)
{
    size_t owed = 0;

    for (size_t i = 0; i < open->count; i++)
        owed += open->members[i].minor > 0;
    size_t least = open->count - open->count / 3;
    size_t owing = open->count - owed;
    least = owed > least ? owed : least;
    return owing > least ? owing : least;
}

static void settle_largest_first(isplit__group *open, isplit_plan *plan)
{
    sort_shares(open->members, open->count, by_amount);
    isplit__plan_walk(open->members, open->count, plan);
}

static int make_plan(isplit__group *open, isplit_plan *plan)
{
    cancel_pairs(open, plan);
    size_t paired = plan->count;
    plan->lower_bound = paired + least_transfers(open);
    if (open->count <= ISPLIT__PLAN_EXACT) {
        int err = isplit__plan_exact(open, plan);
        if (err)
            return err;
        plan->lower_bound = plan->count;
    } else {
        settle_largest_first(open, plan);
    }
    plan->optimal = plan->count == plan->lower_bound;
    if (plan->count > 1)
        qsort(plan->transfers, plan->count, sizeof *plan->transfers, by_people);
    return 0;
}

int isplit_plan_make(const isplit_share *balances, size_t count, isplit_plan *out)
{
    isplit__group open = {0};
    isplit_plan plan = {0};

    open.members = ic_mem_calloc(count + 1, sizeof *open.members);
    plan.transfers = ic_mem_calloc(count + 1, sizeof *plan.transfers);
    int err = IC_ERR_NOMEM;
    if (open.members && plan.transfers) {
        err = count ? copy_open(balances, count, &open) : 0;
        if (!err)
            err = make_plan(&open, &plan);
    }
    ic_mem_free(open.members);
    if (err)
        isplit_plan_free(&plan);
    else
        *out = plan;
    return err;
}

void isplit_plan_free(isplit_plan *plan)
{
    ic_mem_free(plan->transfers);
    *plan = (isplit_plan){0};
}
