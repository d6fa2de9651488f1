#include "ledger/state.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "text/buf.h"

#define DEAD ((unsigned)(ISPLIT_ENTRY_VOID | ISPLIT_ENTRY_CLEARED))

const char *isplit_state_room(const isplit_state *state)
{
    return state->room;
}

size_t isplit_state_entry_count(const isplit_state *state)
{
    return state->live_count;
}

const isplit_entry *isplit_state_entry(const isplit_state *state, size_t index)
{
    return index < state->live_count ? state->live[index] : NULL;
}

size_t isplit_state_all_count(const isplit_state *state)
{
    return state->all_count;
}

const isplit_entry *isplit_state_all(const isplit_state *state, size_t index)
{
    return index < state->all_count ? state->all[index] : NULL;
}

size_t isplit_state_currency_count(const isplit_state *state)
{
    return state->purse_count;
}

const isplit_currency *isplit_state_currency(const isplit_state *state, size_t index)
{
    return index < state->purse_count ? &state->purses[index].shown : NULL;
}

int64_t isplit_state_total_minor(const isplit_state *state)
{
    return state->purse_count ? state->purses[0].shown.total_minor : 0;
}

const isplit_share *isplit_state_balances(const isplit_state *state, size_t *count)
{
    *count = state->purse_count ? state->purses[0].shown.balance_count : 0;
    return state->purse_count ? state->purses[0].shown.balances : NULL;
}

const isplit_member *isplit_state_members(const isplit_state *state, size_t *count)
{
    *count = state->member_count;
    return state->members;
}

const isplit_recurring *isplit_state_recurring(const isplit_state *state, size_t *count)
{
    *count = state->recurring_count;
    return state->recurring;
}

const isplit_settings *isplit_state_settings(const isplit_state *state)
{
    return state->settings;
}

size_t isplit_state_event_count(const isplit_state *state)
{
    return state->event_count;
}

void isplit_state_fingerprint(const isplit_state *state, uint8_t out[16])
{
    isplit__sum_fingerprint(&state->sum, out);
}

static void free_purse(isplit__purse *p)
{
    ic_mem_free(p->kept);
    ic_mem_free(p->lines);
}

void isplit__state_free(struct isplit_state *s)
{
    for (size_t i = 0; i < s->purse_count; i++)
        free_purse(&s->purses[i]);
    isplit__tail_free(&s->tail);
    ic_mem_free(s->purses);
    ic_mem_free(s->recurring);
    ic_mem_free(s->members);
    ic_mem_free(s->live);
    ic_mem_free(s->all);
    ic_mem_free(s->room);
}

