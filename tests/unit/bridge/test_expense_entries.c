/* docs/spec/13-sc-bridge.md, section 7: entries of every kind, and what becomes of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge_bench.h"
#include "unit.h"

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddee00"

static int setup(void **state)
{
    bench *b = malloc(sizeof *b);
    assert_non_null(b);
    bench_init(b);
    bench_open_book(b);
    bench_start(b, false);
    bench_enter(b, 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    free(*state);
    return 0;
}

/* Send {"type":..., <members>} for the room "trip"; the answer has to hold `parts`, which
 * have '|' between. */
static void ask(bench *b, const char *type, const char *members, const char *parts)
{
    char request[1024];
    char part[512];

    (void)snprintf(request, sizeof request, "{\"type\":\"%s\",\"channel\":\"trip\"%s%s}",
                   type, *members ? "," : "", members);
    b->clock.wall_ms += 1000;
    bench_send(b, 0, request);
    const char *answer = bench_next(b, 0);
    assert_non_null(answer);
    for (const char *at = parts; *at; at += *at == '|') {
        size_t n = strcspn(at, "|");
        (void)snprintf(part, sizeof part, "%.*s", (int)n, at);
        if (!strstr(answer, part))
            fail_msg("%s\nanswered %s\nwithout %s", request, answer, part);
        at += n;
    }
}

static void say(bench *b, const char *line, const char *parts)
{
    char members[512];

    (void)snprintf(members, sizeof members, "\"text\":\"%s\"", line);
    ask(b, "expense_say", members, parts);
}

#define HAS(name, cents) "{\"member\":\"" name "\",\"cents\":" cents "}"

/* The tables of 16-ledger.md, 2.4, asked for with texts and with lists. */
static void an_entry_is_split_in_every_mode(void **state)
{
    static const char *const table[][2] = {
        {"\"payer\":\"a\",\"amount\":10,\"split\":\"a,b,c\"",
         "\"mode\":\"equal\"|" HAS("a", "334") "," HAS("b", "333") "," HAS("c", "333")},
        {"\"payer\":\"a\",\"amount\":\"10\",\"split\":\"a*1,b*2,c*3\"",
         "\"mode\":\"weights\"|" HAS("a", "167") "," HAS("b", "333") "," HAS("c", "500")},
        {"\"payer\":\"a\",\"amount\":\"10\",\"split\":\"a,b 2:1\"",
         "\"mode\":\"weights\"|" HAS("a", "667") "," HAS("b", "333")},
        {"\"payer\":\"a\",\"amount\":\"99.99\",\"split\":\"a 50%,b 50%\"",
         "\"mode\":\"percent\"|" HAS("a", "5000") "," HAS("b", "4999")},
        {"\"payer\":\"a\",\"amount\":\"(30+6)/2\",\"split\":\"a,b+3,c\"",
         "\"mode\":\"adjust\"|" HAS("a", "500") "," HAS("b", "800") "," HAS("c", "500")},
        {"\"payer\":\"a\",\"amount\":100,\"items\":\"85.91 x for a; 5 for "
         "b\",\"extra\":9.09",
         "\"mode\":\"items\"|" HAS("a", "9450") "," HAS("b", "550")},
        {"\"payer\":\"a\",\"amount\":10,\"mode\":\"exact\",\"split\":["
         "{\"name\":\"a\",\"value\":\"7.5\"},{\"name\":\"b\",\"value\":2.50}]",
         "\"mode\":\"exact\"|" HAS("a", "750") "," HAS("b", "250")},
        {"\"payer\":\"a\",\"amount\":10,\"mode\":\"Percent\",\"split\":["
         "{\"name\":\"a\",\"value\":60},{\"name\":\"b\",\"value\":\"40\"}]",
         "\"mode\":\"percent\"|" HAS("a", "600") "|\"values\":[6000,4000]"},
        {"\"payer\":\"a\",\"amount\":100,\"extra\":\"9.09\",\"items\":["
         "{\"amount\":85.91,\"text\":\"steak\",\"names\":[\"a\"]},"
         "{\"amount\":\"5\",\"names\":[\"b\"]}]",
         HAS("a", "9450") "|\"items\":[{\"text\":\"steak\",\"cents\":8591,"
                          "\"members\":[\"a\"]},"},
        {"\"payer\":\"a=25+b=5\",\"amount\":30,\"split\":\"a,b,c\"",
         "\"paid\":[" HAS("a", "2500") "," HAS("b", "500") "]"},
        {"\"payers\":[{\"name\":\"a\",\"value\":25},{\"name\":\"b\",\"value\":\"5\"}],"
         "\"amount\":30,\"split\":[\"a\",\"b\"]",
         "\"paid\":[" HAS("a", "2500") "," HAS("b", "500") "]"},
        {"\"payer\":\"a\",\"amount\":1000,\"currency\":\"jpy\",\"split\":\"a,b\"",
         "\"currency\":\"JPY\"|\"exponent\":0|\"amount\":\"1000\""},
        {"\"payer\":\"a\",\"amount\":10,\"split\":\"a,b\",\"category\":\"food\","
         "\"date\":\"2026-11-23\",\"note\":\"x\"",
         "\"category\":\"food\",\"date\":\"2026-11-23\"|\"note\":\"x\""},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ask(*state, "expense_add", table[i][0], "\"type\":\"expense_added\"");
        ask(*state, "expense_refund", table[i][0], "\"type\":\"refund\"");
        ask(*state, "expense_add", table[i][0], table[i][1]);
    }
}

