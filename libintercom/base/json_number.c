/*
 * Numbers between text and double, both ways as JavaScript does it. The C library does
 * the exact work, but only ever sees digits and an exponent: with a decimal point it
 * would depend on the locale.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_tree.h"

#define MOST_DIGITS 17        /* enough for every double */
#define EXPONENT_CAP 1000000L /* beyond, everything is 0 or infinite */
#define MOST_EXACT 9007199254740992.0

static long read_exponent(const char *at, const char *end)
{
    bool negative = *at == '-';
    long value = 0;

    if (*at == '-' || *at == '+')
        at++;
    for (; at < end && value < EXPONENT_CAP; at++)
        value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

double ic__json_number_read(const char *token, size_t len)
{
    char text[IC__JSON_MAX_NUMBER_CHARS + 32];
    const char *end = token + len;
    size_t n = 0;
    long exponent = 0;
    bool fraction = false;

    for (; token < end && *token != 'e' && *token != 'E'; token++) {
        if (*token == '.') {
            fraction = true;
            continue;
        }
        exponent -= fraction;
        text[n++] = *token;
    }
    if (token < end)
        exponent += read_exponent(token + 1, end);
    (void)snprintf(text + n, sizeof text - n, "e%ld", exponent);
    return strtod(text, NULL);
}

/* value = 0.d1d2...dk * 10^point */
typedef struct decimal {
    char digits[MOST_DIGITS + 1];
    int count;
    int point;
} decimal;

static double decimal_value(const decimal *d)
{
    char text[MOST_DIGITS + 16];

    (void)snprintf(text, sizeof text, "%.*se%d", d->count, d->digits,
                   d->point - d->count);
    return strtod(text, NULL);
}

/* The `count` digits nearest to `value`. */
static decimal decimal_nearest(double value, int count)
{
    char text[64];
    decimal d = {.count = count};

    (void)snprintf(text, sizeof text, "%.*e", count - 1, value);
    const char *exponent = strchr(text, 'e');
    d.digits[0] = text[0];
    if (count > 1)
        memcpy(d.digits + 1, exponent - (count - 1), (size_t)count - 1);
    d.point = (int)strtol(exponent + 1, NULL, 10) + 1;
    return d;
}

/* The next larger decimal with as many digits. */
static void decimal_increment(decimal *d)
{
    int i = d->count;

    while (i > 0 && d->digits[i - 1] == '9')
        d->digits[--i] = '0';
    if (i > 0) {
        d->digits[i - 1]++;
    } else {
        d->digits[0] = '1';
        d->point++;
    }
}

/*
 * The fewest digits that read back. The nearest decimal of that many digits is the one
 * unless `value` is a power of two: its neighbour below is only half as far away as the
 * one above, so the next decimal above may do where the nearer one below does not.
 */
static decimal decimal_shortest(double value)
{
    for (int count = 1; count < MOST_DIGITS; count++) {
        decimal d = decimal_nearest(value, count);
        double back = decimal_value(&d);
        if (back < value) {
            decimal_increment(&d);
            back = decimal_value(&d);
        }
        if (back == value) /* NOLINT: exactly the same is what we want */
            return d;
    }
    return decimal_nearest(value, MOST_DIGITS);
}

static void add_zeros(ic__buf *b, int count)
{
    while (count-- > 0)
        ic__buf_char(b, '0');
}

static void write_decimal(ic__buf *b, const decimal *d)
{
    size_t k = (size_t)d->count;
    int n = d->point;

    if (d->count <= n && n <= 21) {
        ic__buf_add(b, d->digits, k);
        add_zeros(b, n - d->count);
    } else if (n > 0 && n <= 21) {
        ic__buf_add(b, d->digits, (size_t)n);
        ic__buf_char(b, '.');
        ic__buf_add(b, d->digits + n, k - (size_t)n);
    } else if (n > -6 && n <= 0) {
        ic__buf_text(b, "0.");
        add_zeros(b, -n);
        ic__buf_add(b, d->digits, k);
    } else {
        ic__buf_char(b, d->digits[0]);
        if (k > 1)
            ic__buf_char(b, '.');
        ic__buf_add(b, d->digits + 1, k - 1);
        ic__buf_printf(b, "e%+d", n - 1);
    }
}

void ic__json_write_number(ic__buf *b, double number)
{
    if (!isfinite(number)) {
        ic__buf_text(b, "null");
        return;
    }
    if (fabs(number) < MOST_EXACT && trunc(number) == number) {
        ic__buf_printf(b, "%lld", (long long)number);
        return;
    }
    if (number < 0)
        ic__buf_char(b, '-');
    decimal d = decimal_shortest(fabs(number));
    write_decimal(b, &d);
}
