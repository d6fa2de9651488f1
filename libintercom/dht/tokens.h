/**
 * @file dht/tokens.h
 * Proof that whoever wants something stored receives what is sent to its host.
 *
 * Spec     docs/spec/05-dht-rpc.md, section 5
 */
#ifndef DHT_TOKENS_H
#define DHT_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/env.h"
#include "dht/host.h"

/** How long a secret is in use; then it is good for as long again. */
#define IC__TOKENS_AGE_NS (7500 * IC__MS)

typedef struct ic__tokens {
    uint8_t secrets[2][IC__DHT_KEY_BYTES]; /* the one before, and the one in use */
    uint64_t rotated_ns;
    bool drawn;
} ic__tokens;

/** The token of a host; its port does not count. */
void ic__tokens_issue(ic__tokens *t, const ic_env *env, uint64_t now,
                      const ic__addr *addr, uint8_t out[IC__DHT_TOKEN_BYTES]);

/** Is it one of ours, for this host, and not old? In constant time. */
bool ic__tokens_check(ic__tokens *t, const ic_env *env, uint64_t now,
                      const ic__addr *addr, const uint8_t token[IC__DHT_TOKEN_BYTES]);

void ic__tokens_wipe(ic__tokens *t);

#endif
