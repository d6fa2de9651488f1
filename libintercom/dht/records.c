#include "dht/records.h"

#include <string.h>

#include <sodium.h>

#include "base/env.h"
#include "base/map.h"
#include "dht/rpc.h"
#include "dht/shelf.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define RECORD_AGE_NS (1200 * IC__SEC)  /* 20 minutes */
#define VALUE_AGE_NS (172800 * IC__SEC) /* 48 hours */
#define FIRST_RECORDS 4

/* All who announced one topic, in no order. */
typedef struct topic {
    struct record **records;
    size_t count;
    size_t cap;
    uint8_t key[IC__DHT_KEY_BYTES];
} topic;

typedef struct record {
    ic__shelf_item item; /* under the hash of topic and public key */
    topic *topic;
    size_t slot; /* in the topic */
    ic__dht_peer peer;
} record;

typedef struct bump {
    ic__shelf_item item;
    uint64_t at_ms;
} bump;

typedef struct promise {
    ic__shelf_item item;
    ic__records_promise what;
} promise;

typedef struct value {
    ic__shelf_item item;
    uint64_t seq; /* of a mutable one */
    size_t len;
    uint8_t bytes[]; /* as a reply to a get */
} value;

struct ic__records {
    ic_env env;
    uint8_t secret[crypto_shorthash_KEYBYTES];
    ic__map topics; /* by a keyed hash */
    ic__shelf records;
    ic__shelf bumps;
    ic__shelf promises;
    ic__shelf mutables;
    ic__shelf immutables;
};

static uint64_t topic_hash(const ic__records *r, const uint8_t *key)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t v;

    (void)crypto_shorthash(out, key, IC__DHT_KEY_BYTES, r->secret);
    memcpy(&v, out, sizeof v);
    return v;
}

static void topic_free(ic__records *r, topic *t)
{
    (void)ic__map_take(&r->topics, topic_hash(r, t->key));
    ic_mem_free(t->records);
    ic_mem_free(t);
}

/* Nobody's list stays large for the sake of a flood that has passed. */
static void topic_shrink(topic *t)
{
    record **fewer;

    if (t->cap == FIRST_RECORDS || t->count > t->cap / 4)
        return;
    fewer = ic_mem_resize(t->records, t->cap / 2 * sizeof(record *));
    if (!fewer)
        return;
    t->records = fewer;
    t->cap /= 2;
}

static void leave_topic(ic__records *r, record *rec)
{
    topic *t = rec->topic;

    t->records[rec->slot] = t->records[--t->count];
    t->records[rec->slot]->slot = rec->slot;
    if (t->count)
        topic_shrink(t);
    else
        topic_free(r, t);
}

static void drop_record(ic__shelf_item *item, void *user)
{
    record *rec = IC__ELEMENT(item, record, item);

    leave_topic(user, rec);
    ic_mem_free(rec);
}

static void drop_bump(ic__shelf_item *item, void *user)
{
    (void)user;
    ic_mem_free(IC__ELEMENT(item, bump, item));
}

static void drop_promise(ic__shelf_item *item, void *user)
{
    (void)user;
    ic_mem_free(IC__ELEMENT(item, promise, item));
}

static void drop_value(ic__shelf_item *item, void *user)
{
    (void)user;
    ic_mem_free(IC__ELEMENT(item, value, item));
}

int ic__records_new(ic__records **out, const ic_env *env,
                    const ic__records_limits *limits)
{
    const ic__shelf_limits short_lived = {.max_items = limits->max_records,
                                          .max_items_host = limits->max_records_host,
                                          .age_ns = RECORD_AGE_NS};
    const ic__shelf_limits values = {.max_items = limits->max_values,
                                     .max_items_host = limits->max_values_host,
                                     .max_bytes = limits->max_value_bytes,
                                     .max_bytes_host = limits->max_value_bytes_host,
                                     .age_ns = VALUE_AGE_NS};
    ic__records *r = ic_mem_calloc(1, sizeof *r);

    if (!r)
        return IC_ERR_NOMEM;
    r->env = *env;
    env->random(r->secret, sizeof r->secret, env->user);
    ic__shelf_init(&r->records, env, &short_lived, drop_record, r);
    ic__shelf_init(&r->bumps, env, &short_lived, drop_bump, NULL);
    ic__shelf_init(&r->promises, env, &short_lived, drop_promise, NULL);
    ic__shelf_init(&r->mutables, env, &values, drop_value, NULL);
    ic__shelf_init(&r->immutables, env, &values, drop_value, NULL);
    *out = r;
    return 0;
}

void ic__records_free(ic__records *r)
{
    if (!r)
        return;
    ic__shelf_free(&r->records);
    ic__shelf_free(&r->bumps);
    ic__shelf_free(&r->promises);
    ic__shelf_free(&r->mutables);
    ic__shelf_free(&r->immutables);
    ic__map_free(&r->topics);
    ic_mem_free(r);
}

void ic__records_expire(ic__records *r, uint64_t now)
{
    ic__shelf_expire(&r->records, now);
    ic__shelf_expire(&r->bumps, now);
    ic__shelf_expire(&r->promises, now);
    ic__shelf_expire(&r->mutables, now);
    ic__shelf_expire(&r->immutables, now);
}

