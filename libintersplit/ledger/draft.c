#include "ledger/draft.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "money/money.h"
#include "text/name.h"
#include "text/reason.h"

__extension__ typedef __int128 product;

bool isplit__scale(isplit_share *parts, size_t count, int64_t from, int64_t total)
{
    bool whole = true;
    int64_t sum = 0;
    int64_t given = 0;

    for (size_t i = 0; i < count; i++) {
        sum += parts[i].minor;
        int64_t upto = (int64_t)((product)total * sum / from);
        whole = whole && (upto > given || !parts[i].minor);
        parts[i].minor = upto - given;
        given = upto;
    }
    return whole;
}

/* A draft that is being read. */
typedef struct reading {
    const isplit_draft *draft;
    const isplit_state *state;
    isplit__value *out;
    isplit_entry *entry; /* out->entry */
    isplit_split split;
    isplit_split_item items[ISPLIT_SPLIT_MAX_ITEMS];
    isplit_field field; /* that is being read */
    isplit_reason *why;
} reading;

static int refuse(const reading *r, const char *text)
{
    return isplit__refuse(r->why, "%s", text);
}

static int keep(reading *r, const char *text, const char **out)
{
    isplit__value *v = r->out;
    size_t size = strlen(text) + 1;

    if (size > sizeof v->texts - v->used)
        return refuse(r, "the entry is too large: fewer names or a shorter note");
    *out = memcpy(v->texts + v->used, text, size);
    v->used += size;
    return 0;
}

static int keep_words(reading *r, const char *typed, const char **out)
{
    char words[ISPLIT__NOTE_MAX + 1];

    int err = isplit__note_typed(typed, words, r->why);
    return err ? err : keep(r, words, out);
}

static int keep_name(reading *r, const char *text, const char **out)
{
    char name[ISPLIT__NAME_MAX + 1];
    const char *typed = text ? text : "";

    int err = isplit__name_typed(typed, strlen(typed), name, r->why);
    return err ? err : keep(r, name, out);
}

/* Zero is no amount, but may be a part of one. */
static bool is_zero(const char *text)
{
    return !text || (*text && strspn(text, "0.,") == strlen(text));
}

/* A text that is missing is not money. */
static int read_decimal(const reading *r, const char *text, unsigned exponent,
                        const char *code, int64_t *minor)
{
    if (!text)
        text = "";
    return isplit_money_parse(text, strlen(text), exponent, *code ? code : NULL,
                              r->draft->amount_strict ? ISPLIT_MONEY_STRICT : 0, minor,
                              r->why);
}

/* Money in the currency that the user speaks of. */
static int read_money(const reading *r, const char *text, int64_t *minor)
{
    const char *code = r->entry->currency;

    if (!*code)
        code = isplit_state_currency(r->state, 0)->code;
    return read_decimal(r, text, r->entry->exponent, code, minor);
}

/* --- currency --- */

static int read_currency(reading *r)
{
    char code[ISPLIT_CURRENCY_MAX];
    const char *typed = r->draft->currency;
    const isplit_currency *own = isplit_state_currency(r->state, 0);

    r->field = ISPLIT_FIELD_CURRENCY;
    r->entry->currency = "";
    r->entry->exponent = own->exponent;
    if (!typed || !*typed)
        return 0;
    int err = isplit_currency_code(typed, strlen(typed), code, r->why);
    if (err || strcmp(code, own->code) == 0)
        return err;
    r->entry->exponent = isplit_currency_exponent(code);
    return keep(r, code, &r->entry->currency);
}

/* --- who paid --- */

static int add_payer(reading *r, const char *text)
{
    isplit__value *v = r->out;
    isplit_entry *e = &v->entry;
    const char *name = NULL;

    if (e->paid_count == ISPLIT__ENTRY_MAX_NAMES)
        return refuse(r, "an entry has at most 64 members");
    int err = keep_name(r, text, &name);
    if (!err && isplit__place_of(v->paid, e->paid_count, name) < e->paid_count)
        err = refuse(r, "a payer stands twice");
    if (!err)
        v->paid[e->paid_count++].name = name;
    return err;
}

