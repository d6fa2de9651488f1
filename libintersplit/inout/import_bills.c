/* ihatemoney and Cospend: a row for each bill, who owes it in one cell, weights of
 * members. Cospend has several tables in one file, with an empty row between them. */
#include <string.h>

#include "inout/import.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "text/name.h"

#define WEIGHT_DECIMALS 6
#define COSPEND_PAYMENT "-11"               /* its category of what settles */
#define COSPEND_NO_BILL "deleteMeIfYouWant" /* carries a member in files of its app */
#define CATEGORIES_MAX 256

/* What a name weighs, in millionths. */
typedef struct weight {
    const char *name;
    int64_t millionths;
} weight;

typedef struct category {
    const char *id;
    const char *name;
} category;

typedef enum block { NO_BLOCK, BILLS, MEMBERS, CATEGORIES, CURRENCIES } block;

/* The columns of the block that is being read. */
typedef struct columns {
    size_t what;
    size_t type;
    size_t amount;
    size_t currency;
    size_t date;
    size_t payer;
    size_t weight;
    size_t owers;
    size_t category;
    size_t comment;
    size_t deleted;
} columns;

typedef struct bills {
    isplit_import *import;
    isplit__csv csv;
    isplit__csv_row row;
    block block;
    columns at;
    weight weights[ISPLIT__CSV_MAX_CELLS];
    size_t weight_count;
    category categories[CATEGORIES_MAX];
    size_t category_count;
    const char *currency; /* of the whole file; NULL = its rows say it */
    isplit__import_lists lists;
} bills;

static const char *cell(const bills *b, size_t column)
{
    return isplit__csv_cell(&b->row, column);
}

static const char *keep(bills *b, const char *text)
{
    return isplit__import_keep(b->import, text, strlen(text));
}

static block block_of(const isplit__csv_row *row)
{
    if (isplit__csv_find(row, "payer_name") < row->count)
        return BILLS;
    if (isplit__csv_find(row, "weight") < row->count)
        return MEMBERS;
    if (isplit__csv_find(row, "categoryname") < row->count)
        return CATEGORIES;
    return isplit__csv_find(row, "currencyname") < row->count ? CURRENCIES : NO_BLOCK;
}

static void read_titles(bills *b)
{
    const isplit__csv_row *r = &b->row;

    b->block = block_of(r);
    b->at = (columns){
        .what = isplit__csv_find(r, "what"),
        .type = isplit__csv_find(r, "bill_type"),
        .amount = isplit__csv_find(r, "amount"),
        .currency = isplit__csv_find(r, "currency"),
        .date = isplit__csv_find(r, "date"),
        .payer = isplit__csv_find(r, b->block == MEMBERS ? "name" : "payer_name"),
        .weight = isplit__csv_find(r, b->block == MEMBERS ? "weight" : "payer_weight"),
        .owers = isplit__csv_find(r, "owers"),
        .category = isplit__csv_find(r, "categoryid"),
        .comment = isplit__csv_find(r, "comment"),
        .deleted = isplit__csv_find(r, "deleted"),
    };
}

/* Remember what a member weighs; the last word counts. */
static int learn_weight(bills *b)
{
    int64_t millionths = 0;
    size_t i = 0;
    const char *name = cell(b, b->at.payer);
    const char *text = cell(b, b->at.weight);

    int err = isplit__import_money(b->import, b->row.line, *text ? text : "1",
                                   WEIGHT_DECIMALS, &millionths);
    if (err || millionths < 0)
        return err ? err
                   : isplit__import_fail(b->import, b->row.line, "a weight below 0");
    while (i < b->weight_count && strcmp(b->weights[i].name, name) != 0)
        i++;
    if (i == ISPLIT__CSV_MAX_CELLS)
        return isplit__import_fail(b->import, b->row.line, "there are too many members");
    if (i == b->weight_count) {
        b->weights[i].name = keep(b, name);
        if (!b->weights[i].name)
            return IC_ERR_NOMEM;
        b->weight_count++;
    }
    b->weights[i].millionths = millionths;
    return 0;
}

static int64_t weight_of(const bills *b, const char *name)
{
    for (size_t i = 0; i < b->weight_count; i++) {
        if (strcmp(b->weights[i].name, name) == 0)
            return b->weights[i].millionths;
    }
    return 1000000;
}

static int learn_category(bills *b)
{
    category *c = &b->categories[b->category_count];

    if (b->category_count == CATEGORIES_MAX)
        return isplit__import_fail(b->import, b->row.line,
                                   "there are too many categories");
    *c = (category){.id = keep(b, cell(b, b->at.category)), .name = keep(b, cell(b, 0))};
    b->category_count++;
    return c->id && c->name ? 0 : IC_ERR_NOMEM;
}

static const char *category_of(const bills *b, const char *id)
{
    for (size_t i = 0; i < b->category_count; i++) {
        if (strcmp(b->categories[i].id, id) == 0)
            return b->categories[i].name;
    }
    return "";
}

/* What a row says about the others. */
static int learn(bills *b)
{
    if (b->block == MEMBERS || b->block == BILLS)
        return learn_weight(b);
    if (b->block == CATEGORIES)
        return learn_category(b);
    if (b->block == CURRENCIES && !b->currency)
        b->currency = keep(b, cell(b, 0));
    return 0;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* "pizza+%26+beer", as Cospend writes its comments. */
static void put_decoded(isplit__buf *out, const char *text)
{
    for (; *text; text++) {
        int high = *text == '%' ? hex_digit(text[1]) : -1;
        int low = high >= 0 ? hex_digit(text[2]) : -1;
        char c = *text == '+' ? ' ' : *text;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            text += 2;
        }
        isplit__buf_add(out, &c, c != 0);
    }
}

