#include "intersplit/split.h"

#include <inttypes.h>
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "money/money.h"
#include "text/reason.h"

#define PERCENT_EXPONENT 2u /* a basis point is 0.01 % */

/* Money times money, or times weights. */
__extension__ typedef unsigned __int128 product;

/* Part number i of `amount` is as weights[i] to their sum, rounded down. */
static int64_t floor_part(int64_t amount, int64_t weight, int64_t sum)
{
    return (int64_t)((product)amount * (product)weight / (product)sum);
}

static int64_t remainder_of(int64_t amount, int64_t weight, int64_t sum)
{
    return (int64_t)((product)amount * (product)weight % (product)sum);
}

static int64_t sum_of(const int64_t *values, size_t count)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* Of those without a unit yet the one with the largest remainder; of equals the first
 * from `start` on. */
static size_t next_in_line(const int64_t *remainders, const bool *served, size_t count,
                           size_t start)
{
    size_t best = count;

    for (size_t k = 0; k < count; k++) {
        size_t i = (start + k) % count;
        if (!served[i] && (best == count || remainders[i] > remainders[best]))
            best = i;
    }
    return best;
}

/* Add parts of `amount` in proportion to the weights, whose sum is not zero, by the
 * largest remainder. */
static void add_parts(int64_t amount, const int64_t *weights, size_t count, size_t start,
                      int64_t *shares)
{
    int64_t remainders[ISPLIT_SPLIT_MAX_MEMBERS];
    bool served[ISPLIT_SPLIT_MAX_MEMBERS] = {false};
    int64_t sum = sum_of(weights, count);
    int64_t over = amount;

    for (size_t i = 0; i < count; i++) {
        int64_t part = floor_part(amount, weights[i], sum);
        remainders[i] = remainder_of(amount, weights[i], sum);
        shares[i] += part;
        over -= part;
    }
    for (; over; over--) {
        size_t i = next_in_line(remainders, served, count, start);
        served[i] = true;
        shares[i]++;
    }
}

static void add_equal_parts(const isplit_split *s, int64_t amount, uint64_t members,
                            int64_t *shares)
{
    int64_t weights[ISPLIT_SPLIT_MAX_MEMBERS];

    for (size_t i = 0; i < s->count; i++)
        weights[i] = (int64_t)(members >> i & 1);
    add_parts(amount, weights, s->count, s->rotate_at, shares);
}

/* --- what was asked for --- */

static bool has_values(isplit_split_mode mode)
{
    return mode != ISPLIT_SPLIT_EQUAL && mode != ISPLIT_SPLIT_ITEMS;
}

static int check_values(const isplit_split *s, isplit_reason *why)
{
    int64_t least = s->mode == ISPLIT_SPLIT_WEIGHTS ? 1 : 0;
    int64_t most = s->mode == ISPLIT_SPLIT_WEIGHTS   ? ISPLIT_SPLIT_MAX_WEIGHT
                   : s->mode == ISPLIT_SPLIT_PERCENT ? ISPLIT_SPLIT_WHOLE
                                                     : ISPLIT_MONEY_MAX_MINOR;

    for (size_t i = 0; i < s->count; i++) {
        if (s->values[i] >= least && s->values[i] <= most)
            continue;
        if (s->mode == ISPLIT_SPLIT_WEIGHTS)
            return isplit__refuse(why, "a weight is a whole number from 1 to 1000000");
        if (s->mode == ISPLIT_SPLIT_PERCENT)
            return isplit__refuse(why, "a part is 0 to 100 percent");
        return isplit__refuse(
            why, "a part of an amount is not negative, and no larger than an "
                 "amount can be");
    }
    return 0;
}

static uint64_t all_members(size_t count)
{
    return UINT64_MAX >> (ISPLIT_SPLIT_MAX_MEMBERS - count);
}

