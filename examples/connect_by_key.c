/*
 * Two programs that know nothing of each other but a key and a network.
 *
 *   connect_by_key listen BOOTSTRAP             says its key, and answers whoever calls
 *   connect_by_key call BOOTSTRAP KEY TEXT...   sends each TEXT and prints what comes
 * back
 *
 * BOOTSTRAP is a list of nodes, such as 127.0.0.1:49737; intercom-admin dht-node runs
 * one.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "intercom/intercom.h"

typedef struct program {
    struct event_base *base;
    ic_identity *me;
    ic_dht *dht;
    uint8_t key[IC_PUBLIC_KEY_BYTES]; /* whom to call */
    char **texts;                     /* NULL = listen */
    int result;
} program;

static void finish(program *p, int error)
{
    if (error)
        fprintf(stderr, "connect_by_key: %s\n", ic_strerror(error));
    p->result = error ? 1 : 0;
    ic_dht_close(p->dht, NULL, NULL); /* then nothing keeps the loop alive */
}

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    const program *p = user;

    if (p->texts)
        printf("%.*s\n", (int)len, (const char *)data);
    else if (ic_stream_send(st, data, len) != 0)
        ic_stream_close(st); /* a caller that doesn't read what it asked for */
}

static void on_end(ic_stream *st, void *user)
{
    (void)user;
    ic_stream_end(st);
}

static void on_closed(ic_stream *st, int error, void *user)
{
    program *p = user;

    (void)st;
    if (p->texts)
        finish(p, error);
}

static int use(program *p, ic_stream *st)
{
    ic_stream_options opts;

    ic_stream_options_default(&opts);
    opts.on_message = on_message;
    opts.on_end = on_end;
    opts.on_closed = on_closed;
    opts.user = p;
    return ic_stream_use(st, &opts);
}

static void on_connection(ic_server *server, ic_stream *st, void *user)
{
    (void)server;
    if (use(user, st) != 0)
        ic_stream_close(st);
}

static void on_listening(ic_server *server, void *user)
{
    const program *p = user;

    (void)server;
    printf("%s\n", ic_identity_address(p->me));
    fflush(stdout);
}

static int start_listening(program *p)
{
    ic_server_options opts;
    ic_server *server;

    ic_server_options_default(&opts);
    opts.identity = p->me;
    opts.on_connection = on_connection;
    opts.on_listening = on_listening;
    opts.user = p;
    return ic_dht_listen(p->dht, &opts, &server);
}

static void on_dialed(ic_dial *dial, int error, const char *reason, ic_stream *st,
                      void *user)
{
    program *p = user;

    (void)dial;
    (void)reason;
    if (!error)
        error = use(p, st);
    for (char **text = p->texts; !error && *text; text++)
        error = ic_stream_send(st, (const uint8_t *)*text, strlen(*text));
    if (error)
        finish(p, error);
    else
        ic_stream_end(st);
}

static int call(program *p)
{
    ic_dial_options opts;

    ic_dial_options_default(&opts);
    opts.identity = p->me;
    opts.remote_key = p->key;
    opts.on_done = on_dialed;
    opts.user = p;
    return ic_dht_connect(p->dht, &opts, NULL);
}

static void on_ready(ic_dht *dht, void *user)
{
    program *p = user;

    (void)dht;
    int error = p->texts ? call(p) : start_listening(p);
    if (error)
        finish(p, error);
}

static int start(program *p, const char *bootstrap)
{
    ic_dht_options opts;

    int error = ic_init();
    if (!error)
        error = ic_identity_generate(&p->me, IC_NETWORK_MAINNET);
    if (error)
        return error;
    ic_dht_options_default(&opts);
    opts.base = p->base;
    opts.bootstrap = bootstrap;
    opts.port = 0;
    opts.on_ready = on_ready;
    opts.user = p;
    return ic_dht_new(&opts, &p->dht);
}

static int usage(void)
{
    fprintf(stderr, "usage: connect_by_key listen BOOTSTRAP\n"
                    "       connect_by_key call BOOTSTRAP KEY TEXT...\n");
    return 2;
}

int main(int argc, char **argv)
{
    program p = {.base = event_base_new()};
    bool calls = argc > 4 && strcmp(argv[1], "call") == 0;
    bool listens = argc == 3 && strcmp(argv[1], "listen") == 0;

    if (!p.base || (!calls && !listens))
        return usage();
    if (calls && ic_address_decode(argv[3], NULL, p.key) != 0)
        return usage();
    p.texts = calls ? argv + 4 : NULL;
    int error = start(&p, argv[2]);
    if (error)
        finish(&p, error);
    event_base_dispatch(p.base); /* until the node is closed */
    ic_identity_free(p.me);
    event_base_free(p.base);
    return p.result;
}
