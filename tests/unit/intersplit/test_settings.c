/* docs/spec/16-ledger.md, sections 2.2, 4.3 and 4.6: members, their words, settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "ledgers.h"
#include "unit.h"

static const isplit_draft fifty = {.payer = "alice", .amount = "50"};

static const isplit_state *state_of(ledgers *l, size_t who)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l->of[who], &state), 0);
    return state;
}

static int try_deed(ledgers *l, size_t who, const isplit_deed *deed)
{
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};

    int err = isplit_ledger_do(l->of[who], deed, &entry, NULL, &why);
    assert_int_equal(err != 0, why.text[0] != 0);
    return err;
}

static int member(ledgers *l, size_t who, const isplit_member_deed *m)
{
    return try_deed(l, who, &(isplit_deed){.kind = ISPLIT_DEED_MEMBER, .member = m});
}

static int claim(ledgers *l, size_t who, const char *name)
{
    return member(l, who, &(isplit_member_deed){.name = name, .claim = true});
}

static int word(ledgers *l, size_t who, isplit_deed_kind kind)
{
    return try_deed(l, who, &(isplit_deed){.kind = kind, .id = "last", .text = "hm"});
}

/* The settings of now with one changed by the caller. */
static isplit_settings settings_of(ledgers *l, size_t who)
{
    return *isplit_state_settings(state_of(l, who));
}

static int set(ledgers *l, size_t who, const isplit_settings *s)
{
    return try_deed(l, who, &(isplit_deed){.kind = ISPLIT_DEED_SET, .settings = s});
}

static void agree(ledgers *l)
{
    ledgers_sync(l, 0, 1);
    ledgers_sync(l, 1, 0);
    char *a = ledgers_picture(state_of(l, 0));
    char *b = ledgers_picture(state_of(l, 1));
    assert_string_equal(a, b);
    free(a);
    free(b);
}

static const isplit_member *member_of(ledgers *l, size_t who, const char *name)
{
    size_t count = 0;
    const isplit_member *members = isplit_state_members(state_of(l, who), &count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    }
    return NULL;
}

static unsigned flags(ledgers *l, size_t who)
{
    return isplit_state_all(state_of(l, who), 0)->flags;
}

static void the_first_claim_binds_a_name_and_others_are_flagged(void **state)
{
    ledgers l;
    char body[256];

    ledgers_open(&l, 2);
    assert_int_equal(claim(&l, 0, "Alice"), 0);
    ledgers_sync(&l, 0, 1);
    assert_int_equal(claim(&l, 1, "alice"), IC_ERR_DENIED);
    (void)snprintf(body, sizeof body,
                   "{\"active\":false,\"key\":\"%s\",\"name\":\"alice\"}",
                   ic_identity_public_key_hex(l.identities[1]));
    ledgers_write(&l, 1, "member", body);
    agree(&l);
    const isplit_member *alice = member_of(&l, 0, "alice");
    assert_string_equal(alice->key, ic_identity_public_key_hex(l.identities[0]));
    assert_true(alice->contested);
    assert_true(alice->active);
    ledgers_close(&l);
}

static void who_left_shares_nothing_that_names_nobody(void **state)
{
    ledgers l;

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "3", "alice,bob,carol");
    assert_int_equal(member(&l, 1, &(isplit_member_deed){.name = "bob", .leave = true}),
                     0);
    agree(&l);
    ledgers_add(&l, 0, "alice", "4", "");
    const isplit_entry *e = isplit_state_entry(state_of(&l, 0), 1);
    assert_int_equal(e->share_count, 2);
    assert_string_equal(e->shares[1].name, "carol");
    assert_int_equal(member(&l, 1, &(isplit_member_deed){.name = "bob", .weight = 3}), 0);
    agree(&l);
    const isplit_draft weighted = {
        .payer = "alice", .amount = "5", .mode = ISPLIT_SPLIT_WEIGHTS};
    const isplit_deed deed = {.kind = ISPLIT_DEED_ADD, .draft = &weighted};
    assert_int_equal(try_deed(&l, 0, &deed), 0);
    e = isplit_state_entry(state_of(&l, 0), 2);
    assert_int_equal(e->share_count, 3);
    assert_int_equal(e->shares[1].minor, 300);
    ledgers_close(&l);
}

