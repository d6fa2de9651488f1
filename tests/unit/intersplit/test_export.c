/* docs/spec/16-ledger.md, section 1.2. That other programs read what is written is tested
 * with those programs, in tests/cli/test_intersplit_export.py. */
#include <string.h>

#include "desk.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intersplit/export.h"
#include "unit.h"

static void open_trip(desk *d)
{
    desk_open(d);
    desk_add(d, "trip", "alice", "30", "alice,bob", "a \"nice\"\ndinner; really");
    desk_add(d, "trip", "mary ann", "0.01", "bob", "=1+1");
}

static void check_export(desk *d, isplit_export_what what, isplit_export_format format,
                         const char *expected)
{
    char *text = NULL;

    assert_int_equal(isplit_export_write(desk_state(d, "trip"), what, format, 0, &text),
                     0);
    assert_string_equal(text, expected);
    ic_mem_free(text);
}

static void ledger_gets_a_balanced_transaction_for_each_entry(void **state)
{
    desk *d = *state;
    char *text = NULL;

    open_trip(d);
    assert_int_equal(isplit_export_write(desk_state(d, "trip"), ISPLIT_EXPORT_EXPENSES,
                                         ISPLIT_EXPORT_LEDGER, 0, &text),
                     0);
    assert_non_null(
        strstr(text, " * a \"nice\"\\u000adinner, really        ; intersplit: "));
    assert_non_null(strstr(text, "\n    Members:alice                  30.00\n"
                                 "    Members:alice                 -15.00\n"
                                 "    Members:bob                   -15.00\n"));
    assert_non_null(strstr(text, "    Members:mary ann                0.01\n"
                                 "    Members:mary ann               -0.01\n"));
    ic_mem_free(text);
}

static void balances_are_numbers_and_notes_no_formulas(void **state)
{
    desk *d = *state;
    char *text = NULL;

    open_trip(d);
    check_export(d, ISPLIT_EXPORT_BALANCES, ISPLIT_EXPORT_CSV,
                 "member,balance,currency\nalice,15.00,\nbob,-15.00,\nmary ann,0.00,\n");
    check_export(d, ISPLIT_EXPORT_BALANCES, ISPLIT_EXPORT_TEXT,
                 "alice: +15.00\nbob: -15.00\nmary ann: +0.00");
    assert_int_equal(isplit_export_write(desk_state(d, "trip"), ISPLIT_EXPORT_EXPENSES,
                                         ISPLIT_EXPORT_CSV, 0, &text),
                     0);
    assert_non_null(strstr(text, ",expense,\"a \"\"nice\"\"\ndinner; really\",,,30.00,"
                                 "alice 30.00,alice 15.00; bob 15.00,,,,"));
    assert_non_null(strstr(text, ",expense,'=1+1,,,0.01,"));
    ic_mem_free(text);
}

static void settlements_of_several_currencies_name_them(void **state)
{
    desk *d = *state;
    const isplit_part parts[] = {{"alice", NULL}, {"bob", NULL}};
    const isplit_draft yen = {.payer = "bob",
                              .amount = "501",
                              .currency = "JPY",
                              .parts = parts,
                              .part_count = 2};
    const isplit_entry *entry = NULL;

    open_trip(d);
    check_export(d, ISPLIT_EXPORT_SETTLEMENTS, ISPLIT_EXPORT_CSV,
                 "from,to,amount\nbob,alice,15.00");
    assert_int_equal(isplit_book_add(d->book, "trip", &yen, &entry, NULL, NULL), 0);
    check_export(d, ISPLIT_EXPORT_SETTLEMENTS, ISPLIT_EXPORT_CSV,
                 "from,to,amount,currency\nbob,alice,15.00,\nalice,bob,251,JPY");
    check_export(d, ISPLIT_EXPORT_SETTLEMENTS, ISPLIT_EXPORT_JSON,
                 "{\"app\":\"intersplit\",\"version\":1,\"generatedAt\":"
                 "\"1970-01-01T00:00:00.000Z\",\"channel\":\"trip\",\"settlements\":["
                 "{\"from\":\"bob\",\"to\":\"alice\",\"currency\":\"\",\"minor\":1500,"
                 "\"amount\":\"15.00\"},{\"from\":\"alice\",\"to\":\"bob\","
                 "\"currency\":\"JPY\",\"minor\":251,\"amount\":\"251\"}]}");
    check_export(d, ISPLIT_EXPORT_SETTLEMENTS, ISPLIT_EXPORT_TEXT,
                 "InterSplit Settlement Export\n"
                 "generated_at: 1970-01-01T00:00:00.000Z\nchannel: trip\nevents: 3\n"
                 "settlements:\n- bob -> alice: 15.00\n- alice -> bob: 251 JPY");
}

