#include "dht_live.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "intercom/init.h"
#include "io/loop.h"
#include "unit.h"

#define MOST_SECONDS 60
#define FIRST_PORT 45000
#define PORTS 2000

static void on_tick(evutil_socket_t fd, short what, void *user)
{
}

/* So that waiting for what never comes ends, too. */
static void start_ticking(dht_live *net)
{
    const struct timeval tick = {.tv_usec = 20000};

    net->tick = event_new(net->base, -1, EV_PERSIST, on_tick, NULL);
    assert_non_null(net->tick);
    assert_int_equal(event_add(net->tick, &tick), 0);
}

static void on_ready(ic_dht *dht, void *user)
{
    ++*(int *)user;
}

ic_dht_options dht_live_options(const dht_live *net)
{
    ic_dht_options opts;

    ic_dht_options_default(&opts);
    opts.base = net->base;
    opts.bootstrap = net->bootstrap;
    opts.host = "127.0.0.1";
    opts.port = 0;
    return opts;
}

/* A bootstrap node says its port beforehand: try until one is free. */
static void open_first(dht_live *net)
{
    ic_dht_options opts = dht_live_options(net);
    unsigned port = FIRST_PORT + (unsigned)(clock() % PORTS);
    int err;

    opts.bootstrap = NULL;
    opts.mode = IC_DHT_BOOTSTRAPPER;
    opts.on_ready = on_ready;
    opts.user = &net->ready;
    do {
        opts.port = (uint16_t)++port;
        err = ic_dht_new(&opts, &net->nodes[0]);
    } while (err && port < FIRST_PORT + 2 * PORTS);
    assert_int_equal(err, 0);
    (void)snprintf(net->bootstrap, sizeof net->bootstrap, "%s",
                   ic_dht_address(net->nodes[0]));
}

void dht_live_init(dht_live *net)
{
    memset(net, 0, sizeof *net);
    assert_int_equal(ic_init(), 0);
    assert_int_equal(ic__loop_new(&net->base), 0);
    start_ticking(net);
    open_first(net);
    for (int i = 1; i < DHT_LIVE_NODES; i++) {
        ic_dht_options opts = dht_live_options(net);
        opts.mode = IC_DHT_PERSISTENT;
        opts.firewalled = false;
        opts.on_ready = on_ready;
        opts.user = &net->ready;
        assert_int_equal(ic_dht_new(&opts, &net->nodes[i]), 0);
        dht_live_until(net, &net->ready, i + 1);
    }
}

ic_identity *dht_live_identity(uint8_t seed)
{
    uint8_t bytes[IC_SEED_BYTES];
    ic_identity *id = NULL;

    memset(bytes, seed, sizeof bytes);
    assert_int_equal(ic_identity_from_seed(&id, bytes, IC_NETWORK_DEVELOPMENT), 0);
    return id;
}

void dht_live_until(const dht_live *net, const int *what, int goal)
{
    time_t end = time(NULL) + MOST_SECONDS;

    while (*what < goal) {
        if (time(NULL) > end)
            fail_msg("%d of %d after %d s", *what, goal, MOST_SECONDS);
        assert_true(event_base_loop(net->base, EVLOOP_ONCE) >= 0);
    }
}

void dht_live_run(const dht_live *net, unsigned ms)
{
    const struct timeval wait = {.tv_sec = (time_t)(ms / 1000),
                                 .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    assert_int_equal(event_base_loopexit(net->base, &wait), 0);
    assert_true(event_base_dispatch(net->base) >= 0);
}

static void on_gone(void *user)
{
    ++*(int *)user;
}

void dht_live_close(const dht_live *net, ic_dht *dht)
{
    int gone = 0;

    ic_dht_close(dht, on_gone, &gone);
    ic_dht_close(dht, on_gone, &gone); /* again is fine */
    dht_live_until(net, &gone, 1);
    assert_int_equal(gone, 1);
}

void dht_live_free(dht_live *net)
{
    for (size_t i = 0; i < DHT_LIVE_NODES; i++)
        ic_dht_close(net->nodes[i], on_gone, &net->gone);
    event_free(net->tick);
    assert_int_equal(event_base_dispatch(net->base), 1); /* nothing is left */
    assert_int_equal(net->gone, DHT_LIVE_NODES);
    event_base_free(net->base);
}
