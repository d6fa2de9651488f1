/* docs/spec/03-secret-stream.md, sections 2 to 4, live: over UDX and sockets. */
#include <string.h>

#include <event2/event.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "stream_pair.h"
#include "unit.h"

static void open_pair(stream_pair *p)
{
    stream_pair_init(p);
    stream_pair_open_both(p);
    stream_pair_until(p, &p->ends[0].opened, 1);
    stream_pair_until(p, &p->ends[1].opened, 1);
}

static void both_ends_know_each_other(void **state)
{
    for (int pattern = IC_STREAM_XX; pattern <= IC_STREAM_IK; pattern++) {
        stream_pair p;
        stream_pair_init(&p);
        for (size_t i = 0; i < 2; i++) {
            ic_stream_options opts = stream_pair_options(&p, i);
            opts.pattern = (ic_stream_pattern)pattern;
            opts.remote_key = ic_identity_public_key(p.ends[1 - i].me);
            assert_int_equal(stream_pair_open(&p, i, &opts), 0);
            assert_null(ic_stream_remote_key(p.ends[i].st));
            assert_null(ic_stream_handshake_hash(p.ends[i].st));
        }
        for (size_t i = 0; i < 2; i++)
            stream_pair_until(&p, &p.ends[i].opened, 1);
        for (size_t i = 0; i < 2; i++)
            assert_memory_equal(ic_stream_remote_key(p.ends[i].st),
                                ic_identity_public_key(p.ends[1 - i].me),
                                IC_PUBLIC_KEY_BYTES);
        assert_memory_equal(ic_stream_handshake_hash(p.ends[0].st),
                            ic_stream_handshake_hash(p.ends[1].st),
                            IC_HANDSHAKE_HASH_BYTES);
        stream_pair_free(&p);
        assert_int_equal(p.ends[0].closed, 1);
        assert_int_equal(p.ends[0].error, 0);
    }
}

static void another_key_than_expected_ends_the_stream(void **state)
{
    for (size_t who = 0; who < 2; who++) {
        stream_pair p;
        stream_pair_init(&p);
        for (size_t i = 0; i < 2; i++) {
            ic_stream_options opts = stream_pair_options(&p, i);
            if (i == who)
                opts.remote_key = ic_identity_public_key(p.ends[i].me);
            assert_int_equal(stream_pair_open(&p, i, &opts), 0);
            assert_int_equal(stream_pair_send(&p.ends[i], 100), 0);
        }
        stream_pair_until(&p, &p.ends[who].closed, 1);
        assert_int_equal(p.ends[who].error, IC_ERR_AUTH);
        assert_int_equal(p.ends[who].opened, 0);
        stream_pair_until(&p, &p.ends[1 - who].closed, 1);
        assert_int_equal(p.ends[1 - who].error, IC_ERR_CLOSED);
        assert_int_equal(p.ends[1 - who].messages, 0);
        stream_pair_free(&p);
    }
}

static void the_first_packet_says_where_the_initiator_is(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    ic_stream_options opts = stream_pair_options(&p, 1);
    opts.remote = NULL;
    opts.handshake_ns = 300 * STREAM_PAIR_MS;
    assert_int_equal(stream_pair_open(&p, 1, &opts), 0);
    assert_int_equal(stream_pair_send(&p.ends[1], 4), 0);
    stream_pair_run(&p, 500); /* waiting for somebody is no handshake */
    assert_int_equal(p.ends[1].closed, 0);
    opts = stream_pair_options(&p, 0);
    assert_int_equal(stream_pair_open(&p, 0, &opts), 0);
    stream_pair_until_messages(&p, &p.ends[0], 1);
    stream_pair_free(&p);
}

static void what_is_sent_before_it_is_open_waits_in_order(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    stream_pair_open_both(&p);
    assert_int_equal(ic_stream_send_datagram(p.ends[0].st, NULL, 0), IC_ERR_AGAIN);
    for (size_t i = 0; i < 2; i++)
        for (size_t n = 0; n < 50; n++)
            assert_int_equal(stream_pair_send(&p.ends[i], 4 + n), 0);
    ic_stream_end(p.ends[0].st);
    stream_pair_until_messages(&p, &p.ends[0], 50);
    stream_pair_until_messages(&p, &p.ends[1], 50);
    stream_pair_until(&p, &p.ends[1].ends, 1);
    assert_int_equal(p.ends[1].bytes, 50 * 4 + 49 * 50 / 2);
    assert_int_equal(p.ends[0].drained, 0); /* nobody was told to wait */
    stream_pair_free(&p);
}

