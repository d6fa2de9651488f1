/*
 * Spec: docs/spec/02-udx.md sections 3 (life), 4 (receiving), 7 (limits), 11 (hostile
 * peers). libudx scenarios with a twin here: stream-combined-write, stream-destroy,
 * stream-destroy-before-connect, stream-destroy-slowpath, stream-preconnect,
 * stream-preconnect-same-socket, stream-send-recv, stream-timewait,
 * stream-timewait-ooo-end, stream-write-read.
 */
#include <string.h>

#include "count_alloc.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "udx_one.h"
#include "udx_world.h"
#include "unit.h"

#define MOST_IDLE_BYTES 1536 /* of one end without a buffer */

static void bytes_cross_in_both_directions_and_both_ends_close(void **state)
{
    static udx_world w;
    udx_world_init(&w, 1);
    udx_end *a = udx_world_pair(&w, NULL);
    a[0].to_write = 100000;
    a[1].to_write = 5000;
    a[0].end_after = a[1].end_after = true;
    udx_world_run_until(&w, w.clock.now_ns + 30 * SEC);
    assert_int_equal(a[1].got, 100000);
    assert_int_equal(a[0].got, 5000);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(a[i].got_end, 1);
        assert_int_equal(a[i].closed, 1);
        assert_int_equal(a[i].error, 0);
        assert_null(a[i].s);
    }
    udx_world_free(&w);
}

static void an_idle_stream_gives_its_buffers_back(void **state)
{
    static udx_world w;
    count_alloc_start();
    udx_world_init(&w, 1);
    udx_end *a = udx_world_pair(&w, NULL);
    a->to_write = 5000000;
    udx_world_run_until(&w, w.clock.now_ns + 10 * SEC);
    assert_int_equal(a[1].got, 5000000);
    count_alloc_stats memory = count_alloc_get();
    assert_true(memory.peak_bytes > 4000000);
    assert_true(memory.live_bytes < MOST_IDLE_BYTES * 2);
    udx_world_free(&w);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

/* Four seconds of lingering are long for a server with many peers. */
static void a_lingering_stream_gives_its_buffers_back(void **state)
{
    static udx_world w;
    count_alloc_start();
    udx_world_init(&w, 1);
    udx_end *a = udx_world_pair(&w, NULL);
    a->to_write = 5000000;
    a[0].end_after = a[1].end_back = true;
    uint64_t most = w.clock.now_ns + 60 * SEC;
    while (!a[0].closed && w.clock.now_ns < most)
        udx_world_run_until(&w, w.clock.now_ns + 10 * MS);
    udx_world_run_until(&w, w.clock.now_ns + 1100 * MS);
    assert_non_null(a[0].s);
    assert_non_null(a[1].s);
    assert_true(count_alloc_get().live_bytes < MOST_IDLE_BYTES * 2);
    udx_world_free(&w);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

static void without_memory_for_the_first_packet_it_is_tried_again(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 10), 0);
    fail_alloc_start(1);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 0);
    assert_int_equal(fail_alloc_hit(), 1);
    (void)fail_alloc_stop();
    assert_int_equal(udx_one_run(&o, 200 * MS, IC__UDX_DATA), 1);
    udx_one_free(&o);
}

static void many_small_writes_share_packets(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(udx_one_write(&o, 10), 0);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_DATA), 9);
    udx_one_free(&o);
}

static void what_is_written_before_connect_waits(void **state)
{
    udx_one o;
    const ic__udx_path path = udx_one_path(1, UDX_ONE_PEER);
    udx_one_init_unconnected(&o, NULL);
    assert_int_equal(udx_one_write(&o, 10), 0);
    assert_false(udx_one_pull(&o));
    assert_int_equal(ic__udx_deadline(o.s), UINT64_MAX);
    assert_int_equal(ic__udx_connect(o.s, &path, o.clock.now_ns), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.payload_len, 10);
    assert_int_equal(ic__udx_connect(o.s, &path, o.clock.now_ns), IC_ERR_EXISTS);
    udx_one_free(&o);
}

