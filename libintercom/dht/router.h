/**
 * @file dht/router.h
 * How handshakes and hole punch messages find a server: to one of this node, to one that
 * has announced itself here, back to the client that asked.
 *
 * Spec     docs/spec/06-hyperdht.md, section 4
 * Threads  one at a time
 *
 * A server of this node registers for the hash of its key. It is called inside of
 * ic__rpc_recv, may answer then or at any later time, or not at all: silence refuses.
 */
#ifndef DHT_ROUTER_H
#define DHT_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dht/messages.h"
#include "dht/rpc.h"
#include "intercom/api.h"

/** Which way an answer goes; a value, to be kept for as long as it takes. */
typedef struct ic__router_back {
    ic__addr to;     /* the client itself, or the relay in between */
    ic__addr client; /* behind the relay; family 0 = nobody is in between */
    uint32_t sock;   /* the request came by this one */
    uint16_t tid;
    uint8_t target[IC__DHT_KEY_BYTES];
} ic__router_back;

/** A handshake for a server of ours. The noise is borrowed. */
typedef struct ic__router_handshake {
    uint32_t mode; /* FROM_CLIENT, FROM_RELAY or FROM_SECOND_RELAY */
    const uint8_t *noise;
    size_t noise_len;
    ic__addr from;         /* the client, or the relay that passed it on */
    ic__addr to;           /* us, as `from` sees us: "serverAddress" */
    ic__addr peer_address; /* the client, as the relay sees it; family 0 = it is `from` */
    ic__addr relay_address; /* the first relay of two; else family 0 */
    uint32_t sock;
    ic__router_back back;
} ic__router_handshake;

/** A hole punch message for a server of ours; it always comes through a relay. */
typedef struct ic__router_holepunch {
    uint32_t id;
    const uint8_t *payload; /* sealed; borrowed */
    size_t payload_len;
    ic__addr from;         /* the relay */
    ic__addr to;           /* us, as the relay sees us: a sample for our NAT */
    ic__addr peer_address; /* the client, as the relay sees it */
    uint32_t sock;
    ic__router_back back;
} ic__router_holepunch;

/** Lives inside of its owner. */
typedef struct ic__router_server {
    uint8_t target[IC__DHT_KEY_BYTES];     /* set by ic__router_listen */
    uint8_t public_key[IC__DHT_KEY_BYTES]; /* set by ic__router_listen */
    void (*on_handshake)(void *user, const ic__router_handshake *handshake);
    void (*on_holepunch)(void *user, const ic__router_holepunch *holepunch);
    void *user;
} ic__router_server;

typedef struct ic__router_stats {
    uint64_t forwarded;
    uint64_t dropped_malformed;
    uint64_t dropped_unknown; /* nobody to pass it on to */
} ic__router_stats;

typedef struct ic__router ic__router;

/** `max_routes` and `max_routes_host`: count. @return 0; IC_ERR_NOMEM */
IC_CHECK int ic__router_new(ic__router **out, ic__rpc *rpc, size_t max_routes,
                            size_t max_routes_host);
void ic__router_free(ic__router *router);

/**
 * From now on `server`, with its callbacks and user set, gets what comes for this key.
 *
 * @return 0; IC_ERR_EXISTS; IC_ERR_NOMEM
 */
IC_CHECK int ic__router_listen(ic__router *router, ic__router_server *server,
                               const uint8_t public_key[IC__DHT_KEY_BYTES]);

/** Nothing happens when it does not listen. */
void ic__router_unlisten(ic__router *router, ic__router_server *server);

/** Send the second Noise message back, by the socket of the request, or, when it came
 * through a relay, by `sock` unless that is IC__DHT_ANY_SOCKET. */
void ic__router_answer_handshake(ic__router *router, const ic__router_back *back,
                                 uint32_t sock, const uint8_t *noise, size_t len);

/** Send a sealed payload back by `sock`: the puncher's, whose address the relay and the
 * client thereby learn. */
void ic__router_answer_holepunch(ic__router *router, const ic__router_back *back,
                                 uint32_t sock, const uint8_t *payload, size_t len);

/** The commands PEER_HANDSHAKE and PEER_HOLEPUNCH. */
void ic__router_on_handshake(ic__router *router, const ic__rpc_request *request);
void ic__router_on_holepunch(ic__router *router, const ic__rpc_request *request);

/** Remember whom a valid announcement of its own key came from; a server of ours is never
 * replaced. @return 0; IC_ERR_EXISTS; IC_ERR_LIMIT when this host has its share;
 * IC_ERR_NOMEM */
IC_CHECK int ic__router_set_route(ic__router *router,
                                  const uint8_t target[IC__DHT_KEY_BYTES],
                                  const ic__addr *relay, const ic__dht_peer *peer);
void ic__router_clear_route(ic__router *router, const uint8_t target[IC__DHT_KEY_BYTES]);

/** Where a server is reached that has announced itself here; false when none has. */
bool ic__router_route(ic__router *router, const uint8_t target[IC__DHT_KEY_BYTES],
                      ic__addr *relay);

/** The record of a server, ours or a known one; false when there is none. */
bool ic__router_peer(ic__router *router, const uint8_t target[IC__DHT_KEY_BYTES],
                     ic__dht_peer *peer);

size_t ic__router_route_count(const ic__router *router);

/** Time has passed: drop the routes that nobody has used for 20 minutes. */
void ic__router_expire(ic__router *router);

ic__router_stats ic__router_get_stats(const ic__router *router);

#endif
