#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/sockaddr.h"
#include "io/udp_state.h"

#define USUAL_TTL 64

static void drop_waiting(ic__udp_socket *sock)
{
    for (ic__link *link = ic__queue_pop(&sock->waiting); link;
         link = ic__queue_pop(&sock->waiting)) {
        ic__udp_waiting *waiting = IC__ELEMENT(link, ic__udp_waiting, link);
        sock->udp->stats.dropped_waiting += waiting->out.count;
        ic_mem_free(waiting);
    }
    sock->waiting_bytes = 0;
}

/* Keep a message that the kernel had no room for, if there is room here. */
static void keep(ic__udp_socket *sock, const ic__udp_batch *b, const ic__udp_out *out)
{
    ic__udp *u = sock->udp;
    ic__udp_waiting *waiting = NULL;

    if (out->len <= u->opts.max_waiting_bytes &&
        sock->waiting_bytes <= u->opts.max_waiting_bytes - out->len)
        waiting = ic_mem_calloc(1, sizeof *waiting + out->len);
    if (!waiting) {
        u->stats.dropped_waiting += out->count;
        return;
    }
    waiting->out = *out;
    waiting->out.offset = 0;
    memcpy(waiting->data, b->bytes + out->offset, out->len);
    sock->waiting_bytes += out->len;
    ic__queue_push(&sock->waiting, &waiting->link);
    (void)event_add(sock->writable, NULL);
}

static void count(ic__udp *u, const ic__udp_counts *counts)
{
    u->stats.send_calls += counts->calls;
    u->stats.datagrams_out += counts->datagrams;
    u->stats.dropped_refused += counts->failed;
}

/* The messages [from, end) are all of one socket. */
static void flush_run(ic__udp *u, ic__udp_socket *sock, size_t from, size_t end)
{
    ic__udp_counts counts = {0};

    if (!sock->waiting.count)
        (void)ic__udp_batch_send(&u->batch, sock->fd, &from, end, &sock->gso, &counts);
    for (; from < end; from++)
        keep(sock, &u->batch, &u->batch.out[from]);
    count(u, &counts);
}

void ic__udp_flush(ic__udp *u)
{
    ic__udp_batch *b = &u->batch;
    size_t end;

    for (size_t from = 0; from < b->count; from = end) {
        end = from + 1;
        while (end < b->count && b->out[end].owner == b->out[from].owner)
            end++;
        flush_run(u, b->out[from].owner, from, end);
    }
    b->count = 0;
    b->used = 0;
}

static void send_waiting(ic__udp_socket *sock)
{
    ic__udp_counts counts = {0};

    while (sock->waiting.count) {
        ic__udp_waiting *waiting =
            IC__ELEMENT(ic__queue_first(&sock->waiting), ic__udp_waiting, link);
        ic__udp_batch one = {.count = 1, .bytes = waiting->data};
        size_t from = 0;
        one.out[0] = waiting->out;
        if (!ic__udp_batch_send(&one, sock->fd, &from, 1, &sock->gso, &counts))
            break;
        ic__queue_remove(&sock->waiting, &waiting->link);
        sock->waiting_bytes -= waiting->out.len;
        ic_mem_free(waiting);
    }
    count(sock->udp, &counts);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    ic__udp_socket *sock = arg;
    ic__udp *u = sock->udp;

    (void)fd;
    (void)what;
    ic__udp_begin(u);
    send_waiting(sock);
    if (sock->waiting.count) {
        (void)event_add(sock->writable, NULL);
    } else {
        /* Those that wait for another socket come back to the list by themselves. */
        for (ic__link *l = ic__queue_pop(&u->starved); l; l = ic__queue_pop(&u->starved))
            ic__udp_touch(IC__ELEMENT(l, ic__udp_stream, starved));
    }
    ic__udp_finish(u);
}

uint8_t *ic__udp_room(ic__udp *u)
{
    uint8_t *room = ic__udp_batch_room(&u->batch);

    if (room)
        return room;
    ic__udp_flush(u);
    return ic__udp_batch_room(&u->batch);
}

bool ic__udp_put(ic__udp_socket *sock, const ic__addr *to, size_t len, bool glue)
{
    struct sockaddr_storage name;
    socklen_t name_len = ic__sockaddr_put(&name, to, sock->family);

    if (!name_len || sock->closed)
        return false;
    ic__udp_batch_add(&sock->udp->batch, sock, &name, name_len, len, glue && sock->gso);
    const uint8_t *source = ic__udp_sources_find(&sock->sources, to);
    if (source)
        ic__udp_batch_leave_from(&sock->udp->batch, source);
    return true;
}

