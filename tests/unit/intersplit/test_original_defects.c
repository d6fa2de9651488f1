/*
 * What the original does wrong and we must not: docs/spec/16-ledger.md, end of section 0.
 * Each test fails on the original; the line before it says what that does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind_world.h"
#include "desk.h"
#include "intercom/error.h"
#include "intersplit/export.h"
#include "intersplit/money.h"
#include "ledgers.h"
#include "unit.h"

#define SEC UINT64_C(1000000000)
#define OLD_ENTRY                                                                        \
    "{\"txId\":\"%s\",\"payer\":\"carol\",\"amountCents\":%d,\"split\":[\"alice\","      \
    "\"carol\"],\"note\":\"old\",\"ts\":%d,\"by\":null}"

static void take_old(isplit_ledger *l, const char *tx, int cents, int ts)
{
    char json[256];
    isplit_taken taken;

    (void)snprintf(json, sizeof json, OLD_ENTRY, tx, cents, ts);
    assert_int_equal(isplit_ledger_take(l, json, strlen(json), &taken, NULL), 0);
}

static const isplit_state *state_of(ledgers *l, size_t who)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l->of[who], &state), 0);
    return state;
}

static size_t entries_of(isplit_ledger *l)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l, &state), 0);
    return isplit_state_entry_count(state);
}

static int64_t cents(const char *text)
{
    int64_t minor = -1;

    return isplit_money_parse(text, strlen(text), 2, NULL, 0, &minor, NULL) == 0 ? minor
                                                                                 : -1;
}

/* --- 1: amounts --- */

/* It strips commas: 1250.00. */
static void a_decimal_comma_is_no_thousands_mark(void **state)
{
    assert_int_equal(cents("12,50"), 1250);
}

/* It takes whatever Number() takes: 1000.00 and 16.00. */
static void exponents_and_hexadecimal_numbers_are_no_amounts(void **state)
{
    assert_int_equal(cents("1e3"), -1);
    assert_int_equal(cents("0x10"), -1);
}

/* It rounds a double: 10.00. */
static void a_third_decimal_is_refused_and_not_dropped(void **state)
{
    assert_int_equal(cents("10.005"), -1);
}

/* --- 2: who said it --- */

/* It believes whatever stands in `by`, `payer` and the amount. */
static void nobody_writes_or_changes_an_entry_of_another(void **state)
{
    ledgers l;
    size_t count = 0;
    isplit_taken taken;

    ledgers_open(&l, 3);
    ledgers_add(&l, 0, "alice", "30", "alice,bob");
    char **events = ledgers_events(l.of[0], &count);
    char *amount = strstr(events[0], "\"amount\":3000");
    char *by = strstr(events[0], ic_identity_public_key_hex(l.identities[0]));
    assert_non_null(amount);
    assert_non_null(by);
    amount[9] = '9';
    assert_int_not_equal(
        isplit_ledger_take(l.of[1], events[0], strlen(events[0]), &taken, NULL), 0);
    amount[9] = '3';
    memcpy(by, ic_identity_public_key_hex(l.identities[2]), 64);
    assert_int_equal(
        isplit_ledger_take(l.of[1], events[0], strlen(events[0]), &taken, NULL),
        IC_ERR_AUTH);
    ledgers_free_events(events, count);
    ledgers_close(&l);
}

/* It keeps the one that it heard first, so two peers keep two. */
static void of_two_contents_under_one_tx_the_same_one_counts_everywhere(void **state)
{
    ledgers l;
    const isplit_state *s[2];

    ledgers_open(&l, 2);
    for (int i = 1; i <= 5; i++) {
        take_old(l.of[0], "tx", 100 * i, 1);
        take_old(l.of[1], "tx", 600 - 100 * i, 1);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(isplit_ledger_state(l.of[i], &s[i]), 0);
        assert_int_equal(isplit_state_entry_count(s[i]), 1);
        assert_int_equal(isplit_state_event_count(s[i]), 5);
        assert_true(isplit_state_entry(s[i], 0)->flags & ISPLIT_ENTRY_CONFLICT);
    }
    assert_int_equal(isplit_state_total_minor(s[0]), isplit_state_total_minor(s[1]));
    ledgers_close(&l);
}

/* --- 3: clear --- */

/* It drops what is there when the message comes: another order, another room. */
static void a_clear_covers_its_past_and_nothing_else(void **state)
{
    ledgers l;
    size_t removed = 0;

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "1", "bob");
    ledgers_sync(&l, 0, 1);
    ledgers_add(&l, 1, "bob", "2", "alice"); /* author 0 has not seen this one */
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    assert_int_equal(removed, 1);
    ledgers_add(&l, 0, "alice", "3", "bob");
    ledgers_sync(&l, 1, 0);
    assert_int_equal(entries_of(l.of[0]), 2);
    ledgers_sync(&l, 0, 1);
    assert_int_equal(entries_of(l.of[1]), 2);
    ledgers_close(&l);
}

