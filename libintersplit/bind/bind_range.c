/* Answers to ranges: a function of the message and the own events alone (section 4.4). */
#include "bind/bind_reply.h"

#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"

#define MAX_ANSWER 4    /* messages with ranges that one message can cause */
#define SPLIT_ABOVE 512 /* a range with so many is asked for in parts */
#define CREDIT_MAX 2048
#define CREDIT_ASKED 512   /* events of the answer to a list of ours */
#define CREDIT_ANSWERED 32 /* to a list that we gave as an answer */

static void give_credit(isplit__peer *peer, uint64_t count)
{
    peer->credit += count;
    if (peer->credit > CREDIT_MAX)
        peer->credit = CREDIT_MAX;
}

int isplit__reply_start(isplit__reply *r, isplit__talk *t, isplit__peer *peer,
                        const char *sid)
{
    isplit__place *place = NULL;

    *r = (isplit__reply){.t = t, .peer = peer, .sid = sid};
    r->mine = t->comparing && strcmp(t->sid, sid) == 0;
    int err = isplit__talk_place(t, &place);
    if (err)
        return err;
    r->room = place->room;
    return isplit__room_index(place->room, &r->x);
}

static void flush_ranges(isplit__reply *r)
{
    if (!r->ranges)
        return;
    isplit__buf_text(&r->b, "]}");
    (void)isplit__peer_post(r->peer, r->t, &r->b);
    r->ranges = 0;
    r->messages++;
}

static void flush_wants(isplit__reply *r)
{
    if (!r->want_count)
        return;
    isplit__buf_text(&r->wants, "]}");
    give_credit(r->peer, r->want_count);
    (void)isplit__peer_post(r->peer, r->t, &r->wants);
    r->want_count = 0;
}

void isplit__reply_end(isplit__reply *r)
{
    flush_ranges(r);
    flush_wants(r);
    if (r->has_page)
        isplit__page_end(&r->page, r->page_full ? &r->next : NULL);
}

void isplit__reply_drop(isplit__reply *r)
{
    isplit__buf_free(&r->b);
    isplit__buf_free(&r->wants);
    isplit__page_drop(&r->page);
}

/* Both bounds of the next range; false when this answer is long enough. */
static bool begin_range(isplit__reply *r, const isplit__bound *lo,
                        const isplit__bound *hi)
{
    if (r->ranges == ISPLIT__MAX_RANGES || r->b.len > r->t->bind->o.page_bytes)
        flush_ranges(r);
    if (r->messages == MAX_ANSWER)
        return false;
    if (!r->ranges) {
        isplit__say_begin_to(&r->b, r->t, "expense_sync", &r->peer->key, r->sid);
        isplit__buf_text(&r->b, ",\"ranges\":[[");
    } else {
        isplit__buf_text(&r->b, ",[");
    }
    r->ranges++;
    isplit__bound_write(&r->b, lo);
    isplit__buf_text(&r->b, ",");
    isplit__bound_write(&r->b, hi);
    return true;
}

static void put_print(isplit__reply *r, const isplit__bound *lo, const isplit__bound *hi,
                      size_t from, size_t to)
{
    uint8_t fp[ISPLIT__PRINT_BYTES];
    const isplit__sum sum = isplit__index_sum(r->x, from, to);

    if (!begin_range(r, lo, hi))
        return;
    isplit__sum_fingerprint(&sum, fp);
    isplit__buf_printf(&r->b, ",%zu,\"", to - from);
    isplit__buf_hex(&r->b, fp, sizeof fp);
    isplit__buf_text(&r->b, "\"]");
}

void isplit__reply_list(isplit__reply *r, const isplit__bound *lo,
                        const isplit__bound *hi, size_t from, size_t to)
{
    if (!begin_range(r, lo, hi))
        return;
    isplit__buf_text(&r->b, ",[");
    for (size_t i = from; i < to; i++) {
        isplit__buf_text(&r->b, i > from ? ",\"" : "\"");
        isplit__buf_hex(&r->b, r->x->order[i]->id.b, ISPLIT__ID_BYTES);
        isplit__buf_text(&r->b, "\"");
    }
    isplit__buf_text(&r->b, "]]");
    give_credit(r->peer, r->mine ? CREDIT_ASKED : CREDIT_ANSWERED);
}

static void put_split(isplit__reply *r, const isplit__bound *lo, const isplit__bound *hi,
                      size_t from, size_t to)
{
    size_t at = from;
    isplit__bound low = *lo;

    for (size_t i = 1; i <= ISPLIT__SPLIT; i++) {
        size_t end = from + (to - from) * i / ISPLIT__SPLIT;
        isplit__bound high = i == ISPLIT__SPLIT ? *hi : isplit__index_bound(r->x, end);
        put_print(r, &low, &high, at, end);
        low = high;
        at = end;
    }
}

void isplit__reply_compare(isplit__reply *r, const isplit__bound *lo,
                           const isplit__bound *hi, uint64_t count,
                           const uint8_t fp[ISPLIT__PRINT_BYTES])
{
    uint8_t ours[ISPLIT__PRINT_BYTES];
    size_t from = isplit__index_at(r->x, lo);
    size_t to = isplit__index_at(r->x, hi);
    const isplit__sum sum = isplit__index_sum(r->x, from, to);

    isplit__sum_fingerprint(&sum, ours);
    if (memcmp(ours, fp, sizeof ours) == 0)
        return;
    if (to - from > ISPLIT__SPLIT) {
        if (count || !r->mine) /* who has nothing here has nothing for us */
            put_split(r, lo, hi, from, to);
    } else if (!r->mine || count <= to - from) {
        isplit__reply_list(r, lo, hi, from, to);
    } else if (count > SPLIT_ABOVE) {
        put_print(r, lo, hi, from, to); /* with this they split it */
    } else {
        isplit__sync_add_job(r, lo, hi, count);
    }
}

