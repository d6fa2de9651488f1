/* Entries as lines: plain ones as the original prints them, the others with what they
 * have more. */
#include <string.h>

#include "form/form.h"
#include "intercom/error.h"
#include "intersplit/form.h"
#include "intersplit/money.h"

#define ID_SHOWN 12 /* digits: enough to name the entry by */

static bool is_plain(const isplit_entry *e)
{
    return e->type == ISPLIT_ENTRY_EXPENSE && e->mode == ISPLIT_SPLIT_EQUAL &&
           e->paid_count == 1 && !*e->currency;
}

static void put_whole(isplit__buf *b, const char *before, const isplit_entry *e)
{
    isplit__form_amount(b, before, e->amount_minor, e->exponent, false);
    isplit__buf_text(b, *e->currency ? " " : "");
    isplit__buf_text(b, e->currency);
}

/* "alice,bob", or with what each has: "alice=20.00,bob=10.00" */
static void put_shares(isplit__buf *b, const char *before, const isplit_entry *e,
                       const isplit_share *shares, size_t count, bool amounts)
{
    for (size_t i = 0; i < count; i++) {
        isplit__form_text(b, i ? "," : before, shares[i].name);
        if (amounts)
            isplit__form_amount(b, "=", shares[i].minor, e->exponent, false);
    }
}

static void put_payers(isplit__buf *b, const char *before, const isplit_entry *e)
{
    put_shares(b, before, e, e->paid, e->paid_count, e->paid_count > 1);
}

static void put_split(isplit__buf *b, const char *before, const isplit_entry *e)
{
    put_shares(b, before, e, e->shares, e->share_count, e->mode != ISPLIT_SPLIT_EQUAL);
}

/* "30.00 by alice split=alice,bob" */
static void put_short(isplit__buf *b, const char *before, const isplit_entry *e)
{
    put_whole(b, before, e);
    put_payers(b, e->type == ISPLIT_ENTRY_REFUND ? " to " : " by ", e);
    if (e->type == ISPLIT_ENTRY_PAYMENT)
        isplit__form_text(b, " to ", e->shares[0].name);
    else
        put_split(b, " split=", e);
}

int isplit_form_added(const isplit_state *state, const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};

    isplit__form_room(&b, state);
    put_short(&b,
              entry->type == ISPLIT_ENTRY_PAYMENT  ? "paid "
              : entry->type == ISPLIT_ENTRY_REFUND ? "refunded "
                                                   : "added ",
              entry);
    return isplit__buf_finish(&b, out);
}

int isplit_form_changed(const isplit_state *state, const char *what,
                        const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};

    isplit__form_room(&b, state);
    isplit__buf_text(&b, what);
    put_short(&b, " ", entry);
    isplit__form_marks(&b, entry->flags, " | ", "");
    return isplit__buf_finish(&b, out);
}

static void put_optional(isplit__buf *b, const char *before, const char *text)
{
    if (*text)
        isplit__form_text(b, before, text);
}

static void put_original(isplit__buf *b, const isplit_entry *e)
{
    if (!*e->original_currency)
        return;
    isplit__form_amount(b, " | ", e->original_minor, e->original_exponent, false);
    isplit__buf_printf(b, " %s at %s", e->original_currency, e->rate);
}

void isplit__form_marks(isplit__buf *b, unsigned flags, const char *before,
                        const char *quote)
{
    static const char *const names[] = {"void",   "cleared",  "conflict",
                                        "edited", "disputed", "confirmed",
                                        "forked", "ignored",  "ahead"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(flags & (unsigned)ISPLIT_ENTRY_VOID << i))
            continue;
        isplit__buf_printf(b, "%s%s%s%s", before, quote, names[i], quote);
        before = ",";
    }
}

void isplit__form_values(isplit__buf *b, const isplit_entry *e)
{
    bool payment = e->type == ISPLIT_ENTRY_PAYMENT;

    put_payers(b, "", e);
    isplit__buf_text(b, e->type == ISPLIT_ENTRY_REFUND ? " got back " : " paid ");
    if (payment)
        isplit__form_text(b, "", e->shares[0].name);
    put_whole(b, payment ? " " : "", e);
    if (!payment)
        put_split(b, " | split=", e);
    isplit__form_text(b, " | note=", *e->note ? e->note : "-");
    put_optional(b, " | cat=", e->category);
    put_optional(b, " | date=", e->date);
    put_original(b, e);
}

int isplit_form_line(const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};

    isplit__form_values(&b, entry);
    return isplit__buf_finish(&b, out);
}

static void put_line(isplit__buf *b, const isplit_entry *e, bool all)
{
    isplit__form_time(b, "\n- ", e->at_ms);
    isplit__buf_text(b, " | ");
    isplit__form_values(b, e);
    if (!all)
        return;
    isplit__buf_text(b, " | id=");
    if (e->author)
        isplit__buf_add(b, e->id, ID_SHOWN);
    else
        isplit__form_text(b, "", e->id);
    isplit__form_marks(b, e->flags, " | ", "");
}

int isplit_form_list(const isplit_state *state, char **out)
{
    isplit__buf b = {0};
    size_t count = isplit_state_entry_count(state);

    isplit__form_room(&b, state);
    if (!count)
        isplit__buf_text(&b, "no expenses yet.");
    else
        isplit__buf_printf(&b, "entries=%zu", count);
    for (size_t i = 0; i < count; i++)
        put_line(&b, isplit_state_entry(state, i), false);
    return isplit__buf_finish(&b, out);
}

int isplit_form_list_all(const isplit_state *state, char **out)
{
    isplit__buf b = {0};
    size_t count = isplit_state_all_count(state);

    isplit__form_room(&b, state);
    isplit__buf_printf(&b, "entries=%zu of %zu", isplit_state_entry_count(state), count);
    for (size_t i = 0; i < count; i++)
        put_line(&b, isplit_state_all(state, i), true);
    return isplit__buf_finish(&b, out);
}

/* --- what would be written --- */

static void put_split_sentence(isplit__buf *b, const isplit_entry *e)
{
    isplit__buf_text(b, ", split between ");
    for (size_t i = 0; i < e->share_count; i++) {
        isplit__form_text(b, i ? ", " : "", e->shares[i].name);
        if (!is_plain(e))
            isplit__form_amount(b, " ", e->shares[i].minor, e->exponent, false);
    }
}

int isplit_form_sentence(const isplit_entry *entry, char **out)
{
    isplit__buf b = {0};
    bool refund = entry->type == ISPLIT_ENTRY_REFUND;

    if (entry->type == ISPLIT_ENTRY_PAYMENT) {
        put_payers(&b, "Record that ", entry);
        isplit__form_text(&b, " pays ", entry->shares[0].name);
        put_whole(&b, " ", entry);
    } else {
        put_whole(&b, refund ? "Refund " : "Add ", entry);
        put_payers(&b, refund ? " to " : " paid by ", entry);
        put_split_sentence(&b, entry);
    }
    put_optional(&b, ", category ", entry->category);
    put_optional(&b, ", on ", entry->date);
    put_original(&b, entry);
    put_optional(&b, ", note: ", entry->note);
    return isplit__buf_finish(&b, out);
}