/* It takes an entry again that comes again, from a peer or a snapshot. */
static void a_covered_entry_does_not_come_back_by_delivery(void **state)
{
    ledgers l;
    size_t removed = 0;

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "1", "bob");
    take_old(l.of[0], "old", 100, 1);
    ledgers_sync(&l, 0, 1);
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    assert_int_equal(removed, 2);
    ledgers_sync(&l, 1, 0);
    take_old(l.of[0], "old", 100, 1);
    assert_int_equal(entries_of(l.of[0]), 0);
    ledgers_close(&l);
}

/* It obeys anybody. */
static void only_who_has_an_entry_there_clears(void **state)
{
    ledgers l;
    size_t removed = 7;
    isplit_reason why;

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "1", "bob");
    ledgers_sync(&l, 0, 1);
    assert_int_equal(isplit_ledger_clear(l.of[1], &removed, &why), IC_ERR_DENIED);
    assert_int_equal(removed, 7);
    ledgers_write(&l, 1, "clear", "{\"legacy\":[]}"); /* a peer that does it anyhow */
    assert_int_equal(entries_of(l.of[1]), 1);
    ledgers_sync(&l, 1, 0);
    assert_int_equal(entries_of(l.of[0]), 1);
    ledgers_close(&l);
}

/* It has no way back. */
static void a_clear_can_be_taken_back(void **state)
{
    ledgers l;
    size_t removed = 0;
    const isplit_entry *entry = NULL;
    const isplit_deed undo = {.kind = ISPLIT_DEED_UNVOID, .id = "clear"};

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "1", "bob");
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    assert_int_equal(isplit_ledger_do(l.of[0], &undo, &entry, NULL, NULL), 0);
    assert_int_equal(entries_of(l.of[0]), 1);
    ledgers_close(&l);
}

/* --- 4: who comes late --- */

/* It tells him nothing of what was said before. */
static void who_comes_late_gets_everything(void **state)
{
    static bind_world w;

    bind_world_open(&w, 3, 4, NULL);
    w.ends[2].off = true;
    for (int i = 0; i < 30; i++)
        assert_int_equal(bind_world_add(&w, (size_t)i % 2, "alice", "12.34", "alice,bob"),
                         0);
    bind_world_run(&w, w.now + 100 * SEC);
    w.ends[2].off = false;
    assert_true(bind_world_converge(&w, w.now + 200 * SEC));
    char *first = bind_world_picture(&w, 0);
    char *last = bind_world_picture(&w, 2);
    assert_string_equal(first, last);
    free(first);
    free(last);
    bind_world_close(&w);
}

/* --- 5: large rooms --- */

/* It sends a room as one transaction; above some 20 entries that is dropped in silence.
 */
static void a_room_of_any_size_is_persisted_and_restored(void **state)
{
    desk *d = *state;
    size_t count = 0;
    size_t removed = 0;
    isplit_restored restored;

    desk_open(d);
    for (int i = 0; i < 200; i++)
        (void)desk_add(d, "trip", "alice", "12.34", "alice,bob", "groceries");
    assert_int_equal(isplit_book_persist(d->book, "trip", false, &count, NULL), 0);
    assert_int_equal(count, 200);
    assert_int_equal(isplit_book_clear(d->book, "trip", &removed, NULL), 0);
    desk_new_store(d);
    desk_open(d);
    assert_int_equal(isplit_book_restore(d->book, "trip", false, &restored, NULL), 0);
    assert_int_equal(restored.total, 200);
    assert_int_equal(isplit_state_total_minor(desk_state(d, "trip")), 200 * 1234);
}

/* --- 6: what it cannot say --- */

/* It writes cells as they are. */
static void a_cell_is_quoted_and_never_a_formula(void **state)
{
    desk *d = *state;
    char *csv = NULL;

    desk_open(d);
    (void)desk_add(d, "trip", "alice", "30", "alice,bob", "=1+2, \"cheap\"");
    assert_int_equal(isplit_export_write(desk_state(d, "trip"), ISPLIT_EXPORT_EXPENSES,
                                         ISPLIT_EXPORT_CSV, 0, &csv),
                     0);
    assert_non_null(strstr(csv, "\"'=1+2, \"\"cheap\"\"\""));
    ic_mem_free(csv);
}

static void do_deed(ledgers *l, const isplit_deed *deed)
{
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};

    if (isplit_ledger_do(l->of[0], deed, &entry, NULL, &why) != 0)
        fail_msg("%s", why.text);
}

