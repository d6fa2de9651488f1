/* Answers: a function of the message and the own events alone (section 4.4). */
#include "bind/bind_reply.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define MAX_ANSWER 4    /* messages with ranges that one message can cause */
#define SPLIT_ABOVE 512 /* a range with so many is asked for in parts */
#define CREDIT_MAX 2048
#define CREDIT_ASKED 512   /* events of the answer to a list of ours */
#define CREDIT_ANSWERED 32 /* to a list that we gave as an answer */
#define BASE64 sodium_base64_VARIANT_ORIGINAL_NO_PADDING

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
    r->place = place;
    return isplit__room_index(place->room, &r->x);
}

static void begin_message(const isplit__reply *r, isplit__buf *b, const char *type)
{
    isplit__say_begin(b, r->t, type);
    isplit__buf_text(b, ",\"to\":\"");
    isplit__buf_hex(b, r->peer->key.b, ISPLIT__ID_BYTES);
    isplit__buf_printf(b, "\",\"sid\":\"%s\"", r->sid);
}

static void begin_element(isplit__reply *r, isplit__list *list, const char *type,
                          const char *key)
{
    if (list->count++) {
        isplit__buf_text(&list->b, ",");
        return;
    }
    begin_message(r, &list->b, type);
    isplit__buf_printf(&list->b, ",\"%s\":[", key);
}

static void post_list(isplit__reply *r, isplit__list *list)
{
    if (!list->count)
        return;
    isplit__buf_text(&list->b, "]}");
    isplit__peer_post(r->peer, r->t, &list->b);
    list->count = 0;
}

/* --- pages --- */

static void put_base64(isplit__buf *b, const isplit__buf *bytes)
{
    size_t size = sodium_base64_encoded_len(bytes->len, BASE64);
    char *text = ic_mem_alloc(size);

    if (text && !bytes->bad)
        isplit__buf_text(b, sodium_bin2base64(text, size, (const uint8_t *)bytes->data,
                                              bytes->len, BASE64));
    else
        b->bad = true;
    ic_mem_free(text);
}

static void post_page(isplit__reply *r)
{
    isplit__buf b = {0};

    if (!r->page)
        return;
    begin_message(r, &b, "expense_events");
    isplit__buf_text(&b, ",\"pack\":\"");
    put_base64(&b, &r->page->bytes);
    isplit__buf_text(&b,
                     r->page_full ? "\",\"more\":true,\"next\":" : "\",\"more\":false");
    if (r->page_full)
        isplit__bound_write(&b, &r->next);
    isplit__buf_text(&b, "}");
    isplit__peer_post(r->peer, r->t, &b);
    isplit__pack_free(r->page);
    r->page = NULL;
}

static int begin_page(isplit__reply *r)
{
    if (!r->page)
        r->page = isplit__pack_new(r->t->name);
    return r->page ? 0 : IC_ERR_NOMEM;
}

typedef struct adding {
    isplit__reply *r;
    const isplit__event *event;
} adding;

/* IC_ERR_LIMIT when the page is full. */
static int add_row(const isplit__row *row, void *user)
{
    const adding *a = user;
    isplit__pack *page = a->r->page;
    size_t before = page->bytes.len;
    bool is_first = !page->memory.id_count;

    int err = isplit__pack_add(page, a->event, row);
    if (err || is_first || page->bytes.len / 3 * 4 <= a->r->t->bind->o.page_bytes)
        return err;
    page->bytes.len = before;
    return IC_ERR_LIMIT;
}

/* The event at this position of the order goes onto the page, unless that is full. */
static int offer(isplit__reply *r, const isplit__event *event, size_t position)
{
    adding a = {.r = r, .event = event};

    if (r->page_full)
        return 0;
    int err = begin_page(r);
    if (!err)
        err =
            isplit__store_one(r->t->bind->book->store, r->place->number,
                              isplit__room_find(r->place->room, &event->id), add_row, &a);
    if (err != IC_ERR_LIMIT)
        return err;
    r->page_full = true;
    r->next = isplit__index_bound(r->x, position);
    return 0;
}

int isplit__reply_end(isplit__reply *r, int err)
{
    if (!err) {
        post_list(r, &r->ranges);
        post_list(r, &r->wants);
        post_page(r);
    }
    isplit__buf_free(&r->ranges.b);
    isplit__buf_free(&r->wants.b);
    isplit__pack_free(r->page);
    return err;
}

/* --- ranges --- */

/* Both bounds of the next range; false when this answer is long enough. */
static bool begin_range(isplit__reply *r, const isplit__range *range)
{
    isplit__list *list = &r->ranges;

    if (list->count == ISPLIT__MAX_RANGES || list->b.len > r->t->bind->o.page_bytes)
        post_list(r, list);
    if (!list->count && r->range_messages == MAX_ANSWER)
        return false;
    r->range_messages += !list->count;
    begin_element(r, list, "expense_sync", "ranges");
    isplit__buf_text(&list->b, "[");
    isplit__bound_write(&list->b, &range->lo);
    isplit__buf_text(&list->b, ",");
    isplit__bound_write(&list->b, &range->hi);
    return true;
}

/* Number and fingerprint of our events in a range. */
static size_t sum_of(const isplit__reply *r, const isplit__range *range,
                     uint8_t fp[ISPLIT__PRINT_BYTES])
{
    size_t from = isplit__index_at(r->x, &range->lo);
    size_t to = isplit__index_at(r->x, &range->hi);
    const isplit__sum sum = isplit__index_sum(r->x, from, to);

    isplit__sum_fingerprint(&sum, fp);
    return to - from;
}

