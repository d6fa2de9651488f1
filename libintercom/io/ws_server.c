#include <event2/event.h>
#include <event2/listener.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/tcp.h"
#include "io/ws_conn.h"

#define ACCEPT_PAUSE_US 100000 /* after accept found no file descriptor */

struct ic__ws_server {
    struct event_base *base;
    struct evconnlistener *listener; /* NULL once closing */
    struct event *timer;             /* accept again, or the end */
    ic__web_site site;
    const ic__tls_config *tls;
    ic__ws_callbacks callbacks;
    void *user;
    uint16_t port;
    size_t max_waiting;
    bool accepting;
    bool pausing; /* until the timer */
    bool closing;
    ic__ws_conn *first;
    size_t count;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

static void limits_default(ic__ws_limits *limits)
{
    *limits = (ic__ws_limits){
        .max_message_bytes = 1u << 20,
        .max_queued_bytes = 4u << 20,
        .max_head_bytes = 8192,
        .handshake_timeout_ns = 10 * IC__SEC,
        .close_timeout_ns = 2 * IC__SEC,
    };
}

void ic__ws_server_options_default(ic__ws_server_options *options)
{
    *options = (ic__ws_server_options){
        .host = "127.0.0.1",
        .max_clients = 64,
        .max_waiting = 64,
    };
    limits_default(&options->limits);
}

void ic__ws_dial_options_default(ic__ws_dial_options *options)
{
    *options = (ic__ws_dial_options){.path = "/"};
    limits_default(&options->limits);
}

static void free_server(ic__ws_server *server)
{
    if (server->listener)
        evconnlistener_free(server->listener);
    if (server->timer)
        event_free(server->timer);
    ic__web_policy_free(&server->site.policy);
    ic_mem_free(server->site.path);
    ic_mem_free(server);
}

static void link_conn(ic__ws_server *server, ic__ws_conn *c)
{
    c->server = server;
    c->next = server->first;
    if (server->first)
        server->first->prev = c;
    server->first = c;
    server->count++;
}

static void finish_closing(ic__ws_server *server)
{
    event_active(server->timer, EV_READ, 0);
}

void ic__ws_server_forget(ic__ws_server *server, ic__ws_conn *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        server->first = c->next;
    if (c->next)
        c->next->prev = c->prev;
    server->count--;
    if (server->closing && !server->count)
        finish_closing(server);
    else
        ic__ws_server_look(server);
}

/* Accept or not: whoever comes while too many wait, waits in the system's queue. A
 * connection that is being freed still counts as a client until then. */
void ic__ws_server_look(ic__ws_server *server)
{
    size_t clients = server->site.stats.clients;
    size_t waiting = server->count > clients ? server->count - clients : 0;
    bool want = waiting < server->max_waiting && !server->pausing;

    if (!server->listener || want == server->accepting)
        return;
    int error = want ? evconnlistener_enable(server->listener)
                     : evconnlistener_disable(server->listener);
    if (!error)
        server->accepting = want;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *from, int from_len, void *user)
{
    ic__ws_server *server = user;
    const ic_env *env = &server->site.env;
    ic__ws_conn *c = ic__ws_conn_new(server->base, &server->callbacks, server->user);

    (void)listener;
    (void)from;
    (void)from_len;
    if (!c) {
        (void)close(fd);
        return;
    }
    ic__web_init_server(&c->web, &server->site, env->now_ns(env->user));
    if (ic__wire_init(&c->wire, server->base, fd, false, server->tls, NULL,
                      ic__ws_conn_wake, c) != 0) {
        ic__ws_conn_free(c);
        return;
    }
    link_conn(server, c);
    ic__ws_conn_wake(c);
    ic__ws_server_look(server);
}

/* Out of file descriptors, mostly: asking again at once would only spin. */
static void on_accept_error(struct evconnlistener *listener, void *user)
{
    ic__ws_server *server = user;
    const struct timeval tv = {.tv_usec = ACCEPT_PAUSE_US};

    (void)listener;
    if (event_add(server->timer, &tv) != 0)
        return;
    server->pausing = true;
    ic__ws_server_look(server);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    ic__ws_server *server = user;

    (void)fd;
    (void)what;
    if (!server->closing) {
        server->pausing = false;
        ic__ws_server_look(server);
        return;
    }
    void (*on_closed)(void *user) = server->on_closed;
    void *on_closed_user = server->on_closed_user;
    free_server(server);
    if (on_closed)
        on_closed(on_closed_user);
}

static int copy_options(ic__ws_server *server, const ic__ws_server_options *options,
                        bool loopback)
{
    ic__web_site *site = &server->site;

    if (options->env)
        site->env = *options->env;
    else
        ic_env_system(&site->env);
    site->limits = options->limits;
    site->page = options->page;
    site->max_clients = options->max_clients;
    server->tls = options->tls;
    server->max_waiting = options->max_waiting;
    int error = ic__web_policy_init(&site->policy, options->origins, options->hosts,
                                    options->access_token, &site->env);
    if (error)
        return error;
    site->policy.any_address = !loopback;
    site->policy.own_origin = options->page != NULL;
    site->policy.secure = options->tls != NULL;
    if (!options->path)
        return 0;
    size_t size = strlen(options->path) + 1;
    site->path = ic_mem_alloc(size);
    if (!site->path)
        return IC_ERR_NOMEM;
    memcpy(site->path, options->path, size);
    return 0;
}

static int start_listening(ic__ws_server *server, const ic__tcp_address *address)
{
    int fd;
    int error = ic__tcp_listen(address, &fd, &server->port);

    if (error)
        return error;
    server->timer = event_new(server->base, -1, 0, on_timer, server);
    server->listener =
        evconnlistener_new(server->base, on_accept, server,
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!server->listener)
        (void)close(fd);
    if (!server->listener || !server->timer)
        return IC_ERR_NOMEM;
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    server->accepting = true;
    return 0;
}

int ic__ws_server_new(struct event_base *base, const ic__ws_server_options *options,
                      const ic__ws_callbacks *callbacks, void *user, ic__ws_server **out)
{
    ic__tcp_address address;
    int error = ic__tcp_address_parse(options->host, options->port, &address);

    if (error)
        return error;
    if (!options->max_waiting || !options->limits.max_head_bytes)
        return IC_ERR_INVALID;
    ic__ws_server *server = ic_mem_calloc(1, sizeof *server);
    if (!server)
        return IC_ERR_NOMEM;
    server->base = base;
    server->callbacks = *callbacks;
    server->user = user;
    error = copy_options(server, options, ic__tcp_is_loopback(&address));
    if (!error)
        error = start_listening(server, &address);
    if (error) {
        free_server(server);
        return error;
    }
    *out = server;
    return 0;
}

uint16_t ic__ws_server_port(const ic__ws_server *server)
{
    return server->port;
}

const ic__ws_server_stats *ic__ws_server_get_stats(const ic__ws_server *server)
{
    return &server->site.stats;
}

void ic__ws_server_close(ic__ws_server *server, void (*on_closed)(void *user), void *user)
{
    if (!server || server->closing)
        return;
    server->closing = true;
    server->on_closed = on_closed;
    server->on_closed_user = user;
    evconnlistener_free(server->listener);
    server->listener = NULL;
    for (ic__ws_conn *c = server->first; c; c = c->next) {
        if (c->web.state != IC__WEB_FRAMES)
            ic__web_abort(&c->web, IC__WS_GOING_AWAY);
        ic__ws_close(c, IC__WS_GOING_AWAY, NULL);
    }
    if (!server->count)
        finish_closing(server);
}
