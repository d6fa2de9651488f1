/* docs/spec/16-ledger.md, sections 4.2 to 4.7: one set of events, one state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"
#include "ledgers.h"

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

/* One random deed of one author. */
static void random_deed(ledgers *l, size_t who, uint64_t *seed)
{
    static const char *const names[] = {"alice", "bob", "carol"};
    static const char *const splits[] = {"alice,bob", "bob,carol,alice", "carol"};
    char amount[32];
    char id[65];
    size_t removed = 0;
    const isplit_state *state = NULL;
    uint64_t r = ledgers_random(seed) % 10;

    assert_int_equal(isplit_ledger_state(l->of[who], &state), 0);
    size_t events = isplit_state_event_count(state);
    if (r == 0)
        take_old(l->of[who], ledgers_random(seed) % 2 ? "x" : "y",
                 (int)(ledgers_random(seed) % 3) + 1, 5);
    else if (r < 3 && events && isplit_ledger_clear(l->of[who], &removed, NULL) == 0 &&
             removed)
        return;
    else if (r == 3 && events && isplit_state_entry_count(state) == 0) {
        ledgers_last_id(l->of[who], "clear", id);
        ledgers_unvoid(l, who, id);
    } else {
        (void)snprintf(amount, sizeof amount, "%u.%02u",
                       (unsigned)(ledgers_random(seed) % 90 + 1),
                       (unsigned)(ledgers_random(seed) % 100));
        ledgers_add(l, who, names[ledgers_random(seed) % 3], amount,
                    splits[ledgers_random(seed) % 3]);
    }
}

static char *picture_of_order(char **events, const size_t *order, size_t count)
{
    isplit_ledger *l = NULL;
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_new("trip", NULL, NULL, &l), 0);
    for (size_t i = 0; i < count; i++) {
        isplit_taken taken;
        const char *e = events[order[i]];
        assert_int_equal(isplit_ledger_take(l, e, strlen(e), &taken, NULL), 0);
        if (i % 3 == 0) /* a fold in between must not change the end */
            assert_int_equal(isplit_ledger_state(l, &state), 0);
    }
    assert_int_equal(isplit_ledger_state(l, &state), 0);
    char *picture = ledgers_picture(state);
    isplit_ledger_free(l);
    return picture;
}

static void check_order(char **events, const size_t *order, size_t count,
                        const char *expected, uint64_t seed)
{
    char *picture = picture_of_order(events, order, count);

    if (strcmp(picture, expected) != 0)
        fail_msg("seed %llu: %s\nand not %s", (unsigned long long)seed, picture,
                 expected);
    free(picture);
}

static void shuffle(size_t *order, size_t count, uint64_t *seed)
{
    for (size_t i = count; i > 1; i--) {
        size_t k = ledgers_random(seed) % i;
        size_t swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
}

/* All ways to merge the events of two authors: bit i of `mask` says whose is next. */
static void check_all_merges(char **events, size_t count, const char *expected,
                             uint64_t seed)
{
    size_t order[8];

    assert_int_equal(count, 8);
    for (unsigned mask = 0; mask < 256; mask++) {
        if (__builtin_popcount(mask) != 4)
            continue;
        size_t first = 0;
        size_t second = 4;
        for (size_t i = 0; i < 8; i++)
            order[i] = mask >> i & 1 ? first++ : second++;
        check_order(events, order, count, expected, seed);
    }
}

/* Two authors, four events each, who hear of each other at random moments. */
static char **two_by_four(uint64_t *seed, size_t *count)
{
    ledgers l;
    char **own[2];
    size_t done[2] = {0, 0};
    char **events = calloc(8, sizeof *events);

    assert_non_null(events);
    ledgers_open(&l, 2);
    while (done[0] + done[1] < 8) {
        size_t who = done[0] == 4 ? 1 : done[1] == 4 ? 0 : ledgers_random(seed) % 2;
        if (ledgers_random(seed) % 10 == 0 && done[who]) {
            size_t removed = 0;
            if (isplit_ledger_clear(l.of[who], &removed, NULL) != 0 || !removed)
                continue;
        } else {
            ledgers_add(&l, who, who ? "bob" : "alice", "3.01", "alice,bob,carol");
        }
        size_t after = 0;
        own[who] = ledgers_events(l.of[who], &after);
        events[who * 4 + done[who]++] = own[who][after - 1];
        own[who][after - 1] = NULL;
        ledgers_free_events(own[who], after);
        if (ledgers_random(seed) % 3 == 0)
            ledgers_sync(&l, who, 1 - who);
    }
    ledgers_close(&l);
    *count = 8;
    return events;
}

static void all_merges_of_two_authors_give_one_state(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        size_t order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
        size_t count = 0;
        uint64_t random = seed;
        char **events = two_by_four(&random, &count);
        char *expected = picture_of_order(events, order, count);
        check_all_merges(events, count, expected, seed);
        for (int i = 0; i < 60; i++) {
            shuffle(order, count, &random);
            check_order(events, order, count, expected, seed);
        }
        free(expected);
        ledgers_free_events(events, count);
    }
}

