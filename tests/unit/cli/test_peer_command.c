#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "at_terminal.h"
#include "base/buf.h"
#include "peer_complete.h"
#include "peer_help.h"
#include "peer_sync.h"
#include "unit.h"
#include "vectors.h"

/* The transcript "cli" of docs/spec/13-sc-bridge.md, section 5. Only /help says more. */
static void answers_as_the_reference_over_the_bridge(void **state)
{
    json_t *file = vectors_load("sc-bridge-behaviour.json");
    size_t i;
    json_t *transcript;
    size_t compared = 0;

    json_array_foreach(json_object_get(file, "transcripts"), i, transcript)
    {
        size_t k;
        json_t *step;
        if (strcmp(vectors_text(transcript, "name"), "cli") != 0)
            continue;
        json_array_foreach(json_object_get(transcript, "steps"), k, step)
        {
            const char *text =
                json_string_value(json_array_get(json_object_get(step, "replies"), 0));
            json_t *want = json_loads(text, 0, NULL);
            if (strcmp(vectors_text(want, "type"), "cli_result") == 0) {
                const char *error = json_string_value(json_object_get(want, "error"));
                ic__buf lines = {0};
                size_t n;
                json_t *line;
                ic__buf_add(&lines, "", 0);
                json_array_foreach(json_object_get(want, "output"), n, line)
                    ic__buf_printf(&lines, "%s\n", json_string_value(line));
                typed_by(PEER_ASKER_BRIDGE, vectors_text(want, "command"));
                assert_int_equal(at_terminal.reply.failed, error != NULL);
                assert_string_equal(at_terminal.reply.error, error ? error : "");
                assert_memory_equal(at_terminal.said.data, lines.data, lines.len);
                bool help = strcmp(vectors_text(want, "command"), "/help") == 0;
                assert_int_equal(at_terminal.said.len > lines.len, help);
                ic__buf_free(&lines);
                compared++;
            }
            json_decref(want);
        }
    }
    assert_int_equal(compared, 9);
    json_decref(file);
}

/* docs/spec/16-ledger.md, section 0 */
static void plays_the_quick_demo(void **state)
{
    assert_string_equal(
        typed("/expense_add --channel \"trip-nyc\" --payer \"alice\" --amount "
              "\"30\" --split \"alice,bob\" --note \"dinner\""),
        "[expense:trip-nyc] added 30.00 by alice split=alice,bob\n");
    assert_string_equal(
        typed("/expense_add --ch trip-nyc --p bob --a 10 --with alice,bob "
              "--memo snacks"),
        "[expense:trip-nyc] added 10.00 by bob split=alice,bob\n");
}

static void the_demo_balances(void **state)
{
    static const char want[] = "[expense:trip-nyc] entries=2 total=40.00\n"
                               "- balances:\n"
                               "  alice: +10.00\n"
                               "  bob: -10.00\n"
                               "- settlements:\n"
                               "  bob -> alice: 10.00\n";
    assert_string_equal(typed("/expense_balance --channel trip-nyc"), want);
    assert_string_equal(typed("/expense_balance --room ' trip-nyc '"), want);
    assert_non_null(strstr(typed("/expense_list --room trip-nyc"), "note=snacks"));
    assert_non_null(strstr(typed("/expense_export --room trip-nyc"),
                           "settlements:\n- bob -> alice: 10.00\n"));
    assert_string_equal(typed("/expense_export --room trip-nyc --format csv"),
                        "from,to,amount\nbob,alice,10.00\n");
    assert_non_null(
        strstr(typed("/expense_export --room trip-nyc --format json"), "\"channel\""));
    assert_string_equal(refused("/expense_export --format xml"),
                        "Invalid format: a format is text, json, csv, splitwise, ledger, "
                        "hledger or beancount");
    assert_string_equal(refused("/expense_export --what all"),
                        "Invalid format: export settlements, balances or expenses");
    assert_string_equal(
        typed("/expense_export --room trip-nyc --what balances --format csv"),
        "member,balance,currency\nalice,10.00,\nbob,-10.00,\n");
    assert_non_null(strstr(typed("/expense_export --room trip-nyc --format hledger"),
                           "    Members:alice                  30.00\n"));
}

/* docs/spec/16-ledger.md, 2.4 and 13, section 7: each line, and the beginning of what it
 * answers */
