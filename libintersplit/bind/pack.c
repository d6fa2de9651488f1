#include "bind/pack.h"

#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/compose.h"
#include "text/canonical.h"
#include "text/name.h"

enum { PLAIN, SIGNED, UNSIGNED };

#define VERSION 1
#define NONCE_MAX 16

/* --- writing --- */

static void put_number(isplit__buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t len = 0;

    for (; v > 0x7f; v >>= 7)
        bytes[len++] = (uint8_t)(v | 0x80);
    bytes[len++] = (uint8_t)v;
    isplit__buf_add(b, bytes, len);
}

static void put_difference(isplit__buf *b, int64_t now, int64_t before)
{
    uint64_t v = (uint64_t)now - (uint64_t)before;

    put_number(b, v << 1 ^ (v >> 63 ? UINT64_MAX : 0));
}

static void put_text(isplit__buf *b, isplit__slice text)
{
    put_number(b, text.len);
    isplit__buf_add(b, text.at, text.len);
}

static bool same(isplit__slice a, isplit__slice b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* By its number when it is known; else itself, and it is known from now on. */
static void put_known(isplit__buf *b, isplit__slice text, isplit__slice *table,
                      size_t *count, size_t max)
{
    for (size_t i = 0; i < *count; i++) {
        if (same(table[i], text)) {
            put_number(b, i + 1);
            return;
        }
    }
    put_number(b, 0);
    put_text(b, text);
    if (*count < max)
        table[(*count)++] = text;
}

static void put_key(isplit__pack *p, const isplit__event *e)
{
    isplit__pack_memory *m = &p->memory;
    size_t at = 0;

    while (at < m->key_count && isplit__id_compare(&m->keys[at], &e->by) != 0)
        at++;
    put_number(&p->bytes, at < m->key_count ? at + 1 : 0);
    if (at == m->key_count)
        isplit__buf_add(&p->bytes, e->by.b, sizeof e->by.b);
    put_difference(&p->bytes, e->lc, m->lc);
    put_difference(&p->bytes, e->seq, at < m->key_count ? m->seqs[at] : 0);
    m->lc = e->lc;
    if (at == ISPLIT__PACK_MAX_KEYS)
        return;
    m->key_count += at == m->key_count;
    m->keys[at] = e->by;
    m->seqs[at] = e->seq;
}

static void put_deps(isplit__pack *p, const isplit__event *e)
{
    const isplit__pack_memory *m = &p->memory;

    put_number(&p->bytes, e->dep_count);
    for (size_t i = 0; i < e->dep_count; i++) {
        size_t back = 1;
        while (back <= m->id_count &&
               isplit__id_compare(&m->ids[m->id_count - back], &e->deps[i]) != 0)
            back++;
        put_number(&p->bytes, back <= m->id_count ? back : 0);
        if (back > m->id_count)
            isplit__buf_add(&p->bytes, e->deps[i].b, sizeof e->deps[i].b);
    }
}

static isplit__slice slice_of(const char *text)
{
    return (isplit__slice){.at = text, .len = strlen(text)};
}

static bool plain_of(const isplit__event *e, isplit__plain *out)
{
    const isplit_entry *entry = e->entry;

    if (e->kind != ISPLIT__KIND_ADD || entry->paid_count != 1)
        return false;
    *out = (isplit__plain){.payer = slice_of(entry->paid[0].name),
                           .count = entry->share_count,
                           .amount = entry->amount_minor,
                           .note = slice_of(entry->note)};
    for (size_t i = 0; i < out->count; i++)
        out->split[i] = slice_of(entry->shares[i].name);
    return true;
}

static size_t nonce_of(const isplit__row *row, uint8_t out[NONCE_MAX])
{
    bool first = true;
    size_t len = 0;
    isplit__scan s = isplit__scan_of((isplit__slice){.at = row->text, .len = row->len});

    (void)isplit__scan_enter(&s, '{');
    while (isplit__scan_next(&s, '}', &first)) {
        isplit__slice key = isplit__scan_key(&s);
        isplit__slice value = isplit__scan_value(&s);
        if (isplit__slice_is(key, "\"n\"") && value.len > 2)
            (void)sodium_hex2bin(out, NONCE_MAX, value.at + 1, value.len - 2, NULL, &len,
                                 NULL);
    }
    return len;
}

/* Do these parts make exactly this event? */
static bool is_made_of(const isplit__pack *p, const isplit__event *e,
                       const isplit__plain *plain, isplit__slice nonce,
                       const isplit__row *row)
{
    isplit__buf body = {0};
    isplit__buf text = {0};
    isplit__parts parts = {.room = p->room,
                           .kind = "add",
                           .by = e->by,
                           .deps = e->deps,
                           .dep_count = e->dep_count,
                           .nonce = (const uint8_t *)nonce.at,
                           .nonce_len = nonce.len,
                           .at = e->at,
                           .lc = e->lc,
                           .seq = e->seq};

    isplit__compose_plain(&body, plain);
    parts.body = (isplit__slice){.at = body.data, .len = body.len};
    if (!body.bad)
        isplit__compose_event(&text, &parts);
    bool made = !body.bad && !text.bad && text.len == row->len &&
                memcmp(text.data, row->text, text.len) == 0;
    isplit__buf_free(&body);
    isplit__buf_free(&text);
    return made;
}

static bool add_plain(isplit__pack *p, const isplit__event *e, const isplit__row *row)
{
    isplit__plain plain;
    uint8_t bytes[NONCE_MAX];
    isplit__pack_memory *m = &p->memory;
    isplit__slice nonce = {.at = (const char *)bytes};

    if (!row->sig || !plain_of(e, &plain))
        return false;
    nonce.len = nonce_of(row, bytes);
    if (!is_made_of(p, e, &plain, nonce, row))
        return false;
    put_number(&p->bytes, PLAIN);
    put_difference(&p->bytes, e->at, m->at);
    m->at = e->at;
    put_key(p, e);
    put_text(&p->bytes, nonce);
    put_deps(p, e);
    put_number(&p->bytes, (uint64_t)plain.amount);
    put_known(&p->bytes, plain.payer, m->names, &m->name_count, ISPLIT__PACK_MAX_NAMES);
    put_number(&p->bytes, plain.count);
    for (size_t i = 0; i < plain.count; i++)
        put_known(&p->bytes, plain.split[i], m->names, &m->name_count,
                  ISPLIT__PACK_MAX_NAMES);
    put_known(&p->bytes, plain.note, m->notes, &m->note_count, ISPLIT__PACK_MAX_NOTES);
    isplit__buf_add(&p->bytes, row->sig, IC_SIGNATURE_BYTES);
    return true;
}

isplit__pack *isplit__pack_new(const char *room)
{
    isplit__pack *p = ic_mem_calloc(1, sizeof *p);

    if (p) {
        p->room = room;
        put_number(&p->bytes, VERSION);
    }
    return p;
}

void isplit__pack_free(isplit__pack *p)
{
    if (!p)
        return;
    isplit__buf_free(&p->bytes);
    ic_mem_free(p);
}

int isplit__pack_add(isplit__pack *p, const isplit__event *e, const isplit__row *row)
{
    if (p->memory.id_count == ISPLIT__PACK_MAX_EVENTS)
        return IC_ERR_LIMIT;
    if (!add_plain(p, e, row)) {
        put_number(&p->bytes, row->sig ? SIGNED : UNSIGNED);
        put_text(&p->bytes, (isplit__slice){.at = row->text, .len = row->len});
        if (row->sig)
            isplit__buf_add(&p->bytes, row->sig, IC_SIGNATURE_BYTES);
    }
    p->memory.ids[p->memory.id_count++] = e->id;
    return p->bytes.bad ? IC_ERR_NOMEM : 0;
}

/* --- reading --- */

typedef struct reader {
    const uint8_t *at;
    size_t left;
    bool bad; /* sticks: later reads give zero */
    const char *room;
    isplit__pack_memory memory;
} reader;

static const uint8_t *take(reader *r, uint64_t len)
{
    const uint8_t *at = r->at;

    if (r->bad || len > r->left) {
        r->bad = true;
        return NULL;
    }
    r->at += len;
    r->left -= (size_t)len;
    return at;
}

static uint64_t take_number(reader *r, uint64_t max)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t *byte = take(r, 1);
        if (!byte || (shift == 63 && *byte > 1))
            break;
        v |= (uint64_t)(*byte & 0x7f) << shift;
        if (!(*byte & 0x80) && v <= max)
            return v;
        if (!(*byte & 0x80))
            break;
    }
    r->bad = true;
    return 0;
}

