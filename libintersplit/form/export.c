#include "form/export.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "text/reason.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *const formats[] = {
    [ISPLIT_EXPORT_TEXT] = "text",
    [ISPLIT_EXPORT_JSON] = "json",
    [ISPLIT_EXPORT_CSV] = "csv",
    [ISPLIT_EXPORT_SPLITWISE] = "splitwise",
    [ISPLIT_EXPORT_LEDGER] = "ledger",
    [ISPLIT_EXPORT_HLEDGER] = "hledger",
    [ISPLIT_EXPORT_BEANCOUNT] = "beancount",
};

static const char *const whats[] = {
    [ISPLIT_EXPORT_SETTLEMENTS] = "settlements",
    [ISPLIT_EXPORT_BALANCES] = "balances",
    [ISPLIT_EXPORT_EXPENSES] = "expenses",
};

const char *isplit_export_format_name(isplit_export_format format)
{
    return formats[format];
}

const char *isplit_export_what_name(isplit_export_what what)
{
    return whats[what];
}

/* The number of a name; `count` when there is none. */
static size_t find_name(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcasecmp(names[i], name) != 0)
        i++;
    return i;
}

int isplit_export_read(const char *format, const char *what,
                       isplit_export_format *format_out, isplit_export_what *what_out,
                       isplit_reason *why)
{
    size_t f = format && *format ? find_name(formats, COUNT(formats), format) : 0;
    size_t w = what && *what ? find_name(whats, COUNT(whats), what) : 0;

    if (f == COUNT(formats))
        isplit__refuse(why, "a format is text, json, csv, splitwise, ledger, hledger "
                            "or beancount");
    else if (w == COUNT(whats))
        isplit__refuse(why, "export settlements, balances or expenses");
    else {
        *format_out = (isplit_export_format)f;
        *what_out = (isplit_export_what)w;
        return 0;
    }
    return IC_ERR_INVALID;
}

void isplit__export_date(const isplit_entry *e, char out[ISPLIT__DATE_BYTES])
{
    static const char first[] = "1400-01-01";
    static const char last[] = "2999-12-31";
    isplit__buf b = {0};
    const char *date = e->date;

    if (!*date) {
        isplit__form_time(&b, "", e->at_ms);
        date = b.data ? b.data : first;
    }
    if (*date == '+')
        date = last;
    else if (*date == '-' || strncmp(date, first, sizeof first - 1) < 0)
        date = first;
    else if (strncmp(date, last, sizeof last - 1) > 0)
        date = last;
    memcpy(out, date, ISPLIT__DATE_BYTES - 1);
    out[ISPLIT__DATE_BYTES - 1] = 0;
    isplit__buf_free(&b);
}

const char *isplit__export_currency(const isplit_state *state, const isplit_entry *e)
{
    return *e->currency ? e->currency : isplit_state_currency(state, 0)->code;
}

int64_t isplit__export_part(const isplit_share *shares, size_t count, const char *name)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += strcmp(shares[i].name, name) == 0 ? shares[i].minor : 0;
    return sum;
}

void isplit__export_entries(isplit__buf *b, const isplit_state *state,
                            isplit__export_cb put)
{
    for (size_t i = 0; i < isplit_state_entry_count(state); i++) {
        const isplit_entry *e = isplit_state_entry(state, i);
        char date[ISPLIT__DATE_BYTES];
        if (e->flags & (ISPLIT_ENTRY_VOID | ISPLIT_ENTRY_CLEARED | ISPLIT_ENTRY_IGNORED))
            continue;
        isplit__export_date(e, date);
        put(b, state, e, date);
    }
}

void isplit__export_head(isplit__buf *b, const isplit_state *state, int64_t at_ms)
{
    isplit__form_time(b, "{\"app\":\"intersplit\",\"version\":1,\"generatedAt\":\"",
                      at_ms);
    isplit__json_text(b, "\",\"channel\":", isplit_state_room(state));
}

static void put_amount(isplit__buf *b, int64_t minor, unsigned exponent)
{
    isplit__json_number(b, "\"minor\":", minor);
    isplit__json_amount(b, ",\"amount\":", minor, exponent);
}

