#include "ledger/recur.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/room.h"

#define DAY_MS INT64_C(86400000)
#define STEP_MAX 366

static const char *const every_names[] = {"day", "week", "month", "year", NULL};

/* --- days --- */

typedef struct day {
    int64_t year;
    int64_t month; /* 1 to 12 */
    int64_t day;
} day;

/* Days since 1970-01-01; years begin in March, so that leap days come last. */
static int64_t number_of(day d)
{
    int64_t y = d.month > 2 ? d.year : d.year - 1;
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static day day_of(int64_t number)
{
    int64_t z = number + 719468;
    int64_t era = z / 146097;
    int64_t of_era = z - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t month = (5 * of_year + 2) / 153;
    day d = {.day = of_year - (153 * month + 2) / 5 + 1,
             .month = month < 10 ? month + 3 : month - 9};

    d.year = years + era * 400 + (d.month <= 2);
    return d;
}

static day read_day(const char *date)
{
    char *end = NULL;
    day d = {.year = strtol(date, &end, 10)};

    d.month = strtol(end + 1, &end, 10);
    d.day = strtol(end + 1, &end, 10);
    return d;
}

int64_t isplit__day_number(const char *date)
{
    return number_of(read_day(date));
}

static void write_day(day d, char out[ISPLIT__DATE_BYTES])
{
    char text[64];

    (void)snprintf(text, sizeof text, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, d.year,
                   d.month, d.day);
    text[ISPLIT__DATE_BYTES - 1] = 0;
    memcpy(out, text, ISPLIT__DATE_BYTES);
}

bool isplit__date_valid(const char *date)
{
    static const char shape[] = "dddd-dd-dd";
    char again[ISPLIT__DATE_BYTES];

    for (size_t i = 0; i < sizeof shape; i++) {
        bool digit = date[i] >= '0' && date[i] <= '9';
        if (shape[i] == 'd' ? !digit : date[i] != shape[i])
            return false;
    }
    day d = read_day(date);
    write_day(day_of(number_of(d)), again);
    return d.year > 0 && strcmp(again, date) == 0;
}

/* So many months later; always from the first day, so that short months leave no trace.
 */
static day months_later(day d, int64_t months)
{
    int64_t month = d.month - 1 + months;
    day first = {.year = d.year + month / 12, .month = month % 12 + 1, .day = 1};
    day next = {
        .year = first.year + first.month / 12, .month = first.month % 12 + 1, .day = 1};
    int64_t length = number_of(next) - number_of(first);

    first.day = d.day < length ? d.day : length;
    return first;
}

bool isplit__schedule_day(const isplit__schedule *s, const char *first, uint32_t n,
                          char out[ISPLIT__DATE_BYTES])
{
    int64_t times = (int64_t)n * s->step;
    day d = read_day(first);

    switch (s->every) {
    case ISPLIT_EVERY_DAY:
        d = day_of(number_of(d) + times);
        break;
    case ISPLIT_EVERY_WEEK:
        d = day_of(number_of(d) + 7 * times);
        break;
    case ISPLIT_EVERY_MONTH:
        d = months_later(d, times);
        break;
    case ISPLIT_EVERY_YEAR:
        d = months_later(d, 12 * times);
        break;
    }
    if (d.year > 9999)
        return false;
    write_day(d, out);
    return strcmp(out, s->until) <= 0;
}

void isplit__date_of(int64_t at_ms, char out[ISPLIT__DATE_BYTES])
{
    write_day(day_of((at_ms > 0 ? at_ms : 0) / DAY_MS), out);
}

void isplit__schedule_pass(isplit__codec *c, isplit__schedule *s)
{
    s->every = (isplit_every)isplit__codec_word(c, "every", every_names, s->every);
    s->step = (uint32_t)isplit__codec_number(c, "step", s->step, 1, STEP_MAX);
    const char *until = isplit__codec_text(c, "until", s->until);
    isplit__codec_check(c, isplit__date_valid(until));
    if (!c->out && !c->bad)
        memcpy(s->until, until, sizeof s->until);
}

/* --- occurrences in a room --- */

/* Equal for those of which one counts. */
static int compare_numbers(const isplit__event *a, const isplit__event *b)
{
    int order = isplit__id_compare(&a->refs[0], &b->refs[0]);

    if (order || a->schedule->number == b->schedule->number)
        return order;
    return a->schedule->number < b->schedule->number ? -1 : 1;
}

static int by_number_and_order(const void *a, const void *b)
{
    const isplit__node *x = *(const isplit__node *const *)a;
    const isplit__node *y = *(const isplit__node *const *)b;
    int order = compare_numbers(x->event, y->event);

    return order ? order : isplit__event_compare(x->event, y->event);
}

/* The values of the template, on their day. */
static int make_entry(const isplit__room *room, const isplit__event *template,
                      isplit__event *e)
{
    char date[ISPLIT__DATE_BYTES];
    isplit_entry values = *template->entry;

    if (!isplit__schedule_day(template->schedule, values.date, e->schedule->number, date))
        return 0;
    values.date = date;
    return isplit__entry_signed(&values, e, room->context.prefix, &e->entry);
}

/* Only who may change the template makes its entries. */
static int find_template(isplit__room *room, uint32_t node)
{
    isplit__event *e = room->nodes[node].event;
    uint32_t at = isplit__room_find(room, &e->refs[0]);

    if (at == ISPLIT__NONE || room->nodes[at].event->kind != ISPLIT__KIND_RECUR ||
        !isplit__room_may_change(room, node, at))
        return 0;
    return make_entry(room, room->nodes[at].event, e);
}

int isplit__room_occur(isplit__room *room)
{
    size_t all = 0;
    size_t count = 0;
    int err = 0;
    uint32_t *list = isplit__room_list(room, 1u << ISPLIT__KIND_OCCUR, &all);
    const isplit__node **made = ic_mem_calloc(all + 1, sizeof(isplit__node *));

    if (!list || !made)
        err = IC_ERR_NOMEM;
    for (size_t i = 0; !err && i < all; i++) {
        const isplit__node *n = &room->nodes[list[i]];
        if (!n->event->entry)
            err = find_template(room, list[i]);
        if (n->event->entry)
            made[count++] = n;
    }
    if (count > 1)
        qsort(made, count, sizeof *made, by_number_and_order);
    for (size_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)(made[i] - room->nodes);
        bool again = i && compare_numbers(made[i - 1]->event, made[i]->event) == 0;
        room->nodes[at].same_as = again ? made[i - 1]->same_as : at;
    }
    ic_mem_free(made);
    ic_mem_free(list);
    return err;
}