static void put_print(isplit__reply *r, const isplit__range *range)
{
    uint8_t fp[ISPLIT__PRINT_BYTES];
    size_t count = sum_of(r, range, fp);

    if (!begin_range(r, range))
        return;
    isplit__buf_printf(&r->ranges.b, ",%zu,\"", count);
    isplit__buf_hex(&r->ranges.b, fp, sizeof fp);
    isplit__buf_text(&r->ranges.b, "\"]");
}

void isplit__reply_list(isplit__reply *r, const isplit__range *range)
{
    isplit__buf *b = &r->ranges.b;
    size_t from = isplit__index_at(r->x, &range->lo);
    size_t to = isplit__index_at(r->x, &range->hi);

    if (!begin_range(r, range))
        return;
    if (to - from > ISPLIT__MAX_IDS)
        to = from + ISPLIT__MAX_IDS; /* they send some that we have */
    isplit__buf_text(b, ",[");
    for (size_t i = from; i < to; i++) {
        isplit__buf_text(b, i > from ? ",\"" : "\"");
        isplit__buf_hex(b, r->x->order[i]->id.b, ISPLIT__ID_BYTES);
        isplit__buf_text(b, "\"");
    }
    isplit__buf_text(b, "]]");
    give_credit(r->peer, r->mine ? CREDIT_ASKED : CREDIT_ANSWERED);
}

static void put_split(isplit__reply *r, const isplit__range *range, size_t count)
{
    size_t from = isplit__index_at(r->x, &range->lo);
    isplit__range part = *range;

    for (size_t i = 1; i <= ISPLIT__SPLIT; i++) {
        part.hi = i == ISPLIT__SPLIT
                      ? range->hi
                      : isplit__index_bound(r->x, from + count * i / ISPLIT__SPLIT);
        put_print(r, &part);
        part.lo = part.hi;
    }
}

void isplit__reply_compare(isplit__reply *r, const isplit__range *range, uint64_t count,
                           const uint8_t fp[ISPLIT__PRINT_BYTES])
{
    uint8_t ours[ISPLIT__PRINT_BYTES];
    size_t have = sum_of(r, range, ours);

    if (memcmp(ours, fp, sizeof ours) == 0)
        return;
    if (have > ISPLIT__SPLIT) {
        if (count || !r->mine) /* who has nothing here has nothing for us */
            put_split(r, range, have);
    } else if (!r->mine || count <= have) {
        isplit__reply_list(r, range);
    } else if (count > SPLIT_ABOVE) {
        put_print(r, range); /* with this they split it */
    } else {
        isplit__sync_add_job(r, range, count);
    }
}

static void want(isplit__reply *r, const isplit__id *id)
{
    if (r->wants.count == ISPLIT__MAX_IDS)
        post_list(r, &r->wants);
    begin_element(r, &r->wants, "expense_want", "ids");
    isplit__buf_text(&r->wants.b, "\"");
    isplit__buf_hex(&r->wants.b, id->b, ISPLIT__ID_BYTES);
    isplit__buf_text(&r->wants.b, "\"");
    give_credit(r->peer, 1);
}

/* They have exactly these events in the range. */
static int trade(isplit__reply *r, const isplit__range *range, const isplit__id *ids,
                 size_t count)
{
    size_t to = isplit__index_at(r->x, &range->hi);
    int err = r->mine ? 0 : begin_page(r); /* in any case: they wait for it */

    for (size_t i = isplit__index_at(r->x, &range->lo); i < to && !err && !r->page_full;
         i++) {
        const isplit__event *e = r->x->order[i];
        if (!bsearch(&e->id, ids, count, sizeof *ids, isplit__id_compare))
            err = offer(r, e, i);
    }
    for (size_t i = 0; i < count; i++) {
        if (isplit__room_find(r->place->room, &ids[i]) == ISPLIT__NONE)
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

static int hear_range(isplit__reply *r, const json_t *json)
{
    isplit__range range;
    uint8_t fp[ISPLIT__PRINT_BYTES];
    size_t count = 0;
    isplit__id ids[ISPLIT__MAX_IDS];
    const char *low = json_string_value(json_array_get(json, 0));
    const char *high = json_string_value(json_array_get(json, 1));
    const json_t *third = json_array_get(json, 2);
    const json_t *print = json_array_get(json, 3);

    if (!low || !high || !isplit__bound_read(low, &range.lo) ||
        !isplit__bound_read(high, &range.hi) ||
        isplit__bound_compare(&range.lo, &range.hi) >= 0)
        return IC_ERR_PROTO;
    if (json_array_size(json) == 3)
        return read_ids(third, ids, &count) ? trade(r, &range, ids, count) : IC_ERR_PROTO;
    if (json_array_size(json) != 4 || !json_is_integer(third) ||
        json_integer_value(third) < 0 ||
        !isplit__print_parse(fp, json_string_value(print), json_string_length(print)))
        return IC_ERR_PROTO;
    isplit__reply_compare(r, &range, (uint64_t)json_integer_value(third), fp);
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
        uint32_t node = isplit__room_find(r.place->room, &ids[i]);
        if (node == ISPLIT__NONE)
            continue;
        const isplit__event *e = r.place->room->nodes[node].event;
        err = offer(&r, e, 0);
        if (!err && r.page_full) {
            r.page_full = false;
            post_page(&r);
            err = offer(&r, e, 0);
        }
    }
    return isplit__reply_end(&r, err);
}
