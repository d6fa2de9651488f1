#include "author.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compose.h"
#include "intercom/error.h"
#include "intersplit/money.h"
#include "name.h"
#include "reason.h"

#define NONCE_BYTES 8
#define CLEARED_AT_ONCE 48 /* unsigned entries that one event of 4 096 bytes can list */

static const isplit__event *event_at(const isplit__room *room, uint32_t node)
{
    return room->nodes[node].event;
}

/* The newest heads, as many as an event may have besides the author's own last. */
static size_t choose_deps(const isplit__room *room, const uint32_t *last,
                          isplit__id *deps)
{
    uint32_t best[ISPLIT__EVENT_MAX_DEPS];
    size_t max = ISPLIT__EVENT_MAX_DEPS - (last ? 1 : 0);
    size_t count = 0;

    for (size_t i = 0; i < room->head_count; i++) {
        uint32_t head = room->heads[i];
        size_t at = count;
        if (last && head == *last)
            continue;
        while (at && event_at(room, best[at - 1])->lc < event_at(room, head)->lc)
            at--;
        if (at == max)
            continue;
        count += count < max;
        memmove(&best[at + 1], &best[at], (count - at - 1) * sizeof *best);
        best[at] = head;
    }
    if (last)
        best[count++] = *last;
    for (size_t i = 0; i < count; i++)
        deps[i] = event_at(room, best[i])->id;
    qsort(deps, count, sizeof *deps, isplit__id_compare);
    return count;
}

static int64_t greatest_lc(const isplit__room *room, const isplit__id *deps, size_t count)
{
    int64_t lc = 0;

    for (size_t i = 0; i < count; i++) {
        const isplit__event *e = event_at(room, isplit__room_find(room, &deps[i]));
        lc = e->lc > lc ? e->lc : lc;
    }
    return lc;
}

/* The canonical event around a canonical body. */
static void put_event(isplit__buf *b, const isplit__room *room,
                      const isplit__author *author, const char *kind,
                      const isplit__buf *body)
{
    isplit__id deps[ISPLIT__EVENT_MAX_DEPS];
    uint8_t nonce[NONCE_BYTES];
    const ic_env *env = author->env;
    isplit__parts p = {.room = room->context.room,
                       .kind = kind,
                       .body = {.at = body->data, .len = body->len},
                       .deps = deps,
                       .nonce = nonce,
                       .nonce_len = sizeof nonce};

    memcpy(p.by.b, ic_identity_public_key(author->identity), sizeof p.by.b);
    const uint32_t *last = isplit__idmap_get(&room->last_of, &p.by);
    p.dep_count = choose_deps(room, last, deps);
    p.lc = greatest_lc(room, deps, p.dep_count) + 1;
    p.seq = last ? event_at(room, *last)->seq + 1 : 1;
    int64_t at = env->wall_ms(env->user);
    p.at = at > 0 ? at : 0;
    env->random(nonce, sizeof nonce, env->user);
    isplit__compose_event(b, &p);
}

static int check_seq(const isplit__room *room, const isplit__author *author,
                     isplit_reason *why)
{
    isplit__id key;

    memcpy(key.b, ic_identity_public_key(author->identity), sizeof key.b);
    const uint32_t *last = isplit__idmap_get(&room->last_of, &key);
    if (!last || event_at(room, *last)->seq < ISPLIT__EVENT_MAX_SEQ)
        return 0;
    isplit__reason_set(why, "one key can write %d events to a room; start another room",
                       ISPLIT__EVENT_MAX_SEQ);
    return IC_ERR_LIMIT;
}

/* Sign an event with this body and take it in; the body buffer is used up. */
static int write_event(isplit__room *room, const isplit__author *author, const char *kind,
                       isplit__buf *body, isplit__id *id, isplit_reason *why)
{
    isplit_taken taken;
    isplit__item item;
    isplit__buf text = {0};

    int err = body->bad ? IC_ERR_NOMEM : check_seq(room, author, why);
    if (!err) {
        put_event(&text, room, author, kind, body);
        err = isplit__event_sign(&text, &room->context, author->identity, &item, why);
    }
    isplit__buf_free(body);
    if (err)
        return err;
    if (id)
        *id = item.event->id;
    return isplit__room_take(room, &item, &taken);
}

