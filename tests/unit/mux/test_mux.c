/* docs/spec/04-protomux.md, sections 2, 4 and 7; the frames are in
 * test_mux_scenarios.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "mux_steps.h"
#include "unit.h"

static void an_end_keeps_to_one_channel_of_a_key(void **state)
{
    ic__mux *m = mux_with(NULL);
    ic__channel_options o;
    ic__channel *ch = mux_open_ok(m, "p");
    ic__channel *other = NULL;
    assert_int_equal(mux_open_named(m, "p", &other), IC_ERR_EXISTS);
    ic__channel_options_default(&o);
    o.protocol = "p";
    o.id = (const uint8_t *)"";
    assert_int_equal(ic__mux_open(m, &o, &other), IC_ERR_EXISTS); /* empty is none */
    o.id = (const uint8_t *)"x";
    o.id_len = 1;
    assert_int_equal(ic__mux_open(m, &o, &other), 0);
    ic__channel_close(ch);
    assert_int_equal(mux_open_named(m, "p", &ch), 0);
    ic__mux_free(m);
}

static void an_open_nobody_answers_is_rejected_in_time(void **state)
{
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_deadline(m), IC__NEVER);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    mux_remote_opens(m, 1, "p");
    mux_expect(m, IC__MUX_PAIR);
    assert_int_equal(ic__mux_deadline(m), 11 * IC__SEC);
    ic__mux_expire(m, 11 * IC__SEC - 1);
    assert_null(ic__mux_front(m, &(size_t){0}));
    ic__mux_expire(m, 11 * IC__SEC);
    mux_expect_frame(m, "\0\2\1", 3);
    assert_int_equal(ic__mux_deadline(m), IC__NEVER);
    mux_remote_opens(m, 1, "p"); /* the id is free again */
    mux_expect(m, IC__MUX_PAIR);
    ic__mux_free(m);
}

static void refusing_rejects_every_open_of_the_key(void **state)
{
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    assert_int_equal(ic__mux_pair(m, "q", NULL, 0), 0);
    mux_remote_opens(m, 1, "p");
    mux_expect(m, IC__MUX_PAIR);
    mux_remote_opens(m, 2, "q");
    mux_expect(m, IC__MUX_PAIR);
    mux_remote_opens(m, 3, "p");
    ic__mux_event e = mux_expect(m, IC__MUX_PAIR);
    ic__mux_refuse(m, &e.key); /* the key of what it frees */
    mux_expect_frame(m, "\0\2\1", 3);
    mux_expect_frame(m, "\0\2\3", 3);
    assert_null(ic__mux_front(m, &(size_t){0}));
    ic__mux_free(m);
}

static void a_pair_of_one_id_does_not_ask_about_others(void **state)
{
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_pair(m, "p", (const uint8_t *)"x", 1), 0);
    assert_int_equal(ic__mux_pair(m, "p", (const uint8_t *)"x", 1), IC_ERR_EXISTS);
    mux_recv(m, "\0\1\1\1p\1y", 7);
    mux_expect(m, IC__MUX_NOTHING);
    mux_recv(m, "\0\1\1\1p\1x", 7);
    mux_expect(m, IC__MUX_PAIR);
    ic__mux_unpair(m, "p", (const uint8_t *)"x", 1);
    ic__mux_unpair(m, "p", (const uint8_t *)"x", 1);
    mux_recv(m, "\0\1\2\1p\1x", 7);
    mux_expect(m, IC__MUX_NOTHING);
    mux_expect_frame(m, "\0\2\1", 3);
    mux_expect_frame(m, "\0\2\2", 3);
    ic__mux_free(m);
}

/* Section 7: otherwise than the reference, which forgets the close. */
static void a_waiting_open_that_the_peer_closes_is_answered_at_once(void **state)
{
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    mux_remote_opens(m, 1, "p");
    mux_expect(m, IC__MUX_PAIR);
    mux_recv(m, "\0\3\1", 3);
    mux_expect(m, IC__MUX_NOTHING);
    mux_expect_frame(m, "\0\2\1", 3);
    (void)mux_open_ok(m, "p"); /* waits for a new open of the peer */
    mux_expect(m, IC__MUX_NOTHING);
    ic__mux_free(m);
}

static void types_that_were_not_declared_are_ignored(void **state)
{
    ic__channel_options o;
    ic__channel *ch = NULL;
    ic__mux *m = mux_with(NULL);
    ic__channel_options_default(&o);
    o.protocol = "p";
    o.types = 1;
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    mux_remote_opens(m, 1, "p");
    mux_expect(m, IC__MUX_PAIR);
    mux_recv(m, "\1\1x", 3);
    mux_expect(m, IC__MUX_NOTHING);
    assert_int_equal(ic__mux_open(m, &o, &ch), 0);
    mux_expect(m, IC__MUX_OPENED);
    mux_recv(m, "\1\1x", 3);
    mux_expect(m, IC__MUX_NOTHING);
    mux_recv(m, "\1\0x", 3);
    mux_expect(m, IC__MUX_MESSAGE);
    assert_int_equal(ic__mux_get_stats(m).dropped_messages, 2);
    ic__mux_free(m);
}

static void close_in_any_event_is_fine(void **state)
{
    for (int when = 0; when < 3; when++) {
        ic__mux *m = mux_with(NULL);
        ic__channel *ch = mux_open_ok(m, "p");
        mux_remote_opens(m, 1, "p");
        if (when == 0)
            ic__channel_close(ch); /* before its opening was told: only the end is */
        else
            mux_expect(m, IC__MUX_OPENED);
        if (when == 1) {
            mux_recv(m, "\0\0\1\2\0a\2\0b", 9);
            mux_expect(m, IC__MUX_MESSAGE);
        }
        ic__channel_close(ch);
        ic__channel_close(ch);
        ic__channel_close(NULL);
        ic__mux_event e = mux_expect(m, IC__MUX_CLOSED);
        assert_false(e.by_remote);
        assert_ptr_equal(e.channel, ch);
        mux_expect(m, IC__MUX_NOTHING);
        ic__mux_free(m);
    }
}