static void an_entry_is_confirmed_when_all_it_names_stand_behind_it(void **state)
{
    ledgers l;

    ledgers_open(&l, 2);
    assert_int_equal(claim(&l, 0, "alice"), 0);
    ledgers_add(&l, 0, "alice", "10", "bob");
    ledgers_sync(&l, 0, 1);
    assert_int_equal(flags(&l, 1), ISPLIT_ENTRY_SIGNED);
    assert_int_equal(word(&l, 1, ISPLIT_DEED_ACK), IC_ERR_DENIED);
    assert_int_equal(claim(&l, 1, "bob"), 0);
    assert_int_equal(word(&l, 1, ISPLIT_DEED_DISPUTE), 0);
    agree(&l);
    assert_int_equal(flags(&l, 0), ISPLIT_ENTRY_SIGNED | ISPLIT_ENTRY_DISPUTED);
    assert_int_equal(word(&l, 1, ISPLIT_DEED_ACK), 0);
    agree(&l);
    assert_int_equal(flags(&l, 0), ISPLIT_ENTRY_SIGNED | ISPLIT_ENTRY_CONFIRMED);
    /* other values want another word */
    const isplit_draft more = {.payer = "alice",
                               .amount = "20",
                               .parts = &(isplit_part){"bob", NULL},
                               .part_count = 1};
    const isplit_deed amend = {.kind = ISPLIT_DEED_AMEND, .id = "last", .draft = &more};
    assert_int_equal(try_deed(&l, 0, &amend), 0);
    assert_false(flags(&l, 0) & ISPLIT_ENTRY_CONFIRMED);
    agree(&l);
    assert_int_equal(word(&l, 1, ISPLIT_DEED_ACK), 0);
    agree(&l);
    assert_true(flags(&l, 0) & ISPLIT_ENTRY_CONFIRMED);
    ledgers_close(&l);
}

static void the_currency_of_a_room_is_set_once(void **state)
{
    ledgers l;

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "1", "bob");
    isplit_settings s = settings_of(&l, 0);
    assert_string_equal(s.currency, "");
    s.currency = "eur";
    assert_int_equal(set(&l, 0, &s), IC_ERR_INVALID);
    s.currency = "EUR";
    assert_int_equal(set(&l, 0, &s), 0);
    agree(&l);
    assert_string_equal(isplit_state_currency(state_of(&l, 1), 0)->code, "EUR");
    const isplit_draft euro = {.payer = "alice", .amount = "1", .currency = "EUR"};
    const isplit_deed deed = {.kind = ISPLIT_DEED_ADD, .draft = &euro};
    assert_int_equal(try_deed(&l, 1, &deed), 0);
    assert_int_equal(isplit_state_currency_count(state_of(&l, 1)), 1);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 1)), 200);
    s = settings_of(&l, 0);
    s.currency = "USD";
    assert_int_equal(set(&l, 0, &s), IC_ERR_INVALID);
    ledgers_write(&l, 0, "room", "{\"cur\":\"USD\",\"exp\":2,\"rotate\":1}");
    agree(&l);
    assert_string_equal(settings_of(&l, 1).currency, "EUR");
    assert_true(settings_of(&l, 1).rotate);
    ledgers_close(&l);
}

static void only_owners_set_and_they_change_what_others_wrote(void **state)
{
    ledgers l;
    size_t removed = 0;

    ledgers_open(&l, 2);
    ledgers_add(&l, 1, "bob", "1", "alice");
    agree(&l);
    const isplit_deed gone = {.kind = ISPLIT_DEED_VOID, .id = "last"};
    assert_int_equal(try_deed(&l, 0, &gone), IC_ERR_DENIED);
    isplit_settings s = settings_of(&l, 0);
    s.rotate = true;
    assert_int_equal(set(&l, 0, &s), 0);
    agree(&l);
    assert_int_equal(settings_of(&l, 1).owner_count, 1);
    assert_int_equal(set(&l, 1, &s), IC_ERR_DENIED);
    ledgers_write(&l, 1, "room", "{\"rotate\":0}"); /* a peer that does it anyhow */
    agree(&l);
    assert_true(settings_of(&l, 0).rotate);
    assert_int_equal(isplit_ledger_clear(l.of[1], &removed, NULL), IC_ERR_DENIED);
    assert_int_equal(try_deed(&l, 0, &gone), 0);
    agree(&l);
    assert_true(flags(&l, 1) & ISPLIT_ENTRY_VOID);
    ledgers_close(&l);
}

static void a_room_may_let_all_members_edit_from_then_on(void **state)
{
    ledgers l;
    char body[256];

    ledgers_open(&l, 2);
    ledgers_add(&l, 0, "alice", "1", "bob");
    ledgers_sync(&l, 0, 1);
    (void)snprintf(body, sizeof body, "{\"ref\":\"%s\"}",
                   isplit_state_all(state_of(&l, 0), 0)->id);
    ledgers_write(&l, 1, "void", body); /* knows nothing of what comes now */
    isplit_settings s = settings_of(&l, 0);
    s.edit = ISPLIT_EDIT_MEMBERS;
    assert_int_equal(set(&l, 0, &s), 0);
    agree(&l);
    assert_false(flags(&l, 0) & ISPLIT_ENTRY_VOID);
    assert_int_equal(
        try_deed(&l, 1, &(isplit_deed){.kind = ISPLIT_DEED_VOID, .id = "last"}), 0);
    agree(&l);
    assert_true(flags(&l, 0) & ISPLIT_ENTRY_VOID);
    ledgers_close(&l);
}

