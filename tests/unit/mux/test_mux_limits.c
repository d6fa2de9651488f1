/* docs/spec/04-protomux.md, sections 3, 4 and 8: what fills up, and what happens then */
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "mux_steps.h"
#include "transport/codec.h"
#include "unit.h"

static void names_and_ids_that_are_too_long_are_refused(void **state)
{
    char name[IC__MUX_NAME_MAX + 2];
    uint8_t id[IC__MUX_ID_MAX + 1] = {0};
    ic__mux *m = mux_with(NULL);
    ic__channel *ch = NULL;
    ic__channel_options o;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    const char *const aliases[] = {name, NULL};
    assert_int_equal(mux_open_named(m, name, &ch), IC_ERR_INVALID);
    assert_int_equal(ic__mux_pair(m, name, NULL, 0), IC_ERR_INVALID);
    ic__channel_options_default(&o);
    o.protocol = "p";
    o.id = id;
    o.id_len = sizeof id;
    assert_int_equal(ic__mux_open(m, &o, &ch), IC_ERR_INVALID);
    o.id_len--;
    o.aliases = aliases;
    assert_int_equal(ic__mux_open(m, &o, &ch), IC_ERR_INVALID);
    o.aliases = NULL;
    assert_int_equal(ic__mux_open(m, &o, &ch), 0);
    name[IC__MUX_NAME_MAX] = 0;
    assert_int_equal(mux_open_named(m, name, &ch), 0);
    assert_int_equal(ic__mux_pair(m, name, NULL, 0), 0);
    mux_skip_frames(m);
    name[IC__MUX_NAME_MAX] = 'n'; /* one too long from the peer: rejected */
    mux_remote_opens(m, 1, name);
    mux_expect(m, IC__MUX_NOTHING);
    mux_expect_frame(m, "\0\2\1", 3);
    ic__mux_free(m);
}

static void own_channels_are_limited(void **state)
{
    ic__mux_options o = mux_defaults();
    ic__channel *ch = NULL;
    o.max_channels = 2;
    ic__mux *m = mux_with(&o);
    ic__channel *first = mux_open_ok(m, "p1");
    (void)mux_open_ok(m, "p2");
    assert_int_equal(mux_open_named(m, "p3", &ch), IC_ERR_LIMIT);
    /* Closed before it was paired: its id waits for the peer's answer. */
    ic__channel_close(first);
    mux_expect(m, IC__MUX_CLOSED);
    assert_int_equal(mux_open_named(m, "p3", &ch), IC_ERR_LIMIT);
    mux_recv(m, "\0\2\1", 3);
    mux_expect(m, IC__MUX_NOTHING);
    assert_int_equal(mux_open_named(m, "p3", &ch), 0);
    ic__mux_free(m);
}

static void ids_of_the_peer_are_limited(void **state)
{
    ic__mux_options o = mux_defaults();
    o.max_channels = 3;
    o.max_waiting = 2;
    ic__mux *m = mux_with(&o);
    for (uint64_t id = 1; id <= 5; id++) {
        mux_remote_opens(m, id, "unknown");
        mux_expect(m, IC__MUX_NOTHING);
    }
    assert_int_equal(ic__mux_get_stats(m).rejected, 5);
    mux_remote_opens(m, 6, "unknown");
    assert_int_equal(mux_expect(m, IC__MUX_FAILED).error, IC_ERR_LIMIT);
    ic__mux_free(m);
}

static void opens_that_wait_are_limited(void **state)
{
    ic__mux_options o = mux_defaults();
    o.max_waiting = 2;
    ic__mux *m = mux_with(&o);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    mux_remote_opens(m, 1, "p");
    mux_expect(m, IC__MUX_PAIR);
    mux_remote_opens(m, 2, "p");
    mux_expect(m, IC__MUX_PAIR);
    mux_remote_opens(m, 3, "p");
    mux_expect(m, IC__MUX_NOTHING);
    mux_expect_frame(m, "\0\2\3", 3);
    ic__mux_free(m);
}

