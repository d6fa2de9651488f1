/* docs/spec/04-protomux.md, live: over encrypted streams and sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/mux.h"
#include "intercom/sys/mem.h"
#include "stream_pair.h"

typedef struct mux_end {
    ic_mux *mux;
    ic_channel *ch;
    int opened;
    int asked;
    int paired;
    int messages;
    int drained;
    int channel_closed;
    int channel_error;
    int closed;
    int error;
    uint64_t type;
    uint64_t bytes;
    char text[64];
    char handshake[16];
    bool answers; /* opens what it is asked for */
} mux_end;

typedef struct world {
    stream_pair p;
    mux_end ends[2];
    uint32_t max_message_bytes; /* of the streams; 0 = default */
} world;

static void on_open(ic_mux *mux, void *user)
{
    (void)mux;
    ((mux_end *)user)->opened++;
}

static void on_closed(ic_mux *mux, int error, void *user)
{
    mux_end *e = user;

    assert_true(!e->mux || e->mux == mux);
    assert_null(e->ch); /* channels first */
    e->mux = NULL;
    e->error = error;
    e->closed++;
}

static void on_paired(ic_channel *ch, const uint8_t *handshake, size_t len, void *user)
{
    mux_end *e = user;

    assert_ptr_equal(ch, e->ch);
    assert_true(len < sizeof e->handshake);
    memcpy(e->handshake, handshake, len);
    e->handshake[len] = 0;
    e->paired++;
}

static void on_message(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                       void *user)
{
    mux_end *e = user;

    assert_ptr_equal(ic_channel_mux(ch), e->mux);
    e->type = type;
    e->bytes += len;
    memcpy(e->text, data, len < sizeof e->text ? len : sizeof e->text);
    e->messages++;
}

static void on_drain(ic_channel *ch, void *user)
{
    (void)ch;
    ((mux_end *)user)->drained++;
}

static void on_channel_closed(ic_channel *ch, int error, void *user)
{
    mux_end *e = user;

    assert_ptr_equal(ch, e->ch);
    e->ch = NULL;
    e->channel_error = error;
    e->channel_closed++;
}

static int open_alias(mux_end *e, const char *protocol, const char *handshake,
                      const char *const *aliases)
{
    ic_channel_options opts;

    ic_channel_options_default(&opts);
    opts.protocol = protocol;
    opts.id = (const uint8_t *)"id";
    opts.id_len = 2;
    opts.handshake = (const uint8_t *)handshake;
    opts.handshake_len = strlen(handshake);
    opts.on_open = on_paired;
    opts.on_message = on_message;
    opts.on_drain = on_drain;
    opts.on_closed = on_channel_closed;
    opts.user = e;
    opts.aliases = aliases;
    return ic_channel_new(e->mux, &opts, &e->ch);
}

static int open_channel(mux_end *e, const char *protocol, const char *handshake)
{
    return open_alias(e, protocol, handshake, NULL);
}

static void on_pair(ic_mux *mux, const char *protocol, const uint8_t *id, size_t id_len,
                    void *user)
{
    mux_end *e = user;

    assert_string_equal(protocol, "chat");
    assert_int_equal(id_len, 2);
    assert_memory_equal(id, "id", 2);
    e->asked++;
    if (e->answers)
        assert_int_equal(open_channel(e, protocol, "answer"), 0);
    else
        ic_mux_refuse(mux, protocol, id, id_len);
}

static int open_mux(world *w, size_t i, uint32_t max_queued_bytes)
{
    ic_stream_options stream = stream_pair_options(&w->p, i);
    ic_mux_options opts;

    if (w->max_message_bytes)
        stream.max_message_bytes = w->max_message_bytes;
    ic_mux_options_default(&opts);
    opts.stream = &stream;
    opts.on_open = on_open;
    opts.on_pair = on_pair;
    opts.on_closed = on_closed;
    opts.user = &w->ends[i];
    opts.max_queued_bytes = max_queued_bytes;
    return ic_mux_new(w->p.ends[i].sock, &opts, &w->ends[i].mux);
}

static void world_init(world *w)
{
    memset(w, 0, sizeof *w);
    stream_pair_init(&w->p);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(open_mux(w, i, 65536), 0);
}

