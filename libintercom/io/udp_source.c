#include "io/udp_source.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "intercom/sys/mem.h"
#include "io/sockaddr.h"

void ic__udp_sources_free(ic__udp_sources *s)
{
    ic_mem_free(s->hosts);
    s->hosts = NULL;
}

static ic__udp_source_host *place_of(const ic__udp_sources *s, const uint8_t host[4])
{
    uint32_t mixed = (uint32_t)host[0] * 31u + host[1];

    mixed = (mixed * 31u + host[2]) * 31u + host[3];
    return &s->hosts[mixed % IC__UDP_SOURCE_HOSTS];
}

/* False when it says nothing: then it is left to it. */
static bool kernel_chooses(const ic__addr *to, uint8_t chosen[4])
{
    struct sockaddr_storage name;
    socklen_t len = ic__sockaddr_put(&name, to, AF_INET);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    bool ok = connect(fd, (const struct sockaddr *)(const void *)&name, len) == 0 &&
              getsockname(fd, (struct sockaddr *)(void *)&name, &len) == 0;
    (void)close(fd);
    const ic__addr us = ic__sockaddr_get(&name);
    memcpy(chosen, us.ip, 4);
    return ok;
}

static void look(ic__udp_source_host *place, const ic__addr *from, const ic__addr *at)
{
    uint8_t chosen[4];

    memcpy(place->host, from->ip, sizeof place->host);
    memcpy(place->at, at->ip, sizeof place->at);
    place->differs =
        kernel_chooses(from, chosen) && memcmp(chosen, at->ip, sizeof chosen) != 0;
}

void ic__udp_sources_note(ic__udp_sources *s, const ic__addr *from, const ic__addr *at)
{
    if (from->family != 4 || at->family != 4)
        return;
    if (!s->hosts)
        s->hosts = ic_mem_calloc(IC__UDP_SOURCE_HOSTS, sizeof *s->hosts);
    if (!s->hosts)
        return; /* as the kernel chooses */
    ic__udp_source_host *place = place_of(s, from->ip);
    if (memcmp(place->host, from->ip, sizeof place->host) == 0 &&
        memcmp(place->at, at->ip, sizeof place->at) == 0)
        return;
    if (!s->looks)
        return;
    s->looks--;
    look(place, from, at);
}

const uint8_t *ic__udp_sources_find(const ic__udp_sources *s, const ic__addr *to)
{
    if (!s->hosts || to->family != 4)
        return NULL;
    const ic__udp_source_host *place = place_of(s, to->ip);
    bool known = memcmp(place->host, to->ip, sizeof place->host) == 0;
    return known && place->differs ? place->at : NULL;
}
