#include "inout/import.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "ledger/events.h"
#include "text/name.h"
#include "text/reason.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *const formats[] = {
    [ISPLIT_IMPORT_GUESS] = "guess",
    [ISPLIT_IMPORT_SPLITWISE] = "splitwise",
    [ISPLIT_IMPORT_SPLITWISE_JSON] = "splitwise-json",
    [ISPLIT_IMPORT_SPLIIT] = "spliit",
    [ISPLIT_IMPORT_SPLIIT_JSON] = "spliit-json",
    [ISPLIT_IMPORT_IHATEMONEY] = "ihatemoney",
    [ISPLIT_IMPORT_COSPEND] = "cospend",
};

const char *isplit_import_format_name(isplit_import_format format)
{
    return formats[format];
}

int isplit_import_format_read(const char *name, isplit_import_format *format,
                              isplit_reason *why)
{
    for (size_t i = 0; i < COUNT(formats); i++) {
        if (strcmp(formats[i], name) == 0) {
            *format = (isplit_import_format)i;
            return 0;
        }
    }
    return isplit__refuse(why,
                          "a format is splitwise, splitwise-json, spliit, spliit-json, "
                          "ihatemoney, cospend, or guess");
}

int isplit__import_fail(isplit_import *import, const char *format, ...)
{
    char text[ISPLIT_REASON_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return isplit__refuse(&import->why, "%s %zu: %s", import->unit ? "expense" : "line",
                          import->row.line, text);
}

static void *new_piece(isplit_import *import, size_t size)
{
    isplit__import_piece *piece = ic_mem_alloc(sizeof *piece + size);

    if (!piece)
        return NULL;
    piece->next = import->pieces;
    import->pieces = piece;
    return piece->bytes;
}

const char *isplit__import_keep_part(isplit_import *import, const char *text, size_t len)
{
    char *copy = new_piece(import, len + 1);

    if (copy) {
        memcpy(copy, text, len);
        copy[len] = 0;
    }
    return copy;
}

const char *isplit__import_keep(isplit_import *import, const char *text)
{
    return isplit__import_keep_part(import, text, strlen(text));
}

int isplit__import_note(isplit_import *import, const char *text, const char *more)
{
    isplit__buf b = {0};

    isplit__buf_printf(&b, "%s%s%s", text, *text && *more ? " - " : "", more);
    import->row.note =
        b.bad || !b.data ? NULL : isplit__import_keep_part(import, b.data, b.len);
    isplit__buf_free(&b);
    return import->row.note ? 0 : IC_ERR_NOMEM;
}

void isplit__import_clean(const char *theirs, isplit__buf *out)
{
    size_t left = strlen(theirs);
    const char *at = isplit__trim(theirs, &left);

    while (left) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(at, left, &code);
        if (!n || out->len + n > ISPLIT__NAME_MAX)
            break;
        bool odd = isplit__is_control(code) || isplit__is_bidi(code) ||
                   (code < 128 && strchr(",:\"<>|", (int)code));
        isplit__buf_add(out, odd ? "-" : at, odd ? 1 : n);
        at += n;
        left -= n;
    }
}

static const isplit__import_name *find_ours(const isplit_import *import, const char *ours)
{
    for (size_t i = 0; i < import->name_count; i++) {
        if (strcmp(import->names[i].ours, ours) == 0)
            return &import->names[i];
    }
    return NULL;
}

/* Two members of theirs whose names come out alike stay two. */
static void make_unique(const isplit_import *import, char name[ISPLIT__NAME_MAX + 1])
{
    char base[ISPLIT__NAME_MAX + 1];
    size_t len = strlen(name);

    while (len > ISPLIT__NAME_MAX - 4 ||
           (len && ((unsigned char)name[len] & 0xc0) == 0x80))
        len--;
    memcpy(base, name, len + 1);
    base[len] = 0;
    for (unsigned i = 2; find_ours(import, name); i++)
        (void)snprintf(name, ISPLIT__NAME_MAX + 1, "%.36s %u", base, i % 1000);
}

