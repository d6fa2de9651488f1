#include "ledger/body.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "text/canonical.h"
#include "text/name.h"
#include "text/reason.h"

__extension__ typedef __int128 product;

#define RATE_MAX 16 /* bytes: 15 digits and a mark */

/* How each mode calls itself; EQUAL, EXACT and ITEMS list names, the others pairs of a
 * name and a number. */
static const char *const mode_names[] = {
    [ISPLIT_SPLIT_EQUAL] = "equal",     [ISPLIT_SPLIT_EXACT] = "exact",
    [ISPLIT_SPLIT_WEIGHTS] = "weights", [ISPLIT_SPLIT_PERCENT] = "percent",
    [ISPLIT_SPLIT_ADJUST] = "adjust",   [ISPLIT_SPLIT_ITEMS] = "items",
};

static bool has_values(isplit_split_mode mode)
{
    return mode == ISPLIT_SPLIT_WEIGHTS || mode == ISPLIT_SPLIT_PERCENT ||
           mode == ISPLIT_SPLIT_ADJUST;
}

/* --- reading --- */

/* A whole number from `least` to the largest amount; -1 otherwise. */
static int64_t read_amount(const json_t *value, int64_t least)
{
    int64_t v = json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;

    return v >= least && v <= ISPLIT_MONEY_MAX_MINOR ? v : -1;
}

/* A member that may be missing; false when it is there and no text. */
static bool read_text(const json_t *body, const char *key, const char **out)
{
    const json_t *value = json_object_get(body, key);

    *out = value ? json_string_value(value) : "";
    return *out != NULL;
}

static bool read_name(const json_t *value, const char **out)
{
    *out = json_string_value(value);
    return *out && isplit__name_allowed(*out, strlen(*out));
}

/* Codes are kept as they were read, so they must be in their one form. */
static bool code_valid(const char *code)
{
    char same[ISPLIT_CURRENCY_MAX];

    return isplit_currency_code(code, strlen(code), same, NULL) == 0 &&
           strcmp(same, code) == 0;
}

static bool read_currency(const json_t *body, const char **code, unsigned *exponent)
{
    if (!read_text(body, "cur", code) || (**code && !code_valid(*code)))
        return false;
    *exponent = **code ? isplit_currency_exponent(*code) : ISPLIT__EXPONENT;
    return !json_object_get(body, "cur") || **code;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap);
}

bool isplit__date_valid(const char *date)
{
    static const char shape[] = "dddd-dd-dd";
    int part[3] = {0};
    size_t at = 0;

    if (strlen(date) != sizeof shape - 1)
        return false;
    for (size_t i = 0; shape[i]; i++) {
        bool digit = date[i] >= '0' && date[i] <= '9';
        if (shape[i] == '-')
            at++;
        else if (digit)
            part[at] = part[at] * 10 + (date[i] - '0');
        if (shape[i] == '-' ? date[i] != '-' : !digit)
            return false;
    }
    return part[0] >= 1 && part[1] >= 1 && part[1] <= 12 && part[2] >= 1 &&
           part[2] <= days_of(part[0], part[1]);
}

/* "0.9215": digits with at most one mark between them. */
static bool rate_valid(const char *rate)
{
    size_t whole = strspn(rate, "0123456789");
    size_t rest = rate[whole] == '.' ? strspn(rate + whole + 1, "0123456789") : 0;

    return whole && strlen(rate) <= RATE_MAX && strspn(rate, "0.") < strlen(rate) &&
           (rate[whole] ? rest && !rate[whole + 1 + rest] : true);
}

/* What was paid in another currency, and the rate that its author converted it by. */
static bool read_fx(const json_t *fx, isplit_entry *e)
{
    static const char *const known[] = {"amount", "cur", "rate", "", NULL};

    e->original_currency = "";
    e->rate = "";
    if (!fx)
        return true;
    e->original_minor = read_amount(json_object_get(fx, "amount"), 1);
    return isplit__has_members(fx, known) && e->original_minor > 0 &&
           read_currency(fx, &e->original_currency, &e->original_exponent) &&
           read_text(fx, "rate", &e->rate) && rate_valid(e->rate);
}

