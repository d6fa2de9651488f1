#include "dht/window.h"

void ic__window_send(ic__window *w)
{
    w->slots[w->current]++;
    w->total++;
}

void ic__window_settle(ic__window *w)
{
    if (!w->slots[w->current])
        return;
    w->slots[w->current]--;
    w->total--;
}

void ic__window_drain(ic__window *w)
{
    w->current = (w->current + 1) % IC__WINDOW_SLOTS;
    w->total -= w->slots[w->current];
    w->slots[w->current] = 0;
}

bool ic__window_is_full(const ic__window *w)
{
    return w->slots[w->current] >= IC__WINDOW_MAX || w->total >= 2 * IC__WINDOW_MAX;
}

void ic__window_advance(ic__window *w, uint64_t now)
{
    uint64_t due = (now - w->drained_ns) / IC__WINDOW_DRAIN_NS;

    for (uint64_t i = 0; i < due && i < IC__WINDOW_SLOTS; i++)
        ic__window_drain(w);
    w->drained_ns += due * IC__WINDOW_DRAIN_NS;
}