static int add_name(isplit_import *import, const char *theirs)
{
    isplit__buf clean = {0};
    isplit_reason why = {{0}};
    char ours[ISPLIT__NAME_MAX + 1];
    isplit__import_name *name = &import->names[import->name_count];

    if (import->name_count == COUNT(import->names))
        return isplit__import_fail(import, "there are more than %zu members",
                                   COUNT(import->names));
    isplit__import_clean(theirs, &clean);
    if (clean.bad)
        return IC_ERR_NOMEM;
    int err = isplit__name_typed(clean.data ? clean.data : "", clean.len, ours, &why);
    isplit__buf_free(&clean);
    if (err)
        return isplit__import_fail(import, "the member's name: %s", why.text);
    make_unique(import, ours);
    name->theirs = isplit__import_keep(import, theirs);
    name->ours = isplit__import_keep(import, ours);
    if (!name->theirs || !name->ours)
        return IC_ERR_NOMEM;
    import->name_count++;
    return 0;
}

/* What their member is called in the room; the same name for the same name. */
static int name_of(isplit_import *import, const char *theirs, const char **ours)
{
    size_t i = 0;

    while (i < import->name_count && strcmp(import->names[i].theirs, theirs) != 0)
        i++;
    int err = i == import->name_count ? add_name(import, theirs) : 0;
    if (!err)
        *ours = import->names[i].ours;
    return err;
}

/* The digits of a decimal number; false when it is none or too large. Splitwise writes a
 * comma for users whose language does: with more decimals behind it than the currency has
 * it could group digits, and is refused. */
static bool read_digits(const char *text, unsigned exponent, int64_t *minor, bool *exact)
{
    int64_t value = 0;
    unsigned decimals = 0;
    char point = 0;
    bool digits = false;
    bool up = false;

    *exact = true;
    for (; *text; text++) {
        if ((*text == '.' || *text == ',') && !point)
            point = *text;
        else if (*text < '0' || *text > '9' || value > ISPLIT_MONEY_MAX_MINOR)
            return false;
        else if (point && decimals++ >= exponent) {
            if (point == ',')
                return false;
            up = decimals == exponent + 1 ? *text >= '5' : up;
            *exact = *exact && *text == '0';
        } else
            value = value * 10 + (*text - '0');
        digits = digits || *text != point;
    }
    for (; decimals < exponent && value <= ISPLIT_MONEY_MAX_MINOR; decimals++)
        value *= 10;
    *minor = value + up;
    return digits && *minor <= ISPLIT_MONEY_MAX_MINOR;
}

int isplit__import_number(isplit_import *import, const char *text, unsigned decimals,
                          int64_t *value, bool *exact)
{
    char copy[ISPLIT_MONEY_TEXT_MAX];
    size_t len = strlen(text);
    const char *at = isplit__trim(text, &len);
    bool negative = len && *at == '-';
    size_t skip = len && (*at == '-' || *at == '+');

    if (len >= sizeof copy)
        return isplit__import_fail(import, "this is no amount");
    memcpy(copy, at + skip, len - skip);
    copy[len - skip] = 0;
    if (!read_digits(copy, decimals, value, exact))
        return isplit__import_fail(import, "'%s' is no amount", copy);
    *value = negative ? -*value : *value;
    return 0;
}

int isplit__import_money(isplit_import *import, const char *text, int64_t *minor)
{
    bool exact = true;
    int err = isplit__import_number(import, text, import->row.exponent, minor, &exact);

    import->info.rounded += !err && !exact;
    return err;
}

int isplit__import_currency(isplit_import *import, const char *text)
{
    static const char none[] = "X"
                               "XX"; /* ISO 4217 */
    char code[ISPLIT_CURRENCY_MAX];
    size_t len = strlen(text);
    const char *at = isplit__trim(text, &len);
    isplit__import_row *row = &import->row;

    if (isplit_currency_code(at, len, code, NULL) || strcmp(code, none) == 0)
        return 0;
    row->currency = isplit__import_keep(import, code);
    row->exponent = isplit_currency_exponent(code);
    return row->currency ? 0 : IC_ERR_NOMEM;
}

int isplit__import_date(isplit_import *import, const char *text)
{
    static const char shape[] = "0000-00-00";
    size_t len = 0;

    for (; shape[len]; len++) {
        bool digit = text[len] >= '0' && text[len] <= '9';
        if (shape[len] == '0' ? !digit : text[len] != '-')
            return isplit__import_fail(import, "'%.20s' is no date; write YYYY-MM-DD",
                                       text);
    }
    import->row.date = isplit__import_keep_part(import, text, len);
    return import->row.date ? 0 : IC_ERR_NOMEM;
}

