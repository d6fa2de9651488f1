/* docs/spec/16-ledger.md, sections 4.3 and 4.4 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "ledger/events.h"
#include "ledgers.h"
#include "text/canonical.h"
#include "unit.h"

static const isplit__context trip = {.room = "trip", .prefix = "trac"};

static char *canonical(const char *json)
{
    isplit__buf b = {0};
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

    assert_non_null(value);
    int err = isplit__canonical_write(&b, value, NULL);
    json_decref(value);
    if (err) {
        isplit__buf_free(&b);
        return NULL;
    }
    return isplit__buf_take(&b);
}

static void check_canonical(const char *json, const char *expected)
{
    char *text = canonical(json);

    assert_non_null(text);
    assert_string_equal(text, expected);
    ic_mem_free(text);
}

static void keys_are_sorted_and_texts_escaped_least(void **state)
{
    check_canonical("{ \"b\" : [1, -2 ,0], \"a\": {\"z\":null,\"B\":true,\"\":false} }",
                    "{\"a\":{\"\":false,\"B\":true,\"z\":null},\"b\":[1,-2,0]}");
    check_canonical("{\"\\u00e9\":1,\"z\":2,\"a\":\"\\u0001\\b\\t\\n\\f\\r\\u000b\\\"\\\\"
                    "\\/\\u007f\\u20ac\"}",
                    "{\"a\":\"\\u0001\\b\\t\\n\\f\\r\\u000b\\\"\\\\/\x7f\xe2\x82\xac\","
                    "\"z\":2,\"\xc3\xa9\":1}");
    check_canonical("9007199254740991", "9007199254740991");
}

static void only_integers_of_javascript_are_numbers(void **state)
{
    static const char *const bad[] = {"1.5", "1e3", "9007199254740992",
                                      "-9007199254740992"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(canonical(bad[i]));
    char deep[64] = "";
    memset(deep, '[', 17);
    memset(deep + 17, ']', 17);
    assert_null(canonical(deep));
    assert_non_null(strcpy(deep, "[[[[[]]]]]"));
    check_canonical(deep, "[[[[[]]]]]");
}

/* A good event of author 0 as JSON, to be spoilt. */
static json_t *good_event(ledgers *l, char **text)
{
    ledgers_open(l, 1);
    ledgers_add(l, 0, "alice", "30", "alice,bob");
    assert_int_equal(isplit_ledger_event(l->of[0], 0, text), 0);
    json_t *e = json_loads(*text, 0, NULL);
    assert_non_null(e);
    return e;
}

static int read_object(const json_t *object, isplit__item *item)
{
    isplit_reason why = {{0}};
    char *text = json_dumps(object, JSON_COMPACT);

    assert_non_null(text);
    int err = isplit__item_read(text, strlen(text), &trip, item, &why);
    free(text);
    if (err)
        assert_true(why.text[0] != 0);
    return err;
}

static void a_good_event_is_read_whatever_its_form(void **state)
{
    ledgers l;
    char *text = NULL;
    isplit__item item;
    json_t *e = good_event(&l, &text);
    json_t *wrapped = json_pack("{ss sO}", "txId", "any", "x", e);

    assert_int_equal(read_object(e, &item), 0);
    assert_true(isplit__item_verify(&item));
    assert_int_equal(item.event->kind, ISPLIT__KIND_ADD);
    assert_int_equal(item.event->entry->amount_minor, 3000);
    assert_int_equal(item.event->entry->share_count, 2);
    assert_string_equal(item.event->entry->shares[1].name, "bob");
    isplit__item_free(&item);
    assert_int_equal(read_object(wrapped, &item), 0);
    assert_true(isplit__item_verify(&item));
    isplit__item_free(&item);
    json_decref(wrapped);
    json_decref(e);
    ic_mem_free(text);
    ledgers_close(&l);
}

typedef struct spoil {
    const char *key;
    const char *value; /* JSON; NULL = taken away */
    int error;
} spoil;

