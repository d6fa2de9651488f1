/* docs/spec/16-ledger.md, section 4.4: rounds, bytes and time of large differences,
 * inside the limits of the carrier (docs/spec/12-sidechannel.md, section 8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind_world.h"
#include "intercom/error.h"
#include "unit.h"

#define SEC UINT64_C(1000000000)
#define MANY 10000
#define WRITERS 3 /* one key writes 5 000 events to a room at most */

/* What passed between two looks. */
typedef struct traffic {
    size_t bytes;
    size_t messages; /* that compare or fetch; two make a round */
} traffic;

static bind_world world;

static void count(bind_world *w, size_t from, const isplit_bind_message *m, void *user)
{
    traffic *t = user;

    t->bytes += m->len + BIND_WORLD_ENVELOPE;
    t->messages += !strstr(m->json, "\"expense_hello\"");
}

static void add_many(bind_world *w, size_t end, size_t entries)
{
    char note[32];
    static const isplit_part split[] = {{"alice", NULL}, {"bob", NULL}, {"carol", NULL}};
    static const char *const notes[] = {"groceries", "taxi", "dinner at the harbour",
                                        "museum"};

    for (size_t i = 0; i < entries; i++) {
        char amount[32];
        const isplit_entry *entry = NULL;
        isplit_draft add = {.payer = split[i % 3].name,
                            .amount = amount,
                            .parts = split,
                            .part_count = 2 + i % 2,
                            .note = note};
        (void)snprintf(note, sizeof note, "%s %zu", notes[i % 4], i);
        (void)snprintf(amount, sizeof amount, "%zu.%02zu", 1 + i * 7 % 90, i * 31 % 100);
        w->now += SEC / 100;
        assert_int_equal(
            isplit_book_add(w->ends[end].book, BIND_WORLD_ROOM, &add, &entry, NULL, NULL),
            0);
    }
}

/* Ends 0 and 1 with the same 10 000 entries; 2 wrote some of them and is gone, 3 is not
 * there yet. */
static int setup(void **state)
{
    bind_world_open(&world, 4, 7, NULL);
    world.ends[3].off = true;
    for (size_t i = 0; i < WRITERS; i++)
        add_many(&world, i, MANY / WRITERS + (i < MANY % WRITERS));
    assert_true(bind_world_converge(&world, world.now + 600 * SEC));
    world.ends[2].off = true;
    bind_world_run(&world, world.now + 100 * SEC);
    return 0;
}

static int teardown(void **state)
{
    bind_world_close(&world);
    return 0;
}

/* From two neighbours, each within its rate: 64 000 bytes a second, 256 000 at once. */
static void a_late_joiner_has_10000_entries_within_10_seconds(void **state)
{
    isplit_bind_stats stats;
    world.ends[3].off = false;
    bind_world_restart(&world, 3);
    uint64_t start = world.now;
    assert_true(bind_world_converge(&world, world.now + 10 * SEC));
    print_message("10 000 entries in %llu ms\n",
                  (unsigned long long)(world.now - start) / 1000000);
    isplit_bind_get_stats(world.ends[3].bind, &stats, sizeof stats);
    assert_int_equal(stats.new_events, MANY);
    assert_int_equal(stats.rounds, 1);
    assert_int_equal(bind_world_strikes(&world), 0);
}

static void ten_missing_of_10000_take_four_rounds_and_64_kb(void **state)
{
    traffic t = {0};
    world.ends[3].off = true;
    world.ends[1].group = 1;
    add_many(&world, 0, 10);
    bind_world_run(&world, world.now + 100 * SEC);
    world.look = count;
    world.user = &t;
    world.ends[1].group = 0;
    assert_true(bind_world_converge(&world, world.now + 600 * SEC));
    print_message("10 of 10 000: %zu messages, %zu bytes\n", t.messages, t.bytes);
    assert_true(t.messages <= 8);
    assert_true(t.bytes <= 65536);
    assert_int_equal(bind_world_strikes(&world), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_joiner_has_10000_entries_within_10_seconds),
        cmocka_unit_test(ten_missing_of_10000_take_four_rounds_and_64_kb),
    };

    return cmocka_run_group_tests_name("intersplit/bind_load", tests, setup, teardown);
}
