/* docs/spec/16-ledger.md, section 5.3 */
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intersplit/command.h"
#include "said.h"
#include "unit.h"

/* A line, and how it was understood. */
typedef struct reading {
    const char *line;
    const char *means;
} reading;

static void check(const reading *r)
{
    isplit_command *c = NULL;
    isplit_reason why = {{0}};

    if (isplit_command_parse(r->line, strlen(r->line), &c, &why) != 0)
        fail_msg("%s: %s", r->line, why.text);
    char *text = said(c);
    assert_string_equal(text, r->means);
    free(text);
    isplit_command_free(c);
}

#define CHECK_ALL(table)                                                                 \
    for (size_t i = 0; i < sizeof(table) / sizeof(table)[0]; i++)                        \
    check(&(table)[i])

static void refused(const char *line, const char *part)
{
    isplit_command *c = NULL;
    isplit_reason why = {{0}};

    assert_int_equal(isplit_command_parse(line, strlen(line), &c, &why), IC_ERR_INVALID);
    assert_null(c);
    if (!strstr(why.text, part))
        fail_msg("%s: \"%s\" does not say \"%s\"", line, why.text, part);
}

static void an_expense_has_payer_amount_split_and_note(void **state)
{
    static const reading table[] = {
        {"add alice 30 split alice,bob note dinner",
         "add \"alice\" 30 split \"alice\",\"bob\" note dinner"},
        {"ADD alice 12,50", "add \"alice\" 12,50"},
        {"add alice 1 234,50 split alice , bob,carol",
         "add \"alice\" 1 234,50 split \"alice\",\"bob\",\"carol\""},
        {"  add \"anna maria\" 30 split \"anna maria\", bob note a, b -> c ",
         "add \"anna maria\" 30 split \"anna maria\",\"bob\" note a, b -> c"},
        {"add zoë 5 note split it", "add \"zoë\" 5 note split it"},
        {"add a 1 note", "add \"a\" 1 note "},
        {"add a (120 + 5)/4 split a", "add \"a\" (120 + 5)/4 split \"a\""},
        {"add alice 30 cat food on 2026-11-23 note x",
         "add \"alice\" 30 cat food on 2026-11-23 note x"},
        {"refund alice 10 split alice,bob",
         "refund \"alice\" 10 split \"alice\",\"bob\""},
    };

    CHECK_ALL(table);
}

static void only_before_a_name_leaves_the_payer_out(void **state)
{
    static const reading table[] = {
        {"add alice 30 split only bob", "add \"alice\" 30 split only \"bob\""},
        {"add alice 30 split Only bob, carol note x",
         "add \"alice\" 30 split only \"bob\",\"carol\" note x"},
        {"add alice 30 split only", "add \"alice\" 30 split \"only\""},
        {"add alice 30 split only,bob", "add \"alice\" 30 split \"only\",\"bob\""},
        {"add alice 30 split only note x", "add \"alice\" 30 split \"only\" note x"},
        {"add alice 30 split only*2", "add \"alice\" 30 split \"only\"*2"},
    };

    CHECK_ALL(table);
}

static void a_split_has_amounts_weights_percentages_or_more(void **state)
{
    static const reading table[] = {
        {"add alice 30 split alice=10,bob=20",
         "add \"alice\" 30 split \"alice\"=10,\"bob\"=20"},
        {"add alice 30 split alice = 10, bob = (3+17)",
         "add \"alice\" 30 split \"alice\"=10,\"bob\"=(3+17)"},
        {"add alice 30 split alice=10,bob",
         "add \"alice\" 30 split \"alice\"=10,\"bob\""},
        {"add alice 30 split alice*2,bob", "add \"alice\" 30 split \"alice\"*2,\"bob\""},
        {"add alice 30 split alice,bob 3:2",
         "add \"alice\" 30 split \"alice\"*3,\"bob\"*2"},
        {"add alice 30 split alice 60%, bob 40 % note x",
         "add \"alice\" 30 split \"alice\" 60%,\"bob\" 40% note x"},
        {"add alice 30 split alice=33.33%,bob",
         "add \"alice\" 30 split \"alice\" 33.33%,\"bob\""},
        {"add alice 18 split alice,bob+3,carol",
         "add \"alice\" 18 split \"alice\",\"bob\"+3,\"carol\""},
        {"add alice 30 split alice=10,bob=19 rest carol",
         "add \"alice\" 30 split \"alice\"=10,\"bob\"=19 rest \"carol\""},
        {"add alice 30 split alice=10,bob=19 rest to bob",
         "add \"alice\" 30 split \"alice\"=10,\"bob\"=19 rest \"bob\""},
        {"add alice 30 split family", "add \"alice\" 30 split \"family\""},
    };

    CHECK_ALL(table);
}

