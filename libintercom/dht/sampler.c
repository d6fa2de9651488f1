#include "dht/sampler.h"

#include <stdbool.h>
#include <string.h>

#define LOOK_BACK 4 /* older samples are not compared with */

/* Sixteen places in the ring, the best one that may have left it, and the new one. */
static uint8_t free_cell(const ic__sampler *s, int kind)
{
    uint8_t i = 0;

    while (s->cells[kind][i].hits || (s->size && i == s->best[kind]))
        i++;
    return i;
}

static uint8_t bump(ic__sampler *s, int kind, const ic__addr *addr, uint16_t port)
{
    uint8_t at;

    for (unsigned back = 1; back <= LOOK_BACK && back <= s->size; back++) {
        at = s->ring[kind][(s->top + IC__SAMPLER_SIZE - back) % IC__SAMPLER_SIZE];
        ic__sampler_cell *cell = &s->cells[kind][at];
        if (cell->port == port && memcmp(cell->ip, addr->ip, sizeof cell->ip) == 0) {
            cell->hits++;
            return at;
        }
    }
    at = free_cell(s, kind);
    memcpy(s->cells[kind][at].ip, addr->ip, sizeof s->cells[kind][at].ip);
    s->cells[kind][at].port = port;
    s->cells[kind][at].hits = 1;
    return at;
}

static void put(ic__sampler *s, int kind, uint8_t cell)
{
    ic__sampler_cell *cells = s->cells[kind];

    if (s->size == IC__SAMPLER_SIZE)
        cells[s->ring[kind][s->top]].hits--;
    s->ring[kind][s->top] = cell;
    if (!s->size || cells[s->best[kind]].hits < cells[cell].hits)
        s->best[kind] = cell;
}

static unsigned threshold(unsigned size)
{
    return size - (size < 4 ? 0 : size < 8 ? 1 : size < 12 ? 2 : 3);
}

static bool believe(ic__sampler *s, int kind)
{
    const ic__sampler_cell *best = &s->cells[kind][s->best[kind]];

    if (best->hits < threshold(s->size))
        return false;
    s->address = (ic__addr){.port = best->port, .family = 4};
    memcpy(s->address.ip, best->ip, sizeof best->ip);
    return true;
}

unsigned ic__sampler_add(ic__sampler *s, const ic__addr *addr)
{
    uint8_t with_port = bump(s, 0, addr, addr->port);
    uint8_t host_only = bump(s, 1, addr, 0);

    put(s, 0, with_port);
    put(s, 1, host_only);
    s->top = (uint8_t)((s->top + 1u) % IC__SAMPLER_SIZE);
    if (s->size < IC__SAMPLER_SIZE)
        s->size++;
    if (!believe(s, 0) && !believe(s, 1))
        s->address = (ic__addr){0};
    return s->cells[0][with_port].hits;
}
