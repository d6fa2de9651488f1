#include "intersplit/form.h"

#include <inttypes.h>
#include <string.h>

#include "csv.h"
#include "form.h"
#include "intercom/error.h"
#include "intersplit/money.h"
#include "name.h"

#define MS_PER_DAY INT64_C(86400000)
#define DAYS_PER_ERA INT64_C(146097) /* 400 years */
#define DAYS_TO_1970 INT64_C(719468) /* from 0000-03-01 */

void isplit__form_money(isplit__buf *b, int64_t minor, bool sign)
{
    char text[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_text(b, isplit_money_format(minor, ISPLIT__EXPONENT,
                                            sign ? ISPLIT_MONEY_SIGNED : 0, text));
}

void isplit__form_text(isplit__buf *b, const char *text)
{
    size_t left = strlen(text);

    while (left) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(text, left, &code);
        if (!n)
            n = 1;
        else if (isplit__is_control(code) || isplit__is_bidi(code))
            isplit__buf_printf(b, "\\u%04" PRIx32, code);
        else
            isplit__buf_add(b, text, n);
        text += n;
        left -= n;
    }
}

/* Days since 1970 to year, month, day; years begin in March, so leap days come last. */
static void put_date(isplit__buf *b, int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = (days >= 0 ? days : days - DAYS_PER_ERA + 1) / DAYS_PER_ERA;
    int64_t day = days - era * DAYS_PER_ERA;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;
    month = month < 10 ? month + 3 : month - 9;
    year += era * 400 + (month <= 2);
    if (year < 0 || year > 9999)
        isplit__buf_printf(b, "%c%06" PRId64, year < 0 ? '-' : '+',
                           year < 0 ? -year : year);
    else
        isplit__buf_printf(b, "%04" PRId64, year);
    isplit__buf_printf(b, "-%02" PRId64 "-%02" PRId64, month, day + 1);
}

void isplit__form_time(isplit__buf *b, int64_t at_ms)
{
    int64_t ms = at_ms % MS_PER_DAY;
    int64_t days = at_ms / MS_PER_DAY;

    if (ms < 0) {
        ms += MS_PER_DAY;
        days--;
    }
    put_date(b, days);
    isplit__buf_printf(b, "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "Z",
                       ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

int isplit__form_plan(const isplit_state *state, isplit_plan *plan)
{
    size_t count = 0;
    const isplit_share *balances = isplit_state_balances(state, &count);

    return isplit_plan_make(balances, count, plan);
}

static void put_names(isplit__buf *b, const isplit_share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        isplit__buf_text(b, i ? "," : "");
        isplit__form_text(b, shares[i].name);
    }
}

static void put_room(isplit__buf *b, const isplit_state *state)
{
    isplit__buf_text(b, "[expense:");
    isplit__form_text(b, isplit_state_room(state));
    isplit__buf_text(b, "] ");
}

int isplit_form_added(const isplit_state *state, const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};

    put_room(&b, state);
    isplit__buf_text(&b, "added ");
    isplit__form_money(&b, entry->amount_minor, false);
    isplit__buf_text(&b, " by ");
    put_names(&b, entry->paid, entry->paid_count);
    isplit__buf_text(&b, " split=");
    put_names(&b, entry->shares, entry->share_count);
    return isplit__buf_finish(&b, out);
}

static void put_entry_line(isplit__buf *b, const isplit_entry *e)
{
    isplit__buf_text(b, "\n- ");
    isplit__form_time(b, e->at_ms);
    isplit__buf_text(b, " | ");
    put_names(b, e->paid, e->paid_count);
    isplit__buf_text(b, " paid ");
    isplit__form_money(b, e->amount_minor, false);
    isplit__buf_text(b, " | split=");
    put_names(b, e->shares, e->share_count);
    isplit__buf_text(b, " | note=");
    isplit__form_text(b, *e->note ? e->note : "-");
}