static void a_bill_has_items_of_its_members(void **state)
{
    static const reading table[] = {
        {"add a 100 items 85.91 steak for a; 5 salad for b",
         "add \"a\" 100 items 85.91 steak for \"a\"; 5 salad for \"b\""},
        {"add a 100 items 85.91 steak for a;5 salad for b tax 4 + 5,09 note x",
         "add \"a\" 100 items 85.91 steak for \"a\"; 5 salad for \"b\" tax 4 + 5,09 note "
         "x"},
        {"add a 20 split a,b,c items 12 pizza for a,\"b b\" ; 3 water;2 note late",
         "add \"a\" 20 split \"a\",\"b\",\"c\" items 12 pizza for \"a\",\"b b\"; 3 "
         "water; 2 note late"},
    };

    CHECK_ALL(table);
}

static void several_may_pay_and_in_another_currency(void **state)
{
    static const reading table[] = {
        {"add alice=25+bob=5 30 split alice,bob",
         "add \"alice\"=25+\"bob\"=5 30 split \"alice\",\"bob\""},
        {"add alice 30 usd rate 0.92 split bob",
         "add \"alice\" 30 split \"bob\" cur usd rate 0.92"},
        {"add alice 30 cur POINTS", "add \"alice\" 30 cur POINTS"},
        {"add alice 30 tea", "add \"alice\" 30 tea"},
        {"add alice 1 234,50 EUR note x", "add \"alice\" 1 234,50 cur EUR note x"},
        {"add alice EUR", "add \"alice\" EUR"},
        {"add a 30\tUSD", "add \"a\" 30 cur USD"},
    };

    CHECK_ALL(table);
}

static void a_payment_is_typed_or_pasted(void **state)
{
    static const reading table[] = {
        {"pay bob alice 15", "pay \"bob\" -> \"alice\": 15"},
        {"pay bob to alice 15,50 EUR note thanks",
         "pay \"bob\" -> \"alice\": 15,50 cur EUR note thanks"},
        {"pay bob -> alice 15", "pay \"bob\" -> \"alice\": 15"},
        {"bob -> alice: 15.00", "pay \"bob\" -> \"alice\": 15.00"},
        {"bob->alice:15.00 on 2026-11-23",
         "pay \"bob\" -> \"alice\": 15.00 on 2026-11-23"},
        {"\"b b\" -> \"a a\" : 1", "pay \"b b\" -> \"a a\": 1"},
        {"add -> list: 3", "pay \"add\" -> \"list\": 3"},
    };

    CHECK_ALL(table);
}

static void an_entry_is_changed_by_its_id(void **state)
{
    static const reading table[] = {
        {"void last", "void last"},
        {"void 9f2c1a why paid twice", "void 9f2c1a why paid twice"},
        {"void 9f2c1a paid twice", "void 9f2c1a why paid twice"},
        {"unvoid 9f2c1a", "unvoid 9f2c1a"},
        {"edit last alice 35 split alice,bob",
         "edit last add \"alice\" 35 split \"alice\",\"bob\""},
        {"edit 9f2c1a refund alice 5", "edit 9f2c1a refund \"alice\" 5"},
        {"edit 9f2c1a pay bob alice 5", "edit 9f2c1a pay \"bob\" -> \"alice\": 5"},
        {"confirm last", "confirm last"},
        {"dispute last note I was not there", "dispute last why I was not there"},
        {"history last", "history last"},
    };

    CHECK_ALL(table);
}

