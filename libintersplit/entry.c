#include <string.h>

#include <sodium.h>

#include "canonical.h"
#include "events.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "name.h"

int64_t isplit__equal_share(int64_t amount_minor, size_t count, size_t index)
{
    int64_t n = (int64_t)count;

    return amount_minor / n + ((int64_t)index < amount_minor % n);
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

/* A whole number from `least` to the largest amount; -1 otherwise. */
static int64_t read_amount(const json_t *value, int64_t least)
{
    int64_t v = json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;

    return v >= least && v <= ISPLIT_MONEY_MAX_MINOR ? v : -1;
}

/* The map name -> amount in the order of its bytes; false when it does not sum up. */
static bool read_paid(const json_t *map, int64_t amount, isplit_share *out, size_t *count)
{
    const char *key;
    json_t *value;
    int64_t sum = 0;
    size_t n = 0;

    if (!json_object_size(map) || json_object_size(map) > ISPLIT__ENTRY_MAX_NAMES)
        return false;
    json_object_foreach(isplit__json_to_iterate(map), key, value)
    {
        int64_t minor = read_amount(value, 1);
        if (minor < 0 || !isplit__name_allowed(key, strlen(key)))
            return false;
        size_t at = n++;
        for (; at && strcmp(out[at - 1].name, key) > 0; at--)
            out[at] = out[at - 1];
        out[at] = (isplit_share){.name = key, .minor = minor};
        sum += minor;
    }
    *count = n;
    return sum == amount;
}

static bool stands_before(const isplit_share *shares, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(shares[i].name, name) == 0)
            return true;
    }
    return false;
}

/* An equal split: the listed names, each less than one unit away from its exact part. */
static bool read_equal(const json_t *listed, const json_t *map, int64_t amount,
                       isplit_share *out)
{
    int64_t sum = 0;
    size_t n = json_array_size(listed);

    if (!n || n > ISPLIT__ENTRY_MAX_NAMES || json_object_size(map) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(listed, i));
        if (!name || !isplit__name_allowed(name, strlen(name)) ||
            stands_before(out, i, name))
            return false;
        int64_t minor = read_amount(json_object_get(map, name), 0);
        int64_t low = amount / (int64_t)n;
        if (minor < low || minor > low + (amount % (int64_t)n != 0))
            return false;
        out[i] = (isplit_share){.name = name, .minor = minor};
        sum += minor;
    }
    return sum == amount;
}

/* Do we know everything that this body says? Otherwise a later version must count it. */
static bool knows_members(const json_t *body)
{
    static const char *const known[] = {"amount", "cat",  "date",   "mode",
                                        "note",   "paid", "shares", "type"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        count += json_object_get(body, known[i]) != NULL;
    const json_t *type = json_object_get(body, "type");
    const json_t *mode = json_object_get(body, "mode");
    return count == json_object_size(body) && json_is_string(type) &&
           strcmp(json_string_value(type), "expense") == 0 && json_object_size(mode) == 1;
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

int isplit__body_add(const json_t *body, const isplit__event *event, const char *prefix,
                     isplit_entry **out)
{
    isplit_share paid[ISPLIT__ENTRY_MAX_NAMES];
    isplit_share shares[ISPLIT__ENTRY_MAX_NAMES];
    const json_t *listed = json_object_get(json_object_get(body, "mode"), "equal");
    const json_t *note = json_object_get(body, "note");
    isplit_entry p = {
        .paid = paid,
        .shares = shares,
        .share_count = json_array_size(listed),
        .amount_minor = read_amount(json_object_get(body, "amount"), 1),
        .exponent = ISPLIT__EXPONENT,
        .note = note ? json_string_value(note) : "",
    };

    *out = NULL;
    if (!knows_members(body) || p.amount_minor < 0 || !p.note ||
        !read_paid(json_object_get(body, "paid"), p.amount_minor, paid, &p.paid_count) ||
        !read_equal(listed, json_object_get(body, "shares"), p.amount_minor, shares))
        return 0;
    return isplit__entry_signed(&p, event, prefix, out);
}
