/**
 * @file dht/timeouts.h
 * How long an answer may take, learned for each address.
 *
 * Spec     docs/spec/05-dht-rpc.md, section 6 (adaptive timeouts)
 */
#ifndef DHT_TIMEOUTS_H
#define DHT_TIMEOUTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/env.h"
#include "base/map.h"
#include "base/queue.h"

#define IC__TIMEOUTS_MAX 65536u
#define IC__TIMEOUTS_AGE_NS (600 * IC__SEC)

typedef struct ic__timeouts {
    ic__map map;        /* by the keyed hash of an address: strangers choose those */
    ic__queue by_age;   /* first = updated the longest ago */
    uint8_t secret[16]; /* drawn with the first entry */
    size_t max;         /* entries; the oldest makes room */
} ic__timeouts;

void ic__timeouts_init(ic__timeouts *t, size_t max);
void ic__timeouts_free(ic__timeouts *t);

/** An answer took so long; without memory it is forgotten. */
void ic__timeouts_add(ic__timeouts *t, const ic_env *env, const ic__addr *addr,
                      uint64_t rtt_ns, uint64_t now);

/** For this attempt, 1 = the first. */
uint64_t ic__timeouts_get(ic__timeouts *t, const ic_env *env, const ic__addr *addr,
                          unsigned attempt, uint64_t now);

#endif
