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

/* Members, lines and currencies begin with their name. */
static int by_text(const void *element, const void *text)
{
    return strcmp(*(const char *const *)element, text);
}

/* The room's own stands first. */
static size_t purse_at(const struct isplit_state *s, const char *code)
{
    if (!*code || strcmp(code, s->purses[0].shown.code) == 0)
        return 0;
    return 1 + isplit__search(s->purses + 1, s->purse_count - 1, sizeof *s->purses, code,
                              by_text);
}

static isplit__purse *purse_of(struct isplit_state *s, const isplit_entry *e)
{
    size_t at = purse_at(s, e->currency);

    if (!at ||
        (at < s->purse_count && strcmp(s->purses[at].shown.code, e->currency) == 0))
        return &s->purses[at];
    if (!isplit__widen(&s->purses, at, &s->purse_count, &s->purse_cap, sizeof *s->purses))
        return NULL;
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

static size_t member_at(const struct isplit_state *s, const char *name, bool *found)
{
    size_t at =
        isplit__search(s->members, s->member_count, sizeof *s->members, name, by_text);

    *found = at < s->member_count && strcmp(s->members[at].name, name) == 0;
    return at;
}

const isplit_member *isplit__state_find_member(const struct isplit_state *s,
                                               const char *name)
{
    bool found = false;
    size_t at = member_at(s, name, &found);

    return found ? &s->members[at] : NULL;
}

isplit_member *isplit__state_member(struct isplit_state *s, const char *name)
{
    bool found = false;
    size_t at = member_at(s, name, &found);

    if (found)
        return &s->members[at];
    if (!isplit__widen(&s->members, at, &s->member_count, &s->member_cap,
                       sizeof *s->members))
        return NULL;
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

isplit_share isplit__entry_part(const isplit_entry *e, size_t i)
{
    bool paid = i < e->paid_count;
    isplit_share part = paid ? e->paid[i] : e->shares[i - e->paid_count];

    if (paid == (e->type == ISPLIT_ENTRY_REFUND))
        part.minor = -part.minor;
    return part;
}

static void add_total(isplit__purse *p, const isplit_entry *e, int64_t sign)
{
    if (e->type != ISPLIT_ENTRY_PAYMENT)
        p->shown.total_minor +=
            (e->type == ISPLIT_ENTRY_REFUND ? -sign : sign) * e->amount_minor;
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
    for (size_t i = 0; i < more; i++)
        p->lines[p->shown.balance_count++] = isplit__entry_part(e, i);
    p->shown.balances = p->lines;
    add_total(p, e, 1);
    return 0;
}

int isplit__state_append(struct isplit_state *s, isplit_entry *e)
{
    if (!isplit__grow(&s->all, s->all_count + 1, &s->all_cap, sizeof *s->all) ||
        !isplit__grow(&s->live, s->live_count + 1, &s->live_cap, sizeof *s->live))
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

/* The line of this name, made when there is none; NULL when there is no memory. */
static isplit_share *line_of(isplit__purse *p, const char *name)
{
    size_t at =
        isplit__search(p->lines, p->shown.balance_count, sizeof *p->lines, name, by_text);

    if (at == p->shown.balance_count || strcmp(p->lines[at].name, name) != 0) {
        if (!isplit__widen(&p->lines, at, &p->shown.balance_count, &p->cap,
                           sizeof *p->lines))
            return NULL;
        p->lines[at] = (isplit_share){.name = name};
        p->shown.balances = p->lines;
    }
    return &p->lines[at];
}

/* Its money comes, or with -1 goes back. */
static int move_lines(struct isplit_state *s, const isplit_entry *e, int64_t sign)
{
    isplit__purse *p = purse_of(s, e);

    if (!p)
        return IC_ERR_NOMEM;
    for (size_t i = 0; i < e->paid_count + e->share_count; i++) {
        isplit_share part = isplit__entry_part(e, i);
        isplit_share *line = line_of(p, part.name);
        if (!line || !isplit__state_member(s, part.name))
            return IC_ERR_NOMEM;
        line->minor += sign * part.minor;
    }
    add_total(p, e, sign);
    return 0;
}

/* Whose line is zero may stand in no other entry. */
static bool may_be_nobody(struct isplit_state *s, const isplit_entry *e)
{
    bool zero = false;
    isplit__purse *p = purse_of(s, e);

    for (size_t i = 0; p && i < e->paid_count + e->share_count; i++) {
        const isplit_share *line = line_of(p, isplit__entry_part(e, i).name);
        zero = zero || !line || !line->minor;
    }
    return zero;
}

static int stands_before(const void *element, const void *entry)
{
    return in_list_order(*(const isplit_entry *const *)element, entry);
}

/* The place of an entry in a list, or where it would stand. */
static size_t place_of(isplit_entry *const *list, size_t count, const isplit_entry *e)
{
    return isplit__search(list, count, sizeof(isplit_entry *), e, stands_before);
}

static int insert_sorted(isplit_entry ***list, size_t *count, size_t *cap,
                         isplit_entry *e)
{
    size_t at = place_of(*list, *count, e);

    if (!isplit__widen(list, at, count, cap, sizeof e))
        return IC_ERR_NOMEM;
    (*list)[at] = e;
    return 0;
}

int isplit__state_insert(struct isplit_state *s, isplit_entry *e)
{
    int err = insert_sorted(&s->all, &s->all_count, &s->all_cap, e);

    if (!err && !(e->flags & DEAD))
        err = insert_sorted(&s->live, &s->live_count, &s->live_cap, e);
    return err || !moves_money(e) ? err : move_lines(s, e, 1);
}

static int replace_live(struct isplit_state *s, const isplit_entry *before,
                        isplit_entry *e)
{
    size_t at = place_of(s->live, s->live_count, e);

    if (before->flags & DEAD)
        return e->flags & DEAD ? 0
                               : insert_sorted(&s->live, &s->live_count, &s->live_cap, e);
    if (e->flags & DEAD)
        memmove(&s->live[at], &s->live[at + 1], (--s->live_count - at) * sizeof e);
    else
        s->live[at] = e;
    return 0;
}

int isplit__state_replace(struct isplit_state *s, const isplit_entry *before,
                          isplit_entry *e)
{
    bool same = before->paid == e->paid && /* values are never written twice */
                moves_money(before) && moves_money(e);
    bool goes = !same && moves_money(before);
    int err = goes ? move_lines(s, before, -1) : 0;

    if (!err && !same && moves_money(e))
        err = move_lines(s, e, 1);
    if (err)
        return err;
    s->all[place_of(s->all, s->all_count, e)] = e;
    err = replace_live(s, before, e);
    return !err && goes && may_be_nobody(s, before) ? IC_ERR_AGAIN : err;
}
