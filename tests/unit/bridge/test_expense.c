#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge_bench.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "temp_folder.h"
#include "unit.h"

static int setup(void **state)
{
    bench *b = malloc(sizeof *b);
    assert_non_null(b);
    bench_init(b);
    bench_open_book(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    free(*state);
    return 0;
}

/* Send, and return the only answer parsed. */
static ic__json *ask(bench *b, unsigned n, const char *request)
{
    bench_send(b, n, request);
    ic__json *answer = bench_take(b, n);
    assert_null(bench_next(b, n));
    return answer;
}

static const char *text_of(const ic__json *v, const char *name)
{
    const char *text = ic__json_cstring(ic__json_get(v, name));
    return text ? text : "(no text)";
}

static int64_t number_of(const ic__json *v, const char *name)
{
    int64_t n = INT64_MIN;
    (void)ic__json_integer(ic__json_get(v, name), &n);
    return n;
}

static void expect_member(const ic__json *v, const char *name, const char *json)
{
    ic__buf b = {0};
    ic__json_write(&b, ic__json_get(v, name));
    assert_string_equal(b.data, json);
    ic__buf_free(&b);
}

static void expect_error(bench *b, const char *request, const char *error)
{
    ic__json *answer = ask(b, 0, request);
    print_message("%.100s\n", request);
    assert_string_equal(text_of(answer, "type"), "error");
    if (strncmp(text_of(answer, "error"), error, strlen(error)) != 0)
        fail_msg("\"%s\" instead of \"%s\"", text_of(answer, "error"), error);
    ic__json_free(answer);
}

#define ADD_30                                                                           \
    "{\"id\":7,\"type\":\"expense_add\",\"channel\":\" trip "                            \
    "\",\"payer\":\"alice\",\"amount\":\"30\",\"split\":\"alice, "                       \
    "bob\",\"note\":\"dinner\"}"

/* spec/13, 7: expense_add */
static void an_entry_is_added_and_answered_with_its_event(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json *answer = ask(b, 0, ADD_30);
    const ic__json *event = ic__json_get(answer, "event");
    assert_string_equal(ic__json_name_at(answer, 0, NULL), "id");
    assert_string_equal(ic__json_name_at(answer, 1, NULL), "type");
    assert_int_equal(number_of(answer, "id"), 7);
    assert_string_equal(text_of(answer, "type"), "expense_added");
    assert_string_equal(text_of(answer, "channel"), "trip");
    assert_int_equal(strlen(text_of(event, "txId")), 64);
    assert_string_equal(text_of(event, "payer"), "alice");
    assert_int_equal(number_of(event, "amountCents"), 3000);
    expect_member(event, "split", "[\"alice\",\"bob\"]");
    assert_string_equal(text_of(event, "note"), "dinner");
    assert_int_equal(number_of(event, "ts"), b->clock.wall_ms);
    assert_string_equal(text_of(event, "by"), ic_identity_address(b->alice));
    assert_string_equal(text_of(event, "author"), ic_identity_public_key_hex(b->alice));
    assert_true(ic__json_bool(ic__json_get(event, "signed"), false));
    ic__json_free(answer);
}

static void the_quick_demo_comes_out_right(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json_free(ask(b, 0, ADD_30));
    b->clock.wall_ms += 5;
    ic__json_free(ask(b, 0,
                      "{\"type\":\"expense_add\",\"channel\":\"trip\",\"payer\":\"bob\","
                      "\"amount\":10,\"split\":[\"alice\",\"bob\"]}"));
    ic__json *balance = ask(b, 0, "{\"type\":\"expense_balance\",\"channel\":\"trip\"}");
    const ic__json *summary = ic__json_get(balance, "summary");
    assert_string_equal(text_of(balance, "type"), "expense_balance");
    assert_string_equal(text_of(summary, "channel"), "trip");
    assert_int_equal(number_of(summary, "eventCount"), 2);
    assert_int_equal(number_of(summary, "totalCents"), 4000);
    expect_member(
        summary, "balances",
        "[{\"member\":\"alice\",\"cents\":1000},{\"member\":\"bob\",\"cents\":-1000}]");
    expect_member(summary, "settlements",
                  "[{\"from\":\"bob\",\"to\":\"alice\",\"amountCents\":1000}]");
    expect_member(summary, "plan", "{\"optimal\":true,\"lowerBound\":1}");
    ic__json *list = ask(b, 0, "{\"type\":\"expense_list\",\"channel\":\"trip\"}");
    assert_int_equal(number_of(list, "count"), 2);
    assert_int_equal(ic__json_count(ic__json_get(list, "events")), 2);
    assert_string_equal(text_of(ic__json_at(ic__json_get(list, "events"), 1), "payer"),
                        "bob");
    /* the fingerprint of the set of events, last in both */
    assert_int_equal(strlen(text_of(list, "fp")), 32);
    assert_string_equal(text_of(list, "fp"), text_of(balance, "fp"));
    assert_string_equal(ic__json_name_at(list, ic__json_count(list) - 1, NULL), "fp");
    ic__json_free(balance);
    ic__json_free(list);
}

static void no_channel_means_the_entry_channel(void **state)
{
    bench *b = *state;
    b->options.policy.entry_channel = "home";
    bench_start(b, false);
    bench_enter(b, 0);
    static const char *const requests[] = {
        "{\"type\":\"expense_list\"}", "{\"type\":\"expense_list\",\"channel\":\"  \"}",
        "{\"type\":\"expense_list\",\"channel\":null}"};
    for (size_t i = 0; i < 3; i++) {
        ic__json *answer = ask(b, 0, requests[i]);
        assert_string_equal(text_of(answer, "channel"), "home");
        ic__json_free(answer);
    }
}

/* spec/16, 2.3: the token of a JSON number, never a double */
static void amounts_are_read_from_their_characters(void **state)
{
    bench *b = *state;
    static const struct {
        const char *amount;
        const char *strict;
        int64_t cents; /* 0 = refused */
    } table[] = {
        {"4.35", "false", 435},
        {"0.1", "false", 10},
        {"99999999999.99", "false", 9999999999999},
        {"30", "false", 3000},
        {"1e3", "false", 0},
        {"-5", "false", 0},
        {"10.005", "false", 0},
        {"4.3500000000000001", "false", 0},
        {"0", "false", 0},
        {"1.5E0", "false", 0},
        {"100000000000.01", "false", 0},
        {"\"12,50\"", "false", 1250},
        {"\"12,50\"", "true", 0},
        {"\"12,50\"", "\"1\"", 0},
        {"\"1.234,50\"", "0", 123450},
        {"\"1,234\"", "false", 0},
        {"\"1234.5\"", "true", 123450},
        {"null", "false", 0},
        {"[1]", "false", 0},
        {"true", "false", 0},
        {"\"\"", "false", 0},
        {"\"5\\u00000\"", "false", 0},
    };
    bench_start(b, false);
    bench_enter(b, 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[200];
        (void)snprintf(text, sizeof text,
                       "{\"type\":\"expense_add\",\"payer\":\"a\",\"split\":\"a\","
                       "\"amount\":%s,\"strict\":%s}",
                       table[i].amount, table[i].strict);
        ic__json *answer = ask(b, 0, text);
        int64_t cents = number_of(ic__json_get(answer, "event"), "amountCents");
        if (table[i].cents
                ? cents != table[i].cents
                : strncmp(text_of(answer, "error"), "Invalid amount: ", 16) != 0)
            fail_msg("%s: %s", table[i].amount, text_of(answer, "error"));
        ic__json_free(answer);
    }
}

static void members_are_refused_one_by_one(void **state)
{
    bench *b = *state;
    static const char *const table[][2] = {
        {"\"amount\":1", "Missing payer."},
        {"\"payer\":\"  \",\"amount\":1", "Missing payer."},
        {"\"payer\":[\"a\"],\"amount\":1", "Missing payer."},
        {"\"payer\":\"a,b\",\"amount\":1", "Invalid payer: "},
        {"\"payer\":\"a\"", "Invalid amount: "},
        {"\"payer\":\"a\",\"amount\":1,\"split\":5", "Invalid split: "},
        {"\"payer\":\"a\",\"amount\":1,\"split\":[\"a\",5]", "Invalid split: "},
        {"\"payer\":\"a\",\"amount\":1,\"split\":[\"a,b\"]", "Invalid split: "},
        {"\"payer\":\"a\",\"amount\":1,\"split\":{}", "Invalid split: "},
        {"\"payer\":\"a\",\"amount\":1,\"note\":5", "Invalid note."},
        {"\"payer\":\"a\",\"amount\":1,\"note\":[]", "Invalid note."},
        {"\"payer\":\"a\",\"amount\":1,\"note\":\"\\ud800\"", "Invalid note."},
    };
    bench_start(b, false);
    bench_enter(b, 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "{\"type\":\"expense_add\",%s}", table[i][0]);
        expect_error(b, text, table[i][1]);
    }
    expect_error(
        b, "{\"type\":\"expense_export\",\"format\":\"pdf\"}",
        "Invalid format: a format is text, json, csv, splitwise, ledger, hledger "
        "or beancount");
    expect_error(b, "{\"type\":\"expense_export\",\"what\":\"all\"}",
                 "Invalid format: export settlements, balances or expenses");
    expect_error(
        b, "{\"type\":\"expense_export\",\"format\":5}",
        "Invalid format: a format is text, json, csv, splitwise, ledger, hledger "
        "or beancount");
    expect_error(b, "{\"type\":\"expense_persist\"}", "Nothing to persist.");
    /* a channel that cannot be meant is not the entry channel */
    expect_error(b, "{\"type\":\"expense_list\",\"channel\":{}}", "Invalid channel.");
    expect_error(b, "{\"type\":\"expense_list\",\"channel\":[\"a\"]}",
                 "Invalid channel.");
    expect_error(b, "{\"type\":\"expense_list\",\"channel\":\"\\ud800\"}",
                 "Invalid channel.");
    expect_error(b, "{\"type\":\"expense_clear\",\"channel\":true}", "Invalid channel.");
    ic__json *list = ask(b, 0, "{\"type\":\"expense_list\"}");
    assert_int_equal(number_of(list, "count"), 0);
    ic__json_free(list);
}