static void what_is_void_is_left_out(void **state)
{
    desk *d = *state;
    const isplit_entry *entry = NULL;
    const isplit_deed gone = {.kind = ISPLIT_DEED_VOID, .id = "last"};

    open_trip(d);
    desk_add(d, "trip", "alice", "500", "bob", "gone");
    assert_int_equal(isplit_book_do(d->book, "trip", &gone, &entry, NULL, NULL), 0);
    check_export(d, ISPLIT_EXPORT_BALANCES, ISPLIT_EXPORT_CSV,
                 "member,balance,currency\nalice,15.00,\nbob,-15.00,\nmary ann,0.00,\n");
    for (int f = ISPLIT_EXPORT_TEXT; f <= ISPLIT_EXPORT_BEANCOUNT; f++) {
        char *text = NULL;
        assert_int_equal(isplit_export_write(desk_state(d, "trip"),
                                             ISPLIT_EXPORT_EXPENSES,
                                             (isplit_export_format)f, 0, &text),
                         0);
        assert_null(strstr(text, "gone"));
        ic_mem_free(text);
    }
}

static void names_of_formats_are_read_and_told(void **state)
{
    isplit_export_format format;
    isplit_export_what what;
    isplit_reason why;

    assert_int_equal(isplit_export_read(NULL, NULL, &format, &what, &why), 0);
    assert_int_equal(format, ISPLIT_EXPORT_TEXT);
    assert_int_equal(what, ISPLIT_EXPORT_SETTLEMENTS);
    for (int i = ISPLIT_EXPORT_TEXT; i <= ISPLIT_EXPORT_BEANCOUNT; i++) {
        const char *name = isplit_export_format_name((isplit_export_format)i);
        assert_int_equal(isplit_export_read(name, "expenses", &format, &what, &why), 0);
        assert_int_equal(format, i);
        assert_string_equal(isplit_export_what_name(what), "expenses");
    }
    assert_int_equal(isplit_export_read("xls", NULL, &format, &what, &why),
                     IC_ERR_INVALID);
    assert_non_null(strstr(why.text, "beancount"));
    assert_int_equal(isplit_export_read(NULL, "all", &format, &what, &why),
                     IC_ERR_INVALID);
}

static const isplit_state *trip;

static void export_everything(void *arg)
{
    for (int f = ISPLIT_EXPORT_TEXT; f <= ISPLIT_EXPORT_BEANCOUNT; f++) {
        for (int w = ISPLIT_EXPORT_SETTLEMENTS; w <= ISPLIT_EXPORT_EXPENSES; w++) {
            char *text = NULL;
            int err = isplit_export_write(trip, (isplit_export_what)w,
                                          (isplit_export_format)f, 0, &text);
            assert_true(err == 0 || (err == IC_ERR_NOMEM && !text));
            ic_mem_free(text);
        }
    }
}

static void without_memory_there_is_no_half_text(void **state)
{
    desk *d = *state;

    open_trip(d);
    trip = desk_state(d, "trip");
    fail_alloc_each(export_everything, NULL);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(ledger_gets_a_balanced_transaction_for_each_entry),
        WITH_DESK(balances_are_numbers_and_notes_no_formulas),
        WITH_DESK(settlements_of_several_currencies_name_them),
        WITH_DESK(what_is_void_is_left_out),
        cmocka_unit_test(names_of_formats_are_read_and_told),
        WITH_DESK(without_memory_there_is_no_half_text),
    };
    return cmocka_run_group_tests_name("intersplit/export", tests, NULL, NULL);
}
