/* docs/spec/03-secret-stream.md, sections 3.4, 3.5, 4 and 5; the bytes are in
 * test_secret_stream_vectors.c */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "fake_random.h"
#include "intercom/error.h"
#include "transport/secret_stream.h"
#include "unit.h"

/* Two ends, a wire that keeps what they send, one clock. */
typedef struct world {
    ic__ss *end[2];
    ic_env env;
    fake_random random;
    uint64_t now;
} world;

static void random_bytes(void *out, size_t len, void *user)
{
    fake_random_fill(user, out, len);
}

static void world_init(world *w, const ic__ss_options *options, ic__noise_pattern pattern)
{
    uint8_t seed[IC_SEED_BYTES];
    uint8_t keys[2][IC__NOISE_KEY_BYTES];
    uint8_t secrets[2][IC__NOISE_SECRET_BYTES];

    *w = (world){.now = IC__SEC};
    fake_random_init(&w->random, 7);
    w->env = (ic_env){.random = random_bytes, .user = &w->random};
    for (size_t i = 0; i < 2; i++) {
        memset(seed, (int)i + 1, sizeof seed);
        crypto_sign_seed_keypair(keys[i], secrets[i], seed);
    }
    for (size_t i = 0; i < 2; i++) {
        const ic__noise_setup setup = {
            .pattern = pattern,
            .initiator = i == 0,
            .secret_key = secrets[i],
            .remote_key = pattern == IC__NOISE_IK && i == 0 ? keys[1] : NULL,
            .env = &w->env,
        };
        assert_int_equal(ic__ss_new(&w->end[i], options, &setup, w->now), 0);
    }
}

static void world_free(world *w)
{
    ic__ss_free(w->end[0]);
    ic__ss_free(w->end[1]);
}

/* One way, in pieces; false when there was nothing. */
static bool carry(world *w, size_t from, size_t piece)
{
    uint8_t bytes[4096];
    bool any = false;
    for (;;) {
        size_t n = ic__ss_pull(w->end[from], bytes, piece);
        if (!n)
            return any;
        any = true;
        if (ic__ss_recv(w->end[1 - from], bytes, n, w->now) != 0)
            return false;
    }
}

static ic__ss_event next_event(ic__ss *s)
{
    ic__ss_event event;
    bool any = ic__ss_next(s, &event);
    assert_int_equal(any, event.what != IC__SS_NOTHING);
    return event;
}

static void expect(ic__ss *s, ic__ss_what what)
{
    assert_int_equal(next_event(s).what, what);
}

static void expect_failure(ic__ss *s, int error)
{
    ic__ss_event event = next_event(s);
    assert_int_equal(event.what, IC__SS_FAILED);
    assert_int_equal(event.error, error);
    expect(s, IC__SS_NOTHING);
    assert_int_equal(ic__ss_write(s, NULL, 0, 0), IC_ERR_CLOSED);
    assert_int_equal(ic__ss_recv(s, NULL, 0, 0), IC_ERR_CLOSED);
    assert_int_equal(ic__ss_queued(s), 0);
    assert_int_equal(ic__ss_deadline(s), IC__NEVER);
}

/* Both open, headers passed, nothing left to tell. */
static void shake(world *w, size_t piece)
{
    bool opened[2] = {false, false};
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < 2; i++) {
            moved |= carry(w, i, piece);
            ic__ss_event event;
            while (ic__ss_next(w->end[1 - i], &event)) {
                assert_int_equal(event.what, IC__SS_OPEN);
                assert_false(opened[1 - i]);
                opened[1 - i] = true;
            }
            while (ic__ss_next(w->end[i], &event)) {
                assert_int_equal(event.what, IC__SS_OPEN);
                assert_false(opened[i]);
                opened[i] = true;
            }
        }
    }
    assert_true(opened[0] && opened[1]);
}

static void open_world(world *w, const ic__ss_options *options)
{
    world_init(w, options, IC__NOISE_XX);
    shake(w, 4096);
}

