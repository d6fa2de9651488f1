#include <string.h>

#include "bridge/filter.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "unit.h"

static bool matches(const char *filter, const char *text)
{
    bridge_filter f;
    ic__buf lowered = {0};

    assert_int_equal(bridge_filter_parse(filter, strlen(filter), &f), 0);
    bridge_lower(&lowered, text, strlen(text));
    bool yes = bridge_filter_matches(&f, &lowered);
    ic__buf_free(&lowered);
    bridge_filter_free(&f);
    return yes;
}

/* spec/13, 4: filter grammar */
static void a_text_matches_when_it_has_all_words_of_a_group(void **state)
{
    static const struct {
        const char *filter;
        const char *text;
        bool matches;
    } table[] = {
        {"", "anything", true},
        {"", "", true},
        {"|", "anything", true},
        {" + , ", "anything", true},
        {"alpha", "ALPHABET", true},
        {"ALPHA", "alphabet", true},
        {"alpha", "beta", false},
        {"alpha", "", false},
        {"alpha+beta", "beta then alpha", true},
        {"alpha+beta", "alpha", false},
        {"alpha,beta", "alpha", false},
        {"alpha \t beta", "alphabeta", true},
        {"alpha\xc2\xa0"
         "beta",
         "beta", false},
        {"alpha+beta|gamma", "gamma", true},
        {"gamma|alpha+beta", "beta alpha", true},
        {"gamma|alpha+beta", "beta", false},
        {"||alpha||", "alpha", true},
        {"||alpha||", "beta", false},
        {"a|", "b", false},
        {"\xc3\x84rger",
         "gro\xc3\x9f"
         "er \xc3\xa4RGER",
         true},                                         /* AErger, with umlauts */
        {"\xd0\x9f", "\xd0\xbf", true},                 /* Cyrillic PE */
        {"\xf0\x90\x90\x80", "\xf0\x90\x90\xa8", true}, /* Deseret */
        {"a\x80", "a\xef\xbf\xbd", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (matches(table[i].filter, table[i].text) != table[i].matches)
            fail_msg("row %zu: %s in %s", i, table[i].filter, table[i].text);
    }
}

static void the_length_is_limited(void **state)
{
    static char text[BRIDGE_FILTER_MAX + 1];
    bridge_filter f;
    memset(text, 'x', sizeof text);
    assert_int_equal(bridge_filter_parse(text, BRIDGE_FILTER_MAX, &f), 0);
    bridge_filter_free(&f);
    assert_int_equal(bridge_filter_parse(text, sizeof text, &f), IC_ERR_LIMIT);
}

static void parse_one(void *arg)
{
    bridge_filter f;
    const char *text = arg;
    if (bridge_filter_parse(text, strlen(text), &f) == 0)
        bridge_filter_free(&f);
}

static void survives_each_failed_allocation(void **state)
{
    char text[] = "one+two|three four,five|six";
    fail_alloc_each(parse_one, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_matches_when_it_has_all_words_of_a_group),
        cmocka_unit_test(the_length_is_limited),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("bridge/filter", tests, NULL, NULL);
}
