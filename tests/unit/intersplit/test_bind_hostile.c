/* docs/spec/16-ledger.md, section 4.6: what a hostile peer sends costs it more than us.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/binding.h"
#include "bind/pack.h"
#include "bind_world.h"
#include "count_alloc.h"
#include "desk.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "liar.h"
#include "unit.h"

#define SEC UINT64_C(1000000000)
#define APP "{\"app\":\"expense_split_v1\",\"type\":"
#define BODY                                                                             \
    "{\"amount\":200,\"mode\":{\"equal\":[\"bob\"]},\"paid\":{\"mallory\":200},"         \
    "\"shares\":{\"bob\":200},\"type\":\"expense\"}"
#define STRANGE "9999999999999999999999999999999999999999999999999999999999999999"
#define SID "\"sid\":\"0123456789abcdef\""

/* End 0 is ours, end 1 the liar's: its own bind is off. */
typedef struct scene {
    bind_world w;
    liar liar;
} scene;

static void set_scene(scene *s)
{
    bind_world_open(&s->w, 2, 11, NULL);
    s->w.ends[1].off = true;
    liar_init(&s->liar, &s->w, 1, 11);
    bind_world_run(&s->w, s->w.now + 5 * SEC);
}

static int hear(scene *s, const char *json)
{
    return isplit_bind_recv(s->w.ends[0].bind, BIND_WORLD_ROOM,
                            ic_identity_public_key(s->w.ends[1].identity), json,
                            strlen(json), s->w.now);
}

static int hear_event(scene *s, char *event)
{
    char *json = NULL;

    assert_true(asprintf(&json, APP "\"expense_event\",\"events\":[%s]}", event) > 0);
    int err = hear(s, json);
    free(json);
    free(event);
    return err;
}

static size_t events_of(const scene *s)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_book_state(s->w.ends[0].book, BIND_WORLD_ROOM, &state), 0);
    return isplit_state_event_count(state);
}

static isplit_bind_stats stats_of(const scene *s)
{
    isplit_bind_stats stats;

    isplit_bind_get_stats(s->w.ends[0].bind, &stats, sizeof stats);
    return stats;
}

static void a_forged_event_is_refused_and_its_bearer_not_asked(void **state)
{
    scene s;
    set_scene(&s);
    char *event = liar_event(&s.liar, "add", BODY, "", 1, 1);
    event[strlen(event) - 4] ^= 1;
    assert_int_equal(hear_event(&s, event), IC_ERR_AUTH);
    assert_int_equal(events_of(&s), 0);
    assert_int_equal(stats_of(&s).dropped_bad, 1);
    assert_int_equal(hear(&s, APP "\"expense_hello\",\"room\":\"trip\",\"fp\":"
                                  "\"00000000000000000000000000000000\",\"count\":9,"
                                  "\"heads\":[\"" STRANGE "\"]}"),
                     0);
    bind_world_run(&s.w, s.w.now + 10 * SEC);
    assert_int_equal(stats_of(&s).rounds, 0);
    bind_world_close(&s.w);
}

/* The rule looks at the event alone: what comes before it in a message stays. */
static void a_wrong_event_does_not_undo_those_before_it(void **state)
{
    scene s;
    char *json = NULL;
    set_scene(&s);
    char *good = liar_event(&s.liar, "add", BODY, "", 1, 1);
    char *bad = liar_event(&s.liar, "add", BODY, "", 2, 1);
    assert_true(asprintf(&json, APP "\"expense_event\",\"events\":[%s,%s]}", good, bad) >
                0);
    assert_int_equal(hear(&s, json), IC_ERR_PROTO);
    assert_int_equal(events_of(&s), 1);
    free(json);
    free(good);
    free(bad);
    bind_world_close(&s.w);
}

/* 4.6, floods: 60 events at once, then one a second, whatever keys they carry. */
static void events_that_nobody_asked_for_come_slowly(void **state)
{
    scene s;
    int taken = 0;
    set_scene(&s);
    for (unsigned i = 0; i < 200; i++)
        taken += hear_event(&s, liar_event(&s.liar, "add", BODY, "", 1, 1)) == 0;
    assert_int_equal(taken, 60);
    assert_int_equal(events_of(&s), 60);
    assert_int_equal(stats_of(&s).dropped_limit, 140);
    s.w.now += 3 * SEC;
    for (unsigned i = 0; i < 10; i++)
        taken += hear_event(&s, liar_event(&s.liar, "add", BODY, "", 1, 1)) == 0;
    assert_int_equal(taken, 63);
    bind_world_close(&s.w);
}

