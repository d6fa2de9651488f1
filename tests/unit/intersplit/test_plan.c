/* docs/spec/16-ledger.md, section 3; tests/vectors/settlement.json */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/plan.h"
#include "ledgers.h"
#include "plan/plan.h"
#include "unit.h"
#include "vectors.h"

#define MOST 1100

static int64_t *balance_of(isplit_share *left, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(left[i].name, name) == 0)
            return &left[i].minor;
    }
    fail_msg("a stranger: %s", name);
    return NULL;
}

/* A plan zeroes everything, moves no more than it must and pays from debtors to creditors
 * only, no pair twice. */
static void check_valid(const isplit_plan *plan, const isplit_share *balances,
                        size_t count)
{
    isplit_share left[MOST];
    int64_t moved = 0;
    int64_t owed = 0;

    assert_true(count <= MOST);
    memcpy(left, balances, count * sizeof *left);
    for (size_t i = 0; i < plan->count; i++) {
        const isplit_transfer *t = &plan->transfers[i];
        assert_true(t->amount_minor > 0);
        assert_true(*balance_of(left, count, t->from) < 0);
        assert_true(*balance_of(left, count, t->to) > 0);
        *balance_of(left, count, t->from) += t->amount_minor;
        *balance_of(left, count, t->to) -= t->amount_minor;
        moved += t->amount_minor;
        for (size_t k = 0; k < i; k++)
            assert_false(strcmp(plan->transfers[k].from, t->from) == 0 &&
                         strcmp(plan->transfers[k].to, t->to) == 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(left[i].minor, 0);
        owed += balances[i].minor > 0 ? balances[i].minor : 0;
    }
    assert_int_equal(moved, owed);
    assert_true(plan->lower_bound <= plan->count);
    assert_int_equal(plan->optimal, plan->lower_bound == plan->count);
}

static size_t read_balances(const json_t *instance, isplit_share *out)
{
    const json_t *rows = json_object_get(instance, "balances");
    size_t count = json_array_size(rows);

    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(rows, i);
        out[i].name = json_string_value(json_array_get(row, 0));
        out[i].minor = json_integer_value(json_array_get(row, 1));
    }
    return count;
}

static void check_instance(const json_t *instance)
{
    isplit_plan plan;
    isplit_share balances[MOST];
    size_t count = read_balances(instance, balances);
    size_t optimum = (size_t)json_integer_value(json_object_get(instance, "optimum"));

    assert_int_equal(isplit_plan_make(balances, count, &plan), 0);
    check_valid(&plan, balances, count);
    if (plan.count != optimum || !plan.optimal)
        fail_msg("%s: %zu transfers, at least %zu, not %zu", vectors_text(instance, "id"),
                 plan.count, plan.lower_bound, optimum);
    isplit_plan_free(&plan);
}

static void every_instance_of_the_vectors_is_settled_best(void **state)
{
    size_t i;
    json_t *instance;
    json_t *doc = vectors_load("settlement.json");
    json_t *instances = json_object_get(doc, "instances");

    assert_true(json_array_size(instances) > 50);
    json_array_foreach(instances, i, instance) check_instance(instance);
    json_decref(doc);
}

/* Random balances that sum to zero; small numbers make many groups. */
static void random_balances(isplit_share *out, char names[][8], size_t count,
                            int64_t range, uint64_t *seed)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], 8, "m%02u", (unsigned)i % 100000);
        out[i].name = names[i];
        out[i].minor =
            (int64_t)(ledgers_random(seed) % (uint64_t)(2 * range + 1)) - range;
        if (i + 1 == count)
            out[i].minor = -sum;
        sum += out[i].minor;
    }
}

/* The same number, by looking at all subsets. */
static size_t fewest(const isplit_share *b, size_t count)
{
    int64_t minor[10];
    size_t open = 0;

    for (size_t i = 0; i < count; i++) {
        if (b[i].minor)
            minor[open++] = b[i].minor;
    }
    return open - ledgers_most_groups(minor, open);
}

