#include "scribe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "desk.h"
#include "ledgers.h"
#include "scribe_body.h"
#include "unit.h"

#define BIT(i) (UINT64_C(1) << (i))
#define START_MS INT64_C(1735689600000)
#define FAR_MS INT64_C(4102444800000) /* the year 2100 */
#define DEPS 16
#define MARK 0x696d000000000001ull /* of an imported entry, in its nonce */

static const char *const kind_names[SCRIBE_KINDS] = {
    "add",     "pay",  "amend", "void",  "unvoid", "clear", "member", "ack",
    "dispute", "room", "recur", "occur", NULL,     "add",   "lend"};

void scribe_begin(scribe *s, uint64_t seed)
{
    for (size_t i = 0; i < SCRIBE_AUTHORS; i++) {
        if (!s->identities[i])
            s->identities[i] = desk_identity((uint8_t)(i + 1));
        s->known[i] = 0;
    }
    s->seed = seed;
    s->mark = 0;
    s->count = 0;
    s->refused_count = 0;
}

void scribe_free(scribe *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->events[i].json);
    for (size_t i = 0; i < s->refused_count; i++)
        free(s->refused[i]);
    s->count = s->refused_count = 0;
}

void scribe_end(scribe *s)
{
    scribe_free(s);
    for (size_t i = 0; i < SCRIBE_AUTHORS; i++)
        ic_identity_free(s->identities[i]);
}

uint64_t scribe_below(scribe *s, uint64_t limit)
{
    return ledgers_random(&s->seed) % limit;
}

void scribe_tell(scribe *s, size_t from, size_t to)
{
    s->known[to] |= s->known[from];
}

/* --- the event around a body --- */

/* What is in the set and has nothing of the set behind it. */
static uint64_t heads_of(const scribe *s, uint64_t set)
{
    uint64_t heads = set;

    for (size_t i = 0; i < s->count; i++) {
        if (set & BIT(i))
            heads &= ~s->events[i].past;
    }
    return heads;
}

static uint64_t signed_ones(const scribe *s, uint64_t set)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->events[i].kind == SCRIBE_OLD)
            set &= ~BIT(i);
    }
    return set;
}

/* The heads of what is known and the author's own last. */
static uint64_t choose_deps(const scribe *s, size_t who, uint64_t known)
{
    uint64_t deps = heads_of(s, known);
    unsigned seq = 0;
    uint64_t own = 0;

    for (size_t i = 0; i < s->count; i++) {
        if (known & BIT(i) && s->events[i].who == who && s->events[i].seq > seq) {
            seq = s->events[i].seq;
            own = BIT(i);
        }
    }
    while (__builtin_popcountll(deps | own) > DEPS)
        deps &= deps - 1;
    return deps | own;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *list_deps(const scribe *s, uint64_t deps)
{
    const char *ids[DEPS];
    size_t n = 0;
    json_t *list = json_array();

    for (size_t i = 0; i < s->count; i++) {
        if (deps & BIT(i))
            ids[n++] = s->events[i].id;
    }
    qsort(ids, n, sizeof *ids, by_text);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(ids[i]));
    return list;
}

/* lc, seq and past follow from the deps. */
static void place(const scribe *s, scribe_event *e, uint64_t deps)
{
    e->lc = e->seq = 1;
    e->past = deps;
    for (size_t i = 0; i < s->count; i++) {
        const scribe_event *dep = &s->events[i];
        if (!(deps & BIT(i)))
            continue;
        e->past |= dep->past;
        e->lc = dep->lc >= e->lc ? dep->lc + 1 : e->lc;
        if (dep->who == e->who && dep->seq >= e->seq)
            e->seq = dep->seq + 1;
    }
}

/* Signed; sets the id. */
static void seal(const scribe *s, scribe_event *e, const char *text)
{
    uint8_t hash[32];
    uint8_t sig[IC_SIGNATURE_BYTES];
    char hex[2 * IC_SIGNATURE_BYTES + 1];
    char *bytes = NULL;
    int n = asprintf(&bytes, "intersplit/event/2\n%s", text);

    assert_true(n > 0);
    ic_identity_sign(s->identities[e->who], bytes, (size_t)n, sig);
    free(bytes);
    crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
    sodium_bin2hex(e->id, sizeof e->id, hash, sizeof hash);
    sodium_bin2hex(hex, sizeof hex, sig, sizeof sig);
    n = asprintf(&e->json, "%.*s,\"sig\":\"%s\"}", (int)strlen(text) - 1, text, hex);
    assert_true(n > 0);
}

