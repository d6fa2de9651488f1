#include <string.h>
#include <unistd.h>

#include <netinet/in.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/sockaddr.h"
#include "io/udp_state.h"
#include "transport/udx_packet.h"

/* What the route to the peer takes, as the kernel knows; 0 = no idea. */
static uint32_t route_mtu(const ic__addr *to)
{
#ifdef IP_MTU
    struct sockaddr_storage name;
    int family = to->family == 6 ? AF_INET6 : AF_INET;
    socklen_t len = ic__sockaddr_put(&name, to, family);
    int mtu = 0;
    socklen_t mtu_len = sizeof mtu;

    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    if (connect(fd, (const struct sockaddr *)(const void *)&name, len) != 0 ||
        getsockopt(fd, family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
                   family == AF_INET6 ? IPV6_MTU : IP_MTU, &mtu, &mtu_len) != 0)
        mtu = 0;
    (void)close(fd);
    return mtu > 0 ? (uint32_t)mtu : 0;
#else
    (void)to;
    return 0;
#endif
}

int ic__udp_stream_new(ic__udp *u, ic__udp_stream **out, uint32_t id,
                       const ic__udx_options *opts, const ic__udp_stream_events *events,
                       void *user)
{
    if (u->closing)
        return IC_ERR_CLOSED;
    if (u->streams.count >= u->opts.max_streams)
        return IC_ERR_LIMIT;
    ic__udp_stream *st = ic_mem_calloc(1, sizeof *st);
    if (!st)
        return IC_ERR_NOMEM;
    *st = (ic__udp_stream){.udp = u, .events = *events, .user = user};
    ic__queue_init(&st->relays);
    int error = ic__timers_reserve(&u->timers, u->streams.count + 1);
    if (!error)
        error = ic__map_put(&u->by_id, id, st);
    if (error) {
        ic_mem_free(st);
        return error;
    }
    error = ic__udx_new(&st->core, &u->env, id, opts, u->env.now_ns(u->env.user));
    if (error) {
        (void)ic__map_take(&u->by_id, id);
        ic_mem_free(st);
        return error;
    }
    ic__queue_push(&u->streams, &st->link);
    *out = st;
    return 0;
}

void ic__udp_stream_free(ic__udp_stream *st)
{
    ic__udp *u = st->udp;

    if (!st->told_closed) {
        st->told_closed = true;
        st->events.closed(st, IC_ERR_CANCELED, st->user);
    }
    for (ic__link *l = ic__queue_first(&st->relays); l;
         l = ic__queue_first(&st->relays)) {
        ic__udp_stream *other = IC__ELEMENT(l, ic__udp_stream, relay);
        ic__udp_stream_relay(other, NULL);
        ic__udp_stream_close(other);
    }
    ic__udp_stream_relay(st, NULL);
    (void)ic__map_take(&u->by_id, ic__udx_id(st->core));
    ic__timers_set(&u->timers, &st->timer, IC__NEVER);
    ic__queue_remove(&u->dirty, &st->dirty);
    ic__queue_remove(&u->starved, &st->starved);
    ic__queue_remove(&u->streams, &st->link);
    ic__udx_free(st->core);
    ic_mem_free(st);
}

static ic__udx_path path_to(ic__udp_socket *sock, uint32_t remote_id, const ic__addr *to)
{
    return (ic__udx_path){.addr = *to, .via = sock, .id = remote_id};
}

int ic__udp_stream_connect(ic__udp_stream *st, ic__udp_socket *sock, uint32_t remote_id,
                           const ic__addr *to)
{
    ic__udx_path path = path_to(sock, remote_id, to);
    struct sockaddr_storage name;

    if (sock->closed || !ic__sockaddr_put(&name, to, sock->family))
        return IC_ERR_INVALID;
    int error = ic__udx_connect(st->core, &path, st->udp->env.now_ns(st->udp->env.user));
    if (error)
        return error;
    sock->carried = true;
    ic__udx_limit_mtu(st->core, route_mtu(to));
    ic__udp_touch(st);
    return 0;
}

void ic__udp_stream_set_events(ic__udp_stream *st, const ic__udp_stream_events *events,
                               void *user)
{
    st->events = *events;
    st->user = user;
}

void ic__udp_stream_set_strict(ic__udp_stream *st, bool on)
{
    st->strict = on;
}

