/*
 * Many peers, each with a key of its own, that dial one server at the same moment.
 *
 *   dht_crowd BOOTSTRAP KEY PEERS NODES WAVE
 *
 * NODES are shared by the peers, at most 500; WAVE dials are under way at a time.
 *
 * Prints "ready MS" (median of the time that its nodes took to join), reads a line,
 * dials; then "crowd MS OPEN KIB", the time until the last one was open, how many are,
 * and what each connection costs here; reads a line, and closes everything.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "figure.h"
#include "intercom/intercom.h"
#include "io/loop.h"

#define NODES_MAX 500

typedef struct crowd {
    struct event_base *base;
    ic_dht *nodes[NODES_MAX];
    uint64_t ready_ns[NODES_MAX];
    uint32_t node_count;
    uint64_t begun_ns;
    uint32_t ready;
    uint32_t peers;
    uint32_t dialed;
    uint32_t open;
    uint32_t ended; /* dials and streams */
    uint32_t gone;
    uint8_t key[IC_DHT_KEY_BYTES];
} crowd;

static void on_ready(ic_dht *dht, void *user)
{
    crowd *c = user;

    (void)dht;
    c->ready_ns[c->ready++] = figure_now_ns() - c->begun_ns;
    (void)event_base_loopbreak(c->base);
}

static int dial_next(crowd *c);

/* One has come about, or not: the next one's turn. */
static void on_decided(crowd *c)
{
    if (c->dialed < c->peers && dial_next(c) != 0)
        abort();
    if (c->open + c->ended == c->peers)
        (void)event_base_loopbreak(c->base);
}

static void on_open(ic_stream *st, void *user)
{
    crowd *c = user;

    (void)st;
    c->open++;
    on_decided(c);
}

static void on_closed(ic_stream *st, int error, void *user)
{
    crowd *c = user;

    (void)st;
    if (error)
        fprintf(stderr, "dht_crowd: a stream ends: %s\n", ic_strerror(error));
    c->ended++;
}

static void on_done(ic_dial *dial, int error, const char *reason, ic_stream *st,
                    void *user)
{
    crowd *c = user;
    ic_stream_options opts;

    (void)dial;
    if (error) {
        fprintf(stderr, "dht_crowd: %s %s\n", ic_strerror(error), reason);
        c->ended++;
        on_decided(c);
        return;
    }
    ic_stream_options_default(&opts);
    opts.on_open = on_open;
    opts.on_closed = on_closed;
    opts.user = c;
    if (ic_stream_use(st, &opts) != 0)
        abort();
}

static int open_nodes(crowd *c, const char *bootstrap)
{
    ic_dht_options opts;

    ic_dht_options_default(&opts);
    opts.base = c->base;
    opts.bootstrap = bootstrap;
    opts.host = "127.0.0.1";
    opts.mode = IC_DHT_EPHEMERAL;
    opts.port = 0;
    opts.on_ready = on_ready;
    opts.user = c;
    for (uint32_t i = 0; i < c->node_count; i++) {
        c->begun_ns = figure_now_ns();
        int err = ic_dht_new(&opts, &c->nodes[i]);
        if (err)
            return err;
        (void)event_base_dispatch(c->base);
    }
    return 0;
}

static int dial_next(crowd *c)
{
    uint32_t i = c->dialed++;
    const uint8_t seed[IC_SEED_BYTES] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
    ic_dial_options opts;
    ic_identity *me = NULL;

    int err = ic_identity_from_seed(&me, seed, IC_NETWORK_DEVELOPMENT);
    if (err)
        return err;
    ic_dial_options_default(&opts);
    opts.identity = me;
    opts.remote_key = c->key;
    opts.on_done = on_done;
    opts.user = c;
    err = ic_dht_connect(c->nodes[i % c->node_count], &opts, NULL);
    ic_identity_free(me);
    return err;
}

static void on_gone(void *user)
{
    crowd *c = user;

    c->gone++;
}

static void wait_for_line(void)
{
    int letter;

    do
        letter = getchar();
    while (letter != '\n' && letter != EOF);
}

static int run(crowd *c, char **argv)
{
    int err = ic_init();

    if (!err)
        err = ic__loop_new(&c->base);
    if (!err)
        err = open_nodes(c, argv[1]);
    if (err)
        return err;
    printf("ready %.3f\n",
           (double)figure_percentile(c->ready_ns, c->node_count, 50) / 1e6);
    wait_for_line();
    uint64_t before = figure_resident_kib(0);
    uint64_t begun = figure_now_ns();
    for (uint32_t wave = (uint32_t)strtoul(argv[5], NULL, 10); !err && wave; wave--)
        err = c->dialed < c->peers ? dial_next(c) : 0;
    if (err)
        return err;
    (void)event_base_dispatch(c->base);
    double ms = (double)(figure_now_ns() - begun) / 1e6;
    double kib = (double)(figure_resident_kib(0) - before) / c->peers;
    printf("crowd %.3f %u %.3f\n", ms, (unsigned)c->open, kib);
    wait_for_line();
    for (size_t i = 0; i < c->node_count; i++)
        ic_dht_close(c->nodes[i], on_gone, c);
    (void)event_base_dispatch(c->base);
    event_base_free(c->base);
    return c->gone == c->node_count ? 0 : IC_ERR_CANCELED;
}

int main(int argc, char **argv)
{
    crowd c = {0};

    if (argc != 6 || !ic__hex_decode(c.key, sizeof c.key, argv[2], strlen(argv[2])))
        return 2;
    c.peers = (uint32_t)strtoul(argv[3], NULL, 10);
    c.node_count = (uint32_t)strtoul(argv[4], NULL, 10);
    if (!c.node_count || c.node_count > NODES_MAX)
        return 2;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int err = run(&c, argv);
    if (err)
        fprintf(stderr, "dht_crowd: %s\n", ic_strerror(err));
    return err ? 1 : 0;
}
