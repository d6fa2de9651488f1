/**
 * @file io/sockaddr.h
 * Addresses as the kernel wants them.
 */
#ifndef IO_SOCKADDR_H
#define IO_SOCKADDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/addr.h"

/** For a socket of `family` (AF_INET, AF_INET6; IPv4 is mapped there). 0 when it does not
 * fit. */
socklen_t ic__sockaddr_put(struct sockaddr_storage *out, const ic__addr *addr,
                           int family);

/** A mapped IPv4 address comes back as IPv4; family 0 for what is neither. */
ic__addr ic__sockaddr_get(const struct sockaddr_storage *in);

#endif