/* The map name -> amount in the order of its bytes; false when it does not sum up. */
static bool read_paid(const json_t *map, isplit__value *v)
{
    const char *key;
    json_t *value;
    int64_t sum = 0;
    size_t n = 0;

    if (!json_object_size(map) || json_object_size(map) > ISPLIT__ENTRY_MAX_NAMES)
        return false;
    json_object_foreach(isplit__json_to_iterate(map), key, value)
    {
        int64_t minor = read_amount(value, 1);
        if (minor < 0 || !isplit__name_allowed(key, strlen(key)))
            return false;
        size_t at = n++;
        for (; at && strcmp(v->paid[at - 1].name, key) > 0; at--)
            v->paid[at] = v->paid[at - 1];
        v->paid[at] = (isplit_share){.name = key, .minor = minor};
        sum += minor;
    }
    v->entry.paid = v->paid;
    v->entry.paid_count = n;
    return sum == v->entry.amount_minor;
}

/* The place of a name among the first `count` shares, or `count`. */
static size_t place_of(const isplit_share *shares, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(shares[i].name, name) != 0)
        i++;
    return i;
}

/* "alice", or ["alice", 2] where the mode has values. */
static bool read_listed(const json_t *listed, bool paired, const char **name,
                        int64_t *number)
{
    if (!paired)
        return read_name(listed, name);
    *number = read_amount(json_array_get(listed, 1), 0);
    return json_array_size(listed) == 2 && *number >= 0 &&
           read_name(json_array_get(listed, 0), name);
}

/* The listed names are exactly those of the map. */
static bool read_shares(const json_t *list, const json_t *map, isplit__value *v)
{
    size_t n = json_array_size(list);

    if (!n || n > ISPLIT__ENTRY_MAX_NAMES || json_object_size(map) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *name = NULL;
        if (!read_listed(json_array_get(list, i), has_values(v->entry.mode), &name,
                         &v->values[i]) ||
            place_of(v->shares, i, name) < i)
            return false;
        int64_t minor = read_amount(json_object_get(map, name), 0);
        if (minor < 0)
            return false;
        v->shares[i] = (isplit_share){.name = name, .minor = minor};
    }
    v->entry.shares = v->shares;
    v->entry.share_count = n;
    v->entry.values = has_values(v->entry.mode) ? v->values : NULL;
    return true;
}

static bool read_mode(const json_t *body, isplit__value *v)
{
    const json_t *mode = json_object_get(body, "mode");

    for (size_t i = 0; i < sizeof mode_names / sizeof mode_names[0]; i++) {
        const json_t *list = json_object_get(mode, mode_names[i]);
        v->entry.mode = (isplit_split_mode)i;
        if (list && json_object_size(mode) == 1)
            return read_shares(list, json_object_get(body, "shares"), v);
    }
    return false;
}

/* Who had this item: names among the shares, each once. */
static bool read_item(const json_t *item, const isplit__value *v, isplit_item *out)
{
    static const char *const known[] = {"amount", "of", "", "text", NULL};
    const json_t *of = json_object_get(item, "of");

    *out = (isplit_item){.amount_minor = read_amount(json_object_get(item, "amount"), 1)};
    if (!isplit__has_members(item, known) || !read_text(item, "text", &out->text))
        return false;
    for (size_t i = 0; i < json_array_size(of); i++) {
        const char *name = json_string_value(json_array_get(of, i));
        size_t at =
            name ? place_of(v->shares, v->entry.share_count, name) : v->entry.share_count;
        if (at == v->entry.share_count || out->members >> at & 1)
            return false;
        out->members |= UINT64_C(1) << at;
    }
    return out->amount_minor > 0 && out->members;
}

static bool read_items(const json_t *list, isplit__value *v)
{
    bool wanted = v->entry.mode == ISPLIT_SPLIT_ITEMS;

    if (!list || !wanted)
        return !list && !wanted;
    if (json_array_size(list) > ISPLIT_SPLIT_MAX_ITEMS)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_item(json_array_get(list, i), v, &v->items[i]))
            return false;
    }
    v->entry.items = v->items;
    v->entry.item_count = json_array_size(list);
    return true;
}

