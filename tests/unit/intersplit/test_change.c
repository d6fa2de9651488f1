/* docs/spec/16-ledger.md, section 4.3: amend, void, unvoid; what happened to an entry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"
#include "ledgers.h"
#include "unit.h"

static const isplit_draft fifty = {.payer = "bob", .amount = "50", .note = "more"};

static const isplit_state *state_of(ledgers *l, size_t who)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l->of[who], &state), 0);
    return state;
}

static int try_deed(ledgers *l, size_t who, isplit_deed_kind kind, const char *id)
{
    const isplit_entry *entry = NULL;
    const isplit_deed deed = {.kind = kind, .id = id, .draft = &fifty, .text = "typo"};

    return isplit_ledger_do(l->of[who], &deed, &entry, NULL, NULL);
}

static void deed(ledgers *l, size_t who, isplit_deed_kind kind, const char *id)
{
    assert_int_equal(try_deed(l, who, kind, id), 0);
}

static const isplit_entry *first_of(ledgers *l, size_t who)
{
    return isplit_state_all(state_of(l, who), 0);
}

/* Both know what the other knows, and see the same. */
static void agree(ledgers *l)
{
    ledgers_sync(l, 0, 1);
    ledgers_sync(l, 1, 0);
    char *a = ledgers_picture(state_of(l, 0));
    char *b = ledgers_picture(state_of(l, 1));
    assert_string_equal(a, b);
    free(a);
    free(b);
}

static void an_amend_gives_other_values_to_the_same_entry(void **state)
{
    ledgers l;
    char id[65];

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "30", "bob");
    (void)snprintf(id, sizeof id, "%s", first_of(&l, 0)->id);
    int64_t at = first_of(&l, 0)->at_ms;
    deed(&l, 0, ISPLIT_DEED_AMEND, "last");
    agree(&l);
    const isplit_entry *e = first_of(&l, 1);
    assert_int_equal(isplit_state_all_count(state_of(&l, 1)), 1);
    assert_string_equal(e->id, id);
    assert_int_equal(e->at_ms, at);
    assert_int_equal(e->amount_minor, 5000);
    assert_string_equal(e->note, "more");
    assert_string_equal(e->paid[0].name, "bob");
    assert_int_equal(e->flags, ISPLIT_ENTRY_SIGNED | ISPLIT_ENTRY_EDITED);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 1)), 5000);
    ledgers_close(&l);
}

static void a_void_entry_is_listed_and_does_not_count(void **state)
{
    ledgers l;
    size_t count = 0;

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "30", "bob");
    deed(&l, 0, ISPLIT_DEED_VOID, "last");
    agree(&l);
    assert_true(first_of(&l, 1)->flags & ISPLIT_ENTRY_VOID);
    assert_int_equal(isplit_state_entry_count(state_of(&l, 1)), 0);
    (void)isplit_state_balances(state_of(&l, 1), &count);
    assert_int_equal(count, 0);
    assert_int_equal(try_deed(&l, 0, ISPLIT_DEED_VOID, first_of(&l, 0)->id),
                     IC_ERR_INVALID);
    deed(&l, 0, ISPLIT_DEED_UNVOID, "last");
    agree(&l);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 1)), 3000);
    assert_int_equal(try_deed(&l, 0, ISPLIT_DEED_UNVOID, first_of(&l, 0)->id),
                     IC_ERR_INVALID);
    ledgers_close(&l);
}

static void a_stranger_changes_nothing(void **state)
{
    ledgers l;
    char body[512];

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "30", "bob");
    ledgers_sync(&l, 0, 1);
    assert_int_equal(try_deed(&l, 1, ISPLIT_DEED_VOID, "last"), IC_ERR_DENIED);
    assert_int_equal(try_deed(&l, 1, ISPLIT_DEED_AMEND, "last"), IC_ERR_DENIED);
    (void)snprintf(body, sizeof body, "{\"ref\":\"%s\"}", first_of(&l, 0)->id);
    ledgers_write(&l, 1, "void", body); /* a peer that does it anyhow */
    agree(&l);
    assert_int_equal(first_of(&l, 0)->flags, ISPLIT_ENTRY_SIGNED);
    ledgers_close(&l);
}

