#include <string.h>

#include "form/export.h"
#include "form/form.h"
#include "intersplit/money.h"
#include "text/csv.h"

static void put_money(isplit__buf *b, int64_t minor, unsigned exponent)
{
    char money[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_text(b, isplit_money_format(minor, exponent, 0, money));
}

static void put_next_text(isplit__buf *b, const char *text)
{
    isplit__buf_text(b, ",");
    isplit__csv_put(b, text);
}

/* "alice 25.00; bob 5.00": a name in a new entry has no ';'. */
static void put_shares(isplit__buf *b, const isplit_share *shares, size_t count,
                       unsigned exponent)
{
    isplit__buf cell = {0};
    char money[ISPLIT_MONEY_TEXT_MAX];

    for (size_t i = 0; i < count; i++)
        isplit__buf_printf(&cell, "%s%s %s", i ? "; " : "", shares[i].name,
                           isplit_money_format(shares[i].minor, exponent, 0, money));
    put_next_text(b, cell.data ? cell.data : "");
    b->bad = b->bad || cell.bad;
    isplit__buf_free(&cell);
}

static void put_expense(isplit__buf *b, const isplit_state *state, const isplit_entry *e)
{
    static const char *const types[] = {[ISPLIT_ENTRY_EXPENSE] = "expense",
                                        [ISPLIT_ENTRY_REFUND] = "refund",
                                        [ISPLIT_ENTRY_PAYMENT] = "payment"};
    char date[ISPLIT__DATE_BYTES];

    isplit__export_date(e, date);
    isplit__buf_printf(b, "%s,%s", date, types[e->type]);
    put_next_text(b, e->note);
    put_next_text(b, e->category);
    isplit__buf_printf(b, ",%s,", isplit__export_currency(state, e));
    put_money(b, e->amount_minor, e->exponent);
    put_shares(b, e->paid, e->paid_count, e->exponent);
    put_shares(b, e->shares, e->share_count, e->exponent);
    isplit__buf_text(b, ",");
    if (*e->original_currency)
        put_money(b, e->original_minor, e->original_exponent);
    isplit__buf_printf(b, ",%s,%s,", e->original_currency, e->rate);
    isplit__form_time(b, "", e->at_ms);
    put_next_text(b, e->by);
    put_next_text(b, e->id);
    isplit__buf_text(b, "\n");
}

static void put_expenses(isplit__buf *b, const isplit_state *state)
{
    isplit__buf_text(b, "date,type,note,category,currency,amount,paid,shares,"
                        "original_amount,original_currency,rate,time,by,id\n");
    for (size_t i = 0; i < isplit_state_entry_count(state); i++) {
        if (isplit__export_counts(isplit_state_entry(state, i)))
            put_expense(b, state, isplit_state_entry(state, i));
    }
}

static void put_balances(isplit__buf *b, const isplit_state *state)
{
    isplit__buf_text(b, "member,balance,currency\n");
    for (size_t i = 0; i < isplit_state_currency_count(state); i++) {
        const isplit_currency *c = isplit_state_currency(state, i);
        for (size_t j = 0; j < c->balance_count; j++) {
            isplit__csv_put(b, c->balances[j].name);
            isplit__buf_text(b, ",");
            put_money(b, c->balances[j].minor, c->exponent);
            isplit__buf_printf(b, ",%s\n", c->code);
        }
    }
}

void isplit__export_csv(isplit__buf *b, const isplit_state *state,
                        isplit_export_what what)
{
    if (what == ISPLIT_EXPORT_BALANCES)
        put_balances(b, state);
    else
        put_expenses(b, state);
}

static void put_title(isplit__buf *b, const char *name, void *user)
{
    (void)user;
    put_next_text(b, name);
}

static void put_net(isplit__buf *b, const char *name, void *user)
{
    const isplit_entry *e = user;

    isplit__buf_text(b, ",");
    put_money(b, isplit__export_net(e, name), e->exponent);
}

static void put_splitwise_row(isplit__buf *b, const isplit_state *state,
                              const isplit_entry *e)
{
    char date[ISPLIT__DATE_BYTES];
    bool payment = e->type == ISPLIT_ENTRY_PAYMENT;
    isplit_entry copy = *e;

    isplit__export_date(e, date);
    isplit__buf_text(b, date);
    put_next_text(b, *e->note ? e->note : payment ? "Payment" : "Expense");
    put_next_text(b, payment ? "Payment" : *e->category ? e->category : "General");
    isplit__buf_text(b, ",");
    put_money(b, e->type == ISPLIT_ENTRY_REFUND ? -e->amount_minor : e->amount_minor,
              e->exponent);
    isplit__buf_printf(b, ",%s", isplit__export_currency(state, e));
    isplit__export_names(b, state, put_net, &copy);
    isplit__buf_text(b, "\n");
}

static void put_total(isplit__buf *b, const char *name, void *user)
{
    const isplit_currency *c = user;
    int64_t minor = 0;

    for (size_t i = 0; i < c->balance_count; i++) {
        if (strcmp(c->balances[i].name, name) == 0)
            minor = c->balances[i].minor;
    }
    isplit__buf_text(b, ",");
    put_money(b, minor, c->exponent);
}

void isplit__export_splitwise(isplit__buf *b, const isplit_state *state, int64_t at_ms)
{
    char today[ISPLIT__DATE_BYTES];
    const isplit_entry now = {.at_ms = at_ms, .date = ""};

    isplit__buf_text(b, "Date,Description,Category,Cost,Currency");
    isplit__export_names(b, state, put_title, NULL);
    isplit__buf_text(b, "\n\n");
    for (size_t i = 0; i < isplit_state_entry_count(state); i++) {
        if (isplit__export_counts(isplit_state_entry(state, i)))
            put_splitwise_row(b, state, isplit_state_entry(state, i));
    }
    isplit__export_date(&now, today);
    for (size_t i = 0; i < isplit_state_currency_count(state); i++) {
        isplit_currency c = *isplit_state_currency(state, i);
        isplit__buf_printf(b, "\n%s,Total balance,,,%s", today, c.code);
        isplit__export_names(b, state, put_total, &c);
        isplit__buf_text(b, "\n");
    }
}
