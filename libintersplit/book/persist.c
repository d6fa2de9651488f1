/* persist and restore: a room to and from the original's snapshot file (section 4.5). */
#include <inttypes.h>
#include <string.h>

#include "book/book.h"
#include "book/file.h"
#include "book/snapshot.h"
#include "form/form.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "text/reason.h"

/* The snapshot file in memory; empty when there is none. */
static int read_file(const isplit_book *book, char **data, isplit__slice *text,
                     isplit_reason *why)
{
    size_t len = 0;

    *data = NULL;
    *text = (isplit__slice){.at = "", .len = 0};
    if (!book->snapshot_path) {
        isplit__refuse(why, "this ledger has no snapshot file");
        return IC_ERR_UNSUPPORTED;
    }
    int err = isplit__file_read(book->snapshot_path, book->max_snapshot, data, &len);
    if (!err)
        *text = (isplit__slice){.at = *data, .len = len};
    else if (err == IC_ERR_LIMIT)
        isplit__refuse(why, "the snapshot file is larger than %zu bytes",
                       book->max_snapshot);
    else if (err != IC_ERR_NOT_FOUND)
        isplit__refuse(why, "the snapshot file cannot be read");
    return err == IC_ERR_NOT_FOUND ? 0 : err;
}

typedef struct writing {
    const isplit__room *room;
    isplit__buf plain;
    isplit__buf live;    /* entries that the original cannot read */
    isplit__buf covered; /* signed events that the original must not count */
    isplit__buf legacy;  /* unsigned ones, likewise */
    isplit__buf others;  /* the other rooms of the file, as they are */
} writing;

static void separate(isplit__buf *b)
{
    if (b->len)
        isplit__buf_text(b, ",");
}

static int write_row(const isplit__row *row, void *user)
{
    writing *w = user;

    if (row->position >= w->room->count)
        return IC_ERR_CORRUPT;
    const isplit__node *node = &w->room->nodes[row->position];
    bool plain = node->live && isplit__entry_is_plain(isplit__node_entry(node));
    isplit__buf *b = plain        ? &w->plain
                     : !row->sig  ? &w->legacy
                     : node->live ? &w->live
                                  : &w->covered;
    separate(b);
    if (!row->sig) {
        isplit__buf_add(b, row->text, row->len);
        return 0;
    }
    if (plain) {
        isplit__form_entry(b, node->event->entry);
        isplit__buf_text(b, ",\"x\":");
    }
    isplit__event_write(b, row->text, row->len, row->sig);
    if (plain)
        isplit__buf_text(b, "}");
    return 0;
}

static int keep_other(const isplit__cut_room *cut, void *user)
{
    writing *w = user;

    if (isplit__snapshot_is_room(cut, w->room->context.room))
        return 0;
    separate(&w->others);
    isplit__buf_add(&w->others, cut->whole.at, cut->whole.len);
    return 0;
}

static void put_file(isplit__buf *b, const writing *w, int64_t now)
{
    const char *name = w->room->context.room;

    isplit__buf_printf(b, "{\"version\":1,\"updatedAt\":%" PRId64 ",\"rooms\":[", now);
    isplit__buf_add(b, w->others.data, w->others.len);
    isplit__buf_text(b, w->others.len ? ",{\"channel\":" : "{\"channel\":");
    isplit__buf_json_text(b, name, strlen(name));
    isplit__buf_text(b, ",\"version\":1,\"events\":[");
    isplit__buf_add(b, w->plain.data, w->plain.len);
    isplit__buf_text(b, "],\"x\":{\"events\":[");
    isplit__buf_add(b, w->covered.data, w->covered.len);
    isplit__buf_text(b, "],\"legacy\":[");
    isplit__buf_add(b, w->legacy.data, w->legacy.len);
    isplit__buf_text(b, "],\"live\":[");
    isplit__buf_add(b, w->live.data, w->live.len);
    isplit__buf_text(b, "]}}]}\n");
    b->bad = b->bad || w->others.bad || w->plain.bad || w->live.bad || w->covered.bad ||
             w->legacy.bad;
}

static int replace_file(isplit_book *book, const writing *w, isplit_reason *why)
{
    isplit__buf b = {0};

    put_file(&b, w, book->env.wall_ms(book->env.user));
    int err = b.bad ? IC_ERR_NOMEM : 0;
    if (!err && b.len > book->max_snapshot) {
        isplit__refuse(why, "the snapshot file would be larger than %zu bytes",
                       book->max_snapshot);
        err = IC_ERR_LIMIT;
    }
    if (!err)
        err = isplit__file_replace(book->snapshot_path, b.data, b.len);
    isplit__buf_free(&b);
    if (err == IC_ERR_FULL)
        isplit__refuse(why, "the disk of the snapshot file is full");
    else if (err == IC_ERR_DENIED || err == IC_ERR_NOT_FOUND)
        isplit__refuse(why, "the folder of the snapshot file cannot be written");
    if (err == IC_ERR_NOT_FOUND)
        err = IC_ERR_DENIED; /* NOT_FOUND would say that the room is empty */
    if (err == IC_ERR_IO)
        isplit__refuse(why, "writing the snapshot file failed");
    return err;
}

static int write_snapshot(isplit_book *book, const isplit__place *place,
                          isplit_reason *why)
{
    char *data = NULL;
    isplit__slice text;
    writing w = {.room = place->room};

    int err = read_file(book, &data, &text, why);
    if (!err && text.len)
        err = isplit__snapshot_cut(text, keep_other, &w, why);
    if (!err)
        err = isplit__store_each(book->store, place->number, write_row, &w);
    if (!err)
        err = replace_file(book, &w, why);
    ic_mem_free(data);
    isplit__buf_free(&w.plain);
    isplit__buf_free(&w.live);
    isplit__buf_free(&w.covered);
    isplit__buf_free(&w.legacy);
    isplit__buf_free(&w.others);
    return err;
}

