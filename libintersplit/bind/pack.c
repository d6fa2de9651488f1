#include "bind/pack.h"

#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/body.h"
#include "text/canonical.h"
#include "text/name.h"

enum { PLAIN, SIGNED, UNSIGNED };

#define VERSION 1

/* Each of these writes a value and returns it, or returns the one that it reads: an event
 * is walked over in one way in both directions. */

static const uint8_t *walk_bytes(isplit__pack *p, const void *data, size_t len)
{
    const uint8_t *at = p->at;

    if (!p->reads) {
        isplit__buf_add(&p->bytes, data, len);
        return data;
    }
    if (p->bad || len > p->left) {
        p->bad = true;
        return NULL;
    }
    p->at += len;
    p->left -= len;
    return at;
}

static void put_number(isplit__buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t len = 0;

    for (; v > 0x7f; v >>= 7)
        bytes[len++] = (uint8_t)(v | 0x80);
    bytes[len++] = (uint8_t)v;
    isplit__buf_add(b, bytes, len);
}

static uint64_t take_number(isplit__pack *p, uint64_t max)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t *byte = walk_bytes(p, NULL, 1);
        if (!byte || (shift == 63 && *byte > 1))
            break;
        v |= (uint64_t)(*byte & 0x7f) << shift;
        if (!(*byte & 0x80) && v <= max)
            return v;
        if (!(*byte & 0x80))
            break;
    }
    p->bad = true;
    return 0;
}

static uint64_t walk_number(isplit__pack *p, uint64_t v, uint64_t max)
{
    if (p->reads)
        return take_number(p, max);
    put_number(&p->bytes, v);
    return v;
}

/* A number from 0 to ISPLIT__INTEGER_MAX, as the difference to another one. */
static int64_t walk_difference(isplit__pack *p, int64_t now, int64_t before)
{
    uint64_t v = (uint64_t)now - (uint64_t)before;

    v = walk_number(p, v << 1 ^ (v >> 63 ? UINT64_MAX : 0), UINT64_MAX);
    if (!p->reads)
        return now;
    now = (int64_t)((uint64_t)before + (v >> 1 ^ (v & 1 ? UINT64_MAX : 0)));
    p->bad = p->bad || now < 0 || now > ISPLIT__INTEGER_MAX;
    return p->bad ? 0 : now;
}

static isplit__slice walk_text(isplit__pack *p, isplit__slice text, size_t max)
{
    size_t len = (size_t)walk_number(p, text.len, max);
    const uint8_t *at = walk_bytes(p, text.at, len);

    return (isplit__slice){.at = at ? (const char *)at : "", .len = at ? len : 0};
}

/* By its number when it is known; else itself, and it is known from now on. */
static isplit__slice walk_known(isplit__pack *p, isplit__slice text, size_t max_bytes,
                                isplit__slice *table, size_t *count, size_t max)
{
    size_t at = 0;

    while (!p->reads && at < *count &&
           (table[at].len != text.len || memcmp(table[at].at, text.at, text.len) != 0))
        at++;
    uint64_t number = walk_number(p, at < *count ? at + 1 : 0, *count);
    if (number)
        return table[number - 1];
    text = walk_text(p, text, max_bytes);
    p->bad = p->bad || memchr(text.at, 0, text.len);
    if (*count < max && !p->bad)
        table[(*count)++] = text;
    return text;
}

static isplit__slice walk_name(isplit__pack *p, isplit__slice name)
{
    return walk_known(p, name, ISPLIT__NAME_MAX, p->memory.names, &p->memory.name_count,
                      ISPLIT__PACK_MAX_NAMES);
}

/* The number of an id among the last ones, from 1; 0 when it is not there. */
static size_t find_id(const isplit__id *ids, size_t count, const isplit__id *id)
{
    while (count && isplit__id_compare(&ids[count - 1], id) != 0)
        count--;
    return count;
}

static void walk_id(isplit__pack *p, isplit__id *id, const isplit__id *known)
{
    const uint8_t *b = known ? known->b : walk_bytes(p, id->b, sizeof id->b);

    if (b)
        memmove(id->b, b, sizeof id->b);
}