/* Sums and roundings: is this what such a split may come to? Never computed anew. */
static bool adds_up(isplit__value *v)
{
    int64_t shares[ISPLIT__ENTRY_MAX_NAMES];
    isplit_split_item items[ISPLIT_SPLIT_MAX_ITEMS];
    const isplit_entry *e = &v->entry;
    isplit_split split = {
        .mode = e->mode,
        .amount_minor = e->amount_minor,
        .extra_minor = e->amount_minor,
        .count = e->share_count,
        .values = e->mode == ISPLIT_SPLIT_EXACT ? shares : v->values,
        .items = items,
        .item_count = e->item_count,
    };

    for (size_t i = 0; i < e->share_count; i++)
        shares[i] = e->shares[i].minor;
    for (size_t i = 0; i < e->item_count; i++) {
        items[i] = (isplit_split_item){e->items[i].amount_minor, e->items[i].members};
        split.extra_minor -= e->items[i].amount_minor;
    }
    return isplit_split_fits(&split, shares);
}

static bool read_type(const json_t *body, isplit_entry *e)
{
    const char *type = json_string_value(json_object_get(body, "type"));

    if (!type || (strcmp(type, "expense") != 0 && strcmp(type, "refund") != 0))
        return false;
    e->type = strcmp(type, "refund") == 0 ? ISPLIT_ENTRY_REFUND : ISPLIT_ENTRY_EXPENSE;
    return true;
}

static bool read_add(const json_t *body, isplit__value *v)
{
    isplit_entry *e = &v->entry;

    if (!read_type(body, e) || !read_text(body, "cat", &e->category) ||
        !read_fx(json_object_get(body, "fx"), e) || !read_mode(body, v) ||
        !read_items(json_object_get(body, "items"), v) ||
        !read_paid(json_object_get(body, "paid"), v))
        return false;
    return (!*e->category || isplit__name_allowed(e->category, strlen(e->category))) &&
           adds_up(v);
}

static bool read_pay(const json_t *body, isplit__value *v)
{
    isplit_entry *e = &v->entry;

    e->type = ISPLIT_ENTRY_PAYMENT;
    e->mode = ISPLIT_SPLIT_EXACT;
    if (!read_name(json_object_get(body, "from"), &v->paid[0].name) ||
        !read_name(json_object_get(body, "to"), &v->shares[0].name))
        return false;
    v->paid[0].minor = v->shares[0].minor = e->amount_minor;
    e->paid = v->paid;
    e->shares = v->shares;
    e->paid_count = e->share_count = 1;
    return strcmp(v->paid[0].name, v->shares[0].name) != 0;
}

bool isplit__body_read(const json_t *body, bool is_payment, isplit__value *out)
{
    static const char *const add[] = {"amount", "mode", "paid", "shares", "type",
                                      "",       "cat",  "cur",  "date",   "fx",
                                      "items",  "note", NULL};
    static const char *const pay[] = {"amount", "from", "to",   "",
                                      "cur",    "date", "note", NULL};
    isplit_entry *e = &out->entry;

    *e = (isplit_entry){.amount_minor = read_amount(json_object_get(body, "amount"), 1)};
    if (!isplit__has_members(body, is_payment ? pay : add) || e->amount_minor < 0 ||
        !read_text(body, "note", &e->note) || !read_text(body, "date", &e->date) ||
        (*e->date && !isplit__date_valid(e->date)) ||
        !read_currency(body, &e->currency, &e->exponent))
        return false;
    return is_payment ? read_pay(body, out) : read_add(body, out);
}

/* --- what drafts need --- */

int isplit__note_read(const char *typed, const char **text, size_t *len,
                      isplit_reason *why)
{
    *len = typed ? strlen(typed) : 0;
    *text = isplit__trim(typed ? typed : "", len);
    if (!isplit__utf8_valid(*text, *len))
        isplit__refuse(why, "the note is not UTF-8");
    else if (*len > ISPLIT__NOTE_MAX_BYTES)
        isplit__refuse(why, "a note has at most %d bytes", ISPLIT__NOTE_MAX_BYTES);
    else
        return 0;
    return IC_ERR_INVALID;
}

bool isplit__scale(isplit_share *parts, size_t count, int64_t from, int64_t total)
{
    bool whole = true;
    int64_t sum = 0;
    int64_t given = 0;

    for (size_t i = 0; i < count; i++) {
        sum += parts[i].minor;
        int64_t upto = (int64_t)((product)total * sum / from);
        whole = whole && (upto > given || !parts[i].minor);
        parts[i].minor = upto - given;
        given = upto;
    }
    return whole;
}

