/* Rows become entries: those whose mark the room does not have yet. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "book/book.h"
#include "inout/import.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "ledger/draft.h"
#include "ledger/recur.h"
#include "text/name.h"
#include "text/reason.h"

#define TELL_EVERY 64 /* rows between two calls of `progress` */
#define MS_PER_DAY INT64_C(86400000)
#define NOON_MS (MS_PER_DAY / 2) /* the same day in nearly all time zones */

/* A row as a draft, with the texts that it points to. */
typedef struct written {
    isplit_draft draft;
    isplit_part payers[ISPLIT_SPLIT_MAX_MEMBERS];
    isplit_part parts[ISPLIT_SPLIT_MAX_MEMBERS];
    char amounts[2 * ISPLIT_SPLIT_MAX_MEMBERS + 1][ISPLIT_MONEY_TEXT_MAX];
    size_t used;
    char category[ISPLIT__NAME_MAX + 1];
    char note[ISPLIT__NOTE_MAX + 1];
} written;

/* What is done to a room in one transaction. */
typedef struct work {
    const isplit_import *import;
    isplit_book *book;
    isplit__place *place;
    isplit_import_progress_cb progress;
    void *user;
    const isplit__import_row *row;
    size_t number;
    isplit_imported result;
    isplit_reason *why;
    written text;
} work;

static const char *put_amount(written *w, int64_t minor, unsigned exponent)
{
    return isplit_money_format(minor, exponent, 0, w->amounts[w->used++]);
}

static const char *put_value(written *w, const isplit__import_row *row, int64_t value)
{
    char *text = w->amounts[w->used];

    if (row->mode == ISPLIT_SPLIT_EQUAL)
        return NULL;
    if (row->mode == ISPLIT_SPLIT_EXACT)
        return put_amount(w, value, row->exponent);
    if (row->mode == ISPLIT_SPLIT_PERCENT)
        return put_amount(w, value, 2);
    (void)snprintf(text, sizeof w->amounts[0], "%" PRId64, value);
    w->used++;
    return text;
}

static void put_parts(written *w, const isplit__import_row *row)
{
    isplit_draft *d = &w->draft;

    d->amount = put_amount(w, row->amount, row->exponent);
    d->payer = row->paid.count == 1 ? row->paid.of[0].name : NULL;
    d->payers = w->payers;
    d->payer_count = d->payer ? 0 : row->paid.count;
    for (size_t i = 0; i < d->payer_count; i++)
        w->payers[i] =
            (isplit_part){.name = row->paid.of[i].name,
                          .value = put_amount(w, row->paid.of[i].minor, row->exponent)};
    d->parts = w->parts;
    d->part_count = row->shares.count;
    for (size_t i = 0; i < row->shares.count; i++)
        w->parts[i] = (isplit_part){.name = row->shares.of[i].name,
                                    .value = put_value(w, row, row->shares.of[i].minor)};
    if (row->type == ISPLIT_ENTRY_PAYMENT)
        w->parts[0].value = NULL;
}

/* A category that cannot be one of ours is left out. */
static const char *put_category(written *w, const isplit__import_row *row)
{
    isplit__buf clean = {0};

    if (!*row->category || row->type == ISPLIT_ENTRY_PAYMENT)
        return NULL;
    isplit__import_clean(row->category, &clean);
    int err = clean.data ? isplit__name_typed(clean.data, clean.len, w->category, NULL)
                         : IC_ERR_INVALID;
    isplit__buf_free(&clean);
    return err ? NULL : w->category;
}

