/* docs/spec/04-protomux.md, sections 2, 4, 7 and 8; the frames are in
 * test_mux_vectors.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "mux/mux.h"
#include "transport/codec.h"

static ic__mux_event next(ic__mux *m)
{
    ic__mux_event e;
    bool any = ic__mux_next(m, &e);
    assert_int_equal(any, e.what != IC__MUX_NOTHING);
    return e;
}

static ic__mux_event expect(ic__mux *m, ic__mux_what what)
{
    ic__mux_event e = next(m);
    assert_int_equal(e.what, what);
    return e;
}

static ic__mux *mux_with(const ic__mux_options *o)
{
    ic__mux *m = NULL;
    assert_int_equal(ic__mux_new(&m, o), 0);
    return m;
}

static ic__mux_options defaults(void)
{
    ic__mux_options o;
    ic__mux_options_default(&o);
    return o;
}

static int open_named(ic__mux *m, const char *protocol, ic__channel **ch)
{
    ic__channel_options o;
    ic__channel_options_default(&o);
    o.protocol = protocol;
    return ic__mux_open(m, &o, ch);
}

static ic__channel *open_ok(ic__mux *m, const char *protocol)
{
    ic__channel *ch = NULL;
    assert_int_equal(open_named(m, protocol, &ch), 0);
    return ch;
}

/* A frame, when the one before has been told; the events are the caller's to take. */
static void recv_bytes(ic__mux *m, const void *bytes, size_t len)
{
    expect(m, IC__MUX_NOTHING);
    assert_int_equal(ic__mux_recv(m, bytes, len, IC__SEC), 0);
}

static size_t open_frame(uint8_t *out, size_t cap, uint64_t id, const char *protocol,
                         size_t handshake_len)
{
    ic__wr w = ic__wr_of(out, cap);
    const ic__mux_open_frame open = {
        .id = id,
        .key = {.name = (const uint8_t *)protocol, .name_len = strlen(protocol)},
    };
    ic__wr_uint(&w, IC__MUX_CONTROL);
    ic__mux_open_write(&w, &open);
    (void)ic__wr_room(&w, handshake_len);
    assert_false(w.bad);
    return w.len;
}

/* The peer opens `protocol` as its channel `id`. */
static void remote_opens(ic__mux *m, uint64_t id, const char *protocol)
{
    static uint8_t frame[600];
    recv_bytes(m, frame, open_frame(frame, sizeof frame, id, protocol, 0));
}

static void expect_frame(ic__mux *m, const char *bytes, size_t len)
{
    size_t got;
    const uint8_t *front = ic__mux_front(m, &got);
    assert_non_null(front);
    assert_int_equal(got, len);
    assert_memory_equal(front, bytes, len);
    ic__mux_pop(m);
}

static void skip_frames(ic__mux *m)
{
    size_t len;
    while (ic__mux_front(m, &len))
        ic__mux_pop(m);
}

static void an_end_keeps_to_one_channel_of_a_key(void **state)
{
    (void)state;
    ic__mux *m = mux_with(NULL);
    ic__channel_options o;
    ic__channel *ch = open_ok(m, "p");
    ic__channel *other = NULL;
    assert_int_equal(open_named(m, "p", &other), IC_ERR_EXISTS);
    ic__channel_options_default(&o);
    o.protocol = "p";
    o.id = (const uint8_t *)"";
    assert_int_equal(ic__mux_open(m, &o, &other), IC_ERR_EXISTS); /* empty is none */
    o.id = (const uint8_t *)"x";
    o.id_len = 1;
    assert_int_equal(ic__mux_open(m, &o, &other), 0);
    ic__channel_close(ch);
    assert_int_equal(open_named(m, "p", &ch), 0);
    ic__mux_free(m);
}

