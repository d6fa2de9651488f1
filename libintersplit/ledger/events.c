#include "ledger/events.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/body.h"
#include "text/canonical.h"
#include "text/name.h"
#include "text/reason.h"

#define SIGNED_PREFIX "intersplit/event/2\n"

void isplit__event_free(isplit__event *event)
{
    if (!event)
        return;
    ic_mem_free(event->deps);
    ic_mem_free(event->refs);
    ic_mem_free(event->entry);
    ic_mem_free(event->text);
    ic_mem_free(event);
}

int isplit__event_compare(const isplit__event *a, const isplit__event *b)
{
    if (a->lc != b->lc)
        return a->lc < b->lc ? -1 : 1;
    return isplit__id_compare(&a->id, &b->id);
}

int isplit__event_order(const void *a, const void *b)
{
    return isplit__event_compare(*(const isplit__event *const *)a,
                                 *(const isplit__event *const *)b);
}

bool isplit__event_is_entry(const isplit__event *event)
{
    return event->kind == ISPLIT__KIND_ADD || event->kind == ISPLIT__KIND_LEGACY ||
           (event->kind == ISPLIT__KIND_OCCUR && event->entry);
}

void isplit__item_free(isplit__item *item)
{
    isplit__event_free(item->event);
    ic_mem_free(item->text);
    item->event = NULL;
    item->text = NULL;
}

bool isplit__room_name_valid(const char *room)
{
    size_t len = room ? strlen(room) : 0;

    return len && len <= ISPLIT__ROOM_MAX_BYTES &&
           isplit__utf8_without(room, len, isplit__is_control);
}

void isplit__id_of(isplit__id *out, const void *text, size_t len)
{
    crypto_hash_sha256(out->b, text, len);
}

/* Hex is taken in lower case only: an event has one form. */
static bool read_hex(uint8_t *out, size_t size, const char *hex, size_t len)
{
    if (!hex || len != 2 * size || strspn(hex, "0123456789abcdef") < len)
        return false;
    return sodium_hex2bin(out, size, hex, len, NULL, NULL, NULL) == 0;
}

bool isplit__id_parse(isplit__id *out, const char *hex, size_t len)
{
    return read_hex(out->b, ISPLIT__ID_BYTES, hex, len);
}

bool isplit__print_parse(uint8_t out[ISPLIT__PRINT_BYTES], const char *hex, size_t len)
{
    return read_hex(out, ISPLIT__PRINT_BYTES, hex, len);
}

int isplit__id_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(isplit__id));
}

static int refuse(isplit_reason *why, const char *text)
{
    isplit__refuse(why, "%s", text);
    return IC_ERR_PROTO;
}

uint64_t isplit__mark_of(const uint8_t *nonce, size_t len)
{
    uint64_t mark = 0;

    if (len != sizeof mark || memcmp(nonce, "im", 2) != 0)
        return 0;
    for (size_t i = 0; i < len; i++)
        mark = mark << 8 | nonce[i];
    return mark;
}

/* --- reading and writing --- */

/* Everything around the body; what is wrong here is wrong for every version. */
static void pass_envelope(isplit__codec *c, isplit__parts *p)
{
    isplit__codec_open(c, NULL, '{');
    p->at = isplit__codec_number(c, "at", p->at, 0, ISPLIT__INTEGER_MAX);
    p->body = isplit__codec_raw(c, "body", p->body);
    isplit__id_pass(c, "by", &p->by);
    p->dep_count =
        isplit__ids_pass(c, "deps", p->deps, p->dep_count, ISPLIT__EVENT_MAX_DEPS);
    p->kind = isplit__codec_text(c, "k", p->kind);
    p->lc = isplit__codec_number(c, "lc", p->lc, 1, ISPLIT__INTEGER_MAX);
    p->nonce_len = isplit__codec_hex(c, "n", p->nonce, p->nonce_len, ISPLIT__NONCE_MIN,
                                     ISPLIT__NONCE_MAX);
    p->room = isplit__codec_text(c, "room", p->room);
    p->seq = (uint32_t)isplit__codec_number(c, "seq", p->seq, 1, ISPLIT__EVENT_MAX_SEQ);
    (void)isplit__codec_number(c, "v", 2, 2, 2);
    isplit__codec_close(c, '}');
}

void isplit__event_compose(isplit__buf *out, const isplit__parts *parts)
{
    isplit__codec c = isplit__codec_writer(out);
    isplit__parts p = *parts;

    pass_envelope(&c, &p);
}

