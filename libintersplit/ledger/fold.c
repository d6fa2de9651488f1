#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "ledger/room.h"

/* The node of this entry's txId that may count. */
static uint32_t first_of_tx(const isplit__room *room, const isplit_entry *legacy)
{
    isplit__id tx;

    isplit__id_of(&tx, legacy->id, strlen(legacy->id));
    return *isplit__idmap_get(&room->by_tx, &tx);
}

/* The entry that stands for this one: for an unsigned one that which counts of its txId.
 */
static uint32_t counted_one(const isplit__room *room, uint32_t node)
{
    isplit__id id;
    const isplit__event *e = room->nodes[node].event;

    if (e->kind == ISPLIT__KIND_OCCUR)
        return room->nodes[node].same_as;
    if (e->kind != ISPLIT__KIND_LEGACY)
        return node;
    if (isplit__id_parse(&id, e->entry->id, strlen(e->entry->id))) {
        uint32_t twin = isplit__room_find(room, &id);
        if (twin != ISPLIT__NONE && room->nodes[twin].event->kind == ISPLIT__KIND_ADD)
            return twin;
    }
    return first_of_tx(room, e->entry);
}

uint32_t isplit__room_entry_of(const isplit__room *room, uint32_t node)
{
    if (node != ISPLIT__NONE && room->nodes[node].event->kind == ISPLIT__KIND_AMEND)
        node = isplit__room_find(room, &room->nodes[node].event->refs[0]);
    if (node == ISPLIT__NONE || !isplit__event_is_entry(room->nodes[node].event))
        return ISPLIT__NONE;
    return counted_one(room, node);
}

uint32_t isplit__room_spoken_of(const isplit__room *room, uint32_t node)
{
    const isplit__event *e = room->nodes[node].event;

    if (!isplit__event_in(e, ISPLIT__CHANGES))
        return isplit__room_entry_of(room, node);
    node = isplit__room_find(room, &e->refs[0]);
    /* words are about values, an amend's too; all else is about the entry itself */
    if (node != ISPLIT__NONE && room->nodes[node].event->kind == ISPLIT__KIND_AMEND &&
        !isplit__event_in(e, ISPLIT__WORDS))
        return ISPLIT__NONE;
    return isplit__room_entry_of(room, node);
}

uint32_t isplit__room_node_of(const isplit__room *room, const isplit_entry *entry)
{
    isplit__id id;

    if (entry->author && isplit__id_parse(&id, entry->id, strlen(entry->id)))
        return isplit__room_find(room, &id);
    return entry->author ? ISPLIT__NONE : first_of_tx(room, entry);
}

/* Flags that do not depend on changes. */
static void set_flags(const isplit__room *room, uint32_t node)
{
    const isplit__node *n = &room->nodes[node];
    isplit_entry *e = n->event->entry;

    if (n->event->kind == ISPLIT__KIND_LEGACY)
        e->flags =
            room->nodes[first_of_tx(room, e)].has_rival ? ISPLIT_ENTRY_CONFLICT : 0;
    else
        e->flags = ISPLIT_ENTRY_SIGNED;
    if (e->author && isplit__room_is_forked(room, &n->event->by))
        e->flags |= ISPLIT_ENTRY_FORKED;
    if (n->covered)
        e->flags |= ISPLIT_ENTRY_CLEARED;
}

/* The decimals of values, also of those not shown now; what the room's own currency is
 * may change. */
static void set_exponent(const isplit__room *room, isplit_entry *e)
{
    const isplit_settings *s = room->state.settings;

    if (!*e->currency || strcmp(e->currency, s->currency) == 0)
        e->exponent = s->exponent;
    else
        e->exponent = isplit_currency_exponent(e->currency);
}

/* What the last fold made of the nodes. */
static void forget_entries(isplit__room *room)
{
    for (uint32_t i = 0; i < room->count; i++) {
        isplit__node *n = &room->nodes[i];
        if (n->event->entry)
            set_exponent(room, n->event->entry);
        ic_mem_free(n->shown);
        n->shown = NULL;
        n->value = i;
        n->live = false;
        n->counted = isplit__event_is_entry(n->event) && counted_one(room, i) == i;
        if (n->counted)
            set_flags(room, i);
    }
}

/* With its values: does it count, and how does it look? */
static isplit_entry *finish_entry(isplit__room *room, uint32_t node)
{
    isplit__node *n = &room->nodes[node];
    isplit_entry *e = isplit__node_entry(n);

    n->live = !(e->flags & (ISPLIT_ENTRY_VOID | ISPLIT_ENTRY_CLEARED));
    isplit__room_judge(room, node);
    return e;
}

