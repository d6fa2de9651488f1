#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "dht_world_state.h"
#include "intercom/error.h"

#define SERVER_PORT 49737
#define MOST_SOCKETS 512

static ic__addr ip_of(uint32_t number)
{
    return (ic__addr){.ip = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                             (uint8_t)(number >> 8), (uint8_t)number},
                      .family = 4};
}

void dht_machine_free(dht_machine *m)
{
    free(m->ports);
    free(m->streams);
    free(m);
}

static bool is_inside(const dht_machine *m, const ic__addr *to)
{
    return m->nat && to->ip[0] == 192 && to->ip[1] == 168;
}

static void leave(dht_machine *m, uint32_t sock, const ic__addr *to, const uint8_t *data,
                  size_t len, uint8_t ttl)
{
    dht_world *w = m->world;
    uint8_t copy[2048];
    struct datagram d = {.from = m->address, .to = *to, .data = copy, .len = len};

    if (sock >= m->socket_count || !m->ports[sock])
        return;
    d.from.port = m->ports[sock];
    if (is_inside(m, to))
        d.lan = m->nat;
    else if (m->nat)
        d.from = dht_nat_out(m->nat, &w->clock.random, &d.from, to);
    /* A short-lived datagram opens the own NAT and dies on the way. */
    if (!d.from.family || (ttl && !d.lan) || len > sizeof copy ||
        m->loopback != (to->ip[0] == 127)) {
        w->stats.blocked++;
        return;
    }
    memcpy(copy, data, len);
    dht_world_travel(w, &d);
}

static void host_send(void *user, uint32_t sock, const ic__addr *to, const uint8_t *data,
                      size_t len, uint8_t ttl)
{
    dht_machine *m = user;

    if (m->attached)
        leave(m, sock, to, data, len, ttl);
}

void dht_machine_send(dht_machine *m, uint32_t sock, const ic__addr *to,
                      const uint8_t *data, size_t len)
{
    leave(m, sock, to, data, len, 0);
}

static uint16_t free_port(dht_machine *m)
{
    if (m->loopback)
        return m->world->next_port++;
    return (uint16_t)(20000 + fake_random_below(&m->world->clock.random, 20000));
}

static void bind_socket(dht_machine *m, uint32_t sock, uint16_t port)
{
    if (sock >= m->socket_count) {
        m->ports = dht_must(realloc(m->ports, (sock + 1) * sizeof *m->ports));
        m->socket_count = sock + 1;
    }
    m->ports[sock] = port;
    if (m->loopback && ic__map_put(&m->world->ports, port, m) != 0)
        abort();
}

static int host_socket_open(void *user, uint32_t *sock)
{
    dht_machine *m = user;
    uint32_t at = 2;

    while (at < m->socket_count && m->ports[at])
        at++;
    if (at >= MOST_SOCKETS)
        return IC_ERR_LIMIT;
    bind_socket(m, at, free_port(m));
    *sock = at;
    return 0;
}

static void host_socket_close(void *user, uint32_t sock)
{
    dht_machine *m = user;

    if (m->loopback)
        (void)ic__map_take(&m->world->ports, m->ports[sock]);
    m->ports[sock] = 0;
}

static ic__addr host_socket_address(void *user, uint32_t sock)
{
    const dht_machine *m = user;
    return (ic__addr){.port = sock < m->socket_count ? m->ports[sock] : 0, .family = 4};
}

static size_t host_interfaces(void *user, ic__addr *out, size_t cap)
{
    const dht_machine *m = user;

    if (!cap)
        return 0;
    out[0] = m->address;
    return 1;
}

dht_stream *dht_machine_stream_of(const dht_machine *m, uint32_t local_id)
{
    for (size_t i = 0; local_id && i < m->stream_count; i++) {
        if (m->streams[i].local_id == local_id)
            return &m->streams[i];
    }
    return NULL;
}

static int host_stream_new(void *user, uint32_t *local_id)
{
    dht_machine *m = user;
    size_t at = 0;

    while (at < m->stream_count && m->streams[at].local_id)
        at++;
    if (at == m->stream_count) {
        m->streams = dht_must(realloc(m->streams, (at + 1) * sizeof *m->streams));
        m->stream_count = at + 1;
    }
    m->streams[at] = (dht_stream){0};
    do
        *local_id = (uint32_t)fake_random_u64(&m->world->clock.random);
    while (!*local_id || dht_machine_stream_of(m, *local_id));
    m->streams[at].local_id = *local_id;
    return 0;
}

static int host_stream_connect(void *user, uint32_t local_id, uint32_t sock,
                               uint32_t remote_id, const ic__addr *to)
{
    dht_stream *s = dht_machine_stream_of(user, local_id);

    if (!s)
        return IC_ERR_INVALID;
    s->sock = sock;
    s->remote_id = remote_id;
    s->to = *to;
    return 0;
}

static void host_stream_free(void *user, uint32_t local_id)
{
    dht_stream *s = dht_machine_stream_of(user, local_id);

    if (s)
        *s = (dht_stream){0};
}

static int host_relay_pair(void *user, const uint8_t relay_key[IC__DHT_KEY_BYTES],
                           const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator,
                           uint32_t local_id)
{
    (void)user;
    (void)relay_key;
    (void)token;
    (void)initiator;
    (void)local_id;
    return IC_ERR_UNSUPPORTED;
}

