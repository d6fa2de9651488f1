/* Tables of other programs. Splitwise and Spliit have a column for each member, behind
 * their own; ihatemoney and Cospend name who owes in one cell, and Cospend has several
 * tables in one file. What they have in common is read by their titles. */
#include <stdio.h>
#include <string.h>

#include "inout/import.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "text/name.h"

#define WEIGHT_DECIMALS 6
#define COSPEND_NO_BILL "deleteMeIfYouWant" /* carries a member in files of its app */
#define COSPEND_MAIN "1"                    /* rate of the currency of all bills */
#define FACTS_MAX 1024                      /* members and categories */

/* What a column says. The first ones make the row: it is known by them. */
typedef enum column {
    DATE,
    WHAT,
    CATEGORY,
    AMOUNT,
    CURRENCY,
    MORE,
    MORE_CURRENCY,
    PAYMENT,
    PAYER,
    OWERS,
    LAST, /* members follow */
    KEYS,
    WEIGHT = KEYS,
    DELETED,
    COLUMNS
} column;

/* Of a member, a category or a currency of Cospend, which have tables of their own. */
typedef struct fact {
    column of;
    const char *name;
    const char *says;
} fact;

typedef struct table {
    isplit_import *import;
    isplit__csv csv;
    isplit__csv_row row;
    isplit__csv_row head; /* its cells are kept */
    const struct block *block;
    size_t at[COLUMNS]; /* SIZE_MAX = it has no such column */
    fact facts[FACTS_MAX];
    size_t fact_count;
} table;

/* A kind of table. */
typedef struct block {
    isplit_import_format format;
    const char *titles[COLUMNS];
    unsigned optional;     /* columns, as bits, that it may lack */
    const char *payment;   /* what PAYMENT says of one */
    const char *category;  /* what CATEGORY says of one */
    column learns;         /* what its rows say of the name under PAYER; 0 = nothing */
    int (*read)(table *t); /* who paid and who owes */
} block;

static const char *cell(const table *t, column c)
{
    return isplit__csv_cell(&t->row, t->at[c]);
}

static const char *keep(table *t, const char *text)
{
    return isplit__import_keep(t->import, text);
}

/* --- a column for each member --- */

/* What the members' cells of a row come to. */
typedef struct cells {
    int64_t sum;
    int64_t up; /* of those that have the sign of the cost */
    size_t zeros;
    size_t zero;  /* the last column of them */
    size_t payer; /* the first column of who paid */
} cells;

/* Who has the sign of the cost paid: all of it, or as much as the cell says more than his
 * share. Who has no part in it is not part of what makes the row, so that later members
 * do not change it. */
static int read_cell(table *t, size_t at, bool nets, cells *c)
{
    int64_t value = 0;
    int err = 0;
    const char *name = t->head.cells[at];
    const char *text = isplit__csv_cell(&t->row, at);
    isplit__import_row *row = &t->import->row;

    if (*text)
        err = isplit__import_money(t->import, text, &value);
    if (err || !value) {
        c->zeros++;
        c->zero = at;
        return err;
    }
    bool payer = (value < 0) == (row->amount < 0);
    isplit__import_key(t->import, name);
    isplit__import_key(t->import, text);
    if (payer && !row->paid.count)
        c->payer = at;
    c->sum += value;
    c->up += payer ? value : 0;
    if (payer)
        err = isplit__import_add(t->import, &row->paid, name, nets ? value : row->amount);
    if (!err && !(payer && nets))
        err = isplit__import_add(t->import, &row->shares, name, payer ? value : -value);
    return err;
}

static int read_cells(table *t, bool nets, cells *c)
{
    int err = 0;

    *c = (cells){0};
    t->import->row.mode = ISPLIT_SPLIT_EXACT;
    for (size_t i = t->at[LAST] + 1; !err && i < t->head.count; i++)
        err = read_cell(t, i, nets, c);
    return err;
}

/* The file has no more than the nets: what the payers used up themselves is given to the
 * first of them, which changes no balance. */
static int read_splitwise(table *t)
{
    cells c;
    char by[ISPLIT_MONEY_TEXT_MAX];
    isplit__import_row *row = &t->import->row;
    isplit_share *shares = row->shares.of;

    int err = read_cells(t, true, &c);
    if (err)
        return err;
    if (c.sum)
        return isplit__import_fail(t->import,
                                   "the members' columns sum to %s, not to zero",
                                   isplit_money_format(c.sum, row->exponent, 0, by));
    int64_t own = row->amount - c.up;
    if (!c.up) /* everybody paid his own part */
        row->amount = 0;
    if (!c.up || !own)
        return 0;
    if ((row->amount < 0) != (own < 0))
        return isplit__import_fail(t->import,
                                   "the members' columns are more than the cost");
    row->paid.of[0].minor += own;
    err = isplit__import_add(t->import, &row->shares, t->head.cells[c.payer], own);
    if (err)
        return err;
    const isplit_share last = shares[row->shares.count - 1];
    memmove(shares + 1, shares, (row->shares.count - 1) * sizeof last);
    shares[0] = last;
    return 0;
}