static void a_spoilt_member_is_refused(void **state)
{
    static const spoil spoils[] = {
        {"at", "-1", IC_ERR_PROTO},
        {"at", "1.5", IC_ERR_PROTO},
        {"at", NULL, IC_ERR_PROTO},
        {"body", "[]", IC_ERR_PROTO},
        {"body", NULL, IC_ERR_PROTO},
        {"by", "\"12\"", IC_ERR_PROTO},
        {"deps", "{}", IC_ERR_PROTO},
        {"deps", "[\"x\"]", IC_ERR_PROTO},
        {"k", "\"\"", IC_ERR_PROTO},
        {"k", "\"Add\"", IC_ERR_PROTO},
        {"lc", "0", IC_ERR_PROTO},
        {"n", "\"0011\"", IC_ERR_PROTO},
        {"n", "\"00112233445566778899aabbccddeeff00\"", IC_ERR_PROTO},
        {"room", "\"other\"", IC_ERR_PROTO},
        {"seq", "0", IC_ERR_PROTO},
        {"seq", "5001", IC_ERR_PROTO},
        {"sig", "\"00\"", IC_ERR_PROTO},
        {"sig", NULL, IC_ERR_PROTO},
        {"v", "3", IC_ERR_UNSUPPORTED},
        {"v", "\"2\"", IC_ERR_PROTO},
        {"more", "1", IC_ERR_PROTO},
    };
    ledgers l;
    char *text = NULL;
    json_t *e = good_event(&l, &text);

    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        isplit__item item;
        json_t *copy = json_deep_copy(e);
        json_object_del(copy, spoils[i].key);
        if (spoils[i].value)
            json_object_set_new(copy, spoils[i].key,
                                json_loads(spoils[i].value, JSON_DECODE_ANY, NULL));
        if (read_object(copy, &item) != spoils[i].error)
            fail_msg("%s = %s", spoils[i].key, spoils[i].value);
        json_decref(copy);
    }
    json_decref(e);
    ic_mem_free(text);
    ledgers_close(&l);
}

static void a_changed_event_has_a_wrong_signature(void **state)
{
    ledgers l;
    char *text = NULL;
    json_t *e = good_event(&l, &text);
    isplit_taken taken;
    isplit_reason why = {{0}};
    isplit_ledger *reader = NULL;

    json_object_set_new(e, "at", json_integer(5));
    char *changed = json_dumps(e, JSON_COMPACT);
    assert_int_equal(isplit_ledger_new("trip", NULL, NULL, &reader), 0);
    assert_int_equal(isplit_ledger_take(reader, changed, strlen(changed), &taken, &why),
                     IC_ERR_AUTH);
    free(changed);
    isplit_ledger_free(reader);
    json_decref(e);
    ic_mem_free(text);
    ledgers_close(&l);
}

/* Does a signed event with this body count as an entry? */
static void kind_counts(const char *kind, const char *body, bool counts)
{
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 1);
    ledgers_write(&l, 0, kind, body);
    assert_int_equal(isplit_ledger_state(l.of[0], &s), 0);
    if ((isplit_state_entry_count(s) == 1) != counts)
        fail_msg("%s", body);
    ledgers_close(&l);
}

static void body_counts(const char *body, bool counts)
{
    kind_counts("add", body, counts);
}

#define BODY(amount, equal, paid, shares)                                                \
    "{\"amount\":" amount ",\"mode\":{\"equal\":" equal "},\"paid\":" paid               \
    ",\"shares\":" shares ",\"type\":\"expense\"}"

static void receivers_check_the_shares_of_the_author(void **state)
{
    body_counts(
        BODY("10", "[\"a\",\"b\",\"c\"]", "{\"a\":10}", "{\"a\":4,\"b\":3,\"c\":3}"),
        true);
    /* another rounding rule is fine as long as no share is a unit away */
    body_counts(
        BODY("10", "[\"a\",\"b\",\"c\"]", "{\"a\":10}", "{\"a\":3,\"b\":3,\"c\":4}"),
        true);
    body_counts(BODY("10", "[\"a\"]", "{\"a\":7,\"b\":3}", "{\"a\":10}"), true);
    body_counts(
        BODY("10", "[\"a\",\"b\",\"c\"]", "{\"a\":10}", "{\"a\":5,\"b\":3,\"c\":2}"),
        false);
    body_counts(BODY("10", "[\"a\",\"b\"]", "{\"a\":10}", "{\"a\":5,\"b\":4}"), false);
    body_counts(BODY("10", "[\"a\",\"b\"]", "{\"a\":9}", "{\"a\":5,\"b\":5}"), false);
    body_counts(BODY("10", "[\"a\",\"a\"]", "{\"a\":10}", "{\"a\":10}"), false);
    body_counts(BODY("10", "[\"a\",\"b\"]", "{\"a\":10}", "{\"a\":10}"), false);
    body_counts(BODY("10", "[]", "{\"a\":10}", "{}"), false);
    body_counts(BODY("10", "[\"a:b\"]", "{\"a\":10}", "{\"a:b\":10}"), false);
    body_counts(BODY("0", "[\"a\"]", "{\"a\":0}", "{\"a\":0}"), false);
    body_counts(BODY("10000000000001", "[\"a\"]", "{\"a\":10000000000001}",
                     "{\"a\":10000000000001}"),
                false);
    body_counts("{\"type\":\"expense\"}", false);
    body_counts("{}", false);
}