static void host_relay_drop(void *user, uint32_t local_id)
{
    (void)user;
    (void)local_id;
}

static dht_machine *machine_new(dht_world *w)
{
    dht_machine *m = dht_must(calloc(1, sizeof *m));

    if (w->count == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 64;
        w->machines = dht_must(realloc(w->machines, w->cap * sizeof(dht_machine *)));
    }
    w->machines[w->count++] = m;
    if (ic__timers_reserve(&w->timers, w->count) != 0)
        abort();
    m->world = w;
    m->host = (ic__dht_host){.send = host_send,
                             .socket_open = host_socket_open,
                             .socket_close = host_socket_close,
                             .socket_address = host_socket_address,
                             .interfaces = host_interfaces,
                             .stream_new = host_stream_new,
                             .stream_connect = host_stream_connect,
                             .stream_free = host_stream_free,
                             .relay_pair = host_relay_pair,
                             .relay_drop = host_relay_drop,
                             .user = m};
    return m;
}

static ic__addr new_site(dht_world *w, dht_nat *nat, dht_machine *m)
{
    struct site *site = dht_must(calloc(1, sizeof *site));
    uint32_t number = w->next_ip++;

    site->nat = nat;
    site->machine = m;
    if (ic__map_put(&w->sites, number, site) != 0)
        abort();
    return ip_of(number);
}

static void move_in(dht_nat *nat, dht_machine *m)
{
    size_t i = nat->machine_count++;

    nat->machines = dht_must(realloc(nat->machines, (i + 1) * sizeof(dht_machine *)));
    nat->machines[i] = m;
    m->nat = nat;
    m->address = (ic__addr){
        .ip = {192, 168, (uint8_t)(1 + i / 250), (uint8_t)(2 + i % 250)}, .family = 4};
}

dht_machine *dht_world_add(dht_world *w, dht_nat_kind kind)
{
    dht_machine *m = machine_new(w);
    dht_nat *nat;

    if (kind == DHT_OPEN) {
        m->address = new_site(w, NULL, m);
    } else {
        nat = dht_must(calloc(1, sizeof *nat));
        nat->kind = kind;
        nat->address = new_site(w, nat, NULL);
        move_in(nat, m);
    }
    bind_socket(m, IC__DHT_SERVER_SOCKET, SERVER_PORT);
    bind_socket(m, IC__DHT_CLIENT_SOCKET, free_port(m));
    return m;
}

dht_machine *dht_world_add_behind(dht_world *w, dht_machine *neighbour)
{
    dht_machine *m = machine_new(w);

    move_in(neighbour->nat, m);
    bind_socket(m, IC__DHT_SERVER_SOCKET, SERVER_PORT);
    bind_socket(m, IC__DHT_CLIENT_SOCKET, free_port(m));
    return m;
}

dht_machine *dht_world_add_loopback(dht_world *w)
{
    dht_machine *m = machine_new(w);

    m->loopback = true;
    m->address = ip_of(0x7f000001);
    bind_socket(m, IC__DHT_SERVER_SOCKET, free_port(m));
    bind_socket(m, IC__DHT_CLIENT_SOCKET, free_port(m));
    return m;
}

void dht_machine_attach(dht_machine *m, const dht_driver *driver)
{
    m->driver = *driver;
    m->attached = true;
}

void dht_machine_detach(dht_machine *m)
{
    m->attached = false;
    ic__timers_set(&m->world->timers, &m->timer, IC__NEVER);
}

const ic__dht_host *dht_machine_host(dht_machine *m)
{
    return &m->host;
}

ic__addr dht_machine_address(const dht_machine *m)
{
    ic__addr addr = m->nat ? m->nat->address : m->address;

    addr.port = m->ports[IC__DHT_SERVER_SOCKET];
    return addr;
}

void dht_machine_remap(dht_machine *m)
{
    dht_nat_remap(m->nat);
}

void dht_machine_set_nat(dht_machine *m, dht_nat_kind kind)
{
    m->nat->kind = kind;
}

const dht_stream *dht_machine_stream(const dht_machine *m, uint32_t local_id)
{
    return dht_machine_stream_of(m, local_id);
}

size_t dht_machine_stream_count(const dht_machine *m)
{
    size_t count = 0;

    for (size_t i = 0; i < m->stream_count; i++)
        count += m->streams[i].local_id != 0;
    return count;
}

size_t dht_machine_socket_count(const dht_machine *m)
{
    size_t count = 0;

    for (size_t i = 0; i < m->socket_count; i++)
        count += m->ports[i] != 0;
    return count;
}

/* A packet of a stream: a mark, and the number of the stream at its receiver. */
void dht_machine_stream_send(dht_machine *m, uint32_t local_id)
{
    const dht_stream *s = dht_machine_stream_of(m, local_id);
    uint8_t packet[5] = {DHT_STREAM_MARK};

    if (!s || !s->to.family)
        return;
    memcpy(packet + 1, &s->remote_id, sizeof s->remote_id);
    leave(m, s->sock, &s->to, packet, sizeof packet, 0);
}