/* 4.6, equivocation: both futures are kept, the key is known for it. */
static void two_futures_are_kept_and_more_come_slowly(void **state)
{
    scene s;
    isplit__id key;
    isplit__place *place = NULL;
    set_scene(&s);
    assert_int_equal(hear_event(&s, liar_event(&s.liar, "add", BODY, "", 1, 1)), 0);
    assert_int_equal(isplit__book_place(s.w.ends[0].book, BIND_WORLD_ROOM, true, &place),
                     0);
    memcpy(key.b, ic_identity_public_key(s.w.ends[1].identity), sizeof key.b);
    assert_false(isplit__room_is_forked(place->room, &key));
    assert_int_equal(hear_event(&s, liar_event(&s.liar, "add", BODY, "", 1, 1)), 0);
    assert_true(isplit__room_is_forked(place->room, &key));
    assert_int_equal(events_of(&s), 2);
    for (unsigned i = 0; i < 100; i++)
        (void)hear_event(&s, liar_event(&s.liar, "add", BODY, "", 1, 1));
    assert_int_equal(events_of(&s), 60);
    assert_int_equal(stats_of(&s).forked, 42);
    bind_world_close(&s.w);
}

static void a_replay_changes_nothing(void **state)
{
    scene s;
    set_scene(&s);
    char *event = liar_event(&s.liar, "add", BODY, "", 1, 1);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(hear_event(&s, strdup(event)), 0);
    free(event);
    assert_int_equal(events_of(&s), 1);
    assert_int_equal(stats_of(&s).known_events, 999);
    assert_int_equal(stats_of(&s).dropped_limit, 0);
    bind_world_close(&s.w);
}

/* An event of another room proves nothing here. */
static void an_event_of_another_room_is_refused(void **state)
{
    scene s;
    set_scene(&s);
    assert_int_equal(hear(&s, APP "\"expense_event\",\"events\":[{\"at\":1,\"body\":{},"
                                  "\"by\":\"" STRANGE "\",\"deps\":[],\"k\":\"add\","
                                  "\"lc\":1,\"n\":\"0011223344556677\",\"room\":\"flat\","
                                  "\"seq\":1,\"sig\":\"00\",\"v\":2}]}"),
                     IC_ERR_PROTO);
    assert_int_equal(events_of(&s), 0);
    bind_world_close(&s.w);
}

static void what_is_not_of_the_form_is_refused(void **state)
{
    static const char *const ranges[] = {
        "7",
        "[[]]",
        "[[\"0\",\"\"]]",
        "[[\"0\",\"0\",[]]]",
        "[[\"5\",\"4\",[]]]",
        "[[\"\",\"\",[]]]",
        "[[\"0.\",\"\",[]]]",
        "[[\"0.1\",\"\",[]]]",
        "[[\"-1\",\"\",[]]]",
        "[[\"0.AA\",\"\",[]]]",
        "[[\"99999999999999999\",\"\",[]]]",
        "[[\"0\",\"\",[7]]]",
        "[[\"0\",\"\",[\"abc\"]]]",
        "[[\"0\",\"\",{}]]",
        "[[\"0\",\"\",-1,\"00000000000000000000000000000000\"]]",
        "[[\"0\",\"\",1.5,\"00000000000000000000000000000000\"]]",
        "[[\"0\",\"\",1,\"0000000000000000000000000000000\"]]",
        "[[\"0\",\"\",1,\"0000000000000000000000000000000G\"]]",
        "[[\"0\",\"\",1,\"00000000000000000000000000000000\",1]]",
    };
    char json[1000];
    scene s;
    set_scene(&s);
    const char *us = ic_identity_public_key_hex(s.w.ends[0].identity);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        (void)snprintf(json, sizeof json,
                       APP "\"expense_sync\",\"to\":\"%s\"," SID ",\"ranges\":%s}", us,
                       ranges[i]);
        if (hear(&s, json) != IC_ERR_PROTO)
            fail_msg("%s was taken", ranges[i]);
    }
    assert_int_equal(hear(&s, APP "\"expense_add\"}"), IC_ERR_PROTO);
    assert_int_equal(hear(&s, APP "\"expense_event\"}"), IC_ERR_PROTO);
    assert_int_equal(hear(&s, APP "\"expense_events\",\"pack\":\"!\"}"), IC_ERR_PROTO);
    assert_int_equal(hear(&s, APP "\"expense_events\",\"pack\":\"\"}"), IC_ERR_PROTO);
    assert_int_equal(hear(&s, APP "\"expense_events\",\"pack\":\"Ag\"}"), IC_ERR_PROTO);
    assert_int_equal(hear(&s, APP "\"expense_events\",\"events\":[],\"next\":\"x\"}"),
                     IC_ERR_PROTO);
    assert_int_equal(hear(&s, APP "\"expense_hello\",\"fp\":\"00\",\"count\":1}"),
                     IC_ERR_PROTO);
    assert_int_equal(hear(&s, APP "\"expense_later\"}"), 0);
    bind_world_close(&s.w);
}

