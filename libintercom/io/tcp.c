#include "io/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "intercom/error.h"

#define BACKLOG 128

static int resolve(const char *host, uint16_t port, int flags, ic__tcp_address *out)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = flags | AI_NUMERICSERV,
    };
    struct addrinfo *found = NULL;
    char text[8];

    /* The system may say ::1 first, where those who listen on 127.0.0.1 are not. */
    if (strcasecmp(host, "localhost") == 0)
        host = "127.0.0.1";
    (void)snprintf(text, sizeof text, "%u", (unsigned)port);
    int error = getaddrinfo(host, text, &hints, &found);
    if (error != 0)
        return error == EAI_MEMORY ? IC_ERR_NOMEM : IC_ERR_NOT_FOUND;
    *out = (ic__tcp_address){.len = found->ai_addrlen};
    memcpy(&out->storage, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

int ic__tcp_address_parse(const char *host, uint16_t port, ic__tcp_address *out)
{
    int error = resolve(host, port, AI_NUMERICHOST, out);
    return error == IC_ERR_NOT_FOUND ? IC_ERR_INVALID : error;
}

int ic__tcp_address_resolve(const char *host, uint16_t port, ic__tcp_address *out)
{
    return resolve(host, port, 0, out);
}

bool ic__tcp_is_loopback(const ic__tcp_address *address)
{
    if (address->storage.ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, &address->storage, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, &address->storage, sizeof in6);
    return address->storage.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

static int error_of(int number)
{
    switch (number) {
    case EADDRINUSE:
        return IC_ERR_BUSY;
    case EACCES:
    case EPERM:
        return IC_ERR_DENIED;
    case EADDRNOTAVAIL:
        return IC_ERR_NOT_FOUND;
    default:
        return IC_ERR_IO;
    }
}

static int open_socket(const ic__tcp_address *address)
{
    return socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                  0);
}

static const struct sockaddr *generic(const ic__tcp_address *address)
{
    return (const struct sockaddr *)&address->storage;
}

/* The port of a bound socket, in host order. */
static uint16_t port_of(int fd)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    struct sockaddr_in in; /* sockaddr_in6 has its port in the same place */

    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
        return 0;
    memcpy(&in, &bound, sizeof in);
    return ntohs(in.sin_port);
}

int ic__tcp_listen(const ic__tcp_address *address, int *fd, uint16_t *port)
{
    int on = 1;
    int sock = open_socket(address);

    if (sock < 0)
        return IC_ERR_IO;
    if (setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(sock, generic(address), address->len) != 0 || listen(sock, BACKLOG) != 0) {
        int error = error_of(errno);
        (void)close(sock);
        return error;
    }
    *fd = sock;
    *port = port_of(sock);
    return 0;
}

int ic__tcp_connect(const ic__tcp_address *address, int *fd)
{
    int sock = open_socket(address);

    if (sock < 0)
        return IC_ERR_IO;
    if (connect(sock, generic(address), address->len) != 0 && errno != EINPROGRESS) {
        (void)close(sock);
        return IC_ERR_IO;
    }
    *fd = sock;
    return 0;
}

void ic__tcp_tune(int fd)
{
    int on = 1;

    /* Without them the connection works, only slower; nothing to report. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void ic__tcp_listen_text(char *out, size_t size, const char *host, uint16_t port,
                         int error)
{
    const unsigned number = port;

    switch (error) {
    case IC_ERR_BUSY:
        (void)snprintf(out, size, "port %u on %s is in use by another program", number,
                       host);
        break;
    case IC_ERR_DENIED:
        (void)snprintf(out, size, "not permitted to listen on port %u of %s", number,
                       host);
        break;
    case IC_ERR_INVALID:
        (void)snprintf(out, size, "%s is not an address to listen on", host);
        break;
    case IC_ERR_NOT_FOUND:
        (void)snprintf(out, size, "this machine does not have the address %s", host);
        break;
    default:
        (void)snprintf(out, size, "cannot listen on port %u of %s: %s", number, host,
                       ic_strerror(error));
        break;
    }
}
