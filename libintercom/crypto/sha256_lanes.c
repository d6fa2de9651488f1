#include "crypto/sha256_lanes.h"

#include <string.h>

#define ROUNDS 64
#define WORDS IC__SHA256_WORDS
#define SCHEDULE                                                                         \
    16 /* words of a block, and of the schedule that are needed at a time                \
        */

/* FIPS 180-4, 4.2.2 */
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

/* Compilers spread it over what registers there are. */
typedef uint32_t lanes __attribute__((vector_size(IC__LANES * sizeof(uint32_t))));

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define BIG_SIGMA_0(x) (ROTATE(x, 2) ^ ROTATE(x, 13) ^ ROTATE(x, 22))
#define BIG_SIGMA_1(x) (ROTATE(x, 6) ^ ROTATE(x, 11) ^ ROTATE(x, 25))
#define SMALL_SIGMA_0(x) (ROTATE(x, 7) ^ ROTATE(x, 18) ^ (x) >> 3)
#define SMALL_SIGMA_1(x) (ROTATE(x, 17) ^ ROTATE(x, 19) ^ (x) >> 10)

static inline uint32_t word_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The word of round t; from the 17th on it follows from those before it. */
static inline __attribute__((always_inline)) void extend(lanes *w, size_t t)
{
    w[t % SCHEDULE] += SMALL_SIGMA_0(w[(t + 1) % SCHEDULE]) + w[(t + 9) % SCHEDULE] +
                       SMALL_SIGMA_1(w[(t + 14) % SCHEDULE]);
}

/* V(i) is what the standard calls a to h: no word moves, their names do. */
#define V(i) v[((i) + 2 * WORDS - step) % WORDS]

/* Inlined, so that it is built for each kind of processor. */
static inline __attribute__((always_inline)) void eight_rounds(lanes *v, lanes *w,
                                                               size_t t)
{
    for (size_t step = 0; step < WORDS; step++) {
        if (t >= SCHEDULE)
            extend(w, t + step);
        lanes add = V(7) + BIG_SIGMA_1(V(4)) + (V(6) ^ (V(4) & (V(5) ^ V(6)))) +
                    constants[t + step] + w[(t + step) % SCHEDULE];
        V(3) += add;
        V(7) = add + BIG_SIGMA_0(V(0)) + ((V(0) & V(1)) | (V(2) & (V(0) | V(1))));
    }
}

/* One block of each lane. */
static inline __attribute__((always_inline)) void compress(lanes *h, const uint8_t *at,
                                                           size_t stride)
{
    lanes w[SCHEDULE];
    lanes v[WORDS];

    for (size_t t = 0; t < SCHEDULE; t++) {
        for (size_t n = 0; n < IC__LANES; n++)
            w[t][n] = word_at(at + n * stride + t * sizeof(uint32_t));
    }
    memcpy(v, h, sizeof v);
    for (size_t t = 0; t < ROUNDS; t += WORDS)
        eight_rounds(v, w, t);
    for (size_t i = 0; i < WORDS; i++)
        h[i] += v[i];
}

static inline __attribute__((always_inline)) void
take_in(ic__sha256_lanes_state state, const uint8_t *blocks, size_t stride, size_t count)
{
    lanes h[WORDS];

    memcpy(h, state, sizeof h);
    for (size_t i = 0; i < count; i++)
        compress(h, blocks + i * IC__SHA256_BLOCK, stride);
    memcpy(state, h, sizeof h);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void take_in_wide(ic__sha256_lanes_state state,
                                                         const uint8_t *blocks,
                                                         size_t stride, size_t count)
{
    take_in(state, blocks, stride, count);
}

static int is_wide(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define take_in_wide take_in

static int is_wide(void)
{
    return 0;
}
#endif

void ic__sha256_lanes(ic__sha256_lanes_state state, const uint8_t *blocks, size_t stride,
                      size_t count)
{
    if (is_wide())
        take_in_wide(state, blocks, stride, count);
    else
        take_in(state, blocks, stride, count);
}