/* The cells are rounded one by one: what they lack goes to the first, a unit each. */
static void even_out(isplit__import_row *row)
{
    int64_t left = row->amount;
    int64_t most = (int64_t)row->shares.count;

    for (size_t i = 0; i < row->shares.count; i++)
        left -= row->shares.of[i].minor;
    if (left > most || -left > most)
        return; /* no rounding: the check of the sum will tell */
    for (size_t i = 0; left; i++) {
        int64_t step = left < 0 ? -1 : 1;
        row->shares.of[i].minor += step;
        left -= step;
    }
}

/* Each cell is a share. Who paid and has none himself is written like those without a
 * part, so he is only known when he is the only one. */
static int read_spliit(table *t)
{
    cells c;
    isplit__import_row *row = &t->import->row;

    int err = read_cells(t, false, &c);
    if (!err && !row->paid.count && c.zeros == 1)
        err =
            isplit__import_add(t->import, &row->paid, t->head.cells[c.zero], row->amount);
    if (!err && !row->paid.count && row->amount)
        return isplit__import_fail(t->import,
                                   "Spliit's CSV does not say who paid this; export the "
                                   "group as JSON instead");
    even_out(row);
    return err;
}

/* --- one cell for all who owe --- */

/* Remember what the row says of a name; the last word counts. */
static int learn(table *t)
{
    size_t i = 0;
    column of = t->block->learns;
    const char *name = cell(t, PAYER);

    if (t->block->format == ISPLIT_IMPORT_COSPEND)
        t->import->info.format = ISPLIT_IMPORT_COSPEND;

    while (i < t->fact_count &&
           (t->facts[i].of != of || strcmp(t->facts[i].name, name) != 0))
        i++;
    if (i == FACTS_MAX)
        return isplit__import_fail(t->import,
                                   "there are too many members and categories");
    if (i == t->fact_count)
        t->facts[t->fact_count++] = (fact){.of = of, .name = keep(t, name)};
    t->facts[i].says = keep(t, cell(t, of));
    return t->facts[i].name && t->facts[i].says ? 0 : IC_ERR_NOMEM;
}

