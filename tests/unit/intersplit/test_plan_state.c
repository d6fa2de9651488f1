/* docs/spec/16-ledger.md, section 3.3, steps 6 and 7 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "intersplit/plan.h"
#include "ledgers.h"
#include "unit.h"
#include "vectors.h"

#define MOST 64

static const isplit_state *state_of(ledgers *l)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l->of[0], &state), 0);
    return state;
}

static const char *money(int64_t minor, char text[ISPLIT_MONEY_TEXT_MAX])
{
    return isplit_money_format(minor, 2, 0, text);
}

static void add(ledgers *l, const isplit_draft *draft)
{
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};

    if (isplit_ledger_add(l->of[0], draft, &entry, NULL, &why) != 0)
        fail_msg("not added: %s", why.text);
}

/* One entry that those who are owed paid for those who owe. */
static void add_balances(ledgers *l, const isplit_share *balances, size_t count)
{
    char texts[MOST][ISPLIT_MONEY_TEXT_MAX];
    char total[ISPLIT_MONEY_TEXT_MAX];
    isplit_part payers[MOST];
    isplit_part parts[MOST];
    int64_t sum = 0;
    isplit_draft draft = {.payers = payers,
                          .parts = parts,
                          .mode = ISPLIT_SPLIT_EXACT,
                          .amount_strict = true,
                          .only = true};

    for (size_t i = 0; i < count; i++) {
        int64_t minor = balances[i].minor;
        const char *text = money(minor < 0 ? -minor : minor, texts[i]);
        if (minor > 0)
            payers[draft.payer_count++] = (isplit_part){balances[i].name, text};
        else if (minor < 0)
            parts[draft.part_count++] = (isplit_part){balances[i].name, text};
        sum += minor > 0 ? minor : 0;
    }
    draft.amount = money(sum, total);
    if (sum)
        add(l, &draft);
}

static void pay(ledgers *l, const char *from, const char *to, int64_t minor)
{
    char text[ISPLIT_MONEY_TEXT_MAX];
    const isplit_part part = {.name = to};

    add(l, &(isplit_draft){.type = ISPLIT_ENTRY_PAYMENT,
                           .payer = from,
                           .parts = &part,
                           .part_count = 1,
                           .amount = money(minor, text),
                           .amount_strict = true});
}

/* A plan with names and amounts of its own. */
typedef struct copy {
    isplit_transfer of[MOST];
    char names[2 * MOST][48];
    size_t count;
    bool optimal;
} copy;

static void read_plan(ledgers *l, copy *c)
{
    isplit_plan plan;

    assert_int_equal(isplit_state_plan(state_of(l), 0, NULL, &plan), 0);
    assert_true(plan.count <= MOST);
    c->count = plan.count;
    c->optimal = plan.optimal;
    for (size_t i = 0; i < plan.count; i++) {
        (void)snprintf(c->names[2 * i], 48, "%s", plan.transfers[i].from);
        (void)snprintf(c->names[2 * i + 1], 48, "%s", plan.transfers[i].to);
        c->of[i] = (isplit_transfer){c->names[2 * i], c->names[2 * i + 1],
                                     plan.transfers[i].amount_minor};
    }
    isplit_plan_free(&plan);
}

/* What is left of a transfer is zero or what the plan says now; nothing else changed. */
static void check_rest(const copy *before, size_t paid, int64_t minor, const copy *now)
{
    size_t at = 0;

    for (size_t i = 0; i < before->count; i++) {
        int64_t left = before->of[i].amount_minor - (i == paid ? minor : 0);
        if (!left)
            continue;
        assert_true(at < now->count);
        assert_string_equal(now->of[at].from, before->of[i].from);
        assert_string_equal(now->of[at].to, before->of[i].to);
        assert_int_equal(now->of[at].amount_minor, left);
        at++;
    }
    assert_int_equal(at, now->count);
}

/* Pay one suggestion, all or half of it, in a fresh room. */
static void check_payment(const isplit_share *balances, size_t count, size_t paid,
                          bool half)
{
    static copy before;
    static copy now;
    ledgers l;

    ledgers_open(&l, 1);
    add_balances(&l, balances, count);
    read_plan(&l, &before);
    int64_t minor = before.of[paid].amount_minor;
    minor = half && minor > 1 ? minor / 2 : minor;
    pay(&l, before.of[paid].from, before.of[paid].to, minor);
    read_plan(&l, &now);
    check_rest(&before, paid, minor, &now);
    if (!half)
        assert_true(now.optimal);
    ledgers_close(&l);
}

