/* docs/spec/04-protomux.md, section 3, live: what leaves together, and what waits. */
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "mux_pair.h"
#include "unit.h"

static uint64_t frames_out(const mux_end *e)
{
    ic_stream_stats stats;

    ic_stream_get_stats(ic_mux_stream(e->mux), &stats, sizeof stats);
    return stats.messages_out;
}

/* Section 3. */
static void corked_messages_leave_in_one_frame(void **state)
{
    mux_pair w;
    mux_pair_open(&w);
    uint64_t before = frames_out(&w.ends[0]);
    ic_mux_cork(w.ends[0].mux);
    ic_mux_cork(w.ends[0].mux);
    for (int i = 0; i < 100; i++)
        assert_int_equal(mux_pair_say(&w.ends[0], "one of many"), 0);
    ic_mux_uncork(w.ends[0].mux);
    assert_int_equal(frames_out(&w.ends[0]), before); /* they nest */
    ic_mux_uncork(w.ends[0].mux);
    assert_int_equal(frames_out(&w.ends[0]), before + 1);
    stream_pair_until(&w.p, &w.ends[1].messages, 100);
    assert_int_equal(w.ends[1].bytes, 100 * sizeof "one of many");
    ic_mux_uncork(w.ends[0].mux); /* one too many does no harm */
    assert_int_equal(mux_pair_say(&w.ends[0], "alone"), 0);
    assert_int_equal(frames_out(&w.ends[0]), before + 2);
    stream_pair_until(&w.p, &w.ends[1].messages, 101);
    stream_pair_free(&w.p);
}

/* The first one as the reference would send it, the others together. */
static void messages_of_one_turn_leave_in_few_frames(void **state)
{
    static const uint8_t bytes[1000];
    mux_pair w;
    mux_pair_open(&w);
    uint64_t before = frames_out(&w.ends[0]);
    for (int i = 0; i < 50; i++)
        assert_int_equal(ic_channel_send(w.ends[0].ch, 0, bytes, sizeof bytes), 0);
    assert_int_equal(frames_out(&w.ends[0]), before + 1 + 3); /* 16 in each frame */
    stream_pair_until(&w.p, &w.ends[1].messages, 50);
    assert_int_equal(frames_out(&w.ends[0]), before + 1 + 4);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mux_pair_say(&w.ends[0], "alone"), 0);
        stream_pair_until(&w.p, &w.ends[1].messages, 51 + i);
    }
    assert_int_equal(frames_out(&w.ends[0]), before + 1 + 4 + 3);
    stream_pair_free(&w.p);
}

/* A frame that is longer than the stream takes would end the mux. */
static void what_is_gathered_fits_the_stream(void **state)
{
    static const size_t sizes[] = {900, 900, 900, 1980, 5, 1980, 1940, 5};
    static const uint8_t bytes[1980];
    for (int corked = 0; corked < 2; corked++) {
        mux_pair w;
        mux_pair_open_with(&w, 2000);
        if (corked)
            ic_mux_cork(w.ends[0].mux);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            assert_int_equal(ic_channel_send(w.ends[0].ch, 0, bytes, sizes[i]), 0);
        if (corked)
            ic_mux_uncork(w.ends[0].mux);
        stream_pair_until(&w.p, &w.ends[1].messages, 8);
        assert_int_equal(w.ends[1].bytes, 3 * 900 + 2 * 1980 + 1940 + 2 * 5);
        stream_pair_free(&w.p);
    }
}

static void what_the_stream_cannot_take_is_refused(void **state)
{
    static const uint8_t bytes[1999];
    mux_pair w;
    mux_pair_open_with(&w, 2000);
    assert_int_equal(ic_channel_send(w.ends[0].ch, 0, bytes, 1999), IC_ERR_LIMIT);
    assert_int_equal(ic_channel_send(w.ends[0].ch, 0, bytes, 1998), 0);
    stream_pair_until(&w.p, &w.ends[1].messages, 1);
    assert_int_equal(w.ends[1].bytes, 1998);
    stream_pair_free(&w.p);
}

/* Also what waits in the mux: the network takes some at once, the stream keeps more. */
static void what_is_gathered_leaves_before_the_end(void **state)
{
    static const uint8_t bytes[60000];
    for (int full = 0; full < 2; full++) {
        mux_pair w;
        int sent = 0;
        mux_pair_open(&w);
        while ((full || sent < 9) &&
               ic_channel_send(w.ends[0].ch, 0, bytes, full ? sizeof bytes : 10) == 0)
            sent++;
        ic_channel_close(w.ends[0].ch);
        ic_stream_end(ic_mux_stream(w.ends[0].mux));
        assert_int_equal(mux_pair_channel(&w.ends[0], "late", "", NULL), IC_ERR_CLOSED);
        for (size_t i = 0; i < 2; i++)
            stream_pair_until(&w.p, &w.ends[i].closed, 1);
        assert_int_equal(w.ends[0].error, 0);
        assert_int_equal(w.ends[1].messages, sent);
        stream_pair_free(&w.p);
    }
}