#define MODE(mode, shares, more)                                                         \
    "{\"amount\":10,\"mode\":" mode ",\"paid\":{\"a\":10},\"shares\":" shares            \
    ",\"type\":\"refund\"" more "}"
#define BILL(items)                                                                      \
    MODE("{\"items\":[\"a\",\"b\"]}", "{\"a\":9,\"b\":1}", ",\"items\":" items)
#define SHARED "{\"a\":5,\"b\":5}"
#define EQUAL "{\"equal\":[\"a\",\"b\"]}"

static void receivers_check_every_mode(void **state)
{
    body_counts(MODE("{\"exact\":[\"b\",\"a\"]}", "{\"a\":9,\"b\":1}", ""), true);
    body_counts(MODE("{\"exact\":[\"b\",\"a\"]}", "{\"a\":8,\"b\":1}", ""), false);
    body_counts(MODE("{\"weights\":[[\"a\",2],[\"b\",1]]}", "{\"a\":7,\"b\":3}", ""),
                true);
    body_counts(MODE("{\"weights\":[[\"a\",2],[\"b\",1]]}", "{\"a\":6,\"b\":4}", ""),
                true);
    body_counts(MODE("{\"weights\":[[\"a\",2],[\"b\",1]]}", "{\"a\":8,\"b\":2}", ""),
                false);
    body_counts(MODE("{\"weights\":[[\"a\",0],[\"b\",1]]}", "{\"a\":0,\"b\":10}", ""),
                false);
    body_counts(MODE("{\"weights\":[\"a\",\"b\"]}", SHARED, ""), false);
    body_counts(
        MODE("{\"percent\":[[\"a\",9000],[\"b\",1000]]}", "{\"a\":9,\"b\":1}", ""), true);
    body_counts(MODE("{\"percent\":[[\"a\",9000],[\"b\",999]]}", "{\"a\":9,\"b\":1}", ""),
                false);
    body_counts(MODE("{\"adjust\":[[\"a\",4],[\"b\",0]]}", "{\"a\":7,\"b\":3}", ""),
                true);
    body_counts(MODE("{\"adjust\":[[\"a\",11],[\"b\",0]]}", "{\"a\":10,\"b\":0}", ""),
                false);
    body_counts(MODE("{\"dice\":[\"a\",\"b\"]}", SHARED, ""), false);
    body_counts(MODE("{\"equal\":[\"a\"],\"exact\":[\"a\"]}", "{\"a\":10}", ""), false);
    body_counts(BILL("[{\"amount\":8,\"of\":[\"a\"],\"text\":\"tea\"},{\"amount\":1,"
                     "\"of\":[\"b\"]}]"),
                true);
    body_counts(BILL("[{\"amount\":11,\"of\":[\"a\"]}]"), false);
    body_counts(BILL("[{\"amount\":8,\"of\":[]}]"), false);
    body_counts(BILL("[{\"amount\":8,\"of\":[\"c\"]}]"), false);
    body_counts(BILL("[{\"amount\":8,\"of\":[\"a\",\"a\"]}]"), false);
    body_counts(BILL("[]"), false);
    body_counts(MODE(EQUAL, SHARED, ",\"items\":[]"), false);
}