/* An event after `known`; `body` is taken over. Times are no order: they go back too. */
static scribe_event make(scribe *s, size_t who, scribe_kind kind, json_t *body,
                         uint64_t known)
{
    scribe_event e = {.kind = kind, .who = who, .ref = SCRIBE_EVENTS};
    char nonce[17];
    uint64_t deps = choose_deps(s, who, signed_ones(s, known));
    int64_t at = START_MS + (int64_t)scribe_below(s, 100000);

    if (who == SCRIBE_LIAR && scribe_below(s, 8) == 0)
        at = FAR_MS;
    place(s, &e, deps);
    (void)snprintf(nonce, sizeof nonce, "%016llx",
                   s->mark ? s->mark : (unsigned long long)ledgers_random(&s->seed));
    json_t *object = json_pack(
        "{sI so ss so ss si ss ss si si}", "at", (json_int_t)at, "body", body, "by",
        ic_identity_public_key_hex(s->identities[who]), "deps", list_deps(s, deps), "k",
        kind_names[kind], "lc", e.lc, "n", nonce, "room", "trip", "seq", e.seq, "v", 2);
    assert_non_null(object);
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(text);
    seal(s, &e, text);
    free(text);
    json_decref(object);
    return e;
}

static void put(scribe *s, scribe_event e, size_t ref)
{
    size_t at = s->count++;

    assert_true(at < SCRIBE_EVENTS);
    e.ref = ref;
    s->events[at] = e;
    s->known[e.who] |= BIT(at);
}

static void write_body(scribe *s, size_t who, scribe_kind kind, json_t *body, size_t ref)
{
    put(s, make(s, who, kind, body, s->known[who]), ref);
}

/* --- what it is about --- */

/* Any event of these kinds, known or not; SCRIBE_EVENTS when there is none. */
static size_t any_of(scribe *s, uint64_t kinds)
{
    size_t first = scribe_below(s, s->count + 1);

    for (size_t i = 0; i < s->count; i++) {
        size_t at = (first + i) % s->count;
        if (kinds & BIT(s->events[at].kind))
            return at;
    }
    return SCRIBE_EVENTS;
}

static const char *id_at(const scribe *s, size_t at)
{
    return at < s->count
               ? s->events[at].id
               : "9999999999999999999999999999999999999999999999999999999999999999";
}

/* The hashes of some unsigned entries, sorted. */
static json_t *random_clear(scribe *s)
{
    const char *ids[SCRIBE_EVENTS];
    size_t n = 0;
    json_t *list = json_array();

    for (size_t i = 0; i < s->count; i++) {
        if (s->events[i].kind == SCRIBE_OLD && scribe_below(s, 3))
            ids[n++] = s->events[i].id;
    }
    qsort(ids, n, sizeof *ids, by_text);
    for (size_t i = 0; i < n; i++) {
        if (!i || strcmp(ids[i - 1], ids[i]) != 0)
            json_array_append_new(list, json_string(ids[i]));
    }
    return json_pack("{so}", "legacy", list);
}

/* An unsigned entry, of few names, so that several come under one; or the copy of a
 * signed one that lost its signature. Its id is the hash of its normal form. */
