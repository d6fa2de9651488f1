#include "ledger/body.h"

#include <stdlib.h>
#include <string.h>

#include "intersplit/money.h"
#include "text/name.h"

#define RATE_MAX 16 /* bytes: 15 digits and a mark */

/* How each mode calls itself. */
static const char *const mode_names[] = {
    [ISPLIT_SPLIT_EQUAL] = "equal",     [ISPLIT_SPLIT_EXACT] = "exact",
    [ISPLIT_SPLIT_WEIGHTS] = "weights", [ISPLIT_SPLIT_PERCENT] = "percent",
    [ISPLIT_SPLIT_ADJUST] = "adjust",   [ISPLIT_SPLIT_ITEMS] = "items",
};
#define MODES (sizeof mode_names / sizeof mode_names[0])

static const char *const type_names[] = {
    [ISPLIT_ENTRY_EXPENSE] = "expense",
    [ISPLIT_ENTRY_REFUND] = "refund",
    [ISPLIT_ENTRY_PAYMENT] = NULL,
};

/* EQUAL, EXACT and ITEMS list names, the others pairs of a name and a number. */
static bool has_values(isplit_split_mode mode)
{
    return mode == ISPLIT_SPLIT_WEIGHTS || mode == ISPLIT_SPLIT_PERCENT ||
           mode == ISPLIT_SPLIT_ADJUST;
}

/* --- what may be read --- */

/* Codes are kept as they were read, so they must be in their one form. */
bool isplit__code_valid(const char *code)
{
    char same[ISPLIT_CURRENCY_MAX];

    return isplit_currency_code(code, strlen(code), same, NULL) == 0 &&
           strcmp(same, code) == 0;
}

/* "0.9215": digits with at most one mark between them. */
static bool rate_valid(const char *rate)
{
    size_t whole = strspn(rate, "0123456789");
    size_t rest = rate[whole] == '.' ? strspn(rate + whole + 1, "0123456789") : 0;

    return whole && strlen(rate) <= RATE_MAX && strspn(rate, "0.") < strlen(rate) &&
           (rate[whole] ? rest && !rate[whole + 1 + rest] : true);
}

/* Sums and roundings: is this what such a split may come to? Never computed anew. */
static bool adds_up(isplit__value *v)
{
    int64_t shares[ISPLIT__ENTRY_MAX_NAMES];
    isplit_split_item items[ISPLIT_SPLIT_MAX_ITEMS];
    const isplit_entry *e = &v->entry;
    isplit_split split = {
        .mode = e->mode,
        .amount_minor = e->amount_minor,
        .extra_minor = e->amount_minor,
        .count = e->share_count,
        .values = e->mode == ISPLIT_SPLIT_EXACT ? shares : v->values,
        .items = items,
        .item_count = e->item_count,
    };
    int64_t paid = 0;

    for (size_t i = 0; i < e->paid_count; i++) {
        if (!isplit__name_allowed(e->paid[i].name, strlen(e->paid[i].name)))
            return false;
        paid += e->paid[i].minor;
    }
    for (size_t i = 0; i < e->share_count; i++)
        shares[i] = e->shares[i].minor;
    for (size_t i = 0; i < e->item_count; i++) {
        items[i] = (isplit_split_item){e->items[i].amount_minor, e->items[i].members};
        split.extra_minor -= e->items[i].amount_minor;
    }
    return paid == e->amount_minor && isplit_split_fits(&split, shares);
}

static bool entry_valid(isplit__value *v)
{
    const isplit_entry *e = &v->entry;

    if (*e->date && !isplit__date_valid(e->date))
        return false;
    if (e->type == ISPLIT_ENTRY_PAYMENT)
        return strcmp(e->paid[0].name, e->shares[0].name) != 0;
    return (!*e->category || isplit__name_allowed(e->category, strlen(e->category))) &&
           adds_up(v);
}

/* --- values of an entry --- */

