/*
 * One set of events, one state: events of every kind, by honest authors and a liar, in
 * every order. The whole picture of the room must be the same: fingerprint, entries,
 * balances, plans, members, settings, histories, the bytes of all exports.
 *
 *   sim_fold [ROOMS [FIRST [SCENES]]]     default 10 000 random rooms from seed 1, and
 *                                         two authors with every two kinds 16 times
 *
 * A failing run names its seed: sim_fold 1 SEED 0 plays a random room again.
 *
 * Spec: docs/spec/16-ledger.md sections 4.2 to 4.7
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/plan.h"
#include "ledger/room.h"
#include "ledgers.h"
#include "scribe.h"
#include "unit.h"

#define DEFAULT_ROOMS 10000
#define DEFAULT_SCENES (16 * SCRIBE_KINDS * SCRIBE_KINDS)
#define ORDERS 3        /* of a random room, besides that in which it was written */
#define STEP_BY_STEP 16 /* every so many rooms are folded anew after each event */
#define BIT(i) (UINT64_C(1) << (i))

static unsigned long long rooms = DEFAULT_ROOMS;
static unsigned long long first_seed = 1;
static unsigned scenes = DEFAULT_SCENES;
static scribe s;

/* --- taking events in --- */

static isplit__room *open_room(void)
{
    isplit__room *room = NULL;

    assert_int_equal(isplit__room_new("trip", "trac", &room), 0);
    return room;
}

/* Past the signature, which takes longer than all the rest. */
static void take(isplit__room *room, const char *json)
{
    isplit__item item;
    isplit_taken taken;

    assert_int_equal(isplit__item_read(json, strlen(json), &room->context, &item, NULL),
                     0);
    assert_int_equal(isplit__room_take(room, &item, &taken), 0);
}

static char *picture_of(isplit__room *room)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit__room_state(room, &state), 0);
    return ledgers_picture(state);
}

/* A look at the state in between must not change the end. */
static char *picture_of_order(const size_t *order, size_t look_every)
{
    const isplit_state *state = NULL;
    isplit__room *room = open_room();

    for (size_t i = 0; i < s.count; i++) {
        take(room, s.events[order[i]].json);
        if (i % look_every == 0)
            assert_int_equal(isplit__room_state(room, &state), 0);
    }
    assert_int_equal(room->waiting_count, 0);
    char *picture = picture_of(room);
    isplit__room_free(room);
    return picture;
}

static void expect_same(char *picture, const char *expected, unsigned long long seed)
{
    size_t at = 0;

    if (strcmp(picture, expected) != 0) {
        while (picture[at] == expected[at])
            at++;
        at = at > 200 ? at - 200 : 0;
        fail_msg("seed %llu: %.600s\nand not %.600s", seed, picture + at, expected + at);
    }
    free(picture);
}

static void in_order(size_t *order)
{
    for (size_t i = 0; i < s.count; i++)
        order[i] = i;
}

static void shuffle(size_t *order)
{
    for (size_t i = s.count; i > 1; i--) {
        size_t k = scribe_below(&s, i);
        size_t swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
}

/* --- what every state keeps --- */

static void check_sums(const isplit_state *state, unsigned long long seed)
{
    for (size_t c = 0; c < isplit_state_currency_count(state); c++) {
        isplit_plan plan;
        int64_t sum = 0;
        int64_t owed = 0;
        const isplit_currency *of = isplit_state_currency(state, c);
        for (size_t i = 0; i < of->balance_count; i++) {
            sum += of->balances[i].minor;
            owed += of->balances[i].minor > 0 ? of->balances[i].minor : 0;
        }
        assert_int_equal(isplit_state_plan(state, c, NULL, &plan), 0);
        for (size_t i = 0; i < plan.count; i++)
            owed -= plan.transfers[i].amount_minor;
        if (sum || owed)
            fail_msg("seed %llu: %s does not come out even", seed, of->code);
        isplit_plan_free(&plan);
    }
}

/* The public way, as if it came from strangers: each event twice, forged ones between. */
static char *picture_of_ledger(unsigned long long seed)
{
    isplit_ledger *l = NULL;
    isplit_taken taken;
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_new("trip", NULL, NULL, &l), 0);
    for (size_t i = 0; i < s.count + s.refused_count; i++) {
        const char *json =
            i < s.refused_count ? s.refused[i] : s.events[i - s.refused_count].json;
        int err = isplit_ledger_take(l, json, strlen(json), &taken, NULL);
        if (i < s.refused_count)
            assert_true(err == IC_ERR_AUTH || err == IC_ERR_PROTO);
        else
            assert_int_equal(err, 0);
        if (i < s.refused_count)
            continue;
        assert_int_equal(isplit_ledger_take(l, json, strlen(json), &taken, NULL), 0);
        assert_int_equal(taken, ISPLIT_TAKEN_KNOWN);
    }
    assert_int_equal(isplit_ledger_state(l, &state), 0);
    check_sums(state, seed);
    char *picture = ledgers_picture(state);
    isplit_ledger_free(l);
    return picture;
}

