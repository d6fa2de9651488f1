/* Which entries are covered by a clear: a clear covers its causal past and the unsigned
 * entries that it lists, until somebody who may takes it back (section 4.5). Every rule
 * here looks at the past of an event only, so that all peers agree. */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/past.h"

typedef struct pass {
    isplit__past past;
    const isplit__room *room;
    uint32_t *clears;
    size_t clear_count;
    uint32_t *unvoids;
    size_t unvoid_count;
    uint8_t *seen; /* bit [unvoid][clear]: the unvoid came after the clear */
    size_t row;    /* bytes of one unvoid's bits */
} pass;

static void pass_free(pass *p)
{
    isplit__past_free(&p->past);
    ic_mem_free(p->clears);
    ic_mem_free(p->unvoids);
    ic_mem_free(p->seen);
}

static void note_seen(pass *p)
{
    for (size_t u = 0; u < p->unvoid_count; u++) {
        isplit__past_of(&p->past, p->unvoids[u], 0);
        for (size_t c = 0; c < p->clear_count; c++) {
            if (isplit__past_has(&p->past, p->clears[c]))
                p->seen[u * p->row + c / 8] |= (uint8_t)(1u << c % 8);
        }
    }
}

static int pass_start(pass *p, const isplit__room *room)
{
    const unsigned marks = 1u << ISPLIT__KIND_UNVOID | 1u << ISPLIT__KIND_VOID;

    *p = (pass){.room = room};
    int err = isplit__past_new(&p->past, room);
    p->clears = isplit__room_list(room, 1u << ISPLIT__KIND_CLEAR, &p->clear_count);
    p->unvoids = isplit__room_list(room, marks, &p->unvoid_count);
    p->row = p->clear_count / 8 + 1;
    p->seen = ic_mem_calloc(p->unvoid_count + 1, p->row);
    if (err || !p->clears || !p->unvoids || !p->seen) {
        pass_free(p);
        return IC_ERR_NOMEM;
    }
    note_seen(p);
    return 0;
}

static bool came_after(const pass *p, size_t unvoid, size_t clear)
{
    return p->seen[unvoid * p->row + clear / 8] >> clear % 8 & 1;
}

/* Has `key` a signed entry in this past? Where nobody has one, all keys may. */
static bool may_clear(const isplit__room *room, const isplit__id *key,
                      const isplit__past *past)
{
    bool nobody = true;

    for (uint32_t i = 0; i < room->count; i++) {
        const isplit__event *e = room->nodes[i].event;
        if (e->kind != ISPLIT__KIND_ADD || (past && !isplit__past_has(past, i)))
            continue;
        if (isplit__id_compare(&e->by, key) == 0)
            return true;
        nobody = false;
    }
    return nobody;
}

/* Where a room has owners only they clear it. */
static bool may_clear_as(const isplit__room *room, const isplit__id *key,
                         const isplit__view *view, const isplit__past *past)
{
    return view->owner_count ? isplit__view_owns(view, key) : may_clear(room, key, past);
}

/* The view is what the undoing knows, the past that of the clear. */
static bool may_undo(const isplit__room *room, const isplit__id *key,
                     const isplit__view *view, uint32_t clear, const isplit__past *past)
{
    return isplit__id_compare(key, &room->nodes[clear].event->by) == 0 ||
           isplit__view_owns(view, key) ||
           may_clear_as(room, key, isplit__room_view(room, clear), past);
}

bool isplit__room_may_clear(const isplit__room *room, const isplit__id *key)
{
    isplit__view now;

    isplit__room_view_of(room, room->heads, room->head_count, &now);
    return may_clear_as(room, key, &now, NULL);
}

int isplit__room_may_undo(const isplit__room *room, const isplit__id *key, uint32_t clear,
                          bool *may)
{
    isplit__view now;
    isplit__past past;

    isplit__room_view_of(room, room->heads, room->head_count, &now);
    int err = isplit__past_new(&past, room);
    if (!err) {
        isplit__past_of(&past, clear, 0);
        *may = may_undo(room, key, &now, clear, &past);
    }
    isplit__past_free(&past);
    return err;
}