static const char *fact_of(const table *t, column of, const char *name)
{
    for (size_t i = 0; i < t->fact_count; i++) {
        if (t->facts[i].of == of && strcmp(t->facts[i].name, name) == 0)
            return t->facts[i].says;
    }
    return "";
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Weights in millionths as small whole numbers; all alike are an equal split. */
static int reduce_weights(isplit_import *import)
{
    int64_t divisor = 0;
    bool alike = true;
    const isplit__import_list *shares = &import->row.shares;

    for (size_t i = 0; i < shares->count; i++) {
        if (shares->of[i].minor < 0)
            return isplit__import_fail(import, "a weight below 0");
        divisor = common_divisor(divisor, shares->of[i].minor);
        alike = alike && shares->of[i].minor == shares->of[0].minor;
    }
    import->row.mode = alike ? ISPLIT_SPLIT_EQUAL : ISPLIT_SPLIT_WEIGHTS;
    for (size_t i = 0; divisor && i < shares->count; i++) {
        shares->of[i].minor /= divisor;
        if (shares->of[i].minor > ISPLIT_SPLIT_MAX_WEIGHT)
            return isplit__import_fail(import, "the weights are too fine");
    }
    return 0;
}

static int add_ower(table *t, const char *name)
{
    int64_t weight = 0;
    bool exact = true;
    const char *text = fact_of(t, WEIGHT, name);

    int err = isplit__import_number(t->import, *text ? text : "1", WEIGHT_DECIMALS,
                                    &weight, &exact);
    return err ? err
               : isplit__import_add(t->import, &t->import->row.shares, name, weight);
}

static int read_bill(table *t)
{
    const char *at = cell(t, OWERS);
    isplit__import_row *row = &t->import->row;

    int err = isplit__import_add(t->import, &row->paid, cell(t, PAYER), row->amount);
    while (!err && *at) {
        size_t len = strcspn(at, ",");
        size_t trimmed = len;
        const char *name = isplit__trim(at, &trimmed);
        const char *copy = isplit__import_keep_part(t->import, name, trimmed);
        if (!copy)
            return IC_ERR_NOMEM;
        if (trimmed)
            err = add_ower(t, copy);
        at += len + (at[len] == ',');
    }
    return err ? err : reduce_weights(t->import);
}

/* --- all of them --- */

static const block blocks[] = {
    {.format = ISPLIT_IMPORT_SPLIIT,
     .titles = {[DATE] = "Date",
                [WHAT] = "Description",
                [CATEGORY] = "Category",
                [AMOUNT] = "Cost",
                [CURRENCY] = "Currency",
                [MORE] = "Original cost",
                [MORE_CURRENCY] = "Original currency",
                [PAYMENT] = "Is Reimbursement",
                [LAST] = "Split mode"},
     .optional = 1u << MORE | 1u << MORE_CURRENCY | 1u << PAYMENT,
     .payment = "Yes",
     .read = read_spliit},
    {.format = ISPLIT_IMPORT_SPLITWISE,
     .titles = {[DATE] = "Date",
                [WHAT] = "Description",
                [CATEGORY] = "Category",
                [AMOUNT] = "Cost",
                [CURRENCY] = "Currency",
                [LAST] = "Currency"},
     .category = "Payment",
     .read = read_splitwise},
    {.format = ISPLIT_IMPORT_IHATEMONEY,
     .titles = {[DATE] = "date",
                [WHAT] = "what",
                [CATEGORY] = "categoryid",
                [AMOUNT] = "amount",
                [CURRENCY] = "currency",
                [MORE] = "comment",
                [PAYMENT] = "bill_type",
                [PAYER] = "payer_name",
                [OWERS] = "owers",
                [WEIGHT] = "payer_weight",
                [DELETED] = "deleted"},
     .optional = 1u << CATEGORY | 1u << CURRENCY | 1u << MORE | 1u << PAYMENT |
                 1u << WEIGHT | 1u << DELETED,
     .payment = "Reimbursement",
     .category = "-11",
     .learns = WEIGHT,
     .read = read_bill},
    {.format = ISPLIT_IMPORT_IHATEMONEY,
     .titles = {[PAYER] = "name", [WEIGHT] = "weight"},
     .learns = WEIGHT},
    {.format = ISPLIT_IMPORT_COSPEND,
     .titles = {[PAYER] = "categoryid", [CATEGORY] = "categoryname"},
     .learns = CATEGORY},
    {.format = ISPLIT_IMPORT_COSPEND,
     .titles = {[WHAT] = "paymentmodename", [CATEGORY] = "paymentmodeid"}},
    {.format = ISPLIT_IMPORT_COSPEND,
     .titles = {[PAYER] = "exchange_rate", [CURRENCY] = "currencyname"},
     .learns = CURRENCY},
};

/* "pizza+%26+beer", as Cospend writes its comments. */
static void put_decoded(isplit__buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned code = 0;
        char c = *text == '+' ? ' ' : *text;
        if (c == '%' && strspn(text + 1, "0123456789abcdefABCDEF") >= 2) {
            (void)sscanf(text + 1, "%2x", &code);
            c = (char)code;
            text += 2;
        }
        isplit__buf_add(out, &c, c != 0);
    }
}

/* What a row says besides its title: a comment, or what was paid in another currency. */
static int put_note(table *t)
{
    isplit__buf more = {0};

    if (t->block->read == read_bill)
        put_decoded(&more, cell(t, MORE));
    else if (*cell(t, MORE))
        isplit__buf_printf(&more, "%s %s", cell(t, MORE), cell(t, MORE_CURRENCY));
    isplit__buf_add(&more, "", 1);
    bool good = !more.bad && isplit__utf8_valid(more.data, more.len - 1);
    int err = more.bad
                  ? IC_ERR_NOMEM
                  : isplit__import_note(t->import, cell(t, WHAT), good ? more.data : "");
    isplit__buf_free(&more);
    return err;
}

static bool says(const table *t, column c, const char *word)
{
    return word && strcmp(cell(t, c), word) == 0;
}