static void plans_are_as_short_as_brute_force_finds(void **state)
{
    uint64_t seed = 3;
    char names[10][8];
    isplit_share balances[10];

    for (int i = 0; i < 300; i++) {
        isplit_plan plan;
        size_t count = ledgers_random(&seed) % 8 + 2;
        random_balances(balances, names, count, (int64_t)(i % 9) + 1, &seed);
        assert_int_equal(isplit_plan_make(balances, count, &plan), 0);
        check_valid(&plan, balances, count);
        if (plan.count != fewest(balances, count))
            fail_msg("case %d: %zu transfers, not %zu", i, plan.count,
                     fewest(balances, count));
        assert_true(plan.optimal);
        isplit_plan_free(&plan);
    }
}

static void check_same_plan(const isplit_plan *a, const isplit_plan *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->transfers[i].from, b->transfers[i].from);
        assert_string_equal(a->transfers[i].to, b->transfers[i].to);
        assert_int_equal(a->transfers[i].amount_minor, b->transfers[i].amount_minor);
    }
}

/* Balances in another order make the same plan, to the byte. */
static void check_shuffled(isplit_share *balances, size_t count, uint64_t *seed)
{
    isplit_plan plan;
    isplit_plan again;

    assert_int_equal(isplit_plan_make(balances, count, &plan), 0);
    check_valid(&plan, balances, count);
    for (size_t k = count; k > 1; k--) {
        size_t with = ledgers_random(seed) % k;
        isplit_share swap = balances[k - 1];
        balances[k - 1] = balances[with];
        balances[with] = swap;
    }
    assert_int_equal(isplit_plan_make(balances, count, &again), 0);
    check_same_plan(&plan, &again);
    assert_int_equal(plan.lower_bound, again.lower_bound);
    isplit_plan_free(&plan);
    isplit_plan_free(&again);
}

/* Both ways to find groups: a search, and beyond 40 balances what comes quickly. */
static void the_order_of_members_does_not_change_a_plan(void **state)
{
    static const size_t many[] = {41, 47, 64, 65, 90, 128, 200, MOST};
    uint64_t seed = 5;
    char names[MOST][8];
    isplit_share balances[MOST];

    for (int i = 0; i < 200; i++) {
        size_t count = ledgers_random(&seed) % 14 + 2;
        random_balances(balances, names, count, i % 2 ? 6 : 100000, &seed);
        check_shuffled(balances, count, &seed);
    }
    for (size_t count = 25; count <= 40; count++) {
        random_balances(balances, names, count, count % 2 ? 60 : 20000, &seed);
        check_shuffled(balances, count, &seed);
    }
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        random_balances(balances, names, many[i], 500, &seed);
        check_shuffled(balances, many[i], &seed);
        random_balances(balances, names, many[i], 1000000, &seed);
        check_shuffled(balances, many[i], &seed);
    }
}

static void what_does_not_sum_to_zero_is_refused(void **state)
{
    const isplit_share off[] = {{"a", 5}, {"b", -4}};
    const isplit_share twice[] = {{"a", 5}, {"b", -10}, {"a", 5}};
    const isplit_share huge[] = {{"a", INT64_MAX}, {"b", INT64_MAX}, {"c", 2}};
    isplit_plan plan;

    assert_int_equal(isplit_plan_make(off, 2, &plan), IC_ERR_INVALID);
    assert_int_equal(isplit_plan_make(twice, 3, &plan), IC_ERR_INVALID);
    assert_int_equal(isplit_plan_make(huge, 3, &plan), IC_ERR_INVALID);
}

static void nothing_to_settle_is_an_empty_optimal_plan(void **state)
{
    const isplit_share zeros[] = {{"a", 0}, {"b", 0}};
    isplit_plan plan;

    assert_int_equal(isplit_plan_make(zeros, 2, &plan), 0);
    assert_int_equal(plan.count, 0);
    assert_true(plan.optimal);
    isplit_plan_free(&plan);
    assert_int_equal(isplit_plan_make(NULL, 0, &plan), 0);
    assert_int_equal(plan.count, 0);
    isplit_plan_free(&plan);
}

