#include "ledger/room.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

int isplit__room_new(const char *name, const char *prefix, isplit__room **out)
{
    isplit__room *room = ic_mem_calloc(1, sizeof *room);
    char *copy = ic_mem_alloc(strlen(name) + 1);

    if (!room || !copy) {
        ic_mem_free(room);
        ic_mem_free(copy);
        return IC_ERR_NOMEM;
    }
    memcpy(copy, name, strlen(name) + 1);
    room->state.room = copy;
    room->stale = true;
    room->context = (isplit__context){.room = copy, .prefix = prefix};
    *out = room;
    return 0;
}

void isplit__room_free(isplit__room *room)
{
    if (!room)
        return;
    for (uint32_t i = 0; i < room->count; i++) {
        isplit__event_free(room->nodes[i].event);
        ic_mem_free(room->nodes[i].deps);
        ic_mem_free(room->nodes[i].shown);
    }
    for (size_t i = 0; i < room->waiting_count; i++)
        isplit__item_free(&room->waiting[i]);
    ic_mem_free(room->waiting);
    ic_mem_free(room->nodes);
    ic_mem_free(room->heads);
    isplit__idmap_free(&room->by_id);
    isplit__idmap_free(&room->last_of);
    isplit__idmap_free(&room->by_tx);
    isplit__idmap_free(&room->forked);
    isplit__idmap_free(&room->changed);
    isplit__idmap_free(&room->by_mark);
    ic_mem_free(room->views);
    ic_mem_free(room->rules);
    isplit__index_free(&room->index);
    isplit__state_free(&room->state);
    ic_mem_free(room);
}

void isplit__room_on_deliver(isplit__room *room, isplit__deliver_cb deliver, void *user)
{
    room->deliver = deliver;
    room->user = user;
}

uint32_t isplit__room_find(const isplit__room *room, const isplit__id *id)
{
    const uint32_t *at = isplit__idmap_get(&room->by_id, id);

    return at ? *at : ISPLIT__NONE;
}

static isplit__id id_of_mark(uint64_t mark)
{
    isplit__id id = {{0}};

    memcpy(id.b, &mark, sizeof mark);
    return id;
}

uint32_t isplit__room_of_mark(const isplit__room *room, uint64_t mark)
{
    isplit__id id = id_of_mark(mark);
    const uint32_t *at = isplit__idmap_get(&room->by_mark, &id);

    return at ? *at : ISPLIT__NONE;
}

bool isplit__room_is_forked(const isplit__room *room, const isplit__id *key)
{
    return isplit__idmap_get(&room->forked, key) != NULL;
}

/* Any node is smaller than none. */
static bool is_smaller(const isplit__room *room, uint32_t a, uint32_t b)
{
    return b == ISPLIT__NONE ||
           isplit__id_compare(&room->nodes[a].event->id, &room->nodes[b].event->id) < 0;
}

int isplit__room_fork(const isplit__room *room, const char *key, size_t pair[2])
{
    isplit__id by;
    uint32_t of[ISPLIT__EVENT_MAX_SEQ + 1][2]; /* each seq: the nodes of smallest ids */
    uint32_t least = 0;

    if (!isplit__id_parse(&by, key, strlen(key)) || !isplit__room_is_forked(room, &by))
        return IC_ERR_NOT_FOUND;
    memset(of, 0xff, sizeof of);
    for (uint32_t i = 0; i < room->count; i++) {
        const isplit__event *e = room->nodes[i].event;
        uint32_t *two = of[e->seq];
        if (isplit__id_compare(&e->by, &by) != 0)
            continue;
        if (is_smaller(room, i, two[0])) {
            two[1] = two[0];
            two[0] = i;
        } else if (is_smaller(room, i, two[1])) {
            two[1] = i;
        }
        if (two[1] != ISPLIT__NONE && (!least || e->seq < least))
            least = e->seq;
    }
    pair[0] = of[least][0];
    pair[1] = of[least][1];
    return 0;
}

uint32_t *isplit__room_list(const isplit__room *room, unsigned kinds, size_t *count)
{
    size_t n = 0;
    size_t all = 0;

    for (unsigned kind = 0; kind < ISPLIT__KINDS; kind++)
        all += kinds >> kind & 1 ? room->kinds[kind] : 0;
    uint32_t *list = ic_mem_calloc(all + 1, sizeof *list);
    for (uint32_t i = 0; list && n < all; i++) {
        if (isplit__event_in(room->nodes[i].event, kinds))
            list[n++] = i;
    }
    *count = n;
    return list;
}

uint32_t isplit__room_last_change(const isplit__room *room, uint32_t node)
{
    const uint32_t *last =
        isplit__idmap_get(&room->changed, &room->nodes[node].event->id);

    return last ? *last : ISPLIT__NONE;
}

int isplit__room_index(isplit__room *room, const isplit__index **out)
{
    int err = 0;
    size_t from = room->index.count;
    size_t count = room->count - from;

    if (count) {
        const isplit__event **more = ic_mem_alloc(count * sizeof *more);
        if (!more)
            return IC_ERR_NOMEM;
        for (size_t i = 0; i < count; i++)
            more[i] = room->nodes[from + i].event;
        err = isplit__index_add(&room->index, more, count);
        ic_mem_free(more);
    }
    if (!err)
        *out = &room->index;
    return err;
}

