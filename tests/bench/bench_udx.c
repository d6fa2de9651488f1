/*
 * UDX over loopback: one process writes, another reads. How many megabytes a second, how
 * many system calls, and how much processor time a megabyte takes on either side.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "figure.h"
#include "intercom/error.h"
#include "io/udp.h"

#define BYTES (UINT64_C(256) << 20)
#define MB 1e6
#define CHUNK 65536

typedef struct side {
    struct event_base *base;
    ic__udp *udp;
    ic__udp_socket *sock;
    ic__udp_stream *st;
    uint64_t to_write;
    uint64_t got;
    uint64_t done_ns;
    ic__udx_stats stats;
    int error;
} side;

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "bench_udx: %s\n", what);
        exit(1);
    }
}

static void write_more(side *s)
{
    static const uint8_t zeros[CHUNK];

    while (s->to_write) {
        if (ic__udp_stream_write(s->st, zeros, CHUNK) != 0)
            return;
        s->to_write -= CHUNK;
    }
    must(ic__udp_stream_end(s->st) == 0, "end");
}

static void on_data(ic__udp_stream *st, const uint8_t *data, size_t len, void *user)
{
    (void)st;
    (void)data;
    ((side *)user)->got += len;
}

static void on_end(ic__udp_stream *st, void *user)
{
    (void)user;
    must(ic__udp_stream_end(st) == 0, "end back");
}

static void on_drain(ic__udp_stream *st, void *user)
{
    (void)st;
    write_more(user);
}

static void on_closed(ic__udp_stream *st, int error, void *user)
{
    side *s = user;

    s->stats = ic__udp_stream_get_stats(st);
    s->error = error;
    s->done_ns = figure_now_ns();
    (void)event_base_loopbreak(s->base);
}

static void open_side(side *s, uint32_t id)
{
    static const ic__udp_stream_events events = {
        .data = on_data, .end = on_end, .drain = on_drain, .closed = on_closed};
    const ic__addr any = {.family = 4, .ip = {127, 0, 0, 1}};
    struct event_config *config = event_config_new();
    ic_env env;

    must(config != NULL, "event_config_new");
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    s->base = event_base_new_with_config(config);
    event_config_free(config);
    ic_env_system(&env);
    must(s->base && ic__udp_new(&s->udp, s->base, &env, NULL) == 0 &&
             ic__udp_socket_new(s->udp, &s->sock, &any, NULL, NULL) == 0 &&
             ic__udp_stream_new(s->udp, &s->st, id, NULL, &events, s) == 0,
         "cannot open a stream");
}

static void connect_side(side *s, uint32_t remote_id, uint16_t port)
{
    const ic__addr to = {.family = 4, .ip = {127, 0, 0, 1}, .port = port};

    must(ic__udp_stream_connect(s->st, s->sock, remote_id, &to) == 0, "connect");
}

static uint16_t swap_ports(side *s, int in, int out)
{
    uint16_t mine = ic__udp_socket_address(s->sock).port;
    uint16_t theirs;

    must(write(out, &mine, sizeof mine) == sizeof mine, "write");
    must(read(in, &theirs, sizeof theirs) == sizeof theirs, "read");
    return theirs;
}

/* Let the last acknowledgement go out before the process does. */
static void linger(side *s)
{
    const struct timeval some = {.tv_usec = 200000};

    (void)event_base_loopexit(s->base, &some);
    (void)event_base_dispatch(s->base);
}

static void read_side(int in, int out)
{
    side s = {0};

    open_side(&s, 2);
    connect_side(&s, 1, swap_ports(&s, in, out));
    (void)event_base_dispatch(s.base);
    must(s.got == BYTES, "bytes are missing");
    linger(&s);
    _exit(s.error ? 1 : 0);
}

static double cpu_ms(int who)
{
    struct rusage use;

    (void)getrusage(who, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e3 +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e3;
}

static void write_side(int in, int out)
{
    side s = {.to_write = BYTES};

    open_side(&s, 1);
    connect_side(&s, 2, swap_ports(&s, in, out));
    uint64_t start = figure_now_ns();
    write_more(&s);
    (void)event_base_dispatch(s.base);
    must(s.error == 0, "the stream broke");
    double seconds = (double)(s.done_ns - start) / 1e9;
    ic__udp_stats io = ic__udp_get_stats(s.udp);
    figure_at_least("udx_loopback", (double)BYTES / MB / seconds, "MB/s", 100);
    figure("udx_loopback_retransmits", (double)s.stats.retransmits, "packets");
    figure("udx_loopback_packets_per_send_call",
           (double)io.datagrams_out / (double)io.send_calls, "packets");
    figure("udx_loopback_writer_cpu", cpu_ms(RUSAGE_SELF) / ((double)BYTES / MB),
           "ms/MB");
}

int main(void)
{
    int to_reader[2];
    int to_writer[2];
    int status;

    must(pipe(to_reader) == 0 && pipe(to_writer) == 0, "pipe");
    pid_t reader = fork();
    must(reader >= 0, "fork");
    if (!reader)
        read_side(to_reader[0], to_writer[1]);
    write_side(to_writer[0], to_reader[1]);
    must(waitpid(reader, &status, 0) == reader && status == 0, "the reader failed");
    figure("udx_loopback_reader_cpu", cpu_ms(RUSAGE_CHILDREN) / ((double)BYTES / MB),
           "ms/MB");
    return 0;
}
