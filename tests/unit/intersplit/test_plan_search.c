/* docs/spec/16-ledger.md, section 3.3, step 2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledgers.h"
#include "plan/plan_sets.h"
#include "unit.h"

#define MOST 64

/* Random numbers that sum to zero, none of them zero. */
static void random_numbers(int64_t *out, size_t count, int64_t range, uint64_t *seed)
{
    int64_t sum;

    do {
        sum = 0;
        for (size_t i = 0; i + 1 < count; i++) {
            uint64_t size = ledgers_random(seed) % (uint64_t)range + 1;
            out[i] = ledgers_random(seed) % 2 ? (int64_t)size : -(int64_t)size;
            sum += out[i];
        }
    } while (!sum);
    out[count - 1] = -sum;
}

static void start(isplit__split *split, isplit__effort *effort, const int64_t *minor,
                  uint32_t *group, size_t count)
{
    memset(group, 0, count * sizeof *group);
    *split = (isplit__split){
        .minor = minor, .count = count, .group = group, .groups = 1, .most = count};
    *effort = (isplit__effort){.most = 200000000};
}

static void check_groups(const isplit__split *split)
{
    int64_t sum[MOST] = {0};
    size_t size[MOST] = {0};

    assert_true(split->groups <= split->most);
    for (size_t i = 0; i < split->count; i++) {
        assert_true(split->group[i] < split->groups);
        sum[split->group[i]] += split->minor[i];
        size[split->group[i]]++;
    }
    for (size_t g = 0; g < split->groups; g++) {
        assert_int_equal(sum[g], 0);
        assert_true(size[g] > 1);
    }
}

static void as_many_groups_are_found_as_there_are(void **state)
{
    uint64_t seed = 21;
    int64_t minor[16];
    uint32_t group[16];
    isplit__split split;
    isplit__effort effort;

    for (int i = 0; i < 600; i++) {
        size_t count = ledgers_random(&seed) % 15 + 2;
        random_numbers(minor, count, (int64_t)1 << i % 11, &seed);
        start(&split, &effort, minor, group, count);
        size_t exact = ledgers_most_groups(minor, count);
        assert_int_equal(isplit__split_search(&split, &effort), 0);
        check_groups(&split);
        if (split.groups != exact || split.most != exact)
            fail_msg("case %d: %zu of at most %zu groups, not %zu", i, split.groups,
                     split.most, exact);
    }
}

/* Numbers of every size, from many equal ones to hardly any group. */
static void up_to_40_balances_are_settled_and_proved(void **state)
{
    const int64_t ranges[] = {3, 20, 300, 4000, 100000, INT64_C(10000000000)};
    uint64_t seed = 5;
    int64_t minor[40];
    uint32_t group[40];
    isplit__split split;
    isplit__effort effort;

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        random_numbers(minor, 40, ranges[i], &seed);
        start(&split, &effort, minor, group, 40);
        assert_int_equal(isplit__split_search(&split, &effort), 0);
        check_groups(&split);
        if (split.groups != split.most)
            fail_msg("range %lld: %zu of at most %zu groups", (long long)ranges[i],
                     split.groups, split.most);
    }
}

/* 64 members, but few different sets of them. */
static void many_equal_balances_are_easy(void **state)
{
    int64_t minor[64];
    uint32_t group[64];
    isplit__split split;
    isplit__effort effort;

    for (size_t i = 0; i < 64; i++)
        minor[i] = i < 24 ? 500 : -300;
    start(&split, &effort, minor, group, 64);
    assert_int_equal(isplit__split_search(&split, &effort), 0);
    check_groups(&split);
    assert_int_equal(split.groups, 8); /* each with three and five of them */
    assert_int_equal(split.most, 8);
}

static void too_many_different_balances_are_left_alone(void **state)
{
    uint64_t seed = 6;
    int64_t minor[42];
    uint32_t group[42];
    isplit__split split;
    isplit__effort effort;

    random_numbers(minor, 42, INT64_C(1) << 40, &seed);
    start(&split, &effort, minor, group, 42);
    assert_int_equal(isplit__split_search(&split, &effort), 0);
    assert_int_equal(split.groups, 1);
    assert_int_equal(split.most, 42);
    assert_int_equal(effort.done, 0);
}

