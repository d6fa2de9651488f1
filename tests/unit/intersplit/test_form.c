/* docs/spec/16-ledger.md, section 0: the texts of the original, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk.h"
#include "fail_alloc.h"
#include "form.h"
#include "intersplit/form.h"

typedef int (*state_form)(const isplit_state *state, char **out);

static void check_form(desk *d, state_form form, const char *expected)
{
    char *text = NULL;

    assert_int_equal(form(desk_state(d, "trip-nyc"), &text), 0);
    assert_string_equal(text, expected);
    ic_mem_free(text);
}

static void check_export(desk *d, isplit_export_format format, const char *expected)
{
    char *text = NULL;

    assert_int_equal(isplit_form_export(desk_state(d, "trip-nyc"), format,
                                        INT64_C(1735689600123), &text),
                     0);
    assert_string_equal(text, expected);
    ic_mem_free(text);
}

static void an_added_entry_is_one_line(void **state)
{
    desk *d = *state;
    char *text = NULL;

    desk_open(d);
    const isplit_entry *e = desk_add(d, "trip-nyc", "Alice", "30", "alice,bob", "dinner");
    assert_int_equal(isplit_form_added(desk_state(d, "trip-nyc"), e, &text), 0);
    assert_string_equal(text, "[expense:trip-nyc] added 30.00 by alice split=alice,bob");
    ic_mem_free(text);
}

static void the_list_has_time_payer_split_and_note(void **state)
{
    desk *d = *state;

    desk_open(d);
    check_form(d, isplit_form_list, "[expense:trip-nyc] no expenses yet.");
    desk_add(d, "trip-nyc", "alice", "30", "bob", "dinner");
    desk_add(d, "trip-nyc", "bob", "10", "alice", "");
    check_form(d, isplit_form_list,
               "[expense:trip-nyc] entries=2\n"
               "- 2025-01-01T00:00:01.000Z | alice paid 30.00 | split=alice,bob | "
               "note=dinner\n"
               "- 2025-01-01T00:00:02.000Z | bob paid 10.00 | split=bob,alice | note=-");
}

static void balances_of_an_empty_and_a_settled_room(void **state)
{
    desk *d = *state;

    desk_open(d);
    check_form(d, isplit_form_balance,
               "[expense:trip-nyc] entries=0 total=0.00\n- no balances yet.");
    desk_add(d, "trip-nyc", "alice", "10", "bob", "");
    desk_add(d, "trip-nyc", "bob", "10", "alice", "");
    check_form(d, isplit_form_balance,
               "[expense:trip-nyc] entries=2 total=20.00\n"
               "- balances:\n  alice: +0.00\n  bob: +0.00\n- settlements: none");
}

static void the_text_export(void **state)
{
    desk *d = *state;

    desk_open(d);
    check_export(d, ISPLIT_EXPORT_TEXT,
                 "InterSplit Settlement Export\n"
                 "generated_at: 2025-01-01T00:00:00.123Z\n"
                 "channel: trip-nyc\nevents: 0\ntotal: 0.00\n"
                 "balances:\n- none\nsettlements:\n- none");
    desk_add(d, "trip-nyc", "alice", "30", "alice,bob", "dinner");
    check_export(d, ISPLIT_EXPORT_TEXT,
                 "InterSplit Settlement Export\n"
                 "generated_at: 2025-01-01T00:00:00.123Z\n"
                 "channel: trip-nyc\nevents: 1\ntotal: 30.00\n"
                 "balances:\n- alice: +15.00\n- bob: -15.00\n"
                 "settlements:\n- bob -> alice: 15.00");
}

static void the_json_export_is_what_stringify_writes(void **state)
{
    desk *d = *state;

    desk_open(d);
    check_export(d, ISPLIT_EXPORT_JSON,
                 "{\n  \"app\": \"intersplit\",\n  \"version\": 1,\n"
                 "  \"generatedAt\": \"2025-01-01T00:00:00.123Z\",\n"
                 "  \"channel\": \"trip-nyc\",\n  \"eventCount\": 0,\n"
                 "  \"total\": \"0.00\",\n  \"balances\": [],\n"
                 "  \"settlements\": []\n}");
    desk_add(d, "trip-nyc", "alice", "30", "alice,bob", "dinner");
    check_export(d, ISPLIT_EXPORT_JSON,
                 "{\n  \"app\": \"intersplit\",\n  \"version\": 1,\n"
                 "  \"generatedAt\": \"2025-01-01T00:00:00.123Z\",\n"
                 "  \"channel\": \"trip-nyc\",\n  \"eventCount\": 1,\n"
                 "  \"total\": \"30.00\",\n  \"balances\": [\n"
                 "    {\n      \"member\": \"alice\",\n      \"cents\": 1500,\n"
                 "      \"amount\": \"15.00\",\n      \"direction\": \"receives\"\n"
                 "    },\n"
                 "    {\n      \"member\": \"bob\",\n      \"cents\": -1500,\n"
                 "      \"amount\": \"15.00\",\n      \"direction\": \"owes\"\n    }\n"
                 "  ],\n  \"settlements\": [\n"
                 "    {\n      \"from\": \"bob\",\n      \"to\": \"alice\",\n"
                 "      \"cents\": 1500,\n      \"amount\": \"15.00\"\n    }\n  ]\n}");
}

static void csv_cells_are_quoted_and_never_formulas(void **state)
{
    static const char old[] =
        "{\"version\":1,\"rooms\":[{\"channel\":\"trip-nyc\",\"version\":1,\"events\":["
        "{\"txId\":\"1\",\"payer\":\"=sum(a1)\",\"amountCents\":200,\"split\":["
        "\"=sum(a1)\",\"a,b\"],\"ts\":1},"
        "{\"txId\":\"2\",\"payer\":\"q\\\"q\",\"amountCents\":400,\"split\":["
        "\"q\\\"q\",\"@x\"],\"ts\":2}]}]}";
    desk *d = *state;
    isplit_restored r;

    desk_write_file(d->snapshot, old, sizeof old - 1);
    desk_open(d);
    check_export(d, ISPLIT_EXPORT_CSV, "from,to,amount");
    assert_int_equal(isplit_book_restore(d->book, "trip-nyc", false, &r, NULL), 0);
    assert_int_equal(r.added, 2);
    check_export(d, ISPLIT_EXPORT_CSV,
                 "from,to,amount\n'@x,\"q\"\"q\",2.00\n\"a,b\",'=sum(a1),1.00");
}

static void the_objects_of_the_bridge(void **state)
{
    desk *d = *state;
    char *text = NULL;
    char expected[512];

    desk_open(d);
    const isplit_entry *e =
        desk_add(d, "trip-nyc", "alice", "30", "alice,bob", "\"x\"\n\\");
    (void)snprintf(expected, sizeof expected,
                   "{\"txId\":\"%s\",\"payer\":\"alice\",\"amountCents\":3000,"
                   "\"split\":[\"alice\",\"bob\"],\"note\":\"\\\"x\\\"\\n\\\\\","
                   "\"ts\":1735689601000,\"by\":\"%s\",\"author\":\"%s\","
                   "\"signed\":true}",
                   e->id, ic_identity_address(d->identity),
                   ic_identity_public_key_hex(d->identity));
    assert_int_equal(isplit_form_entry_json(e, &text), 0);
    assert_string_equal(text, expected);
    ic_mem_free(text);
    assert_int_equal(isplit_form_entries_json(desk_state(d, "trip-nyc"), &text), 0);
    assert_int_equal(strlen(text), strlen(expected) + 2);
    ic_mem_free(text);
    check_form(d, isplit_form_summary_json,
               "{\"channel\":\"trip-nyc\",\"eventCount\":1,\"totalCents\":3000,"
               "\"balances\":[{\"member\":\"alice\",\"cents\":1500},"
               "{\"member\":\"bob\",\"cents\":-1500}],"
               "\"settlements\":[{\"from\":\"bob\",\"to\":\"alice\","
               "\"amountCents\":1500}],"
               "\"plan\":{\"optimal\":true,\"lowerBound\":1}}");
}

/* spec/13, 7: a reader can tell what nobody vouches for */
static void an_unsigned_entry_names_no_author(void **state)
{
    static const char old[] =
        "{\"version\":1,\"rooms\":[{\"channel\":\"trip-nyc\",\"version\":1,\"events\":["
        "{\"txId\":\"1\",\"payer\":\"alice\",\"amountCents\":200,\"split\":[\"bob\"],"
        "\"note\":\"\",\"ts\":1,\"by\":\"someone\"}]}]}";
    desk *d = *state;
    isplit_restored r;

    desk_write_file(d->snapshot, old, sizeof old - 1);
    desk_open(d);
    assert_int_equal(isplit_book_restore(d->book, "trip-nyc", false, &r, NULL), 0);
    check_form(d, isplit_form_entries_json,
               "[{\"txId\":\"1\",\"payer\":\"alice\",\"amountCents\":200,"
               "\"split\":[\"bob\"],\"note\":\"\",\"ts\":1,\"by\":\"someone\","
               "\"author\":null,\"signed\":false}]");
}