/* Section 3.1: who pays one suggestion does not change the others in its group. */
static void paying_one_transfer_leaves_the_others(void **state)
{
    isplit_share balances[] = {{"a", 700}, {"b", -300}, {"c", 500}, {"d", -900}};
    isplit_plan plan;
    isplit_plan rest;

    assert_int_equal(isplit_plan_make(balances, 4, &plan), 0);
    assert_int_equal(plan.count, 3);
    for (size_t paid = 0; paid < 3; paid++) {
        isplit_share after[4];
        memcpy(after, balances, sizeof after);
        const isplit_transfer *t = &plan.transfers[paid];
        *balance_of(after, 4, t->from) += t->amount_minor;
        *balance_of(after, 4, t->to) -= t->amount_minor;
        assert_int_equal(isplit_plan_make(after, 4, &rest), 0);
        assert_int_equal(rest.count, 2);
        isplit_plan_free(&rest);
    }
    isplit_plan_free(&plan);
}

static void what_is_too_large_to_prove_is_settled_and_marked(void **state)
{
    uint64_t seed = 9;
    char names[200][8];
    isplit_share balances[200];
    isplit_plan plan;

    random_balances(balances, names, 200, 1000000, &seed);
    assert_int_equal(isplit_plan_make(balances, 200, &plan), 0);
    check_valid(&plan, balances, 200);
    assert_true(plan.count < 200);
    assert_false(plan.optimal);
    isplit_plan_free(&plan);
}

static void everybody_may_settle_with_one_member(void **state)
{
    const isplit_share b[] = {{"a", 7}, {"b", -3}, {"c", -4}, {"d", 5}, {"e", -5}};
    isplit_plan_options o;
    isplit_plan plan;

    isplit_plan_options_default(&o);
    o.mode = ISPLIT_PLAN_VIA;
    assert_int_equal(isplit_plan_make_with(b, 5, &o, &plan), IC_ERR_INVALID);
    o.via = "b";
    assert_int_equal(isplit_plan_make_with(b, 5, &o, &plan), 0);
    assert_int_equal(plan.count, 4);
    assert_string_equal(plan.transfers[0].from, "b");
    assert_string_equal(plan.transfers[0].to, "a");
    assert_int_equal(plan.transfers[0].amount_minor, 7);
    assert_string_equal(plan.transfers[3].from, "e");
    assert_string_equal(plan.transfers[3].to, "b");
    assert_int_equal(plan.transfers[3].amount_minor, 5);
    assert_false(plan.optimal);
    assert_int_equal(plan.lower_bound, 3);
    isplit_plan_free(&plan);
}

static void what_balances_alone_cannot_tell_is_refused(void **state)
{
    const isplit_share b[] = {{"a", 7}, {"b", -7}};
    isplit_plan_options o;
    isplit_plan plan;

    isplit_plan_options_default(&o);
    o.mode = ISPLIT_PLAN_PAIRWISE;
    assert_int_equal(isplit_plan_make_with(b, 2, &o, &plan), IC_ERR_UNSUPPORTED);
}

static bool stop_at_the_third_call(uint64_t done, uint64_t most, void *user)
{
    unsigned *calls = user;

    assert_true(done <= most);
    return ++*calls < 3;
}

static void a_search_can_be_canceled(void **state)
{
    char names[LEDGERS_HARD][8];
    isplit_share balances[LEDGERS_HARD];
    isplit_plan_options o;
    isplit_plan plan;
    unsigned calls = 0;

    for (size_t i = 0; i < LEDGERS_HARD; i++) {
        (void)snprintf(names[i], 8, "m%02zu", i);
        balances[i] = (isplit_share){names[i], ledgers_hard(i)};
    }
    isplit_plan_options_default(&o);
    o.on_progress = stop_at_the_third_call;
    o.user = &calls;
    o.progress_every = 1000;
    assert_int_equal(isplit_plan_make_with(balances, LEDGERS_HARD, &o, &plan),
                     IC_ERR_CANCELED);
    assert_int_equal(calls, 3);
}

/* Section 3.3, 3: when the steps are spent, the best found, and no false proof. */
static void a_search_without_steps_left_proves_nothing(void **state)
{
    char names[16][8];
    uint64_t seed = 4;
    isplit_share balances[16];
    isplit_plan_options o;
    isplit_plan plan;

    random_balances(balances, names, 16, 1000000, &seed);
    isplit_plan_options_default(&o);
    o.max_operations = 100;
    assert_int_equal(isplit_plan_make_with(balances, 16, &o, &plan), 0);
    check_valid(&plan, balances, 16);
    assert_false(plan.optimal);
    assert_true(plan.lower_bound < plan.count);
    isplit_plan_free(&plan);
}

