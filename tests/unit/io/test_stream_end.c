/* docs/spec/03-secret-stream.md, sections 3.5 and 5, live; docs/c-style.md, "Life and
 * death"; what a socket and a stream refuse. */
#include <string.h>

#include "intercom/error.h"
#include "stream_pair.h"
#include "unit.h"

static void half_a_stream_goes_on_and_then_ends(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    stream_pair_open_both(&p);
    ic_stream_end(p.ends[0].st);
    ic_stream_end(p.ends[0].st);
    assert_int_equal(stream_pair_send(&p.ends[0], 4), IC_ERR_CLOSED);
    assert_int_equal(ic_stream_send_datagram(p.ends[0].st, NULL, 0), IC_ERR_CLOSED);
    stream_pair_until(&p, &p.ends[1].ends, 1);
    for (size_t n = 0; n < 20; n++)
        assert_int_equal(stream_pair_send(&p.ends[1], 50000), 0);
    ic_stream_end(p.ends[1].st);
    for (size_t i = 0; i < 2; i++) {
        stream_pair_until(&p, &p.ends[i].closed, 1);
        assert_int_equal(p.ends[i].error, 0);
        assert_int_equal(p.ends[i].ends, 1);
    }
    assert_int_equal(p.ends[0].messages, 20);
    stream_pair_free(&p);
}

static void what_was_sent_is_read_after_both_have_ended(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    p.ends[1].pause_at_first = true;
    stream_pair_open_both(&p);
    for (size_t n = 0; n < 100; n++)
        assert_int_equal(stream_pair_send(&p.ends[0], 1000), 0);
    ic_stream_end(p.ends[0].st);
    ic_stream_end(p.ends[1].st);
    stream_pair_until(&p, &p.ends[0].closed, 1);
    stream_pair_run(&p, 100);
    assert_int_equal(p.ends[1].messages, 1);
    assert_int_equal(p.ends[1].closed, 0);
    assert_int_equal(p.ends[1].ends, 0);
    ic_stream_set_reading(p.ends[1].st, true);
    stream_pair_until(&p, &p.ends[1].closed, 1);
    assert_int_equal(p.ends[1].messages, 100);
    assert_int_equal(p.ends[1].ends, 1);
    assert_int_equal(p.ends[1].error, 0);
    stream_pair_free(&p);
}

/* The reader pauses and never comes back: who closes, the stream or the socket? */
static void unread_messages_keep_nothing_alive(void **state)
{
    for (int by_socket = 0; by_socket < 2; by_socket++) {
        stream_pair p;
        stream_pair_init(&p);
        p.ends[1].pause_at_first = true;
        stream_pair_open_both(&p);
        for (size_t n = 0; n < 100; n++)
            assert_int_equal(stream_pair_send(&p.ends[0], 1000), 0);
        ic_stream_end(p.ends[0].st);
        ic_stream_end(p.ends[1].st);
        stream_pair_until(&p, &p.ends[0].closed, 1);
        stream_pair_run(&p, 100);
        assert_int_equal(p.ends[1].closed, 0);
        if (!by_socket) {
            ic_stream_close(p.ends[1].st);
            stream_pair_until(&p, &p.ends[1].closed, 1);
        }
        stream_pair_free(&p);
        assert_int_equal(p.ends[1].closed, 1);
        assert_int_equal(p.ends[1].error, 0);
        assert_int_equal(p.ends[1].messages, 1);
    }
}

static void close_is_heard_by_the_peer(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    stream_pair_open_both(&p);
    stream_pair_until(&p, &p.ends[0].opened, 1);
    stream_pair_until(&p, &p.ends[1].opened, 1);
    ic_stream *st = p.ends[0].st;
    ic_stream_close(st);
    assert_int_equal(p.ends[0].closed, 0); /* from the loop, never from inside */
    ic_stream_close(st);
    ic_stream_close(NULL);
    ic_stream_end(st);
    ic_stream_set_reading(st, false);
    assert_int_equal(ic_stream_send(st, NULL, 0), IC_ERR_CANCELED);
    assert_int_equal(ic_stream_send_datagram(st, NULL, 0), IC_ERR_CANCELED);
    stream_pair_until(&p, &p.ends[0].closed, 1);
    assert_int_equal(p.ends[0].error, 0);
    stream_pair_until(&p, &p.ends[1].closed, 1);
    assert_int_equal(p.ends[1].error, IC_ERR_CLOSED);
    assert_int_equal(p.ends[1].ends, 0);
    stream_pair_free(&p);
}

static void a_stream_closed_in_a_message_hears_no_other(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    p.ends[1].close_at_first = true;
    stream_pair_open_both(&p);
    for (size_t n = 0; n < 10; n++)
        assert_int_equal(stream_pair_send(&p.ends[0], 100), 0);
    stream_pair_until(&p, &p.ends[1].closed, 1);
    assert_int_equal(p.ends[1].messages, 1);
    stream_pair_until(&p, &p.ends[0].closed, 1);
    stream_pair_free(&p);
}

static void a_peer_that_ends_before_the_handshake_is_gone(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    stream_pair_open_both(&p);
    ic_stream_close(p.ends[0].st);
    stream_pair_until(&p, &p.ends[0].closed, 1);
    assert_int_equal(p.ends[0].opened, 0);
    stream_pair_free(&p);
}

