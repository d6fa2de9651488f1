/*
 * Rooms of peers whose connections come and go, who join and leave and start again; one
 * that floods; and a large room for a long time.
 *
 *   sim_sidechannel [COUNT [FIRST]]     or SIM_SEEDS=COUNT; SIM_HOURS=24 for the room
 *
 * Spec: docs/spec/12-sidechannel.md, sections 1, 8, 9 and 11.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "count_alloc.h"
#include "intercom/error.h"
#include "side_world.h"
#include "unit.h"

#define MOST_PEERS 8
#define MOST_MESSAGES 1024

static unsigned long long seeds = 200;
static unsigned long long first_seed = 1;
static unsigned long long hours = 1;

/* Who has heard what. */
typedef struct tale {
    side_world w;
    uint32_t said;                            /* messages, numbered from 0 */
    uint8_t heard[MOST_PEERS][MOST_MESSAGES]; /* by the peer since it started */
    size_t author[MOST_MESSAGES];
    unsigned long long seed;
} tale;

static void on_heard(side_peer *peer, const ic__sc_event *e, void *user)
{
    tale *t = user;
    int64_t number = -1;
    if (!ic__json_integer(ic__json_get(e->envelope, "message"), &number))
        return; /* not one of ours */
    assert_true(number >= 0 && (uint32_t)number < t->said);
    if (t->heard[peer->index][number]++ || t->author[number] == peer->index ||
        !e->is_signed)
        fail_msg("seed %llu: peer %zu hears message %d wrongly", t->seed, peer->index,
                 (int)number);
}

static bool speak(tale *t, size_t i)
{
    char json[16];
    if (t->said == MOST_MESSAGES)
        return false;
    (void)snprintf(json, sizeof json, "%u", (unsigned)t->said);
    t->author[t->said++] = i;
    int error = side_world_say(&t->w, i, "trip", json);
    assert_true(error == 0);
    return true;
}

/* Messages of a peer that starts again may reach it anew. */
static void restart(tale *t, size_t i)
{
    if (t->w.peers[i].sc)
        side_world_stop(&t->w, i);
    memset(t->heard[i], 0, sizeof t->heard[i]);
    for (uint32_t n = 0; n < t->said; n++) {
        if (t->author[n] == i)
            t->author[n] = SIZE_MAX;
    }
    side_world_start(&t->w, i);
}

static size_t draw(tale *t, size_t count)
{
    uint32_t r;
    fake_random_fill(&t->w.clock.random, &r, sizeof r);
    return r % count;
}

static void something_happens(tale *t)
{
    size_t a = draw(t, t->w.count);
    size_t b = draw(t, t->w.count);
    side_wire *wire = side_world_wire(&t->w, a, b);
    switch (draw(t, 12)) {
    case 0:
    case 1:
    case 2:
        if (a != b && !wire)
            (void)side_world_connect(&t->w, a, b, false);
        break;
    case 3:
        if (wire)
            side_world_cut(&t->w, wire);
        break;
    case 4:
        restart(t, a);
        break;
    case 5:
        (void)ic__sidechannel_leave(t->w.peers[a].sc, "trip");
        break;
    case 6:
        assert_int_equal(ic__sidechannel_join(t->w.peers[a].sc, "trip", NULL, NULL), 0);
        break;
    default:
        (void)speak(t, a);
    }
    side_world_wake(&t->w, a);
    side_world_run(&t->w, draw(t, 4) ? draw(t, 400) : 0);
}

/* All are connected, on the channel, and have spoken: each has heard each. */
static void expect_a_room(tale *t)
{
    size_t n = t->w.count;
    for (size_t a = 0; a < n; a++) {
        assert_int_equal(ic__sidechannel_join(t->w.peers[a].sc, "trip", NULL, NULL), 0);
        side_world_wake(&t->w, a);
        for (size_t b = 0; b < a; b++) {
            if (!side_world_wire(&t->w, a, b))
                (void)side_world_connect(&t->w, a, b, false);
        }
    }
    side_world_run(&t->w, 15000);
    uint32_t from = t->said;
    for (size_t a = 0; a < n; a++)
        assert_true(speak(t, a));
    side_world_run(&t->w, 2000);
    for (uint32_t m = from; m < t->said; m++) {
        for (size_t a = 0; a < n; a++) {
            if (t->heard[a][m] != (t->author[m] != a))
                fail_msg("seed %llu: peer %zu heard message %u of %zu %u times", t->seed,
                         a, (unsigned)m, t->author[m], t->heard[a][m]);
        }
    }
}