static void the_queue_before_it_is_open_has_an_end(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    ic_stream_options opts = stream_pair_options(&p, 0);
    opts.max_queued_bytes = 10000;
    assert_int_equal(stream_pair_open(&p, 0, &opts), 0);
    while (stream_pair_send(&p.ends[0], 500) == 0)
        assert_true(p.ends[0].sent < 30);
    assert_int_equal(p.ends[0].sent, 19);
    assert_int_equal(stream_pair_send(&p.ends[0], 500), IC_ERR_AGAIN);
    opts = stream_pair_options(&p, 1);
    assert_int_equal(stream_pair_open(&p, 1, &opts), 0);
    stream_pair_until(&p, &p.ends[0].drained, 1);
    stream_pair_until_messages(&p, &p.ends[1], 19);
    assert_int_equal(stream_pair_send(&p.ends[0], 500), 0);
    stream_pair_until_messages(&p, &p.ends[1], 20);
    assert_int_equal(p.ends[0].drained, 1);
    stream_pair_free(&p);
}

static void a_reader_that_pauses_stops_the_writer(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    p.ends[1].pause_at_first = true;
    stream_pair_open_both(&p);
    uint64_t before = 1;
    while (p.ends[0].sent != before) { /* until nothing moves any more */
        before = p.ends[0].sent;
        while (stream_pair_send(&p.ends[0], 65536) == 0)
            assert_true(p.ends[0].sent < 1000);
        stream_pair_run(&p, 150);
    }
    assert_int_equal(p.ends[1].messages, 1);
    assert_true(p.ends[0].sent * 65536 < (UINT64_C(16) << 20));
    int drained = p.ends[0].drained;
    ic_stream_set_reading(p.ends[1].st, true);
    stream_pair_until_messages(&p, &p.ends[1], p.ends[0].sent);
    assert_int_equal(p.ends[0].drained, drained + 1);
    assert_int_equal(p.ends[1].bytes, p.ends[0].sent * 65536);
    stream_pair_free(&p);
}

static void messages_of_any_length_pass_and_longer_ones_do_not(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    ic_stream_options opts = stream_pair_options(&p, 0);
    opts.max_message_bytes = 1000;
    p.ends[0].unnumbered = true;
    p.ends[1].unnumbered = true;
    assert_int_equal(stream_pair_open(&p, 0, &opts), 0);
    opts = stream_pair_options(&p, 1);
    assert_int_equal(stream_pair_open(&p, 1, &opts), 0);
    uint8_t *large = ic_mem_calloc(1, IC_STREAM_MESSAGE_MAX);
    assert_non_null(large);
    assert_int_equal(ic_stream_send(p.ends[0].st, large, 1001), IC_ERR_LIMIT);
    assert_int_equal(ic_stream_send(p.ends[0].st, large, 1000), 0);
    assert_int_equal(ic_stream_send(p.ends[0].st, large, 1), 0);
    stream_pair_until_messages(&p, &p.ends[1], 2);
    assert_int_equal(ic_stream_send(p.ends[1].st, large, 1001), 0);
    stream_pair_until(&p, &p.ends[0].closed, 1);
    assert_int_equal(p.ends[0].error, IC_ERR_LIMIT);
    ic_mem_free(large);
    stream_pair_free(&p);
}

static void the_longest_message_is_one_message(void **state)
{
    stream_pair p;
    open_pair(&p);
    uint8_t *large = ic_mem_calloc(1, IC_STREAM_MESSAGE_MAX);
    assert_non_null(large);
    assert_int_equal(ic_stream_send(p.ends[0].st, large, IC_STREAM_MESSAGE_MAX), 0);
    assert_int_equal(ic_stream_send(p.ends[0].st, large, 4), IC_ERR_AGAIN);
    ic_mem_free(large);
    stream_pair_until_messages(&p, &p.ends[1], 1);
    assert_int_equal(p.ends[1].last_len, IC_STREAM_MESSAGE_MAX);
    assert_int_equal(p.ends[0].drained, 1);
    stream_pair_free(&p);
}

static void datagrams_cross_beside_the_messages(void **state)
{
    static const uint8_t bytes[IC_STREAM_DATAGRAM_MAX + 1] = "a datagram";
    stream_pair p;
    open_pair(&p);
    ic_stream *st = p.ends[0].st;
    assert_int_equal(ic_stream_send_datagram(st, bytes, IC_STREAM_DATAGRAM_MAX + 1),
                     IC_ERR_LIMIT);
    assert_int_equal(ic_stream_send_datagram(st, bytes, IC_STREAM_DATAGRAM_MAX), 0);
    assert_int_equal(ic_stream_send_datagram(p.ends[1].st, bytes, 10), 0);
    stream_pair_until(&p, &p.ends[1].datagrams, 1);
    stream_pair_until(&p, &p.ends[0].datagrams, 1);
    assert_string_equal(p.ends[1].datagram, "a datagram");
    int count = 0;
    while (ic_stream_send_datagram(st, bytes, IC_STREAM_DATAGRAM_MAX) == 0)
        assert_true(++count < 100);
    assert_int_equal(ic_stream_send_datagram(st, bytes, IC_STREAM_DATAGRAM_MAX),
                     IC_ERR_AGAIN);
    stream_pair_free(&p);
}

