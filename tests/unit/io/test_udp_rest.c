/*
 * A sender with plenty under way leaves its socket alone for a moment, so that
 * acknowledgements gather (udp_rest.c). Time is the test's: so much for each look
 * at the clock; only the rests take real time.
 *
 * Spec: docs/spec/02-udx.md, section 8 (expect one ack per data packet)
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/env.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/udp.h"
#include "unit.h"

#define MANY (UINT64_C(8) << 20)
#define LOOK_NS (100 * IC__US) /* a round trip takes two */
#define REST_NS (20 * IC__US)
#define MOST_ROUNDS 100000

typedef struct side {
    ic__udp_socket *sock;
    ic__udp_stream *st;
    uint64_t to_write;
    uint64_t got;
    int closed;
} side;

typedef struct world {
    fake_clock clock; /* first: its random source finds it */
    ic_env env;
    struct event_base *base;
    ic__udp *udp;
    side sides[2]; /* the first one writes */
    bool done;
} world;

static void write_more(side *s)
{
    static const uint8_t zeros[16384];

    while (s->to_write && ic__udp_stream_write(s->st, zeros, sizeof zeros) == 0) {
        s->to_write -= sizeof zeros;
        if (!s->to_write)
            assert_int_equal(ic__udp_stream_end(s->st), 0);
    }
}

static void on_data(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    ((side *)user)->got += len;
}

static void on_end(ic__udp_stream *st, void *user)
{
    assert_int_equal(ic__udp_stream_end(st), 0);
}

static void on_drain(ic__udp_stream *st, void *user)
{
    write_more(user);
}

static void on_closed(ic__udp_stream *st, int error, void *user)
{
    side *s = user;

    s->closed++;
    s->st = NULL;
}

static void on_done(void *user)
{
    ((world *)user)->done = true;
}

static void open_side(world *w, uint32_t id)
{
    static const ic__udp_stream_events events = {
        .data = on_data, .end = on_end, .drain = on_drain, .closed = on_closed};
    const ic__addr any = {.family = 4, .ip = {127, 0, 0, 1}};
    side *s = &w->sides[id];

    assert_int_equal(ic__udp_socket_new(w->udp, &s->sock, &any, NULL, NULL), 0);
    assert_int_equal(ic__udp_stream_new(w->udp, &s->st, id, NULL, &events, s), 0);
}

static uint64_t look(void *user)
{
    world *w = user;

    fake_clock_set(&w->clock, w->clock.now_ns + LOOK_NS);
    return w->clock.now_ns;
}

static void begin(world *w, uint64_t rest_ns, uint32_t max_datagrams, uint64_t bytes)
{
    ic__udp_options opts;

    memset(w, 0, sizeof *w);
    fake_clock_init(&w->clock, 1);
    w->env = fake_clock_env(&w->clock);
    w->env.now_ns = look;
    w->env.user = w;
    w->base = event_base_new();
    assert_non_null(w->base);
    ic__udp_options_default(&opts);
    opts.rest_ns = rest_ns;
    opts.max_datagrams = max_datagrams;
    assert_int_equal(ic__udp_new(&w->udp, w->base, &w->env, &opts), 0);
    open_side(w, 0);
    open_side(w, 1);
    for (uint32_t i = 0; i < 2; i++) {
        const ic__addr to = ic__udp_socket_address(w->sides[1 - i].sock);
        assert_int_equal(
            ic__udp_stream_connect(w->sides[i].st, w->sides[i].sock, 1 - i, &to), 0);
    }
    w->sides[0].to_write = bytes;
    write_more(&w->sides[0]);
}

static void go_round(world *w)
{
    (void)event_base_loop(w->base, EVLOOP_ONCE);
}

static void finish(world *w)
{
    ic__udp_close(w->udp, on_done, w);
    for (int i = 0; i < MOST_ROUNDS && !w->done; i++)
        go_round(w);
    assert_true(w->done);
    event_base_free(w->base);
}

static uint64_t rests(const world *w)
{
    return ic__udp_get_stats(w->udp).rests;
}

