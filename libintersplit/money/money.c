#include "intersplit/money.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "intercom/error.h"
#include "money/money.h"
#include "text/reason.h"

#define MAX_TEXT 64  /* bytes of a number that is looked at */
#define MAX_SUM 256  /* bytes of an amount that calculates */
#define MAX_GROUPS 8 /* runs of digits */

/* An amount cut into runs of digits and the marks between them:
 * run[0] mark[0] run[1] mark[1] ... */
typedef struct pieces {
    const char *run[MAX_GROUPS];
    size_t length[MAX_GROUPS];
    char mark[MAX_GROUPS]; /* '.', ',', '\'' or ' ' */
    size_t count;          /* of runs; some may be empty */
} pieces;

/* What the pieces mean. */
typedef struct reading {
    size_t whole; /* runs that are grouped digits before the decimal mark */
    bool decimals;
} reading;

static const struct {
    const char *text;
    const char *currencies;
} symbols[] = {
    {"€", "EUR"},  {"$", "USD CAD AUD NZD SGD HKD MXN"},
    {"£", "GBP"},  {"¥", "JPY CNY"},
    {"₹", "INR"},  {"₩", "KRW"},
    {"₺", "TRY"},  {"₫", "VND"},
    {"₴", "UAH"},  {"₪", "ILS"},
    {"zł", "PLN"}, {"kr", "SEK NOK DKK ISK"},
    {"R$", "BRL"}, {"Fr.", "CHF"},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void trim_spaces(const char **text, size_t *len)
{
    while (*len && ((*text)[0] == ' ' || ((*text)[0] >= 9 && (*text)[0] <= 13))) {
        (*text)++;
        (*len)--;
    }
    while (*len && ((*text)[*len - 1] == ' ' ||
                    ((*text)[*len - 1] >= 9 && (*text)[*len - 1] <= 13)))
        (*len)--;
}

/* Take `word` away from either end; true when it stood there. */
static bool drop_word(const char **text, size_t *len, const char *word)
{
    size_t n = strlen(word);

    if (n > *len)
        return false;
    if (strncasecmp(*text, word, n) == 0)
        *text += n;
    else if (strncasecmp(*text + *len - n, word, n) != 0)
        return false;
    *len -= n;
    trim_spaces(text, len);
    return true;
}

static void drop_currency(const char **text, size_t *len, const char *currency)
{
    if (!currency || !*currency || drop_word(text, len, currency))
        return;
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        if (isplit__code_listed(symbols[i].currencies, currency) &&
            drop_word(text, len, symbols[i].text))
            return;
    }
}

/* The mark at `at`, one byte that stands for it, and its length; 0 when it is none. */
static size_t mark_at(const char *at, size_t left, char *mark)
{
    static const struct {
        const char *text;
        char mark;
    } marks[] = {
        {".", '.'}, {",", ','},        {"'", '\''},           {"\xe2\x80\x99", '\''},
        {" ", ' '}, {"\xc2\xa0", ' '}, {"\xe2\x80\xaf", ' '},
    };

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t n = strlen(marks[i].text);
        if (n <= left && memcmp(at, marks[i].text, n) == 0) {
            *mark = marks[i].mark;
            return n;
        }
    }
    return 0;
}

static int refuse_sign(const char *text, size_t len, isplit_reason *why)
{
    if (len && text[0] == '+')
        return isplit__refuse(why, "an amount has no sign");
    if ((len && text[0] == '-') || (len >= 3 && memcmp(text, "\xe2\x88\x92", 3) == 0))
        return isplit__refuse(why,
                              "an amount has no sign; to give money back use a refund");
    return 0;
}

static int cut(const char *text, size_t len, pieces *p, isplit_reason *why)
{
    *p = (pieces){.run = {text}, .count = 1};
    while (len) {
        char mark = 0;
        size_t n = mark_at(text, len, &mark);
        if (n) {
            if (p->count == MAX_GROUPS)
                return isplit__refuse(why, "an amount this large is not accepted");
            p->mark[p->count - 1] = mark;
            p->run[p->count++] = text + n;
        } else if (is_digit(text[0])) {
            p->length[p->count - 1]++;
            n = 1;
        } else
            return isplit__refuse(why,
                                  "an amount is written with the digits 0 to 9, such as "
                                  "12.50");
        text += n;
        len -= n;
    }
    return 0;
}

