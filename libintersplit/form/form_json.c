#include <inttypes.h>
#include <string.h>

#include "form/form.h"
#include "intersplit/form.h"
#include "intersplit/money.h"

static void put_text(isplit__buf *b, const char *before, const char *text)
{
    isplit__buf_text(b, before);
    isplit__buf_json_text(b, text, strlen(text));
}

static void put_number(isplit__buf *b, const char *before, int64_t v)
{
    isplit__buf_printf(b, "%s%" PRId64, before, v);
}

static void put_money(isplit__buf *b, const char *before, int64_t minor)
{
    isplit__buf_text(b, before);
    isplit__buf_text(b, "\"");
    isplit__form_money(b, minor, false);
    isplit__buf_text(b, "\"");
}

static void put_amount(isplit__buf *b, const char *before, int64_t minor,
                       unsigned exponent)
{
    char text[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_printf(b, "%s\"%s\"", before,
                       isplit_money_format(minor, exponent, 0, text));
}

void isplit__form_entry(isplit__buf *b, const isplit_entry *e)
{
    put_text(b, "{\"txId\":", e->id);
    put_text(b, ",\"payer\":", e->paid[0].name);
    put_number(b, ",\"amountCents\":", e->amount_minor);
    for (size_t i = 0; i < e->share_count; i++)
        put_text(b, i ? "," : ",\"split\":[", e->shares[i].name);
    put_text(b, "],\"note\":", e->note);
    put_number(b, ",\"ts\":", e->at_ms);
    if (*e->by)
        put_text(b, ",\"by\":", e->by);
    else
        isplit__buf_text(b, ",\"by\":null");
}

static void put_list(isplit__buf *b, const char *before, const isplit_share *shares,
                     size_t count)
{
    isplit__buf_text(b, before);
    for (size_t i = 0; i < count; i++) {
        put_text(b, i ? ",{\"member\":" : "{\"member\":", shares[i].name);
        put_number(b, ",\"cents\":", shares[i].minor);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, "]");
}

static void put_optional(isplit__buf *b, const char *before, const char *text)
{
    if (*text)
        put_text(b, before, text);
}

static void put_items(isplit__buf *b, const isplit_entry *e)
{
    for (size_t i = 0; i < e->item_count; i++) {
        size_t names = 0;
        put_text(b, i ? ",{\"text\":" : ",\"items\":[{\"text\":", e->items[i].text);
        put_number(b, ",\"cents\":", e->items[i].amount_minor);
        isplit__buf_text(b, ",\"members\":[");
        for (size_t k = 0; k < e->share_count; k++) {
            if (e->items[i].members >> k & 1)
                put_text(b, names++ ? "," : "", e->shares[k].name);
        }
        isplit__buf_text(b, "]}");
    }
    isplit__buf_text(b, e->item_count ? "]" : "");
}

static void put_values(isplit__buf *b, const isplit_entry *e)
{
    if (!e->values)
        return;
    for (size_t i = 0; i < e->share_count; i++)
        put_number(b, i ? "," : ",\"values\":[", e->values[i]);
    isplit__buf_text(b, "]");
}

static void put_original(isplit__buf *b, const isplit_entry *e)
{
    if (!*e->original_currency)
        return;
    put_text(b, ",\"original\":{\"currency\":", e->original_currency);
    put_number(b, ",\"cents\":", e->original_minor);
    put_number(b, ",\"exponent\":", e->original_exponent);
    isplit__buf_text(b, "}");
}

static const char *type_name(isplit_entry_type type)
{
    return type == ISPLIT_ENTRY_PAYMENT  ? "payment"
           : type == ISPLIT_ENTRY_REFUND ? "refund"
                                         : "expense";
}

/* What the original's entries do not have. */
static void put_values_of_ours(isplit__buf *b, const isplit_entry *e)
{
    static const char *const modes[] = {
        [ISPLIT_SPLIT_EQUAL] = "equal",     [ISPLIT_SPLIT_EXACT] = "exact",
        [ISPLIT_SPLIT_WEIGHTS] = "weights", [ISPLIT_SPLIT_PERCENT] = "percent",
        [ISPLIT_SPLIT_ADJUST] = "adjust",   [ISPLIT_SPLIT_ITEMS] = "items"};

    put_text(b, ",\"type\":", type_name(e->type));
    put_amount(b, ",\"amount\":", e->amount_minor, e->exponent);
    put_list(b, ",\"paid\":[", e->paid, e->paid_count);
    put_list(b, ",\"shares\":[", e->shares, e->share_count);
    put_text(b, ",\"mode\":", modes[e->mode]);
    put_text(b, ",\"currency\":", e->currency);
    put_number(b, ",\"exponent\":", e->exponent);
    put_values(b, e);
    put_items(b, e);
    put_optional(b, ",\"category\":", e->category);
    put_optional(b, ",\"date\":", e->date);
    put_optional(b, ",\"rate\":", e->rate);
    put_original(b, e);
    isplit__buf_text(b, ",\"marks\":[");
    isplit__form_marks(b, e->flags, "", "\"");
    isplit__buf_text(b, "]");
}

/* The inherited members, and what the original doesn't know: who vouches for it. */
static void put_entry(isplit__buf *b, const isplit_entry *e)
{
    isplit__form_entry(b, e);
    if (e->author)
        put_text(b, ",\"author\":", e->author);
    else
        isplit__buf_text(b, ",\"author\":null");
    isplit__buf_printf(b, ",\"signed\":%s",
                       e->flags & ISPLIT_ENTRY_SIGNED ? "true" : "false");
    put_values_of_ours(b, e);
    isplit__buf_text(b, "}");
}

int isplit_form_entry_json(const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};

    put_entry(&b, entry);
    return isplit__buf_finish(&b, out);
}

