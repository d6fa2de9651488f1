#include "ledger/events.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/body.h"
#include "ledger/member.h"
#include "ledger/quick.h"
#include "ledger/recur.h"
#include "ledger/rules.h"
#include "text/canonical.h"
#include "text/name.h"
#include "text/reason.h"

#define SIGNED_PREFIX "intersplit/event/2\n"
#define ENVELOPE_MEMBERS 10 /* at body by deps k lc n room seq v */
#define NONCE_MIN_HEX 16
#define NONCE_MAX_HEX 32
#define MAX_CLEARED_LEGACY 64 /* as many as 4 096 bytes hold */

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

    if (!len || len > ISPLIT__ROOM_MAX_BYTES)
        return false;
    while (len) {
        uint32_t code = 0;
        size_t n = isplit__utf8_next(room, len, &code);
        if (!n || isplit__is_control(code))
            return false;
        room += n;
        len -= n;
    }
    return true;
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

static const char *member_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool member_integer(const json_t *object, const char *key, int64_t least,
                           int64_t most, int64_t *out)
{
    const json_t *value = json_object_get(object, key);
    int64_t v = json_is_integer(value) ? (int64_t)json_integer_value(value) : least - 1;

    *out = v;
    return v >= least && v <= most;
}

/* A list of different ids in order, at most `max`. */
static int read_ids(const json_t *list, size_t max, isplit__id **out, size_t *count)
{
    size_t n = json_array_size(list);

    if (!json_is_array(list) || n > max)
        return IC_ERR_PROTO;
    isplit__id *ids = ic_mem_calloc(n ? n : 1, sizeof *ids);
    if (!ids)
        return IC_ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *hex = json_array_get(list, i);
        if (!isplit__id_parse(&ids[i], json_string_value(hex), json_string_length(hex)) ||
            (i && isplit__id_compare(&ids[i - 1], &ids[i]) >= 0)) {
            ic_mem_free(ids);
            return IC_ERR_PROTO;
        }
    }
    *out = ids;
    *count = n;
    return 0;
}

static bool nonce_valid(const json_t *nonce)
{
    const char *hex = json_string_value(nonce);
    size_t len = json_string_length(nonce);

    return hex && len >= NONCE_MIN_HEX && len <= NONCE_MAX_HEX && len % 2 == 0 &&
           strspn(hex, "0123456789abcdef") == len;
}

uint64_t isplit__mark_of(const char *hex, size_t len)
{
    static const char begins[] = "696d";
    char text[2 * sizeof(uint64_t) + 1] = {0};

    if (len != sizeof text - 1 || memcmp(hex, begins, sizeof begins - 1) != 0)
        return 0;
    memcpy(text, hex, len);
    return strtoull(text, NULL, 16);
}

static bool kind_valid(const char *kind)
{
    size_t len = kind ? strlen(kind) : 0;

    return len && len <= ISPLIT__KIND_MAX_BYTES &&
           strspn(kind, "abcdefghijklmnopqrstuvwxyz_") == len;
}

/* Everything around the body; what is wrong here is wrong for every version. */
static int read_envelope(const json_t *object, const char *room, isplit__event *e,
                         isplit_reason *why)
{
    int64_t seq = 0;
    const char *in = member_text(object, "room");
    const json_t *by = json_object_get(object, "by");

    if (!in || strcmp(in, room) != 0)
        return refuse(why, "the event is of another room");
    if (!isplit__id_parse(&e->by, json_string_value(by), json_string_length(by)) ||
        !member_integer(object, "seq", 1, ISPLIT__EVENT_MAX_SEQ, &seq) ||
        !member_integer(object, "lc", 1, ISPLIT__INTEGER_MAX, &e->lc) ||
        !member_integer(object, "at", 0, ISPLIT__INTEGER_MAX, &e->at) ||
        !kind_valid(member_text(object, "k")) ||
        !nonce_valid(json_object_get(object, "n")) ||
        !json_is_object(json_object_get(object, "body")))
        return refuse(why, "a member of the event is missing or wrong");
    const json_t *nonce = json_object_get(object, "n");
    e->mark = isplit__mark_of(json_string_value(nonce), json_string_length(nonce));
    e->seq = (uint32_t)seq;
    int err = read_ids(json_object_get(object, "deps"), ISPLIT__EVENT_MAX_DEPS, &e->deps,
                       &e->dep_count);
    return err == IC_ERR_PROTO ? refuse(why, "the event's deps are wrong") : err;
}

