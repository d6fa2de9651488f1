#include "ledger/author.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "text/reason.h"

#define A_SECOND 1000      /* milliseconds */
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

/* The author's last event, or NULL. */
static const uint32_t *own_last(const isplit__room *room, const isplit__author *author)
{
    isplit__id key;

    memcpy(key.b, ic_identity_public_key(author->identity), sizeof key.b);
    return isplit__idmap_get(&room->last_of, &key);
}

/* The canonical event around a canonical body. */
static void put_event(isplit__buf *b, const isplit__room *room,
                      const isplit__author *author, const char *kind,
                      const isplit__buf *body, const uint8_t *nonce)
{
    const ic_env *env = author->env;
    const uint32_t *last = own_last(room, author);
    int64_t at = env->wall_ms(env->user);
    isplit__parts p = {.room = room->context.room,
                       .kind = kind,
                       .body = {.at = body->data, .len = body->len},
                       .nonce_len = ISPLIT__NONCE_BYTES,
                       .at = at > 0 ? at : 0,
                       .seq = last ? event_at(room, *last)->seq + 1 : 1};

    memcpy(p.by.b, ic_identity_public_key(author->identity), sizeof p.by.b);
    if (nonce)
        memcpy(p.nonce, nonce, p.nonce_len);
    else
        env->random(p.nonce, p.nonce_len, env->user);
    p.dep_count = choose_deps(room, last, p.deps);
    p.lc = greatest_lc(room, p.deps, p.dep_count) + 1;
    int64_t before = last ? event_at(room, *last)->at : -1;
    if (p.at <= before && before - p.at < A_SECOND)
        p.at = before + 1; /* several in one millisecond stand in the order of saying */
    isplit__event_compose(b, &p);
}

static int check_seq(const isplit__room *room, const isplit__author *author,
                     isplit_reason *why)
{
    const uint32_t *last = own_last(room, author);

    if (!last || event_at(room, *last)->seq < ISPLIT__EVENT_MAX_SEQ)
        return 0;
    isplit__refuse(why, "one key can write %d events to a room; start another room",
                   ISPLIT__EVENT_MAX_SEQ);
    return IC_ERR_LIMIT;
}

int isplit__author_write(isplit__room *room, const isplit__author *author,
                         const char *kind, isplit__said *said, const uint8_t *nonce,
                         isplit__id *id, isplit_reason *why)
{
    isplit_taken taken;
    isplit__item item;
    isplit__buf body = {0};
    isplit__buf text = {0};
    isplit__codec c = isplit__codec_writer(&body);

    int err = check_seq(room, author, why);
    if (!err) {
        (void)isplit__body_pass(&c, kind, said);
        put_event(&text, room, author, kind, &body, nonce);
        text.bad = text.bad || body.bad;
        err = isplit__event_sign(&text, &room->context, author->identity, &item, why);
    }
    isplit__buf_free(&body);
    if (err)
        return err;
    if (id)
        *id = item.event->id;
    return isplit__room_take(room, &item, &taken);
}

/* The next unsigned entries from node `*from` that no clear covers; are there more? */
static bool list_legacy(isplit__said *s, const isplit__room *room, uint32_t *from)
{
    s->ref_count = 0;
    for (; *from < room->count; ++*from) {
        const isplit__node *n = &room->nodes[*from];
        if (n->event->kind != ISPLIT__KIND_LEGACY || n->covered)
            continue;
        if (s->ref_count == CLEARED_AT_ONCE)
            break;
        s->refs[s->ref_count++] = n->event->id;
    }
    qsort(s->refs, s->ref_count, sizeof *s->refs, isplit__id_compare);
    return *from < room->count;
}

/* Clear events until all is covered: one lists so many unsigned entries and builds on so
 * many heads. What is covered is only asked afterwards; `from` knows what was listed. */
static int write_clears(isplit__room *room, const isplit__author *author,
                        isplit_reason *why)
{
    isplit__said said;
    uint32_t from = 0;
    int err = 0;
    bool more = false;

    do {
        more = list_legacy(&said, room, &from);
        err = isplit__author_write(room, author, "clear", &said, NULL, NULL, why);
    } while (!err && (room->head_count > 1 || more));
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
        isplit__refuse(why,
                       "only who has an entry in this room can clear it, or its owner");
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
    isplit__said said;

    said.refs[0] = *ref;
    said.why = "";
    return isplit__author_write(room, author, "unvoid", &said, NULL, NULL, why);
}
