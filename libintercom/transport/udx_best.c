#include "transport/udx_best.h"

/* The best left the window: the younger ones move up. */
static void forget_old(ic__udx_best *b, uint64_t window, ic__udx_best_entry newest)
{
    for (int i = 0; i < 2 && newest.at - b->best[0].at > window; i++) {
        b->best[0] = b->best[1];
        b->best[1] = b->best[2];
        b->best[2] = newest;
    }
}

/* Keep the three apart in time, so that a good one is at hand when the best expires. */
static void spread(ic__udx_best *b, uint64_t window, ic__udx_best_entry newest)
{
    uint64_t age = newest.at - b->best[0].at;

    if (b->best[1].at == b->best[0].at && age > window / 4)
        b->best[1] = b->best[2] = newest;
    else if (b->best[2].at == b->best[1].at && age > window / 2)
        b->best[2] = newest;
}

void ic__udx_best_add(ic__udx_best *b, uint64_t window, uint64_t at, double value)
{
    ic__udx_best_entry newest = {at, value};

    if (value >= b->best[0].value || at - b->best[2].at > window) {
        ic__udx_best_reset(b, at, value);
        return;
    }
    if (value >= b->best[1].value)
        b->best[1] = b->best[2] = newest;
    else if (value >= b->best[2].value)
        b->best[2] = newest;
    forget_old(b, window, newest);
    spread(b, window, newest);
}