static void walk_author(isplit__pack *p, isplit__parts *e)
{
    isplit__pack_memory *m = &p->memory;
    size_t number = p->reads ? 0 : find_id(m->keys, m->key_count, &e->by);

    number = (size_t)walk_number(p, number, m->key_count);
    size_t at = number ? number - 1 : m->key_count;
    walk_id(p, &e->by, number ? &m->keys[at] : NULL);
    e->lc = m->lc = walk_difference(p, e->lc, m->lc);
    e->seq = (uint32_t)walk_difference(p, e->seq, number ? m->seqs[at] : 0);
    if (p->bad || at == ISPLIT__PACK_MAX_KEYS)
        return;
    m->key_count += !number;
    m->keys[at] = e->by;
    m->seqs[at] = e->seq;
}

static void walk_deps(isplit__pack *p, isplit__id *deps, size_t *count)
{
    const isplit__pack_memory *m = &p->memory;

    *count = (size_t)walk_number(p, *count, ISPLIT__EVENT_MAX_DEPS);
    for (size_t i = 0; i < *count; i++) {
        size_t number = p->reads ? 0 : find_id(m->ids, m->id_count, &deps[i]);
        size_t back = number ? m->id_count - number + 1 : 0;
        back = (size_t)walk_number(p, back, m->id_count);
        walk_id(p, &deps[i], back ? &m->ids[m->id_count - back] : NULL);
    }
}

/* A signed entry of one payer that is split equally, the first listed paying what is
 * over: its parts. */
typedef struct plain {
    isplit__parts event; /* without body */
    isplit__slice payer;
    isplit__slice split[ISPLIT__ENTRY_MAX_NAMES];
    size_t count;
    int64_t amount;
    isplit__slice note; /* empty = none */
} plain;

static void walk_plain(isplit__pack *p, plain *x)
{
    isplit__pack_memory *m = &p->memory;
    isplit__slice nonce = {.at = (const char *)x->event.nonce, .len = x->event.nonce_len};

    x->event.at = m->at = walk_difference(p, x->event.at, m->at);
    walk_author(p, &x->event);
    nonce = walk_text(p, nonce, sizeof x->event.nonce);
    memmove(x->event.nonce, nonce.at, nonce.len);
    x->event.nonce_len = nonce.len;
    walk_deps(p, x->event.deps, &x->event.dep_count);
    x->amount = (int64_t)walk_number(p, (uint64_t)x->amount, ISPLIT__INTEGER_MAX);
    x->payer = walk_name(p, x->payer);
    x->count = (size_t)walk_number(p, x->count, ISPLIT__ENTRY_MAX_NAMES);
    for (size_t i = 0; i < x->count; i++)
        x->split[i] = walk_name(p, x->split[i]);
    x->note = walk_known(p, x->note, ISPLIT__EVENT_MAX_BYTES, m->notes, &m->note_count,
                         ISPLIT__PACK_MAX_NOTES);
}

/* A copy with a zero after it. */
static const char *keep(char **pool, isplit__slice text)
{
    char *copy = *pool;

    memcpy(copy, text.at, text.len);
    copy[text.len] = 0;
    *pool += text.len + 1;
    return copy;
}

/* Its canonical text. */
static void compose(const isplit__pack *p, const plain *x, isplit__buf *text)
{
    char texts[ISPLIT__EVENT_MAX_BYTES + 66 * (ISPLIT__NAME_MAX + 1)];
    char *pool = texts;
    isplit__buf body = {0};
    isplit__parts parts = x->event;
    isplit_share shares[ISPLIT__ENTRY_MAX_NAMES];
    const isplit_share paid = {.name = keep(&pool, x->payer), .minor = x->amount};

    for (size_t i = 0; i < x->count; i++)
        shares[i] = (isplit_share){.name = keep(&pool, x->split[i]),
                                   .minor = isplit__equal_share(x->amount, x->count, i)};
    isplit__body_write(&body, &(isplit_entry){.amount_minor = x->amount,
                                              .paid = &paid,
                                              .paid_count = 1,
                                              .shares = shares,
                                              .share_count = x->count,
                                              .note = keep(&pool, x->note)});
    parts.room = p->room;
    parts.kind = "add";
    parts.body = (isplit__slice){.at = body.data, .len = body.len};
    if (!body.bad)
        isplit__event_compose(text, &parts);
    text->bad = text->bad || body.bad;
    isplit__buf_free(&body);
}

