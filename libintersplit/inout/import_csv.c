/* Splitwise and Spliit: a row for each expense, a column for each member. */
#include <string.h>

#include "inout/import.h"
#include "intercom/error.h"
#include "intersplit/money.h"
#include "text/reason.h"

#define SPLITWISE_FIXED 5 /* Date, Description, Category, Cost, Currency */

/* A table while its rows are read. */
typedef struct table {
    isplit_import *import;
    isplit__csv csv;
    isplit__csv_row head; /* its cells are kept */
    isplit__csv_row row;
    isplit__import_lists lists;
} table;

/* The columns of Spliit; its members follow behind `mode`. */
typedef struct columns {
    size_t date;
    size_t title;
    size_t category;
    size_t currency;
    size_t cost;
    size_t original_cost;
    size_t original_currency;
    size_t payment;
    size_t mode;
} columns;

static const char *keep(table *t, const char *text)
{
    return isplit__import_keep(t->import, text, strlen(text));
}

static const char *cell(const table *t, size_t column)
{
    return isplit__csv_cell(&t->row, column);
}

static void add_key(table *t, size_t column)
{
    isplit__import_key(t->import, cell(t, column));
}

/* A member's cell is part of what makes the row unless it is nothing: later members, who
 * have no part in it, do not change it. */
static void add_member_key(table *t, size_t column, int64_t minor)
{
    if (!minor)
        return;
    isplit__import_key(t->import, t->head.cells[column]);
    add_key(t, column);
}

/* Members' cells say by how much each is better off, to the minor unit. */
static int read_nets(table *t, isplit__import_row *row, int64_t *up, size_t *payers)
{
    int64_t sum = 0;
    int err = 0;
    int64_t sign = row->amount < 0 ? -1 : 1;

    *up = 0;
    *payers = 0;
    for (size_t i = SPLITWISE_FIXED; !err && i < t->head.count; i++) {
        int64_t net = 0;
        if (*cell(t, i))
            err = isplit__import_money(t->import, row->line, cell(t, i), row->exponent,
                                       &net);
        add_member_key(t, i, net);
        sum += net;
        if (err || !net)
            continue;
        bool payer = net * sign > 0;
        err = payer ? isplit__import_paid(t->import, row, t->head.cells[i], net)
                    : isplit__import_share(t->import, row, t->head.cells[i], -net);
        *up += payer ? net : 0;
        *payers += payer;
    }
    if (!err && sum) {
        char by[ISPLIT_MONEY_TEXT_MAX];
        err = isplit__import_fail(t->import, row->line,
                                  "the members' columns sum to %s, not to zero",
                                  isplit_money_format(sum, row->exponent, 0, by));
    }
    return err;
}

/* The file has no more than the nets: what the payers used up themselves is given to the
 * first of them, which changes no balance. */
static int add_own_share(table *t, isplit__import_row *row, int64_t up)
{
    int64_t own = row->amount - up;

    if (row->amount < 0 ? own > 0 : own < 0)
        return isplit__import_fail(t->import, row->line,
                                   "the members' columns are more than the cost");
    if (!own || !row->paid_count)
        return 0;
    row->paid[0].minor += own;
    if (row->share_count == ISPLIT_SPLIT_MAX_MEMBERS)
        return isplit__import_fail(t->import, row->line,
                                   "an entry has at most %d members",
                                   ISPLIT_SPLIT_MAX_MEMBERS);
    memmove(&row->shares[1], &row->shares[0], row->share_count * sizeof *row->shares);
    row->shares[0] = (isplit_share){.name = row->paid[0].name, .minor = own};
    row->share_count++;
    return 0;
}

