/* docs/spec/16-ledger.md, section 5.3 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intersplit/command.h"

static isplit_command *parse(const char *line)
{
    isplit_command *c = NULL;
    isplit_reason why = {{0}};

    if (isplit_command_parse(line, strlen(line), &c, &why) != 0)
        fail_msg("%s: %s", line, why.text);
    return c;
}

static void check_add(const char *line, const char *payer, const char *amount,
                      const char *split, bool only, const char *note)
{
    char joined[4096] = "";
    isplit_command *c = parse(line);

    assert_int_equal(c->kind, ISPLIT_COMMAND_ADD);
    assert_string_equal(c->draft.payer, payer);
    assert_string_equal(c->draft.amount, amount);
    for (size_t i = 0; i < c->draft.part_count; i++) {
        strcat(joined, i ? "|" : "");
        strcat(joined, c->draft.parts[i].name);
    }
    assert_string_equal(joined, split);
    assert_int_equal(c->draft.only, only);
    assert_string_equal(c->draft.note ? c->draft.note : "", note);
    isplit_command_free(c);
}

static void refused(const char *line, int error, const char *part)
{
    isplit_command *c = NULL;
    isplit_reason why = {{0}};

    assert_int_equal(isplit_command_parse(line, strlen(line), &c, &why), error);
    assert_null(c);
    if (!strstr(why.text, part))
        fail_msg("%s: \"%s\" does not say \"%s\"", line, why.text, part);
}

static void an_expense_has_payer_amount_split_and_note(void **state)
{
    (void)state;
    check_add("add alice 30 split alice,bob note dinner", "alice", "30", "alice|bob",
              false, "dinner");
    check_add("ADD alice 12,50", "alice", "12,50", "", false, "");
    check_add("add alice 1 234,50 split alice , bob,carol", "alice", "1 234,50",
              "alice|bob|carol", false, "");
    check_add("  add \"anna maria\" 30 EUR split \"anna maria\", bob note a, b -> c ",
              "anna maria", "30 EUR", "anna maria|bob", false, "a, b -> c");
    check_add("add zoë 5 note split it", "zoë", "5", "", false, "split it");
    check_add("add a 1 note", "a", "1", "", false, "");
}

static void only_before_a_name_leaves_the_payer_out(void **state)
{
    (void)state;
    check_add("add alice 30 split only bob", "alice", "30", "bob", true, "");
    check_add("add alice 30 split Only bob, carol note x", "alice", "30", "bob|carol",
              true, "x");
    check_add("add alice 30 split only", "alice", "30", "only", false, "");
    check_add("add alice 30 split only,bob", "alice", "30", "only|bob", false, "");
    check_add("add alice 30 split only note x", "alice", "30", "only", false, "x");
}

static void other_commands_take_their_arguments(void **state)
{
    static const struct {
        const char *line;
        isplit_command_kind kind;
        isplit_export_format format;
    } lines[] = {
        {"list", ISPLIT_COMMAND_LIST, 0},
        {"balance", ISPLIT_COMMAND_BALANCE, 0},
        {"Balance minimal", ISPLIT_COMMAND_BALANCE, 0},
        {"persist", ISPLIT_COMMAND_PERSIST, 0},
        {"restore ", ISPLIT_COMMAND_RESTORE, 0},
        {"clear", ISPLIT_COMMAND_CLEAR, 0},
        {"help", ISPLIT_COMMAND_HELP, 0},
        {"export", ISPLIT_COMMAND_EXPORT, ISPLIT_EXPORT_TEXT},
        {"export text", ISPLIT_COMMAND_EXPORT, ISPLIT_EXPORT_TEXT},
        {"export JSON", ISPLIT_COMMAND_EXPORT, ISPLIT_EXPORT_JSON},
        {"export csv", ISPLIT_COMMAND_EXPORT, ISPLIT_EXPORT_CSV},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        isplit_command *c = parse(lines[i].line);
        assert_int_equal(c->kind, lines[i].kind);
        assert_int_equal(c->format, lines[i].format);
        isplit_command_free(c);
    }
    isplit_command *c = parse("send  hello, \"bob\" ");
    assert_int_equal(c->kind, ISPLIT_COMMAND_SEND);
    assert_string_equal(c->text, "hello, \"bob\"");
    isplit_command_free(c);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    refused("", IC_ERR_INVALID, "help");
    refused("add", IC_ERR_INVALID, "name");
    refused("add alice", IC_ERR_INVALID, "amount");
    refused("add alice split bob", IC_ERR_INVALID, "amount");
    refused("add alice 30 split", IC_ERR_INVALID, "name");
    refused("add alice 30 split alice,", IC_ERR_INVALID, "name");
    refused("add alice 30 split ,bob", IC_ERR_INVALID, "name");
    refused("add alice 30 split anna maria", IC_ERR_INVALID, "comma");
    refused("add alice 30 split a split b", IC_ERR_INVALID, "twice");
    refused("add \"alice 30", IC_ERR_INVALID, "quote");
    refused("list all", IC_ERR_INVALID, "more");
    refused("export pdf", IC_ERR_INVALID, "csv");
    refused("send", IC_ERR_INVALID, "text");
    refused("list\xff", IC_ERR_INVALID, "UTF-8");
}

static void the_nearest_command_is_offered(void **state)
{
    (void)state;
    refused("blance", IC_ERR_INVALID, "\"balance\"");
    refused("lst", IC_ERR_INVALID, "\"list\"");
    refused("EXPROT json", IC_ERR_INVALID, "\"export\"");
    refused("frobnicate", IC_ERR_INVALID, "help");
    refused("supercalifragilistic", IC_ERR_INVALID, "help");
}

static void what_comes_later_is_recognised(void **state)
{
    static const char *const lines[] = {
        "pay bob alice 15",
        "pay bob -> alice 15",
        "bob -> alice: 15.00",
        "void last",
        "edit 123456 amount 5",
        "member add bob",
        "export splitwise",
        "export ledger",
        "export hledger",
        "export beancount",
        "balance pairwise",
        "add alice 30 split alice=10,bob=20",
        "add alice 30 split alice*2,bob",
        "add alice 30 split alice 50%,bob 50%",
        "add alice 30 split alice+3,bob",
        "add alice=25+bob=5 30 split alice,bob",
        "add alice 30 cat food",
        "add alice 30 split bob on 2025-01-02",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        refused(lines[i], IC_ERR_UNSUPPORTED, "not available yet");
}

static void a_line_or_split_past_its_limit_is_refused(void **state)
{
    char line[ISPLIT_COMMAND_MAX_BYTES + 2];
    isplit_command *c = NULL;

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "send ", 5);
    assert_int_equal(isplit_command_parse(line, ISPLIT_COMMAND_MAX_BYTES + 1, &c, NULL),
                     IC_ERR_INVALID);
    assert_int_equal(isplit_command_parse(line, ISPLIT_COMMAND_MAX_BYTES, &c, NULL), 0);
    isplit_command_free(c);
    char *at = stpcpy(line, "add a 1 split a");
    for (int i = 0; i < 64; i++)
        at = stpcpy(at, ",b");
    refused(line, IC_ERR_INVALID, "members");
}

static void every_prefix_of_a_line_is_read_inside_its_bounds(void **state)
{
    static const char line[] = "add \"a b\" 1 234,5 split only \"c d\",e note f";
    isplit_command *c = NULL;

    (void)state;
    for (size_t n = 0; n < sizeof line; n++) {
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, line, n);
        c = NULL;
        if (isplit_command_parse(copy, n, &c, NULL) == 0)
            isplit_command_free(c);
        free(copy);
    }
}

static void parse_one(void *arg)
{
    isplit_command *c = NULL;

    (void)arg;
    if (isplit_command_parse("add a 1", 7, &c, NULL) == 0)
        isplit_command_free(c);
}

static void survives_each_failed_allocation(void **state)
{
    (void)state;
    fail_alloc_each(parse_one, NULL);
}

static void help_names_every_command(void **state)
{
    static const char *const words[] = {"add",     "balance", "list", "export", "persist",
                                        "restore", "clear",   "send", "help"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_non_null(strstr(isplit_command_help(), words[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expense_has_payer_amount_split_and_note),
        cmocka_unit_test(only_before_a_name_leaves_the_payer_out),
        cmocka_unit_test(other_commands_take_their_arguments),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(the_nearest_command_is_offered),
        cmocka_unit_test(what_comes_later_is_recognised),
        cmocka_unit_test(a_line_or_split_past_its_limit_is_refused),
        cmocka_unit_test(every_prefix_of_a_line_is_read_inside_its_bounds),
        cmocka_unit_test(survives_each_failed_allocation),
        cmocka_unit_test(help_names_every_command),
    };
    return cmocka_run_group_tests_name("intersplit/command", tests, NULL, NULL);
}
