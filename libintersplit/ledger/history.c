/* Which entry a person means, and what happened to it. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/judge.h"
#include "text/reason.h"

#define LEAST_DIGITS 6

static const isplit__room *room_of(const isplit_state *state)
{
    return (const isplit__room *)(const void *)((const char *)state -
                                                offsetof(isplit__room, state));
}

static int not_found(isplit_reason *why)
{
    isplit__refuse(why, "there is no such entry in this room");
    return IC_ERR_NOT_FOUND;
}

static int find_begun(const isplit_state *state, const char *text,
                      const isplit_entry **out, isplit_reason *why)
{
    const isplit_entry *found = NULL;
    size_t len = strlen(text);

    for (size_t i = 0; i < state->all_count; i++) {
        if (strncmp(state->all[i]->id, text, len) != 0)
            continue;
        if (found)
            return isplit__refuse(why,
                                  "several entries begin like this; type more digits");
        found = state->all[i];
    }
    if (!found)
        return not_found(why);
    *out = found;
    return 0;
}

int isplit_state_find(const isplit_state *state, const char *text,
                      const isplit_entry **out, isplit_reason *why)
{
    if (strcmp(text, "last") == 0 && state->live_count) {
        *out = state->live[state->live_count - 1];
        return 0;
    }
    for (size_t i = 0; i < state->all_count; i++) {
        if (strcmp(state->all[i]->id, text) == 0) {
            *out = state->all[i];
            return 0;
        }
    }
    if (strlen(text) < LEAST_DIGITS)
        return not_found(why);
    return find_begun(state, text, out, why);
}

/* --- history --- */

/* A step as it is handed out, with room for what it points to. */
typedef struct step_texts {
    char author[2 * ISPLIT__ID_BYTES + 1];
    char by[IC_ADDRESS_BYTES];
} step_texts;

/* What happened, before it is told. */
typedef struct story {
    const isplit__room *room;
    uint32_t *nodes; /* in order; the first is the entry */
    size_t count;
    size_t cap;
} story;

static int append(story *s, uint32_t node)
{
    if (!isplit__grow(&s->nodes, s->count + 1, &s->cap, sizeof *s->nodes))
        return IC_ERR_NOMEM;
    s->nodes[s->count++] = node;
    return 0;
}

/* What is said under the id of this node, when it is about the entry. */
static int append_changes(story *s, uint32_t node, uint32_t entry)
{
    const isplit__room *room = s->room;
    const uint32_t *last =
        isplit__idmap_get(&room->changed, &room->nodes[node].event->id);
    int err = 0;

    for (uint32_t at = last ? *last : ISPLIT__NONE; !err && at != ISPLIT__NONE;
         at = room->nodes[at].next) {
        if (isplit__room_spoken_of(room, at) == entry)
            err = append(s, at);
    }
    return err;
}

