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

static size_t text_size(const char *text)
{
    return text && *text ? strlen(text) + 1 : 0;
}

static size_t shares_size(const isplit_share *shares, size_t count)
{
    size_t size = count * sizeof *shares;

    for (size_t i = 0; i < count; i++)
        size += text_size(shares[i].name);
    return size;
}

static size_t items_size(const isplit_item *items, size_t count)
{
    size_t size = count * sizeof *items;

    for (size_t i = 0; i < count; i++)
        size += text_size(items[i].text);
    return size;
}

/* The texts of an entry, which all move together; `author` may be NULL. */
#define TEXTS 9

static void list_texts(isplit_entry *e, const char **list[TEXTS])
{
    const char **const texts[TEXTS] = {&e->id,       &e->note,     &e->by,
                                       &e->author,   &e->currency, &e->original_currency,
                                       &e->category, &e->date,     &e->rate};

    memcpy(list, texts, sizeof texts);
}

static const char *put_text(char **at, const char *text)
{
    char *put = *at;

    if (!text || !*text)
        return "";
    memcpy(put, text, strlen(text) + 1);
    *at += strlen(text) + 1;
    return put;
}

static const isplit_share *put_shares(isplit_share *to, const isplit_share *from,
                                      size_t count, char **at)
{
    for (size_t i = 0; i < count; i++) {
        to[i].name = put_text(at, from[i].name);
        to[i].minor = from[i].minor;
    }
    return to;
}

static const isplit_item *put_items(isplit_item *to, const isplit_item *from,
                                    size_t count, char **at)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
        to[i].text = put_text(at, from[i].text);
    }
    return count ? to : NULL;
}

isplit_entry *isplit__entry_copy(const isplit_entry *from)
{
    const char **texts[TEXTS];
    isplit_entry e = *from;
    size_t size = sizeof e + shares_size(e.paid, e.paid_count) +
                  shares_size(e.shares, e.share_count) +
                  items_size(e.items, e.item_count) +
                  (e.values ? e.share_count * sizeof *e.values : 0);

    list_texts(&e, texts);
    for (size_t i = 0; i < TEXTS; i++)
        size += text_size(*texts[i]);
    isplit_entry *copy = ic_mem_alloc(size);
    if (!copy)
        return NULL;
    isplit_share *paid = (isplit_share *)(void *)(copy + 1);
    isplit_share *shares = paid + e.paid_count;
    isplit_item *items = (isplit_item *)(void *)(shares + e.share_count);
    int64_t *values = (int64_t *)(void *)(items + e.item_count);
    char *at = (char *)(values + (e.values ? e.share_count : 0));
    e.paid = put_shares(paid, e.paid, e.paid_count, &at);
    e.shares = put_shares(shares, e.shares, e.share_count, &at);
    e.items = put_items(items, e.items, e.item_count, &at);
    if (e.values)
        e.values = memcpy(values, e.values, e.share_count * sizeof *values);
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = put_text(&at, *texts[i]);
    e.author = from->author ? e.author : NULL;
    e.flags = from->author ? ISPLIT_ENTRY_SIGNED : 0;
    *copy = e;
    return copy;
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
