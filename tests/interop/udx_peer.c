/*
 * One UDX stream over a socket of 127.0.0.1, told what to do on standard input and
 * telling what happens on standard output, line by line, so that a test in any language
 * can be its peer.
 *
 *   udx_peer ID [plain]
 *
 * connect ID PORT | second | move ID PORT | write BYTES | end | destroy | message TEXT |
 * pause | resume | keepalive MS | stats | quit
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "io/loop.h"
#include "io/udp.h"
#include "lines.h"

#define CHUNK 65536

typedef struct peer {
    struct event_base *base;
    ic__udp *udp;
    ic__udp_socket *sock;
    ic__udp_socket *second; /* after a move */
    ic__udp_stream *st;
    uint64_t to_write;
    uint64_t written;
    uint64_t got;
    bool end_after;
} peer;

static uint8_t pattern(uint64_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7);
}

static void write_more(peer *p)
{
    uint8_t bytes[CHUNK];

    while (p->st && p->to_write) {
        size_t len = p->to_write < CHUNK ? (size_t)p->to_write : CHUNK;
        for (size_t i = 0; i < len; i++)
            bytes[i] = pattern(p->written + i);
        if (ic__udp_stream_write(p->st, bytes, len) != 0)
            return;
        p->written += len;
        p->to_write -= len;
    }
    if (p->st && p->end_after) {
        p->end_after = false;
        (void)printf("ending %d\n", ic__udp_stream_end(p->st));
    }
}

static void on_data(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    peer *p = user;

    (void)st;
    for (size_t i = 0; i < len; i++) {
        if (data[i] != pattern(p->got + i)) {
            (void)printf("wrong %" PRIu64 "\n", p->got + i);
            exit(1);
        }
    }
    p->got += len;
}

static void on_message(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    (void)st;
    (void)user;
    (void)printf("message %.*s\n", (int)len, (const char *)data);
}

static void on_end(ic__udp_stream *st, void *user)
{
    (void)st;
    (void)printf("end %" PRIu64 "\n", ((peer *)user)->got);
}

static void on_drain(ic__udp_stream *st, void *user)
{
    (void)st;
    write_more(user);
}

static void on_moved(ic__udp_stream *st, void *user)
{
    (void)st;
    (void)user;
    (void)printf("moved\n");
}

static void on_closed(ic__udp_stream *st, int error, void *user)
{
    peer *p = user;

    (void)st;
    p->st = NULL;
    (void)printf("closed %s\n", error ? ic_error_name(error) : "OK");
}

static void on_datagram(ic__udp_socket *sock, const uint8_t *data, size_t len,
                        const ic__addr *from, void *user)
{
    (void)user;
    /* Say it back, so that a test sees both ways of a socket's own messages. */
    (void)printf("datagram %zu\n", len);
    if (ic__udp_socket_send(sock, from, data, len, 0) != 0)
        (void)printf("error\n");
}

static void stats(const peer *p)
{
    ic__udx_stats s = p->st ? ic__udp_stream_get_stats(p->st) : (ic__udx_stats){0};
    ic__udp_stats u = ic__udp_get_stats(p->udp);

    (void)printf("stats {\"got\":%" PRIu64 ",\"mtu\":%u,\"retransmits\":%" PRIu64
                 ",\"timeouts\":%" PRIu64 ",\"packets_in\":%" PRIu64
                 ",\"packets_out\":%" PRIu64 ",\"send_calls\":%" PRIu64
                 ",\"receive_calls\":%" PRIu64 "}\n",
                 p->got, s.mtu, s.retransmits, s.timeouts, s.packets_in, s.packets_out,
                 u.send_calls, u.receive_calls);
}

static ic__addr loopback(unsigned port)
{
    return (ic__addr){.family = 4, .ip = {127, 0, 0, 1}, .port = (uint16_t)port};
}

static int open_second(peer *p)
{
    const ic__addr any = loopback(0);

    int error =
        p->second ? 0 : ic__udp_socket_new(p->udp, &p->second, &any, on_datagram, p);
    if (!error)
        (void)printf("second %u\n", ic__udp_socket_address(p->second).port);
    return error;
}

static int obey_path(peer *p, const char *line)
{
    uint32_t id;
    unsigned port;

    if (sscanf(line, "connect %" SCNu32 " %u", &id, &port) == 2) {
        const ic__addr to = loopback(port);
        return ic__udp_stream_connect(p->st, p->sock, id, &to);
    }
    if (strcmp(line, "second") == 0)
        return open_second(p);
    if (sscanf(line, "move %" SCNu32 " %u", &id, &port) == 2) {
        const ic__addr to = loopback(port);
        int error = open_second(p);
        return error ? error : ic__udp_stream_move(p->st, p->second, id, &to);
    }
    return IC_ERR_UNSUPPORTED;
}

static int obey_stream(peer *p, const char *line)
{
    uint64_t n;

    if (sscanf(line, "write %" SCNu64, &n) == 1)
        p->to_write += n;
    else if (strcmp(line, "end") == 0)
        p->end_after = true;
    else if (strncmp(line, "message ", 8) == 0)
        return ic__udp_stream_send(p->st, (const uint8_t *)line + 8, strlen(line + 8));
    else if (strcmp(line, "destroy") == 0)
        ic__udp_stream_close(p->st);
    else if (strcmp(line, "pause") == 0)
        ic__udp_stream_set_reading(p->st, false);
    else if (strcmp(line, "resume") == 0)
        ic__udp_stream_set_reading(p->st, true);
    else if (sscanf(line, "keepalive %" SCNu64, &n) == 1)
        ic__udp_stream_set_keepalive(p->st, n * IC__MS);
    else
        return obey_path(p, line);
    write_more(p);
    return 0;
}

static void on_udp_closed(void *user)
{
    (void)event_base_loopbreak(((peer *)user)->base);
}

static void obey(void *user, char *line)
{
    peer *p = user;

    if (!line) {
        ic__udp_close(p->udp, on_udp_closed, p);
    } else if (strcmp(line, "stats") == 0) {
        stats(p);
    } else {
        int error = p->st ? obey_stream(p, line) : IC_ERR_CLOSED;
        if (error)
            (void)printf("error %s\n", ic_error_name(error));
    }
}

static int start(peer *p, uint32_t id, bool plain)
{
    const ic__udp_stream_events events = {.data = on_data,
                                          .message = on_message,
                                          .end = on_end,
                                          .drain = on_drain,
                                          .moved = on_moved,
                                          .closed = on_closed};
    const ic__addr any = loopback(0);
    ic__udp_options opts;
    ic_env env;

    ic_env_system(&env);
    ic__udp_options_default(&opts);
    opts.plain = plain;
    int error = ic__loop_new(&p->base);
    if (!error)
        error = ic__udp_new(&p->udp, p->base, &env, &opts);
    if (!error)
        error = ic__udp_socket_new(p->udp, &p->sock, &any, on_datagram, p);
    if (!error)
        error = ic__udp_stream_new(p->udp, &p->st, id, NULL, &events, p);
    return error ? error : lines_open(p->base, obey, p);
}

int main(int argc, char **argv)
{
    static peer p;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: udx_peer ID [plain]\n");
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int error = start(&p, (uint32_t)strtoul(argv[1], NULL, 10),
                      argc > 2 && strcmp(argv[2], "plain") == 0);
    if (error) {
        (void)fprintf(stderr, "udx_peer: %s\n", ic_strerror(error));
        return 1;
    }
    (void)printf("port %u\n", ic__udp_socket_address(p.sock).port);
    (void)event_base_dispatch(p.base);
    lines_free();
    event_base_free(p.base);
    return 0;
}