/* After each event: what grew is what is folded anew. */
static void check_each_step(const size_t *order, unsigned long long seed)
{
    isplit__room *room = open_room();

    for (size_t i = 0; i < s.count; i++) {
        take(room, s.events[order[i]].json);
        char *grown = picture_of(room);
        room->stale = true;
        char *anew = picture_of(room);
        expect_same(grown, anew, seed);
        free(anew);
    }
    isplit__room_free(room);
}

/* --- random rooms --- */

static void play_room(unsigned long long seed)
{
    size_t order[SCRIBE_EVENTS];

    scribe_begin(&s, seed * 1000003);
    size_t events = 12 + scribe_below(&s, SCRIBE_EVENTS - 12);
    while (s.count < events)
        scribe_any(&s);
    char *expected = picture_of_ledger(seed);
    for (int i = 0; i < ORDERS; i++) {
        in_order(order);
        shuffle(order);
        expect_same(picture_of_order(order, 1 + scribe_below(&s, 8)), expected, seed);
    }
    if (seed % STEP_BY_STEP == 0) {
        shuffle(order);
        check_each_step(order, seed);
        in_order(order);
        check_each_step(order, seed);
    }
    free(expected);
    scribe_free(&s);
}

static void any_order_of_any_events_gives_one_state(void **state)
{
    for (unsigned long long i = 0; i < rooms; i++)
        play_room(first_seed + i);
}

/* --- all merges of two authors --- */

/* Four events each; bit i of `hears` lets the other one hear of what came after i. */
static void write_two_by_four(scribe_kind a, scribe_kind b, unsigned hears)
{
    const scribe_kind kinds[2][4] = {{SCRIBE_ADD, a, b, SCRIBE_ADD},
                                     {SCRIBE_ADD, b, a, SCRIBE_UNVOID}};

    for (size_t i = 0; i < 8; i++) {
        size_t who = i % 2;
        scribe_write(&s, who, kinds[who][i / 2]);
        if (hears >> i % 5 & 1)
            scribe_tell(&s, who, 1 - who);
    }
}

static void check_all_merges(unsigned long long seed)
{
    size_t order[SCRIBE_EVENTS];

    in_order(order);
    char *expected = picture_of_order(order, 1);
    for (unsigned mask = 0; mask < 256; mask++) {
        size_t next[2] = {0, 1}; /* who writes by turns */
        if (__builtin_popcount(mask) != 4)
            continue;
        for (size_t i = 0; i < 8; i++) {
            order[i] = next[mask >> i & 1];
            next[mask >> i & 1] += 2;
        }
        expect_same(picture_of_order(order, 3), expected, seed);
    }
    free(expected);
}

/* Every two kinds, in no order that means anything; then again in another pattern. */
static void all_merges_of_two_authors_give_one_state(void **state)
{
    for (unsigned i = 0; i < scenes; i++) {
        unsigned kinds = i * 37 % (SCRIBE_KINDS * SCRIBE_KINDS);
        scribe_begin(&s, i);
        write_two_by_four((scribe_kind)(kinds / SCRIBE_KINDS),
                          (scribe_kind)(kinds % SCRIBE_KINDS),
                          (unsigned)scribe_below(&s, 32));
        check_all_merges(i);
        scribe_free(&s);
    }
}

/* --- clears --- */

