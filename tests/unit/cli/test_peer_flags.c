#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "peer_flags.h"
#include "peer_near.h"
#include "unit.h"

static const char *const *environment; /* name, value, ..., NULL */

static const char *fake_getenv(const char *name)
{
    for (const char *const *at = environment; at && *at; at += 2) {
        if (strcmp(at[0], name) == 0)
            return at[1];
    }
    return NULL;
}

#define READ(flags, why, ...)                                                            \
    read_list(flags, why, (const char *[]){"intercom-peer", __VA_ARGS__, NULL})

static int read_list(peer_flags *flags, char *why, const char **args)
{
    char *argv[32];
    int argc = 0;

    for (; args[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)args[argc];
    return peer_flags_read(flags, argc, argv, fake_getenv, why);
}

/* docs/spec/12-sidechannel.md, section 10 */
static void the_tutorials_command_line_is_understood(void **state)
{
    peer_flags flags;
    char why[PEER_REASON_MAX];

    environment = NULL;
    assert_int_equal(READ(&flags, why, "--peer-store-name", "demo2", "--msb-store-name",
                          "demo2-msb", "--subnet-channel", "intersplit-demo",
                          "--sidechannels", "trip-nyc", "--sc-bridge", "1",
                          "--sc-bridge-token", "mysecret123"),
                     0);
    assert_string_equal(flags.value[PEER_FLAG_PEER_STORE_NAME], "demo2");
    assert_string_equal(flags.value[PEER_FLAG_SIDECHANNELS], "trip-nyc");
    assert_true(peer_flags_bool(&flags, PEER_FLAG_SC_BRIDGE, false));
    assert_string_equal(flags.value[PEER_FLAG_SC_BRIDGE_TOKEN], "mysecret123");
    assert_string_equal(flags.value[PEER_FLAG_SC_BRIDGE_HOST], "127.0.0.1");

    ic__buf lines = {0};
    peer_flags_warnings(&flags, &lines);
    assert_string_equal(
        lines.data,
        "warning: --subnet-channel has no effect yet: the subnet plane is not built\n"
        "warning: --msb-store-name has no effect yet: the settlement plane (MSB) is not "
        "built\n");
    ic__buf_free(&lines);
}

static void a_flag_wins_over_the_environment_and_an_empty_one_falls_through(void **state)
{
    static const char *const env[] = {"SC_BRIDGE",
                                      "1",
                                      "SC_BRIDGE_TOKEN",
                                      "env",
                                      "SIDECHANNELS",
                                      "e",
                                      "SC_BRIDGE_CLI",
                                      "",
                                      "TIMER",
                                      "1",
                                      NULL};
    peer_flags flags;
    char why[PEER_REASON_MAX];

    environment = env;
    assert_int_equal(
        READ(&flags, why, "--sc-bridge", "0", "--sc-bridge-token", "", "--sidechannel=c"),
        0);
    assert_false(peer_flags_bool(&flags, PEER_FLAG_SC_BRIDGE, true));
    assert_string_equal(flags.value[PEER_FLAG_SC_BRIDGE_TOKEN], "env");
    assert_int_equal(flags.origin[PEER_FLAG_SC_BRIDGE_TOKEN], PEER_FROM_ENVIRONMENT);
    assert_string_equal(flags.value[PEER_FLAG_SIDECHANNELS], "c");
    assert_null(flags.value[PEER_FLAG_SC_BRIDGE_CLI]);
    assert_null(flags.value[PEER_FLAG_TIMER]); /* its variable is INTERCOM_TIMER */
    environment = NULL;
}

static void a_bare_flag_is_true_and_takes_no_flag_as_its_value(void **state)
{
    peer_flags flags;
    char why[PEER_REASON_MAX];

    assert_int_equal(READ(&flags, why, "--sc-bridge", "--sc-bridge-token=--x=y", "--ui"),
                     0);
    assert_true(peer_flags_bool(&flags, PEER_FLAG_SC_BRIDGE, false));
    assert_true(peer_flags_bool(&flags, PEER_FLAG_UI, false));
    assert_string_equal(flags.value[PEER_FLAG_SC_BRIDGE_TOKEN], "--x=y");
}

static void four_words_are_true_and_all_others_false(void **state)
{
    static const struct {
        const char *text;
        bool want;
    } cases[] = {{"1", true},    {"TRUE", true}, {"Yes", true},  {" on ", true},
                 {"0", false},   {"2", false},   {"y", false},   {"truely", false},
                 {"off", false}, {"11", false},  {"tru", false}, {" ", false}};
    peer_flags flags = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        flags.value[PEER_FLAG_UI] = cases[i].text;
        assert_int_equal(peer_flags_bool(&flags, PEER_FLAG_UI, true), cases[i].want);
    }
    flags.value[PEER_FLAG_UI] = NULL;
    assert_true(peer_flags_bool(&flags, PEER_FLAG_UI, true));
}