static ic__ss_options quiet(void)
{
    ic__ss_options o;
    ic__ss_options_default(&o);
    o.keepalive_ns = 0;
    return o;
}

static void both_ends_know_each_other_after_any_handshake(void **state)
{
    static const ic__noise_pattern patterns[] = {IC__NOISE_IK, IC__NOISE_XX};
    static const size_t pieces[] = {1, 2, 57, 4096};
    for (size_t i = 0; i < 8; i++) {
        world w;
        world_init(&w, NULL, patterns[i % 2]);
        shake(&w, pieces[i / 2]);
        assert_memory_equal(ic__ss_hash(w.end[0]), ic__ss_hash(w.end[1]), 64);
        assert_memory_not_equal(ic__ss_remote_key(w.end[0]), ic__ss_remote_key(w.end[1]),
                                32);
        world_free(&w);
    }
}

static void messages_keep_their_borders_in_any_pieces(void **state)
{
    static const size_t pieces[] = {1, 3, 100, 4096};
    ic__ss_options o = quiet();
    uint8_t data[3000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t p = 0; p < 4; p++) {
        world w;
        open_world(&w, &o);
        for (size_t len = 0; len < sizeof data; len += 299)
            assert_int_equal(ic__ss_write(w.end[0], data, len, w.now), 0);
        carry(&w, 0, pieces[p]);
        for (size_t len = 0; len < sizeof data; len += 299) {
            ic__ss_event event = next_event(w.end[1]);
            assert_int_equal(event.what, IC__SS_MESSAGE);
            assert_int_equal(event.len, len);
            assert_memory_equal(event.data, data, len);
        }
        expect(w.end[1], IC__SS_NOTHING);
        world_free(&w);
    }
}

/* Section 4: writes are possible before the peer's header is here. */
static void writing_waits_for_the_keys_and_not_for_the_header(void **state)
{
    world w;
    world_init(&w, NULL, IC__NOISE_IK);
    assert_int_equal(ic__ss_write(w.end[0], NULL, 0, w.now), IC_ERR_AGAIN);
    assert_int_equal(ic__ss_write(w.end[1], NULL, 0, w.now), IC_ERR_AGAIN);
    carry(&w, 0, 4096);
    expect(w.end[1], IC__SS_OPEN);
    assert_int_equal(ic__ss_write(w.end[1], (const uint8_t *)"early", 5, w.now), 0);
    carry(&w, 1, 4096);
    expect(w.end[0], IC__SS_OPEN);
    ic__ss_event event = next_event(w.end[0]);
    assert_int_equal(event.what, IC__SS_MESSAGE);
    assert_memory_equal(event.data, "early", 5);
    world_free(&w);
}

/* Section 3.4: started over by each write, not by reads. */
static void silence_is_filled_with_keep_alives(void **state)
{
    world w;
    open_world(&w, NULL);
    assert_int_equal(ic__ss_deadline(w.end[0]), w.now + 5 * IC__SEC);
    w.now += 4 * IC__SEC;
    assert_int_equal(ic__ss_write(w.end[0], (const uint8_t *)"x", 1, w.now), 0);
    assert_int_equal(ic__ss_deadline(w.end[0]), w.now + 5 * IC__SEC);
    carry(&w, 0, 4096);
    expect(w.end[1], IC__SS_MESSAGE);
    assert_int_equal(ic__ss_deadline(w.end[1]), w.now + IC__SEC);
    ic__ss_expire(w.end[0], w.now + 5 * IC__SEC - 1);
    assert_int_equal(ic__ss_queued(w.end[0]), 0);
    ic__ss_expire(w.end[0], w.now + 5 * IC__SEC);
    assert_int_equal(ic__ss_queued(w.end[0]), 20);
    carry(&w, 0, 4096);
    expect(w.end[1], IC__SS_NOTHING); /* swallowed */
    assert_int_equal(ic__ss_get_stats(w.end[1]).messages_in, 2);
    world_free(&w);
}

