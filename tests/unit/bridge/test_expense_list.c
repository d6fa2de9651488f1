/* docs/spec/13-sc-bridge.md, section 7: expense_list of a room of any size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge_bench.h"
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

/* What is left begins at "next". */
static void a_list_comes_in_parts(void **state)
{
    bench *b = *state;
    static const char *const wrong[] = {
        "{\"type\":\"expense_list\",\"channel\":\"trip\",\"limit\":-1}",
        "{\"type\":\"expense_list\",\"channel\":\"trip\",\"limit\":1.5}",
        "{\"type\":\"expense_list\",\"channel\":\"trip\",\"limit\":\"x\"}",
        "{\"type\":\"expense_list\",\"channel\":\"trip\",\"limit\":[]}"};
    b->settings.max_answer_bytes = 6000;
    bench_start(b, false);
    bench_enter(b, 0);
    for (int i = 0; i < 40; i++)
        ic__json_free(ask(b, 0,
                          "{\"type\":\"expense_add\",\"channel\":\"trip\",\"payer\":"
                          "\"alice\",\"amount\":\"3\",\"split\":\"bob\"}"));
    int64_t next = 0;
    size_t seen = 0;
    unsigned parts = 0;
    for (; next >= 0; parts++) {
        char text[128];
        (void)snprintf(text, sizeof text,
                       "{\"type\":\"expense_list\",\"channel\":\"trip\",\"offset\":%d}",
                       (int)next);
        ic__json *list = ask(b, 0, text);
        assert_string_equal(text_of(list, "type"), "expense_list");
        assert_int_equal(number_of(list, "count"), 40);
        seen += ic__json_count(ic__json_get(list, "events"));
        next = ic__json_get(list, "next") ? number_of(list, "next") : -1;
        assert_true(next < 0 || next == (int64_t)seen);
        ic__json_free(list);
    }
    assert_int_equal(seen, 40);
    assert_true(parts > 2);
    ic__json *list = ask(b, 0,
                         "{\"type\":\"expense_list\",\"channel\":\"trip\",\"offset\":"
                         "\"18\",\"limit\":1}");
    assert_int_equal(ic__json_count(ic__json_get(list, "events")), 1);
    assert_int_equal(number_of(list, "next"), 19);
    ic__json_free(list);
    list = ask(b, 0, "{\"type\":\"expense_list\",\"channel\":\"trip\",\"offset\":99}");
    assert_int_equal(ic__json_count(ic__json_get(list, "events")), 0);
    assert_null(ic__json_get(list, "next"));
    ic__json_free(list);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        list = ask(b, 0, wrong[i]);
        assert_string_equal(text_of(list, "error"), "Invalid limit.");
        ic__json_free(list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_comes_in_parts, setup, teardown),
    };

    return cmocka_run_group_tests_name("bridge/expense_list", tests, NULL, NULL);
}
