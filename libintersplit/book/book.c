#include "book/book.h"
#include "ledger/draft.h"

#include <stddef.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/author.h"
#include "text/reason.h"

#define DEFAULT_SNAPSHOT_BYTES (64u << 20)

_Static_assert(offsetof(isplit_book_options, max_snapshot_bytes) + sizeof(size_t) ==
                   sizeof(isplit_book_options),
               "padding at the end would be read as a member");

static isplit_book_options defaults(void)
{
    isplit_book_options o = {
        .struct_size = sizeof o,
        .max_snapshot_bytes = DEFAULT_SNAPSHOT_BYTES,
    };

    ic_env_system(&o.env);
    return o;
}

void isplit_book_options_init(isplit_book_options *opts, size_t struct_size)
{
    const isplit_book_options o = defaults();

    memset(opts, 0, struct_size);
    memcpy(opts, &o, struct_size < sizeof o ? struct_size : sizeof o);
    memcpy(opts, &struct_size, sizeof struct_size);
}

/* What the caller's version of the options says, in our version of them. */
static int read_options(const isplit_book_options *opts, isplit_book_options *out)
{
    size_t size = opts->struct_size;
    const uint8_t *bytes = (const uint8_t *)opts;

    *out = defaults();
    if (size < offsetof(isplit_book_options, env))
        return IC_ERR_INVALID;
    for (size_t i = sizeof *out; i < size; i++) {
        if (bytes[i])
            return IC_ERR_UNSUPPORTED;
    }
    memcpy(out, opts, size < sizeof *out ? size : sizeof *out);
    return out->path && out->identity ? 0 : IC_ERR_INVALID;
}

static char *copy_text(const char *text)
{
    char *copy = ic_mem_alloc(strlen(text) + 1);

    if (copy)
        memcpy(copy, text, strlen(text) + 1);
    return copy;
}

int isplit_book_open(const isplit_book_options *opts, isplit_book **out,
                     isplit_reason *why)
{
    isplit_book_options o;

    int err = read_options(opts, &o);
    if (err) {
        isplit__refuse(why, "the options of the ledger are not complete");
        return err;
    }
    isplit_book *book = ic_mem_calloc(1, sizeof *book);
    if (!book)
        return IC_ERR_NOMEM;
    book->env = o.env;
    book->author = (isplit__author){.identity = o.identity, .env = &book->env};
    book->prefix = ic_network_prefix(ic_identity_network(o.identity));
    book->max_snapshot = o.max_snapshot_bytes;
    if (o.snapshot_path)
        book->snapshot_path = copy_text(o.snapshot_path);
    err = o.snapshot_path && !book->snapshot_path ? IC_ERR_NOMEM : 0;
    if (!err)
        err = isplit__store_open(o.path, &book->store, why);
    if (err) {
        isplit_book_close(book);
        return err;
    }
    *out = book;
    return 0;
}

static void free_place(isplit__place *place)
{
    isplit__room_free(place->room);
    ic_mem_free(place);
}

/* Drop a room from memory; it is read again when needed. */
static void forget(isplit_book *book, isplit__place *place)
{
    isplit__place **at = &book->places;

    while (*at != place)
        at = &(*at)->next;
    *at = place->next;
    free_place(place);
}

void isplit_book_close(isplit_book *book)
{
    if (!book)
        return;
    while (book->places)
        forget(book, book->places);
    isplit__room_free(book->unknown);
    isplit__store_close(book->store);
    ic_mem_free(book->snapshot_path);
    ic_mem_free(book);
}

void isplit_book_on_change(isplit_book *book, isplit_change_cb cb, void *user)
{
    book->on_change = cb;
    book->user = user;
}

void isplit__book_tell(isplit_book *book, isplit_change_kind kind, const char *room,
                       const isplit_entry *entry)
{
    const isplit_change change = {.kind = kind, .room = room, .entry = entry};

    if (book->on_change)
        book->on_change(&change, book->user);
}

/* Each delivered event goes to disk before it becomes part of the room. */
static int store_event(const isplit__item *item, void *user)
{
    isplit__place *place = user;
    bool is_signed = item->event->kind != ISPLIT__KIND_LEGACY;
    const isplit__row row = {
        .position = place->room->count,
        .text = item->text,
        .len = item->len,
        .sig = is_signed ? item->sig : NULL,
    };

    int err = 0;
    if (!place->stored)
        err = isplit__store_add_room(place->book->store, place->room->context.room,
                                     &place->number);
    if (err)
        return err;
    place->stored = true;
    err = isplit__store_append(place->book->store, place->number, &row);
    if (!err && place->book->watch)
        place->book->watch(place, row.position, place->book->watch_user);
    return err;
}