int isplit__room_state(isplit__room *room, const isplit_state **out)
{
    int err = room->stale ? isplit__room_fold(room) : 0;

    if (!err)
        *out = &room->state;
    return err;
}

static bool deps_are_here(const isplit__room *room, const isplit__event *e)
{
    for (size_t i = 0; i < e->dep_count; i++) {
        if (isplit__room_find(room, &e->deps[i]) == ISPLIT__NONE)
            return false;
    }
    return true;
}

/* lc and seq must follow from the deps: then clocks cannot lie and forks show. */
static bool follows_from_deps(const isplit__room *room, const isplit__event *e,
                              const uint32_t *deps)
{
    int64_t lc = 0;
    uint32_t seq = 0;

    for (size_t i = 0; i < e->dep_count; i++) {
        const isplit__event *dep = room->nodes[deps[i]].event;
        if (dep->kind == ISPLIT__KIND_LEGACY)
            return false;
        if (dep->lc > lc)
            lc = dep->lc;
        if (isplit__id_compare(&dep->by, &e->by) == 0 && dep->seq > seq)
            seq = dep->seq;
    }
    return e->lc == lc + 1 && e->seq == seq + 1;
}

static void hash_of_tx(isplit__id *out, const isplit__event *e)
{
    isplit__id_of(out, e->entry->id, strlen(e->entry->id));
}

/* Memory for all that insert() changes, so that it cannot fail. */
static int reserve_for_one(isplit__room *room)
{
    if (room->count >= ISPLIT__ROOM_MAX_EVENTS)
        return IC_ERR_LIMIT;
    if (!isplit__grow(&room->nodes, room->count + 1u, &room->cap, sizeof *room->nodes) ||
        !isplit__grow(&room->heads, room->head_count + 1, &room->head_cap,
                      sizeof *room->heads) ||
        !isplit__idmap_reserve(&room->by_id) || !isplit__idmap_reserve(&room->last_of) ||
        !isplit__idmap_reserve(&room->by_tx) || !isplit__idmap_reserve(&room->forked) ||
        isplit__tail_reserve(&room->state.tail) ||
        !isplit__idmap_reserve(&room->changed) || !isplit__idmap_reserve(&room->by_mark))
        return IC_ERR_NOMEM;
    return 0;
}

static void drop_head(isplit__room *room, uint32_t node)
{
    for (size_t i = 0; i < room->head_count; i++) {
        if (room->heads[i] == node) {
            room->heads[i] = room->heads[--room->head_count];
            return;
        }
    }
}

/* Entries of a key that signs two futures carry a flag. */
static void insert_fork(isplit__room *room, const isplit__id *key)
{
    if (!isplit__idmap_get(&room->forked, key))
        room->stale = true;
    isplit__idmap_put(&room->forked, key, 0);
}

/* Changes to one thing are a list, the newest first. */
static void insert_change(isplit__room *room, uint32_t at)
{
    const isplit__id *ref = &room->nodes[at].event->refs[0];
    const uint32_t *last = isplit__idmap_get(&room->changed, ref);

    room->nodes[at].next = last ? *last : ISPLIT__NONE;
    isplit__idmap_put(&room->changed, ref, at);
}

/* Likewise imported entries of one row. */
static void insert_imported(isplit__room *room, uint32_t at)
{
    isplit__node *n = &room->nodes[at];
    isplit__id id = id_of_mark(n->event->mark);

    n->next = isplit__room_of_mark(room, n->event->mark);
    isplit__idmap_put(&room->by_mark, &id, at);
    if (n->next != ISPLIT__NONE)
        room->has_twins = room->stale = true;
}

static void insert_signed(isplit__room *room, uint32_t at)
{
    const isplit__node *node = &room->nodes[at];
    const isplit__event *e = node->event;
    const uint32_t *last = isplit__idmap_get(&room->last_of, &e->by);

    for (size_t i = 0; i < e->dep_count; i++) {
        if (!room->nodes[node->deps[i]].has_child)
            drop_head(room, node->deps[i]);
        room->nodes[node->deps[i]].has_child = true;
    }
    room->heads[room->head_count++] = at;
    if (!last || room->nodes[*last].event->seq < e->seq)
        isplit__idmap_put(&room->last_of, &e->by, at);
    else /* this one was written beside the last, which it does not build on */
        insert_fork(room, &e->by);
    if (e->kind == ISPLIT__KIND_ADD && e->mark)
        insert_imported(room, at);
    if (isplit__event_in(e, ISPLIT__CHANGES))
        insert_change(room, at);
}

/* Of several contents under one txId the one with the smallest hash stands in the map. */
static void insert_legacy(isplit__room *room, uint32_t at)
{
    isplit__id tx;
    isplit__node *node = &room->nodes[at];

    hash_of_tx(&tx, node->event);
    const uint32_t *same = isplit__idmap_get(&room->by_tx, &tx);
    isplit__node *first = same ? &room->nodes[*same] : node;
    node->has_rival = first != node;
    if (isplit__id_compare(&first->event->id, &node->event->id) < 0) {
        first->has_rival = true;
        return;
    }
    isplit__idmap_put(&room->by_tx, &tx, at);
}