static void take_old(ledgers *l)
{
    static const char old[] = "{\"txId\":\"t\",\"payer\":\"alice\",\"amountCents\":7,"
                              "\"split\":[\"bob\"],\"note\":\"\",\"ts\":1,\"by\":null}";
    isplit_taken taken;

    assert_int_equal(isplit_ledger_take(l->of[0], old, strlen(old), &taken, NULL), 0);
}

static void settings_decide_what_counts(void **state)
{
    const char *writers[1];
    ledgers l;

    ledgers_open(&l, 2);
    take_old(&l);
    ledgers_add(&l, 0, "alice", "1", "alice");
    agree(&l);
    ledgers_add(&l, 1, "bob", "10", "alice");
    agree(&l);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 1107);
    isplit_settings s = settings_of(&l, 0);
    s.ignore_unsigned = true;
    assert_int_equal(set(&l, 0, &s), 0);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 1100);
    assert_int_equal(isplit_state_entry_count(state_of(&l, 0)), 3);
    assert_true(flags(&l, 0) & ISPLIT_ENTRY_IGNORED);
    writers[0] = ic_identity_public_key_hex(l.identities[0]);
    s = settings_of(&l, 0);
    s.ignore_unsigned = false;
    s.writers = writers;
    s.writer_count = 1;
    assert_int_equal(set(&l, 0, &s), 0);
    agree(&l);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 1)), 107);
    s = settings_of(&l, 0);
    s.writer_count = 0;
    s.count = ISPLIT_COUNT_ACKED;
    assert_int_equal(claim(&l, 0, "alice"), 0);
    assert_int_equal(set(&l, 0, &s), 0);
    agree(&l);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 1)), 100);
    ledgers_close(&l);
}

static void a_preset_stands_for_its_members(void **state)
{
    static const isplit_share parts[] = {{"alice", 2}, {"bob", 1}};
    static const isplit_preset presets[] = {
        {.name = "flat", .mode = ISPLIT_SPLIT_WEIGHTS, .parts = parts, .part_count = 2}};
    static const isplit_part flat[] = {{"flat", NULL}};
    static const isplit_draft named = {
        .payer = "alice", .amount = "9", .parts = flat, .part_count = 1};
    static const isplit_draft standard = {.payer = "bob", .amount = "6"};
    ledgers l;

    ledgers_open(&l, 2);
    isplit_settings s = settings_of(&l, 0);
    s.presets = presets;
    s.preset_count = 1;
    s.default_preset = "none";
    assert_int_equal(set(&l, 0, &s), IC_ERR_INVALID);
    s.default_preset = "flat";
    assert_int_equal(set(&l, 0, &s), 0);
    agree(&l);
    s = settings_of(&l, 1);
    assert_int_equal(s.preset_count, 1);
    assert_string_equal(s.presets[0].parts[0].name, "alice");
    assert_int_equal(
        try_deed(&l, 1, &(isplit_deed){.kind = ISPLIT_DEED_ADD, .draft = &named}), 0);
    assert_int_equal(
        try_deed(&l, 1, &(isplit_deed){.kind = ISPLIT_DEED_ADD, .draft = &standard}), 0);
    for (size_t i = 0; i < 2; i++) {
        const isplit_entry *e = isplit_state_entry(state_of(&l, 1), i);
        assert_int_equal(e->mode, ISPLIT_SPLIT_WEIGHTS);
        assert_int_equal(e->shares[0].minor, i ? 400 : 600);
    }
    ledgers_close(&l);
}

static void ties_go_round_where_the_room_says_so(void **state)
{
    static const isplit_part three[] = {{"a", NULL}, {"b", NULL}, {"c", NULL}};
    static const isplit_draft cent = {
        .payer = "a", .amount = "0.01", .parts = three, .part_count = 3};
    ledgers l;
    size_t count = 0;
    size_t owed = 0;

    ledgers_open(&l, 1);
    isplit_settings s = settings_of(&l, 0);
    s.rotate = true;
    assert_int_equal(set(&l, 0, &s), 0);
    for (int i = 0; i < 60; i++)
        assert_int_equal(
            try_deed(&l, 0, &(isplit_deed){.kind = ISPLIT_DEED_ADD, .draft = &cent}), 0);
    const isplit_share *b = isplit_state_balances(state_of(&l, 0), &count);
    for (size_t i = 0; i < count; i++)
        owed += b[i].minor < -8;
    assert_int_equal(owed, 2);
    ledgers_close(&l);
}

