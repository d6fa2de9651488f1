/* What a bind hears: each message is judged by its content alone (section 4.6). */
#include <string.h>

#include <sodium.h>

#include "bind/binding.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define ANSWER_WITHIN_MS 2000 /* to who has what we have and cannot know */
#define TOLD_ONE_BY_ONE 8     /* changes of one message; more are told as one */

typedef struct heard {
    isplit__talk *t;
    isplit__peer *peer;
    const json_t *root;
    const char *sid;
} heard;

/* Events of one message on their way into the room. */
typedef struct taking {
    const heard *m;
    const json_t *events; /* an array */
    uint32_t before;      /* events of the room until now */
    bool waits;           /* something that it builds on is missing */
    int error;            /* the message's fault */
} taking;

static bool take_token(isplit__peer *peer, const isplit_bind *bind)
{
    return isplit__bucket_take(&peer->live, 1, bind->now);
}

/* May this event come from this peer now? What we asked for may; the future of a key that
 * signed two of them only slowly, whoever hands it over. */
static int admit(const heard *m, const isplit__room *room, const isplit__item *item)
{
    isplit_bind *bind = m->t->bind;
    bool forked = isplit__room_is_forked(room, &item->event->by);

    if (!forked && m->peer->credit) {
        m->peer->credit--;
        return 0;
    }
    if (take_token(m->peer, bind))
        return 0;
    bind->stats.forked += forked;
    return IC_ERR_LIMIT;
}

/* The room takes the item over. */
static int take_item(taking *k, isplit__room *room, isplit__item *item)
{
    isplit_taken taken;
    isplit_bind *bind = k->m->t->bind;
    bool known = isplit__room_find(room, &item->event->id) != ISPLIT__NONE;

    bind->stats.known_events += known;
    int err = known ? 0 : admit(k->m, room, item);
    if (!known && !err && !isplit__item_verify(item))
        err = IC_ERR_AUTH;
    if (known || err) {
        isplit__item_free(item);
        return err;
    }
    err = isplit__room_take(room, item, &taken);
    k->waits = k->waits || (!err && taken == ISPLIT_TAKEN_WAITS);
    return err;
}

/* An error of the message ends it, and what came before stays; one of ours undoes all. */
static int take_objects(isplit__room *room, void *user)
{
    taking *k = user;
    isplit__item item;

    k->before = room->count;
    for (size_t i = 0; i < json_array_size(k->events); i++) {
        int err =
            isplit__item_of(json_array_get(k->events, i), &room->context, &item, NULL);
        if (!err)
            err = take_item(k, room, &item);
        if (err == IC_ERR_UNSUPPORTED || err == IC_ERR_INVALID)
            continue; /* of a later version; an entry that the original passes over */
        if (err == IC_ERR_PROTO || err == IC_ERR_AUTH || err == IC_ERR_LIMIT) {
            k->error = err;
            return 0;
        }
        if (err)
            return err;
    }
    return 0;
}

static void tell_node(isplit__talk *t, const isplit__room *room, uint32_t node)
{
    isplit_book *book = t->bind->book;
    isplit__kind kind = room->nodes[node].event->kind;
    uint32_t entry = isplit__room_spoken_of(room, node);

    if (kind == ISPLIT__KIND_CLEAR)
        isplit__book_tell(book, ISPLIT_CHANGE_CLEARED, t->name, NULL);
    else if (entry == node && room->nodes[node].live)
        isplit__book_tell(book, ISPLIT_CHANGE_ADDED, t->name,
                          isplit__node_entry(&room->nodes[node]));
    else if (entry != node && entry != ISPLIT__NONE)
        isplit__book_tell(book, ISPLIT_CHANGE_EDITED, t->name,
                          isplit__node_entry(&room->nodes[entry]));
    else if (kind == ISPLIT__KIND_MEMBER || kind == ISPLIT__KIND_ROOM)
        isplit__book_tell(book, ISPLIT_CHANGE_SET, t->name, NULL);
    else if (kind == ISPLIT__KIND_UNVOID)
        isplit__book_tell(book, ISPLIT_CHANGE_RESTORED, t->name, NULL);
}

/* The program learns of it as of a change that its user made. */
static int tell_changes(isplit__talk *t, isplit__room *room, uint32_t before)
{
    const isplit_state *state = NULL;

    if (room->count == before || !t->bind->book->on_change)
        return 0;
    int err = isplit__room_state(room, &state);
    if (err)
        return err;
    if (room->count - before > TOLD_ONE_BY_ONE) {
        isplit__book_tell(t->bind->book, ISPLIT_CHANGE_RESTORED, t->name, NULL);
        return 0;
    }
    for (uint32_t i = before; i < room->count; i++)
        tell_node(t, room, i);
    return 0;
}

static void missing_deps(const heard *m)
{
    const isplit__hello unknown = {.key = m->peer->key, .count = UINT64_MAX};

    isplit__sync_plan(m->t, &unknown, 50);
}