static void entries_of_every_kind_are_typed(void **state)
{
    static const char *const table[][2] = {
        {"add --payer a --amount 10 --split a=7.5,b=2.5",
         "added 10.00 by a split=a=7.50,b=2.50"},
        {"add --payer a --amount 10 --split 'a*2,b'",
         "added 10.00 by a split=a=6.67,b=3.33"},
        {"add --payer a --amount 10 --split 'a,b 2:1'",
         "added 10.00 by a split=a=6.67,b=3.33"},
        {"add --payer a --amount 99.99 --split 'a 50%, b 50%'",
         "added 99.99 by a split=a=50.00,b=49.99"},
        {"add --payer a --amount (30+6)/2 --split a,b+3,c",
         "added 18.00 by a split=a=5.00,b=8.00,c=5.00"},
        {"add --payer a --amount 100 --items '85.91 x for a; 5 for b' --tax 9.09",
         "added 100.00 by a split=a=94.50,b=5.50"},
        {"add --payer a=25+b=5 --amount 30 --split a,b,c",
         "added 30.00 by a=25.00,b=5.00 split="},
        {"add --payer a --amount 1000 --currency JPY --split a,b",
         "added 1000 JPY by a split=a,b"},
        {"refund --payer a --amount 10 --split a,b", "refunded 10.00 to a split=a,b"},
        {"pay --from b --to a --amount 5", "paid 5.00 by b to a"},
        {"amend --id last --from b --to a --amount 6", "amended 6.00 by b to a | edited"},
        {"void --id last --why twice", "voided 6.00 by b to a | void,edited"},
        {"unvoid --id last", "brought back 6.00 by b to a | edited"},
        {"history --id last", "history of "},
        {"member --name b --claim 1", "noted."},
        {"ack --id last", "confirmed 6.00 by b to a | "},
        {"dispute --id last --why no", "disputed 6.00 by b to a | "},
        {"member --name c --active 0 --weight 2", "noted."},
        {"say --text 'member c returns'", "noted."},
        {"why --from b --to a", "b -> a: "},
        {"plan --via c", "entries="},
        {"plan --plan pairwise", "entries="},
        {"list --all 1", "entries=10 of 10"},
        {"say --text 'b -> a: 1.50'", "paid 1.50 by b to a"},
        {"say --text 'why b -> a'", "b -> a: "},
    };
    char line[300];
    char want[300];

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *rest = strchr(table[i][0], ' ');
        (void)snprintf(line, sizeof line, "/expense_%.*s --channel kinds%s",
                       (int)(rest - table[i][0]), table[i][0], rest);
        (void)snprintf(want, sizeof want, "[expense:kinds] %s", table[i][1]);
        const char *answer = typed(line);
        if (strncmp(answer, want, strlen(want)) != 0)
            fail_msg("%s\nsaid %s\nnot %s", line, answer, want);
    }
    assert_non_null(
        strstr(typed("/expense_history --channel kinds --id last"), "added by "));
    assert_non_null(strstr(typed("/expense_say --text help"), "refund <who got it>"));
}

static void entries_that_cannot_be_say_why(void **state)
{
    assert_string_equal(
        refused("/expense_add --channel wrong --payer a --amount 524.34 --split "
                "a=110.11,b=209.74,c=104.87,d=89.14,e=10.49"),
        "Invalid split: 0.01 over: the parts make 524.35 of 524.34; let somebody have "
        "that much less (rest NAME), or change one");
    assert_string_equal(
        refused("/expense_add --channel wrong --payer a --amount 10 --split a=3,b=3.80"),
        "Invalid split: 3.20 left: the parts make 6.80 of 10.00; give the rest to "
        "somebody (rest NAME), or change one");
    assert_string_equal(
        typed("/expense_add --channel wrong --payer a --amount 10 --split "
              "a=3,b=3.80 --rest b"),
        "[expense:wrong] added 10.00 by a split=a=3.00,b=7.00\n");
    assert_string_equal(refused("/expense_pay --channel wrong --from a --amount 3"),
                        "Missing to.");
    assert_string_equal(refused("/expense_void --channel wrong --id 123456"),
                        "there is no such entry in this room");
    assert_string_equal(refused("/expense_plan --channel wrong --plan best"),
                        "Invalid plan (use minimal, pairwise or via).");
}

#define WEIGHT "/expense_member --channel weights --name bob --weight "