static int append_clears(story *s, uint32_t entry)
{
    size_t count = 0;
    isplit__id *clears = NULL;
    bool *wanted = ic_mem_calloc(s->room->count + 1u, sizeof *wanted);

    if (!wanted)
        return IC_ERR_NOMEM;
    wanted[entry] = true;
    int err = isplit__room_clears_over(s->room, wanted, &clears, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = append(s, isplit__room_find(s->room, &clears[i]));
    ic_mem_free(wanted);
    ic_mem_free(clears);
    return err;
}

static int collect(story *s, uint32_t entry)
{
    int err = append(s, entry);

    for (uint32_t i = 0; !err && i < s->room->count; i++) {
        const isplit__event *e = s->room->nodes[i].event;
        bool is_values = isplit__event_is_entry(e) || e->kind == ISPLIT__KIND_AMEND;
        if (is_values && isplit__room_entry_of(s->room, i) == entry)
            err = append_changes(s, i, entry);
    }
    return err || !s->room->has_clear ? err : append_clears(s, entry);
}

/* Insertion: few things happen to one entry, and most of them in order. */
static void sort(story *s)
{
    const isplit__node *nodes = s->room->nodes;

    for (size_t i = 2; i < s->count; i++) {
        uint32_t node = s->nodes[i];
        const isplit__event *e = nodes[node].event;
        size_t at = i;
        for (; at > 1; at--) {
            if (isplit__event_compare(nodes[s->nodes[at - 1]].event, e) < 0)
                break;
            s->nodes[at] = s->nodes[at - 1];
        }
        s->nodes[at] = node;
    }
}

static isplit_step_kind kind_of(const isplit__event *e)
{
    switch (e->kind) {
    case ISPLIT__KIND_AMEND:
        return ISPLIT_STEP_AMENDED;
    case ISPLIT__KIND_VOID:
        return ISPLIT_STEP_VOIDED;
    case ISPLIT__KIND_UNVOID:
        return ISPLIT_STEP_UNVOIDED;
    case ISPLIT__KIND_CLEAR:
        return ISPLIT_STEP_CLEARED;
    case ISPLIT__KIND_ACK:
        return ISPLIT_STEP_CONFIRMED;
    case ISPLIT__KIND_DISPUTE:
        return ISPLIT_STEP_DISPUTED;
    case ISPLIT__KIND_ADD:
    case ISPLIT__KIND_LEGACY:
    case ISPLIT__KIND_OCCUR:
    case ISPLIT__KIND_RECUR:
    case ISPLIT__KIND_MEMBER:
    case ISPLIT__KIND_ROOM:
    case ISPLIT__KIND_OTHER:
        break;
    }
    return ISPLIT_STEP_ADDED;
}

static bool step_counts(const story *s, size_t i, const char *key)
{
    switch (kind_of(s->room->nodes[s->nodes[i]].event)) {
    case ISPLIT_STEP_ADDED:
    case ISPLIT_STEP_CLEARED:
        return true;
    case ISPLIT_STEP_CONFIRMED:
    case ISPLIT_STEP_DISPUTED:
        return isplit__room_is_named(s->room, s->nodes[0], key);
    case ISPLIT_STEP_AMENDED:
    case ISPLIT_STEP_VOIDED:
    case ISPLIT_STEP_UNVOIDED:
        break;
    }
    return isplit__room_is_writer(s->room, key) &&
           isplit__room_may_change(s->room, s->nodes[i], s->nodes[0]);
}

static bool has_why(const isplit__event *e)
{
    return e->kind == ISPLIT__KIND_VOID || e->kind == ISPLIT__KIND_UNVOID ||
           e->kind == ISPLIT__KIND_ACK || e->kind == ISPLIT__KIND_DISPUTE;
}

/* Who, as texts; the words of the event follow them. */
static int put_step(const story *s, size_t i, isplit_step *step, step_texts *texts)
{
    const isplit__event *e = s->room->nodes[s->nodes[i]].event;

    *step = (isplit_step){.kind = kind_of(e),
                          .at_ms = e->at,
                          .why = has_why(e) && e->text ? e->text : "",
                          .value = e->entry,
                          .by = e->entry ? e->entry->by : texts->by,
                          .author = e->entry ? e->entry->author : texts->author};
    sodium_bin2hex(texts->author, sizeof texts->author, e->by.b, sizeof e->by.b);
    step->counts = step_counts(s, i, texts->author);
    return ic_address_encode(texts->by, s->room->context.prefix, e->by.b);
}

int isplit_state_history(const isplit_state *state, const char *id, isplit_step **out,
                         size_t *count)
{
    story s = {.room = room_of(state)};
    const isplit_entry *entry = NULL;
    isplit_step *steps = NULL;

    int err = isplit_state_find(state, id, &entry, NULL);
    if (!err)
        err = collect(&s, isplit__room_node_of(s.room, entry));
    if (!err) {
        sort(&s);
        steps = ic_mem_alloc(s.count * (sizeof *steps + sizeof(step_texts)));
        err = steps ? 0 : IC_ERR_NOMEM;
    }
    for (size_t i = 0; !err && i < s.count; i++)
        err = put_step(&s, i, &steps[i], (step_texts *)(void *)(steps + s.count) + i);
    ic_mem_free(s.nodes);
    if (err) {
        ic_mem_free(steps);
        return err;
    }
    *out = steps;
    *count = s.count;
    return 0;
}
