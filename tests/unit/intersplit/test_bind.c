/* docs/spec/16-ledger.md, sections 4.4 and 4.5: books of several peers become one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bind_world.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define SEC UINT64_C(1000000000)

static void same_pictures(const bind_world *w)
{
    char *first = bind_world_picture(w, 0);

    for (size_t i = 1; i < w->count; i++) {
        char *other = bind_world_picture(w, i);
        assert_string_equal(first, other);
        free(other);
    }
    free(first);
}

static size_t entries_of(const bind_world *w, size_t end)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_book_state(w->ends[end].book, BIND_WORLD_ROOM, &state), 0);
    return isplit_state_entry_count(state);
}

/* 4.4: an entry is told to everybody at once. */
static void an_entry_reaches_all_others_at_once(void **state)
{
    (void)state;
    bind_world w;
    bind_world_open(&w, 3, 1, NULL);
    bind_world_run(&w, w.now + 5 * SEC);
    assert_int_equal(bind_world_add(&w, 0, "alice", "30", "alice,bob"), 0);
    bind_world_run(&w, w.now + SEC / 10);
    assert_int_equal(entries_of(&w, 1), 1);
    assert_int_equal(entries_of(&w, 2), 1);
    same_pictures(&w);
    bind_world_close(&w);
}

/* 4.5: a clear covers what its author had seen, and nothing else. */
static void a_clear_reaches_all_and_spares_what_it_had_not_seen(void **state)
{
    (void)state;
    bind_world w;
    size_t removed = 0;
    bind_world_open(&w, 3, 2, NULL);
    assert_int_equal(bind_world_add(&w, 0, "alice", "30", "alice,bob"), 0);
    bind_world_run(&w, w.now + 5 * SEC);
    w.ends[2].group = 1;
    assert_int_equal(bind_world_add(&w, 2, "carol", "10", "carol,bob"), 0);
    assert_int_equal(isplit_book_clear(w.ends[0].book, BIND_WORLD_ROOM, &removed, NULL),
                     0);
    assert_int_equal(removed, 1);
    bind_world_run(&w, w.now + 5 * SEC);
    w.ends[2].group = 0;
    assert_true(bind_world_converge(&w, w.now + 200 * SEC));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(entries_of(&w, i), 1);
    same_pictures(&w);
    bind_world_close(&w);
}

/* Defect 4 of the original: who comes late gets everything. */
static void who_comes_late_gets_everything(void **state)
{
    (void)state;
    bind_world w;
    bind_world_open(&w, 2, 3, NULL);
    w.ends[1].off = true;
    for (int i = 0; i < 700; i++)
        assert_int_equal(bind_world_add(&w, 0, "alice", "3.01", "alice,bob,carol"), 0);
    bind_world_run(&w, w.now + 60 * SEC);
    w.ends[1].off = false;
    bind_world_restart(&w, 1);
    assert_true(bind_world_converge(&w, w.now + 60 * SEC));
    assert_int_equal(entries_of(&w, 1), 700);
    same_pictures(&w);
    assert_int_equal(bind_world_strikes(&w), 0);
    bind_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_reaches_all_others_at_once),
        cmocka_unit_test(a_clear_reaches_all_and_spares_what_it_had_not_seen),
        cmocka_unit_test(who_comes_late_gets_everything),
    };

    return cmocka_run_group_tests_name("intersplit/bind", tests, NULL, NULL);
}
