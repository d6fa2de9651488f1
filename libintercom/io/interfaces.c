#include "io/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sockaddr.h"

#define WAIT_MS 5 /* the kernel hands it over at once */

static int by_bytes(const void *a, const void *b)
{
    const ic__addr *one = a;
    const ic__addr *other = b;

    return memcmp(one->ip, other->ip, sizeof one->ip);
}

static bool hears_itself(int fd, const ic__addr *at)
{
    struct sockaddr_storage name;
    socklen_t len = ic__sockaddr_put(&name, at, AF_INET);
    struct sockaddr *self = (struct sockaddr *)(void *)&name;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char byte = 0;

    return bind(fd, self, len) == 0 && getsockname(fd, self, &len) == 0 &&
           sendto(fd, &byte, 1, 0, self, len) == 1 && poll(&wait, 1, WAIT_MS) == 1;
}

bool ic__interface_works(const ic__addr *at)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    bool works = hears_itself(fd, at);
    (void)close(fd);
    return works;
}

static size_t collect(const struct ifaddrs *list, bool loopback, ic__addr *out,
                      size_t cap)
{
    size_t count = 0;

    for (const struct ifaddrs *i = list; i && count < cap; i = i->ifa_next) {
        bool is_loopback = (i->ifa_flags & IFF_LOOPBACK) != 0;
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
            !(i->ifa_flags & IFF_UP) || is_loopback != loopback)
            continue;
        const struct sockaddr_in *in = (const struct sockaddr_in *)(void *)i->ifa_addr;
        out[count] = (ic__addr){.family = 4};
        memcpy(out[count].ip, &in->sin_addr, sizeof in->sin_addr);
        count += ic__interface_works(&out[count]);
    }
    return count;
}

size_t ic__interfaces_read(ic__addr *out, size_t cap)
{
    struct ifaddrs *list = NULL;

    if (getifaddrs(&list) != 0)
        return 0;
    size_t count = collect(list, false, out, cap);
    if (!count)
        count = collect(list, true, out, cap);
    freeifaddrs(list);
    qsort(out, count, sizeof *out, by_bytes);
    return count;
}