int isplit_book_persist(isplit_book *book, const char *room, bool sim, size_t *count,
                        isplit_reason *why)
{
    isplit__place *place = NULL;
    const isplit_state *state = NULL;
    isplit_reason ours = {{0}};

    int err = isplit__book_place(book, room, false, &place);
    if (!err)
        err = isplit__room_state(place->room, &state);
    if (err == IC_ERR_NOT_FOUND || (!err && !isplit_state_event_count(state))) {
        isplit__refuse(&ours, "nothing to persist");
        err = IC_ERR_NOT_FOUND;
    }
    if (!err && !sim)
        err = write_snapshot(book, place, &ours);
    if (err)
        return isplit__book_explain(err, &ours, why);
    *count = isplit_state_entry_count(state);
    return 0;
}

typedef struct restoring {
    const isplit_book *book;
    isplit__slice text;
    const char *name;
    isplit__snapshot snapshot;
    const isplit__room *room; /* whose events need not be read again */
    bool replace;
    bool found;
    bool changed;
    isplit_restored result;
    isplit_reason *why;
} restoring;

static int read_room(const isplit__cut_room *cut, void *user)
{
    restoring *r = user;

    if (r->found || !isplit__snapshot_is_room(cut, r->name))
        return 0;
    r->found = true;
    return isplit__snapshot_read(cut, r->room, &r->snapshot, r->why);
}

static int take_all(isplit__room *room, isplit__snapshot *snapshot)
{
    isplit_taken taken;
    int err = 0;

    for (size_t i = 0; i < snapshot->count && !err; i++) {
        isplit__item item = snapshot->items[i];
        snapshot->items[i] = (isplit__item){0};
        err = isplit__room_take(room, &item, &taken);
        if (err == IC_ERR_PROTO)
            err = 0; /* does not follow from its deps: no peer takes it */
    }
    return err;
}

/* The clears that the snapshot did not know and that cover entries which it shows. */
static int strange_clears(isplit__room *room, const isplit__snapshot *s,
                          isplit__id **clears, size_t *count)
{
    size_t put = 0;
    bool *wanted = ic_mem_calloc(room->count + 1u, sizeof *wanted);

    if (!wanted)
        return IC_ERR_NOMEM;
    for (uint32_t i = 0; i < room->count; i++)
        wanted[i] = isplit__idmap_get(&s->live, &room->nodes[i].event->id) != NULL;
    int err = isplit__room_clears_over(room, wanted, clears, count);
    ic_mem_free(wanted);
    if (err)
        return err;
    for (size_t i = 0; i < *count; i++) {
        if (!isplit__idmap_get(&s->clears, &(*clears)[i]))
            (*clears)[put++] = (*clears)[i];
    }
    *count = put;
    return 0;
}

static int undo_clears(isplit__room *room, const restoring *r)
{
    size_t count = 0;
    isplit__id *clears = NULL;

    int err = strange_clears(room, &r->snapshot, &clears, &count);
    for (size_t i = 0; i < count && !err; i++)
        err = isplit__author_unvoid(room, &r->book->author, &clears[i], r->why);
    ic_mem_free(clears);
    if (err || !count)
        return err;
    err = strange_clears(room, &r->snapshot, &clears, &count);
    if (err)
        return err;
    ic_mem_free(clears);
    if (!count)
        return 0;
    isplit__refuse(r->why, "only who has an entry in this room can undo its clear");
    return IC_ERR_DENIED;
}

static int restore_room(isplit__room *room, void *user)
{
    restoring *r = user;
    const isplit_state *state = NULL;

    int err = isplit__room_state(room, &state);
    if (err)
        return err;
    size_t before = isplit_state_entry_count(state);
    uint32_t events = room->count;
    room->stale = true; /* one fold is faster than a place in the list for each entry */
    err = take_all(room, &r->snapshot);
    if (!err && r->replace)
        err = undo_clears(room, r);
    if (!err)
        err = isplit__room_state(room, &state);
    if (err)
        return err;
    r->result.total = isplit_state_entry_count(state);
    r->result.added = r->result.total > before ? r->result.total - before : 0;
    r->result.found = true;
    r->changed = room->count != events;
    return 0;
}

static int restore(isplit_book *book, const char *name, restoring *r)
{
    isplit__place *place = NULL;
    const isplit_state *state = NULL;

    int err = isplit__book_place(book, name, true, &place);
    if (err)
        return err;
    r->room = place->room;
    if (r->text.len)
        err = isplit__snapshot_cut(r->text, read_room, r, r->why);
    if (!err && r->found)
        err = isplit__book_change(book, place, restore_room, r);
    else if (!err)
        err = isplit__room_state(place->room, &state);
    if (!err && !r->found)
        r->result.total = isplit_state_entry_count(state);
    isplit__book_tidy(book, name);
    return err;
}

int isplit_book_restore(isplit_book *book, const char *room, bool replace,
                        isplit_restored *out, isplit_reason *why)
{
    char *data = NULL;
    isplit_reason ours = {{0}};
    restoring r = {.book = book, .name = room, .replace = replace, .why = &ours};

    int err = read_file(book, &data, &r.text, &ours);
    if (!err)
        err = restore(book, room, &r);
    isplit__snapshot_free(&r.snapshot);
    ic_mem_free(data);
    if (err)
        return isplit__book_explain(err, &ours, why);
    *out = r.result;
    if (r.changed)
        isplit__book_tell(book, ISPLIT_CHANGE_RESTORED, room, NULL);
    return 0;
}
