/* Settings as an event knows them. Who writes the first settings that an event can know
 * of owns the room from there on; only owners write further ones. Everything here follows
 * from the past of an event alone (section 4.3). */
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"

/* Is node `a` later than node `b`, in the order (lc, id)? */
static bool is_later(const isplit__room *room, uint32_t a, uint32_t b)
{
    if (a == ISPLIT__NONE || b == ISPLIT__NONE)
        return b == ISPLIT__NONE;
    return isplit__event_compare(room->nodes[a].event, room->nodes[b].event) > 0;
}

/* Of more owners than there is room for the smallest keys stay, in whatever order they
 * come. */
static void add_owner(isplit__view *v, const isplit__id *key)
{
    size_t at = v->owner_count;

    if (isplit__view_owns(v, key))
        return;
    while (at && isplit__id_compare(&v->owners[at - 1], key) > 0)
        at--;
    if (at == ISPLIT__OWNERS_MAX)
        return;
    v->owner_count += v->owner_count < ISPLIT__OWNERS_MAX;
    memmove(&v->owners[at + 1], &v->owners[at],
            (v->owner_count - at - 1) * sizeof *v->owners);
    v->owners[at] = *key;
}

static void add_view(const isplit__room *room, isplit__view *into,
                     const isplit__view *from)
{
    for (size_t i = 0; i < from->owner_count; i++)
        add_owner(into, &from->owners[i]);
    if (is_later(room, from->rules, into->rules))
        into->rules = from->rules;
}

void isplit__room_view_of(const isplit__room *room, const uint32_t *nodes, size_t count,
                          isplit__view *out)
{
    *out = (isplit__view){.rules = ISPLIT__NONE};
    for (size_t i = 0; i < count; i++) {
        uint32_t view = room->nodes[nodes[i]].view;
        if (view && (!i || view != room->nodes[nodes[i - 1]].view))
            add_view(room, out, &room->views[view - 1]);
    }
}

static bool same(const isplit__view *a, const isplit__view *b)
{
    return a->rules == b->rules && a->owner_count == b->owner_count &&
           memcmp(a->owners, b->owners, a->owner_count * sizeof *a->owners) == 0;
}

int isplit__room_keep_view(isplit__room *room, const isplit__event *e,
                           const uint32_t *deps, uint32_t *out)
{
    isplit__view v;

    isplit__room_view_of(room, deps, e->dep_count, &v);
    if (e->kind == ISPLIT__KIND_ROOM &&
        (!v.owner_count || isplit__view_owns(&v, &e->by))) {
        add_owner(&v, &e->by);
        v.rules = room->count;
    }
    *out = 0;
    if (v.rules == ISPLIT__NONE)
        return 0;
    for (*out = room->view_count; *out; --*out) {
        if (same(&room->views[*out - 1], &v))
            return 0;
    }
    if (!isplit__grow(&room->views, room->view_count + 1u, &room->view_cap,
                      sizeof *room->views))
        return IC_ERR_NOMEM;
    room->views[room->view_count++] = v;
    *out = room->view_count;
    return 0;
}

const isplit__view *isplit__room_view(const isplit__room *room, uint32_t node)
{
    static const isplit__view none = {.rules = ISPLIT__NONE};
    uint32_t view = room->nodes[node].view;

    return view ? &room->views[view - 1] : &none;
}

/* --- what holds now --- */

/* The first currency stays: the one with the smallest (lc, id). */
static void pin_currency(isplit__room *room, uint32_t first)
{
    isplit__rules r;
    isplit__rules *rules = room->rules;

    isplit__rules_init(&r);
    if (first != ISPLIT__NONE)
        (void)isplit__rules_load(room->nodes[first].event->text, &r);
    memcpy(rules->currency, r.shown.currency, strlen(r.shown.currency) + 1);
    rules->shown.currency = rules->currency;
    rules->shown.exponent = r.shown.exponent;
}

static bool names_currency(const isplit__event *e)
{
    return strncmp(e->text, "{\"cur\":", 7) == 0; /* canonical: it stands first */
}

static void put_owners(isplit__room *room)
{
    isplit__rules *r = room->rules;

    for (size_t i = 0; i < room->owners.owner_count; i++) {
        r->owners[i] = sodium_bin2hex(r->owner_hex[i], sizeof r->owner_hex[i],
                                      room->owners.owners[i].b, ISPLIT__ID_BYTES);
    }
    r->shown.owners = r->owners;
    r->shown.owner_count = room->owners.owner_count;
}

int isplit__room_rules(isplit__room *room)
{
    uint32_t first = ISPLIT__NONE;
    isplit__view all = {.rules = ISPLIT__NONE};

    if (!room->rules)
        room->rules = ic_mem_alloc(sizeof *room->rules);
    if (!room->rules)
        return IC_ERR_NOMEM;
    isplit__rules_init(room->rules);
    for (uint32_t i = 0; room->view_count && i < room->count; i++) {
        const isplit__event *e = room->nodes[i].event;
        if (e->kind != ISPLIT__KIND_ROOM || isplit__room_view(room, i)->rules != i)
            continue;
        add_view(room, &all, isplit__room_view(room, i));
        if (names_currency(e) && (first == ISPLIT__NONE || is_later(room, first, i)))
            first = i;
    }
    room->owners = all;
    if (all.rules != ISPLIT__NONE) /* it was read before */
        (void)isplit__rules_load(room->nodes[all.rules].event->text, room->rules);
    pin_currency(room, first);
    put_owners(room);
    room->state.settings = &room->rules->shown;
    return 0;
}

static bool lists(const char *const *keys, size_t count, const char *key)
{
    while (count && strcmp(keys[count - 1], key) != 0)
        count--;
    return count != 0;
}

bool isplit__room_is_writer(const isplit__room *room, const char *key)
{
    const isplit_settings *s = &room->rules->shown;

    return !s->writer_count || lists(s->writers, s->writer_count, key) ||
           lists(s->owners, s->owner_count, key);
}