int isplit_form_list(const isplit_state *state, char **out)
{
    isplit__buf b = {0};
    size_t count = isplit_state_entry_count(state);

    put_room(&b, state);
    if (!count)
        isplit__buf_text(&b, "no expenses yet.");
    else
        isplit__buf_printf(&b, "entries=%zu", count);
    for (size_t i = 0; i < count; i++)
        put_entry_line(&b, isplit_state_entry(state, i));
    return isplit__buf_finish(&b, out);
}

static void put_balances(isplit__buf *b, const isplit_state *state, const char *before)
{
    size_t count = 0;
    const isplit_share *balances = isplit_state_balances(state, &count);

    for (size_t i = 0; i < count; i++) {
        isplit__buf_text(b, before);
        isplit__form_text(b, balances[i].name);
        isplit__buf_text(b, ": ");
        isplit__form_money(b, balances[i].minor, true);
    }
}

static void put_transfers(isplit__buf *b, const isplit_plan *plan, const char *before)
{
    for (size_t i = 0; i < plan->count; i++) {
        isplit__buf_text(b, before);
        isplit__form_text(b, plan->transfers[i].from);
        isplit__buf_text(b, " -> ");
        isplit__form_text(b, plan->transfers[i].to);
        isplit__buf_text(b, ": ");
        isplit__form_money(b, plan->transfers[i].amount_minor, false);
    }
}

int isplit_form_balance(const isplit_state *state, char **out)
{
    isplit__buf b = {0};
    isplit_plan plan = {0};
    size_t members = 0;

    int err = isplit__form_plan(state, &plan);
    if (err)
        return err;
    (void)isplit_state_balances(state, &members);
    put_room(&b, state);
    isplit__buf_printf(&b, "entries=%zu total=", isplit_state_entry_count(state));
    isplit__form_money(&b, isplit_state_total_minor(state), false);
    isplit__buf_text(&b, members ? "\n- balances:" : "\n- no balances yet.");
    put_balances(&b, state, "\n  ");
    if (members)
        isplit__buf_text(&b, plan.count ? "\n- settlements:" : "\n- settlements: none");
    put_transfers(&b, &plan, "\n  ");
    isplit_plan_free(&plan);
    return isplit__buf_finish(&b, out);
}

static void put_export_text(isplit__buf *b, const isplit_state *state,
                            const isplit_plan *plan, int64_t at_ms)
{
    size_t members = 0;

    (void)isplit_state_balances(state, &members);
    isplit__buf_text(b, "InterSplit Settlement Export\ngenerated_at: ");
    isplit__form_time(b, at_ms);
    isplit__buf_text(b, "\nchannel: ");
    isplit__form_text(b, isplit_state_room(state));
    isplit__buf_printf(b, "\nevents: %zu\ntotal: ", isplit_state_entry_count(state));
    isplit__form_money(b, isplit_state_total_minor(state), false);
    isplit__buf_text(b, members ? "\nbalances:" : "\nbalances:\n- none");
    put_balances(b, state, "\n- ");
    isplit__buf_text(b, plan->count ? "\nsettlements:" : "\nsettlements:\n- none");
    put_transfers(b, plan, "\n- ");
}

static void put_export_csv(isplit__buf *b, const isplit_plan *plan)
{
    isplit__buf_text(b, "from,to,amount");
    for (size_t i = 0; i < plan->count; i++) {
        isplit__buf_text(b, "\n");
        isplit__csv_put(b, plan->transfers[i].from);
        isplit__buf_text(b, ",");
        isplit__csv_put(b, plan->transfers[i].to);
        isplit__buf_text(b, ",");
        isplit__form_money(b, plan->transfers[i].amount_minor, false);
    }
}

int isplit_form_export(const isplit_state *state, isplit_export_format format,
                       int64_t at_ms, char **out)
{
    isplit__buf b = {0};
    isplit_plan plan = {0};

    int err = isplit__form_plan(state, &plan);
    if (err)
        return err;
    if (format == ISPLIT_EXPORT_CSV)
        put_export_csv(&b, &plan);
    else if (format == ISPLIT_EXPORT_JSON)
        isplit__form_export_json(&b, state, &plan, at_ms);
    else
        put_export_text(&b, state, &plan, at_ms);
    isplit_plan_free(&plan);
    return isplit__buf_finish(&b, out);
}