/* "by how much, in which direction, and an offer to give the rest to someone" */
static void parts_that_do_not_add_up_are_answered_with_the_difference(void **state)
{
    static const char five[] = "\"payer\":\"a\",\"amount\":\"524.34\","
                               "\"split\":\"a=110.11,b=209.74,c=104.87,d=89.14,e=10.49\"";
    char with_rest[256];
    bench *b = *state;

    ask(b, "expense_add", five,
        "\"error\":\"Invalid split: 0.01 over: |rest NAME|\"leftOver\":-1");
    (void)snprintf(with_rest, sizeof with_rest, "%s,\"rest\":\"b\"", five);
    ask(b, "expense_add", with_rest, "\"type\":\"expense_added\"|" HAS("b", "20973"));
    ask(b, "expense_add",
        "\"payer\":\"a\",\"amount\":\"10\",\"dryRun\":true,\"split\":\"a=3,b=3.80\"",
        "Invalid split: 3.20 left: |rest NAME|\"leftOver\":320");
    ask(b, "expense_add", "\"payer\":\"a\",\"amount\":\"10\",\"split\":\"a 50%,b 40%\"",
        "10.00% left: |\"leftOver\":1000");
    ask(b, "expense_add", "\"payer\":\"a=5+b=4\",\"amount\":\"10\",\"split\":\"a,b\"",
        "Invalid payer: 1.00 left: |\"leftOver\":100");
    say(b, "add a 10 split a=3,b=3.80", "Invalid split: 3.20 left: |\"leftOver\":320");
    say(b, "add a 10 split a=3,b=3.80 rest b", HAS("b", "700"));
}

static void a_dry_run_writes_nothing(void **state)
{
    bench *b = *state;

    ask(b, "expense_add", "\"payer\":\"a\",\"amount\":9,\"split\":\"a*2,b\",\"dryRun\":1",
        "\"type\":\"expense_tried\"|\"preview\":\"Add 9.00 paid by a, split between a "
        "6.00, "
        "b 3.00\"|" HAS("a", "600"));
    ask(b, "expense_list", "", "\"count\":0");
}

static void a_payment_settles_and_is_no_spending(void **state)
{
    bench *b = *state;

    ask(b, "expense_add", "\"payer\":\"a\",\"amount\":30,\"split\":\"a,b\"", "");
    ask(b, "expense_pay",
        "\"from\":\"b\",\"to\":\"a\",\"amount\":\"5\",\"note\":\"cash\"",
        "\"type\":\"expense_paid\"|\"type\":\"payment\"|\"note\":\"cash\"");
    say(b, "b -> a: 10.00",
        "\"kind\":\"pay\",\"preview\":\"Record that b pays a 10.00\"|expense_paid");
    ask(b, "expense_balance", "", "\"totalCents\":3000|\"settlements\":[]");
    ask(b, "expense_pay", "\"to\":\"a\",\"amount\":5", "Missing from.");
}

static void entries_are_amended_voided_and_brought_back(void **state)
{
    bench *b = *state;

    ask(b, "expense_add", "\"payer\":\"a\",\"amount\":30,\"split\":\"a,b\"", "");
    ask(b, "expense_amend",
        "\"ref\":\"last\",\"payer\":\"a\",\"amount\":40,\"split\":\"a,b\"",
        "\"type\":\"expense_amended\"|\"amountCents\":4000|\"marks\":[\"edited\"");
    ask(b, "expense_void", "\"ref\":\"last\",\"why\":\"twice\"",
        "\"type\":\"expense_voided\"|\"void\"");
    ask(b, "expense_list", "", "\"count\":0");
    ask(b, "expense_list", "\"all\":true", "\"count\":1|\"void\"");
    ask(b, "expense_unvoid", "\"ref\":\"last\"",
        "\"type\":\"expense_unvoided\"|\"amountCents\":4000");
    ask(b, "expense_history", "\"ref\":\"last\"",
        "\"type\":\"expense_history\"|\"kind\":\"added\"|\"kind\":\"amended\"|"
        "\"kind\":\"voided\"|\"why\":\"twice\"|\"kind\":\"unvoided\"");
    ask(b, "expense_void", "", "Missing ref.");
    ask(b, "expense_void", "\"ref\":\"123456\"", "there is no such entry in this room");
    ask(b, "expense_history", "\"ref\":\"123456\"", "there is no such entry");
}