/* A note that is too long is cut between two characters. */
static const char *put_note(written *w, const char *note)
{
    size_t len = strlen(note);

    if (len > ISPLIT__NOTE_MAX) {
        len = ISPLIT__NOTE_MAX;
        while (len && ((unsigned char)note[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(w->note, note, len);
    w->note[len] = 0;
    return w->note;
}

static void write_draft(written *w, const isplit__import_row *row)
{
    w->used = 0;
    w->draft = (isplit_draft){
        .type = row->type,
        .mode = row->type == ISPLIT_ENTRY_PAYMENT ? ISPLIT_SPLIT_EQUAL : row->mode,
        .amount_strict = true,
        .only = true,
        .currency = *row->currency ? row->currency : NULL,
        .category = put_category(w, row),
        .note = put_note(w, row->note),
    };
    put_parts(w, row);
}

/* An entry gets the mark of its row where others have a random number, and the day of its
 * row where others have the time: the author asks its environment for both. */
static int64_t wall_of_row(void *user)
{
    const work *w = user;

    if (!*w->row->date)
        return w->book->env.wall_ms(w->book->env.user);
    return isplit__day_number(w->row->date) * MS_PER_DAY + NOON_MS + (int64_t)w->number;
}

static void mark_of_row(void *out, size_t len, void *user)
{
    const work *w = user;

    memset(out, 0, len);
    memcpy(out, w->row->mark, len < sizeof w->row->mark ? len : sizeof w->row->mark);
}

/* Is there an entry of this row that no clear covers? What a clear covers comes back by
 * importing it again. */
static bool is_known(const isplit__room *room, const isplit__import_row *row)
{
    uint64_t mark = isplit__mark_of(row->mark, sizeof row->mark);
    uint32_t at = isplit__room_of_mark(room, mark);

    while (at != ISPLIT__NONE && room->nodes[at].covered)
        at = room->nodes[at].next;
    return at != ISPLIT__NONE;
}

static int refuse_row(work *w, int err, const isplit_reason *why)
{
    const char *unit = w->import->unit ? "expense" : "line";

    if (err == IC_ERR_INVALID)
        isplit__refuse(w->why, "%s %zu: %s", unit, w->row->line, why->text);
    else
        *w->why = *why;
    return err;
}

static int add_row(work *w, isplit__room *room, const isplit__author *author)
{
    const isplit_deed deed = {.kind = ISPLIT_DEED_ADD, .draft = &w->text.draft};
    isplit_reason why = {{0}};
    isplit__asked asked = {.deed = &deed, .why = &why};

    if (is_known(room, w->row)) {
        w->result.known++;
        return 0;
    }
    write_draft(&w->text, w->row);
    int err = isplit__author_do(room, author, &asked);
    w->result.added += !err;
    return err ? refuse_row(w, err, &why) : 0;
}

static int add_rows(isplit__room *room, void *user)
{
    work *w = user;
    size_t rows = w->import->info.rows;
    const ic_env env = {.wall_ms = wall_of_row, .random = mark_of_row, .user = w};
    const isplit__author author = {.identity = w->book->author.identity, .env = &env};
    int err = 0;

    for (w->row = w->import->rows; !err && w->row; w->row = w->row->next, w->number++) {
        if (w->progress && w->number % TELL_EVERY == 0 &&
            !w->progress(w->number, rows, w->user))
            return IC_ERR_CANCELED;
        err = add_row(w, room, &author);
    }
    if (!err && w->progress && !w->progress(rows, rows, w->user))
        return IC_ERR_CANCELED;
    return err;
}

static int apply(work *w, const char *room)
{
    const isplit_state *state = NULL;
    int err = isplit__book_place(w->book, room, true, &w->place);

    if (!err)
        err = isplit__room_state(w->place->room, &state);
    if (!err)
        err = isplit__book_change(w->book, w->place, add_rows, w);
    if (err)
        isplit__book_tidy(w->book, room);
    return err;
}

int isplit_import_apply(const isplit_import *import, isplit_book *book, const char *room,
                        isplit_import_progress_cb progress, void *user,
                        isplit_imported *out, isplit_reason *why)
{
    isplit_reason ours = {{0}};
    work *w = ic_mem_calloc(1, sizeof *w);

    if (!w)
        return IC_ERR_NOMEM;
    *w = (work){
        .import = import, .book = book, .progress = progress, .user = user, .why = &ours};
    int err = apply(w, room);
    if (!err)
        *out = w->result;
    (void)isplit__book_explain(err, &ours, why);
    if (!err && out->added)
        isplit__book_tell(book, ISPLIT_CHANGE_RESTORED, room, NULL);
    ic_mem_free(w);
    return err;
}