static void open_both(world *w)
{
    world_init(w);
    assert_int_equal(open_channel(&w->ends[0], "chat", "hello"), 0);
    assert_int_equal(open_channel(&w->ends[1], "chat", "servus"), 0);
    for (size_t i = 0; i < 2; i++)
        stream_pair_until(&w->p, &w->ends[i].paired, 1);
}

static int say(mux_end *e, const char *text)
{
    return ic_channel_send(e->ch, 3, (const uint8_t *)text, strlen(text) + 1);
}

static void channels_of_one_name_pair_and_talk(void **state)
{
    (void)state;
    world w;
    open_both(&w);
    assert_string_equal(w.ends[0].handshake, "servus");
    assert_string_equal(w.ends[1].handshake, "hello");
    assert_int_equal(w.ends[0].opened, 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(say(&w.ends[i], "over the mux"), 0);
        stream_pair_until(&w.p, &w.ends[1 - i].messages, 1);
        assert_string_equal(w.ends[1 - i].text, "over the mux");
        assert_int_equal(w.ends[1 - i].type, 3);
        assert_non_null(ic_stream_remote_key(ic_mux_stream(w.ends[i].mux)));
    }
    assert_int_equal(open_channel(&w.ends[0], "chat", ""), IC_ERR_EXISTS);
    stream_pair_free(&w.p);
    assert_int_equal(w.ends[0].closed, 1);
    assert_int_equal(w.ends[0].channel_closed, 1);
}

static void who_is_asked_opens_or_refuses(void **state)
{
    (void)state;
    for (int answers = 0; answers < 2; answers++) {
        world w;
        world_init(&w);
        w.ends[1].answers = answers;
        assert_int_equal(ic_mux_pair(w.ends[1].mux, "chat", NULL, 0), 0);
        assert_int_equal(ic_mux_pair(w.ends[1].mux, "chat", NULL, 0), IC_ERR_EXISTS);
        assert_int_equal(open_channel(&w.ends[0], "chat", "hello"), 0);
        assert_int_equal(say(&w.ends[0], "early"), 0);
        stream_pair_until(&w.p, &w.ends[1].asked, 1);
        if (answers) {
            stream_pair_until(&w.p, &w.ends[1].messages, 1);
            stream_pair_until(&w.p, &w.ends[0].paired, 1);
            assert_string_equal(w.ends[0].handshake, "answer");
        } else {
            stream_pair_until(&w.p, &w.ends[0].channel_closed, 1);
            assert_int_equal(w.ends[0].channel_error, IC_ERR_CLOSED);
        }
        stream_pair_free(&w.p);
    }
}

static void nobody_is_asked_for_what_was_not_named(void **state)
{
    (void)state;
    world w;
    world_init(&w);
    assert_int_equal(ic_mux_pair(w.ends[1].mux, "chat", NULL, 0), 0);
    ic_mux_unpair(w.ends[1].mux, "chat", NULL, 0);
    assert_int_equal(open_channel(&w.ends[0], "chat", ""), 0);
    stream_pair_until(&w.p, &w.ends[0].channel_closed, 1);
    assert_int_equal(w.ends[0].channel_error, IC_ERR_CLOSED);
    assert_int_equal(w.ends[1].asked, 0);
    stream_pair_free(&w.p);
}

/* Section 2: each matches the name it reads. */
static void channels_pair_by_aliases_that_both_know(void **state)
{
    (void)state;
    static const char *const of_new[] = {"chat/1", "chat/0", NULL};
    static const char *const of_old[] = {"chat/2", NULL};
    world w;
    world_init(&w);
    mux_end *old = &w.ends[0];
    mux_end *new = &w.ends[1];
    assert_int_equal(open_alias(old, "chat/0", "old", of_old), 0);
    assert_int_equal(open_alias(new, "chat/2", "new", of_new), 0);
    stream_pair_until(&w.p, &new->paired, 1);
    stream_pair_until(&w.p, &old->paired, 1);
    assert_string_equal(new->handshake, "old");
    assert_int_equal(say(new, "to the old one"), 0);
    assert_int_equal(say(old, "to the new one"), 0);
    stream_pair_until(&w.p, &new->messages, 1);
    stream_pair_until(&w.p, &old->messages, 1);
    assert_string_equal(new->text, "to the new one");
    assert_string_equal(old->text, "to the old one");
    stream_pair_free(&w.p);
}

