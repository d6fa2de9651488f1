/**
 * @file dht/ops_state.h
 * An operation from the inside: a walk, what its answers bring, and requests to the nodes
 * at its end.
 */
#ifndef DHT_OPS_STATE_H
#define DHT_OPS_STATE_H

#include "dht/dht_state.h"
#include "dht/messages.h"
#include "dht/ops.h"
#include "dht/query.h"

#define IC__OP_UNANNOUNCES_MAX                                                           \
    64 /* per walk: who lists our key everywhere wastes those */

struct ic__dht_op {
    ic__dht *d;
    ic__link link; /* in the node's list */
    ic__dht_op_events events;
    ic__query *query;
    uint8_t target[IC__DHT_KEY_BYTES];
    uint32_t command; /* of the walk */

    /** An answer that has a value. */
    void (*on_value)(ic__dht_op *op, const ic__rpc_reply *reply);
    /** What one of the closest nodes is told at the end; NULL = nothing.
     * @return 0 when a request is on its way */
    int (*commit)(ic__dht_op *op, const ic__query_node *node);

    ic_identity *identity; /* a copy, of who announces */
    ic__dht_peer peer;     /* what is announced */
    bool clear;            /* take entries of our key away on the way */
    size_t unannounces;
    uint8_t public_key[IC__DHT_KEY_BYTES]; /* whose value is wanted */
    uint64_t seq;                          /* at least; then, of what was found */
    bool latest;
    uint8_t *bytes; /* the value to put, as a request; or what was found */
    size_t len;
    bool wants_value; /* without one, it has failed */
    bool found;

    bool walked;             /* the walk is over */
    ic__query_node *closest; /* where it ended */
    size_t closest_count;
    bool committing; /* the requests at its end are on their way */
    int error;       /* of the walk */
    size_t open;     /* requests of ours that are not answered yet */
    size_t answers;
    size_t stored;
    size_t refused;  /* because of a seq */
    size_t repeated; /* because of an old token */
    unsigned busy;   /* inside of a callback of the user's */
    bool gone;       /* cancelled there */
};

/** @return NULL when memory is out */
ic__dht_op *ic__op_new(ic__dht *d, const uint8_t target[IC__DHT_KEY_BYTES],
                       uint32_t command, const ic__dht_op_events *events);

/** Start the walk, with a value for each node or none. The operation is freed on an
 * error. */
IC_CHECK int ic__op_start(ic__dht_op *op, const uint8_t *value, size_t len,
                          ic__dht_op **out);

/** A request to one node, whose answer counts. */
IC_CHECK int ic__op_send(ic__dht_op *op, const ic__addr *to, uint32_t command,
                         const uint8_t *token, const ic__wr *value);

/** Call on_peer. @return false when the operation is gone */
bool ic__op_tell_peer(ic__dht_op *op, const ic__dht_peer *peer, const ic__addr *from);

#endif