static int read_clear(const json_t *body, isplit__event *e)
{
    int err = read_ids(json_object_get(body, "legacy"), MAX_CLEARED_LEGACY, &e->refs,
                       &e->ref_count);

    if (!err && json_object_size(body) == 1)
        e->kind = ISPLIT__KIND_CLEAR;
    return err == IC_ERR_PROTO ? 0 : err;
}

static int copy_text(const char *text, char **out)
{
    *out = ic_mem_alloc(strlen(text) + 1);
    if (*out)
        memcpy(*out, text, strlen(text) + 1);
    return *out ? 0 : IC_ERR_NOMEM;
}

/* The member "ref" of a body; false, and no error, when there is none. */
static bool read_ref(const json_t *body, isplit__event *e, int *err)
{
    isplit__id ref;
    const json_t *hex = json_object_get(body, "ref");

    if (!isplit__id_parse(&ref, json_string_value(hex), json_string_length(hex)))
        return false;
    e->refs = ic_mem_alloc(sizeof ref);
    *err = e->refs ? 0 : IC_ERR_NOMEM;
    if (e->refs)
        *e->refs = ref;
    e->ref_count = e->refs != NULL;
    return e->refs != NULL;
}

/* ref, why?: what is done to an entry, or to a clear. */
static int read_mark(const json_t *body, isplit__kind kind, isplit__event *e)
{
    int err = 0;
    const json_t *why = json_object_get(body, "why");

    if (json_object_size(body) != (why ? 2 : 1) || (why && !json_is_string(why)) ||
        !read_ref(body, e, &err))
        return err;
    e->kind = kind;
    return why ? copy_text(json_string_value(why), &e->text) : 0;
}

static int read_entry(const json_t *body, bool is_payment, const char *prefix,
                      isplit__event *e)
{
    isplit__value v;

    if (!isplit__body_read(body, is_payment, &v))
        return 0;
    e->kind = ISPLIT__KIND_ADD;
    return isplit__entry_signed(&v.entry, e, prefix, &e->entry);
}

/* ref, body: other values for an entry. */
static int read_amend(const json_t *body, const char *prefix, isplit__event *e)
{
    int err = 0;
    const json_t *values = json_object_get(body, "body");
    bool is_payment = json_object_get(values, "from") != NULL;

    if (json_object_size(body) != 2 || !values)
        return 0;
    err = read_entry(values, is_payment, prefix, e);
    if (err || !e->entry)
        return err;
    e->kind = read_ref(body, e, &err) ? ISPLIT__KIND_AMEND : ISPLIT__KIND_OTHER;
    return err;
}

static int keep_schedule(const isplit__schedule *schedule, isplit__kind kind,
                         isplit__event *e)
{
    e->schedule = ic_mem_alloc(sizeof *e->schedule);
    e->kind = e->schedule ? kind : ISPLIT__KIND_OTHER;
    if (e->schedule)
        *e->schedule = *schedule;
    return e->schedule ? 0 : IC_ERR_NOMEM;
}

/* body, every, step, until; the first day is the date of the body. */
static int read_recur(const json_t *body, const char *prefix, isplit__event *e)
{
    isplit__schedule schedule;

    if (json_object_size(body) != 4 || !isplit__schedule_read(body, &schedule))
        return 0;
    int err = read_entry(json_object_get(body, "body"), false, prefix, e);
    e->kind = ISPLIT__KIND_OTHER;
    if (err || !e->entry || !*e->entry->date)
        return err;
    return keep_schedule(&schedule, ISPLIT__KIND_RECUR, e);
}

static int read_occur(const json_t *body, isplit__event *e)
{
    int err = 0;
    int64_t number = 0;

    if (json_object_size(body) != 2 ||
        !member_integer(body, "n", 0, ISPLIT__OCCUR_MAX - 1, &number) ||
        !read_ref(body, e, &err))
        return err;
    const isplit__schedule schedule = {.number = (uint32_t)number};
    return keep_schedule(&schedule, ISPLIT__KIND_OCCUR, e);
}

/* Settings are kept as text: they are few, and most are superseded. */
static int read_room(const json_t *body, isplit__event *e)
{
    isplit__rules rules;
    isplit__buf text = {0};

    if (!isplit__rules_read(body, &rules))
        return 0;
    int err = isplit__canonical_write(&text, body, NULL);
    if (!err)
        err = isplit__buf_finish(&text, &e->text);
    isplit__buf_free(&text);
    e->kind = err ? ISPLIT__KIND_OTHER : ISPLIT__KIND_ROOM;
    return err;
}

