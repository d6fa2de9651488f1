#include "crypto/blake3.h"

#include <stdbool.h>
#include <string.h>

#include "base/rd.h"
#include "base/wr.h"

#define WORDS 8 /* of a chaining value */
#define BLOCK_BYTES 64
#define CHUNK_BYTES 1024
#define MOST_LEVELS 54 /* of a tree over 2^64 bytes */

enum {
    CHUNK_START = 1,
    CHUNK_END = 2,
    PARENT = 4,
    ROOT = 8,
};

static const uint32_t iv[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint8_t permutation[16] = {2, 6,  3,  10, 7, 0,  4,  13,
                                        1, 11, 12, 5,  9, 14, 15, 8};

/* What one call of the compression function takes besides the chaining value. */
typedef struct block {
    uint32_t word[16];
    uint64_t counter;
    uint32_t len;
    uint32_t flags;
} block;

static uint32_t rotate_right(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void mix(uint32_t s[16], unsigned a, unsigned b, unsigned c, unsigned d,
                const uint32_t m[2])
{
    s[a] += s[b] + m[0];
    s[d] = rotate_right(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate_right(s[b] ^ s[c], 12);
    s[a] += s[b] + m[1];
    s[d] = rotate_right(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate_right(s[b] ^ s[c], 7);
}

static void mix_all(uint32_t s[16], const uint32_t m[16])
{
    mix(s, 0, 4, 8, 12, m);
    mix(s, 1, 5, 9, 13, m + 2);
    mix(s, 2, 6, 10, 14, m + 4);
    mix(s, 3, 7, 11, 15, m + 6);
    mix(s, 0, 5, 10, 15, m + 8);
    mix(s, 1, 6, 11, 12, m + 10);
    mix(s, 2, 7, 8, 13, m + 12);
    mix(s, 3, 4, 9, 14, m + 14);
}

static void compress(uint32_t value[WORDS], const block *b)
{
    uint32_t s[16];
    uint32_t m[16];

    memcpy(s, value, WORDS * sizeof s[0]);
    memcpy(s + 8, iv, 4 * sizeof s[0]);
    s[12] = (uint32_t)b->counter;
    s[13] = (uint32_t)(b->counter >> 32);
    s[14] = b->len;
    s[15] = b->flags;
    memcpy(m, b->word, sizeof m);
    for (int round = 0; round < 7; round++) {
        uint32_t next[16];
        mix_all(s, m);
        for (size_t i = 0; i < 16; i++)
            next[i] = m[permutation[i]];
        memcpy(m, next, sizeof m);
    }
    for (size_t i = 0; i < WORDS; i++)
        value[i] = s[i] ^ s[i + 8];
}

/* Fill up with zeros to a whole block. */
static void load_block(block *b, const uint8_t *data, size_t len)
{
    uint8_t bytes[BLOCK_BYTES] = {0};

    if (len)
        memcpy(bytes, data, len);
    ic__rd r = ic__rd_of(bytes, sizeof bytes);
    for (size_t i = 0; i < 16; i++)
        b->word[i] = ic__rd_u32le(&r);
    b->len = (uint32_t)len;
}

static void hash_chunk(uint32_t value[WORDS], const uint8_t *data, size_t len,
                       uint64_t counter, bool root)
{
    uint32_t flags = CHUNK_START;

    memcpy(value, iv, sizeof iv);
    for (;;) {
        block b = {.counter = counter};
        size_t n = len < BLOCK_BYTES ? len : BLOCK_BYTES;
        bool last = n == len;
        load_block(&b, data, n);
        b.flags = flags | (last ? CHUNK_END : 0u) | (last && root ? ROOT : 0u);
        compress(value, &b);
        if (last)
            return;
        data += n;
        len -= n;
        flags = 0;
    }
}

/* `right` becomes the parent of `left` and itself. */
static void join(uint32_t right[WORDS], const uint32_t left[WORDS], bool root)
{
    block b = {.len = BLOCK_BYTES, .flags = PARENT | (root ? ROOT : 0u)};

    memcpy(b.word, left, WORDS * sizeof b.word[0]);
    memcpy(b.word + WORDS, right, WORDS * sizeof b.word[0]);
    memcpy(right, iv, sizeof iv);
    compress(right, &b);
}

void ic__blake3(uint8_t hash[IC__BLAKE3_BYTES], const void *data, size_t len)
{
    uint32_t stack[MOST_LEVELS][WORDS]; /* left siblings that wait for their right one */
    uint32_t value[WORDS];
    size_t depth = 0;
    uint64_t counter = 0;
    const uint8_t *at = data;

    /* A chunk completes one subtree for every trailing one bit of its number; the last
     * chunk is held back, since what completes with it may be the root. */
    for (; len > CHUNK_BYTES; len -= CHUNK_BYTES, at += CHUNK_BYTES, counter++) {
        hash_chunk(value, at, CHUNK_BYTES, counter, false);
        for (uint64_t bits = counter; bits & 1; bits >>= 1)
            join(value, stack[--depth], false);
        memcpy(stack[depth++], value, sizeof value);
    }
    hash_chunk(value, at, len, counter, depth == 0);
    while (depth > 0) {
        depth--;
        join(value, stack[depth], depth == 0);
    }
    ic__wr w = ic__wr_of(hash, IC__BLAKE3_BYTES);
    for (size_t i = 0; i < WORDS; i++)
        ic__wr_u32le(&w, value[i]);
}
