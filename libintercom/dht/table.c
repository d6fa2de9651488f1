#include "dht/table.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define FIRST_CAP 8

void ic__table_init(ic__table *t, const uint8_t id[IC__DHT_KEY_BYTES])
{
    *t = (ic__table){0};
    memcpy(t->id, id, sizeof t->id);
    ic__queue_init(&t->by_contact);
}

void ic__table_free(ic__table *t)
{
    for (size_t i = 0; i < t->count; i++)
        ic_mem_free(t->nodes[i]);
    ic_mem_free(t->nodes);
    *t = (ic__table){0};
}

uint8_t ic__table_row_of(const uint8_t a[IC__DHT_KEY_BYTES],
                         const uint8_t b[IC__DHT_KEY_BYTES])
{
    for (unsigned i = 0; i < IC__DHT_KEY_BYTES; i++) {
        unsigned differ = (unsigned)(a[i] ^ b[i]);
        if (differ)
            return (uint8_t)(i * 8 + (unsigned)__builtin_clz(differ) - 24);
    }
    return 255;
}

/* The first place whose node does not come before (row, id); id NULL = before all. */
static size_t place_of(const ic__table *t, unsigned row, const uint8_t *id)
{
    size_t low = 0;
    size_t high = t->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const ic__table_node *node = t->nodes[middle];
        bool before = node->row < row;
        if (node->row == row && id)
            before = memcmp(node->id, id, sizeof node->id) < 0;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

ic__table_node *ic__table_get(const ic__table *t, const uint8_t id[IC__DHT_KEY_BYTES])
{
    size_t at = place_of(t, ic__table_row_of(t->id, id), id);

    if (at == t->count || memcmp(t->nodes[at]->id, id, IC__DHT_KEY_BYTES) != 0)
        return NULL;
    return t->nodes[at];
}

ic__table_node *const *ic__table_row(const ic__table *t, uint8_t row, size_t *count)
{
    size_t begin = place_of(t, row, NULL);

    *count = place_of(t, row + 1u, NULL) - begin;
    return *count ? t->nodes + begin : NULL;
}

static int grow(ic__table *t)
{
    size_t cap = t->cap ? t->cap * 2 : FIRST_CAP;
    ic__table_node **nodes;

    if (t->count < t->cap)
        return 0;
    nodes = ic_mem_resize(t->nodes, cap * sizeof(ic__table_node *));
    if (!nodes)
        return IC_ERR_NOMEM;
    t->nodes = nodes;
    t->cap = cap;
    return 0;
}

static void insert(ic__table *t, ic__table_node *node)
{
    size_t at = place_of(t, node->row, node->id);

    memmove(t->nodes + at + 1, t->nodes + at, (t->count - at) * sizeof(ic__table_node *));
    t->nodes[at] = node;
    t->count++;
}

int ic__table_add(ic__table *t, const uint8_t id[IC__DHT_KEY_BYTES], const ic__addr *addr,
                  ic__table_node **out)
{
    uint8_t row = ic__table_row_of(t->id, id);
    ic__table_node *node;
    size_t in_row;

    (void)ic__table_row(t, row, &in_row);
    if (in_row >= IC__RPC_K)
        return IC_ERR_LIMIT;
    if (grow(t) != 0)
        return IC_ERR_NOMEM;
    node = ic_mem_calloc(1, sizeof *node);
    if (!node)
        return IC_ERR_NOMEM;
    memcpy(node->id, id, sizeof node->id);
    node->addr = *addr;
    node->row = row;
    insert(t, node);
    ic__queue_push(&t->by_contact, &node->link);
    *out = node;
    return 0;
}

void ic__table_remove(ic__table *t, ic__table_node *node)
{
    size_t at = place_of(t, node->row, node->id);

    t->count--;
    memmove(t->nodes + at, t->nodes + at + 1, (t->count - at) * sizeof(ic__table_node *));
    ic__queue_remove(&t->by_contact, &node->link);
    ic_mem_free(node);
}

void ic__table_touch(ic__table *t, ic__table_node *node)
{
    node->contacts++;
    ic__queue_remove(&t->by_contact, &node->link);
    ic__queue_push(&t->by_contact, &node->link);
}

void ic__table_move(ic__table *t, const uint8_t id[IC__DHT_KEY_BYTES])
{
    size_t count = t->count;
    size_t in_row;

    memcpy(t->id, id, sizeof t->id);
    t->count = 0;
    /* The sorted part grows over places that have been read: insert writes at most one
     * place beyond it, which is the one just taken. */
    for (size_t i = 0; i < count; i++) {
        ic__table_node *node = t->nodes[i];
        node->row = ic__table_row_of(t->id, node->id);
        (void)ic__table_row(t, node->row, &in_row);
        if (in_row < IC__RPC_K && memcmp(node->id, id, sizeof node->id) != 0) {
            insert(t, node);
            continue;
        }
        ic__queue_remove(&t->by_contact, &node->link);
        ic_mem_free(node);
    }
}

static size_t copy(const ic__table *t, size_t begin, size_t end, ic__addr *out,
                   size_t cap)
{
    size_t count = end - begin < cap ? end - begin : cap;

    for (size_t i = 0; i < count; i++)
        out[i] = t->nodes[begin + i]->addr;
    return count;
}

size_t ic__table_closest(const ic__table *t, const uint8_t target[IC__DHT_KEY_BYTES],
                         ic__addr *out, size_t cap)
{
    size_t beyond = place_of(t, ic__table_row_of(t->id, target) + 1u, NULL);
    size_t found = 0;
    size_t begin;

    for (size_t end = beyond; end > 0 && found < cap; end = begin) {
        begin = end - 1;
        while (begin > 0 && t->nodes[begin - 1]->row == t->nodes[begin]->row)
            begin--;
        found += copy(t, begin, end, out + found, cap - found);
    }
    return found + copy(t, beyond, t->count, out + found, cap - found);
}