/* An add in its final form. */
typedef struct final {
    char payer[ISPLIT__NAME_MAX + 1];
    char split[ISPLIT__ENTRY_MAX_NAMES + 1][ISPLIT__NAME_MAX + 1];
    size_t count;
    int64_t amount;
    const char *note;
    size_t note_len;
} final;

static bool in_split(const final *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++) {
        if (strcmp(d->split[i], name) == 0)
            return true;
    }
    return false;
}

static int add_name(final *d, const char *text, isplit_reason *why)
{
    char name[ISPLIT__NAME_MAX + 1];

    int err = isplit__name_typed(text, strlen(text), name, why);
    if (err || in_split(d, name))
        return err;
    if (d->count == ISPLIT__ENTRY_MAX_NAMES) {
        isplit__reason_set(why, "an entry has at most %d members",
                           ISPLIT__ENTRY_MAX_NAMES);
        return IC_ERR_INVALID;
    }
    memcpy(d->split[d->count++], name, sizeof name);
    return 0;
}

static int add_all_members(final *d, isplit__room *room, isplit_reason *why)
{
    const isplit_state *state = NULL;

    int err = isplit__room_state(room, &state);
    for (size_t i = 0; !err && i < state->member_count; i++) {
        if (state->members[i].active)
            err = add_name(d, state->members[i].name, why);
    }
    return err;
}

static int put_payer_first(final *d, isplit_reason *why)
{
    if (in_split(d, d->payer))
        return 0;
    if (d->count == ISPLIT__ENTRY_MAX_NAMES) {
        isplit__reason_set(why, "an entry has at most %d members, the payer included",
                           ISPLIT__ENTRY_MAX_NAMES);
        return IC_ERR_INVALID;
    }
    memmove(d->split[1], d->split[0], d->count * sizeof d->split[0]);
    memcpy(d->split[0], d->payer, sizeof d->payer);
    d->count++;
    return 0;
}

static int read_split(final *d, isplit__room *room, const isplit_draft *draft,
                      isplit_reason *why)
{
    int err = 0;

    if (draft->only && !draft->part_count) {
        isplit__reason_set(why, "name the members who share this");
        return IC_ERR_INVALID;
    }
    if (!draft->part_count)
        err = add_all_members(d, room, why);
    for (size_t i = 0; !err && i < draft->part_count; i++)
        err = add_name(d, draft->parts[i].name, why);
    if (!err && !draft->only)
        err = put_payer_first(d, why);
    return err;
}

static int read_note(final *d, const char *note, isplit_reason *why)
{
    d->note_len = note ? strlen(note) : 0;
    d->note = isplit__trim(note ? note : "", &d->note_len);
    if (!isplit__utf8_valid(d->note, d->note_len))
        isplit__reason_set(why, "the note is not UTF-8");
    else if (d->note_len > ISPLIT__NOTE_MAX_BYTES)
        isplit__reason_set(why, "a note has at most %d bytes", ISPLIT__NOTE_MAX_BYTES);
    else
        return 0;
    return IC_ERR_INVALID;
}

static bool is_plain(const isplit_draft *d)
{
    return d->type == ISPLIT_ENTRY_EXPENSE && d->mode == ISPLIT_SPLIT_EQUAL &&
           d->payer_count == 0 && !d->currency && !d->rate && !d->category && !d->date;
}

static int read_draft(final *d, isplit__room *room, const isplit_draft *draft,
                      isplit_field *field, isplit_reason *why)
{
    *d = (final){.count = 0};
    *field = ISPLIT_FIELD_PAYER;
    const char *payer = draft->payer ? draft->payer : "";
    int err = isplit__name_typed(payer, strlen(payer), d->payer, why);
    if (err)
        return err;
    *field = ISPLIT_FIELD_NONE;
    if (!is_plain(draft)) {
        isplit__reason_set(why, "only equal splits of one payer so far");
        return IC_ERR_UNSUPPORTED;
    }
    *field = ISPLIT_FIELD_AMOUNT;
    const char *amount = draft->amount ? draft->amount : "";
    err = isplit_money_parse(amount, strlen(amount), 2, NULL,
                             draft->amount_strict ? ISPLIT_MONEY_STRICT : 0, &d->amount,
                             why);
    if (err)
        return err;
    *field = ISPLIT_FIELD_SPLIT;
    err = read_split(d, room, draft, why);
    if (err)
        return err;
    *field = ISPLIT_FIELD_NOTE;
    return read_note(d, draft->note, why);
}

