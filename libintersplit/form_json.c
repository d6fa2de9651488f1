#include <inttypes.h>
#include <string.h>

#include "form.h"
#include "intersplit/form.h"

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

/* The inherited members, and what the original doesn't know: who vouches for it. */
static void put_entry(isplit__buf *b, const isplit_entry *e)
{
    isplit__form_entry(b, e);
    if (e->author)
        put_text(b, ",\"author\":", e->author);
    else
        isplit__buf_text(b, ",\"author\":null");
    isplit__buf_printf(b, ",\"signed\":%s}",
                       e->flags & ISPLIT_ENTRY_SIGNED ? "true" : "false");
}

int isplit_form_entry_json(const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};

    put_entry(&b, entry);
    return isplit__buf_finish(&b, out);
}

int isplit_form_entries_part_json(const isplit_state *state, size_t from,
                                  size_t max_count, size_t max_bytes, char **out,
                                  size_t *end)
{
    isplit__buf b = {0};
    size_t count = isplit_state_entry_count(state);
    size_t at = from < count ? from : count;

    isplit__buf_text(&b, "[");
    for (; at < count && at - from < max_count && (at == from || b.len < max_bytes);
         at++) {
        isplit__buf_text(&b, at > from ? "," : "");
        put_entry(&b, isplit_state_entry(state, at));
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

    return isplit_form_entries_part_json(state, 0, SIZE_MAX, SIZE_MAX, out, &end);
}

static void put_summary(isplit__buf *b, const isplit_state *state,
                        const isplit_plan *plan)
{
    size_t count = 0;
    const isplit_share *balances = isplit_state_balances(state, &count);

    put_text(b, "{\"channel\":", isplit_state_room(state));
    put_number(b, ",\"eventCount\":", (int64_t)isplit_state_entry_count(state));
    put_number(b, ",\"totalCents\":", isplit_state_total_minor(state));
    isplit__buf_text(b, ",\"balances\":[");
    for (size_t i = 0; i < count; i++) {
        put_text(b, i ? ",{\"member\":" : "{\"member\":", balances[i].name);
        put_number(b, ",\"cents\":", balances[i].minor);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, "],\"settlements\":[");
    for (size_t i = 0; i < plan->count; i++) {
        put_text(b, i ? ",{\"from\":" : "{\"from\":", plan->transfers[i].from);
        put_text(b, ",\"to\":", plan->transfers[i].to);
        put_number(b, ",\"amountCents\":", plan->transfers[i].amount_minor);
        isplit__buf_text(b, "}");
    }
    isplit__buf_printf(b, "],\"plan\":{\"optimal\":%s,\"lowerBound\":%zu}}",
                       plan->optimal ? "true" : "false", plan->lower_bound);
}

int isplit_form_summary_json(const isplit_state *state, char **out)
{
    isplit__buf b = {0};
    isplit_plan plan = {0};

    int err = isplit__form_plan(state, &plan);
    if (err)
        return err;
    put_summary(&b, state, &plan);
    isplit_plan_free(&plan);
    return isplit__buf_finish(&b, out);
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
