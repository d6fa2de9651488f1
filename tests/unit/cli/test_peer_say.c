/* docs/spec/16-ledger.md, section 5.3: what the page's assistant understands, at the
 * terminal. */
#include <stdio.h>
#include <string.h>

#include "at_terminal.h"
#include "unit.h"

typedef struct saying {
    const char *line;
    const char *answer; /* begins so; %s = the room */
} saying;

static void say_all(const char *room, const saying *sayings, size_t count)
{
    char line[400];
    char want[400];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(line, sizeof line, "/expense_say --channel %s --text '%s'", room,
                       sayings[i].line);
        (void)snprintf(want, sizeof want, sayings[i].answer, room);
        const char *said = typed(line);
        if (at_terminal.reply.failed || strncmp(said, want, strlen(want)) != 0)
            fail_msg("%s\nsaid %s%s\nnot %s", line, said, at_terminal.reply.error, want);
    }
}

#define SAY_ALL(room, sayings) say_all(room, sayings, sizeof(sayings) / sizeof *(sayings))

static void the_lines_of_the_original_work(void **state)
{
    static const saying seed[] = {
        {"add alice 30 split alice,bob note dinner",
         "[expense:%s] added 30.00 by alice split=alice,bob\n"},
        {"balance", "[expense:%s] entries=1 total=30.00\n- balances:\n  alice: +15.00\n"
                    "  bob: -15.00\n- settlements:\n  bob -> alice: 15.00\n"},
        {"persist", "[expense:%s] persisted entries=1 source=local\n"},
        {"restore", "[expense:%s] restored source=local added=0 total=1\n"},
        {"export text", "InterSplit Settlement Export\n"},
    };

    SAY_ALL("seed", seed);
}

static void entries_of_every_kind_are_said(void **state)
{
    static const saying lines[] = {
        {"ADD alice 30 USD split alice, bob", "[expense:%s] added 30.00 USD by alice"},
        {"add a=25+b=5 30 split a,b,c", "[expense:%s] added 30.00 by a=25.00,b=5.00"},
        {"add a 30 split only b", "[expense:%s] added 30.00 by a split=b"},
        {"add a 10 split a=7.50,b", "[expense:%s] added 10.00 by a split=a=7.50,b=2.50"},
        {"add a 10 split a=7,b=2 rest b",
         "[expense:%s] added 10.00 by a split=a=7.00,b=3.00"},
        {"add a 10 split a*2,b", "[expense:%s] added 10.00 by a split=a=6.67,b=3.33"},
        {"add a 10 split a,b 2:1", "[expense:%s] added 10.00 by a split=a=6.67,b=3.33"},
        {"add a 10 split a 60%,b 40%",
         "[expense:%s] added 10.00 by a split=a=6.00,b=4.00"},
        {"add a 18 split a,b+3,c",
         "[expense:%s] added 18.00 by a split=a=5.00,b=8.00,c=5.00"},
        {"add a 100 items 85.91 soup for a; 5 tea for b tax 9.09",
         "[expense:%s] added 100.00 by a split=a=94.50,b=5.50"},
        {"add a 10 items 5 for a; 4 for b tip 1", "[expense:%s] added 10.00 by a split="},
        {"add a (120+5)/4 split a,b cat food on 2026-01-02 note lunch for two",
         "[expense:%s] added 31.25 by a split=a,b"},
        {"add a 10 cur EUR split a,b", "[expense:%s] added 10.00 EUR by a"},
        {"add \"mary ann\" 4 split a", "[expense:%s] added 4.00 by mary ann"},
        {"refund a 10 split a,b", "[expense:%s] refunded 10.00 to a"},
        {"pay b -> a: 1.50", "[expense:%s] paid 1.50 by b to a"},
        {"b -> a: 15.00", "[expense:%s] paid 15.00 by b to a"},
        {"pay b to a 2", "[expense:%s] paid 2.00 by b to a"},
        {"pay b a 3 note cash", "[expense:%s] paid 3.00 by b to a"},
        {"edit last pay b a 4", "[expense:%s] amended 4.00 by b to a"},
        {"edit last a 5 split a,b", "[expense:%s] amended 5.00 by a"},
        {"edit last add a 6 split a,b", "[expense:%s] amended 6.00 by a"},
        {"edit last refund a 7 split a,b", "[expense:%s] amended 7.00 to a"},
        {"void last why twice", "[expense:%s] voided 7.00 to a"},
        {"unvoid last", "[expense:%s] brought back 7.00 to a"},
        {"member a claim", "[expense:%s] noted."},
        {"confirm last right so", "[expense:%s] confirmed 7.00 to a"},
        {"dispute last why no", "[expense:%s] disputed 7.00 to a"},
        {"history last", "[expense:%s] history of "},
    };

    SAY_ALL("words", lines);
}