void isplit__import_begin(isplit_import *import, size_t line)
{
    isplit__buf_free(&import->key);
    import->row = (isplit__import_row){.line = line,
                                       .currency = "",
                                       .exponent = 2,
                                       .date = "",
                                       .note = "",
                                       .category = "",
                                       .paid = {.of = import->paid},
                                       .shares = {
                                           .of = import->shares
                                       }};
}

void isplit__import_key(isplit_import *import, const char *text)
{
    isplit__buf_text(&import->key, text);
    isplit__buf_add(&import->key, "\n", 1);
}

int isplit__import_add(isplit_import *import, isplit__import_list *list,
                       const char *theirs, int64_t value)
{
    const char *ours = NULL;

    int err = name_of(import, theirs, &ours);
    if (err)
        return err;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->of[i].name, ours) == 0)
            return isplit__import_fail(import, "%s stands twice", ours);
    }
    if (list->count == ISPLIT_SPLIT_MAX_MEMBERS)
        return isplit__import_fail(import, "an entry has at most %d members",
                                   ISPLIT_SPLIT_MAX_MEMBERS);
    list->of[list->count++] = (isplit_share){.name = ours, .minor = value};
    return 0;
}

/* What a list comes to must be what was paid. */
static int check_sum(isplit_import *import, const isplit__import_list *list,
                     const char *what)
{
    char over[ISPLIT_MONEY_TEXT_MAX];
    int64_t by = -import->row.amount;

    for (size_t i = 0; i < list->count; i++)
        by += list->of[i].minor;
    if (!by)
        return 0;
    isplit_money_format(by < 0 ? -by : by, import->row.exponent, 0, over);
    return isplit__import_fail(import, "%s %s by %s than the cost", what,
                               by > 0 ? "is more" : "is less", over);
}

/* An exact split that is the equal one is called so: peers that only know equal splits
 * then count it too. */
static void find_mode(isplit__import_row *row)
{
    const isplit__import_list *shares = &row->shares;

    for (size_t i = 0; i < shares->count; i++) {
        if (shares->of[i].minor != isplit__equal_share(row->amount, shares->count, i))
            return;
    }
    row->mode = ISPLIT_SPLIT_EQUAL;
}

static int check_row(isplit_import *import)
{
    isplit__import_row *row = &import->row;

    if (row->amount > ISPLIT_MONEY_MAX_MINOR)
        return isplit__import_fail(import, "the amount is too large");
    if (!row->paid.count || !row->shares.count)
        return isplit__import_fail(import, row->paid.count ? "nobody shares this"
                                                           : "nobody paid this");
    int err = check_sum(import, &row->paid, "what was paid");
    if (!err && row->mode == ISPLIT_SPLIT_EXACT) {
        err = check_sum(import, &row->shares, "the sum of the shares");
        if (row->exponent == isplit_currency_exponent(row->currency))
            find_mode(row);
    }
    return err;
}

/* The mark of a row: what makes it, and how many like it came before. */
static int mark(isplit_import *import)
{
    isplit__buf b = {0};
    isplit__id id;

    isplit__id_of(&id, import->key.data, import->key.len);
    if (!isplit__idmap_reserve(&import->seen))
        return IC_ERR_NOMEM;
    const uint32_t *before = isplit__idmap_get(&import->seen, &id);
    uint32_t again = before ? *before + 1 : 0;
    isplit__idmap_put(&import->seen, &id, again);
    isplit__buf_printf(&b, "intersplit/import/1\n%s\n%" PRIu32 "\n",
                       formats[import->info.format], again);
    isplit__buf_add(&b, import->key.data, import->key.len);
    if (!b.bad) {
        isplit__id_of(&id, b.data, b.len);
        memcpy(import->row.mark, id.b, sizeof import->row.mark);
        memcpy(import->row.mark, "im", 2);
    }
    int err = b.bad ? IC_ERR_NOMEM : 0;
    isplit__buf_free(&b);
    return err;
}

