#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/dht_state.h"

#define NEXT_PORTS 4 /* that are tried after the one that is wanted */

static ic__dht_socket *find(const ic_dht *dht, uint32_t number)
{
    return ic__map_get(&dht->sockets, number);
}

static void on_message(ic__udp_socket *udp, const uint8_t *data, size_t len,
                       const ic__addr *from, void *user)
{
    const ic__dht_socket *sock = user;
    ic_dht *dht = sock->dht;

    (void)udp;
    if (!dht->node || dht->asleep)
        return;
    ic__dht_enter(dht);
    ic__dht_recv(dht->node, sock->number, from, data, len, ic__dht_now(dht));
    ic__dht_leave(dht);
}

static int open_at(ic_dht *dht, uint32_t number, uint16_t port)
{
    ic__addr bind = dht->host;
    ic__dht_socket *sock = ic_mem_calloc(1, sizeof *sock);

    if (!sock)
        return IC_ERR_NOMEM;
    bind.port = port;
    *sock = (ic__dht_socket){.dht = dht, .number = number};
    int err = ic__map_put(&dht->sockets, number, sock);
    if (err) {
        ic_mem_free(sock);
        return err;
    }
    err = ic__udp_socket_new(dht->home.udp, &sock->udp, &bind, on_message, sock);
    if (err) {
        (void)ic__map_take(&dht->sockets, number);
        ic_mem_free(sock);
    }
    return err;
}

/* The wanted port, the next ones, any. */
static int open_server(ic_dht *dht)
{
    uint16_t wanted = dht->opts.port;
    bool only = !dht->opts.any_port || dht->opts.mode == IC_DHT_BOOTSTRAPPER;

    int err = open_at(dht, IC__DHT_SERVER_SOCKET, wanted);
    for (uint16_t next = 1; err == IC_ERR_IO && wanted && !only && next <= NEXT_PORTS;
         next++) {
        if (wanted <= UINT16_MAX - next)
            err = open_at(dht, IC__DHT_SERVER_SOCKET, (uint16_t)(wanted + next));
    }
    if (err == IC_ERR_IO && wanted && !only)
        err = open_at(dht, IC__DHT_SERVER_SOCKET, 0);
    return err;
}

static int open_client(ic_dht *dht)
{
    int err = open_at(dht, IC__DHT_CLIENT_SOCKET, dht->client_port);

    if (err == IC_ERR_IO && dht->client_port)
        err = open_at(dht, IC__DHT_CLIENT_SOCKET, 0);
    return err;
}

static void close_socket(void *user, uint32_t number)
{
    ic_dht *dht = user;
    ic__dht_socket *sock = ic__map_take(&dht->sockets, number);

    if (!sock)
        return;
    ic__udp_socket_close(sock->udp);
    ic_mem_free(sock);
}

int ic__dht_bind(ic_dht *dht)
{
    int err = open_server(dht);

    if (!err)
        err = open_client(dht);
    if (err) {
        close_socket(dht, IC__DHT_SERVER_SOCKET);
        return err;
    }
    const ic__addr server = ic__udp_socket_address(find(dht, IC__DHT_SERVER_SOCKET)->udp);
    dht->opts.port = server.port; /* the first to try when it wakes up */
    dht->client_port = ic__udp_socket_address(find(dht, IC__DHT_CLIENT_SOCKET)->udp).port;
    ic__sockaddr_print(dht->address, &server);
    return 0;
}

void ic__dht_unbind(ic_dht *dht)
{
    size_t at = 0;

    for (ic__dht_socket *sock = ic__map_next(&dht->sockets, &at); sock;
         sock = ic__map_next(&dht->sockets, &at)) {
        close_socket(dht, sock->number);
        at = 0; /* what follows may have moved */
    }
}

static void send_datagram(void *user, uint32_t number, const ic__addr *to,
                          const uint8_t *data, size_t len, uint8_t ttl)
{
    ic_dht *dht = user;
    const ic__dht_socket *sock = find(dht, number);

    if (sock && ic__udp_socket_send(sock->udp, to, data, len, ttl) == IC_ERR_AGAIN)
        dht->dropped_waiting++;
}

static int open_puncher(void *user, uint32_t *number)
{
    ic_dht *dht = user;

    int err = open_at(dht, dht->next_socket, 0);
    if (!err)
        *number = dht->next_socket++;
    return err;
}

static ic__addr socket_address(void *user, uint32_t number)
{
    const ic__dht_socket *sock = find(user, number);

    return sock ? ic__udp_socket_address(sock->udp) : (ic__addr){0};
}

static size_t interfaces(void *user, ic__addr *out, size_t cap)
{
    const ic_dht *dht = user;
    size_t count = dht->interface_count < cap ? dht->interface_count : cap;

    memcpy(out, dht->interfaces, count * sizeof *out);
    return count;
}

const ic__dht_host ic__dht_host_calls = {
    .send = send_datagram,
    .socket_open = open_puncher,
    .socket_close = close_socket,
    .socket_address = socket_address,
    .interfaces = interfaces,
    .stream_new = ic__dht_carrier_new,
    .stream_connect = ic__dht_carrier_connect,
    .stream_free = ic__dht_carrier_free,
    .relay_pair = ic__dht_relay_pair,
    .relay_drop = ic__dht_relay_drop,
};
