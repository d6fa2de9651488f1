/**
 * @file dht/sampler.h
 * What others say of our address: believed when nearly all of the last sixteen agree.
 *
 * Spec     docs/spec/05-dht-rpc.md, section 11
 */
#ifndef DHT_SAMPLER_H
#define DHT_SAMPLER_H

#include <stdint.h>

#include "base/addr.h"

#define IC__SAMPLER_SIZE 16

/** A cell is shared by equal samples that follow each other closely. */
typedef struct ic__sampler_cell {
    uint8_t ip[4];
    uint16_t port;
    uint16_t hits; /* places in the ring that lead here */
} ic__sampler_cell;

typedef struct ic__sampler {
    ic__sampler_cell cells[2][IC__SAMPLER_SIZE + 2]; /* with port, and without */
    uint8_t ring[2][IC__SAMPLER_SIZE];               /* indices of cells */
    uint8_t best[2];
    uint8_t size;
    uint8_t top;      /* where the next sample goes */
    ic__addr address; /* family 0 = unknown; port 0 = another one each time */
} ic__sampler;

/** @return the hits of this sample with its port */
unsigned ic__sampler_add(ic__sampler *s, const ic__addr *addr);

#endif
