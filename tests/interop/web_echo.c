/*
 * A WebSocket server for web_server.mjs: it says everything back.
 *
 *   web_echo MS [CERT KEY]   prints its port; SIGTERM ends it
 *
 * "flood" sends until the client's queue is full, "close N" closes with code N, "stats"
 * answers with numbers. Half-open handshakes end after MS milliseconds.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "intercom/init.h"
#include "io/loop.h"
#include "io/tls.h"
#include "io/ws.h"

typedef struct program {
    ic__ws_server *server;
    ic__loop_signals *signals;
    size_t opened;
    size_t closed;
} program;

static void on_open(ic__ws_conn *conn, void *user)
{
    (void)conn;
    ((program *)user)->opened++;
}

static void on_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    (void)conn;
    (void)code;
    ((program *)user)->closed++;
}

static void flood(ic__ws_conn *conn)
{
    static char text[65536];

    memset(text, 'f', sizeof text);
    while (ic__ws_send_text(conn, text, sizeof text) == 0)
        ;
}

static void tell_stats(ic__ws_conn *conn, const program *p)
{
    const ic__ws_server_stats *s = ic__ws_server_get_stats(p->server);
    char text[512];
    int n =
        snprintf(text, sizeof text,
                 "{\"clients\":%zu,\"opened\":%zu,\"closed\":%zu,\"refusedFull\":%llu,"
                 "\"refusedPolicy\":%llu,\"refusedBad\":%llu,\"droppedSlow\":%llu,"
                 "\"timedOut\":%llu,\"tlsFailed\":%llu}",
                 s->clients, p->opened, p->closed, (unsigned long long)s->refused_full,
                 (unsigned long long)s->refused_policy,
                 (unsigned long long)s->refused_bad, (unsigned long long)s->dropped_slow,
                 (unsigned long long)s->timed_out, (unsigned long long)s->tls_failed);

    (void)ic__ws_send_text(conn, text, (size_t)n);
}

static void on_message(ic__ws_conn *conn, const uint8_t *data, size_t len, bool binary,
                       void *user)
{
    if (len == 5 && memcmp(data, "flood", 5) == 0)
        flood(conn);
    else if (len == 5 && memcmp(data, "stats", 5) == 0)
        tell_stats(conn, user);
    else if (len == 10 && memcmp(data, "close ", 6) == 0)
        ic__ws_close(conn, (uint16_t)strtoul((const char *)data + 6, NULL, 10),
                     "as told");
    else if (binary)
        (void)ic__ws_send_binary(conn, data, len);
    else
        (void)ic__ws_send_text(conn, data, len);
}

static void on_closed(void *user)
{
    program *p = user;

    ic__loop_signals_free(p->signals);
}

static void on_stop(void *user)
{
    program *p = user;

    ic__ws_server_close(p->server, on_closed, p);
}

int main(int argc, char **argv)
{
    static const char *const origins[] = {"https://friend.example", NULL};
    static const ic__ws_callbacks callbacks = {
        .on_open = on_open, .on_message = on_message, .on_close = on_close};
    ic__ws_server_options options;
    struct event_base *base = NULL;
    program p = {0};
    char why[256];

    if (argc < 2 || ic_init() != 0 || ic__loop_new(&base) != 0 ||
        ic__loop_signals_new(base, on_stop, &p, &p.signals) != 0)
        return 1;
    ic__ws_server_options_default(&options);
    options.origins = origins;
    options.limits.handshake_timeout_ns = strtoul(argv[1], NULL, 10) * IC__MS;
    if (argc == 4 &&
        ic__tls_server_config_new(argv[2], argv[3], &options.tls, why, sizeof why) != 0) {
        (void)fprintf(stderr, "web_echo: %s\n", why);
        return 1;
    }
    if (ic__ws_server_new(base, &options, &callbacks, &p, &p.server) != 0)
        return 1;
    (void)printf("%u\n", (unsigned)ic__ws_server_port(p.server));
    (void)fflush(stdout);
    int failed = event_base_dispatch(base) < 0 || p.opened != p.closed;
    event_base_free(base);
    ic__tls_config_free(options.tls);
    return failed;
}