static void any_order_of_random_deeds_gives_one_state(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 108; seed++) {
        ledgers l;
        size_t order[512];
        size_t count = 0;
        uint64_t random = seed;
        ledgers_open(&l, 3);
        for (int i = 0; i < 40; i++) {
            random_deed(&l, ledgers_random(&random) % 3, &random);
            if (ledgers_random(&random) % 2)
                ledgers_sync(&l, ledgers_random(&random) % 3,
                             ledgers_random(&random) % 3);
        }
        ledgers_sync(&l, 1, 0);
        ledgers_sync(&l, 2, 0);
        char **events = ledgers_events(l.of[0], &count);
        for (size_t i = 0; i < count; i++)
            order[i] = i;
        char *expected = picture_of_order(events, order, count);
        for (int i = 0; i < 12; i++) {
            shuffle(order, count, &random);
            check_order(events, order, count, expected, seed);
        }
        free(expected);
        ledgers_free_events(events, count);
        ledgers_close(&l);
    }
}

/* Take every event into a bare room; after each, fold from the start and compare. */
static void adding_to_a_state_is_folding_it_anew(void **state)
{
    (void)state;
    for (uint64_t seed = 200; seed < 206; seed++) {
        ledgers l;
        size_t count = 0;
        uint64_t random = seed;
        isplit__room *room = NULL;
        ledgers_open(&l, 1);
        for (int i = 0; i < 60; i++)
            random_deed(&l, 0, &random);
        char **events = ledgers_events(l.of[0], &count);
        assert_int_equal(isplit__room_new("trip", "trac", &room), 0);
        for (size_t i = 0; i < count; i++) {
            isplit__item item;
            isplit_taken taken;
            const isplit_state *s = NULL;
            assert_int_equal(isplit__item_read(events[i], strlen(events[i]),
                                               &room->context, &item, NULL),
                             0);
            assert_int_equal(isplit__room_take(room, &item, &taken), 0);
            assert_int_equal(isplit__room_state(room, &s), 0);
            char *grown = ledgers_picture(s);
            room->stale = true;
            assert_int_equal(isplit__room_state(room, &s), 0);
            char *anew = ledgers_picture(s);
            assert_string_equal(grown, anew);
            free(grown);
            free(anew);
        }
        isplit__room_free(room);
        ledgers_free_events(events, count);
        ledgers_close(&l);
    }
}

static size_t entries_of(isplit_ledger *l)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l, &state), 0);
    return isplit_state_entry_count(state);
}

static void a_clear_covers_its_past_and_nothing_else(void **state)
{
    ledgers l;
    size_t removed = 0;

    (void)state;
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

/* One event builds on 16 others at most (section 4.3). */
static void a_clear_covers_more_heads_than_one_event_can_name(void **state)
{
    ledgers l;
    size_t removed = 0;

    (void)state;
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

static void a_covered_entry_does_not_come_back_by_delivery(void **state)
{
    ledgers l;
    size_t removed = 0;

    (void)state;
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

static void only_who_has_an_entry_there_clears(void **state)
{
    ledgers l;
    size_t removed = 7;
    isplit_reason why;

    (void)state;
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

static void a_room_of_unsigned_entries_can_be_cleared_by_anyone(void **state)
{
    ledgers l;
    size_t removed = 0;
    char tx[16];

    (void)state;
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
    (void)state;
    assert_true(time_of_clear(8000) < 24 * time_of_clear(1000));
}

static void an_undone_clear_covers_nothing_and_a_stranger_cannot_undo(void **state)
{
    ledgers l;
    size_t removed = 0;
    char clear[65];

    (void)state;
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

    (void)state;
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

static void of_two_contents_under_one_tx_the_smaller_hash_counts(void **state)
{
    ledgers l;
    const isplit_state *s[2];

    (void)state;
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
    (void)state;
    assert_true(time_of_fold(16000) < 24 * time_of_fold(2000));
}

static void an_unsigned_copy_of_a_signed_entry_does_not_count_twice(void **state)
{
    ledgers l;
    char id[65];

    (void)state;
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

    (void)state;
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

    (void)state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_merges_of_two_authors_give_one_state),
        cmocka_unit_test(any_order_of_random_deeds_gives_one_state),
        cmocka_unit_test(adding_to_a_state_is_folding_it_anew),
        cmocka_unit_test(a_clear_covers_its_past_and_nothing_else),
        cmocka_unit_test(a_clear_covers_more_heads_than_one_event_can_name),
        cmocka_unit_test(a_covered_entry_does_not_come_back_by_delivery),
        cmocka_unit_test(only_who_has_an_entry_there_clears),
        cmocka_unit_test(a_room_of_unsigned_entries_can_be_cleared_by_anyone),
        cmocka_unit_test(a_large_room_of_unsigned_entries_is_cleared_in_a_moment),
        cmocka_unit_test(an_undone_clear_covers_nothing_and_a_stranger_cannot_undo),
        cmocka_unit_test(one_entry_comes_back_until_the_next_clear),
        cmocka_unit_test(of_two_contents_under_one_tx_the_smaller_hash_counts),
        cmocka_unit_test(many_contents_under_one_tx_do_not_hold_up_the_fold),
        cmocka_unit_test(an_unsigned_copy_of_a_signed_entry_does_not_count_twice),
        cmocka_unit_test(events_of_later_versions_are_carried_without_effect),
        cmocka_unit_test(waiting_events_are_bounded_and_the_oldest_gives_way),
    };
    return cmocka_run_group_tests_name("intersplit/room", tests, NULL, NULL);
}
