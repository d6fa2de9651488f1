/* docs/spec/13-sc-bridge.md, section 1; RFC 6455, section 1.3. */
#include <string.h>

#include "fake_random.h"
#include "io/ws_key.h"
#include "unit.h"

static void the_example_of_the_rfc_comes_out(void **state)
{
    char accept[IC__WS_ACCEPT_LEN + 1];
    ic__ws_key_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static bool valid(const char *text)
{
    return ic__ws_key_valid((ic__span){text, strlen(text)});
}

static void only_22_characters_and_padding_are_a_key(void **state)
{
    assert_true(valid("dGhlIHNhbXBsZSBub25jZQ=="));
    assert_true(valid("++++++++++////////////=="));
    assert_false(valid(""));
    assert_false(valid("dGhlIHNhbXBsZSBub25jZQ="));
    assert_false(valid("dGhlIHNhbXBsZSBub25jZQ==="));
    assert_false(valid("dGhlIHNhbXBsZSBub25jZQAA"));
    assert_false(valid("dGhlIHNhbXBsZSBub25j-Q=="));
    assert_false(valid("dGhlIHNhbXBsZSBub25jZ==="));
}

static void random_from(void *out, size_t len, void *user)
{
    fake_random_fill(user, out, len);
}

static void a_new_key_is_valid_and_new(void **state)
{
    fake_random random;
    fake_random_init(&random, 1);
    const ic_env env = {.random = random_from, .user = &random};
    char first[IC__WS_KEY_LEN + 1];
    char second[IC__WS_KEY_LEN + 1];
    ic__ws_key_new(&env, first);
    ic__ws_key_new(&env, second);
    assert_true(valid(first));
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_comes_out),
        cmocka_unit_test(only_22_characters_and_padding_are_a_key),
        cmocka_unit_test(a_new_key_is_valid_and_new),
    };
    return cmocka_run_group_tests_name("io/ws_key", tests, NULL, NULL);
}
