/* Which entry a person means, and what happened to it. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"
#include "text/reason.h"

#define LEAST_DIGITS 6

static const isplit__room *room_of(const isplit_state *state)
{
    return (const isplit__room *)(const void *)((const char *)state -
                                                offsetof(isplit__room, state));
}

int isplit_state_find(const isplit_state *state, const char *text,
                      const isplit_entry **out, isplit_reason *why)
{
    const isplit_entry *found = NULL;
    size_t len = strlen(text);
    size_t count = 0;

    if (strcmp(text, "last") == 0 && state->live_count) {
        *out = state->live[state->live_count - 1];
        return 0;
    }
    for (size_t i = 0; i < state->all_count; i++) {
        const isplit_entry *e = state->all[i];
        if (strncmp(e->id, text, len) != 0 || (e->id[len] && len < LEAST_DIGITS))
            continue;
        found = e;
        count = e->id[len] ? count + 1 : 1;
        if (!e->id[len])
            break;
    }
    if (count == 1) {
        *out = found;
        return 0;
    }
    isplit__refuse(why, "%s",
                   count ? "several entries begin like this; type more digits"
                         : "there is no such entry in this room");
    return count ? IC_ERR_INVALID : IC_ERR_NOT_FOUND;
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
    uint32_t entry;
    const isplit__event **events; /* in order; the first is the entry */
    size_t count;
    size_t cap;
} story;

static int append(story *s, uint32_t node)
{
    if (!isplit__grow(&s->events, s->count + 1, &s->cap, sizeof(isplit__event *)))
        return IC_ERR_NOMEM;
    s->events[s->count++] = s->room->nodes[node].event;
    return 0;
}

/* What is said under the id of this node, when it is about the entry. */
static int append_changes(story *s, uint32_t node)
{
    const isplit__room *room = s->room;
    int err = 0;

    for (uint32_t at = isplit__room_last_change(room, node); !err && at != ISPLIT__NONE;
         at = room->nodes[at].next) {
        if (isplit__room_spoken_of(room, at) == s->entry)
            err = append(s, at);
    }
    return err;
}

static int append_clears(story *s)
{
    size_t count = 0;
    isplit__id *clears = NULL;
    bool *wanted = ic_mem_calloc(s->room->count + 1u, sizeof *wanted);

    if (!wanted)
        return IC_ERR_NOMEM;
    wanted[s->entry] = true;
    int err = isplit__room_clears_over(s->room, wanted, &clears, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = append(s, isplit__room_find(s->room, &clears[i]));
    ic_mem_free(wanted);
    ic_mem_free(clears);
    return err;
}

static int collect(story *s)
{
    int err = append(s, s->entry);

    for (uint32_t i = 0; !err && i < s->room->count; i++) {
        const isplit__event *e = s->room->nodes[i].event;
        bool is_values = isplit__event_is_entry(e) || e->kind == ISPLIT__KIND_AMEND;
        if (is_values && isplit__room_entry_of(s->room, i) == s->entry)
            err = append_changes(s, i);
    }
    if (!err && s->room->kinds[ISPLIT__KIND_CLEAR])
        err = append_clears(s);
    if (!err && s->count > 2)
        qsort(s->events + 1, s->count - 1, sizeof(isplit__event *), isplit__event_order);
    return err;
}

/* Of what is not here: that the entry was added. */
static const isplit_step_kind step_kinds[ISPLIT__KINDS] = {
    [ISPLIT__KIND_AMEND] = ISPLIT_STEP_AMENDED,
    [ISPLIT__KIND_VOID] = ISPLIT_STEP_VOIDED,
    [ISPLIT__KIND_UNVOID] = ISPLIT_STEP_UNVOIDED,
    [ISPLIT__KIND_CLEAR] = ISPLIT_STEP_CLEARED,
    [ISPLIT__KIND_ACK] = ISPLIT_STEP_CONFIRMED,
    [ISPLIT__KIND_DISPUTE] = ISPLIT_STEP_DISPUTED,
};

static bool step_counts(const story *s, const isplit__event *e, const char *key)
{
    uint32_t node = isplit__room_find(s->room, &e->id);

    if (isplit__event_in(e, ISPLIT__WORDS))
        return isplit__room_is_named(s->room, s->entry, key);
    return !isplit__event_in(e, ISPLIT__CHANGES) ||
           (isplit__room_is_writer(s->room, key) &&
            isplit__room_may_change(s->room, node, s->entry));
}

/* Who, as texts; the words of the event follow them. */
static int put_step(const story *s, size_t i, isplit_step *step, step_texts *texts)
{
    const isplit__event *e = s->events[i];

    isplit_step_kind kind = step_kinds[e->kind];

    *step =
        (isplit_step){.kind = kind ? kind : ISPLIT_STEP_ADDED,
                      .at_ms = e->at,
                      .why = isplit__event_in(e, ISPLIT__MARKS) && e->text ? e->text : "",
                      .value = e->entry,
                      .by = e->entry ? e->entry->by : texts->by,
                      .author = e->entry ? e->entry->author : texts->author};
    sodium_bin2hex(texts->author, sizeof texts->author, e->by.b, sizeof e->by.b);
    step->counts = step_counts(s, e, texts->author);
    return ic_address_encode(texts->by, s->room->context.prefix, e->by.b);
}

int isplit_state_history(const isplit_state *state, const char *id, isplit_step **out,
                         size_t *count)
{
    story s = {.room = room_of(state)};
    const isplit_entry *entry = NULL;
    isplit_step *steps = NULL;

    int err = isplit_state_find(state, id, &entry, NULL);
    if (!err) {
        s.entry = isplit__room_node_of(s.room, entry);
        err = collect(&s);
    }
    if (!err) {
        steps = ic_mem_alloc(s.count * (sizeof *steps + sizeof(step_texts)));
        err = steps ? 0 : IC_ERR_NOMEM;
    }
    for (size_t i = 0; !err && i < s.count; i++)
        err = put_step(&s, i, &steps[i], (step_texts *)(void *)(steps + s.count) + i);
    ic_mem_free(s.events);
    if (err) {
        ic_mem_free(steps);
        return err;
    }
    *out = steps;
    *count = s.count;
    return 0;
}
