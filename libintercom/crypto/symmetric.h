/**
 * @file crypto/symmetric.h
 * The symmetric half of Noise with BLAKE2b and ChaCha20-Poly1305: hash, chaining key,
 * cipher key, and what mixes into them.
 *
 * Spec     docs/spec/03-secret-stream.md, section 2
 */
#ifndef CRYPTO_SYMMETRIC_H
#define CRYPTO_SYMMETRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"

#define IC__SYM_HASH_BYTES 64
#define IC__SYM_KEY_BYTES 32
#define IC__SYM_TAG_BYTES 16

/** A secret; wipe it. */
typedef struct ic__sym {
    uint8_t h[IC__SYM_HASH_BYTES];
    uint8_t ck[IC__SYM_HASH_BYTES];
    uint8_t k[IC__SYM_KEY_BYTES];
    uint64_t n;
    bool has_key;
} ic__sym;

/** `name` has at most IC__SYM_HASH_BYTES characters. */
void ic__sym_init(ic__sym *s, const char *name);
void ic__sym_mix_hash(ic__sym *s, const void *data, size_t len);
void ic__sym_mix_key(ic__sym *s, const uint8_t *data, size_t len);

/** How many bytes a plaintext of `len` becomes. */
size_t ic__sym_sealed_size(const ic__sym *s, size_t len);

/** Encrypt once there is a key, and mix what comes out. */
void ic__sym_seal(ic__sym *s, const void *plain, size_t len, ic__wr *w);

/**
 * Take `len` bytes, decrypt once there is a key, and mix what came in.
 *
 * @return false, and `r` bad, when bytes are missing or not authentic
 */
bool ic__sym_open(ic__sym *s, ic__rd *r, size_t len, ic__wr *plain);

/** The two keys at the end. */
void ic__sym_split(const ic__sym *s, uint8_t first[IC__SYM_KEY_BYTES],
                   uint8_t second[IC__SYM_KEY_BYTES]);

#endif