static void what_is_gathered_leaves_before_the_close_of_its_channel(void **state)
{
    mux_pair w;
    mux_pair_open(&w);
    for (int i = 0; i < 9; i++)
        assert_int_equal(mux_pair_say(&w.ends[0], "before the close"), 0);
    ic_channel_close(w.ends[0].ch);
    stream_pair_until(&w.p, &w.ends[1].channel_closed, 1);
    assert_int_equal(w.ends[1].messages, 9);
    stream_pair_free(&w.p);
}

static void a_full_batch_says_again_and_drains_after_uncork(void **state)
{
    static const uint8_t bytes[30000];
    mux_pair w;
    mux_pair_open(&w);
    int sent = 0;
    ic_mux_cork(w.ends[0].mux);
    while (ic_channel_send(w.ends[0].ch, 0, bytes, sizeof bytes) == 0)
        assert_true(++sent < 100);
    ic_mux_uncork(w.ends[0].mux);
    stream_pair_until(&w.p, &w.ends[0].drained, 1);
    stream_pair_until(&w.p, &w.ends[1].messages, sent);
    assert_int_equal(sent, 3); /* 65536 are passed with the third */
    stream_pair_free(&w.p);
}

static void a_batch_without_memory_ends_the_mux(void **state)
{
    static const uint8_t bytes[20000];
    mux_pair w;
    mux_pair_open(&w);
    ic_mux_cork(w.ends[0].mux);
    assert_int_equal(ic_channel_send(w.ends[0].ch, 0, bytes, sizeof bytes), 0);
    fail_alloc_start(1);
    ic_mux_uncork(w.ends[0].mux);
    assert_true(fail_alloc_hit());
    (void)fail_alloc_stop();
    stream_pair_until(&w.p, &w.ends[0].closed, 1);
    assert_int_equal(w.ends[0].error, IC_ERR_NOMEM);
    stream_pair_free(&w.p);
}

static void a_full_queue_says_again_and_then_drains(void **state)
{
    static const uint8_t bytes[30000];
    mux_pair w;
    mux_pair_open(&w);
    uint64_t sent = 0;
    int err = 0;
    while ((err = ic_channel_send(w.ends[0].ch, 0, bytes, sizeof bytes)) == 0)
        assert_true(++sent < 1000);
    assert_int_equal(err, IC_ERR_AGAIN);
    stream_pair_until(&w.p, &w.ends[0].drained, 1);
    stream_pair_until(&w.p, &w.ends[1].messages, (int)sent);
    assert_int_equal(w.ends[1].bytes, sent * sizeof bytes);
    assert_int_equal(w.ends[0].drained, 1);
    stream_pair_free(&w.p);
}

/* Each one's queue is full of what it says itself: it must listen all the same. */
static void two_that_talk_at_once_in_long_messages_hear_each_other(void **state)
{
    enum { LONG_ONES = 6 };
    static const uint8_t bytes[(size_t)8 << 20];
    mux_pair w;
    int left[2] = {LONG_ONES, LONG_ONES};
    mux_pair_open(&w);
    for (int turn = 0; left[0] || left[1]; turn++) {
        for (size_t i = 0; i < 2; i++)
            left[i] -=
                left[i] && ic_channel_send(w.ends[i].ch, 0, bytes, sizeof bytes) == 0;
        assert_true(turn < 1000);
        stream_pair_run(&w.p, 10);
    }
    for (size_t i = 0; i < 2; i++)
        stream_pair_until(&w.p, &w.ends[i].messages, LONG_ONES);
    stream_pair_free(&w.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corked_messages_leave_in_one_frame),
        cmocka_unit_test(messages_of_one_turn_leave_in_few_frames),
        cmocka_unit_test(what_is_gathered_fits_the_stream),
        cmocka_unit_test(what_the_stream_cannot_take_is_refused),
        cmocka_unit_test(what_is_gathered_leaves_before_the_end),
        cmocka_unit_test(what_is_gathered_leaves_before_the_close_of_its_channel),
        cmocka_unit_test(a_full_batch_says_again_and_drains_after_uncork),
        cmocka_unit_test(a_batch_without_memory_ends_the_mux),
        cmocka_unit_test(a_full_queue_says_again_and_then_drains),
        cmocka_unit_test(two_that_talk_at_once_in_long_messages_hear_each_other),
    };
    return cmocka_run_group_tests_name("io/mux_queue", tests, NULL, NULL);
}