size_t isplit__place_of(const isplit_share *shares, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(shares[i].name, name) != 0)
        i++;
    return i;
}

const char *isplit__name_pass(isplit__codec *c, const char *key, const char *name)
{
    name = isplit__codec_text(c, key, name);
    isplit__codec_check(c, isplit__name_allowed(name, strlen(name)));
    return name;
}

/* A member that may be missing. */
static const char *pass_currency(isplit__codec *c, const char *code, unsigned *exponent)
{
    bool there = isplit__codec_has(c, "cur", code && *code);

    code = there ? isplit__codec_text(c, NULL, code) : "";
    isplit__codec_check(c, !there || isplit__code_valid(code));
    if (!c->out)
        *exponent = there ? isplit_currency_exponent(code) : ISPLIT__EXPONENT;
    return code;
}

/* What was paid in another currency, and the rate that its author converted it by. */
static void pass_fx(isplit__codec *c, isplit_entry *e)
{
    if (!isplit__codec_has(c, "fx", e->rate && *e->rate))
        return;
    isplit__codec_open(c, NULL, '{');
    e->original_minor =
        isplit__codec_number(c, "amount", e->original_minor, 1, ISPLIT_MONEY_MAX_MINOR);
    e->original_currency = pass_currency(c, e->original_currency, &e->original_exponent);
    e->rate = isplit__codec_text(c, "rate", e->rate);
    isplit__codec_check(c, *e->original_currency && rate_valid(e->rate));
    isplit__codec_close(c, '}');
}

static void pass_part(isplit__codec *c, bool paired, isplit_share *part, int64_t most)
{
    if (paired)
        isplit__codec_open(c, NULL, '[');
    part->name = isplit__name_pass(c, NULL, part->name);
    if (!paired)
        return;
    isplit__codec_check(c, isplit__codec_more(c, true));
    part->minor = isplit__codec_number(c, NULL, part->minor, 0, most);
    isplit__codec_close(c, ']');
}

void isplit__listing_pass(isplit__codec *c, const char *key, isplit__listing *l)
{
    size_t mode = 0;
    size_t n = 0;

    isplit__codec_open(c, key, '{');
    while (mode < MODES && !(l->modes >> mode & 1 &&
                             isplit__codec_has(c, mode_names[mode], mode == l->mode)))
        mode++;
    isplit__codec_check(c, mode < MODES);
    l->mode = (isplit_split_mode)mode;
    isplit__codec_open(c, NULL, '[');
    for (; isplit__codec_more(c, n < l->count); n++) {
        isplit__codec_check(c, n < l->max);
        if (!c->bad)
            pass_part(c, has_values(l->mode), &l->parts[n], l->most);
    }
    isplit__codec_close(c, ']');
    isplit__codec_close(c, '}');
    l->count = n;
}

static void pass_mode(isplit__codec *c, isplit__value *v)
{
    isplit_entry *e = &v->entry;
    isplit_share parts[ISPLIT__ENTRY_MAX_NAMES];
    isplit__listing l = {.modes = ~0u,
                         .mode = e->mode,
                         .parts = parts,
                         .count = e->share_count,
                         .max = ISPLIT__ENTRY_MAX_NAMES,
                         .most = ISPLIT_MONEY_MAX_MINOR};

    for (size_t i = 0; i < l.count; i++)
        parts[i] = (isplit_share){v->shares[i].name, e->values ? v->values[i] : 0};
    isplit__listing_pass(c, "mode", &l);
    if (c->out || c->bad)
        return;
    for (size_t i = 0; i < l.count; i++) {
        isplit__codec_check(c, isplit__place_of(parts, i, parts[i].name) == i);
        v->shares[i] = (isplit_share){.name = parts[i].name};
        v->values[i] = parts[i].minor;
    }
    e->mode = l.mode;
    e->shares = v->shares;
    e->share_count = l.count;
    e->values = has_values(l.mode) ? v->values : NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const isplit_share *)a)->name, ((const isplit_share *)b)->name);
}