static int check_items(const isplit_split *s, isplit_reason *why)
{
    if (!s->item_count || s->item_count > ISPLIT_SPLIT_MAX_ITEMS)
        return isplit__refuse(why, "a bill has 1 to 64 items");
    if (s->extra_minor < 0 || s->extra_minor > ISPLIT_MONEY_MAX_MINOR)
        return isplit__refuse(
            why, "tax and tip are not negative, and no larger than an amount");
    for (size_t i = 0; i < s->item_count; i++) {
        const isplit_split_item *item = &s->items[i];
        if (item->amount_minor < 1 || item->amount_minor > ISPLIT_MONEY_MAX_MINOR)
            return isplit__refuse(
                why, "an item costs more than zero, and no more than an amount "
                     "can be");
        if (!item->members || item->members & ~all_members(s->count))
            return isplit__refuse(
                why, "an item has members, all of them members of the split");
    }
    return 0;
}

static int check(const isplit_split *s, isplit_reason *why)
{
    if (s->amount_minor < 1 || s->amount_minor > ISPLIT_MONEY_MAX_MINOR)
        return isplit__refuse(
            why, "an amount is more than zero, and at most 10000000000000 of its "
                 "smallest unit");
    if (!s->count)
        return isplit__refuse(why, "name the members who share this");
    if (s->count > ISPLIT_SPLIT_MAX_MEMBERS)
        return isplit__refuse(why, "an entry has at most 64 members");
    if (s->rotate_at >= s->count || s->rest_to > s->count)
        return isplit__refuse(why, "the split has no such member");
    if (has_values(s->mode))
        return check_values(s, why);
    return s->mode == ISPLIT_SPLIT_ITEMS ? check_items(s, why) : 0;
}

/* --- do the parts add up? --- */

static int64_t find_left_over(const isplit_split *s)
{
    int64_t left = s->amount_minor - s->extra_minor;

    switch (s->mode) {
    case ISPLIT_SPLIT_EXACT:
        return s->amount_minor - sum_of(s->values, s->count);
    case ISPLIT_SPLIT_PERCENT:
        return ISPLIT_SPLIT_WHOLE - sum_of(s->values, s->count);
    case ISPLIT_SPLIT_ADJUST: /* what is left is split, only too much is too much */
        left = s->amount_minor - sum_of(s->values, s->count);
        return left < 0 ? left : 0;
    case ISPLIT_SPLIT_ITEMS:
        for (size_t i = 0; i < s->item_count; i++)
            left -= s->items[i].amount_minor;
        return left;
    case ISPLIT_SPLIT_EQUAL:
    case ISPLIT_SPLIT_WEIGHTS:
        break;
    }
    return 0;
}

static const char *parts_make(const isplit_split *s)
{
    return s->mode == ISPLIT_SPLIT_PERCENT  ? "the percentages make"
           : s->mode == ISPLIT_SPLIT_ADJUST ? "what is put on top makes"
           : s->mode != ISPLIT_SPLIT_ITEMS  ? "the parts make"
           : s->extra_minor                 ? "items, tax and tip make"
                                            : "the items make";
}

static const char *way_out(const isplit_split *s)
{
    bool items = s->mode == ISPLIT_SPLIT_ITEMS;

    if (s->left_over < 0)
        return items ? "change one, or the amount"
                     : "let somebody have that much less (rest NAME), or change one";
    return items ? "call the rest tax or tip (extra), or give the rest to somebody "
                   "(rest NAME), or change one"
                 : "give the rest to somebody (rest NAME), or change one";
}

int isplit__refuse_gap(const isplit__gap *gap, isplit_reason *why)
{
    bool over = gap->left < 0;
    char missing[ISPLIT_MONEY_TEXT_MAX];
    char made[ISPLIT_MONEY_TEXT_MAX];
    char of[ISPLIT_MONEY_TEXT_MAX];

    return isplit__refuse(
        why, "%s%s %s: %s %s%s of %s%s; %s",
        isplit_money_format(over ? -gap->left : gap->left, gap->exponent, 0, missing),
        gap->unit, over ? "over" : "left", gap->parts_make,
        isplit_money_format(gap->whole - gap->left, gap->exponent, 0, made), gap->unit,
        isplit_money_format(gap->whole, gap->exponent, 0, of), gap->unit, gap->way_out);
}

static int refuse_left_over(const isplit_split *s, isplit_reason *why)
{
    bool percent = s->mode == ISPLIT_SPLIT_PERCENT;

    return isplit__refuse_gap(
        &(isplit__gap){
            .left = s->left_over,
            .whole = percent ? ISPLIT_SPLIT_WHOLE : s->amount_minor,
            .exponent = percent ? PERCENT_EXPONENT : s->exponent,
            .unit = percent ? "%" : "",
            .parts_make = parts_make(s),
            .way_out = way_out(s),
        },
        why);
}