/* The past of the clear is marked. Of those who took it back, or took that back, the last
 * has his way. */
static bool clear_counts(const pass *p, size_t clear)
{
    const isplit__event *c = p->room->nodes[p->clears[clear]].event;

    uint32_t last = ISPLIT__NONE;

    if (!may_clear_as(p->room, &c->by, isplit__room_view(p->room, p->clears[clear]),
                      &p->past))
        return false;
    for (size_t u = 0; u < p->unvoid_count; u++) {
        uint32_t node = p->unvoids[u];
        const isplit__event *e = p->room->nodes[node].event;
        if (isplit__id_compare(&e->refs[0], &c->id) == 0 && came_after(p, u, clear) &&
            (last == ISPLIT__NONE ||
             isplit__event_compare(p->room->nodes[last].event, e) < 0) &&
            may_undo(p->room, &e->by, isplit__room_view(p->room, node), p->clears[clear],
                     &p->past))
            last = node;
    }
    return last == ISPLIT__NONE || p->room->nodes[last].event->kind == ISPLIT__KIND_VOID;
}

/* Mark what this clear covers, if it counts: its past and the unsigned entries that it
 * lists, without those that were brought back one by one: by their authors, unsigned ones
 * by anybody. */
static bool mark_covered(pass *p, size_t clear)
{
    const isplit__event *c = p->room->nodes[p->clears[clear]].event;

    isplit__past_of(&p->past, p->clears[clear], 0);
    if (!clear_counts(p, clear))
        return false;
    for (size_t i = 0; i < c->ref_count; i++) {
        uint32_t at = isplit__room_find(p->room, &c->refs[i]);
        if (at != ISPLIT__NONE && p->room->nodes[at].event->kind == ISPLIT__KIND_LEGACY)
            p->past.mark[at] = p->past.stamp;
    }
    for (size_t u = 0; u < p->unvoid_count; u++) {
        const isplit__event *undo = p->room->nodes[p->unvoids[u]].event;
        uint32_t at = isplit__room_find(p->room, &undo->refs[0]);
        if (at != ISPLIT__NONE && undo->kind == ISPLIT__KIND_UNVOID &&
            came_after(p, u, clear) &&
            isplit__room_may_change(p->room, p->unvoids[u], at))
            p->past.mark[at] = 0;
    }
    return true;
}

static bool is_covered(const pass *p, uint32_t node)
{
    return isplit__past_has(&p->past, node) &&
           isplit__event_is_entry(p->room->nodes[node].event);
}

int isplit__room_cover(isplit__room *room)
{
    pass p;

    for (uint32_t i = 0; i < room->count; i++)
        room->nodes[i].covered = false;
    if (!room->kinds[ISPLIT__KIND_CLEAR])
        return 0;
    int err = pass_start(&p, room);
    if (err)
        return err;
    for (size_t c = 0; c < p.clear_count; c++) {
        bool counts = mark_covered(&p, c);
        for (uint32_t i = 0; counts && i < room->count; i++)
            room->nodes[i].covered = room->nodes[i].covered || is_covered(&p, i);
    }
    pass_free(&p);
    return 0;
}

int isplit__room_clears_over(const isplit__room *room, const bool *wanted,
                             isplit__id **clears, size_t *count)
{
    pass p;

    int err = pass_start(&p, room);
    if (err)
        return err;
    isplit__id *ids = ic_mem_calloc(p.clear_count + 1, sizeof *ids);
    *count = 0;
    for (size_t c = 0; ids && c < p.clear_count; c++) {
        bool over = false;
        bool counts = mark_covered(&p, c);
        for (uint32_t i = 0; counts && !over && i < room->count; i++)
            over = wanted[i] && is_covered(&p, i);
        if (over)
            ids[(*count)++] = room->nodes[p.clears[c]].event->id;
    }
    pass_free(&p);
    *clears = ids;
    return ids ? 0 : IC_ERR_NOMEM;
}
