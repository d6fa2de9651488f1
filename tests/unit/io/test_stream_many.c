/*
 * What an encrypted stream with a mux and a channel costs while nothing happens, and
 * thousands that come and go: nothing is left behind. STREAMS_IDLE and STREAMS_GONE say
 * how many pairs of ends; the slow suite takes 10000 and 100000.
 *
 * Spec: docs/spec/02-udx.md section 3, 03-secret-stream.md section 4, 04-protomux.md
 * section 4: the life of each.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dirent.h>
#include <event2/event.h>

#include "count_alloc.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "intercom/mux.h"
#include "unit.h"

#define IDLE 200  /* pairs, unless the environment says another number */
#define GONE 2000 /* likewise */
#define AT_ONCE 100
#define HALL_PAIRS 10000 /* of the 16384 streams that a socket holds */
#define HALLS 8
#define LONGEST_S 60
#define MOST_IDLE_BYTES 10240 /* of an end */
#define END_EVENTS 2          /* timers of an end, which libevent allocates */

typedef enum leaving {
    STAY,
    CLOSE, /* at once */
    END    /* as the reference does */
} leaving;

/* Two sockets, and the streams between them. */
typedef struct hall {
    ic_socket *sock[2];
} hall;

typedef struct crowd {
    struct event_base *base;
    struct event *tick;
    ic_identity *me[2];
    uint32_t next_id;
    leaving leaving; /* of the initiator, when it has its answer */
    unsigned answers;
    unsigned muxes;
    unsigned channels;
    unsigned sockets;
} crowd;

static const uint8_t bytes[200];

static unsigned long number(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 10) : otherwise;
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

static void on_tick(evutil_socket_t fd, short what, void *user)
{
}

static void crowd_init(crowd *c)
{
    const struct timeval tick = {.tv_usec = 20000};

    memset(c, 0, sizeof *c);
    assert_int_equal(ic_init(), 0);
    c->next_id = 1;
    c->base = event_base_new();
    assert_non_null(c->base);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ic_identity_generate(&c->me[i], IC_NETWORK_DEVELOPMENT), 0);
    c->tick = event_new(c->base, -1, EV_PERSIST, on_tick, NULL);
    assert_non_null(c->tick);
    assert_int_equal(event_add(c->tick, &tick), 0);
}

static void crowd_free(crowd *c)
{
    event_free(c->tick);
    assert_int_equal(event_base_dispatch(c->base), 1); /* nothing is left to wait for */
    event_base_free(c->base);
    for (size_t i = 0; i < 2; i++)
        ic_identity_free(c->me[i]);
}

static void run_until(crowd *c, const unsigned *what, unsigned goal)
{
    time_t late = time(NULL) + LONGEST_S;

    while (*what != goal) {
        if (time(NULL) > late)
            fail_msg("%u instead of %u after %d s", *what, goal, LONGEST_S);
        assert_true(event_base_loop(c->base, EVLOOP_ONCE) >= 0);
    }
}

static void run_for(crowd *c, long ms)
{
    const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    assert_int_equal(event_base_loopexit(c->base, &wait), 0);
    assert_true(event_base_dispatch(c->base) >= 0);
}

static void hall_open(crowd *c, hall *h)
{
    ic_socket_options opts;

    ic_socket_options_default(&opts);
    opts.base = c->base;
    opts.address = "127.0.0.1:0";
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ic_socket_new(&opts, &h->sock[i]), 0);
        c->sockets++;
    }
}

static void on_socket_closed(void *user)
{
    ((crowd *)user)->sockets--;
}

static void hall_close(crowd *c, hall *h)
{
    for (size_t i = 0; i < 2; i++)
        ic_socket_close(h->sock[i], on_socket_closed, c);
}

static void on_question(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                        void *user)
{
    assert_int_equal(len, sizeof bytes);
    assert_int_equal(ic_channel_send(ch, type, data, len), 0);
}

static void on_answer(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                      void *user)
{
    crowd *c = user;

    assert_int_equal(len, sizeof bytes);
    c->answers++;
    if (c->leaving == CLOSE)
        ic_mux_close(ic_channel_mux(ch));
    else if (c->leaving == END)
        ic_stream_end(ic_mux_stream(ic_channel_mux(ch)));
}

static void on_channel_closed(ic_channel *ch, int error, void *user)
{
    assert_true(!error || error == IC_ERR_CLOSED);
    ((crowd *)user)->channels--;
}

static void on_mux_closed(ic_mux *mux, int error, void *user)
{
    crowd *c = user;

    assert_true(!error || (c->leaving != END && error == IC_ERR_CLOSED));
    c->muxes--;
}

static ic_channel *open_channel(crowd *c, ic_mux *mux, size_t side)
{
    ic_channel_options opts;
    ic_channel *ch = NULL;

    ic_channel_options_default(&opts);
    opts.protocol = "many";
    opts.on_message = side == 0 ? on_answer : on_question;
    opts.on_closed = on_channel_closed;
    opts.user = c;
    assert_int_equal(ic_channel_new(mux, &opts, &ch), 0);
    c->channels++;
    return ch;
}