static void port_zero_is_refused(void **state)
{
    udx_one o;
    ic__udx_path path = udx_one_path(1, UDX_ONE_PEER);
    path.addr.port = 0;
    udx_one_init_unconnected(&o, NULL);
    assert_int_equal(ic__udx_connect(o.s, &path, o.clock.now_ns), IC_ERR_INVALID);
    assert_int_equal(ic__udx_move(o.s, &path), IC_ERR_INVALID);
    udx_one_free(&o);
}

static void data_before_connect_is_handed_up_and_acknowledged_later(void **state)
{
    udx_one o;
    const ic__udx_path path = udx_one_path(1, UDX_ONE_PEER);
    udx_one_init_unconnected(&o, NULL);
    udx_one_data(&o, 0, "early");
    assert_int_equal(o.got, 5);
    assert_false(udx_one_pull(&o));
    assert_int_equal(ic__udx_connect(o.s, &path, o.clock.now_ns), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, 0);
    assert_int_equal(o.packet.ack, 1);
    assert_false(udx_one_pull(&o));
    udx_one_free(&o);
}

static void data_before_connect_is_limited(void **state)
{
    udx_one o;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_early_bytes = 10;
    udx_one_init_unconnected(&o, &opts);
    udx_one_data(&o, 1, "0123456789");
    udx_one_data(&o, 2, "x");
    assert_int_equal(ic__udx_get_stats(o.s).dropped_full, 1);
    udx_one_free(&o);
}

static void destroy_sends_one_packet_and_nothing_more(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 5000), 0);
    ic__udx_destroy(o.s);
    ic__udx_destroy(o.s);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, IC__UDX_DESTROY);
    assert_false(udx_one_pull(&o));
    udx_one_events(&o);
    assert_int_equal(o.closed, 1);
    assert_int_equal(o.error, 0);
    assert_true(ic__udx_done(o.s));
    assert_int_equal(udx_one_write(&o, 1), IC_ERR_CLOSED);
    assert_int_equal(ic__udx_send(o.s, NULL, 0), IC_ERR_CLOSED);
    assert_int_equal(ic__udx_end(o.s), IC_ERR_CLOSED);
    udx_one_data(&o, 0, "late");
    assert_int_equal(o.got, 0);
    udx_one_free(&o);
}

static void destroy_before_connect_closes_without_a_packet(void **state)
{
    udx_one o;
    udx_one_init_unconnected(&o, NULL);
    ic__udx_destroy(o.s);
    assert_false(udx_one_pull(&o));
    udx_one_events(&o);
    assert_int_equal(o.closed, 1);
    assert_true(ic__udx_done(o.s));
    udx_one_free(&o);
}

static void a_destroy_beyond_the_window_is_ignored(void **state)
{
    udx_one o;
    ic__udx_packet destroy = {
        .type = IC__UDX_DESTROY, .id = UDX_ONE_ID, .seq = UINT32_C(1) << 30};
    udx_one_init(&o, NULL);
    udx_one_recv(&o, &destroy);
    assert_int_equal(o.closed, 0);
    destroy.seq = 3;
    udx_one_recv(&o, &destroy);
    assert_int_equal(o.closed, 1);
    assert_int_equal(o.error, IC_ERR_CLOSED);
    udx_one_free(&o);
}

static void a_stream_that_ended_answers_for_a_while(void **state)
{
    udx_one o;
    const ic__udx_packet end = {
        .type = IC__UDX_END, .id = UDX_ONE_ID, .rwnd = UDX_ONE_RWND, .ack = 1};
    udx_one_init(&o, NULL);
    assert_int_equal(ic__udx_end(o.s), 0);
    assert_int_equal(ic__udx_end(o.s), 0);
    assert_int_equal(udx_one_write(&o, 1), IC_ERR_CLOSED);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_END), 1);
    udx_one_recv(&o, &end);
    assert_int_equal(o.ends, 1);
    assert_int_equal(o.closed, 1);
    assert_false(ic__udx_done(o.s));
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    udx_one_recv(&o, &end); /* our acknowledgement was lost */
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    assert_int_equal(udx_one_run(&o, 5 * SEC, 0), 0);
    assert_true(ic__udx_done(o.s));
    assert_int_equal(o.ends, 1);
    udx_one_free(&o);
}

