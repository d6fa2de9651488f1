/**
 * @file fake_random.h
 * Random numbers that a seed decides: what failed once fails again with the same seed.
 */
#ifndef FAKE_RANDOM_H
#define FAKE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fake_random {
    uint64_t seed;
    uint64_t block; /* number of the next block */
    size_t used;    /* bytes of `bytes` given out */
    uint8_t bytes[512];
} fake_random;

void fake_random_init(fake_random *r, uint64_t seed);
void fake_random_fill(fake_random *r, void *out, size_t len);
uint64_t fake_random_u64(fake_random *r);

/** Evenly from 0 to limit - 1; 0 for limit 0. */
uint64_t fake_random_below(fake_random *r, uint64_t limit);

/** True `parts` times in a million. */
bool fake_random_ppm(fake_random *r, uint32_t parts);

#endif