int isplit_form_entries_part_json(const isplit_state *state, bool all, size_t from,
                                  size_t max_count, size_t max_bytes, char **out,
                                  size_t *end)
{
    isplit__buf b = {0};
    size_t count = all ? isplit_state_all_count(state) : isplit_state_entry_count(state);
    size_t at = from < count ? from : count;

    isplit__buf_text(&b, "[");
    for (; at < count && at - from < max_count && (at == from || b.len < max_bytes);
         at++) {
        isplit__buf_text(&b, at > from ? "," : "");
        put_entry(&b, all ? isplit_state_all(state, at) : isplit_state_entry(state, at));
    }
    isplit__buf_text(&b, "]");
    int err = isplit__buf_finish(&b, out);
    if (!err)
        *end = at;
    return err;
}

int isplit_form_entries_json(const isplit_state *state, char **out)
{
    size_t end = 0;

    return isplit_form_entries_part_json(state, false, 0, SIZE_MAX, SIZE_MAX, out, &end);
}

static void put_plan(isplit__buf *b, const isplit_plan *plan)
{
    isplit__buf_text(b, ",\"settlements\":[");
    for (size_t i = 0; i < plan->count; i++) {
        put_text(b, i ? ",{\"from\":" : "{\"from\":", plan->transfers[i].from);
        put_text(b, ",\"to\":", plan->transfers[i].to);
        put_number(b, ",\"amountCents\":", plan->transfers[i].amount_minor);
        isplit__buf_text(b, "}");
    }
    isplit__buf_printf(b, "],\"plan\":{\"optimal\":%s,\"lowerBound\":%zu}",
                       plan->optimal ? "true" : "false", plan->lower_bound);
}

/* Balances and settlement in one currency. */
static int put_currency(isplit__buf *b, const isplit_state *state, size_t index,
                        const isplit_plan_options *options)
{
    const isplit_currency *c = isplit_state_currency(state, index);
    isplit_plan plan = {0};

    int err = isplit_state_plan(state, index, options, &plan);
    if (err)
        return err;
    put_number(b, ",\"totalCents\":", c->total_minor);
    put_list(b, ",\"balances\":[", c->balances, c->balance_count);
    put_plan(b, &plan);
    put_text(b, ",\"currency\":", c->code);
    put_number(b, ",\"exponent\":", c->exponent);
    put_amount(b, ",\"total\":", c->total_minor, c->exponent);
    isplit_plan_free(&plan);
    return 0;
}