/* Names and amounts, in the order of the names; how many. */
static size_t pass_map(isplit__codec *c, const char *key, isplit_share *map, size_t count,
                       int64_t least)
{
    size_t n = 0;

    if (c->out)
        qsort(map, count, sizeof *map, by_name);
    isplit__codec_open(c, key, '{');
    for (; isplit__codec_more(c, n < count); n++) {
        isplit__codec_check(c, n < ISPLIT__ENTRY_MAX_NAMES);
        if (c->bad)
            return 0;
        map[n].name = isplit__codec_free_key(c, map[n].name);
        map[n].minor =
            isplit__codec_number(c, NULL, map[n].minor, least, ISPLIT_MONEY_MAX_MINOR);
        isplit__codec_check(c, !n || by_name(&map[n - 1], &map[n]) < 0);
    }
    isplit__codec_close(c, '}');
    return n;
}

/* Of exactly those whom the mode lists. */
static void pass_shares(isplit__codec *c, isplit__value *v)
{
    size_t count = v->entry.share_count;
    isplit_share map[ISPLIT__ENTRY_MAX_NAMES];

    if (c->out)
        memcpy(map, v->shares, count * sizeof *map);
    isplit__codec_check(c, pass_map(c, "shares", map, count, 0) == count);
    for (size_t i = 0; !c->out && !c->bad && i < count; i++) {
        size_t at = isplit__place_of(v->shares, count, map[i].name);
        isplit__codec_check(c, at < count);
        if (at < count)
            v->shares[at].minor = map[i].minor;
    }
}

/* Who had this item: names among the shares, each once. */
static void pass_item(isplit__codec *c, const isplit__value *v, isplit_item *item)
{
    uint64_t left = item->members;
    size_t count = v->entry.share_count;

    isplit__codec_open(c, NULL, '{');
    item->amount_minor =
        isplit__codec_number(c, "amount", item->amount_minor, 1, ISPLIT_MONEY_MAX_MINOR);
    isplit__codec_open(c, "of", '[');
    for (size_t at = 0; isplit__codec_more(c, left != 0); left &= left - 1) {
        while (c->out && !(left >> at & 1))
            at++;
        const char *name =
            isplit__codec_text(c, NULL, c->out ? v->shares[at].name : NULL);
        at = c->out ? at : isplit__place_of(v->shares, count, name);
        isplit__codec_check(c, at < count && !(item->members >> at & 1));
        if (c->bad)
            return;
        item->members |= UINT64_C(1) << at;
    }
    isplit__codec_close(c, ']');
    item->text = isplit__codec_text_if(c, "text", item->text);
    isplit__codec_check(c, item->members != 0);
    isplit__codec_close(c, '}');
}

static void pass_items(isplit__codec *c, isplit__value *v)
{
    size_t n = 0;

    isplit__codec_open(c, NULL, '[');
    for (; isplit__codec_more(c, n < v->entry.item_count); n++) {
        isplit__codec_check(c, n < ISPLIT_SPLIT_MAX_ITEMS);
        if (c->bad)
            return;
        if (!c->out)
            v->items[n] = (isplit_item){.members = 0};
        pass_item(c, v, &v->items[n]);
    }
    isplit__codec_close(c, ']');
    v->entry.items = v->items;
    v->entry.item_count = n;
}

/* Items speak of those whom the mode lists, which comes behind them. */
static void read_items(isplit__codec *c, isplit__slice list, isplit__value *v)
{
    isplit__codec items = isplit__codec_reader(list.at, list.len, c->pool);

    pass_items(&items, v);
    c->pool = items.pool;
    isplit__codec_check(c, isplit__codec_finish(&items));
}