static ic_channel *open_end(crowd *c, const hall *h, size_t side)
{
    ic_stream_options stream;
    ic_mux_options opts;
    ic_mux *mux = NULL;

    ic_stream_options_default(&stream);
    stream.identity = c->me[side];
    stream.remote = ic_socket_address(h->sock[1 - side]);
    stream.role = side == 0 ? IC_STREAM_INITIATOR : IC_STREAM_RESPONDER;
    stream.local_id = c->next_id + (uint32_t)side;
    stream.remote_id = c->next_id + 1 - (uint32_t)side;
    stream.handshake_ns = UINT64_C(1000000000) * LONGEST_S; /* for slow machines */
    ic_mux_options_default(&opts);
    opts.stream = &stream;
    opts.on_closed = on_mux_closed;
    opts.user = c;
    assert_int_equal(ic_mux_new(h->sock[side], &opts, &mux), 0);
    c->muxes++;
    return open_channel(c, mux, side);
}

/* Pairs that ask and answer once. */
static void open_pairs(crowd *c, const hall *h, unsigned count)
{
    c->answers = 0;
    for (unsigned i = 0; i < count; i++) {
        ic_channel *ch = open_end(c, h, 0);
        (void)open_end(c, h, 1);
        assert_int_equal(ic_channel_send(ch, 0, bytes, sizeof bytes), 0);
        c->next_id += 2;
    }
    run_until(c, &c->answers, count);
}

static unsigned fill(crowd *c, hall *halls, unsigned pairs)
{
    unsigned used = (pairs + HALL_PAIRS - 1) / HALL_PAIRS;

    assert_in_range(used, 1, HALLS);
    for (unsigned i = 0; i < used; i++)
        hall_open(c, &halls[i]);
    return used;
}

static void an_idle_stream_with_a_channel_costs_little(void **state)
{
    static crowd c;
    static hall halls[HALLS];
    unsigned pairs = (unsigned)number("STREAMS_IDLE", IDLE);
    unsigned descriptors = open_descriptors();
    count_alloc_start();
    crowd_init(&c);
    unsigned used = fill(&c, halls, pairs);
    size_t before = count_alloc_get().live_bytes;
    for (unsigned i = 0; i < pairs; i += AT_ONCE)
        open_pairs(&c, &halls[i / HALL_PAIRS], pairs - i < AT_ONCE ? pairs - i : AT_ONCE);
    run_for(&c, 1500); /* buffers that ran empty go back after a second */
    assert_int_equal(c.muxes, 2 * pairs);
    assert_int_equal(c.channels, 2 * pairs);
    size_t each = (count_alloc_get().live_bytes - before) / (2 * pairs) +
                  END_EVENTS * event_get_struct_event_size();
    print_message("an idle end of %u holds %zu bytes\n", 2 * pairs, each);
    assert_true(each <= MOST_IDLE_BYTES);
    for (unsigned i = 0; i < used; i++)
        hall_close(&c, &halls[i]);
    run_until(&c, &c.sockets, 0);
    assert_int_equal(c.muxes, 0);
    assert_int_equal(c.channels, 0);
    crowd_free(&c);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
    assert_int_equal(open_descriptors(), descriptors);
}

static void come_and_go(crowd *c, const hall *h)
{
    open_pairs(c, h, AT_ONCE);
    run_until(c, &c->muxes, 0);
    assert_int_equal(c->channels, 0);
}

/* Closed streams are gone at once: their socket stays as it was. */
static void closed_streams_leave_nothing_behind(void **state)
{
    static crowd c;
    hall h;
    count_alloc_start();
    crowd_init(&c);
    c.leaving = CLOSE;
    hall_open(&c, &h);
    come_and_go(&c, &h);
    size_t live = count_alloc_get().live_bytes;
    unsigned descriptors = open_descriptors();
    for (unsigned long i = number("STREAMS_GONE", GONE) / 2 / AT_ONCE; i > 1; i--) {
        come_and_go(&c, &h);
        assert_int_equal(count_alloc_get().live_bytes, live);
        assert_int_equal(open_descriptors(), descriptors);
    }
    hall_close(&c, &h);
    run_until(&c, &c.sockets, 0);
    crowd_free(&c);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

/* Ended streams linger for the last packets; here they go with their sockets. */
static void ended_streams_leave_nothing_behind(void **state)
{
    static crowd c;
    hall h;
    count_alloc_start();
    crowd_init(&c);
    c.leaving = END;
    size_t live = count_alloc_get().live_bytes;
    unsigned descriptors = open_descriptors();
    for (unsigned long i = number("STREAMS_GONE", GONE) / 2 / AT_ONCE; i; i--) {
        hall_open(&c, &h);
        come_and_go(&c, &h);
        hall_close(&c, &h);
        run_until(&c, &c.sockets, 0);
        assert_int_equal(count_alloc_get().live_bytes, live);
        assert_int_equal(open_descriptors(), descriptors);
    }
    crowd_free(&c);
    assert_int_equal(count_alloc_stop().live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_stream_with_a_channel_costs_little),
        cmocka_unit_test(closed_streams_leave_nothing_behind),
        cmocka_unit_test(ended_streams_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("io/stream_many", tests, NULL, NULL);
}
