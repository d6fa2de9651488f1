#include "io/sockaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

socklen_t ic__sockaddr_put(struct sockaddr_storage *out, const ic__addr *addr, int family)
{
    memset(out, 0, sizeof *out);
    if (family == AF_INET && addr->family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addr->port)};
        memcpy(&in.sin_addr, addr->ip, sizeof in.sin_addr);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    if (family != AF_INET6 || (addr->family != 4 && addr->family != 6))
        return 0;
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(addr->port)};
    if (addr->family == 4) {
        memcpy(in.sin6_addr.s6_addr, mapped, sizeof mapped);
        memcpy(in.sin6_addr.s6_addr + sizeof mapped, addr->ip, 4);
    } else {
        memcpy(&in.sin6_addr, addr->ip, sizeof in.sin6_addr);
    }
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

ic__addr ic__sockaddr_get(const struct sockaddr_storage *in)
{
    ic__addr addr = {0};

    if (in->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, in, sizeof v4);
        addr.family = 4;
        addr.port = ntohs(v4.sin_port);
        memcpy(addr.ip, &v4.sin_addr, sizeof v4.sin_addr);
    } else if (in->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, in, sizeof v6);
        bool is_mapped = memcmp(&v6.sin6_addr, mapped, sizeof mapped) == 0;
        addr.family = is_mapped ? 4 : 6;
        addr.port = ntohs(v6.sin6_port);
        memcpy(addr.ip, v6.sin6_addr.s6_addr + (is_mapped ? sizeof mapped : 0),
               is_mapped ? 4 : 16);
    }
    return addr;
}

static bool parse_port(uint16_t *out, const char *digits)
{
    uint32_t port = 0;
    size_t len = strlen(digits);

    if (!len || len > 5 || strspn(digits, "0123456789") != len)
        return false;
    for (; *digits; digits++)
        port = port * 10 + (uint32_t)(*digits - '0');
    *out = (uint16_t)port;
    return port <= UINT16_MAX;
}

bool ic__sockaddr_parse(ic__addr *out, const char *text)
{
    char host[IC__SOCKADDR_TEXT_BYTES] = {0};
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
    ic__addr addr = {.family = v6 ? 6 : 4};

    if (!len || len >= sizeof host || !parse_port(&addr.port, colon + 1))
        return false;
    memcpy(host, v6 ? text + 1 : text, v6 ? len - 2 : len);
    if (inet_pton(v6 ? AF_INET6 : AF_INET, host, addr.ip) != 1)
        return false;
    *out = addr;
    return true;
}

void ic__sockaddr_print(char text[IC__SOCKADDR_TEXT_BYTES], const ic__addr *addr)
{
    char host[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(addr->family == 6 ? AF_INET6 : AF_INET, addr->ip, host, sizeof host);
    (void)snprintf(text, IC__SOCKADDR_TEXT_BYTES, addr->family == 6 ? "[%s]:%u" : "%s:%u",
                   host, addr->port);
}
