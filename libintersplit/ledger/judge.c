/* What the members say of an entry, and whether the room's settings let it count. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/judge.h"

static int by_entry_and_order(const void *a, const void *b)
{
    const isplit__word *x = a;
    const isplit__word *y = b;

    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    if (x->event->lc != y->event->lc)
        return x->event->lc < y->event->lc ? -1 : 1;
    return isplit__id_compare(&x->event->id, &y->event->id);
}

static bool is_word(const isplit__event *e)
{
    return e->kind == ISPLIT__KIND_ACK || e->kind == ISPLIT__KIND_DISPUTE;
}

/* A word is about the values that it names: those of an entry or of one of its amends. */
static size_t collect(const isplit__room *room, isplit__word *out)
{
    size_t count = 0;

    for (uint32_t i = 0; i < room->count; i++) {
        const isplit__event *e = room->nodes[i].event;
        if (!is_word(e))
            continue;
        uint32_t entry = isplit__room_spoken_of(room, i);
        if (entry == ISPLIT__NONE ||
            room->nodes[entry].value != isplit__room_find(room, &e->refs[0]))
            continue;
        out[count++] = (isplit__word){.entry = entry, .event = e};
    }
    if (count > 1)
        qsort(out, count, sizeof *out, by_entry_and_order);
    return count;
}

int isplit__words_collect(const isplit__room *room, isplit__said *out)
{
    *out = (isplit__said){.words = NULL};
    if (!room->word_events)
        return 0;
    out->words = ic_mem_calloc(room->word_events, sizeof *out->words);
    if (!out->words)
        return IC_ERR_NOMEM;
    out->count = collect(room, out->words);
    return 0;
}

/* The last word of this key about the entry, whose words are the first ones left. */
static isplit__kind last_word(const isplit__said *said, uint32_t entry, const char *key)
{
    char hex[2 * ISPLIT__ID_BYTES + 1];
    isplit__kind last = ISPLIT__KIND_OTHER;

    for (size_t i = said->at; i < said->count && said->words[i].entry == entry; i++) {
        const isplit__event *e = said->words[i].event;
        sodium_bin2hex(hex, sizeof hex, e->by.b, sizeof e->by.b);
        if (strcmp(hex, key) == 0)
            last = e->kind;
    }
    return last;
}

/* Does this member stand behind the values, contest them, or neither? */
static isplit__kind word_of(const isplit__room *room, const isplit__said *said,
                            uint32_t entry, const char *name)
{
    const isplit_member *m = isplit__state_find_member(&room->state, name);
    const isplit_entry *values = room->nodes[room->nodes[entry].value].event->entry;

    if (!m || !m->key)
        return ISPLIT__KIND_OTHER;
    isplit__kind said_last = last_word(said, entry, m->key);
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

static unsigned flags_of_words(const isplit__room *room, const isplit__said *said,
                               uint32_t entry)
{
    bool all = true;
    unsigned flags = 0;
    const isplit_entry *e = isplit__node_entry(&room->nodes[entry]);

    for (size_t i = 0; i < e->paid_count + e->share_count; i++) {
        isplit__kind word = word_of(room, said, entry, name_in(e, i));
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

void isplit__room_judge(const isplit__room *room, isplit__said *said, uint32_t entry)
{
    isplit_entry *e = isplit__node_entry(&room->nodes[entry]);

    while (said->at < said->count && said->words[said->at].entry < entry)
        said->at++;
    if (room->member_events)
        e->flags |= flags_of_words(room, said, entry);
    if (is_ignored(room, e))
        e->flags |= ISPLIT_ENTRY_IGNORED;
}