/* UINT64_MAX is what a caller may take for never. */
static void a_time_beyond_the_end_of_time_never_comes(void **state)
{
    ic__ss_options o = {
        .keepalive_ns = UINT64_MAX,
        .handshake_ns = UINT64_MAX,
        .idle_ns = UINT64_MAX - 1,
        .max_message_bytes = 1000,
        .max_queued_bytes = 1000,
    };
    world w;
    world_init(&w, &o, IC__NOISE_XX);
    assert_int_equal(ic__ss_deadline(w.end[0]), IC__NEVER);
    shake(&w, 4096);
    assert_int_equal(ic__ss_deadline(w.end[0]), IC__NEVER);
    world_free(&w);
}

static void a_full_queue_needs_no_keep_alive(void **state)
{
    ic__ss_options o;
    world w;
    ic__ss_options_default(&o);
    o.max_queued_bytes = 50;
    open_world(&w, &o);
    assert_int_equal(ic__ss_write(w.end[0], (const uint8_t[60]){0}, 60, w.now), 0);
    ic__ss_expire(w.end[0], w.now + 5 * IC__SEC);
    assert_int_equal(ic__ss_queued(w.end[0]), 80);
    assert_int_equal(ic__ss_deadline(w.end[0]), w.now + 10 * IC__SEC);
    carry(&w, 0, 4096);
    expect(w.end[0], IC__SS_NOTHING);
    world_free(&w);
}

/* Section 5: a peer that never sends its header, or nothing at all */
static void a_handshake_that_takes_too_long_fails(void **state)
{
    world w;
    world_init(&w, NULL, IC__NOISE_IK);
    assert_int_equal(ic__ss_deadline(w.end[1]), w.now + 10 * IC__SEC);
    carry(&w, 0, 4096);
    expect(w.end[1], IC__SS_OPEN);
    ic__ss_expire(w.end[1], w.now + 10 * IC__SEC - 1); /* a keep-alive */
    ic__ss_expire(w.end[1], w.now + 10 * IC__SEC);
    expect_failure(w.end[1], IC_ERR_TIMEOUT);
    world_free(&w);
}

static void a_peer_that_went_silent_fails_when_asked_for(void **state)
{
    world w;
    ic__ss_options o = quiet();
    o.idle_ns = 30 * IC__SEC;
    open_world(&w, &o);
    w.now += 20 * IC__SEC;
    assert_int_equal(ic__ss_write(w.end[0], NULL, 0, w.now), 0);
    carry(&w, 0, 4096);
    expect(w.end[1], IC__SS_MESSAGE);
    assert_int_equal(ic__ss_deadline(w.end[1]), w.now + 30 * IC__SEC);
    ic__ss_expire(w.end[1], w.now + 30 * IC__SEC - 1);
    expect(w.end[1], IC__SS_NOTHING);
    ic__ss_expire(w.end[1], w.now + 30 * IC__SEC);
    expect_failure(w.end[1], IC_ERR_TIMEOUT);
    world_free(&w);
}

static void a_full_queue_says_again_and_then_drained(void **state)
{
    world w;
    uint8_t sink[600];
    static const uint8_t data[480];
    ic__ss_options o = quiet();
    o.max_queued_bytes = 1000;
    open_world(&w, &o);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ic__ss_write(w.end[0], data, sizeof data, w.now), 0);
    assert_int_equal(ic__ss_queued(w.end[0]), 1000);
    assert_int_equal(ic__ss_write(w.end[0], data, sizeof data, w.now), IC_ERR_AGAIN);
    assert_int_equal(ic__ss_pull(w.end[0], sink, 499), 499);
    expect(w.end[0], IC__SS_NOTHING);
    assert_int_equal(ic__ss_pull(w.end[0], sink, 1), 1);
    expect(w.end[0], IC__SS_DRAINED);
    expect(w.end[0], IC__SS_NOTHING);
    assert_int_equal(ic__ss_write(w.end[0], data, sizeof data, w.now), 0);
    world_free(&w);
}