/* Honest peers never hold anything against each other. */
static void expect_peace(const tale *t)
{
    for (size_t i = 0; i < t->w.count; i++) {
        ic__sidechannel_stats s = ic__sidechannel_get_stats(t->w.peers[i].sc);
        assert_int_equal(s.strikes, 0);
        for (int d = 0; d < IC__SC_DROP_COUNT; d++) {
            if (s.drops[d] && d != IC__SC_DROP_DUPLICATE && d != IC__SC_DROP_QUEUE)
                fail_msg("seed %llu: peer %zu dropped: %s", t->seed, i,
                         ic__sc_drop_text((ic__sc_drop)d));
        }
    }
}

static void play(unsigned long long seed)
{
    tale *t = calloc(1, sizeof *t);
    assert_non_null(t);
    side_world_init(&t->w, 2 + seed % (MOST_PEERS - 1), seed);
    t->seed = seed;
    t->w.heard = on_heard;
    t->w.user = t;
    for (size_t i = 0; i < t->w.count; i++) {
        t->w.peers[i].options.policy.channels = "trip";
        if (seed % 3 == 0) {
            t->w.peers[i].options.policy.pow = true;
            t->w.peers[i].options.policy.pow_difficulty = 2;
        }
        side_world_start(&t->w, i);
    }
    for (int i = 0; i < 100; i++)
        something_happens(t);
    expect_a_room(t);
    expect_peace(t);
    side_world_free(&t->w);
    free(t);
}

static void rooms_heal_and_nothing_is_heard_twice(void **state)
{
    for (unsigned long long i = 0; i < seeds; i++) {
        count_alloc_start();
        play(first_seed + i);
        if (count_alloc_stop().live_bytes)
            fail_msg("seed %llu leaves memory behind", first_seed + i);
    }
}

/* ---- a peer that floods ---- */

#define HOSTILE 4

static uint64_t waits; /* ms until what was said was heard by all, at most */

static void on_honest(side_peer *peer, const ic__sc_event *e, void *user)
{
    int64_t said_ms = 0;
    side_world *w = user;
    if (!ic__json_integer(ic__json_get(e->envelope, "message"), &said_ms))
        return;
    uint64_t wait = (uint64_t)(w->clock.wall_ms - said_ms);
    if (wait > waits)
        waits = wait;
}

/* Opens the channel "trip" by hand, with the id 1. */
static void open_by_hand(side_world *w, side_wire *wire)
{
    static const uint8_t frame[] = "\0\1\1\x10sidechannel/trip";
    uint8_t with_id[sizeof frame];
    memcpy(with_id, frame, sizeof frame - 1);
    with_id[sizeof frame - 1] = 0; /* no id */
    side_world_inject(w, wire, 1, with_id, sizeof with_id);
}

/* One of the things that a hostile peer may send on that channel. */
static void bother(side_world *w, side_wire *wire, unsigned kind)
{
    static const char *const texts[] = {
        "{a}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"id\":\"a\",\"from\":\"x\",\"channel\":\"trip\",\"pow\":{\"nonce\":1,"
        "\"difficulty\":250}}",
        "{\"id\":\"b\",\"from\":\"x\",\"channel\":\"trip\",\"message\":{\"control\":"
        "\"open_channel\",\"channel\":\"more\"}}",
        "{\"id\":\"c\",\"from\":\"x\",\"channel\":\"trip\",\"message\":{\"control\":"
        "\"welcome\",\"welcome\":{\"payload\":{}}}}",
    };
    const char *text = texts[kind % (sizeof texts / sizeof texts[0])];
    ic__buf b = {0};
    size_t len = strlen(text);
    ic__buf_add(&b, "\1\0", 2); /* its id of the channel, the type */
    ic__buf_char(&b, (char)(len < 0xfd ? len : 0xfc));
    ic__buf_text(&b, text);
    side_world_inject(w, wire, 1, (const uint8_t *)b.data, b.len);
    ic__buf_free(&b);
}