static const char *note_of(bills *b)
{
    isplit__buf note = {0};

    isplit__buf_text(&note, cell(b, b->at.what));
    if (*cell(b, b->at.comment)) {
        isplit__buf_text(&note, note.len ? " - " : "");
        put_decoded(&note, cell(b, b->at.comment));
    }
    bool good = !note.bad && note.data && isplit__utf8_valid(note.data, note.len);
    const char *kept = good ? isplit__import_keep(b->import, note.data, note.len)
                            : keep(b, cell(b, b->at.what));
    isplit__buf_free(&note);
    return kept;
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

/* Weights as small whole numbers; all alike are an equal split. */
static int reduce_weights(bills *b, isplit__import_row *row)
{
    int64_t divisor = 0;
    bool alike = true;

    for (size_t i = 0; i < row->share_count; i++) {
        divisor = common_divisor(divisor, row->shares[i].minor);
        alike = alike && row->shares[i].minor == row->shares[0].minor;
    }
    row->mode = alike ? ISPLIT_SPLIT_EQUAL : ISPLIT_SPLIT_WEIGHTS;
    for (size_t i = 0; divisor && i < row->share_count; i++) {
        row->shares[i].minor /= divisor;
        if (row->shares[i].minor > ISPLIT_SPLIT_MAX_WEIGHT)
            return isplit__import_fail(b->import, row->line, "the weights are too fine");
    }
    return 0;
}

static int read_owers(bills *b, isplit__import_row *row)
{
    const char *at = cell(b, b->at.owers);
    int err = 0;

    while (!err && *at) {
        size_t len = strcspn(at, ",");
        size_t trimmed = len;
        const char *name = isplit__trim(at, &trimmed);
        const char *copy = isplit__import_keep(b->import, name, trimmed);
        if (!copy)
            return IC_ERR_NOMEM;
        if (trimmed)
            err = isplit__import_share(b->import, row, copy, weight_of(b, copy));
        at += len + (at[len] == ',');
    }
    return err ? err : reduce_weights(b, row);
}

static bool is_payment(const bills *b)
{
    return strcmp(cell(b, b->at.type), "Reimbursement") == 0 ||
           strcmp(cell(b, b->at.category), COSPEND_PAYMENT) == 0;
}

static bool counts(const bills *b)
{
    return strcmp(cell(b, b->at.deleted), "1") != 0 &&
           strcmp(cell(b, b->at.what), COSPEND_NO_BILL) != 0;
}

static void add_keys(bills *b)
{
    const size_t all[] = {b->at.what,     b->at.type,     b->at.amount,
                          b->at.currency, b->at.date,     b->at.payer,
                          b->at.owers,    b->at.category, b->at.comment};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        isplit__import_key(b->import, cell(b, all[i]));
}

static int read_bill(bills *b)
{
    isplit__import_row row = isplit__import_begin(b->import, b->row.line, &b->lists);

    if (!counts(b)) {
        b->import->info.passed++;
        return 0;
    }
    add_keys(b);
    row.note = note_of(b);
    row.category = is_payment(b) ? "" : category_of(b, cell(b, b->at.category));
    int err = row.note ? 0 : IC_ERR_NOMEM;
    if (!err)
        err = isplit__import_date(b->import, row.line, cell(b, b->at.date), &row.date);
    if (!err)
        err = isplit__import_currency(
            b->import, b->currency ? b->currency : cell(b, b->at.currency), &row);
    if (!err)
        err = isplit__import_money(b->import, row.line, cell(b, b->at.amount),
                                   row.exponent, &row.amount);
    if (!err)
        err = isplit__import_paid(b->import, &row, cell(b, b->at.payer), row.amount);
    if (!err)
        err = read_owers(b, &row);
    if (!err && is_payment(b) && row.share_count == 1 && row.amount > 0 &&
        strcmp(row.shares[0].name, row.paid[0].name) != 0)
        row.type = ISPLIT_ENTRY_PAYMENT;
    return err ? err : isplit__import_take(b->import, &row);
}

static int read_only_bills(bills *b)
{
    return b->block == BILLS ? read_bill(b) : 0;
}

/* Every row under its titles. */
static int each_row(bills *b, const char *text, size_t len, int (*tell)(bills *))
{
    int err = isplit__csv_open(&b->csv, text, len);

    b->block = NO_BLOCK;
    while (!err && isplit__csv_next(&b->csv, &b->row)) {
        if (!b->row.count)
            continue;
        if (block_of(&b->row) || strcmp(cell(b, 0), "paymentmodename") == 0)
            read_titles(b);
        else
            err = tell(b);
    }
    if (!err && b->csv.wrong)
        err = isplit__import_fail(b->import, b->csv.line, "%s", b->csv.wrong);
    isplit__csv_close(&b->csv);
    return err;
}

int isplit__import_bills(isplit_import *import, const char *text, size_t len)
{
    bills *b = ic_mem_calloc(1, sizeof *b);

    if (!b)
        return IC_ERR_NOMEM;
    b->import = import;
    int err = each_row(b, text, len, learn);
    import->info.rounded = 0; /* weights are no amounts */
    if (!err && b->currency)
        import->info.format = ISPLIT_IMPORT_COSPEND;
    if (!err)
        err = each_row(b, text, len, read_only_bills);
    ic_mem_free(b);
    return err;
}
