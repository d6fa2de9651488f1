/* docs/spec/16-ledger.md, sections 4.4 and 4.5: books of several peers become one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bind_world.h"
#include "fail_alloc.h"
#include "fault_vfs.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "temp_folder.h"
#include "unit.h"

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

/* 4.4: what goes out, in the order in which it went. */
typedef struct record {
    char *text[32];
    size_t count;
} record;

static void keep(bind_world *w, size_t from, const isplit_bind_message *m, void *user)
{
    record *r = user;

    if (from == 0 && !m->to && !strstr(m->json, "expense_hello") && r->count < 32)
        r->text[r->count++] = strdup(m->json);
}

static void forget(record *r)
{
    while (r->count)
        free(r->text[--r->count]);
}

/* An equal entry is said in the original's words, with ours beside them. */
static void an_entry_goes_out_in_the_words_of_the_original(void **state)
{
    bind_world w;
    record r = {.count = 0};
    bind_world_open(&w, 2, 4, NULL);
    w.look = keep;
    w.user = &r;
    assert_int_equal(bind_world_add(&w, 0, "Alice", "10", "bob,carol"), 0);
    bind_world_run(&w, w.now + SEC);
    assert_int_equal(r.count, 1);
    json_t *m = json_loads(r.text[0], 0, NULL);
    const json_t *e = json_object_get(m, "event");
    assert_string_equal(json_string_value(json_object_get(m, "app")), "expense_split_v1");
    assert_string_equal(json_string_value(json_object_get(m, "type")), "expense_add");
    assert_string_equal(json_string_value(json_object_get(e, "payer")), "alice");
    assert_int_equal(json_integer_value(json_object_get(e, "amountCents")), 1000);
    const json_t *split = json_object_get(e, "split");
    assert_int_equal(json_array_size(split), 3);
    assert_string_equal(json_string_value(json_array_get(split, 0)), "alice");
    assert_string_equal(json_string_value(json_array_get(split, 2)), "carol");
    assert_int_equal(json_string_length(json_object_get(e, "txId")), 64);
    assert_true(json_is_integer(json_object_get(e, "ts")));
    assert_string_equal(json_string_value(json_object_get(e, "by")),
                        ic_identity_address(w.ends[0].identity));
    assert_int_equal(json_object_size(json_object_get(e, "x")), 11);
    json_decref(m);
    forget(&r);
    bind_world_close(&w);
}

/* The original wipes its room on "expense_clear"; ours reads the event. */
static void a_clear_goes_out_in_the_words_of_the_original(void **state)
{
    bind_world w;
    size_t removed = 0;
    record r = {.count = 0};
    bind_world_open(&w, 2, 5, NULL);
    assert_int_equal(bind_world_add(&w, 0, "alice", "10", "bob"), 0);
    bind_world_run(&w, w.now + SEC);
    w.look = keep;
    w.user = &r;
    assert_int_equal(isplit_book_clear(w.ends[0].book, BIND_WORLD_ROOM, &removed, NULL),
                     0);
    bind_world_run(&w, w.now + SEC);
    assert_int_equal(r.count, 1);
    json_t *m = json_loads(r.text[0], 0, NULL);
    assert_string_equal(json_string_value(json_object_get(m, "type")), "expense_clear");
    assert_true(json_is_integer(json_object_get(m, "ts")));
    assert_string_equal(json_string_value(json_object_get(m, "by")),
                        ic_identity_address(w.ends[0].identity));
    assert_non_null(json_object_get(json_object_get(m, "event"), "sig"));
    json_decref(m);
    assert_int_equal(entries_of(&w, 1), 0);
    forget(&r);
    bind_world_close(&w);
}

#define OLD                                                                              \
    "{\"app\":\"expense_split_v1\",\"type\":\"expense_add\",\"event\":{\"txId\":"        \
    "\"old-1\",\"payer\":\"Dave \",\"amountCents\":1000,\"split\":[\"dave\",\"al\","     \
    "\"bo\"],\"note\":\"\",\"ts\":1,\"by\":\"trac1old\"}}"
#define OLD_CLEAR "{\"app\":\"expense_split_v1\",\"type\":\"expense_clear\",\"ts\":1}"

/* 4.4: an entry without signature counts, and reaches who was not there. */
static void an_entry_of_the_original_reaches_who_comes_late(void **state)
{
    bind_world w;
    bind_world_open(&w, 3, 6, NULL);
    w.ends[2].off = true;
    assert_int_equal(isplit_bind_recv(w.ends[0].bind, BIND_WORLD_ROOM,
                                      ic_identity_public_key(w.ends[1].identity), OLD,
                                      sizeof OLD - 1, w.now),
                     0);
    assert_int_equal(entries_of(&w, 0), 1);
    w.ends[2].off = false;
    assert_true(bind_world_converge(&w, w.now + 100 * SEC));
    assert_int_equal(entries_of(&w, 2), 1);
    same_pictures(&w);
    bind_world_close(&w);
}