static int read_payers(reading *r)
{
    const isplit_draft *d = r->draft;

    r->field = ISPLIT_FIELD_PAYER;
    r->entry->paid = r->out->paid;
    if (d->payer && d->payer_count)
        return refuse(r, "name one payer, or several with their amounts");
    int err = d->payer || !d->payer_count ? add_payer(r, d->payer) : 0;
    for (size_t i = 0; !err && i < d->payer_count; i++)
        err = add_payer(r, d->payers[i].name);
    return err;
}

/* Amounts of several payers, which must come to the whole. */
static int read_paid(reading *r)
{
    int64_t left = r->entry->amount_minor;
    isplit_share *paid = r->out->paid;

    paid[0].minor = left;
    if (!r->draft->payer_count)
        return 0;
    r->field = ISPLIT_FIELD_PAYER;
    for (size_t i = 0; i < r->entry->paid_count; i++) {
        int err = read_money(r, r->draft->payers[i].value, &paid[i].minor);
        if (err)
            return err;
        left -= paid[i].minor;
    }
    if (!left)
        return 0;
    r->split.left_over = left;
    return isplit__refuse_gap(
        &(isplit__gap){left, r->entry->amount_minor, r->entry->exponent, "",
                       "the payers make",
                       "put the difference on one of them, or change the amount"},
        r->why);
}

/* --- who shares --- */

static size_t place_of(const reading *r, const char *name)
{
    return isplit__place_of(r->entry->shares, r->entry->share_count, name);
}

/* Append a member unless he is there; *at is his place. */
static int add_sharer(reading *r, const char *text, size_t *at)
{
    const char *name = NULL;

    int err = keep_name(r, text, &name);
    if (err)
        return err;
    *at = place_of(r, name);
    if (*at < r->entry->share_count)
        return 0;
    if (*at == ISPLIT__ENTRY_MAX_NAMES)
        return refuse(r, "an entry has at most 64 members");
    r->out->shares[r->entry->share_count++] = (isplit_share){.name = name};
    return 0;
}

static int add_all_members(reading *r)
{
    size_t at = 0;
    size_t count = 0;
    int err = 0;
    const isplit_member *members = isplit_state_members(r->state, &count);

    for (size_t i = 0; !err && i < count; i++) {
        if (members[i].active)
            err = add_sharer(r, members[i].name, &at);
    }
    return err;
}

/* The original puts a payer whom the split leaves out first. */
static int put_payers_first(reading *r)
{
    isplit_share *shares = r->out->shares;
    size_t put = 0;

    for (size_t i = 0; i < r->entry->paid_count; i++) {
        const char *name = r->entry->paid[i].name;
        if (place_of(r, name) < r->entry->share_count)
            continue;
        if (r->entry->share_count == ISPLIT__ENTRY_MAX_NAMES)
            return refuse(r, "an entry has at most 64 members, the payer included");
        memmove(&shares[put + 1], &shares[put],
                (r->entry->share_count++ - put) * sizeof *shares);
        shares[put++] = (isplit_share){.name = name};
    }
    return 0;
}

/* A number from 1 on; what is too large is refused with the split. */
static int read_weight(const reading *r, const char *name, const char *text, int64_t *out)
{
    const isplit_member *member = isplit__state_find_member(r->state, name);

    if (!text) {
        *out = member ? member->weight : 1;
        return 0;
    }
    size_t digits = strspn(text, "0123456789");
    if (!digits || text[digits] || digits > 9)
        return refuse(r, "a weight is a whole number from 1 to 1000000");
    *out = strtoll(text, NULL, 10);
    return 0;
}

static int read_value(const reading *r, size_t at, const char *text)
{
    int64_t *value = &r->out->values[at];

    if (r->entry->mode == ISPLIT_SPLIT_WEIGHTS)
        return read_weight(r, r->entry->shares[at].name, text, value);
    if (r->entry->mode == ISPLIT_SPLIT_EQUAL || r->entry->mode == ISPLIT_SPLIT_ITEMS)
        return 0;
    *value = 0;
    if (is_zero(text))
        return 0;
    if (r->entry->mode == ISPLIT_SPLIT_PERCENT) /* hundredths, like those of a euro */
        return read_decimal(r, text, 2, "", value);
    return read_money(r, text, value);
}