static void a_message_longer_than_the_limit_is_refused_on_both_ends(void **state)
{
    world w;
    static const uint8_t data[1001];
    ic__ss_options o = quiet();
    o.max_message_bytes = 1000;
    open_world(&w, &o);
    assert_int_equal(ic__ss_write(w.end[0], data, 1001, w.now), IC_ERR_LIMIT);
    assert_int_equal(ic__ss_write(w.end[0], data, 1000, w.now), 0);
    carry(&w, 0, 4096);
    expect(w.end[1], IC__SS_MESSAGE);
    /* As soon as the length is here, without waiting for the rest: */
    const uint32_t len = 1001 + 17;
    const uint8_t head[3] = {(uint8_t)len, (uint8_t)(len >> 8), 0};
    assert_int_equal(ic__ss_recv(w.end[1], head, sizeof head, w.now), 0);
    expect_failure(w.end[1], IC_ERR_LIMIT);
    world_free(&w);
}

static void a_length_does_not_make_us_allocate(void **state)
{
    world w;
    static const uint8_t head[4] = {0xff, 0xff, 0xff, 0};
    open_world(&w, NULL);
    fail_alloc_start(2); /* the first piece of memory is for these bytes */
    assert_int_equal(ic__ss_recv(w.end[1], head, sizeof head, w.now), 0);
    expect(w.end[1], IC__SS_NOTHING);
    assert_false(fail_alloc_hit());
    (void)fail_alloc_stop();
    world_free(&w);
}

static void lengths_are_checked_before_anything_is_waited_for(void **state)
{
    static const struct {
        size_t ready; /* 0 fresh, 1 keys, 2 open */
        uint8_t head[3];
    } bad[] = {{0, {0, 0, 0}},  {0, {1, 4, 0}},  {0, {0, 0, 1}},
               {1, {0, 0, 0}},  {1, {55, 0, 0}}, {1, {57, 0, 0}},
               {1, {56, 1, 0}}, {2, {0, 0, 0}},  {2, {16, 0, 0}}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        world w;
        ic__ss *victim;
        if (bad[i].ready == 2)
            open_world(&w, NULL);
        else
            world_init(&w, NULL, IC__NOISE_IK);
        victim = w.end[1];
        if (bad[i].ready == 1) {
            carry(&w, 0, 4096);
            expect(victim, IC__SS_OPEN);
        }
        assert_int_equal(ic__ss_recv(victim, bad[i].head, 3, w.now), 0);
        expect_failure(victim, IC_ERR_PROTO);
        world_free(&w);
    }
}

static void any_changed_bit_ends_the_stream(void **state)
{
    for (size_t at = 3; at < 24; at++) {
        world w;
        uint8_t frame[64];
        open_world(&w, NULL);
        assert_int_equal(ic__ss_write(w.end[0], (const uint8_t *)"ping", 4, w.now), 0);
        assert_int_equal(ic__ss_pull(w.end[0], frame, sizeof frame), 24);
        frame[at] ^= 0x10;
        assert_int_equal(ic__ss_recv(w.end[1], frame, 24, w.now), 0);
        expect_failure(w.end[1], IC_ERR_AUTH);
        world_free(&w);
    }
}

static void a_changed_handshake_ends_the_stream(void **state)
{
    world w;
    uint8_t bytes[128];
    world_init(&w, NULL, IC__NOISE_IK);
    size_t len = ic__ss_pull(w.end[0], bytes, sizeof bytes);
    assert_int_equal(len, 3 + 96);
    bytes[50] ^= 1;
    assert_int_equal(ic__ss_recv(w.end[1], bytes, len, w.now), 0);
    expect_failure(w.end[1], IC_ERR_AUTH);
    world_free(&w);
}