static bool is_listed(const isplit__id *ids, size_t count, const isplit__id *id)
{
    return bsearch(id, ids, count, sizeof *ids, isplit__id_compare) != NULL;
}

static int offer(isplit__reply *r, const isplit__event *event, size_t position)
{
    int err = 0;

    if (r->page_full)
        return 0;
    if (!r->has_page) {
        err = isplit__page_begin(&r->page, r->t, r->peer, r->sid);
        r->has_page = !err;
    }
    if (!err)
        err = isplit__page_add(&r->page, event);
    if (err != IC_ERR_LIMIT)
        return err;
    r->page_full = true;
    r->next = isplit__index_bound(r->x, position);
    return 0;
}

static void want(isplit__reply *r, const isplit__id *id)
{
    if (r->want_count == ISPLIT__MAX_IDS)
        flush_wants(r);
    if (!r->want_count) {
        isplit__say_begin_to(&r->wants, r->t, "expense_want", &r->peer->key, r->sid);
        isplit__buf_text(&r->wants, ",\"ids\":[\"");
    } else {
        isplit__buf_text(&r->wants, ",\"");
    }
    isplit__buf_hex(&r->wants, id->b, ISPLIT__ID_BYTES);
    isplit__buf_text(&r->wants, "\"");
    r->want_count++;
}

/* They have exactly these events in the range. */
static int trade(isplit__reply *r, const isplit__bound *lo, const isplit__bound *hi,
                 const isplit__id *ids, size_t count)
{
    int err = 0;
    size_t to = isplit__index_at(r->x, hi);

    if (!r->mine && !r->has_page) { /* an answer in any case: they wait for it */
        err = isplit__page_begin(&r->page, r->t, r->peer, r->sid);
        r->has_page = !err;
    }
    for (size_t i = isplit__index_at(r->x, lo); i < to && !err && !r->page_full; i++) {
        if (!is_listed(ids, count, &r->x->order[i]->id))
            err = offer(r, r->x->order[i], i);
    }
    for (size_t i = 0; i < count; i++) {
        if (isplit__room_find(r->room, &ids[i]) == ISPLIT__NONE)
            want(r, &ids[i]);
    }
    return err;
}

static bool read_ids(const json_t *list, isplit__id ids[ISPLIT__MAX_IDS], size_t *count)
{
    size_t n = json_array_size(list);

    if (!json_is_array(list) || n > ISPLIT__MAX_IDS)
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *id = json_array_get(list, i);
        if (!isplit__id_parse(&ids[i], json_string_value(id), json_string_length(id)))
            return false;
    }
    if (n > 1)
        qsort(ids, n, sizeof *ids, isplit__id_compare);
    *count = n;
    return true;
}

static int hear_range(isplit__reply *r, const json_t *range)
{
    isplit__bound lo;
    isplit__bound hi;
    uint8_t fp[ISPLIT__PRINT_BYTES];
    size_t count = 0;
    isplit__id ids[ISPLIT__MAX_IDS];
    const char *low = json_string_value(json_array_get(range, 0));
    const char *high = json_string_value(json_array_get(range, 1));
    const json_t *third = json_array_get(range, 2);
    const json_t *print = json_array_get(range, 3);

    if (!low || !high || !isplit__bound_read(low, &lo) ||
        !isplit__bound_read(high, &hi) || isplit__bound_compare(&lo, &hi) >= 0)
        return IC_ERR_PROTO;
    if (json_array_size(range) == 3)
        return read_ids(third, ids, &count) ? trade(r, &lo, &hi, ids, count)
                                            : IC_ERR_PROTO;
    if (json_array_size(range) != 4 || !json_is_integer(third) ||
        json_integer_value(third) < 0 ||
        !isplit__print_parse(fp, json_string_value(print), json_string_length(print)))
        return IC_ERR_PROTO;
    isplit__reply_compare(r, &lo, &hi, (uint64_t)json_integer_value(third), fp);
    return 0;
}

int isplit__reply_ranges(isplit__reply *r, const json_t *ranges)
{
    int err = 0;

    if (!json_is_array(ranges) || json_array_size(ranges) > ISPLIT__MAX_RANGES)
        return IC_ERR_PROTO;
    for (size_t i = 0; i < json_array_size(ranges) && !err; i++)
        err = hear_range(r, json_array_get(ranges, i));
    return err;
}

/* Events by id, in the order in which they can be delivered, as many pages as fit. */
int isplit__sync_want(isplit__talk *t, isplit__peer *peer, const char *sid,
                      const json_t *list)
{
    isplit__reply r;
    size_t count = 0;
    isplit__id ids[ISPLIT__MAX_IDS];

    if (!read_ids(list, ids, &count))
        return IC_ERR_PROTO;
    int err = isplit__reply_start(&r, t, peer, sid);
    for (size_t i = 0; i < count && !err && isplit__peer_has_room(peer); i++) {
        uint32_t node = isplit__room_find(r.room, &ids[i]);
        if (node == ISPLIT__NONE)
            continue;
        const isplit__event *e = r.room->nodes[node].event;
        err = offer(&r, e, 0);
        if (!err && r.page_full) {
            r.page_full = false;
            r.has_page = false;
            isplit__page_end(&r.page, NULL);
            err = offer(&r, e, 0);
        }
    }
    if (err)
        isplit__reply_drop(&r);
    else
        isplit__reply_end(&r);
    return err;
}
