/* docs/spec/16-ledger.md, sections 0 and 4.5: what a program calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "book/book.h"
#include "desk.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intersplit/book.h"
#include "intersplit/form.h"
#include "unit.h"

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

static int collect_room(const char *room, void *user)
{
    char *all = user;

    assert_true(strlen(all) + strlen(room) < 64);
    (void)strcat(strcat(all, room), ";");
    return strcmp(room, "stop") == 0 ? IC_ERR_CANCELED : 0;
}

static void rooms_are_told_by_name_until_the_listener_stops(void **state)
{
    desk *d = *state;
    char all[64] = "";

    desk_open(d);
    assert_int_equal(isplit_book_each_room(d->book, collect_room, all), 0);
    assert_string_equal(all, "");
    desk_add(d, "trip", "alice", "30", "alice,bob", "");
    desk_add(d, "flat", "alice", "30", "alice,bob", "");
    assert_int_equal(isplit_book_each_room(d->book, collect_room, all), 0);
    assert_string_equal(all, "flat;trip;");
    desk_add(d, "stop", "alice", "30", "alice,bob", "");
    all[0] = 0;
    assert_int_equal(isplit_book_each_room(d->book, collect_room, all), IC_ERR_CANCELED);
    assert_string_equal(all, "flat;stop;");
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

/* Adding must fail with this error at this field; the room stays as it is. */
static void refused(desk *d, const isplit_draft *add, int error, isplit_field field,
                    const char *says)
{
    isplit_field wrong = ISPLIT_FIELD_NONE;
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};

    assert_int_equal(isplit_book_add(d->book, "trip", add, &entry, &wrong, &why), error);
    assert_int_equal(wrong, field);
    assert_null(entry);
    if (!strstr(why.text, says))
        fail_msg("\"%s\" does not say \"%s\"", why.text, says);
    assert_int_equal(isplit_state_event_count(desk_state(d, "trip")), 0);
}

static void a_refusal_names_the_field_and_the_reason(void **state)
{
    static const isplit_part bob[] = {{"bob", NULL}};
    static const isplit_part bad[] = {{"a:b", NULL}};
    char note[1002];
    isplit_part many[65];
    char names[65][8];
    desk *d = *state;

    memset(note, 'n', sizeof note - 1);
    note[sizeof note - 1] = 0;
    for (size_t i = 0; i < 65; i++) {
        (void)snprintf(names[i], sizeof names[i], "m%zu", i);
        many[i] = (isplit_part){names[i], NULL};
    }
    desk_open(d);
    isplit_draft add = {.payer = "", .amount = "1", .parts = bob, .part_count = 1};
    refused(d, &add, IC_ERR_INVALID, ISPLIT_FIELD_PAYER, "missing");
    add.payer = "m0";
    add.amount = "1,234";
    refused(d, &add, IC_ERR_INVALID, ISPLIT_FIELD_AMOUNT, "1234.00 or 1.23");
    add.amount = "1";
    add.parts = bad;
    refused(d, &add, IC_ERR_INVALID, ISPLIT_FIELD_SPLIT, "':'");
    add.parts = many;
    add.part_count = 65;
    refused(d, &add, IC_ERR_INVALID, ISPLIT_FIELD_SPLIT, "at most 64");
    add.part_count = 1;
    add.note = note;
    refused(d, &add, IC_ERR_INVALID, ISPLIT_FIELD_NOTE, "1000 bytes");
    add.note = "\xff";
    refused(d, &add, IC_ERR_INVALID, ISPLIT_FIELD_NOTE, "UTF-8");
    add.note = NULL;
    add.only = true;
    add.part_count = 0;
    refused(d, &add, IC_ERR_INVALID, ISPLIT_FIELD_SPLIT, "name the members");
}

static void a_rooms_name_has_limits(void **state)
{
    static const char *const bad[] = {"", "a\nb", "\xff"};
    char longest[258];
    desk *d = *state;
    const isplit_state *s = NULL;
    const isplit_entry *entry = NULL;
    isplit_draft add = {.payer = "alice", .amount = "1"};
    isplit_field wrong = ISPLIT_FIELD_NONE;

    desk_open(d);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(isplit_book_add(d->book, bad[i], &add, &entry, &wrong, NULL),
                         IC_ERR_INVALID);
        assert_int_equal(wrong, ISPLIT_FIELD_ROOM);
        assert_int_equal(isplit_book_state(d->book, bad[i], &s), IC_ERR_INVALID);
    }
    memset(longest, 'r', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(isplit_book_state(d->book, longest, &s), IC_ERR_INVALID);
    assert_int_equal(isplit_book_state(d->book, longest + 1, &s), 0);
}