int ic__udp_stream_move(ic__udp_stream *st, ic__udp_socket *sock, uint32_t remote_id,
                        const ic__addr *to)
{
    ic__udx_path path = path_to(sock, remote_id, to);
    struct sockaddr_storage name;

    if (sock->closed || !ic__sockaddr_put(&name, to, sock->family))
        return IC_ERR_INVALID;
    ic__udp_socket *before =
        ic__udx_connected(st->core) ? ic__udx_current_path(st->core)->via : NULL;
    int error = ic__udx_move(st->core, &path);
    if (error)
        return error;
    if (before != sock)
        st->before = before;
    st->unheard = true;
    sock->carried = true;
    ic__udx_limit_mtu(st->core, route_mtu(to));
    ic__udp_touch(st);
    return 0;
}

void ic__udp_stream_repeat_when_heard(ic__udp_stream *st)
{
    ic__udx_repeat_when_heard(st->core);
}

bool ic__udp_stream_path(const ic__udp_stream *st, ic__udp_socket **sock, ic__addr *to)
{
    if (!st || !ic__udx_connected(st->core))
        return false;
    const ic__udx_path *path = ic__udx_current_path(st->core);
    *sock = path->via;
    *to = path->addr;
    return true;
}

void ic__udp_stream_relay(ic__udp_stream *st, ic__udp_stream *to)
{
    if (st->relay_to)
        ic__queue_remove(&st->relay_to->relays, &st->relay);
    st->relay_to = to;
    if (to)
        ic__queue_push(&to->relays, &st->relay);
}

int ic__udp_stream_write(ic__udp_stream *st, const uint8_t *data, size_t len)
{
    int error = ic__udx_write(st->core, data, len);

    if (!error)
        ic__udp_touch(st);
    return error;
}

int ic__udp_stream_send(ic__udp_stream *st, const uint8_t *data, size_t len)
{
    int error = ic__udx_send(st->core, data, len);

    if (!error)
        ic__udp_touch(st);
    return error;
}

int ic__udp_stream_end(ic__udp_stream *st)
{
    int error = ic__udx_end(st->core);

    if (!error)
        ic__udp_touch(st);
    return error;
}

void ic__udp_stream_set_reading(ic__udp_stream *st, bool on)
{
    ic__udx_set_reading(st->core, on);
    ic__udp_touch(st);
}

void ic__udp_stream_set_keepalive(ic__udp_stream *st, uint64_t interval_ns)
{
    ic__udx_set_keepalive(st->core, interval_ns, st->udp->env.now_ns(st->udp->env.user));
    ic__udp_touch(st);
}

ic__udx_stats ic__udp_stream_get_stats(const ic__udp_stream *st)
{
    return ic__udx_get_stats(st->core);
}

void ic__udp_stream_close(ic__udp_stream *st)
{
    if (!st || st->told_closed)
        return;
    /* A relay only carries packets: its peers hear each other's destroy, not its own. */
    if (st->relay_to)
        ic__udx_drop(st->core, 0);
    else
        ic__udx_destroy(st->core);
    ic__udp_touch(st);
}

/* Pass a packet on as it is, under the other stream's name (spec section 9). */
static bool pass_on(ic__udp_stream *to, const uint8_t *data, size_t len)
{
    if (!ic__udx_connected(to->core) || len > IC__UDP_MOST_BYTES)
        return false;
    const ic__udx_path *path = ic__udx_current_path(to->core);
    uint8_t *room = ic__udp_room(to->udp);
    memcpy(room, data, len);
    ic__udx_packet_set_id(room, path->id);
    return ic__udp_put(path->via, &path->addr, len, true);
}

static void relay(ic__udp_stream *st, const uint8_t *data, size_t len)
{
    ic__udx_packet packet;

    if (!pass_on(st->relay_to, data, len))
        st->udp->stats.dropped_relay++;
    if (ic__udx_packet_decode(&packet, data, len) == 0 && packet.type & IC__UDX_DESTROY)
        ic__udx_drop(st->core, IC_ERR_CLOSED);
}

static bool on_its_way(const ic__udp_stream *st, const ic__udp_socket *sock,
                       const ic__addr *from)
{
    if (!ic__udx_connected(st->core))
        return false;
    const ic__udx_path *path = ic__udx_current_path(st->core);
    return path->via == sock && (!st->strict || ic__addr_equal(&path->addr, from));
}