/* 4.4: "shown as a request and does nothing by itself". */
static void a_clear_of_the_original_is_only_a_wish(void **state)
{
    bind_world w;
    bind_world_open(&w, 2, 7, NULL);
    assert_int_equal(bind_world_add(&w, 0, "alice", "10", "bob"), 0);
    assert_int_equal(isplit_bind_recv(w.ends[0].bind, BIND_WORLD_ROOM,
                                      ic_identity_public_key(w.ends[1].identity),
                                      OLD_CLEAR, sizeof OLD_CLEAR - 1, w.now),
                     0);
    assert_int_equal(w.ends[0].clear_wishes, 1);
    assert_int_equal(entries_of(&w, 0), 1);
    bind_world_close(&w);
}

static void what_is_no_message_of_a_ledger_is_handed_back(void **state)
{
    static const char *const texts[] = {"\"hello\"",
                                        "{\"app\":\"other\"}",
                                        "",
                                        "{",
                                        "{\"app\":\"expense_split_v2\"}",
                                        "{\"text\":\"expense_split_v1\"}"};
    bind_world w;
    bind_world_open(&w, 2, 8, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(isplit_bind_recv(w.ends[0].bind, BIND_WORLD_ROOM,
                                          ic_identity_public_key(w.ends[1].identity),
                                          texts[i], strlen(texts[i]), w.now),
                         IC_ERR_NOT_FOUND);
    bind_world_close(&w);
}

typedef struct told {
    unsigned added;
    unsigned cleared;
    unsigned restored;
} told;

static void on_change(const isplit_change *change, void *user)
{
    told *t = user;

    t->added += change->kind == ISPLIT_CHANGE_ADDED && change->entry;
    t->cleared += change->kind == ISPLIT_CHANGE_CLEARED;
    t->restored += change->kind == ISPLIT_CHANGE_RESTORED;
}

static void what_comes_in_is_told_like_what_is_typed(void **state)
{
    bind_world w;
    told t = {0};
    size_t removed = 0;
    bind_world_open(&w, 2, 9, NULL);
    isplit_book_on_change(w.ends[1].book, on_change, &t);
    assert_int_equal(bind_world_add(&w, 0, "alice", "10", "bob"), 0);
    bind_world_run(&w, w.now + SEC);
    assert_int_equal(t.added, 1);
    assert_int_equal(isplit_book_clear(w.ends[0].book, BIND_WORLD_ROOM, &removed, NULL),
                     0);
    bind_world_run(&w, w.now + SEC);
    assert_int_equal(t.cleared, 1);
    assert_int_equal(t.restored, 0);
    bind_world_close(&w);
}

static void the_room_tells_how_many_peers_have_the_same_ledger(void **state)
{
    bind_world w;
    isplit_bind_room room;
    bind_world_open(&w, 3, 10, NULL);
    w.ends[2].group = 1;
    bind_world_run(&w, w.now + 5 * SEC);
    isplit_bind_get_room(w.ends[0].bind, BIND_WORLD_ROOM, w.now, &room, sizeof room);
    assert_int_equal(room.peer_count, 1);
    assert_int_equal(room.same_count, 1);
    assert_int_equal(room.to_come, 0);
    assert_int_equal(bind_world_add(&w, 0, "alice", "10", "bob"), 0);
    isplit_bind_get_room(w.ends[0].bind, BIND_WORLD_ROOM, w.now, &room, sizeof room);
    assert_int_equal(room.same_count, 0);
    isplit_bind_get_room(w.ends[0].bind, "elsewhere", w.now, &room, sizeof room);
    assert_int_equal(room.peer_count, 0);
    bind_world_close(&w);
}

static isplit_bind_room room_at(const bind_world *w, size_t end)
{
    isplit_bind_room room;
    isplit_bind_get_room(w->ends[end].bind, BIND_WORLD_ROOM, w->now, &room, sizeof room);
    return room;
}

/* 4.4: who hears that another has what it has says so too, soon after each change. */
static void all_learn_soon_that_all_have_what_one_added(void **state)
{
    bind_world w;
    bind_world_open(&w, 6, 13, NULL);
    bind_world_run(&w, w.now + 600 * SEC);
    assert_int_equal(bind_world_add(&w, 0, "alice", "10", "bob"), 0);
    bind_world_run(&w, w.now + 8 * SEC);
    for (size_t i = 0; i < w.count; i++) {
        assert_int_equal(room_at(&w, i).peer_count, 5);
        assert_int_equal(room_at(&w, i).same_count, 5);
    }
    uint64_t said = w.ends[1].sent_messages;
    bind_world_run(&w, w.now + 20 * SEC);
    assert_int_equal(w.ends[1].sent_messages, said);
    bind_world_close(&w);
}

/* 4.4: silence needs eight others, not eight hellos of a few. */
static void in_a_small_room_nobody_falls_silent(void **state)
{
    bind_world w;
    bind_world_open(&w, 6, 15, NULL);
    bind_world_run(&w, w.now + 60 * SEC);
    for (unsigned i = 0; i < 200; i++) {
        bind_world_run(&w, w.now + 600 * SEC);
        for (size_t k = 0; k < w.count; k++)
            assert_int_equal(room_at(&w, k).peer_count, 5);
    }
    bind_world_close(&w);
}

static void who_was_lost_is_not_counted_until_it_says_hello(void **state)
{
    bind_world w;
    bind_world_open(&w, 3, 14, NULL);
    bind_world_run(&w, w.now + 10 * SEC);
    w.ends[2].off = true;
    isplit_bind_lost(w.ends[0].bind, ic_identity_public_key(w.ends[2].identity));
    assert_int_equal(room_at(&w, 0).peer_count, 1);
    assert_int_equal(room_at(&w, 1).peer_count, 2);
    bind_world_run(&w, w.now + 3600 * SEC); /* silence tells, too */
    assert_int_equal(room_at(&w, 1).peer_count, 1);
    w.ends[2].off = false;
    bind_world_restart(&w, 2);
    bind_world_run(&w, w.now + 10 * SEC);
    for (size_t i = 0; i < w.count; i++)
        assert_int_equal(room_at(&w, i).same_count, 2);
    bind_world_close(&w);
}

static void nothing_is_said_in_a_room_that_was_left(void **state)
{
    bind_world w;
    isplit_bind_message m;
    bind_world_open(&w, 2, 12, NULL);
    bind_world_run(&w, w.now + 5 * SEC);
    assert_int_equal(bind_world_add(&w, 0, "alice", "10", "bob"), 0);
    isplit_bind_leave(w.ends[0].bind, BIND_WORLD_ROOM);
    isplit_bind_leave(w.ends[0].bind, BIND_WORLD_ROOM);
    assert_false(isplit_bind_pull(w.ends[0].bind, w.now + 100 * SEC, &m));
    assert_true(isplit_bind_deadline(w.ends[0].bind) == ISPLIT_BIND_NEVER);
    assert_int_equal(isplit_bind_join(w.ends[0].bind, BIND_WORLD_ROOM, w.now), 0);
    assert_true(bind_world_converge(&w, w.now + 100 * SEC));
    assert_int_equal(entries_of(&w, 1), 1);
    bind_world_close(&w);
}

static void options_are_checked(void **state)
{
    bind_world w;
    isplit_bind *bind = NULL;
    isplit_bind_options o;
    struct {
        isplit_bind_options o;
        uint64_t later;
    } newer;
    bind_world_open(&w, 2, 13, NULL);
    isplit_bind_options_default(&o);
    assert_int_equal(isplit_bind_new(&o, &bind), IC_ERR_INVALID);
    o.book = w.ends[0].book;
    assert_int_equal(isplit_bind_new(&o, &bind), IC_ERR_EXISTS);
    isplit_bind_free(w.ends[0].bind);
    o.rate_bytes = 0;
    assert_int_equal(isplit_bind_new(&o, &bind), IC_ERR_INVALID);
    isplit_bind_options_init(&newer.o, sizeof newer);
    newer.o.book = w.ends[0].book;
    newer.later = 1;
    assert_int_equal(isplit_bind_new(&newer.o, &bind), IC_ERR_UNSUPPORTED);
    newer.later = 0;
    newer.o.max_rooms = 1;
    assert_int_equal(isplit_bind_new(&newer.o, &bind), 0);
    assert_int_equal(isplit_bind_join(bind, "", w.now), IC_ERR_INVALID);
    assert_int_equal(isplit_bind_join(bind, "one", w.now), 0);
    assert_int_equal(isplit_bind_join(bind, "one", w.now), 0);
    assert_int_equal(isplit_bind_join(bind, "two", w.now), IC_ERR_LIMIT);
    w.ends[0].bind = bind;
    isplit_bind_free(NULL);
    bind_world_close(&w);
}

static void make_one(void *arg)
{
    const bind_world *w = arg;
    isplit_bind *bind = NULL;
    isplit_bind_options o;

    isplit_bind_options_default(&o);
    o.book = w->ends[0].book;
    if (isplit_bind_new(&o, &bind) == 0 &&
        isplit_bind_join(bind, BIND_WORLD_ROOM, w->now) != 0)
        assert_true(fail_alloc_hit());
    isplit_bind_free(bind);
}

static void a_bind_without_memory_is_refused_whole(void **state)
{
    bind_world w;
    bind_world_open(&w, 1, 14, NULL);
    isplit_bind_free(w.ends[0].bind);
    w.ends[0].bind = NULL;
    assert_int_equal(bind_world_add(&w, 0, "alice", "10", "bob"), 0);
    fail_alloc_each(make_one, &w);
    bind_world_close(&w);
}

/* Whatever allocation fails while a page comes in: later it is there. */
static void a_message_that_found_no_memory_comes_again(void **state)
{
    for (size_t nth = 1, hit = 1; hit; nth++) {
        bind_world w;
        bind_world_open(&w, 2, 15, NULL);
        assert_int_equal(bind_world_add(&w, 0, "alice", "10", "bob"), 0);
        bind_world_run(&w, w.now + SEC / 200); /* the message is on its way */
        fail_alloc_start(nth);
        int err = isplit_bind_recv(w.ends[1].bind, BIND_WORLD_ROOM,
                                   ic_identity_public_key(w.ends[0].identity), OLD,
                                   sizeof OLD - 1, w.now);
        hit = (size_t)fail_alloc_hit();
        (void)fail_alloc_stop();
        assert_true(err == 0 || err == IC_ERR_NOMEM);
        assert_true(bind_world_converge(&w, w.now + 100 * SEC));
        assert_int_equal(entries_of(&w, 1), err ? 1 : 2);
        bind_world_close(&w);
    }
}

/* 4.5: what a store refused is not lost: it comes again when there is space. */
static void an_event_that_could_not_be_stored_comes_again(void **state)
{
    char folder[256];
    bind_world w;
    temp_folder_make(folder, sizeof folder);
    fault_vfs_start(0, FAULT_FULL);
    bind_world_open(&w, 2, 16, folder);
    bind_world_run(&w, w.now + 5 * SEC);
    fault_vfs_start(1, FAULT_FULL);
    assert_int_equal(isplit_bind_recv(w.ends[1].bind, BIND_WORLD_ROOM,
                                      ic_identity_public_key(w.ends[0].identity), OLD,
                                      sizeof OLD - 1, w.now),
                     IC_ERR_FULL);
    assert_int_equal(entries_of(&w, 1), 0);
    fault_vfs_start(0, FAULT_FULL);
    assert_int_equal(isplit_bind_recv(w.ends[1].bind, BIND_WORLD_ROOM,
                                      ic_identity_public_key(w.ends[0].identity), OLD,
                                      sizeof OLD - 1, w.now),
                     0);
    assert_int_equal(entries_of(&w, 1), 1);
    bind_world_close(&w);
    (void)fault_vfs_stop();
    temp_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_reaches_all_others_at_once),
        cmocka_unit_test(a_clear_reaches_all_and_spares_what_it_had_not_seen),
        cmocka_unit_test(who_comes_late_gets_everything),
        cmocka_unit_test(an_entry_goes_out_in_the_words_of_the_original),
        cmocka_unit_test(a_clear_goes_out_in_the_words_of_the_original),
        cmocka_unit_test(an_entry_of_the_original_reaches_who_comes_late),
        cmocka_unit_test(a_clear_of_the_original_is_only_a_wish),
        cmocka_unit_test(what_is_no_message_of_a_ledger_is_handed_back),
        cmocka_unit_test(what_comes_in_is_told_like_what_is_typed),
        cmocka_unit_test(the_room_tells_how_many_peers_have_the_same_ledger),
        cmocka_unit_test(all_learn_soon_that_all_have_what_one_added),
        cmocka_unit_test(in_a_small_room_nobody_falls_silent),
        cmocka_unit_test(who_was_lost_is_not_counted_until_it_says_hello),
        cmocka_unit_test(nothing_is_said_in_a_room_that_was_left),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(a_bind_without_memory_is_refused_whole),
        cmocka_unit_test(a_message_that_found_no_memory_comes_again),
        cmocka_unit_test(an_event_that_could_not_be_stored_comes_again),
    };

    return cmocka_run_group_tests_name("intersplit/bind", tests, NULL, NULL);
}