static void a_frame_stays_until_it_is_parsed(void **state)
{
    ic__mux *m = mux_with(NULL);
    (void)mux_open_ok(m, "p");
    mux_remote_opens(m, 1, "p");
    assert_int_equal(ic__mux_recv(m, (const uint8_t *)"", 0, 0), IC_ERR_BUSY);
    mux_expect(m, IC__MUX_OPENED);
    mux_expect(m, IC__MUX_NOTHING);
    mux_recv(m, "", 0);
    mux_expect(m, IC__MUX_NOTHING);
    ic__mux_free(m);
}

static void the_end_closes_every_channel_once(void **state)
{
    ic__mux *m = mux_with(NULL);
    ic__channel *ch = mux_open_ok(m, "p");
    (void)mux_open_ok(m, "q");
    mux_remote_opens(m, 1, "p");
    mux_expect(m, IC__MUX_OPENED);
    ic__mux_end(m);
    ic__mux_end(m);
    for (int i = 0; i < 2; i++)
        assert_true(mux_expect(m, IC__MUX_CLOSED).by_remote);
    mux_expect(m, IC__MUX_NOTHING);
    assert_int_equal(mux_open_named(m, "r", &ch), IC_ERR_CLOSED);
    assert_false(ic__mux_reading(m));
    ic__mux_free(m);
}

static void a_failure_is_told_after_the_channels(void **state)
{
    size_t len;
    ic__mux *m = mux_with(NULL);
    (void)mux_open_ok(m, "p");
    ic__mux_fail(m, IC_ERR_DENIED);
    ic__mux_fail(m, IC_ERR_PROTO);
    assert_null(ic__mux_front(m, &len));
    mux_expect(m, IC__MUX_CLOSED);
    assert_int_equal(mux_expect(m, IC__MUX_FAILED).error, IC_ERR_DENIED);
    mux_expect(m, IC__MUX_NOTHING);
    ic__mux_free(m);
}

static void every_prefix_of_a_frame_is_read_within_its_bytes(void **state)
{
    static const char frame[] = "\0\0\0\6\1\1\1p\1x\0\1\4\0abc\0\0\2\2\1\2\3\1";
    for (size_t len = 0; len < sizeof frame; len++) {
        ic__mux_event e;
        uint8_t *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, frame, len);
        ic__mux *m = mux_with(NULL);
        assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
        mux_recv(m, cut, len);
        while (ic__mux_next(m, &e))
            continue;
        ic__mux_free(m);
        free(cut);
    }
}

static void live_once(void *arg)
{
    ic__mux *m = NULL;
    ic__channel *ch = NULL;
    ic__mux_event e;
    uint8_t frame[64];
    static const char batch[] = "\0\0\1\2\0a\2\0b\0\2\2\0c";
    if (ic__mux_new(&m, NULL) != 0)
        return;
    int err = ic__mux_pair(m, "p", NULL, 0);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
    for (uint64_t id = 1; id <= 9; id++) {
        size_t len = mux_open_frame(frame, sizeof frame, id, id == 1 ? "p" : "q", 3);
        if (ic__mux_recv(m, frame, len, 0) == 0)
            while (ic__mux_next(m, &e))
                assert_true(e.what != IC__MUX_FAILED || e.error == IC_ERR_NOMEM);
    }
    if (ic__mux_recv(m, (const uint8_t *)batch, sizeof batch - 1, 0) == 0)
        while (ic__mux_next(m, &e))
            assert_true(e.what != IC__MUX_FAILED || e.error == IC_ERR_NOMEM);
    for (int i = 0; i < 9; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, i ? "p%d" : "p", i);
        err = mux_open_named(m, name, &ch);
        assert_true(err == 0 || err == IC_ERR_NOMEM || err == IC_ERR_CLOSED);
        if (!err && i == 0) {
            ic__mux_cork(m);
            err = ic__channel_send(ch, 0, (const uint8_t *)"hi", 2);
            assert_true(err == 0 || err == IC_ERR_NOMEM);
            ic__channel_close(ch);
            ic__mux_uncork(m);
        }
    }
    while (ic__mux_next(m, &e))
        continue;
    ic__mux_free(m);
}

static void running_out_of_memory_leaves_nothing(void **state)
{
    fail_alloc_each(live_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_keeps_to_one_channel_of_a_key),
        cmocka_unit_test(an_open_nobody_answers_is_rejected_in_time),
        cmocka_unit_test(refusing_rejects_every_open_of_the_key),
        cmocka_unit_test(a_pair_of_one_id_does_not_ask_about_others),
        cmocka_unit_test(a_waiting_open_that_the_peer_closes_is_answered_at_once),
        cmocka_unit_test(types_that_were_not_declared_are_ignored),
        cmocka_unit_test(close_in_any_event_is_fine),
        cmocka_unit_test(a_frame_stays_until_it_is_parsed),
        cmocka_unit_test(the_end_closes_every_channel_once),
        cmocka_unit_test(a_failure_is_told_after_the_channels),
        cmocka_unit_test(every_prefix_of_a_frame_is_read_within_its_bytes),
        cmocka_unit_test(running_out_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests_name("mux/mux", tests, NULL, NULL);
}
