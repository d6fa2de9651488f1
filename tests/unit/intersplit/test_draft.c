/* docs/spec/16-ledger.md, sections 2.2 and 4.3: what a user asks for becomes an entry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "ledgers.h"
#include "unit.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const isplit_part abc[] = {{"a", NULL}, {"b", NULL}, {"c", NULL}};

static const isplit_entry *add(ledgers *l, const isplit_draft *draft)
{
    const isplit_entry *entry = NULL;
    isplit_reason why = {{0}};

    if (isplit_ledger_add(l->of[0], draft, &entry, NULL, &why) != 0)
        fail_msg("not added: %s", why.text);
    return entry;
}

/* "a=10 b=5": who owes what. */
static const char *shares_of(const isplit_entry *e, char out[512])
{
    out[0] = 0;
    for (size_t i = 0; i < e->share_count; i++)
        (void)snprintf(out + strlen(out), 512 - strlen(out), "%s%s=%lld", i ? " " : "",
                       e->shares[i].name, (long long)e->shares[i].minor);
    return out;
}

/* "EUR a=10 b=-10": balances of currency number `index`. */
static const char *balances_of(ledgers *l, size_t who, size_t index, char out[512])
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l->of[who], &state), 0);
    const isplit_currency *c = isplit_state_currency(state, index);
    assert_non_null(c);
    (void)snprintf(out, 512, "%s", c->code);
    for (size_t i = 0; i < c->balance_count; i++)
        (void)snprintf(out + strlen(out), 512 - strlen(out), " %s=%lld",
                       c->balances[i].name, (long long)c->balances[i].minor);
    return out;
}

typedef struct split_case {
    isplit_split_mode mode;
    const char *amount;
    isplit_part parts[3];
    size_t count;
    const char *shares;
    int64_t values[3];
} split_case;

static void every_mode_is_written_and_read_by_others(void **state)
{
    static const split_case cases[] = {
        {ISPLIT_SPLIT_EQUAL,
         "10",
         {{"a", 0}, {"b", 0}, {"c", 0}},
         3,
         "a=334 b=333 c=333",
         {0}},
        {ISPLIT_SPLIT_EXACT,
         "10",
         {{"b", "7.50"}, {"a", "2.5"}, {"c", "0"}},
         3,
         "b=750 a=250 c=0",
         {0}},
        {ISPLIT_SPLIT_WEIGHTS,
         "10",
         {{"a", "1"}, {"b", "2"}, {"c", "3"}},
         3,
         "a=167 b=333 c=500",
         {1, 2, 3}},
        {ISPLIT_SPLIT_PERCENT,
         "100",
         {{"a", "33.33"}, {"b", "33.33"}, {"c", "33.34"}},
         3,
         "a=3333 b=3333 c=3334",
         {3333, 3333, 3334}},
        {ISPLIT_SPLIT_ADJUST,
         "18",
         {{"a", NULL}, {"b", "3"}, {"c", NULL}},
         3,
         "a=500 b=800 c=500",
         {0, 300, 0}},
    };
    char text[512];

    for (size_t i = 0; i < COUNT(cases); i++) {
        const split_case *c = &cases[i];
        const isplit_state *s = NULL;
        ledgers l;
        ledgers_open(&l, 2);
        add(&l, &(isplit_draft){.payer = "a",
                                .amount = c->amount,
                                .mode = c->mode,
                                .parts = c->parts,
                                .part_count = c->count});
        ledgers_sync(&l, 0, 1);
        assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
        const isplit_entry *e = isplit_state_entry(s, 0);
        assert_non_null(e);
        assert_int_equal(e->mode, c->mode);
        assert_string_equal(shares_of(e, text), c->shares);
        assert_int_equal(e->values != NULL, c->values[1] != 0);
        if (e->values)
            assert_memory_equal(e->values, c->values, c->count * sizeof *e->values);
        ledgers_close(&l);
    }
}

static void a_bill_keeps_its_items(void **state)
{
    static const char *const a[] = {"a"};
    static const char *const b[] = {"b"};
    static const isplit_draft_item items[] = {
        {.text = "wine", .amount = "85.91", .names = a, .name_count = 1},
        {.amount = "5", .names = b, .name_count = 1},
    };
    char text[512];
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 2);
    add(&l, &(isplit_draft){.payer = "b",
                            .amount = "100",
                            .mode = ISPLIT_SPLIT_ITEMS,
                            .items = items,
                            .item_count = 2,
                            .extra = "9.09"});
    ledgers_sync(&l, 0, 1);
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    const isplit_entry *e = isplit_state_entry(s, 0);
    assert_string_equal(shares_of(e, text), "a=9450 b=550");
    assert_int_equal(e->item_count, 2);
    assert_string_equal(e->items[0].text, "wine");
    assert_int_equal(e->items[1].amount_minor, 500);
    assert_int_equal(e->items[1].members, 2);
    ledgers_close(&l);
}