static void take_datagram(const uint8_t *data, size_t len, const ic__addr *from,
                          void *user)
{
    ic__udp_socket *sock = user;

    sock->udp->stats.datagrams_in++;
    if (sock->udp->in.at.family)
        ic__udp_sources_note(&sock->sources, from, &sock->udp->in.at);
    if (sock->closed || ic__udp_dispatch(sock, data, len, from))
        return;
    if (sock->on_message)
        sock->on_message(sock, data, len, from, sock->user);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    ic__udp_socket *sock = arg;
    ic__udp *u = sock->udp;
    uint32_t left = u->opts.max_datagrams;

    (void)fd;
    (void)what;
    sock->sources.looks = IC__UDP_SOURCE_LOOKS;
    ic__udp_begin(u);
    while (left && !sock->closed) {
        int n = ic__udp_in_read(&u->in, sock->fd, sock->gro, left, take_datagram, sock);
        u->stats.receive_calls++;
        if (n <= 0 || !u->in.more)
            break;
        left -= (uint32_t)n < left ? (uint32_t)n : left;
    }
    u->emptied = left ? sock : NULL;
    ic__udp_finish(u);
}

static void set_option(int fd, int level, int name, int value)
{
    /* All of these only make things better where the kernel agrees. */
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void set_options(ic__udp_socket *sock, const ic__udp_options *opts)
{
    set_option(sock->fd, SOL_SOCKET, SO_RCVBUF, (int)opts->recv_buffer_bytes);
#ifdef SO_RCVBUFFORCE
    /* Above the system's limit, where we are allowed to: bursts are lost here. */
    set_option(sock->fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)opts->recv_buffer_bytes);
#endif
    set_option(sock->fd, SOL_SOCKET, SO_SNDBUF, (int)opts->send_buffer_bytes);
#ifdef IP_PMTUDISC_PROBE
    set_option(sock->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    if (sock->family == AF_INET6)
        set_option(sock->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
#endif
    if (sock->family == AF_INET6) {
        set_option(sock->fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
        set_option(sock->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, USUAL_TTL);
    } else {
        set_option(sock->fd, IPPROTO_IP, IP_TTL, USUAL_TTL);
    }
    sock->gso = !opts->plain && ic__udp_has_gso(sock->fd);
    sock->gro = !opts->plain && ic__udp_enable_gro(sock->fd);
}

static int open_socket(ic__udp_socket *sock, const ic__addr *addr)
{
    struct sockaddr_storage name;

    sock->family = addr->family == 6 ? AF_INET6 : AF_INET;
    socklen_t len = ic__sockaddr_put(&name, addr, sock->family);
    if (!len)
        return IC_ERR_INVALID;
    sock->fd = socket(sock->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock->fd < 0)
        return IC_ERR_IO;
    set_options(sock, &sock->udp->opts);
    if (bind(sock->fd, (const struct sockaddr *)(const void *)&name, len) != 0)
        return IC_ERR_IO;
    static const uint8_t all[4] = {0};
    if (sock->family == AF_INET && memcmp(addr->ip, all, sizeof all) == 0)
        ic__udp_ask_address(sock->fd);
    struct event_base *base = sock->udp->base;
    sock->readable = event_new(base, sock->fd, EV_READ | EV_PERSIST, on_readable, sock);
    sock->writable = event_new(base, sock->fd, EV_WRITE, on_writable, sock);
    if (!sock->readable || !sock->writable || event_add(sock->readable, NULL) != 0)
        return IC_ERR_NOMEM;
    return 0;
}

int ic__udp_socket_new(ic__udp *u, ic__udp_socket **out, const ic__addr *bind_to,
                       ic__udp_message_cb on_message, void *user)
{
    if (u->closing)
        return IC_ERR_CLOSED;
    if (u->sockets.count >= u->opts.max_sockets)
        return IC_ERR_LIMIT;
    ic__udp_socket *sock = ic_mem_calloc(1, sizeof *sock);
    if (!sock)
        return IC_ERR_NOMEM;
    sock->udp = u;
    sock->fd = -1;
    sock->on_message = on_message;
    sock->user = user;
    ic__queue_init(&sock->waiting);
    int error = open_socket(sock, bind_to);
    if (error) {
        ic__udp_socket_free(sock);
        return error;
    }
    ic__queue_push(&u->sockets, &sock->link);
    *out = sock;
    return 0;
}

void ic__udp_socket_free(ic__udp_socket *sock)
{
    if (sock->readable)
        event_free(sock->readable);
    if (sock->writable)
        event_free(sock->writable);
    if (sock->fd >= 0)
        (void)close(sock->fd);
    drop_waiting(sock);
    ic__udp_sources_free(&sock->sources);
    ic_mem_free(sock);
}

void *ic__udp_socket_user(const ic__udp_socket *sock)
{
    return sock->user;
}

ic__addr ic__udp_socket_address(const ic__udp_socket *sock)
{
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof name;

    if (getsockname(sock->fd, (struct sockaddr *)(void *)&name, &len) != 0)
        return (ic__addr){0};
    return ic__sockaddr_get(&name);
}

/* A hop limit belongs to the socket: set it for one datagram, then back. */
static int send_with_ttl(ic__udp_socket *sock, const ic__addr *to, const uint8_t *data,
                         size_t len, uint8_t ttl)
{
    bool v6 = sock->family == AF_INET6;
    int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    int name = v6 ? IPV6_UNICAST_HOPS : IP_TTL;
    struct sockaddr_storage out;
    socklen_t out_len = ic__sockaddr_put(&out, to, sock->family);

    if (v6 && to->family == 4)
        set_option(sock->fd, IPPROTO_IP, IP_TTL, ttl);
    set_option(sock->fd, level, name, ttl);
    ssize_t n = sendto(sock->fd, data, len, 0,
                       (const struct sockaddr *)(const void *)&out, out_len);
    int error = errno;
    sock->udp->stats.send_calls++;
    set_option(sock->fd, level, name, USUAL_TTL);
    if (v6 && to->family == 4)
        set_option(sock->fd, IPPROTO_IP, IP_TTL, USUAL_TTL);
    if (n < 0 && ic__udp_is_full(error))
        return IC_ERR_AGAIN;
    if (n < 0)
        sock->udp->stats.dropped_refused++;
    else
        sock->udp->stats.datagrams_out++;
    return 0;
}

int ic__udp_socket_send(ic__udp_socket *sock, const ic__addr *to, const uint8_t *data,
                        size_t len, uint8_t ttl)
{
    struct sockaddr_storage name;

    if (len > IC__UDP_MOST_BYTES)
        return IC_ERR_LIMIT;
    if (!to->port || !ic__sockaddr_put(&name, to, sock->family))
        return IC_ERR_INVALID;
    if (sock->closed)
        return IC_ERR_CLOSED;
    if (sock->waiting.count)
        return IC_ERR_AGAIN;
    if (ttl)
        return send_with_ttl(sock, to, data, len, ttl);
    uint8_t *room = ic__udp_room(sock->udp);
    if (len)
        memcpy(room, data, len);
    (void)ic__udp_put(sock, to, len, false);
    ic__udp_wake(sock->udp);
    return 0;
}

/* Hole punching opens sockets by the hundred, and all but one never carry a stream. */
static void close_streams(ic__udp_socket *sock)
{
    ic__udp *u = sock->udp;

    if (!sock->carried)
        return;
    for (ic__link *l = u->streams.ends.next; l != &u->streams.ends; l = l->next) {
        ic__udp_stream *st = IC__ELEMENT(l, ic__udp_stream, link);
        if (st->before == sock)
            st->before = NULL;
        ic__udx_leave(st->core, sock);
        if (!ic__udx_uses(st->core, sock))
            continue;
        ic__udp_stream_close(st);
        ic__udp_stream_flush(st); /* its last word */
        ic__udx_drop(st->core, 0);
        ic__udp_touch(st);
    }
}

void ic__udp_socket_close(ic__udp_socket *sock)
{
    if (!sock || sock->closed)
        return;
    ic__udp *u = sock->udp;
    close_streams(sock);
    ic__udp_flush(u);
    sock->closed = true;
    if (u->resting == sock)
        u->resting = NULL;
    (void)event_del(sock->readable);
    (void)event_del(sock->writable);
    ic__queue_remove(&u->sockets, &sock->link);
    ic__queue_push(&u->closed_sockets, &sock->link);
    ic__udp_wake(u);
}
