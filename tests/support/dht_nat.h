/**
 * @file dht_nat.h
 * A NAT box: which address a datagram leaves with, and what is let in.
 */
#ifndef DHT_NAT_H
#define DHT_NAT_H

#include "dht_world.h"

typedef struct dht_mapping {
    ic__addr inside;
    ic__addr peer; /* that was talked to */
    uint16_t port; /* outside */
} dht_mapping;

typedef struct dht_nat {
    dht_nat_kind kind;
    ic__addr address; /* port 0 */
    dht_machine **machines;
    size_t machine_count;
    dht_mapping *mappings;
    size_t count;
    size_t cap;
    uint16_t shift; /* added to a port that is kept, after a remap */
} dht_nat;

/** Let a datagram out. @return the sender as others see it; family 0 = it is dropped */
ic__addr dht_nat_out(dht_nat *nat, fake_random *random, const ic__addr *inside,
                     const ic__addr *to);

/** Let a datagram in. @return where to; family 0 = it is dropped */
ic__addr dht_nat_in(const dht_nat *nat, const ic__addr *from, uint16_t port);

void dht_nat_remap(dht_nat *nat);
void dht_nat_free(dht_nat *nat);

#endif
