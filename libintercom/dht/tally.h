/**
 * @file dht/tally.h
 * How many of something there are, in all and for each host, with a limit for both.
 *
 * Spec     docs/spec/06-hyperdht.md, section 15; docs/field-lessons.md, 20
 */
#ifndef DHT_TALLY_H
#define DHT_TALLY_H

#include <stdint.h>

#include <sodium.h>

#include "base/addr.h"
#include "base/map.h"
#include "intercom/api.h"
#include "intercom/sys/env.h"

typedef struct ic__tally {
    ic__map hosts; /* keyed hash of the host: its count */
    uint8_t key[crypto_shorthash_KEYBYTES];
    uint32_t count;
    uint32_t max;
    uint32_t max_host; /* 0 = no limit */
} ic__tally;

void ic__tally_init(ic__tally *t, const ic_env *env, uint32_t max, uint32_t max_host);
void ic__tally_free(ic__tally *t);

/** One more. @return 0; IC_ERR_LIMIT; IC_ERR_NOMEM */
IC_CHECK int ic__tally_add(ic__tally *t, const ic__addr *host);

/** One less; it was added. */
void ic__tally_remove(ic__tally *t, const ic__addr *host);

#endif
