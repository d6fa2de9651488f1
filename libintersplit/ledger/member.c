#include "ledger/member.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"
#include "text/name.h"

_Static_assert(sizeof((isplit__claim *)0)->name == ISPLIT__NAME_MAX + 1, "a whole name");

bool isplit__show_valid(const char *show)
{
    size_t len = strlen(show);

    return len <= ISPLIT__SHOW_MAX && isplit__utf8_without(show, len, isplit__is_trick);
}

/* A text of at most `max` bytes, into its place. */
static void pass_text(isplit__codec *c, const char *key, char *text, size_t max)
{
    const char *found = isplit__codec_text(c, key, text);
    size_t len = strlen(found);

    isplit__codec_check(c, len <= max);
    if (!c->out && !c->bad)
        memcpy(text, found, len + 1);
}

void isplit__claim_pass(isplit__codec *c, isplit__claim *m)
{
    isplit__codec_open(c, NULL, '{');
    m->active = isplit__codec_bool(c, "active", m->active);
    m->claims = isplit__codec_has(c, "key", m->claims);
    if (m->claims)
        pass_text(c, NULL, m->key, sizeof m->key - 1);
    pass_text(c, "name", m->name, ISPLIT__NAME_MAX);
    m->has_show = isplit__codec_has(c, "show", m->has_show);
    if (m->has_show)
        pass_text(c, NULL, m->show, ISPLIT__SHOW_MAX);
    m->weight = isplit__codec_has(c, "weight", m->weight != 0)
                    ? (uint32_t)isplit__codec_number(c, NULL, m->weight, 1,
                                                     ISPLIT_SPLIT_MAX_WEIGHT)
                    : 0;
    isplit__codec_close(c, '}');
    isplit__codec_check(c, !c->bad && isplit__name_allowed(m->name, strlen(m->name)) &&
                               (!m->has_show || isplit__show_valid(m->show)));
}

/* --- who is who --- */

/* The first claim binds a name; later ones by others are flagged. */
static void bind(isplit_member *m, const isplit__claim *c)
{
    if (!c->claims)
        return;
    if (!m->key)
        m->key = c->key;
    else if (strcmp(m->key, c->key) != 0)
        m->contested = true;
}

/* A name that is bound is its holder's, and the owners'. */
static void describe(const isplit__room *room, isplit_member *m, const isplit__event *e)
{
    const isplit__claim *c = e->claim;

    if (m->key && strcmp(m->key, c->key) != 0 &&
        !isplit__view_owns(&room->owners, &e->by))
        return;
    m->active = c->active;
    m->weight = c->weight ? c->weight : m->weight;
    m->show = c->has_show ? c->show : m->show;
}

int isplit__room_members(isplit__room *room)
{
    size_t count = 0;
    size_t kept = 0;
    uint32_t *list = isplit__room_list(room, 1u << ISPLIT__KIND_MEMBER, &count);
    const isplit__event **events = ic_mem_calloc(count + 1, sizeof *events);
    int err = list && events ? 0 : IC_ERR_NOMEM;

    for (size_t i = 0; !err && i < count; i++) {
        const isplit__event *e = room->nodes[list[i]].event;
        if (isplit__room_is_writer(room, e->claim->key))
            events[kept++] = e;
    }
    if (kept > 1)
        qsort(events, kept, sizeof *events, isplit__event_order);
    for (size_t i = 0; !err && i < kept; i++) {
        isplit_member *m = isplit__state_member(&room->state, events[i]->claim->name);
        err = m ? 0 : IC_ERR_NOMEM;
        if (m)
            bind(m, events[i]->claim);
    }
    for (size_t i = 0; !err && i < kept; i++)
        describe(room, isplit__state_member(&room->state, events[i]->claim->name),
                 events[i]);
    ic_mem_free(events);
    ic_mem_free(list);
    return err;
}
