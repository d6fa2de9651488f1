/*
 * Streams and datagrams over sockets of loopback, on one loop.
 *
 * Spec: docs/spec/02-udx.md sections 2 (demultiplexing), 3 (firewall, destroy), 9
 * (relay). libudx scenarios with a twin here: socket-send-recv,
 * socket-send-recv-dualstack, socket-send-recv-ipv6, stream-multiple, stream-preconnect,
 * stream-relay, stream-relay-firewall-source, stream-send-recv-ipv6,
 * stream-write-read-multiple.
 */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <unistd.h>

#include "base/env.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/udp.h"
#include "transport/udx_packet.h"
#include "unit.h"

#define LONGEST_S 60
#define MOST_STREAMS 8

typedef struct watcher {
    struct loop *loop;
    ic__udp_stream *st;
    uint64_t got;
    uint64_t to_write;
    int messages;
    int ends;
    int closed;
    int error;
    int asked;
    int refused; /* by the firewall */
    ic__addr asked_from;
    ic__udp_socket *connect_by; /* the firewall connects to who comes */
    uint32_t connect_id;
    bool end_back;
    bool close_on_data;
} watcher;

typedef struct loop {
    struct event_base *base;
    ic_env env;
    ic__udp *udp;
    ic__udp_socket *sock[3];
    watcher w[MOST_STREAMS];
    int datagrams;
    size_t datagram_len;
    ic__addr datagram_from;
    bool done;
} loop;

static ic__addr local(uint8_t family, uint16_t port)
{
    ic__addr addr = {.family = family, .port = port};

    if (family == 4)
        memcpy(addr.ip, "\x7f\0\0\1", 4);
    else
        addr.ip[15] = 1;
    return addr;
}

static void on_datagram(ic__udp_socket *sock, const uint8_t *data, size_t len,
                        const ic__addr *from, void *user)
{
    loop *l = user;

    l->datagrams++;
    l->datagram_len = len;
    l->datagram_from = *from;
}

static void loop_init(loop *l, const ic__udp_options *opts)
{
    memset(l, 0, sizeof *l);
    ic_env_system(&l->env);
    l->base = event_base_new();
    assert_non_null(l->base);
    assert_int_equal(ic__udp_new(&l->udp, l->base, &l->env, opts), 0);
    const ic__addr any = local(4, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ic__udp_socket_new(l->udp, &l->sock[i], &any, on_datagram, l),
                         0);
}

static void on_done(void *user)
{
    ((loop *)user)->done = true;
}

static void loop_free(loop *l)
{
    ic__udp_close(l->udp, on_done, l);
    ic__udp_close(l->udp, on_done, l);
    for (int i = 0; i < 1000 && !l->done; i++)
        (void)event_base_loop(l->base, EVLOOP_ONCE);
    assert_true(l->done);
    event_base_free(l->base);
}

/* Turn the loop until `*value` reaches `want`. */
static void wait_for(loop *l, const int *value, int want)
{
    uint64_t start = l->env.now_ns(l->env.user);

    while (*value < want) {
        const struct timeval tick = {.tv_usec = 20000};
        (void)event_base_loopexit(l->base, &tick);
        (void)event_base_dispatch(l->base);
        if (l->env.now_ns(l->env.user) - start > LONGEST_S * IC__SEC)
            fail_msg("nothing happened for %d s", LONGEST_S);
    }
}

static void turn(loop *l)
{
    const struct timeval tick = {.tv_usec = 50000};

    (void)event_base_loopexit(l->base, &tick);
    (void)event_base_dispatch(l->base);
}

static void write_more(watcher *w)
{
    static const uint8_t bytes[50000];

    while (w->to_write) {
        size_t len = w->to_write < sizeof bytes ? (size_t)w->to_write : sizeof bytes;
        int error = ic__udp_stream_write(w->st, bytes, len);
        if (error == IC_ERR_AGAIN)
            return;
        assert_int_equal(error, 0);
        w->to_write -= len;
        if (!w->to_write)
            assert_int_equal(ic__udp_stream_end(w->st), 0);
    }
}

static void on_data(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    watcher *w = user;

    w->got += len;
    if (w->close_on_data) {
        ic__udp_stream_close(st);
        ic__udp_stream_close(st);
        assert_int_equal(w->closed, 0); /* never from inside a call */
        assert_int_equal(data[len - 1], 0);
    }
}

static void on_message(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    ((watcher *)user)->messages++;
}

static void on_end(ic__udp_stream *st, void *user)
{
    watcher *w = user;

    w->ends++;
    if (w->end_back)
        assert_int_equal(ic__udp_stream_end(st), 0);
}