/* Section 4 */
static void too_many_stored_bytes_stop_the_reading_until_they_are_taken(void **state)
{
    static uint8_t message[2 + 16000] = {1, 0};
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    mux_remote_opens(m, 1, "p");
    mux_expect(m, IC__MUX_PAIR);
    for (int i = 0; i < 2; i++) {
        mux_recv(m, message, sizeof message);
        mux_expect(m, IC__MUX_NOTHING);
        assert_int_equal(ic__mux_reading(m), i == 0); /* 16512, 33024 of 32768 */
    }
    (void)mux_open_ok(m, "p");
    assert_true(ic__mux_reading(m));
    mux_expect(m, IC__MUX_OPENED);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mux_expect(m, IC__MUX_MESSAGE).len, 16000);
    mux_expect(m, IC__MUX_NOTHING);
    ic__mux_free(m);
}

static void one_frame_cannot_make_us_store_without_end(void **state)
{
    uint8_t frame[1000] = {0, 0, 1};
    ic__mux_options o = mux_defaults();
    o.max_stored_bytes = 100 * 513;
    ic__mux *m = mux_with(&o);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    mux_remote_opens(m, 1, "p");
    mux_expect(m, IC__MUX_PAIR);
    for (size_t i = 0; i < 101; i++) /* a batch of messages with one byte each */
        memcpy(frame + 3 + 3 * i, "\2\0x", 3);
    mux_recv(m, frame, 3 + 3 * 100);
    mux_expect(m, IC__MUX_NOTHING);
    mux_recv(m, frame, 3 + 3);
    assert_int_equal(mux_expect(m, IC__MUX_FAILED).error, IC_ERR_LIMIT);
    assert_int_equal(ic__mux_recv(m, frame, 3, 0), IC_ERR_CLOSED);
    ic__mux_free(m);
}

static void answers_that_nobody_takes_stop_the_reading(void **state)
{
    ic__mux_options o = mux_defaults();
    o.max_queued_bytes = 1000;
    o.max_message_bytes = 500;
    ic__mux *m = mux_with(&o);
    int opens = 0;
    while (ic__mux_reading(m)) {
        mux_remote_opens(m, 1, "nobody has it"); /* refused: the id is free again */
        mux_expect(m, IC__MUX_NOTHING);
        assert_true(++opens < 1000);
    }
    assert_in_range(opens, 200, 500); /* 1950 bytes, 7 each */
    ic__mux_pop(m);
    assert_true(ic__mux_reading(m));
    ic__mux_free(m);
}

static void a_full_queue_says_again_and_then_drained(void **state)
{
    static const uint8_t data[600];
    ic__mux_options o = mux_defaults();
    o.max_queued_bytes = 1000;
    ic__mux *m = mux_with(&o);
    ic__channel *ch = mux_open_ok(m, "p");
    mux_skip_frames(m);
    assert_int_equal(ic__channel_send(ch, 0, data, sizeof data), 0);
    assert_int_equal(ic__channel_send(ch, 0, data, sizeof data), 0);
    assert_true(ic__mux_reading(m)); /* or two full ones would wait for each other */
    assert_int_equal(ic__channel_send(ch, 0, data, 1), IC_ERR_AGAIN);
    ic__mux_pop(m);
    mux_expect(m, IC__MUX_NOTHING); /* 606 of 1000 are more than half */
    ic__mux_pop(m);
    mux_expect(m, IC__MUX_DRAINED);
    mux_expect(m, IC__MUX_NOTHING);
    assert_int_equal(ic__channel_send(ch, 0, data, 1), 0);
    ic__mux_free(m);
}

static void patience_can_be_endless(void **state)
{
    static const uint64_t endless[] = {0, UINT64_MAX};
    for (size_t i = 0; i < 2; i++) {
        ic__mux_options o = mux_defaults();
        o.pair_ns = endless[i];
        ic__mux *m = mux_with(&o);
        assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
        mux_remote_opens(m, 1, "p");
        mux_expect(m, IC__MUX_PAIR);
        assert_true(ic__mux_deadline(m) == UINT64_MAX);
        ic__mux_free(m);
    }
}

