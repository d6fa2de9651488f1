/* docs/spec/16-ledger.md, sections 4.2 to 4.6: what a room is made of. That one set of
 * events has one state in any order is sim/sim_fold.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"
#include "ledgers.h"
#include "unit.h"

#define OLD_ENTRY                                                                        \
    "{\"txId\":\"%s\",\"payer\":\"carol\",\"amountCents\":%d,\"split\":[\"alice\","      \
    "\"carol\"],\"note\":\"old\",\"ts\":%d,\"by\":null}"

/* Let a ledger take an entry of the original. */
static void take_old(isplit_ledger *l, const char *tx, int cents, int ts)
{
    char json[256];
    isplit_taken taken;

    (void)snprintf(json, sizeof json, OLD_ENTRY, tx, cents, ts);
    assert_int_equal(isplit_ledger_take(l, json, strlen(json), &taken, NULL), 0);
}

static size_t entries_of(isplit_ledger *l)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l, &state), 0);
    return isplit_state_entry_count(state);
}

/* One event builds on 16 others at most (section 4.3). */
static void a_clear_covers_more_heads_than_one_event_can_name(void **state)
{
    ledgers l;
    size_t removed = 0;

    ledgers_open(&l, LEDGERS_MAX);
    for (size_t i = 0; i < LEDGERS_MAX; i++)
        ledgers_add(&l, i, "alice", "1", "bob");
    for (size_t i = 1; i < LEDGERS_MAX; i++)
        ledgers_sync(&l, i, 0);
    assert_int_equal(entries_of(l.of[0]), LEDGERS_MAX);
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    assert_int_equal(removed, LEDGERS_MAX);
    assert_int_equal(entries_of(l.of[0]), 0);
    ledgers_close(&l);
}

static void a_room_of_unsigned_entries_can_be_cleared_by_anyone(void **state)
{
    ledgers l;
    size_t removed = 0;
    char tx[16];

    ledgers_open(&l, 1);
    for (int i = 0; i < 120; i++) { /* more than one event can list */
        (void)snprintf(tx, sizeof tx, "tx%d", i);
        take_old(l.of[0], tx, 100, i);
    }
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    assert_int_equal(removed, 120);
    take_old(l.of[0], "new", 100, 500);
    assert_int_equal(entries_of(l.of[0]), 1);
    ledgers_close(&l);
}

/* CPU time of the clear of so many unsigned entries. */
static clock_t time_of_clear(int entries)
{
    char tx[16];
    ledgers l;
    size_t removed = 0;
    const isplit_state *s = NULL;

    ledgers_open(&l, 1);
    for (int i = 1; i <= entries; i++) {
        (void)snprintf(tx, sizeof tx, "%d", i);
        take_old(l.of[0], tx, i, i);
    }
    assert_int_equal(isplit_ledger_state(l.of[0], &s), 0);
    clock_t start = clock();
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    clock_t end = clock();
    assert_int_equal(removed, entries);
    ledgers_close(&l);
    return end - start + 1;
}

static void a_large_room_of_unsigned_entries_is_cleared_in_a_moment(void **state)
{
    assert_true(time_of_clear(8000) < 24 * time_of_clear(1000));
}

static void an_undone_clear_covers_nothing_and_a_stranger_cannot_undo(void **state)
{
    ledgers l;
    size_t removed = 0;
    char clear[65];

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "1", "bob");
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    ledgers_last_id(l.of[0], "clear", clear);
    ledgers_sync(&l, 0, 1);
    ledgers_unvoid(&l, 1, clear);
    assert_int_equal(entries_of(l.of[1]), 0);
    ledgers_unvoid(&l, 0, clear);
    assert_int_equal(entries_of(l.of[0]), 1);
    ledgers_close(&l);
}

static void one_entry_comes_back_until_the_next_clear(void **state)
{
    ledgers l;
    size_t removed = 0;
    char entry[65];

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "1", "bob");
    ledgers_add(&l, 0, "alice", "2", "bob");
    ledgers_last_id(l.of[0], "add", entry);
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    ledgers_unvoid(&l, 0, entry);
    assert_int_equal(entries_of(l.of[0]), 1);
    assert_int_equal(isplit_ledger_clear(l.of[0], &removed, NULL), 0);
    assert_int_equal(entries_of(l.of[0]), 0);
    ledgers_close(&l);
}

/* CPU time of a fold when so many contents stand under one txId. */
static clock_t time_of_fold(int contents)
{
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 1);
    for (int i = 1; i <= contents; i++)
        take_old(l.of[0], "tx", i, 1);
    clock_t start = clock();
    assert_int_equal(isplit_ledger_state(l.of[0], &s), 0);
    clock_t end = clock();
    assert_int_equal(isplit_state_entry_count(s), 1);
    ledgers_close(&l);
    return end - start + 1;
}

/* Eight times as many take eight times as long, not sixty-four times. */
static void many_contents_under_one_tx_do_not_hold_up_the_fold(void **state)
{
    assert_true(time_of_fold(16000) < 24 * time_of_fold(2000));
}

static void an_unsigned_copy_of_a_signed_entry_does_not_count_twice(void **state)
{
    ledgers l;
    char id[65];

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "1", "bob");
    ledgers_last_id(l.of[0], "add", id);
    take_old(l.of[1], id, 100, 1); /* an old peer handed it on without its signature */
    assert_int_equal(entries_of(l.of[1]), 1);
    ledgers_sync(&l, 0, 1);
    assert_int_equal(entries_of(l.of[1]), 1);
    ledgers_sync(&l, 1, 0);
    assert_int_equal(entries_of(l.of[0]), 1);
    ledgers_close(&l);
}