static int read_parts(reading *r)
{
    const isplit_draft *d = r->draft;
    size_t at = 0;
    int err = 0;

    for (size_t i = 0; !err && i < d->part_count; i++) {
        size_t before = r->entry->share_count;
        err = add_sharer(r, d->parts[i].name, &at);
        if (!err && r->entry->share_count == before) {
            if (d->mode != ISPLIT_SPLIT_EQUAL && d->mode != ISPLIT_SPLIT_ITEMS)
                err = refuse(r, "a member stands twice in the split");
            continue;
        }
        if (!err)
            err = read_value(r, at, d->parts[i].value);
    }
    return err;
}

/* The preset that stands for the members, if one does. */
static const isplit_preset *find_preset(const reading *r)
{
    const isplit_draft *d = r->draft;
    const isplit_settings *s = r->state->settings;

    if (d->mode != ISPLIT_SPLIT_EQUAL || d->only || d->part_count > 1)
        return NULL;
    return isplit__rules_preset(s, d->part_count ? d->parts[0].name : s->default_preset);
}

/* Names and numbers as the room has set them. */
static int use_preset(reading *r, const isplit_preset *preset)
{
    size_t at = 0;
    int err = 0;

    r->entry->mode = preset->mode;
    for (size_t i = 0; !err && i < preset->part_count; i++) {
        err = add_sharer(r, preset->parts[i].name, &at);
        r->out->values[at] = preset->parts[i].minor;
    }
    return err;
}

static int read_item(reading *r, const isplit_draft_item *from, size_t number)
{
    isplit_item *item = &r->out->items[number];
    size_t at = 0;

    *item = (isplit_item){.members = 0};
    int err = read_money(r, from->amount, &item->amount_minor);
    if (!err)
        err = keep_words(r, from->text, &item->text);
    for (size_t i = 0; !err && i < from->name_count; i++) {
        err = add_sharer(r, from->names[i], &at);
        if (!err)
            item->members |= UINT64_C(1) << at;
    }
    return err;
}

static int read_items(reading *r)
{
    const isplit_draft *d = r->draft;
    int err = 0;

    if (d->item_count > ISPLIT_SPLIT_MAX_ITEMS)
        return refuse(r, "a bill has 1 to 64 items");
    for (size_t i = 0; !err && i < d->item_count; i++)
        err = read_item(r, &d->items[i], i);
    if (err || is_zero(d->extra))
        return err;
    return read_money(r, d->extra, &r->split.extra_minor);
}

/* An item that nobody is named for is everybody's. */
static void share_items(reading *r)
{
    for (size_t i = 0; i < r->draft->item_count; i++) {
        isplit_item *item = &r->out->items[i];
        if (!item->members && r->entry->share_count)
            item->members =
                UINT64_MAX >> (ISPLIT_SPLIT_MAX_MEMBERS - r->entry->share_count);
        r->items[i] = (isplit_split_item){item->amount_minor, item->members};
    }
    r->entry->items = r->draft->item_count ? r->out->items : NULL;
    r->entry->item_count = r->draft->item_count;
}

/* Those who share when nobody is named. */
static int fill_split(reading *r)
{
    const isplit_draft *d = r->draft;
    bool nobody = !r->entry->share_count;
    bool all = d->mode == ISPLIT_SPLIT_EQUAL || d->mode == ISPLIT_SPLIT_WEIGHTS ||
               d->mode == ISPLIT_SPLIT_ITEMS;
    int err = 0;

    if (nobody && (d->only || !all))
        return refuse(r, "name the members who share this");
    if (nobody)
        err = add_all_members(r);
    if (!err && !d->only && (nobody || (d->mode == ISPLIT_SPLIT_EQUAL && d->payer)))
        err = put_payers_first(r);
    for (size_t i = 0; nobody && !err && i < r->entry->share_count; i++)
        err = read_value(r, i, NULL);
    return err;
}

