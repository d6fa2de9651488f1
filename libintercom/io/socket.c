#include <string.h>

#include "base/opts.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/stream_state.h"

static const ic_socket_options defaults = {
    .struct_size = sizeof defaults,
    .address = "0.0.0.0:0",
    .max_streams = 16384,
    .kernel_bytes = UINT32_C(4) << 20,
};

void ic_socket_options_init(ic_socket_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &defaults, sizeof defaults);
}

static int open_socket(ic_socket *s, const ic_socket_options *o)
{
    ic__udp_options udp;

    ic__udp_options_default(&udp);
    udp.max_streams = o->max_streams;
    udp.recv_buffer_bytes = o->kernel_bytes;
    int err = ic__udp_new(&s->udp, s->base, &s->env, &udp);
    if (err)
        return err;
    err = ic__udp_socket_new(s->udp, &s->sock, &s->bound, NULL, NULL);
    if (err) {
        ic__udp_free(s->udp);
        return err;
    }
    s->bound = ic__udp_socket_address(s->sock);
    ic__sockaddr_print(s->address, &s->bound);
    return 0;
}

int ic_socket_new(const ic_socket_options *opts, ic_socket **out)
{
    ic_socket_options o;
    ic__addr address;

    int err = ic__opts_read(&o, sizeof o, &defaults, opts);
    if (err)
        return err;
    if (!o.base || !o.address || !ic__sockaddr_parse(&address, o.address))
        return IC_ERR_INVALID;
    ic_socket *s = ic_mem_calloc(1, sizeof *s);
    if (!s)
        return IC_ERR_NOMEM;
    s->base = o.base;
    s->bound = address;
    ic__queue_init(&s->streams);
    if (o.env)
        s->env = *o.env;
    else
        ic_env_system(&s->env);
    err = open_socket(s, &o);
    if (err) {
        ic_mem_free(s);
        return err;
    }
    *out = s;
    return 0;
}

const char *ic_socket_address(const ic_socket *sock)
{
    return sock->address;
}

/* What is left are streams whose carrier went before their messages were read. */
void ic__socket_finish_streams(ic_socket *s)
{
    for (ic__link *link = ic__queue_first(&s->streams); link;
         link = ic__queue_first(&s->streams))
        ic__stream_finish(IC__ELEMENT(link, ic_stream, link), 0);
}

static void on_udp_closed(void *arg)
{
    ic_socket *s = arg;
    void (*on_closed)(void *user) = s->on_closed;
    void *user = s->user;

    ic__socket_finish_streams(s);
    ic_mem_free(s);
    if (on_closed)
        on_closed(user);
}

void ic_socket_close(ic_socket *sock, void (*on_closed)(void *user), void *user)
{
    if (!sock || sock->closing)
        return;
    sock->closing = true;
    sock->on_closed = on_closed;
    sock->user = user;
    for (ic__link *link = sock->streams.ends.next; link != &sock->streams.ends;
         link = link->next)
        ic_stream_close(IC__ELEMENT(link, ic_stream, link));
    ic__udp_close(sock->udp, on_udp_closed, sock);
}