static int append_entries(isplit__room *room)
{
    for (uint32_t i = 0; i < room->count; i++) {
        if (room->nodes[i].counted)
            (void)finish_entry(room, i);
    }
    int err = room->has_twins ? isplit__room_drop_twins(room) : 0;
    for (uint32_t i = 0; !err && i < room->count; i++) {
        if (room->nodes[i].counted)
            err = isplit__state_append(&room->state, isplit__node_entry(&room->nodes[i]));
    }
    return err ? err : isplit__state_sort(&room->state);
}

int isplit__room_fold(isplit__room *room)
{
    room->stale = true;
    int err = isplit__room_rules(room);
    if (!err)
        err = isplit__room_occur(room);
    if (!err)
        err = isplit__room_cover(room);
    if (!err)
        err = isplit__state_reset(&room->state, room->rules->shown.currency,
                                  room->rules->shown.exponent);
    if (!err)
        err = isplit__room_members(room);
    if (err)
        return err;
    forget_entries(room);
    err = isplit__room_change(room);
    if (!err)
        err = append_entries(room);
    if (!err)
        err = isplit__room_recurring(room);
    room->stale = err != 0;
    return err;
}

/* --- one more event --- */

/* Has the entry no copies that other things are said about? */
static bool stands_alone(const isplit__room *room, uint32_t node)
{
    isplit__id tx;
    const isplit__node *n = &room->nodes[node];

    if (n->event->kind == ISPLIT__KIND_LEGACY)
        return !n->has_rival && counted_one(room, node) == node;
    if (n->event->kind != ISPLIT__KIND_ADD || (n->event->mark && room->has_twins))
        return false;
    if (!room->by_tx.count)
        return true;
    isplit__id_of(&tx, n->event->entry->id, strlen(n->event->entry->id));
    return !isplit__idmap_get(&room->by_tx, &tx);
}

/* A new entry, unless a clear, an earlier change or a namesake has a say. */
static int count_entry(isplit__room *room, uint32_t node)
{
    isplit__node *n = &room->nodes[node];
    bool old = n->event->kind == ISPLIT__KIND_LEGACY;

    if (!stands_alone(room, node) || (old && room->kinds[ISPLIT__KIND_CLEAR]) ||
        isplit__idmap_get(&room->changed, &n->event->id))
        return IC_ERR_AGAIN;
    n->value = node;
    n->counted = true;
    set_flags(room, node);
    return isplit__state_insert(&room->state, finish_entry(room, node));
}

/* What was said of one entry is looked at anew. */
static int count_again(isplit__room *room, uint32_t node)
{
    isplit__node *n = &room->nodes[node];
    isplit_entry *shown = n->shown;
    const isplit_entry before = *isplit__node_entry(n);

    if (!stands_alone(room, node))
        return IC_ERR_AGAIN;
    n->shown = NULL;
    n->value = node;
    set_flags(room, node);
    int err = isplit__room_change_one(room, node);
    if (!err)
        err = isplit__state_replace(&room->state, &before, finish_entry(room, node));
    ic_mem_free(shown);
    return err;
}

/* A change of an entry, or a word about it. */
static int change_entry(isplit__room *room, uint32_t node)
{
    const isplit__event *e = room->nodes[node].event;
    uint32_t entry = isplit__room_spoken_of(room, node);
    uint32_t target = isplit__room_find(room, &e->refs[0]);

    if (target == ISPLIT__NONE) /* not here yet */
        return 0;
    if (room->nodes[target].event->kind == ISPLIT__KIND_CLEAR ||
        room->nodes[target].event->kind == ISPLIT__KIND_RECUR ||
        (e->kind == ISPLIT__KIND_UNVOID && room->kinds[ISPLIT__KIND_CLEAR]))
        return IC_ERR_AGAIN;
    return entry == ISPLIT__NONE ? 0 : count_again(room, entry);
}

static int fold_one(isplit__room *room, uint32_t node)
{
    isplit__event *e = room->nodes[node].event;

    if (e->entry)
        set_exponent(room, e->entry);
    if (e->kind == ISPLIT__KIND_ADD || e->kind == ISPLIT__KIND_LEGACY)
        return count_entry(room, node);
    if (isplit__event_in(e, ISPLIT__CHANGES))
        return change_entry(room, node);
    return e->kind == ISPLIT__KIND_OTHER ? 0 : IC_ERR_AGAIN; /* all may change */
}

void isplit__room_fold_one(isplit__room *room, uint32_t node)
{
    room->stale = room->stale || fold_one(room, node) != 0;
}