static void put_add_body(isplit__buf *b, const final *d)
{
    isplit__plain p = {.payer = {.at = d->payer, .len = strlen(d->payer)},
                       .count = d->count,
                       .amount = d->amount,
                       .note = {.at = d->note, .len = d->note_len}};

    for (size_t i = 0; i < d->count; i++)
        p.split[i] = (isplit__slice){.at = d->split[i], .len = strlen(d->split[i])};
    isplit__compose_plain(b, &p);
}

int isplit__author_add(isplit__room *room, const isplit__author *author,
                       const isplit_draft *draft, const isplit_entry **out,
                       isplit_field *field, isplit_reason *why)
{
    final d;
    isplit__id id;
    isplit__buf body = {0};

    int err = read_draft(&d, room, draft, field, why);
    if (err)
        return err;
    *field = ISPLIT_FIELD_NONE;
    put_add_body(&body, &d);
    err = write_event(room, author, "add", &body, &id, why);
    if (!err)
        *out = event_at(room, isplit__room_find(room, &id))->entry;
    return err;
}

/* The next unsigned entries from node `*from` that no clear covers, as JSON. */
static void put_legacy(isplit__buf *b, const isplit__room *room, uint32_t *from)
{
    isplit__id ids[CLEARED_AT_ONCE];
    size_t count = 0;

    for (; *from < room->count && count < CLEARED_AT_ONCE; ++*from) {
        const isplit__node *n = &room->nodes[*from];
        if (n->event->kind == ISPLIT__KIND_LEGACY && !n->covered)
            ids[count++] = n->event->id;
    }
    qsort(ids, count, sizeof *ids, isplit__id_compare);
    isplit__buf_text(b, "{\"legacy\":[");
    for (size_t i = 0; i < count; i++) {
        isplit__buf_text(b, i ? ",\"" : "\"");
        isplit__buf_hex(b, ids[i].b, ISPLIT__ID_BYTES);
        isplit__buf_text(b, "\"");
    }
    isplit__buf_text(b, "]}");
}

static bool has_more_legacy(const isplit__room *room, uint32_t from)
{
    for (; from < room->count; from++) {
        if (room->nodes[from].event->kind == ISPLIT__KIND_LEGACY &&
            !room->nodes[from].covered)
            return true;
    }
    return false;
}

/* Clear events until all is covered: one lists so many unsigned entries and builds on so
 * many heads. What is covered is only asked afterwards; `from` knows what was listed. */
static int write_clears(isplit__room *room, const isplit__author *author,
                        isplit_reason *why)
{
    uint32_t from = 0;
    int err = 0;

    do {
        isplit__buf body = {0};
        put_legacy(&body, room, &from);
        err = write_event(room, author, "clear", &body, NULL, why);
    } while (!err && (room->head_count > 1 || has_more_legacy(room, from)));
    return err;
}

int isplit__author_clear(isplit__room *room, const isplit__author *author,
                         size_t *removed, isplit_reason *why)
{
    isplit__id key;
    const isplit_state *state = NULL;

    int err = isplit__room_state(room, &state);
    if (err)
        return err;
    size_t before = isplit_state_entry_count(state);
    memcpy(key.b, ic_identity_public_key(author->identity), sizeof key.b);
    if (before && !isplit__room_may_clear(room, &key)) {
        isplit__reason_set(why, "only who has an entry in this room can clear it");
        return IC_ERR_DENIED;
    }
    if (before)
        err = write_clears(room, author, why);
    if (!err)
        err = isplit__room_state(room, &state);
    if (!err)
        *removed = before - isplit_state_entry_count(state);
    return err;
}

int isplit__author_unvoid(isplit__room *room, const isplit__author *author,
                          const isplit__id *ref, isplit_reason *why)
{
    isplit__buf body = {0};

    isplit__buf_text(&body, "{\"ref\":\"");
    isplit__buf_hex(&body, ref->b, ISPLIT__ID_BYTES);
    isplit__buf_text(&body, "\"}");
    return write_event(room, author, "unvoid", &body, NULL, why);
}