/* Whatever the order, one state; also with settings and members. */
static void all_orders_give_one_state(void **state)
{
    for (uint64_t seed = 1; seed < 12; seed++) {
        ledgers l;
        size_t count = 0;
        uint64_t random = seed;
        ledgers_open(&l, 2);
        for (int i = 0; i < 12; i++) {
            size_t who = ledgers_random(&random) % 2;
            isplit_settings s = settings_of(&l, who);
            s.edit = (isplit_edit_policy)(ledgers_random(&random) % 2);
            s.count = (isplit_count_policy)(ledgers_random(&random) % 3);
            const isplit_deed deeds[] = {
                {.kind = ISPLIT_DEED_ADD, .draft = &fifty},
                {.kind = ISPLIT_DEED_ADD, .draft = &fifty},
                {.kind = ISPLIT_DEED_SET, .settings = &s},
                {.kind = ISPLIT_DEED_VOID, .id = "last"},
                {.kind = ISPLIT_DEED_AMEND, .id = "last", .draft = &fifty},
                {.kind = ISPLIT_DEED_UNVOID, .id = "last"},
                {.kind = ISPLIT_DEED_ACK, .id = "last"},
                {.kind = ISPLIT_DEED_MEMBER,
                 .member = &(isplit_member_deed){.name = "alice", .claim = true}},
            };
            (void)try_deed(&l, who, &deeds[ledgers_random(&random) % 8]);
            if (ledgers_random(&random) % 2)
                ledgers_sync(&l, who, 1 - who);
        }
        agree(&l);
        char *expected = ledgers_picture(state_of(&l, 0));
        char **events = ledgers_events(l.of[0], &count);
        for (int round = 0; round < 20; round++) {
            isplit_ledger *reader = NULL;
            const isplit_state *s = NULL;
            isplit_taken taken;
            for (size_t i = count; i > 1; i--) {
                size_t k = ledgers_random(&random) % i;
                char *swap = events[i - 1];
                events[i - 1] = events[k];
                events[k] = swap;
            }
            assert_int_equal(isplit_ledger_new("trip", NULL, NULL, &reader), 0);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(isplit_ledger_take(reader, events[i], strlen(events[i]),
                                                    &taken, NULL),
                                 0);
            assert_int_equal(isplit_ledger_state(reader, &s), 0);
            char *picture = ledgers_picture(s);
            assert_string_equal(picture, expected);
            free(picture);
            isplit_ledger_free(reader);
        }
        free(expected);
        ledgers_free_events(events, count);
        ledgers_close(&l);
    }
}

static void set_and_claim(void *arg)
{
    const ledgers *from = arg;
    isplit_ledger *l = NULL;
    const isplit_entry *entry = NULL;
    const isplit_settings s = {.currency = "EUR", .exponent = 2, .default_preset = ""};
    const isplit_member_deed me = {.name = "alice", .claim = true};
    const isplit_deed deeds[] = {
        {.kind = ISPLIT_DEED_SET, .settings = &s},
        {.kind = ISPLIT_DEED_MEMBER, .member = &me},
        {.kind = ISPLIT_DEED_ADD, .draft = &fifty},
        {.kind = ISPLIT_DEED_ACK, .id = "last"},
    };

    if (isplit_ledger_new("trip", from->identities[0], NULL, &l) != 0)
        return;
    for (size_t i = 0; i < 4; i++)
        (void)(isplit_ledger_do(l, &deeds[i], &entry, NULL, NULL) == 0);
    isplit_ledger_free(l);
}

static void survives_each_failed_allocation(void **state)
{
    ledgers l;

    ledgers_open(&l, 1);
    fail_alloc_each(set_and_claim, &l);
    ledgers_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_claim_binds_a_name_and_others_are_flagged),
        cmocka_unit_test(who_left_shares_nothing_that_names_nobody),
        cmocka_unit_test(an_entry_is_confirmed_when_all_it_names_stand_behind_it),
        cmocka_unit_test(the_currency_of_a_room_is_set_once),
        cmocka_unit_test(only_owners_set_and_they_change_what_others_wrote),
        cmocka_unit_test(a_room_may_let_all_members_edit_from_then_on),
        cmocka_unit_test(settings_decide_what_counts),
        cmocka_unit_test(a_preset_stands_for_its_members),
        cmocka_unit_test(ties_go_round_where_the_room_says_so),
        cmocka_unit_test(all_orders_give_one_state),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/settings", tests, NULL, NULL);
}
