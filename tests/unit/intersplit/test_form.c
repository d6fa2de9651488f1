/* docs/spec/16-ledger.md, section 0: the texts of the original, byte for byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "fail_alloc.h"
#include "form/form.h"
#include "intercom/error.h"
#include "intersplit/command.h"
#include "intersplit/form.h"
#include "unit.h"

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
    char expected[1024];

    desk_open(d);
    const isplit_entry *e =
        desk_add(d, "trip-nyc", "alice", "30", "alice,bob", "\"x\"\n\\");
    (void)snprintf(expected, sizeof expected,
                   "{\"txId\":\"%s\",\"payer\":\"alice\",\"amountCents\":3000,"
                   "\"split\":[\"alice\",\"bob\"],\"note\":\"\\\"x\\\"\\n\\\\\","
                   "\"ts\":1735689601000,\"by\":\"%s\",\"author\":\"%s\","
                   "\"signed\":true,\"type\":\"expense\",\"amount\":\"30.00\","
                   "\"paid\":[{\"member\":\"alice\",\"cents\":3000}],"
                   "\"shares\":[{\"member\":\"alice\",\"cents\":1500},"
                   "{\"member\":\"bob\",\"cents\":1500}],\"mode\":\"equal\","
                   "\"currency\":\"\",\"exponent\":2,\"marks\":[]}",
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
               "\"plan\":{\"optimal\":true,\"lowerBound\":1},\"currency\":\"\","
               "\"exponent\":2,\"total\":\"30.00\",\"currencies\":[],"
               "\"members\":[{\"name\":\"alice\",\"active\":true,\"weight\":1,"
               "\"contested\":false},{\"name\":\"bob\",\"active\":true,"
               "\"weight\":1,\"contested\":false}]}");
}

/* Add what a line of the assistant says, and compare the JSON of the entry from "type"
 * on. */
static void check_line(desk *d, const char *line, const char *expected)
{
    isplit_command *c = NULL;
    const isplit_entry *e = NULL;
    char *text = NULL;
    isplit_reason why = {{0}};

    if (isplit_command_parse(line, strlen(line), &c, &why) != 0 ||
        isplit_book_add(d->book, "trip-nyc", &c->draft, &e, NULL, &why) != 0)
        fail_msg("%s: %s", line, why.text);
    assert_int_equal(isplit_form_entry_json(e, &text), 0);
    const char *from = strstr(text, "\"type\"");
    assert_non_null(from);
    assert_string_equal(from, expected);
    ic_mem_free(text);
    isplit_command_free(c);
}

#define PAID_BY_A(amount, cents)                                                         \
    "\"amount\":\"" amount "\",\"paid\":[{\"member\":\"a\",\"cents\":" cents             \
    "}],\"shares\":["
#define HAS(name, cents) "{\"member\":\"" name "\",\"cents\":" cents "}"

static void entries_of_every_mode_say_how_they_were_split(void **state)
{
    static const char *const lines[][2] = {
        {"add a 10 split a=7.5,b",
         "\"type\":\"expense\"," PAID_BY_A("10.00", "1000")
             HAS("a", "750") "," HAS("b", "250") "],\"mode\":\"exact\",\"currency\":\"\","
                                                 "\"exponent\":2,\"marks\":[]}"},
        {"add a 10 split a*2,b cat food on 2026-11-23",
         "\"type\":\"expense\"," PAID_BY_A("10.00", "1000") HAS("a", "667") "," HAS(
             "b", "333") "],\"mode\":\"weights\",\"currency\":\"\",\"exponent\":2,"
                         "\"values\":[2,1],\"category\":\"food\","
                         "\"date\":\"2026-11-23\",\"marks\":[]}"},
        {"add a 99.99 split a 50%,b 50%",
         "\"type\":\"expense\"," PAID_BY_A("99.99", "9999") HAS("a", "5000") "," HAS(
             "b", "4999") "],\"mode\":\"percent\",\"currency\":\"\",\"exponent\":2,"
                          "\"values\":[5000,5000],\"marks\":[]}"},
        {"refund a 18 split a,b+3,c",
         "\"type\":\"refund\"," PAID_BY_A("18.00", "1800") HAS("a", "500") "," HAS(
             "b", "800") "," HAS("c", "500") "],\"mode\":\"adjust\",\"currency\":\"\","
                                             "\"exponent\":2,\"values\":[0,300,0],"
                                             "\"marks\":[]}"},
        {"add a 100 items 85.91 steak for a; 5 for b tax 9.09",
         "\"type\":\"expense\"," PAID_BY_A("100.00", "10000") HAS("a", "9450") "," HAS(
             "b", "550") "],\"mode\":\"items\",\"currency\":\"\",\"exponent\":2,"
                         "\"items\":[{\"text\":\"steak\",\"cents\":8591,"
                         "\"members\":[\"a\"]},{\"text\":\"\",\"cents\":500,"
                         "\"members\":[\"b\"]}],\"marks\":[]}"},
        {"add a 1000 JPY split a,b",
         "\"type\":\"expense\"," PAID_BY_A("1000", "1000") HAS("a", "500") "," HAS(
             "b", "500") "],\"mode\":\"equal\",\"currency\":\"JPY\",\"exponent\":0,"
                         "\"marks\":[]}"},
        {"add a 1000 JPY rate 0.0061 split a,b",
         "\"type\":\"expense\"," PAID_BY_A("6.10", "610") HAS("a", "305") "," HAS(
             "b", "305") "],\"mode\":\"equal\",\"currency\":\"\",\"exponent\":2,"
                         "\"rate\":\"0.0061\",\"original\":{\"currency\":\"JPY\","
                         "\"cents\":1000,\"exponent\":0},\"marks\":[]}"},
        {"pay a b 5", "\"type\":\"payment\"," PAID_BY_A("5.00", "500")
                          HAS("b", "500") "],\"mode\":\"exact\",\"currency\":\"\","
                                          "\"exponent\":2,\"marks\":[]}"},
    };
    desk *d = *state;
    char *text = NULL;

    desk_open(d);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        check_line(d, lines[i][0], lines[i][1]);
    assert_int_equal(isplit_form_summary_json(desk_state(d, "trip-nyc"), &text), 0);
    assert_non_null(strstr(text, ",\"currencies\":[{\"code\":\"JPY\",\"totalCents\":1000,"
                                 "\"balances\":[{\"member\":\"a\",\"cents\":500},"
                                 "{\"member\":\"b\",\"cents\":-500}],"
                                 "\"settlements\":[{\"from\":\"b\",\"to\":\"a\","
                                 "\"amountCents\":500}],"));
    ic_mem_free(text);
}