static void hostile_notes_stay_on_their_line(void **state)
{
    desk *d = *state;
    char *text = NULL;

    desk_open(d);
    desk_add(d, "trip-nyc", "alice", "1", "bob", "a\x1b[2J\nb\xe2\x80\xae");
    assert_int_equal(isplit_form_list(desk_state(d, "trip-nyc"), &text), 0);
    assert_non_null(strstr(text, "note=a\\u001b[2J\\u000ab\\u202e"));
    ic_mem_free(text);
}

static void check_time(int64_t ms, const char *expected)
{
    isplit__buf b = {0};

    isplit__form_time(&b, ms);
    assert_string_equal(b.data, expected);
    isplit__buf_free(&b);
}

static void times_are_those_of_javascript(void **state)
{
    (void)state;
    check_time(0, "1970-01-01T00:00:00.000Z");
    check_time(-1, "1969-12-31T23:59:59.999Z");
    check_time(INT64_C(951782400000), "2000-02-29T00:00:00.000Z");
    check_time(INT64_C(4107542399999), "2100-02-28T23:59:59.999Z");
    check_time(INT64_C(4107542400000), "2100-03-01T00:00:00.000Z");
    check_time(INT64_C(253402300800000), "+010000-01-01T00:00:00.000Z");
    check_time(INT64_C(-62198755200000), "-000001-01-01T00:00:00.000Z");
}

