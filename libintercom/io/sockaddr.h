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

#define IC__SOCKADDR_TEXT_BYTES 56 /* "[" IPv6 "]:65535" and the closing zero */

/** Read "127.0.0.1:4000" or "[::1]:4000": numbers only, no names. False when it is
 * neither. */
bool ic__sockaddr_parse(ic__addr *out, const char *text);

/** The other way round. */
void ic__sockaddr_print(char text[IC__SOCKADDR_TEXT_BYTES], const ic__addr *addr);

#endif