static size_t count_marks(const pieces *p, char mark)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < p->count; i++)
        n += p->mark[i] == mark;
    return n;
}

/* Are the first `whole` runs digits in groups of three (or as in India, by commas)? */
static bool groups_well(const pieces *p, size_t whole)
{
    if (whole <= 1)
        return true;
    size_t middle = p->length[1];
    if (p->length[0] < 1 || p->length[0] > 3 || p->run[0][0] == '0')
        return false;
    for (size_t i = 1; i < whole; i++) {
        if (p->mark[i - 1] != p->mark[0] || p->length[i] != (i + 1 == whole ? 3 : middle))
            return false;
    }
    return middle == 3 || (middle == 2 && p->mark[0] == ',' && p->length[0] <= 2);
}

static int refuse_groups(isplit_reason *why)
{
    return isplit__refuse(
        why, "the digits of an amount are grouped by three, such as 1,234.50");
}

static void copy_runs(const pieces *p, size_t from, size_t to, char *out)
{
    for (size_t i = from; i < to; i++) {
        memcpy(out, p->run[i], p->length[i]);
        out += p->length[i];
    }
    *out = 0;
}

/* Rule 5: a thousand, or three decimals? Both readings, as they should be written. */
static int refuse_ambiguous(const pieces *p, unsigned exponent, isplit_reason *why)
{
    char whole[MAX_TEXT + 1];
    char first[MAX_TEXT + 1];

    copy_runs(p, 0, 2, whole);
    copy_runs(p, 0, 1, first);
    return isplit__refuse(
        why, "%s%c%.3s is ambiguous: write %s.%.*s or %s.%.*s; at most %u decimals",
        first, p->mark[0], p->run[1], whole, (int)exponent, "000000000", first,
        (int)(exponent < 3 ? exponent : 3), p->run[1], exponent);
}

/* Rules 4 and 5: one kind of mark. */
static int read_one_kind(const pieces *p, unsigned exponent, reading *r,
                         isplit_reason *why)
{
    char mark = p->mark[0];

    if (mark == ' ' || mark == '\'' || p->count > 2) {
        *r = (reading){.whole = p->count};
        return groups_well(p, p->count) ? 0 : refuse_groups(why);
    }
    bool three = p->length[1] == 3 && p->length[0];
    if (three && exponent == 0) {
        *r = (reading){.whole = 2};
        return groups_well(p, 2) ? 0 : refuse_groups(why);
    }
    if (three && !(exponent == 3 && mark == '.'))
        return refuse_ambiguous(p, exponent, why);
    *r = (reading){.whole = 1, .decimals = true};
    return 0;
}

/* Rule 3, and rule 6 with a decimal mark: the last kind is the decimal mark. */
static int read_two_kinds(const pieces *p, reading *r, isplit_reason *why)
{
    char decimal = p->mark[p->count - 2];

    if ((decimal != '.' && decimal != ',') || count_marks(p, decimal) != 1 ||
        !groups_well(p, p->count - 1))
        return refuse_groups(why);
    *r = (reading){.whole = p->count - 1, .decimals = true};
    return 0;
}

static int read_marks(const pieces *p, unsigned exponent, unsigned flags, reading *r,
                      isplit_reason *why)
{
    *r = (reading){.whole = 1};
    if (p->count == 1)
        return 0;
    if (flags & ISPLIT_MONEY_STRICT) {
        if (p->count > 2 || p->mark[0] != '.')
            return isplit__refuse(why,
                                  "an amount is written with '.' as its only mark here");
        r->decimals = true;
        return 0;
    }
    if (count_marks(p, p->mark[0]) == p->count - 1)
        return read_one_kind(p, exponent, r, why);
    return read_two_kinds(p, r, why);
}

