/* What a bind says to everybody: hellos and events of ours (section 4.4). */
#include <inttypes.h>
#include <string.h>

#include "bind/binding.h"
#include "form/form.h"
#include "intercom/error.h"

void isplit__say_begin(isplit__buf *b, const isplit__talk *t, const char *type)
{
    isplit__buf_printf(b, "{\"app\":\"" ISPLIT__APP "\",\"type\":\"%s\",\"room\":", type);
    isplit__buf_json_text(b, t->name, strlen(t->name));
}

/* The newest heads: who knows them all lacks nothing that is signed. */
static void put_heads(isplit__buf *b, const isplit__room *room)
{
    const isplit__event *best[ISPLIT__MAX_HEADS];
    size_t count = 0;

    for (size_t i = 0; i < room->head_count; i++) {
        const isplit__event *head = room->nodes[room->heads[i]].event;
        size_t at = count;
        while (at && best[at - 1]->lc < head->lc)
            at--;
        if (at == ISPLIT__MAX_HEADS)
            continue;
        count += count < ISPLIT__MAX_HEADS;
        memmove(&best[at + 1], &best[at], (count - at - 1) * sizeof best[0]);
        best[at] = head;
    }
    isplit__buf_text(b, ",\"heads\":[");
    for (size_t i = 0; i < count; i++) {
        isplit__buf_text(b, i ? ",\"" : "\"");
        isplit__buf_hex(b, best[i]->id.b, ISPLIT__ID_BYTES);
        isplit__buf_text(b, "\"");
    }
    isplit__buf_text(b, "]}");
}

void isplit__say_hello(const isplit__talk *t, const isplit__room *room, isplit__buf *b)
{
    isplit__say_begin(b, t, "expense_hello");
    isplit__buf_text(b, ",\"fp\":\"");
    isplit__buf_hex(b, t->said, sizeof t->said);
    isplit__buf_printf(b, "\",\"count\":%" PRIu32, room->count);
    put_heads(b, room);
}

static void put_row(isplit__buf *b, const isplit__row *row)
{
    if (row->sig)
        isplit__event_write(b, row->text, row->len, row->sig);
    else
        isplit__buf_add(b, row->text, row->len);
}

typedef struct telling {
    isplit__talk *t;
    const isplit__event *event;
    isplit__buf *b;
} telling;

static void tell_entry(isplit__buf *b, const isplit__event *e, const isplit__row *row)
{
    isplit__buf_text(b, ",\"event\":");
    if (row->sig) {
        isplit__form_entry(b, e->entry);
        isplit__buf_text(b, ",\"x\":");
    }
    put_row(b, row);
    isplit__buf_text(b, row->sig ? "}}" : "}");
}

static int tell_clear(const telling *tell, const isplit__row *row)
{
    char by[IC_ADDRESS_BYTES];
    isplit__buf *b = tell->b;

    int err = ic_address_encode(by, tell->t->bind->book->prefix, tell->event->by.b);
    if (err)
        return err;
    isplit__say_begin(b, tell->t, "expense_clear");
    isplit__buf_printf(b, ",\"ts\":%" PRId64 ",\"by\":\"%s\",\"event\":", tell->event->at,
                       by);
    put_row(b, row);
    isplit__buf_text(b, "}");
    return b->bad ? IC_ERR_NOMEM : 0;
}

/* Peers of the original read an equal entry and a clear; they pass over the rest. */
static int tell_row(const isplit__row *row, void *user)
{
    const telling *tell = user;
    const isplit__event *e = tell->event;
    isplit__buf *b = tell->b;

    if (isplit__event_is_entry(e) && isplit__entry_is_plain(e->entry)) {
        isplit__say_begin(b, tell->t, "expense_add");
        tell_entry(b, e, row);
    } else if (e->kind == ISPLIT__KIND_CLEAR) {
        return tell_clear(tell, row);
    } else {
        isplit__say_begin(b, tell->t, "expense_event");
        isplit__buf_text(b, ",\"events\":[");
        put_row(b, row);
        isplit__buf_text(b, "]}");
    }
    return b->bad ? IC_ERR_NOMEM : 0;
}

int isplit__say_live(isplit__talk *t, uint32_t position, isplit__buf *b)
{
    isplit__place *place = NULL;
    telling tell = {.t = t, .b = b};

    int err = isplit__talk_place(t, &place);
    if (err)
        return err;
    if (position >= place->room->count)
        return IC_ERR_NOT_FOUND;
    tell.event = place->room->nodes[position].event;
    return isplit__store_one(t->bind->book->store, place->number, position, tell_row,
                             &tell);
}