static void check_every_payment(const isplit_share *balances, size_t count, size_t step)
{
    static copy plan;
    ledgers l;

    ledgers_open(&l, 1);
    add_balances(&l, balances, count);
    read_plan(&l, &plan);
    ledgers_close(&l);
    for (size_t i = 0; i < plan.count; i += step) {
        check_payment(balances, count, i, false);
        check_payment(balances, count, i, true);
    }
}

/* spliit#178: who pays what was suggested sees the other suggestions again. Of instances
 * whose search is long not every transfer is tried. */
static void paying_a_suggestion_changes_nothing_else(void **state)
{
    size_t i;
    size_t k;
    json_t *instance;
    json_t *row;
    json_t *doc = vectors_load("settlement.json");

    json_array_foreach(json_object_get(doc, "instances"), i, instance)
    {
        isplit_share balances[MOST];
        size_t count = 0;
        int64_t owed = 0;
        json_array_foreach(json_object_get(instance, "balances"), k, row)
        {
            balances[count] = (isplit_share){json_string_value(json_array_get(row, 0)),
                                             json_integer_value(json_array_get(row, 1))};
            owed += balances[count].minor > 0 ? balances[count].minor : 0;
            count++;
        }
        if (owed <= INT64_C(10000000000000)) /* the largest amount of an entry */
            check_every_payment(balances, count, count > 20 ? 16 : count > 16 ? 4 : 1);
    }
    json_decref(doc);
}

/* Small numbers make many groups, large ones few. */
static void paying_in_random_rooms_changes_nothing_else(void **state)
{
    static char names[45][8];
    isplit_share balances[45];
    uint64_t seed = 41;

    for (int i = 0; i < 80; i++) {
        int64_t range = i % 3 ? 12 : 100000;
        int64_t sum = 0;
        size_t count = i % 16 ? ledgers_random(&seed) % 9 + 2 : 24 + (size_t)i / 4;
        for (size_t k = 0; k < count; k++) {
            int64_t minor =
                (int64_t)(ledgers_random(&seed) % (uint64_t)(2 * range + 1)) - range;
            (void)snprintf(names[k], sizeof names[k], "m%02u", (unsigned)k % 100);
            balances[k] = (isplit_share){names[k], k + 1 < count ? minor : -sum};
            sum += minor;
        }
        check_every_payment(balances, count, count > 20 ? 16 : 1);
    }
}

/* Payments in any order and of any part of what is left, until all is settled. */
static void a_plan_is_followed_to_its_end(void **state)
{
    const isplit_share balances[] = {{"a", 700}, {"b", -300}, {"c", 500}, {"d", -900},
                                     {"e", 210}, {"f", -110}, {"g", -100}};
    static copy before;
    static copy now;
    uint64_t seed = 5;
    ledgers l;

    for (int round = 0; round < 20; round++) {
        ledgers_open(&l, 1);
        add_balances(&l, balances, 7);
        read_plan(&l, &before);
        while (before.count) {
            size_t paid = ledgers_random(&seed) % before.count;
            int64_t left = before.of[paid].amount_minor;
            int64_t minor = (int64_t)(ledgers_random(&seed) % (uint64_t)left) + 1;
            pay(&l, before.of[paid].from, before.of[paid].to, minor);
            read_plan(&l, &now);
            check_rest(&before, paid, minor, &now);
            before = now;
            for (size_t i = 0; i < now.count; i++) { /* the names of the copy */
                before.of[i].from = before.names[2 * i];
                before.of[i].to = before.names[2 * i + 1];
            }
        }
        ledgers_close(&l);
    }
}

static void other_payments_make_a_new_plan(void **state)
{
    const isplit_share balances[] = {{"a", 100}, {"b", -60}, {"c", -40}};
    static copy plan;
    ledgers l;

    ledgers_open(&l, 1);
    add_balances(&l, balances, 3);
    pay(&l, "b", "c", 10); /* nobody suggested that */
    read_plan(&l, &plan);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.of[0].amount_minor, 50);
    assert_int_equal(plan.of[1].amount_minor, 50);
    pay(&l, "b", "a", 70); /* more than was suggested */
    read_plan(&l, &plan);
    assert_int_equal(plan.count, 2);
    assert_string_equal(plan.of[1].to, "b");
    assert_int_equal(plan.of[1].amount_minor, 20);
    ledgers_close(&l);
}

