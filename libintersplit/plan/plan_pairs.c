/* What members owe each other by the entries that they shared. */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/events.h"
#include "ledger/state.h"
#include "plan/plan.h"
#include "plan/plan_state.h"

#define LINES_MAX (2 * ISPLIT__ENTRY_MAX_NAMES) /* who paid and who owes */

/* What one entry does to its members, by name. */
typedef struct lines {
    isplit_share of[LINES_MAX];
    size_t count;
} lines;

static void add_line(lines *l, const char *name, int64_t minor)
{
    size_t at = l->count;

    while (at && strcmp(l->of[at - 1].name, name) > 0)
        at--;
    if (at && strcmp(l->of[at - 1].name, name) == 0) {
        l->of[at - 1].minor += minor;
        return;
    }
    memmove(&l->of[at + 1], &l->of[at], (l->count++ - at) * sizeof *l->of);
    l->of[at] = (isplit_share){name, minor};
}

static void read_lines(lines *l, const isplit_entry *e)
{
    int64_t sign = e->type == ISPLIT_ENTRY_REFUND ? -1 : 1;

    l->count = 0;
    for (size_t i = 0; i < e->paid_count && i < ISPLIT__ENTRY_MAX_NAMES; i++)
        add_line(l, e->paid[i].name, sign * e->paid[i].minor);
    for (size_t i = 0; i < e->share_count && i < ISPLIT__ENTRY_MAX_NAMES; i++)
        add_line(l, e->shares[i].name, -sign * e->shares[i].minor);
}

/* Debts between members by number, in either direction. */
typedef struct debts {
    isplit__edge *of;
    size_t count;
    size_t cap;
} debts;

static int by_numbers(const void *a, const void *b)
{
    const isplit__edge *x = a;
    const isplit__edge *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

/* Add up what the same two owe each other. */
static void sum_debts(debts *d)
{
    size_t put = 0;

    if (d->count > 1)
        qsort(d->of, d->count, sizeof *d->of, by_numbers);
    for (size_t i = 0; i < d->count; i++) {
        if (put && by_numbers(&d->of[put - 1], &d->of[i]) == 0)
            d->of[put - 1].minor += d->of[i].minor;
        else
            d->of[put++] = d->of[i];
    }
    d->count = put;
}

static int add_debt(debts *d, uint32_t from, uint32_t to, int64_t minor)
{
    if (d->count == d->cap)
        sum_debts(d);
    if (d->count * 2 >= d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 256;
        isplit__edge *of = ic_mem_resize(d->of, cap * sizeof *of);
        if (!of)
            return IC_ERR_NOMEM;
        d->of = of;
        d->cap = cap;
    }
    d->of[d->count++] =
        from < to ? (isplit__edge){from, to, minor} : (isplit__edge){to, from, -minor};
    return 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static uint32_t number_in(const isplit_currency *in, const char *name)
{
    return (uint32_t)isplit__number_of(in->balances, in->balance_count, name);
}

/* Within an entry debtors pay creditors in the order of their names. */
static int add_entry(debts *d, const isplit_entry *e, const isplit_currency *in)
{
    lines l;
    size_t to = 0;
    int err = 0;

    read_lines(&l, e);
    for (size_t from = 0; !err && from < l.count; from++) {
        while (!err && l.of[from].minor < 0) {
            while (l.of[to].minor <= 0)
                to++;
            int64_t minor = least(-l.of[from].minor, l.of[to].minor);
            l.of[from].minor += minor;
            l.of[to].minor -= minor;
            err = add_debt(d, number_in(in, l.of[from].name),
                           number_in(in, l.of[to].name), minor);
        }
    }
    return err;
}

static int write_plan(const debts *d, const isplit_currency *in, isplit_plan *out)
{
    isplit_plan plan = {0};
    size_t owed = 0;
    size_t owing = 0;

    plan.transfers = ic_mem_calloc(d->count + 1, sizeof *plan.transfers);
    if (!plan.transfers)
        return IC_ERR_NOMEM;
    for (size_t i = 0; i < d->count; i++) {
        const char *a = in->balances[d->of[i].from].name;
        const char *b = in->balances[d->of[i].to].name;
        int64_t minor = d->of[i].minor;
        if (minor)
            plan.transfers[plan.count++] = minor > 0 ? (isplit_transfer){a, b, minor}
                                                     : (isplit_transfer){b, a, -minor};
    }
    for (size_t i = 0; i < in->balance_count; i++) {
        owed += in->balances[i].minor > 0;
        owing += in->balances[i].minor < 0;
    }
    plan.lower_bound = owed > owing ? owed : owing;
    plan.optimal = plan.count == plan.lower_bound;
    isplit__plan_sort(&plan);
    *out = plan;
    return 0;
}

int isplit__plan_pairwise(const isplit_state *state, size_t currency, isplit_plan *out)
{
    const isplit_currency *in = isplit_state_currency(state, currency);
    debts d = {0};
    int err = 0;

    for (size_t i = 0; !err && i < isplit_state_entry_count(state); i++) {
        const isplit_entry *e = isplit_state_entry(state, i);
        if (isplit__counts_in(state, currency, e))
            err = add_entry(&d, e, in);
    }
    sum_debts(&d);
    if (!err)
        err = write_plan(&d, in, out);
    ic_mem_free(d.of);
    return err;
}

static int64_t minor_of(const lines *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->of[i].name, name) == 0)
            return l->of[i].minor;
    }
    return 0;
}

/* What `from` owes `to` by one entry, less than nothing when it is the other way round.
 */
static int direct_debt(const isplit_entry *e, const isplit_currency *in,
                       const isplit_transfer *t, int64_t *minor)
{
    uint32_t from = number_in(in, t->from);
    uint32_t to = number_in(in, t->to);
    debts d = {0};

    int err = add_entry(&d, e, in);
    *minor = 0;
    for (size_t i = 0; i < d.count; i++) {
        if (d.of[i].from == from && d.of[i].to == to)
            *minor += d.of[i].minor;
        else if (d.of[i].from == to && d.of[i].to == from)
            *minor -= d.of[i].minor;
    }
    ic_mem_free(d.of);
    return err;
}

static int find_causes(const isplit_state *state, size_t currency,
                       const isplit_transfer *t, isplit_cause *causes, size_t *count)
{
    lines l;
    int err = 0;

    *count = 0;
    for (size_t i = 0; !err && i < isplit_state_entry_count(state); i++) {
        const isplit_entry *e = isplit_state_entry(state, i);
        if (!isplit__counts_in(state, currency, e))
            continue;
        read_lines(&l, e);
        isplit_cause c = {.entry = e,
                          .from_minor = minor_of(&l, t->from),
                          .to_minor = minor_of(&l, t->to)};
        if (!c.from_minor && !c.to_minor)
            continue;
        if (c.from_minor && c.to_minor)
            err = direct_debt(e, isplit_state_currency(state, currency), t,
                              &c.direct_minor);
        causes[(*count)++] = c;
    }
    return err;
}

int isplit_plan_why(const isplit_state *state, size_t currency,
                    const isplit_transfer *transfer, isplit_cause **out, size_t *count)
{
    if (currency >= isplit_state_currency_count(state))
        return IC_ERR_NOT_FOUND;
    isplit_cause *causes =
        ic_mem_calloc(isplit_state_entry_count(state) + 1, sizeof *causes);
    if (!causes)
        return IC_ERR_NOMEM;
    int err = find_causes(state, currency, transfer, causes, count);
    if (err)
        ic_mem_free(causes);
    else
        *out = causes;
    return err;
}