static void a_message_above_the_limit_is_not_read(void **state)
{
    scene s;
    static char json[ISPLIT_BIND_MAX_MESSAGE_BYTES + 2];
    set_scene(&s);
    memset(json, ' ', sizeof json - 1);
    memcpy(json, APP "7}", sizeof APP "7}" - 1);
    json[sizeof APP "7}" - 1] = ' ';
    assert_int_equal(hear(&s, json), IC_ERR_LIMIT);
    bind_world_close(&s.w);
}

/* 4.6, sync amplification: questions are counted, answers wait in a short queue. */
static void endless_questions_are_cut_off(void **state)
{
    scene s;
    char json[400];
    int answered = 0;
    set_scene(&s);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(bind_world_add(&s.w, 0, "alice", "3", "alice,bob"), 0);
    bind_world_run(&s.w, s.w.now + 60 * SEC);
    (void)snprintf(json, sizeof json,
                   APP "\"expense_sync\",\"to\":\"%s\"," SID
                       ",\"ranges\":[[\"0\",\"\",[]]]}",
                   ic_identity_public_key_hex(s.w.ends[0].identity));
    for (unsigned i = 0; i < 1000; i++)
        answered += hear(&s, json) == 0;
    assert_int_equal(answered, ISPLIT__ASKS_BURST);
    assert_int_equal(stats_of(&s).dropped_full, ISPLIT__ASKS_BURST - ISPLIT__MAX_LETTERS);
    s.w.look = NULL;
    uint64_t before = stats_of(&s).sent_bytes;
    for (unsigned i = 0; i < 600; i++) {
        s.w.now += SEC;
        for (unsigned k = 0; k < 20; k++)
            (void)hear(&s, json);
        bind_world_run(&s.w, s.w.now);
    }
    isplit_bind_options o;
    isplit_bind_options_default(&o);
    assert_true(stats_of(&s).sent_bytes - before <=
                o.burst_bytes + UINT64_C(600) * o.rate_bytes);
    bind_world_close(&s.w);
}

/* Who says that it has what nobody has is asked less and less. */
static void a_boaster_is_asked_less_and_less(void **state)
{
    scene s;
    char json[400];
    set_scene(&s);
    for (unsigned i = 0; i < 3600; i++) {
        (void)snprintf(json, sizeof json,
                       APP "\"expense_hello\",\"fp\":\"%032u\",\"count\":%u,"
                           "\"heads\":[\"" STRANGE "\"]}",
                       i, 1000000 + i);
        (void)hear(&s, json);
        bind_world_run(&s.w, s.w.now + SEC);
    }
    assert_true(stats_of(&s).rounds >= 10);
    assert_true(stats_of(&s).rounds < 80);
    assert_true(stats_of(&s).sent_count < 80 + 3600 / 9);
    bind_world_close(&s.w);
}

/* A page of ranges, from clock `first` on, of which it has a hundred events each. */
static int boast(scene *s, const char *sid, unsigned first)
{
    char *json = NULL;
    size_t size;
    FILE *f = open_memstream(&json, &size);

    assert_non_null(f);
    (void)fprintf(f, APP "\"expense_sync\",\"to\":\"%s\",\"sid\":\"%s\",\"ranges\":[",
                  ic_identity_public_key_hex(s->w.ends[0].identity), sid);
    for (unsigned i = first; i < first + ISPLIT__MAX_RANGES; i++)
        (void)fprintf(f, "%s[\"%u\",\"%u\",100,\"%032u\"]", i > first ? "," : "", i,
                      i + 1, i);
    (void)fputs("]}", f);
    assert_int_equal(fclose(f), 0);
    int err = hear(s, json);
    free(json);
    return err;
}

/* 4.6: who claims to have more than we can note down fills the list, and no more. */
static void only_so_many_ranges_are_noted_down_to_be_fetched(void **state)
{
    scene s;
    set_scene(&s);
    assert_int_equal(hear(&s,
                          APP "\"expense_hello\",\"fp\":"
                              "\"00000000000000000000000000000001\",\"count\":1000000,"
                              "\"heads\":[\"" STRANGE "\"]}"),
                     0);
    const isplit__talk *t = s.w.ends[0].bind->talks[0];
    for (int i = 0; i < 60 && !t->comparing; i++)
        bind_world_run(&s.w, s.w.now + SEC);
    assert_true(t->comparing);
    for (unsigned i = 0; i < 2 * ISPLIT__MAX_JOBS; i += ISPLIT__MAX_RANGES) {
        assert_int_equal(boast(&s, t->sid, 1 + i), 0);
        assert_true(t->job_count <= ISPLIT__MAX_JOBS);
    }
    assert_int_equal(t->job_count, ISPLIT__MAX_JOBS);
    bind_world_run(&s.w, s.w.now + 120 * SEC); /* it never answers */
    assert_int_equal(t->job_count, 0);
    assert_false(t->comparing);
    bind_world_close(&s.w);
}