static void write_old(scribe *s, size_t who)
{
    scribe_event e = {.kind = SCRIBE_OLD, .who = who, .ref = SCRIBE_EVENTS};
    size_t copied = scribe_below(s, 3) ? SCRIBE_EVENTS : any_of(s, BIT(SCRIBE_ADD));
    const char *tx = copied < s->count    ? id_at(s, copied)
                     : scribe_below(s, 2) ? "x"
                                          : "y";
    uint8_t hash[32];
    char *bytes = NULL;
    int n =
        asprintf(&e.json,
                 "{\"amountCents\":%u,\"by\":null,\"note\":\"old\",\"payer\":"
                 "\"carol\",\"split\":[\"alice\",\"carol\"],\"ts\":%u,\"txId\":\"%s\"}",
                 (unsigned)scribe_below(s, 3) + 1, (unsigned)scribe_below(s, 3), tx);

    assert_true(n > 0);
    n = asprintf(&bytes, "v1\n%s", e.json);
    assert_true(n > 0);
    crypto_hash_sha256(hash, (const uint8_t *)bytes, (unsigned long long)n);
    free(bytes);
    sodium_bin2hex(e.id, sizeof e.id, hash, sizeof hash);
    put(s, e, SCRIBE_EVENTS);
}

static uint64_t things_to_mark(scribe_kind kind)
{
    uint64_t entries = BIT(SCRIBE_IMPORTED) | BIT(SCRIBE_ADD) | BIT(SCRIBE_PAY) |
                       BIT(SCRIBE_OCCUR) | BIT(SCRIBE_OLD);

    if (kind == SCRIBE_AMEND)
        return entries;
    if (kind == SCRIBE_ACK || kind == SCRIBE_DISPUTE)
        return entries | BIT(SCRIBE_AMEND);
    return entries | BIT(SCRIBE_CLEAR) | BIT(SCRIBE_RECUR);
}

void scribe_mark(scribe *s, size_t who, scribe_kind kind, size_t ref)
{
    json_t *body = json_pack("{ss}", "ref", id_at(s, ref));

    if (scribe_below(s, 2))
        json_object_set_new(body, "why", json_string("typo"));
    write_body(s, who, kind, body, ref);
}

static json_t *random_body(scribe *s, size_t who, scribe_kind kind)
{
    switch (kind) {
    case SCRIBE_PAY:
        return scribe_body_pay(s);
    case SCRIBE_CLEAR:
        return random_clear(s);
    case SCRIBE_MEMBER:
        return scribe_body_member(s, who);
    case SCRIBE_ROOM:
        return scribe_body_room(s);
    case SCRIBE_RECUR:
        return json_pack("{so ss si ss}", "body", scribe_body_add(s, "2025-01-31"),
                         "every", "month", "step", 1, "until", "2025-04-30");
    case SCRIBE_OCCUR:
        return json_pack("{si ss}", "n", (int)scribe_below(s, 5), "ref",
                         id_at(s, any_of(s, BIT(SCRIBE_RECUR))));
    case SCRIBE_STRANGE:
        return json_pack("{si}", "colour", 5);
    case SCRIBE_ADD:
    case SCRIBE_AMEND:
    case SCRIBE_VOID:
    case SCRIBE_UNVOID:
    case SCRIBE_ACK:
    case SCRIBE_DISPUTE:
    case SCRIBE_OLD:
    case SCRIBE_IMPORTED:
        break;
    }
    return scribe_body_add(s, NULL);
}

/* One of two rows of a file that each imports for himself, not all of the same version.
 */
static void write_imported(scribe *s, size_t who)
{
    uint64_t seed = s->seed;
    uint64_t row = scribe_below(s, 2);

    s->seed = row + scribe_below(s, 2) * 2;
    s->mark = MARK + row;
    json_t *body = scribe_body_add(s, NULL);
    write_body(s, who, SCRIBE_IMPORTED, body, SCRIBE_EVENTS);
    s->mark = 0;
    s->seed = seed + 1;
}

void scribe_write(scribe *s, size_t who, scribe_kind kind)
{
    size_t ref = SCRIBE_EVENTS;

    if (kind == SCRIBE_OLD) {
        write_old(s, who);
        return;
    }
    if (kind == SCRIBE_IMPORTED) {
        write_imported(s, who);
        return;
    }
    if (kind == SCRIBE_AMEND) {
        ref = any_of(s, things_to_mark(kind));
        write_body(
            s, who, kind,
            json_pack("{so ss}", "body",
                      scribe_below(s, 4) ? scribe_body_add(s, NULL) : scribe_body_pay(s),
                      "ref", id_at(s, ref)),
            ref);
        return;
    }
    if (kind == SCRIBE_VOID || kind == SCRIBE_UNVOID || kind == SCRIBE_ACK ||
        kind == SCRIBE_DISPUTE)
        scribe_mark(s, who, kind, any_of(s, things_to_mark(kind)));
    else
        write_body(s, who, kind, random_body(s, who, kind), ref);
}

