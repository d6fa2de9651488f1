/**
 * @file crowd_nodes.h
 * A handful of DHT nodes that many peers share: what the crowds of bench_swarm.mjs stand
 * on.
 */
#ifndef CROWD_NODES_H
#define CROWD_NODES_H

#include <stdint.h>

#include "intercom/dht.h"

#define CROWD_NODES_MAX 500

typedef struct crowd_nodes {
    struct event_base *base;
    ic_dht *nodes[CROWD_NODES_MAX];
    uint64_t ready_ns[CROWD_NODES_MAX]; /* what each needed to join */
    uint64_t begun_ns;
    uint32_t count;
    uint32_t ready;
    uint32_t gone;
} crowd_nodes;

/** A loop, and so many nodes that have joined. @return 0 or a negative ic_error */
int crowd_nodes_open(crowd_nodes *c, const char *bootstrap, uint32_t count);

/** Everything goes, the loop too. @return 0 or a negative ic_error */
int crowd_nodes_close(crowd_nodes *c);

/** The node of the i-th peer. */
ic_dht *crowd_nodes_of(const crowd_nodes *c, uint32_t i);

/** Who the i-th peer is. @return NULL when memory is out */
ic_identity *crowd_identity(uint32_t i);

/** Wait for whoever runs us. */
void crowd_wait_for_line(void);

#endif