/* Author 0 on two devices: author 1 holds the same room, but events of 0 come by hand. */
static void edits_that_know_nothing_of_each_other_are_flagged(void **state)
{
    char body[512];
    ledgers l;

    ledgers_open(&l, 2);
    ledgers_sync(&l, 0, 1);
    isplit_ledger_free(l.of[1]); /* one author, two devices */
    assert_int_equal(isplit_ledger_new("trip", l.identities[0], NULL, &l.of[1]), 0);
    ledgers_add(&l, 0, "alice", "30", "bob");
    ledgers_sync(&l, 0, 1);
    ic_identity *second = l.identities[1];
    l.identities[1] = l.identities[0];
    deed(&l, 0, ISPLIT_DEED_AMEND, "last");
    (void)snprintf(body, sizeof body, "{\"ref\":\"%s\",\"why\":\"gone\"}",
                   first_of(&l, 1)->id);
    ledgers_write(&l, 1, "void", body);
    agree(&l);
    l.identities[1] = second;
    unsigned flags = first_of(&l, 0)->flags;
    assert_true(flags & ISPLIT_ENTRY_VOID);
    assert_true(flags & ISPLIT_ENTRY_EDITED);
    assert_true(flags & ISPLIT_ENTRY_CONFLICT);
    assert_true(flags & ISPLIT_ENTRY_FORKED);
    assert_int_equal(first_of(&l, 0)->amount_minor, 5000);
    deed(&l, 0, ISPLIT_DEED_UNVOID, "last"); /* knows of both */
    assert_false(first_of(&l, 0)->flags & ISPLIT_ENTRY_CONFLICT);
    ledgers_close(&l);
}

static void a_change_may_come_before_its_entry(void **state)
{
    ledgers l;
    size_t count = 0;
    isplit_taken taken;
    const isplit_entry *entry = NULL;
    isplit_deed_kind kinds[] = {ISPLIT_DEED_VOID, ISPLIT_DEED_AMEND};

    for (size_t i = 0; i < 2; i++) {
        const char *old = "{\"txId\":\"old\",\"payer\":\"carol\",\"amountCents\":100,"
                          "\"split\":[\"bob\"],\"note\":\"\",\"ts\":5,\"by\":null}";
        const isplit_deed change = {.kind = kinds[i], .id = "last", .draft = &fifty};
        ledgers_open(&l, 2);
        assert_int_equal(isplit_ledger_take(l.of[0], old, strlen(old), &taken, NULL), 0);
        assert_int_equal(isplit_ledger_do(l.of[0], &change, &entry, NULL, NULL), 0);
        char **events = ledgers_events(l.of[0], &count);
        assert_int_equal(count, 2);
        for (size_t k = count; k > 0; k--) {
            assert_int_equal(isplit_ledger_take(l.of[1], events[k - 1],
                                                strlen(events[k - 1]), &taken, NULL),
                             0);
            (void)state_of(&l, 1);
        }
        ledgers_free_events(events, count);
        agree(&l);
        assert_int_equal(isplit_state_total_minor(state_of(&l, 1)), i ? 5000 : 0);
        ledgers_close(&l);
    }
}

static void an_entry_is_found_by_its_first_digits(void **state)
{
    ledgers l;
    char six[8];
    isplit_reason why = {{0}};
    const isplit_entry *e = NULL;

    ledgers_open(&l, 1);
    assert_int_equal(isplit_state_find(state_of(&l, 0), "last", &e, &why),
                     IC_ERR_NOT_FOUND);
    ledgers_add(&l, 0, "alice", "1", "bob");
    ledgers_add(&l, 0, "alice", "2", "bob");
    const isplit_entry *first = first_of(&l, 0);
    (void)snprintf(six, sizeof six, "%.6s", first->id);
    assert_int_equal(isplit_state_find(state_of(&l, 0), six, &e, NULL), 0);
    assert_ptr_equal(e, first);
    six[5] = 0;
    assert_int_equal(isplit_state_find(state_of(&l, 0), six, &e, &why), IC_ERR_NOT_FOUND);
    assert_int_equal(isplit_state_find(state_of(&l, 0), "last", &e, NULL), 0);
    assert_int_equal(e->amount_minor, 200);
    ledgers_close(&l);
}

static void two_entries_that_begin_alike_are_not_found(void **state)
{
    static const char old[] = "{\"txId\":\"same-%d\",\"payer\":\"a\",\"amountCents\":1,"
                              "\"split\":[\"b\"],\"note\":\"\",\"ts\":5,\"by\":null}";
    ledgers l;
    char json[256];
    isplit_taken taken;
    isplit_reason why = {{0}};
    const isplit_entry *e = NULL;

    ledgers_open(&l, 1);
    for (int i = 1; i < 13; i += 11) {
        int n = snprintf(json, sizeof json, old, i);
        assert_int_equal(isplit_ledger_take(l.of[0], json, (size_t)n, &taken, NULL), 0);
    }
    assert_int_equal(isplit_state_find(state_of(&l, 0), "same-1", &e, &why), 0);
    assert_string_equal(e->id, "same-1");
    ledgers_close(&l);
    ledgers_open(&l, 1);
    for (int i = 10; i < 12; i++) {
        int n = snprintf(json, sizeof json, old, i);
        assert_int_equal(isplit_ledger_take(l.of[0], json, (size_t)n, &taken, NULL), 0);
    }
    assert_int_equal(isplit_state_find(state_of(&l, 0), "same-1", &e, &why),
                     IC_ERR_INVALID);
    assert_non_null(strstr(why.text, "more digits"));
    ledgers_close(&l);
}