static void events_that_wait_for_ever_fall_out(void **state)
{
    scene s;
    isplit__place *place = NULL;
    set_scene(&s);
    for (unsigned i = 0; i < 1500; i++) {
        s.w.now += SEC;
        assert_int_equal(
            hear_event(&s, liar_event(&s.liar, "add", BODY, "\"" STRANGE "\"", 7, 1)), 0);
    }
    assert_int_equal(isplit__book_place(s.w.ends[0].book, BIND_WORLD_ROOM, true, &place),
                     0);
    assert_int_equal(place->room->waiting_count, ISPLIT__WAITING_MAX);
    assert_int_equal(events_of(&s), 0);
    bind_world_close(&s.w);
}

/* Keys cost nothing: the bind remembers max_peers of them, and its memory stays. */
static void ten_thousand_keys_do_not_fill_memory(void **state)
{
    scene s;
    count_alloc_start();
    set_scene(&s);
    size_t before = count_alloc_get().live_bytes;
    for (unsigned i = 0; i < 10000; i++) {
        uint8_t key[ISPLIT_BIND_KEY_BYTES] = {0};
        char json[400];
        memcpy(key, &i, sizeof i);
        (void)snprintf(json, sizeof json,
                       APP "\"expense_sync\",\"to\":\"%s\"," SID ",\"ranges\":[[\"0\","
                           "\"\",9,\"00000000000000000000000000000000\"]]}",
                       ic_identity_public_key_hex(s.w.ends[0].identity));
        assert_int_equal(isplit_bind_recv(s.w.ends[0].bind, BIND_WORLD_ROOM, key, json,
                                          strlen(json), s.w.now),
                         0);
    }
    assert_true(count_alloc_get().live_bytes - before < 1 << 20);
    bind_world_close(&s.w);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

/* A pack is a list in short: what it says is judged as if it had been JSON. */
static void every_part_of_a_pack_is_refused_or_judged(void **state)
{
    scene s;
    isplit__place *place = NULL;
    isplit__pack *pack = isplit__pack_new(BIND_WORLD_ROOM);
    set_scene(&s);
    char *event = liar_event(&s.liar, "add", BODY, "", 1, 1);
    isplit__item item;
    assert_int_equal(isplit__book_place(s.w.ends[0].book, BIND_WORLD_ROOM, true, &place),
                     0);
    assert_int_equal(
        isplit__item_read(event, strlen(event), &place->room->context, &item, NULL), 0);
    free(event);
    const isplit__row row = {.text = item.text, .len = item.len, .sig = item.sig};
    assert_int_equal(isplit__pack_add(pack, item.event, &row), 0);
    for (size_t len = 0; len <= pack->bytes.len; len++) {
        json_t *list = json_array();
        uint8_t *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, pack->bytes.data, len);
        int err = isplit__pack_read(copy, len, BIND_WORLD_ROOM, list);
        bool whole = len == pack->bytes.len;
        assert_int_equal(err, whole || len == 1 ? 0 : IC_ERR_PROTO);
        assert_int_equal(json_array_size(list), whole);
        json_decref(list);
        free(copy);
    }
    isplit__item_free(&item);
    isplit__pack_free(pack);
    bind_world_close(&s.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forged_event_is_refused_and_its_bearer_not_asked),
        cmocka_unit_test(a_wrong_event_does_not_undo_those_before_it),
        cmocka_unit_test(events_that_nobody_asked_for_come_slowly),
        cmocka_unit_test(two_futures_are_kept_and_more_come_slowly),
        cmocka_unit_test(a_replay_changes_nothing),
        cmocka_unit_test(an_event_of_another_room_is_refused),
        cmocka_unit_test(what_is_not_of_the_form_is_refused),
        cmocka_unit_test(a_message_above_the_limit_is_not_read),
        cmocka_unit_test(endless_questions_are_cut_off),
        cmocka_unit_test(a_boaster_is_asked_less_and_less),
        cmocka_unit_test(only_so_many_ranges_are_noted_down_to_be_fetched),
        cmocka_unit_test(events_that_wait_for_ever_fall_out),
        cmocka_unit_test(ten_thousand_keys_do_not_fill_memory),
        cmocka_unit_test(every_part_of_a_pack_is_refused_or_judged),
    };

    return cmocka_run_group_tests_name("intersplit/bind_hostile", tests, NULL, NULL);
}