/* The reference is gone at once when both have ended: its last answer may be lost. */
/* The end came before the last data; the last answer is lost, and the data comes again.
 */
static void an_end_that_came_too_early_is_answered_for_a_while(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    udx_one_recv(&o,
                 &(ic__udx_packet){.type = IC__UDX_END, .rwnd = UDX_ONE_RWND, .seq = 1});
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_SACK), 1);
    assert_int_equal(ic__udx_end(o.s), 0);
    assert_int_equal(udx_one_pull_all(&o, IC__UDX_END), 1);
    const ic__udx_packet last = {.type = IC__UDX_DATA,
                                 .rwnd = UDX_ONE_RWND,
                                 .ack = 1,
                                 .payload = (const uint8_t *)"x",
                                 .payload_len = 1};
    udx_one_recv(&o, &last);
    assert_int_equal(o.closed, 1);
    assert_int_equal(o.error, 0);
    for (int i = 0; i < 2; i++) {
        assert_true(udx_one_pull(&o));
        assert_int_equal(o.packet.type, 0);
        assert_int_equal(o.packet.ack, 2);
        assert_false(udx_one_pull(&o));
        udx_one_recv(&o, &last);
    }
    assert_int_equal(o.got, 1);
    udx_one_free(&o);
}

static void an_unanswered_end_is_no_error_when_all_else_arrived(void **state)
{
    udx_one o;
    ic__udx_packet end = {.type = IC__UDX_END, .id = UDX_ONE_ID, .rwnd = UDX_ONE_RWND};
    udx_one_init(&o, NULL);
    udx_one_recv(&o, &end);
    assert_int_equal(ic__udx_end(o.s), 0);
    (void)udx_one_run(&o, 20 * SEC, 0);
    assert_int_equal(o.closed, 1);
    assert_int_equal(o.error, 0);
    udx_one_free(&o);
}

static void only_the_first_end_counts(void **state)
{
    udx_one o;
    ic__udx_packet end = {
        .type = IC__UDX_END, .id = UDX_ONE_ID, .rwnd = UDX_ONE_RWND, .seq = 2};
    udx_one_init(&o, NULL);
    udx_one_recv(&o, &end);
    end.seq = 1;
    udx_one_recv(&o, &end);
    end.seq = 5;
    udx_one_recv(&o, &end);
    udx_one_data(&o, 3, "beyond");
    assert_int_equal(ic__udx_get_stats(o.s).dropped_far, 3);
    udx_one_data(&o, 0, "a");
    assert_int_equal(o.ends, 0);
    udx_one_data(&o, 1, "b");
    assert_int_equal(o.ends, 1);
    assert_int_equal(o.got, 2);
    udx_one_free(&o);
}

static void seq_far_ahead_is_dropped_and_takes_no_memory(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    udx_one_data(&o, UINT32_C(1) << 30, "far");
    udx_one_data(&o, 16384, "just beyond");
    udx_one_data(&o, 16383, "the last one taken");
    assert_int_equal(ic__udx_get_stats(o.s).dropped_far, 2);
    (void)udx_one_pull_all(&o, IC__UDX_SACK);
    assert_int_equal(o.packet.sack_count, 1);
    assert_int_equal(o.packet.sacks[0].start, 16383);
    udx_one_free(&o);
}

static void held_packets_are_bounded_in_bytes(void **state)
{
    udx_one o;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_recv_bytes = 8;
    udx_one_init(&o, &opts);
    udx_one_data(&o, 1, "1234");
    udx_one_data(&o, 2, "5678");
    udx_one_data(&o, 3, "9");
    assert_int_equal(ic__udx_get_stats(o.s).dropped_full, 1);
    udx_one_data(&o, 0, "0"); /* the one that is missing is always taken */
    assert_int_equal(o.got, 9);
    udx_one_free(&o);
}

static void duplicates_are_counted_and_acknowledged(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    udx_one_data(&o, 0, "a");
    (void)udx_one_pull_all(&o, 0);
    udx_one_data(&o, 0, "a");
    assert_int_equal(udx_one_pull_all(&o, 0), 1);
    udx_one_data(&o, 2, "c");
    udx_one_data(&o, 2, "c");
    assert_int_equal(o.got, 1);
    assert_int_equal(ic__udx_get_stats(o.s).dropped_duplicate, 2);
    udx_one_free(&o);
}

