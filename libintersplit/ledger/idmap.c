#include "ledger/idmap.h"

#include <string.h>

#include "intercom/sys/mem.h"

#define FIRST_CAP 16

/* Ids are hashes already. */
static size_t place_of(const isplit__idmap *map, const isplit__id *id)
{
    uint64_t h;

    memcpy(&h, id->b + 8, sizeof h);
    size_t at = (size_t)h & (map->cap - 1);
    while (map->slots[at].used && memcmp(&map->slots[at].id, id, sizeof *id) != 0)
        at = (at + 1) & (map->cap - 1);
    return at;
}

bool isplit__idmap_reserve(isplit__idmap *map)
{
    if (map->cap && map->count < map->cap / 4 * 3)
        return true;
    isplit__idmap bigger = {.cap = map->cap ? map->cap * 2 : FIRST_CAP};
    bigger.slots = ic_mem_calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < map->cap; i++) {
        if (map->slots[i].used)
            isplit__idmap_put(&bigger, &map->slots[i].id, map->slots[i].value);
    }
    ic_mem_free(map->slots);
    *map = bigger;
    return true;
}

void isplit__idmap_put(isplit__idmap *map, const isplit__id *id, uint32_t value)
{
    isplit__idslot *slot = &map->slots[place_of(map, id)];

    map->count += !slot->used;
    *slot = (isplit__idslot){.id = *id, .value = value, .used = true};
}

uint32_t *isplit__idmap_get(const isplit__idmap *map, const isplit__id *id)
{
    if (!map->cap)
        return NULL;
    isplit__idslot *slot = &map->slots[place_of(map, id)];
    return slot->used ? &slot->value : NULL;
}

void isplit__idmap_free(isplit__idmap *map)
{
    ic_mem_free(map->slots);
    *map = (isplit__idmap){0};
}

static uint64_t limb_of(const isplit__id *id, size_t i)
{
    uint64_t v = 0;

    for (size_t k = 8; k > 0; k--)
        v = v << 8 | id->b[i * 8 + k - 1];
    return v;
}

void isplit__sum_add(isplit__sum *sum, const isplit__id *id)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < 4; i++) {
        uint64_t v = sum->limb[i] + carry;
        carry = v < carry;
        v += limb_of(id, i);
        carry += v < limb_of(id, i);
        sum->limb[i] = v;
    }
    sum->count++;
}

void isplit__sum_subtract(isplit__sum *sum, const isplit__sum *part)
{
    uint64_t borrow = 0;

    for (size_t i = 0; i < 4; i++) {
        uint64_t v = sum->limb[i] - part->limb[i];
        uint64_t less = sum->limb[i] < part->limb[i];
        less += v < borrow;
        sum->limb[i] = v - borrow;
        borrow = less;
    }
    sum->count -= part->count;
}

void isplit__sum_fingerprint(const isplit__sum *sum, uint8_t out[16])
{
    isplit__id hash;
    uint8_t bytes[32 + 10];
    size_t len = 0;
    size_t groups = 1;

    for (size_t i = 0; i < 4; i++) {
        for (unsigned k = 0; k < 8; k++)
            bytes[len++] = (uint8_t)(sum->limb[i] >> (8 * k));
    }
    while (groups < 10 && sum->count >> (7 * groups))
        groups++;
    while (groups--) /* negentropy's varint: most significant group first */
        bytes[len++] =
            (uint8_t)((sum->count >> (7 * groups) & 0x7f) | (groups ? 0x80 : 0));
    isplit__id_of(&hash, bytes, len);
    memcpy(out, hash.b, 16);
}
