#include "ledger/member.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"
#include "text/canonical.h"
#include "text/name.h"

_Static_assert(sizeof((isplit__claim *)0)->name == ISPLIT__NAME_MAX + 1, "a whole name");

bool isplit__show_valid(const char *show)
{
    size_t left = strlen(show);

    if (left > ISPLIT__SHOW_MAX)
        return false;
    while (left) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(show, left, &code);
        if (!n || isplit__is_control(code) || isplit__is_bidi(code))
            return false;
        show += n;
        left -= n;
    }
    return true;
}

/* Only who signs can claim a name, and only for himself. */
static bool read_claim(const json_t *body, const isplit__id *by, isplit__claim *c)
{
    static const char *const members[] = {"active", "name",   "",  "key",
                                          "show",   "weight", NULL};
    const char *name = json_string_value(json_object_get(body, "name"));
    const json_t *key = json_object_get(body, "key");
    const json_t *show = json_object_get(body, "show");
    const json_t *weight = json_object_get(body, "weight");

    sodium_bin2hex(c->key, sizeof c->key, by->b, sizeof by->b);
    if (!isplit__has_members(body, members) || !name ||
        !isplit__name_allowed(name, strlen(name)) ||
        !json_is_boolean(json_object_get(body, "active")) ||
        (key && (!json_is_string(key) || strcmp(json_string_value(key), c->key) != 0)) ||
        (show &&
         (!json_is_string(show) || !isplit__show_valid(json_string_value(show)))) ||
        (weight && (!json_is_integer(weight) || json_integer_value(weight) < 1 ||
                    json_integer_value(weight) > ISPLIT_SPLIT_MAX_WEIGHT)))
        return false;
    memcpy(c->name, name, strlen(name) + 1);
    if (show)
        memcpy(c->show, json_string_value(show), json_string_length(show) + 1);
    c->has_show = show != NULL;
    c->claims = key != NULL;
    c->active = json_is_true(json_object_get(body, "active"));
    c->weight = weight ? (uint32_t)json_integer_value(weight) : 0;
    return true;
}

int isplit__claim_read(const json_t *body, const isplit__id *by, isplit__claim **out)
{
    isplit__claim claim = {.weight = 0};

    *out = NULL;
    if (!read_claim(body, by, &claim))
        return 0;
    *out = ic_mem_alloc(sizeof **out);
    if (!*out)
        return IC_ERR_NOMEM;
    **out = claim;
    return 0;
}

void isplit__claim_write(isplit__buf *b, const isplit__claim *c)
{
    isplit__buf_printf(b, "{\"active\":%s", c->active ? "true" : "false");
    if (c->claims)
        isplit__buf_printf(b, ",\"key\":\"%s\"", c->key);
    isplit__buf_text(b, ",\"name\":");
    isplit__buf_json_text(b, c->name, strlen(c->name));
    if (c->has_show) {
        isplit__buf_text(b, ",\"show\":");
        isplit__buf_json_text(b, c->show, strlen(c->show));
    }
    if (c->weight)
        isplit__buf_printf(b, ",\"weight\":%" PRIu32, c->weight);
    isplit__buf_text(b, "}");
}

/* --- who is who --- */

static int in_order(const void *a, const void *b)
{
    return isplit__event_compare(*(const isplit__event *const *)a,
                                 *(const isplit__event *const *)b);
}

/* All member events that count, in order. */
static size_t collect(const isplit__room *room, const isplit__event **out)
{
    size_t count = 0;

    for (uint32_t i = 0; i < room->count; i++) {
        const isplit__event *e = room->nodes[i].event;
        if (e->kind == ISPLIT__KIND_MEMBER && isplit__room_is_writer(room, e->claim->key))
            out[count++] = e;
    }
    if (count > 1)
        qsort(out, count, sizeof *out, in_order);
    return count;
}

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
    if (!room->member_events)
        return 0;
    const isplit__event **events = ic_mem_calloc(room->member_events, sizeof *events);
    if (!events)
        return IC_ERR_NOMEM;
    size_t count = collect(room, events);
    int err = 0;
    for (size_t i = 0; !err && i < count; i++) {
        isplit_member *m = isplit__state_member(&room->state, events[i]->claim->name);
        err = m ? 0 : IC_ERR_NOMEM;
        if (m)
            bind(m, events[i]->claim);
    }
    for (size_t i = 0; !err && i < count; i++)
        describe(room, isplit__state_member(&room->state, events[i]->claim->name),
                 events[i]);
    ic_mem_free(events);
    return err;
}
