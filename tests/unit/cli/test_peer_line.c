#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "peer_line.h"
#include "unit.h"
#include "vectors.h"

static void assert_same(const peer_line *line, const json_t *want)
{
    const char *name;
    json_t *value;

    /* as in JavaScript, a name that stands twice has one place and its last value */
    json_object_foreach((json_t *)(uintptr_t)want, name, value)
    {
        const char *got = peer_line_value(line, name);
        if (json_is_null(value))
            assert_null(got);
        else
            assert_string_equal(got, json_string_value(value));
    }
    assert_int_equal(line->arg_count, json_object_size(want));
}

/* docs/spec/14-trac-peer.md, section 9 */
static void splits_as_the_reference(void **state)
{
    json_t *file = vectors_load("trac-peer-behaviour.json");
    json_t *cases = json_object_get(file, "parseArgs");
    size_t i;
    json_t *test;

    assert_int_equal(json_array_size(cases), 15);
    json_array_foreach(cases, i, test)
    {
        const char *text = vectors_text(test, "line");
        json_t *want = json_loads(vectors_text(test, "result"), 0, NULL);
        peer_line line;
        int error = peer_line_parse(&line, text, strlen(text));
        if (json_object_get(want, "throws")) {
            assert_int_equal(error, IC_ERR_INVALID);
        } else {
            assert_int_equal(error, 0);
            assert_same(&line, want);
            peer_line_free(&line);
        }
        json_decref(want);
    }
    json_decref(file);
}

static void every_prefix_of_a_line_is_read_within_its_bytes(void **state)
{
    static const char text[] =
        "/expense_add --payer \"al\\\"ice\" --note 'x y' a\\ b \xc2\xa0 c";

    for (size_t n = 0; n < sizeof text; n++) {
        char *exact = malloc(n ? n : 1);
        peer_line line;
        assert_non_null(exact);
        memcpy(exact, text, n);
        int error = peer_line_parse(&line, exact, n);
        if (!error)
            peer_line_free(&line);
        else
            assert_int_equal(error, IC_ERR_INVALID);
        free(exact);
    }
}

static void a_blank_line_has_no_command(void **state)
{
    peer_line line;
    assert_int_equal(peer_line_parse(&line, " \t\xe3\x80\x80", 5), 0);
    assert_string_equal(line.command, "");
    assert_int_equal(line.arg_count, 0);
    peer_line_free(&line);
}

static void the_first_alias_that_has_a_value_counts(void **state)
{
    static const char text[] = "/x --ch \"\" --room trip --p alice --p bob";
    peer_line line;
    assert_int_equal(peer_line_parse(&line, text, strlen(text)), 0);
    assert_string_equal(peer_line_any(&line, "channel ch room"), "trip");
    assert_string_equal(peer_line_any(&line, "payer p"), "bob");
    assert_null(peer_line_any(&line, "amount a"));
    peer_line_free(&line);
}

static void too_much_is_refused(void **state)
{
    peer_line line;
    size_t len = PEER_LINE_MAX_BYTES + 1;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'x', len);
    assert_int_equal(peer_line_parse(&line, text, len), IC_ERR_LIMIT);
    assert_int_equal(peer_line_parse(&line, text, len - 1), 0);
    peer_line_free(&line);

    for (size_t i = 1; i < len; i += 2) /* x x x ... */
        text[i] = ' ';
    size_t full = 2 * (1 + 2 * PEER_LINE_MAX_ARGS);
    assert_int_equal(peer_line_parse(&line, text, full), 0);
    assert_int_equal(line.arg_count, PEER_LINE_MAX_ARGS);
    peer_line_free(&line);
    assert_int_equal(peer_line_parse(&line, text, full + 1), IC_ERR_LIMIT);
    assert_int_equal(peer_line_parse(&line, "/x\0y", 4), IC_ERR_INVALID);
    free(text);
}

static void trims_what_javascript_trims(void **state)
{
    char text[] = "\xef\xbb\xbf \xe2\x80\x89 a b\xc2\xa0\n";
    char kept[] = "\xe2\x80\x8b"
                  "a"; /* U+200B stays */
    char empty[] = "  ";
    assert_string_equal(peer_trim(text), "a b");
    assert_string_equal(peer_trim(kept), kept);
    assert_string_equal(peer_trim(empty), "");
}

static void parse_once(void *arg)
{
    peer_line line;
    if (peer_line_parse(&line, arg, strlen(arg)) == 0)
        peer_line_free(&line);
}

static void survives_each_failed_allocation(void **state)
{
    char text[] = "/post --message 'hello world'";
    fail_alloc_each(parse_once, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_as_the_reference),
        cmocka_unit_test(every_prefix_of_a_line_is_read_within_its_bytes),
        cmocka_unit_test(a_blank_line_has_no_command),
        cmocka_unit_test(the_first_alias_that_has_a_value_counts),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(trims_what_javascript_trims),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("cli/peer_line", tests, NULL, NULL);
}