static void only_means_exactly_these_members(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json *with = ask(
        b, 0,
        "{\"type\":\"expense_add\",\"payer\":\"a\",\"amount\":1,\"split\":[\"b\",\"\"]}");
    expect_member(ic__json_get(with, "event"), "split", "[\"a\",\"b\"]");
    ic__json *only = ask(b, 0,
                         "{\"type\":\"expense_add\",\"payer\":\"a\",\"amount\":1,"
                         "\"split\":\"b,\",\"only\":true}");
    expect_member(ic__json_get(only, "event"), "split", "[\"b\"]");
    ic__json_free(with);
    ic__json_free(only);
}

/* "expense_add sends on the channel exactly like send" */
static void the_policies_of_the_channel_apply(void **state)
{
    bench *b = *state;
    b->options.policy.owner_write_channels = "owned";
    bench_start(b, false);
    bench_enter(b, 0);
    expect_error(
        b,
        "{\"type\":\"expense_add\",\"channel\":\"owned\",\"payer\":\"a\",\"amount\":1}",
        "Send denied (invite required or invalid).");
    expect_error(b, "{\"type\":\"expense_clear\",\"channel\":\"owned\"}",
                 "Send denied (invite required or invalid).");
    ic__json *list = ask(b, 0, "{\"type\":\"expense_list\",\"channel\":\"owned\"}");
    assert_int_equal(number_of(list, "count"), 0);
    ic__json_free(list);
}