static void what_is_said_is_done_to_entries_too(void **state)
{
    bench *b = *state;

    say(b, "add a 30 split a,b", "");
    say(b, "edit last a 40 split a,b",
        "\"preview\":\"Change a paid 30.00 | split=a,b | note=- to: Add 40.00 paid by a");
    say(b, "void last twice",
        "\"kind\":\"void\",\"preview\":\"Void a paid 40.00|expense_voided");
    say(b, "unvoid last", "\"preview\":\"Bring back |expense_unvoided");
    say(b, "history last", "voided by |why=twice|\"type\":\"expense_history\"");
    say(b, "void 999999", "there is no such entry");
}

/* What the same key has signed elsewhere, not knowing of anything here. */
static void persist_elsewhere(bench *b)
{
    isplit_book_options options;
    isplit_book *book = NULL;
    const isplit_part parts[] = {{.name = "b"}};
    const isplit_draft draft = {
        .payer = "a", .amount = "1", .parts = parts, .part_count = 1};
    const isplit_entry *entry = NULL;
    size_t count = 0;

    isplit_book_options_default(&options);
    options.path = ":memory:";
    options.snapshot_path = b->snapshots;
    options.identity = b->alice;
    options.env = b->options.env;
    assert_int_equal(isplit_book_open(&options, &book, NULL), 0);
    assert_int_equal(isplit_book_add(book, "trip", &draft, &entry, NULL, NULL), 0);
    assert_int_equal(isplit_book_persist(book, "trip", false, &count, NULL), 0);
    isplit_book_close(book);
}

/* Spec 16, section 4.6. */
static void history_proves_that_an_author_signed_two_futures(void **state)
{
    bench *b = *state;

    persist_elsewhere(b);
    ask(b, "expense_add", "\"payer\":\"a\",\"amount\":30,\"split\":\"a,b\"", "");
    bench_send(b, 0,
               "{\"type\":\"expense_history\",\"channel\":\"trip\",\"ref\":\"last\"}");
    assert_null(strstr(bench_next(b, 0), "fork"));
    ask(b, "expense_restore", "", "\"added\":1");
    ask(b, "expense_history", "\"ref\":\"last\"",
        "\"marks\":[\"forked\"]|\"fork\":[{|\"amount\":100,|\"amount\":3000,|\"seq\":1,|"
        "\"sig\":");
}

static void members_claim_names_and_say_what_is_right(void **state)
{
    bench *b = *state;

    ask(b, "expense_add", "\"payer\":\"a\",\"amount\":30,\"split\":\"a,b\"", "");
    ask(b, "expense_member", "\"name\":\"a\",\"claim\":true",
        "\"type\":\"expense_member\"|\"members\":[{\"name\":\"a\",\"active\":true|"
        "\"key\":");
    ask(b, "expense_ack", "\"ref\":\"last\"", "\"type\":\"expense_acked\"|\"marks\":[");
    ask(b, "expense_dispute", "\"ref\":\"last\",\"why\":\"no\"",
        "\"type\":\"expense_disputed\"|\"disputed\"");
    ask(b, "expense_member", "\"name\":\"b\",\"active\":false,\"weight\":2",
        "\"name\":\"b\",\"active\":false,\"weight\":2");
    say(b, "member b returns", "\"preview\":\"Member b: returns\"|\"active\":true");
    say(b, "confirm last", "\"preview\":\"Confirm a paid 30.00|expense_acked");
    ask(b, "expense_member", "", "Missing name.");
    static const char *const bad[] = {"0",   "1000001", "\"0\"", "-1",
                                      "1.5", "\"x\"",   "true"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char members[64];
        (void)snprintf(members, sizeof members, "\"name\":\"b\",\"weight\":%s", bad[i]);
        ask(b, "expense_member", members,
            "Invalid weight (use a whole number from 1 to 1000000).");
    }
    ask(b, "expense_member", "\"name\":\"b\",\"weight\":null",
        "\"name\":\"b\",\"active\":true,\"weight\":2");
}

