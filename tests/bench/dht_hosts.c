/*
 * Many servers in one process, each with a key of its own: whom one swarm may dial.
 *
 *   dht_hosts BOOTSTRAP PEERS NODES      NODES are shared by the servers, at most 500
 *
 * Prints "key HEX" for each, "ready" when all can be found, "all KIB" when each has a
 * connection, with what one costs here; whatever else it reads ends it.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "crowd_nodes.h"
#include "figure.h"
#include "intercom/intercom.h"

typedef struct hosts {
    crowd_nodes on;
    uint32_t peers;
    uint32_t listening;
    uint32_t open;
    uint64_t before_kib;
} hosts;

static void on_open(ic_stream *st, void *user)
{
    hosts *h = user;

    (void)st;
    if (++h->open == h->peers)
        printf("all %.3f\n", (double)(figure_resident_kib(0) - h->before_kib) / h->peers);
}

static void on_connection(ic_server *server, ic_stream *st, void *user)
{
    ic_stream_options opts;

    (void)server;
    ic_stream_options_default(&opts);
    opts.on_open = on_open;
    opts.user = user;
    if (ic_stream_use(st, &opts) != 0)
        abort();
}

static void on_listening(ic_server *server, void *user)
{
    hosts *h = user;

    (void)server;
    if (++h->listening != h->peers)
        return;
    h->before_kib = figure_resident_kib(0);
    printf("ready\n");
}

static int listen_as(hosts *h, uint32_t i)
{
    char text[2 * IC_DHT_KEY_BYTES + 1];
    ic_server_options opts;
    ic_server *server;
    ic_identity *me = crowd_identity(i);

    if (!me)
        return IC_ERR_NOMEM;
    ic_server_options_default(&opts);
    opts.identity = me;
    opts.on_connection = on_connection;
    opts.on_listening = on_listening;
    opts.user = h;
    int err = ic_dht_listen(crowd_nodes_of(&h->on, i), &opts, &server);
    ic__hex_encode(text, ic_identity_public_key(me), IC_DHT_KEY_BYTES);
    printf("key %s\n", text);
    ic_identity_free(me);
    return err;
}

static void on_input(evutil_socket_t fd, short what, void *user)
{
    hosts *h = user;

    (void)fd;
    (void)what;
    (void)event_base_loopbreak(h->on.base);
}

static int run(hosts *h, const char *bootstrap, uint32_t nodes)
{
    int err = crowd_nodes_open(&h->on, bootstrap, nodes);

    for (uint32_t i = 0; !err && i < h->peers; i++)
        err = listen_as(h, i);
    if (err)
        return err;
    struct event *input = event_new(h->on.base, STDIN_FILENO, EV_READ, on_input, h);
    if (!input || event_add(input, NULL) != 0)
        return IC_ERR_NOMEM;
    (void)event_base_dispatch(h->on.base);
    event_free(input);
    return crowd_nodes_close(&h->on);
}

int main(int argc, char **argv)
{
    static hosts h;
    unsigned long nodes = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;

    if (!nodes || nodes > CROWD_NODES_MAX)
        return 2;
    h.peers = (uint32_t)strtoul(argv[2], NULL, 10);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int err = run(&h, argv[1], (uint32_t)nodes);
    if (err)
        fprintf(stderr, "dht_hosts: %s\n", ic_strerror(err));
    return err ? 1 : 0;
}
