/* docs/spec/04-protomux.md, live: over encrypted streams and sockets. */
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "mux_pair.h"
#include "unit.h"

static void channels_of_one_name_pair_and_talk(void **state)
{
    mux_pair w;
    mux_pair_open(&w);
    assert_string_equal(w.ends[0].handshake, "servus");
    assert_string_equal(w.ends[1].handshake, "hello");
    assert_int_equal(w.ends[0].opened, 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mux_pair_say(&w.ends[i], "over the mux"), 0);
        stream_pair_until(&w.p, &w.ends[1 - i].messages, 1);
        assert_string_equal(w.ends[1 - i].text, "over the mux");
        assert_int_equal(w.ends[1 - i].type, 3);
        assert_non_null(ic_stream_remote_key(ic_mux_stream(w.ends[i].mux)));
    }
    assert_int_equal(mux_pair_channel(&w.ends[0], "chat", "", NULL), IC_ERR_EXISTS);
    stream_pair_free(&w.p);
    assert_int_equal(w.ends[0].closed, 1);
    assert_int_equal(w.ends[0].channel_closed, 1);
}

static void who_is_asked_opens_or_refuses(void **state)
{
    for (int answers = 0; answers < 2; answers++) {
        mux_pair w;
        mux_pair_init(&w);
        w.ends[1].answers = answers;
        assert_int_equal(ic_mux_pair(w.ends[1].mux, "chat", NULL, 0), 0);
        assert_int_equal(ic_mux_pair(w.ends[1].mux, "chat", NULL, 0), IC_ERR_EXISTS);
        assert_int_equal(mux_pair_channel(&w.ends[0], "chat", "hello", NULL), 0);
        assert_int_equal(mux_pair_say(&w.ends[0], "early"), 0);
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
    mux_pair w;
    mux_pair_init(&w);
    assert_int_equal(ic_mux_pair(w.ends[1].mux, "chat", NULL, 0), 0);
    ic_mux_unpair(w.ends[1].mux, "chat", NULL, 0);
    assert_int_equal(mux_pair_channel(&w.ends[0], "chat", "", NULL), 0);
    stream_pair_until(&w.p, &w.ends[0].channel_closed, 1);
    assert_int_equal(w.ends[0].channel_error, IC_ERR_CLOSED);
    assert_int_equal(w.ends[1].asked, 0);
    stream_pair_free(&w.p);
}

/* Section 2: each matches the name it reads. */
static void channels_pair_by_aliases_that_both_know(void **state)
{
    static const char *const of_new[] = {"chat/1", "chat/0", NULL};
    static const char *const of_old[] = {"chat/2", NULL};
    mux_pair w;
    mux_pair_init(&w);
    mux_end *old = &w.ends[0];
    mux_end *new = &w.ends[1];
    assert_int_equal(mux_pair_channel(old, "chat/0", "old", of_old), 0);
    assert_int_equal(mux_pair_channel(new, "chat/2", "new", of_new), 0);
    stream_pair_until(&w.p, &new->paired, 1);
    stream_pair_until(&w.p, &old->paired, 1);
    assert_string_equal(new->handshake, "old");
    assert_int_equal(mux_pair_say(new, "to the old one"), 0);
    assert_int_equal(mux_pair_say(old, "to the new one"), 0);
    stream_pair_until(&w.p, &new->messages, 1);
    stream_pair_until(&w.p, &old->messages, 1);
    assert_string_equal(new->text, "to the new one");
    assert_string_equal(old->text, "to the old one");
    stream_pair_free(&w.p);
}

/* Section 2: the reject of a channel that is paired ends the mux, as in the reference. */
static void an_alias_that_one_end_knows_fails_the_mux(void **state)
{
    static const char *const names[] = {"chat/0", NULL};
    mux_pair w;
    mux_pair_init(&w);
    assert_int_equal(mux_pair_channel(&w.ends[0], "chat/0", "old", NULL), 0);
    assert_int_equal(mux_pair_channel(&w.ends[1], "chat/2", "new", names), 0);
    stream_pair_until(&w.p, &w.ends[1].closed, 1);
    assert_int_equal(w.ends[1].error, IC_ERR_PROTO);
    stream_pair_free(&w.p);
}

static void a_closed_channel_leaves_the_mux_alone(void **state)
{
    mux_pair w;
    mux_pair_open(&w);
    ic_channel *ch = w.ends[0].ch;
    assert_int_equal(mux_pair_say(&w.ends[0], "last"), 0);
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
        assert_int_equal(mux_pair_channel(&w.ends[i], "chat", "again", NULL), 0);
    for (size_t i = 0; i < 2; i++)
        stream_pair_until(&w.p, &w.ends[i].paired, 2);
    stream_pair_free(&w.p);
}

static void the_end_of_a_stream_ends_both(void **state)
{
    mux_pair w;
    mux_pair_open(&w);
    assert_int_equal(mux_pair_say(&w.ends[0], "before the end"), 0);
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
    mux_pair w;
    mux_pair_open(&w);
    ic_mux *mux = w.ends[0].mux;
    ic_mux_close(mux);
    ic_mux_close(mux);
    ic_mux_close(NULL);
    assert_int_equal(mux_pair_channel(&w.ends[0], "other", "", NULL), IC_ERR_CLOSED);
    assert_int_equal(mux_pair_say(&w.ends[0], "too late"), IC_ERR_CANCELED);
    stream_pair_until(&w.p, &w.ends[0].closed, 1);
    assert_int_equal(w.ends[0].error, 0);
    assert_int_equal(w.ends[0].channel_error, 0);
    stream_pair_until(&w.p, &w.ends[1].closed, 1);
    assert_int_equal(w.ends[1].error, IC_ERR_CLOSED);
    assert_int_equal(w.ends[1].channel_error, IC_ERR_CLOSED);
    stream_pair_free(&w.p);
}

/* Section 5: what is no frame ends everything. */
static void a_peer_that_breaks_the_protocol_is_thrown_out(void **state)
{
    static const uint8_t no_frame[] = {0, 1, 0xff};
    mux_pair w;
    memset(&w, 0, sizeof w);
    stream_pair_init(&w.p);
    assert_int_equal(mux_pair_mux(&w, 0, 65536), 0);
    assert_int_equal(mux_pair_channel(&w.ends[0], "chat", "", NULL), 0);
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
    mux_pair *w = arg;
    mux_end *e = &w->ends[0];

    int err = mux_pair_mux(w, 0, 65536);
    if (err) {
        assert_int_equal(err, IC_ERR_NOMEM);
        return;
    }
    err = mux_pair_channel(e, "chat", "hello", NULL);
    assert_true(!err || (err == IC_ERR_NOMEM && !e->ch));
    ic_mux_close(e->mux);
    stream_pair_run(&w->p, 20);
    assert_null(e->mux);
}

static void a_mux_without_memory_is_none(void **state)
{
    mux_pair w;
    memset(&w, 0, sizeof w);
    stream_pair_init(&w.p);
    open_one(&w); /* what the socket keeps for ever is there */
    fail_alloc_each(open_one, &w);
    stream_pair_free(&w.p);
}

static void what_is_missing_is_said(void **state)
{
    mux_pair w;
    ic_mux_options opts;
    ic_mux *mux = NULL;
    mux_pair_init(&w);
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
        cmocka_unit_test(a_closed_channel_leaves_the_mux_alone),
        cmocka_unit_test(the_end_of_a_stream_ends_both),
        cmocka_unit_test(a_closed_mux_is_heard_by_the_peer),
        cmocka_unit_test(a_peer_that_breaks_the_protocol_is_thrown_out),
        cmocka_unit_test(a_mux_without_memory_is_none),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests_name("io/mux", tests, NULL, NULL);
}