static void an_unknown_flag_is_refused_with_the_nearest_one(void **state)
{
    static const char *const cases[][2] = {
        {"--sc-brigde", "did you mean --sc-bridge?"},
        {"--sidechanels=x", "did you mean --sidechannels?"},
        {"--sc-bridge-tok", "did you mean --sc-bridge-token?"},
        {"--peer-store", "did you mean --peer-store-name?"},
        {"--xyzzy", "unknown flag --xyzzy (--help lists all flags)"},
    };
    peer_flags flags = {.help = true};
    char why[PEER_REASON_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(READ(&flags, why, cases[i][0]), IC_ERR_INVALID);
        assert_non_null(strstr(why, cases[i][1]));
        assert_true(flags.help); /* untouched */
    }
    assert_int_equal(READ(&flags, why, "demo"), IC_ERR_INVALID);
    assert_non_null(strstr(why, "'demo' stands alone"));
}

static void a_number_must_be_whole_and_in_range(void **state)
{
    static const char *const bad[] = {"70000", "-1", "5070x", "0x10", " ", "1e3"};
    peer_flags flags = {0};
    char why[PEER_REASON_MAX];
    long port = 7;

    assert_int_equal(peer_flags_number(&flags, PEER_FLAG_UI_PORT, 0, 65535, &port, why),
                     0);
    assert_int_equal(port, 7);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        flags.value[PEER_FLAG_UI_PORT] = bad[i];
        assert_int_equal(
            peer_flags_number(&flags, PEER_FLAG_UI_PORT, 0, 65535, &port, why),
            IC_ERR_INVALID);
        assert_non_null(strstr(why, "--ui-port takes a whole number from 0 to 65535"));
        assert_int_equal(port, 7);
    }
    flags.value[PEER_FLAG_UI_PORT] = "65535";
    assert_int_equal(peer_flags_number(&flags, PEER_FLAG_UI_PORT, 0, 65535, &port, why),
                     0);
    assert_int_equal(port, 65535);
}

static void help_and_version_are_seen_anywhere(void **state)
{
    peer_flags flags;
    char why[PEER_REASON_MAX];

    assert_int_equal(READ(&flags, why, "--ui=1", "-h"), 0);
    assert_true(flags.help && !flags.version);
    assert_int_equal(READ(&flags, why, "--version"), 0);
    assert_true(flags.version);
}

static void the_manual_has_every_flag_with_its_environment(void **state)
{
    static char text[65536];
    char want[100];
    const char *root = getenv("TEST_SOURCE");

    if (!root)
        skip();
    (void)snprintf(text, sizeof text, "%s/docs/man/intercom-peer.1", root);
    FILE *file = fopen(text, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    assert_int_equal(fclose(file), 0);
    text[len] = 0;
    for (int i = 0; i < PEER_FLAG_COUNT; i++) {
        const peer_flag_info *flag = peer_flag_get((peer_flag)i);
        (void)snprintf(want, sizeof want, ".It Fl -%s Ar ", flag->name);
        if (!strstr(text, want))
            fail_msg("no %s", want);
        if (!flag->env)
            continue;
        (void)snprintf(want, sizeof want, ".Ev %s .", flag->env);
        if (!strstr(text, want))
            fail_msg("no %s", want);
    }
}

static void distances_count_swaps_as_one(void **state)
{
    assert_int_equal(peer_distance("", ""), 0);
    assert_int_equal(peer_distance("abc", ""), 3);
    assert_int_equal(peer_distance("", "abc"), 3);
    assert_int_equal(peer_distance("kitten", "sitting"), 3);
    assert_int_equal(peer_distance("/hepl", "/help"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tutorials_command_line_is_understood),
        cmocka_unit_test(a_flag_wins_over_the_environment_and_an_empty_one_falls_through),
        cmocka_unit_test(a_bare_flag_is_true_and_takes_no_flag_as_its_value),
        cmocka_unit_test(four_words_are_true_and_all_others_false),
        cmocka_unit_test(an_unknown_flag_is_refused_with_the_nearest_one),
        cmocka_unit_test(a_number_must_be_whole_and_in_range),
        cmocka_unit_test(help_and_version_are_seen_anywhere),
        cmocka_unit_test(the_manual_has_every_flag_with_its_environment),
        cmocka_unit_test(distances_count_swaps_as_one),
    };
    return cmocka_run_group_tests_name("cli/peer_flags", tests, NULL, NULL);
}