static void a_room_has_settings(void **state)
{
    bench *b = *state;

    ask(b, "expense_room", "",
        "\"type\":\"expense_room\"|\"currency\":\"\"|\"presets\":[]");
    ask(b, "expense_room", "\"set\":\"currency eur\"",
        "\"currency\":\"EUR\",\"exponent\":2");
    say(b, "room rotate on", "\"rotate\":true");
    say(b, "room edit members", "\"edit\":\"members\"");
    say(b, "room count signed", "\"count\":\"signed\"");
    say(b, "room unsigned off", "\"unsigned\":false");
    say(b, "room writers " KEY_A ", " KEY_B, "\"writers\":[\"" KEY_A "\",\"" KEY_B "\"]");
    say(b, "room writers " KEY_A " " KEY_A "0", "a writer is a key of 64 hex digits");
    say(b, "room writers off", "\"writers\":[]");
    say(b, "room writers ,", "of a room say currency EUR");
    say(b, "room count acked", "\"count\":\"acked\"");
    say(b, "add a 3 split a,b", "\"marks\":[\"ignored\"]");
    say(b, "room count all", "\"count\":\"all\"");
    say(b, "room preset flat split a*2,b",
        "\"presets\":[{\"name\":\"flat\",\"mode\":\"weights\",\"split\":[{\"name\":\"a\","
        "\"value\":2},{\"name\":\"b\",\"value\":1}]}]");
    say(b, "add a 9 split flat", HAS("a", "600") "," HAS("b", "300"));
    say(b, "room default flat", "\"default\":\"flat\"");
    say(b, "add a 9", HAS("a", "600"));
    say(b, "room preset flat off", "\"default\":\"\",\"presets\":[]");
    ask(b, "expense_room", "\"set\":\"rotate maybe\"", "of a room say currency EUR");
    ask(b, "expense_room", "\"set\":\"colour red\"", "of a room say currency EUR");
    say(b, "room preset x split a=3,b=4", "a preset has names, weights or percentages");
}

/* Say to each that comes again that it shall not. */
static void stop_all(bench *b)
{
    char line[128];

    bench_send(b, 0, "{\"type\":\"expense_every\",\"channel\":\"trip\"}");
    ic__json *answer = bench_take(b, 0);
    const ic__json *list = ic__json_get(answer, "recurring");
    for (size_t i = 0; i < ic__json_count(list); i++) {
        const ic__json *one = ic__json_at(list, i);
        const char *ref = ic__json_cstring(ic__json_get(one, "ref"));
        (void)snprintf(line, sizeof line, "void %s", ref);
        say(b, line, "\"preview\":\"Void a paid |\"type\":\"expense_voided\"");
    }
    ic__json_free(answer);
    say(b, "every", "\"stopped\":true|\"stopped\":true");
}

/* Days that have passed have their entries at once; void stops the rest. */
static void entries_come_again_until_their_end(void **state)
{
    bench *b = *state;

    ask(b, "expense_every", "", "\"type\":\"expense_recurring\"|\"recurring\":[]");
    ask(b, "expense_every",
        "\"every\":\"month\",\"until\":\"2023-10-31\",\"payer\":\"a\",\"amount\":9,"
        "\"split\":\"a,b\",\"date\":\"2023-08-31\",\"note\":\"rent\"",
        "\"type\":\"expense_recurring\"|\"every\":\"month\",\"step\":1,"
        "\"until\":\"2023-10-31\",\"made\":3,\"stopped\":false");
    ask(b, "expense_list", "",
        "\"count\":3|\"date\":\"2023-08-31\"|\"date\":\"2023-09-30\"|"
        "\"date\":\"2023-10-31\"");
    say(b, "every 2 weeks until 2023-10-15 add a 4 split a,b on 2023-10-01 note milk",
        "Every 2 weeks until 2023-10-15: |\"made\":2");
    say(b, "every", "\"note\":\"rent\"|\"note\":\"milk\"");
    stop_all(b);
    ask(b, "expense_every", "\"every\":\"moon\"", "Invalid every (use day");
    ask(b, "expense_every",
        "\"every\":\"day\",\"payer\":\"a\",\"amount\":9,\"split\":\"a,b\"",
        "Invalid date: say on which day it begins and until when");
}