/* Take events in, all in one transaction of the store. */
static int take(const heard *m, const json_t *events)
{
    isplit_bind *bind = m->t->bind;
    isplit__place *place = NULL;
    taking k = {.m = m, .events = events};

    if (!json_is_array(events) || json_array_size(events) > ISPLIT__PACK_MAX_EVENTS)
        return IC_ERR_PROTO;
    int err = isplit__talk_place(m->t, &place);
    if (err)
        return err;
    bind->taking = true;
    err = isplit__book_change(bind->book, place, take_objects, &k);
    bind->taking = false;
    if (err)
        return err;
    bind->stats.new_events += place->room->count - k.before;
    if (k.error == IC_ERR_PROTO || k.error == IC_ERR_AUTH)
        isplit__sync_bar(m->t, m->peer);
    if (k.waits)
        missing_deps(m);
    if (place->room->count != k.before)
        m->t->calm = 0;
    err = tell_changes(m->t, place->room, k.before);
    return err ? err : k.error;
}

static int hear_add(const heard *m)
{
    json_t *event = json_object_get(m->root, "event");

    if (!json_is_object(event))
        return IC_ERR_PROTO;
    json_t *events = json_array();
    int err = json_array_append(events, event) ? IC_ERR_NOMEM : take(m, events);
    json_decref(events);
    return err;
}

/* Without its event a clear of the original is only a wish. */
static int hear_clear(const heard *m)
{
    const isplit_bind *bind = m->t->bind;

    if (json_object_get(m->root, "event"))
        return hear_add(m);
    if (!take_token(m->peer, bind))
        return IC_ERR_LIMIT;
    if (bind->o.on_clear_asked)
        bind->o.on_clear_asked(m->t->name, m->peer->key.b, bind->o.user);
    return 0;
}

static int hear_list(const heard *m)
{
    return take(m, json_object_get(m->root, "events"));
}

