/* docs/spec/05-dht-rpc.md, section 5, against tests/vectors/dht-rpc.json. */
#include <string.h>

#include "dht/tokens.h"
#include "dht_addr.h"
#include "dht_json.h"
#include "fake_clock.h"
#include "unit.h"
#include "vectors.h"

static void a_token_is_that_of_javascript_for_the_same_secrets(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    const json_t *v = json_object_get(root, "tokens");
    const json_t *before = json_object_get(v, "before");
    ic__addr addr = dht_addr(vectors_text(v, "host"), 5000);
    fake_clock time;
    fake_clock_init(&time, 1);
    ic_env env = fake_clock_env(&time);
    ic__tokens t = {.drawn = true};
    uint8_t expected[32];
    uint8_t token[32];
    memset(t.secrets[0], 1, 32);
    memset(t.secrets[1], 2, 32);
    ic__tokens_issue(&t, &env, 0, &addr, token);
    dht_json_key(before, "issued", expected, sizeof expected);
    assert_memory_equal(token, expected, sizeof token);
    assert_true(ic__tokens_check(&t, &env, 0, &addr, token));
    addr.port = 1;
    assert_true(ic__tokens_check(&t, &env, 0, &addr, token));
    dht_json_key(before, "alsoAccepted", token, sizeof token);
    assert_true(ic__tokens_check(&t, &env, 0, &addr, token));
    addr.ip[3]++;
    assert_false(ic__tokens_check(&t, &env, 0, &addr, token));
    json_decref(root);
}

static void a_token_lives_for_seven_and_a_half_to_fifteen_seconds(void **state)
{
    ic__addr addr = dht_addr("10.0.0.3", 5000);
    fake_clock time;
    fake_clock_init(&time, 2);
    ic_env env = fake_clock_env(&time);
    for (uint64_t at = 0; at < IC__TOKENS_AGE_NS; at += IC__SEC) {
        ic__tokens t = {0};
        uint8_t token[32];
        ic__tokens_issue(&t, &env, 0, &addr, token);
        ic__tokens_issue(&t, &env, at, &addr, token);
        assert_true(ic__tokens_check(&t, &env, at + IC__TOKENS_AGE_NS, &addr, token));
        assert_true(ic__tokens_check(&t, &env, 2 * IC__TOKENS_AGE_NS - 1, &addr, token));
        assert_false(ic__tokens_check(&t, &env, 2 * IC__TOKENS_AGE_NS, &addr, token));
    }
}

static void after_a_long_silence_both_secrets_are_new(void **state)
{
    ic__addr addr = dht_addr("10.0.0.3", 5000);
    fake_clock time;
    fake_clock_init(&time, 3);
    ic_env env = fake_clock_env(&time);
    ic__tokens t = {0};
    ic__tokens old;
    uint8_t token[32];
    ic__tokens_issue(&t, &env, 0, &addr, token);
    old = t;
    assert_false(ic__tokens_check(&t, &env, 3600 * IC__SEC, &addr, token));
    assert_memory_not_equal(t.secrets[0], old.secrets[1], 32);
    assert_memory_not_equal(t.secrets[1], t.secrets[0], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_that_of_javascript_for_the_same_secrets),
        cmocka_unit_test(a_token_lives_for_seven_and_a_half_to_fifteen_seconds),
        cmocka_unit_test(after_a_long_silence_both_secrets_are_new),
    };
    return cmocka_run_group_tests_name("dht/tokens", tests, NULL, NULL);
}