static void record_key(uint8_t key[IC__DHT_KEY_BYTES], const uint8_t *topic_key,
                       const uint8_t *public_key)
{
    uint8_t both[2 * IC__DHT_KEY_BYTES];

    memcpy(both, topic_key, IC__DHT_KEY_BYTES);
    memcpy(both + IC__DHT_KEY_BYTES, public_key, IC__DHT_KEY_BYTES);
    ic__dht_hash(key, both, sizeof both);
}

static topic *topic_new(ic__records *r, const uint8_t *key)
{
    topic *t = ic_mem_calloc(1, sizeof *t);

    if (!t)
        return NULL;
    memcpy(t->key, key, sizeof t->key);
    if (ic__map_put(&r->topics, topic_hash(r, key), t) != 0) {
        ic_mem_free(t);
        return NULL;
    }
    return t;
}

/* The topic with room for one record more; NULL when memory is out. Two topics of the
 * same hash do not happen to honest peers, and the later one is refused. */
static topic *topic_with_room(ic__records *r, const uint8_t *key)
{
    topic *t = ic__map_get(&r->topics, topic_hash(r, key));
    record **more;
    size_t cap;

    if (!t)
        t = topic_new(r, key);
    if (!t || memcmp(t->key, key, sizeof t->key) != 0)
        return NULL;
    if (t->count < t->cap)
        return t;
    cap = t->cap ? 2 * t->cap : FIRST_RECORDS;
    more = ic_mem_resize(t->records, cap * sizeof(record *));
    if (!more) {
        if (!t->count)
            topic_free(r, t);
        return NULL;
    }
    t->records = more;
    t->cap = cap;
    return t;
}

static void enter_topic(topic *t, record *rec)
{
    rec->topic = t;
    rec->slot = t->count;
    t->records[t->count++] = rec;
}

int ic__records_announce(ic__records *r, const uint8_t topic_key[IC__DHT_KEY_BYTES],
                         const ic__dht_peer *peer, const ic__addr *from, uint64_t now)
{
    record *rec = ic_mem_calloc(1, sizeof *rec);
    int err = IC_ERR_NOMEM;
    topic *t = rec ? topic_with_room(r, topic_key) : NULL;

    if (!t) {
        ic_mem_free(rec);
        return err;
    }
    rec->peer = *peer;
    record_key(rec->item.key, topic_key, peer->public_key);
    enter_topic(t, rec); /* first: the topic must not go when an older record does */
    err = ic__shelf_put(&r->records, &rec->item, from, now);
    if (err)
        drop_record(&rec->item, r);
    return err;
}

void ic__records_unannounce(ic__records *r, const uint8_t topic_key[IC__DHT_KEY_BYTES],
                            const uint8_t public_key[IC__DHT_KEY_BYTES])
{
    uint8_t key[IC__DHT_KEY_BYTES];
    ic__shelf_item *item;

    record_key(key, topic_key, public_key);
    item = ic__shelf_get(&r->records, key, 0);
    if (item)
        ic__shelf_remove(&r->records, item);
}

static size_t random_below(const ic_env *env, size_t limit)
{
    uint64_t v;

    env->random(&v, sizeof v, env->user);
    return (size_t)(v % limit); /* limit is far below 2^32: no bias to speak of */
}

static void swap_records(topic *t, size_t a, size_t b)
{
    record *at_a = t->records[a];

    t->records[a] = t->records[b];
    t->records[b] = at_a;
    t->records[a]->slot = a;
    t->records[b]->slot = b;
}

size_t ic__records_lookup(ic__records *r, const uint8_t topic_key[IC__DHT_KEY_BYTES],
                          ic__dht_peer *out, size_t cap, uint64_t now)
{
    topic *t;
    size_t n;

    ic__shelf_expire(&r->records, now);
    t = ic__map_get(&r->topics, topic_hash(r, topic_key));
    if (!t || memcmp(t->key, topic_key, sizeof t->key) != 0)
        return 0;
    n = t->count < cap ? t->count : cap;
    for (size_t i = 0; i < n; i++) {
        swap_records(t, i, i + random_below(&r->env, t->count - i));
        out[i] = t->records[i]->peer;
    }
    return n;
}

uint64_t ic__records_bump(ic__records *r, const uint8_t topic_key[IC__DHT_KEY_BYTES],
                          uint64_t now)
{
    ic__shelf_item *item = ic__shelf_get(&r->bumps, topic_key, now);

    return item ? IC__ELEMENT(item, bump, item)->at_ms : 0;
}

int ic__records_set_bump(ic__records *r, const uint8_t topic_key[IC__DHT_KEY_BYTES],
                         uint64_t at_ms, const ic__addr *from, uint64_t now)
{
    bump *b = ic_mem_calloc(1, sizeof *b);
    int err;

    if (!b)
        return IC_ERR_NOMEM;
    b->at_ms = at_ms;
    memcpy(b->item.key, topic_key, sizeof b->item.key);
    err = ic__shelf_put(&r->bumps, &b->item, from, now);
    if (err)
        ic_mem_free(b);
    return err;
}