/* --- writing --- */

static isplit__slice slice_of(const char *text)
{
    return (isplit__slice){.at = text, .len = strlen(text)};
}

static bool plain_of(const isplit_entry *entry, plain *out)
{
    if (entry->paid_count != 1)
        return false;
    out->payer = slice_of(entry->paid[0].name);
    out->count = entry->share_count;
    out->amount = entry->amount_minor;
    out->note = slice_of(entry->note);
    for (size_t i = 0; i < out->count; i++)
        out->split[i] = slice_of(entry->shares[i].name);
    return true;
}

/* Is it of the plain form, so that its parts make exactly its text? */
static bool add_plain(isplit__pack *p, const isplit__event *e, const isplit__row *row)
{
    plain x;
    char pool[ISPLIT__EVENT_MAX_BYTES];
    isplit__buf text = {0};

    if (!row->sig || e->kind != ISPLIT__KIND_ADD || !plain_of(e->entry, &x) ||
        row->len > sizeof pool ||
        !isplit__event_parts(row->text, row->len, pool, &x.event))
        return false;
    compose(p, &x, &text);
    bool made =
        !text.bad && text.len == row->len && memcmp(text.data, row->text, text.len) == 0;
    isplit__buf_free(&text);
    if (made) {
        put_number(&p->bytes, PLAIN);
        walk_plain(p, &x);
    }
    return made;
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
        (void)walk_text(p, (isplit__slice){.at = row->text, .len = row->len}, row->len);
    }
    if (row->sig)
        isplit__buf_add(&p->bytes, row->sig, IC_SIGNATURE_BYTES);
    p->memory.ids[p->memory.id_count++] = e->id;
    return p->bytes.bad ? IC_ERR_NOMEM : 0;
}

/* --- reading --- */

/* The event as JSON, and its id among those that later ones may name. */
static int add_json(isplit__pack *p, const isplit__buf *text, const uint8_t *sig,
                    json_t *list)
{
    isplit__buf whole = {0};

    if (p->memory.id_count == ISPLIT__PACK_MAX_EVENTS || text->len < 2)
        return IC_ERR_PROTO;
    isplit__id_of(&p->memory.ids[p->memory.id_count++], text->data, text->len);
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

static int read_event(isplit__pack *p, json_t *list)
{
    isplit__buf text = {0};
    plain x = {.event = {.lc = 0}};
    uint64_t form = take_number(p, UNSIGNED);
    size_t max = form == UNSIGNED ? ISPLIT__LEGACY_MAX_BYTES : ISPLIT__EVENT_MAX_BYTES;

    if (form == PLAIN) {
        walk_plain(p, &x);
        p->bad = p->bad || !x.count;
        if (!p->bad)
            compose(p, &x, &text);
    } else {
        isplit__slice s = walk_text(p, (isplit__slice){0}, max);
        isplit__buf_add(&text, s.at, s.len);
    }
    const uint8_t *sig =
        form == UNSIGNED ? NULL : walk_bytes(p, NULL, IC_SIGNATURE_BYTES);
    int err = text.bad ? IC_ERR_NOMEM : p->bad || text.len > max ? IC_ERR_PROTO : 0;
    if (!err)
        err = add_json(p, &text, sig, list);
    isplit__buf_free(&text);
    return err;
}

int isplit__pack_read(const uint8_t *bytes, size_t len, const char *room, json_t *list)
{
    isplit__pack *p = ic_mem_calloc(1, sizeof *p);

    if (!p)
        return IC_ERR_NOMEM;
    p->reads = true;
    p->at = bytes;
    p->left = len;
    p->room = room;
    int err = take_number(p, VERSION) == VERSION ? 0 : IC_ERR_PROTO;
    while (!err && p->left)
        err = read_event(p, list);
    isplit__pack_free(p);
    return err;
}
