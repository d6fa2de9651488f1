#include <string.h>

#include "form/export.h"
#include "form/form.h"
#include "intersplit/money.h"
#include "text/csv.h"

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

static void put_expense(isplit__buf *b, const isplit_state *state, const isplit_entry *e,
                        const char *date)
{
    static const char *const types[] = {[ISPLIT_ENTRY_EXPENSE] = "expense",
                                        [ISPLIT_ENTRY_REFUND] = "refund",
                                        [ISPLIT_ENTRY_PAYMENT] = "payment"};

    isplit__buf_printf(b, "%s,%s", date, types[e->type]);
    put_next_text(b, e->note);
    put_next_text(b, e->category);
    isplit__buf_printf(b, ",%s", isplit__export_currency(state, e));
    isplit__form_amount(b, ",", e->amount_minor, e->exponent, false);
    put_shares(b, e->paid, e->paid_count, e->exponent);
    put_shares(b, e->shares, e->share_count, e->exponent);
    if (*e->original_currency)
        isplit__form_amount(b, ",", e->original_minor, e->original_exponent, false);
    else
        isplit__buf_text(b, ",");
    isplit__buf_printf(b, ",%s,%s", e->original_currency, e->rate);
    isplit__form_time(b, ",", e->at_ms);
    put_next_text(b, e->by);
    put_next_text(b, e->id);
    isplit__buf_text(b, "\n");
}

static void put_balances(isplit__buf *b, const isplit_currency *c)
{
    for (size_t i = 0; i < c->balance_count; i++) {
        isplit__csv_put(b, c->balances[i].name);
        isplit__form_amount(b, ",", c->balances[i].minor, c->exponent, false);
        isplit__buf_printf(b, ",%s\n", c->code);
    }
}

void isplit__export_csv(isplit__buf *b, const isplit_state *state,
                        isplit_export_what what)
{
    if (what != ISPLIT_EXPORT_BALANCES) {
        isplit__buf_text(b, "date,type,note,category,currency,amount,paid,shares,"
                            "original_amount,original_currency,rate,time,by,id\n");
        isplit__export_entries(b, state, put_expense);
        return;
    }
    isplit__buf_text(b, "member,balance,currency\n");
    for (size_t i = 0; i < isplit_state_currency_count(state); i++)
        put_balances(b, isplit_state_currency(state, i));
}

/* --- Splitwise: a column for each member, of what an entry or all of them bring --- */

static void put_splitwise_row(isplit__buf *b, const isplit_state *state,
                              const isplit_entry *e, const char *date)
{
    bool payment = e->type == ISPLIT_ENTRY_PAYMENT;
    int sign = e->type == ISPLIT_ENTRY_REFUND ? -1 : 1;
    size_t count = 0;
    const isplit_member *members = isplit_state_members(state, &count);

    isplit__buf_text(b, date);
    put_next_text(b, *e->note ? e->note : payment ? "Payment" : "Expense");
    put_next_text(b, payment ? "Payment" : *e->category ? e->category : "General");
    isplit__form_amount(b, ",", sign * e->amount_minor, e->exponent, false);
    isplit__buf_printf(b, ",%s", isplit__export_currency(state, e));
    for (size_t i = 0; i < count; i++) {
        int64_t paid = isplit__export_part(e->paid, e->paid_count, members[i].name);
        int64_t had = isplit__export_part(e->shares, e->share_count, members[i].name);
        isplit__form_amount(b, ",", sign * (paid - had), e->exponent, false);
    }
    isplit__buf_text(b, "\n");
}

void isplit__export_splitwise(isplit__buf *b, const isplit_state *state, int64_t at_ms)
{
    char today[ISPLIT__DATE_BYTES];
    size_t count = 0;
    const isplit_member *members = isplit_state_members(state, &count);

    isplit__buf_text(b, "Date,Description,Category,Cost,Currency");
    for (size_t i = 0; i < count; i++)
        put_next_text(b, members[i].name);
    isplit__buf_text(b, "\n\n");
    isplit__export_entries(b, state, put_splitwise_row);
    isplit__export_date(&(isplit_entry){.at_ms = at_ms, .date = ""}, today);
    for (size_t i = 0; i < isplit_state_currency_count(state); i++) {
        const isplit_currency *c = isplit_state_currency(state, i);
        isplit__buf_printf(b, "\n%s,Total balance,,,%s", today, c->code);
        for (size_t k = 0; k < count; k++) {
            int64_t minor =
                isplit__export_part(c->balances, c->balance_count, members[k].name);
            isplit__form_amount(b, ",", minor, c->exponent, false);
        }
        isplit__buf_text(b, "\n");
    }
}
