/* Plain text accounting: a balanced transaction for each entry, so that the balance
 * report of the other program is ours. */
#include <string.h>

#include "form/export.h"
#include "form/form.h"
#include "intersplit/money.h"
#include "text/name.h"

#define NO_CURRENCY                                                                      \
    "X"                                                                                  \
    "XX" /* ISO 4217: no currency */
#define AMOUNT_COLUMN 40

/* One posting; `minor` is not zero. */
typedef void (*posting_cb)(isplit__buf *b, const isplit_entry *e, const char *currency,
                           const char *name, int64_t minor);

static void put_postings(isplit__buf *b, const isplit_state *state, const isplit_entry *e,
                         posting_cb put)
{
    const char *currency = isplit__export_currency(state, e);
    int sign = e->type == ISPLIT_ENTRY_REFUND ? -1 : 1;

    for (size_t i = 0; i < e->paid_count; i++) {
        if (e->paid[i].minor)
            put(b, e, currency, e->paid[i].name, sign * e->paid[i].minor);
    }
    for (size_t i = 0; i < e->share_count; i++) {
        if (e->shares[i].minor)
            put(b, e, currency, e->shares[i].name, -sign * e->shares[i].minor);
    }
}

/* The other programs keep to ASCII where they look for white space, mostly. */
static bool is_space(uint32_t code)
{
    return code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
           code == 0x202f || code == 0x205f || code == 0x3000;
}

static void put_percent(isplit__buf *b, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        isplit__buf_printf(b, "%%%02x", (unsigned char)bytes[i]);
}

/* A name as part of an account: what those programs give a meaning to is written as in a
 * web address. */
static void put_account(isplit__buf *b, const char *name)
{
    size_t left = strlen(name);
    bool first = true;

    while (left) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(name, left, &code);
        bool odd = !n || is_space(code) || isplit__is_control(code) ||
                   (code < 128 && strchr("%:;\"<>|=@{}()[]*!&'/\\#$~`^+?", (int)code)) ||
                   (code == ' ' && (first || left == 1 || name[1] == ' '));
        n = n ? n : 1;
        if (odd)
            put_percent(b, name, n);
        else
            isplit__buf_add(b, name, n);
        first = false;
        name += n;
        left -= n;
    }
}

/* A note in one line in which nothing is a comment, a code or a state. */
static void put_description(isplit__buf *b, const char *note)
{
    isplit__buf line = {0};

    isplit__form_text(&line, "", note);
    for (char *at = line.data; at && *at; at++)
        *at = *at == ';' ? ',' : *at;
    const char *text = line.data ? line.data : "";
    if (*text)
        isplit__buf_printf(b, " %s%s", strchr("(!*", *text) ? "- " : "", text);
    b->bad = b->bad || line.bad;
    isplit__buf_free(&line);
}

/* An id of the original is free text. */
static void put_id(isplit__buf *b, const char *id)
{
    static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";

    for (; *id; id++)
        isplit__buf_add(b, strchr(plain, *id) ? id : "-", 1);
}

static void put_commodity(isplit__buf *b, const char *code)
{
    bool quote = code[strcspn(code, "0123456789")] != 0;

    if (*code)
        isplit__buf_printf(b, quote ? " \"%s\"" : " %s", code);
}

static void put_ledger_posting(isplit__buf *b, const isplit_entry *e,
                               const char *currency, const char *name, int64_t minor)
{
    char money[ISPLIT_MONEY_TEXT_MAX];
    size_t from = b->len;

    isplit__buf_text(b, "    Members:");
    put_account(b, name);
    isplit_money_format(minor, e->exponent, 0, money);
    size_t used = b->len - from + strlen(money);
    isplit__buf_printf(b, "%*s%s",
                       used + 2 < AMOUNT_COLUMN ? (int)(AMOUNT_COLUMN - used) : 2, "",
                       money);
    put_commodity(b, currency);
    isplit__buf_text(b, "\n");
}