static void an_acknowledgement_rides_on_data_that_is_about_to_leave(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    udx_one_data(&o, 0, "question");
    assert_int_equal(udx_one_write(&o, 6), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, IC__UDX_DATA);
    assert_int_equal(o.packet.ack, 1);
    assert_false(udx_one_pull(&o));
    udx_one_free(&o);
}

/* Blocks are listed by state packets only. */
static void an_acknowledgement_with_blocks_goes_alone(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    udx_one_data(&o, 1, "second");
    assert_int_equal(udx_one_write(&o, 6), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, IC__UDX_SACK);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, IC__UDX_DATA);
    assert_false(udx_one_pull(&o));
    udx_one_free(&o);
}

static void an_acknowledgement_waits_for_no_window(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 100000), 0);
    assert_true(udx_one_pull_all(&o, IC__UDX_DATA) > 0);
    udx_one_data(&o, 0, "question");
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, 0);
    assert_int_equal(o.packet.ack, 1);
    udx_one_free(&o);
}

static void destroy_leaves_no_data_unacknowledged(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    udx_one_data(&o, 0, "farewell");
    ic__udx_destroy(o.s);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, 0);
    assert_int_equal(o.packet.ack, 1);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, IC__UDX_DESTROY);
    assert_false(udx_one_pull(&o));
    udx_one_free(&o);
}

static void a_full_send_queue_says_so_and_when_it_has_room_again(void **state)
{
    udx_one o;
    ic__udx_options opts;
    ic__udx_options_default(&opts);
    opts.max_send_bytes = 1000;
    udx_one_init(&o, &opts);
    assert_int_equal(udx_one_write(&o, 1001), IC_ERR_LIMIT);
    assert_int_equal(udx_one_write(&o, 1000), 0);
    assert_int_equal(udx_one_write(&o, 1), IC_ERR_AGAIN);
    (void)udx_one_pull_all(&o, 0);
    assert_int_equal(o.drained, 0);
    udx_one_ack(&o, 1, UDX_ONE_RWND);
    assert_int_equal(o.drained, 1);
    assert_int_equal(udx_one_write(&o, 1000), 0);
    udx_one_free(&o);
}

static void messages_go_out_whole_and_without_order(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(ic__udx_send(o.s, (const uint8_t *)"hello", 5), 0);
    assert_int_equal(ic__udx_send(o.s, NULL, 0), 0);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.type, IC__UDX_MESSAGE);
    assert_memory_equal(o.packet.payload, "hello", 5);
    assert_true(udx_one_pull(&o));
    assert_int_equal(o.packet.payload_len, 0);
    assert_int_equal(ic__udx_deadline(o.s), UINT64_MAX); /* nothing to wait for */
    udx_one_free(&o);
}

static void message_queues_are_bounded_both_ways(void **state)
{
    udx_one o;
    uint8_t big[1133] = {0};
    const ic__udx_packet message = {.type = IC__UDX_MESSAGE, .id = UDX_ONE_ID};
    udx_one_init(&o, NULL);
    assert_int_equal(ic__udx_send(o.s, big, 1133), IC_ERR_LIMIT);
    int error = 0;
    for (int i = 0; !error; i++) {
        assert_true(i < 100);
        error = ic__udx_send(o.s, big, 1132);
    }
    assert_int_equal(error, IC_ERR_AGAIN);
    uint8_t bytes[IC__UDX_HEADER_BYTES];
    ic__wr w = ic__wr_of(bytes, sizeof bytes);
    ic__udx_packet_write(&w, &message);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(ic__udx_recv(o.s, bytes, sizeof bytes, o.clock.now_ns), 0);
    udx_one_events(&o);
    assert_true(o.messages > 100 && o.messages < 10000);
    assert_int_equal(ic__udx_get_stats(o.s).dropped_messages, 10000 - o.messages);
    udx_one_free(&o);
}