static void without_a_side_channel_one_can_read_but_not_write(void **state)
{
    bench *b = *state;
    bench_start(b, true);
    bench_enter(b, 0);
    expect_error(b, ADD_30, "Sidechannel not ready.");
    ic__json *list = ask(b, 0, "{\"type\":\"expense_list\"}");
    assert_string_equal(text_of(list, "channel"), "0000intercom");
    ic__json_free(list);
}

static void clear_covers_and_restore_says_where_from(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    bench_ask(
        b, 0, "{\"type\":\"expense_restore\",\"channel\":\"trip\",\"confirmed\":0}",
        "{\"type\":\"expense_restored\",\"channel\":\"trip\",\"added\":0,\"total\":0,"
        "\"source\":\"none\",\"confirmed\":false,\"replaced\":false}");
    ic__json_free(ask(b, 0, ADD_30));
    bench_ask(
        b, 0, "{\"type\":\"expense_persist\",\"channel\":\"trip\",\"sim\":\"yes\"}",
        "{\"type\":\"expense_persisted\",\"channel\":\"trip\",\"tx\":null,\"stored\":"
        "\"local\",\"key\":\"expense/room/trip\",\"count\":1,\"sim\":true}");
    bench_ask(
        b, 0, "{\"type\":\"expense_persist\",\"channel\":\"trip\"}",
        "{\"type\":\"expense_persisted\",\"channel\":\"trip\",\"tx\":null,\"stored\":"
        "\"local\",\"key\":\"expense/room/trip\",\"count\":1,\"sim\":false}");
    bench_ask(b, 0, "{\"type\":\"expense_clear\",\"channel\":\"trip\"}",
              "{\"type\":\"expense_cleared\",\"channel\":\"trip\",\"removed\":1}");
    bench_ask(
        b, 0, "{\"type\":\"expense_restore\",\"channel\":\"trip\",\"replace\":\"1\"}",
        "{\"type\":\"expense_restored\",\"channel\":\"trip\",\"added\":1,\"total\":1,"
        "\"source\":\"local\",\"confirmed\":true,\"replaced\":true}");
}