static void put_ledger_entry(isplit__buf *b, const isplit_state *state,
                             const isplit_entry *e, const char *date)
{
    isplit__buf_printf(b, "\n%s *", date);
    put_description(b, e->note);
    isplit__buf_text(b, "        ; intersplit: ");
    put_id(b, e->id);
    isplit__buf_text(b, "\n");
    put_postings(b, state, e, put_ledger_posting);
}

void isplit__export_ledger(isplit__buf *b, const isplit_state *state,
                           isplit_export_format format)
{
    isplit__buf_text(b, "; InterSplit:");
    put_description(b, isplit_state_room(state));
    isplit__buf_text(b, "\n");
    if (format == ISPLIT_EXPORT_HLEDGER)
        isplit__buf_text(b, "decimal-mark .\n");
    isplit__export_entries(b, state, put_ledger_entry);
}

/* "Assets:Members:Mary-20ann": letters and digits stand for themselves, all else is its
 * bytes behind a dash; "X-" stands before what no component may begin with. */
static void put_beancount_account(isplit__buf *b, const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char digits[] = "0123456789";

    isplit__buf_text(b, "Assets:Members:");
    if (strchr(letters, *name))
        isplit__buf_printf(b, "%c", *name++ - 'a' + 'A');
    else if (!strchr(digits, *name))
        isplit__buf_text(b, "X-");
    for (; *name; name++) {
        if (strchr(letters, *name) || strchr(digits, *name))
            isplit__buf_add(b, name, 1);
        else
            isplit__buf_printf(b, "-%02x", (unsigned char)*name);
    }
}

static void put_beancount_text(isplit__buf *b, const char *text)
{
    isplit__buf_text(b, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            isplit__buf_printf(b, "\\%c", c);
        else if (c == '\n')
            isplit__buf_text(b, "\\n");
        else
            isplit__buf_add(b, c < 0x20 || c == 0x7f ? " " : text, 1);
    }
    isplit__buf_text(b, "\"");
}

static void put_beancount_posting(isplit__buf *b, const isplit_entry *e,
                                  const char *currency, const char *name, int64_t minor)
{
    char money[ISPLIT_MONEY_TEXT_MAX];

    isplit__buf_text(b, "  ");
    put_beancount_account(b, name);
    isplit_money_format(minor, e->exponent, 0, money);
    isplit__buf_printf(b, "  %s %s%s\n", money,
                       *currency >= '0' && *currency <= '9' ? "X." : "",
                       *currency ? currency : NO_CURRENCY);
}

static void put_first_date(const isplit_state *state, char out[ISPLIT__DATE_BYTES])
{
    memcpy(out, "2999-12-31", ISPLIT__DATE_BYTES);
    for (size_t i = 0; i < isplit_state_entry_count(state); i++) {
        char date[ISPLIT__DATE_BYTES];
        isplit__export_date(isplit_state_entry(state, i), date);
        if (strcmp(date, out) < 0)
            memcpy(out, date, sizeof date);
    }
}

static void put_beancount_entry(isplit__buf *b, const isplit_state *state,
                                const isplit_entry *e, const char *date)
{
    isplit__buf_printf(b, "\n%s * ", date);
    put_beancount_text(b, e->note);
    isplit__buf_text(b, "\n  intersplit: ");
    put_beancount_text(b, e->id);
    isplit__buf_text(b, "\n");
    put_postings(b, state, e, put_beancount_posting);
}

void isplit__export_beancount(isplit__buf *b, const isplit_state *state)
{
    char first[ISPLIT__DATE_BYTES];
    size_t count = 0;
    const isplit_member *members = isplit_state_members(state, &count);

    put_first_date(state, first);
    isplit__buf_text(b, "option \"title\" ");
    put_beancount_text(b, isplit_state_room(state));
    isplit__buf_text(b, "\n\n");
    for (size_t i = 0; i < count; i++) {
        isplit__buf_printf(b, "%s open ", first);
        put_beancount_account(b, members[i].name);
        isplit__buf_text(b, "\n  name: ");
        put_beancount_text(b, members[i].name);
        isplit__buf_text(b, "\n");
    }
    isplit__export_entries(b, state, put_beancount_entry);
}
