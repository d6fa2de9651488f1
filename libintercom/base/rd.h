/**
 * @file base/rd.h
 * The one way in which untrusted bytes are read.
 *
 * A reader that was asked for more than there is turns bad and stays bad: later reads
 * give zero or NULL, and the decoder checks once, with ic__rd_finish.
 */
#ifndef BASE_RD_H
#define BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ic__rd {
    const uint8_t *p;
    size_t left;
    bool bad;
} ic__rd;

static inline ic__rd ic__rd_of(const void *p, size_t n)
{
    return (ic__rd){.p = p, .left = n};
}

/** The next n bytes, borrowed; NULL when bad (and for n = 0 of an empty input). */
static inline const uint8_t *ic__rd_bytes(ic__rd *r, size_t n)
{
    if (r->bad || n > r->left) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *at = r->p;
    r->p = n ? at + n : at;
    r->left -= n;
    return at;
}

/** Copy the next n bytes to out; zeros when bad. */
static inline void ic__rd_copy(ic__rd *r, void *out, size_t n)
{
    const uint8_t *at = ic__rd_bytes(r, n);

    if (!n)
        return;
    if (at)
        memcpy(out, at, n);
    else
        memset(out, 0, n);
}

static inline uint8_t ic__rd_u8(ic__rd *r)
{
    const uint8_t *at = ic__rd_bytes(r, 1);
    return at ? at[0] : 0;
}

static inline uint16_t ic__rd_u16le(ic__rd *r)
{
    uint8_t b[2];
    ic__rd_copy(r, b, sizeof b);
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t ic__rd_u32le(ic__rd *r)
{
    uint8_t b[4];
    ic__rd_copy(r, b, sizeof b);
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
}

static inline uint64_t ic__rd_u64le(ic__rd *r)
{
    uint8_t b[8];
    uint64_t v = 0;

    ic__rd_copy(r, b, sizeof b);
    for (size_t i = sizeof b; i > 0; i--)
        v = v << 8 | b[i - 1];
    return v;
}

static inline uint32_t ic__rd_u32be(ic__rd *r)
{
    uint8_t b[4];
    ic__rd_copy(r, b, sizeof b);
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           (uint32_t)b[3];
}

/** All bytes read and none missing. */
static inline bool ic__rd_finish(const ic__rd *r)
{
    return !r->bad && r->left == 0;
}

#endif