static void nothing_is_written_when_a_draft_is_tried(void **state)
{
    static const isplit_part parts[] = {{"a", "5"}, {"b", "4.99"}};
    isplit_draft draft = {.payer = "a",
                          .amount = "10",
                          .mode = ISPLIT_SPLIT_EXACT,
                          .parts = parts,
                          .part_count = 2};
    desk *d = *state;
    isplit_entry *e = NULL;
    int64_t left_over = 7;
    isplit_field field = ISPLIT_FIELD_NONE;
    isplit_reason why = {{0}};

    desk_open(d);
    assert_int_equal(
        isplit_book_try(d->book, "trip-nyc", &draft, &e, &left_over, &field, &why),
        IC_ERR_INVALID);
    assert_int_equal(left_over, 1);
    assert_int_equal(field, ISPLIT_FIELD_SPLIT);
    assert_memory_equal(why.text, "0.01 left", 9);
    assert_null(e);
    draft.rest_to = "b";
    assert_int_equal(
        isplit_book_try(d->book, "trip-nyc", &draft, &e, &left_over, NULL, &why), 0);
    assert_int_equal(left_over, 0);
    assert_int_equal(e->shares[1].minor, 500);
    ic_mem_free(e);
    assert_int_equal(isplit_state_event_count(desk_state(d, "trip-nyc")), 0);
    assert_int_equal(isplit_book_try(d->book, "", &draft, &e, NULL, &field, NULL),
                     IC_ERR_INVALID);
    assert_int_equal(field, ISPLIT_FIELD_ROOM);
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
               "\"author\":null,\"signed\":false,\"type\":\"expense\","
               "\"amount\":\"2.00\",\"paid\":[{\"member\":\"alice\",\"cents\":200}],"
               "\"shares\":[{\"member\":\"bob\",\"cents\":200}],\"mode\":\"equal\","
               "\"currency\":\"\",\"exponent\":2,\"marks\":[]}]");
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

    isplit__form_time(&b, "", ms);
    assert_string_equal(b.data, expected);
    isplit__buf_free(&b);
}

static void times_are_those_of_javascript(void **state)
{
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

    if (isplit_form_balance(form_state, &text) == 0)
        ic_mem_free(text);
    if (isplit_form_list(form_state, &text) == 0)
        ic_mem_free(text);
    if (isplit_form_export(form_state, ISPLIT_EXPORT_JSON, 0, &text) == 0)
        ic_mem_free(text);
    if (isplit_form_why(form_state, "bob", "alice", &text) == 0)
        ic_mem_free(text);
    if (isplit_form_why_json(form_state, "bob", "alice", &text) == 0)
        ic_mem_free(text);
}

/* docs/spec/16-ledger.md, section 3.3: the bound is said where it is not reached. */
static void a_plan_that_may_not_be_minimal_says_so(void **state)
{
    desk *d = *state;
    isplit_plan_options o;
    char *text = NULL;

    desk_open(d);
    for (unsigned i = 0; i < 23; i++) {
        char name[16];
        char split[32];
        char amount[16];
        (void)snprintf(name, sizeof name, "m%02u", i);
        (void)snprintf(split, sizeof split, "%s,z%u", name, i % 6);
        (void)snprintf(amount, sizeof amount, "%u", 2u << i);
        (void)desk_add(d, "trip-nyc", name, amount, split, "");
    }
    isplit_plan_options_default(&o);
    o.max_operations = o.max_quick_operations = 1;
    assert_int_equal(isplit_form_balance_with(desk_state(d, "trip-nyc"), &o, &text), 0);
    assert_non_null(strstr(text, " payments; no plan has fewer than "));
    ic_mem_free(text);
    o.mode = ISPLIT_PLAN_PAIRWISE;
    assert_int_equal(isplit_form_balance_with(desk_state(d, "trip-nyc"), &o, &text), 0);
    assert_null(strstr(text, "payments;"));
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
        WITH_DESK(entries_of_every_mode_say_how_they_were_split),
        WITH_DESK(nothing_is_written_when_a_draft_is_tried),
        WITH_DESK(an_unsigned_entry_names_no_author),
        WITH_DESK(csv_cells_are_quoted_and_never_formulas),
        WITH_DESK(the_objects_of_the_bridge),
        WITH_DESK(hostile_notes_stay_on_their_line),
        WITH_DESK(a_plan_that_may_not_be_minimal_says_so),
        WITH_DESK(survives_each_failed_allocation),
        cmocka_unit_test(times_are_those_of_javascript),
    };
    return cmocka_run_group_tests_name("intersplit/form", tests, NULL, NULL);
}