static void receivers_check_what_is_said_beside(void **state)
{
    body_counts(MODE(EQUAL, SHARED, ",\"cat\":\"food\",\"date\":\"2024-02-29\""), true);
    body_counts(MODE(EQUAL, SHARED, ",\"date\":\"2023-02-29\""), false);
    body_counts(MODE(EQUAL, SHARED, ",\"date\":\"2023-2-9\""), false);
    body_counts(MODE(EQUAL, SHARED, ",\"cat\":\"a,b\""), false);
    body_counts(MODE(EQUAL, SHARED, ",\"cat\":5"), false);
    body_counts(MODE(EQUAL, SHARED, ",\"cur\":\"JPY\""), true);
    body_counts(MODE(EQUAL, SHARED, ",\"cur\":\"jpy\""), false);
    body_counts(MODE(EQUAL, SHARED, ",\"cur\":\"\""), false);
    body_counts(MODE(EQUAL, SHARED, ",\"colour\":\"red\""), false);
#define FX(rate) ",\"fx\":{\"amount\":12,\"cur\":\"USD\",\"rate\":\"" rate "\"}"
    body_counts(MODE(EQUAL, SHARED, FX("0.8333")), true);
    body_counts(MODE(EQUAL, SHARED, FX("1")), true); /* nobody computes it again */
    body_counts(MODE(EQUAL, SHARED, FX("0.0")), false);
    body_counts(MODE(EQUAL, SHARED, FX(".5")), false);
    body_counts(MODE(EQUAL, SHARED, FX("5.")), false);
    body_counts(MODE(EQUAL, SHARED, FX("1e3")), false);
    body_counts(MODE(EQUAL, SHARED, ",\"fx\":{\"amount\":12,\"cur\":\"USD\"}"), false);
}

static void receivers_check_payments(void **state)
{
    kind_counts("pay", "{\"amount\":5,\"from\":\"a\",\"to\":\"b\"}", true);
    kind_counts("pay",
                "{\"amount\":5,\"cur\":\"EUR\",\"date\":\"2026-01-31\",\"from\":\"a\","
                "\"note\":\"cash\",\"to\":\"b\"}",
                true);
    kind_counts("pay", "{\"amount\":5,\"from\":\"a\",\"to\":\"a\"}", false);
    kind_counts("pay", "{\"amount\":0,\"from\":\"a\",\"to\":\"b\"}", false);
    kind_counts("pay", "{\"amount\":5,\"from\":\"a:\",\"to\":\"b\"}", false);
    kind_counts("pay", "{\"amount\":5,\"cat\":\"x\",\"from\":\"a\",\"to\":\"b\"}", false);
}

static void an_entry_of_the_original_has_one_normal_form(void **state)
{
    static const char *const same[] = {
        "{\"txId\":\"t\",\"payer\":\" Alice\",\"amountCents\":5,\"split\":[\"ALICE\","
        "\"bob\",\"alice \"],\"note\":\" n \",\"ts\":1,\"by\":\"b\"}",
        "{\"by\":\"b\",\"ts\":1,\"split\":\"alice, Bob,,\",\"payer\":\"alice\","
        "\"amountCents\":\"5\",\"txId\":\" t\",\"note\":\"n\",\"more\":1}",
    };
    isplit__item items[2];

    for (size_t i = 0; i < 2; i++) {
        isplit__event *again = NULL;
        assert_int_equal(
            isplit__item_read(same[i], strlen(same[i]), &trip, &items[i], NULL), 0);
        assert_int_equal(isplit__legacy_load(items[i].text, items[i].len, &again), 0);
        assert_memory_equal(&again->id, &items[i].event->id, sizeof again->id);
        isplit__event_free(again);
    }
    assert_memory_equal(&items[0].event->id, &items[1].event->id, sizeof(isplit__id));
    assert_string_equal(
        items[0].text,
        "{\"amountCents\":5,\"by\":\"b\",\"note\":\"n\",\"payer\":"
        "\"alice\",\"split\":[\"alice\",\"bob\"],\"ts\":1,\"txId\":\"t\"}");
    for (size_t i = 0; i < 2; i++)
        isplit__item_free(&items[i]);
}

