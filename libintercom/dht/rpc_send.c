/* Datagrams out: where they may go, and what is counted. */
#include "dht/rpc_state.h"

#include <string.h>

bool ic__rpc_can_reach(const ic__addr *addr)
{
    return addr->family == 4 && addr->port && addr->ip[0] != 0 && addr->ip[0] < 224;
}

static bool is_bound_to(const ic__rpc *rpc, uint32_t sock, const ic__addr *addr)
{
    static const uint8_t any[4] = {0, 0, 0, 0};
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    const ic__addr *own = &rpc->bound[sock];

    if (own->port != addr->port)
        return false;
    if (memcmp(own->ip, any, sizeof any) == 0)
        return memcmp(addr->ip, loopback, sizeof loopback) == 0;
    return memcmp(own->ip, addr->ip, sizeof any) == 0;
}

bool ic__rpc_is_self(const ic__rpc *rpc, const ic__addr *addr)
{
    return ic__addr_equal(addr, &rpc->self) ||
           ic__addr_equal(addr, &rpc->sampler.address) ||
           is_bound_to(rpc, IC__DHT_SERVER_SOCKET, addr) ||
           is_bound_to(rpc, IC__DHT_CLIENT_SOCKET, addr);
}

const uint8_t *ic__rpc_id_by(const ic__rpc *rpc, uint32_t sock)
{
    return rpc->persistent && sock == IC__DHT_SERVER_SOCKET ? rpc->table.id : NULL;
}

uint32_t ic__rpc_own_socket(const ic__rpc *rpc)
{
    return rpc->firewalled ? IC__DHT_CLIENT_SOCKET : IC__DHT_SERVER_SOCKET;
}

void ic__rpc_send(ic__rpc *rpc, uint32_t sock, const ic__addr *to, const uint8_t *data,
                  size_t len, uint8_t ttl)
{
    if (rpc->suspended || !ic__rpc_can_reach(to))
        return;
    rpc->stats.datagrams_out++;
    rpc->stats.bytes_out += len;
    rpc->host->send(rpc->host->user, sock, to, data, len, ttl);
}

void ic__rpc_punch(ic__rpc *rpc, uint32_t sock, const ic__addr *to, uint8_t ttl)
{
    static const uint8_t zero[1] = {0};

    ic__rpc_send(rpc, sock, to, zero, sizeof zero, ttl);
}

void ic__rpc_pass_on(ic__rpc *rpc, uint32_t sock, uint16_t tid, const ic__addr *to,
                     uint32_t command, const uint8_t *target, const uint8_t *value,
                     size_t value_len)
{
    uint8_t bytes[IC__RPC_VALUE_MAX + IC__RPC_HEAD_MAX];
    ic__rpc_message m = {.type = IC__RPC_REQUEST,
                         .tid = tid,
                         .to = *to,
                         .id = ic__rpc_id_by(rpc, sock),
                         .command = command,
                         .target = target,
                         .value = value,
                         .value_len = value_len};
    size_t len = 0;

    if (ic__rpc_can_reach(to) && value_len <= IC__RPC_VALUE_MAX)
        len = ic__rpc_message_write(&m, bytes, sizeof bytes);
    if (!len) {
        rpc->stats.dropped_limit++;
        return;
    }
    ic__rpc_send(rpc, sock, to, bytes, len, 0);
}