/* The order of events decides, not the order in which they came. */
static void peers_agree_whatever_came_first(void **state)
{
    isplit_plan plan[2];
    const isplit_state *states[2];
    ledgers l;

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "30", "alice,bob,carol");
    ledgers_add(&l, 0, "dan", "12", "alice,bob,carol,dan");
    ledgers_sync(&l, 0, 1);
    for (int i = 0; i < 6; i++) { /* both go on without hearing of each other */
        pay(&l, "bob", "alice", 100 + i);
        ledgers_add(&l, 1, "carol", "1.07", i % 2 ? "bob,carol" : "alice,dan");
        pay(&l, "bob", "alice", 200 + i);
    }
    ledgers_sync(&l, 0, 1);
    ledgers_sync(&l, 1, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(isplit_ledger_state(l.of[i], &states[i]), 0);
        assert_int_equal(isplit_state_plan(states[i], 0, NULL, &plan[i]), 0);
    }
    assert_int_equal(plan[0].count, plan[1].count);
    for (size_t i = 0; i < plan[0].count; i++) {
        assert_string_equal(plan[0].transfers[i].from, plan[1].transfers[i].from);
        assert_string_equal(plan[0].transfers[i].to, plan[1].transfers[i].to);
        assert_int_equal(plan[0].transfers[i].amount_minor,
                         plan[1].transfers[i].amount_minor);
    }
    isplit_plan_free(&plan[0]);
    isplit_plan_free(&plan[1]);
    ledgers_close(&l);
}

static void a_room_of_payments_alone_has_a_plan(void **state)
{
    static copy plan;
    ledgers l;

    ledgers_open(&l, 1);
    pay(&l, "bob", "alice", 500);
    read_plan(&l, &plan);
    assert_int_equal(plan.count, 1);
    assert_string_equal(plan.of[0].from, "alice");
    assert_int_equal(plan.of[0].amount_minor, 500);
    ledgers_close(&l);
}

static void pairs_settle_only_what_they_shared(void **state)
{
    isplit_plan_options o;
    isplit_plan plan;
    ledgers l;

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "30", "alice,bob");
    ledgers_add(&l, 0, "bob", "20", "bob,carol");
    ledgers_add(&l, 0, "bob", "4", "alice,bob");
    isplit_plan_options_default(&o);
    o.mode = ISPLIT_PLAN_PAIRWISE;
    assert_int_equal(isplit_state_plan(state_of(&l), 0, &o, &plan), 0);
    assert_int_equal(plan.count, 2);
    assert_string_equal(plan.transfers[0].from, "bob");
    assert_string_equal(plan.transfers[0].to, "alice");
    assert_int_equal(plan.transfers[0].amount_minor, 1300);
    assert_string_equal(plan.transfers[1].from, "carol");
    assert_string_equal(plan.transfers[1].to, "bob");
    assert_int_equal(plan.transfers[1].amount_minor, 1000);
    isplit_plan_free(&plan);
    pay(&l, "bob", "alice", 1300);
    assert_int_equal(isplit_state_plan(state_of(&l), 0, &o, &plan), 0);
    assert_int_equal(plan.count, 1);
    isplit_plan_free(&plan);
    ledgers_close(&l);
}

