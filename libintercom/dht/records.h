/**
 * @file dht/records.h
 * What a node stores for others: who announced a topic, values under their hash, values
 * under a key.
 *
 * Everything is checked before it comes here; what is kept is bounded by count, by bytes,
 * and by the share of one host.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 5 and 15
 * Errors   0 or a negative ic_error
 */
#ifndef DHT_RECORDS_H
#define DHT_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "dht/messages.h"
#include "intercom/api.h"
#include "intercom/sys/env.h"

typedef struct ic__records ic__records;

typedef struct ic__records_limits {
    size_t max_records;      /* announced, of all topics together */
    size_t max_records_host; /* of them, by one host; 0 = no limit */
    size_t max_values;       /* mutable ones, and as many immutable ones */
    size_t max_values_host;
    size_t max_value_bytes; /* of all mutable values, and as many of immutable ones */
    size_t max_value_bytes_host;
} ic__records_limits;

IC_CHECK int ic__records_new(ic__records **out, const ic_env *env,
                             const ic__records_limits *limits);
void ic__records_free(ic__records *records);

/**
 * A peer announces a topic: its record takes the place of its older one.
 *
 * @param from  who brought it
 * @return 0; IC_ERR_LIMIT when this host has its share; IC_ERR_NOMEM
 */
IC_CHECK int ic__records_announce(ic__records *records,
                                  const uint8_t topic[IC__DHT_KEY_BYTES],
                                  const ic__dht_peer *peer, const ic__addr *from,
                                  uint64_t now);
void ic__records_unannounce(ic__records *records, const uint8_t topic[IC__DHT_KEY_BYTES],
                            const uint8_t public_key[IC__DHT_KEY_BYTES]);

/** Up to `cap` records of a topic, drawn by lot. @return how many */
size_t ic__records_lookup(ic__records *records, const uint8_t topic[IC__DHT_KEY_BYTES],
                          ic__dht_peer *out, size_t cap, uint64_t now);

/** When a topic was last called important, in milliseconds since 1970; 0 = never. */
uint64_t ic__records_bump(ic__records *records, const uint8_t topic[IC__DHT_KEY_BYTES],
                          uint64_t now);
IC_CHECK int ic__records_set_bump(ic__records *records,
                                  const uint8_t topic[IC__DHT_KEY_BYTES], uint64_t bump,
                                  const ic__addr *from, uint64_t now);

/** A record that its owner may renew by showing what hashes to `refresh`. */
typedef struct ic__records_promise {
    uint8_t target[IC__DHT_KEY_BYTES];
    ic__dht_peer peer;
} ic__records_promise;

IC_CHECK int ic__records_set_promise(ic__records *records,
                                     const uint8_t refresh[IC__DHT_KEY_BYTES],
                                     const ic__records_promise *promise,
                                     const ic__addr *from, uint64_t now);

/** Take the promise under H(preimage), if there is one. @return 0; IC_ERR_NOT_FOUND */
IC_CHECK int ic__records_take_promise(ic__records *records,
                                      const uint8_t preimage[IC__DHT_KEY_BYTES],
                                      ic__records_promise *promise, uint64_t now);

/** The reply to a MUTABLE_GET, borrowed; NULL when nothing is stored. */
const uint8_t *ic__records_mutable(ic__records *records,
                                   const uint8_t target[IC__DHT_KEY_BYTES], size_t *len,
                                   uint64_t *seq, uint64_t now);

/**
 * Store the value of a MUTABLE_PUT whose signature is good.
 *
 * @return 0; IC_ERR_EXISTS for another value under the same seq; IC_ERR_INVALID for a seq
 *         below the stored one; IC_ERR_LIMIT; IC_ERR_NOMEM
 */
IC_CHECK int ic__records_set_mutable(ic__records *records,
                                     const uint8_t target[IC__DHT_KEY_BYTES],
                                     const ic__dht_mutable *value, const ic__addr *from,
                                     uint64_t now);

const uint8_t *ic__records_immutable(ic__records *records,
                                     const uint8_t target[IC__DHT_KEY_BYTES], size_t *len,
                                     uint64_t now);
IC_CHECK int ic__records_set_immutable(ic__records *records,
                                       const uint8_t target[IC__DHT_KEY_BYTES],
                                       const uint8_t *value, size_t len,
                                       const ic__addr *from, uint64_t now);

typedef struct ic__records_stats {
    size_t records;
    size_t topics;
    size_t bumps;
    size_t promises;
    size_t mutables;
    size_t immutables;
    size_t value_bytes;
} ic__records_stats;

ic__records_stats ic__records_get_stats(const ic__records *records);

/** Drop what is out of time. */
void ic__records_expire(ic__records *records, uint64_t now);

#endif