/* A number from 0 to ISPLIT__INTEGER_MAX, as the difference to another one. */
static int64_t take_difference(reader *r, int64_t before)
{
    uint64_t v = take_number(r, UINT64_MAX);
    int64_t now = (int64_t)((uint64_t)before + (v >> 1 ^ (v & 1 ? UINT64_MAX : 0)));

    if (now < 0 || now > ISPLIT__INTEGER_MAX)
        r->bad = true;
    return r->bad ? 0 : now;
}

static isplit__slice take_text(reader *r, size_t max)
{
    size_t len = (size_t)take_number(r, max);
    const uint8_t *at = take(r, len);

    return (isplit__slice){.at = at ? (const char *)at : "", .len = at ? len : 0};
}

static isplit__slice take_known(reader *r, isplit__slice *table, size_t *count,
                                size_t max, size_t max_bytes)
{
    uint64_t number = take_number(r, *count);

    if (number)
        return table[number - 1];
    isplit__slice text = take_text(r, max_bytes);
    if (*count < max && !r->bad)
        table[(*count)++] = text;
    return text;
}

static isplit__slice take_name(reader *r)
{
    return take_known(r, r->memory.names, &r->memory.name_count, ISPLIT__PACK_MAX_NAMES,
                      ISPLIT__NAME_MAX);
}