static void what_the_disk_refuses_is_said(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json_free(ask(b, 0, ADD_30));
    temp_folder_remove(b->folder);
    expect_error(b, "{\"type\":\"expense_persist\",\"channel\":\"trip\"}",
                 "Persist failed: ");
    *b->folder = 0;
}

static void exports_are_one_text_each(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json_free(ask(b, 0, ADD_30));
    bench_ask(b, 0,
              "{\"type\":\"expense_export\",\"channel\":\"trip\",\"format\":\"CSV\"}",
              "{\"type\":\"expense_exported\",\"channel\":\"trip\",\"format\":\"csv\","
              "\"data\":\"from,to,amount\\nbob,alice,15.00\"}");
    ic__json *text = ask(b, 0, "{\"type\":\"expense_export\",\"channel\":\"trip\"}");
    assert_string_equal(text_of(text, "format"), "text");
    assert_non_null(strstr(text_of(text, "data"), "- bob -> alice: 15.00"));
    ic__json_free(text);
    ic__json *json = ask(
        b, 0, "{\"type\":\"expense_export\",\"channel\":\"trip\",\"format\":\"json\"}");
    assert_string_equal(text_of(json, "format"), "json");
    assert_int_equal(text_of(json, "data")[0], '{');
    ic__json_free(json);
}

static void expect_push(bench *b, unsigned n, const char *change)
{
    ic__json *push = bench_take(b, n);
    assert_string_equal(text_of(push, "type"), "expense_event");
    assert_string_equal(text_of(push, "channel"), "trip");
    assert_string_equal(text_of(push, "change"), change);
    assert_null(ic__json_get(push, "id"));
    bool added = strcmp(change, "added") == 0;
    assert_true(ic__json_bool(ic__json_get(push, "verified"), !added) == added);
    assert_string_equal(text_of(push, "author"),
                        added ? ic_identity_public_key_hex(b->alice) : "(no text)");
    assert_true(ic__json_is(ic__json_get(push, "event"),
                            added ? IC__JSON_OBJECT : IC__JSON_NULL));
    ic__json_free(push);
}

/* spec/13, 7: who is told */
static void others_who_listen_are_told_and_the_author_is_not(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    for (unsigned n = 0; n < 3; n++)
        bench_enter(b, n);
    bench_connect(b, 3);
    ic__json_free(bench_take(b, 3)); /* hello; no token */
    ic__json_free(ask(b, 2, "{\"type\":\"subscribe\",\"channel\":\"elsewhere\"}"));
    ic__json_free(ask(b, 1, "{\"type\":\"set_filter\",\"filter\":\"nothing like it\"}"));
    ic__json_free(ask(b, 0, ADD_30));
    expect_push(b, 1, "added");
    assert_null(bench_next(b, 1));
    assert_null(bench_next(b, 2));
    assert_null(bench_next(b, 3));
    ic__json_free(ask(b, 1, "{\"type\":\"expense_clear\",\"channel\":\"trip\"}"));
    expect_push(b, 0, "cleared");
    assert_null(bench_next(b, 2));
}

