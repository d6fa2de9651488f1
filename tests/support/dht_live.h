/**
 * @file dht_live.h
 * A small network of our nodes on sockets of loopback, all in one loop.
 */
#ifndef DHT_LIVE_H
#define DHT_LIVE_H

#include "intercom/dht.h"

#define DHT_LIVE_NODES 4 /* the first is the bootstrap node */

typedef struct dht_live {
    struct event_base *base;
    struct event *tick;
    char bootstrap[32];
    ic_dht *nodes[DHT_LIVE_NODES];
    int ready;
    int gone;
} dht_live;

void dht_live_init(dht_live *net);

/** Options of one more node on it. */
ic_dht_options dht_live_options(const dht_live *net);

/** A key pair that depends on `seed`. */
ic_identity *dht_live_identity(uint8_t seed);

/** Let the loop run until `*what` has reached `goal`; fails after 20 s. */
void dht_live_until(const dht_live *net, const int *what, int goal);

/** Let the loop run for so long. */
void dht_live_run(const dht_live *net, unsigned ms);

/** Close a node and wait until it is gone. */
void dht_live_close(const dht_live *net, ic_dht *dht);

/** Close everything, and see that nothing is left in the loop. */
void dht_live_free(dht_live *net);

#endif