/* Section 2: the reject of a channel that is paired ends the mux, as in the reference. */
static void an_alias_that_one_end_knows_fails_the_mux(void **state)
{
    (void)state;
    static const char *const names[] = {"chat/0", NULL};
    world w;
    world_init(&w);
    assert_int_equal(open_channel(&w.ends[0], "chat/0", "old"), 0);
    assert_int_equal(open_alias(&w.ends[1], "chat/2", "new", names), 0);
    stream_pair_until(&w.p, &w.ends[1].closed, 1);
    assert_int_equal(w.ends[1].error, IC_ERR_PROTO);
    stream_pair_free(&w.p);
}

static uint64_t frames_out(const mux_end *e)
{
    ic_stream_stats stats;

    ic_stream_get_stats(ic_mux_stream(e->mux), &stats, sizeof stats);
    return stats.messages_out;
}

/* Section 3. */
static void corked_messages_leave_in_one_frame(void **state)
{
    (void)state;
    world w;
    open_both(&w);
    uint64_t before = frames_out(&w.ends[0]);
    ic_mux_cork(w.ends[0].mux);
    ic_mux_cork(w.ends[0].mux);
    for (int i = 0; i < 100; i++)
        assert_int_equal(say(&w.ends[0], "one of many"), 0);
    ic_mux_uncork(w.ends[0].mux);
    assert_int_equal(frames_out(&w.ends[0]), before); /* they nest */
    ic_mux_uncork(w.ends[0].mux);
    assert_int_equal(frames_out(&w.ends[0]), before + 1);
    stream_pair_until(&w.p, &w.ends[1].messages, 100);
    assert_int_equal(w.ends[1].bytes, 100 * sizeof "one of many");
    ic_mux_uncork(w.ends[0].mux); /* one too many does no harm */
    assert_int_equal(say(&w.ends[0], "alone"), 0);
    assert_int_equal(frames_out(&w.ends[0]), before + 2);
    stream_pair_until(&w.p, &w.ends[1].messages, 101);
    stream_pair_free(&w.p);
}

/* The first one as the reference would send it, the others together. */
static void messages_of_one_turn_leave_in_few_frames(void **state)
{
    (void)state;
    static const uint8_t bytes[1000];
    world w;
    open_both(&w);
    uint64_t before = frames_out(&w.ends[0]);
    for (int i = 0; i < 50; i++)
        assert_int_equal(ic_channel_send(w.ends[0].ch, 0, bytes, sizeof bytes), 0);
    assert_int_equal(frames_out(&w.ends[0]), before + 1 + 3); /* 16 in each frame */
    stream_pair_until(&w.p, &w.ends[1].messages, 50);
    assert_int_equal(frames_out(&w.ends[0]), before + 1 + 4);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(say(&w.ends[0], "alone"), 0);
        stream_pair_until(&w.p, &w.ends[1].messages, 51 + i);
    }
    assert_int_equal(frames_out(&w.ends[0]), before + 1 + 4 + 3);
    stream_pair_free(&w.p);
}

static void open_both_with(world *w, uint32_t max_message_bytes)
{
    memset(w, 0, sizeof *w);
    stream_pair_init(&w->p);
    w->max_message_bytes = max_message_bytes;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(open_mux(w, i, 65536), 0);
        assert_int_equal(open_channel(&w->ends[i], "chat", ""), 0);
    }
}