static void add_at_the_terminal(const char *line, bridge_output *out, void *user)
{
    bench *b = user;
    const isplit_draft add = {.payer = "alice", .amount = "5"};
    const isplit_entry *entry;
    assert_int_equal(isplit_book_add(b->book, "trip", &add, &entry, NULL, NULL), 0);
}

static void changes_made_at_the_terminal_go_to_all(void **state)
{
    bench *b = *state;
    b->settings.cli = true;
    b->host.cli = add_at_the_terminal;
    bench_start(b, false);
    bench_enter(b, 0);
    bench_enter(b, 1);
    bench_send(b, 0, "{\"type\":\"cli\",\"command\":\"/expense_add\"}");
    expect_push(b, 0, "added");
    expect_push(b, 1, "added");
    assert_non_null(strstr(bench_next(b, 0), "cli_result"));
}

/* spec/13, 7: expense_say */
static void a_line_in_words_is_previewed_and_then_done(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    bench_ask(b, 0,
              "{\"id\":1,\"type\":\"expense_say\",\"channel\":\"trip\",\"dryRun\":true,"
              "\"text\":\"add Alice 30 split bob, carol note dinner\"}",
              "{\"id\":1,\"type\":\"expense_said\",\"channel\":\"trip\",\"dryRun\":true,"
              "\"kind\":\"add\",\"preview\":"
              "\"Add 30.00 paid by alice, split between alice, bob, carol, note: "
              "dinner\",\"result\":null}");
    ic__json *said = ask(b, 0,
                         "{\"id\":2,\"type\":\"expense_say\",\"channel\":\"trip\","
                         "\"text\":\"add alice 30 split only bob\"}");
    const ic__json *result = ic__json_get(said, "result");
    assert_string_equal(text_of(said, "preview"),
                        "Add 30.00 paid by alice, split between bob");
    assert_string_equal(text_of(result, "type"), "expense_added");
    assert_null(ic__json_get(result, "id"));
    expect_member(ic__json_get(result, "event"), "split", "[\"bob\"]");
    ic__json_free(said);
    said =
        ask(b, 0, "{\"type\":\"expense_say\",\"channel\":\"trip\",\"text\":\"balance\"}");
    assert_int_equal(
        number_of(ic__json_get(ic__json_get(said, "result"), "summary"), "eventCount"),
        1);
    ic__json_free(said);
}

static void each_kind_of_line_does_what_the_plain_request_does(void **state)
{
    bench *b = *state;
    static const char *const table[][3] = {
        {"list", "list", "expense_list"},
        {"balance", "balance", "expense_balance"},
        {"persist", "persist", "expense_persisted"},
        {"export csv", "export", "expense_exported"},
        {"send hello there", "send", "sent"},
        {"clear", "clear", "expense_cleared"},
        {"restore", "restore", "expense_restored"},
        {"HELP", "help", "(no text)"},
    };
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json_free(ask(b, 0, ADD_30));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[120];
        (void)snprintf(text, sizeof text,
                       "{\"type\":\"expense_say\",\"channel\":\"trip\",\"text\":\"%s\"}",
                       table[i][0]);
        ic__json *said = ask(b, 0, text);
        assert_string_equal(text_of(said, "kind"), table[i][1]);
        assert_string_equal(text_of(ic__json_get(said, "result"), "type"), table[i][2]);
        assert_true(strlen(text_of(said, "preview")) > 9);
        ic__json_free(said);
    }
}

static void what_is_no_command_is_explained(void **state)
{
    bench *b = *state;
    b->options.policy.owner_write_channels = "owned";
    bench_start(b, false);
    bench_enter(b, 0);
    ic__json *answer = ask(b, 0, "{\"type\":\"expense_say\",\"text\":\"balanse\"}");
    assert_non_null(strstr(text_of(answer, "error"), "balance"));
    ic__json_free(answer);
    expect_error(b, "{\"type\":\"expense_say\"}", "Missing text.");
    expect_error(b, "{\"type\":\"expense_say\",\"text\":5}", "Missing text.");
    expect_error(b, "{\"type\":\"expense_say\",\"text\":\"add alice 1e3\",\"dryRun\":1}",
                 "Invalid amount: ");
    expect_error(b,
                 "{\"type\":\"expense_say\",\"text\":\"send x\",\"channel\":\"owned\"}",
                 "Send denied");
    expect_error(b, "{\"type\":\"expense_say\",\"text\":\"clear\",\"channel\":\"owned\"}",
                 "Send denied");
}