static int read_splitwise_row(table *t)
{
    int64_t up = 0;
    size_t payers = 0;
    isplit__import_row row = isplit__import_begin(t->import, t->row.line, &t->lists);
    size_t blank = strspn(cell(t, 3), " ");

    if (!cell(t, 3)[blank]) { /* "Total balance" */
        t->import->info.passed++;
        return 0;
    }
    row.mode = ISPLIT_SPLIT_EXACT;
    row.note = keep(t, cell(t, 1));
    row.category = keep(t, cell(t, 2));
    for (size_t i = 0; i < SPLITWISE_FIXED; i++)
        add_key(t, i);
    int err = row.note && row.category ? 0 : IC_ERR_NOMEM;
    if (!err)
        err = isplit__import_date(t->import, row.line, cell(t, 0), &row.date);
    if (!err)
        err = isplit__import_currency(t->import, cell(t, 4), &row);
    if (!err)
        err = isplit__import_money(t->import, row.line, cell(t, 3), row.exponent,
                                   &row.amount);
    if (!err)
        err = read_nets(t, &row, &up, &payers);
    if (!err && !up) /* everybody paid his own part */
        row.amount = 0;
    if (!err && row.amount && strcmp(row.category, "Payment") == 0 && payers == 1 &&
        row.share_count == 1 && up == row.amount)
        row.type = ISPLIT_ENTRY_PAYMENT;
    else if (!err && row.amount)
        err = add_own_share(t, &row, up);
    return err ? err : isplit__import_take(t->import, &row);
}

static void find_columns(const isplit__csv_row *head, columns *c)
{
    *c = (columns){
        .date = isplit__csv_find(head, "Date"),
        .title = isplit__csv_find(head, "Description"),
        .category = isplit__csv_find(head, "Category"),
        .currency = isplit__csv_find(head, "Currency"),
        .cost = isplit__csv_find(head, "Cost"),
        .original_cost = isplit__csv_find(head, "Original cost"),
        .original_currency = isplit__csv_find(head, "Original currency"),
        .payment = isplit__csv_find(head, "Is Reimbursement"),
        .mode = isplit__csv_find(head, "Split mode"),
    };
}

/* What was paid in another currency, behind the title. */
static const char *spliit_note(table *t, const columns *c)
{
    isplit__buf b = {0};
    const char *original = cell(t, c->original_cost);

    isplit__buf_text(&b, cell(t, c->title));
    if (*original)
        isplit__buf_printf(&b, " (%s %s)", original, cell(t, c->original_currency));
    const char *note =
        b.bad || !b.data ? NULL : isplit__import_keep(t->import, b.data, b.len);
    isplit__buf_free(&b);
    return note;
}

/* Each cell is a share; the one who paid has the sign of the cost, the others the other
 * one. Who paid and has no share himself cannot be told from those without a part. */
static int read_spliit_shares(table *t, const columns *c, isplit__import_row *row)
{
    size_t zeros = 0;
    size_t zero = 0;
    int err = 0;

    for (size_t i = c->mode + 1; !err && i < t->head.count; i++) {
        int64_t share = 0;
        err = isplit__import_money(t->import, row->line, *cell(t, i) ? cell(t, i) : "0",
                                   row->exponent, &share);
        add_member_key(t, i, share);
        zeros += !share;
        zero = share ? zero : i;
        bool payer = share && (share < 0) == (row->amount < 0);
        if (!err && payer)
            err = isplit__import_paid(t->import, row, t->head.cells[i], row->amount);
        if (!err && share)
            err = isplit__import_share(t->import, row, t->head.cells[i],
                                       payer ? share : -share);
    }
    if (err || row->paid_count)
        return err;
    if (zeros != 1)
        return isplit__import_fail(t->import, row->line,
                                   "Spliit's CSV does not say who paid this; export the "
                                   "group as JSON instead");
    return isplit__import_paid(t->import, row, t->head.cells[zero], row->amount);
}

/* The cells are rounded one by one: what they lack goes to the first, a unit each. */
static void even_out(isplit__import_row *row)
{
    int64_t left = row->amount;

    for (size_t i = 0; i < row->share_count; i++)
        left -= row->shares[i].minor;
    if (left > (int64_t)row->share_count || -left > (int64_t)row->share_count)
        return; /* no rounding: the check of the sum will tell */
    for (size_t i = 0; left; i++) {
        int64_t step = left < 0 ? -1 : 1;
        row->shares[i].minor += step;
        left -= step;
    }
}