static void pass_expense(isplit__codec *c, isplit__value *v)
{
    isplit_entry *e = &v->entry;
    isplit__slice items = {.len = 0};

    pass_fx(c, e);
    bool itemized = isplit__codec_has(c, "items", e->item_count != 0);
    if (itemized && c->out)
        pass_items(c, v);
    else if (itemized)
        items = isplit__codec_raw(c, NULL, items);
    pass_mode(c, v);
    e->note = isplit__codec_text_if(c, "note", e->note);
    e->paid_count = pass_map(c, "paid", v->paid, e->paid_count, 1);
    e->paid = v->paid;
    pass_shares(c, v);
    e->type = (isplit_entry_type)isplit__codec_word(c, "type", type_names, e->type);
    isplit__codec_check(c, itemized == (e->mode == ISPLIT_SPLIT_ITEMS));
    if (items.len && !c->bad)
        read_items(c, items, v);
}

/* Behind the key "from". */
static void pass_payment(isplit__codec *c, isplit__value *v)
{
    isplit_entry *e = &v->entry;

    v->paid[0].name = isplit__name_pass(c, NULL, v->paid[0].name);
    e->note = isplit__codec_text_if(c, "note", e->note);
    v->shares[0].name = isplit__name_pass(c, "to", v->shares[0].name);
    v->paid[0].minor = v->shares[0].minor = e->amount_minor;
    e->type = ISPLIT_ENTRY_PAYMENT;
    e->mode = ISPLIT_SPLIT_EXACT;
    e->paid = v->paid;
    e->shares = v->shares;
    e->paid_count = e->share_count = 1;
}

static void pass_entry(isplit__codec *c, const char *key, isplit__value *v)
{
    isplit_entry *e = &v->entry;

    if (!c->out)
        *e = (isplit_entry){.rate = ""};
    isplit__codec_open(c, key, '{');
    e->amount_minor =
        isplit__codec_number(c, "amount", e->amount_minor, 1, ISPLIT_MONEY_MAX_MINOR);
    bool labelled = isplit__codec_has(c, "cat", e->category && *e->category);
    e->category = labelled ? isplit__codec_text(c, NULL, e->category) : "";
    e->currency = pass_currency(c, e->currency, &e->exponent);
    e->date = isplit__codec_text_if(c, "date", e->date);
    if (!labelled && isplit__codec_has(c, "from", e->type == ISPLIT_ENTRY_PAYMENT))
        pass_payment(c, v);
    else
        pass_expense(c, v);
    isplit__codec_close(c, '}');
    isplit__codec_check(c, c->bad || entry_valid(v));
}

void isplit__body_write(isplit__buf *b, const isplit_entry *e)
{
    isplit__value v;
    isplit__codec c = isplit__codec_writer(b);

    v.entry = *e;
    memcpy(v.paid, e->paid, e->paid_count * sizeof *e->paid);
    memcpy(v.shares, e->shares, e->share_count * sizeof *e->shares);
    if (e->values)
        memcpy(v.values, e->values, e->share_count * sizeof *e->values);
    if (e->item_count)
        memcpy(v.items, e->items, e->item_count * sizeof *e->items);
    pass_entry(&c, NULL, &v);
}

/* --- bodies --- */

void isplit__id_pass(isplit__codec *c, const char *key, isplit__id *id)
{
    (void)isplit__codec_hex(c, key, id->b, sizeof id->b, sizeof id->b, sizeof id->b);
}

size_t isplit__ids_pass(isplit__codec *c, const char *key, isplit__id *ids, size_t count,
                        size_t max)
{
    size_t n = 0;

    isplit__codec_open(c, key, '[');
    for (; isplit__codec_more(c, n < count); n++) {
        isplit__codec_check(c, n < max);
        if (c->bad)
            return 0;
        isplit__id_pass(c, NULL, &ids[n]);
        isplit__codec_check(c, !n || isplit__id_compare(&ids[n - 1], &ids[n]) < 0);
    }
    isplit__codec_close(c, ']');
    return n;
}

static void pass_ref(isplit__codec *c, isplit__said *s)
{
    isplit__id_pass(c, "ref", s->refs);
    s->ref_count = 1;
}

