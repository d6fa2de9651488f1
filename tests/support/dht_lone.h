/**
 * @file dht_lone.h
 * One node that stores for others, without a network: datagrams go in by hand, and what
 * it sends is kept to be looked at.
 */
#ifndef DHT_LONE_H
#define DHT_LONE_H

#include <stddef.h>
#include <stdint.h>

#include "dht/dht.h"
#include "dht/rpc_message.h"
#include "fake_clock.h"

#define DHT_LONE_KEPT 64 /* datagrams */

typedef struct dht_sent {
    ic__addr to;
    uint32_t sock;
    size_t len;
    uint8_t data[IC__RPC_DATAGRAM_MAX];
} dht_sent;

typedef struct dht_lone {
    fake_clock clock;
    ic__addr address;
    ic__dht *dht;
    dht_sent sent[DHT_LONE_KEPT];
    size_t sent_count; /* since the last dht_lone_forget; more than is kept */
    size_t sent_bytes;
    uint32_t streams; /* ever made */
    uint32_t sockets; /* ever opened, besides the two */
    uint16_t tid;     /* of the last request that was asked */
} dht_lone;

/** A persistent node at 10.0.0.7:40000, the one of the golden data; options may be NULL.
 * @return what ic__dht_new says */
int dht_lone_init(dht_lone *l, const ic__dht_options *opts);
void dht_lone_free(dht_lone *l);

/** A datagram arrives at its server socket. */
void dht_lone_recv(dht_lone *l, const ic__addr *from, const uint8_t *data, size_t len);

/** Time goes on. */
void dht_lone_wait(dht_lone *l, uint64_t ns);

void dht_lone_forget(dht_lone *l);

/** A persistent node at `from` makes itself known. */
void dht_lone_meet(dht_lone *l, const ic__addr *from);

/** Send a request of an application, forgetting what was sent before it. `request` needs
 * command, target, token and value. @return the only datagram that came of it, decoded
 * from and into memory that lives until the next call; NULL when there was none */
const ic__rpc_message *dht_lone_ask(dht_lone *l, const ic__addr *from,
                                    const ic__rpc_message *request);

/** A fresh token for this host. */
void dht_lone_token(dht_lone *l, const ic__addr *from,
                    uint8_t token[IC__DHT_TOKEN_BYTES]);

#endif
