/* docs/spec/16-ledger.md, sections 4.4 and 4.6: what a bind keeps and takes is bounded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "bind/binding.h"
#include "bind_world.h"
#include "intercom/error.h"
#include "unit.h"

#define SEC UINT64_C(1000000000)
#define APP "{\"app\":\"expense_split_v1\",\"type\":"

static int hear(bind_world *w, const uint8_t *from, const char *json)
{
    return isplit_bind_recv(w->ends[0].bind, BIND_WORLD_ROOM, from, json, strlen(json),
                            w->now);
}

/* A question of end 1 with so many copies of a piece. */
static int ask(bind_world *w, const char *type, const char *list, const char *piece,
               size_t count)
{
    ic__buf b = {0};

    ic__buf_printf(&b, APP "\"%s\",\"to\":\"%s\",\"sid\":\"0123456789abcdef\",\"%s\":[",
                   type, ic_identity_public_key_hex(w->ends[0].identity), list);
    for (size_t i = 0; i < count; i++)
        ic__buf_printf(&b, "%s%s", i ? "," : "", piece);
    ic__buf_text(&b, "]}");
    int err = hear(w, ic_identity_public_key(w->ends[1].identity), b.data);
    ic__buf_free(&b);
    return err;
}

static void a_question_has_at_most_64_ranges_and_64_ids(void **state)
{
    static const char range[] = "[\"0\",\"\",0,\"00000000000000000000000000000000\"]";
    static const char id[] =
        "\"9999999999999999999999999999999999999999999999999999999999999999\"";
    bind_world w;

    bind_world_open(&w, 2, 3, NULL);
    w.ends[1].off = true;
    bind_world_run(&w, w.now + SEC);
    assert_int_equal(ask(&w, "expense_sync", "ranges", range, ISPLIT__MAX_RANGES), 0);
    assert_int_equal(ask(&w, "expense_sync", "ranges", range, ISPLIT__MAX_RANGES + 1),
                     IC_ERR_PROTO);
    assert_int_equal(ask(&w, "expense_want", "ids", id, ISPLIT__MAX_IDS), 0);
    assert_int_equal(ask(&w, "expense_want", "ids", id, ISPLIT__MAX_IDS + 1),
                     IC_ERR_PROTO);
    bind_world_close(&w);
}

static void of_many_who_say_hello_the_last_are_counted(void **state)
{
    static const char hello[] =
        APP "\"expense_hello\",\"fp\":\"00000000000000000000000000000000\",\"count\":0}";
    uint8_t key[ISPLIT_BIND_KEY_BYTES] = {0};
    isplit_bind_room room;
    bind_world w;

    bind_world_open(&w, 2, 4, NULL);
    w.ends[1].off = true;
    bind_world_run(&w, w.now + SEC);
    for (uint8_t i = 1; i <= ISPLIT__MAX_HELLOS + 20; i++) {
        key[0] = i;
        assert_int_equal(hear(&w, key, hello), 0);
    }
    isplit_bind_get_room(w.ends[0].bind, BIND_WORLD_ROOM, w.now, &room, sizeof room);
    assert_int_equal(room.peer_count, ISPLIT__MAX_HELLOS);
    assert_int_equal(room.same_count, 0);
    isplit_bind_lost(w.ends[0].bind, key);
    isplit_bind_get_room(w.ends[0].bind, BIND_WORLD_ROOM, w.now, &room, sizeof room);
    assert_int_equal(room.peer_count, ISPLIT__MAX_HELLOS - 1);
    bind_world_close(&w);
}

/* More at once than wait to be told: the comparison that follows brings the others. */
static void entries_that_were_too_many_to_tell_arrive_nevertheless(void **state)
{
    bind_world w;
    const isplit_state *there = NULL;

    bind_world_open(&w, 2, 5, NULL);
    bind_world_run(&w, w.now + 5 * SEC);
    for (size_t i = 0; i < 3 * ISPLIT__MAX_LIVE; i++)
        assert_int_equal(bind_world_add(&w, 0, "alice", "1", "bob"), 0);
    assert_true(bind_world_converge(&w, w.now + 60 * SEC));
    assert_int_equal(isplit_book_state(w.ends[1].book, BIND_WORLD_ROOM, &there), 0);
    assert_int_equal(isplit_state_event_count(there), 3 * ISPLIT__MAX_LIVE);
    assert_int_equal(bind_world_strikes(&w), 0);
    bind_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_has_at_most_64_ranges_and_64_ids),
        cmocka_unit_test(of_many_who_say_hello_the_last_are_counted),
        cmocka_unit_test(entries_that_were_too_many_to_tell_arrive_nevertheless),
    };
    return cmocka_run_group_tests_name("intersplit/bind_limits", tests, NULL, NULL);
}