/* --- memory --- */

static size_t held; /* bytes, as the C library rounds them up */
static size_t peak;

static void *measured(void *p)
{
    held += malloc_usable_size(p);
    peak = held > peak ? held : peak;
    return p;
}

static void *measured_alloc(size_t size, void *user)
{
    return measured(malloc(size));
}

static void *measured_resize(void *old, size_t size, void *user)
{
    held -= malloc_usable_size(old);
    return measured(realloc(old, size));
}

static void measured_release(void *p, void *user)
{
    held -= malloc_usable_size(p);
    free(p);
}

static size_t peak_of(const isplit_share *balances, size_t count)
{
    const ic_mem_functions functions = {
        .alloc = measured_alloc, .resize = measured_resize, .release = measured_release};
    isplit_plan plan;

    held = peak = 0;
    ic_mem_set(&functions);
    assert_int_equal(isplit_plan_make(balances, count, &plan), 0);
    isplit_plan_free(&plan);
    ic_mem_set(NULL);
    assert_int_equal(held, 0);
    return peak;
}

/* Balances that come `alike` at a time, but else different from all others and from
 * their negatives; the last ones make up for them. */
static void fill_blocks(isplit_share *out, char names[][8], size_t count, size_t alike)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t block = (int64_t)(i / alike);
        int64_t size = 1000000 + block * block * 911 + block;
        (void)snprintf(names[i], 8, "m%04u", (unsigned)i % 10000);
        out[i] = (isplit_share){names[i], block % 2 ? size : -size};
        if (i + alike >= count)
            out[i].minor = -sum;
        else if (i % alike == 0)
            sum += out[i].minor;
    }
}

/* The header promises 64 MiB. Most is taken by 40 different balances, by 60 of which
 * three are alike each, which makes as many different sets, and by a full table of pairs.
 */
static void no_plan_takes_more_than_64_mib(void **state)
{
    static const struct {
        size_t count;
        size_t alike;
    } rooms[] = {{24, 1}, {32, 1}, {36, 1}, {39, 1},  {40, 1},
                 {48, 2}, {50, 2}, {60, 3}, {MOST, 1}};
    static char names[MOST][8];
    static isplit_share balances[MOST];
    size_t largest = 0;

    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        fill_blocks(balances, names, rooms[i].count, rooms[i].alike);
        size_t bytes = peak_of(balances, rooms[i].count);
        if (bytes > (size_t)64 << 20)
            fail_msg("%zu balances take %zu bytes", rooms[i].count, bytes);
        largest = bytes > largest ? bytes : largest;
    }
    assert_true(largest > (size_t)48 << 20); /* it was measured at its worst */
}

static void plan_once(void *arg)
{
    const isplit_share b[] = {{"a", 7}, {"b", -3}, {"c", -4}, {"d", 5}, {"e", -5}};
    isplit_plan plan;

    if (isplit_plan_make(b, 5, &plan) == 0)
        isplit_plan_free(&plan);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(plan_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instance_of_the_vectors_is_settled_best),
        cmocka_unit_test(plans_are_as_short_as_brute_force_finds),
        cmocka_unit_test(the_order_of_members_does_not_change_a_plan),
        cmocka_unit_test(what_does_not_sum_to_zero_is_refused),
        cmocka_unit_test(nothing_to_settle_is_an_empty_optimal_plan),
        cmocka_unit_test(paying_one_transfer_leaves_the_others),
        cmocka_unit_test(what_is_too_large_to_prove_is_settled_and_marked),
        cmocka_unit_test(everybody_may_settle_with_one_member),
        cmocka_unit_test(what_balances_alone_cannot_tell_is_refused),
        cmocka_unit_test(a_search_can_be_canceled),
        cmocka_unit_test(a_search_without_steps_left_proves_nothing),
        cmocka_unit_test(no_plan_takes_more_than_64_mib),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/plan", tests, NULL, NULL);
}
