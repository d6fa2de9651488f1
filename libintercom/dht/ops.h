/**
 * @file dht/ops.h
 * What one asks a DHT network: who announced a topic, what is stored under a key; and
 * how one answers both for others to find.
 *
 * Shape    an operation belongs to its node, and is gone when on_done returns
 * Spec     docs/spec/06-hyperdht.md, sections 1, 2 and 5
 *
 * Callbacks run as those of dht/dht.h do. All that a lookup brings is a hint: the stored
 * signatures were checked by others.
 */
#ifndef DHT_OPS_H
#define DHT_OPS_H

#include "dht/dht.h"

typedef struct ic__dht_op ic__dht_op;

/** Somebody who can be reached by these nodes. */
typedef struct ic__dht_peer {
    uint8_t public_key[IC__DHT_KEY_BYTES];
    ic__addr relays[IC__DHT_RELAYS_MAX];
    size_t relay_count;
} ic__dht_peer;

/** The nodes at which walks to one target end: the next walk may begin there. */
typedef struct ic__dht_near {
    ic__addr nodes[IC__RPC_K];
    size_t count;
    bool only; /* ask no others, and each of them once; if there are any */
} ic__dht_near;

/** What comes of an operation; each may be NULL but on_done. */
typedef struct ic__dht_op_events {
    /** One record of a lookup, with the node that told; the same peer may come often. */
    void (*on_peer)(void *user, const ic__dht_peer *peer, const ic__addr *from);
    /** Once, and the last call. 0: an answer came, and for what is written, at least one
     * node stored it. IC_ERR_NOT_FOUND: nobody answered, or has it; IC_ERR_EXISTS: the
     * network has another value under this seq, or a later one; IC_ERR_CANCELED. `nodes`
     * = how many stored it, or answered. */
    void (*on_done)(void *user, int error, size_t nodes);
    /** Before on_done, of a get that found something: the newest value that is
     * authentic; borrowed. */
    void (*on_value)(void *user, const uint8_t *value, size_t len, uint64_t seq);
    void *user;
    /** Where it begins, and, when on_done says 0, where it has ended. Must outlive the
     * operation. */
    ic__dht_near *near;
} ic__dht_op_events;

/** All of these return 0 and the operation, which on_done ends; IC_ERR_CLOSED while
 * suspended; IC_ERR_LIMIT for a value above 1000 bytes; IC_ERR_NOMEM. `out` may be
 * NULL. */
IC_CHECK int ic__dht_find_peer(ic__dht *d, const uint8_t public_key[IC__DHT_KEY_BYTES],
                               const ic__dht_op_events *events, ic__dht_op **out);

IC_CHECK int ic__dht_lookup(ic__dht *d, const uint8_t topic[IC__DHT_KEY_BYTES],
                            const ic__dht_op_events *events, ic__dht_op **out);

/** Look the topic up, then announce `identity` with these relays at the nodes around it.
 * `clear`: also take stale entries of our key away. */
IC_CHECK int ic__dht_announce(ic__dht *d, const uint8_t topic[IC__DHT_KEY_BYTES],
                              const ic_identity *identity, const ic__addr *relays,
                              size_t relay_count, bool clear,
                              const ic__dht_op_events *events, ic__dht_op **out);

/** Look the topic up, and take our entries away wherever there are any. */
IC_CHECK int ic__dht_unannounce(ic__dht *d, const uint8_t topic[IC__DHT_KEY_BYTES],
                                const ic_identity *identity,
                                const ic__dht_op_events *events, ic__dht_op **out);

IC_CHECK int ic__dht_immutable_put(ic__dht *d, const uint8_t *value, size_t len,
                                   const ic__dht_op_events *events, ic__dht_op **out);
IC_CHECK int ic__dht_immutable_get(ic__dht *d, const uint8_t hash[IC__DHT_KEY_BYTES],
                                   const ic__dht_op_events *events, ic__dht_op **out);
IC_CHECK int ic__dht_mutable_put(ic__dht *d, const ic_identity *identity, uint64_t seq,
                                 const uint8_t *value, size_t len,
                                 const ic__dht_op_events *events, ic__dht_op **out);
/** `latest`: wait for all answers and take the highest seq; else take the first one. */
IC_CHECK int ic__dht_mutable_get(ic__dht *d, const uint8_t public_key[IC__DHT_KEY_BYTES],
                                 uint64_t least_seq, bool latest,
                                 const ic__dht_op_events *events, ic__dht_op **out);

/** Forget it: no callback comes. NULL is fine. */
void ic__dht_op_cancel(ic__dht_op *op);

#endif
