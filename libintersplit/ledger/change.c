/* What became of an entry: its values are those of the amend with the greatest (lc, id),
 * and it is void or not by the last of its voids and unvoids. Who may change it is
 * decided by the past of the change alone, so that all peers agree (section 4.3). */
#include <stdlib.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/past.h"

#define FEW 64 /* changes of one entry that are looked at whenever one comes */

typedef struct edit {
    const isplit__room *room; /* for sorting */
    uint32_t entry;
    uint32_t node;
} edit;

static int by_entry_and_order(const void *a, const void *b)
{
    const edit *x = a;
    const edit *y = b;
    const isplit__event *e = x->room->nodes[x->node].event;
    const isplit__event *f = y->room->nodes[y->node].event;

    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    return isplit__event_compare(e, f);
}

/* Has the room been opened to all, as far as this view knows? */
static bool is_open(const isplit__room *room, const isplit__view *view)
{
    return view->rules != ISPLIT__NONE &&
           isplit__rules_open(room->nodes[view->rules].event->text);
}

static bool may_change(const isplit__room *room, const isplit__id *key,
                       const isplit__view *view, uint32_t entry)
{
    const isplit__event *e = room->nodes[entry].event;

    return e->kind == ISPLIT__KIND_LEGACY || isplit__id_compare(&e->by, key) == 0 ||
           isplit__view_owns(view, key) || is_open(room, view);
}

bool isplit__room_may_change(const isplit__room *room, uint32_t change, uint32_t entry)
{
    return may_change(room, &room->nodes[change].event->by,
                      isplit__room_view(room, change), entry);
}

bool isplit__room_may_change_now(const isplit__room *room, const isplit__id *key,
                                 uint32_t entry)
{
    isplit__view now;

    isplit__room_view_of(room, room->heads, room->head_count, &now);
    return may_change(room, key, &now, entry);
}

/* Words about an entry do not change it. */
static bool counts(const isplit__room *room, uint32_t node, uint32_t entry)
{
    char key[2 * ISPLIT__ID_BYTES + 1];
    const isplit__event *e = room->nodes[node].event;

    if (isplit__event_in(e, ISPLIT__WORDS))
        return false;
    sodium_bin2hex(key, sizeof key, e->by.b, sizeof e->by.b);
    return isplit__room_is_writer(room, key) &&
           isplit__room_may_change(room, node, entry);
}

/* The changes that count of the list that begins with this node. */
static size_t collect_list(const isplit__room *room, uint32_t entry, uint32_t node,
                           edit *out)
{
    size_t count = 0;

    for (; node != ISPLIT__NONE; node = room->nodes[node].next) {
        if (counts(room, node, entry))
            out[count++] = (edit){room, entry, node};
    }
    return count;
}

/* Of all entries, the changes to their copies among them. */
static size_t collect(const isplit__room *room, edit *out)
{
    size_t count = 0;

    for (size_t i = 0; i < room->changed.cap; i++) {
        const isplit__idslot *slot = &room->changed.slots[i];
        uint32_t node = slot->used ? isplit__room_find(room, &slot->id) : ISPLIT__NONE;
        uint32_t entry = isplit__room_entry_of(room, node);
        if (entry != ISPLIT__NONE && isplit__event_is_entry(room->nodes[node].event))
            count += collect_list(room, entry, slot->value, out + count);
    }
    return count;
}

/* Did the last one know of all the others? */
static bool are_in_line(isplit__past *p, const edit *changes, size_t count)
{
    uint32_t last = changes[count - 1].node;

    if (count < 2)
        return true;
    isplit__past_of(p, last, p->room->nodes[changes[0].node].event->lc);
    for (size_t i = 0; i + 1 < count; i++) {
        if (!isplit__past_has(p, changes[i].node))
            return false;
    }
    return true;
}

/* Other values under the same name, by the same author, from the same time. */
static int show(isplit__node *n, const isplit_entry *values)
{
    const isplit_entry *own = n->event->entry;

    n->shown = ic_mem_alloc(sizeof *n->shown);
    if (!n->shown)
        return IC_ERR_NOMEM;
    *n->shown = *values;
    n->shown->id = own->id;
    n->shown->by = own->by;
    n->shown->author = own->author;
    n->shown->at_ms = own->at_ms;
    n->shown->flags = own->flags | ISPLIT_ENTRY_EDITED;
    return 0;
}

/* Changes to one entry, in order. */
static int change_entry(isplit__room *room, isplit__past *p, const edit *changes,
                        size_t count)
{
    bool is_void = false;
    uint32_t value = changes[0].entry;
    isplit__node *n = &room->nodes[value];

    for (size_t i = 0; i < count; i++) {
        isplit__kind kind = room->nodes[changes[i].node].event->kind;
        if (kind == ISPLIT__KIND_AMEND)
            value = changes[i].node;
        else
            is_void = kind == ISPLIT__KIND_VOID;
    }
    if (is_void)
        n->event->entry->flags |= ISPLIT_ENTRY_VOID;
    if (!are_in_line(p, changes, count))
        n->event->entry->flags |= ISPLIT_ENTRY_CONFLICT;
    n->value = value;
    return value == changes[0].entry ? 0 : show(n, room->nodes[value].event->entry);
}

/* By entry and order. */
static int change_all(isplit__room *room, edit *changes, size_t count)
{
    isplit__past p;
    int err = isplit__past_new(&p, room);

    if (count > 1)
        qsort(changes, count, sizeof *changes, by_entry_and_order);
    for (size_t i = 0; !err && i < count;) {
        size_t from = i;
        while (i < count && changes[i].entry == changes[from].entry)
            i++;
        err = change_entry(room, &p, changes + from, i - from);
    }
    isplit__past_free(&p);
    return err;
}

int isplit__room_change(isplit__room *room)
{
    if (!room->changed.count)
        return 0;
    edit *changes = ic_mem_calloc(room->count, sizeof *changes);
    int err = changes ? change_all(room, changes, collect(room, changes)) : IC_ERR_NOMEM;
    ic_mem_free(changes);
    return err;
}

int isplit__room_change_one(isplit__room *room, uint32_t entry)
{
    size_t most = 0;
    uint32_t last = isplit__room_last_change(room, entry);

    for (uint32_t at = last; at != ISPLIT__NONE && most <= FEW; at = room->nodes[at].next)
        most++;
    if (!most || most > FEW)
        return most ? IC_ERR_AGAIN : 0;
    edit *changes = ic_mem_calloc(most, sizeof *changes);
    int err = changes
                  ? change_all(room, changes, collect_list(room, entry, last, changes))
                  : IC_ERR_NOMEM;
    ic_mem_free(changes);
    return err;
}
