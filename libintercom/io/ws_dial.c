#include "intercom/error.h"
#include "io/tcp.h"
#include "io/ws_conn.h"

static int connect_wire(ic__ws_conn *c, struct event_base *base,
                        const ic__ws_dial_options *options)
{
    ic__tcp_address address;
    int fd;
    int error = ic__tcp_address_resolve(options->host, options->port, &address);

    if (!error)
        error = ic__tcp_connect(&address, &fd);
    if (error)
        return error;
    return ic__wire_init(&c->wire, base, fd, true, options->tls, options->host,
                         ic__ws_conn_wake, c);
}

int ic__ws_dial(struct event_base *base, const ic__ws_dial_options *options,
                const ic__ws_callbacks *callbacks, void *user, ic__ws_conn **out)
{
    ic__ws_dial_options own = *options;

    if (!own.host || !own.path)
        return IC_ERR_INVALID;
    if (!own.port)
        own.port = own.tls ? 443 : 80;
    ic__ws_conn *c = ic__ws_conn_new(base, callbacks, user);
    if (!c)
        return IC_ERR_NOMEM;
    c->limits = own.limits;
    if (own.env)
        c->env = *own.env;
    else
        ic_env_system(&c->env);
    int error = ic__web_init_client(&c->web, &own, &c->env, &c->limits,
                                    c->env.now_ns(c->env.user));
    if (!error)
        error = connect_wire(c, base, &own);
    if (error) {
        ic__ws_conn_free(c);
        return error;
    }
    ic__ws_conn_wake(c);
    *out = c;
    return 0;
}
