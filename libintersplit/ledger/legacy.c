#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "ledger/events.h"
#include "text/canonical.h"
#include "text/name.h"

#define ID_PREFIX "v1\n"
#define MAX_TEXT 256 /* bytes of a txId or a name; the original has no limit */

/* An event of the original after its own rules: trimmed, lower case, no name twice. */
typedef struct normal {
    char payer[MAX_TEXT];
    char split[ISPLIT__ENTRY_MAX_NAMES][MAX_TEXT];
    size_t split_count;
    int64_t amount;
    int64_t ts;
    isplit__slice tx_id; /* these are borrowed and have no final zero */
    isplit__slice note;
    isplit__slice by;
    bool has_by;
} normal;

static isplit__slice read_text(const json_t *value)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    size_t len = strlen(text);

    text = isplit__trim(text, &len);
    return (isplit__slice){.at = text, .len = len};
}

/* The original takes a number or a text that begins with digits; it writes numbers. */
static bool read_amount(const json_t *value, int64_t *out)
{
    int64_t v = 0;

    if (json_is_integer(value))
        v = (int64_t)json_integer_value(value);
    else if (!json_is_string(value) || json_string_length(value) > 15 ||
             strspn(json_string_value(value), "0123456789") != json_string_length(value))
        return false;
    else
        for (const char *at = json_string_value(value); *at; at++)
            v = v * 10 + (*at - '0');
    *out = v;
    return v >= 1 && v <= ISPLIT_MONEY_MAX_MINOR;
}

/* Append one member unless it stands there already; empty names are left out. */
static bool add_member(normal *n, const char *text, size_t len)
{
    const char *at = isplit__trim(text, &len);

    if (!len)
        return true;
    if (n->split_count == ISPLIT__ENTRY_MAX_NAMES ||
        !isplit__name_legacy(at, len, n->split[n->split_count], MAX_TEXT))
        return false;
    for (size_t i = 0; i < n->split_count; i++) {
        if (strcmp(n->split[i], n->split[n->split_count]) == 0)
            return true;
    }
    n->split_count++;
    return true;
}

static bool read_split(normal *n, const json_t *split)
{
    if (json_is_string(split)) {
        const char *at = json_string_value(split);
        for (;;) {
            size_t len = strcspn(at, ",");
            if (!add_member(n, at, len))
                return false;
            if (!at[len])
                return n->split_count > 0;
            at += len + 1;
        }
    }
    for (size_t i = 0; i < json_array_size(split); i++) {
        const json_t *name = json_array_get(split, i);
        if (!json_is_string(name) ||
            !add_member(n, json_string_value(name), json_string_length(name)))
            return false;
    }
    return n->split_count > 0;
}

static bool read_normal(const json_t *object, normal *n)
{
    const json_t *payer = json_object_get(object, "payer");
    const json_t *ts = json_object_get(object, "ts");
    const json_t *by = json_object_get(object, "by");

    n->split_count = 0;
    n->tx_id = read_text(json_object_get(object, "txId"));
    n->note = read_text(json_object_get(object, "note"));
    n->by = read_text(by);
    n->has_by = json_is_string(by);
    n->ts = json_is_integer(ts) ? (int64_t)json_integer_value(ts) : 0;
    if (n->ts < -ISPLIT__INTEGER_MAX || n->ts > ISPLIT__INTEGER_MAX)
        n->ts = 0;
    return n->tx_id.len && n->tx_id.len < MAX_TEXT && json_is_string(payer) &&
           isplit__name_legacy(json_string_value(payer), json_string_length(payer),
                               n->payer, sizeof n->payer) &&
           read_amount(json_object_get(object, "amountCents"), &n->amount) &&
           read_split(n, json_object_get(object, "split"));
}

static void put_text(isplit__buf *out, const char *before, const char *text, size_t len)
{
    isplit__buf_text(out, before);
    isplit__buf_json_text(out, text, len);
}