static void what_is_left_over_of_a_bill_becomes_an_item(void **state)
{
    static const isplit_draft_item items[] = {{.amount = "8"}};
    char text[512];
    ledgers l;

    ledgers_open(&l, 1);
    const isplit_entry *e = add(&l, &(isplit_draft){.payer = "a",
                                                    .amount = "10",
                                                    .mode = ISPLIT_SPLIT_ITEMS,
                                                    .parts = abc,
                                                    .part_count = 2,
                                                    .items = items,
                                                    .item_count = 1,
                                                    .rest_to = "b"});
    assert_string_equal(shares_of(e, text), "a=400 b=600");
    assert_int_equal(e->item_count, 2);
    assert_int_equal(e->items[0].members, 3);
    assert_int_equal(e->items[1].amount_minor, 200);
    assert_int_equal(e->items[1].members, 2);
    ledgers_close(&l);
}

static void several_payers_and_their_balances(void **state)
{
    static const isplit_part payers[] = {{"b", "5"}, {"a", "25"}};
    char text[512];
    ledgers l;

    ledgers_open(&l, 2);
    add(&l, &(isplit_draft){.payers = payers,
                            .payer_count = 2,
                            .amount = "30",
                            .parts = abc,
                            .part_count = 3});
    ledgers_sync(&l, 0, 1);
    assert_string_equal(balances_of(&l, 1, 0, text), " a=1500 b=-500 c=-1000");
    ledgers_close(&l);
}

static void a_refund_is_an_expense_in_the_mirror(void **state)
{
    char text[512];
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 2);
    add(&l, &(isplit_draft){.payer = "a", .amount = "30", .parts = abc, .part_count = 3});
    add(&l, &(isplit_draft){.type = ISPLIT_ENTRY_REFUND,
                            .payer = "a",
                            .amount = "10",
                            .parts = abc,
                            .part_count = 3});
    ledgers_sync(&l, 0, 1);
    assert_string_equal(balances_of(&l, 1, 0, text), " a=1334 b=-667 c=-667");
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    assert_int_equal(isplit_state_total_minor(s), 2000);
    ledgers_close(&l);
}

static void a_payment_moves_balances_and_is_no_spending(void **state)
{
    static const isplit_part to[] = {{"a", NULL}};
    char text[512];
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 2);
    add(&l, &(isplit_draft){.payer = "a", .amount = "30", .parts = abc, .part_count = 3});
    add(&l, &(isplit_draft){.type = ISPLIT_ENTRY_PAYMENT,
                            .payer = "b",
                            .amount = "4",
                            .parts = to,
                            .part_count = 1,
                            .note = "cash"});
    ledgers_sync(&l, 0, 1);
    assert_string_equal(balances_of(&l, 1, 0, text), " a=1600 b=-600 c=-1000");
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    assert_int_equal(isplit_state_total_minor(s), 3000);
    assert_int_equal(isplit_state_entry(s, 1)->type, ISPLIT_ENTRY_PAYMENT);
    ledgers_close(&l);
}

static void currencies_are_never_mixed(void **state)
{
    char text[512];
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 2);
    add(&l, &(isplit_draft){.payer = "a", .amount = "3", .parts = abc, .part_count = 3});
    add(&l, &(isplit_draft){.payer = "b",
                            .amount = "500",
                            .parts = abc,
                            .part_count = 2,
                            .currency = "jpy"});
    add(&l, &(isplit_draft){.payer = "b",
                            .amount = "1.5",
                            .parts = abc,
                            .part_count = 2,
                            .currency = "CHF"});
    ledgers_sync(&l, 0, 1);
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    assert_int_equal(isplit_state_currency_count(s), 3);
    assert_string_equal(balances_of(&l, 1, 0, text), " a=200 b=-100 c=-100");
    assert_string_equal(balances_of(&l, 1, 1, text), "CHF a=-75 b=75");
    assert_string_equal(balances_of(&l, 1, 2, text), "JPY a=-250 b=250");
    assert_int_equal(isplit_state_currency(s, 2)->exponent, 0);
    assert_int_equal(isplit_state_currency(s, 2)->total_minor, 500);
    ledgers_close(&l);
}

