#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "admin_dht.h"
#include "intercom/error.h"
#include "io/loop.h"

typedef struct node {
    struct event_base *base;
    ic__loop_signals *signals;
    struct event *tick;
    ic_dht *dht;
    bool json;
    bool ready;
    char last[256]; /* the status line before */
} node;

static void print_status(node *n, const char *event)
{
    ic_dht_stats s;
    char line[sizeof n->last];

    ic_dht_get_stats(n->dht, &s, sizeof s);
    if (n->json)
        (void)snprintf(line, sizeof line,
                       "{\"event\":\"%s\",\"address\":\"%s\",\"nodes\":%llu,"
                       "\"persistent\":%s,\"firewalled\":%s,\"requests\":%llu}",
                       event, ic_dht_address(n->dht), (unsigned long long)s.nodes,
                       s.persistent ? "true" : "false", s.firewalled ? "true" : "false",
                       (unsigned long long)s.requests_in);
    else
        (void)snprintf(line, sizeof line, "%s %s: %llu nodes, %s, %llu requests",
                       ic_dht_address(n->dht), event, (unsigned long long)s.nodes,
                       s.persistent ? "persistent" : "ephemeral",
                       (unsigned long long)s.requests_in);
    if (strcmp(line, n->last) == 0)
        return; /* nothing new: no line */
    memcpy(n->last, line, sizeof line);
    (void)puts(line);
    (void)fflush(stdout);
}

static void on_ready(ic_dht *dht, void *user)
{
    node *n = user;

    (void)dht;
    n->ready = true;
    print_status(n, "ready");
}

static void on_persistent(ic_dht *dht, void *user)
{
    node *n = user;

    (void)dht;
    if (n->ready)
        print_status(n, "persistent");
}

static void on_tick(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    print_status(user, "status");
}

static void on_closed(void *user)
{
    node *n = user;

    n->dht = NULL;
    (void)event_base_loopbreak(n->base);
}

static void on_stop(void *user)
{
    node *n = user;

    if (n->tick)
        (void)event_del(n->tick);
    ic_dht_close(n->dht, on_closed, n);
}

static int open_node(node *n, const admin_dht_options *o)
{
    ic_dht_options opts;

    ic_dht_options_default(&opts);
    opts.base = n->base;
    opts.bootstrap = o->bootstrap;
    opts.mode = o->bootstrap ? IC_DHT_PERSISTENT : IC_DHT_BOOTSTRAPPER;
    opts.port = o->port;
    opts.any_port = false;
    opts.host = o->host ? o->host : o->bootstrap ? "0.0.0.0" : "127.0.0.1";
    opts.firewalled = false;
    opts.on_ready = on_ready;
    opts.on_persistent = on_persistent;
    opts.user = n;
    return ic_dht_new(&opts, &n->dht);
}

static int start_ticking(node *n, uint32_t seconds)
{
    const struct timeval wait = {.tv_sec = (time_t)seconds};

    if (!seconds)
        return 0;
    n->tick = event_new(n->base, -1, EV_PERSIST, on_tick, n);
    return n->tick && event_add(n->tick, &wait) == 0 ? 0 : IC_ERR_NOMEM;
}

static int run(node *n, const admin_dht_options *o)
{
    int err = ic__loop_signals_new(n->base, on_stop, n, &n->signals);

    if (!err)
        err = open_node(n, o);
    if (!err)
        err = start_ticking(n, o->status_s);
    if (err)
        return err;
    (void)event_base_dispatch(n->base);
    return 0;
}

static const char *explain(int err)
{
    if (err == IC_ERR_IO)
        return "the system refuses this address or port";
    if (err == IC_ERR_INVALID)
        return "the address, the port or the list of bootstrap nodes is none; the first"
               " node of a network needs --host with the address that others reach";
    return ic_strerror(err);
}

int admin_dht_node(const admin_command *command, int argc, char **argv)
{
    admin_dht_options o;
    node n = {0};

    int code = admin_dht_options_read(&o, command, argc, argv, "pt");
    if (code != ADMIN_OK)
        return code;
    if (o.help)
        return admin_print_help(command);
    if (o.rest != argc)
        return admin_usage_error(command, "it takes no arguments");
    n.json = o.json;
    int err = ic__loop_new(&n.base);
    if (!err)
        err = run(&n, &o);
    if (n.tick)
        event_free(n.tick);
    if (n.signals)
        ic__loop_signals_free(n.signals);
    if (n.base)
        event_base_free(n.base);
    return err ? admin_fail("dht-node: %s", explain(err)) : ADMIN_OK;
}