/* The normal form has its keys in order: its hash names the entry. */
static void write_normal(isplit__buf *out, const normal *n)
{
    isplit__buf_printf(out, "{\"amountCents\":%" PRId64, n->amount);
    if (n->has_by)
        put_text(out, ",\"by\":", n->by.at, n->by.len);
    else
        isplit__buf_text(out, ",\"by\":null");
    put_text(out, ",\"note\":", n->note.at, n->note.len);
    put_text(out, ",\"payer\":", n->payer, strlen(n->payer));
    for (size_t i = 0; i < n->split_count; i++)
        put_text(out, i ? "," : ",\"split\":[", n->split[i], strlen(n->split[i]));
    isplit__buf_printf(out, "],\"ts\":%" PRId64, n->ts);
    put_text(out, ",\"txId\":", n->tx_id.at, n->tx_id.len);
    isplit__buf_text(out, "}");
}

static isplit_entry *make_entry(const normal *n)
{
    isplit__buf texts = {0};
    isplit_entry *entry = NULL;
    isplit_share shares[ISPLIT__ENTRY_MAX_NAMES];
    const isplit_share paid = {.name = n->payer, .minor = n->amount};

    for (size_t i = 0; i < n->split_count; i++)
        shares[i] = (isplit_share){
            .name = n->split[i],
            .minor = isplit__equal_share(n->amount, n->split_count, i),
        };
    isplit__buf_add(&texts, n->tx_id.at, n->tx_id.len);
    isplit__buf_add(&texts, "", 1);
    isplit__buf_add(&texts, n->note.at, n->note.len);
    isplit__buf_add(&texts, "", 1);
    isplit__buf_add(&texts, n->by.at, n->by.len);
    if (!texts.bad)
        entry = isplit__entry_copy(&(isplit_entry){
            .id = texts.data,
            .paid = &paid,
            .paid_count = 1,
            .shares = shares,
            .share_count = n->split_count,
            .amount_minor = n->amount,
            .exponent = ISPLIT__EXPONENT,
            .note = texts.data + n->tx_id.len + 1,
            .at_ms = n->ts,
            .by = texts.data + n->tx_id.len + n->note.len + 2,
        });
    isplit__buf_free(&texts);
    return entry;
}

static int make_event(const normal *n, const char *text, size_t len, isplit__event **out)
{
    crypto_hash_sha256_state hash;
    isplit__event *e = ic_mem_calloc(1, sizeof *e);

    if (!e)
        return IC_ERR_NOMEM;
    e->kind = ISPLIT__KIND_LEGACY;
    e->at = n->ts;
    e->entry = make_entry(n);
    if (!e->entry) {
        isplit__event_free(e);
        return IC_ERR_NOMEM;
    }
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, (const uint8_t *)ID_PREFIX, sizeof ID_PREFIX - 1);
    crypto_hash_sha256_update(&hash, (const uint8_t *)text, len);
    crypto_hash_sha256_final(&hash, e->id.b);
    *out = e;
    return 0;
}

int isplit__legacy_read(const json_t *object, isplit__item *out)
{
    normal n;
    isplit__buf text = {0};
    isplit__item item = {0};

    if (!read_normal(object, &n))
        return IC_ERR_INVALID;
    write_normal(&text, &n);
    int err = text.bad ? IC_ERR_NOMEM : 0;
    if (!err && text.len > ISPLIT__LEGACY_MAX_BYTES)
        err = IC_ERR_INVALID;
    if (!err)
        err = make_event(&n, text.data, text.len, &item.event);
    if (err) {
        isplit__buf_free(&text);
        return err;
    }
    item.text = text.data;
    item.len = text.len;
    *out = item;
    return 0;
}

int isplit__legacy_load(const char *text, size_t len, isplit__event **out)
{
    normal n;
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    int err = IC_ERR_PROTO;

    if (object && read_normal(object, &n))
        err = make_event(&n, text, len, out);
    json_decref(object);
    return err;
}
