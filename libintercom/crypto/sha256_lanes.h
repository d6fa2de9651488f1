/**
 * @file crypto/sha256_lanes.h
 * SHA-256 of several texts side by side, one in each lane of a vector: what a search for
 * a proof of work needs, which hashes thousands of texts that differ in a few digits.
 *
 * Spec     docs/spec/12-sidechannel.md, section 4
 */
#ifndef CRYPTO_SHA256_LANES_H
#define CRYPTO_SHA256_LANES_H

#include <stddef.h>
#include <stdint.h>

#define IC__LANES 8
#define IC__SHA256_BLOCK 64
#define IC__SHA256_WORDS 8

/** The words of the hash so far: state[word][lane]. */
typedef uint32_t ic__sha256_lanes_state[IC__SHA256_WORDS][IC__LANES];

/** Take in `count` blocks of each lane; those of lane n begin at blocks + n * stride. */
void ic__sha256_lanes(ic__sha256_lanes_state state, const uint8_t *blocks, size_t stride,
                      size_t count);

#endif
