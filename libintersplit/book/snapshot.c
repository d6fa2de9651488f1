#include "book/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/ledger.h"
#include "text/name.h"
#include "text/reason.h"

static int damaged(isplit_reason *why, const char *what)
{
    isplit__refuse(why, "the snapshot file is damaged (%s); it was left as it is", what);
    return IC_ERR_CORRUPT;
}

static int newer(isplit_reason *why)
{
    isplit__refuse(why, "the snapshot file was written by a newer version");
    return IC_ERR_UNSUPPORTED;
}

/* One room object, or one that holds "rooms" instead. */
static isplit__cut_room cut_room(isplit__slice text)
{
    bool first = true;
    isplit__cut_room cut = {.whole = text};
    isplit__scan s = isplit__scan_of(text);
    const struct {
        const char *key;
        isplit__slice *value;
    } members[] = {{"\"channel\"", &cut.channel},
                   {"\"events\"", &cut.events},
                   {"\"x\"", &cut.more},
                   {"\"rooms\"", &cut.rooms},
                   {"\"version\"", &cut.version}};

    if (!isplit__scan_enter(&s, '{'))
        return cut;
    while (isplit__scan_next(&s, '}', &first)) {
        isplit__slice key = isplit__scan_key(&s);
        isplit__slice value = isplit__scan_value(&s);
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
            if (isplit__slice_is(key, members[i].key))
                *members[i].value = value;
        }
    }
    return cut;
}

static bool is_newer(const isplit__cut_room *cut)
{
    return cut->version.len && !isplit__slice_is(cut->version, "1") &&
           !isplit__slice_is(cut->version, "2");
}

static int tell_room(const isplit__cut_room *cut, isplit__cut_cb tell, void *user,
                     isplit_reason *why)
{
    if (is_newer(cut))
        return newer(why);
    if (!cut->channel.len || cut->channel.at[0] != '"')
        return damaged(why, "a room without channel");
    return tell(cut, user);
}

int isplit__snapshot_cut(isplit__slice text, isplit__cut_cb tell, void *user,
                         isplit_reason *why)
{
    int err = 0;
    bool first = true;
    isplit__scan whole = isplit__scan_of(text);

    isplit__cut_room cut = cut_room(isplit__scan_value(&whole));
    if (!isplit__scan_finish(&whole))
        return damaged(why, "not JSON");
    if (is_newer(&cut))
        return newer(why);
    if (!cut.rooms.len && cut.channel.len)
        return tell_room(&cut, tell, user, why);
    isplit__scan s = isplit__scan_of(cut.rooms);
    if (!isplit__scan_enter(&s, '['))
        return damaged(why, "no rooms");
    while (!err && isplit__scan_next(&s, ']', &first)) {
        cut = cut_room(isplit__scan_value(&s));
        err = tell_room(&cut, tell, user, why);
    }
    return err;
}

bool isplit__snapshot_is_room(const isplit__cut_room *cut, const char *name)
{
    json_t *text = json_loadb(cut->channel.at, cut->channel.len, JSON_DECODE_ANY, NULL);
    size_t len = json_string_length(text);
    const char *channel = len ? isplit__trim(json_string_value(text), &len) : "";
    bool same = len == strlen(name) && memcmp(channel, name, len) == 0;

    json_decref(text);
    return same;
}

static bool add_id(isplit__idmap *ids, const isplit__id *id)
{
    if (!isplit__idmap_reserve(ids))
        return false;
    isplit__idmap_put(ids, id, 0);
    return true;
}

/* Remember what the snapshot says of this event, and keep the event if it is new. */
static int keep(isplit__snapshot *s, const isplit__room *room, isplit__item *item,
                bool live, isplit_reason *why)
{
    const isplit__event *e = item->event;
    int err = IC_ERR_NOMEM;

    if ((!live || add_id(&s->live, &e->id)) &&
        (e->kind != ISPLIT__KIND_CLEAR || add_id(&s->clears, &e->id)) &&
        isplit__grow(&s->items, s->count + 1, &s->cap, sizeof *s->items))
        err = s->count < ISPLIT__ROOM_MAX_EVENTS ? 0 : IC_ERR_LIMIT;
    bool known = isplit__room_find(room, &e->id) != ISPLIT__NONE;
    if (!err && !known && !isplit__item_verify(item))
        err = damaged(why, "a signature is wrong");
    if (err || known)
        isplit__item_free(item);
    else
        s->items[s->count++] = *item;
    return err;
}

/* One element of an array of events. What the original would skip is skipped. */
static int read_event(isplit__snapshot *s, const isplit__room *room, isplit__slice text,
                      bool live, isplit_reason *why)
{
    isplit_reason inner = {{0}};
    isplit__item item;

    if (text.len > ISPLIT_LEDGER_MAX_EVENT_BYTES)
        return damaged(why, "an event is too large");
    int err = isplit__item_read(text.at, text.len, &room->context, &item, &inner);
    if (!err)
        return keep(s, room, &item, live, why);
    if (err == IC_ERR_INVALID)
        return 0;
    if (err == IC_ERR_UNSUPPORTED)
        return newer(why);
    return err == IC_ERR_PROTO ? damaged(why, inner.text) : err;
}

static int read_events(isplit__snapshot *s, const isplit__room *room,
                       isplit__slice events, bool live, isplit_reason *why)
{
    int err = 0;
    bool first = true;
    isplit__scan scan = isplit__scan_of(events);

    if (!events.len || !isplit__scan_enter(&scan, '['))
        return 0;
    while (!err && isplit__scan_next(&scan, ']', &first))
        err = read_event(s, room, isplit__scan_value(&scan), live, why);
    return err;
}

static int deps_first(const void *a, const void *b)
{
    const isplit__event *x = ((const isplit__item *)a)->event;
    const isplit__event *y = ((const isplit__item *)b)->event;

    if (x->lc != y->lc)
        return x->lc < y->lc ? -1 : 1;
    return isplit__id_compare(&x->id, &y->id);
}

int isplit__snapshot_read(const isplit__cut_room *cut, const isplit__room *room,
                          isplit__snapshot *out, isplit_reason *why)
{
    bool first = true;
    isplit__snapshot s = {0};
    isplit__scan more = isplit__scan_of(cut->more);

    int err = read_events(&s, room, cut->events, true, why);
    bool has_more = cut->more.len && isplit__scan_enter(&more, '{');
    while (!err && has_more && isplit__scan_next(&more, '}', &first)) {
        bool live = isplit__slice_is(isplit__scan_key(&more), "\"live\"");
        err = read_events(&s, room, isplit__scan_value(&more), live, why);
    }
    if (err) {
        isplit__snapshot_free(&s);
        return err;
    }
    if (s.count > 1)
        qsort(s.items, s.count, sizeof *s.items, deps_first);
    *out = s;
    return 0;
}

void isplit__snapshot_free(isplit__snapshot *s)
{
    for (size_t i = 0; i < s->count; i++)
        isplit__item_free(&s->items[i]);
    ic_mem_free(s->items);
    isplit__idmap_free(&s->live);
    isplit__idmap_free(&s->clears);
    *s = (isplit__snapshot){0};
}