static void write_clears(unsigned long long seed)
{
    static const scribe_kind deeds[] = {SCRIBE_ADD,   SCRIBE_ADD,    SCRIBE_ADD,
                                        SCRIBE_CLEAR, SCRIBE_UNVOID, SCRIBE_VOID};

    scribe_begin(&s, seed);
    for (size_t who = 0; who < SCRIBE_LIAR; who++)
        scribe_write(&s, who, SCRIBE_ADD); /* who has an entry may clear */
    while (s.count < 40) {
        size_t who = scribe_below(&s, SCRIBE_LIAR);
        scribe_kind kind = deeds[scribe_below(&s, 6)];
        size_t ref = scribe_below(&s, s.count);
        if (kind == SCRIBE_ADD || kind == SCRIBE_CLEAR)
            scribe_write(&s, who, kind);
        else if (s.events[ref].kind == SCRIBE_CLEAR ||
                 (s.events[ref].kind == SCRIBE_ADD && kind == SCRIBE_UNVOID))
            scribe_mark(&s, who, kind, ref);
        if (scribe_below(&s, 2))
            scribe_tell(&s, scribe_below(&s, SCRIBE_LIAR), scribe_below(&s, SCRIBE_LIAR));
    }
}

static bool is_later(const scribe_event *a, const scribe_event *b)
{
    return a->lc != b->lc ? a->lc > b->lc : strcmp(a->id, b->id) > 0;
}

static bool has_seen(const scribe_event *e, size_t other)
{
    return e->past >> other & 1;
}

/* Somebody with an entry in its past wrote the clear; the last of those who had one there
 * and came after it says whether it holds. */
static bool clear_holds(size_t clear)
{
    const scribe_event *last = NULL;
    const scribe_event *c = &s.events[clear];

    for (size_t i = 0; i < s.count; i++) {
        const scribe_event *e = &s.events[i];
        bool marks = e->kind == SCRIBE_VOID || e->kind == SCRIBE_UNVOID;
        bool may = e->who == c->who;
        for (size_t k = 0; k < s.count; k++)
            may = may || (has_seen(c, k) && s.events[k].kind == SCRIBE_ADD &&
                          s.events[k].who == e->who);
        if (marks && may && e->ref == clear && has_seen(e, clear) &&
            (!last || is_later(e, last)))
            last = e;
    }
    return !last || last->kind == SCRIBE_VOID;
}

/* By the words of the spec: seen by a clear that holds, and not brought back after it by
 * its own author. */
static bool is_hidden(size_t entry)
{
    bool hidden = false;

    for (size_t c = 0; c < s.count && !hidden; c++) {
        if (s.events[c].kind != SCRIBE_CLEAR || !has_seen(&s.events[c], entry) ||
            !clear_holds(c))
            continue;
        hidden = true;
        for (size_t i = 0; i < s.count; i++) {
            const scribe_event *e = &s.events[i];
            if (e->kind == SCRIBE_UNVOID && e->ref == entry && has_seen(e, c) &&
                e->who == s.events[entry].who)
                hidden = false;
        }
    }
    return hidden;
}

static void check_hidden(isplit__room *room, unsigned long long seed)
{
    const isplit_state *state = NULL;
    const isplit_entry *shown = NULL;

    assert_int_equal(isplit__room_state(room, &state), 0);
    for (size_t i = 0; i < s.count; i++) {
        if (s.events[i].kind != SCRIBE_ADD)
            continue;
        assert_int_equal(isplit_state_find(state, s.events[i].id, &shown, NULL), 0);
        if (!(shown->flags & ISPLIT_ENTRY_CLEARED) == is_hidden(i))
            fail_msg("seed %llu: a clear has entry %zu wrong", seed, i);
    }
}

static void a_clear_hides_what_it_has_seen_and_nothing_else(void **state)
{
    for (unsigned long long i = 0; i < rooms / 10 + 1; i++) {
        size_t order[SCRIBE_EVENTS];
        write_clears(first_seed + i);
        in_order(order);
        for (int k = 0; k < 2; k++) {
            isplit__room *room = open_room();
            for (size_t e = 0; e < s.count; e++)
                take(room, s.events[order[e]].json);
            check_hidden(room, first_seed + i);
            isplit__room_free(room);
            shuffle(order);
        }
        scribe_free(&s);
    }
}

static int end_of_story(void **state)
{
    scribe_end(&s);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_any_events_gives_one_state),
        cmocka_unit_test(all_merges_of_two_authors_give_one_state),
        cmocka_unit_test(a_clear_hides_what_it_has_seen_and_nothing_else),
    };

    if (argc > 1)
        rooms = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 10);
    if (argc > 3)
        scenes = (unsigned)strtoul(argv[3], NULL, 10);
    (void)printf("%llu rooms from seed %llu, %u scenes\n", rooms, first_seed, scenes);
    return cmocka_run_group_tests_name("sim/fold", tests, NULL, end_of_story);
}
