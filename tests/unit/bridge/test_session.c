#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "bridge/filter.h"
#include "bridge_bench.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "unit.h"

#define WRONG "{\"type\":\"auth\",\"token\":\"no\"}"
#define RIGHT "{\"type\":\"auth\",\"token\":\"tok\"}"
#define UNAUTHORIZED "{\"type\":\"error\",\"error\":\"Unauthorized.\"}"

static int setup(void **state)
{
    bench *b = malloc(sizeof *b);
    assert_non_null(b);
    bench_init(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    free(*state);
    return 0;
}

static void error_text(ic__buf *out, const char *error)
{
    ic__buf_reset(out);
    ic__buf_text(out, "{\"type\":\"error\",\"error\":");
    ic__json_write_cstring(out, error);
    ic__buf_char(out, '}');
}

static void expect_error(bench *b, const char *request, const char *error)
{
    ic__buf want = {0};
    error_text(&want, error);
    print_message("%.100s\n", request);
    bench_ask(b, 0, request, want.data);
    ic__buf_free(&want);
}

static int close_code(const bench *b, unsigned n)
{
    const char *reason = NULL;
    return bridge_session_close_code(b->clients[n], &reason);
}

/* spec/13, 1 */
static void without_a_token_there_is_no_bridge(void **state)
{
    bench *b = *state;
    static const char *const none[] = {NULL, ""};
    for (size_t i = 0; i < 2; i++) {
        ic__buf why = {0};
        b->settings.token = none[i];
        assert_int_equal(bridge_hub_new(&b->settings, &b->host, &b->hub, &why),
                         IC_ERR_INVALID);
        assert_string_equal(why.data,
                            "SC-Bridge requires --sc-bridge-token (auth is mandatory).");
        ic__buf_free(&why);
    }
}

/* spec/13, 6.1: growing delay, then the connection closes */
static void five_wrong_tokens_close_the_connection_slower_and_slower(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_connect(b, 0);
    ic__json_free(bench_take(b, 0));
    uint64_t delay = 100 * IC__MS;
    for (int i = 0; i < 5; i++, delay *= 2) {
        uint64_t before = b->clock.now_ns;
        assert_int_equal(close_code(b, 0), BRIDGE_OPEN);
        bench_ask(b, 0, WRONG, UNAUTHORIZED);
        assert_int_equal(b->clock.now_ns - before, delay);
    }
    assert_int_equal(close_code(b, 0), BRIDGE_CLOSE_POLICY);
    bench_send(b, 0, RIGHT);
    assert_null(bench_next(b, 0)); /* too late */
}

static void who_must_wait_is_not_heard(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_connect(b, 0);
    ic__json_free(bench_take(b, 0));
    bridge_session *s = b->clients[0];
    uint64_t now = b->clock.now_ns;
    assert_int_equal(bridge_session_message(s, WRONG, strlen(WRONG), now), 0);
    assert_true(bridge_session_held(s));
    assert_int_equal(bridge_session_message(s, RIGHT, strlen(RIGHT), now), IC_ERR_AGAIN);
    bridge_session_expire(s, bridge_session_deadline(s) - 1);
    assert_null(bench_next(b, 0));
    bridge_session_expire(s, bridge_session_deadline(s));
    assert_string_equal(bench_next(b, 0), UNAUTHORIZED);
    bench_ask(b, 0, RIGHT, "{\"type\":\"auth_ok\"}");
}

static void a_wrong_token_after_the_right_one_costs_nothing(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    uint64_t before = b->clock.now_ns;
    for (int i = 0; i < 20; i++)
        bench_ask(b, 0, WRONG, UNAUTHORIZED);
    assert_int_equal(b->clock.now_ns, before);
    assert_int_equal(close_code(b, 0), BRIDGE_OPEN);
}

static void tokens_of_other_types_and_lengths_are_wrong(void **state)
{
    bench *b = *state;
    b->settings.max_wrong_tokens = 100;
    b->settings.wrong_token_ns = 1;
    bench_start(b, false);
    bench_connect(b, 0);
    ic__json_free(bench_take(b, 0));
    static const char *const wrong[] = {"null",
                                        "\"\"",
                                        "\"to\"",
                                        "\"tokk\"",
                                        "5",
                                        "[\"tok\"]",
                                        "true",
                                        "{\"tok\":\"tok\"}",
                                        "\"tok\\u0000\"",
                                        "\"Tok\"",
                                        "\" tok\""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[80];
        (void)snprintf(text, sizeof text, "{\"type\":\"auth\",\"token\":%s}", wrong[i]);
        bench_ask(b, 0, text, UNAUTHORIZED);
    }
}

/* spec/13, 6.2: 30 s to authenticate */
static void who_does_not_authenticate_in_time_is_closed(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_connect(b, 0);
    bench_enter(b, 1);
    assert_int_equal(bridge_session_deadline(b->clients[0]),
                     b->clock.now_ns + 30 * IC__SEC);
    assert_int_equal(bridge_session_deadline(b->clients[1]), IC__NEVER);
    for (unsigned n = 0; n < 2; n++)
        bridge_session_expire(b->clients[n], b->clock.now_ns + 30 * IC__SEC - 1);
    assert_int_equal(close_code(b, 0), BRIDGE_OPEN);
    for (unsigned n = 0; n < 2; n++)
        bridge_session_expire(b->clients[n], b->clock.now_ns + 30 * IC__SEC);
    assert_int_equal(close_code(b, 0), BRIDGE_CLOSE_POLICY);
    assert_int_equal(close_code(b, 1), BRIDGE_OPEN);
    assert_int_equal(bridge_session_deadline(b->clients[0]), IC__NEVER);
}

static void subscriptions_are_limited_to_256(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    for (int i = 0; i < 256; i++) {
        char text[80];
        (void)snprintf(text, sizeof text, "{\"type\":\"subscribe\",\"channel\":\"c%d\"}",
                       i);
        bench_send(b, 0, text);
        assert_non_null(strstr(bench_next(b, 0), "\"subscribed\""));
    }
    expect_error(b, "{\"type\":\"subscribe\",\"channel\":\"more\"}",
                 "Too many subscriptions (256 at most).");
    bench_send(b, 0,
               "{\"type\":\"subscribe\",\"channel\":\"c255\"}"); /* has it already */
    assert_non_null(strstr(bench_next(b, 0), "\"subscribed\""));
    bench_send(b, 0, "{\"type\":\"unsubscribe\",\"channel\":\"c0\"}");
    assert_null(strstr(bench_next(b, 0), "\"c0\""));
    bench_send(b, 0, "{\"type\":\"subscribe\",\"channel\":\"more\"}");
    assert_non_null(strstr(bench_next(b, 0), "\"c255\",\"more\"]"));
}

static void leaving_a_channel_ends_its_subscription(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    bench_ask(b, 0, "{\"type\":\"subscribe\",\"channels\":[\"a\",\"b\"]}",
              "{\"type\":\"subscribed\",\"channels\":[\"a\",\"b\"]}");
    bench_ask(b, 0, "{\"type\":\"leave\",\"channel\":\"a\"}",
              "{\"type\":\"left\",\"channel\":\"a\",\"ok\":false}");
    bench_ask(b, 0, "{\"type\":\"subscribe\"}",
              "{\"type\":\"subscribed\",\"channels\":[\"b\"]}");
}

#define DENIED_SEND "Send denied (invite required or invalid)."
#define DENIED_OPEN "Open request denied (invalid input or missing invite/welcome)."
#define BAD_INVITE "Invalid invite (expected JSON or base64)."
#define BAD_WELCOME "Invalid welcome (expected JSON or base64)."

/* spec/13, 6.2 and our stricter typing: no member of any type does harm */
static void wrong_types_in_every_member_are_answered(void **state)
{
    bench *b = *state;
    static const struct {
        const char *request;
        const char *error;
    } table[] = {
        {"", "Invalid JSON."},
        {"\xff\xfe", "Invalid JSON."},
        {"{\"type\":\"ping\"", "Invalid JSON."},
        {"{\"type\":\"ping\"}{}", "Invalid JSON."},
        {"0", "Invalid message."},
        {"true", "Invalid message."},
        {"[]", "Unknown type: undefined"},
        {"{\"type\":null}", "Unknown type: null"},
        {"{\"type\":5}", "Unknown type: 5"},
        {"{\"type\":\"\"}", "Unknown type: "},
        {"{\"type\":{\"a\":[]}}", "Unknown type: {\"a\":[]}"},
        {"{\"type\":\"ping\\u0000\"}", "Unknown type: \"ping\\u0000\""},
        {"{\"type\":\"PING\"}", "Unknown type: PING"},
        {"{\"type\":\"expense_steal\"}", "Unknown type: expense_steal"},
        {"{\"type\":\"set_filter\",\"filter\":5}", "Invalid filter (expected text)."},
        {"{\"type\":\"set_filter\",\"filter\":[\"a\"]}",
         "Invalid filter (expected text)."},
        {"{\"type\":\"send\",\"channel\":null}", "Missing channel."},
        {"{\"type\":\"send\",\"channel\":0}", "Missing channel."},
        {"{\"type\":\"send\",\"channel\":[\"a\"]}", "Missing channel."},
        {"{\"type\":\"send\",\"channel\":{\"toString\":1}}", "Missing channel."},
        {"{\"type\":\"send\",\"channel\":\"a\\u0000b\"}", "Missing channel."},
        {"{\"type\":\"send\",\"channel\":\"\\ud800\"}", "Missing channel."},
        {"{\"type\":\"send\",\"channel\":\"a\",\"invite\":7}", BAD_INVITE},
        {"{\"type\":\"send\",\"channel\":\"a\",\"invite\":[]}", BAD_INVITE},
        {"{\"type\":\"send\",\"channel\":\"a\",\"invite\":true}", BAD_INVITE},
        {"{\"type\":\"send\",\"channel\":\"a\",\"invite\":\"NQ==\"}", BAD_INVITE},
        {"{\"type\":\"send\",\"channel\":\"a\",\"welcome\":\"@file\"}", BAD_WELCOME},
        {"{\"type\":\"join\",\"channel\":\"a\",\"welcome\":-1}", BAD_WELCOME},
        {"{\"type\":\"open\",\"channel\":\"a\",\"invite\":\" \"}", BAD_INVITE},
        {"{\"type\":\"open\",\"channel\":\"a\",\"via\":\"owned\"}", DENIED_OPEN},
        {"{\"type\":\"open\",\"channel\":\"a\",\"via\":{}}", DENIED_OPEN},
        {"{\"type\":\"leave\",\"channel\":false}", "Missing channel."},
        {"{\"type\":\"cli\",\"command\":\"/help\"}", "CLI over WS is disabled."},
        {"{\"type\":\"expense_list\"}", "Ledger not ready."},
        {"{\"type\":\"info\"}", "Info not available."},
    };
    b->options.policy.owner_write_channels = "owned";
    bench_start(b, false);
    bench_enter(b, 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        expect_error(b, table[i].request, table[i].error);
    assert_int_equal(close_code(b, 0), BRIDGE_OPEN);
}

static void odd_but_harmless_members_are_tolerated(void **state)
{
    bench *b = *state;
    static const char *const table[][2] = {
        {"{\"type\":\"subscribe\",\"channels\":[null,{},[\"x\"],true,\"\\u0000\"]}",
         "{\"type\":\"subscribed\",\"channels\":[]}"},
        {"{\"type\":\"subscribe\",\"channels\":\"x\"}",
         "{\"type\":\"subscribed\",\"channels\":[]}"},
        {"{\"type\":\"subscribe\",\"channel\":7}",
         "{\"type\":\"subscribed\",\"channels\":[\"7\"]}"},
        {"{\"type\":\"send\",\"channel\":12}", "{\"type\":\"sent\",\"channel\":\"12\"}"},
        {"{\"type\":\"send\",\"channel\":\"a\",\"invite\":{},\"welcome\":{\"x\":1}}",
         "{\"type\":\"sent\",\"channel\":\"a\"}"},
        {"{\"type\":\"send\",\"channel\":\"a\",\"invite\":\"\",\"welcome\":0}",
         "{\"type\":\"sent\",\"channel\":\"a\"}"},
        {"{\"type\":\"send\",\"channel\":\"a\",\"message\":{\"control\":\"auth\"}}",
         "{\"type\":\"sent\",\"channel\":\"a\"}"},
        {"{\"id\":1e300,\"type\":\"set_filter\",\"filter\":null}",
         "{\"id\":1e+300,\"type\":\"filter_set\",\"filter\":\"\"}"},
        {"{\"id\":-0,\"type\":\"open\",\"channel\":\"a\",\"via\":5}",
         "{\"id\":0,\"type\":\"open_requested\",\"channel\":\"a\",\"via\":\"5\"}"},
        {"{\"id\":1e400,\"type\":\"clear_filter\"}",
         "{\"type\":\"filter_set\",\"filter\":\"\"}"},
        {"{\"type\":\"stats\",\"type\":\"clear_filter\"}",
         "{\"type\":\"filter_set\",\"filter\":\"\"}"},
    };
    bench_start(b, false);
    bench_enter(b, 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        bench_ask(b, 0, table[i][0], table[i][1]);
}

static void deep_wide_and_long_messages_are_refused(void **state)
{
    bench *b = *state;
    size_t size = IC__JSON_MAX_BYTES;
    char *text = malloc(size + 1);
    assert_non_null(text);
    bench_start(b, false);
    bench_enter(b, 0);
    memset(text, '[', size);
    text[size] = 0;
    expect_error(b, text, "Invalid JSON.");
    for (size_t i = 0; i < size; i++)
        text[i] = "[,"[i > 0];
    expect_error(b, text, "Invalid JSON.");
    (void)snprintf(text, size, "{\"type\":\"%0*d\"}", 900000, 0);
    bench_send(b, 0, text);
    assert_true(strlen(bench_next(b, 0)) < 300); /* our answer does not repeat it all */
    (void)snprintf(text, size, "{\"type\":\"join\",\"channel\":\"%0*d\"}", 300, 0);
    expect_error(b, text, "Join failed: a limit was reached");
    (void)snprintf(text, size,
                   "{\"type\":\"send\",\"channel\":\"c\",\"message\":\"%0*d\"}", 1000000,
                   0);
    expect_error(b, text, DENIED_SEND);
    (void)snprintf(text, size, "{\"type\":\"set_filter\",\"filter\":\"%0*d\"}",
                   BRIDGE_FILTER_MAX + 1, 0);
    expect_error(b, text, "Filter too long (4096 bytes at most).");
    free(text);
}

static void say_a_lot(const char *line, bridge_output *out, void *user)
{
    for (int i = 0; i < 20000; i++)
        bridge_output_line(out, line, strlen(line));
    bridge_output_result(out, "{\"x\":1}");
}

static void say_keys(const char *line, bridge_output *out, void *user)
{
    bridge_output_line(out, line, strlen(line));
    bridge_output_result(out, "[1]");
}

/* spec/13, 6.3 */
static void keys_are_shown_only_with_the_second_switch(void **state)
{
    bench *b = *state;
    b->settings.cli = true;
    b->host.cli = say_keys;
    bench_start(b, false);
    bench_enter(b, 0);
    bench_ask(
        b, 0, "{\"type\":\"cli\",\"command\":\" /get_keys \"}",
        "{\"type\":\"cli_result\",\"command\":\"/get_keys\",\"ok\":false,\"output\":[],"
        "\"error\":\"/get_keys is refused over the bridge.\",\"result\":null}");
    bench_ask(
        b, 0, "{\"type\":\"cli\",\"command\":\"/x\"}",
        "{\"type\":\"cli_result\",\"command\":\"/x\",\"ok\":true,\"output\":[\"/x\"],"
        "\"error\":null,\"result\":[1]}");
    bridge_session_free(b->clients[0]);
    bridge_hub_free(b->hub);
    b->settings.cli_keys = true;
    ic__buf why = {0};
    assert_int_equal(bridge_hub_new(&b->settings, &b->host, &b->hub, &why), 0);
    bench_enter(b, 0);
    bench_ask(b, 0, "{\"type\":\"cli\",\"command\":\"/get_keys\"}",
              "{\"type\":\"cli_result\",\"command\":\"/"
              "get_keys\",\"ok\":true,\"output\":[\"/get_keys\"],"
              "\"error\":null,\"result\":[1]}");
}

static void output_without_end_is_cut_off(void **state)
{
    bench *b = *state;
    b->settings.cli = true;
    b->host.cli = say_a_lot;
    bench_start(b, false);
    bench_enter(b, 0);
    char text[200];
    (void)snprintf(text, sizeof text, "{\"type\":\"cli\",\"command\":\"%0*d\"}", 100, 0);
    bench_send(b, 0, text);
    assert_non_null(
        strstr(bench_next(b, 0),
               "\"output\":[],\"error\":\"The output is too long.\",\"result\":null}"));
}

static void a_closed_session_hears_and_says_nothing_more(void **state)
{
    bench *b = *state;
    bench_start(b, false);
    bench_enter(b, 0);
    bench_connect(b, 1);
    bridge_session_expire(b->clients[1], b->clock.now_ns + 60 * IC__SEC);
    bench_send(b, 1, RIGHT);
    assert_non_null(strstr(bench_next(b, 1), "\"hello\""));
    assert_null(bench_next(b, 1));
}

static void note_line(ic_log_level level, const char *room, const char *text, void *user)
{
    bench *b = (bench *)((char *)user - offsetof(bench, clock));
    assert_int_equal(level, IC_LOG_INFO);
    b->log_lines++;
}

/* never the token, never control characters */
/* spec/13, 6.2: an answer that no queue can hold does not end the connection */
static void an_answer_that_is_too_long_is_an_error(void **state)
{
    bench *b = *state;
    b->settings.max_answer_bytes = 64;
    bench_start(b, true);
    bench_enter(b, 0);
    bench_ask(b, 0,
              "{\"id\":1,\"type\":\"set_filter\",\"filter\":"
              "\"a long filter, a long filter, a long filter\"}",
              "{\"id\":1,\"type\":\"error\",\"error\":"
              "\"The answer is too long (64 bytes at most).\"}");
    bench_ask(b, 0, "{\"type\":\"clear_filter\"}",
              "{\"type\":\"filter_set\",\"filter\":\"\"}");
}

static void what_clients_ask_is_logged_only_when_wanted(void **state)
{
    bench *b = *state;
    b->host.env.log = note_line;
    bench_start(b, false);
    bench_enter(b, 0);
    assert_int_equal(b->log_lines, 0);
    bridge_session_free(b->clients[0]);
    bridge_hub_free(b->hub);
    b->settings.debug = true;
    ic__buf why = {0};
    assert_int_equal(bridge_hub_new(&b->settings, &b->host, &b->hub, &why), 0);
    bench_enter(b, 0);
    bench_send(b, 0, "{}");
    assert_int_equal(b->log_lines, 2);
}

static void talk(void *arg)
{
    static const char *const words[] = {
        RIGHT,
        "{\"type\":\"subscribe\",\"channels\":[\"a\",5]}",
        "{\"type\":\"set_filter\",\"filter\":\"a+b|c\"}",
        "{\"type\":\"send\",\"channel\":\"a\",\"message\":{\"x\":1},\"invite\":\"e30=\"}",
        "{\"type\":\"join\",\"channel\":\"a\"}",
        "{\"type\":\"open\",\"channel\":\"a\",\"via\":\"b\"}",
        "{\"type\":\"stats\"}",
        "{\"type\":\"cli\",\"command\":\"/x\"}",
        "{\"type\":\"nope\"}",
        "{\"type\":\"leave\",\"channel\":\"a\"}",
    };
    const bench *b = arg;
    bridge_hub *hub = NULL;
    bridge_session *s = NULL;
    ic__sidechannel *sc = NULL;
    ic__json *envelope = NULL;
    ic__buf why = {0};
    bridge_host host = b->host;

    if (ic__sidechannel_new(&b->options, &sc, &why) == 0) {
        host.sidechannel = sc;
        if (bridge_hub_new(&b->settings, &host, &hub, &why) == 0 &&
            bridge_session_new(hub, 0, &s) == 0) {
            for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
                assert_int_equal(bridge_session_message(s, words[i], strlen(words[i]), 0),
                                 0);
            if (ic__json_parse("{\"message\":\"a b\"}", 17, &envelope) == 0)
                bridge_hub_message(hub, "5", envelope);
        }
    }
    ic__json_free(envelope);
    bridge_session_free(s);
    bridge_hub_free(hub);
    ic__sidechannel_free(sc);
    ic__buf_free(&why);
}

static void survives_each_failed_allocation(void **state)
{
    bench *b = *state;
    b->settings.cli = true;
    b->host.cli = say_keys;
    fail_alloc_each(talk, b);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(without_a_token_there_is_no_bridge),
        BENCH_TEST(five_wrong_tokens_close_the_connection_slower_and_slower),
        BENCH_TEST(who_must_wait_is_not_heard),
        BENCH_TEST(a_wrong_token_after_the_right_one_costs_nothing),
        BENCH_TEST(tokens_of_other_types_and_lengths_are_wrong),
        BENCH_TEST(who_does_not_authenticate_in_time_is_closed),
        BENCH_TEST(subscriptions_are_limited_to_256),
        BENCH_TEST(leaving_a_channel_ends_its_subscription),
        BENCH_TEST(wrong_types_in_every_member_are_answered),
        BENCH_TEST(odd_but_harmless_members_are_tolerated),
        BENCH_TEST(deep_wide_and_long_messages_are_refused),
        BENCH_TEST(keys_are_shown_only_with_the_second_switch),
        BENCH_TEST(output_without_end_is_cut_off),
        BENCH_TEST(a_closed_session_hears_and_says_nothing_more),
        BENCH_TEST(an_answer_that_is_too_long_is_an_error),
        BENCH_TEST(what_clients_ask_is_logged_only_when_wanted),
        BENCH_TEST(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("bridge/session", tests, NULL, NULL);
}