static void names_and_ids_that_are_too_long_are_refused(void **state)
{
    (void)state;
    char name[IC__MUX_NAME_MAX + 2];
    uint8_t id[IC__MUX_ID_MAX + 1] = {0};
    ic__mux *m = mux_with(NULL);
    ic__channel *ch = NULL;
    ic__channel_options o;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    const char *const aliases[] = {name, NULL};
    assert_int_equal(open_named(m, name, &ch), IC_ERR_INVALID);
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
    assert_int_equal(open_named(m, name, &ch), 0);
    assert_int_equal(ic__mux_pair(m, name, NULL, 0), 0);
    skip_frames(m);
    name[IC__MUX_NAME_MAX] = 'n'; /* one too long from the peer: rejected */
    remote_opens(m, 1, name);
    expect(m, IC__MUX_NOTHING);
    expect_frame(m, "\0\2\1", 3);
    ic__mux_free(m);
}

static void own_channels_are_limited(void **state)
{
    (void)state;
    ic__mux_options o = defaults();
    ic__channel *ch = NULL;
    o.max_channels = 2;
    ic__mux *m = mux_with(&o);
    ic__channel *first = open_ok(m, "p1");
    (void)open_ok(m, "p2");
    assert_int_equal(open_named(m, "p3", &ch), IC_ERR_LIMIT);
    /* Closed before it was paired: its id waits for the peer's answer. */
    ic__channel_close(first);
    expect(m, IC__MUX_CLOSED);
    assert_int_equal(open_named(m, "p3", &ch), IC_ERR_LIMIT);
    recv_bytes(m, "\0\2\1", 3);
    expect(m, IC__MUX_NOTHING);
    assert_int_equal(open_named(m, "p3", &ch), 0);
    ic__mux_free(m);
}

static void ids_of_the_peer_are_limited(void **state)
{
    (void)state;
    ic__mux_options o = defaults();
    o.max_channels = 3;
    o.max_waiting = 2;
    ic__mux *m = mux_with(&o);
    for (uint64_t id = 1; id <= 5; id++) {
        remote_opens(m, id, "unknown");
        expect(m, IC__MUX_NOTHING);
    }
    assert_int_equal(ic__mux_get_stats(m).rejected, 5);
    remote_opens(m, 6, "unknown");
    assert_int_equal(expect(m, IC__MUX_FAILED).error, IC_ERR_LIMIT);
    ic__mux_free(m);
}

static void opens_that_wait_are_limited(void **state)
{
    (void)state;
    ic__mux_options o = defaults();
    o.max_waiting = 2;
    ic__mux *m = mux_with(&o);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    remote_opens(m, 1, "p");
    expect(m, IC__MUX_PAIR);
    remote_opens(m, 2, "p");
    expect(m, IC__MUX_PAIR);
    remote_opens(m, 3, "p");
    expect(m, IC__MUX_NOTHING);
    expect_frame(m, "\0\2\3", 3);
    ic__mux_free(m);
}

/* Section 4 */
static void too_many_stored_bytes_stop_the_reading_until_they_are_taken(void **state)
{
    (void)state;
    static uint8_t message[2 + 16000] = {1, 0};
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    remote_opens(m, 1, "p");
    expect(m, IC__MUX_PAIR);
    for (int i = 0; i < 2; i++) {
        recv_bytes(m, message, sizeof message);
        expect(m, IC__MUX_NOTHING);
        assert_int_equal(ic__mux_reading(m), i == 0); /* 16512, 33024 of 32768 */
    }
    (void)open_ok(m, "p");
    assert_true(ic__mux_reading(m));
    expect(m, IC__MUX_OPENED);
    for (int i = 0; i < 2; i++)
        assert_int_equal(expect(m, IC__MUX_MESSAGE).len, 16000);
    expect(m, IC__MUX_NOTHING);
    ic__mux_free(m);
}

static void one_frame_cannot_make_us_store_without_end(void **state)
{
    (void)state;
    uint8_t frame[1000] = {0, 0, 1};
    ic__mux_options o = defaults();
    o.max_stored_bytes = 100 * 513;
    ic__mux *m = mux_with(&o);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    remote_opens(m, 1, "p");
    expect(m, IC__MUX_PAIR);
    for (size_t i = 0; i < 101; i++) /* a batch of messages with one byte each */
        memcpy(frame + 3 + 3 * i, "\2\0x", 3);
    recv_bytes(m, frame, 3 + 3 * 100);
    expect(m, IC__MUX_NOTHING);
    recv_bytes(m, frame, 3 + 3);
    assert_int_equal(expect(m, IC__MUX_FAILED).error, IC_ERR_LIMIT);
    assert_int_equal(ic__mux_recv(m, frame, 3, 0), IC_ERR_CLOSED);
    ic__mux_free(m);
}