static int read_member(const json_t *body, isplit__event *e)
{
    int err = isplit__claim_read(body, &e->by, &e->claim);

    if (!err && e->claim)
        e->kind = ISPLIT__KIND_MEMBER;
    return err;
}

/* A body that we cannot read is no error: the event is passed on, without effect. */
static int read_body(const json_t *object, const char *prefix, isplit__event *e)
{
    const char *kind = member_text(object, "k");
    const json_t *body = json_object_get(object, "body");

    if (strcmp(kind, "add") == 0)
        return read_entry(body, false, prefix, e);
    if (strcmp(kind, "pay") == 0)
        return read_entry(body, true, prefix, e);
    if (strcmp(kind, "amend") == 0)
        return read_amend(body, prefix, e);
    if (strcmp(kind, "clear") == 0)
        return read_clear(body, e);
    if (strcmp(kind, "void") == 0)
        return read_mark(body, ISPLIT__KIND_VOID, e);
    if (strcmp(kind, "unvoid") == 0)
        return read_mark(body, ISPLIT__KIND_UNVOID, e);
    if (strcmp(kind, "ack") == 0)
        return read_mark(body, ISPLIT__KIND_ACK, e);
    if (strcmp(kind, "dispute") == 0)
        return read_mark(body, ISPLIT__KIND_DISPUTE, e);
    if (strcmp(kind, "member") == 0)
        return read_member(body, e);
    if (strcmp(kind, "recur") == 0)
        return read_recur(body, prefix, e);
    if (strcmp(kind, "occur") == 0)
        return read_occur(body, e);
    if (strcmp(kind, "room") == 0)
        return read_room(body, e);
    return 0;
}

static int make_event(const json_t *object, const char *text, size_t len,
                      const isplit__context *context, isplit__event **out,
                      isplit_reason *why)
{
    isplit__event *e = ic_mem_calloc(1, sizeof *e);

    if (!e)
        return IC_ERR_NOMEM;
    isplit__id_of(&e->id, text, len);
    int err = read_envelope(object, context->room, e, why);
    if (!err)
        err = read_body(object, context->prefix, e);
    if (err)
        isplit__event_free(e);
    else
        *out = e;
    return err;
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
    int64_t version = 0;
    const json_t *sig = json_object_get(object, "sig");

    if (!json_is_object(object) || !member_integer(object, "v", 1, INT32_MAX, &version))
        return refuse(why, "not an event");
    if (version != 2) {
        isplit__refuse(why, "the event is of a later version");
        return IC_ERR_UNSUPPORTED;
    }
    if (json_object_size(object) != ENVELOPE_MEMBERS + 1 ||
        !read_hex(item->sig, IC_SIGNATURE_BYTES, json_string_value(sig),
                  json_string_length(sig)))
        return refuse(why, "the event has no signature, or other members than an event");
    int err = isplit__canonical_write(canonical, object, "sig");
    if (err == IC_ERR_PROTO)
        return refuse(why, "the event nests too deep or has a number that is not whole");
    if (!err && canonical->len > ISPLIT__EVENT_MAX_BYTES)
        err = refuse(why, "the event is too large");
    return err;
}

int isplit__event_read(const json_t *object, const isplit__context *context,
                       isplit__item *out, isplit_reason *why)
{
    isplit__item item = {0};
    isplit__buf canonical = {0};

    int err = read_outside(object, &item, &canonical, why);
    if (!err)
        err =
            make_event(object, canonical.data, canonical.len, context, &item.event, why);
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
        return isplit__event_read(x ? x : object, context, out, why);
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

static int load_json(const char *text, size_t len, const isplit__context *context,
                     isplit__event **out)
{
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    int err = IC_ERR_PROTO;

    if (object && json_object_size(object) == ENVELOPE_MEMBERS)
        err = make_event(object, text, len, context, out, NULL);
    json_decref(object);
    return err;
}

int isplit__event_load(const char *text, size_t len, const isplit__context *context,
                       isplit__event **out)
{
    isplit__event *e = ic_mem_calloc(1, sizeof *e);

    if (!e)
        return IC_ERR_NOMEM;
    isplit__id_of(&e->id, text, len);
    int err = isplit__quick_read(text, len, context, e);
    if (!err) {
        *out = e;
        return 0;
    }
    isplit__event_free(e);
    return err == IC_ERR_NOT_FOUND ? load_json(text, len, context, out) : err;
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
