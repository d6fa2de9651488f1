#include "io/wire.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "intercom/error.h"
#include "io/tcp.h"

#define CHUNK_BYTES 4096
#define READ_BYTES 4096 /* what libevent 2.1 reads in a turn at most */

static void on_written(struct bufferevent *bev, void *user)
{
    ic__wire *w = user;

    (void)bev;
    w->on_change(w->user);
}

/* A turn of the loop for each 4 KiB costs more than what is done with them: take what is
 * there. An end or an error that shows here, shows to the bufferevent as well. */
static void on_data(struct bufferevent *bev, void *user)
{
    ic__wire *w = user;
    struct evbuffer *in = bufferevent_get_input(bev);
    int got = READ_BYTES;

    while (got == READ_BYTES && evbuffer_get_length(in) >= READ_BYTES &&
           evbuffer_get_length(in) < IC__WIRE_BUFFER_BYTES) {
        (void)evbuffer_unfreeze(in, 0); /* a bufferevent lets only itself add to it */
        got = evbuffer_read(in, bufferevent_getfd(bev), READ_BYTES);
        (void)evbuffer_freeze(in, 0);
    }
    w->on_change(w->user);
}

static void on_event(struct bufferevent *bev, short what, void *user)
{
    ic__wire *w = user;

    (void)bev;
    if (what & BEV_EVENT_CONNECTED)
        w->connected = true;
    if (what & BEV_EVENT_EOF)
        w->ended = true;
    if (what & BEV_EVENT_ERROR)
        w->ended = w->failed = true;
    w->on_change(w->user);
}

/* -1 and no address makes the bufferevent wait for the socket's own connect. */
static int start(ic__wire *w, bool connecting)
{
    bufferevent_setcb(w->bev, on_data, on_written, on_event, w);
    if (connecting && bufferevent_socket_connect(w->bev, NULL, 0) != 0)
        return IC_ERR_IO;
    return bufferevent_enable(w->bev, EV_READ | EV_WRITE) ? IC_ERR_NOMEM : 0;
}

int ic__wire_init(ic__wire *w, struct event_base *base, int fd, bool connecting,
                  const ic__tls_config *tls, const char *host_name,
                  void (*on_change)(void *user), void *user)
{
    *w = (ic__wire){.connected = !connecting, .on_change = on_change, .user = user};
    w->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!w->bev) {
        (void)close(fd);
        return IC_ERR_NOMEM;
    }
    ic__tcp_tune(fd);
    int error = 0;
    if (tls) {
        w->plain = evbuffer_new();
        error = w->plain ? ic__tls_new(tls, host_name, &w->tls) : IC_ERR_NOMEM;
    }
    if (!error)
        error = start(w, connecting);
    if (error)
        ic__wire_free(w);
    return error;
}

void ic__wire_free(ic__wire *w)
{
    if (w->bev)
        bufferevent_free(w->bev);
    if (w->plain)
        evbuffer_free(w->plain);
    ic__tls_free(w->tls);
    *w = (ic__wire){0};
}

static void give_up(ic__wire *w)
{
    w->ended = w->failed = true;
}

static void break_off(ic__wire *w)
{
    w->ended = w->broken = true;
}

/* Wire bytes from TLS to the socket. */
static void pump_out(ic__wire *w)
{
    uint8_t chunk[CHUNK_BYTES];
    size_t n;

    while ((n = ic__tls_pull(w->tls, chunk, sizeof chunk)) > 0) {
        if (bufferevent_write(w->bev, chunk, n) != 0)
            give_up(w);
    }
}

/* Plain bytes from TLS to its reader; false when there are no more for now. */
static bool read_plain(ic__wire *w)
{
    uint8_t chunk[CHUNK_BYTES];
    size_t n = 0;
    int error = ic__tls_read(w->tls, chunk, sizeof chunk, &n);

    if (error == IC_ERR_CLOSED)
        w->ended = true;
    else if (error)
        break_off(w);
    else if (evbuffer_add(w->plain, chunk, n) != 0)
        give_up(w);
    return n > 0 && !w->failed;
}

static bool has_room(const ic__wire *w)
{
    return evbuffer_get_length(w->plain) < IC__WIRE_BUFFER_BYTES && !w->failed;
}

static void pump_in(ic__wire *w)
{
    struct evbuffer *in = bufferevent_get_input(w->bev);
    uint8_t chunk[CHUNK_BYTES];

    for (;;) {
        while (has_room(w) && read_plain(w))
            ;
        if (!has_room(w) || w->broken)
            return;
        int n = evbuffer_remove(in, chunk, sizeof chunk);
        if (n <= 0)
            return;
        if (ic__tls_recv(w->tls, chunk, (size_t)n) != 0)
            break_off(w);
    }
}

/* A read watermark would do it too, but libevent calls back for ever while the input
 * stands at it. */
static void hold_input(ic__wire *w)
{
    size_t len = evbuffer_get_length(bufferevent_get_input(w->bev));
    bool hold = len >= IC__WIRE_BUFFER_BYTES;

    if (hold == w->held)
        return;
    w->held = hold;
    if ((hold ? bufferevent_disable(w->bev, EV_READ)
              : bufferevent_enable(w->bev, EV_READ)) != 0)
        give_up(w);
}

static void finish_when_empty(ic__wire *w)
{
    if (!w->finishing || w->finished || ic__wire_queued(w))
        return;
    w->finished = true;
    /* Fails where the connection is gone already, which on_event tells. */
    (void)shutdown(bufferevent_getfd(w->bev), SHUT_WR);
}

bool ic__wire_pump(ic__wire *w)
{
    if (w->tls && w->connected) {
        pump_in(w);
        pump_out(w);
    }
    hold_input(w);
    finish_when_empty(w);
    return !w->ended || evbuffer_get_length(ic__wire_input(w)) > 0;
}

bool ic__wire_ready(const ic__wire *w)
{
    return w->connected && !w->failed && !w->broken && (!w->tls || ic__tls_ready(w->tls));
}

struct evbuffer *ic__wire_input(ic__wire *w)
{
    return w->tls ? w->plain : bufferevent_get_input(w->bev);
}

bool ic__wire_write(ic__wire *w, const uint8_t *p, size_t n)
{
    if (!ic__wire_ready(w) || w->finishing)
        return false;
    if (!w->tls)
        return bufferevent_write(w->bev, p, n) == 0;
    if (ic__tls_write(w->tls, p, n) != 0)
        break_off(w);
    pump_out(w);
    return ic__wire_ready(w);
}

size_t ic__wire_queued(const ic__wire *w)
{
    return evbuffer_get_length(bufferevent_get_output(w->bev));
}

void ic__wire_finish(ic__wire *w)
{
    if (w->finishing)
        return;
    w->finishing = true;
    if (w->tls) {
        ic__tls_finish(w->tls);
        pump_out(w);
    }
    finish_when_empty(w);
}

const char *ic__wire_why(const ic__wire *w)
{
    return w->tls ? ic__tls_why(w->tls) : "";
}
