/**
 * @file base/seq.h
 * Sequence numbers of 32 bits that wrap.
 */
#ifndef BASE_SEQ_H
#define BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/** How far `a` is ahead of `b`; negative when it is behind. */
static inline int32_t ic__seq_diff(uint32_t a, uint32_t b)
{
    uint32_t d = a - b;
    return d <= INT32_MAX ? (int32_t)d : -(int32_t)(UINT32_MAX - d) - 1;
}

static inline bool ic__seq_before(uint32_t a, uint32_t b)
{
    return ic__seq_diff(a, b) < 0;
}

#endif
