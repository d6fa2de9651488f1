/**
 * @file base/addr.h
 * Where a datagram comes from or goes to, without any socket header.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct ic__addr {
    uint8_t ip[16]; /* network order; IPv4 uses the first four bytes, the rest is zero */
    uint16_t port;  /* host order */
    uint8_t family; /* 4, 6, or 0 for none */
} ic__addr;

static inline bool ic__addr_equal(const ic__addr *a, const ic__addr *b)
{
    return a->family == b->family && a->port == b->port &&
           memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

#endif