/* "added 3000, amended 5000, ..." */
static void tell(ledgers *l, size_t who, const char *id, char out[512])
{
    static const char *const names[] = {"",       "added",    "amended",
                                        "voided", "unvoided", "cleared"};
    isplit_step *steps = NULL;
    size_t count = 0;

    assert_int_equal(isplit_state_history(state_of(l, who), id, &steps, &count), 0);
    out[0] = 0;
    for (size_t i = 0; i < count; i++)
        (void)snprintf(out + strlen(out), 512 - strlen(out), "%s%s%s%s %lld",
                       i ? ", " : "", steps[i].counts ? "" : "not ", names[steps[i].kind],
                       *steps[i].why ? " typo" : "",
                       steps[i].value ? (long long)steps[i].value->amount_minor : 0);
    assert_int_equal(strlen(steps[count - 1].author), 64);
    assert_int_equal(strncmp(steps[count - 1].by, "trac1", 5), 0);
    ic_mem_free(steps);
}

static void the_history_of_an_entry_is_told_in_order(void **state)
{
    char text[512];
    char body[128];
    ledgers l;
    size_t removed = 0;
    isplit_step *steps = NULL;
    size_t count = 0;

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "30", "bob");
    char id[65];
    (void)snprintf(id, sizeof id, "%s", first_of(&l, 0)->id);
    deed(&l, 0, ISPLIT_DEED_AMEND, id);
    deed(&l, 0, ISPLIT_DEED_VOID, id);
    ledgers_sync(&l, 0, 1);
    (void)snprintf(body, sizeof body, "{\"ref\":\"%s\"}", id);
    ledgers_write(&l, 1, "unvoid", body);
    ledgers_sync(&l, 1, 0);
    deed(&l, 0, ISPLIT_DEED_UNVOID, id);
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    agree(&l);
    tell(&l, 1, id, text);
    assert_string_equal(text, "added 3000, amended 5000, voided typo 0, not unvoided 0, "
                              "unvoided typo 0, cleared 0");
    deed(&l, 0, ISPLIT_DEED_UNVOID, "clear");
    tell(&l, 0, id, text);
    assert_null(strstr(text, "cleared"));
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 5000);
    assert_int_equal(isplit_state_history(state_of(&l, 0), "none", &steps, &count),
                     IC_ERR_NOT_FOUND);
    ledgers_close(&l);
}

static void a_clear_is_undone_by_who_made_it(void **state)
{
    ledgers l;
    size_t removed = 0;

    ledgers_open(&l, 2);
    assert_int_equal(try_deed(&l, 0, ISPLIT_DEED_UNVOID, "clear"), IC_ERR_NOT_FOUND);
    ledgers_add(&l, 0, "alice", "30", "bob");
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    agree(&l);
    assert_int_equal(try_deed(&l, 1, ISPLIT_DEED_UNVOID, "clear"), IC_ERR_DENIED);
    deed(&l, 0, ISPLIT_DEED_UNVOID, "clear");
    agree(&l);
    assert_int_equal(isplit_state_entry_count(state_of(&l, 1)), 1);
    assert_int_equal(try_deed(&l, 0, ISPLIT_DEED_UNVOID, "clear"), IC_ERR_NOT_FOUND);
    ledgers_close(&l);
}

static void change_and_tell(void *arg)
{
    static const isplit_deed_kind kinds[] = {ISPLIT_DEED_ADD, ISPLIT_DEED_AMEND,
                                             ISPLIT_DEED_VOID};
    const ledgers *from = arg;
    isplit_ledger *l = NULL;
    isplit_step *steps = NULL;
    size_t count = 0;
    const isplit_entry *entry = NULL;
    const isplit_state *s = NULL;

    if (isplit_ledger_new("trip", from->identities[0], NULL, &l) != 0)
        return;
    for (size_t i = 0; i < 3; i++) {
        const isplit_deed d = {.kind = kinds[i], .id = "last", .draft = &fifty};
        (void)(isplit_ledger_do(l, &d, &entry, NULL, NULL) == 0);
    }
    if (isplit_ledger_state(l, &s) == 0 && isplit_state_all_count(s) &&
        isplit_state_history(s, isplit_state_all(s, 0)->id, &steps, &count) == 0)
        ic_mem_free(steps);
    isplit_ledger_free(l);
}