/* --- writing --- */

static void put_text(isplit__buf *b, const char *before, const char *text)
{
    isplit__buf_text(b, before);
    isplit__buf_json_text(b, text, strlen(text));
}

static void put_optional(isplit__buf *b, const char *before, const char *text)
{
    if (text && *text)
        put_text(b, before, text);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const isplit_share *)a)->name, ((const isplit_share *)b)->name);
}

static void put_map(isplit__buf *b, const char *before, const isplit_share *shares,
                    size_t count)
{
    isplit_share sorted[ISPLIT__ENTRY_MAX_NAMES];

    memcpy(sorted, shares, count * sizeof *shares);
    qsort(sorted, count, sizeof *sorted, by_name);
    isplit__buf_text(b, before);
    for (size_t i = 0; i < count; i++) {
        put_text(b, i ? "," : "{", sorted[i].name);
        isplit__buf_printf(b, ":%" PRId64, sorted[i].minor);
    }
    isplit__buf_text(b, "}");
}

static void put_mode(isplit__buf *b, const isplit_entry *e)
{
    isplit__buf_printf(b, ",\"mode\":{\"%s\":[", mode_names[e->mode]);
    for (size_t i = 0; i < e->share_count; i++) {
        isplit__buf_text(b, i ? "," : "");
        if (e->values)
            put_text(b, "[", e->shares[i].name);
        else
            put_text(b, "", e->shares[i].name);
        if (e->values)
            isplit__buf_printf(b, ",%" PRId64 "]", e->values[i]);
    }
    isplit__buf_text(b, "]}");
}

static void put_items(isplit__buf *b, const isplit_entry *e)
{
    for (size_t i = 0; i < e->item_count; i++) {
        const isplit_item *item = &e->items[i];
        const char *before = ",\"of\":[";
        isplit__buf_printf(b, "%s{\"amount\":%" PRId64, i ? "," : ",\"items\":[",
                           item->amount_minor);
        for (size_t k = 0; k < e->share_count; k++) {
            if (!(item->members >> k & 1))
                continue;
            put_text(b, before, e->shares[k].name);
            before = ",";
        }
        isplit__buf_text(b, "]");
        put_optional(b, ",\"text\":", item->text);
        isplit__buf_text(b, "}");
    }
    isplit__buf_text(b, e->item_count ? "]" : "");
}

static void put_fx(isplit__buf *b, const isplit_entry *e)
{
    if (!e->rate || !*e->rate)
        return;
    isplit__buf_printf(b, ",\"fx\":{\"amount\":%" PRId64, e->original_minor);
    put_text(b, ",\"cur\":", e->original_currency);
    put_text(b, ",\"rate\":", e->rate);
    isplit__buf_text(b, "}");
}

static void put_add(isplit__buf *b, const isplit_entry *e)
{
    isplit__buf_printf(b, "{\"amount\":%" PRId64, e->amount_minor);
    put_optional(b, ",\"cat\":", e->category);
    put_optional(b, ",\"cur\":", e->currency);
    put_optional(b, ",\"date\":", e->date);
    put_fx(b, e);
    put_items(b, e);
    put_mode(b, e);
    put_optional(b, ",\"note\":", e->note);
    put_map(b, ",\"paid\":", e->paid, e->paid_count);
    put_map(b, ",\"shares\":", e->shares, e->share_count);
    isplit__buf_printf(b, ",\"type\":\"%s\"}",
                       e->type == ISPLIT_ENTRY_REFUND ? "refund" : "expense");
}

static void put_pay(isplit__buf *b, const isplit_entry *e)
{
    isplit__buf_printf(b, "{\"amount\":%" PRId64, e->amount_minor);
    put_optional(b, ",\"cur\":", e->currency);
    put_optional(b, ",\"date\":", e->date);
    put_text(b, ",\"from\":", e->paid[0].name);
    put_optional(b, ",\"note\":", e->note);
    put_text(b, ",\"to\":", e->shares[0].name);
    isplit__buf_text(b, "}");
}

void isplit__body_write(isplit__buf *b, const isplit_entry *e)
{
    if (e->type == ISPLIT_ENTRY_PAYMENT)
        put_pay(b, e);
    else
        put_add(b, e);
}