static int put_others(isplit__buf *b, const isplit_state *state,
                      const isplit_plan_options *options)
{
    int err = 0;

    isplit__buf_text(b, ",\"currencies\":[");
    for (size_t i = 1; !err && i < isplit_state_currency_count(state); i++) {
        put_text(b, i > 1 ? ",{\"code\":" : "{\"code\":",
                 isplit_state_currency(state, i)->code);
        err = put_currency(b, state, i, options);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, "]");
    return err;
}

static void put_person(isplit__buf *b, const char *before, const isplit_member *m)
{
    put_text(b, before, m->name);
    isplit__buf_printf(b, ",\"active\":%s,\"weight\":%" PRIu32 ",\"contested\":%s",
                       m->active ? "true" : "false", m->weight,
                       m->contested ? "true" : "false");
    if (m->key)
        put_text(b, ",\"key\":", m->key);
    put_optional(b, ",\"show\":", m->show);
    isplit__buf_text(b, "}");
}

static void put_people(isplit__buf *b, const isplit_state *state)
{
    size_t count = 0;
    const isplit_member *members = isplit_state_members(state, &count);

    isplit__buf_text(b, "[");
    for (size_t i = 0; i < count; i++)
        put_person(b, i ? ",{\"name\":" : "{\"name\":", &members[i]);
    isplit__buf_text(b, "]");
}

static void put_preset(isplit__buf *b, const char *before, const isplit_preset *p)
{
    put_text(b, before, p->name);
    put_text(b, ",\"mode\":",
             p->mode == ISPLIT_SPLIT_WEIGHTS   ? "weights"
             : p->mode == ISPLIT_SPLIT_PERCENT ? "percent"
                                               : "equal");
    for (size_t i = 0; i < p->part_count; i++) {
        put_text(b, i ? ",{\"name\":" : ",\"split\":[{\"name\":", p->parts[i].name);
        if (p->mode != ISPLIT_SPLIT_EQUAL)
            put_number(b, ",\"value\":", p->parts[i].minor);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, "]}");
}

int isplit_form_settings_json(const isplit_state *state, char **out)
{
    static const char *const counts[] = {"all", "signed", "acked"};
    const isplit_settings *s = isplit_state_settings(state);
    isplit__buf b = {0};

    put_text(&b, "{\"currency\":", s->currency);
    put_number(&b, ",\"exponent\":", s->exponent);
    isplit__buf_printf(&b, ",\"rotate\":%s,\"unsigned\":%s", s->rotate ? "true" : "false",
                       s->ignore_unsigned ? "false" : "true");
    put_text(&b, ",\"edit\":", s->edit == ISPLIT_EDIT_MEMBERS ? "members" : "author");
    put_text(&b, ",\"count\":", counts[s->count]);
    put_text(&b, ",\"default\":", s->default_preset);
    isplit__buf_text(&b, ",\"presets\":[");
    for (size_t i = 0; i < s->preset_count; i++)
        put_preset(&b, i ? ",{\"name\":" : "{\"name\":", &s->presets[i]);
    isplit__buf_text(&b, "],\"owners\":[");
    for (size_t i = 0; i < s->owner_count; i++)
        put_text(&b, i ? "," : "", s->owners[i]);
    isplit__buf_text(&b, "]}");
    return isplit__buf_finish(&b, out);
}

