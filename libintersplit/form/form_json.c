#include <inttypes.h>
#include <string.h>

#include "form/form.h"
#include "intersplit/form.h"
#include "intersplit/money.h"

void isplit__json_text(isplit__buf *b, const char *before, const char *text)
{
    isplit__buf_text(b, before);
    isplit__buf_json_text(b, text, strlen(text));
}

void isplit__json_number(isplit__buf *b, const char *before, int64_t number)
{
    isplit__buf_printf(b, "%s%" PRId64, before, number);
}

void isplit__json_bool(isplit__buf *b, const char *before, bool is)
{
    isplit__buf_text(b, before);
    isplit__buf_text(b, is ? "true" : "false");
}

void isplit__json_amount(isplit__buf *b, const char *before, int64_t minor,
                         unsigned exponent)
{
    char text[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_printf(b, "%s\"%s\"", before,
                       isplit_money_format(minor, exponent, 0, text));
}

static void put_text_or_null(isplit__buf *b, const char *before, const char *text)
{
    if (text && *text)
        isplit__json_text(b, before, text);
    else
        isplit__buf_printf(b, "%snull", before);
}

void isplit__form_entry(isplit__buf *b, const isplit_entry *e)
{
    isplit__json_text(b, "{\"txId\":", e->id);
    isplit__json_text(b, ",\"payer\":", e->paid[0].name);
    isplit__json_number(b, ",\"amountCents\":", e->amount_minor);
    for (size_t i = 0; i < e->share_count; i++)
        isplit__json_text(b, i ? "," : ",\"split\":[", e->shares[i].name);
    isplit__json_text(b, "],\"note\":", e->note);
    isplit__json_number(b, ",\"ts\":", e->at_ms);
    put_text_or_null(b, ",\"by\":", e->by);
}

static void put_list(isplit__buf *b, const char *before, const isplit_share *shares,
                     size_t count)
{
    isplit__buf_text(b, before);
    for (size_t i = 0; i < count; i++) {
        isplit__json_text(b, i ? ",{\"member\":" : "{\"member\":", shares[i].name);
        isplit__json_number(b, ",\"cents\":", shares[i].minor);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, "]");
}

static void put_optional(isplit__buf *b, const char *before, const char *text)
{
    if (*text)
        isplit__json_text(b, before, text);
}

static void put_items(isplit__buf *b, const isplit_entry *e)
{
    for (size_t i = 0; i < e->item_count; i++) {
        size_t names = 0;
        isplit__json_text(b,
                          i ? ",{\"text\":" : ",\"items\":[{\"text\":", e->items[i].text);
        isplit__json_number(b, ",\"cents\":", e->items[i].amount_minor);
        isplit__buf_text(b, ",\"members\":[");
        for (size_t k = 0; k < e->share_count; k++) {
            if (e->items[i].members >> k & 1)
                isplit__json_text(b, names++ ? "," : "", e->shares[k].name);
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
        isplit__json_number(b, i ? "," : ",\"values\":[", e->values[i]);
    isplit__buf_text(b, "]");
}

static void put_original(isplit__buf *b, const isplit_entry *e)
{
    if (!*e->original_currency)
        return;
    isplit__json_text(b, ",\"original\":{\"currency\":", e->original_currency);
    isplit__json_number(b, ",\"cents\":", e->original_minor);
    isplit__json_number(b, ",\"exponent\":", e->original_exponent);
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

    isplit__json_text(b, ",\"type\":", type_name(e->type));
    isplit__json_amount(b, ",\"amount\":", e->amount_minor, e->exponent);
    put_list(b, ",\"paid\":[", e->paid, e->paid_count);
    put_list(b, ",\"shares\":[", e->shares, e->share_count);
    isplit__json_text(b, ",\"mode\":", modes[e->mode]);
    isplit__json_text(b, ",\"currency\":", e->currency);
    isplit__json_number(b, ",\"exponent\":", e->exponent);
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
void isplit__form_event(isplit__buf *b, const isplit_entry *e)
{
    isplit__form_entry(b, e);
    put_text_or_null(b, ",\"author\":", e->author);
    isplit__json_bool(b, ",\"signed\":", e->flags & ISPLIT_ENTRY_SIGNED);
    put_values_of_ours(b, e);
    isplit__buf_text(b, "}");
}

int isplit_form_entry_json(const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};

    isplit__form_event(&b, entry);
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
        isplit__form_event(&b, all ? isplit_state_all(state, at)
                                   : isplit_state_entry(state, at));
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
        isplit__json_text(b, i ? ",{\"from\":" : "{\"from\":", plan->transfers[i].from);
        isplit__json_text(b, ",\"to\":", plan->transfers[i].to);
        isplit__json_number(b, ",\"amountCents\":", plan->transfers[i].amount_minor);
        isplit__buf_text(b, "}");
    }
    isplit__json_bool(b, "],\"plan\":{\"optimal\":", plan->optimal);
    isplit__buf_printf(b, ",\"lowerBound\":%zu}", plan->lower_bound);
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
    isplit__json_number(b, ",\"totalCents\":", c->total_minor);
    put_list(b, ",\"balances\":[", c->balances, c->balance_count);
    put_plan(b, &plan);
    isplit__json_text(b, ",\"currency\":", c->code);
    isplit__json_number(b, ",\"exponent\":", c->exponent);
    isplit__json_amount(b, ",\"total\":", c->total_minor, c->exponent);
    isplit_plan_free(&plan);
    return 0;
}

static int put_others(isplit__buf *b, const isplit_state *state,
                      const isplit_plan_options *options)
{
    int err = 0;

    isplit__buf_text(b, ",\"currencies\":[");
    for (size_t i = 1; !err && i < isplit_state_currency_count(state); i++) {
        isplit__json_text(b, i > 1 ? ",{\"code\":" : "{\"code\":",
                          isplit_state_currency(state, i)->code);
        err = put_currency(b, state, i, options);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, "]");
    return err;
}

static void put_person(isplit__buf *b, const char *before, const isplit_member *m)
{
    isplit__json_text(b, before, m->name);
    isplit__json_bool(b, ",\"active\":", m->active);
    isplit__json_number(b, ",\"weight\":", m->weight);
    isplit__json_bool(b, ",\"contested\":", m->contested);
    if (m->key)
        isplit__json_text(b, ",\"key\":", m->key);
    put_optional(b, ",\"show\":", m->show);
    isplit__buf_text(b, "}");
}

static void put_people(isplit__buf *b, const char *before, const isplit_state *state)
{
    size_t count = 0;
    const isplit_member *members = isplit_state_members(state, &count);

    isplit__buf_text(b, before);
    for (size_t i = 0; i < count; i++)
        put_person(b, i ? ",{\"name\":" : "{\"name\":", &members[i]);
    isplit__buf_text(b, "]");
}

static void put_preset(isplit__buf *b, const char *before, const isplit_preset *p)
{
    isplit__json_text(b, before, p->name);
    isplit__json_text(b, ",\"mode\":",
                      p->mode == ISPLIT_SPLIT_WEIGHTS   ? "weights"
                      : p->mode == ISPLIT_SPLIT_PERCENT ? "percent"
                                                        : "equal");
    for (size_t i = 0; i < p->part_count; i++) {
        isplit__json_text(b,
                          i ? ",{\"name\":" : ",\"split\":[{\"name\":", p->parts[i].name);
        if (p->mode != ISPLIT_SPLIT_EQUAL)
            isplit__json_number(b, ",\"value\":", p->parts[i].minor);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, "]}");
}

int isplit_form_settings_json(const isplit_state *state, char **out)
{
    static const char *const counts[] = {"all", "signed", "acked"};
    const isplit_settings *s = isplit_state_settings(state);
    isplit__buf b = {0};

    isplit__json_text(&b, "{\"currency\":", s->currency);
    isplit__json_number(&b, ",\"exponent\":", s->exponent);
    isplit__json_bool(&b, ",\"rotate\":", s->rotate);
    isplit__json_bool(&b, ",\"unsigned\":", !s->ignore_unsigned);
    isplit__json_text(
        &b, ",\"edit\":", s->edit == ISPLIT_EDIT_MEMBERS ? "members" : "author");
    isplit__json_text(&b, ",\"count\":", counts[s->count]);
    isplit__buf_text(&b, ",\"writers\":[");
    for (size_t i = 0; i < s->writer_count; i++)
        isplit__json_text(&b, i ? "," : "", s->writers[i]);
    isplit__json_text(&b, "],\"default\":", s->default_preset);
    isplit__buf_text(&b, ",\"presets\":[");
    for (size_t i = 0; i < s->preset_count; i++)
        put_preset(&b, i ? ",{\"name\":" : "{\"name\":", &s->presets[i]);
    isplit__buf_text(&b, "],\"owners\":[");
    for (size_t i = 0; i < s->owner_count; i++)
        isplit__json_text(&b, i ? "," : "", s->owners[i]);
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
        isplit__json_text(&b, i ? ",{\"ref\":" : "{\"ref\":", list[i].entry->id);
        isplit__json_text(&b, ",\"every\":", units[list[i].every]);
        isplit__json_number(&b, ",\"step\":", list[i].step);
        isplit__json_text(&b, ",\"until\":", list[i].until);
        isplit__json_number(&b, ",\"made\":", list[i].made);
        isplit__json_bool(&b, ",\"stopped\":", list[i].stopped);
        isplit__buf_text(&b, ",\"entry\":");
        isplit__form_event(&b, list[i].entry);
        isplit__buf_text(&b, "}");
    }
    isplit__buf_text(&b, "]");
    return isplit__buf_finish(&b, out);
}

int isplit_form_members_json(const isplit_state *state, char **out)
{
    isplit__buf b = {0};

    put_people(&b, "[", state);
    return isplit__buf_finish(&b, out);
}

int isplit_form_summary_json_with(const isplit_state *state,
                                  const isplit_plan_options *options, char **out)
{
    isplit__buf b = {0};

    isplit__json_text(&b, "{\"channel\":", isplit_state_room(state));
    isplit__json_number(&b, ",\"eventCount\":", (int64_t)isplit_state_entry_count(state));
    int err = put_currency(&b, state, 0, options);
    if (!err)
        err = put_others(&b, state, options);
    put_people(&b, ",\"members\":[", state);
    isplit__buf_text(&b, "}");
    return isplit__form_finish(&b, err, out);
}

int isplit_form_summary_json(const isplit_state *state, char **out)
{
    return isplit_form_summary_json_with(state, NULL, out);
}

static void put_member(isplit__buf *b, const isplit_share *balance)
{
    int64_t owed = balance->minor;

    isplit__json_text(b, "\n    {\n      \"member\": ", balance->name);
    isplit__json_number(b, ",\n      \"cents\": ", owed);
    isplit__json_amount(b, ",\n      \"amount\": ", owed < 0 ? -owed : owed,
                        ISPLIT__EXPONENT);
    isplit__json_text(b, ",\n      \"direction\": ", owed < 0 ? "owes" : "receives");
    isplit__buf_text(b, "\n    }");
}

static void put_transfer(isplit__buf *b, const isplit_transfer *t)
{
    isplit__json_text(b, "\n    {\n      \"from\": ", t->from);
    isplit__json_text(b, ",\n      \"to\": ", t->to);
    isplit__json_number(b, ",\n      \"cents\": ", t->amount_minor);
    isplit__json_amount(b, ",\n      \"amount\": ", t->amount_minor, ISPLIT__EXPONENT);
    isplit__buf_text(b, "\n    }");
}

void isplit__form_export_json(isplit__buf *b, const isplit_state *state,
                              const isplit_plan *plan, int64_t at_ms)
{
    size_t count = 0;
    const isplit_share *balances = isplit_state_balances(state, &count);

    isplit__form_time(b,
                      "{\n  \"app\": \"intersplit\",\n  \"version\": 1,\n"
                      "  \"generatedAt\": \"",
                      at_ms);
    isplit__json_text(b, "\",\n  \"channel\": ", isplit_state_room(state));
    isplit__json_number(
        b, ",\n  \"eventCount\": ", (int64_t)isplit_state_entry_count(state));
    isplit__json_amount(b, ",\n  \"total\": ", isplit_state_total_minor(state),
                        ISPLIT__EXPONENT);
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