static void a_peer_that_says_nothing_is_given_up(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    ic_stream_options opts = stream_pair_options(&p, 0);
    opts.handshake_ns = 100 * STREAM_PAIR_MS;
    assert_int_equal(stream_pair_open(&p, 0, &opts), 0);
    stream_pair_until(&p, &p.ends[0].closed, 1);
    assert_int_equal(p.ends[0].error, IC_ERR_TIMEOUT);
    stream_pair_free(&p);
}

static void an_idle_limit_does_not_count_while_we_do_not_read(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    ic_stream_options opts = stream_pair_options(&p, 0);
    opts.idle_ns = 150 * STREAM_PAIR_MS;
    assert_int_equal(stream_pair_open(&p, 0, &opts), 0);
    opts = stream_pair_options(&p, 1);
    assert_int_equal(stream_pair_open(&p, 1, &opts), 0);
    stream_pair_until(&p, &p.ends[0].opened, 1);
    ic_stream_set_reading(p.ends[0].st, false);
    stream_pair_run(&p, 400);
    assert_int_equal(p.ends[0].closed, 0);
    ic_stream_set_reading(p.ends[0].st, true);
    stream_pair_until(&p, &p.ends[0].closed, 1);
    assert_int_equal(p.ends[0].error, IC_ERR_TIMEOUT);
    stream_pair_free(&p);
}

static int try_stream(stream_pair *p, void (*change)(ic_stream_options *opts))
{
    ic_stream_options opts = stream_pair_options(p, 0);
    ic_stream *st = NULL;

    change(&opts);
    int err = ic_stream_new(p->ends[0].sock, &opts, &st);
    assert_true(err < 0 && !st);
    return err;
}

static void no_identity(ic_stream_options *opts)
{
    opts->identity = NULL;
}

static void no_remote(ic_stream_options *opts)
{
    opts->remote = NULL;
}

static void no_address(ic_stream_options *opts)
{
    opts->remote = "localhost:1";
}

static void no_port(ic_stream_options *opts)
{
    opts->remote = "127.0.0.1:0";
}

static void other_family(ic_stream_options *opts)
{
    opts->remote = "[::1]:4000";
}

static void ik_without_key(ic_stream_options *opts)
{
    opts->pattern = IC_STREAM_IK;
}

static void ik_with_bad_key(ic_stream_options *opts)
{
    static const uint8_t zero[IC_PUBLIC_KEY_BYTES];

    opts->pattern = IC_STREAM_IK;
    opts->remote_key = zero;
}

static void nothing_changed(ic_stream_options *opts)
{
}

static void bad_options_are_refused(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    assert_int_equal(try_stream(&p, no_identity), IC_ERR_INVALID);
    assert_int_equal(try_stream(&p, no_remote), IC_ERR_INVALID);
    assert_int_equal(try_stream(&p, no_address), IC_ERR_INVALID);
    assert_int_equal(try_stream(&p, no_port), IC_ERR_INVALID);
    assert_int_equal(try_stream(&p, other_family), IC_ERR_INVALID);
    assert_int_equal(try_stream(&p, ik_without_key), IC_ERR_INVALID);
    assert_int_equal(try_stream(&p, ik_with_bad_key), IC_ERR_AUTH);
    stream_pair_open_both(&p);
    assert_int_equal(try_stream(&p, nothing_changed), IC_ERR_EXISTS);
    ic_socket_close(p.ends[0].sock, NULL, NULL);
    assert_int_equal(try_stream(&p, nothing_changed), IC_ERR_CLOSED);
    p.ends[0].socket_gone = true;
    stream_pair_free(&p);
}

static void a_taken_or_foreign_address_is_refused(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    ic_socket_options opts;
    ic_socket *sock = NULL;
    ic_socket_options_default(&opts);
    assert_int_equal(ic_socket_new(&opts, &sock), IC_ERR_INVALID);
    opts.base = p.base;
    opts.address = "nowhere";
    assert_int_equal(ic_socket_new(&opts, &sock), IC_ERR_INVALID);
    opts.address = ic_socket_address(p.ends[0].sock);
    assert_int_equal(ic_socket_new(&opts, &sock), IC_ERR_IO);
    opts.address = "192.0.2.1:0";
    assert_int_equal(ic_socket_new(&opts, &sock), IC_ERR_IO);
    assert_null(sock);
    stream_pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_a_stream_goes_on_and_then_ends),
        cmocka_unit_test(what_was_sent_is_read_after_both_have_ended),
        cmocka_unit_test(unread_messages_keep_nothing_alive),
        cmocka_unit_test(close_is_heard_by_the_peer),
        cmocka_unit_test(a_stream_closed_in_a_message_hears_no_other),
        cmocka_unit_test(a_peer_that_ends_before_the_handshake_is_gone),
        cmocka_unit_test(a_peer_that_says_nothing_is_given_up),
        cmocka_unit_test(an_idle_limit_does_not_count_while_we_do_not_read),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(a_taken_or_foreign_address_is_refused),
    };
    return cmocka_run_group_tests_name("io/stream_end", tests, NULL, NULL);
}
