/**
 * @file dht/host.h
 * What a DHT node asks of whoever holds its sockets and streams: the driver in io, a
 * simulated network, a fuzzer.
 *
 * The node is plain memory: datagrams and time go in by its functions, what it wants done
 * goes out through these. None of them may call back into the node.
 *
 * Spec     docs/spec/05-dht-rpc.md, section 7; docs/spec/06-hyperdht.md, sections 6 to 8
 */
#ifndef DHT_HOST_H
#define DHT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "intercom/api.h"

/* The two sockets that every node has, bound before it starts. Others are numbered by
 * the host. */
#define IC__DHT_SERVER_SOCKET 0u
#define IC__DHT_CLIENT_SOCKET 1u
#define IC__DHT_ANY_SOCKET UINT32_MAX /* where a request may choose for itself */

#define IC__DHT_KEY_BYTES 32
#define IC__DHT_TOKEN_BYTES 32

typedef struct ic__dht_host {
    /** Send one datagram; `data` is borrowed, `ttl` 0 = as usual. What cannot be sent is
     * lost, as on any network. */
    void (*send)(void *user, uint32_t sock, const ic__addr *to, const uint8_t *data,
                 size_t len, uint8_t ttl);

    /** One more socket, at any port, for a hole puncher. @return 0; IC_ERR_LIMIT;
     * IC_ERR_IO; IC_ERR_NOMEM */
    int (*socket_open)(void *user, uint32_t *sock);
    void (*socket_close)(void *user, uint32_t sock);

    /** Where a socket is bound: its own port, and 0.0.0.0 or one address. */
    ic__addr (*socket_address)(void *user, uint32_t sock);

    /** IPv4 addresses of this machine's interfaces (port 0), without the loopback one
     * unless there is no other; at most `cap`. @return how many */
    size_t (*interfaces)(void *user, ic__addr *out, size_t cap);

    /** A UDX stream under a free random number, by which the peer will name it. Until
     * it is connected, and for packets by a way that is not its own, the host calls
     * ic__dht_stream_packet. @return 0; IC_ERR_LIMIT; IC_ERR_NOMEM */
    int (*stream_new)(void *user, uint32_t *local_id);

    /** Connect it, or move it there when it was connected before. */
    int (*stream_connect)(void *user, uint32_t local_id, uint32_t sock,
                          uint32_t remote_id, const ic__addr *to);

    /** Close a stream that has not been handed over in an ic__dht_connection. */
    void (*stream_free)(void *user, uint32_t local_id);

    /** Ask a blind relay: connect to the node that listens on relay_key, and pair there
     * under `token`. The answer is ic__dht_relay_paired or ic__dht_relay_failed; spec 06,
     * section 11. @return 0; IC_ERR_UNSUPPORTED; IC_ERR_LIMIT; IC_ERR_NOMEM */
    int (*relay_pair)(void *user, const uint8_t relay_key[IC__DHT_KEY_BYTES],
                      const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator,
                      uint32_t local_id);

    /** The relay is not needed (any more). */
    void (*relay_drop)(void *user, uint32_t local_id);

    void *user;
} ic__dht_host;

#endif