static void what_is_no_packet_is_dropped(void **state)
{
    udx_one o;
    udx_one_init(&o, NULL);
    assert_int_equal(ic__udx_recv(o.s, (const uint8_t *)"x", 1, 0), IC_ERR_PROTO);
    assert_int_equal(ic__udx_get_stats(o.s).dropped_bad, 1);
    udx_one_free(&o);
}

static void too_little_room_to_pull_gives_nothing(void **state)
{
    udx_one o;
    uint8_t small[IC__UDX_MAX_DATAGRAM - 1];
    udx_one_init(&o, NULL);
    assert_int_equal(udx_one_write(&o, 10), 0);
    assert_int_equal(ic__udx_pull(o.s, small, sizeof small, &o.to, o.clock.now_ns), 0);
    assert_true(udx_one_pull(&o));
    udx_one_free(&o);
}

static void talk(void *arg)
{
    fake_clock clock;
    ic__udx *s = NULL;
    const ic__udx_path path = udx_one_path(1, UDX_ONE_PEER);
    uint8_t bytes[IC__UDX_MAX_DATAGRAM] = {0xff, 1, IC__UDX_DATA | IC__UDX_MESSAGE};
    uint8_t data[50000] = {0};
    ic__udx_path to;
    ic__udx_event event;

    fake_clock_init(&clock, 1);
    ic_env env = fake_clock_env(&clock);
    int error = ic__udx_new(&s, &env, 0, NULL, clock.now_ns);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    if (error)
        return;
    assert_int_equal(ic__udx_connect(s, &path, clock.now_ns), 0);
    error = ic__udx_write(s, data, sizeof data);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    error = ic__udx_send(s, data, 10);
    assert_true(error == 0 || error == IC_ERR_NOMEM);
    for (uint8_t seq = 80; seq < 250; seq--) {
        bytes[12] = seq;
        bytes[16] = 0;
        (void)ic__udx_recv(s, bytes, 100, clock.now_ns);
        while (ic__udx_pull(s, data, sizeof data, &to, clock.now_ns)) {
        }
        while (ic__udx_next(s, &event)) {
        }
    }
    ic__udx_free(s);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(talk, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_cross_in_both_directions_and_both_ends_close),
        cmocka_unit_test(an_idle_stream_gives_its_buffers_back),
        cmocka_unit_test(a_lingering_stream_gives_its_buffers_back),
        cmocka_unit_test(without_memory_for_the_first_packet_it_is_tried_again),
        cmocka_unit_test(many_small_writes_share_packets),
        cmocka_unit_test(what_is_written_before_connect_waits),
        cmocka_unit_test(port_zero_is_refused),
        cmocka_unit_test(data_before_connect_is_handed_up_and_acknowledged_later),
        cmocka_unit_test(data_before_connect_is_limited),
        cmocka_unit_test(destroy_sends_one_packet_and_nothing_more),
        cmocka_unit_test(destroy_before_connect_closes_without_a_packet),
        cmocka_unit_test(a_destroy_beyond_the_window_is_ignored),
        cmocka_unit_test(a_stream_that_ended_answers_for_a_while),
        cmocka_unit_test(an_end_that_came_too_early_is_answered_for_a_while),
        cmocka_unit_test(an_unanswered_end_is_no_error_when_all_else_arrived),
        cmocka_unit_test(only_the_first_end_counts),
        cmocka_unit_test(seq_far_ahead_is_dropped_and_takes_no_memory),
        cmocka_unit_test(held_packets_are_bounded_in_bytes),
        cmocka_unit_test(duplicates_are_counted_and_acknowledged),
        cmocka_unit_test(an_acknowledgement_rides_on_data_that_is_about_to_leave),
        cmocka_unit_test(an_acknowledgement_with_blocks_goes_alone),
        cmocka_unit_test(an_acknowledgement_waits_for_no_window),
        cmocka_unit_test(destroy_leaves_no_data_unacknowledged),
        cmocka_unit_test(a_full_send_queue_says_so_and_when_it_has_room_again),
        cmocka_unit_test(messages_go_out_whole_and_without_order),
        cmocka_unit_test(message_queues_are_bounded_both_ways),
        cmocka_unit_test(what_is_no_packet_is_dropped),
        cmocka_unit_test(too_little_room_to_pull_gives_nothing),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("transport/udx_stream", tests, NULL, NULL);
}