/* Random rooms: pairs clear all balances, and the causes sum to what they explain. */
static void check_room(ledgers *l, uint64_t *seed)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    isplit_share balances[6];
    isplit_plan_options o;
    isplit_plan plan;
    size_t count = 0;

    for (int i = 0; i < 12; i++) {
        char text[ISPLIT_MONEY_TEXT_MAX];
        isplit_part parts[6];
        isplit_draft draft = {
            .payer = names[ledgers_random(seed) % 6],
            .parts = parts,
            .only = true,
            .amount = money((int64_t)(ledgers_random(seed) % 9999) + 1, text)};
        draft.type = i % 4 == 3 ? ISPLIT_ENTRY_REFUND : ISPLIT_ENTRY_EXPENSE;
        for (size_t k = 0; k < 6; k++) {
            if (ledgers_random(seed) % 2)
                parts[draft.part_count++] = (isplit_part){.name = names[k]};
        }
        if (draft.part_count)
            add(l, &draft);
    }
    const isplit_share *all = isplit_state_balances(state_of(l), &count);
    memcpy(balances, all, count * sizeof *balances);
    isplit_plan_options_default(&o);
    o.mode = ISPLIT_PLAN_PAIRWISE;
    assert_int_equal(isplit_state_plan(state_of(l), 0, &o, &plan), 0);
    for (size_t i = 0; i < plan.count; i++) {
        const isplit_transfer *t = &plan.transfers[i];
        isplit_cause *causes = NULL;
        size_t cause_count = 0;
        isplit_cause sum = {0};
        assert_int_equal(isplit_plan_why(state_of(l), 0, t, &causes, &cause_count), 0);
        for (size_t k = 0; k < cause_count; k++) {
            sum.from_minor += causes[k].from_minor;
            sum.to_minor += causes[k].to_minor;
            sum.direct_minor += causes[k].direct_minor;
        }
        ic_mem_free(causes);
        assert_int_equal(sum.direct_minor, t->amount_minor);
        for (size_t k = 0; k < count; k++) {
            if (strcmp(all[k].name, t->from) == 0) {
                assert_int_equal(sum.from_minor, all[k].minor);
                balances[k].minor += t->amount_minor;
            } else if (strcmp(all[k].name, t->to) == 0) {
                assert_int_equal(sum.to_minor, all[k].minor);
                balances[k].minor -= t->amount_minor;
            }
        }
    }
    for (size_t k = 0; k < count; k++)
        assert_int_equal(balances[k].minor, 0);
    isplit_plan_free(&plan);
}

static void pairs_and_causes_sum_to_the_balances(void **state)
{
    uint64_t seed = 12;
    ledgers l;

    for (int i = 0; i < 60; i++) {
        ledgers_open(&l, 1);
        check_room(&l, &seed);
        ledgers_close(&l);
    }
}

static bool stop(uint64_t done, uint64_t most, void *user)
{
    return false;
}

static void a_plan_that_is_kept_is_used_until_the_room_changes(void **state)
{
    isplit_plan_options o;
    char names[22][8];
    isplit_share balances[22];
    isplit_plan_task *task = NULL;
    isplit_plan plan;
    isplit_plan kept;
    ledgers l;

    for (size_t i = 0; i < 22; i++) {
        (void)snprintf(names[i], 8, "m%02zu", i);
        balances[i] = (isplit_share){names[i], i < 11 ? 100 + (int64_t)i * 37
                                                      : -(100 + (int64_t)(i - 11) * 37)};
    }
    balances[0].minor += 3; /* no pairs */
    balances[12].minor -= 3;
    ledgers_open(&l, 1);
    add_balances(&l, balances, 22);
    assert_true(isplit_state_plan_is_long(state_of(&l), 0));
    assert_int_equal(isplit_state_plan(state_of(&l), 0, NULL, &plan), 0);
    assert_int_equal(isplit_plan_task_new(state_of(&l), 1, &task), IC_ERR_NOT_FOUND);
    assert_int_equal(isplit_plan_task_new(state_of(&l), 0, &task), 0);
    assert_int_equal(isplit_plan_task_run(task, NULL), 0);
    isplit_plan_task_keep(task, state_of(&l));
    isplit_plan_task_free(task);
    assert_false(isplit_state_plan_is_long(state_of(&l), 0));
    isplit_plan_options_default(&o);
    o.on_progress = stop; /* nothing is searched for */
    o.progress_every = 1;
    assert_int_equal(isplit_state_plan(state_of(&l), 0, &o, &kept), 0);
    assert_int_equal(kept.count, plan.count);
    assert_int_equal(kept.lower_bound, plan.lower_bound);
    assert_memory_equal(kept.transfers, plan.transfers,
                        plan.count * sizeof *plan.transfers);
    isplit_plan_free(&kept);
    isplit_plan_free(&plan);
    pay(&l, "m12", "m00", 1);
    assert_true(isplit_state_plan_is_long(state_of(&l), 0));
    ledgers_close(&l);
}

