/**
 * @file dht_claims.h
 * A lone node and somebody who asks it, announces to it, and lies to it.
 */
#ifndef DHT_CLAIMS_H
#define DHT_CLAIMS_H

#include "dht/messages.h"
#include "dht_lone.h"

typedef struct dht_bench {
    dht_lone l;
    ic_identity *me;
    ic_identity *other;
    ic__addr from; /* who asks */
    uint8_t token[IC__DHT_TOKEN_BYTES];
    uint8_t self[IC__DHT_KEY_BYTES]; /* hash of my key */
} dht_bench;

/** Call ic_init first; options may be NULL. */
void dht_bench_init(dht_bench *b, const ic__dht_options *opts);
void dht_bench_free(dht_bench *b);

/** One announcement or its contrary, with whatever a test wants to be wrong about it. */
typedef struct dht_claim {
    uint32_t command;
    const ic_identity *who;
    const ic_identity *signer;
    const uint8_t *target;
    const uint8_t *signed_target;
    const uint8_t *signed_node;
    const uint8_t *signed_token;
    const uint8_t *refresh;
    size_t relays;
    uint64_t bump;
    bool without_signature;
    bool without_token;
} dht_claim;

/** One about which nothing is wrong. */
dht_claim dht_claim_of(dht_bench *b, uint32_t command, const uint8_t *target);

/** @return how many bytes */
size_t dht_claim_write(const dht_claim *c, uint8_t *out, size_t cap);

/** As dht_lone_ask. */
const ic__rpc_message *dht_claim_send(dht_bench *b, const dht_claim *c);
const ic__rpc_message *dht_bench_ask(dht_bench *b, uint32_t command,
                                     const uint8_t *target);

#endif
