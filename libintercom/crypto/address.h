/**
 * @file crypto/address.h
 * bech32m around a public key.
 *
 * Spec     docs/spec/11-wallet.md, section 3
 */
#ifndef CRYPTO_ADDRESS_H
#define CRYPTO_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "intercom/identity.h"

/**
 * What the reference's decoder accepts, on its own: also upper case, and prefixes that
 * the format test refuses.
 */
bool ic__address_decode_any(const char *address, uint8_t public_key[IC_PUBLIC_KEY_BYTES]);

#endif
