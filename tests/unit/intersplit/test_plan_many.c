/* docs/spec/16-ledger.md, section 3.3, step 3 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "ledgers.h"
#include "plan/plan.h"
#include "unit.h"

#define MOST 3000

typedef struct crowd {
    int64_t minor[MOST];
    uint32_t group[MOST];
    isplit__split split;
    isplit__effort effort;
} crowd;

static crowd c;

static void start(size_t count, uint64_t steps)
{
    memset(c.group, 0, sizeof c.group);
    c.split = (isplit__split){.minor = c.minor,
                              .count = count,
                              .group = c.group,
                              .groups = 1,
                              .most = count / 2};
    c.effort = (isplit__effort){.most = steps};
}

static int64_t random_amount(int64_t range, uint64_t *seed)
{
    int64_t size = (int64_t)(ledgers_random(seed) % (uint64_t)range) + 1;

    return ledgers_random(seed) % 2 ? size : -size;
}

/* Groups of three to five that sum to zero. @return how many */
static size_t plant_groups(size_t count, int64_t range, uint64_t *seed)
{
    size_t put = 0;
    size_t groups = 0;

    for (; put < count; groups++) {
        size_t size = ledgers_random(seed) % 3 + 3;
        int64_t sum = 0;
        if (count - put < size + 3)
            size = count - put;
        for (size_t i = 0; i + 1 < size; i++) {
            c.minor[put] = random_amount(range, seed);
            sum += c.minor[put++];
        }
        c.minor[put++] = -sum;
    }
    return groups;
}

static void check_groups(void)
{
    static int64_t sum[MOST];
    static size_t size[MOST];

    memset(sum, 0, sizeof sum);
    memset(size, 0, sizeof size);
    assert_true(c.split.groups <= c.split.most);
    for (size_t i = 0; i < c.split.count; i++) {
        assert_true(c.group[i] < c.split.groups);
        sum[c.group[i]] += c.minor[i];
        size[c.group[i]]++;
    }
    for (size_t g = 0; g < c.split.groups; g++) {
        assert_int_equal(sum[g], 0);
        assert_true(size[g] > 0);
    }
}

static void planted_groups_among_large_amounts_are_found(void **state)
{
    uint64_t seed = 31;

    for (int i = 0; i < 10; i++) {
        size_t planted = plant_groups(150, INT64_C(100000000000), &seed);
        start(150, 100000000);
        assert_int_equal(isplit__split_peel(&c.split, &c.effort), 0);
        check_groups();
        assert_int_equal(c.split.groups, planted);
    }
}

/* The bound may be too high, never too low. */
static void no_bound_is_below_what_can_be_had(void **state)
{
    uint64_t seed = 32;

    for (int i = 0; i < 500; i++) {
        size_t count = ledgers_random(&seed) % 12 + 5;
        (void)plant_groups(count, (int64_t)2 << i % 12, &seed);
        for (size_t k = 0; k < count; k++)
            c.minor[k] += c.minor[k] == 0; /* zeros never come here, nor do pairs */
        int64_t sum = 0;
        for (size_t k = 0; k + 1 < count; k++)
            sum += c.minor[k];
        c.minor[count - 1] = -sum;
        bool paired = !sum;
        for (size_t k = 0; k < count; k++) {
            for (size_t m = 0; m < k; m++)
                paired |= c.minor[k] == -c.minor[m];
        }
        if (paired)
            continue;
        size_t best = ledgers_most_groups(c.minor, count);
        start(count, 100000000);
        assert_int_equal(isplit__split_peel(&c.split, &c.effort), 0);
        check_groups();
        assert_true(c.split.groups <= best);
        if (c.split.most < best)
            fail_msg("case %d: at most %zu, but there are %zu", i, c.split.most, best);
    }
}

/* More than one window of the table of pairs. */
static void thousands_of_members_are_settled(void **state)
{
    uint64_t seed = 35;

    size_t planted = plant_groups(3000, 100000, &seed);
    start(3000, 20000000);
    assert_int_equal(isplit__split_peel(&c.split, &c.effort), 0);
    check_groups();
    assert_true(c.split.groups > planted / 2);
}

static void whenever_the_steps_are_spent_the_groups_are_good(void **state)
{
    uint64_t seed = 36;

    (void)plant_groups(100, 5000, &seed);
    for (uint64_t steps = 0; steps < 400000; steps += 7919) {
        start(100, steps);
        assert_int_equal(isplit__split_peel(&c.split, &c.effort), 0);
        check_groups();
    }
}

static void split_once(void *arg)
{
    uint64_t seed = 37;

    (void)plant_groups(50, 400, &seed);
    start(50, 3000);
    int err = isplit__split_peel(&c.split, &c.effort);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(split_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_groups_among_large_amounts_are_found),
        cmocka_unit_test(no_bound_is_below_what_can_be_had),
        cmocka_unit_test(thousands_of_members_are_settled),
        cmocka_unit_test(whenever_the_steps_are_spent_the_groups_are_good),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/plan_many", tests, NULL, NULL);
}