int isplit_form_recurring_json(const isplit_state *state, char **out)
{
    static const char *const units[] = {"day", "week", "month", "year"};
    size_t count = 0;
    const isplit_recurring *list = isplit_state_recurring(state, &count);
    isplit__buf b = {0};

    isplit__buf_text(&b, "[");
    for (size_t i = 0; i < count; i++) {
        put_text(&b, i ? ",{\"ref\":" : "{\"ref\":", list[i].entry->id);
        put_text(&b, ",\"every\":", units[list[i].every]);
        put_number(&b, ",\"step\":", list[i].step);
        put_text(&b, ",\"until\":", list[i].until);
        put_number(&b, ",\"made\":", list[i].made);
        isplit__buf_printf(
            &b, ",\"stopped\":%s,\"entry\":", list[i].stopped ? "true" : "false");
        put_entry(&b, list[i].entry);
        isplit__buf_text(&b, "}");
    }
    isplit__buf_text(&b, "]");
    return isplit__buf_finish(&b, out);
}

int isplit_form_members_json(const isplit_state *state, char **out)
{
    isplit__buf b = {0};

    put_people(&b, state);
    return isplit__buf_finish(&b, out);
}

int isplit_form_summary_json_with(const isplit_state *state,
                                  const isplit_plan_options *options, char **out)
{
    isplit__buf b = {0};

    put_text(&b, "{\"channel\":", isplit_state_room(state));
    put_number(&b, ",\"eventCount\":", (int64_t)isplit_state_entry_count(state));
    int err = put_currency(&b, state, 0, options);
    if (!err)
        err = put_others(&b, state, options);
    isplit__buf_text(&b, ",\"members\":");
    put_people(&b, state);
    isplit__buf_text(&b, "}");
    if (!err)
        return isplit__buf_finish(&b, out);
    isplit__buf_free(&b);
    return err;
}

int isplit_form_summary_json(const isplit_state *state, char **out)
{
    return isplit_form_summary_json_with(state, NULL, out);
}

static void put_member(isplit__buf *b, const isplit_share *balance)
{
    int64_t owed = balance->minor;

    put_text(b, "\n    {\n      \"member\": ", balance->name);
    put_number(b, ",\n      \"cents\": ", owed);
    put_money(b, ",\n      \"amount\": ", owed < 0 ? -owed : owed);
    put_text(b, ",\n      \"direction\": ", owed < 0 ? "owes" : "receives");
    isplit__buf_text(b, "\n    }");
}

static void put_transfer(isplit__buf *b, const isplit_transfer *t)
{
    put_text(b, "\n    {\n      \"from\": ", t->from);
    put_text(b, ",\n      \"to\": ", t->to);
    put_number(b, ",\n      \"cents\": ", t->amount_minor);
    put_money(b, ",\n      \"amount\": ", t->amount_minor);
    isplit__buf_text(b, "\n    }");
}

void isplit__form_export_json(isplit__buf *b, const isplit_state *state,
                              const isplit_plan *plan, int64_t at_ms)
{
    size_t count = 0;
    const isplit_share *balances = isplit_state_balances(state, &count);

    isplit__buf_text(b, "{\n  \"app\": \"intersplit\",\n  \"version\": 1,\n"
                        "  \"generatedAt\": \"");
    isplit__form_time(b, at_ms);
    put_text(b, "\",\n  \"channel\": ", isplit_state_room(state));
    put_number(b, ",\n  \"eventCount\": ", (int64_t)isplit_state_entry_count(state));
    put_money(b, ",\n  \"total\": ", isplit_state_total_minor(state));
    isplit__buf_text(b, ",\n  \"balances\": [");
    for (size_t i = 0; i < count; i++) {
        isplit__buf_text(b, i ? "," : "");
        put_member(b, &balances[i]);
    }
    isplit__buf_text(b,
                     count ? "\n  ],\n  \"settlements\": [" : "],\n  \"settlements\": [");
    for (size_t i = 0; i < plan->count; i++) {
        isplit__buf_text(b, i ? "," : "");
        put_transfer(b, &plan->transfers[i]);
    }
    isplit__buf_text(b, plan->count ? "\n  ]\n}" : "]\n}");
}
