/* What the members say of an entry, and whether the room's settings let it count. */
#include "ledger/room.h"

#include <string.h>

/* The last word of this key among those that begin with this node. */
static isplit__kind last_word(const isplit__room *room, uint32_t at, const char *key)
{
    isplit__id by;
    const isplit__event *last = NULL;

    if (at == ISPLIT__NONE || !isplit__id_parse(&by, key, strlen(key)))
        return ISPLIT__KIND_OTHER;
    for (; at != ISPLIT__NONE; at = room->nodes[at].next) {
        const isplit__event *e = room->nodes[at].event;
        if (isplit__event_in(e, ISPLIT__WORDS) && isplit__id_compare(&e->by, &by) == 0 &&
            (!last || isplit__event_compare(last, e) < 0))
            last = e;
    }
    return last ? last->kind : ISPLIT__KIND_OTHER;
}

bool isplit__room_is_named(const isplit__room *room, uint32_t entry, const char *key)
{
    const isplit_entry *e = isplit__node_entry(&room->nodes[entry]);

    for (size_t i = 0; i < e->paid_count + e->share_count; i++) {
        const isplit_member *m =
            isplit__state_find_member(&room->state, isplit__entry_part(e, i).name);
        if (m && m->key && strcmp(m->key, key) == 0)
            return true;
    }
    return false;
}

/* Does each member stand behind the values, or one contest them? What is said is about
 * the event that brought them. */
static unsigned flags_of_words(const isplit__room *room, uint32_t entry)
{
    bool all = true;
    unsigned flags = 0;
    uint32_t value = room->nodes[entry].value;
    const char *author = room->nodes[value].event->entry->author;
    uint32_t words = isplit__room_last_change(room, value);
    const isplit_entry *e = isplit__node_entry(&room->nodes[entry]);

    for (size_t i = 0; i < e->paid_count + e->share_count; i++) {
        const isplit_member *m =
            isplit__state_find_member(&room->state, isplit__entry_part(e, i).name);
        isplit__kind word = ISPLIT__KIND_OTHER;
        if (m && m->key)
            word = last_word(room, words, m->key);
        if (word == ISPLIT__KIND_DISPUTE)
            flags |= ISPLIT_ENTRY_DISPUTED;
        all = all &&
              (word == ISPLIT__KIND_ACK || (word == ISPLIT__KIND_OTHER && m && m->key &&
                                            author && strcmp(author, m->key) == 0));
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

    if (room->kinds[ISPLIT__KIND_MEMBER])
        e->flags |= flags_of_words(room, entry);
    if (is_ignored(room, e))
        e->flags |= ISPLIT_ENTRY_IGNORED;
}
