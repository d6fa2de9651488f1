/**
 * @file transport/udx_best.h
 * The largest value of a moving window, in three entries (after Kathleen Nichols).
 *
 * The window is counted in whatever the caller counts: nanoseconds or round trips. For a
 * smallest value, add the negative ones.
 */
#ifndef TRANSPORT_UDX_BEST_H
#define TRANSPORT_UDX_BEST_H

#include <stdint.h>

typedef struct ic__udx_best_entry {
    uint64_t at;
    double value;
} ic__udx_best_entry;

typedef struct ic__udx_best {
    ic__udx_best_entry best[3]; /* best, second and third best, each younger */
} ic__udx_best;

static inline void ic__udx_best_reset(ic__udx_best *b, uint64_t at, double value)
{
    b->best[0] = b->best[1] = b->best[2] = (ic__udx_best_entry){at, value};
}

static inline double ic__udx_best_get(const ic__udx_best *b)
{
    return b->best[0].value;
}

void ic__udx_best_add(ic__udx_best *b, uint64_t window, uint64_t at, double value);

#endif