static void note_way(ic__udp_stream *st, const ic__udp_socket *sock, const ic__addr *from)
{
    const ic__udx_path *path =
        ic__udx_connected(st->core) ? ic__udx_current_path(st->core) : NULL;

    if (!path || path->via != sock || !ic__addr_equal(&path->addr, from))
        return;
    st->unheard = false;
    if (st->events.heard && !st->told_closed)
        st->events.heard(st, st->user);
}

static bool may_pass(ic__udp_stream *st, ic__udp_socket *sock, const ic__addr *from)
{
    if (on_its_way(st, sock, from) || (st->before == sock && !st->strict))
        return true;
    return st->events.firewall && !st->told_closed &&
           !st->events.firewall(st, sock, from, st->user);
}

static void note_refusal(ic__udp_stream *st, const uint8_t *data, size_t len)
{
    ic__udx_packet packet;

    if (st->events.refused && !st->told_closed &&
        ic__udx_packet_decode(&packet, data, len) == 0 && packet.type & IC__UDX_DESTROY)
        st->events.refused(st, st->user);
}

bool ic__udp_dispatch(ic__udp_socket *sock, const uint8_t *data, size_t len,
                      const ic__addr *from)
{
    ic__udp *u = sock->udp;
    uint32_t id;

    if (!ic__udx_packet_id(data, len, &id))
        return false;
    ic__udp_stream *st = ic__map_get(&u->by_id, id);
    if (!st)
        return false;
    if (st->unheard)
        note_way(st, sock, from);
    if (!ic__udx_connected(st->core))
        note_refusal(st, data, len);
    if (!may_pass(st, sock, from)) {
        u->stats.dropped_firewall++;
        return true;
    }
    if (st->relay_to)
        relay(st, data, len);
    else
        (void)ic__udx_recv(st->core, data, len, u->now);
    ic__udp_touch(st);
    return true;
}

static bool kernel_is_full(const ic__udp_stream *st)
{
    const ic__udp_socket *sock = ic__udx_current_path(st->core)->via;
    return sock->waiting.count > 0;
}

void ic__udp_stream_flush(ic__udp_stream *st)
{
    ic__udp *u = st->udp;
    ic__udx_path to;

    while (ic__udx_connected(st->core)) {
        if (kernel_is_full(st)) {
            ic__queue_push(&u->starved, &st->starved); /* on_writable comes back here */
            return;
        }
        uint8_t *room = ic__udp_room(u);
        size_t n = ic__udx_pull(st->core, room, IC__UDP_MOST_BYTES, &to, u->now);
        if (!n)
            return;
        (void)ic__udp_put(to.via, &to.addr, n, true);
    }
}

static void tell(ic__udp_stream *st, const ic__udx_event *event)
{
    const ic__udp_stream_events *on = &st->events;

    if (event->what == IC__UDX_GOT_DATA && on->data) {
        on->data(st, event->data, event->len, st->user);
    } else if (event->what == IC__UDX_GOT_MESSAGE && on->message) {
        on->message(st, event->data, event->len, st->user);
    } else if (event->what == IC__UDX_GOT_END && on->end) {
        on->end(st, st->user);
    } else if (event->what == IC__UDX_DRAINED && on->drain) {
        on->drain(st, st->user);
    } else if (event->what == IC__UDX_MOVED && on->moved) {
        on->moved(st, st->user);
    } else if (event->what == IC__UDX_CLOSED) {
        st->told_closed = true;
        on->closed(st, event->error, st->user);
    }
}

bool ic__udp_stream_turn(ic__udp_stream *st)
{
    ic__udx_event event;

    /* Nothing leaves before the turn is over: an acknowledgement can wait for an answer
     * to ride on. */
    while (ic__udx_next(st->core, &event))
        tell(st, &event);
    ic__udp_stream_flush(st);
    if (ic__udx_done(st->core))
        return false;
    st->udp->plenty =
        st->udp->plenty || ic__udx_has_plenty(st->core, st->udp->opts.rest_ns);
    ic__timers_set(&st->udp->timers, &st->timer, ic__udx_deadline(st->core));
    return true;
}
