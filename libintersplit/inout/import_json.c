/* The JSON of Splitwise's API and of Spliit. */
#include <stdlib.h>
#include <string.h>

#include "inout/import.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "text/reason.h"

/* An expense on its way to a row. */
typedef struct expense {
    isplit_import *import;
    isplit__import_row *row; /* of the import */
    const json_t *of;
    const json_t *participants; /* of Spliit */
    const char *currency;       /* of Spliit's group */
} expense;

/* The text of a member; "" when it has none. */
static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static int fail(const expense *x, const char *why)
{
    return isplit__import_fail(x->import, "%s", why);
}

/* An id names the row; a file without ids (older Spliit) has the row itself. */
static int add_key(expense *x)
{
    const json_t *id = json_object_get(x->of, "id");
    const json_t *key = id ? id : x->of;
    size_t flags = JSON_ENCODE_ANY | JSON_SORT_KEYS;
    size_t len = json_dumpb(key, NULL, 0, flags);
    char *text = ic_mem_alloc(len + 1);

    if (!text)
        return IC_ERR_NOMEM;
    (void)json_dumpb(key, text, len, flags);
    text[len] = 0;
    isplit__import_key(x->import, text);
    ic_mem_free(text);
    return 0;
}

static int read_head(expense *x, const char *title, const char *more,
                     const char *currency)
{
    const char *category = text_of(json_object_get(x->of, "category"), "name");

    x->row->category = isplit__import_keep(x->import, category);
    if (!x->row->category)
        return IC_ERR_NOMEM;
    int err = isplit__import_note(x->import, text_of(x->of, title), text_of(x->of, more));
    if (!err)
        err = isplit__import_currency(x->import, currency);
    return err ? err : add_key(x);
}

/* "Ada Lovelace"; Splitwise keeps the two names apart. */
static const char *splitwise_name(isplit_import *import, const json_t *user)
{
    isplit__buf b = {0};
    const char *first = text_of(user, "first_name");
    const char *last = text_of(user, "last_name");

    isplit__buf_printf(&b, "%s%s%s", first, *first && *last ? " " : "", last);
    const char *name = b.data ? isplit__import_keep(import, b.data) : NULL;
    isplit__buf_free(&b);
    return name;
}

static int add_splitwise_user(expense *x, const json_t *user)
{
    int64_t paid = 0;
    int64_t owed = 0;
    const char *name = splitwise_name(x->import, json_object_get(user, "user"));

    if (!name)
        return IC_ERR_NOMEM;
    int err = isplit__import_money(x->import, text_of(user, "paid_share"), &paid);
    if (!err)
        err = isplit__import_money(x->import, text_of(user, "owed_share"), &owed);
    if (!err && paid)
        err = isplit__import_add(x->import, &x->row->paid, name, paid);
    if (!err && owed)
        err = isplit__import_add(x->import, &x->row->shares, name, owed);
    return err;
}

static int read_splitwise(expense *x)
{
    const json_t *users = json_object_get(x->of, "users");

    if (json_is_string(json_object_get(x->of, "deleted_at"))) {
        x->import->info.passed++;
        return 0;
    }
    x->row->mode = ISPLIT_SPLIT_EXACT;
    int err = read_head(x, "description", "details", text_of(x->of, "currency_code"));
    if (!err)
        err = isplit__import_date(x->import, text_of(x->of, "date"));
    if (!err)
        err = isplit__import_money(x->import, text_of(x->of, "cost"), &x->row->amount);
    for (size_t i = 0; !err && i < json_array_size(users); i++)
        err = add_splitwise_user(x, json_array_get(users, i));
    x->row->payment = json_is_true(json_object_get(x->of, "payment"));
    return err ? err : isplit__import_take(x->import);
}