static void run_to_the_end(world *w)
{
    for (int i = 0; i < MOST_ROUNDS && w->sides[0].closed + w->sides[1].closed < 2; i++)
        go_round(w);
    assert_int_equal(w->sides[0].closed, 1);
    assert_int_equal(w->sides[1].closed, 1);
}

static void a_sender_with_plenty_under_way_rests(void **state)
{
    static world w;
    begin(&w, REST_NS, 1024, MANY);
    run_to_the_end(&w);
    assert_true(w.sides[1].got == MANY);
    assert_true(rests(&w) > 0);
    finish(&w);
}

static void without_a_time_to_rest_it_never_does(void **state)
{
    static world w;
    begin(&w, 0, 1024, MANY);
    run_to_the_end(&w);
    assert_true(w.sides[1].got == MANY);
    assert_int_equal(rests(&w), 0);
    finish(&w);
}

/* Ten packets are all under way at once, and each answer is waited for. */
static void a_sender_of_little_never_rests(void **state)
{
    static world w;
    begin(&w, REST_NS, 1024, 16384);
    run_to_the_end(&w);
    assert_true(w.sides[1].got == 16384);
    assert_int_equal(rests(&w), 0);
    finish(&w);
}

/* The timer of the rest finds the socket gone. */
static void a_socket_can_be_closed_while_it_rests(void **state)
{
    static world w;
    begin(&w, REST_NS, 1024, MANY);
    for (int i = 0; i < MOST_ROUNDS && !rests(&w) && !w.sides[0].closed; i++)
        go_round(&w);
    assert_true(rests(&w) > 0);
    ic__udp_socket_close(w.sides[0].sock);
    const struct timeval longer = {.tv_usec = 20000};
    (void)event_base_loopexit(w.base, &longer);
    (void)event_base_dispatch(w.base);
    assert_int_equal(w.sides[0].closed, 1);
    finish(&w);
}

static void *give(size_t size, void *user)
{
    return malloc(size);
}

static void *grow(void *p, size_t size, void *user)
{
    return realloc(p, size);
}

static void wipe_and_release(void *p, void *user)
{
    explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

typedef struct guest {
    world *w;
    ic__udp_socket *sock;
} guest;

/* As a puncher does when its hole is open. The writer's turn comes in the same one. */
static void on_guest(ic__udp_socket *sock, const uint8_t *data, size_t len,
                     const ic__addr *from, void *user)
{
    guest *g = user;

    ic__udp_socket_close(sock);
    g->sock = NULL;
    if (g->w->sides[0].st)
        ic__udp_stream_set_keepalive(g->w->sides[0].st, 0);
}

static void invite(guest *g)
{
    static const ic__addr any = {.family = 4, .ip = {127, 0, 0, 1}};

    assert_int_equal(ic__udp_socket_new(g->w->udp, &g->sock, &any, on_guest, g), 0);
    const ic__addr to = ic__udp_socket_address(g->sock);
    assert_int_equal(ic__udp_socket_send(g->sock, &to, (const uint8_t *)"x", 1, 0), 0);
}

/* The writer's own socket has seldom been read until it was empty. */
static void a_socket_that_is_closed_as_it_is_read_is_forgotten(void **state)
{
    static const ic_mem_functions wiping = {give, grow, wipe_and_release, NULL};
    static world w;
    guest g = {.w = &w};
    ic_mem_set(&wiping);
    begin(&w, REST_NS, 2, 4 * MANY);
    for (int i = 0; i < MOST_ROUNDS && !w.sides[0].closed; i++) {
        if (!g.sock)
            invite(&g);
        go_round(&w);
    }
    assert_true(w.sides[1].got == 4 * MANY);
    finish(&w);
    ic_mem_set(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sender_with_plenty_under_way_rests),
        cmocka_unit_test(without_a_time_to_rest_it_never_does),
        cmocka_unit_test(a_sender_of_little_never_rests),
        cmocka_unit_test(a_socket_can_be_closed_while_it_rests),
        cmocka_unit_test(a_socket_that_is_closed_as_it_is_read_is_forgotten),
    };
    return cmocka_run_group_tests_name("io/udp_rest", tests, NULL, NULL);
}
