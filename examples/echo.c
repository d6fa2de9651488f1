/*
 * An encrypted conversation between two programs that know each other's address.
 *
 *   echo serve [ADDRESS]            says where it is and who, and answers one caller
 *   echo call ADDRESS KEY TEXT...   sends each TEXT and prints what comes back
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "intercom/intercom.h"

enum { SERVER_ID = 1, CALLER_ID = 2 }; /* how each end names the stream */

typedef struct program {
    struct event_base *base;
    ic_identity *me;
    ic_socket *sock;
    bool serves;
    int result;
} program;

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    const program *p = user;

    if (!p->serves) {
        printf("%.*s\n", (int)len, (const char *)data);
        return;
    }
    if (ic_stream_send(st, data, len) != 0)
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
    if (error)
        fprintf(stderr, "echo: %s\n", ic_strerror(error));
    p->result = error ? 1 : 0;
    ic_socket_close(p->sock, NULL, NULL); /* then nothing keeps the loop alive */
}

static ic_stream_options options_of(program *p)
{
    ic_stream_options opts;

    ic_stream_options_default(&opts);
    opts.identity = p->me;
    opts.pattern = IC_STREAM_IK;
    opts.on_message = on_message;
    opts.on_end = on_end;
    opts.on_closed = on_closed;
    opts.user = p;
    return opts;
}

static int serve(program *p)
{
    ic_stream_options opts = options_of(p);
    ic_stream *st;

    opts.local_id = SERVER_ID;
    opts.remote_id = CALLER_ID;
    int err = ic_stream_new(p->sock, &opts, &st);
    if (!err)
        printf("%s %s\n", ic_socket_address(p->sock), ic_identity_address(p->me));
    fflush(stdout);
    return err;
}

static int call(program *p, const char *address, const char *name, char **texts)
{
    ic_stream_options opts = options_of(p);
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    ic_stream *st;

    int err = ic_address_decode(name, NULL, key);
    if (err)
        return err;
    opts.role = IC_STREAM_INITIATOR;
    opts.remote = address;
    opts.remote_key = key;
    opts.local_id = CALLER_ID;
    opts.remote_id = SERVER_ID;
    err = ic_stream_new(p->sock, &opts, &st);
    for (; !err && *texts; texts++)
        err = ic_stream_send(st, (const uint8_t *)*texts, strlen(*texts));
    if (!err)
        ic_stream_end(st);
    return err;
}

static int start(program *p, const char *address)
{
    ic_socket_options opts;

    int err = ic_init();
    if (!err)
        err = ic_identity_generate(&p->me, IC_NETWORK_MAINNET);
    ic_socket_options_default(&opts);
    opts.base = p->base;
    opts.address = address;
    return err ? err : ic_socket_new(&opts, &p->sock);
}

static int usage(void)
{
    fprintf(stderr, "usage: echo serve [ADDRESS]\n"
                    "       echo call ADDRESS KEY TEXT...\n");
    return 2;
}

int main(int argc, char **argv)
{
    program p = {.base = event_base_new()};
    bool calls = argc > 4 && strcmp(argv[1], "call") == 0;

    p.serves = argc > 1 && argc < 4 && strcmp(argv[1], "serve") == 0;
    if (!p.base || (!calls && !p.serves))
        return usage();
    int err = start(&p, p.serves && argc == 3 ? argv[2] : "127.0.0.1:0");
    if (!err)
        err = p.serves ? serve(&p) : call(&p, argv[2], argv[3], argv + 4);
    if (err) {
        fprintf(stderr, "echo: %s\n", ic_strerror(err));
        ic_socket_close(p.sock, NULL, NULL);
        p.result = 1;
    }
    event_base_dispatch(p.base); /* until the socket is closed */
    ic_identity_free(p.me);
    event_base_free(p.base);
    return p.result;
}