static int load_row(const isplit__row *row, void *user)
{
    isplit__room *room = user;
    isplit__event *event = NULL;

    int err = row->sig ? isplit__event_load(row->text, row->len, &room->context, &event)
                       : isplit__legacy_load(row->text, row->len, &event);
    if (!err)
        err = isplit__room_load(room, event);
    return err == IC_ERR_PROTO ? IC_ERR_CORRUPT : err;
}

static isplit__place *find_place(const isplit_book *book, const char *name)
{
    isplit__place *place = book->places;

    while (place && strcmp(place->room->context.room, name) != 0)
        place = place->next;
    return place;
}

/* A room that is read for the first time since the start, or made. */
static int load_place(isplit_book *book, const char *name, bool stored, int64_t number,
                      isplit__place **out)
{
    isplit__place *place = ic_mem_calloc(1, sizeof *place);

    if (!place)
        return IC_ERR_NOMEM;
    *place = (isplit__place){
        .next = book->places, .book = book, .number = number, .stored = stored};
    int err = isplit__room_new(name, book->prefix, &place->room);
    if (!err && stored)
        err = isplit__store_each(book->store, number, load_row, place->room);
    if (err) {
        free_place(place);
        return err;
    }
    isplit__room_on_deliver(place->room, store_event, place);
    *out = book->places = place;
    return 0;
}

int isplit__book_place(isplit_book *book, const char *name, bool make,
                       isplit__place **out)
{
    int64_t number = 0;

    if (!isplit__room_name_valid(name))
        return IC_ERR_INVALID;
    *out = find_place(book, name);
    if (*out)
        return 0;
    int err = isplit__store_find_room(book->store, name, &number);
    if (err && (err != IC_ERR_NOT_FOUND || !make))
        return err;
    return load_place(book, name, !err, number, out);
}

void isplit__book_tidy(isplit_book *book, const char *name)
{
    isplit__place *place = find_place(book, name);

    if (place && !place->room->count)
        forget(book, place);
}

int isplit__book_explain(int error, const isplit_reason *ours, isplit_reason *why)
{
    if (error && ours->text[0] && why)
        *why = *ours;
    else if (error == IC_ERR_INVALID)
        isplit__refuse(why,
                       "a room's name has 1 to %d bytes without control "
                       "characters",
                       ISPLIT__ROOM_MAX_BYTES);
    else if (error == IC_ERR_LIMIT)
        isplit__refuse(why, "the room is full; start another one");
    else if (error)
        isplit__store_explain(error, why);
    return error;
}

int isplit_book_state(isplit_book *book, const char *room, const isplit_state **out)
{
    isplit__place *place = NULL;

    int err = isplit__book_place(book, room, false, &place);
    if (!err)
        return isplit__room_state(place->room, out);
    if (err != IC_ERR_NOT_FOUND)
        return err;
    isplit__room *unknown = book->unknown; /* who asked for it before may use it still */
    if (unknown && strcmp(unknown->context.room, room) == 0)
        return isplit__room_state(unknown, out);
    err = isplit__room_new(room, book->prefix, &unknown);
    if (err)
        return err;
    isplit__room_free(book->unknown);
    book->unknown = unknown;
    return isplit__room_state(unknown, out);
}

static int write_row(const isplit__row *row, void *user)
{
    isplit__event_write(user, row->text, row->len, row->sig);
    return 0;
}

static int read_event(isplit_book *book, const isplit__place *place, uint32_t position,
                      char **out)
{
    isplit__buf text = {0};

    int err = isplit__store_one(book->store, place->number, position, write_row, &text);
    if (!err)
        err = isplit__buf_finish(&text, out);
    isplit__buf_free(&text);
    return err;
}

int isplit_book_fork(isplit_book *book, const char *room, const char *key, char **first,
                     char **second)
{
    size_t pair[2];
    char *texts[2] = {NULL, NULL};
    isplit__place *place = NULL;

    int err = isplit__book_place(book, room, false, &place);
    if (!err)
        err = isplit__room_fork(place->room, key, pair);
    for (size_t i = 0; !err && i < 2; i++)
        err = read_event(book, place, (uint32_t)pair[i], &texts[i]);
    if (err) {
        ic_mem_free(texts[0]);
        return err;
    }
    *first = texts[0];
    *second = texts[1];
    return 0;
}

int isplit_book_each_room(isplit_book *book, isplit_room_cb tell, void *user)
{
    return isplit__store_each_room(book->store, tell, user);
}

/* Is it about an entry that is there? The others may be the first of their room. */
static bool is_about_entry(const isplit_deed *deed)
{
    return deed->kind >= ISPLIT_DEED_AMEND && deed->kind <= ISPLIT_DEED_DISPUTE;
}

static isplit_change_kind change_of(const isplit__asked *asked)
{
    if (is_about_entry(asked->deed)) /* or about a clear */
        return asked->entry ? ISPLIT_CHANGE_EDITED : ISPLIT_CHANGE_RESTORED;
    return asked->deed->kind == ISPLIT_DEED_ADD ? ISPLIT_CHANGE_ADDED : ISPLIT_CHANGE_SET;
}