static void an_open_nobody_answers_is_rejected_in_time(void **state)
{
    (void)state;
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_deadline(m), IC__NEVER);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    remote_opens(m, 1, "p");
    expect(m, IC__MUX_PAIR);
    assert_int_equal(ic__mux_deadline(m), 11 * IC__SEC);
    ic__mux_expire(m, 11 * IC__SEC - 1);
    assert_null(ic__mux_front(m, &(size_t){0}));
    ic__mux_expire(m, 11 * IC__SEC);
    expect_frame(m, "\0\2\1", 3);
    assert_int_equal(ic__mux_deadline(m), IC__NEVER);
    remote_opens(m, 1, "p"); /* the id is free again */
    expect(m, IC__MUX_PAIR);
    ic__mux_free(m);
}

static void refusing_rejects_every_open_of_the_key(void **state)
{
    (void)state;
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    assert_int_equal(ic__mux_pair(m, "q", NULL, 0), 0);
    remote_opens(m, 1, "p");
    expect(m, IC__MUX_PAIR);
    remote_opens(m, 2, "q");
    expect(m, IC__MUX_PAIR);
    remote_opens(m, 3, "p");
    ic__mux_event e = expect(m, IC__MUX_PAIR);
    ic__mux_refuse(m, &e.key); /* the key of what it frees */
    expect_frame(m, "\0\2\1", 3);
    expect_frame(m, "\0\2\3", 3);
    assert_null(ic__mux_front(m, &(size_t){0}));
    ic__mux_free(m);
}

static void a_pair_of_one_id_does_not_ask_about_others(void **state)
{
    (void)state;
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_pair(m, "p", (const uint8_t *)"x", 1), 0);
    assert_int_equal(ic__mux_pair(m, "p", (const uint8_t *)"x", 1), IC_ERR_EXISTS);
    recv_bytes(m, "\0\1\1\1p\1y", 7);
    expect(m, IC__MUX_NOTHING);
    recv_bytes(m, "\0\1\1\1p\1x", 7);
    expect(m, IC__MUX_PAIR);
    ic__mux_unpair(m, "p", (const uint8_t *)"x", 1);
    ic__mux_unpair(m, "p", (const uint8_t *)"x", 1);
    recv_bytes(m, "\0\1\2\1p\1x", 7);
    expect(m, IC__MUX_NOTHING);
    expect_frame(m, "\0\2\1", 3);
    expect_frame(m, "\0\2\2", 3);
    ic__mux_free(m);
}

/* Section 7: otherwise than the reference, which forgets the close. */
static void a_waiting_open_that_the_peer_closes_is_answered_at_once(void **state)
{
    (void)state;
    ic__mux *m = mux_with(NULL);
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    remote_opens(m, 1, "p");
    expect(m, IC__MUX_PAIR);
    recv_bytes(m, "\0\3\1", 3);
    expect(m, IC__MUX_NOTHING);
    expect_frame(m, "\0\2\1", 3);
    (void)open_ok(m, "p"); /* waits for a new open of the peer */
    expect(m, IC__MUX_NOTHING);
    ic__mux_free(m);
}

static void a_full_queue_says_again_and_then_drained(void **state)
{
    (void)state;
    static const uint8_t data[600];
    ic__mux_options o = defaults();
    o.max_queued_bytes = 1000;
    ic__mux *m = mux_with(&o);
    ic__channel *ch = open_ok(m, "p");
    skip_frames(m);
    assert_int_equal(ic__channel_send(ch, 0, data, sizeof data), 0);
    assert_int_equal(ic__channel_send(ch, 0, data, sizeof data), 0);
    assert_false(ic__mux_reading(m));
    assert_int_equal(ic__channel_send(ch, 0, data, 1), IC_ERR_AGAIN);
    ic__mux_pop(m);
    expect(m, IC__MUX_NOTHING); /* 606 of 1000 are more than half */
    ic__mux_pop(m);
    expect(m, IC__MUX_DRAINED);
    expect(m, IC__MUX_NOTHING);
    assert_int_equal(ic__channel_send(ch, 0, data, 1), 0);
    ic__mux_free(m);
}