static void insert(isplit__room *room, isplit__event *e, uint32_t *deps, uint32_t view)
{
    uint32_t at = room->count++;

    room->nodes[at] = (isplit__node){.event = e,
                                     .deps = deps,
                                     .view = view,
                                     .value = ISPLIT__NONE,
                                     .next = ISPLIT__NONE};
    isplit__idmap_put(&room->by_id, &e->id, at);
    room->kinds[e->kind]++;
    if (e->kind == ISPLIT__KIND_LEGACY)
        insert_legacy(room, at);
    else
        insert_signed(room, at);
    isplit__sum_add(&room->state.sum, &e->id);
    room->state.event_count++;
    isplit__tail_note(&room->state.tail, e);
    isplit__room_fold_one(room, at);
}

/* Check an event whose deps are here and look up their nodes. */
static int prepare(isplit__room *room, const isplit__event *e, uint32_t **deps,
                   uint32_t *view)
{
    int err = reserve_for_one(room);
    if (err)
        return err;
    uint32_t *numbers = ic_mem_calloc(e->dep_count ? e->dep_count : 1, sizeof *numbers);
    if (!numbers)
        return IC_ERR_NOMEM;
    for (size_t i = 0; i < e->dep_count; i++)
        numbers[i] = isplit__room_find(room, &e->deps[i]);
    if (e->kind != ISPLIT__KIND_LEGACY && !follows_from_deps(room, e, numbers)) {
        ic_mem_free(numbers);
        return IC_ERR_PROTO;
    }
    err = isplit__room_keep_view(room, e, numbers, view);
    if (err)
        ic_mem_free(numbers);
    else
        *deps = numbers;
    return err;
}

static int deliver(isplit__room *room, isplit__item *item)
{
    uint32_t view = 0;
    uint32_t *deps = NULL;

    int err = prepare(room, item->event, &deps, &view);
    if (!err && room->deliver)
        err = room->deliver(item, room->user);
    if (err) {
        ic_mem_free(deps);
    } else {
        insert(room, item->event, deps, view);
        item->event = NULL;
    }
    isplit__item_free(item);
    return err;
}

static void remove_waiting(isplit__room *room, size_t at, isplit__item *out)
{
    *out = room->waiting[at];
    room->waiting_count--;
    memmove(&room->waiting[at], &room->waiting[at + 1],
            (room->waiting_count - at) * sizeof *room->waiting);
}

/* Keep an event until its deps come; the oldest gives way. */
static int keep_waiting(isplit__room *room, isplit__item *item)
{
    isplit__item oldest;

    for (size_t i = 0; i < room->waiting_count; i++) {
        if (isplit__id_compare(&room->waiting[i].event->id, &item->event->id) == 0) {
            isplit__item_free(item);
            return 0;
        }
    }
    if (!room->waiting)
        room->waiting = ic_mem_calloc(ISPLIT__WAITING_MAX, sizeof *room->waiting);
    if (!room->waiting) {
        isplit__item_free(item);
        return IC_ERR_NOMEM;
    }
    if (room->waiting_count == ISPLIT__WAITING_MAX) {
        remove_waiting(room, 0, &oldest);
        isplit__item_free(&oldest);
    }
    room->waiting[room->waiting_count++] = *item;
    return 0;
}

/* An event that does not follow from its deps falls out here; others still get in. */
static int deliver_waiting(isplit__room *room)
{
    bool progress = true;
    isplit__item item;

    while (progress) {
        progress = false;
        for (size_t i = 0; i < room->waiting_count;) {
            if (!deps_are_here(room, room->waiting[i].event)) {
                i++;
                continue;
            }
            remove_waiting(room, i, &item);
            int err = deliver(room, &item);
            if (err && err != IC_ERR_PROTO)
                return err;
            progress = true;
        }
    }
    return 0;
}

int isplit__room_take(isplit__room *room, isplit__item *item, isplit_taken *taken)
{
    if (isplit__room_find(room, &item->event->id) != ISPLIT__NONE) {
        isplit__item_free(item);
        *taken = ISPLIT_TAKEN_KNOWN;
        return 0;
    }
    if (!deps_are_here(room, item->event)) {
        *taken = ISPLIT_TAKEN_WAITS;
        return keep_waiting(room, item);
    }
    int err = deliver(room, item);
    if (err)
        return err;
    *taken = ISPLIT_TAKEN_NEW;
    return deliver_waiting(room);
}

int isplit__room_load(isplit__room *room, isplit__event *event)
{
    uint32_t view = 0;
    uint32_t *deps = NULL;

    room->stale = true;
    if (!deps_are_here(room, event) ||
        isplit__room_find(room, &event->id) != ISPLIT__NONE) {
        isplit__event_free(event);
        return IC_ERR_PROTO;
    }
    int err = prepare(room, event, &deps, &view);
    if (err)
        isplit__event_free(event);
    else
        insert(room, event, deps, view);
    return err;
}