static void names_of_rooms_alone_take_no_memory(void **state)
{
    char name[32];
    desk *d = *state;
    const isplit_entry *entry = NULL;
    isplit_draft bad = {.payer = "alice", .amount = "zero"};

    desk_open(d);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "room%d", i);
        assert_int_equal(isplit_state_entry_count(desk_state(d, name)), 0);
        assert_string_equal(isplit_state_room(desk_state(d, name)), name);
        assert_int_equal(isplit_book_add(d->book, name, &bad, &entry, NULL, NULL),
                         IC_ERR_INVALID);
    }
    assert_null(d->book->places);
}

static const char *split_of(const isplit_entry *e, char out[256])
{
    out[0] = 0;
    for (size_t i = 0; i < e->share_count; i++) {
        strcat(out, i ? "," : "");
        strcat(out, e->shares[i].name);
    }
    return out;
}

static void who_shares_follows_the_original_and_only(void **state)
{
    static const isplit_part bob[] = {{"bob", NULL}};
    char out[256];
    desk *d = *state;
    const isplit_entry *entry = NULL;
    isplit_draft only = {
        .payer = "alice", .amount = "30", .parts = bob, .part_count = 1, .only = true};

    desk_open(d);
    assert_string_equal(split_of(desk_add(d, "trip", "carol", "1", "", ""), out),
                        "carol");
    assert_string_equal(
        split_of(desk_add(d, "trip", "alice", "1", "Bob,bob ,carol", ""), out),
        "alice,bob,carol");
    assert_string_equal(split_of(desk_add(d, "trip", "bob", "1", "carol,bob", ""), out),
                        "carol,bob");
    assert_string_equal(split_of(desk_add(d, "trip", "dan", "1", "", ""), out),
                        "dan,alice,bob,carol");
    assert_int_equal(isplit_book_add(d->book, "trip", &only, &entry, NULL, NULL), 0);
    assert_string_equal(split_of(entry, out), "bob");
}

static void note_change(const isplit_change *change, void *user)
{
    char *log = user;

    (void)snprintf(log + strlen(log), 200 - strlen(log), "%d:%s:%lld ", change->kind,
                   change->room,
                   change->entry ? (long long)change->entry->amount_minor : -1);
}

static void changes_are_told_once_and_failures_not_at_all(void **state)
{
    char log[200] = "";
    desk *d = *state;
    size_t count = 0;
    isplit_restored r;
    const isplit_entry *entry = NULL;
    isplit_draft bad = {.payer = "alice", .amount = "-1"};

    desk_open(d);
    isplit_book_on_change(d->book, note_change, log);
    desk_add(d, "trip", "alice", "3", "bob", "");
    assert_int_equal(isplit_book_add(d->book, "trip", &bad, &entry, NULL, NULL),
                     IC_ERR_INVALID);
    assert_int_equal(isplit_book_persist(d->book, "trip", false, &count, NULL), 0);
    assert_int_equal(isplit_book_clear(d->book, "trip", &count, NULL), 0);
    assert_int_equal(isplit_book_restore(d->book, "trip", true, &r, NULL), 0);
    assert_string_equal(log, "1:trip:300 2:trip:-1 3:trip:-1 ");
    assert_int_equal(isplit_book_restore(d->book, "trip", true, &r, NULL), 0);
    assert_string_equal(log, "1:trip:300 2:trip:-1 3:trip:-1 "); /* nothing new in it */
    assert_int_equal(isplit_book_clear(d->book, "trip", &count, NULL), 0);
    assert_int_equal(isplit_book_clear(d->book, "trip", &count, NULL), 0);
    assert_string_equal(log, "1:trip:300 2:trip:-1 3:trip:-1 2:trip:-1 ");
}

static void a_key_writes_5000_events_to_a_room(void **state)
{
    desk *d = *state;
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};
    isplit_draft add = {.payer = "alice", .amount = "1"};

    (void)snprintf(d->store, sizeof d->store, ":memory:");
    desk_open(d);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(isplit_book_add(d->book, "trip", &add, &entry, NULL, &why), 0);
    assert_int_equal(isplit_book_add(d->book, "trip", &add, &entry, NULL, &why),
                     IC_ERR_LIMIT);
    assert_non_null(strstr(why.text, "5000"));
    assert_int_equal(isplit_state_entry_count(desk_state(d, "trip")), 5000);
    desk_add(d, "another", "alice", "1", "", "");
}

