/* docs/spec/13-sc-bridge.md, section 6, rule 5: no token on the command line. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/access_token.h"
#include "intercom/error.h"
#include "unit.h"

static int read_back(const char *text, size_t len, mode_t mode, char *out)
{
    char path[] = "/tmp/access-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
    int error = bridge_access_token_read(path, out);
    assert_int_equal(unlink(path), 0);
    return error;
}

static int read_text(const char *text)
{
    char out[BRIDGE_TOKEN_MAX + 1];
    return read_back(text, strlen(text), 0600, out);
}

static void the_first_line_is_the_token(void **state)
{
    char out[BRIDGE_TOKEN_MAX + 1];
    assert_int_equal(read_back("0123456789abcdef\nmore", 21, 0600, out), 0);
    assert_string_equal(out, "0123456789abcdef");
    assert_int_equal(read_back("0123456789abcdef\r\n", 18, 0400, out), 0);
    assert_string_equal(out, "0123456789abcdef");
    assert_int_equal(read_back("0123456789abcdef", 16, 0600, out), 0);
}

static void weak_and_broken_tokens_are_refused(void **state)
{
    assert_int_equal(read_text(""), IC_ERR_INVALID);
    assert_int_equal(read_text("\n0123456789abcdef"), IC_ERR_INVALID);
    assert_int_equal(read_text("0123456789abcde"), IC_ERR_INVALID);
    assert_int_equal(read_text("0123456789 abcdef"), IC_ERR_INVALID);
    assert_int_equal(read_text("0123456789abcdef\xc3\xa4"), IC_ERR_INVALID);
}

static void the_longest_token_passes_and_one_more_does_not(void **state)
{
    char text[BRIDGE_TOKEN_MAX + 64];
    memset(text, 'a', sizeof text);
    text[BRIDGE_TOKEN_MAX] = '\n';
    text[sizeof text - 1] = 0;
    assert_int_equal(read_text(text), 0);
    text[BRIDGE_TOKEN_MAX] = 'a';
    assert_int_equal(read_text(text), IC_ERR_INVALID);
}

static void a_file_that_others_can_read_is_refused(void **state)
{
    char out[BRIDGE_TOKEN_MAX + 1];
    assert_int_equal(read_back("0123456789abcdef", 16, 0640, out), IC_ERR_DENIED);
    assert_int_equal(read_back("0123456789abcdef", 16, 0604, out), IC_ERR_DENIED);
}

static void a_missing_file_is_an_error(void **state)
{
    char out[BRIDGE_TOKEN_MAX + 1];
    assert_int_equal(bridge_access_token_read("/none/token", out), IC_ERR_IO);
    assert_int_equal(bridge_access_token_read("/", out), IC_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_the_token),
        cmocka_unit_test(weak_and_broken_tokens_are_refused),
        cmocka_unit_test(the_longest_token_passes_and_one_more_does_not),
        cmocka_unit_test(a_file_that_others_can_read_is_refused),
        cmocka_unit_test(a_missing_file_is_an_error),
    };
    return cmocka_run_group_tests_name("bridge/access_token", tests, NULL, NULL);
}