static void rooms_and_members_have_settings(void **state)
{
    static const reading table[] = {
        {"member carol", "member \"carol\" joins"},
        {"member carol Leaves", "member \"carol\" leaves"},
        {"member carol weight 2", "member \"carol\" weight 2"},
        {"member bob claim", "member \"bob\" claim"},
        {"member bob show Bob B.", "member \"bob\" show Bob B."},
        {"room", "room"},
        {"room currency EUR", "room currency EUR"},
        {"room rotate on", "room rotate on"},
        {"room preset flat split anna*2,ben",
         "room preset \"flat\" split \"anna\"*2,\"ben\""},
        {"room preset flat off", "room preset \"flat\" off"},
        {"room default flat", "room default flat"},
        {"room writers off", "room writers off"},
        {"every month until 2027-06-30 add alice 800 note rent",
         "every 1 month until 2027-06-30 add \"alice\" 800 note rent"},
        {"every 2 weeks pay bob alice 20", "every 2 week pay \"bob\" -> \"alice\": 20"},
        {"every day alice 3", "every 1 day add \"alice\" 3"},
        {"every", "every"},
    };

    CHECK_ALL(table);
}

static void other_commands_take_their_arguments(void **state)
{
    static const reading table[] = {
        {"list", "list"},
        {"balance", "balance"},
        {"Balance minimal", "balance"},
        {"balance pairwise", "balance pairwise"},
        {"balance via alice", "balance via \"alice\""},
        {"why bob -> alice", "why \"bob\" -> \"alice\""},
        {"why bob pays alice", "why \"bob\" -> \"alice\""},
        {"why bob alice", "why \"bob\" -> \"alice\""},
        {"persist", "persist"},
        {"restore ", "restore"},
        {"clear", "clear"},
        {"help", "help"},
        {"export", "export"},
        {"export text", "export text"},
        {"export JSON", "export json"},
        {"export csv expenses", "export csv expenses"},
        {"export balances beancount", "export beancount balances"},
        {"export splitwise", "export splitwise"},
        {"export ledger", "export ledger"},
        {"export hledger", "export hledger"},
        {"send  hello, \"bob\" ", "send hello, \"bob\""},
    };

    CHECK_ALL(table);
}

static void check_fields(isplit_entry_type type, const isplit_fields *f,
                         const char *means)
{
    isplit_command *c = NULL;
    isplit_reason why = {{0}};
    isplit_field field = ISPLIT_FIELD_NONE;

    if (isplit_command_compose(type, f, &c, &field, &why) != 0)
        fail_msg("%s: %s", means, why.text);
    char *text = said(c);
    assert_string_equal(text, means);
    free(text);
    isplit_command_free(c);
}

static void the_members_of_a_program_are_read_by_the_same_clauses(void **state)
{
    check_fields(ISPLIT_ENTRY_EXPENSE,
                 &(isplit_fields){.payer = "anna maria",
                                  .amount = "30",
                                  .split = "anna maria , bob 2",
                                  .note = "split it"},
                 "add \"anna maria\" 30 split \"anna maria\",\"bob 2\" note split it");
    check_fields(
        ISPLIT_ENTRY_REFUND,
        &(isplit_fields){.payer = "anna maria=25+bob=5",
                         .amount = "30",
                         .split = "anna maria 60%, bob",
                         .currency = "USD",
                         .rate = "0.92",
                         .category = "food",
                         .date = "2026-11-23"},
        "refund \"anna maria\"=25+\"bob\"=5 30 split \"anna maria\" 60%,\"bob\" cur "
        "USD rate 0.92 cat food on 2026-11-23");
    check_fields(ISPLIT_ENTRY_EXPENSE,
                 &(isplit_fields){.payer = "a", .amount = "5", .split = "b c,d e 3:2"},
                 "add \"a\" 5 split \"b c\"*3,\"d e\"*2");
    check_fields(ISPLIT_ENTRY_EXPENSE,
                 &(isplit_fields){.payer = "a",
                                  .amount = "5",
                                  .split = "a,b",
                                  .items = "3 on the house for a, b; 1",
                                  .extra = "1",
                                  .only = true,
                                  .rest_to = "b"},
                 "add \"a\" 5 split only \"a\",\"b\" items 3 on the house for "
                 "\"a\",\"b\"; 1 tax 1 rest \"b\"");
    check_fields(ISPLIT_ENTRY_EXPENSE,
                 &(isplit_fields){.payer = "a", .amount = "5", .split = " ,a,, b,"},
                 "add \"a\" 5 split \"a\",\"b\"");
    check_fields(ISPLIT_ENTRY_EXPENSE,
                 &(isplit_fields){.payer = "a", .amount = "5", .split = " , "},
                 "add \"a\" 5");
    check_fields(ISPLIT_ENTRY_PAYMENT,
                 &(isplit_fields){.payer = "b b", .split = "a a", .amount = "15"},
                 "pay \"b b\" -> \"a a\": 15");
}