static int do_deed(isplit_book *book, const char *room, isplit__asked *asked)
{
    isplit__place *place = NULL;

    asked->field = ISPLIT_FIELD_ROOM;
    int err = isplit__book_place(book, room, !is_about_entry(asked->deed), &place);
    if (err == IC_ERR_NOT_FOUND)
        isplit__refuse(asked->why, "there is no such entry in this room");
    if (err)
        return err;
    asked->field = ISPLIT_FIELD_NONE;
    return isplit__author_do(place->room, &book->author, asked);
}

int isplit_book_do(isplit_book *book, const char *room, const isplit_deed *deed,
                   const isplit_entry **out, isplit_field *field, isplit_reason *why)
{
    isplit_reason ours = {{0}};
    isplit__asked asked = {.deed = deed, .why = &ours};

    int err = do_deed(book, room, &asked);
    if (!err) {
        *out = asked.entry;
        isplit__book_tell(book, change_of(&asked), room, asked.entry);
        return 0;
    }
    isplit__book_tidy(book, room);
    if (field)
        *field = err == IC_ERR_INVALID ? asked.field : ISPLIT_FIELD_NONE;
    return isplit__book_explain(err, &ours, why);
}

int isplit_book_add(isplit_book *book, const char *room, const isplit_draft *draft,
                    const isplit_entry **out, isplit_field *field, isplit_reason *why)
{
    const isplit_deed deed = {.kind = ISPLIT_DEED_ADD, .draft = draft};

    return isplit_book_do(book, room, &deed, out, field, why);
}

int isplit_book_try(isplit_book *book, const char *room, const isplit_draft *draft,
                    isplit_entry **out, int64_t *left_over, isplit_field *field,
                    isplit_reason *why)
{
    static const isplit__id nobody; /* no event yet whose nonce says who is first */
    isplit_field wrong = ISPLIT_FIELD_ROOM;
    const isplit_state *state = NULL;
    isplit__value v = {.left_over = 0};

    int err = isplit_book_state(book, room, &state);
    if (!err)
        err = isplit__draft_read(draft, state, &nobody, &v, &wrong, why);
    if (err && field)
        *field = err == IC_ERR_INVALID ? wrong : ISPLIT_FIELD_NONE;
    if (left_over)
        *left_over = v.left_over;
    if (err)
        return err;
    v.entry.id = "";
    v.entry.by = "";
    isplit_entry *copy = isplit__entry_copy(&v.entry);
    if (!copy)
        return IC_ERR_NOMEM;
    *out = copy;
    return 0;
}

/* Several events that are stored together or not at all. */
int isplit__book_change(isplit_book *book, isplit__place *place, isplit__change_cb change,
                        void *user)
{
    int err = isplit__store_begin(book->store);

    if (err)
        return err;
    bool stored = place->stored;
    uint32_t before = place->room->count;
    err = change(place->room, user);
    if (!err)
        err = isplit__store_commit(book->store);
    if (!err)
        return 0;
    isplit__store_rollback(book->store);
    place->stored = stored;
    if (place->room->count != before)
        forget(book, place);
    return err;
}

/* What an author does to a whole room, and to how many entries. */
typedef struct task {
    int (*run)(isplit__room *room, const isplit__author *author, size_t *count,
               isplit_reason *why);
    const isplit__author *author;
    size_t count;
    isplit_reason why;
} task;

static int run_task(isplit__room *room, void *user)
{
    task *t = user;

    return t->run(room, t->author, &t->count, &t->why);
}

/* In one transaction; nothing is to be done in a room that is not there. */
static int do_task(isplit_book *book, const char *room, task *t, isplit_change_kind kind,
                   size_t *count, isplit_reason *why)
{
    isplit__place *place = NULL;

    t->author = &book->author;
    int err = isplit__book_place(book, room, false, &place);
    if (!err)
        err = isplit__book_change(book, place, run_task, t);
    if (err && err != IC_ERR_NOT_FOUND)
        return isplit__book_explain(err, &t->why, why);
    *count = t->count;
    if (t->count)
        isplit__book_tell(book, kind, room, NULL);
    return 0;
}

int isplit_book_due(isplit_book *book, const char *room, size_t *made, isplit_reason *why)
{
    task t = {.run = isplit__author_due};

    return do_task(book, room, &t, ISPLIT_CHANGE_SET, made, why);
}

int isplit_book_clear(isplit_book *book, const char *room, size_t *removed,
                      isplit_reason *why)
{
    task t = {.run = isplit__author_clear};

    return do_task(book, room, &t, ISPLIT_CHANGE_CLEARED, removed, why);
}
