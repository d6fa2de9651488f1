/**
 * @file crypto/identity.h
 * The secret half of an ic_identity, for the rooms that need it.
 */
#ifndef CRYPTO_IDENTITY_H
#define CRYPTO_IDENTITY_H

#include <stdint.h>

#include "intercom/identity.h"

#define IC__SECRET_KEY_BYTES 64 /* seed, then public key */

/** Borrowed, in guarded memory. */
const uint8_t *ic__identity_secret_key(const ic_identity *identity);

/**
 * Make an identity of parts that belong together.
 *
 * @param words  clean, or NULL
 * @param path   of the words, or NULL
 * @return 0; IC_ERR_NOMEM; IC_ERR_INVALID for an unknown network or a path too long
 */
IC_CHECK int ic__identity_new(ic_identity **identity, const uint8_t seed[IC_SEED_BYTES],
                              ic_network network, const char *words, const char *path);

#endif