/* The row and its lists, in one piece of memory. */
static int keep_row(isplit_import *import)
{
    const isplit__import_row *row = &import->row;
    isplit__import_row **end = import->last ? &import->last->next : &import->rows;

    if (import->info.rows == ISPLIT_IMPORT_MAX_ROWS) {
        isplit__refuse(&import->why, "a file has at most %d rows",
                       ISPLIT_IMPORT_MAX_ROWS);
        return IC_ERR_LIMIT;
    }
    size_t parts = row->paid.count + row->shares.count;
    isplit__import_row *kept =
        new_piece(import, sizeof *kept + parts * sizeof(isplit_share));
    if (!kept)
        return IC_ERR_NOMEM;
    *kept = *row;
    kept->paid.of = (isplit_share *)(kept + 1);
    kept->shares.of = kept->paid.of + row->paid.count;
    memcpy(kept->paid.of, row->paid.of, row->paid.count * sizeof(isplit_share));
    memcpy(kept->shares.of, row->shares.of, row->shares.count * sizeof(isplit_share));
    *end = import->last = kept;
    import->info.rows++;
    return 0;
}

static void negate(isplit__import_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->of[i].minor = -list->of[i].minor;
}

/* Who has no part in it is left out. */
static void drop_zeros(isplit__import_list *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (list->of[i].minor)
            list->of[kept++] = list->of[i];
    }
    list->count = kept;
}

/* Money that came back is the same row with the signs turned. */
static void find_type(isplit__import_row *row)
{
    if (row->amount < 0) {
        row->type = ISPLIT_ENTRY_REFUND;
        row->amount = -row->amount;
        negate(&row->paid);
        if (row->mode == ISPLIT_SPLIT_EXACT)
            negate(&row->shares);
    }
    drop_zeros(&row->paid);
    if (row->mode != ISPLIT_SPLIT_EQUAL)
        drop_zeros(&row->shares);
    if (row->payment && row->paid.count == 1 && row->shares.count == 1 &&
        row->type != ISPLIT_ENTRY_REFUND &&
        strcmp(row->shares.of[0].name, row->paid.of[0].name) != 0)
        row->type = ISPLIT_ENTRY_PAYMENT;
}

int isplit__import_take(isplit_import *import)
{
    if (!import->row.amount) {
        import->info.passed++;
        return 0;
    }
    find_type(&import->row);
    int err = check_row(import);
    if (!err && import->key.bad)
        err = IC_ERR_NOMEM;
    if (!err)
        err = mark(import);
    return err ? err : keep_row(import);
}

/* The format of a text, when the caller does not say it. */
static isplit_import_format guess(const char *text, size_t len)
{
    size_t rest = len;
    const char *at = isplit__trim(text, &rest);

    return rest && (*at == '{' || *at == '[') ? ISPLIT_IMPORT_SPLITWISE_JSON
                                              : ISPLIT_IMPORT_SPLITWISE;
}

static int read_any(isplit_import *import, const char *text, size_t len)
{
    isplit_import_format format = import->info.format;

    if (format == ISPLIT_IMPORT_GUESS)
        format = guess(text, len);
    if (format == ISPLIT_IMPORT_SPLITWISE_JSON || format == ISPLIT_IMPORT_SPLIIT_JSON)
        return isplit__import_json(import, text, len);
    return isplit__import_tables(import, text, len);
}

int isplit_import_read(const char *text, size_t len, isplit_import_format format,
                       isplit_import **out, isplit_reason *why)
{
    isplit_import *import = ic_mem_calloc(1, sizeof *import);

    if (!import)
        return IC_ERR_NOMEM;
    import->info.format = format;
    int err = read_any(import, text, len);
    isplit__buf_free(&import->key);
    isplit__idmap_free(&import->seen);
    if (!err) {
        *out = import;
        return 0;
    }
    if (why && import->why.text[0])
        *why = import->why;
    isplit_import_free(import);
    return err;
}

void isplit_import_free(isplit_import *import)
{
    if (!import)
        return;
    while (import->pieces) {
        isplit__import_piece *next = import->pieces->next;
        ic_mem_free(import->pieces);
        import->pieces = next;
    }
    ic_mem_free(import);
}

void isplit_import_info_get(const isplit_import *import, isplit_import_info *out)
{
    *out = import->info;
}