static const isplit_state *form_state;

static void make_forms(void *arg)
{
    char *text = NULL;

    (void)arg;
    if (isplit_form_balance(form_state, &text) == 0)
        ic_mem_free(text);
    if (isplit_form_list(form_state, &text) == 0)
        ic_mem_free(text);
    if (isplit_form_export(form_state, ISPLIT_EXPORT_JSON, 0, &text) == 0)
        ic_mem_free(text);
}

static void survives_each_failed_allocation(void **state)
{
    desk *d = *state;

    desk_open(d);
    desk_add(d, "trip-nyc", "alice", "30", "alice,bob", "dinner");
    form_state = desk_state(d, "trip-nyc");
    fail_alloc_each(make_forms, NULL);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(an_added_entry_is_one_line),
        WITH_DESK(the_list_has_time_payer_split_and_note),
        WITH_DESK(balances_of_an_empty_and_a_settled_room),
        WITH_DESK(the_text_export),
        WITH_DESK(the_json_export_is_what_stringify_writes),
        WITH_DESK(an_unsigned_entry_names_no_author),
        WITH_DESK(csv_cells_are_quoted_and_never_formulas),
        WITH_DESK(the_objects_of_the_bridge),
        WITH_DESK(hostile_notes_stay_on_their_line),
        WITH_DESK(survives_each_failed_allocation),
        cmocka_unit_test(times_are_those_of_javascript),
    };
    return cmocka_run_group_tests_name("intersplit/form", tests, NULL, NULL);
}
