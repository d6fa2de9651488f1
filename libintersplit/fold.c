#include <string.h>

#include "intercom/error.h"
#include "room.h"

/* The signed entry that a legacy txId names, when we have it: then that one counts. */
static bool signed_twin(const isplit__room *room, const isplit_entry *legacy)
{
    isplit__id id;

    if (!isplit__id_parse(&id, legacy->id, strlen(legacy->id)))
        return false;
    uint32_t at = isplit__room_find(room, &id);
    return at != ISPLIT__NONE && room->nodes[at].event->kind == ISPLIT__KIND_ADD;
}

/* The node of this entry's txId that may count. */
static uint32_t first_of_tx(const isplit__room *room, const isplit_entry *legacy)
{
    isplit__id tx;

    isplit__id_of(&tx, legacy->id, strlen(legacy->id));
    return *isplit__idmap_get(&room->by_tx, &tx);
}

/* Of several contents under one txId the one with the smaller hash counts. */
static bool legacy_counts(const isplit__room *room, uint32_t node)
{
    isplit_entry *entry = room->nodes[node].event->entry;
    uint32_t first = first_of_tx(room, entry);

    entry->flags = room->nodes[first].has_rival ? ISPLIT_ENTRY_CONFLICT : 0;
    return first == node && !signed_twin(room, entry);
}

/* Does this node show as an entry? Sets the flags of the entry. */
static bool is_shown(const isplit__room *room, uint32_t node)
{
    const isplit__node *n = &room->nodes[node];
    isplit_entry *entry = n->event->entry;

    if (!entry)
        return false;
    if (n->event->kind == ISPLIT__KIND_LEGACY) {
        if (!legacy_counts(room, node))
            return false;
    } else {
        entry->flags = ISPLIT_ENTRY_SIGNED;
    }
    if (n->covered)
        entry->flags |= ISPLIT_ENTRY_CLEARED;
    return true;
}

int isplit__room_fold(isplit__room *room)
{
    struct isplit_state *s = &room->state;

    int err = isplit__room_cover(room);
    if (err)
        return err;
    room->stale = true;
    err = isplit__state_reset(s, "", ISPLIT__EXPONENT);
    for (uint32_t i = 0; !err && i < room->count; i++) {
        room->nodes[i].live = false;
        if (is_shown(room, i)) {
            isplit_entry *e = room->nodes[i].event->entry;
            room->nodes[i].live = !(e->flags & ISPLIT_ENTRY_CLEARED);
            err = isplit__state_append(s, e);
        }
    }
    if (!err)
        err = isplit__state_sort(s);
    room->stale = err != 0;
    return err;
}

/* A new entry changes nothing else, unless a clear or a namesake has a say. */
static bool counts_by_itself(const isplit__room *room, const isplit__node *n)
{
    isplit__id tx;

    if (n->event->kind == ISPLIT__KIND_LEGACY)
        return !room->has_clear && !n->has_rival && !signed_twin(room, n->event->entry);
    if (!room->by_tx.count)
        return true;
    isplit__id_of(&tx, n->event->entry->id, strlen(n->event->entry->id));
    return !isplit__idmap_get(&room->by_tx, &tx);
}

void isplit__room_fold_one(isplit__room *room, uint32_t node)
{
    isplit__node *n = &room->nodes[node];

    if (room->stale || !n->event->entry)
        return;
    if (counts_by_itself(room, n) &&
        isplit__state_insert(&room->state, n->event->entry) == 0)
        n->live = true;
    else
        room->stale = true;
}
