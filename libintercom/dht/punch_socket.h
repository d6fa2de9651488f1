/**
 * @file dht/punch_socket.h
 * Sockets besides the two of the node: each is the start of a way that one NAT knows.
 *
 * Counted references: a puncher opens one, and a stream that goes by it keeps it open for
 * as long as it lives.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 7, 8 and 10
 */
#ifndef DHT_PUNCH_SOCKET_H
#define DHT_PUNCH_SOCKET_H

#include "dht/links.h"

typedef struct ic__punch_socket {
    ic__dht_links *links;
    uint32_t number;
    unsigned refs;
    /** One byte came; NULL when nobody punches by it any more. */
    void (*on_punch)(void *user, struct ic__punch_socket *socket, const ic__addr *from);
    void *user;
} ic__punch_socket;

/** With one reference. @return 0; IC_ERR_LIMIT; IC_ERR_IO; IC_ERR_NOMEM */
IC_CHECK int ic__punch_socket_open(ic__dht_links *links, ic__punch_socket **out);

/** The socket of that number, or NULL when it is one of the node's two. */
ic__punch_socket *ic__punch_socket_find(ic__dht_links *links, uint32_t number);

/** Another reference; NULL is fine, and given back. */
ic__punch_socket *ic__punch_socket_hold(ic__punch_socket *socket);

/** One reference less, the last one closes; NULL is fine. */
void ic__punch_socket_release(ic__punch_socket *socket);

#endif
