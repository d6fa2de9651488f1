#include "io/ws_conn.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define CHUNK_BYTES 4096
#define TURN_BYTES 65536 /* taken from one peer before the others have their turn */

static void on_timer(evutil_socket_t fd, short what, void *user);

ic__ws_conn *ic__ws_conn_new(struct event_base *base, const ic__ws_callbacks *callbacks,
                             void *user)
{
    ic__ws_conn *c = ic_mem_calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->timer = event_new(base, -1, 0, on_timer, c);
    if (!c->timer) {
        ic_mem_free(c);
        return NULL;
    }
    c->callbacks = *callbacks;
    c->user = user;
    c->reading = true;
    return c;
}

void ic__ws_conn_free(ic__ws_conn *c)
{
    ic__web_free(&c->web);
    ic__wire_free(&c->wire);
    event_free(c->timer);
    ic_mem_free(c);
}

void ic__ws_conn_wake(void *conn)
{
    ic__ws_conn *c = conn;

    if (c->waking)
        return;
    c->waking = true;
    event_active(c->timer, EV_READ, 0);
}

static uint64_t now_of(const ic__ws_conn *c)
{
    return c->web.env->now_ns(c->web.env->user);
}

/* As much as the wire should hold, the rest when that has left. */
static void flush(ic__ws_conn *c, uint64_t now)
{
    uint8_t chunk[CHUNK_BYTES];

    while (ic__wire_ready(&c->wire) &&
           ic__wire_queued(&c->wire) < IC__WIRE_BUFFER_BYTES) {
        size_t n = ic__web_pull(&c->web, chunk, sizeof chunk, now);
        if (!n || !ic__wire_write(&c->wire, chunk, n))
            return;
    }
}

/* One piece of input; false when there is none or it cannot be taken now. */
static bool feed(ic__ws_conn *c, uint64_t now, size_t *budget)
{
    struct evbuffer *in = ic__wire_input(&c->wire);
    uint8_t chunk[CHUNK_BYTES];

    if (!c->reading || !ic__wire_ready(&c->wire))
        return false;
    ev_ssize_t n = evbuffer_copyout(in, chunk, sizeof chunk);
    if (n <= 0)
        return false;
    size_t took = ic__web_recv(&c->web, chunk, (size_t)n, now);
    (void)evbuffer_drain(in, took);
    *budget -= took < *budget ? took : *budget;
    return took > 0;
}

static void tell_one(ic__ws_conn *c, const ic__web_event *event)
{
    const ic__ws_callbacks *to = &c->callbacks;

    switch (event->kind) {
    case IC__WEB_OPENED:
        if (to->on_open)
            to->on_open(c, c->user);
        break;
    case IC__WEB_MESSAGE:
        if (to->on_message)
            to->on_message(c, event->data, event->len, event->binary, c->user);
        break;
    case IC__WEB_CLOSED:
        if (to->on_close)
            to->on_close(c, event->code, c->user);
        break;
    case IC__WEB_NONE:
        break;
    }
}

static void tell(ic__ws_conn *c)
{
    ic__web_event event;

    while (c->reading && ic__web_next(&c->web, &event))
        tell_one(c, &event);
}

static void tell_drained(ic__ws_conn *c)
{
    bool queued = ic__ws_queued(c) > 0;

    if (c->was_queued && !queued && c->web.state == IC__WEB_FRAMES &&
        c->callbacks.on_drain)
        c->callbacks.on_drain(c, c->user);
    c->was_queued = queued;
}

static void note_tls_failure(ic__ws_conn *c)
{
    const char *why = ic__wire_why(&c->wire);

    if (!c->wire.broken)
        return;
    if (c->server)
        c->web.site->stats.tls_failed++;
    else
        ic__log(&c->env, IC_LOG_WARN, "io", "TLS: %s", why);
}

static void destroy(ic__ws_conn *c)
{
    note_tls_failure(c);
    if (c->server)
        ic__ws_server_forget(c->server, c);
    ic__ws_conn_free(c);
}

static void arm(ic__ws_conn *c, uint64_t now)
{
    uint64_t deadline = ic__web_deadline(&c->web);

    if (c->waking)
        return; /* adding a timeout would take the wake-up back */
    if (deadline == IC__NEVER) {
        (void)event_del(c->timer);
        return;
    }
    uint64_t left = deadline > now ? (deadline - now + IC__US - 1) / IC__US : 0;
    const struct timeval tv = {.tv_sec = (time_t)(left / 1000000),
                               .tv_usec = (suseconds_t)(left % 1000000)};
    if (event_add(c->timer, &tv) != 0)
        ic__web_abort(&c->web, IC__WS_INTERNAL);
}

/* The peer has said its last. What it asked for before may still be leaving: then there
 * is time until the deadline. */
static bool is_over(ic__ws_conn *c)
{
    if (ic__wire_pump(&c->wire))
        return false;
    return c->wire.failed || c->web.state == IC__WEB_FRAMES ||
           (c->wire.broken ? ic__wire_queued(&c->wire) : ic__ws_queued(c)) == 0;
}

/* Everything that came, up to a budget, and everything that wants to leave. */
static void work(ic__ws_conn *c, uint64_t now)
{
    size_t budget = TURN_BYTES;

    ic__web_expire(&c->web, now);
    if (is_over(c))
        ic__web_lost(&c->web);
    do {
        flush(c, now);
        tell(c);
    } while (budget && feed(c, now, &budget));
    if (!budget || is_over(c))
        ic__ws_conn_wake(c);
    if (c->web.state == IC__WEB_LINGER && !ic__web_queued(&c->web))
        ic__wire_finish(&c->wire);
    tell_drained(c);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    ic__ws_conn *c = user;
    uint64_t now = now_of(c);

    (void)fd;
    (void)what;
    c->waking = false;
    work(c, now);
    if (c->web.state == IC__WEB_DONE) {
        c->reading = true; /* nothing stays untold */
        tell(c);
        destroy(c);
        return;
    }
    arm(c, now);
    if (c->server)
        ic__ws_server_look(c->server);
}

void ic__ws_set_data(ic__ws_conn *conn, void *data)
{
    conn->data = data;
}

void *ic__ws_data(const ic__ws_conn *conn)
{
    return conn->data;
}

static int send_message(ic__ws_conn *c, const void *data, size_t len, bool binary)
{
    int error = ic__web_send(&c->web, data, len, binary);

    ic__ws_conn_wake(c);
    return error;
}

int ic__ws_send_text(ic__ws_conn *conn, const void *data, size_t len)
{
    return send_message(conn, data, len, false);
}

int ic__ws_send_binary(ic__ws_conn *conn, const void *data, size_t len)
{
    return send_message(conn, data, len, true);
}

size_t ic__ws_queued(const ic__ws_conn *conn)
{
    return ic__web_queued(&conn->web) + ic__wire_queued(&conn->wire);
}

void ic__ws_set_reading(ic__ws_conn *conn, bool reading)
{
    conn->reading = reading;
    ic__ws_conn_wake(conn);
}

void ic__ws_close(ic__ws_conn *conn, uint16_t code, const char *reason)
{
    conn->reading = true; /* or the peer's answer would not be seen */
    ic__web_close(&conn->web, code, reason, now_of(conn));
    ic__ws_conn_wake(conn);
}