static void settlements_can_be_had_in_other_ways_and_explained(void **state)
{
    bench *b = *state;

    ask(b, "expense_add", "\"payer\":\"a\",\"amount\":30,\"split\":\"a,b,c\"", "");
    ask(b, "expense_add", "\"payer\":\"b\",\"amount\":30,\"split\":\"a,b,c\"", "");
    ask(b, "expense_plan", "\"plan\":\"via\",\"via\":\"c\"",
        "\"type\":\"expense_plan\"|\"from\":\"c\",\"to\":\"a\"");
    ask(b, "expense_balance", "\"plan\":\"pairwise\"", "\"type\":\"expense_balance\"");
    say(b, "balance pairwise", "\"kind\":\"balance\"");
    ask(b, "expense_plan", "\"plan\":\"best\"", "Invalid plan (use minimal, pairwise");
    ask(b, "expense_plan", "\"plan\":\"via\"", "Invalid plan: name a member");
    ask(b, "expense_why", "\"from\":\"c\",\"to\":\"a\"",
        "\"type\":\"expense_why\"|\"amountCents\":1000|\"causes\":[{\"fromCents\":-"
        "1000,");
    say(b, "why c -> a", "c -> a: 10.00; between these two alone: 10.00|expense_why");
    ask(b, "expense_why", "\"from\":\"c\",\"to\":\"a\"", "\"currencies\":[]}");
    ask(b, "expense_add",
        "\"payer\":\"a\",\"amount\":8,\"currency\":\"USD\",\"split\":\"a,c\"", "");
    ask(b, "expense_add",
        "\"payer\":\"b\",\"amount\":7,\"currency\":\"JPY\",\"split\":\"c\",\"only\":1",
        "");
    ask(b, "expense_why", "\"from\":\"c\",\"to\":\"a\"",
        "\"amountCents\":1000|\"currencies\":[{\"code\":\"JPY\",\"exponent\":0,"
        "\"amountCents\":0,\"causes\":[{|},{\"code\":\"USD\",\"exponent\":2,"
        "\"amountCents\":400,\"causes\":[{\"fromCents\":-400,\"toCents\":400,");
    say(b, "why c -> a",
        "c -> a: 10.00; between|c -> a: 0 JPY; between these two alone: 0\\n- |c -> a: "
        "4.00 "
        "USD; between these two alone: 4.00\\n- ");
    ask(b, "expense_why", "\"from\":\"c\"", "Missing to.");
}

static void wrong_members_are_refused(void **state)
{
    static const char *const table[][2] = {
        {"\"payer\":\"a\",\"amount\":1,\"split\":[{\"value\":1}]", "names must be texts"},
        {"\"payer\":\"a\",\"amount\":1,\"mode\":\"exact\",\"split\":[{\"name\":\"a\","
         "\"value\":true}]",
         "values must be texts or numbers"},
        {"\"payer\":\"a\",\"amount\":1,\"split\":[{\"name\":\"a\",\"value\":1}]",
         "Invalid mode (use equal"},
        {"\"payer\":\"a\",\"amount\":1,\"mode\":\"fair\"", "Invalid mode (use equal"},
        {"\"payer\":\"a\",\"amount\":1,\"currency\":[]",
         "Invalid currency: expected text"},
        {"\"payer\":\"a\",\"amount\":1,\"currency\":\"E\"", "Invalid currency: "},
        {"\"payer\":\"a\",\"amount\":1,\"date\":\"tomorrow\"", "Invalid date: "},
        {"\"payer\":\"a\",\"amount\":1,\"items\":[{}]", "Invalid amount: expected"},
        {"\"payer\":\"a\",\"amount\":1,\"items\":[{\"amount\":1,\"names\":[1]}]",
         "names must be texts"},
        {"\"payer\":\"a\",\"amount\":1,\"items\":[{\"amount\":1,\"names\":\"b\"}]",
         "expected text or a list of texts"},
        {"\"payers\":[],\"amount\":1", "Invalid payer: "},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ask(*state, "expense_add", table[i][0], table[i][1]);
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(an_entry_is_split_in_every_mode),
        WITH_BENCH(parts_that_do_not_add_up_are_answered_with_the_difference),
        WITH_BENCH(a_dry_run_writes_nothing),
        WITH_BENCH(a_payment_settles_and_is_no_spending),
        WITH_BENCH(entries_are_amended_voided_and_brought_back),
        WITH_BENCH(what_is_said_is_done_to_entries_too),
        WITH_BENCH(history_proves_that_an_author_signed_two_futures),
        WITH_BENCH(members_claim_names_and_say_what_is_right),
        WITH_BENCH(a_room_has_settings),
        WITH_BENCH(entries_come_again_until_their_end),
        WITH_BENCH(settlements_can_be_had_in_other_ways_and_explained),
        WITH_BENCH(wrong_members_are_refused),
    };
    return cmocka_run_group_tests_name("bridge/expense_entries", tests, NULL, NULL);
}
