/**
 * @file crypto/mnemonic.h
 * BIP39: words from entropy, and the seed that they stand for.
 *
 * Spec     docs/spec/11-wallet.md, section 2, steps 1 and 2
 */
#ifndef CRYPTO_MNEMONIC_H
#define CRYPTO_MNEMONIC_H

#include <stddef.h>
#include <stdint.h>

#include "intercom/identity.h"

#define IC__MNEMONIC_SEED_BYTES 64
#define IC__ENTROPY_MAX 32

/** 12 words from 16 bytes or 24 words from 32 bytes; no other `len`. */
void ic__mnemonic_from_entropy(char words[IC_MNEMONIC_BYTES], const uint8_t *entropy,
                               size_t len);

/** The BIP39 seed of clean words, without passphrase. */
void ic__mnemonic_seed(uint8_t seed[IC__MNEMONIC_SEED_BYTES], const char *clean);

#endif
