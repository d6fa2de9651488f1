/* docs/spec/16-ledger.md, section 4.3: entries that come again and again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "ledger/recur.h"
#include "ledgers.h"
#include "unit.h"

#define DAY_MS INT64_C(86400000)

static const isplit_draft rent = {
    .payer = "alice", .amount = "800", .date = "2025-01-31", .note = "rent"};
static const isplit_repeat monthly = {ISPLIT_EVERY_MONTH, 1, "2025-04-30"};

static const isplit_state *state_of(ledgers *l, size_t who)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_ledger_state(l->of[who], &state), 0);
    return state;
}

static int try_deed(ledgers *l, size_t who, const isplit_deed *deed)
{
    const isplit_entry *entry = NULL;

    return isplit_ledger_do(l->of[who], deed, &entry, NULL, NULL);
}

static size_t due(ledgers *l, size_t who)
{
    size_t made = 99;

    assert_int_equal(isplit_ledger_due(l->of[who], &made, NULL), 0);
    return made;
}

static const isplit_deed each_month = {
    .kind = ISPLIT_DEED_RECUR, .draft = &rent, .repeat = &monthly};

static void a_month_end_does_not_creep(void **state)
{
    static const char *const days[] = {"2024-01-31", "2024-02-29", "2024-03-31",
                                       "2024-04-30"};
    isplit__schedule s = {.every = ISPLIT_EVERY_MONTH, .step = 1, .until = "2030-01-01"};
    char out[ISPLIT__DATE_BYTES];

    for (uint32_t n = 0; n < 4; n++) {
        assert_true(isplit__schedule_day(&s, "2024-01-31", n, out));
        assert_string_equal(out, days[n]);
    }
    s.every = ISPLIT_EVERY_YEAR;
    assert_true(isplit__schedule_day(&s, "2024-02-29", 1, out));
    assert_string_equal(out, "2025-02-28");
    assert_true(isplit__schedule_day(&s, "2024-02-29", 4, out));
    assert_string_equal(out, "2028-02-29");
    s.every = ISPLIT_EVERY_WEEK;
    s.step = 2;
    assert_true(isplit__schedule_day(&s, "2024-12-25", 1, out));
    assert_string_equal(out, "2025-01-08");
    s.every = ISPLIT_EVERY_DAY;
    assert_false(isplit__schedule_day(&s, "2029-12-31", 1, out));
    isplit__date_of(INT64_C(1735689600000), out);
    assert_string_equal(out, "2025-01-01");
}

static void entries_are_made_when_their_day_has_come(void **state)
{
    ledgers l;
    size_t count = 0;

    ledgers_open(&l, 2);
    assert_int_equal(try_deed(&l, 0, &each_month), 0);
    assert_int_equal(isplit_state_all_count(state_of(&l, 0)), 0);
    assert_int_equal(due(&l, 0), 0);
    l.now_ms += 60 * DAY_MS; /* 2025-03-02 */
    assert_int_equal(due(&l, 0), 2);
    assert_int_equal(due(&l, 0), 0);
    ledgers_sync(&l, 0, 1);
    assert_int_equal(due(&l, 1), 0); /* not his */
    const isplit_entry *e = isplit_state_entry(state_of(&l, 1), 1);
    assert_string_equal(e->date, "2025-02-28");
    assert_string_equal(e->note, "rent");
    assert_int_equal(isplit_state_recurring(state_of(&l, 1), &count)[0].made, 2);
    l.now_ms += 900 * DAY_MS;
    assert_int_equal(due(&l, 0), 2); /* and then it ends */
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 320000);
    ledgers_close(&l);
}

static void an_entry_made_twice_counts_once(void **state)
{
    ledgers l;
    size_t count = 0;
    char body[128];

    ledgers_open(&l, 2);
    assert_int_equal(try_deed(&l, 0, &each_month), 0);
    const char *id = isplit_state_recurring(state_of(&l, 0), &count)[0].entry->id;
    (void)snprintf(body, sizeof body, "{\"n\":0,\"ref\":\"%s\"}", id);
    ledgers_sync(&l, 0, 1);
    ledgers_write(&l, 1, "occur", body); /* a stranger */
    ledgers_write(&l, 0, "occur", body);
    ledgers_write(&l, 0, "occur", body);
    ledgers_sync(&l, 1, 0);
    assert_int_equal(isplit_state_all_count(state_of(&l, 0)), 1);
    assert_int_equal(isplit_state_total_minor(state_of(&l, 0)), 80000);
    ledgers_close(&l);
}

static void a_stopped_one_makes_no_more_until_it_goes_on(void **state)
{
    ledgers l;
    size_t count = 0;

    ledgers_open(&l, 1);
    assert_int_equal(try_deed(&l, 0, &each_month), 0);
    const char *id = isplit_state_recurring(state_of(&l, 0), &count)[0].entry->id;
    assert_int_equal(count, 1);
    const isplit_deed stop = {.kind = ISPLIT_DEED_VOID, .id = id};
    const isplit_deed go_on = {.kind = ISPLIT_DEED_UNVOID, .id = id};
    assert_int_equal(try_deed(&l, 0, &stop), 0);
    assert_true(isplit_state_recurring(state_of(&l, 0), &count)[0].stopped);
    l.now_ms += 60 * DAY_MS;
    assert_int_equal(due(&l, 0), 0);
    assert_int_equal(try_deed(&l, 0, &go_on), 0);
    assert_int_equal(due(&l, 0), 2);
    ledgers_close(&l);
}

static void what_has_no_end_or_beginning_is_refused(void **state)
{
    static const isplit_draft dateless = {.payer = "a", .amount = "1"};
    static const isplit_repeat never = {ISPLIT_EVERY_DAY, 0, "2025-04-30"};
    static const isplit_repeat past = {ISPLIT_EVERY_DAY, 1, "2024-04-30"};
    const isplit_deed bad[] = {
        {.kind = ISPLIT_DEED_RECUR, .draft = &dateless, .repeat = &monthly},
        {.kind = ISPLIT_DEED_RECUR, .draft = &rent, .repeat = &never},
        {.kind = ISPLIT_DEED_RECUR, .draft = &rent, .repeat = &past},
    };
    ledgers l;

    ledgers_open(&l, 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(try_deed(&l, 0, &bad[i]), IC_ERR_INVALID);
    ledgers_close(&l);
}

static void repeat_and_make(void *arg)
{
    const ledgers *from = arg;
    isplit_ledger *l = NULL;
    size_t made = 0;
    const isplit_entry *entry = NULL;
    const isplit_state *s = NULL;

    if (isplit_ledger_new("trip", from->identities[0], NULL, &l) != 0)
        return;
    (void)(isplit_ledger_do(l, &each_month, &entry, NULL, NULL) == 0);
    (void)(isplit_ledger_due(l, &made, NULL) == 0);
    (void)(isplit_ledger_state(l, &s) == 0);
    isplit_ledger_free(l);
}

static void survives_each_failed_allocation(void **state)
{
    ledgers l;

    ledgers_open(&l, 1);
    fail_alloc_each(repeat_and_make, &l);
    ledgers_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_end_does_not_creep),
        cmocka_unit_test(entries_are_made_when_their_day_has_come),
        cmocka_unit_test(an_entry_made_twice_counts_once),
        cmocka_unit_test(a_stopped_one_makes_no_more_until_it_goes_on),
        cmocka_unit_test(what_has_no_end_or_beginning_is_refused),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("intersplit/recur", tests, NULL, NULL);
}