int ic__records_set_promise(ic__records *r, const uint8_t refresh[IC__DHT_KEY_BYTES],
                            const ic__records_promise *what, const ic__addr *from,
                            uint64_t now)
{
    promise *p = ic_mem_calloc(1, sizeof *p);
    int err;

    if (!p)
        return IC_ERR_NOMEM;
    p->what = *what;
    memcpy(p->item.key, refresh, sizeof p->item.key);
    err = ic__shelf_put(&r->promises, &p->item, from, now);
    if (err)
        ic_mem_free(p);
    return err;
}

int ic__records_take_promise(ic__records *r, const uint8_t preimage[IC__DHT_KEY_BYTES],
                             ic__records_promise *what, uint64_t now)
{
    uint8_t key[IC__DHT_KEY_BYTES];
    ic__shelf_item *item;

    ic__dht_hash(key, preimage, IC__DHT_KEY_BYTES);
    item = ic__shelf_get(&r->promises, key, now);
    if (!item)
        return IC_ERR_NOT_FOUND;
    *what = IC__ELEMENT(item, promise, item)->what;
    ic__shelf_remove(&r->promises, item);
    return 0;
}

static value *value_get(ic__shelf *shelf, const uint8_t *target, uint64_t now)
{
    ic__shelf_item *item = ic__shelf_get(shelf, target, now);

    if (!item)
        return NULL;
    ic__shelf_refresh(shelf, item, now);
    return IC__ELEMENT(item, value, item);
}

static int value_put(ic__shelf *shelf, value *v, const uint8_t *target,
                     const ic__addr *from, uint64_t now)
{
    int err;

    v->item.bytes = v->len;
    memcpy(v->item.key, target, sizeof v->item.key);
    err = ic__shelf_put(shelf, &v->item, from, now);
    if (err)
        ic_mem_free(v);
    return err;
}

static value *value_new(size_t len)
{
    value *v = ic_mem_alloc(sizeof *v + len);

    if (v)
        *v = (value){.len = len};
    return v;
}

const uint8_t *ic__records_mutable(ic__records *r,
                                   const uint8_t target[IC__DHT_KEY_BYTES], size_t *len,
                                   uint64_t *seq, uint64_t now)
{
    value *v = value_get(&r->mutables, target, now);

    if (!v)
        return NULL;
    *len = v->len;
    *seq = v->seq;
    return v->bytes;
}

/* The stored one decides: a seq is used once, and never falls. */
static int check_seq(const value *old, const ic__dht_mutable *m)
{
    ic__dht_mutable stored;

    if (!old || m->seq > old->seq)
        return 0;
    if (m->seq < old->seq)
        return IC_ERR_INVALID;
    if (ic__dht_mutable_get_decode(&stored, old->bytes, old->len) != 0)
        return IC_ERR_CORRUPT;
    return stored.value_len == m->value_len &&
                   (!m->value_len || memcmp(stored.value, m->value, m->value_len) == 0)
               ? 0
               : IC_ERR_EXISTS;
}

int ic__records_set_mutable(ic__records *r, const uint8_t target[IC__DHT_KEY_BYTES],
                            const ic__dht_mutable *m, const ic__addr *from, uint64_t now)
{
    const size_t most = 9 + 9 + m->value_len + IC__DHT_SIGNATURE_BYTES;
    int err = check_seq(value_get(&r->mutables, target, now), m);
    value *v = err ? NULL : value_new(most);
    ic__wr w;

    if (!v)
        return err ? err : IC_ERR_NOMEM;
    w = ic__wr_of(v->bytes, most);
    ic__dht_mutable_get_write(&w, m);
    v->len = w.len;
    v->seq = m->seq;
    return value_put(&r->mutables, v, target, from, now);
}

const uint8_t *ic__records_immutable(ic__records *r,
                                     const uint8_t target[IC__DHT_KEY_BYTES], size_t *len,
                                     uint64_t now)
{
    value *v = value_get(&r->immutables, target, now);

    if (!v)
        return NULL;
    *len = v->len;
    return v->bytes;
}

int ic__records_set_immutable(ic__records *r, const uint8_t target[IC__DHT_KEY_BYTES],
                              const uint8_t *data, size_t len, const ic__addr *from,
                              uint64_t now)
{
    value *v = value_new(len);

    if (!v)
        return IC_ERR_NOMEM;
    if (len)
        memcpy(v->bytes, data, len);
    return value_put(&r->immutables, v, target, from, now);
}

ic__records_stats ic__records_get_stats(const ic__records *r)
{
    return (ic__records_stats){
        .records = ic__shelf_count(&r->records),
        .topics = r->topics.count,
        .bumps = ic__shelf_count(&r->bumps),
        .promises = ic__shelf_count(&r->promises),
        .mutables = ic__shelf_count(&r->mutables),
        .immutables = ic__shelf_count(&r->immutables),
        .value_bytes = r->mutables.bytes + r->immutables.bytes,
    };
}