static void messages_have_a_limit(void **state)
{
    (void)state;
    static const uint8_t data[101];
    ic__mux_options o = defaults();
    o.max_message_bytes = 100;
    ic__mux *m = mux_with(&o);
    ic__channel *ch = open_ok(m, "p");
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
    (void)state;
    size_t len = 0;
    size_t frames = 0;
    size_t total = 0;
    static uint8_t data[3 << 20];
    ic__mux_options o = defaults();
    o.max_queued_bytes = UINT32_MAX;
    ic__mux *m = mux_with(&o);
    ic__channel *ch = open_ok(m, "p");
    skip_frames(m);
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

static void types_that_were_not_declared_are_ignored(void **state)
{
    (void)state;
    ic__channel_options o;
    ic__channel *ch = NULL;
    ic__mux *m = mux_with(NULL);
    ic__channel_options_default(&o);
    o.protocol = "p";
    o.types = 1;
    assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
    remote_opens(m, 1, "p");
    expect(m, IC__MUX_PAIR);
    recv_bytes(m, "\1\1x", 3);
    expect(m, IC__MUX_NOTHING);
    assert_int_equal(ic__mux_open(m, &o, &ch), 0);
    expect(m, IC__MUX_OPENED);
    recv_bytes(m, "\1\1x", 3);
    expect(m, IC__MUX_NOTHING);
    recv_bytes(m, "\1\0x", 3);
    expect(m, IC__MUX_MESSAGE);
    assert_int_equal(ic__mux_get_stats(m).dropped_messages, 2);
    ic__mux_free(m);
}

static void close_in_any_event_is_fine(void **state)
{
    (void)state;
    for (int when = 0; when < 3; when++) {
        ic__mux *m = mux_with(NULL);
        ic__channel *ch = open_ok(m, "p");
        remote_opens(m, 1, "p");
        if (when == 0)
            ic__channel_close(ch); /* before its opening was told: only the end is */
        else
            expect(m, IC__MUX_OPENED);
        if (when == 1) {
            recv_bytes(m, "\0\0\1\2\0a\2\0b", 9);
            expect(m, IC__MUX_MESSAGE);
        }
        ic__channel_close(ch);
        ic__channel_close(ch);
        ic__channel_close(NULL);
        ic__mux_event e = expect(m, IC__MUX_CLOSED);
        assert_false(e.by_remote);
        assert_ptr_equal(e.channel, ch);
        expect(m, IC__MUX_NOTHING);
        ic__mux_free(m);
    }
}

static void a_frame_stays_until_it_is_parsed(void **state)
{
    (void)state;
    ic__mux *m = mux_with(NULL);
    (void)open_ok(m, "p");
    remote_opens(m, 1, "p");
    assert_int_equal(ic__mux_recv(m, (const uint8_t *)"", 0, 0), IC_ERR_BUSY);
    expect(m, IC__MUX_OPENED);
    expect(m, IC__MUX_NOTHING);
    recv_bytes(m, "", 0);
    expect(m, IC__MUX_NOTHING);
    ic__mux_free(m);
}

static void the_end_closes_every_channel_once(void **state)
{
    (void)state;
    ic__mux *m = mux_with(NULL);
    ic__channel *ch = open_ok(m, "p");
    (void)open_ok(m, "q");
    remote_opens(m, 1, "p");
    expect(m, IC__MUX_OPENED);
    assert_true(ic__channel_is_open(ch));
    ic__mux_end(m);
    ic__mux_end(m);
    assert_false(ic__channel_is_open(ch));
    for (int i = 0; i < 2; i++)
        assert_true(expect(m, IC__MUX_CLOSED).by_remote);
    expect(m, IC__MUX_NOTHING);
    assert_int_equal(open_named(m, "r", &ch), IC_ERR_CLOSED);
    assert_false(ic__mux_reading(m));
    ic__mux_free(m);
}

static void a_failure_is_told_after_the_channels(void **state)
{
    (void)state;
    size_t len;
    ic__mux *m = mux_with(NULL);
    (void)open_ok(m, "p");
    ic__mux_fail(m, IC_ERR_DENIED);
    ic__mux_fail(m, IC_ERR_PROTO);
    assert_null(ic__mux_front(m, &len));
    expect(m, IC__MUX_CLOSED);
    assert_int_equal(expect(m, IC__MUX_FAILED).error, IC_ERR_DENIED);
    expect(m, IC__MUX_NOTHING);
    ic__mux_free(m);
}

static void batches_in_batches_have_an_end(void **state)
{
    (void)state;
    uint8_t frame[64];
    size_t len = 5;
    memcpy(frame, "\1\0\2\0a", 5); /* the innermost: channel 1, type 0, "a" */
    for (int depth = 1; depth <= 4; depth++) {
        /* its own frame: control, batch, channel, ... */
        ic__mux *m = mux_with(NULL);
        (void)open_ok(m, "p");
        remote_opens(m, 1, "p");
        expect(m, IC__MUX_OPENED);
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
        recv_bytes(m, whole, len);
        expect(m, depth <= 2 ? IC__MUX_MESSAGE : IC__MUX_CLOSED);
        if (depth > 2)
            assert_int_equal(expect(m, IC__MUX_FAILED).error, IC_ERR_PROTO);
        ic__mux_free(m);
    }
}

static void every_prefix_of_a_frame_is_read_within_its_bytes(void **state)
{
    (void)state;
    static const char frame[] = "\0\0\0\6\1\1\1p\1x\0\1\4\0abc\0\0\2\2\1\2\3\1";
    for (size_t len = 0; len < sizeof frame; len++) {
        ic__mux_event e;
        uint8_t *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, frame, len);
        ic__mux *m = mux_with(NULL);
        assert_int_equal(ic__mux_pair(m, "p", NULL, 0), 0);
        recv_bytes(m, cut, len);
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
    (void)arg;
    if (ic__mux_new(&m, NULL) != 0)
        return;
    int err = ic__mux_pair(m, "p", NULL, 0);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
    for (uint64_t id = 1; id <= 9; id++) {
        size_t len = open_frame(frame, sizeof frame, id, id == 1 ? "p" : "q", 3);
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
        err = open_named(m, name, &ch);
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
    (void)state;
    fail_alloc_each(live_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_keeps_to_one_channel_of_a_key),
        cmocka_unit_test(names_and_ids_that_are_too_long_are_refused),
        cmocka_unit_test(own_channels_are_limited),
        cmocka_unit_test(ids_of_the_peer_are_limited),
        cmocka_unit_test(opens_that_wait_are_limited),
        cmocka_unit_test(too_many_stored_bytes_stop_the_reading_until_they_are_taken),
        cmocka_unit_test(one_frame_cannot_make_us_store_without_end),
        cmocka_unit_test(an_open_nobody_answers_is_rejected_in_time),
        cmocka_unit_test(refusing_rejects_every_open_of_the_key),
        cmocka_unit_test(a_pair_of_one_id_does_not_ask_about_others),
        cmocka_unit_test(a_waiting_open_that_the_peer_closes_is_answered_at_once),
        cmocka_unit_test(a_full_queue_says_again_and_then_drained),
        cmocka_unit_test(messages_have_a_limit),
        cmocka_unit_test(a_large_batch_leaves_in_pieces),
        cmocka_unit_test(types_that_were_not_declared_are_ignored),
        cmocka_unit_test(close_in_any_event_is_fine),
        cmocka_unit_test(a_frame_stays_until_it_is_parsed),
        cmocka_unit_test(the_end_closes_every_channel_once),
        cmocka_unit_test(a_failure_is_told_after_the_channels),
        cmocka_unit_test(batches_in_batches_have_an_end),
        cmocka_unit_test(every_prefix_of_a_frame_is_read_within_its_bytes),
        cmocka_unit_test(running_out_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests_name("mux/mux", tests, NULL, NULL);
}