static void survives_each_failed_allocation(void **state)
{
    ledgers l;

    ledgers_open(&l, 1);
    fail_alloc_each(change_and_tell, &l);
    ledgers_close(&l);
}

/* Balances after a change of one of many entries take no look at the others. */
static void a_change_of_one_entry_does_not_fold_the_room(void **state)
{
    static const char *const kinds[] = {"amend", "void", "unvoid", "dispute", "ack"};
    ledgers l;
    size_t count = 0;
    char body[512];
    isplit__room *room = NULL;
    const isplit_state *s = NULL;

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "30", "alice,bob");
    ledgers_add(&l, 0, "alice", "20", "alice,bob");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        (void)snprintf(body, sizeof body,
                       i ? "{\"ref\":\"%s\"}"
                         : "{\"body\":{\"amount\":500,\"from\":\"bob\",\"to\":"
                           "\"alice\"},\"ref\":\"%s\"}",
                       first_of(&l, 0)->id);
        ledgers_write(&l, 0, kinds[i], body);
    }
    char **events = ledgers_events(l.of[0], &count);
    assert_int_equal(isplit__room_new("trip", "trac", &room), 0);
    for (size_t i = 0; i < count; i++) {
        isplit__item item;
        isplit_taken taken;
        assert_int_equal(
            isplit__item_read(events[i], strlen(events[i]), &room->context, &item, NULL),
            0);
        assert_int_equal(isplit__room_take(room, &item, &taken), 0);
        assert_int_equal(room->stale, i < 1);
        assert_int_equal(isplit__room_state(room, &s), 0);
    }
    assert_int_equal(isplit_state_total_minor(s), 2000);
    isplit__room_free(room);
    ledgers_free_events(events, count);
    ledgers_close(&l);
}

/* A thousand voids of one entry are not gone through a thousand times. */
static void an_entry_with_many_changes_waits_until_somebody_looks(void **state)
{
    ledgers l;
    char body[512];

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "30", "alice,bob");
    for (int i = 0; i < 80; i++) {
        (void)snprintf(body, sizeof body, "{\"ref\":\"%s\"}", first_of(&l, 0)->id);
        ledgers_write(&l, 0, i % 2 ? "unvoid" : "void", body);
    }
    agree(&l);
    assert_int_equal(isplit_state_entry_count(state_of(&l, 0)), 1);
    deed(&l, 0, ISPLIT_DEED_VOID, "last");
    assert_int_equal(isplit_state_entry_count(state_of(&l, 0)), 0);
    ledgers_close(&l);
}

/* Section 4.3: a program adds several entries in one millisecond. */
static void what_is_said_last_is_last(void **state)
{
    ledgers l;
    const isplit_entry *e = NULL;

    ledgers_open(&l, 1);
    int64_t now = l.now_ms;
    for (int64_t i = 1; i <= 20; i++) {
        char amount[16];
        l.now_ms = now;
        (void)snprintf(amount, sizeof amount, "%d.00", (int)i);
        ledgers_add(&l, 0, "alice", amount, "bob");
        assert_int_equal(isplit_state_find(state_of(&l, 0), "last", &e, NULL), 0);
        assert_int_equal(e->amount_minor, i * 100);
    }
    ledgers_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amend_gives_other_values_to_the_same_entry),
        cmocka_unit_test(a_void_entry_is_listed_and_does_not_count),
        cmocka_unit_test(a_stranger_changes_nothing),
        cmocka_unit_test(edits_that_know_nothing_of_each_other_are_flagged),
        cmocka_unit_test(a_change_may_come_before_its_entry),
        cmocka_unit_test(an_entry_is_found_by_its_first_digits),
        cmocka_unit_test(two_entries_that_begin_alike_are_not_found),
        cmocka_unit_test(the_history_of_an_entry_is_told_in_order),
        cmocka_unit_test(a_clear_is_undone_by_who_made_it),
        cmocka_unit_test(survives_each_failed_allocation),
        cmocka_unit_test(a_change_of_one_entry_does_not_fold_the_room),
        cmocka_unit_test(an_entry_with_many_changes_waits_until_somebody_looks),
        cmocka_unit_test(what_is_said_last_is_last),
    };
    return cmocka_run_group_tests_name("intersplit/change", tests, NULL, NULL);
}
