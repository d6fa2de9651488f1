/**
 * @file dht_crowd.h
 * Very many DHT nodes in one dht_world, and liars among them.
 */
#ifndef DHT_CROWD_H
#define DHT_CROWD_H

#include "dht/dht.h"
#include "dht/ops.h"
#include "dht_world.h"

/** What a hostile machine does; it answers under an id that its address proves. */
typedef enum dht_malice {
    DHT_HONEST,
    DHT_LEADS_ASTRAY, /* names nodes that do not exist, all around the target */
    DHT_FORGES        /* and values, records and addresses of its own making */
} dht_malice;

typedef struct dht_member {
    dht_world *world;
    dht_machine *machine;
    ic__dht *dht; /* NULL = gone, or a liar */
    dht_malice malice;
    bool ready;
    uint64_t asked; /* requests that a liar has got */
} dht_member;

typedef struct dht_crowd {
    dht_world *world;
    dht_member *members; /* the first one is the bootstrap node */
    size_t count;
    size_t cap;
    ic__addr first;
} dht_crowd;

/** A network with its bootstrap node, and room for `cap` members in all. */
void dht_crowd_init(dht_crowd *c, uint64_t seed, size_t cap);
void dht_crowd_free(dht_crowd *c);

/** A node starts; persistent at once when it stands in the open. @return its index */
size_t dht_crowd_add(dht_crowd *c, dht_nat_kind kind);

/** A hostile machine in the open, which makes itself known to the first nodes. */
size_t dht_crowd_add_liar(dht_crowd *c, dht_malice malice);

/** `n` of these, with so much time between two. */
void dht_crowd_grow(dht_crowd *c, size_t n, dht_nat_kind kind, uint64_t every_ns);

/** It dies without a word. */
void dht_crowd_kill(dht_crowd *c, size_t index);

void dht_crowd_run(dht_crowd *c, uint64_t ns);

/** How an operation went. */
typedef struct dht_outcome {
    size_t done; /* calls of on_done */
    int error;
    size_t nodes;
    size_t peers; /* calls of on_peer */
    ic__dht_peer last;
    const uint8_t *wanted; /* a key, set after the events were made; or NULL */
    bool found;            /* a record of that key has come */
    bool has_value;
    uint8_t value[IC__RPC_VALUE_MAX];
    size_t len;
    uint64_t seq;
} dht_outcome;

/** Events that write down what happens; `o` is cleared. */
ic__dht_op_events dht_outcome_events(dht_outcome *o);

/** Let the world go on until the operation is over; fails the test after a minute. */
void dht_crowd_await(dht_crowd *c, const dht_outcome *o);

#endif