static int unpack(const heard *m, const json_t *pack, json_t *events)
{
    size_t len = json_string_length(pack);
    size_t size = 0;
    uint8_t *bytes = ic_mem_alloc(len + 1);
    int err = IC_ERR_PROTO;

    if (!bytes)
        return IC_ERR_NOMEM;
    if (sodium_base642bin(bytes, len + 1, json_string_value(pack), len, NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0)
        err = isplit__pack_read(bytes, size, m->t->name, events);
    ic_mem_free(bytes);
    return err;
}

static int hear_page(const heard *m)
{
    const json_t *pack = json_object_get(m->root, "pack");

    if (!json_is_string(pack))
        return hear_list(m);
    json_t *events = json_array();
    int err = events ? unpack(m, pack, events) : IC_ERR_NOMEM;
    if (!err)
        err = take(m, events);
    json_decref(events);
    return err;
}

static int hear_events(const heard *m)
{
    isplit__bound next;
    const char *text = json_string_value(json_object_get(m->root, "next"));

    if (text && !isplit__bound_read(text, &next))
        return IC_ERR_PROTO;
    int err = hear_page(m);
    if (!err && m->sid)
        isplit__sync_got(m->t, m->peer, m->sid, text ? &next : NULL);
    return err;
}

static isplit__hello *hello_of(isplit__talk *t, const isplit__id *key)
{
    isplit__hello *oldest = &t->hellos[0];

    for (size_t i = 0; i < t->hello_count; i++) {
        if (isplit__id_compare(&t->hellos[i].key, key) == 0)
            return &t->hellos[i];
        if (t->hellos[i].at < oldest->at)
            oldest = &t->hellos[i];
    }
    if (t->hello_count == ISPLIT__MAX_HELLOS)
        return oldest;
    oldest = &t->hellos[t->hello_count++];
    *oldest = (isplit__hello){.at = 0};
    return oldest;
}

static bool read_hello(const json_t *root, isplit__hello *out)
{
    const json_t *fp = json_object_get(root, "fp");
    const json_t *count = json_object_get(root, "count");

    if (!isplit__print_parse(out->fp, json_string_value(fp), json_string_length(fp)) ||
        !json_is_integer(count) || json_integer_value(count) < 0)
        return false;
    out->count = (uint64_t)json_integer_value(count);
    return true;
}

/* Does the peer name a head that we lack? */
static bool has_strange_head(const isplit__room *room, const json_t *heads)
{
    isplit__id id;

    for (size_t i = 0; i < json_array_size(heads) && i < ISPLIT__MAX_HEADS; i++) {
        const json_t *head = json_array_get(heads, i);
        if (isplit__id_parse(&id, json_string_value(head), json_string_length(head)) &&
            isplit__room_find(room, &id) == ISPLIT__NONE)
            return true;
    }
    return false;
}

/* One of two who differ asks: who lacks something, else the one with the smaller key. */
static bool should_ask(const heard *m, const isplit__room *room, const isplit__hello *h)
{
    if (has_strange_head(room, json_object_get(m->root, "heads")) ||
        h->count > room->count)
        return true;
    return h->count == room->count && isplit__id_compare(&m->t->bind->key, &h->key) < 0;
}

/* It has what we have. Unless it has heard so from us, tell it. */
static void agree(isplit__talk *t, const uint8_t fp[ISPLIT__PRINT_BYTES], uint64_t before)
{
    bool knows = before && memcmp(t->said, fp, sizeof t->said) == 0;

    if (!knows && t->hello_at > t->bind->now + ANSWER_WITHIN_MS * ISPLIT__MS)
        isplit__talk_hello_within(t, 200, ANSWER_WITHIN_MS);
    t->agreed += before < t->agreed_from; /* each counts once */
}

static int hear_hello(const heard *m)
{
    uint8_t fp[ISPLIT__PRINT_BYTES];
    isplit__place *place = NULL;
    isplit__talk *t = m->t;
    isplit__hello hello = {.key = m->peer->key, .at = t->bind->now};

    if (!read_hello(m->root, &hello))
        return IC_ERR_PROTO;
    int err = isplit__talk_place(t, &place);
    if (err)
        return err;
    isplit__hello *kept = hello_of(t, &hello.key);
    uint64_t before = isplit__hello_counts(t->bind, kept, t->bind->now) ? kept->at : 0;
    *kept = hello;
    isplit__sum_fingerprint(&place->room->state.sum, fp);
    if (memcmp(fp, hello.fp, sizeof fp) == 0) {
        agree(t, fp, before);
        return 0;
    }
    t->calm = 0;
    if (should_ask(m, place->room, &hello))
        isplit__sync_plan(t, &hello, 300);
    else
        isplit__talk_hello_within(t, 50, 500);
    return 0;
}

static int hear_sync(const heard *m)
{
    return isplit__sync_hear(m->t, m->peer, m->sid, json_object_get(m->root, "ranges"));
}

static int hear_want(const heard *m)
{
    return isplit__sync_want(m->t, m->peer, m->sid, json_object_get(m->root, "ids"));
}

static bool is_for_us(const heard *m)
{
    const char *to = json_string_value(json_object_get(m->root, "to"));

    return to && m->sid &&
           strcmp(to, ic_identity_public_key_hex(m->t->bind->book->author.identity)) == 0;
}

static int dispatch(const heard *m)
{
    static const struct {
        const char *type;
        int (*hear)(const heard *m);
        bool asks;   /* makes work beyond its own bytes */
        bool has_to; /* is for one peer, who answers */
    } table[] = {
        {"expense_add", hear_add, false, false},
        {"expense_clear", hear_clear, false, false},
        {"expense_event", hear_list, false, false},
        {"expense_events", hear_events, false, false},
        {"expense_hello", hear_hello, true, false},
        {"expense_sync", hear_sync, true, true},
        {"expense_want", hear_want, true, true},
    };
    const char *type = json_string_value(json_object_get(m->root, "type"));

    for (size_t i = 0; type && i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].type, type) != 0)
            continue;
        if (table[i].asks && !isplit__bucket_take(&m->peer->asks, 1, m->t->bind->now))
            return IC_ERR_LIMIT;
        return table[i].has_to && !is_for_us(m) ? 0 : table[i].hear(m);
    }
    return 0; /* of a later version; the original passes over it, too */
}

static int hear(isplit__talk *t, const isplit__id *from, const json_t *root)
{
    isplit_bind *bind = t->bind;
    const json_t *sid = json_object_get(root, "sid");
    heard m = {.t = t, .root = root, .peer = isplit__peer_get(bind, from)};

    if (json_string_length(sid) == ISPLIT__SID_HEX)
        m.sid = json_string_value(sid);
    bind->stats.received_count++;
    int err = dispatch(&m);
    bind->stats.dropped_bad += err == IC_ERR_PROTO || err == IC_ERR_AUTH;
    bind->stats.dropped_limit += err == IC_ERR_LIMIT;
    return err;
}

int isplit_bind_recv(isplit_bind *bind, const char *room,
                     const uint8_t from[ISPLIT_BIND_KEY_BYTES], const char *json,
                     size_t len, uint64_t now)
{
    isplit__id key;
    isplit__talk *t = isplit__talk_find(bind, room);

    bind->now = now;
    memcpy(key.b, from, sizeof key.b);
    if (!t || !memmem(json, len, ISPLIT__APP, sizeof ISPLIT__APP - 1))
        return IC_ERR_NOT_FOUND;
    if (len > ISPLIT_BIND_MAX_MESSAGE_BYTES)
        return IC_ERR_LIMIT;
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    const char *app = json_string_value(json_object_get(root, "app"));
    int err = IC_ERR_NOT_FOUND;
    if (app && strcmp(app, ISPLIT__APP) == 0)
        err = isplit__id_compare(&key, &bind->key) == 0 ? 0 : hear(t, &key, root);
    json_decref(root);
    return err;
}
