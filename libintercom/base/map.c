#include "base/map.h"

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define FIRST_CAP 16

static size_t home(uint64_t key, size_t cap)
{
    uint64_t mixed = key * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32) & (cap - 1);
}

/* The slot that holds `key`, or the free one where it would go. */
static size_t find(const ic__map *m, uint64_t key)
{
    size_t at = home(key, m->cap);

    while (m->slots[at].value && m->slots[at].key != key)
        at = (at + 1) & (m->cap - 1);
    return at;
}

void *ic__map_get(const ic__map *m, uint64_t key)
{
    return m->count ? m->slots[find(m, key)].value : NULL;
}

static int grow(ic__map *m)
{
    ic__map bigger = {.cap = m->cap ? m->cap * 2 : FIRST_CAP, .count = m->count};

    bigger.slots = ic_mem_calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return IC_ERR_NOMEM;
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].value)
            bigger.slots[find(&bigger, m->slots[i].key)] = m->slots[i];
    }
    ic_mem_free(m->slots);
    *m = bigger;
    return 0;
}

int ic__map_put(ic__map *m, uint64_t key, void *value)
{
    if (ic__map_get(m, key))
        return IC_ERR_EXISTS;
    if (m->count * 2 >= m->cap) {
        int error = grow(m);
        if (error)
            return error;
    }
    m->slots[find(m, key)] = (ic__map_slot){.key = key, .value = value};
    m->count++;
    return 0;
}

/* Move later elements of the same run back, so that no search stops at the hole. */
static void close_hole(ic__map *m, size_t hole)
{
    size_t mask = m->cap - 1;

    for (size_t at = (hole + 1) & mask; m->slots[at].value; at = (at + 1) & mask) {
        size_t want = home(m->slots[at].key, m->cap);
        if (((at - want) & mask) < ((at - hole) & mask))
            continue;
        m->slots[hole] = m->slots[at];
        hole = at;
    }
    m->slots[hole] = (ic__map_slot){0};
}

void *ic__map_take(ic__map *m, uint64_t key)
{
    if (!m->count)
        return NULL;
    size_t at = find(m, key);
    void *value = m->slots[at].value;
    if (value) {
        close_hole(m, at);
        m->count--;
    }
    return value;
}

void *ic__map_next(const ic__map *m, size_t *at)
{
    while (*at < m->cap) {
        void *value = m->slots[(*at)++].value;
        if (value)
            return value;
    }
    return NULL;
}

void ic__map_free(ic__map *m)
{
    ic_mem_free(m->slots);
    *m = (ic__map){0};
}