/* Four honest peers in a row, all of them connected to the hostile one. */
static void a_flood_slows_down_nobody_else(void **state)
{
    side_world w;
    side_wire *wires[HOSTILE];
    char json[24];
    side_world_init(&w, HOSTILE + 1, 7);
    w.heard = on_honest;
    w.user = &w;
    for (size_t i = 0; i <= HOSTILE; i++) {
        w.peers[i].options.policy.channels = "trip";
        w.peers[i].options.max_blocked_bytes = 20000;
        side_world_start(&w, i);
    }
    for (size_t i = 0; i < HOSTILE; i++) {
        if (i)
            (void)side_world_connect(&w, i - 1, i, false);
        wires[i] = side_world_connect(&w, i, HOSTILE, true);
    }
    side_world_run(&w, 1000);
    uint64_t before = w.peers[HOSTILE - 1].messages;
    waits = 0;
    for (int second = 0; second < 20; second++) {
        for (size_t i = 0; i < HOSTILE; i++) {
            side_world_cut(&w, wires[i]); /* hangs up, and is back at once */
            wires[i] = side_world_connect(&w, i, HOSTILE, true);
            open_by_hand(&w, wires[i]);
            for (unsigned k = 0; k < 200; k++)
                bother(&w, wires[i], k + (unsigned)second);
        }
        (void)snprintf(json, sizeof json, "%lld", (long long)w.clock.wall_ms);
        assert_int_equal(side_world_say(&w, 0, "trip", json), 0);
        side_world_run(&w, 1000);
    }
    assert_true(w.peers[HOSTILE - 1].messages - before >= 20);
    assert_true(waits <= 3 * SIDE_WORLD_LATENCY_MS); /* three hops, as without it */
    for (size_t i = 0; i < HOSTILE; i++) {
        ic__sidechannel_stats s = ic__sidechannel_get_stats(w.peers[i].sc);
        assert_true(s.strikes > 0);
        assert_int_equal(ic__sidechannel_channel_count(w.peers[i].sc), 2);
    }
    side_world_free(&w);
}

/* ---- a large room ---- */

#define ROOM 50
#define DEGREE 3 /* connections that each begins */

static size_t any(side_world *w, size_t count)
{
    uint32_t r;
    fake_random_fill(&w->clock.random, &r, sizeof r);
    return r % count;
}

static void keep_connected(side_world *w)
{
    for (size_t a = 0; a < ROOM; a++) {
        for (int i = 0; i < DEGREE; i++) {
            size_t b = (a + 1 + any(w, ROOM - 1)) % ROOM;
            size_t has = ic__sidechannel_connection_count(w->peers[a].sc);
            if (has < DEGREE && !side_world_wire(w, a, b))
                (void)side_world_connect(w, a, b, false);
        }
    }
}

/* Ten minutes: one in five connections and one in ten peers goes, some channels come and
 * go, everyone speaks. */
static void ten_minutes(side_world *w)
{
    ic__link *next;
    for (ic__link *at = w->wires.ends.next; at != &w->wires.ends; at = next) {
        next = at->next;
        if (any(w, 5) == 0)
            side_world_cut(w, IC__ELEMENT(at, side_wire, link));
    }
    for (size_t i = 0; i < ROOM; i++) {
        char channel[20];
        if (any(w, 10) == 0) {
            side_world_stop(w, i);
            side_world_start(w, i);
        }
        (void)snprintf(channel, sizeof channel, "side-%zu", any(w, 4));
        if (!ic__sidechannel_leave(w->peers[i].sc, channel))
            assert_int_equal(ic__sidechannel_join(w->peers[i].sc, channel, NULL, NULL),
                             0);
        side_world_wake(w, i);
    }
    keep_connected(w);
    for (size_t i = 0; i < ROOM; i++) {
        side_world_run(w, 600000 / ROOM);
        assert_int_equal(side_world_say(w, i, "trip", "\"one of many\""), 0);
    }
}

static void the_memory_of_a_large_room_stays_flat(void **state)
{
    side_world w;
    size_t early = 0;
    size_t late = 0;
    unsigned long long rounds = hours * 6;
    count_alloc_start();
    side_world_init(&w, ROOM, 3);
    for (size_t i = 0; i < ROOM; i++) {
        w.peers[i].options.policy.channels = "trip";
        side_world_start(&w, i);
    }
    for (unsigned long long i = 0; i < rounds; i++) {
        ten_minutes(&w);
        size_t live = count_alloc_get().live_bytes;
        if (i < rounds / 2 && live > early)
            early = live;
        if (i >= rounds / 2 && live > late)
            late = live;
    }
    uint64_t heard = 0;
    for (size_t i = 0; i < ROOM; i++)
        heard += w.peers[i].messages;
    print_message("%llu hours: %llu messages heard, %zu and %zu KiB\n", hours,
                  (unsigned long long)heard, early / 1024, late / 1024);
    assert_true(heard > rounds * ROOM * ROOM / 2);
    assert_true(late < early + early / 4);
    side_world_free(&w);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rooms_heal_and_nothing_is_heard_twice),
        cmocka_unit_test(a_flood_slows_down_nobody_else),
        cmocka_unit_test(the_memory_of_a_large_room_stays_flat),
    };
    const char *count = getenv("SIM_SEEDS");
    const char *long_time = getenv("SIM_HOURS");

    if (argc > 1)
        count = argv[1];
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 10);
    if (count)
        seeds = strtoull(count, NULL, 10);
    if (long_time)
        hours = strtoull(long_time, NULL, 10);
    return cmocka_run_group_tests_name("sim/sidechannel", tests, NULL, NULL);
}
