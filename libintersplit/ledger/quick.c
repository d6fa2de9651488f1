#include "ledger/quick.h"

#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "intersplit/money.h"
#include "text/canonical.h"
#include "text/name.h"
#include "text/scan.h"

#define NONCE_MIN_HEX 16
#define NONCE_MAX_HEX 32

/* What is left of the text; where it is not as expected, the cursor turns bad and stays
 * so. */
typedef struct cursor {
    const char *at;
    const char *end;
    bool bad;
} cursor;

typedef struct plain {
    int64_t amount;
    isplit__slice payer;
    isplit__slice note;
    isplit__slice listed[ISPLIT__ENTRY_MAX_NAMES];
    size_t listed_count;
    isplit__slice names[ISPLIT__ENTRY_MAX_NAMES]; /* of shares, in order */
    int64_t minors[ISPLIT__ENTRY_MAX_NAMES];
    size_t share_count;
} plain;

static bool next_is(cursor *c, const char *text)
{
    size_t len = strlen(text);

    if (c->bad || (size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
        return false;
    c->at += len;
    return true;
}

static void expect(cursor *c, const char *text)
{
    c->bad = !next_is(c, text);
}

static int64_t number(cursor *c, int64_t least, int64_t most)
{
    int64_t v = 0;
    const char *from = c->at;

    while (!c->bad && c->at < c->end && *c->at >= '0' && *c->at <= '9' && v <= most)
        v = v * 10 + (*c->at++ - '0');
    if (c->at == from || (*from == '0' && c->at > from + 1) || v < least || v > most)
        c->bad = true;
    return v;
}

/* A text without escapes. */
static isplit__slice text(cursor *c)
{
    expect(c, "\"");
    const char *from = c->at;
    while (!c->bad && c->at < c->end && *c->at != '"') {
        if (*c->at == '\\' || (unsigned char)*c->at < 0x20)
            c->bad = true;
        c->at++;
    }
    isplit__slice slice = {.at = from, .len = (size_t)(c->at - from)};
    expect(c, "\"");
    return slice;
}

static void read_id(cursor *c, isplit__id *out)
{
    isplit__slice hex = text(c);
    char copy[2 * ISPLIT__ID_BYTES + 1];

    if (c->bad || hex.len != 2 * ISPLIT__ID_BYTES) {
        c->bad = true;
        return;
    }
    memcpy(copy, hex.at, hex.len);
    copy[hex.len] = 0;
    c->bad = !isplit__id_parse(out, copy, hex.len);
}

static int order_of(isplit__slice a, isplit__slice b)
{
    int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static void read_listed(cursor *c, plain *p)
{
    do {
        if (p->listed_count == ISPLIT__ENTRY_MAX_NAMES) {
            c->bad = true;
            return;
        }
        p->listed[p->listed_count++] = text(c);
    } while (next_is(c, ","));
}

static void read_shares(cursor *c, plain *p)
{
    do {
        size_t at = p->share_count++;
        if (at == ISPLIT__ENTRY_MAX_NAMES) {
            c->bad = true;
            return;
        }
        p->names[at] = text(c);
        expect(c, ":");
        p->minors[at] = number(c, 0, ISPLIT_MONEY_MAX_MINOR);
        if (at && order_of(p->names[at - 1], p->names[at]) >= 0)
            c->bad = true;
    } while (next_is(c, ","));
}

static void read_body(cursor *c, plain *p)
{
    expect(c, "{\"amount\":");
    p->amount = number(c, 1, ISPLIT_MONEY_MAX_MINOR);
    expect(c, ",\"mode\":{\"equal\":[");
    read_listed(c, p);
    expect(c, "]}");
    if (next_is(c, ",\"note\":"))
        p->note = text(c);
    expect(c, ",\"paid\":{");
    p->payer = text(c);
    expect(c, ":");
    if (number(c, 1, ISPLIT_MONEY_MAX_MINOR) != p->amount)
        c->bad = true;
    expect(c, "},\"shares\":{");
    read_shares(c, p);
    expect(c, "},\"type\":\"expense\"}");
}

static size_t read_deps(cursor *c, isplit__id deps[ISPLIT__EVENT_MAX_DEPS])
{
    size_t count = 0;

    expect(c, "[");
    if (next_is(c, "]"))
        return 0;
    do {
        if (count == ISPLIT__EVENT_MAX_DEPS) {
            c->bad = true;
            return 0;
        }
        read_id(c, &deps[count++]);
        if (count > 1 && isplit__id_compare(&deps[count - 2], &deps[count - 1]) >= 0)
            c->bad = true;
    } while (next_is(c, ","));
    expect(c, "]");
    return count;
}

static void read_nonce(cursor *c, isplit__event *e)
{
    isplit__slice n = text(c);

    if (c->bad || n.len < NONCE_MIN_HEX || n.len > NONCE_MAX_HEX || n.len % 2)
        c->bad = true;
    for (size_t i = 0; !c->bad && i < n.len; i++)
        c->bad =
            !((n.at[i] >= '0' && n.at[i] <= '9') || (n.at[i] >= 'a' && n.at[i] <= 'f'));
    e->mark = c->bad ? 0 : isplit__mark_of(n.at, n.len);
}

static void read_all(cursor *c, const char *room, plain *p, isplit__event *e,
                     isplit__id deps[ISPLIT__EVENT_MAX_DEPS])
{
    expect(c, "{\"at\":");
    e->at = number(c, 0, ISPLIT__INTEGER_MAX);
    expect(c, ",\"body\":");
    read_body(c, p);
    expect(c, ",\"by\":");
    read_id(c, &e->by);
    expect(c, ",\"deps\":");
    e->dep_count = read_deps(c, deps);
    expect(c, ",\"k\":\"add\",\"lc\":");
    e->lc = number(c, 1, ISPLIT__INTEGER_MAX);
    expect(c, ",\"n\":");
    read_nonce(c, e);
    expect(c, ",\"room\":");
    if (!isplit__slice_is(text(c), room))
        c->bad = true;
    expect(c, ",\"seq\":");
    e->seq = (uint32_t)number(c, 1, ISPLIT__EVENT_MAX_SEQ);
    expect(c, ",\"v\":2}");
    if (c->at != c->end)
        c->bad = true;
}

/* The share of listed name number `i`; -1 when it is not as an equal split wants it. */
static int64_t share_of(const plain *p, size_t i)
{
    int64_t n = (int64_t)p->listed_count;
    int64_t low = p->amount / n;

    for (size_t k = 0; k < p->share_count; k++) {
        if (order_of(p->names[k], p->listed[i]) == 0)
            return p->minors[k] >= low && p->minors[k] <= low + (p->amount % n != 0)
                       ? p->minors[k]
                       : -1;
    }
    return -1;
}

static bool is_listed_before(const plain *p, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (order_of(p->listed[k], p->listed[i]) == 0)
            return true;
    }
    return false;
}

/* A copy with a zero after it. */
static const char *keep(char **pool, isplit__slice s)
{
    char *copy = *pool;

    if (s.len)
        memcpy(copy, s.at, s.len);
    copy[s.len] = 0;
    *pool += s.len + 1;
    return copy;
}

/* By the rules of isplit__body_add; false when the long way must say why not. */
static bool check(const plain *p, isplit_share shares[ISPLIT__ENTRY_MAX_NAMES],
                  char *pool)
{
    int64_t sum = 0;

    if (p->share_count != p->listed_count || !isplit__utf8_valid(p->note.at, p->note.len))
        return false;
    for (size_t i = 0; i < p->listed_count; i++) {
        int64_t minor = share_of(p, i);
        if (minor < 0 || is_listed_before(p, i) ||
            !isplit__name_allowed(p->listed[i].at, p->listed[i].len))
            return false;
        shares[i] = (isplit_share){.name = keep(&pool, p->listed[i]), .minor = minor};
        sum += minor;
    }
    return sum == p->amount && isplit__name_allowed(p->payer.at, p->payer.len);
}

static int make_entry(const plain *p, const char *prefix, isplit__event *e)
{
    /* The text has at most ISPLIT__EVENT_MAX_BYTES; each name stands in it twice. */
    char names[ISPLIT__EVENT_MAX_BYTES];
    char texts[ISPLIT__EVENT_MAX_BYTES];
    char *pool = texts;
    isplit_share shares[ISPLIT__ENTRY_MAX_NAMES];

    if (!check(p, shares, names))
        return IC_ERR_NOT_FOUND;
    const isplit_share paid = {.name = keep(&pool, p->payer), .minor = p->amount};
    return isplit__entry_signed(
        &(isplit_entry){
            .paid = &paid,
            .paid_count = 1,
            .shares = shares,
            .share_count = p->listed_count,
            .amount_minor = p->amount,
            .exponent = ISPLIT__EXPONENT,
            .note = keep(&pool, p->note),
        },
        e, prefix, &e->entry);
}

int isplit__quick_read(const char *bytes, size_t len, const isplit__context *context,
                       isplit__event *event)
{
    isplit__event e = *event;
    isplit__id deps[ISPLIT__EVENT_MAX_DEPS];
    cursor c = {.at = bytes, .end = bytes + len};
    plain p = {.note = {.at = ""}};

    if (len > ISPLIT__EVENT_MAX_BYTES)
        return IC_ERR_NOT_FOUND;
    read_all(&c, context->room, &p, &e, deps);
    if (c.bad)
        return IC_ERR_NOT_FOUND;
    int err = make_entry(&p, context->prefix, &e);
    if (err)
        return err;
    e.kind = ISPLIT__KIND_ADD;
    e.deps = ic_mem_calloc(e.dep_count ? e.dep_count : 1, sizeof *e.deps);
    if (!e.deps) {
        ic_mem_free(e.entry);
        return IC_ERR_NOMEM;
    }
    if (e.dep_count)
        memcpy(e.deps, deps, e.dep_count * sizeof *deps);
    *event = e;
    return 0;
}