static void a_rate_is_frozen_with_what_it_converted(void **state)
{
    static const isplit_part payers[] = {{"a", "6"}, {"b", "4"}};
    static const isplit_part exact[] = {{"a", "3.33"}, {"b", "6.67"}};
    char text[512];
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 2);
    add(&l, &(isplit_draft){.payers = payers,
                            .payer_count = 2,
                            .amount = "10",
                            .mode = ISPLIT_SPLIT_EXACT,
                            .parts = exact,
                            .part_count = 2,
                            .currency = "USD",
                            .rate = "0.9215"});
    ledgers_sync(&l, 0, 1);
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    const isplit_entry *e = isplit_state_entry(s, 0);
    assert_int_equal(e->amount_minor, 922);
    assert_int_equal(e->original_minor, 1000);
    assert_string_equal(e->original_currency, "USD");
    assert_string_equal(e->rate, "0.9215");
    assert_string_equal(e->currency, "");
    assert_int_equal(e->paid[0].minor + e->paid[1].minor, 922);
    assert_string_equal(shares_of(e, text), "a=307 b=615");
    ledgers_close(&l);
}

static void labels_go_along(void **state)
{
    ledgers l;
    const isplit_state *s = NULL;

    ledgers_open(&l, 2);
    add(&l, &(isplit_draft){.payer = "a",
                            .amount = "1",
                            .category = "Food",
                            .date = "2024-02-29",
                            .note = " lunch "});
    ledgers_sync(&l, 0, 1);
    assert_int_equal(isplit_ledger_state(l.of[1], &s), 0);
    const isplit_entry *e = isplit_state_entry(s, 0);
    assert_string_equal(e->category, "food");
    assert_string_equal(e->date, "2024-02-29");
    assert_string_equal(e->note, "lunch");
    ledgers_close(&l);
}

typedef struct refusal {
    isplit_draft draft;
    isplit_field field;
    const char *says;
} refusal;

static const isplit_part twice[] = {{"a", "1"}, {"A ", "1"}};
static const isplit_part short_of[] = {{"a", "1"}, {"b", "1.99"}};
static const isplit_part half[] = {{"a", "x"}};
static const refusal refusals[] = {
    {{.payers = twice, .payer_count = 2, .amount = "2"}, ISPLIT_FIELD_PAYER, "twice"},
    {{.payers = short_of, .payer_count = 2, .amount = "3"},
     ISPLIT_FIELD_PAYER,
     "0.01 left"},
    {{.payers = short_of, .payer_count = 2, .amount = "2"},
     ISPLIT_FIELD_PAYER,
     "0.99 over"},
    {{.payer = "a", .payers = short_of, .payer_count = 2, .amount = "2"},
     ISPLIT_FIELD_PAYER,
     "one payer"},
    {{.payer = "a",
      .amount = "3",
      .mode = ISPLIT_SPLIT_EXACT,
      .parts = short_of,
      .part_count = 2},
     ISPLIT_FIELD_SPLIT,
     "0.01 left"},
    {{.payer = "a",
      .amount = "2",
      .mode = ISPLIT_SPLIT_EXACT,
      .parts = twice,
      .part_count = 2},
     ISPLIT_FIELD_SPLIT,
     "twice"},
    {{.payer = "a",
      .amount = "2",
      .mode = ISPLIT_SPLIT_WEIGHTS,
      .parts = half,
      .part_count = 1},
     ISPLIT_FIELD_SPLIT,
     "whole number"},
    {{.payer = "a", .amount = "2", .mode = ISPLIT_SPLIT_PERCENT},
     ISPLIT_FIELD_SPLIT,
     "name the members"},
    {{.payer = "a",
      .amount = "2",
      .mode = ISPLIT_SPLIT_EXACT,
      .parts = short_of,
      .part_count = 2,
      .rest_to = "z"},
     ISPLIT_FIELD_SPLIT,
     "member of the split"},
    {{.payer = "a",
      .amount = "2",
      .mode = ISPLIT_SPLIT_EXACT,
      .parts = abc,
      .part_count = 2},
     ISPLIT_FIELD_SPLIT,
     "only one name may take the rest"},
    {{.payer = "a", .amount = "1", .currency = "e"}, ISPLIT_FIELD_CURRENCY, ""},
    {{.payer = "a", .amount = "1.5", .currency = "JPY"}, ISPLIT_FIELD_AMOUNT, ""},
    {{.payer = "a", .amount = "1", .rate = "2"}, ISPLIT_FIELD_RATE, "another"},
    {{.payer = "a", .amount = "1", .currency = "USD", .rate = "x"},
     ISPLIT_FIELD_RATE,
     ""},
    {{.payer = "a", .amount = "1", .category = "a:b"}, ISPLIT_FIELD_CATEGORY, "':'"},
    {{.payer = "a", .amount = "1", .date = "2026-02-29"}, ISPLIT_FIELD_DATE, "calendar"},
    {{.type = ISPLIT_ENTRY_PAYMENT, .payer = "a", .amount = "1"},
     ISPLIT_FIELD_SPLIT,
     "one other"},
    {{.type = ISPLIT_ENTRY_PAYMENT,
      .payer = "a",
      .amount = "1",
      .parts = abc,
      .part_count = 1},
     ISPLIT_FIELD_SPLIT,
     "one other"},
};