/* --- the liar --- */

/* Another share than what sums up: stored by all, counted by none. */
static void lie_about_sums(scribe *s)
{
    json_t *body = scribe_body_add(s, NULL);
    void *share = json_object_iter(json_object_get(body, "shares"));
    json_int_t minor = json_integer_value(json_object_iter_value(share));

    json_integer_set(json_object_iter_value(share), minor + 1);
    scribe_event e = make(s, SCRIBE_LIAR, SCRIBE_ADD, body, s->known[SCRIBE_LIAR]);
    e.kind = SCRIBE_STRANGE;
    put(s, e, SCRIBE_EVENTS);
}

/* One more event of a seq that was used already: it does not know the first. */
static void sign_another_future(scribe *s)
{
    size_t at = scribe_below(s, s->count + 1);
    uint64_t known = 0;

    if (at < s->count && s->events[at].who == SCRIBE_LIAR)
        known = s->events[at].past;
    put(s, make(s, SCRIBE_LIAR, SCRIBE_ADD, scribe_body_add(s, NULL), known),
        SCRIBE_EVENTS);
}

static void refuse(scribe *s, char *json)
{
    if (s->refused_count < SCRIBE_EVENTS)
        s->refused[s->refused_count++] = json;
    else
        free(json);
}

/* A digit of the signature, or of the amount under a good one. */
static void forge(scribe *s)
{
    scribe_event e =
        make(s, SCRIBE_LIAR, SCRIBE_PAY, scribe_body_pay(s), s->known[SCRIBE_LIAR]);
    char *digit = scribe_below(s, 2) ? strstr(e.json, "\"amount\":") + 9
                                     : e.json + strlen(e.json) - 5;

    *digit = *digit == '1' ? '2' : '1';
    refuse(s, e.json);
}

/* Signed, but lc is not what follows from its deps. */
static void lie_about_place(scribe *s)
{
    const char *key = ic_identity_public_key_hex(s->identities[SCRIBE_LIAR]);
    scribe_event e = {.kind = SCRIBE_STRANGE, .who = SCRIBE_LIAR};
    char *text = NULL;
    int n = asprintf(&text,
                     "{\"at\":1,\"body\":{},\"by\":\"%s\",\"deps\":[],\"k\":\"lend\","
                     "\"lc\":7,\"n\":\"%016zx\",\"room\":\"trip\",\"seq\":1,\"v\":2}",
                     key, s->refused_count);

    assert_true(n > 0);
    seal(s, &e, text);
    free(text);
    refuse(s, e.json);
}

void scribe_lie(scribe *s)
{
    switch (scribe_below(s, 6)) {
    case 0:
        lie_about_sums(s);
        break;
    case 1:
        sign_another_future(s);
        break;
    case 2:
        forge(s);
        break;
    case 3:
        lie_about_place(s);
        break;
    default:
        scribe_write(s, SCRIBE_LIAR, scribe_below(s, 2) ? SCRIBE_VOID : SCRIBE_AMEND);
        break;
    }
}

void scribe_any(scribe *s)
{
    static const scribe_kind rare[] = {SCRIBE_CLEAR, SCRIBE_ROOM, SCRIBE_STRANGE,
                                       SCRIBE_OLD};
    size_t who = scribe_below(s, SCRIBE_AUTHORS);
    scribe_kind kind = (scribe_kind)scribe_below(s, SCRIBE_KINDS);

    for (size_t i = 0; i < sizeof rare / sizeof *rare; i++) {
        if (kind == rare[i] && scribe_below(s, 2))
            kind = SCRIBE_ADD;
    }
    if (who == SCRIBE_LIAR && scribe_below(s, 2))
        scribe_lie(s);
    else
        scribe_write(s, who, kind);
    if (scribe_below(s, 2))
        scribe_tell(s, scribe_below(s, SCRIBE_AUTHORS), scribe_below(s, SCRIBE_AUTHORS));
}
