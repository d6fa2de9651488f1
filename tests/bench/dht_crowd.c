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
#include "crowd_nodes.h"
#include "figure.h"
#include "intercom/intercom.h"

typedef struct crowd {
    crowd_nodes on;
    uint32_t peers;
    uint32_t dialed;
    uint32_t open;
    uint32_t ended; /* dials and streams */
    uint8_t key[IC_DHT_KEY_BYTES];
} crowd;

static int dial_next(crowd *c);

/* One has come about, or not: the next one's turn. */
static void on_decided(crowd *c)
{
    if (c->dialed < c->peers && dial_next(c) != 0)
        abort();
    if (c->open + c->ended == c->peers)
        (void)event_base_loopbreak(c->on.base);
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

static int dial_next(crowd *c)
{
    uint32_t i = c->dialed++;
    ic_dial_options opts;
    ic_identity *me = crowd_identity(i);

    if (!me)
        return IC_ERR_NOMEM;
    ic_dial_options_default(&opts);
    opts.identity = me;
    opts.remote_key = c->key;
    opts.on_done = on_done;
    opts.user = c;
    int err = ic_dht_connect(crowd_nodes_of(&c->on, i), &opts, NULL);
    ic_identity_free(me);
    return err;
}

static int run(crowd *c, char **argv)
{
    int err = crowd_nodes_open(&c->on, argv[1], (uint32_t)strtoul(argv[4], NULL, 10));
    if (err)
        return err;
    printf("ready %.3f\n",
           (double)figure_percentile(c->on.ready_ns, c->on.count, 50) / 1e6);
    crowd_wait_for_line();
    uint64_t before = figure_resident_kib(0);
    uint64_t begun = figure_now_ns();
    for (uint32_t wave = (uint32_t)strtoul(argv[5], NULL, 10); !err && wave; wave--)
        err = c->dialed < c->peers ? dial_next(c) : 0;
    if (err)
        return err;
    (void)event_base_dispatch(c->on.base);
    double ms = (double)(figure_now_ns() - begun) / 1e6;
    double kib = (double)(figure_resident_kib(0) - before) / c->peers;
    printf("crowd %.3f %u %.3f\n", ms, (unsigned)c->open, kib);
    crowd_wait_for_line();
    return crowd_nodes_close(&c->on);
}

int main(int argc, char **argv)
{
    static crowd c;

    if (argc != 6 || !ic__hex_decode(c.key, sizeof c.key, argv[2], strlen(argv[2])))
        return 2;
    c.peers = (uint32_t)strtoul(argv[3], NULL, 10);
    unsigned long nodes = strtoul(argv[4], NULL, 10);
    if (!nodes || nodes > CROWD_NODES_MAX)
        return 2;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int err = run(&c, argv);
    if (err)
        fprintf(stderr, "dht_crowd: %s\n", ic_strerror(err));
    return err ? 1 : 0;
}
