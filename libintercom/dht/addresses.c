#include "dht/addresses.h"

typedef struct block {
    uint8_t ip[4];
    unsigned bits;
} block;

static const block private_blocks[] = {
    {{10, 0, 0, 0}, 8},     {{100, 64, 0, 0}, 10}, {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12}, {{192, 168, 0, 0}, 16},
};

static const block reserved_blocks[] = {
    {{0, 0, 0, 0}, 8},     {{192, 0, 0, 0}, 24},    {{192, 0, 2, 0}, 24},
    {{198, 18, 0, 0}, 15}, {{198, 51, 100, 0}, 24}, {{203, 0, 113, 0}, 24},
    {{224, 0, 0, 0}, 3},
};

static uint32_t number_of(const uint8_t ip[4])
{
    return (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];
}

static bool is_in(const ic__addr *a, const block *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t differs = number_of(a->ip) ^ number_of(blocks[i].ip);
        if (differs >> (32 - blocks[i].bits) == 0)
            return true;
    }
    return false;
}

bool ic__addr_is_private(const ic__addr *a)
{
    return a->family == 4 &&
           is_in(a, private_blocks, sizeof private_blocks / sizeof private_blocks[0]);
}

bool ic__addr_is_reserved(const ic__addr *a)
{
    return a->family == 4 &&
           is_in(a, reserved_blocks, sizeof reserved_blocks / sizeof reserved_blocks[0]);
}

bool ic__addr_is_bogon(const ic__addr *a)
{
    return ic__addr_is_private(a) || ic__addr_is_reserved(a);
}

bool ic__addr_is_loopback(const ic__addr *a)
{
    return a->family == 4 && a->ip[0] == 127;
}

bool ic__addr_is_sendable(const ic__addr *a)
{
    return a->family == 4 && a->port != 0 && a->ip[0] != 0 && a->ip[0] < 224;
}

static size_t leading_bytes(const ic__addr *a, const ic__addr *b)
{
    size_t n = 0;

    while (n < 3 && a->ip[n] == b->ip[n])
        n++;
    return n;
}

const ic__addr *ic__addr_match(const ic__addr *mine, size_t mine_count,
                               const ic__addr *theirs, size_t theirs_count)
{
    const ic__addr *best = NULL;
    size_t most = 0;

    for (size_t i = 0; i < mine_count; i++) {
        for (size_t k = 0; k < theirs_count; k++) {
            size_t n = leading_bytes(&mine[i], &theirs[k]);
            if (n <= most)
                continue;
            most = n;
            best = &theirs[k];
            if (n == 3)
                return best;
        }
    }
    return best;
}

bool ic__addr_host_in(const ic__addr *a, const ic__addr *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ic__addr_same_host(a, &list[i]))
            return true;
    }
    return false;
}

size_t ic__local_addresses(const ic__dht_host *host, ic__addr *out, size_t cap)
{
    const uint8_t anywhere[4] = {0};
    ic__addr bound = host->socket_address(host->user, IC__DHT_SERVER_SOCKET);
    size_t count;

    if (cap == 0)
        return 0;
    if (memcmp(bound.ip, anywhere, sizeof anywhere) != 0) {
        out[0] = bound;
        return 1;
    }
    count = host->interfaces(host->user, out, cap);
    for (size_t i = 0; i < count; i++)
        out[i].port = bound.port;
    return count;
}