/* Of amounts and percentages one part may say nothing: it takes the rest. */
static int find_rest_to(reading *r)
{
    const isplit_draft *d = r->draft;
    bool open = d->mode == ISPLIT_SPLIT_EXACT || d->mode == ISPLIT_SPLIT_PERCENT;
    const char *rest_to = d->rest_to;
    const char *name = NULL;

    for (size_t i = 0; open && i < d->part_count; i++) {
        if (d->parts[i].value)
            continue;
        if (rest_to)
            return refuse(r,
                          "only one name may take the rest; give the others their part");
        rest_to = d->parts[i].name;
    }
    if (!rest_to)
        return 0;
    int err = keep_name(r, rest_to, &name);
    if (err)
        return err;
    r->split.rest_to = place_of(r, name) + 1;
    if (r->split.rest_to > r->entry->share_count)
        return refuse(r, "the rest goes to a member of the split");
    return 0;
}

static int compute(reading *r)
{
    int64_t shares[ISPLIT__ENTRY_MAX_NAMES];

    int err = isplit_split_compute(&r->split, shares, r->why);
    for (size_t i = 0; !err && i < r->entry->share_count; i++)
        r->out->shares[i].minor = shares[i];
    return err;
}

/* What `rest_to` took of a bill is an item of his own. */
static int keep_rest_item(reading *r)
{
    isplit_entry *e = r->entry;

    if (e->mode != ISPLIT_SPLIT_ITEMS || !r->split.left_over)
        return 0;
    if (e->item_count == ISPLIT_SPLIT_MAX_ITEMS)
        return refuse(r, "a bill has 1 to 64 items");
    r->out->items[e->item_count++] = (isplit_item){
        .text = "",
        .amount_minor = r->split.left_over,
        .members = UINT64_C(1) << (r->split.rest_to - 1),
    };
    e->items = r->out->items;
    return 0;
}

/* sha256(nonce) mod n, where the room rotates. */
static size_t first_among_equals(const reading *r, const isplit__id *nonce)
{
    size_t at = 0;

    for (size_t i = 0; r->state->settings->rotate && i < sizeof nonce->b; i++)
        at = (at * 256 + nonce->b[i]) % r->entry->share_count;
    return at;
}

static int read_split(reading *r, const isplit__id *nonce)
{
    isplit_entry *e = r->entry;

    r->field = ISPLIT_FIELD_SPLIT;
    e->shares = r->out->shares;
    const isplit_preset *preset = find_preset(r);
    int err = preset ? use_preset(r, preset) : read_parts(r);
    if (!err && e->mode == ISPLIT_SPLIT_ITEMS)
        err = read_items(r);
    if (!err && !preset)
        err = fill_split(r);
    if (!err)
        err = find_rest_to(r);
    if (err)
        return err;
    share_items(r);
    bool valued = e->mode != ISPLIT_SPLIT_EQUAL && e->mode != ISPLIT_SPLIT_ITEMS;
    r->split.mode = e->mode;
    r->split.amount_minor = e->amount_minor;
    r->split.exponent = e->exponent;
    r->split.count = e->share_count;
    r->split.values = valued ? r->out->values : NULL;
    r->split.items = r->items;
    r->split.item_count = e->item_count;
    r->split.rotate_at = first_among_equals(r, nonce);
    err = compute(r);
    if (err)
        return err;
    e->values = valued && e->mode != ISPLIT_SPLIT_EXACT ? r->out->values : NULL;
    return keep_rest_item(r);
}

/* --- payments --- */

