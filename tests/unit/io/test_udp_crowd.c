/*
 * Crowds: hundreds of sockets beside streams that go on (hole punching opens 256 at a
 * time), thousands of streams that end with their socket, relays among them.
 *
 * Spec: docs/spec/02-udx.md sections 3 (life) and 9 (relay); 06-hyperdht.md, birthday
 * sockets.
 */
#include <string.h>

#include <event2/event.h>

#include "base/env.h"
#include "count_alloc.h"
#include "intercom/error.h"
#include "io/udp_state.h"
#include "unit.h"

#define PUNCH_SOCKETS 256
#define PUNCHES 2
#define CROWD 12000 /* streams of one loop: more than an old limit of 4096 */
#define LONGEST_TURNS 20000

typedef struct square {
    struct event_base *base;
    ic_env env;
    ic__udp *udp;
    ic__udp_socket *sock[2];
    ic__udp_socket *punch[PUNCH_SOCKETS * PUNCHES];
    unsigned datagrams;
    unsigned open;
    uint64_t got;
    bool done;
} square;

static const ic__addr any = {.family = 4, .ip = {127, 0, 0, 1}};

static void on_datagram(ic__udp_socket *sock, const uint8_t *data, size_t len,
                        const ic__addr *from, void *user)
{
    ((square *)user)->datagrams++;
}