/* Whenever the steps are spent: what was found stands, what was not proved does not. */
static void a_search_that_ends_early_claims_nothing_wrong(void **state)
{
    uint64_t seed = 7;
    int64_t minor[30];
    uint32_t group[30];
    isplit__split split;
    isplit__effort effort;

    random_numbers(minor, 30, 700, &seed);
    start(&split, &effort, minor, group, 30);
    assert_int_equal(isplit__split_search(&split, &effort), 0);
    size_t best = split.groups;
    uint64_t all = effort.done;
    assert_int_equal(split.most, best);
    for (uint64_t steps = 0; steps < all; steps += all / 60 + 1) {
        start(&split, &effort, minor, group, 30);
        effort.most = steps;
        assert_int_equal(isplit__split_search(&split, &effort), 0);
        check_groups(&split);
        assert_true(split.groups <= best);
        assert_true(split.most >= best);
    }
}

static void every_set_of_a_listed_size_is_listed_once(void **state)
{
    uint64_t seed = 8;
    int64_t minor[14];
    uint32_t group[14];
    isplit__split split;
    isplit__effort effort;
    isplit__crowd crowd;
    isplit__sets sets;

    random_numbers(minor, 14, 9, &seed);
    start(&split, &effort, minor, group, 14);
    assert_true(isplit__crowd_make(&crowd, &split));
    assert_int_equal(isplit__sets_list(&crowd, SIZE_MAX, &effort, &sets), 0);
    assert_int_equal(sets.full, 7);
    size_t count = 0;
    for (uint64_t set = 1; set < 1u << 14; set++) {
        int64_t sum = 0;
        for (unsigned i = 0; i < 14; i++)
            sum += set >> i & 1 ? crowd.minor[i] : 0;
        size_t found = 0;
        for (size_t i = 0; i < sets.count; i++)
            found += sets.set[i] == set;
        bool first_ones = !(set & crowd.again & ~(set << 1));
        bool listed = !sum && first_ones && __builtin_popcountll(set) <= 7;
        assert_int_equal(found, listed);
        count += found;
    }
    assert_int_equal(count, sets.count);
    for (size_t i = 1; i < sets.count; i++)
        assert_true(__builtin_popcountll(sets.set[i - 1]) <=
                    __builtin_popcountll(sets.set[i]));
    ic_mem_free(sets.set);
}

/* Only whole sizes are listed: the next one would be too many. */
static void a_list_has_its_limit(void **state)
{
    uint64_t seed = 8;
    int64_t minor[20];
    uint32_t group[20];
    isplit__split split;
    isplit__effort effort;
    isplit__crowd crowd;
    isplit__sets sets;

    random_numbers(minor, 20, 40, &seed);
    start(&split, &effort, minor, group, 20);
    assert_true(isplit__crowd_make(&crowd, &split));
    assert_int_equal(isplit__sets_list(&crowd, 100, &effort, &sets), 0);
    assert_true(sets.count <= 100);
    assert_in_range(sets.full, 2, 9);
    ic_mem_free(sets.set);
    effort.done = effort.most;
    assert_int_equal(isplit__sets_list(&crowd, 100, &effort, &sets), IC_ERR_LIMIT);
}

static void search_once(void *arg)
{
    const int64_t minor[] = {9, -5, -4, 8, -6, -2, 7, 1, -8};
    uint32_t group[9];
    isplit__split split;
    isplit__effort effort;

    start(&split, &effort, minor, group, 9);
    int err = isplit__split_search(&split, &effort);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(search_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_groups_are_found_as_there_are),
        cmocka_unit_test(up_to_40_balances_are_settled_and_proved),
        cmocka_unit_test(many_equal_balances_are_easy),
        cmocka_unit_test(too_many_different_balances_are_left_alone),
        cmocka_unit_test(a_search_that_ends_early_claims_nothing_wrong),
        cmocka_unit_test(every_set_of_a_listed_size_is_listed_once),
        cmocka_unit_test(a_list_has_its_limit),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/plan_search", tests, NULL, NULL);
}