static void a_room_is_asked_and_set_in_words(void **state)
{
    static const saying lines[] = {
        {"b -> a: 15.00", "[expense:%s] paid 15.00 by b to a"},
        {"member d joins", "[expense:%s] noted."},
        {"member d weight 3", "[expense:%s] noted."},
        {"member d show Dora", "[expense:%s] noted."},
        {"member d leaves", "[expense:%s] noted."},
        {"member d returns", "[expense:%s] noted."},
        {"every month until 2099-12-31 add a 8 split a,b on 2099-01-31",
         "[expense:%s] comes again; 0 so far."},
        {"every", "[expense:%s] recurring=1"},
        {"room", "[expense:%s] settings"},
        {"room rotate on", "[expense:%s] "},
        {"room edit members", "[expense:%s] "},
        {"room count signed", "[expense:%s] "},
        {"room unsigned off", "[expense:%s] "},
        {"room writers off", "[expense:%s] "},
        {"room preset flat split a*2,b", "[expense:%s] "},
        {"room default flat", "[expense:%s] "},
        {"add a 9", "[expense:%s] added 9.00 by a split=a=6.00,b=3.00"},
        {"add a 9 split flat", "[expense:%s] added 9.00 by a split=a=6.00,b=3.00"},
        {"room preset flat off", "[expense:%s] "},
        {"balance minimal", "[expense:%s] entries="},
        {"balance pairwise", "[expense:%s] entries="},
        {"balance via a", "[expense:%s] entries="},
        {"why b -> a", "[expense:%s] b -> a: "},
        {"why b pays a", "[expense:%s] b -> a: "},
        {"list", "[expense:%s] entries="},
        {"export csv", "from,to,amount"},
        {"export expenses json", "{\"app\":\"intersplit\","},
        {"export balances csv", "member,balance,currency\n"},
        {"export splitwise", "Date,Description,Category,Cost,Currency,"},
        {"export ledger", "; InterSplit: %s\n"},
        {"export hledger", "; InterSplit: %s\ndecimal-mark .\n"},
        {"export beancount", ""},
        {"send hello there", ""},
        {"persist", "[expense:%s] persisted entries="},
        {"clear", "[expense:%s] cleared removed="},
        {"restore", "[expense:%s] restored source=local added="},
        {"unvoid clear", "[expense:%s] brought back what the last clear covered."},
        {"help", "add <payer> <amount>"},
    };

    SAY_ALL("asked", lines);
}

static void what_may_not_be_done_is_refused_in_words_too(void **state)
{
    assert_string_equal(refused("/expense_say --channel closed --text clear"),
                        "Send denied (owner-only or invite required).");
    assert_string_equal(typed("/expense_say --channel closed --text 'send hi'"),
                        "Send denied (owner-only or invite required).\n");
    assert_string_equal(refused("/expense_say --channel nobody --text persist"),
                        "Nothing to persist.");
    assert_string_equal(refused("/expense_say --text exprot"),
                        "unknown command \"exprot\"; did you mean \"export\"?");
    assert_string_equal(refused("/expense_say --channel trip-nyc"), "Missing text.");
}

#define SAY(text) "/expense_say --channel agreed --text '" text "'"

static void what_a_room_agreed_upon_is_said_in_its_words(void **state)
{
    (void)typed(SAY("room currency EUR"));
    (void)typed(SAY("room preset flat split a*2,b"));
    (void)typed(SAY("room preset half split a 50%,b 50%"));
    (void)typed(SAY("room preset all split a,b"));
    (void)typed(SAY("room default flat"));
    assert_begins(typed(SAY("room")),
                  "[expense:agreed] settings, each to be changed by 'room ...':\n"
                  "  currency EUR\n  rotate off\n  edit author\n  count all\n"
                  "  unsigned on\n  writers off\n  preset all split a,b\n  preset flat "
                  "split a*2,b*1\n"
                  "  preset half split a 50.00%,b 50.00%\n  default flat\n  owner: ");
    assert_string_equal(typed(SAY("every")), "[expense:agreed] recurring=0\n");
    (void)typed(SAY("every 2 weeks until 2099-12-31 add a 8 split b on 2099-12-01"));
    assert_begins(
        typed(SAY("every")),
        "[expense:agreed] recurring=1\n- every 2 weeks until 2099-12-31 | a paid "
        "8.00 | split=a,b | note=- | date=2099-12-01 | made=0 | id=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lines_of_the_original_work),
        cmocka_unit_test(entries_of_every_kind_are_said),
        cmocka_unit_test(a_room_is_asked_and_set_in_words),
        cmocka_unit_test(what_may_not_be_done_is_refused_in_words_too),
        cmocka_unit_test(what_a_room_agreed_upon_is_said_in_its_words),
    };
    return cmocka_run_group_tests_name("cli/peer_say", tests, at_terminal_sit_down,
                                       at_terminal_get_up);
}