/* Section 3.5 */
static void what_came_before_the_end_is_told_before_it(void **state)
{
    world w;
    static const uint8_t part[10] = {100};
    open_world(&w, NULL);
    assert_int_equal(ic__ss_write(w.end[0], (const uint8_t *)"last", 4, w.now), 0);
    ic__ss_end(w.end[0]);
    assert_false(ic__ss_drained(w.end[0]));
    carry(&w, 0, 4096);
    assert_true(ic__ss_drained(w.end[0]));
    assert_int_equal(ic__ss_write(w.end[0], NULL, 0, w.now), IC_ERR_CLOSED);
    assert_int_equal(ic__ss_deadline(w.end[0]), IC__NEVER);
    assert_int_equal(ic__ss_recv(w.end[1], part, sizeof part, w.now), 0);
    ic__ss_recv_end(w.end[1]);
    ic__ss_recv_end(w.end[1]);
    expect(w.end[1], IC__SS_MESSAGE);
    expect(w.end[1], IC__SS_END);
    expect(w.end[1], IC__SS_NOTHING);
    assert_int_equal(ic__ss_recv(w.end[1], part, 1, w.now), IC_ERR_CLOSED);
    assert_int_equal(ic__ss_write(w.end[1], NULL, 0, w.now), 0);
    world_free(&w);
}

/* Section 3.6 */
/* Section 3.4: bytes of the carrier count, and while we pause there are none. */
static void a_pause_holds_messages_and_the_end_and_nothing_else(void **state)
{
    const ic__ss_options options = {
        .idle_ns = 10 * IC__SEC, .max_message_bytes = 1000, .max_queued_bytes = 100};
    world w;
    open_world(&w, &options);
    ic__ss_set_reading(w.end[0], false, w.now);
    assert_int_equal(ic__ss_write(w.end[1], (const uint8_t *)"one", 3, w.now), 0);
    carry(&w, 1, 4096);
    ic__ss_recv_end(w.end[0]);
    assert_int_equal(ic__ss_write(w.end[0], (const uint8_t[100]){0}, 100, w.now), 0);
    assert_int_equal(ic__ss_write(w.end[0], NULL, 0, w.now), IC_ERR_AGAIN);
    size_t waiting;
    assert_non_null(ic__ss_front(w.end[0], &waiting));
    assert_int_equal(waiting, 120);
    ic__ss_pop(w.end[0], waiting);
    assert_null(ic__ss_front(w.end[0], &waiting));
    assert_int_equal(waiting, 0);
    expect(w.end[0], IC__SS_DRAINED);
    expect(w.end[0], IC__SS_NOTHING);
    assert_int_equal(ic__ss_deadline(w.end[0]), IC__NEVER);
    ic__ss_set_reading(w.end[0], true, w.now + 60 * IC__SEC);
    expect(w.end[0], IC__SS_MESSAGE);
    expect(w.end[0], IC__SS_END);
    expect(w.end[0], IC__SS_NOTHING);
    world_free(&w);
}

static void limits_count_from_the_moment_a_carrier_begins(void **state)
{
    const ic__ss_options options = {.handshake_ns = IC__SEC, .idle_ns = 3 * IC__SEC};
    world w;
    world_init(&w, &options, IC__NOISE_XX);
    w.now += 60 * IC__SEC;
    ic__ss_begin(w.end[1], w.now);
    assert_int_equal(ic__ss_deadline(w.end[1]), w.now + IC__SEC);
    ic__ss_expire(w.end[1], w.now);
    expect(w.end[1], IC__SS_NOTHING);
    ic__ss_expire(w.end[1], w.now + IC__SEC);
    expect_failure(w.end[1], IC_ERR_TIMEOUT);
    world_free(&w);
}

