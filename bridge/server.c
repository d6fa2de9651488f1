#include "bridge/server.h"

#include <event2/event.h>

#include "base/env.h"
#include "bridge/session.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/tcp.h"

typedef struct client client;

struct bridge_server {
    struct event_base *base;
    ic_env env;
    bridge_hub *hub;
    ic__ws_server *ws;
    client *first;
    void (*did)(void *user); /* of the host, like the next one */
    void *did_user;
    bool closing;
    void (*on_closed)(void *user);
    void *user;
};

struct client {
    bridge_server *server;
    client *next;
    client *previous;
    ic__ws_conn *conn;
    bridge_session *session;
    struct event *timer;
};

void bridge_server_options_default(bridge_server_options *options)
{
    ic__ws_server_options ws;

    ic__ws_server_options_default(&ws);
    *options = (bridge_server_options){
        .host = "127.0.0.1",
        .port = 49222,
        .max_clients = ws.max_clients,
        .limits = ws.limits,
    };
    bridge_settings_default(&options->settings);
}

static uint64_t now_ns(const bridge_server *server)
{
    return server->env.now_ns(server->env.user);
}

static void arm_timer(client *c)
{
    uint64_t deadline = bridge_session_deadline(c->session);
    uint64_t now = now_ns(c->server);

    if (deadline == IC__NEVER) {
        (void)event_del(c->timer);
        return;
    }
    uint64_t wait = deadline > now ? deadline - now : 0;
    const struct timeval after = {
        .tv_sec = (time_t)(wait / IC__SEC),
        .tv_usec = (suseconds_t)(wait % IC__SEC / IC__US + 1),
    };
    (void)event_add(c->timer, &after);
}

/* Everything that the session has to say, and whether it wants to go on. */
static void flush(client *c)
{
    const char *reason = NULL;
    const char *text;
    size_t len;

    while ((text = bridge_session_pull(c->session, &len)) != NULL) {
        int error = ic__ws_send_text(c->conn, text, len);
        if (error == IC_ERR_NOMEM)
            ic__ws_close(c->conn, IC__WS_INTERNAL, "out of memory");
        if (error)
            break; /* on_close follows */
    }
    ic__ws_set_reading(c->conn, !bridge_session_held(c->session));
    arm_timer(c);
    int code = bridge_session_close_code(c->session, &reason);
    if (code != BRIDGE_OPEN)
        ic__ws_close(c->conn, (uint16_t)code, reason);
}

static void flush_all(bridge_server *server)
{
    for (client *c = server->first; c; c = c->next)
        flush(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    client *c = arg;

    (void)fd;
    (void)what;
    bridge_session_expire(c->session, now_ns(c->server));
    flush(c);
}

static void client_free(client *c)
{
    if (c->timer)
        event_free(c->timer);
    bridge_session_free(c->session);
    ic_mem_free(c);
}

static client *client_new(bridge_server *server, ic__ws_conn *conn)
{
    client *c = ic_mem_calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->server = server;
    c->conn = conn;
    c->timer = evtimer_new(server->base, on_timer, c);
    if (!c->timer || bridge_session_new(server->hub, now_ns(server), &c->session) != 0) {
        client_free(c);
        return NULL;
    }
    c->next = server->first;
    if (c->next)
        c->next->previous = c;
    server->first = c;
    return c;
}

static void on_open(ic__ws_conn *conn, void *user)
{
    client *c = client_new(user, conn);

    ic__ws_set_data(conn, c);
    if (c)
        flush(c);
    else
        ic__ws_close(conn, IC__WS_INTERNAL, "out of memory");
}

static void on_message(ic__ws_conn *conn, const uint8_t *data, size_t len, bool binary,
                       void *user)
{
    bridge_server *server = user;
    client *c = ic__ws_data(conn);

    (void)binary; /* text and binary frames are treated alike (section 1) */
    if (!c)
        return;
    if (bridge_session_message(c->session, data, len, now_ns(server)) != 0)
        ic__log(&server->env, IC_LOG_WARN, "bridge",
                "a message came while reading was off");
    flush_all(server); /* others may have been told of a change */
    if (server->did)
        server->did(server->did_user);
}

static void on_close(ic__ws_conn *conn, uint16_t code, void *user)
{
    bridge_server *server = user;
    client *c = ic__ws_data(conn);

    (void)code;
    if (!c)
        return;
    if (c->previous)
        c->previous->next = c->next;
    else
        server->first = c->next;
    if (c->next)
        c->next->previous = c->previous;
    client_free(c);
}

static int listen_on(bridge_server *server, const bridge_server_options *o, ic__buf *why)
{
    static const ic__ws_callbacks callbacks = {
        .on_open = on_open, .on_message = on_message, .on_close = on_close};
    ic__ws_server_options ws;
    char text[256];

    ic__ws_server_options_default(&ws);
    ws.host = o->host;
    ws.port = o->port;
    ws.max_clients = o->max_clients;
    ws.origins = o->origins;
    ws.hosts = o->hosts;
    ws.page = o->page;
    ws.tls = o->tls;
    ws.env = &server->env;
    ws.limits = o->limits;
    int error = ic__ws_server_new(server->base, &ws, &callbacks, server, &server->ws);
    if (error && error != IC_ERR_NOMEM) {
        ic__tcp_listen_text(text, sizeof text, o->host, o->port, error);
        ic__buf_text(why, text);
    }
    return error;
}

int bridge_server_new(struct event_base *base, const bridge_server_options *options,
                      const bridge_host *host, bridge_server **out, ic__buf *why)
{
    bridge_server *server = ic_mem_calloc(1, sizeof *server);

    if (!server)
        return IC_ERR_NOMEM;
    server->base = base;
    server->env = host->env;
    server->did = host->did;
    server->did_user = host->user;
    int error = bridge_hub_new(&options->settings, host, &server->hub, why);
    if (!error)
        error = listen_on(server, options, why);
    if (error) {
        bridge_hub_free(server->hub);
        ic_mem_free(server);
        return error;
    }
    *out = server;
    return 0;
}

uint16_t bridge_server_port(const bridge_server *server)
{
    return ic__ws_server_port(server->ws);
}

static void on_server_closed(void *user)
{
    bridge_server *server = user;
    void (*on_closed)(void *user) = server->on_closed;
    void *closed_user = server->user;

    bridge_hub_free(server->hub);
    ic_mem_free(server);
    if (on_closed)
        on_closed(closed_user);
}

void bridge_server_close(bridge_server *server, void (*on_closed)(void *user), void *user)
{
    if (!server || server->closing)
        return;
    server->closing = true;
    server->on_closed = on_closed;
    server->user = user;
    ic__ws_server_close(server->ws, on_server_closed, server);
}

void bridge_server_message(bridge_server *server, const char *channel,
                           const ic__json *envelope)
{
    bridge_hub_message(server->hub, channel, envelope);
    flush_all(server);
}

void bridge_server_expense(bridge_server *server, const isplit_change *change)
{
    bridge_hub_expense(server->hub, change);
    flush_all(server);
}

void bridge_server_planned(bridge_server *server, const char *room)
{
    bridge_hub_planned(server->hub, room, now_ns(server));
    flush_all(server);
}

void bridge_server_company(bridge_server *server, const char *room)
{
    bridge_hub_company(server->hub, room);
    flush_all(server);
}
