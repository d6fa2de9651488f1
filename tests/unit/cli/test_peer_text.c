#include <locale.h>
#include <string.h>

#include "fail_alloc.h"
#include "peer_text.h"
#include "peer_words.h"
#include "unit.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static void assert_safe(const char *text, const char *want)
{
    ic__buf b = {0};

    peer_text_safe(&b, text);
    ic__buf_char(&b, '.');
    assert_false(b.bad);
    b.data[b.len - 1] = 0;
    assert_string_equal(b.data, want);
    ic__buf_free(&b);
}

/* docs/spec/12-sidechannel.md, section 11, rule 13 */
static void what_steers_a_terminal_is_replaced(void **state)
{
    assert_safe("", "");
    assert_safe("caf\xc3\xa9\t\xe6\x97\xa5", "caf\xc3\xa9\t\xe6\x97\xa5");
    assert_safe("\x1b[2J\r\n\x07", BAD "[2J" BAD BAD BAD);
    assert_safe("\xc2\x9b"
                "31m\x7f",
                BAD "31m" BAD);
    assert_safe("\xe2\x80\xae"
                "evil\xe2\x81\xa9",
                BAD "evil" BAD);
    assert_safe("\xff\xc3(", BAD BAD "(");
    assert_safe("\xed\xa0\x80", BAD); /* a lone surrogate in WTF-8 */
}

static void columns_count_wide_and_combining_characters(void **state)
{
    static const char text[] = "a\xc3\xa9\xe6\x97\xa5"
                               "e\xcc\x81";
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    assert_int_equal(peer_text_columns(text, text + strlen(text)), 5);
    assert_int_equal(peer_text_columns(text, text), 0);
}

static void words_know_what_they_share(void **state)
{
    peer_words w = {0};

    peer_words_add("/expense_list", &w);
    assert_int_equal(w.same, 13);
    peer_words_add("/expense_balance", &w);
    peer_words_add("/exit", &w);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.same, 3);
    peer_words_free(&w);
    assert_int_equal(w.count, 0);
}

static void words_stand_in_columns(void **state)
{
    peer_words w = {0};
    ic__buf rows = {0};

    peer_words_add("alice", &w);
    peer_words_add("bob", &w);
    peer_words_add("ca\x1brol", &w);
    peer_words_layout(&w, 14, &rows);
    assert_string_equal(rows.data, "alice   bob\nca" BAD "rol\n");
    ic__buf_reset(&rows);
    peer_words_layout(&w, 1, &rows);
    assert_string_equal(rows.data, "alice\nbob\nca" BAD "rol\n");
    ic__buf_free(&rows);
    peer_words_free(&w);
}

static void words_past_the_limit_only_count(void **state)
{
    peer_words w = {0};

    for (int i = 0; i < PEER_WORDS_SHOWN + 5; i++)
        peer_words_add(i < PEER_WORDS_SHOWN ? "abc" : "abd", &w);
    assert_int_equal(w.count, PEER_WORDS_SHOWN + 5);
    assert_int_equal(w.kept, PEER_WORDS_SHOWN);
    assert_int_equal(w.same, 2);
    peer_words_free(&w);
}

static void add_some(void *arg)
{
    peer_words w = {0};
    ic__buf rows = {0};

    peer_words_add("one", &w);
    peer_words_add("other", &w);
    peer_words_layout(&w, 80, &rows);
    ic__buf_free(&rows);
    peer_words_free(&w);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(add_some, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_steers_a_terminal_is_replaced),
        cmocka_unit_test(columns_count_wide_and_combining_characters),
        cmocka_unit_test(words_know_what_they_share),
        cmocka_unit_test(words_stand_in_columns),
        cmocka_unit_test(words_past_the_limit_only_count),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("cli/peer_text", tests, NULL, NULL);
}