static void on_drain(ic__udp_stream *st, void *user)
{
    write_more(user);
}

static bool on_firewall(ic__udp_stream *st, ic__udp_socket *sock, const ic__addr *from,
                        void *user)
{
    watcher *w = user;

    w->asked++;
    w->asked_from = *from;
    if (!w->connect_by)
        return true;
    assert_ptr_equal(sock, w->connect_by);
    return ic__udp_stream_connect(st, sock, w->connect_id, from) != 0;
}

static void on_closed(ic__udp_stream *st, int error, void *user)
{
    watcher *w = user;

    w->closed++;
    w->error = error;
    w->st = NULL;
}

static const ic__udp_stream_events events = {.data = on_data,
                                             .message = on_message,
                                             .end = on_end,
                                             .drain = on_drain,
                                             .firewall = on_firewall,
                                             .closed = on_closed};

static watcher *open_stream(loop *l, uint32_t id)
{
    watcher *w = &l->w[id];

    w->loop = l;
    assert_int_equal(ic__udp_stream_new(l->udp, &w->st, id, NULL, &events, w), 0);
    return w;
}

static void join(watcher *w, ic__udp_socket *sock, uint32_t remote, ic__udp_socket *there)
{
    const ic__addr to = ic__udp_socket_address(there);

    assert_int_equal(ic__udp_stream_connect(w->st, sock, remote, &to), 0);
}

static void streams_share_a_socket_and_do_not_mix(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    for (uint32_t i = 0; i < MOST_STREAMS; i += 2) {
        watcher *a = open_stream(&l, i);
        watcher *b = open_stream(&l, i + 1);
        join(a, l.sock[0], i + 1, l.sock[1]);
        join(b, l.sock[1], i, l.sock[0]);
        b->end_back = true;
        a->to_write = 3000000 + i;
        write_more(a);
    }
    for (uint32_t i = 0; i < MOST_STREAMS; i += 2) {
        wait_for(&l, &l.w[i].closed, 1);
        wait_for(&l, &l.w[i + 1].closed, 1);
        assert_int_equal(l.w[i + 1].got, 3000000 + i);
        assert_int_equal(l.w[i].error, 0);
        assert_int_equal(l.w[i + 1].error, 0);
    }
    ic__udp_stats stats = ic__udp_get_stats(l.udp);
    assert_true(stats.send_calls <= stats.datagrams_out);
    loop_free(&l);
}

static void a_stream_can_be_closed_in_its_own_callback(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    watcher *a = open_stream(&l, 1);
    watcher *b = open_stream(&l, 2);
    join(a, l.sock[0], 2, l.sock[1]);
    join(b, l.sock[1], 1, l.sock[0]);
    b->close_on_data = true;
    a->to_write = 500000;
    write_more(a);
    wait_for(&l, &a->closed, 1);
    assert_int_equal(a->error, IC_ERR_CLOSED);
    assert_int_equal(b->closed, 1);
    assert_int_equal(b->error, 0);
    loop_free(&l);
}

static void on_refused(ic__udp_stream *st, void *user)
{
    ((watcher *)user)->refused++;
}

static void a_peer_that_is_gone_before_we_are_connected_is_told_of(void **state)
{
    static loop l;
    ic__udp_stream_events on = events;
    loop_init(&l, NULL);
    watcher *a = open_stream(&l, 1);
    watcher *b = open_stream(&l, 2);
    on.refused = on_refused;
    ic__udp_stream_set_events(b->st, &on, b);
    join(a, l.sock[0], 2, l.sock[1]);
    assert_int_equal(ic__udp_stream_send(a->st, (const uint8_t *)"x", 1), 0);
    wait_for(&l, &b->asked, 1);
    assert_int_equal(b->refused, 0);
    ic__udp_stream_close(a->st);
    wait_for(&l, &b->refused, 1);
    assert_int_equal(b->closed, 0);
    loop_free(&l);
}

static void a_packet_by_another_socket_needs_leave(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    watcher *a = open_stream(&l, 1);
    watcher *b = open_stream(&l, 2);
    join(a, l.sock[0], 2, l.sock[1]);
    join(b, l.sock[2], 1, l.sock[0]); /* b sends by another socket than a sends to */
    assert_int_equal(ic__udp_stream_send(a->st, (const uint8_t *)"x", 1), 0);
    wait_for(&l, &b->asked, 1);
    assert_int_equal(b->messages, 0);
    assert_int_equal(ic__udp_get_stats(l.udp).dropped_firewall, 1);
    const ic__addr from = ic__udp_socket_address(l.sock[0]);
    assert_true(ic__addr_equal(&b->asked_from, &from));
    loop_free(&l);
}