static void a_member_of_a_program_that_is_wrong_is_named(void **state)
{
    static const struct {
        isplit_fields fields;
        isplit_field field;
    } table[] = {
        {{.payer = "a=1+b"}, ISPLIT_FIELD_PAYER},
        {{.payer = "a\xff"}, ISPLIT_FIELD_PAYER},
        {{.payer = "a", .split = "a=,b"}, ISPLIT_FIELD_SPLIT},
        {{.payer = "a", .items = "3 a;;"}, ISPLIT_FIELD_SPLIT},
        {{.payer = "a", .extra = "3"}, ISPLIT_FIELD_SPLIT},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        isplit_command *c = NULL;
        isplit_reason why = {{0}};
        isplit_field field = ISPLIT_FIELD_NONE;
        assert_int_equal(isplit_command_compose(ISPLIT_ENTRY_EXPENSE, &table[i].fields,
                                                &c, &field, &why),
                         IC_ERR_INVALID);
        assert_int_equal(field, table[i].field);
        assert_true(why.text[0]);
    }
}

static void mistakes_are_named(void **state)
{
    static const reading table[] = {
        {"", "help"},
        {"add", "name"},
        {"add alice", "amount"},
        {"add alice split bob", "amount"},
        {"add alice 30 split", "name"},
        {"add alice 30 split alice,", "name"},
        {"add alice 30 split ,bob", "name"},
        {"add alice 30 split anna maria", "comma"},
        {"add alice 30 split a split b", "twice"},
        {"add alice 30 split a=1,b*2", "one kind"},
        {"add alice 30 split a,b 3", "comma"},
        {"add alice 30 split a,b 3:2:1", "one number for each name"},
        {"add alice 30 split a,b,c 3:2", "one number for each name"},
        {"add alice=10+bob 30", "what each of them paid"},
        {"add alice 30 items", "item is missing"},
        {"add alice 30 items 3 a;", "item is missing"},
        {"add alice 30 items 3 a items 4 b", "items stand twice"},
        {"add alice 30 split a*2 items 3", "members only"},
        {"add alice 30 tax 3", "belong to items"},
        {"add alice 30 items 20 x tax 3 tip 4", "together"},
        {"add alice 30 items 20 x tip", "amount is missing"},
        {"add alice 30 USD cur EUR", "stands twice"},
        {"add alice 30 USD USD", "stands twice"},
        {"add alice 30 rate 2 rate 3", "stands twice"},
        {"add alice 30 on 2026-11-23 on 2026-11-24", "stands twice"},
        {"add alice 30 cat", "category is missing"},
        {"add alice 30 on", "date is missing"},
        {"add alice 30 cur", "currency is missing"},
        {"add alice 30 rate", "rate is missing"},
        {"add alice 30 rest", "name is missing"},
        {"add \"alice 30", "quote"},
        {"pay bob", "name is missing"},
        {"pay bob alice", "amount is missing"},
        {"pay bob alice 15 split carol", "one member to one other"},
        {"void", "which entry"},
        {"every blue moon add a 1", "how often"},
        {"every month until", "date is missing"},
        {"member", "name is missing"},
        {"member bob flies", "of a member say"},
        {"member bob weight", "of a member say"},
        {"room colour red", "of a room say"},
        {"room currency", "of a room say"},
        {"list all", "more"},
        {"export pdf", "csv"},
        {"send", "text"},
        {"list\xff", "UTF-8"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        refused(table[i].line, table[i].means);
}

static void the_nearest_command_is_offered(void **state)
{
    refused("blance", "\"balance\"");
    refused("lst", "\"list\"");
    refused("EXPROT json", "\"export\"");
    refused("frobnicate", "help");
    refused("supercalifragilistic", "help");
}

static void a_line_or_split_past_its_limit_is_refused(void **state)
{
    char line[ISPLIT_COMMAND_MAX_BYTES + 2];
    isplit_command *c = NULL;

    memset(line, 'x', sizeof line);
    memcpy(line, "send ", 5);
    assert_int_equal(isplit_command_parse(line, ISPLIT_COMMAND_MAX_BYTES + 1, &c, NULL),
                     IC_ERR_INVALID);
    assert_int_equal(isplit_command_parse(line, ISPLIT_COMMAND_MAX_BYTES, &c, NULL), 0);
    isplit_command_free(c);
    char *at = stpcpy(line, "add a 1 split a");
    for (int i = 0; i < 64; i++)
        at = stpcpy(at, ",b");
    refused(line, "members");
}

static void every_prefix_of_a_line_is_read_inside_its_bounds(void **state)
{
    static const char *const lines[] = {
        "add \"a b\" 1 234,5 split only \"c d\",e note f",
        "add a=1+b=2 3 USD rate 1.5 split a 30%,b cat x on y rest z",
        "edit last a 9 items 3 x for a,b; 4 y for c",
        "every 2 weeks until x pay bob -> alice: 15 note z",
        "room preset x split a,b 3:2",
        "why bob -> alice",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        for (size_t n = 0; n <= strlen(lines[i]); n++) {
            isplit_command *c = NULL;
            char *copy = malloc(n ? n : 1);
            assert_non_null(copy);
            memcpy(copy, lines[i], n);
            if (isplit_command_parse(copy, n, &c, NULL) == 0)
                isplit_command_free(c);
            free(copy);
        }
    }
}

static void parse_one(void *arg)
{
    isplit_command *c = NULL;

    if (isplit_command_parse("add a 1", 7, &c, NULL) == 0)
        isplit_command_free(c);
    if (isplit_command_compose(ISPLIT_ENTRY_EXPENSE, &(isplit_fields){.payer = "a"}, &c,
                               NULL, NULL) == 0)
        isplit_command_free(c);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(parse_one, NULL);
}

static void help_names_every_command(void **state)
{
    for (int kind = ISPLIT_COMMAND_ADD; kind <= ISPLIT_COMMAND_HELP; kind++) {
        const char *word = isplit_command_word((isplit_command_kind)kind);
        assert_true(strlen(word) > 1);
        assert_non_null(strstr(isplit_command_help(), word));
    }
    assert_string_equal(isplit_command_word((isplit_command_kind)0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expense_has_payer_amount_split_and_note),
        cmocka_unit_test(only_before_a_name_leaves_the_payer_out),
        cmocka_unit_test(a_split_has_amounts_weights_percentages_or_more),
        cmocka_unit_test(a_bill_has_items_of_its_members),
        cmocka_unit_test(several_may_pay_and_in_another_currency),
        cmocka_unit_test(a_payment_is_typed_or_pasted),
        cmocka_unit_test(an_entry_is_changed_by_its_id),
        cmocka_unit_test(rooms_and_members_have_settings),
        cmocka_unit_test(other_commands_take_their_arguments),
        cmocka_unit_test(the_members_of_a_program_are_read_by_the_same_clauses),
        cmocka_unit_test(a_member_of_a_program_that_is_wrong_is_named),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(the_nearest_command_is_offered),
        cmocka_unit_test(a_line_or_split_past_its_limit_is_refused),
        cmocka_unit_test(every_prefix_of_a_line_is_read_inside_its_bounds),
        cmocka_unit_test(survives_each_failed_allocation),
        cmocka_unit_test(help_names_every_command),
    };
    return cmocka_run_group_tests_name("intersplit/command", tests, NULL, NULL);
}
