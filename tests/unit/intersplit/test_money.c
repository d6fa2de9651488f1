/* docs/spec/16-ledger.md, sections 2.2 to 2.4 */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "ledger/events.h"
#include "unit.h"

typedef struct reading {
    const char *text;
    unsigned exponent;
    int64_t minor; /* 0 = refused */
    const char *says;
} reading;

static void check(const reading *r, const char *currency, unsigned flags)
{
    int64_t minor = -7;
    isplit_reason why = {{0}};
    size_t len = strlen(r->text);
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, r->text, len);
    int err = isplit_money_parse(copy, len, r->exponent, currency, flags, &minor, &why);
    free(copy);
    if (r->minor) {
        if (err)
            fail_msg("%s: %s", r->text, why.text);
        assert_int_equal(minor, r->minor);
        return;
    }
    assert_int_equal(err, IC_ERR_INVALID);
    assert_int_equal(minor, -7);
    if (!strstr(why.text, r->says))
        fail_msg("%s: \"%s\" does not say \"%s\"", r->text, why.text, r->says);
}

static void people_write_amounts_in_many_ways(void **state)
{
    static const reading table[] = {
        {"30", 2, 3000, ""},
        {"30.5", 2, 3050, ""},
        {"12,50", 2, 1250, ""},
        {".5", 2, 50, ""},
        {"5.", 2, 500, ""},
        {"1,234.50", 2, 123450, ""},
        {"1.234,50", 2, 123450, ""},
        {"1 234 567,89", 2, 123456789, ""},
        {"1\xc2\xa0"
         "234,5",
         2, 123450, ""},
        {"1\xe2\x80\xaf"
         "234",
         2, 123400, ""},
        {"1'234.50", 2, 123450, ""},
        {"1,23,456.00", 2, 12345600, ""},
        {"1,234,567", 2, 123456700, ""},
        {"99999999999.99", 2, 9999999999999, ""},
        {"100000000000.00", 2, 10000000000000, ""},
        {"500", 0, 500, ""},
        {"1.234", 3, 1234, ""},
        {"1,234", 0, 1234, ""},
        {"0.1", 2, 10, ""},
        {"0.2", 2, 20, ""},
        {" 30 ", 2, 3000, ""},
        {"007", 2, 700, ""},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        check(&table[i], NULL, 0);
}

static void what_is_no_amount_is_refused_with_the_reason(void **state)
{
    static const reading table[] = {
        {"1e3", 2, 0, "digits"},
        {"0x10", 2, 0, "digits"},
        {"NaN", 2, 0, "digits"},
        {"inf", 2, 0, "digits"},
        {"-5", 2, 0, "refund"},
        {"\xe2\x88\x92"
         "5",
         2, 0, "refund"},
        {"+5", 2, 0, "sign"},
        {"0", 2, 0, "zero"},
        {"0.00", 2, 0, "zero"},
        {"10.005", 2, 0, "at most 2 decimals"},
        {"1.2345", 2, 0, "at most 2 decimals"},
        {"1,234", 2, 0, "1234.00 or 1.23"},
        {"10.000", 2, 0, "10000.00 or 10.00"},
        {"1,234", 3, 0, "1234.000 or 1.234"},
        {"1,2,3", 2, 0, "three"},
        {"12,34.5", 2, 0, "three"},
        {"1.23.456", 2, 0, "three"},
        {"1,234'567.00", 2, 0, "three"},
        {"1.234.567,8,9", 2, 0, "three"},
        {"0,123,456", 2, 0, "three"},
        {"\xd9\xa1\xd9\xa2", 2, 0, "digits"},
        {"\xef\xbc\x91\xef\xbc\x92", 2, 0, "digits"},
        {"100000000000.01", 2, 0, "large"},
        {"99999999999999999999999999", 2, 0, "large"},
        {"500.0", 0, 0, "no decimals"},
        {"1,23", 0, 0, "no decimals"},
        {"", 2, 0, "missing"},
        {"  ", 2, 0, "missing"},
        {".", 2, 0, "digits"},
        {"30 EUR", 2, 0, "digits"},
        {"1 2", 2, 0, "three"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        check(&table[i], NULL, 0);
}

static void programs_write_a_dot_and_nothing_else(void **state)
{
    static const reading table[] = {
        {"4.35", 2, 435, ""},      {"30", 2, 3000, ""},
        {"1234.5", 2, 123450, ""}, {"1.234", 3, 1234, ""},
        {"12,50", 2, 0, "'.'"},    {"1,234.50", 2, 0, "'.'"},
        {"1 234", 2, 0, "'.'"},    {"1.234", 2, 0, "at most 2 decimals"},
        {"1e3", 2, 0, "digits"},   {"-1", 2, 0, "sign"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        check(&table[i], NULL, ISPLIT_MONEY_STRICT);
}

static void only_the_rooms_currency_is_accepted(void **state)
{
    static const reading euro[] = {
        {"30 EUR", 2, 3000, ""},   {"eur 30", 2, 3000, ""},    {"€30,50", 2, 3050, ""},
        {"30,50 €", 2, 3050, ""},  {"30", 2, 3000, ""},        {"$30", 2, 0, "digits"},
        {"kr 30", 2, 0, "digits"}, {"30 USD", 2, 0, "digits"}, {"EUR", 2, 0, "missing"},
    };
    static const reading yen = {"¥500", 0, 500, ""};

    for (size_t i = 0; i < sizeof euro / sizeof euro[0]; i++)
        check(&euro[i], "EUR", 0);
    check(&yen, "JPY", 0);
}

static void an_amount_may_calculate(void **state)
{
    static const reading table[] = {
        {"(120+5)/4", 2, 3125, ""},
        {"12,50 + 3.20", 2, 1570, ""},
        {"1.234,50*2", 2, 246900, ""},
        {"10/3*3", 2, 1000, ""},
        {"2 * (3 + (4 - 1)) / 4", 2, 300, ""},
        {"100*1.075", 3, 107500, ""},
        {"100*1.08", 0, 108, ""},
        {"3\xc3\x97"
         "5\xc3\xb7"
         "2",
         2, 750, ""},
        {"10\xe2\x88\x92"
         "2.5",
         2, 750, ""},
        {"0*5+1", 2, 100, ""},
        {"1/3+2/3", 0, 1, ""},
        {"99999999999.99+0.01", 2, ISPLIT_MONEY_MAX_MINOR, ""},
        {"10/3", 2, 0, "does not come out even: it lies between 3.33 and 3.34"},
        {"1/3", 0, 0, "between 0 and 1"},
        {"5-7", 2, 0, "more than zero"},
        {"5-5", 2, 0, "more than zero"},
        {"1/0", 2, 0, "divided by zero"},
        {"1/(2-2)", 2, 0, "divided by zero"},
        {"1+", 2, 0, "a number is missing"},
        {"1+*2", 2, 0, "a number is missing"},
        {"()", 2, 0, "a number is missing"},
        {"(-1+3)", 2, 0, "a number is missing"},
        {"(1+2", 2, 0, "parenthesis"},
        {"1+2)", 2, 0, "parenthesis"},
        {"(1)(2)", 2, 0, "between two numbers"},
        {"2(1+1)", 2, 0, "between two numbers"},
        {"(1+1)2", 2, 0, "between two numbers"},
        {"1,234+1", 2, 0, "ambiguous"},
        {"1+x", 2, 0, "digits"},
        {"100000000000+0.01", 2, 0, "large"},
        {"99999999999999999*99999999999999999", 2, 0, "too many digits"},
        {"1/99999999999999999/99999999999999999", 2, 0, "too many digits"},
        {"1/99999999999999999+1/99999999999999998", 2, 0, "too many digits"},
        {"((((((((((((((((1))))))))))))))))", 2, 0, "too many parentheses"},
        {"-5+10", 2, 0, "refund"},
    };
    static const reading euro = {"(120+5)/4 EUR", 2, 3125, ""};
    static const reading strict = {"1+1", 2, 0, "digits"};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        check(&table[i], NULL, 0);
    check(&euro, "EUR", 0);
    check(&strict, NULL, ISPLIT_MONEY_STRICT);
}

static void every_prefix_of_a_sum_is_read_inside_its_bounds(void **state)
{
    static const char text[] = "2 * (12,50 + 3.20) \xc3\xb7 4 \xe2\x88\x92 1";
    int64_t minor = 0;

    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        if (isplit_money_parse(copy, n, 2, "EUR", 0, &minor, NULL) == 0)
            assert_true(minor > 0);
        free(copy);
    }
}

static void currencies_have_the_decimals_of_the_standard(void **state)
{
    static const char *const codes[] = {"EUR", "JPY", "KWD", "CLF", "HUF", "MGA", ""};
    static const unsigned decimals[] = {2, 0, 3, 4, 2, 2, 2};
    char code[ISPLIT_CURRENCY_MAX] = "";

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_int_equal(isplit_currency_exponent(codes[i]), decimals[i]);
    assert_int_equal(isplit_currency_code("eUr", 3, code, NULL), 0);
    assert_string_equal(code, "EUR");
    assert_int_equal(isplit_currency_code("POINTS2026XX", 12, code, NULL), 0);
    assert_string_equal(code, "POINTS2026XX");
    assert_int_equal(isplit_currency_code("E", 1, code, NULL), IC_ERR_INVALID);
    assert_int_equal(isplit_currency_code("12", 2, code, NULL), IC_ERR_INVALID);
    assert_int_equal(isplit_currency_code("E-R", 3, code, NULL), IC_ERR_INVALID);
    assert_int_equal(isplit_currency_code("ABCDEFGHIJKLM", 13, code, NULL),
                     IC_ERR_INVALID);
    assert_string_equal(code, "POINTS2026XX");
}

static void a_rate_converts_and_rounds_half_a_unit_up(void **state)
{
    static const struct {
        int64_t minor;
        unsigned from;
        const char *rate;
        unsigned to;
        int64_t comes_to; /* 0 = refused */
    } table[] = {
        {1000, 2, "0.9215", 2, 922},
        {5000, 0, "0.0061", 2, 3050},
        {1, 2, "1.5", 2, 2},
        {1, 2, "0.4", 2, 0},
        {1000, 3, "3", 2, 300},
        {ISPLIT_MONEY_MAX_MINOR, 0, "1.00000000000000", 0, ISPLIT_MONEY_MAX_MINOR},
        {ISPLIT_MONEY_MAX_MINOR, 0, "1.0000001", 0, 0},
        {100, 2, "0", 2, 0},
        {100, 2, "", 2, 0},
        {100, 2, "1,5", 2, 0},
        {100, 2, "-1", 2, 0},
        {100, 2, "1e3", 2, 0},
        {100, 2, "1.5.1", 2, 0},
        {100, 2, "1234567890123456", 2, 0},
        {0, 2, "1", 2, 0},
        {100, 10, "1", 2, 0},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t out = 0;
        int err = isplit_money_convert(table[i].minor, table[i].from, table[i].rate,
                                       table[i].to, &out, NULL);
        assert_int_equal(err, table[i].comes_to ? 0 : IC_ERR_INVALID);
        assert_int_equal(out, table[i].comes_to);
    }
}

static void limits_of_text_and_exponent_hold(void **state)
{
    char many[80];
    int64_t minor = 0;

    memset(many, '1', sizeof many);
    assert_int_equal(isplit_money_parse(many, 65, 2, NULL, 0, &minor, NULL),
                     IC_ERR_INVALID);
    assert_int_equal(
        isplit_money_parse("1 1 1 1 1 1 1 1 1 1", 19, 2, NULL, 0, &minor, NULL),
        IC_ERR_INVALID);
    assert_int_equal(isplit_money_parse("1", 1, 10, NULL, 0, &minor, NULL),
                     IC_ERR_INVALID);
    assert_int_equal(isplit_money_parse("0.000000001", 11, 9, NULL, 0, &minor, NULL), 0);
    assert_int_equal(minor, 1);
}

static void amounts_print_with_all_decimals(void **state)
{
    char out[ISPLIT_MONEY_TEXT_MAX];

    assert_string_equal(isplit_money_format(123450, 2, 0, out), "1234.50");
    assert_string_equal(isplit_money_format(-5, 2, 0, out), "-0.05");
    assert_string_equal(isplit_money_format(0, 2, ISPLIT_MONEY_SIGNED, out), "+0.00");
    assert_string_equal(isplit_money_format(1500, 2, ISPLIT_MONEY_SIGNED, out), "+15.00");
    assert_string_equal(isplit_money_format(500, 0, 0, out), "500");
    assert_string_equal(isplit_money_format(1234, 3, 0, out), "1.234");
    assert_string_equal(isplit_money_format(INT64_MIN, 2, 0, out),
                        "-92233720368547758.08");
    assert_string_equal(isplit_money_format(1, 99, 0, out), "0.000000001");
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void what_is_printed_reads_back_the_same(void **state)
{
    uint64_t seed = 7;
    char out[ISPLIT_MONEY_TEXT_MAX];

    for (int i = 0; i < 1000000; i++) {
        int64_t back = 0;
        unsigned exponent = (unsigned)(next(&seed) % 5);
        int64_t minor =
            (int64_t)(next(&seed) >> (next(&seed) % 40)) % ISPLIT_MONEY_MAX_MINOR;
        minor = minor < 0 ? -minor : minor;
        const char *text = isplit_money_format(minor + 1, exponent, 0, out);
        if (isplit_money_parse(text, strlen(text), exponent, NULL, ISPLIT_MONEY_STRICT,
                               &back, NULL) != 0 ||
            back != minor + 1)
            fail_msg("seed 7, case %d: %s", i, text);
    }
}

static void equal_shares_of_the_spec(void **state)
{
    static const struct {
        int64_t amount;
        size_t count;
        size_t larger; /* this many of the first pay `most`, the rest one less */
        int64_t most;
    } table[] = {
        {1000, 3, 1, 334},
        {100, 3, 1, 34},
        {3005, 10, 5, 301},
        {3000, 7, 4, 429},
        {1, 3, 1, 1},
        {2, 4, 2, 1},
        {6669, 2, 1, 3335},
        {10, 3, 1, 4},
        {ISPLIT_MONEY_MAX_MINOR, 7, 3, 1428571428572},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (size_t k = 0; k < table[i].count; k++)
            assert_int_equal(isplit__equal_share(table[i].amount, table[i].count, k),
                             table[i].most - (k >= table[i].larger));
    }
}

static void equal_shares_sum_to_the_amount_and_differ_by_one(void **state)
{
    uint64_t seed = 11;

    for (int i = 0; i < 1000000; i++) {
        int64_t amount = (int64_t)(next(&seed) % (uint64_t)ISPLIT_MONEY_MAX_MINOR) + 1;
        size_t count = next(&seed) % ISPLIT__ENTRY_MAX_NAMES + 1;
        int64_t sum = 0;
        int64_t last = INT64_MAX;
        for (size_t k = 0; k < count; k++) {
            int64_t share = isplit__equal_share(amount, count, k);
            if (share > last || share < amount / (int64_t)count)
                fail_msg("seed 11, case %d: share %zu", i, k);
            sum += share;
            last = share;
        }
        if (sum != amount || isplit__equal_share(amount, count, 0) - last > 1)
            fail_msg("seed 11, case %d", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_write_amounts_in_many_ways),
        cmocka_unit_test(what_is_no_amount_is_refused_with_the_reason),
        cmocka_unit_test(programs_write_a_dot_and_nothing_else),
        cmocka_unit_test(only_the_rooms_currency_is_accepted),
        cmocka_unit_test(an_amount_may_calculate),
        cmocka_unit_test(every_prefix_of_a_sum_is_read_inside_its_bounds),
        cmocka_unit_test(currencies_have_the_decimals_of_the_standard),
        cmocka_unit_test(a_rate_converts_and_rounds_half_a_unit_up),
        cmocka_unit_test(limits_of_text_and_exponent_hold),
        cmocka_unit_test(amounts_print_with_all_decimals),
        cmocka_unit_test(what_is_printed_reads_back_the_same),
        cmocka_unit_test(equal_shares_of_the_spec),
        cmocka_unit_test(equal_shares_sum_to_the_amount_and_differ_by_one),
    };
    return cmocka_run_group_tests_name("intersplit/money", tests, NULL, NULL);
}
