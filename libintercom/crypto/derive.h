/**
 * @file crypto/derive.h
 * SLIP-0010 for Ed25519, every child hardened, and the text form of a path.
 *
 * Spec     docs/spec/11-wallet.md, section 2, steps 3 and 4
 */
#ifndef CRYPTO_DERIVE_H
#define CRYPTO_DERIVE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/mnemonic.h"
#include "intercom/api.h"
#include "intercom/identity.h"

#define IC__PATH_MAX_SEGMENTS (IC_PATH_BYTES / 3)

typedef struct ic__path {
    char text[IC_PATH_BYTES]; /* without white space */
    uint32_t index[IC__PATH_MAX_SEGMENTS];
    size_t count;
} ic__path;

/** A secret; wipe it. */
typedef struct ic__node {
    uint8_t key[32];
    uint8_t chain_code[32];
} ic__node;

/** "m" and then one or more "/<digits>'". @return 0 or IC_ERR_INVALID */
IC_CHECK int ic__path_parse(ic__path *path, const char *text);

void ic__node_master(ic__node *node, const uint8_t seed[IC__MNEMONIC_SEED_BYTES]);

/** Go down to hardened child `index` (0 to 2^31 - 1). */
void ic__node_child(ic__node *node, uint32_t index);

/** The Ed25519 seed of clean words: one child per letter of `prefix`, then the path. */
void ic__derive_seed(uint8_t seed[IC_SEED_BYTES], const char *clean, const char *prefix,
                     const ic__path *path);

#endif
