/*
 * One end of an encrypted stream for bench_wire.mjs, over loopback.
 *
 *   wire_peer write|read|ping|echo|say|hear COUNT
 *
 * Says its port, reads the other one's from standard input. write sends COUNT messages of
 * 64 KiB and waits for the reader's end; ping sends COUNT messages of 64 bytes, each when
 * the one before has come back; say sends COUNT messages of 200 bytes through a channel,
 * and hear ends when it has them all. At the end, what it measured as one line of JSON.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "figure.h"
#include "intercom/intercom.h"

#define LARGE 65536
#define SMALL 64
#define SAID 200

typedef struct peer {
    struct event_base *base;
    ic_socket *sock;
    char role;      /* first letter */
    uint32_t count; /* messages to send, or to hear */
    uint32_t done;
    uint64_t bytes;
    uint64_t start_ns;
    uint64_t sent_ns;
    uint64_t end_ns;
    uint64_t start_cpu_ns;
    uint64_t *times; /* of each round trip */
} peer;

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "wire_peer: %s\n", what);
        exit(1);
    }
}

static uint64_t cpu_ns(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000u +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000u;
}

static void send_more(peer *p, ic_stream *st)
{
    static const uint8_t zeros[LARGE];

    for (; p->done < p->count; p->done++) {
        int err = ic_stream_send(st, zeros, sizeof zeros);
        if (err == IC_ERR_AGAIN)
            return;
        must(!err, "send");
    }
    ic_stream_end(st);
}

static void ping(peer *p, ic_stream *st)
{
    static const uint8_t zeros[SMALL];

    if (p->done == p->count) {
        ic_stream_end(st);
        return;
    }
    p->sent_ns = figure_now_ns();
    must(ic_stream_send(st, zeros, sizeof zeros) == 0, "ping");
}

static void begin(peer *p)
{
    p->start_ns = figure_now_ns();
    p->start_cpu_ns = cpu_ns();
}

static void on_open(ic_stream *st, void *user)
{
    peer *p = user;

    begin(p);
    if (p->role == 'w')
        send_more(p, st);
    if (p->role == 'p')
        ping(p, st);
}

static void on_message(ic_stream *st, const uint8_t *data, size_t len, void *user)
{
    peer *p = user;

    p->bytes += len;
    if (p->role == 'e')
        must(ic_stream_send(st, data, len) == 0, "echo");
    if (p->role == 'p') {
        p->times[p->done++] = figure_now_ns() - p->sent_ns;
        ping(p, st);
    }
}

static void on_drain(ic_stream *st, void *user)
{
    send_more(user, st);
}

static void on_end(ic_stream *st, void *user)
{
    peer *p = user;

    p->end_ns = figure_now_ns();
    ic_stream_end(st);
}

static void on_closed(ic_stream *st, int error, void *user)
{
    peer *p = user;

    (void)st;
    must(!error || p->end_ns, ic_strerror(error));
    ic_socket_close(p->sock, NULL, NULL);
}

static void open_stream(peer *p, ic_stream_options *opts)
{
    ic_stream *st;

    opts->on_open = on_open;
    opts->on_message = on_message;
    opts->on_drain = on_drain;
    opts->on_end = on_end;
    opts->on_closed = on_closed;
    opts->user = p;
    must(ic_stream_new(p->sock, opts, &st) == 0, "stream");
}

static void say_more(ic_channel *ch, void *user)
{
    static const uint8_t zeros[SAID];
    peer *p = user;

    for (; p->role == 's' && p->done < p->count; p->done++) {
        int err = ic_channel_send(ch, 0, zeros, sizeof zeros);
        if (err == IC_ERR_AGAIN)
            return;
        must(!err, "say");
    }
}

static void on_paired(ic_channel *ch, const uint8_t *handshake, size_t len, void *user)
{
    (void)handshake;
    (void)len;
    begin(user);
    say_more(ch, user);
}

static void on_heard(ic_channel *ch, uint64_t type, const uint8_t *data, size_t len,
                     void *user)
{
    peer *p = user;

    (void)type;
    (void)data;
    p->bytes += len;
    if (++p->done < p->count)
        return;
    p->end_ns = figure_now_ns();
    ic_stream_end(ic_mux_stream(ic_channel_mux(ch)));
}

static void on_mux_closed(ic_mux *mux, int error, void *user)
{
    peer *p = user;

    (void)mux;
    must(!error, ic_strerror(error));
    if (!p->end_ns)
        p->end_ns = figure_now_ns();
    ic_socket_close(p->sock, NULL, NULL);
}

static void open_channel(peer *p, const ic_stream_options *stream)
{
    ic_mux_options opts;
    ic_channel_options channel;
    ic_mux *mux;
    ic_channel *ch;

    ic_mux_options_default(&opts);
    opts.stream = stream;
    opts.on_closed = on_mux_closed;
    opts.user = p;
    must(ic_mux_new(p->sock, &opts, &mux) == 0, "mux");
    ic_channel_options_default(&channel);
    channel.protocol = "bench";
    channel.on_open = on_paired;
    channel.on_message = on_heard;
    channel.on_drain = say_more;
    channel.user = p;
    must(ic_channel_new(mux, &channel, &ch) == 0, "channel");
}

static void open_role(peer *p, const ic_identity *me, const char *port)
{
    ic_stream_options opts;
    char remote[32];
    bool first = strchr("wps", p->role) != NULL;

    (void)snprintf(remote, sizeof remote, "127.0.0.1:%.5s", port);
    remote[strcspn(remote, "\n")] = 0;
    ic_stream_options_default(&opts);
    opts.identity = me;
    opts.remote = remote;
    opts.role = first ? IC_STREAM_INITIATOR : IC_STREAM_RESPONDER;
    opts.local_id = first ? 1 : 2;
    opts.remote_id = first ? 2 : 1;
    if (strchr("sh", p->role))
        open_channel(p, &opts);
    else
        open_stream(p, &opts);
}

static void tell(peer *p)
{
    uint64_t used_ns = cpu_ns() - p->start_cpu_ns; /* before sorting */

    (void)printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"bytes\":%" PRIu64
                 ",\"p50\":%.1f,\"p99\":%.1f}\n",
                 (double)(p->end_ns - p->start_ns) / 1e9, (double)used_ns / 1e9, p->bytes,
                 (double)figure_percentile(p->times, p->done, 50) / 1e3,
                 (double)figure_percentile(p->times, p->done, 99) / 1e3);
}

static struct event_base *precise_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    return base;
}

int main(int argc, char **argv)
{
    ic_identity *me = NULL;
    ic_socket_options opts;
    char port[16];
    peer p = {.base = precise_base()};

    must(argc == 3 && p.base, "usage: wire_peer ROLE COUNT");
    p.role = argv[1][0];
    p.count = (uint32_t)strtoul(argv[2], NULL, 10);
    p.times = calloc((size_t)p.count + 1, sizeof *p.times);
    must(p.times && ic_init() == 0, "memory");
    must(ic_identity_generate(&me, IC_NETWORK_MAINNET) == 0, "identity");
    ic_socket_options_default(&opts);
    opts.base = p.base;
    opts.address = "127.0.0.1:0";
    must(ic_socket_new(&opts, &p.sock) == 0, "socket");
    (void)printf("%s\n", strrchr(ic_socket_address(p.sock), ':') + 1);
    (void)fflush(stdout);
    must(fgets(port, sizeof port, stdin) != NULL, "port");
    open_role(&p, me, port);
    (void)event_base_dispatch(p.base);
    tell(&p);
    free(p.times);
    ic_identity_free(me);
    event_base_free(p.base);
    return 0;
}
