#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "room.h"

const char *isplit_state_room(const isplit_state *state)
{
    return state->room;
}

size_t isplit_state_entry_count(const isplit_state *state)
{
    return state->entry_count;
}

const isplit_entry *isplit_state_entry(const isplit_state *state, size_t index)
{
    return index < state->entry_count ? state->entries[index] : NULL;
}

int64_t isplit_state_total_minor(const isplit_state *state)
{
    return state->total;
}

const isplit_share *isplit_state_balances(const isplit_state *state, size_t *count)
{
    *count = state->balance_count;
    return state->balances;
}

size_t isplit_state_event_count(const isplit_state *state)
{
    return state->event_count;
}

void isplit_state_fingerprint(const isplit_state *state, uint8_t out[16])
{
    isplit__sum_fingerprint(&state->sum, out);
}

static int in_list_order(const isplit_entry *a, const isplit_entry *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int entries_in_order(const void *a, const void *b)
{
    return in_list_order(*(const isplit_entry *const *)a,
                         *(const isplit_entry *const *)b);
}

static int shares_by_name(const void *a, const void *b)
{
    return strcmp(((const isplit_share *)a)->name, ((const isplit_share *)b)->name);
}

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

/* Does this node show and count as an entry? Sets the flags of the entry. */
static bool is_live(const isplit__room *room, uint32_t node)
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
    return !n->covered;
}

static bool grow_entries(struct isplit_state *s, size_t need)
{
    if (need <= s->entry_cap)
        return true;
    size_t cap = need + need / 2;
    const isplit_entry **entries = ic_mem_resize(s->entries, cap * sizeof *s->entries);
    if (!entries)
        return false;
    s->entries = entries;
    s->entry_cap = cap;
    return true;
}

static bool grow_balances(struct isplit_state *s, size_t need)
{
    if (need <= s->balance_cap)
        return true;
    size_t cap = need + need / 2;
    isplit_share *balances = ic_mem_resize(s->balances, cap * sizeof *balances);
    if (!balances)
        return false;
    s->balances = balances;
    s->balance_cap = cap;
    return true;
}

static void append_shares(struct isplit_state *s, const isplit_entry *e)
{
    for (size_t i = 0; i < e->paid_count; i++)
        s->balances[s->balance_count++] = e->paid[i];
    for (size_t i = 0; i < e->share_count; i++)
        s->balances[s->balance_count++] = (isplit_share){
            .name = e->shares[i].name,
            .minor = -e->shares[i].minor,
        };
}

/* Add up the lines of the same name. */
static void sum_balances(struct isplit_state *s)
{
    size_t put = 0;

    if (s->balance_count > 1)
        qsort(s->balances, s->balance_count, sizeof *s->balances, shares_by_name);
    for (size_t i = 0; i < s->balance_count; i++) {
        if (put && strcmp(s->balances[put - 1].name, s->balances[i].name) == 0)
            s->balances[put - 1].minor += s->balances[i].minor;
        else
            s->balances[put++] = s->balances[i];
    }
    s->balance_count = put;
}

/* The lines pile up to twice the number of names, then they are added up. */
static bool fold_shares(struct isplit_state *s, const isplit_entry *e)
{
    size_t more = e->paid_count + e->share_count;

    if (s->balance_count + more > s->balance_cap)
        sum_balances(s);
    if (!grow_balances(s, s->balance_count + more + s->balance_count))
        return false;
    append_shares(s, e);
    return true;
}

int isplit__room_fold(isplit__room *room)
{
    struct isplit_state *s = &room->state;

    int err = isplit__room_cover(room);
    if (err)
        return err;
    room->stale = true;
    s->entry_count = 0;
    s->balance_count = 0;
    s->total = 0;
    if (!grow_balances(s, 1024) || !grow_entries(s, room->count))
        return IC_ERR_NOMEM;
    for (uint32_t i = 0; i < room->count; i++) {
        const isplit_entry *e = room->nodes[i].event->entry;
        room->nodes[i].live = is_live(room, i);
        if (!room->nodes[i].live)
            continue;
        s->entries[s->entry_count++] = e;
        s->total += e->amount_minor;
        if (!fold_shares(s, e))
            return IC_ERR_NOMEM;
    }
    if (s->entry_count > 1)
        qsort(s->entries, s->entry_count, sizeof *s->entries, entries_in_order);
    sum_balances(s);
    room->stale = false;
    return 0;
}

static void insert_entry(struct isplit_state *s, const isplit_entry *e)
{
    size_t at = s->entry_count++;

    for (; at && in_list_order(s->entries[at - 1], e) > 0; at--)
        s->entries[at] = s->entries[at - 1];
    s->entries[at] = e;
    s->total += e->amount_minor;
}

static void add_balance(struct isplit_state *s, const char *name, int64_t minor)
{
    size_t low = 0;
    size_t high = s->balance_count;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(s->balances[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < s->balance_count && strcmp(s->balances[low].name, name) == 0) {
        s->balances[low].minor += minor;
        return;
    }
    memmove(&s->balances[low + 1], &s->balances[low],
            (s->balance_count - low) * sizeof *s->balances);
    s->balances[low] = (isplit_share){.name = name, .minor = minor};
    s->balance_count++;
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
    struct isplit_state *s = &room->state;
    const isplit_entry *e = room->nodes[node].event->entry;

    if (room->stale || !e)
        return;
    size_t names = e->paid_count + e->share_count;
    if (!counts_by_itself(room, &room->nodes[node]) ||
        !grow_entries(s, s->entry_count + 1) ||
        !grow_balances(s, s->balance_count + names)) {
        room->stale = true;
        return;
    }
    room->nodes[node].live = true;
    insert_entry(s, e);
    for (size_t i = 0; i < e->paid_count; i++)
        add_balance(s, e->paid[i].name, e->paid[i].minor);
    for (size_t i = 0; i < e->share_count; i++)
        add_balance(s, e->shares[i].name, -e->shares[i].minor);
}
