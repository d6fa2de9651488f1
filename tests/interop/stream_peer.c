/*
 * One encrypted stream over a socket of 127.0.0.1, as an embedder has it, told what to do
 * on standard input and telling what happens on standard output, line by line.
 *
 *   stream_peer initiator|responder XX|IK SEED [REMOTE-KEY]
 *
 * open PORT KEEPALIVE-MS | write COUNT BYTES | end | destroy | datagram TEXT | pause |
 * resume | stats | quit
 *
 * Our stream has the id 7, theirs 9. Byte j of message k, counted from 0, is
 * 31 j + 7 (j >> 8) + k.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "intercom/stream.h"
#include "io/loop.h"
#include "lines.h"

#define MS UINT64_C(1000000)

typedef struct peer {
    struct event_base *base;
    ic_identity *me;
    ic_socket *sock;
    ic_stream *st;
    ic_stream_options opts;
    uint8_t remote_key[IC_PUBLIC_KEY_BYTES];
    uint8_t *bytes; /* room for the longest message */
    uint64_t sent;
    uint64_t to_send;
    size_t message_bytes;
    bool end_after;
    uint64_t messages;
    uint64_t got;
} peer;

static uint8_t byte_of(uint64_t message, size_t j)
{
    return (uint8_t)(j * 31 + (j >> 8) * 7 + message);
}

static void send_more(peer *p)
{
    while (p->st && p->to_send) {
        for (size_t j = 0; j < p->message_bytes; j++)
            p->bytes[j] = byte_of(p->sent, j);
        int err = ic_stream_send(p->st, p->bytes, p->message_bytes);
        if (err == IC_ERR_AGAIN)
            return;
        if (err) {
            (void)printf("error %s\n", ic_error_name(err));
            return;
        }
        p->sent++;
        p->to_send--;
    }
    if (p->st && p->end_after)
        ic_stream_end(p->st);
}

static void on_open(ic_stream *st, void *user)
{
    char key[2 * IC_PUBLIC_KEY_BYTES + 1];
    char hash[2 * IC_HANDSHAKE_HASH_BYTES + 1];

    (void)user;
    ic__hex_encode(key, ic_stream_remote_key(st), IC_PUBLIC_KEY_BYTES);
    ic__hex_encode(hash, ic_stream_handshake_hash(st), IC_HANDSHAKE_HASH_BYTES);
    (void)printf("open %s %s\n", key, hash);
}

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    peer *p = user;

    (void)st;
    for (size_t j = 0; j < len; j++) {
        if (data[j] != byte_of(p->messages, j)) {
            (void)printf("wrong %" PRIu64 " %zu\n", p->messages, j);
            exit(1);
        }
    }
    p->messages++;
    p->got += len;
}

static void on_datagram(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    (void)st;
    (void)user;
    (void)printf("datagram %.*s\n", (int)len, (const char *)data);
}

static void on_drain(ic_stream *st, void *user)
{
    (void)st;
    send_more(user);
}

static void on_end(ic_stream *st, void *user)
{
    peer *p = user;

    (void)st;
    (void)printf("end %" PRIu64 " %" PRIu64 "\n", p->messages, p->got);
}

static void on_closed(ic_stream *st, int error, void *user)
{
    (void)st;
    ((peer *)user)->st = NULL;
    (void)printf("closed %s\n", ic_error_name(error));
}

static int open_stream(peer *p, unsigned port, uint64_t keepalive_ms)
{
    char remote[32];

    (void)snprintf(remote, sizeof remote, "127.0.0.1:%u", port);
    p->opts.remote = remote;
    p->opts.identity = p->me;
    p->opts.local_id = 7;
    p->opts.remote_id = 9;
    p->opts.keepalive_ns = keepalive_ms * MS;
    p->opts.on_open = on_open;
    p->opts.on_message = on_message;
    p->opts.on_datagram = on_datagram;
    p->opts.on_drain = on_drain;
    p->opts.on_end = on_end;
    p->opts.on_closed = on_closed;
    p->opts.user = p;
    return ic_stream_new(p->sock, &p->opts, &p->st);
}