/* A frame that is longer than the stream takes would end the mux. */
static void what_is_gathered_fits_the_stream(void **state)
{
    (void)state;
    static const size_t sizes[] = {900, 900, 900, 1980, 5, 1980, 1940, 5};
    static const uint8_t bytes[1980];
    for (int corked = 0; corked < 2; corked++) {
        world w;
        open_both_with(&w, 2000);
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
    (void)state;
    static const uint8_t bytes[1999];
    world w;
    open_both_with(&w, 2000);
    assert_int_equal(ic_channel_send(w.ends[0].ch, 0, bytes, 1999), IC_ERR_LIMIT);
    assert_int_equal(ic_channel_send(w.ends[0].ch, 0, bytes, 1998), 0);
    stream_pair_until(&w.p, &w.ends[1].messages, 1);
    assert_int_equal(w.ends[1].bytes, 1998);
    stream_pair_free(&w.p);
}

/* Also what waits in the mux: the network takes some at once, the stream keeps more. */
static void what_is_gathered_leaves_before_the_end(void **state)
{
    (void)state;
    static const uint8_t bytes[60000];
    for (int full = 0; full < 2; full++) {
        world w;
        int sent = 0;
        open_both(&w);
        while ((full || sent < 9) &&
               ic_channel_send(w.ends[0].ch, 0, bytes, full ? sizeof bytes : 10) == 0)
            sent++;
        ic_channel_close(w.ends[0].ch);
        ic_stream_end(ic_mux_stream(w.ends[0].mux));
        assert_int_equal(open_channel(&w.ends[0], "late", ""), IC_ERR_CLOSED);
        for (size_t i = 0; i < 2; i++)
            stream_pair_until(&w.p, &w.ends[i].closed, 1);
        assert_int_equal(w.ends[0].error, 0);
        assert_int_equal(w.ends[1].messages, sent);
        stream_pair_free(&w.p);
    }
}

static void what_is_gathered_leaves_before_the_close_of_its_channel(void **state)
{
    (void)state;
    world w;
    open_both(&w);
    for (int i = 0; i < 9; i++)
        assert_int_equal(say(&w.ends[0], "before the close"), 0);
    ic_channel_close(w.ends[0].ch);
    stream_pair_until(&w.p, &w.ends[1].channel_closed, 1);
    assert_int_equal(w.ends[1].messages, 9);
    stream_pair_free(&w.p);
}

static void a_full_batch_says_again_and_drains_after_uncork(void **state)
{
    (void)state;
    static const uint8_t bytes[30000];
    world w;
    open_both(&w);
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
    (void)state;
    static const uint8_t bytes[20000];
    world w;
    open_both(&w);
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

static void a_closed_channel_leaves_the_mux_alone(void **state)
{
    (void)state;
    world w;
    open_both(&w);
    ic_channel *ch = w.ends[0].ch;
    assert_int_equal(say(&w.ends[0], "last"), 0);
    ic_channel_close(ch);
    ic_channel_close(ch);
    ic_channel_close(NULL);
    assert_int_equal(ic_channel_send(ch, 0, NULL, 0), IC_ERR_CANCELED);
    assert_int_equal(w.ends[0].channel_closed, 0); /* from the loop, never from inside */
    stream_pair_until(&w.p, &w.ends[0].channel_closed, 1);
    assert_int_equal(w.ends[0].channel_error, 0);
    stream_pair_until(&w.p, &w.ends[1].channel_closed, 1);
    assert_int_equal(w.ends[1].channel_error, IC_ERR_CLOSED);
    assert_string_equal(w.ends[1].text, "last");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(open_channel(&w.ends[i], "chat", "again"), 0);
    for (size_t i = 0; i < 2; i++)
        stream_pair_until(&w.p, &w.ends[i].paired, 2);
    stream_pair_free(&w.p);
}

static void the_end_of_a_stream_ends_both(void **state)
{
    (void)state;
    world w;
    open_both(&w);
    assert_int_equal(say(&w.ends[0], "before the end"), 0);
    ic_stream_end(ic_mux_stream(w.ends[0].mux));
    for (size_t i = 0; i < 2; i++) {
        stream_pair_until(&w.p, &w.ends[i].closed, 1);
        assert_int_equal(w.ends[i].error, 0);
        assert_int_equal(w.ends[i].channel_error, IC_ERR_CLOSED);
    }
    assert_string_equal(w.ends[1].text, "before the end");
    stream_pair_free(&w.p);
}

static void a_closed_mux_is_heard_by_the_peer(void **state)
{
    (void)state;
    world w;
    open_both(&w);
    ic_mux *mux = w.ends[0].mux;
    ic_mux_close(mux);
    ic_mux_close(mux);
    ic_mux_close(NULL);
    assert_int_equal(open_channel(&w.ends[0], "other", ""), IC_ERR_CLOSED);
    assert_int_equal(say(&w.ends[0], "too late"), IC_ERR_CANCELED);
    stream_pair_until(&w.p, &w.ends[0].closed, 1);
    assert_int_equal(w.ends[0].error, 0);
    assert_int_equal(w.ends[0].channel_error, 0);
    stream_pair_until(&w.p, &w.ends[1].closed, 1);
    assert_int_equal(w.ends[1].error, IC_ERR_CLOSED);
    assert_int_equal(w.ends[1].channel_error, IC_ERR_CLOSED);
    stream_pair_free(&w.p);
}

static void a_full_queue_says_again_and_then_drains(void **state)
{
    (void)state;
    static const uint8_t bytes[30000];
    world w;
    open_both(&w);
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
    (void)state;
    enum { LONG_ONES = 6 };
    static const uint8_t bytes[(size_t)8 << 20];
    world w;
    int left[2] = {LONG_ONES, LONG_ONES};
    open_both(&w);
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

/* Section 5: what is no frame ends everything. */
static void a_peer_that_breaks_the_protocol_is_thrown_out(void **state)
{
    (void)state;
    static const uint8_t no_frame[] = {0, 1, 0xff};
    world w;
    memset(&w, 0, sizeof w);
    stream_pair_init(&w.p);
    assert_int_equal(open_mux(&w, 0, 65536), 0);
    assert_int_equal(open_channel(&w.ends[0], "chat", ""), 0);
    ic_stream_options opts = stream_pair_options(&w.p, 1);
    w.p.ends[1].unnumbered = true;
    assert_int_equal(stream_pair_open(&w.p, 1, &opts), 0);
    assert_int_equal(ic_stream_send(w.p.ends[1].st, no_frame, sizeof no_frame), 0);
    stream_pair_until(&w.p, &w.ends[0].closed, 1);
    assert_int_equal(w.ends[0].error, IC_ERR_PROTO);
    assert_int_equal(w.ends[0].channel_closed, 1);
    stream_pair_until(&w.p, &w.p.ends[1].closed, 1);
    assert_int_equal(w.p.ends[1].error, IC_ERR_CLOSED);
    stream_pair_free(&w.p);
}

static void open_one(void *arg)
{
    world *w = arg;
    mux_end *e = &w->ends[0];

    int err = open_mux(w, 0, 65536);
    if (err) {
        assert_int_equal(err, IC_ERR_NOMEM);
        return;
    }
    err = open_channel(e, "chat", "hello");
    assert_true(!err || (err == IC_ERR_NOMEM && !e->ch));
    ic_mux_close(e->mux);
    stream_pair_run(&w->p, 20);
    assert_null(e->mux);
}

static void a_mux_without_memory_is_none(void **state)
{
    (void)state;
    world w;
    memset(&w, 0, sizeof w);
    stream_pair_init(&w.p);
    open_one(&w); /* what the socket keeps for ever is there */
    fail_alloc_each(open_one, &w);
    stream_pair_free(&w.p);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    world w;
    ic_mux_options opts;
    ic_mux *mux = NULL;
    world_init(&w);
    ic_mux_options_default(&opts);
    assert_int_equal(ic_mux_new(w.p.ends[0].sock, &opts, &mux), IC_ERR_INVALID);
    ic_channel_options ch;
    ic_channel_options_default(&ch);
    assert_int_equal(ic_channel_new(w.ends[0].mux, &ch, &w.ends[0].ch), IC_ERR_INVALID);
    assert_null(w.ends[0].ch);
    stream_pair_free(&w.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_of_one_name_pair_and_talk),
        cmocka_unit_test(who_is_asked_opens_or_refuses),
        cmocka_unit_test(nobody_is_asked_for_what_was_not_named),
        cmocka_unit_test(channels_pair_by_aliases_that_both_know),
        cmocka_unit_test(an_alias_that_one_end_knows_fails_the_mux),
        cmocka_unit_test(corked_messages_leave_in_one_frame),
        cmocka_unit_test(messages_of_one_turn_leave_in_few_frames),
        cmocka_unit_test(what_is_gathered_fits_the_stream),
        cmocka_unit_test(what_the_stream_cannot_take_is_refused),
        cmocka_unit_test(what_is_gathered_leaves_before_the_end),
        cmocka_unit_test(what_is_gathered_leaves_before_the_close_of_its_channel),
        cmocka_unit_test(a_full_batch_says_again_and_drains_after_uncork),
        cmocka_unit_test(a_batch_without_memory_ends_the_mux),
        cmocka_unit_test(a_closed_channel_leaves_the_mux_alone),
        cmocka_unit_test(the_end_of_a_stream_ends_both),
        cmocka_unit_test(a_closed_mux_is_heard_by_the_peer),
        cmocka_unit_test(a_full_queue_says_again_and_then_drains),
        cmocka_unit_test(two_that_talk_at_once_in_long_messages_hear_each_other),
        cmocka_unit_test(a_peer_that_breaks_the_protocol_is_thrown_out),
        cmocka_unit_test(a_mux_without_memory_is_none),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests_name("io/mux", tests, NULL, NULL);
}