static void expect_events(isplit_book *book, const char *room, size_t count)
{
    const isplit_state *now = NULL;
    assert_int_equal(isplit_book_state(book, room, &now), 0);
    assert_int_equal(isplit_state_event_count(now), count);
}

/* One client that asks for everything, on a ledger of its own. */
static void talk(void *arg)
{
    static const char *const words[] = {
        "{\"type\":\"auth\",\"token\":\"tok\"}",
        ADD_30,
        "{\"type\":\"expense_add\",\"payer\":\"a\",\"amount\":1.5,\"split\":[\"b\",\"c\"]"
        "}",
        "{\"type\":\"expense_list\",\"channel\":\"trip\"}",
        "{\"type\":\"expense_balance\",\"channel\":\"trip\"}",
        "{\"type\":\"expense_export\",\"channel\":\"trip\",\"format\":\"csv\"}",
        "{\"type\":\"expense_say\",\"channel\":\"trip\",\"text\":\"add bob 3 split al "
        "note x\"}",
        "{\"type\":\"expense_say\",\"channel\":\"trip\",\"text\":\"send hello\"}",
        "{\"type\":\"expense_clear\",\"channel\":\"trip\"}",
    };
    const bench *b = arg;
    isplit_book_options options;
    bridge_host host = b->host;
    bridge_hub *hub = NULL;
    bridge_session *s = NULL;
    ic__buf why = {0};

    isplit_book_options_default(&options);
    options.path = ":memory:";
    options.identity = b->alice;
    options.env = host.env;
    host.book = NULL;
    if (isplit_book_open(&options, &host.book, NULL) == 0 &&
        bridge_hub_new(&b->settings, &host, &hub, &why) == 0 &&
        bridge_session_new(hub, 0, &s) == 0) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            assert_int_equal(bridge_session_message(s, words[i], strlen(words[i]), 0), 0);
        if (!fail_alloc_hit())
            expect_events(host.book, "trip", 3); /* two entries and a clear */
    }
    bridge_session_free(s);
    bridge_hub_free(hub);
    isplit_book_close(host.book);
    ic__buf_free(&why);
}

static void survives_each_failed_allocation(void **state)
{
    bench *b = *state;
    ic__json *warm = NULL;
    bench_start(b, false);
    /* the channel is listed once, so that no run leaves it behind */
    assert_int_equal(ic__json_parse("0", 1, &warm), 0);
    assert_int_equal(ic__sidechannel_send(b->sidechannel, "trip", warm, NULL, NULL), 0);
    ic__json_free(warm);
    fail_alloc_each(talk, b);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(an_entry_is_added_and_answered_with_its_event),
        BENCH_TEST(the_quick_demo_comes_out_right),
        BENCH_TEST(no_channel_means_the_entry_channel),
        BENCH_TEST(amounts_are_read_from_their_characters),
        BENCH_TEST(members_are_refused_one_by_one),
        BENCH_TEST(only_means_exactly_these_members),
        BENCH_TEST(the_policies_of_the_channel_apply),
        BENCH_TEST(without_a_side_channel_one_can_read_but_not_write),
        BENCH_TEST(clear_covers_and_restore_says_where_from),
        BENCH_TEST(what_the_disk_refuses_is_said),
        BENCH_TEST(exports_are_one_text_each),
        BENCH_TEST(others_who_listen_are_told_and_the_author_is_not),
        BENCH_TEST(changes_made_at_the_terminal_go_to_all),
        BENCH_TEST(a_line_in_words_is_previewed_and_then_done),
        BENCH_TEST(each_kind_of_line_does_what_the_plain_request_does),
        BENCH_TEST(what_is_no_command_is_explained),
        BENCH_TEST(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("bridge/expense", tests, NULL, NULL);
}