/* The name of a participant of Spliit; NULL when there is none of that id. */
static const char *participant(const expense *x, const char *id)
{
    for (size_t i = 0; i < json_array_size(x->participants); i++) {
        const json_t *p = json_array_get(x->participants, i);
        if (strcmp(text_of(p, "id"), id) == 0)
            return text_of(p, "name");
    }
    return NULL;
}

static bool spliit_mode(const char *name, isplit_split_mode *mode)
{
    static const struct {
        const char *name;
        isplit_split_mode mode;
    } modes[] = {{"EVENLY", ISPLIT_SPLIT_EQUAL},
                 {"BY_SHARES", ISPLIT_SPLIT_WEIGHTS},
                 {"BY_PERCENTAGE", ISPLIT_SPLIT_PERCENT},
                 {"BY_AMOUNT", ISPLIT_SPLIT_EXACT}};

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, name) == 0) {
            *mode = modes[i].mode;
            return true;
        }
    }
    return false;
}

static int add_spliit_share(expense *x, const json_t *share)
{
    const json_t *value = json_object_get(share, "shares");
    const char *name = participant(x, text_of(share, "participantId"));
    bool refund = x->row->mode == ISPLIT_SPLIT_EXACT && x->row->amount < 0;
    int64_t of = (int64_t)json_integer_value(value);

    if (!name)
        return fail(x, "it is shared by somebody who is no participant");
    if (!json_is_integer(value) || of > ISPLIT_MONEY_MAX_MINOR ||
        of < -ISPLIT_MONEY_MAX_MINOR || (of < 0 && !refund))
        return fail(x, "a share is no whole number");
    if (x->row->mode == ISPLIT_SPLIT_WEIGHTS && of > ISPLIT_SPLIT_MAX_WEIGHT)
        return fail(x, "a share is too large");
    return isplit__import_add(x->import, &x->row->shares, name, of);
}

static int read_spliit_amount(expense *x)
{
    const json_t *amount = json_object_get(x->of, "amount");
    const char *payer = participant(x, text_of(x->of, "paidById"));

    x->row->amount = (int64_t)json_integer_value(amount);
    if (!json_is_integer(amount) || x->row->amount > ISPLIT_MONEY_MAX_MINOR ||
        x->row->amount < -ISPLIT_MONEY_MAX_MINOR)
        return fail(x, "its amount is no whole number of the smallest unit");
    if (!payer)
        return fail(x, "it was paid by somebody who is no participant");
    if (!spliit_mode(text_of(x->of, "splitMode"), &x->row->mode))
        return fail(x, "it is split in a way that is not known");
    return isplit__import_add(x->import, &x->row->paid, payer, x->row->amount);
}

static int by_participant(const void *a, const void *b)
{
    return strcmp(text_of(*(const json_t *const *)a, "participantId"),
                  text_of(*(const json_t *const *)b, "participantId"));
}

/* Spliit gives the units that are left over to the largest remainders, as we do. Among
 * equal ones it goes by participants, from one that the expense's id chooses (FNV-1a),
 * and takes from the first ones of an income: in this order shares come out as there. */
static int add_spliit_shares(expense *x)
{
    const json_t *list[ISPLIT_SPLIT_MAX_MEMBERS];
    const json_t *all = json_object_get(x->of, "paidFor");
    size_t count = json_array_size(all);
    uint32_t hash = 0x811c9dc5;
    int err = 0;

    if (count > ISPLIT_SPLIT_MAX_MEMBERS)
        return fail(x, "too many share it");
    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get(all, i);
    if (count)
        qsort(list, count, sizeof(const json_t *), by_participant);
    for (const char *id = text_of(x->of, "id"); *id; id++)
        hash = (hash ^ (uint8_t)*id) * 0x01000193;
    for (size_t i = 0; !err && i < count; i++) {
        size_t at = x->row->amount < 0 ? count - 1 - i : i;
        err =
            add_spliit_share(x, list[(at + (*text_of(x->of, "id") ? hash : 0)) % count]);
    }
    return err;
}

