#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk.h"
#include "intersplit/book.h"
#include "intersplit/form.h"

static void the_seed_demo_has_its_balances(void **state)
{
    desk *d = *state;
    const isplit_state *s = NULL;
    char *text = NULL;

    desk_open(d);
    desk_add(d, "trip-nyc", "alice", "30", "alice,bob", "dinner");
    assert_int_equal(isplit_book_state(d->book, "trip-nyc", &s), 0);
    assert_int_equal(isplit_form_balance(s, &text), 0);
    assert_string_equal(text, "[expense:trip-nyc] entries=1 total=30.00\n"
                              "- balances:\n"
                              "  alice: +15.00\n"
                              "  bob: -15.00\n"
                              "- settlements:\n"
                              "  bob -> alice: 15.00");
    ic_mem_free(text);
    desk_add(d, "trip-nyc", "bob", "10", "alice,bob", "snacks");
    assert_int_equal(isplit_book_state(d->book, "trip-nyc", &s), 0);
    assert_int_equal(isplit_form_balance(s, &text), 0);
    assert_string_equal(text, "[expense:trip-nyc] entries=2 total=40.00\n"
                              "- balances:\n"
                              "  alice: +10.00\n"
                              "  bob: -10.00\n"
                              "- settlements:\n"
                              "  bob -> alice: 10.00");
    ic_mem_free(text);
}

static void entries_are_there_after_a_restart(void **state)
{
    desk *d = *state;
    uint8_t before[16];
    uint8_t after[16];

    desk_open(d);
    desk_add(d, "trip", "Alice ", "30", "alice,bob", "dinner");
    desk_add(d, "flat", "carol", "12,50", "dan", "");
    isplit_state_fingerprint(desk_state(d, "trip"), before);
    desk_open(d);
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 1);
    assert_int_equal(isplit_state_entry_count(desk_state(d, "flat")), 1);
    isplit_state_fingerprint(desk_state(d, "trip"), after);
    assert_memory_equal(before, after, sizeof before);
}

static void persist_clear_and_restore_bring_the_room_back(void **state)
{
    desk *d = *state;
    size_t count = 0;
    isplit_restored back;
    isplit_reason why;

    desk_open(d);
    desk_add(d, "trip", "alice", "30", "alice,bob", "dinner");
    desk_add(d, "trip", "bob", "10", "alice,bob", "snacks");
    assert_int_equal(isplit_book_persist(d->book, "trip", false, &count, &why), 0);
    assert_int_equal(count, 2);
    assert_int_equal(isplit_book_clear(d->book, "trip", &count, &why), 0);
    assert_int_equal(count, 2);
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 0);
    assert_int_equal(isplit_book_restore(d->book, "trip", false, &back, &why), 0);
    assert_int_equal(back.added, 0);
    assert_int_equal(isplit_book_restore(d->book, "trip", true, &back, &why), 0);
    assert_int_equal(back.added, 2);
    assert_int_equal(back.total, 2);
    assert_int_equal(isplit_state_total_minor(desk_state(d, "trip")), 4000);
    desk_open(d);
    assert_int_equal(isplit_state_total_minor(desk_state(d, "trip")), 4000);
}

static void another_store_gets_the_room_from_the_snapshot(void **state)
{
    desk *d = *state;
    size_t count = 0;
    isplit_restored back;

    desk_open(d);
    desk_add(d, "trip", "alice", "30", "alice,bob", "dinner");
    assert_int_equal(isplit_book_persist(d->book, "trip", false, &count, NULL), 0);
    desk_close(d);
    desk_new_store(d);
    desk_open(d);
    assert_int_equal(isplit_book_restore(d->book, "trip", false, &back, NULL), 0);
    assert_true(back.found);
    assert_int_equal(back.added, 1);
    const isplit_entry *e = isplit_state_entry(desk_state(d, "trip"), 0);
    assert_true(e->flags & ISPLIT_ENTRY_SIGNED);
    assert_string_equal(e->by, ic_identity_address(d->identity));
    assert_string_equal(e->note, "dinner");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_seed_demo_has_its_balances, desk_setup,
                                        desk_teardown),
        cmocka_unit_test_setup_teardown(entries_are_there_after_a_restart, desk_setup,
                                        desk_teardown),
        cmocka_unit_test_setup_teardown(persist_clear_and_restore_bring_the_room_back,
                                        desk_setup, desk_teardown),
        cmocka_unit_test_setup_teardown(another_store_gets_the_room_from_the_snapshot,
                                        desk_setup, desk_teardown),
    };
    return cmocka_run_group_tests_name("intersplit/book", tests, NULL, NULL);
}