static int read_row(table *t)
{
    isplit_import *import = t->import;
    isplit__import_row *row = &import->row;
    const char *category = cell(t, CATEGORY);
    const char *currency = fact_of(t, CURRENCY, COSPEND_MAIN);
    size_t blank = strspn(cell(t, AMOUNT), " ");

    if (!cell(t, AMOUNT)[blank] || says(t, DELETED, "1") ||
        says(t, WHAT, COSPEND_NO_BILL)) { /* also "Total balance" */
        import->info.passed++;
        return 0;
    }
    for (column c = DATE; c < KEYS; c++)
        isplit__import_key(import, cell(t, c));
    if (t->block->read == read_bill)
        category = fact_of(t, CATEGORY, category);
    row->payment =
        says(t, PAYMENT, t->block->payment) || says(t, CATEGORY, t->block->category);
    row->category = row->payment ? "" : keep(t, category);
    int err = row->category ? put_note(t) : IC_ERR_NOMEM;
    if (!err)
        err = isplit__import_date(import, cell(t, DATE));
    if (!err)
        err = isplit__import_currency(import, *currency ? currency : cell(t, CURRENCY));
    if (!err)
        err = isplit__import_money(import, cell(t, AMOUNT), &row->amount);
    if (!err)
        err = t->block->read(t);
    return err ? err : isplit__import_take(import);
}

static bool has_titles(const isplit__csv_row *row, const block *b)
{
    for (column c = DATE; c < COLUMNS; c++) {
        if (b->titles[c] && !(b->optional >> c & 1) &&
            isplit__csv_find(row, b->titles[c]) == SIZE_MAX)
            return false;
    }
    return true;
}

static const block *block_of(const isplit__csv_row *row)
{
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        if (has_titles(row, &blocks[i]))
            return &blocks[i];
    }
    return NULL;
}

/* The titles outlive the rows behind them. */
static int begin_block(table *t, const block *b)
{
    t->block = b;
    for (column c = DATE; c < COLUMNS; c++)
        t->at[c] = b->titles[c] ? isplit__csv_find(&t->row, b->titles[c]) : SIZE_MAX;
    t->head.count = t->row.count;
    for (size_t i = 0; i < t->row.count; i++) {
        t->head.cells[i] = keep(t, t->row.cells[i]);
        if (!t->head.cells[i])
            return IC_ERR_NOMEM;
    }
    return 0;
}

static bool has_bills(isplit_import_format format)
{
    return format == ISPLIT_IMPORT_IHATEMONEY || format == ISPLIT_IMPORT_COSPEND;
}

/* The first titles tell which program wrote the file. Splitwise writes them in the
 * language of its user; then they go by their place, if the caller says that it is one.
 */
static int begin_file(table *t, const block *b)
{
    static const char *const places[] = {"Date", "Description", "Category", "Cost",
                                         "Currency"};
    const size_t count = sizeof places / sizeof *places;
    isplit_import_format said = t->import->info.format;

    if (!b && said == ISPLIT_IMPORT_SPLITWISE && t->row.count > count) {
        for (size_t i = 0; i < count; i++)
            t->row.cells[i] = places[i];
        b = block_of(&t->row);
    }
    if (!b || (said && said != b->format && !(has_bills(said) && has_bills(b->format))))
        return isplit__import_fail(t->import, "these are no titles of %s",
                                   said ? isplit_import_format_name(said)
                                        : "a file that can be imported; if Splitwise "
                                          "wrote them in another language, say that its "
                                          "format is splitwise");
    t->import->info.format = said ? said : b->format;
    return begin_block(t, b);
}

/* Members and categories may stand behind the bills: the file is read twice. */
static int read_all(table *t, const char *text, size_t len, bool learns)
{
    int err = isplit__csv_open(&t->csv, text, len);

    t->block = NULL;
    while (!err && isplit__csv_next(&t->csv, &t->row)) {
        const block *titles = block_of(&t->row);
        isplit__import_begin(t->import, t->row.line);
        if (!t->row.count)
            continue;
        if (!t->block)
            err = begin_file(t, titles);
        else if (titles)
            err = begin_block(t, titles);
        else if (learns)
            err = t->block->learns ? learn(t) : 0;
        else
            err = t->block->read ? read_row(t) : 0;
    }
    if (!err && (t->csv.wrong || !t->block)) {
        isplit__import_begin(t->import, t->csv.wrong ? t->csv.line : 1);
        err = isplit__import_fail(t->import, "%s",
                                  t->csv.wrong ? t->csv.wrong : "the file is empty");
    }
    isplit__csv_close(&t->csv);
    return err;
}

int isplit__import_tables(isplit_import *import, const char *text, size_t len)
{
    table *t = ic_mem_calloc(1, sizeof *t);

    if (!t)
        return IC_ERR_NOMEM;
    t->import = import;
    int err = read_all(t, text, len, true);
    if (!err)
        err = read_all(t, text, len, false);
    ic_mem_free(t);
    return err;
}