/* The place of a code among the purses; the room's own stands first. */
static size_t purse_at(const struct isplit_state *s, const char *code, bool *found)
{
    size_t low = 1;
    size_t high = s->purse_count;

    *found = !*code || strcmp(code, s->purses[0].shown.code) == 0;
    if (*found)
        return 0;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(s->purses[mid].shown.code, code);
        *found = order == 0;
        if (*found)
            return mid;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static isplit__purse *purse_of(struct isplit_state *s, const isplit_entry *e)
{
    bool found = false;
    size_t at = purse_at(s, e->currency, &found);

    if (found)
        return &s->purses[at];
    if (!isplit__grow(&s->purses, s->purse_count + 1, &s->purse_cap, sizeof *s->purses))
        return NULL;
    memmove(&s->purses[at + 1], &s->purses[at],
            (s->purse_count++ - at) * sizeof *s->purses);
    s->purses[at] = (isplit__purse){
        .shown = {.code = e->currency, .exponent = e->exponent},
    };
    return &s->purses[at];
}

int isplit__state_reset(struct isplit_state *s, const char *currency, unsigned exponent)
{
    if (!isplit__grow(&s->purses, 1, &s->purse_cap, sizeof *s->purses))
        return IC_ERR_NOMEM;
    isplit__purse first = {0};
    if (s->purse_count)
        first = s->purses[0];
    for (size_t i = 1; i < s->purse_count; i++)
        free_purse(&s->purses[i]);
    first.shown = (isplit_currency){
        .code = currency, .exponent = exponent, .balances = first.lines};
    s->purses[0] = first;
    s->purse_count = 1;
    s->member_count = 0;
    s->live_count = 0;
    s->all_count = 0;
    return 0;
}

static size_t member_at(const struct isplit_state *s, const char *name)
{
    size_t low = 0;
    size_t high = s->member_count;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(s->members[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const isplit_member *isplit__state_find_member(const struct isplit_state *s,
                                               const char *name)
{
    size_t at = member_at(s, name);

    return at < s->member_count && strcmp(s->members[at].name, name) == 0
               ? &s->members[at]
               : NULL;
}

isplit_member *isplit__state_member(struct isplit_state *s, const char *name)
{
    size_t at = member_at(s, name);

    if (at < s->member_count && strcmp(s->members[at].name, name) == 0)
        return &s->members[at];
    if (!isplit__grow(&s->members, s->member_count + 1, &s->member_cap,
                      sizeof *s->members))
        return NULL;
    memmove(&s->members[at + 1], &s->members[at],
            (s->member_count++ - at) * sizeof *s->members);
    s->members[at] =
        (isplit_member){.name = name, .active = true, .weight = 1, .show = ""};
    return &s->members[at];
}

static int in_list_order(const isplit_entry *a, const isplit_entry *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int entries_in_order(const void *a, const void *b)
{
    return in_list_order(*(const isplit_entry *const *)a,
                         *(const isplit_entry *const *)b);
}

static int shares_by_name(const void *a, const void *b)
{
    return strcmp(((const isplit_share *)a)->name, ((const isplit_share *)b)->name);
}

/* Add up the lines of the same name. */
static void sum_lines(isplit__purse *p)
{
    size_t put = 0;
    size_t count = p->shown.balance_count;

    if (count > 1)
        qsort(p->lines, count, sizeof *p->lines, shares_by_name);
    for (size_t i = 0; i < count; i++) {
        if (put && strcmp(p->lines[put - 1].name, p->lines[i].name) == 0)
            p->lines[put - 1].minor += p->lines[i].minor;
        else
            p->lines[put++] = p->lines[i];
    }
    p->shown.balance_count = put;
}

static bool moves_money(const isplit_entry *e)
{
    return !(e->flags & (DEAD | ISPLIT_ENTRY_IGNORED));
}

/* A refund is an expense in a mirror. */
static int64_t signed_minor(const isplit_entry *e, int64_t minor)
{
    return e->type == ISPLIT_ENTRY_REFUND ? -minor : minor;
}

static void add_total(isplit__purse *p, const isplit_entry *e, int64_t sign)
{
    if (e->type != ISPLIT_ENTRY_PAYMENT)
        p->shown.total_minor += sign * signed_minor(e, e->amount_minor);
}

/* The lines pile up to twice the number of names, then they are added up. */
static int append_lines(struct isplit_state *s, const isplit_entry *e)
{
    isplit__purse *p = purse_of(s, e);
    size_t more = e->paid_count + e->share_count;

    if (!p)
        return IC_ERR_NOMEM;
    if (p->shown.balance_count + more > p->cap)
        sum_lines(p);
    if (!isplit__grow(&p->lines, p->shown.balance_count * 2 + more + 256, &p->cap,
                      sizeof *p->lines))
        return IC_ERR_NOMEM;
    isplit_share *put = p->lines + p->shown.balance_count;
    for (size_t i = 0; i < e->paid_count; i++)
        *put++ = (isplit_share){e->paid[i].name, signed_minor(e, e->paid[i].minor)};
    for (size_t i = 0; i < e->share_count; i++)
        *put++ = (isplit_share){e->shares[i].name, signed_minor(e, -e->shares[i].minor)};
    p->shown.balances = p->lines;
    p->shown.balance_count += more;
    add_total(p, e, 1);
    return 0;
}

static bool grow_lists(struct isplit_state *s)
{
    return isplit__grow(&s->all, s->all_count + 1, &s->all_cap, sizeof *s->all) &&
           isplit__grow(&s->live, s->live_count + 1, &s->live_cap, sizeof *s->live);
}

int isplit__state_append(struct isplit_state *s, isplit_entry *e)
{
    if (!grow_lists(s))
        return IC_ERR_NOMEM;
    s->all[s->all_count++] = e;
    if (!(e->flags & DEAD))
        s->live[s->live_count++] = e;
    return moves_money(e) ? append_lines(s, e) : 0;
}

int isplit__state_sort(struct isplit_state *s)
{
    if (s->all_count > 1)
        qsort(s->all, s->all_count, sizeof *s->all, entries_in_order);
    if (s->live_count > 1)
        qsort(s->live, s->live_count, sizeof *s->live, entries_in_order);
    for (size_t i = 0; i < s->purse_count; i++) {
        isplit__purse *p = &s->purses[i];
        sum_lines(p);
        for (size_t k = 0; k < p->shown.balance_count; k++) {
            if (!isplit__state_member(s, p->lines[k].name))
                return IC_ERR_NOMEM;
        }
    }
    return 0;
}

static size_t line_at(const isplit__purse *p, const char *name)
{
    size_t low = 0;
    size_t high = p->shown.balance_count;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(p->lines[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* There is room for one more line. */
static void add_line(isplit__purse *p, const char *name, int64_t minor)
{
    size_t at = line_at(p, name);

    if (at < p->shown.balance_count && strcmp(p->lines[at].name, name) == 0) {
        p->lines[at].minor += minor;
        return;
    }
    memmove(&p->lines[at + 1], &p->lines[at],
            (p->shown.balance_count++ - at) * sizeof *p->lines);
    p->lines[at] = (isplit_share){.name = name, .minor = minor};
}

/* All memory that an entry's money can need, so that the rest cannot fail. */
static isplit__purse *reserve(struct isplit_state *s, const isplit_entry *e)
{
    size_t names = e->paid_count + e->share_count;

    if (!isplit__grow(&s->members, s->member_count + names, &s->member_cap,
                      sizeof *s->members))
        return NULL;
    isplit__purse *p = purse_of(s, e);
    if (!p || !isplit__grow(&p->lines, p->shown.balance_count + names, &p->cap,
                            sizeof *p->lines))
        return NULL;
    p->shown.balances = p->lines;
    return p;
}

/* The place of an entry in a list, or where it would stand. */
static size_t place_of(isplit_entry *const *list, size_t count, const isplit_entry *e)
{
    size_t low = 0;

    while (low < count) {
        size_t mid = (low + count) / 2;
        if (in_list_order(list[mid], e) < 0)
            low = mid + 1;
        else
            count = mid;
    }
    return low;
}

static void insert_sorted(isplit_entry **list, size_t count, isplit_entry *e)
{
    for (; count && in_list_order(list[count - 1], e) > 0; count--)
        list[count] = list[count - 1];
    list[count] = e;
}

/* Its money comes, or with -1 goes back. */
static void move_lines(struct isplit_state *s, isplit__purse *p, const isplit_entry *e,
                       int64_t sign)
{
    for (size_t i = 0; i < e->paid_count; i++) {
        add_line(p, e->paid[i].name, sign * signed_minor(e, e->paid[i].minor));
        (void)isplit__state_member(s, e->paid[i].name);
    }
    for (size_t i = 0; i < e->share_count; i++) {
        add_line(p, e->shares[i].name, sign * signed_minor(e, -e->shares[i].minor));
        (void)isplit__state_member(s, e->shares[i].name);
    }
    add_total(p, e, sign);
}

/* Whose line is zero may stand in no other entry. */
static bool may_be_nobody(const struct isplit_state *s, const isplit_entry *e)
{
    bool found = false;
    bool zero = false;
    const isplit__purse *p = &s->purses[purse_at(s, e->currency, &found)];

    for (size_t i = 0; i < e->paid_count; i++)
        zero = zero || !p->lines[line_at(p, e->paid[i].name)].minor;
    for (size_t i = 0; i < e->share_count; i++)
        zero = zero || !p->lines[line_at(p, e->shares[i].name)].minor;
    return zero;
}

int isplit__state_insert(struct isplit_state *s, isplit_entry *e)
{
    isplit__purse *p = moves_money(e) ? reserve(s, e) : NULL;

    if (!grow_lists(s) || (moves_money(e) && !p))
        return IC_ERR_NOMEM;
    insert_sorted(s->all, s->all_count++, e);
    if (!(e->flags & DEAD))
        insert_sorted(s->live, s->live_count++, e);
    if (p)
        move_lines(s, p, e, 1);
    return 0;
}

static void replace_live(struct isplit_state *s, const isplit_entry *before,
                         isplit_entry *e)
{
    size_t at = place_of(s->live, s->live_count, e);

    if (e->flags & DEAD && !(before->flags & DEAD))
        memmove(&s->live[at], &s->live[at + 1],
                (--s->live_count - at) * sizeof(isplit_entry *));
    else if (!(e->flags & DEAD) && before->flags & DEAD)
        insert_sorted(s->live, s->live_count++, e);
    else if (!(e->flags & DEAD))
        s->live[at] = e;
}

int isplit__state_replace(struct isplit_state *s, const isplit_entry *before,
                          isplit_entry *e)
{
    bool same = before->paid == e->paid; /* values are never written twice */
    bool comes = moves_money(e) && !(same && moves_money(before));
    bool goes = moves_money(before) && !(same && moves_money(e));
    isplit__purse *p = comes ? reserve(s, e) : NULL;
    bool found = false;

    if (!grow_lists(s) || (comes && !p))
        return IC_ERR_NOMEM;
    if (goes)
        move_lines(s, &s->purses[purse_at(s, before->currency, &found)], before, -1);
    if (comes)
        move_lines(s, p, e, 1);
    s->all[place_of(s->all, s->all_count, e)] = e;
    replace_live(s, before, e);
    return goes && may_be_nobody(s, before) ? IC_ERR_AGAIN : 0;
}