static void an_idle_stream_says_that_it_lives(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    for (size_t i = 0; i < 2; i++) {
        ic_stream_options opts = stream_pair_options(&p, i);
        opts.keepalive_ns = 50 * STREAM_PAIR_MS;
        assert_int_equal(stream_pair_open(&p, i, &opts), 0);
    }
    stream_pair_run(&p, 600);
    ic_stream_stats stats;
    ic_stream_get_stats(p.ends[0].st, &stats, sizeof stats);
    assert_in_range(stats.messages_in, 4, 13);
    assert_in_range(stats.messages_out, 4, 13);
    assert_int_equal(p.ends[0].messages, 0); /* swallowed */
    assert_true(stats.packets_in > 4 && stats.packets_out > 4 && stats.srtt_ns > 0);
    stream_pair_free(&p);
}

static void open_one(void *arg)
{
    stream_pair *p = arg;
    ic_stream_options opts = stream_pair_options(p, 0);
    ic_stream *st = NULL;

    opts.local_id = 77;
    opts.on_closed = NULL;
    int err = ic_stream_new(p->ends[0].sock, &opts, &st);
    if (!err) {
        ic_stream_close(st);
        stream_pair_run(p, 20);
    } else {
        assert_int_equal(err, IC_ERR_NOMEM);
        assert_null(st);
    }
}

static void a_stream_without_memory_is_none(void **state)
{
    stream_pair p;
    stream_pair_init(&p);
    open_one(&p); /* what the socket keeps for ever is there */
    fail_alloc_each(open_one, &p);
    stream_pair_free(&p);
}

static void a_socket_holds_max_streams(void **state)
{
    ic_socket_options opts;
    stream_pair p;
    stream_pair_init(&p);
    ic_socket *one = NULL;
    ic_socket_options_default(&opts);
    opts.base = p.base;
    opts.address = "127.0.0.1:0";
    opts.max_streams = 1;
    opts.kernel_bytes = 1u << 16;
    assert_int_equal(ic_socket_new(&opts, &one), 0);
    ic_stream_options stream = stream_pair_options(&p, 0);
    stream.on_closed = NULL;
    ic_stream *first = NULL;
    ic_stream *second = NULL;
    assert_int_equal(ic_stream_new(one, &stream, &first), 0);
    stream.local_id++;
    assert_int_equal(ic_stream_new(one, &stream, &second), IC_ERR_LIMIT);
    assert_null(second);
    ic_socket_close(one, NULL, NULL);
    stream_pair_run(&p, 20);
    stream_pair_free(&p);
}

static void open_socket(void *arg)
{
    ic_socket_options opts;
    ic_socket *sock = NULL;

    ic_socket_options_default(&opts);
    opts.base = arg;
    opts.address = "127.0.0.1:0";
    int err = ic_socket_new(&opts, &sock);
    if (!err) {
        ic_socket_close(sock, NULL, NULL);
        assert_true(event_base_dispatch(arg) >= 0);
    } else {
        assert_int_equal(err, IC_ERR_NOMEM);
    }
}

static void a_socket_without_memory_is_none(void **state)
{
    struct event_base *base = event_base_new();
    fail_alloc_each(open_socket, base);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_know_each_other),
        cmocka_unit_test(another_key_than_expected_ends_the_stream),
        cmocka_unit_test(the_first_packet_says_where_the_initiator_is),
        cmocka_unit_test(what_is_sent_before_it_is_open_waits_in_order),
        cmocka_unit_test(the_queue_before_it_is_open_has_an_end),
        cmocka_unit_test(a_reader_that_pauses_stops_the_writer),
        cmocka_unit_test(messages_of_any_length_pass_and_longer_ones_do_not),
        cmocka_unit_test(the_longest_message_is_one_message),
        cmocka_unit_test(datagrams_cross_beside_the_messages),
        cmocka_unit_test(an_idle_stream_says_that_it_lives),
        cmocka_unit_test(a_socket_holds_max_streams),
        cmocka_unit_test(a_stream_without_memory_is_none),
        cmocka_unit_test(a_socket_without_memory_is_none),
    };
    return cmocka_run_group_tests_name("io/stream", tests, NULL, NULL);
}
