/*
 * What a stream costs while nothing happens, and thousands that come and go: nothing is
 * left behind. UDP_STREAMS says how many; the slow suite takes 10000.
 *
 * Spec: docs/spec/02-udx.md sections 3 (life) and 11 (memory).
 */
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <event2/event.h>

#include "base/env.h"
#include "count_alloc.h"
#include "intercom/error.h"
#include "io/udp_state.h"
#include "unit.h"

#define AT_ONCE 1000 /* streams, half of them on each side */
#define LONGEST_S 60
#define MOST_IDLE_BYTES 1792 /* per stream: its core, its actor, its slots in tables */

static const uint8_t bytes[3000];

typedef struct town {
    struct event_base *base;
    ic_env env;
    ic__udp *udp;
    ic__udp_socket *sock[2];
    uint32_t next_id;
    uint64_t got;
    unsigned open;
    unsigned ends;
    bool done;
} town;

static void town_init(town *t)
{
    const ic__addr any = {.family = 4, .ip = {127, 0, 0, 1}};

    memset(t, 0, sizeof *t);
    ic_env_system(&t->env);
    t->base = event_base_new();
    assert_non_null(t->base);
    assert_int_equal(ic__udp_new(&t->udp, t->base, &t->env, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ic__udp_socket_new(t->udp, &t->sock[i], &any, NULL, NULL), 0);
}

static void on_done(void *user)
{
    ((town *)user)->done = true;
}

static void town_free(town *t)
{
    ic__udp_close(t->udp, on_done, t);
    for (int i = 0; i < 1000 && !t->done; i++)
        (void)event_base_loop(t->base, EVLOOP_ONCE);
    assert_true(t->done);
    event_base_free(t->base);
}

static void run_for(town *t, long ms)
{
    const struct timeval tick = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    (void)event_base_loopexit(t->base, &tick);
    (void)event_base_dispatch(t->base);
}

static void on_data(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    ((town *)user)->got += len;
}

/* Every third stream does not wait for the end of the other side. */
static void on_end(ic__udp_stream *st, void *user)
{
    town *t = user;

    if (++t->ends % 3 == 0)
        ic__udp_stream_close(st);
    else
        assert_int_equal(ic__udp_stream_end(st), 0);
}

static void on_closed(ic__udp_stream *st, int error, void *user)
{
    ((town *)user)->open--;
}

static const ic__udp_stream_events events = {
    .data = on_data, .end = on_end, .closed = on_closed};

/* An end that nobody answers any more is given up after three seconds, not thirteen. */
static ic__udp_stream *open_one(town *t, uint32_t id, uint32_t other, int side)
{
    const ic__addr to = ic__udp_socket_address(t->sock[1 - side]);
    ic__udx_options opts;
    ic__udp_stream *st;

    ic__udx_options_default(&opts);
    opts.linger_ns = 20 * IC__MS;
    opts.max_timeouts = 1;
    assert_int_equal(ic__udp_stream_new(t->udp, &st, id, &opts, &events, t), 0);
    assert_int_equal(ic__udp_stream_connect(st, t->sock[side], other, &to), 0);
    assert_int_equal(ic__udp_stream_write(st, bytes, sizeof bytes), 0);
    t->open++;
    return st;
}

/* Pairs that have written to each other; `end`: the first of each ends, too. */
static void open_pairs(town *t, unsigned count, bool end)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t id = t->next_id;
        t->next_id += 2;
        ic__udp_stream *st = open_one(t, id, id + 1, 0);
        (void)open_one(t, id + 1, id, 1);
        if (end)
            assert_int_equal(ic__udp_stream_end(st), 0);
    }
}

static void an_idle_stream_costs_little(void **state)
{
    static town t;
    count_alloc_start();
    town_init(&t);
    size_t before = count_alloc_get().live_bytes;
    open_pairs(&t, AT_ONCE / 2, false);
    for (int i = 0; i < LONGEST_S * 20 && t.got < AT_ONCE * sizeof bytes; i++)
        run_for(&t, 50);
    assert_int_equal(t.got, AT_ONCE * sizeof bytes);
    run_for(&t, 1500); /* buffers that ran empty go back after a second */
    size_t each = (count_alloc_get().live_bytes - before) / AT_ONCE;
    print_message("an idle stream holds %zu bytes\n", each);
    assert_true(each <= MOST_IDLE_BYTES);
    assert_int_equal(t.open, AT_ONCE);
    town_free(&t);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

static unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    if (!folder)
        return 0; /* a system without */
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

static void come_and_go(town *t)
{
    open_pairs(t, AT_ONCE / 2, true);
    for (int i = 0; i < LONGEST_S * 50 && t->udp->streams.count; i++)
        run_for(t, 20);
    assert_int_equal(t->udp->streams.count, 0);
    assert_int_equal(t->open, 0);
    assert_int_equal(t->udp->by_id.count, 0);
    assert_int_equal(t->udp->timers.count, 0);
    assert_int_equal(t->udp->dirty.count, 0);
}

static void streams_that_came_and_went_leave_nothing_behind(void **state)
{
    static town t;
    const char *many = getenv("UDP_STREAMS");
    unsigned long rounds = (many ? strtoul(many, NULL, 10) : 2000) / AT_ONCE;
    unsigned descriptors = open_descriptors();
    count_alloc_start();
    town_init(&t);
    unsigned with_sockets = open_descriptors();
    come_and_go(&t);
    size_t after_first = count_alloc_get().live_bytes;
    for (unsigned long i = 1; i < rounds; i++) {
        come_and_go(&t);
        assert_int_equal(count_alloc_get().live_bytes, after_first);
        assert_int_equal(open_descriptors(), with_sockets);
    }
    assert_int_equal(ic__udp_get_stats(t.udp).dropped_refused, 0);
    town_free(&t);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
    assert_int_equal(open_descriptors(), descriptors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_stream_costs_little),
        cmocka_unit_test(streams_that_came_and_went_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("io/udp_many", tests, NULL, NULL);
}