static void put_currency_json(isplit__buf *b, const isplit_currency *c)
{
    isplit__buf_printf(b, "{\"currency\":\"%s\",\"exponent\":%u,\"total\":{", c->code,
                       c->exponent);
    put_amount(b, c->total_minor, c->exponent);
    isplit__buf_text(b, "},\"balances\":[");
    for (size_t i = 0; i < c->balance_count; i++) {
        isplit__json_text(b, i ? "},{\"member\":" : "{\"member\":", c->balances[i].name);
        isplit__buf_text(b, ",");
        put_amount(b, c->balances[i].minor, c->exponent);
    }
    isplit__buf_text(b, c->balance_count ? "}]}" : "]}");
}

static void balances_json(isplit__buf *b, const isplit_state *state, int64_t at_ms)
{
    isplit__export_head(b, state, at_ms);
    isplit__buf_text(b, ",\"currencies\":[");
    for (size_t i = 0; i < isplit_state_currency_count(state); i++) {
        isplit__buf_text(b, i ? "," : "");
        put_currency_json(b, isplit_state_currency(state, i));
    }
    isplit__buf_text(b, "]}");
}

static void expenses_json(isplit__buf *b, const isplit_state *state, int64_t at_ms)
{
    isplit__export_head(b, state, at_ms);
    isplit__buf_text(b, ",\"entries\":[");
    for (size_t i = 0; i < isplit_state_entry_count(state); i++) {
        isplit__buf_text(b, i ? "," : "");
        isplit__form_event(b, isplit_state_entry(state, i));
    }
    isplit__buf_text(b, "]}");
}

static void put_currency_text(isplit__buf *b, const isplit_currency *c)
{
    for (size_t i = 0; i < c->balance_count; i++) {
        isplit__form_text(b, b->len ? "\n" : "", c->balances[i].name);
        isplit__form_amount(b, ": ", c->balances[i].minor, c->exponent, true);
        isplit__buf_printf(b, "%s%s", *c->code ? " " : "", c->code);
    }
}

static void balances_text(isplit__buf *b, const isplit_state *state)
{
    for (size_t i = 0; i < isplit_state_currency_count(state); i++)
        put_currency_text(b, isplit_state_currency(state, i));
}

/* Balances and expenses as text, JSON or CSV. */
static void write_list(isplit__buf *b, const isplit_state *state, isplit_export_what what,
                       isplit_export_format format, int64_t at_ms)
{
    bool balances = what == ISPLIT_EXPORT_BALANCES;

    if (format == ISPLIT_EXPORT_CSV)
        isplit__export_csv(b, state, what);
    else if (format == ISPLIT_EXPORT_JSON && balances)
        balances_json(b, state, at_ms);
    else if (format == ISPLIT_EXPORT_JSON)
        expenses_json(b, state, at_ms);
    else
        balances_text(b, state);
}

int isplit_export_write(const isplit_state *state, isplit_export_what what,
                        isplit_export_format format, int64_t at_ms, char **out)
{
    isplit__buf b = {0};
    int err = 0;

    if (format == ISPLIT_EXPORT_SPLITWISE)
        isplit__export_splitwise(&b, state, at_ms);
    else if (format == ISPLIT_EXPORT_LEDGER || format == ISPLIT_EXPORT_HLEDGER)
        isplit__export_ledger(&b, state, format);
    else if (format == ISPLIT_EXPORT_BEANCOUNT)
        isplit__export_beancount(&b, state);
    else if (what == ISPLIT_EXPORT_SETTLEMENTS && isplit__export_is_plain(state))
        return isplit_form_export(state, format, at_ms, out);
    else if (what == ISPLIT_EXPORT_SETTLEMENTS)
        err = isplit__export_settlements(&b, state, format, at_ms);
    else if (what == ISPLIT_EXPORT_EXPENSES && format == ISPLIT_EXPORT_TEXT)
        return isplit_form_list(state, out);
    else
        write_list(&b, state, what, format, at_ms);
    return isplit__form_finish(&b, err, out);
}