static void bad_datagrams_are_dropped_and_counted(void **state)
{
    world w;
    uint8_t sealed[64];
    uint8_t opened[64];
    ic__wr out = ic__wr_of(sealed, sizeof sealed);
    ic__wr got = ic__wr_of(opened, sizeof opened);
    world_init(&w, NULL, IC__NOISE_XX);
    assert_int_equal(ic__ss_seal_datagram(w.end[0], NULL, 0, &out), IC_ERR_AGAIN);
    assert_int_equal(ic__ss_open_datagram(w.end[0], sealed, 30, &got), IC_ERR_AUTH);
    world_free(&w);
    open_world(&w, NULL);
    assert_int_equal(ic__ss_seal_datagram(w.end[0], (const uint8_t *)"hello", 5, &out),
                     0);
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(ic__ss_open_datagram(w.end[1], sealed, len, &got), IC_ERR_AUTH);
    assert_int_equal(got.len, 0);
    assert_int_equal(ic__ss_get_stats(w.end[1]).dropped_datagrams, out.len);
    ic__wr small = ic__wr_of(opened, 4);
    assert_int_equal(ic__ss_open_datagram(w.end[1], sealed, out.len, &small),
                     IC_ERR_LIMIT);
    assert_int_equal(ic__ss_open_datagram(w.end[1], sealed, out.len, &got), 0);
    assert_memory_equal(opened, "hello", 5);
    out = ic__wr_of(sealed, 28);
    assert_int_equal(ic__ss_seal_datagram(w.end[0], opened, 5, &out), IC_ERR_LIMIT);
    assert_int_equal(out.len, 0);
    world_free(&w);
}

static void live_once(void *arg)
{
    world w = {.now = 1};
    ic__noise_result keys = {.tx = {1}, .rx = {2}};
    fake_random_init(&w.random, 1);
    w.env = (ic_env){.random = random_bytes, .user = &w.random};
    int err = ic__ss_new_keyed(&w.end[0], NULL, &w.env, true, &keys, w.now);
    if (err) {
        assert_int_equal(err, IC_ERR_NOMEM);
        return;
    }
    static const uint8_t data[5000];
    err = ic__ss_write(w.end[0], data, sizeof data, w.now);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
    err = ic__ss_recv(w.end[0], data + 1, 10, w.now);
    if (err) {
        assert_int_equal(err, IC_ERR_NOMEM);
        expect(w.end[0], IC__SS_OPEN);
        expect_failure(w.end[0], IC_ERR_NOMEM);
    }
    ic__ss_free(w.end[0]);
}

static void running_out_of_memory_leaves_nothing(void **state)
{
    fail_alloc_each(live_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_know_each_other_after_any_handshake),
        cmocka_unit_test(messages_keep_their_borders_in_any_pieces),
        cmocka_unit_test(writing_waits_for_the_keys_and_not_for_the_header),
        cmocka_unit_test(silence_is_filled_with_keep_alives),
        cmocka_unit_test(a_time_beyond_the_end_of_time_never_comes),
        cmocka_unit_test(a_full_queue_needs_no_keep_alive),
        cmocka_unit_test(a_handshake_that_takes_too_long_fails),
        cmocka_unit_test(a_peer_that_went_silent_fails_when_asked_for),
        cmocka_unit_test(a_full_queue_says_again_and_then_drained),
        cmocka_unit_test(a_message_longer_than_the_limit_is_refused_on_both_ends),
        cmocka_unit_test(a_length_does_not_make_us_allocate),
        cmocka_unit_test(lengths_are_checked_before_anything_is_waited_for),
        cmocka_unit_test(any_changed_bit_ends_the_stream),
        cmocka_unit_test(a_changed_handshake_ends_the_stream),
        cmocka_unit_test(what_came_before_the_end_is_told_before_it),
        cmocka_unit_test(a_pause_holds_messages_and_the_end_and_nothing_else),
        cmocka_unit_test(limits_count_from_the_moment_a_carrier_begins),
        cmocka_unit_test(bad_datagrams_are_dropped_and_counted),
        cmocka_unit_test(running_out_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests_name("transport/secret_stream", tests, NULL, NULL);
}
