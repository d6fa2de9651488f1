/**
 * @file io/tcp.h
 * TCP addresses and listening sockets, with errors that a user understands.
 */
#ifndef IO_TCP_H
#define IO_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "intercom/api.h"

typedef struct ic__tcp_address {
    struct sockaddr_storage storage;
    socklen_t len;
} ic__tcp_address;

/** "127.0.0.1", "::1", "localhost" or another numeric address; no name is looked up.
 * @return 0 or IC_ERR_INVALID */
IC_CHECK int ic__tcp_address_parse(const char *host, uint16_t port, ic__tcp_address *out);

/** The same, but look other names up, which may take seconds. @return 0;
 * IC_ERR_NOT_FOUND; IC_ERR_NOMEM */
IC_CHECK int ic__tcp_address_resolve(const char *host, uint16_t port,
                                     ic__tcp_address *out);

/** Only this machine can reach it. */
bool ic__tcp_is_loopback(const ic__tcp_address *address);

/**
 * A non-blocking listening socket; the caller closes it.
 *
 * @param port  gets the port, which matters when 0 was asked for
 * @return 0; IC_ERR_BUSY when somebody listens there; IC_ERR_DENIED when the port needs
 * privileges; IC_ERR_NOT_FOUND when this machine has no such address; IC_ERR_IO
 */
IC_CHECK int ic__tcp_listen(const ic__tcp_address *address, int *fd, uint16_t *port);

/** A non-blocking socket that is connecting; the caller closes it. @return 0 or IC_ERR_IO
 */
IC_CHECK int ic__tcp_connect(const ic__tcp_address *address, int *fd);

/** What a connection should have: no delay for small messages, and probes that notice a
 * peer that is gone. */
void ic__tcp_tune(int fd);

/** A sentence for the user about an error of ic__tcp_listen or of what listens with it.
 */
void ic__tcp_listen_text(char *out, size_t size, const char *host, uint16_t port,
                         int error);

#endif