bool isplit__event_parts(const char *text, size_t len, char *pool, isplit__parts *out)
{
    isplit__codec c = isplit__codec_reader(text, len, pool);

    pass_envelope(&c, out);
    return isplit__codec_finish(&c);
}

static bool kind_valid(const char *kind)
{
    size_t len = strlen(kind);

    return len && len <= ISPLIT__KIND_MAX_BYTES &&
           strspn(kind, "abcdefghijklmnopqrstuvwxyz_") == len;
}

/* A copy with a zero after it; NULL, and an error, when there is no memory. */
static void *keep(const void *data, size_t size, int *err)
{
    char *copy = ic_mem_alloc(size + 1);

    if (!copy) {
        *err = IC_ERR_NOMEM;
        return NULL;
    }
    if (size)
        memcpy(copy, data, size);
    copy[size] = 0;
    return copy;
}

/* Keep what a good body says. */
static int keep_body(isplit__event *e, const isplit__parts *p, const isplit__said *s,
                     const char *prefix)
{
    int err = 0;

    if (isplit__event_in(e, ISPLIT__VALUED))
        err = isplit__entry_signed(&s->value.entry, e, prefix, &e->entry);
    if (!err && s->ref_count) {
        e->refs = keep(s->refs, s->ref_count * sizeof *s->refs, &err);
        e->ref_count = s->ref_count;
    }
    if (err)
        return err;
    if (e->kind == ISPLIT__KIND_MEMBER)
        e->claim = keep(&s->claim, sizeof s->claim, &err);
    else if (e->kind == ISPLIT__KIND_RECUR || e->kind == ISPLIT__KIND_OCCUR)
        e->schedule = keep(&s->schedule, sizeof s->schedule, &err);
    else if (e->kind == ISPLIT__KIND_ROOM) /* few, and most are superseded */
        e->text = keep(p->body.at, p->body.len, &err);
    else if (isplit__event_in(e, ISPLIT__MARKS) && *s->why)
        e->text = keep(s->why, strlen(s->why), &err);
    return err;
}

/* A body that we cannot read is no error: the event is passed on, without effect. */
static int read_body(isplit__event *e, const isplit__parts *p, const char *prefix)
{
    isplit__said s;
    isplit__codec c = isplit__codec_reader(p->body.at, p->body.len, s.value.texts);
    char own[2 * ISPLIT__ID_BYTES + 1];

    s.ref_count = 0;
    e->kind = isplit__body_pass(&c, p->kind, &s);
    if (!isplit__codec_finish(&c))
        e->kind = ISPLIT__KIND_OTHER;
    if (e->kind == ISPLIT__KIND_MEMBER) {
        /* only who signs can claim a name, and only for himself */
        sodium_bin2hex(own, sizeof own, e->by.b, sizeof e->by.b);
        if (s.claim.claims && strcmp(s.claim.key, own) != 0)
            e->kind = ISPLIT__KIND_OTHER;
        memcpy(s.claim.key, own, sizeof own);
    }
    return e->kind == ISPLIT__KIND_OTHER ? 0 : keep_body(e, p, &s, prefix);
}

static isplit__event *make_event(const isplit__parts *p)
{
    int err = 0;
    isplit__event *e = ic_mem_calloc(1, sizeof *e);

    if (!e)
        return NULL;
    e->by = p->by;
    e->seq = p->seq;
    e->lc = p->lc;
    e->at = p->at;
    e->mark = isplit__mark_of(p->nonce, p->nonce_len);
    e->deps = keep(p->deps, p->dep_count * sizeof *p->deps, &err);
    e->dep_count = p->dep_count;
    if (err)
        isplit__event_free(e);
    return err ? NULL : e;
}

static int load(const char *text, size_t len, const isplit__context *context,
                isplit__event **out, isplit_reason *why)
{
    char pool[ISPLIT__EVENT_MAX_BYTES];
    isplit__parts p;

    if (len > sizeof pool)
        return refuse(why, "the event is too large");
    if (!isplit__event_parts(text, len, pool, &p) || !kind_valid(p.kind) ||
        *p.body.at != '{')
        return refuse(why, "a member of the event is missing or wrong");
    if (strcmp(p.room, context->room) != 0)
        return refuse(why, "the event is of another room");
    isplit__event *e = make_event(&p);
    if (!e)
        return IC_ERR_NOMEM;
    isplit__id_of(&e->id, text, len);
    int err = read_body(e, &p, context->prefix);
    if (err)
        isplit__event_free(e);
    else
        *out = e;
    return err;
}

