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
    return text ? strlen(text) + 1 : 0;
}

static size_t shares_size(const isplit_share *shares, size_t count)
{
    size_t size = count * sizeof *shares;

    for (size_t i = 0; i < count; i++)
        size += text_size(shares[i].name);
    return size;
}

static const char *put_text(char **at, const char *text)
{
    char *put = *at;

    if (!text)
        return NULL;
    memcpy(put, text, strlen(text) + 1);
    *at += strlen(text) + 1;
    return put;
}

static void put_names(char **at, isplit_share *to, const isplit_share *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i].name = put_text(at, from[i].name);
        to[i].minor = from[i].minor;
    }
}

isplit_entry *isplit__entry_new(const isplit__entry_parts *p)
{
    size_t size = sizeof(isplit_entry) + shares_size(p->paid, p->paid_count) +
                  shares_size(p->shares, p->share_count) + text_size(p->id) +
                  text_size(p->note) + text_size(p->by) + text_size(p->author);
    isplit_entry *e = ic_mem_alloc(size);

    if (!e)
        return NULL;
    isplit_share *paid = (isplit_share *)(void *)(e + 1);
    isplit_share *shares = paid + p->paid_count;
    char *at = (char *)(shares + p->share_count);
    put_names(&at, paid, p->paid, p->paid_count);
    put_names(&at, shares, p->shares, p->share_count);
    *e = (isplit_entry){
        .id = put_text(&at, p->id),
        .paid = paid,
        .paid_count = p->paid_count,
        .shares = shares,
        .share_count = p->share_count,
        .amount_minor = p->amount_minor,
        .note = put_text(&at, p->note),
        .at_ms = p->at_ms,
        .by = put_text(&at, p->by),
        .author = put_text(&at, p->author),
        .flags = p->author ? ISPLIT_ENTRY_SIGNED : 0,
    };
    return e;
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

int isplit__entry_signed(const isplit__entry_parts *parts, const isplit__event *event,
                         const char *prefix, isplit_entry **out)
{
    char address[IC_ADDRESS_BYTES];
    char id[2 * ISPLIT__ID_BYTES + 1];
    char author[2 * ISPLIT__ID_BYTES + 1];
    isplit__entry_parts p = *parts;

    int err = ic_address_encode(address, prefix, event->by.b);
    if (err)
        return err;
    p.id = sodium_bin2hex(id, sizeof id, event->id.b, ISPLIT__ID_BYTES);
    p.author = sodium_bin2hex(author, sizeof author, event->by.b, ISPLIT__ID_BYTES);
    p.by = address;
    p.at_ms = event->at;
    *out = isplit__entry_new(&p);
    return *out ? 0 : IC_ERR_NOMEM;
}

int isplit__body_add(const json_t *body, const isplit__event *event, const char *prefix,
                     isplit_entry **out)
{
    isplit_share paid[ISPLIT__ENTRY_MAX_NAMES];
    isplit_share shares[ISPLIT__ENTRY_MAX_NAMES];
    const json_t *listed = json_object_get(json_object_get(body, "mode"), "equal");
    const json_t *note = json_object_get(body, "note");
    isplit__entry_parts p = {
        .paid = paid,
        .shares = shares,
        .share_count = json_array_size(listed),
        .amount_minor = read_amount(json_object_get(body, "amount"), 1),
        .note = note ? json_string_value(note) : "",
    };

    *out = NULL;
    if (!knows_members(body) || p.amount_minor < 0 || !p.note ||
        !read_paid(json_object_get(body, "paid"), p.amount_minor, paid, &p.paid_count) ||
        !read_equal(listed, json_object_get(body, "shares"), p.amount_minor, shares))
        return 0;
    return isplit__entry_signed(&p, event, prefix, out);
}