static void a_stream_may_connect_to_who_comes_first(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    watcher *a = open_stream(&l, 1);
    watcher *b = open_stream(&l, 2);
    b->connect_by = l.sock[1];
    b->connect_id = 1;
    b->end_back = true;
    join(a, l.sock[0], 2, l.sock[1]);
    a->to_write = 10000;
    write_more(a);
    wait_for(&l, &a->closed, 1);
    assert_int_equal(b->got, 10000);
    assert_int_equal(b->asked, 1);
    assert_int_equal(a->error, 0);
    loop_free(&l);
}

/* a <-> relay streams 3 and 4 <-> b; destroy passes through and ends the relay. */
static void a_relay_passes_everything_on_and_then_the_destroy(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    watcher *a = open_stream(&l, 1);
    watcher *b = open_stream(&l, 2);
    watcher *ra = open_stream(&l, 3);
    watcher *rb = open_stream(&l, 4);
    join(ra, l.sock[1], 1, l.sock[0]);
    join(rb, l.sock[1], 2, l.sock[2]);
    ic__udp_stream_relay(ra->st, rb->st);
    ic__udp_stream_relay(rb->st, ra->st);
    join(a, l.sock[0], 3, l.sock[1]);
    join(b, l.sock[2], 4, l.sock[1]);
    a->to_write = 300000;
    write_more(a);
    wait_for(&l, &b->ends, 1);
    assert_int_equal(b->got, 300000);
    assert_int_equal(ic__udp_stream_send(b->st, (const uint8_t *)"m", 1), 0);
    wait_for(&l, &a->messages, 1);
    ic__udp_stream_close(b->st);
    wait_for(&l, &a->closed, 1);
    assert_int_equal(a->error, IC_ERR_CLOSED);
    wait_for(&l, &rb->closed, 1);
    assert_int_equal(rb->error, IC_ERR_CLOSED);
    wait_for(&l, &ra->closed, 1);
    loop_free(&l);
}

static void other_datagrams_reach_the_socket_and_carry_any_bytes(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    static const uint8_t stale[IC__UDX_HEADER_BYTES] = {0xff, 1, 0, 0, 9};
    const ic__addr to = ic__udp_socket_address(l.sock[1]);
    const ic__addr from = ic__udp_socket_address(l.sock[0]);
    int sent = 0;
    for (size_t len = 0; len <= 1400; len += 700) {
        uint8_t data[1400] = {3};
        assert_int_equal(ic__udp_socket_send(l.sock[0], &to, data, len, 0), 0);
        wait_for(&l, &l.datagrams, ++sent);
        assert_int_equal(l.datagram_len, len);
        assert_true(ic__addr_equal(&l.datagram_from, &from));
    }
    assert_int_equal(ic__udp_socket_send(l.sock[0], &to, stale, sizeof stale, 5), 0);
    wait_for(&l, &l.datagrams, ++sent);
    loop_free(&l);
}

static void bad_datagrams_are_refused(void **state)
{
    static loop l;
    static const uint8_t big[5000];
    loop_init(&l, NULL);
    const ic__addr to = ic__udp_socket_address(l.sock[1]);
    const ic__addr v6 = local(6, 1);
    const ic__addr no_port = local(4, 0);
    assert_int_equal(ic__udp_socket_send(l.sock[0], &to, big, 5000, 0), IC_ERR_LIMIT);
    assert_int_equal(ic__udp_socket_send(l.sock[0], &v6, big, 1, 0), IC_ERR_INVALID);
    assert_int_equal(ic__udp_socket_send(l.sock[0], &no_port, big, 1, 0), IC_ERR_INVALID);
    loop_free(&l);
}

static void a_socket_of_both_kinds_speaks_both(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    const ic__addr any6 = {.family = 6};
    ic__udp_socket *both;
    int error = ic__udp_socket_new(l.udp, &both, &any6, on_datagram, &l);
    if (error) {
        loop_free(&l);
        print_message("this machine has no IPv6\n");
        return;
    }
    uint16_t port = ic__udp_socket_address(both).port;
    const ic__addr v4 = local(4, port);
    assert_int_equal(ic__udp_socket_send(l.sock[0], &v4, (const uint8_t *)"4", 1, 0), 0);
    wait_for(&l, &l.datagrams, 1);
    assert_int_equal(l.datagram_from.family, 4);
    const ic__addr v6 = local(6, port);
    assert_int_equal(ic__udp_socket_send(both, &v6, (const uint8_t *)"6", 1, 3), 0);
    wait_for(&l, &l.datagrams, 2);
    assert_int_equal(l.datagram_from.family, 6);
    watcher *a = open_stream(&l, 1);
    watcher *b = open_stream(&l, 2);
    assert_int_equal(ic__udp_stream_connect(a->st, both, 2, &v6), 0);
    assert_int_equal(ic__udp_stream_connect(b->st, both, 1, &v6), 0);
    b->end_back = true;
    a->to_write = 200000;
    write_more(a);
    wait_for(&l, &a->closed, 1);
    assert_int_equal(b->got, 200000);
    loop_free(&l);
}

