#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/events.h"

#define DAY_MS INT64_C(86400000)

int64_t isplit__equal_share(int64_t amount_minor, size_t count, size_t index)
{
    int64_t n = (int64_t)count;

    return amount_minor / n + ((int64_t)index < amount_minor % n);
}

bool isplit__entry_is_plain(const isplit_entry *e)
{
    if (e->paid_count != 1 || e->type != ISPLIT_ENTRY_EXPENSE || *e->currency ||
        e->flags & ISPLIT_ENTRY_EDITED)
        return false;
    for (size_t i = 0; i < e->share_count; i++) {
        if (e->shares[i].minor != isplit__equal_share(e->amount_minor, e->share_count, i))
            return false;
    }
    return true;
}

unsigned isplit_entry_flags(const isplit_entry *e, int64_t now_ms)
{
    bool ahead = e->at_ms > now_ms && e->at_ms - now_ms > DAY_MS;

    return e->flags | (ahead ? (unsigned)ISPLIT_ENTRY_AHEAD : 0);
}

/* Memory that is being filled. */
typedef struct filling {
    char *to; /* NULL: only measured */
    size_t used;
} filling;

static void *put(filling *f, const void *data, size_t size)
{
    void *at = f->to ? f->to + f->used : NULL;

    if (at && size)
        memcpy(at, data, size);
    f->used += size;
    return at;
}

static const char *put_text(filling *f, const char *text)
{
    return text && *text ? put(f, text, strlen(text) + 1) : "";
}

static const isplit_share *put_names(filling *f, isplit_share *to,
                                     const isplit_share *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = put_text(f, from[i].name);
        if (to)
            to[i].name = name;
    }
    return to;
}

/* The entry with all that it points to: lists first, then texts. */
static void put_entry(filling *f, const isplit_entry *from)
{
    isplit_entry e = *from;
    isplit_entry *copy = put(f, from, sizeof e);
    isplit_share *paid = put(f, from->paid, e.paid_count * sizeof *paid);
    isplit_share *shares = put(f, from->shares, e.share_count * sizeof *shares);
    isplit_item *items = put(f, from->items, e.item_count * sizeof *items);
    const char **const texts[] = {&e.id,       &e.note,     &e.by,
                                  &e.author,   &e.currency, &e.original_currency,
                                  &e.category, &e.date,     &e.rate};

    if (e.values)
        e.values = put(f, from->values, e.share_count * sizeof *e.values);
    e.paid = put_names(f, paid, from->paid, e.paid_count);
    e.shares = put_names(f, shares, from->shares, e.share_count);
    e.items = e.item_count ? items : NULL;
    for (size_t i = 0; i < e.item_count; i++) {
        const char *text = put_text(f, from->items[i].text);
        if (items)
            items[i].text = text;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = put_text(f, *texts[i]);
    e.author = from->author ? e.author : NULL;
    e.flags = from->author ? ISPLIT_ENTRY_SIGNED : 0;
    if (copy)
        *copy = e;
}

isplit_entry *isplit__entry_copy(const isplit_entry *from)
{
    filling f = {.to = NULL};

    put_entry(&f, from);
    f.to = ic_mem_alloc(f.used);
    f.used = 0;
    if (f.to)
        put_entry(&f, from);
    return (isplit_entry *)(void *)f.to;
}

int isplit__entry_signed(const isplit_entry *parts, const isplit__event *event,
                         const char *prefix, isplit_entry **out)
{
    char address[IC_ADDRESS_BYTES];
    char id[2 * ISPLIT__ID_BYTES + 1];
    char author[2 * ISPLIT__ID_BYTES + 1];
    isplit_entry e = *parts;

    int err = ic_address_encode(address, prefix, event->by.b);
    if (err)
        return err;
    e.id = sodium_bin2hex(id, sizeof id, event->id.b, ISPLIT__ID_BYTES);
    e.author = sodium_bin2hex(author, sizeof author, event->by.b, ISPLIT__ID_BYTES);
    e.by = address;
    e.at_ms = event->at;
    *out = isplit__entry_copy(&e);
    return *out ? 0 : IC_ERR_NOMEM;
}
