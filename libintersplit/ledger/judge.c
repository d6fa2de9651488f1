/* What the members say of an entry, and whether the room's settings let it count. */
#include "ledger/judge.h"

#include <string.h>

bool isplit__event_is_word(const isplit__event *e)
{
    return e->kind == ISPLIT__KIND_ACK || e->kind == ISPLIT__KIND_DISPUTE;
}

/* The last word of this key about the values that this node brought. */
static isplit__kind last_word(const isplit__room *room, uint32_t value, const char *key)
{
    isplit__id by;
    const isplit__event *last = NULL;
    const uint32_t *first =
        isplit__idmap_get(&room->changed, &room->nodes[value].event->id);

    if (!first || !isplit__id_parse(&by, key, strlen(key)))
        return ISPLIT__KIND_OTHER;
    for (uint32_t at = *first; at != ISPLIT__NONE; at = room->nodes[at].next) {
        const isplit__event *e = room->nodes[at].event;
        if (isplit__event_is_word(e) && isplit__id_compare(&e->by, &by) == 0 &&
            (!last || isplit__event_compare(last, e) < 0))
            last = e;
    }
    return last ? last->kind : ISPLIT__KIND_OTHER;
}

/* Does this member stand behind the values, contest them, or neither? */
static isplit__kind word_of(const isplit__room *room, uint32_t entry, const char *name)
{
    uint32_t value = room->nodes[entry].value;
    const isplit_entry *values = room->nodes[value].event->entry;
    const isplit_member *m = isplit__state_find_member(&room->state, name);

    if (!m || !m->key)
        return ISPLIT__KIND_OTHER;
    isplit__kind said_last =
        room->word_events ? last_word(room, value, m->key) : ISPLIT__KIND_OTHER;
    if (said_last == ISPLIT__KIND_OTHER && values->author &&
        strcmp(values->author, m->key) == 0)
        return ISPLIT__KIND_ACK;
    return said_last;
}

/* Number `i` of those whom an entry names. */
static const char *name_in(const isplit_entry *e, size_t i)
{
    return i < e->paid_count ? e->paid[i].name : e->shares[i - e->paid_count].name;
}

bool isplit__room_is_named(const isplit__room *room, uint32_t entry, const char *key)
{
    const isplit_entry *e = isplit__node_entry(&room->nodes[entry]);

    for (size_t i = 0; i < e->paid_count + e->share_count; i++) {
        const isplit_member *m = isplit__state_find_member(&room->state, name_in(e, i));
        if (m && m->key && strcmp(m->key, key) == 0)
            return true;
    }
    return false;
}

static unsigned flags_of_words(const isplit__room *room, uint32_t entry)
{
    bool all = true;
    unsigned flags = 0;
    const isplit_entry *e = isplit__node_entry(&room->nodes[entry]);

    for (size_t i = 0; i < e->paid_count + e->share_count; i++) {
        isplit__kind word = word_of(room, entry, name_in(e, i));
        all = all && word == ISPLIT__KIND_ACK;
        if (word == ISPLIT__KIND_DISPUTE)
            flags |= ISPLIT_ENTRY_DISPUTED;
    }
    return all ? flags | ISPLIT_ENTRY_CONFIRMED : flags;
}

static bool is_ignored(const isplit__room *room, const isplit_entry *e)
{
    const isplit_settings *s = room->state.settings;

    if (!e->author)
        return s->ignore_unsigned || s->count != ISPLIT_COUNT_ALL;
    return !isplit__room_is_writer(room, e->author) ||
           (s->count == ISPLIT_COUNT_ACKED && !(e->flags & ISPLIT_ENTRY_CONFIRMED));
}

void isplit__room_judge(const isplit__room *room, uint32_t entry)
{
    isplit_entry *e = isplit__node_entry(&room->nodes[entry]);

    if (room->member_events)
        e->flags |= flags_of_words(room, entry);
    if (is_ignored(room, e))
        e->flags |= ISPLIT_ENTRY_IGNORED;
}