/* Did the last of those who may say that no more come? */
static bool is_stopped(const isplit__room *room, uint32_t node)
{
    const isplit__event *last = NULL;

    for (uint32_t at = isplit__room_last_change(room, node); at != ISPLIT__NONE;
         at = room->nodes[at].next) {
        const isplit__event *e = room->nodes[at].event;
        bool mark = e->kind == ISPLIT__KIND_VOID || e->kind == ISPLIT__KIND_UNVOID;
        if (mark && (!last || isplit__event_compare(last, e) < 0) &&
            isplit__room_may_change(room, at, node))
            last = e;
    }
    return last && last->kind == ISPLIT__KIND_VOID;
}

/* The number behind the last entry that was made. */
static uint32_t next_number(const isplit__room *room, const isplit__id *id)
{
    uint32_t next = 0;

    for (uint32_t i = 0; room->kinds[ISPLIT__KIND_OCCUR] && i < room->count; i++) {
        const isplit__event *e = room->nodes[i].event;
        if (e->kind == ISPLIT__KIND_OCCUR && e->entry && e->schedule->number >= next &&
            isplit__id_compare(&e->refs[0], id) == 0)
            next = e->schedule->number + 1;
    }
    return next;
}

static int in_list_order(const void *a, const void *b)
{
    const isplit_entry *e = ((const isplit_recurring *)a)->entry;
    const isplit_entry *f = ((const isplit_recurring *)b)->entry;

    if (e->at_ms != f->at_ms)
        return e->at_ms < f->at_ms ? -1 : 1;
    return strcmp(e->id, f->id);
}

int isplit__room_recurring(isplit__room *room)
{
    struct isplit_state *s = &room->state;

    s->recurring_count = 0;
    if (!room->kinds[ISPLIT__KIND_RECUR])
        return 0;
    isplit_recurring *list =
        ic_mem_resize(s->recurring, room->kinds[ISPLIT__KIND_RECUR] * sizeof *list);
    if (!list)
        return IC_ERR_NOMEM;
    s->recurring = list;
    for (uint32_t i = 0; i < room->count; i++) {
        const isplit__event *e = room->nodes[i].event;
        if (e->kind == ISPLIT__KIND_RECUR)
            list[s->recurring_count++] = (isplit_recurring){
                .entry = e->entry,
                .every = e->schedule->every,
                .step = e->schedule->step,
                .until = e->schedule->until,
                .made = next_number(room, &e->id),
                .stopped = is_stopped(room, i),
            };
    }
    if (s->recurring_count > 1)
        qsort(list, s->recurring_count, sizeof *list, in_list_order);
    return 0;
}