static void pass_add(isplit__codec *c, isplit__said *s)
{
    pass_entry(c, NULL, &s->value);
    isplit__codec_check(c, s->value.entry.type != ISPLIT_ENTRY_PAYMENT);
}

static void pass_pay(isplit__codec *c, isplit__said *s)
{
    pass_entry(c, NULL, &s->value);
    isplit__codec_check(c, s->value.entry.type == ISPLIT_ENTRY_PAYMENT);
}

static void pass_amend(isplit__codec *c, isplit__said *s)
{
    isplit__codec_open(c, NULL, '{');
    pass_entry(c, "body", &s->value);
    pass_ref(c, s);
    isplit__codec_close(c, '}');
}

/* What is done to an entry or to a clear, or said of an entry. */
static void pass_mark(isplit__codec *c, isplit__said *s)
{
    isplit__codec_open(c, NULL, '{');
    pass_ref(c, s);
    s->why = isplit__codec_text_if(c, "why", s->why);
    isplit__codec_close(c, '}');
}

static void pass_clear(isplit__codec *c, isplit__said *s)
{
    isplit__codec_open(c, NULL, '{');
    s->ref_count =
        isplit__ids_pass(c, "legacy", s->refs, s->ref_count, ISPLIT__CLEAR_MAX_LEGACY);
    isplit__codec_close(c, '}');
}

static void pass_member(isplit__codec *c, isplit__said *s)
{
    if (!c->out)
        s->claim = (isplit__claim){.weight = 0};
    isplit__claim_pass(c, &s->claim);
}

/* The first day is the date of the body. */
static void pass_recur(isplit__codec *c, isplit__said *s)
{
    isplit__codec_open(c, NULL, '{');
    pass_entry(c, "body", &s->value);
    isplit__schedule_pass(c, &s->schedule);
    isplit__codec_close(c, '}');
    isplit__codec_check(c, !c->bad && s->value.entry.type != ISPLIT_ENTRY_PAYMENT &&
                               *s->value.entry.date);
}

static void pass_occur(isplit__codec *c, isplit__said *s)
{
    isplit__codec_open(c, NULL, '{');
    uint32_t number = (uint32_t)isplit__codec_number(c, "n", s->schedule.number, 0,
                                                     ISPLIT__OCCUR_MAX - 1);
    s->schedule = (isplit__schedule){.number = number};
    pass_ref(c, s);
    isplit__codec_close(c, '}');
}

static void pass_room(isplit__codec *c, isplit__said *s)
{
    isplit__rules_pass(c, &s->rules);
}

isplit__kind isplit__body_pass(isplit__codec *c, const char *kind, isplit__said *said)
{
    static const struct {
        const char *name;
        isplit__kind kind;
        void (*pass)(isplit__codec *c, isplit__said *said);
    } kinds[] = {
        {"add", ISPLIT__KIND_ADD, pass_add},
        {"pay", ISPLIT__KIND_ADD, pass_pay},
        {"amend", ISPLIT__KIND_AMEND, pass_amend},
        {"void", ISPLIT__KIND_VOID, pass_mark},
        {"unvoid", ISPLIT__KIND_UNVOID, pass_mark},
        {"clear", ISPLIT__KIND_CLEAR, pass_clear},
        {"ack", ISPLIT__KIND_ACK, pass_mark},
        {"dispute", ISPLIT__KIND_DISPUTE, pass_mark},
        {"recur", ISPLIT__KIND_RECUR, pass_recur},
        {"occur", ISPLIT__KIND_OCCUR, pass_occur},
        {"member", ISPLIT__KIND_MEMBER, pass_member},
        {"room", ISPLIT__KIND_ROOM, pass_room},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, kind) != 0)
            continue;
        kinds[i].pass(c, said);
        return kinds[i].kind;
    }
    return ISPLIT__KIND_OTHER;
}