static void events_of_later_versions_are_carried_without_effect(void **state)
{
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 2);
    ledgers_write(&l, 0, "lend", "{\"amount\":5,\"from\":\"bob\",\"to\":\"alice\"}");
    ledgers_write(&l, 0, "add",
                  "{\"amount\":100,\"colour\":\"red\",\"mode\":{\"equal\":[\"a\"]},"
                  "\"paid\":{\"a\":100},\"shares\":{\"a\":100},\"type\":\"expense\"}");
    ledgers_add(&l, 0, "alice", "1", "bob");
    ledgers_sync(&l, 0, 1);
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    assert_int_equal(isplit_state_event_count(s), 3);
    assert_int_equal(isplit_state_entry_count(s), 1);
    ledgers_close(&l);
}

static void waiting_events_are_bounded_and_the_oldest_gives_way(void **state)
{
    ledgers l;
    size_t count = 0;
    isplit_taken taken;
    const isplit_state *s = NULL;

    ledgers_open(&l, 2);
    for (int i = 0; i < ISPLIT__WAITING_MAX + 3; i++)
        ledgers_add(&l, 0, "alice", "1", "bob");
    char **events = ledgers_events(l.of[0], &count);
    for (size_t i = 1; i < count; i++) {
        assert_int_equal(
            isplit_ledger_take(l.of[1], events[i], strlen(events[i]), &taken, NULL), 0);
        assert_int_equal(taken, ISPLIT_TAKEN_WAITS);
    }
    assert_int_equal(
        isplit_ledger_take(l.of[1], events[0], strlen(events[0]), &taken, NULL), 0);
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    assert_int_equal(isplit_state_event_count(s), 1); /* the next two fell out */
    ledgers_sync(&l, 0, 1);
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    assert_int_equal(isplit_state_event_count(s), count);
    ledgers_free_events(events, count);
    ledgers_close(&l);
}

/* All events of one room into another. */
static void move_all(const ledgers *from, ledgers *to)
{
    size_t count = 0;
    isplit_taken taken;
    char **events = ledgers_events(from->of[0], &count);

    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            isplit_ledger_take(to->of[0], events[i], strlen(events[i]), &taken, NULL), 0);
    ledgers_free_events(events, count);
}

/* Section 4.6: one author, three devices that know nothing of each other. */
static void who_signs_two_futures_is_proven_by_two_events(void **state)
{
    ledgers l[3];
    size_t pair[2][2];

    for (size_t i = 0; i < 3; i++) {
        char amount[2] = {(char)('1' + i), 0};
        ledgers_open(&l[i], 1);
        ledgers_add(&l[i], 0, "alice", amount, "bob");
    }
    const char *key = ic_identity_public_key_hex(l[0].identities[0]);
    assert_int_equal(isplit_ledger_fork(l[0].of[0], key, pair[0]), IC_ERR_NOT_FOUND);
    for (size_t i = 0; i < 2; i++) { /* of three the same two, whoever came first */
        move_all(&l[1 - i], &l[2]);
        move_all(&l[2], &l[i]);
        move_all(&l[1 - i], &l[i]);
        assert_int_equal(isplit_ledger_fork(l[i].of[0], key, pair[i]), 0);
        assert_int_not_equal(pair[i][0], pair[i][1]);
    }
    for (size_t k = 0; k < 2; k++) {
        char *one = NULL;
        char *other = NULL;
        assert_int_equal(isplit_ledger_event(l[0].of[0], pair[0][k], &one), 0);
        assert_int_equal(isplit_ledger_event(l[1].of[0], pair[1][k], &other), 0);
        assert_string_equal(one, other);
        assert_non_null(strstr(one, "\"seq\":1,"));
        ic_mem_free(one);
        ic_mem_free(other);
    }
    for (size_t i = 0; i < 3; i++)
        ledgers_close(&l[i]);
}

static void a_time_far_ahead_is_marked_when_it_is_read(void **state)
{
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 1);
    ledgers_add(&l, 0, "alice", "1", "bob");
    assert_int_equal(isplit_ledger_state(l.of[0], &s), 0);
    const isplit_entry *e = isplit_state_entry(s, 0);
    int64_t day = e->at_ms - INT64_C(86400000);
    assert_int_equal(isplit_entry_flags(e, day), ISPLIT_ENTRY_SIGNED);
    assert_int_equal(isplit_entry_flags(e, day - 1),
                     ISPLIT_ENTRY_SIGNED | ISPLIT_ENTRY_AHEAD);
    assert_int_equal(isplit_entry_flags(e, e->at_ms + 5), e->flags);
    ledgers_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clear_covers_more_heads_than_one_event_can_name),
        cmocka_unit_test(a_room_of_unsigned_entries_can_be_cleared_by_anyone),
        cmocka_unit_test(a_large_room_of_unsigned_entries_is_cleared_in_a_moment),
        cmocka_unit_test(an_undone_clear_covers_nothing_and_a_stranger_cannot_undo),
        cmocka_unit_test(one_entry_comes_back_until_the_next_clear),
        cmocka_unit_test(many_contents_under_one_tx_do_not_hold_up_the_fold),
        cmocka_unit_test(an_unsigned_copy_of_a_signed_entry_does_not_count_twice),
        cmocka_unit_test(events_of_later_versions_are_carried_without_effect),
        cmocka_unit_test(waiting_events_are_bounded_and_the_oldest_gives_way),
        cmocka_unit_test(who_signs_two_futures_is_proven_by_two_events),
        cmocka_unit_test(a_time_far_ahead_is_marked_when_it_is_read),
    };
    return cmocka_run_group_tests_name("intersplit/room", tests, NULL, NULL);
}