static void limits_are_kept(void **state)
{
    static loop l;
    ic__udp_options opts;
    ic__udp_options_default(&opts);
    opts.max_sockets = 3;
    opts.max_streams = 2;
    loop_init(&l, &opts);
    const ic__addr any = local(4, 0);
    ic__udp_socket *sock;
    assert_int_equal(ic__udp_socket_new(l.udp, &sock, &any, NULL, NULL), IC_ERR_LIMIT);
    (void)open_stream(&l, 1);
    ic__udp_stream *st;
    assert_int_equal(ic__udp_stream_new(l.udp, &st, 1, NULL, &events, NULL),
                     IC_ERR_EXISTS);
    (void)open_stream(&l, 2);
    assert_int_equal(ic__udp_stream_new(l.udp, &st, 3, NULL, &events, NULL),
                     IC_ERR_LIMIT);
    loop_free(&l);
    assert_int_equal(l.w[1].closed, 1);
    assert_int_equal(l.w[2].closed, 1);
}

static void an_address_that_is_taken_is_an_error(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    const ic__addr taken = ic__udp_socket_address(l.sock[0]);
    ic__udp_socket *sock;
    assert_int_equal(ic__udp_socket_new(l.udp, &sock, &taken, NULL, NULL), IC_ERR_IO);
    loop_free(&l);
}

static void closing_a_socket_ends_its_streams(void **state)
{
    static loop l;
    loop_init(&l, NULL);
    watcher *a = open_stream(&l, 1);
    watcher *b = open_stream(&l, 2);
    join(a, l.sock[0], 2, l.sock[1]);
    join(b, l.sock[1], 1, l.sock[0]);
    ic__udp_socket_close(l.sock[0]);
    ic__udp_socket_close(l.sock[0]);
    ic__udp_socket_close(NULL);
    wait_for(&l, &a->closed, 1);
    wait_for(&l, &b->closed, 1);
    assert_int_equal(a->error, 0);
    assert_int_equal(b->error, IC_ERR_CLOSED);
    const ic__addr to = ic__udp_socket_address(l.sock[1]);
    watcher *c = open_stream(&l, 3);
    assert_int_equal(ic__udp_stream_connect(c->st, l.sock[1], 9, &to), 0);
    turn(&l);
    loop_free(&l);
}

static void build_and_close(void *arg)
{
    const ic__addr any = local(4, 0);
    ic__udp *udp;
    ic_env env;
    ic__udp_socket *sock = NULL;
    ic__udp_stream *st;
    loop l = {.base = arg};

    ic_env_system(&env);
    if (ic__udp_new(&udp, arg, &env, NULL) != 0)
        return;
    watcher w = {.loop = &l};
    if (ic__udp_socket_new(udp, &sock, &any, NULL, NULL) == 0 &&
        ic__udp_stream_new(udp, &st, 1, NULL, &events, &w) == 0) {
        const ic__addr to = ic__udp_socket_address(sock);
        int error = ic__udp_stream_connect(st, sock, 1, &to);
        assert_int_equal(error, 0);
    }
    ic__udp_close(udp, on_done, &l);
    for (int i = 0; i < 100 && !l.done; i++)
        (void)event_base_loop(arg, EVLOOP_ONCE);
    assert_true(l.done);
}

static void survives_each_failed_allocation(void **state)
{
    struct event_base *base = event_base_new();
    assert_non_null(base);
    fail_alloc_each(build_and_close, base);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_share_a_socket_and_do_not_mix),
        cmocka_unit_test(a_stream_can_be_closed_in_its_own_callback),
        cmocka_unit_test(a_peer_that_is_gone_before_we_are_connected_is_told_of),
        cmocka_unit_test(a_packet_by_another_socket_needs_leave),
        cmocka_unit_test(a_stream_may_connect_to_who_comes_first),
        cmocka_unit_test(a_relay_passes_everything_on_and_then_the_destroy),
        cmocka_unit_test(other_datagrams_reach_the_socket_and_carry_any_bytes),
        cmocka_unit_test(bad_datagrams_are_refused),
        cmocka_unit_test(a_socket_of_both_kinds_speaks_both),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(an_address_that_is_taken_is_an_error),
        cmocka_unit_test(closing_a_socket_ends_its_streams),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("io/udp", tests, NULL, NULL);
}