/* It has clear, for all of the room, and nothing else. */
static void an_entry_can_be_changed_and_taken_back(void **state)
{
    ledgers l;
    const isplit_draft other = {.payer = "bob", .amount = "50"};

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "30", "bob");
    do_deed(&l, &(isplit_deed){.kind = ISPLIT_DEED_AMEND, .id = "last", .draft = &other});
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 5000);
    do_deed(&l, &(isplit_deed){.kind = ISPLIT_DEED_VOID, .id = "last"});
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 0);
    do_deed(&l, &(isplit_deed){.kind = ISPLIT_DEED_UNVOID, .id = "last"});
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 5000);
    ledgers_close(&l);
}

/* It knows spending only: who pays back adds to the total. */
static void a_payment_settles_and_is_no_spending(void **state)
{
    ledgers l;
    size_t count = 0;
    const isplit_part to = {.name = "alice"};
    const isplit_draft pay = {.type = ISPLIT_ENTRY_PAYMENT,
                              .payer = "bob",
                              .amount = "15",
                              .parts = &to,
                              .part_count = 1};

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "30", "alice,bob");
    do_deed(&l, &(isplit_deed){.kind = ISPLIT_DEED_ADD, .draft = &pay});
    const isplit_share *balances = isplit_state_balances(state_of(&l, 0), &count);
    assert_int_equal(count, 2);
    assert_int_equal(balances[0].minor, 0);
    assert_int_equal(balances[1].minor, 0);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 3000);
    ledgers_close(&l);
}

/* It has one currency, of two decimals. */
static void currencies_have_their_own_decimals_and_balances(void **state)
{
    ledgers l;
    const isplit_part split[] = {{.name = "alice"}, {.name = "bob"}};
    isplit_draft add = {.payer = "alice",
                        .amount = "1001",
                        .currency = "JPY",
                        .parts = split,
                        .part_count = 2};

    ledgers_open(&l, 1);
    do_deed(&l, &(isplit_deed){.kind = ISPLIT_DEED_ADD, .draft = &add});
    add.amount = "1.001";
    add.currency = "KWD";
    do_deed(&l, &(isplit_deed){.kind = ISPLIT_DEED_ADD, .draft = &add});
    const isplit_state *s = state_of(&l, 0);
    assert_int_equal(isplit_state_currency_count(s), 3); /* the room's own has none */
    for (size_t i = 1; i < 3; i++) {
        const isplit_currency *c = isplit_state_currency(s, i);
        assert_string_equal(c->code, i == 1 ? "JPY" : "KWD");
        assert_int_equal(c->exponent, i == 1 ? 0 : 3);
        assert_int_equal(c->total_minor, 1001);
        assert_int_equal(c->balances[0].minor, 500);
        assert_int_equal(c->balances[1].minor, -500);
    }
    ledgers_close(&l);
}

/* --- 7: who shares --- */

/* It puts the payer into every split. */
static void a_payer_may_pay_only_for_others(void **state)
{
    ledgers l;
    size_t count = 0;
    const isplit_part bob = {.name = "bob"};
    const isplit_draft gift = {
        .payer = "alice", .amount = "30", .only = true, .parts = &bob, .part_count = 1};

    ledgers_open(&l, 1);
    do_deed(&l, &(isplit_deed){.kind = ISPLIT_DEED_ADD, .draft = &gift});
    const isplit_share *balances = isplit_state_balances(state_of(&l, 0), &count);
    assert_int_equal(count, 2);
    assert_int_equal(balances[0].minor, 3000);
    assert_int_equal(balances[1].minor, -3000);
    ledgers_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decimal_comma_is_no_thousands_mark),
        cmocka_unit_test(exponents_and_hexadecimal_numbers_are_no_amounts),
        cmocka_unit_test(a_third_decimal_is_refused_and_not_dropped),
        cmocka_unit_test(nobody_writes_or_changes_an_entry_of_another),
        cmocka_unit_test(of_two_contents_under_one_tx_the_same_one_counts_everywhere),
        cmocka_unit_test(a_clear_covers_its_past_and_nothing_else),
        cmocka_unit_test(a_covered_entry_does_not_come_back_by_delivery),
        cmocka_unit_test(only_who_has_an_entry_there_clears),
        cmocka_unit_test(a_clear_can_be_taken_back),
        cmocka_unit_test(who_comes_late_gets_everything),
        cmocka_unit_test_setup_teardown(a_room_of_any_size_is_persisted_and_restored,
                                        desk_setup, desk_teardown),
        cmocka_unit_test_setup_teardown(a_cell_is_quoted_and_never_a_formula, desk_setup,
                                        desk_teardown),
        cmocka_unit_test(an_entry_can_be_changed_and_taken_back),
        cmocka_unit_test(a_payment_settles_and_is_no_spending),
        cmocka_unit_test(currencies_have_their_own_decimals_and_balances),
        cmocka_unit_test(a_payer_may_pay_only_for_others),
    };
    return cmocka_run_group_tests_name("intersplit/original_defects", tests, NULL, NULL);
}
