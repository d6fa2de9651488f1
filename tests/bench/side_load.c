/*
 * The programs behind two bridges, for bench_sidechannel.mjs: what one says at the first,
 * the other hears at the second. Knows nothing of what stands between them.
 *
 *   side_load FROM_PORT TO_PORT TOKEN CHANNEL SIZE COUNT [PAUSE_US]
 *
 * Without a pause it keeps 200 messages on their way; with one it says one each so often.
 * At the end one line of JSON: seconds, and how late each message was that was heard, in
 * microseconds.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "figure.h"
#include "io/ws.h"

#define WINDOW 200
#define REFILL 16     /* heard, before more is said */
#define PATIENCE_S 60 /* for the whole run, beside its pauses */
#define HEAD_MAX 512  /* bytes of a message in which its members are looked for */
#define BODY ",\"message\":\"" /* the last member of what a bridge tells */

typedef struct load load;

typedef struct end {
    load *load;
    ic__ws_conn *conn;
    bool ready;
} end;

struct load {
    struct event_base *base;
    struct event *timer; /* the next message, or the last of our patience */
    end from;
    end to;
    const char *token;
    const char *channel;
    size_t size;
    uint32_t count;
    uint32_t pause_us;
    uint32_t said;
    uint32_t heard;
    uint64_t begun_ns;
    uint64_t ended_ns;
    uint64_t *said_ns;
    uint64_t *late_ns;
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "side_load: %s\n", what);
        exit(1);
    }
}

static void arm(const load *l, uint64_t us)
{
    const struct timeval after = {.tv_sec = (time_t)(us / 1000000),
                                  .tv_usec = (suseconds_t)(us % 1000000)};

    must(event_add(l->timer, &after) == 0, "timer");
}

static void say(load *l)
{
    ic__buf b = {0};

    ic__buf_printf(&b, "{\"type\":\"send\",\"channel\":\"%s\"" BODY, l->channel);
    size_t head = b.len;
    ic__buf_printf(&b, "%u ", (unsigned)l->said);
    while (b.len < head + l->size)
        ic__buf_char(&b, 'x');
    ic__buf_text(&b, "\"}");
    l->said_ns[l->said++] = figure_now_ns();
    must(!b.bad && ic__ws_send_text(l->from.conn, b.data, b.len) == 0, "send");
    ic__buf_free(&b);
}

static void say_more(load *l)
{
    while (l->said < l->count && l->said - l->heard < WINDOW)
        say(l);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    load *l = user;

    (void)fd;
    (void)what;
    if (!l->pause_us || l->said == l->count) {
        (void)event_base_loopbreak(l->base); /* who is not here by now is lost */
        return;
    }
    say(l);
    arm(l, l->said < l->count ? l->pause_us : PATIENCE_S * 1000000ull);
}

static void begin(load *l)
{
    l->begun_ns = figure_now_ns();
    arm(l, l->pause_us ? l->pause_us : PATIENCE_S * 1000000ull);
    if (!l->pause_us)
        say_more(l);
}

/* The number that its body begins with; false when it is not a message that we said. */
static bool number_of(const uint8_t *data, size_t len, uint32_t *out)
{
    const char *text = memmem(data, len, BODY, strlen(BODY));
    char *rest;

    if (!text || !memmem(data, len < HEAD_MAX ? len : HEAD_MAX, "\"sidechannel_message\"",
                         strlen("\"sidechannel_message\"")))
        return false;
    *out = (uint32_t)strtoul(text + strlen(BODY), &rest, 10);
    return *rest == ' ';
}

static void hear(load *l, const uint8_t *data, size_t len)
{
    uint32_t number;

    if (!number_of(data, len, &number) || number >= l->said || l->late_ns[number])
        return;
    l->ended_ns = figure_now_ns();
    l->late_ns[number] = l->ended_ns - l->said_ns[number];
    if (++l->heard == l->count)
        (void)event_base_loopbreak(l->base);
    else if (!l->pause_us && (l->heard % REFILL == 0 || l->heard == l->said))
        say_more(l);
}

static void on_open(ic__ws_conn *conn, void *user)
{
    const end *e = user;
    ic__buf b = {0};

    ic__buf_printf(&b, "{\"type\":\"auth\",\"token\":\"%s\"}", e->load->token);
    must(!b.bad && ic__ws_send_text(conn, b.data, b.len) == 0, "auth");
    ic__buf_free(&b);
}

static void on_message(ic__ws_conn *conn, const uint8_t *data, size_t len, bool binary,
                       void *user)
{
    end *e = user;
    load *l = e->load;

    (void)conn;
    (void)binary;
    if (e->ready) {
        if (e == &l->to)
            hear(l, data, len);
        return;
    }
    e->ready = memmem(data, len, "\"auth_ok\"", strlen("\"auth_ok\"")) != NULL;
    if (l->from.ready && l->to.ready)
        begin(l);
}

static void on_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    (void)conn;
    (void)code;
    (void)user;
    must(false, "a bridge hung up");
}

static void dial(load *l, end *e, const char *port)
{
    static const ic__ws_callbacks callbacks = {
        .on_open = on_open, .on_message = on_message, .on_close = on_close};
    ic__ws_dial_options o;

    e->load = l;
    ic__ws_dial_options_default(&o);
    o.host = "127.0.0.1";
    o.port = (uint16_t)strtoul(port, NULL, 10);
    must(ic__ws_dial(l->base, &o, &callbacks, e, &e->conn) == 0, "dial");
}

static void tell(const load *l)
{
    const char *comma = "";

    (void)printf("{\"seconds\":%.6f,\"late\":[",
                 (double)(l->ended_ns - l->begun_ns) / 1e9);
    for (uint32_t i = 0; i < l->count; i++) {
        if (!l->late_ns[i])
            continue;
        (void)printf("%s%.1f", comma, (double)l->late_ns[i] / 1e3);
        comma = ",";
    }
    (void)printf("]}\n");
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
    load l = {.base = precise_base()};

    must(argc >= 7 && l.base, "six arguments, and memory");
    l.token = argv[3];
    l.channel = argv[4];
    l.size = strtoul(argv[5], NULL, 10);
    l.count = (uint32_t)strtoul(argv[6], NULL, 10);
    l.pause_us = argc > 7 ? (uint32_t)strtoul(argv[7], NULL, 10) : 0;
    l.said_ns = calloc(l.count, sizeof *l.said_ns);
    l.late_ns = calloc(l.count, sizeof *l.late_ns);
    l.timer = evtimer_new(l.base, on_timer, &l);
    must(l.count && l.said_ns && l.late_ns && l.timer, "memory");
    dial(&l, &l.from, argv[1]);
    dial(&l, &l.to, argv[2]);
    (void)event_base_dispatch(l.base);
    tell(&l);
    free(l.said_ns);
    free(l.late_ns);
    return 0;
}