static void a_task_of_a_room_that_changed_is_not_kept(void **state)
{
    isplit_plan_task *task = NULL;
    isplit_plan plan;
    ledgers l;

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "30", "alice,bob");
    assert_int_equal(isplit_plan_task_new(state_of(&l), 0, &task), 0);
    assert_int_equal(isplit_plan_task_run(task, NULL), 0);
    ledgers_add(&l, 0, "alice", "10", "alice,bob");
    isplit_plan_task_keep(task, state_of(&l));
    isplit_plan_task_free(task);
    assert_int_equal(isplit_state_plan(state_of(&l), 0, NULL, &plan), 0);
    assert_int_equal(plan.transfers[0].amount_minor, 2000);
    isplit_plan_free(&plan);
    ledgers_close(&l);
}

static void a_task_can_be_canceled(void **state)
{
    char names[LEDGERS_HARD][8];
    isplit_share balances[LEDGERS_HARD];
    isplit_plan_options o;
    isplit_plan_task *task = NULL;
    isplit_plan plan;
    ledgers l;

    for (size_t i = 0; i < LEDGERS_HARD; i++) {
        (void)snprintf(names[i], 8, "m%02zu", i);
        balances[i] = (isplit_share){names[i], ledgers_hard(i)};
    }
    ledgers_open(&l, 1);
    add_balances(&l, balances, LEDGERS_HARD);
    assert_int_equal(isplit_plan_task_new(state_of(&l), 0, &task), 0);
    isplit_plan_options_default(&o);
    o.on_progress = stop;
    assert_int_equal(isplit_plan_task_run(task, &o), IC_ERR_CANCELED);
    isplit_plan_task_keep(task, state_of(&l)); /* there is nothing to keep */
    o.on_progress = NULL;
    o.max_operations = 1000;
    assert_int_equal(isplit_plan_task_run(task, &o), 0);
    isplit_plan_task_keep(task, state_of(&l)); /* an answer, but not the last word */
    assert_true(isplit_state_plan_is_long(state_of(&l), 0));
    isplit_plan_options_default(&o);
    o.on_progress = stop;
    o.progress_every = 1;
    assert_int_equal(isplit_state_plan(state_of(&l), 0, &o, &plan), 0);
    assert_true(plan.lower_bound <= plan.count);
    isplit_plan_free(&plan);
    isplit_plan_task_free(task);
    ledgers_close(&l);
}

static void plan_once(void *arg)
{
    const isplit_state *state = arg;
    isplit_plan_options o;
    isplit_plan plan;
    isplit_cause *causes = NULL;
    size_t count;
    const isplit_transfer t = {"bob", "alice", 1};

    if (isplit_state_plan(state, 0, NULL, &plan) == 0)
        isplit_plan_free(&plan);
    isplit_plan_options_default(&o);
    o.mode = ISPLIT_PLAN_PAIRWISE;
    if (isplit_state_plan(state, 0, &o, &plan) == 0)
        isplit_plan_free(&plan);
    if (isplit_plan_why(state, 0, &t, &causes, &count) == 0)
        ic_mem_free(causes);
}

static void survives_each_failed_allocation(void **state)
{
    const isplit_state *room;
    ledgers l;

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "30", "alice,bob");
    ledgers_add(&l, 0, "carol", "7", "alice,bob,carol");
    pay(&l, "bob", "alice", 20);
    room = state_of(&l);
    fail_alloc_each(plan_once, (void *)(uintptr_t)room);
    ledgers_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paying_a_suggestion_changes_nothing_else),
        cmocka_unit_test(paying_in_random_rooms_changes_nothing_else),
        cmocka_unit_test(a_plan_is_followed_to_its_end),
        cmocka_unit_test(other_payments_make_a_new_plan),
        cmocka_unit_test(peers_agree_whatever_came_first),
        cmocka_unit_test(a_room_of_payments_alone_has_a_plan),
        cmocka_unit_test(pairs_settle_only_what_they_shared),
        cmocka_unit_test(pairs_and_causes_sum_to_the_balances),
        cmocka_unit_test(a_plan_that_is_kept_is_used_until_the_room_changes),
        cmocka_unit_test(a_task_of_a_room_that_changed_is_not_kept),
        cmocka_unit_test(a_task_can_be_canceled),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/plan_state", tests, NULL, NULL);
}