/* Spliit has no decimals of these, as in daily life, and shares whole units; ISO 4217
 * has two. */
static bool has_whole_units(const char *currency)
{
    static const char *const codes[] = {"COP", "HUF", "IDR"};
    bool found = false;

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        found = found || strcmp(codes[i], currency) == 0;
    return found;
}

static int split_whole_units(expense *x)
{
    isplit__import_row *row = x->row;
    int64_t values[ISPLIT_SPLIT_MAX_MEMBERS];
    int64_t shares[ISPLIT_SPLIT_MAX_MEMBERS];
    int64_t sign = row->amount < 0 ? -1 : 1;
    isplit_split split = {.mode = row->mode,
                          .amount_minor = sign * row->amount,
                          .count = row->shares.count,
                          .values = values};

    if (row->mode == ISPLIT_SPLIT_EXACT || !row->amount)
        return 0;
    for (size_t i = 0; i < row->shares.count; i++)
        values[i] = row->shares.of[i].minor;
    if (isplit_split_compute(&split, shares, NULL))
        return fail(x, "its shares do not make up the amount");
    for (size_t i = 0; i < row->shares.count; i++)
        row->shares.of[i].minor = sign * shares[i];
    row->mode = ISPLIT_SPLIT_EXACT;
    return 0;
}

static int read_spliit(expense *x)
{
    isplit__import_row *row = x->row;

    int err = read_head(x, "title", "notes", x->currency);
    if (!err)
        err = isplit__import_date(x->import, text_of(x->of, "expenseDate"));
    if (!err)
        err = read_spliit_amount(x);
    if (!err)
        err = add_spliit_shares(x);
    if (!err && has_whole_units(x->currency)) {
        row->exponent = 0;
        err = split_whole_units(x);
    }
    row->payment = json_is_true(json_object_get(x->of, "isReimbursement"));
    return err ? err : isplit__import_take(x->import);
}

static int read_expenses(isplit_import *import, const json_t *root, const json_t *list)
{
    const char *currency = text_of(root, "currencyCode");
    bool spliit = import->info.format == ISPLIT_IMPORT_SPLIIT_JSON;
    int err = 0;

    if (!*currency && isplit_currency_exponent(text_of(root, "currency")) == 2)
        currency = text_of(root, "currency"); /* a symbol: amounts have two decimals */
    import->unit = true;
    for (size_t i = 0; !err && i < json_array_size(list); i++) {
        expense x = {.import = import,
                     .row = &import->row,
                     .of = json_array_get(list, i),
                     .participants = json_object_get(root, "participants"),
                     .currency = currency};
        isplit__import_begin(import, i + 1);
        err = spliit ? read_spliit(&x) : read_splitwise(&x);
    }
    return err;
}

/* Spliit's group has participants, Splitwise's answer has users in each expense. */
static int choose(isplit_import *import, const json_t *root, const json_t *list)
{
    isplit_import_format said = import->info.format;
    isplit_import_format is = json_is_array(json_object_get(root, "participants"))
                                  ? ISPLIT_IMPORT_SPLIIT_JSON
                                  : ISPLIT_IMPORT_SPLITWISE_JSON;

    if (!json_is_array(list) || (said != ISPLIT_IMPORT_GUESS && said != is))
        return isplit__refuse(&import->why, "this is no JSON of %s",
                              said ? isplit_import_format_name(said)
                                   : "Splitwise or Spliit: it has no list of expenses");
    import->info.format = is;
    return 0;
}

int isplit__import_json(isplit_import *import, const char *text, size_t len)
{
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

    if (!root) {
        isplit__import_begin(import, error.line > 0 ? (size_t)error.line : 1);
        return isplit__import_fail(import, "%s", error.text);
    }
    const json_t *list = json_is_array(root) ? root : json_object_get(root, "expenses");
    int err = choose(import, root, list);
    if (!err)
        err = read_expenses(import, root, list);
    json_decref(root);
    return err;
}