static void a_weight_is_read_like_every_number(void **state)
{
    static const char *const bad[] = {WEIGHT "3x",      WEIGHT "-1",
                                      WEIGHT "0",       WEIGHT "1.5",
                                      WEIGHT "1000001", WEIGHT "4294967297"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_string_equal(refused(bad[i]),
                            "a weight is a whole number from 1 to 1000000");
    assert_string_equal(typed(WEIGHT "1000000"), "[expense:weights] noted.\n");
}

static void persist_says_where_and_restore_brings_back(void **state)
{
    char where[400];

    assert_string_equal(typed("/expense_persist --channel trip-nyc --sim 1"),
                        "[expense:trip-nyc] would persist entries=2 (simulation)\n");
    assert_int_not_equal(access(at_terminal.snapshots, F_OK), 0);
    typed("/expense_persist --channel trip-nyc");
    (void)snprintf(where, sizeof where, "Saved on this machine: %s\n",
                   at_terminal.snapshots);
    assert_non_null(strstr(at_terminal.said.data, "persisted entries=2 source=local\n"));
    assert_non_null(strstr(at_terminal.said.data, where));
    assert_non_null(strstr(at_terminal.said.data, "Not in the contract"));
    assert_int_equal(access(at_terminal.snapshots, F_OK), 0);

    assert_string_equal(typed("/expense_clear --channel trip-nyc"),
                        "[expense:trip-nyc] cleared removed=2\n");
    assert_string_equal(typed("/expense_restore --channel trip-nyc"),
                        "[expense:trip-nyc] restored source=local added=0 total=0\n"
                        "What was cleared stays cleared; --replace 1 brings it back.\n");
    assert_string_equal(typed("/expense_restore --channel trip-nyc --replace 1"),
                        "[expense:trip-nyc] restored source=local added=2 total=2\n");

    (void)typed("/expense_add --channel gone --payer bob --amount 1 --split bob");
    (void)typed("/expense_clear --channel gone");
    (void)typed("/expense_persist --channel gone"); /* has the clear: nothing to undo */
    assert_string_equal(typed("/expense_restore --channel gone --replace 1"),
                        "[expense:gone] restored source=local added=0 total=0\n");
    assert_string_equal(typed("/expense_restore --channel nobody"),
                        "[expense:nobody] restored source=none added=0 total=0\n");
    assert_string_equal(refused("/expense_persist --channel nobody"),
                        "Nothing to persist.");
}

static void a_write_that_fails_is_called_so(void **state)
{
    assert_int_equal(unlink(at_terminal.snapshots), 0);
    assert_int_equal(mkdir(at_terminal.snapshots, 0700),
                     0); /* where the file should be */
    assert_begins(refused("/expense_persist --channel trip-nyc"), "Persist failed: ");
}

static void refusals_name_what_is_wrong(void **state)
{
    assert_string_equal(refused("/expense_add --amount 3"), "Missing payer.");
    assert_begins(at_terminal.said.data, "Usage: /expense_add --channel");
    assert_string_equal(refused("/expense_add --payer a"), "Missing amount.");
    assert_begins(refused("/expense_add --payer a --amount 1e3"), "Invalid amount: ");
    assert_begins(refused("/expense_add --payer a --amount 1 --split b:c"),
                  "Invalid split: ");
    assert_string_equal(refused("/expense_add --chanel x --payer a --amount 1"),
                        "/expense_add has no --chanel; did you mean --channel?");
    assert_non_null(
        strstr(refused("/expense_list --xyz 1"), "it takes: --channel --all"));
    assert_string_equal(
        refused("/expense_balance trip"),
        "'trip' has no name in front, such as --channel; /expense_balance takes: "
        "--channel --plan --via");
    assert_string_equal(refused("/expense_add --payer a --amount 1 --note"),
                        "--note lacks its value");
    /* nothing of this was written */
    assert_non_null(
        strstr(typed("/expense_balance"), "[expense:0000intercom] entries=0"));
}

/* docs/spec/12-sidechannel.md, section 10 */
/* docs/spec/13-sc-bridge.md, section 7 */
static void a_room_whose_owner_writes_alone_takes_nothing_from_others(void **state)
{
    static const char denied[] = "Send denied (owner-only or invite required).";

    assert_string_equal(refused("/expense_add --channel closed --payer a --amount 5"),
                        denied);
    assert_string_equal(refused("/expense_clear --channel closed"), denied);
    assert_begins(typed("/expense_list --channel closed"),
                  "[expense:closed] no expenses yet.");
}

static void channels_are_handled_from_the_terminal(void **state)
{
    assert_string_equal(typed("/sc_join --name ' alpha '"),
                        "Joined sidechannel: alpha\n");
    assert_string_equal(typed("/sc_send --channel alpha --message 'hi'"), "");
    assert_false(at_terminal.reply.failed);
    assert_string_equal(typed("/sc_open --channel beta"), "Requested channel: beta\n");
    assert_begins(typed("/sc_send --channel"), "Usage: /sc_send ");
    assert_string_equal(refused("/sc_join --channel x --invite '!!!'"),
                        "Invalid invite (expected JSON or base64).");
    assert_string_equal(refused("/sc_join --channel x --welcome @/nowhere"),
                        "Cannot read the file of the welcome.");
    assert_begins(typed("/sc_stats"), "{\"channels\":[\"0000intercom\",\"trip-nyc\"");
}

static void invites_and_welcomes_come_in_both_forms(void **state)
{
    static const char key[] =
        "a136e81c2a43659f50b1ddadc5a594146ecafa54c1178f3d43da29cbb17816e9";
    char line[300];

    (void)snprintf(line, sizeof line, "/sc_invite --channel p --pubkey %s --ttl 60", key);
    typed(line);
    assert_begins(at_terminal.said.data,
                  "{\"payload\":{\"channel\":\"p\",\"inviteePubKey\":\"a136");
    assert_non_null(strstr(at_terminal.said.data, "\ninvite_b64: eyJ"));
    (void)snprintf(line, sizeof line, "/sc_invite --channel p --pubkey %s --ttl 0", key);
    assert_string_equal(
        typed(line),
        "Invite TTL is required. Pass --ttl <sec> or set --sidechannel-invite-ttl.\n");
    assert_begins(typed("/sc_invite --channel p"), "Usage: /sc_invite ");
    assert_true(!at_terminal.reply.failed);
    assert_string_equal(refused("/sc_invite --channel p --pubkey zz"),
                        "Invalid channel or key.");
    typed("/sc_welcome --channel p --text 'hello there'");
    assert_non_null(strstr(at_terminal.said.data, "\"text\":\"hello there\""));
    assert_non_null(strstr(at_terminal.said.data, "\nwelcome_b64: eyJ"));
}

static void the_secret_key_stays_off_the_bridge(void **state)
{
    typed("/get_keys");
    assert_begins(at_terminal.said.data, "Address:  trac1");
    char *secret = strstr(at_terminal.said.data, "\nSecret key:  ");
    assert_non_null(secret);
    assert_int_equal(strspn(secret + 14, "0123456789abcdef"), 128);

    typed_by(PEER_ASKER_BRIDGE, "  \"/get_\"keys");
    assert_true(at_terminal.reply.failed);
    assert_string_equal(at_terminal.said.data, "");
    at_terminal.app.keys_over_bridge = true;
    typed_by(PEER_ASKER_BRIDGE, "/get_keys");
    assert_false(at_terminal.reply.failed);
    at_terminal.app.keys_over_bridge = false;
}

static void planes_that_are_not_built_say_so(void **state)
{
    assert_string_equal(refused("/msb"),
                        "/msb needs the settlement (MSB) plane, which is not built yet.");
    assert_string_equal(refused("/get --key admin"),
                        "/get needs the subnet plane, which is not built yet.");
    assert_string_equal(refused("/tx --command x"), "Peer is not writable.");
    assert_string_equal(refused("/mute_status --user x --muted 1"),
                        "Only admin or mod may perform this operation.");
    assert_non_null(strstr(typed("/stats"), "subnet: not built yet"));
    assert_null(strstr(at_terminal.said.data, "ledger."));
    assert_int_equal(peer_sync_new(at_terminal.base, &at_terminal.app.env,
                                   at_terminal.app.peer, at_terminal.app.book,
                                   &at_terminal.app.sync),
                     0);
    assert_non_null(strstr(typed("/stats"),
                           "ledger.messages: 0 received, 0 sent, 0 dropped\n"
                           "ledger.events: 0 new, 0 known, 0 of forked "
                           "authors\nledger.comparisons: 0\n"));
    peer_sync_free(at_terminal.app.sync);
    at_terminal.app.sync = NULL;
}

static void the_terminal_hears_of_a_typing_error(void **state)
{
    assert_string_equal(refused("/hepl"), "unknown command /hepl; did you mean /help?");
    assert_string_equal(refused("/expense"),
                        "unknown command /expense; did you mean /expense_add?");
    assert_string_equal(refused("/xyzzy"),
                        "unknown command /xyzzy; /help lists the commands");
    assert_string_equal(refused("hello"),
                        "commands begin with a slash; /help lists them");
    assert_string_equal(refused("add alice 30 split alice,bob"),
                        "commands begin with a slash; a line like this goes behind "
                        "/expense_say --channel NAME --text");
    assert_string_equal(refused("/post --message \"x"), "a quote is not closed");
    assert_string_equal(typed("   "), "");
    assert_false(at_terminal.reply.failed);
}

static void exit_stops_the_program(void **state)
{
    at_terminal.stops = 0;
    typed("/exit");
    assert_int_equal(at_terminal.stops, 1);
}

static void every_command_stands_in_help(void **state)
{
    for (const peer_command *c = peer_commands; c->name; c++) {
        char front[64];
        bool found = false;
        (void)snprintf(front, sizeof front, "- %s ", c->name);
        for (const char *const *l = peer_help_lines; *l && !found; l++)
            found = strncmp(*l, front, strlen(front)) == 0;
        if (!found)
            fail_msg("%s is not in /help", c->name);
    }
}

/* --- completion --- */

static void keep_word(const char *word, void *to)
{
    ic__buf_printf(to, "%s ", word);
}

static void assert_words(const char *text, const char *want)
{
    ic__buf words = {0};

    ic__buf_add(&words, "", 0);
    size_t from = peer_complete(&at_terminal.app, text, strlen(text), keep_word, &words);
    assert_true(from <= strlen(text));
    assert_string_equal(words.data, want);
    ic__buf_free(&words);
}

static void words_fit_where_they_are_asked_for(void **state)
{
    assert_words("/expense_p", "/expense_pay /expense_plan /expense_persist ");
    assert_words("/e", "/enable_transactions /enable_whitelist /exit /expense_add "
                       "/expense_refund /expense_pay /expense_amend /expense_void "
                       "/expense_unvoid /expense_ack /expense_dispute "
                       "/expense_member /expense_history /expense_why /expense_plan "
                       "/expense_say /expense_list /expense_balance /expense_clear "
                       "/expense_persist /expense_restore /expense_export ");
    assert_words("/expense_add --p", "--payer ");
    assert_words("/expense_add --channel tr", "trip-nyc ");
    assert_words("/expense_add --channel trip-nyc --payer ", "alice bob ");
    assert_words("/expense_add --channel trip-nyc --split alice,b", "bob ");
    assert_words("/expense_export --format ",
                 "text json csv splitwise ledger hledger beancount ");
    assert_words("/expense_add --note 'x ", "");
    assert_words("/expense_add -- ", ""); /* an argument without a name */
    assert_words("/unknown --", "");
    assert_words("/stats ", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_the_reference_over_the_bridge),
        cmocka_unit_test(plays_the_quick_demo),
        cmocka_unit_test(the_demo_balances),
        cmocka_unit_test(entries_of_every_kind_are_typed),
        cmocka_unit_test(entries_that_cannot_be_say_why),
        cmocka_unit_test(a_weight_is_read_like_every_number),
        cmocka_unit_test(persist_says_where_and_restore_brings_back),
        cmocka_unit_test(a_write_that_fails_is_called_so),
        cmocka_unit_test(refusals_name_what_is_wrong),
        cmocka_unit_test(a_room_whose_owner_writes_alone_takes_nothing_from_others),
        cmocka_unit_test(channels_are_handled_from_the_terminal),
        cmocka_unit_test(invites_and_welcomes_come_in_both_forms),
        cmocka_unit_test(the_secret_key_stays_off_the_bridge),
        cmocka_unit_test(planes_that_are_not_built_say_so),
        cmocka_unit_test(the_terminal_hears_of_a_typing_error),
        cmocka_unit_test(exit_stops_the_program),
        cmocka_unit_test(every_command_stands_in_help),
        cmocka_unit_test(words_fit_where_they_are_asked_for),
    };
    return cmocka_run_group_tests_name("cli/peer_command", tests, at_terminal_sit_down,
                                       at_terminal_get_up);
}
