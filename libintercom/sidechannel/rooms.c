#include "sidechannel/rooms.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

void ic__room_free(ic__room *room)
{
    if (!room)
        return;
    ic_mem_free(room->name);
    ic_mem_free(room->invite);
    ic_mem_free(room->welcome);
    ic_mem_free(room->guests);
    ic_mem_free(room);
}

void ic__rooms_free(ic__rooms *rooms)
{
    for (size_t i = 0; i < rooms->count; i++)
        ic__room_free(rooms->items[i]);
    ic_mem_free(rooms->items);
    *rooms = (ic__rooms){0};
}

ic__room *ic__rooms_find(const ic__rooms *rooms, const char *name)
{
    for (size_t i = 0; i < rooms->count; i++) {
        if (strcmp(rooms->items[i]->name, name) == 0)
            return rooms->items[i];
    }
    return NULL;
}

static ic__room *room_new(const char *name)
{
    ic__room *room = ic_mem_calloc(1, sizeof *room);
    size_t size = strlen(name) + 1;

    if (!room)
        return NULL;
    room->name = ic_mem_alloc(size);
    if (!room->name) {
        ic__room_free(room);
        return NULL;
    }
    memcpy(room->name, name, size);
    ic__queue_init(&room->ports);
    ic__queue_init(&room->drafts);
    return room;
}

static bool is_full(const ic__rooms *rooms, bool registered)
{
    return registered ? rooms->registered >= rooms->max_registered
                      : rooms->count - rooms->registered >= rooms->max_learned;
}

static void take_out(ic__rooms *rooms, const ic__room *room)
{
    size_t i = 0;

    while (rooms->items[i] != room)
        i++;
    rooms->count--;
    memmove(rooms->items + i, rooms->items + i + 1,
            (rooms->count - i) * sizeof(ic__room *));
}

int ic__rooms_get(ic__rooms *rooms, const char *name, bool registered, ic__room **out)
{
    ic__room *room = ic__rooms_find(rooms, name);

    if (room && (room->registered || !registered)) {
        *out = room;
        return 0;
    }
    if (is_full(rooms, registered))
        return IC_ERR_LIMIT;
    if (room) {
        take_out(rooms, room); /* its place is the end from now on */
    } else {
        ic__room **items =
            ic_mem_resize(rooms->items, (rooms->count + 1) * sizeof(ic__room *));
        if (!items)
            return IC_ERR_NOMEM;
        rooms->items = items;
        room = room_new(name);
        if (!room)
            return IC_ERR_NOMEM;
    }
    rooms->items[rooms->count++] = room;
    room->registered = registered;
    rooms->registered += registered;
    *out = room;
    return 0;
}

void ic__rooms_take(ic__rooms *rooms, ic__room *room)
{
    take_out(rooms, room);
    rooms->registered -= room->registered;
}

void ic__rooms_unregister(ic__rooms *rooms, ic__room *room)
{
    room->registered = false;
    rooms->registered--;
}

bool ic__room_has_guest(const ic__room *room, const char *key, int64_t now_ms)
{
    for (uint32_t i = 0; i < room->guest_count; i++) {
        if (strcmp(room->guests[i].key, key) == 0)
            return room->guests[i].until_ms > now_ms;
    }
    return false;
}

/* The place of `key`, else that of the invite that ends first. */
static ic__guest *place_for(const ic__room *room, const char *key)
{
    ic__guest *first = room->guests;

    for (uint32_t i = 0; i < room->guest_count; i++) {
        ic__guest *g = &room->guests[i];
        if (strcmp(g->key, key) == 0)
            return g;
        if (g->until_ms < first->until_ms)
            first = g;
    }
    return first;
}

int ic__room_admit(ic__room *room, const char *key, int64_t until_ms, uint32_t max)
{
    ic__guest *place = place_for(room, key);

    if (room->guest_count < max && (!place || strcmp(place->key, key) != 0)) {
        ic__guest *more =
            ic_mem_resize(room->guests, (room->guest_count + 1) * sizeof *more);
        if (!more)
            return IC_ERR_NOMEM;
        room->guests = more;
        place = &more[room->guest_count++];
    }
    if (!place)
        return 0; /* no guests at all: each message brings its invite */
    memcpy(place->key, key, sizeof place->key);
    place->until_ms = until_ms;
    return 0;
}

const ic__room *ic__rooms_at(const ic__rooms *rooms, size_t index)
{
    for (size_t i = 0; i < rooms->count; i++) {
        if (rooms->items[i]->registered && index-- == 0)
            return rooms->items[i];
    }
    return NULL;
}
