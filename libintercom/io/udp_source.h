/**
 * @file io/udp_source.h
 * By which of our addresses a host has asked a socket that is bound to all of them: it
 * takes an answer from no other (NATs and ids of DHT nodes depend on it).
 *
 * The kernel chooses the source of a datagram by its destination. Only hosts for which
 * that is another address than they asked are of interest; the others cost one look.
 *
 * Spec     docs/spec/06-hyperdht.md, section 10, duty 6
 * Threads  one at a time
 */
#ifndef IO_UDP_SOURCE_H
#define IO_UDP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define IC__UDP_SOURCE_HOSTS                                                             \
    256                        /* remembered; a newer one takes the place of an older    \
                                */
#define IC__UDP_SOURCE_LOOKS 8 /* at what the kernel chooses, in one turn */

typedef struct ic__udp_source_host {
    uint8_t host[4];
    uint8_t at[4]; /* all zero = nobody */
    bool differs;  /* from what the kernel would choose */
} ic__udp_source_host;

typedef struct ic__udp_sources {
    ic__udp_source_host *hosts; /* NULL until the first one */
    unsigned looks;             /* left in this turn */
} ic__udp_sources;

void ic__udp_sources_free(ic__udp_sources *s);

/** `from` has asked us at `at`; both are IPv4, else nothing happens. */
void ic__udp_sources_note(ic__udp_sources *s, const ic__addr *from, const ic__addr *at);

/** What to send to this host from, 4 bytes; NULL = as the kernel chooses. */
const uint8_t *ic__udp_sources_find(const ic__udp_sources *s, const ic__addr *to);

#endif