static void what_the_original_passes_over_is_no_entry(void **state)
{
    static const char *const bad[] = {
        "{\"payer\":\"a\",\"amountCents\":5,\"split\":[\"a\"]}",
        "{\"txId\":\" \",\"payer\":\"a\",\"amountCents\":5,\"split\":[\"a\"]}",
        "{\"txId\":\"t\",\"amountCents\":5,\"split\":[\"a\"]}",
        "{\"txId\":\"t\",\"payer\":\"a\",\"amountCents\":0,\"split\":[\"a\"]}",
        "{\"txId\":\"t\",\"payer\":\"a\",\"amountCents\":-5,\"split\":[\"a\"]}",
        "{\"txId\":\"t\",\"payer\":\"a\",\"amountCents\":\"x\",\"split\":[\"a\"]}",
        "{\"txId\":\"t\",\"payer\":\"a\",\"amountCents\":5,\"split\":[]}",
        "{\"txId\":\"t\",\"payer\":\"a\",\"amountCents\":5,\"split\":\",,\"}",
        "{\"txId\":\"t\",\"payer\":\"a\",\"amountCents\":5,\"split\":[1]}",
        "{\"txId\":\"t\",\"payer\":\"a\",\"amountCents\":10000000000001,\"split\":\"a\"}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        isplit__item item;
        assert_int_equal(isplit__item_read(bad[i], strlen(bad[i]), &trip, &item, NULL),
                         IC_ERR_INVALID);
    }
}

static void every_prefix_of_an_event_is_refused(void **state)
{
    ledgers l;
    char *text = NULL;
    json_decref(good_event(&l, &text));

    for (size_t n = 0; n < strlen(text); n++) {
        isplit__item item;
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        assert_int_not_equal(isplit__item_read(copy, n, &trip, &item, NULL), 0);
        free(copy);
    }
    ic_mem_free(text);
    ledgers_close(&l);
}

static void an_event_must_follow_from_its_deps(void **state)
{
    ledgers l;
    char *text = NULL;
    json_t *e = good_event(&l, &text);
    isplit_ledger *reader = NULL;
    isplit_taken taken;
    const char *members[] = {"lc", "seq"};

    assert_int_equal(isplit_ledger_new("trip", NULL, NULL, &reader), 0);
    for (size_t i = 0; i < 2; i++) {
        char body[4200];
        char hex[129];
        uint8_t sig[64];
        json_t *copy = json_deep_copy(e);
        json_object_del(copy, "sig");
        json_object_set_new(copy, members[i], json_integer(2));
        char *plain = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
        int n = snprintf(body, sizeof body, "intersplit/event/2\n%s", plain);
        ic_identity_sign(l.identities[0], body, (size_t)n, sig);
        for (size_t k = 0; k < 64; k++)
            (void)snprintf(hex + 2 * k, 3, "%02x", sig[k]);
        json_object_set_new(copy, "sig", json_string(hex));
        char *json = json_dumps(copy, JSON_COMPACT);
        assert_int_equal(isplit_ledger_take(reader, json, strlen(json), &taken, NULL),
                         IC_ERR_PROTO);
        free(json);
        free(plain);
        json_decref(copy);
    }
    isplit_ledger_free(reader);
    json_decref(e);
    ic_mem_free(text);
    ledgers_close(&l);
}

static const char *event_text;

static void take_one(void *arg)
{
    isplit_ledger *l = NULL;
    isplit_taken taken;
    const isplit_state *s = NULL;

    if (isplit_ledger_new("trip", NULL, NULL, &l) != 0)
        return;
    if (isplit_ledger_take(l, event_text, strlen(event_text), &taken, NULL) == 0)
        (void)(isplit_ledger_state(l, &s) == 0);
    isplit_ledger_free(l);
}

static void survives_each_failed_allocation(void **state)
{
    ledgers l;
    char *text = NULL;
    json_decref(good_event(&l, &text));

    event_text = text;
    fail_alloc_each(take_one, NULL);
    ic_mem_free(text);
    ledgers_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_sorted_and_texts_escaped_least),
        cmocka_unit_test(only_integers_of_javascript_are_numbers),
        cmocka_unit_test(a_good_event_is_read_whatever_its_form),
        cmocka_unit_test(a_spoilt_member_is_refused),
        cmocka_unit_test(a_changed_event_has_a_wrong_signature),
        cmocka_unit_test(receivers_check_the_shares_of_the_author),
        cmocka_unit_test(receivers_check_every_mode),
        cmocka_unit_test(receivers_check_what_is_said_beside),
        cmocka_unit_test(receivers_check_payments),
        cmocka_unit_test(an_entry_of_the_original_has_one_normal_form),
        cmocka_unit_test(what_the_original_passes_over_is_no_entry),
        cmocka_unit_test(every_prefix_of_an_event_is_refused),
        cmocka_unit_test(an_event_must_follow_from_its_deps),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/event", tests, NULL, NULL);
}
