#include "ledger/index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define BLOCK 64 /* events that are added up one by one at each end of a range */

static bool reserve(isplit__index *x, size_t need)
{
    return isplit__grow(&x->order, need, &x->cap, sizeof *x->order) &&
           isplit__grow(&x->sums, need / BLOCK + 1, &x->sum_cap, sizeof *x->sums);
}

/* The blocks from the one with position `from` on. */
static void add_up(isplit__index *x, size_t from)
{
    size_t block = from / BLOCK;

    x->sums[0] = (isplit__sum){.count = 0};
    for (; (block + 1) * BLOCK <= x->count; block++) {
        isplit__sum sum = x->sums[block];
        for (size_t i = block * BLOCK; i < (block + 1) * BLOCK; i++)
            isplit__sum_add(&sum, &x->order[i]->id);
        x->sums[block + 1] = sum;
    }
}

/* Move sorted newcomers to their places, from the back; says where the first went. */
static size_t merge(isplit__index *x, const isplit__event **more, size_t count)
{
    size_t left = x->count;
    size_t put = x->count + count;
    size_t first = put;

    while (count) {
        bool is_new =
            !left || isplit__event_compare(x->order[left - 1], more[count - 1]) < 0;
        first = is_new ? put - 1 : first;
        x->order[--put] = is_new ? more[--count] : x->order[--left];
    }
    return first;
}

int isplit__index_add(isplit__index *x, const isplit__event **more, size_t count)
{
    if (!reserve(x, x->count + count))
        return IC_ERR_NOMEM;
    if (count > 1)
        qsort(more, count, sizeof *more, isplit__event_order);
    size_t first = merge(x, more, count);
    x->count += count;
    add_up(x, first);
    return 0;
}

void isplit__index_free(isplit__index *x)
{
    ic_mem_free(x->order);
    ic_mem_free(x->sums);
    *x = (isplit__index){0};
}

static int lies_before(const void *element, const void *bound)
{
    const isplit__event *e = *(const isplit__event *const *)element;

    return isplit__bound_compare(&(isplit__bound){.lc = e->lc, .id = e->id}, bound);
}

size_t isplit__index_at(const isplit__index *x, const isplit__bound *bound)
{
    return isplit__search(x->order, x->count, sizeof *x->order, bound, lies_before);
}

/* Of the first `to` events. */
static isplit__sum sum_to(const isplit__index *x, size_t to)
{
    isplit__sum sum = {.count = 0};

    if (to >= BLOCK)
        sum = x->sums[to / BLOCK];
    for (size_t i = to - to % BLOCK; i < to; i++)
        isplit__sum_add(&sum, &x->order[i]->id);
    return sum;
}

isplit__sum isplit__index_sum(const isplit__index *x, size_t from, size_t to)
{
    isplit__sum sum = sum_to(x, to);
    const isplit__sum before = sum_to(x, from);

    isplit__sum_subtract(&sum, &before);
    return sum;
}

isplit__bound isplit__index_bound(const isplit__index *x, size_t position)
{
    isplit__bound bound = {.lc = ISPLIT__BOUND_END};

    if (position >= x->count)
        return bound;
    const isplit__event *e = x->order[position];
    bound.lc = e->lc;
    if (!position || x->order[position - 1]->lc != e->lc)
        return bound;
    const isplit__id *before = &x->order[position - 1]->id;
    for (size_t i = 0; i < ISPLIT__ID_BYTES; i++) {
        bound.id.b[i] = e->id.b[i];
        if (before->b[i] != e->id.b[i])
            break;
    }
    return bound;
}

int isplit__bound_compare(const isplit__bound *a, const isplit__bound *b)
{
    if (a->lc != b->lc)
        return a->lc < b->lc ? -1 : 1;
    return isplit__id_compare(&a->id, &b->id);
}

void isplit__bound_write(isplit__buf *b, const isplit__bound *bound)
{
    size_t len = ISPLIT__ID_BYTES;

    isplit__buf_text(b, "\"");
    while (len && !bound->id.b[len - 1])
        len--;
    if (bound->lc != ISPLIT__BOUND_END) {
        isplit__buf_printf(b, "%" PRId64 "%s", bound->lc, len ? "." : "");
        isplit__buf_hex(b, bound->id.b, len);
    }
    isplit__buf_text(b, "\"");
}

bool isplit__bound_read(const char *text, isplit__bound *out)
{
    isplit__bound bound = {.lc = ISPLIT__BOUND_END};
    size_t digits = strspn(text, "0123456789");
    const char *hex = text + digits + (text[digits] == '.');
    size_t len = strlen(hex);

    if (*text) {
        if (!digits || digits > 16 || text[digits] != (len ? '.' : 0) ||
            len > sizeof bound.id.b * 2 || strspn(hex, "0123456789abcdef") < len ||
            (len && sodium_hex2bin(bound.id.b, ISPLIT__ID_BYTES, hex, len, NULL, NULL,
                                   NULL) != 0))
            return false;
        bound.lc = strtoll(text, NULL, 10);
    }
    *out = bound;
    return true;
}