static void square_init(square *s)
{
    memset(s, 0, sizeof *s);
    count_alloc_start();
    ic_env_system(&s->env);
    s->base = event_base_new();
    assert_non_null(s->base);
    assert_int_equal(ic__udp_new(&s->udp, s->base, &s->env, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ic__udp_socket_new(s->udp, &s->sock[i], &any, on_datagram, s),
                         0);
}

static void on_done(void *user)
{
    ((square *)user)->done = true;
}

static void turns(square *s, int count)
{
    for (int i = 0; i < count; i++)
        (void)event_base_loop(s->base, EVLOOP_NONBLOCK);
}

static void until(square *s, const unsigned *what, unsigned goal)
{
    for (int i = 0; i < LONGEST_TURNS && *what != goal; i++)
        (void)event_base_loop(s->base, EVLOOP_ONCE);
    assert_int_equal(*what, goal);
}

static void square_free(square *s)
{
    ic__udp_close(s->udp, on_done, s);
    for (int i = 0; i < 1000 && !s->done; i++)
        (void)event_base_loop(s->base, EVLOOP_ONCE);
    assert_true(s->done);
    assert_int_equal(s->open, 0);
    event_base_free(s->base);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

static void on_data(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    ((square *)user)->got += len;
}

static void on_closed(ic__udp_stream *st, int error, void *user)
{
    square *s = user;

    s->open--;
}

static const ic__udp_stream_events events = {.data = on_data, .closed = on_closed};

static ic__udp_stream *open_one(square *s, uint32_t id, uint32_t other, int side)
{
    const ic__addr to = ic__udp_socket_address(s->sock[1 - side]);
    ic__udp_stream *st;

    assert_int_equal(ic__udp_stream_new(s->udp, &st, id, NULL, &events, s), 0);
    assert_int_equal(ic__udp_stream_connect(st, s->sock[side], other, &to), 0);
    s->open++;
    return st;
}

static void open_punch(square *s)
{
    const ic__addr to = ic__udp_socket_address(s->sock[0]);

    for (size_t i = 0; i < PUNCH_SOCKETS * PUNCHES; i++) {
        assert_int_equal(ic__udp_socket_new(s->udp, &s->punch[i], &any, on_datagram, s),
                         0);
        assert_int_equal(ic__udp_socket_send(s->punch[i], &to, &(uint8_t){9}, 1, 0), 0);
    }
}

static void sockets_by_the_hundred_come_and_go_beside_a_stream(void **state)
{
    static square s;
    square_init(&s);
    ic__udp_stream *a = open_one(&s, 1, 2, 0);
    (void)open_one(&s, 2, 1, 1);
    open_punch(&s);
    until(&s, &s.datagrams, PUNCH_SOCKETS * PUNCHES);
    for (size_t i = 0; i < PUNCH_SOCKETS * PUNCHES; i++)
        ic__udp_socket_close(s.punch[i]);
    turns(&s, 3);
    assert_int_equal(s.udp->sockets.count, 2);
    assert_int_equal(s.udp->closed_sockets.count, 0);
    assert_int_equal(s.open, 2);
    assert_int_equal(ic__udp_stream_write(a, (const uint8_t *)"still here", 10), 0);
    for (int i = 0; i < LONGEST_TURNS && s.got < 10; i++)
        (void)event_base_loop(s.base, EVLOOP_ONCE);
    assert_int_equal(s.got, 10);
    square_free(&s);
}

/* A stream that moved to a punching socket goes with it; the others stay. */
static void a_socket_takes_the_stream_that_moved_to_it(void **state)
{
    static square s;
    square_init(&s);
    ic__udp_stream *a = open_one(&s, 1, 2, 0);
    (void)open_one(&s, 3, 4, 0);
    open_punch(&s);
    const ic__addr to = ic__udp_socket_address(s.sock[1]);
    assert_int_equal(ic__udp_stream_move(a, s.punch[7], 2, &to), 0);
    for (size_t i = 0; i < PUNCH_SOCKETS * PUNCHES; i++)
        ic__udp_socket_close(s.punch[i]);
    until(&s, &s.open, 1);
    square_free(&s);
}

static void thousands_of_streams_go_with_their_socket(void **state)
{
    static square s;
    square_init(&s);
    for (uint32_t i = 0; i < CROWD; i += 2) {
        (void)open_one(&s, i, i + 1, 0);
        (void)open_one(&s, i + 1, i, 1);
    }
    ic__udp_socket_close(s.sock[0]);
    for (int i = 0; i < LONGEST_TURNS && s.open > CROWD / 2; i++)
        (void)event_base_loop(s.base, EVLOOP_ONCE);
    assert_true(s.open <=
                CROWD / 2); /* the others hear of it, as far as packets arrive */
    assert_int_equal(s.udp->streams.count, s.open);
    assert_int_equal(s.udp->by_id.count, s.open);
    square_free(&s); /* and the rest with everything */
}

/* Of two punched ways that were tried one is left, and its socket with it. */
static void what_is_under_way_by_a_socket_that_goes_follows_the_stream(void **state)
{
    static square s;
    ic__udp_socket *tried;
    ic__udp_socket *last;
    square_init(&s);
    ic__udp_stream *a = open_one(&s, 1, 2, 0);
    (void)open_one(&s, 2, 1, 1);
    const ic__addr to = ic__udp_socket_address(s.sock[1]);
    const ic__addr nowhere = ic__udp_socket_address(s.sock[0]); /* has no stream 9 */
    assert_int_equal(ic__udp_socket_new(s.udp, &tried, &any, NULL, NULL), 0);
    assert_int_equal(ic__udp_socket_new(s.udp, &last, &any, NULL, NULL), 0);
    assert_int_equal(ic__udp_stream_move(a, tried, 9, &nowhere), 0);
    assert_int_equal(ic__udp_stream_write(a, (const uint8_t *)"lost on its way", 15), 0);
    turns(&s, 3);
    assert_int_equal(ic__udp_stream_move(a, last, 2, &to), 0);
    ic__udp_socket_close(tried);
    turns(&s, 3);
    assert_int_equal(s.open, 2);
    for (int i = 0; i < LONGEST_TURNS && s.got < 15; i++)
        (void)event_base_loop(s.base, EVLOOP_ONCE);
    assert_int_equal(s.got, 15);
    square_free(&s);
}

/* Two ends never move at the same time; without it, what is under way to the old socket
 * would come again after a timeout only. */
static void what_comes_by_the_socket_before_a_move_is_taken(void **state)
{
    static square s;
    ic__udp_socket *other;
    square_init(&s);
    ic__udp_stream *a = open_one(&s, 1, 2, 0);
    ic__udp_stream *b = open_one(&s, 2, 1, 1);
    const ic__addr to = ic__udp_socket_address(s.sock[1]);
    assert_int_equal(ic__udp_socket_new(s.udp, &other, &any, NULL, NULL), 0);
    assert_int_equal(ic__udp_stream_move(a, other, 2, &to), 0);
    assert_int_equal(ic__udp_stream_write(b, (const uint8_t *)"to the old one", 14), 0);
    for (int i = 0; i < LONGEST_TURNS && s.got < 14; i++)
        (void)event_base_loop(s.base, EVLOOP_ONCE);
    assert_int_equal(s.got, 14);
    assert_int_equal(ic__udp_get_stats(s.udp).dropped_firewall, 0);
    ic__udp_socket_close(s.sock[0]);
    turns(&s, 3);
    assert_int_equal(s.open, 2);
    assert_null(a->before);
    square_free(&s);
}

/* Each points at another one; whoever goes first takes those that fed it. */
static void relays_know_when_their_other_side_has_gone(void **state)
{
    static square s;
    square_init(&s);
    ic__udp_stream *hub = open_one(&s, 1, 101, 0);
    ic__udp_stream *into[10];
    for (uint32_t i = 0; i < 10; i++) {
        into[i] = open_one(&s, 10 + i, 110 + i, 0);
        ic__udp_stream_relay(into[i], hub);
    }
    ic__udp_stream_relay(into[0], into[1]); /* changes its mind */
    ic__udp_stream_relay(into[2], NULL);
    ic__udp_stream_relay(hub, into[3]);
    ic__udp_stream_close(into[4]); /* leaves the list */
    until(&s, &s.open, 10);
    ic__udp_stream_close(hub);
    until(&s, &s.open, 1); /* into[1] went with the hub, and into[0] with into[1] */
    assert_int_equal(s.udp->streams.count, 1);
    square_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_by_the_hundred_come_and_go_beside_a_stream),
        cmocka_unit_test(a_socket_takes_the_stream_that_moved_to_it),
        cmocka_unit_test(thousands_of_streams_go_with_their_socket),
        cmocka_unit_test(what_is_under_way_by_a_socket_that_goes_follows_the_stream),
        cmocka_unit_test(what_comes_by_the_socket_before_a_move_is_taken),
        cmocka_unit_test(relays_know_when_their_other_side_has_gone),
    };
    return cmocka_run_group_tests_name("io/udp_crowd", tests, NULL, NULL);
}
