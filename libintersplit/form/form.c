#include "intersplit/form.h"

#include <inttypes.h>
#include <string.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intersplit/money.h"
#include "text/csv.h"
#include "text/name.h"

#define MS_PER_DAY INT64_C(86400000)
#define DAYS_PER_ERA INT64_C(146097) /* 400 years */
#define DAYS_TO_1970 INT64_C(719468) /* from 0000-03-01 */

void isplit__form_amount(isplit__buf *b, const char *before, int64_t minor,
                         unsigned exponent, bool sign)
{
    char text[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_text(b, before);
    isplit__buf_text(
        b, isplit_money_format(minor, exponent, sign ? ISPLIT_MONEY_SIGNED : 0, text));
}

void isplit__form_text(isplit__buf *b, const char *before, const char *text)
{
    size_t left = strlen(text);

    isplit__buf_text(b, before);
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

void isplit__form_time(isplit__buf *b, const char *before, int64_t at_ms)
{
    int64_t ms = at_ms % MS_PER_DAY;
    int64_t days = at_ms / MS_PER_DAY;

    isplit__buf_text(b, before);
    if (ms < 0) {
        ms += MS_PER_DAY;
        days--;
    }
    put_date(b, days);
    isplit__buf_printf(b, "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "Z",
                       ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

int isplit__form_finish(isplit__buf *b, int err, char **out)
{
    if (!err)
        return isplit__buf_finish(b, out);
    isplit__buf_free(b);
    return err;
}

void isplit__form_room(isplit__buf *b, const isplit_state *state)
{
    isplit__form_text(b, "[expense:", isplit_state_room(state));
    isplit__buf_text(b, "] ");
}

static void put_balances(isplit__buf *b, const isplit_currency *c, const char *before)
{
    for (size_t i = 0; i < c->balance_count; i++) {
        isplit__form_text(b, before, c->balances[i].name);
        isplit__form_amount(b, ": ", c->balances[i].minor, c->exponent, true);
    }
}

static void put_transfers(isplit__buf *b, const isplit_plan *plan, unsigned exponent,
                          const char *before)
{
    for (size_t i = 0; i < plan->count; i++) {
        isplit__form_text(b, before, plan->transfers[i].from);
        isplit__form_text(b, " -> ", plan->transfers[i].to);
        isplit__form_amount(b, ": ", plan->transfers[i].amount_minor, exponent, false);
    }
}

/* Balances and settlement in one currency; only those beside the room's own are named. */
static int put_currency(isplit__buf *b, const isplit_state *state, size_t index,
                        const isplit_plan_options *options)
{
    const isplit_currency *c = isplit_state_currency(state, index);
    const char *blank = index ? " " : "";
    const char *code = index ? c->code : "";
    isplit_plan plan = {0};

    int err = isplit_state_plan(state, index, options, &plan);
    if (err)
        return err;
    if (c->balance_count) {
        isplit__buf_printf(b, "\n- balances%s%s:", blank, code);
        put_balances(b, c, "\n  ");
        isplit__buf_printf(b, "\n- settlements%s%s:%s", blank, code,
                           plan.count ? "" : " none");
        put_transfers(b, &plan, c->exponent, "\n  ");
        if (!plan.optimal && (!options || options->mode == ISPLIT_PLAN_MINIMAL))
            isplit__buf_printf(b, "\n  (%zu payments; no plan has fewer than %zu)",
                               plan.count, plan.lower_bound);
    }
    isplit_plan_free(&plan);
    return 0;
}

int isplit_form_balance_with(const isplit_state *state,
                             const isplit_plan_options *options, char **out)
{
    isplit__buf b = {0};
    size_t count = isplit_state_currency_count(state);
    const isplit_currency *own = isplit_state_currency(state, 0);
    int err = 0;

    isplit__form_room(&b, state);
    isplit__buf_printf(&b, "entries=%zu", isplit_state_entry_count(state));
    isplit__form_amount(&b, " total=", own->total_minor, own->exponent, false);
    if (!own->balance_count && count == 1)
        isplit__buf_text(&b, "\n- no balances yet.");
    for (size_t i = 0; !err && i < count; i++)
        err = put_currency(&b, state, i, options);
    return isplit__form_finish(&b, err, out);
}

int isplit_form_balance(const isplit_state *state, char **out)
{
    return isplit_form_balance_with(state, NULL, out);
}

static void put_export_text(isplit__buf *b, const isplit_state *state,
                            const isplit_plan *plan, int64_t at_ms)
{
    const isplit_currency *own = isplit_state_currency(state, 0);

    isplit__form_time(b, "InterSplit Settlement Export\ngenerated_at: ", at_ms);
    isplit__form_text(b, "\nchannel: ", isplit_state_room(state));
    isplit__buf_printf(b, "\nevents: %zu", isplit_state_entry_count(state));
    isplit__form_amount(b, "\ntotal: ", own->total_minor, own->exponent, false);
    isplit__buf_text(b, own->balance_count ? "\nbalances:" : "\nbalances:\n- none");
    put_balances(b, own, "\n- ");
    isplit__buf_text(b, plan->count ? "\nsettlements:" : "\nsettlements:\n- none");
    put_transfers(b, plan, own->exponent, "\n- ");
}

static void put_export_csv(isplit__buf *b, const isplit_plan *plan)
{
    isplit__buf_text(b, "from,to,amount");
    for (size_t i = 0; i < plan->count; i++) {
        isplit__buf_text(b, "\n");
        isplit__csv_put(b, plan->transfers[i].from);
        isplit__buf_text(b, ",");
        isplit__csv_put(b, plan->transfers[i].to);
        isplit__form_amount(b, ",", plan->transfers[i].amount_minor, ISPLIT__EXPONENT,
                            false);
    }
}

int isplit_form_export(const isplit_state *state, isplit_export_format format,
                       int64_t at_ms, char **out)
{
    isplit__buf b = {0};
    isplit_plan plan = {0};

    int err = isplit_state_plan(state, 0, NULL, &plan);
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