static int read_spliit_row(table *t, const columns *c)
{
    isplit__import_row row = isplit__import_begin(t->import, t->row.line, &t->lists);
    bool payment = strcmp(cell(t, c->payment), "Yes") == 0;

    row.mode = ISPLIT_SPLIT_EXACT;
    row.note = spliit_note(t, c);
    row.category = payment ? "" : keep(t, cell(t, c->category));
    for (size_t i = 0; i <= c->mode; i++)
        add_key(t, i);
    int err = row.note && row.category ? 0 : IC_ERR_NOMEM;
    if (!err)
        err = isplit__import_date(t->import, row.line, cell(t, c->date), &row.date);
    if (!err)
        err = isplit__import_currency(t->import, cell(t, c->currency), &row);
    if (!err)
        err = isplit__import_money(t->import, row.line, cell(t, c->cost), row.exponent,
                                   &row.amount);
    if (!err && row.amount)
        err = read_spliit_shares(t, c, &row);
    if (err)
        return err;
    even_out(&row);
    if (payment && row.share_count == 1 && row.amount > 0 &&
        strcmp(row.shares[0].name, row.paid[0].name) != 0)
        row.type = ISPLIT_ENTRY_PAYMENT;
    return isplit__import_take(t->import, &row);
}

/* The titles outlive the rows behind them. */
static int keep_head(table *t)
{
    t->head.count = t->row.count;
    t->head.line = t->row.line;
    for (size_t i = 0; i < t->row.count; i++) {
        t->head.cells[i] = keep(t, t->row.cells[i]);
        if (!t->head.cells[i])
            return IC_ERR_NOMEM;
    }
    return 0;
}

static bool is_splitwise(const isplit__csv_row *head)
{
    static const char *const titles[] = {"Date", "Description", "Category", "Cost",
                                         "Currency"};

    for (size_t i = 0; i < SPLITWISE_FIXED; i++) {
        if (strcmp(isplit__csv_cell(head, i), titles[i]) != 0)
            return false;
    }
    return head->count > SPLITWISE_FIXED;
}

static int read_rows(table *t)
{
    columns c;
    bool spliit = t->import->info.format == ISPLIT_IMPORT_SPLIIT;
    int err = 0;

    find_columns(&t->head, &c);
    while (!err && isplit__csv_next(&t->csv, &t->row)) {
        if (t->row.count)
            err = spliit ? read_spliit_row(t, &c) : read_splitwise_row(t);
    }
    if (!err && t->csv.wrong)
        err = isplit__import_fail(t->import, t->csv.line, "%s", t->csv.wrong);
    return err;
}

/* Which table is it? Splitwise writes its titles in the language of its user; then they
 * go by their place, if the caller says that it is one. */
static int choose(isplit_import *import, const isplit__csv_row *head)
{
    isplit_import_format said = import->info.format;
    isplit_import_format is = isplit__csv_find(head, "Split mode") < head->count
                                  ? ISPLIT_IMPORT_SPLIIT
                              : is_splitwise(head) ? ISPLIT_IMPORT_SPLITWISE
                              : isplit__csv_find(head, "payer_name") < head->count ||
                                      isplit__csv_find(head, "weight") < head->count
                                  ? ISPLIT_IMPORT_IHATEMONEY
                                  : ISPLIT_IMPORT_GUESS;

    if (said == ISPLIT_IMPORT_SPLITWISE && is == ISPLIT_IMPORT_GUESS &&
        head->count > SPLITWISE_FIXED)
        is = said;
    if (is == ISPLIT_IMPORT_IHATEMONEY && said == ISPLIT_IMPORT_COSPEND)
        is = said;
    if (is == ISPLIT_IMPORT_GUESS || (said != ISPLIT_IMPORT_GUESS && said != is))
        return isplit__import_fail(import, head->line, "these are no titles of %s",
                                   said ? isplit_import_format_name(said)
                                        : "a file that can be imported");
    import->info.format = is;
    return 0;
}

static int read_table(table *t)
{
    bool found = false;

    while (!found && isplit__csv_next(&t->csv, &t->row))
        found = t->row.count > 0;
    if (t->csv.wrong)
        return isplit__import_fail(t->import, t->csv.line, "%s", t->csv.wrong);
    if (!found)
        return isplit__import_fail(t->import, 1, "the file is empty");
    int err = choose(t->import, &t->row);
    return err ? err : keep_head(t);
}

int isplit__import_tables(isplit_import *import, const char *text, size_t len)
{
    table t = {.import = import};

    int err = isplit__csv_open(&t.csv, text, len);
    if (!err)
        err = read_table(&t);
    bool bills = import->info.format == ISPLIT_IMPORT_IHATEMONEY ||
                 import->info.format == ISPLIT_IMPORT_COSPEND;
    if (!err && !bills)
        err = read_rows(&t);
    isplit__csv_close(&t.csv);
    return !err && bills ? isplit__import_bills(import, text, len) : err;
}