/* What is left over goes to whom it was promised. */
static int give_rest(isplit_split *s, int64_t *shares, isplit_reason *why)
{
    if (!s->left_over)
        return 0;
    if (!s->rest_to)
        return refuse_left_over(s, why);
    if (s->mode == ISPLIT_SPLIT_ITEMS) {
        if (s->left_over < 0) /* no item is negative */
            return refuse_left_over(s, why);
        shares[s->rest_to - 1] += s->left_over;
        return 0;
    }
    int64_t *value = &s->values[s->rest_to - 1];
    if (*value + s->left_over < 0) /* nobody has less than nothing */
        return refuse_left_over(s, why);
    *value += s->left_over;
    return 0;
}

/* --- shares --- */

static void add_items(const isplit_split *s, int64_t *shares)
{
    int64_t subtotals[ISPLIT_SPLIT_MAX_MEMBERS];

    for (size_t i = 0; i < s->item_count; i++)
        add_equal_parts(s, s->items[i].amount_minor, s->items[i].members, shares);
    memcpy(subtotals, shares, s->count * sizeof *shares);
    add_parts(s->extra_minor, subtotals, s->count, s->rotate_at, shares);
}

static void add_adjusted(const isplit_split *s, int64_t *shares)
{
    int64_t rest = s->amount_minor - sum_of(s->values, s->count);

    add_equal_parts(s, rest, all_members(s->count), shares);
    for (size_t i = 0; i < s->count; i++)
        shares[i] += s->values[i];
}

static void add_shares(const isplit_split *s, int64_t *shares)
{
    switch (s->mode) {
    case ISPLIT_SPLIT_EXACT:
        memcpy(shares, s->values, s->count * sizeof *shares);
        break;
    case ISPLIT_SPLIT_WEIGHTS:
    case ISPLIT_SPLIT_PERCENT:
        add_parts(s->amount_minor, s->values, s->count, s->rotate_at, shares);
        break;
    case ISPLIT_SPLIT_ADJUST:
        add_adjusted(s, shares);
        break;
    case ISPLIT_SPLIT_ITEMS:
        add_items(s, shares);
        break;
    case ISPLIT_SPLIT_EQUAL:
        add_equal_parts(s, s->amount_minor, all_members(s->count), shares);
        break;
    }
}

int isplit_split_compute(isplit_split *split, int64_t *shares, isplit_reason *why)
{
    int64_t sum[ISPLIT_SPLIT_MAX_MEMBERS] = {0};

    split->left_over = 0;
    int err = check(split, why);
    if (err)
        return err;
    split->left_over = find_left_over(split);
    err = give_rest(split, sum, why);
    if (err)
        return err;
    add_shares(split, sum);
    memcpy(shares, sum, split->count * sizeof *shares);
    return 0;
}

/* --- what somebody else computed --- */

static bool is_near(const isplit_split *s, const int64_t *shares)
{
    int64_t sum =
        s->mode == ISPLIT_SPLIT_EQUAL ? (int64_t)s->count : sum_of(s->values, s->count);

    for (size_t i = 0; i < s->count; i++) {
        int64_t weight = s->mode == ISPLIT_SPLIT_EQUAL ? 1 : s->values[i];
        int64_t low = floor_part(s->amount_minor, weight, sum);
        bool even = !remainder_of(s->amount_minor, weight, sum);
        if (shares[i] < low || shares[i] > low + !even)
            return false;
    }
    return true;
}

bool isplit_split_fits(const isplit_split *split, const int64_t *shares)
{
    int64_t left = split->amount_minor;

    if (check(split, NULL) != 0 || find_left_over(split))
        return false;
    for (size_t i = 0; i < split->count; i++) {
        if (shares[i] < 0 || shares[i] > left)
            return false;
        left -= shares[i];
    }
    if (left)
        return false;
    if (split->mode == ISPLIT_SPLIT_EXACT)
        return memcmp(shares, split->values, split->count * sizeof *shares) == 0;
    return split->mode == ISPLIT_SPLIT_ADJUST || split->mode == ISPLIT_SPLIT_ITEMS ||
           is_near(split, shares);
}
