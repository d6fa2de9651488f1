/**
 * @file crypto/namespace.h
 * Hashes that name a purpose: BLAKE2b-256(BLAKE2b-256(name) || index).
 *
 * Spec     docs/spec/03-secret-stream.md, section 2 (namespaces)
 */
#ifndef CRYPTO_NAMESPACE_H
#define CRYPTO_NAMESPACE_H

#include <stdint.h>

#define IC__NAMESPACE_BYTES 32

void ic__namespace(uint8_t out[IC__NAMESPACE_BYTES], const char *name, uint8_t index);

#endif
