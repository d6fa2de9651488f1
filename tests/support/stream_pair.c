#include "stream_pair.h"

#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "intercom/error.h"
#include "intercom/init.h"
#include "unit.h"

#define MOST_SECONDS 60
#define MOST_BYTES ((size_t)1 << 20)

static void on_open(ic_stream *st, void *user)
{
    stream_end *end = user;

    assert_ptr_equal(st, end->st);
    end->opened++;
}

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    stream_end *end = user;
    uint32_t number;

    assert_false(end->closed);
    if (!end->unnumbered) {
        assert_true(len >= sizeof number);
        memcpy(&number, data, sizeof number);
        assert_int_equal(number, end->messages);
    }
    end->messages++;
    end->bytes += len;
    end->last_len = len;
    memcpy(end->last, data, len < sizeof end->last ? len : sizeof end->last);
    if (end->echo)
        assert_int_equal(ic_stream_send(st, data, len), 0);
    if (end->messages == 1 && end->pause_at_first)
        ic_stream_set_reading(st, false);
    if (end->messages == 1 && end->close_at_first)
        ic_stream_close(st);
}

static void on_datagram(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    stream_end *end = user;

    memcpy(end->datagram, data, len < sizeof end->datagram ? len : sizeof end->datagram);
    end->datagrams++;
}

static void on_drain(ic_stream *st, void *user)
{
    ((stream_end *)user)->drained++;
}

static void on_end(ic_stream *st, void *user)
{
    ((stream_end *)user)->ends++;
}

static void on_closed(ic_stream *st, int error, void *user)
{
    stream_end *end = user;

    assert_true(!end->st || st == end->st);
    end->st = NULL;
    end->error = error;
    end->closed++;
}

static void new_socket(stream_pair *p, stream_end *end, uint8_t seed)
{
    uint8_t bytes[IC_SEED_BYTES];
    ic_socket_options opts;

    memset(bytes, seed, sizeof bytes);
    assert_int_equal(ic_identity_from_seed(&end->me, bytes, IC_NETWORK_DEVELOPMENT), 0);
    ic_socket_options_default(&opts);
    opts.base = p->base;
    opts.address = "127.0.0.1:0";
    assert_int_equal(ic_socket_new(&opts, &end->sock), 0);
    end->pair = p;
}

static void on_tick(evutil_socket_t fd, short what, void *user)
{
}

/* So that waiting for what never comes ends, too. */
static void start_ticking(stream_pair *p)
{
    const struct timeval tick = {.tv_usec = 20000};

    p->tick = event_new(p->base, -1, EV_PERSIST, on_tick, NULL);
    assert_non_null(p->tick);
    assert_int_equal(event_add(p->tick, &tick), 0);
}

void stream_pair_init(stream_pair *p)
{
    struct event_config *config = event_config_new();

    memset(p, 0, sizeof *p);
    assert_int_equal(ic_init(), 0);
    assert_non_null(config);
    assert_int_equal(event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER), 0);
    p->base = event_base_new_with_config(config);
    event_config_free(config);
    assert_non_null(p->base);
    start_ticking(p);
    new_socket(p, &p->ends[0], 1);
    new_socket(p, &p->ends[1], 2);
}

ic_stream_options stream_pair_options(stream_pair *p, size_t end)
{
    ic_stream_options opts;

    ic_stream_options_default(&opts);
    opts.identity = p->ends[end].me;
    opts.remote = ic_socket_address(p->ends[1 - end].sock);
    opts.role = end == 0 ? IC_STREAM_INITIATOR : IC_STREAM_RESPONDER;
    opts.local_id = (uint32_t)end + 10;
    opts.remote_id = (uint32_t)(1 - end) + 10;
    opts.on_open = on_open;
    opts.on_message = on_message;
    opts.on_datagram = on_datagram;
    opts.on_drain = on_drain;
    opts.on_end = on_end;
    opts.on_closed = on_closed;
    opts.user = &p->ends[end];
    return opts;
}

int stream_pair_open(stream_pair *p, size_t end, const ic_stream_options *opts)
{
    return ic_stream_new(p->ends[end].sock, opts, &p->ends[end].st);
}

void stream_pair_open_both(stream_pair *p)
{
    for (size_t i = 0; i < 2; i++) {
        ic_stream_options opts = stream_pair_options(p, i);
        assert_int_equal(stream_pair_open(p, i, &opts), 0);
    }
}

int stream_pair_send(stream_end *end, size_t len)
{
    static uint8_t bytes[MOST_BYTES];
    uint32_t number = (uint32_t)end->sent;

    assert_true(len >= sizeof number && len <= sizeof bytes);
    memcpy(bytes, &number, sizeof number);
    int err = ic_stream_send(end->st, bytes, len);
    if (!err)
        end->sent++;
    return err;
}

static void turn(stream_pair *p)
{
    assert_true(event_base_loop(p->base, EVLOOP_ONCE) >= 0);
}

void stream_pair_until(stream_pair *p, const int *what, int goal)
{
    time_t end = time(NULL) + MOST_SECONDS;

    while (*what < goal) {
        if (time(NULL) > end)
            fail_msg("%d of %d after %d s", *what, goal, MOST_SECONDS);
        turn(p);
    }
}

void stream_pair_until_messages(stream_pair *p, const stream_end *end, uint64_t goal)
{
    time_t late = time(NULL) + MOST_SECONDS;

    while (end->messages < goal) {
        if (time(NULL) > late)
            fail_msg("%llu of %llu messages", (unsigned long long)end->messages,
                     (unsigned long long)goal);
        turn(p);
    }
}

void stream_pair_run(stream_pair *p, uint64_t ms)
{
    const struct timeval wait = {.tv_sec = (time_t)(ms / 1000),
                                 .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    assert_int_equal(event_base_loopexit(p->base, &wait), 0);
    assert_true(event_base_dispatch(p->base) >= 0);
}

static void on_socket_closed(void *user)
{
    stream_end *end = user;

    assert_null(end->st); /* streams first */
    assert_false(end->socket_gone);
    end->socket_gone = true;
}

void stream_pair_free(stream_pair *p)
{
    for (size_t i = 0; i < 2; i++) {
        ic_socket_close(p->ends[i].sock, on_socket_closed, &p->ends[i]);
        ic_socket_close(p->ends[i].sock, NULL, NULL);
    }
    event_free(p->tick);
    assert_int_equal(event_base_dispatch(p->base), 1); /* nothing is left to wait for */
    for (size_t i = 0; i < 2; i++) {
        assert_true(p->ends[i].socket_gone);
        ic_identity_free(p->ends[i].me);
    }
    event_base_free(p->base);
}