int isplit__event_load(const char *text, size_t len, const isplit__context *context,
                       isplit__event **out)
{
    return load(text, len, context, out, NULL);
}

/* What is signed: a prefix that no other signature of the wallet begins with. */
static size_t signed_bytes(uint8_t *out, const char *text, size_t len)
{
    memcpy(out, SIGNED_PREFIX, sizeof SIGNED_PREFIX - 1);
    memcpy(out + sizeof SIGNED_PREFIX - 1, text, len);
    return sizeof SIGNED_PREFIX - 1 + len;
}

bool isplit__item_verify(const isplit__item *item)
{
    uint8_t bytes[sizeof SIGNED_PREFIX + ISPLIT__EVENT_MAX_BYTES];
    if (item->event->kind == ISPLIT__KIND_LEGACY)
        return true;
    size_t n = signed_bytes(bytes, item->text, item->len);
    return ic_signature_verify(item->sig, bytes, n, item->event->by.b);
}

static int read_outside(const json_t *object, isplit__item *item, isplit__buf *canonical,
                        isplit_reason *why)
{
    const json_t *version = json_object_get(object, "v");
    const json_t *sig = json_object_get(object, "sig");

    if (!json_is_integer(version) || json_integer_value(version) < 1 ||
        json_integer_value(version) > INT32_MAX)
        return refuse(why, "not an event");
    if (json_integer_value(version) != 2) {
        isplit__refuse(why, "the event is of a later version");
        return IC_ERR_UNSUPPORTED;
    }
    if (!read_hex(item->sig, IC_SIGNATURE_BYTES, json_string_value(sig),
                  json_string_length(sig)))
        return refuse(why, "the event has no signature");
    int err = isplit__canonical_write(canonical, object, "sig");
    return err == IC_ERR_PROTO ? refuse(why, "the event nests too deep or has a number "
                                             "that is not whole")
                               : err;
}

static int read_signed(const json_t *object, const isplit__context *context,
                       isplit__item *out, isplit_reason *why)
{
    isplit__item item = {0};
    isplit__buf canonical = {0};

    int err = read_outside(object, &item, &canonical, why);
    if (!err)
        err = load(canonical.data, canonical.len, context, &item.event, why);
    if (err) {
        isplit__buf_free(&canonical);
        return err;
    }
    item.len = canonical.len;
    item.text = canonical.data;
    *out = item;
    return 0;
}

int isplit__item_of(const json_t *object, const isplit__context *context,
                    isplit__item *out, isplit_reason *why)
{
    const json_t *x = json_object_get(object, "x");

    if (x || json_object_get(object, "v"))
        return read_signed(x ? x : object, context, out, why);
    return isplit__legacy_read(object, out);
}

int isplit__item_read(const char *json, size_t len, const isplit__context *context,
                      isplit__item *out, isplit_reason *why)
{
    json_t *object =
        json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    int err = IC_ERR_PROTO;

    if (object)
        err = isplit__item_of(object, context, out, why);
    else
        isplit__refuse(why, "an event is not JSON");
    json_decref(object);
    return err;
}

int isplit__event_sign(isplit__buf *canonical, const isplit__context *context,
                       const ic_identity *identity, isplit__item *out, isplit_reason *why)
{
    uint8_t bytes[sizeof SIGNED_PREFIX + ISPLIT__EVENT_MAX_BYTES];
    isplit__item item = {.len = canonical->len};

    item.text = isplit__buf_take(canonical);
    if (!item.text)
        return IC_ERR_NOMEM;
    int err = IC_ERR_LIMIT;
    if (item.len > ISPLIT__EVENT_MAX_BYTES)
        isplit__refuse(why, "the entry is too large: fewer names or a shorter note");
    else
        err = isplit__event_load(item.text, item.len, context, &item.event);
    if (err) {
        isplit__item_free(&item);
        return err;
    }
    ic_identity_sign(identity, bytes, signed_bytes(bytes, item.text, item.len), item.sig);
    *out = item;
    return 0;
}

void isplit__event_write(isplit__buf *out, const char *text, size_t len,
                         const uint8_t sig[IC_SIGNATURE_BYTES])
{
    isplit__buf_add(out, text, len - 1);
    isplit__buf_text(out, ",\"sig\":\"");
    isplit__buf_hex(out, sig, IC_SIGNATURE_BYTES);
    isplit__buf_text(out, "\"}");
}
