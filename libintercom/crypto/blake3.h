/**
 * @file crypto/blake3.h
 * BLAKE3, unkeyed, 32 bytes; libsodium does not have it.
 *
 * Spec     docs/spec/11-wallet.md, section 7; the BLAKE3 paper, section 2
 */
#ifndef CRYPTO_BLAKE3_H
#define CRYPTO_BLAKE3_H

#include <stddef.h>
#include <stdint.h>

#define IC__BLAKE3_BYTES 32

void ic__blake3(uint8_t hash[IC__BLAKE3_BYTES], const void *data, size_t len);

#endif
