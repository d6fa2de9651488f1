#include "scribe_body.h"

#include "intercom/sys/mem.h"
#include "intersplit/split.h"
#include "ledger/body.h"
#include "unit.h"

static const char *const names[] = {"alice", "bob", "carol", "dave"};

typedef struct values {
    isplit_split split;
    int64_t amounts[4];
    int64_t shares[4];
    isplit_split_item items[2];
    isplit_item shown[2];
    isplit_share paid[2];
    isplit_share owed[4];
} values;

/* Numbers that sum to `whole`. */
static void part(scribe *s, int64_t *parts, size_t count, int64_t whole)
{
    for (size_t i = 0; i + 1 < count; i++) {
        parts[i] = (int64_t)scribe_below(s, (uint64_t)whole + 1);
        whole -= parts[i];
    }
    parts[count - 1] = whole;
}

static void ask(scribe *s, values *v, int64_t amount)
{
    isplit_split *q = &v->split;

    *q = (isplit_split){.mode = (isplit_split_mode)scribe_below(s, 6),
                        .amount_minor = amount,
                        .exponent = 2,
                        .count = scribe_below(s, 4) + 1,
                        .values = v->amounts};
    uint64_t all = (UINT64_C(1) << q->count) - 1;
    switch (q->mode) {
    case ISPLIT_SPLIT_ITEMS:
        v->items[0] = (isplit_split_item){(amount + 1) / 2, all};
        v->items[1] = (isplit_split_item){1, 1};
        q->items = v->items;
        q->item_count = amount > 2 ? 2 : 1;
        q->extra_minor = amount - (amount + 1) / 2 - (amount > 2);
        break;
    case ISPLIT_SPLIT_EXACT:
        part(s, v->amounts, q->count, amount);
        break;
    case ISPLIT_SPLIT_PERCENT:
        part(s, v->amounts, q->count, ISPLIT_SPLIT_WHOLE);
        break;
    case ISPLIT_SPLIT_ADJUST:
        part(s, v->amounts, q->count, amount / 2);
        break;
    case ISPLIT_SPLIT_WEIGHTS:
        for (size_t i = 0; i < q->count; i++)
            v->amounts[i] = (int64_t)scribe_below(s, 5) + 1;
        break;
    case ISPLIT_SPLIT_EQUAL:
        break;
    }
}

static json_t *body_of(const isplit_entry *e)
{
    isplit__buf b = {0};
    char *text = NULL;

    isplit__body_write(&b, e);
    assert_int_equal(isplit__buf_finish(&b, &text), 0);
    json_t *body = json_loads(text, 0, NULL);
    assert_non_null(body);
    ic_mem_free(text);
    return body;
}

static void share_out(scribe *s, values *v, isplit_entry *e)
{
    size_t first = scribe_below(s, 4);
    const isplit_split *q = &v->split;

    assert_int_equal(isplit_split_compute(&v->split, v->shares, NULL), 0);
    for (size_t i = 0; i < q->count; i++)
        v->owed[i] = (isplit_share){names[(first + i) % 4], v->shares[i]};
    for (size_t i = 0; i < q->item_count; i++)
        v->shown[i] = (isplit_item){"", v->items[i].amount_minor, v->items[i].members};
    e->mode = q->mode;
    e->shares = v->owed;
    e->share_count = q->count;
    e->items = v->shown;
    e->item_count = q->item_count;
    if (q->mode != ISPLIT_SPLIT_EQUAL && q->mode != ISPLIT_SPLIT_EXACT &&
        q->mode != ISPLIT_SPLIT_ITEMS)
        e->values = v->amounts;
}

/* An entry by one or two, of one or two currencies, some of them converted. */
json_t *scribe_body_add(scribe *s, const char *date)
{
    values v;
    int64_t amount = (int64_t)scribe_below(s, 5000) + 1;
    size_t payer = scribe_below(s, 3);
    isplit_entry e = {.amount_minor = amount,
                      .paid = v.paid,
                      .paid_count = amount > 1 ? scribe_below(s, 2) + 1 : 1,
                      .type =
                          scribe_below(s, 5) ? ISPLIT_ENTRY_EXPENSE : ISPLIT_ENTRY_REFUND,
                      .date = date,
                      .note = scribe_below(s, 2) ? "dinner" : ""};

    v.paid[0] = (isplit_share){names[payer], e.paid_count > 1 ? amount - 1 : amount};
    v.paid[1] = (isplit_share){names[payer + 1], 1};
    ask(s, &v, amount);
    share_out(s, &v, &e);
    if (scribe_below(s, 4) == 0)
        e.currency = scribe_below(s, 2) ? "JPY" : "EUR";
    if (scribe_below(s, 6) == 0) {
        e.original_minor = amount * 2;
        e.original_currency = "USD";
        e.rate = "0.5";
    }
    return body_of(&e);
}

json_t *scribe_body_pay(scribe *s)
{
    size_t from = scribe_below(s, 4);
    isplit_share paid = {names[from], (int64_t)scribe_below(s, 3000) + 1};
    isplit_share got = {names[(from + 1 + scribe_below(s, 3)) % 4], paid.minor};

    return body_of(&(isplit_entry){.amount_minor = paid.minor,
                                   .type = ISPLIT_ENTRY_PAYMENT,
                                   .paid = &paid,
                                   .paid_count = 1,
                                   .shares = &got,
                                   .share_count = 1});
}

/* Mostly the author's own name; a claim also of others. */
json_t *scribe_body_member(scribe *s, size_t who)
{
    size_t name = scribe_below(s, 3) ? who : scribe_below(s, 4);
    json_t *body =
        json_pack("{sb ss}", "active", scribe_below(s, 4) != 0, "name", names[name]);

    if (scribe_below(s, 4))
        json_object_set_new(body, "key",
                            json_string(ic_identity_public_key_hex(s->identities[who])));
    if (scribe_below(s, 2))
        json_object_set_new(body, "weight",
                            json_integer((json_int_t)scribe_below(s, 9) + 1));
    if (scribe_below(s, 3) == 0)
        json_object_set_new(body, "show", json_string("Somebody"));
    return body;
}

static json_t *random_policy(scribe *s)
{
    static const char *const counts[] = {"all", "all", "signed", "acked"};
    json_t *policy = json_object();

    json_object_set_new(policy, "count", json_string(counts[scribe_below(s, 4)]));
    json_object_set_new(policy, "edit",
                        json_string(scribe_below(s, 2) ? "members" : "author"));
    json_object_set_new(policy, "unsigned", json_integer(scribe_below(s, 3) != 0));
    if (scribe_below(s, 4) == 0)
        json_object_set_new(policy, "writers",
                            json_pack("[ss]",
                                      ic_identity_public_key_hex(s->identities[0]),
                                      ic_identity_public_key_hex(s->identities[1])));
    return policy;
}

json_t *scribe_body_room(scribe *s)
{
    json_t *body = json_pack("{so si}", "policy", random_policy(s), "rotate",
                             (int)scribe_below(s, 2));

    if (scribe_below(s, 2)) {
        json_object_set_new(body, "cur", json_string(scribe_below(s, 2) ? "EUR" : "JPY"));
        json_object_set_new(body, "exp", json_integer((json_int_t)scribe_below(s, 3)));
    }
    if (scribe_below(s, 3) == 0)
        json_object_set_new(body, "presets",
                            json_pack("{s{s[ss]}}", "us", "equal", "alice", "bob"));
    return body;
}