static void options_of_other_versions_are_read_or_refused(void **state)
{
    struct {
        isplit_book_options known;
        uint64_t later;
    } o;
    desk *d = *state;

    isplit_book_options_init(&o.known, sizeof o);
    assert_int_equal(o.known.struct_size, sizeof o);
    assert_int_equal(isplit_book_open(&o.known, &d->book, NULL), IC_ERR_INVALID);
    o.known.path = ":memory:";
    o.known.identity = d->identity;
    assert_int_equal(isplit_book_open(&o.known, &d->book, NULL), 0);
    desk_close(d);
    o.later = 1;
    assert_int_equal(isplit_book_open(&o.known, &d->book, NULL), IC_ERR_UNSUPPORTED);
    isplit_book_options_init(&o.known, offsetof(isplit_book_options, max_snapshot_bytes));
    o.known.path = ":memory:";
    o.known.identity = d->identity;
    assert_int_equal(isplit_book_open(&o.known, &d->book, NULL), 0);
}

/* A program that asks twice still holds what it was told first. */
static void an_empty_room_stays_where_it_is(void **state)
{
    desk *d = *state;
    const isplit_state *first;
    const isplit_state *again;

    desk_open(d);
    assert_int_equal(isplit_book_state(d->book, "nobody-was-here", &first), 0);
    assert_int_equal(isplit_book_state(d->book, "nobody-was-here", &again), 0);
    assert_ptr_equal(first, again);
    assert_string_equal(isplit_state_room(first), "nobody-was-here");
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

static void prove_once(void *arg)
{
    desk *d = arg;
    char *pair[2] = {NULL, NULL};

    int err = isplit_book_fork(d->book, "trip", ic_identity_public_key_hex(d->identity),
                               &pair[0], &pair[1]);
    assert_true(err == IC_ERR_NOMEM ? !pair[0] && !pair[1] : !err);
    ic_mem_free(pair[0]);
    ic_mem_free(pair[1]);
}

/* Section 4.6. What a second device wrote comes in by the snapshot. */
static void a_fork_is_proven_from_the_store(void **state)
{
    desk *d = *state;
    size_t count = 0;
    char *pair[2] = {NULL, NULL};
    isplit_restored restored;

    desk_open(d);
    const char *key = ic_identity_public_key_hex(d->identity);
    (void)desk_add(d, "trip", "alice", "1", "bob", "");
    assert_int_equal(isplit_book_persist(d->book, "trip", false, &count, NULL), 0);
    assert_int_equal(isplit_book_fork(d->book, "trip", key, &pair[0], &pair[1]),
                     IC_ERR_NOT_FOUND);
    desk_new_store(d);
    desk_open(d);
    (void)desk_add(d, "trip", "alice", "2", "bob", "");
    assert_int_equal(isplit_book_restore(d->book, "trip", false, &restored, NULL), 0);
    assert_true(isplit_state_entry(desk_state(d, "trip"), 0)->flags &
                ISPLIT_ENTRY_FORKED);
    assert_int_equal(isplit_book_fork(d->book, "trip", key, &pair[0], &pair[1]), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_non_null(strstr(pair[i], "\"seq\":1,"));
        assert_non_null(strstr(pair[i], "\"sig\":"));
    }
    assert_string_not_equal(pair[0], pair[1]);
    ic_mem_free(pair[0]);
    ic_mem_free(pair[1]);
    fail_alloc_each(prove_once, d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(an_empty_room_stays_where_it_is),
        WITH_DESK(the_seed_demo_has_its_balances),
        WITH_DESK(entries_are_there_after_a_restart),
        WITH_DESK(rooms_are_told_by_name_until_the_listener_stops),
        WITH_DESK(persist_clear_and_restore_bring_the_room_back),
        WITH_DESK(another_store_gets_the_room_from_the_snapshot),
        WITH_DESK(a_refusal_names_the_field_and_the_reason),
        WITH_DESK(a_rooms_name_has_limits),
        WITH_DESK(names_of_rooms_alone_take_no_memory),
        WITH_DESK(who_shares_follows_the_original_and_only),
        WITH_DESK(changes_are_told_once_and_failures_not_at_all),
        WITH_DESK(a_key_writes_5000_events_to_a_room),
        WITH_DESK(options_of_other_versions_are_read_or_refused),
        WITH_DESK(a_fork_is_proven_from_the_store),
    };
    return cmocka_run_group_tests_name("intersplit/book", tests, NULL, NULL);
}