static int read_receiver(reading *r)
{
    size_t at = 0;

    r->field = ISPLIT_FIELD_SPLIT;
    r->entry->mode = ISPLIT_SPLIT_EXACT;
    r->entry->shares = r->out->shares;
    if (r->draft->part_count != 1 || r->entry->paid_count != 1)
        return refuse(r, "a payment goes from one member to one other");
    int err = add_sharer(r, r->draft->parts[0].name, &at);
    if (!err && strcmp(r->entry->shares[0].name, r->entry->paid[0].name) == 0)
        err = refuse(r, "a payment goes from one member to one other");
    r->out->shares[0].minor = r->entry->amount_minor;
    return err;
}

/* --- another currency --- */

/* What was typed in another currency as so much of the room's. */
static int convert(reading *r)
{
    isplit_entry *e = r->entry;
    isplit__value *v = r->out;
    const char *rate = r->draft->rate;
    const isplit_currency *own = isplit_state_currency(r->state, 0);
    int64_t from = e->amount_minor;

    r->field = ISPLIT_FIELD_RATE;
    if (!rate || !*rate)
        return 0;
    if (!*e->currency || e->type == ISPLIT_ENTRY_PAYMENT)
        return refuse(r, "a rate belongs to an expense in another currency than the "
                         "room's");
    int err = isplit_money_convert(from, e->exponent, rate, own->exponent,
                                   &e->amount_minor, r->why);
    if (!err)
        err = keep(r, rate, &e->rate);
    if (err)
        return err;
    e->original_minor = from;
    e->original_currency = e->currency;
    e->original_exponent = e->exponent;
    e->currency = "";
    e->exponent = own->exponent;
    if (!isplit__scale(v->paid, e->paid_count, from, e->amount_minor))
        return refuse(r, "what a payer paid comes to nothing by this rate");
    r->split.amount_minor = e->amount_minor;
    if (e->mode != ISPLIT_SPLIT_ADJUST && e->mode != ISPLIT_SPLIT_ITEMS &&
        e->mode != ISPLIT_SPLIT_EXACT)
        return compute(r);
    e->mode = ISPLIT_SPLIT_EXACT;
    e->values = NULL;
    e->items = NULL;
    e->item_count = 0;
    (void)isplit__scale(v->shares, e->share_count, from, e->amount_minor);
    return 0;
}

/* --- the rest --- */

static int read_labels(reading *r)
{
    const isplit_draft *d = r->draft;
    isplit_entry *e = r->entry;
    int err = 0;

    e->category = "";
    r->field = ISPLIT_FIELD_CATEGORY;
    if (d->category && *d->category)
        err = keep_name(r, d->category, &e->category);
    if (!err && *e->category && e->type == ISPLIT_ENTRY_PAYMENT)
        err = refuse(r, "a payment has no category");
    if (err)
        return err;
    r->field = ISPLIT_FIELD_DATE;
    if (d->date && *d->date && !isplit__date_valid(d->date))
        return refuse(r, "a date is a day of the calendar, like 2026-01-31");
    e->date = d->date ? d->date : "";
    r->field = ISPLIT_FIELD_NOTE;
    return keep_words(r, d->note, &e->note);
}

static int read_all(reading *r, const isplit__id *nonce)
{
    isplit_entry *e = r->entry;

    int err = read_currency(r);
    if (!err)
        err = read_payers(r);
    if (err)
        return err;
    r->field = ISPLIT_FIELD_AMOUNT;
    err = read_money(r, r->draft->amount, &e->amount_minor);
    if (!err)
        err = read_paid(r);
    if (!err)
        err = e->type == ISPLIT_ENTRY_PAYMENT ? read_receiver(r) : read_split(r, nonce);
    if (!err)
        err = convert(r);
    return err ? err : read_labels(r);
}

int isplit__draft_read(const isplit_draft *draft, const isplit_state *state,
                       const isplit__id *nonce, isplit__value *out, isplit_field *field,
                       isplit_reason *why)
{
    reading r = {
        .draft = draft, .state = state, .out = out, .entry = &out->entry, .why = why};

    out->used = 0;
    out->entry = (isplit_entry){.type = draft->type, .mode = draft->mode};
    int err = read_all(&r, nonce);
    *field = err ? r.field : ISPLIT_FIELD_NONE;
    out->left_over = err ? r.split.left_over : 0;
    return err;
}