static void messages_have_a_limit(void **state)
{
    static const uint8_t data[101];
    ic__mux_options o = mux_defaults();
    o.max_message_bytes = 100;
    ic__mux *m = mux_with(&o);
    ic__channel *ch = mux_open_ok(m, "p");
    assert_int_equal(ic__channel_send(ch, 0, data, 101), IC_ERR_LIMIT);
    assert_int_equal(ic__channel_send(ch, IC__UINT_MAX + 1, data, 1), IC_ERR_LIMIT);
    assert_int_equal(ic__channel_send(ch, IC__UINT_MAX, data, 100), 0);
    ic__channel_close(ch);
    assert_int_equal(ic__channel_send(ch, 0, data, 1), IC_ERR_CLOSED);
    ic__mux_free(m);
}

/* Section 3: 8 MiB are a batch, and no frame is larger than the stream takes. */
static void a_large_batch_leaves_in_pieces(void **state)
{
    size_t len = 0;
    size_t frames = 0;
    size_t total = 0;
    static uint8_t data[3 << 20];
    ic__mux_options o = mux_defaults();
    o.max_queued_bytes = UINT32_MAX;
    ic__mux *m = mux_with(&o);
    ic__channel *ch = mux_open_ok(m, "p");
    mux_skip_frames(m);
    ic__mux_cork(m);
    ic__mux_cork(m);
    for (int i = 0; i < 7; i++)
        assert_int_equal(ic__channel_send(ch, 0, data, sizeof data), 0);
    ic__mux_uncork(m);
    ic__mux_uncork(m);
    for (; ic__mux_front(m, &len); ic__mux_pop(m), frames++) {
        assert_in_range(len, 3 << 20, 16777198);
        total += len;
    }
    assert_int_equal(frames, 3); /* 9, 9 and 3 MiB */
    assert_in_range(total, 21 << 20, (21 << 20) + 100);
    ic__mux_free(m);
}

static void batches_in_batches_have_an_end(void **state)
{
    uint8_t frame[64];
    size_t len = 5;
    memcpy(frame, "\1\0\2\0a", 5); /* the innermost: channel 1, type 0, "a" */
    for (int depth = 1; depth <= 4; depth++) {
        /* its own frame: control, batch, channel, ... */
        ic__mux *m = mux_with(NULL);
        (void)mux_open_ok(m, "p");
        mux_remote_opens(m, 1, "p");
        mux_expect(m, IC__MUX_OPENED);
        uint8_t whole[80] = {0, 0, 1, 2, 0, 'a'};
        len = 6;
        for (int i = 1; i < depth; i++) { /* 00 00 00, length, 00 + the one before */
            uint8_t inner[80];
            memcpy(inner, whole + 1, len - 1);
            size_t inner_len = len - 1;
            memcpy(whole, (const uint8_t[]){0, 0, 0, (uint8_t)inner_len}, 4);
            memcpy(whole + 4, inner, inner_len);
            len = 4 + inner_len;
        }
        mux_recv(m, whole, len);
        mux_expect(m, depth <= 2 ? IC__MUX_MESSAGE : IC__MUX_CLOSED);
        if (depth > 2)
            assert_int_equal(mux_expect(m, IC__MUX_FAILED).error, IC_ERR_PROTO);
        ic__mux_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_ids_that_are_too_long_are_refused),
        cmocka_unit_test(own_channels_are_limited),
        cmocka_unit_test(ids_of_the_peer_are_limited),
        cmocka_unit_test(opens_that_wait_are_limited),
        cmocka_unit_test(too_many_stored_bytes_stop_the_reading_until_they_are_taken),
        cmocka_unit_test(one_frame_cannot_make_us_store_without_end),
        cmocka_unit_test(answers_that_nobody_takes_stop_the_reading),
        cmocka_unit_test(a_full_queue_says_again_and_then_drained),
        cmocka_unit_test(patience_can_be_endless),
        cmocka_unit_test(messages_have_a_limit),
        cmocka_unit_test(a_large_batch_leaves_in_pieces),
        cmocka_unit_test(batches_in_batches_have_an_end),
    };
    return cmocka_run_group_tests_name("mux/mux_limits", tests, NULL, NULL);
}