static void a_refusal_names_the_field(void **state)
{
    ledgers l;

    ledgers_open(&l, 1);
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const isplit_entry *entry = NULL;
        isplit_field field = ISPLIT_FIELD_NONE;
        isplit_reason why = {{0}};
        int err = isplit_ledger_add(l.of[0], &refusals[i].draft, &entry, &field, &why);
        if (err != IC_ERR_INVALID || field != refusals[i].field ||
            !strstr(why.text, refusals[i].says))
            fail_msg("case %zu: %d at %d: %s", i, err, field, why.text);
    }
    ledgers_close(&l);
}

/* An author's own event always counts, whatever the draft. */
static void random_drafts_count_everywhere(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    uint64_t seed = 7;
    ledgers l;

    ledgers_open(&l, 1);
    for (int i = 0; i < 400; i++) {
        char amount[32];
        char texts[4][16];
        isplit_part parts[4];
        const isplit_state *s = NULL;
        const isplit_entry *entry = NULL;
        isplit_draft d = {.payer = names[ledgers_random(&seed) % 4],
                          .type = ledgers_random(&seed) % 2 ? ISPLIT_ENTRY_REFUND
                                                            : ISPLIT_ENTRY_EXPENSE,
                          .amount = amount,
                          .mode = (isplit_split_mode)(ledgers_random(&seed) % 5),
                          .parts = parts,
                          .part_count = 1 + ledgers_random(&seed) % 4,
                          .rest_to = "a",
                          .currency = ledgers_random(&seed) % 2 ? "KWD" : NULL};
        d.rate = d.currency && ledgers_random(&seed) % 2 ? "3.0215" : NULL;
        (void)snprintf(amount, sizeof amount, "%u.%02u",
                       (unsigned)(ledgers_random(&seed) % 900 + 1),
                       (unsigned)(ledgers_random(&seed) % 100));
        for (size_t k = 0; k < d.part_count; k++) {
            (void)snprintf(texts[k], sizeof texts[k], "%u",
                           (unsigned)(ledgers_random(&seed) % 30 + 1));
            parts[k] = (isplit_part){names[k], texts[k]};
        }
        assert_int_equal(isplit_ledger_state(l.of[0], &s), 0);
        size_t before = isplit_state_entry_count(s);
        int err = isplit_ledger_add(l.of[0], &d, &entry, NULL, NULL);
        if (err)
            continue;
        assert_int_equal(isplit_ledger_state(l.of[0], &s), 0);
        assert_int_equal(isplit_state_entry_count(s), before + 1);
    }
    ledgers_close(&l);
}

static void add_a_bill(void *arg)
{
    static const isplit_draft_item items[] = {{.text = "wine", .amount = "8"}};
    const isplit_entry *entry = NULL;
    isplit_ledger *l = NULL;
    const ledgers *from = arg;

    if (isplit_ledger_new("trip", from->identities[0], NULL, &l) != 0)
        return;
    (void)(isplit_ledger_add(l,
                             &(isplit_draft){.payer = "a",
                                             .amount = "8",
                                             .mode = ISPLIT_SPLIT_ITEMS,
                                             .parts = abc,
                                             .part_count = 2,
                                             .items = items,
                                             .item_count = 1,
                                             .currency = "CHF"},
                             &entry, NULL, NULL) == 0);
    isplit_ledger_free(l);
}

static void survives_each_failed_allocation(void **state)
{
    ledgers l;

    ledgers_open(&l, 1);
    fail_alloc_each(add_a_bill, &l);
    ledgers_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mode_is_written_and_read_by_others),
        cmocka_unit_test(a_bill_keeps_its_items),
        cmocka_unit_test(what_is_left_over_of_a_bill_becomes_an_item),
        cmocka_unit_test(several_payers_and_their_balances),
        cmocka_unit_test(a_refund_is_an_expense_in_the_mirror),
        cmocka_unit_test(a_payment_moves_balances_and_is_no_spending),
        cmocka_unit_test(currencies_are_never_mixed),
        cmocka_unit_test(a_rate_is_frozen_with_what_it_converted),
        cmocka_unit_test(labels_go_along),
        cmocka_unit_test(a_refusal_names_the_field),
        cmocka_unit_test(random_drafts_count_everywhere),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/draft", tests, NULL, NULL);
}