static void tell_stats(const peer *p)
{
    ic_stream_stats s = {0};

    if (p->st)
        ic_stream_get_stats(p->st, &s, sizeof s);
    (void)printf("stats {\"messages\":%" PRIu64 ",\"got\":%" PRIu64
                 ",\"frames_in\":%" PRIu64 ",\"frames_out\":%" PRIu64
                 ",\"dropped\":%" PRIu64 "}\n",
                 p->messages, p->got, s.messages_in, s.messages_out, s.dropped_datagrams);
}

static int obey_stream(peer *p, const char *line)
{
    if (sscanf(line, "write %" SCNu64 " %zu", &p->to_send, &p->message_bytes) == 2) {
        if (p->message_bytes > IC_STREAM_MESSAGE_MAX)
            return IC_ERR_LIMIT;
        send_more(p);
    } else if (strcmp(line, "end") == 0) {
        p->end_after = true;
        if (!p->to_send)
            ic_stream_end(p->st);
    } else if (strcmp(line, "destroy") == 0) {
        ic_stream_close(p->st);
    } else if (strncmp(line, "datagram ", 9) == 0) {
        return ic_stream_send_datagram(p->st, (const uint8_t *)line + 9,
                                       strlen(line + 9));
    } else if (strcmp(line, "pause") == 0 || strcmp(line, "resume") == 0) {
        ic_stream_set_reading(p->st, line[0] == 'r');
    } else {
        return IC_ERR_INVALID;
    }
    return 0;
}

static void on_socket_closed(void *user)
{
    (void)event_base_loopbreak(((peer *)user)->base);
}

static void obey(void *user, char *line)
{
    peer *p = user;
    unsigned port;
    uint64_t keepalive_ms;
    int err = 0;

    if (!line)
        ic_socket_close(p->sock, on_socket_closed, p);
    else if (sscanf(line, "open %u %" SCNu64, &port, &keepalive_ms) == 2)
        err = open_stream(p, port, keepalive_ms);
    else if (strcmp(line, "stats") == 0)
        tell_stats(p);
    else
        err = p->st ? obey_stream(p, line) : IC_ERR_CLOSED;
    if (err)
        (void)printf("error %s\n", ic_error_name(err));
}

static int read_arguments(peer *p, int argc, char **argv)
{
    uint8_t seed[IC_SEED_BYTES];

    if (argc < 4 || !ic__hex_decode(seed, sizeof seed, argv[3], strlen(argv[3])))
        return IC_ERR_INVALID;
    ic_stream_options_default(&p->opts);
    p->opts.role =
        strcmp(argv[1], "initiator") == 0 ? IC_STREAM_INITIATOR : IC_STREAM_RESPONDER;
    p->opts.pattern = strcmp(argv[2], "IK") == 0 ? IC_STREAM_IK : IC_STREAM_XX;
    if (argc > 4) {
        if (!ic__hex_decode(p->remote_key, sizeof p->remote_key, argv[4],
                            strlen(argv[4])))
            return IC_ERR_INVALID;
        p->opts.remote_key = p->remote_key;
    }
    return ic_identity_from_seed(&p->me, seed, IC_NETWORK_MAINNET);
}

static int start(peer *p)
{
    ic_socket_options opts;

    int err = ic__loop_new(&p->base);
    p->bytes = malloc(IC_STREAM_MESSAGE_MAX);
    if (err || !p->bytes)
        return IC_ERR_NOMEM;
    ic_socket_options_default(&opts);
    opts.base = p->base;
    opts.address = "127.0.0.1:0";
    err = ic_socket_new(&opts, &p->sock);
    return err ? err : lines_open(p->base, obey, p);
}

int main(int argc, char **argv)
{
    static peer p;

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int err = ic_init();
    if (!err)
        err = read_arguments(&p, argc, argv);
    if (!err)
        err = start(&p);
    if (err) {
        (void)fprintf(stderr, "stream_peer: %s\n", ic_strerror(err));
        return 1;
    }
    (void)printf("port %s\n", strrchr(ic_socket_address(p.sock), ':') + 1);
    (void)event_base_dispatch(p.base);
    lines_free();
    event_base_free(p.base);
    ic_identity_free(p.me);
    free(p.bytes);
    return 0;
}
