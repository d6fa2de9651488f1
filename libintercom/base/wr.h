/**
 * @file base/wr.h
 * The one way in which packets are written: into a piece of memory of known size.
 *
 * A writer that ran out of room turns bad and stays bad; `len` is what was written before
 * that.
 */
#ifndef BASE_WR_H
#define BASE_WR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ic__wr {
    uint8_t *p;
    size_t len;
    size_t cap;
    bool bad;
} ic__wr;

static inline ic__wr ic__wr_of(void *p, size_t cap)
{
    return (ic__wr){.p = p, .cap = cap};
}

/** Room for n bytes to be filled by the caller; NULL when bad. */
static inline uint8_t *ic__wr_room(ic__wr *w, size_t n)
{
    if (w->bad || n > w->cap - w->len) {
        w->bad = true;
        return NULL;
    }
    uint8_t *at = w->p + w->len;
    w->len += n;
    return at;
}

static inline void ic__wr_bytes(ic__wr *w, const void *data, size_t n)
{
    uint8_t *at = ic__wr_room(w, n);
    if (at && n)
        memcpy(at, data, n);
}

static inline void ic__wr_u8(ic__wr *w, uint8_t v)
{
    ic__wr_bytes(w, &v, 1);
}

static inline void ic__wr_u16le(ic__wr *w, uint16_t v)
{
    const uint8_t b[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    ic__wr_bytes(w, b, sizeof b);
}

static inline void ic__wr_u32le(ic__wr *w, uint32_t v)
{
    const uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
                          (uint8_t)(v >> 24)};
    ic__wr_bytes(w, b, sizeof b);
}

static inline void ic__wr_u64le(ic__wr *w, uint64_t v)
{
    ic__wr_u32le(w, (uint32_t)v);
    ic__wr_u32le(w, (uint32_t)(v >> 32));
}

static inline void ic__wr_u32be(ic__wr *w, uint32_t v)
{
    const uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                          (uint8_t)v};
    ic__wr_bytes(w, b, sizeof b);
}

#endif
