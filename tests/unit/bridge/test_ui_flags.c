/* docs/man/intercom-bridge.1; docs/architecture.md, "Programs". */
#include <string.h>

#include "bridge/ui_flags.h"
#include "intercom/error.h"
#include "unit.h"

#define MOST_WORDS 80

static const char *page_dir_value;
static bridge_ui_flags flags;
static char why[BRIDGE_UI_WHY_MAX];

static const char *fake_getenv(const char *name)
{
    return strcmp(name, "INTERCOM_PAGE_DIR") == 0 ? page_dir_value : NULL;
}

/* `text` is split at spaces. */
static int read_flags(const char *text)
{
    static char copy[1024];
    char *words[MOST_WORDS] = {copy};
    int count = 1;
    size_t n = strlen(text);
    assert_true(n < sizeof copy);
    memcpy(copy, text, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (copy[i] != ' ')
            continue;
        copy[i] = 0;
        words[count++] = copy + i + 1;
        assert_true(count < MOST_WORDS);
    }
    return bridge_ui_flags_read(&flags, count, words, fake_getenv, "/built/in", why);
}

static void without_flags_it_is_loopback_and_the_usual_ports(void **state)
{
    assert_int_equal(read_flags("x"), 0);
    assert_string_equal(flags.host, "127.0.0.1");
    assert_int_equal(flags.port, 5070);
    assert_string_equal(flags.upstream.host, "127.0.0.1");
    assert_int_equal(flags.upstream.port, 49222);
    assert_string_equal(flags.page_folder, "/built/in");
    assert_null(flags.token_file);
    assert_null(flags.origins[0]);
}

static void every_flag_is_read_in_both_forms(void **state)
{
    assert_int_equal(read_flags("x --ui-port 1 --ui-host=::1 --bridge wss://h/p "
                                "--bridge-ca ca --cert=c --key k --access-token-file t "
                                "--allow-origin a --allow-origin=b --allow-host n "
                                "--page-dir=d --insecure"),
                     0);
    assert_int_equal(flags.port, 1);
    assert_string_equal(flags.host, "::1");
    assert_true(flags.upstream.secure);
    assert_string_equal(flags.upstream.path, "/p");
    assert_string_equal(flags.upstream_ca_file, "ca");
    assert_string_equal(flags.cert_file, "c");
    assert_string_equal(flags.key_file, "k");
    assert_string_equal(flags.token_file, "t");
    assert_string_equal(flags.origins[0], "a");
    assert_string_equal(flags.origins[1], "b");
    assert_null(flags.origins[2]);
    assert_string_equal(flags.hosts[0], "n");
    assert_string_equal(flags.page_folder, "d");
    assert_true(flags.insecure);
}

static void the_environment_names_the_page(void **state)
{
    page_dir_value = "/from/environment";
    assert_int_equal(read_flags("x"), 0);
    assert_string_equal(flags.page_folder, "/from/environment");
    assert_int_equal(read_flags("x --page-dir /from/flag"), 0);
    assert_string_equal(flags.page_folder, "/from/flag");
    page_dir_value = "";
    assert_int_equal(read_flags("x"), 0);
    assert_string_equal(flags.page_folder, "/built/in");
    page_dir_value = NULL;
}

static void wrong_command_lines_are_a_sentence(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"x --nonsense 1", "--nonsense is not a flag; see --help"},
        {"x word", "word is not a flag; see --help"},
        {"x --ui-port", "--ui-port needs a value"},
        {"x --ui-port=", "--ui-port needs a value"},
        {"x --ui-port 65536", "65536 is not a port"},
        {"x --ui-port -1", "-1 is not a port"},
        {"x --ui-port 1x", "1x is not a port"},
        {"x --ui-port 000001", "000001 is not a port"},
        {"x --ui-host example.org", "example.org is not an address to listen on"},
        {"x --bridge http://a", "http://a is not like ws://127.0.0.1:49222"},
        {"x --cert c", "--cert and --key belong together"},
        {"x --key k", "--cert and --key belong together"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_flags(cases[i].text), IC_ERR_INVALID);
        assert_string_equal(why, cases[i].why);
    }
}

static void the_network_is_refused_without_tls_and_token(void **state)
{
    static const char *const refused[] = {
        "x --ui-host 0.0.0.0",
        "x --ui-host ::",
        "x --ui-host 192.0.2.1 --cert c --key k",
        "x --ui-host 192.0.2.1 --access-token-file t",
    };
    static const char *const granted[] = {
        "x --ui-host 0.0.0.0 --insecure",
        "x --ui-host :: --cert c --key k --access-token-file t",
        "x --ui-host 127.0.0.2",
        "x --ui-host localhost",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(read_flags(refused[i]), IC_ERR_DENIED);
        assert_non_null(strstr(why, "can be reached from other machines"));
    }
    for (size_t i = 0; i < sizeof granted / sizeof *granted; i++)
        assert_int_equal(read_flags(granted[i]), 0);
}

static void lists_are_limited(void **state)
{
    char text[1024] = "x";
    for (int i = 0; i < BRIDGE_UI_LIST_MAX; i++)
        strcat(text, " --allow-origin=a");
    assert_int_equal(read_flags(text), 0);
    assert_null(flags.origins[BRIDGE_UI_LIST_MAX]);
    strcat(text, " --allow-origin=a");
    assert_int_equal(read_flags(text), IC_ERR_INVALID);
    assert_string_equal(why, "--allow-origin is given too often");
}

static void help_is_told_whatever_else_is_there(void **state)
{
    assert_int_equal(read_flags("x --ui-port x --help"), 0);
    assert_true(flags.help);
    assert_int_equal(read_flags("x --version"), 0);
    assert_true(flags.version);
    assert_non_null(strstr(bridge_ui_help, "--allow-origin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_flags_it_is_loopback_and_the_usual_ports),
        cmocka_unit_test(every_flag_is_read_in_both_forms),
        cmocka_unit_test(the_environment_names_the_page),
        cmocka_unit_test(wrong_command_lines_are_a_sentence),
        cmocka_unit_test(the_network_is_refused_without_tls_and_token),
        cmocka_unit_test(lists_are_limited),
        cmocka_unit_test(help_is_told_whatever_else_is_there),
    };
    return cmocka_run_group_tests_name("bridge/ui_flags", tests, NULL, NULL);
}