static int add_up(const char *digits, int64_t *out, isplit_reason *why)
{
    int64_t v = 0;

    if (!*digits)
        return isplit__refuse(why, "an amount has digits");
    for (; *digits; digits++) {
        if (v >= ISPLIT__DIGITS_MAX / 10)
            return isplit__refuse(why, "an amount this large is not accepted");
        v = v * 10 + (*digits - '0');
    }
    *out = v;
    return 0;
}

int isplit__number_read(const char *text, size_t len, unsigned exponent, unsigned flags,
                        isplit__number *out, isplit_reason *why)
{
    pieces p;
    reading r;
    char digits[MAX_TEXT + 1];

    if (len > MAX_TEXT)
        return isplit__refuse(why, "an amount this long is not accepted");
    int err = cut(text, len, &p, why);
    if (!err)
        err = read_marks(&p, exponent, flags, &r, why);
    if (err)
        return err;
    copy_runs(&p, 0, r.decimals ? r.whole + 1 : r.whole, digits);
    size_t decimals = r.decimals ? p.length[p.count - 1] : 0;
    if (decimals > ISPLIT_MONEY_MAX_EXPONENT)
        return isplit__refuse(why, "a currency has at most 9 decimals");
    out->decimals = (unsigned)decimals;
    /* "5." has a mark, and no decimals are as good as wrong ones where there are none */
    if (r.decimals && !exponent && !(flags & ISPLIT__NUMBER_OF_SUM))
        return isplit__refuse(why, "this currency has no decimals");
    return add_up(digits, &out->digits, why);
}

int64_t isplit__power_of_ten(unsigned exponent)
{
    int64_t power = 1;

    while (exponent--)
        power *= 10;
    return power;
}

/* The minor units of a number. */
static int evaluate(const isplit__number *n, unsigned exponent, int64_t *minor,
                    isplit_reason *why)
{
    if (n->decimals > exponent)
        return isplit__refuse(why, "at most %u decimals are allowed", exponent);
    int64_t unit = isplit__power_of_ten(exponent - n->decimals);
    if (!n->digits)
        return isplit__refuse(why, "an amount must be more than zero");
    if (n->digits > ISPLIT_MONEY_MAX_MINOR / unit)
        return isplit__refuse(why, "an amount this large is not accepted");
    *minor = n->digits * unit;
    return 0;
}

int isplit_money_parse(const char *text, size_t len, unsigned exponent,
                       const char *currency, unsigned flags, int64_t *minor,
                       isplit_reason *why)
{
    isplit__number n;

    if (exponent > ISPLIT_MONEY_MAX_EXPONENT)
        return isplit__refuse(why, "a currency has at most 9 decimals");
    trim_spaces(&text, &len);
    drop_currency(&text, &len, currency);
    if (!len)
        return isplit__refuse(why, "an amount is missing");
    if (len > MAX_SUM)
        return isplit__refuse(why, "an amount this long is not accepted");
    int err = refuse_sign(text, len, why);
    if (err)
        return err;
    if (!(flags & ISPLIT_MONEY_STRICT) && isplit__sum_is(text, len))
        return isplit__sum_read(text, len, exponent, minor, why);
    err = isplit__number_read(text, len, exponent, flags, &n, why);
    return err ? err : evaluate(&n, exponent, minor, why);
}

const char *isplit_money_format(int64_t minor, unsigned exponent, unsigned flags,
                                char out[ISPLIT_MONEY_TEXT_MAX])
{
    uint64_t amount = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    const char *sign = minor < 0 ? "-" : flags & ISPLIT_MONEY_SIGNED ? "+" : "";

    if (exponent > ISPLIT_MONEY_MAX_EXPONENT)
        exponent = ISPLIT_MONEY_MAX_EXPONENT;
    uint64_t unit = (uint64_t)isplit__power_of_ten(exponent);
    if (!exponent)
        (void)snprintf(out, ISPLIT_MONEY_TEXT_MAX, "%s%" PRIu64, sign, amount);
    else
        (void)snprintf(out, ISPLIT_MONEY_TEXT_MAX, "%s%" PRIu64 ".%0*" PRIu64, sign,
                       amount / unit, (int)exponent, amount % unit);
    return out;
}