static void take_key(reader *r, isplit__parts *p)
{
    isplit__pack_memory *m = &r->memory;
    size_t at = (size_t)take_number(r, m->key_count);
    const uint8_t *key = at ? m->keys[at - 1].b : take(r, ISPLIT__ID_BYTES);

    at = at ? at - 1 : m->key_count;
    p->lc = take_difference(r, m->lc);
    p->seq = (uint32_t)take_difference(r, at < m->key_count ? m->seqs[at] : 0);
    m->lc = p->lc;
    if (r->bad || !key)
        return;
    memcpy(p->by.b, key, sizeof p->by.b);
    if (at == ISPLIT__PACK_MAX_KEYS)
        return;
    m->key_count += at == m->key_count;
    m->keys[at] = p->by;
    m->seqs[at] = p->seq;
}

static void take_deps(reader *r, isplit__id *deps, size_t *count)
{
    const isplit__pack_memory *m = &r->memory;

    *count = (size_t)take_number(r, ISPLIT__EVENT_MAX_DEPS);
    for (size_t i = 0; i < *count; i++) {
        size_t back = (size_t)take_number(r, m->id_count);
        const uint8_t *id =
            back ? m->ids[m->id_count - back].b : take(r, ISPLIT__ID_BYTES);
        if (id)
            memcpy(deps[i].b, id, sizeof deps[i].b);
    }
}

static void take_plain(reader *r, isplit__plain *p)
{
    isplit__pack_memory *m = &r->memory;

    p->amount = (int64_t)take_number(r, ISPLIT__INTEGER_MAX);
    p->payer = take_name(r);
    p->count = (size_t)take_number(r, ISPLIT__ENTRY_MAX_NAMES);
    for (size_t i = 0; i < p->count; i++)
        p->split[i] = take_name(r);
    p->note = take_known(r, m->notes, &m->note_count, ISPLIT__PACK_MAX_NOTES,
                         ISPLIT__EVENT_MAX_BYTES);
    r->bad = r->bad || !p->count;
}

/* The text of a plain entry from its parts. */
static void read_plain(reader *r, isplit__buf *text)
{
    isplit__id deps[ISPLIT__EVENT_MAX_DEPS];
    isplit__plain plain = {.count = 0};
    isplit__buf body = {0};
    isplit__parts p = {.room = r->room, .kind = "add", .deps = deps};

    p.at = take_difference(r, r->memory.at);
    r->memory.at = p.at;
    take_key(r, &p);
    isplit__slice nonce = take_text(r, NONCE_MAX);
    p.nonce = (const uint8_t *)nonce.at;
    p.nonce_len = nonce.len;
    take_deps(r, deps, &p.dep_count);
    take_plain(r, &plain);
    if (r->bad)
        return;
    isplit__compose_plain(&body, &plain);
    p.body = (isplit__slice){.at = body.data, .len = body.len};
    if (!body.bad)
        isplit__compose_event(text, &p);
    text->bad = text->bad || body.bad;
    isplit__buf_free(&body);
}

/* The event as JSON, and its id among those that later ones may name. */
static int add_json(reader *r, const isplit__buf *text, const uint8_t *sig, json_t *list)
{
    isplit__buf whole = {0};

    if (r->memory.id_count == ISPLIT__PACK_MAX_EVENTS || text->len < 2)
        return IC_ERR_PROTO;
    isplit__id_of(&r->memory.ids[r->memory.id_count++], text->data, text->len);
    if (sig)
        isplit__event_write(&whole, text->data, text->len, sig);
    else
        isplit__buf_add(&whole, text->data, text->len);
    json_t *event = whole.bad
                        ? NULL
                        : json_loadb(whole.data, whole.len, JSON_REJECT_DUPLICATES, NULL);
    int err = whole.bad ? IC_ERR_NOMEM : event ? 0 : IC_ERR_PROTO;
    isplit__buf_free(&whole);
    if (event && json_array_append_new(list, event) != 0)
        err = IC_ERR_NOMEM;
    return err;
}

static int read_event(reader *r, json_t *list)
{
    isplit__buf text = {0};
    uint64_t form = take_number(r, UNSIGNED);
    bool is_signed = form != UNSIGNED;

    if (form == PLAIN) {
        read_plain(r, &text);
    } else {
        isplit__slice s =
            take_text(r, is_signed ? ISPLIT__EVENT_MAX_BYTES : ISPLIT__LEGACY_MAX_BYTES);
        isplit__buf_add(&text, s.at, s.len);
    }
    const uint8_t *sig = is_signed ? take(r, IC_SIGNATURE_BYTES) : NULL;
    int err = text.bad                                                      ? IC_ERR_NOMEM
              : r->bad || (is_signed && text.len > ISPLIT__EVENT_MAX_BYTES) ? IC_ERR_PROTO
                                                                            : 0;
    if (!err)
        err = add_json(r, &text, sig, list);
    isplit__buf_free(&text);
    return err;
}

int isplit__pack_read(const uint8_t *bytes, size_t len, const char *room, json_t *list)
{
    reader *r = ic_mem_calloc(1, sizeof *r);
    int err = 0;

    if (!r)
        return IC_ERR_NOMEM;
    r->at = bytes;
    r->left = len;
    r->room = room;
    if (take_number(r, VERSION) != VERSION)
        err = IC_ERR_PROTO;
    while (!err && r->left)
        err = read_event(r, list);
    ic_mem_free(r);
    return err;
}
