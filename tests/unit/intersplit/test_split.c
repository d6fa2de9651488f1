/* docs/spec/16-ledger.md, sections 2.2 and 2.4 */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "intersplit/split.h"
#include "unit.h"

#define MOST 12

typedef struct row {
    int64_t amount;
    size_t count;
    int64_t values[MOST];
    int64_t shares[MOST];
} row;

static void check_row(isplit_split_mode mode, const row *r)
{
    int64_t shares[ISPLIT_SPLIT_MAX_MEMBERS];
    int64_t values[MOST];
    isplit_reason why = {{0}};
    isplit_split s = {.mode = mode,
                      .amount_minor = r->amount,
                      .exponent = 2,
                      .count = r->count,
                      .values = values};

    memcpy(values, r->values, sizeof values);
    if (isplit_split_compute(&s, shares, &why) != 0)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < r->count; i++)
        assert_int_equal(shares[i], r->shares[i]);
    assert_int_equal(s.left_over, 0);
    assert_true(isplit_split_fits(&s, shares));
}

static void an_equal_split_gives_what_is_over_to_the_first(void **state)
{
    static const row table[] = {
        {1000, 3, {0}, {334, 333, 333}},
        {100, 3, {0}, {34, 33, 33}},
        {3005, 10, {0}, {301, 301, 301, 301, 301, 300, 300, 300, 300, 300}},
        {3000, 7, {0}, {429, 429, 429, 429, 428, 428, 428}},
        {1, 3, {0}, {1, 0, 0}},
        {2, 4, {0}, {1, 1, 0, 0}},
        {6669, 2, {0}, {3335, 3334}},
        {10, 3, {0}, {4, 3, 3}},
        {ISPLIT_MONEY_MAX_MINOR,
         7,
         {0},
         {1428571428572, 1428571428572, 1428571428572, 1428571428571, 1428571428571,
          1428571428571, 1428571428571}},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        check_row(ISPLIT_SPLIT_EQUAL, &table[i]);
}

static void weights_give_units_by_the_largest_remainder(void **state)
{
    static const row table[] = {
        {1000, 3, {1, 1, 1}, {334, 333, 333}},
        {1000, 2, {2, 1}, {667, 333}},
        {1000, 3, {1, 2, 3}, {167, 333, 500}},
        {1000, 2, {3, 2}, {600, 400}},
        {ISPLIT_MONEY_MAX_MINOR, 2, {1000000, 1}, {9999990000010, 9999990}},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        check_row(ISPLIT_SPLIT_WEIGHTS, &table[i]);
}

static void percentages_exact_parts_and_adjustments_as_in_the_table(void **state)
{
    static const row percent[] = {
        {10000, 3, {3333, 3333, 3334}, {3333, 3333, 3334}},
        {9999, 2, {5000, 5000}, {5000, 4999}},
        {1000, 2, {10000, 0}, {1000, 0}},
    };
    static const row adjust = {1800, 3, {0, 300, 0}, {500, 800, 500}};
    static const row exact = {2500, 2, {2000, 500}, {2000, 500}};

    for (size_t i = 0; i < sizeof percent / sizeof percent[0]; i++)
        check_row(ISPLIT_SPLIT_PERCENT, &percent[i]);
    check_row(ISPLIT_SPLIT_ADJUST, &adjust);
    check_row(ISPLIT_SPLIT_EXACT, &exact);
}

static void tax_and_tip_follow_the_items(void **state)
{
    static const isplit_split_item two[] = {{8591, 1}, {500, 2}};
    static const isplit_split_item shared[] = {{1000, 7}, {300, 4}};
    int64_t shares[3];
    isplit_split s = {.mode = ISPLIT_SPLIT_ITEMS,
                      .amount_minor = 10000,
                      .exponent = 2,
                      .count = 2,
                      .items = two,
                      .item_count = 2,
                      .extra_minor = 909};

    assert_int_equal(isplit_split_compute(&s, shares, NULL), 0);
    assert_int_equal(shares[0], 9450);
    assert_int_equal(shares[1], 550);
    assert_true(isplit_split_fits(&s, shares));
    s.amount_minor = 1300;
    s.count = 3;
    s.items = shared;
    s.extra_minor = 0;
    assert_int_equal(isplit_split_compute(&s, shares, NULL), 0);
    assert_int_equal(shares[0], 334);
    assert_int_equal(shares[1], 333);
    assert_int_equal(shares[2], 633);
}

static void says(isplit_split *s, int64_t left_over, const char *text)
{
    int64_t shares[ISPLIT_SPLIT_MAX_MEMBERS] = {-7};
    isplit_reason why = {{0}};

    assert_int_equal(isplit_split_compute(s, shares, &why), IC_ERR_INVALID);
    assert_int_equal(shares[0], -7);
    assert_int_equal(s->left_over, left_over);
    if (strncmp(why.text, text, strlen(text)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", why.text, text);
}

static void parts_that_do_not_add_up_say_by_how_much_and_which_way(void **state)
{
    int64_t values[] = {11011, 20974, 10487, 8914, 1049};
    int64_t percent[] = {5000, 4000};
    int64_t top[] = {0, 2000};
    static const isplit_split_item items[] = {{8591, 1}, {500, 2}};
    isplit_split s = {.mode = ISPLIT_SPLIT_EXACT,
                      .amount_minor = 52434,
                      .exponent = 2,
                      .count = 5,
                      .values = values};

    says(&s, -1, "0.01 over: the parts make 524.35 of 524.34; let somebody have");
    s.amount_minor = 52755;
    says(&s, 320, "3.20 left: the parts make 524.35 of 527.55; give the rest");
    s.exponent = 0;
    says(&s, 320, "320 left: the parts make 52435 of 52755");
    s = (isplit_split){.mode = ISPLIT_SPLIT_PERCENT,
                       .amount_minor = 1000,
                       .exponent = 2,
                       .count = 2,
                       .values = percent};
    says(&s, 1000, "10.00% left: the percentages make 90.00% of 100.00%");
    s.mode = ISPLIT_SPLIT_ADJUST;
    s.values = top;
    says(&s, -1000, "10.00 over: what is put on top makes 20.00 of 10.00");
    s.mode = ISPLIT_SPLIT_ITEMS;
    s.items = items;
    s.item_count = 2;
    s.amount_minor = 10000;
    says(&s, 909, "9.09 left: the items make 90.91 of 100.00; call the rest tax or tip");
    s.extra_minor = 1000;
    says(
        &s, -91,
        "0.91 over: items, tax and tip make 100.91 of 100.00; change one, or the amount");
}

static void somebody_can_take_the_rest(void **state)
{
    int64_t values[] = {11011, 20974, 10487, 8914, 1049};
    int64_t shares[5];
    isplit_split s = {.mode = ISPLIT_SPLIT_EXACT,
                      .amount_minor = 52434,
                      .exponent = 2,
                      .count = 5,
                      .values = values,
                      .rest_to = 2};

    assert_int_equal(isplit_split_compute(&s, shares, NULL), 0);
    assert_int_equal(shares[1], 20973);
    assert_int_equal(values[1], 20973);
    assert_int_equal(s.left_over, -1);
    s.amount_minor = 60000;
    s.rest_to = 5;
    assert_int_equal(isplit_split_compute(&s, shares, NULL), 0);
    assert_int_equal(shares[4], 1049 + 60000 - 52434);
    s.amount_minor = 1;
    s.rest_to = 1;
    says(&s, 1 - 60000, "599.99 over: the parts make 600.00 of 0.01; let somebody");
}

static void the_rest_of_percentages_and_bills_goes_the_same_way(void **state)
{
    int64_t percent[] = {5000, 4000, 0};
    int64_t shares[3];
    static const isplit_split_item items[] = {{8591, 1}, {500, 2}};
    isplit_split s = {.mode = ISPLIT_SPLIT_PERCENT,
                      .amount_minor = 1000,
                      .count = 3,
                      .values = percent,
                      .rest_to = 3};

    assert_int_equal(isplit_split_compute(&s, shares, NULL), 0);
    assert_int_equal(shares[2], 100);
    assert_int_equal(percent[2], 1000);
    s.mode = ISPLIT_SPLIT_ITEMS;
    s.amount_minor = 9191;
    s.items = items;
    s.item_count = 2;
    assert_int_equal(isplit_split_compute(&s, shares, NULL), 0);
    assert_int_equal(shares[2], 100);
    assert_int_equal(s.left_over, 100);
}

static void ties_begin_where_the_rotation_says(void **state)
{
    int64_t ones[] = {1, 1, 1};
    int64_t shares[3];
    isplit_split s = {.amount_minor = 1001, .count = 3, .rotate_at = 2};

    assert_int_equal(isplit_split_compute(&s, shares, NULL), 0);
    assert_int_equal(shares[0], 334);
    assert_int_equal(shares[1], 333);
    assert_int_equal(shares[2], 334);
    assert_true(isplit_split_fits(&s, shares));
    s.mode = ISPLIT_SPLIT_WEIGHTS;
    s.values = ones;
    s.amount_minor = 1000;
    assert_int_equal(isplit_split_compute(&s, shares, NULL), 0);
    assert_int_equal(shares[2], 334);
}

static void what_cannot_be_split_is_refused(void **state)
{
    int64_t bad[] = {0, 1000001};
    static const isplit_split_item nobody[] = {{100, 0}};
    static const isplit_split_item stranger[] = {{100, 4}};
    isplit_split s = {.amount_minor = 100, .count = 0};

    says(&s, 0, "name the members");
    s.count = ISPLIT_SPLIT_MAX_MEMBERS + 1;
    says(&s, 0, "an entry has at most 64");
    s.count = 2;
    s.amount_minor = 0;
    says(&s, 0, "an amount is more than zero");
    s.amount_minor = ISPLIT_MONEY_MAX_MINOR + 1;
    says(&s, 0, "an amount is more than zero");
    s.amount_minor = 100;
    s.rest_to = 3;
    says(&s, 0, "the split has no such member");
    s.rest_to = 0;
    s.mode = ISPLIT_SPLIT_WEIGHTS;
    s.values = bad;
    says(&s, 0, "a weight is a whole number");
    bad[0] = 1;
    says(&s, 0, "a weight is a whole number");
    s.mode = ISPLIT_SPLIT_PERCENT;
    says(&s, 0, "a part is 0 to 100 percent");
    s.mode = ISPLIT_SPLIT_EXACT;
    bad[1] = -1;
    says(&s, 0, "a part of an amount is not negative");
    s.mode = ISPLIT_SPLIT_ITEMS;
    says(&s, 0, "a bill has 1 to 64 items");
    s.items = nobody;
    s.item_count = 1;
    says(&s, 0, "an item has members");
    s.items = stranger;
    says(&s, 0, "an item has members");
    s.extra_minor = -1;
    says(&s, 0, "tax and tip are not negative");
}

static void a_received_split_is_judged_but_not_computed_again(void **state)
{
    int64_t weights[] = {2, 1};
    static const int64_t best[] = {667, 333};
    static const int64_t other[] = {666, 334};
    static const int64_t far[] = {665, 335};
    static const int64_t short_of[] = {667, 332};
    static const int64_t negative[] = {1001, -1};
    isplit_split s = {.mode = ISPLIT_SPLIT_WEIGHTS,
                      .amount_minor = 1000,
                      .count = 2,
                      .values = weights};

    assert_true(isplit_split_fits(&s, best));
    assert_true(isplit_split_fits(&s, other));
    assert_false(isplit_split_fits(&s, far));
    assert_false(isplit_split_fits(&s, short_of));
    s.mode = ISPLIT_SPLIT_ADJUST;
    assert_true(isplit_split_fits(&s, far));
    assert_false(isplit_split_fits(&s, negative));
    s.mode = ISPLIT_SPLIT_PERCENT;
    assert_false(isplit_split_fits(&s, best));
    s.mode = ISPLIT_SPLIT_EXACT;
    assert_false(isplit_split_fits(&s, best));
}

/* --- properties --- */

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static int64_t up_to(uint64_t *seed, int64_t most)
{
    return (int64_t)(next(seed) % (uint64_t)most) + 1;
}

typedef struct bill {
    int64_t values[ISPLIT_SPLIT_MAX_MEMBERS];
    isplit_split_item items[8];
    isplit_split split;
} bill;

/* Values that add up, where they have to. */
static void draw_values(bill *b, uint64_t *seed)
{
    isplit_split *s = &b->split;
    int64_t left = s->mode == ISPLIT_SPLIT_PERCENT ? ISPLIT_SPLIT_WHOLE : s->amount_minor;

    for (size_t i = 0; i < s->count; i++) {
        if (s->mode == ISPLIT_SPLIT_WEIGHTS) {
            b->values[i] = up_to(seed, ISPLIT_SPLIT_MAX_WEIGHT >> next(seed) % 20);
            continue;
        }
        b->values[i] = up_to(seed, left + 1) - 1;
        left -= b->values[i];
    }
    if (s->mode == ISPLIT_SPLIT_EXACT || s->mode == ISPLIT_SPLIT_PERCENT)
        b->values[s->count - 1] += left;
}

static void draw_items(bill *b, uint64_t *seed)
{
    isplit_split *s = &b->split;
    uint64_t everybody = UINT64_MAX >> (ISPLIT_SPLIT_MAX_MEMBERS - s->count);

    s->item_count = (size_t)up_to(seed, 8);
    s->amount_minor = s->extra_minor = up_to(seed, 100000) - 1;
    for (size_t i = 0; i < s->item_count; i++) {
        uint64_t who = next(seed) & everybody;
        b->items[i].amount_minor = up_to(seed, INT64_C(1) << next(seed) % 36);
        b->items[i].members = who ? who : 1;
        s->amount_minor += b->items[i].amount_minor;
    }
}

static void draw(bill *b, uint64_t *seed)
{
    *b = (bill){.split = {.mode = (isplit_split_mode)(next(seed) % 6), .exponent = 2}};
    b->split.count = (size_t)up_to(seed, next(seed) % 8 ? 8 : ISPLIT_SPLIT_MAX_MEMBERS);
    b->split.amount_minor = up_to(seed, ISPLIT_MONEY_MAX_MINOR >> next(seed) % 43);
    b->split.rotate_at = (size_t)up_to(seed, (int64_t)b->split.count) - 1;
    b->split.values = b->values;
    b->split.items = b->items;
    if (b->split.mode == ISPLIT_SPLIT_ITEMS)
        draw_items(b, seed);
    else
        draw_values(b, seed);
}

/* Who has more parts never pays less. */
static bool keeps_order(const isplit_split *s, const int64_t *shares)
{
    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < s->count; k++) {
            if (s->values[i] > s->values[k] && shares[i] < shares[k])
                return false;
        }
    }
    return true;
}

/* SPLIT_CASES of them, or as many as fit into every run of the tests. */
static void shares_sum_up_stay_near_and_keep_order(void **state)
{
    const char *asked = getenv("SPLIT_CASES");
    long cases = asked ? atol(asked) : 100000;
    uint64_t seed = 5;
    bill b;

    for (long i = 0; i < cases; i++) {
        int64_t shares[ISPLIT_SPLIT_MAX_MEMBERS];
        draw(&b, &seed);
        isplit_split_mode mode = b.split.mode;
        bool in_order = mode == ISPLIT_SPLIT_WEIGHTS || mode == ISPLIT_SPLIT_PERCENT;
        if (isplit_split_compute(&b.split, shares, NULL) != 0 ||
            !isplit_split_fits(&b.split, shares) ||
            (in_order && !keeps_order(&b.split, shares)))
            fail_msg("seed 5, case %ld, mode %d", i, (int)mode);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_equal_split_gives_what_is_over_to_the_first),
        cmocka_unit_test(weights_give_units_by_the_largest_remainder),
        cmocka_unit_test(percentages_exact_parts_and_adjustments_as_in_the_table),
        cmocka_unit_test(tax_and_tip_follow_the_items),
        cmocka_unit_test(parts_that_do_not_add_up_say_by_how_much_and_which_way),
        cmocka_unit_test(somebody_can_take_the_rest),
        cmocka_unit_test(the_rest_of_percentages_and_bills_goes_the_same_way),
        cmocka_unit_test(ties_begin_where_the_rotation_says),
        cmocka_unit_test(what_cannot_be_split_is_refused),
        cmocka_unit_test(a_received_split_is_judged_but_not_computed_again),
        cmocka_unit_test(shares_sum_up_stay_near_and_keep_order),
    };
    return cmocka_run_group_tests_name("intersplit/split", tests, NULL, NULL);
}
