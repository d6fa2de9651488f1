/* Amounts that calculate: whole numbers and fractions, never rounded. */
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "money/money.h"
#include "text/reason.h"

#define MAX_DEPTH 16 /* of parentheses */

__extension__ typedef __int128 wide;

/* Neither part is ever above LARGEST between two steps, so no step overflows. */
#define LARGEST ((wide)1 << 60)

/* n / d in lowest terms, d above zero. */
typedef struct fraction {
    wide n;
    wide d;
} fraction;

/* What stands before the next number: total, then + or -, then a product and * or /. */
typedef struct level {
    fraction total;
    fraction product;
    char sign;
    char times;
} level;

typedef struct sum {
    const char *at;
    const char *end;
    unsigned exponent;
    level levels[MAX_DEPTH];
    size_t depth;
    bool wants_number;
} sum;

static const level empty_level = {{0, 1}, {1, 1}, '+', '*'};

/* The operator at `at` as one byte, and how long it is; 0 when there is none. */
static size_t operator_at(const char *at, const char *end, char *op)
{
    static const struct {
        const char *text;
        char op;
    } operators[] = {
        {"+", '+'},        {"-", '-'},        {"*", '*'},
        {"/", '/'},        {"(", '('},        {")", ')'},
        {"\xc3\x97", '*'}, {"\xc3\xb7", '/'}, {"\xe2\x88\x92", '-'},
    };

    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t n = strlen(operators[i].text);
        if (n <= (size_t)(end - at) && memcmp(at, operators[i].text, n) == 0) {
            *op = operators[i].op;
            return n;
        }
    }
    return 0;
}

bool isplit__sum_is(const char *text, size_t len)
{
    char op = 0;

    for (size_t i = 0; i < len; i++) {
        if (operator_at(text + i, text + len, &op) && (i || op == '('))
            return true;
    }
    return false;
}

static wide greatest_divisor(wide a, wide b)
{
    while (b) {
        wide rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

static bool lowest_terms(fraction *f)
{
    wide by = greatest_divisor(f->n, f->d);

    f->n /= by;
    f->d /= by;
    return f->n <= LARGEST && f->n >= -LARGEST && f->d <= LARGEST;
}

static bool add(fraction *to, char sign, fraction f)
{
    wide n = f.n * to->d;

    to->n = to->n * f.d + (sign == '-' ? -n : n);
    to->d *= f.d;
    return lowest_terms(to);
}

static int multiply(fraction *by, char times, fraction f, isplit_reason *why)
{
    bool divides = times == '/';

    if (divides && !f.n)
        return isplit__refuse(why, "nothing can be divided by zero");
    by->n *= divides ? f.d : f.n;
    by->d *= divides ? f.n : f.d;
    if (by->d < 0) {
        by->n = -by->n;
        by->d = -by->d;
    }
    return lowest_terms(by) ? 0 : isplit__refuse(why, "the sum has too many digits");
}

static int take_value(sum *s, fraction value, isplit_reason *why)
{
    level *l = &s->levels[s->depth];

    s->wants_number = false;
    return multiply(&l->product, l->times, value, why);
}

static void trim(const char **from, const char **to)
{
    while (*from < *to && **from == ' ')
        ++*from;
    while (*to > *from && (*to)[-1] == ' ')
        --*to;
}

static int take_number(sum *s, const char *from, const char *to, isplit_reason *why)
{
    isplit__number number;

    if (!s->wants_number)
        return isplit__refuse(why, "a sum has + - * or / between two numbers");
    int err = isplit__number_read(from, (size_t)(to - from), s->exponent,
                                  ISPLIT__NUMBER_OF_SUM, &number, why);
    if (err)
        return err;
    fraction f = {number.digits, isplit__power_of_ten(number.decimals)};
    return lowest_terms(&f) ? take_value(s, f, why)
                            : isplit__refuse(why, "the sum has too many digits");
}

static int take_operator(sum *s, char op, isplit_reason *why)
{
    level *l = &s->levels[s->depth];

    if ((op == '(') != s->wants_number)
        return isplit__refuse(why, s->wants_number
                                       ? "a number is missing in the sum"
                                       : "a sum has + - * or / between two numbers");
    if (op == '(') {
        if (s->depth + 1 == MAX_DEPTH)
            return isplit__refuse(why, "the sum has too many parentheses");
        s->levels[++s->depth] = empty_level;
        return 0;
    }
    if (op == ')' && !s->depth)
        return isplit__refuse(why, "a parenthesis is missing in the sum");
    if (op == '*' || op == '/') {
        l->times = op;
    } else {
        if (!add(&l->total, l->sign, l->product))
            return isplit__refuse(why, "the sum has too many digits");
        fraction inner = l->total;
        if (op == ')') {
            s->depth--;
            return take_value(s, inner, why);
        }
        *l = (level){inner, {1, 1}, op, '*'};
    }
    s->wants_number = true;
    return 0;
}

static int finish(sum *s, fraction *out, isplit_reason *why)
{
    level *l = &s->levels[0];

    if (s->wants_number)
        return isplit__refuse(why, "a number is missing in the sum");
    if (s->depth)
        return isplit__refuse(why, "a parenthesis is missing in the sum");
    if (!add(&l->total, l->sign, l->product))
        return isplit__refuse(why, "the sum has too many digits");
    *out = l->total;
    return 0;
}

static int calculate(sum *s, fraction *out, isplit_reason *why)
{
    int err = 0;

    while (!err && s->at < s->end) {
        char op = 0;
        const char *from = s->at;
        const char *to = from;
        size_t n = 0;
        while (to < s->end && !(n = operator_at(to, s->end, &op)))
            to++;
        s->at = to + n;
        trim(&from, &to);
        if (from < to)
            err = take_number(s, from, to, why);
        if (!err && n)
            err = take_operator(s, op, why);
    }
    return err ? err : finish(s, out, why);
}

static int refuse_uneven(int64_t below, unsigned exponent, isplit_reason *why)
{
    char low[ISPLIT_MONEY_TEXT_MAX];
    char high[ISPLIT_MONEY_TEXT_MAX];

    return isplit__refuse(
        why,
        "the sum does not come out even: it lies between %s and %s, and "
        "nothing is rounded",
        isplit_money_format(below, exponent, 0, low),
        isplit_money_format(below + 1, exponent, 0, high));
}

int isplit__sum_read(const char *text, size_t len, unsigned exponent, int64_t *minor,
                     isplit_reason *why)
{
    fraction f = {0, 1};
    sum s = {.at = text, .end = text + len, .exponent = exponent, .wants_number = true};

    s.levels[0] = empty_level;
    int err = calculate(&s, &f, why);
    if (err)
        return err;
    f.n *= isplit__power_of_ten(exponent);
    if (f.n <= 0)
        return isplit__refuse(why, "an amount must be more than zero");
    if (f.n / f.d >= ISPLIT_MONEY_MAX_MINOR + (f.n % f.d == 0))
        return isplit__refuse(why, "an amount this large is not accepted");
    if (f.n % f.d)
        return refuse_uneven((int64_t)(f.n / f.d), exponent, why);
    *minor = (int64_t)(f.n / f.d);
    return 0;
}
