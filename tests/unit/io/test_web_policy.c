/* docs/spec/13-sc-bridge.md, section 6, rule 1. */
#include <stdio.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "io/web_policy.h"
#include "unit.h"

static ic_env env;
static ic__web_policy policy;

static const char *const origins[] = {"https://friend.example", "null", NULL};
static const char *const hosts[] = {"box.local", NULL};

static int make_policy(void **state)
{
    return ic__web_policy_init(&policy, origins, hosts, "sesame", &env);
}

static int free_policy(void **state)
{
    ic__web_policy_free(&policy);
    return 0;
}

static ic__span span(const char *text)
{
    return (ic__span){text, strlen(text)};
}

static void loopback_and_named_hosts_are_good(void **state)
{
    static const char *const good[] = {"localhost",   "LOCALHOST:5070",  "127.0.0.1",
                                       "127.0.0.1:1", "127.1.2.3:65535", "[::1]",
                                       "[::1]:5070",  "box.local",       "Box.Local:80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!ic__web_policy_host(&policy, span(good[i])))
            fail_msg("refused: %s", good[i]);
    }
}

static void other_hosts_are_not(void **state)
{
    static const char *const bad[] = {
        "",
        ":80",
        "localhost.evil.example",
        "evil.example",
        "0.0.0.0",
        "192.0.2.1",
        "127.0.0.1.evil.example",
        "127.0.0.1:",
        "localhost:",
        "localhost:x",
        "localhost:65536",
        "localhost:123456",
        "[::1",
        "::1",
        "[::1]x",
        "[::1]:",
        "[127.0.0.1]",
        "[::2]",
        "a@localhost",
        "localhost localhost",
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "[]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (ic__web_policy_host(&policy, span(bad[i])))
            fail_msg("taken: %s", bad[i]);
    }
}

static void addresses_are_good_where_we_listen_on_more_than_loopback(void **state)
{
    policy.any_address = true;
    assert_true(ic__web_policy_host(&policy, span("192.0.2.1:5070")));
    assert_true(ic__web_policy_host(&policy, span("[2001:db8::1]:5070")));
    assert_false(ic__web_policy_host(&policy, span("evil.example:5070")));
    policy.any_address = false;
}

static bool origin_is_good(const char *origin, const char *host)
{
    return ic__web_policy_origin(&policy, span(origin), span(host));
}

static void only_listed_and_own_origins_are_good(void **state)
{
    assert_true(origin_is_good("https://friend.example", "localhost"));
    assert_true(origin_is_good("null", "localhost"));
    assert_false(origin_is_good("", "localhost"));
    assert_false(origin_is_good("http://localhost:1", "localhost:1"));
    policy.own_origin = true;
    assert_true(origin_is_good("http://localhost:1", "localhost:1"));
    assert_false(origin_is_good("http://localhost:2", "localhost:1"));
    assert_false(origin_is_good("http://localhost:11", "localhost:1"));
    assert_false(origin_is_good("https://localhost:1", "localhost:1"));
    policy.secure = true;
    assert_true(origin_is_good("https://localhost:1", "localhost:1"));
    policy.secure = policy.own_origin = false;
}

static ic__web_access access_with(const char *field)
{
    char text[2048];
    ic__http_head head;
    (void)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s\r\n\r\n", field);
    assert_int_equal(ic__http_request_parse(&head, text, strlen(text)), 0);
    return ic__web_policy_access(&policy, &head);
}

static void the_token_is_taken_as_password_and_as_bearer(void **state)
{
    assert_int_equal(access_with("Authorization: Basic dTpzZXNhbWU="),
                     IC__WEB_ACCESS_WITH_TOKEN);
    assert_int_equal(access_with("Authorization: Basic OnNlc2FtZQ=="),
                     IC__WEB_ACCESS_WITH_TOKEN);
    assert_int_equal(access_with("authorization: bearer  sesame"),
                     IC__WEB_ACCESS_WITH_TOKEN);
}

static void nothing_else_is_taken(void **state)
{
    static const char *const bad[] = {
        "A: b",
        "Authorization:",
        "Authorization: Basic",
        "Authorization: Basic !!!!",
        "Authorization: Basic c2VzYW1l",     /* sesame, no user */
        "Authorization: Basic dTpzZXNhbWUx", /* u:sesame1 */
        "Authorization: Basic dTpzZXNhbQ==", /* u:sesam */
        "Authorization: Bearer sesam",
        "Authorization: Digest sesame",
        "Authorization: Bearer sesame\r\nAuthorization: Bearer sesame",
        "Cookie: intercom_access=",
        "Cookie: intercom_access",
        "Cookie: intercom_access=sesame",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (access_with(bad[i]) != IC__WEB_ACCESS_DENIED)
            fail_msg("granted: %s", bad[i]);
    }
}

static void a_credential_longer_than_its_room_is_refused(void **state)
{
    char field[1900];
    memset(field, 'A', sizeof field);
    memcpy(field, "Authorization: Basic ", 21);
    field[21 + 1600] = 0;
    assert_int_equal(access_with(field), IC__WEB_ACCESS_DENIED);
}

static void the_cookie_is_found_among_others(void **state)
{
    char field[256];
    (void)snprintf(field, sizeof field, "Cookie: a=b; intercom_access=%s; c=d",
                   policy.cookie);
    assert_int_equal(access_with(field), IC__WEB_ACCESS_GRANTED);
    (void)snprintf(field, sizeof field, "Cookie: xintercom_access=%s", policy.cookie);
    assert_int_equal(access_with(field), IC__WEB_ACCESS_DENIED);
}

static void each_start_has_another_cookie(void **state)
{
    ic__web_policy second;
    assert_int_equal(ic__web_policy_init(&second, NULL, NULL, NULL, &env), 0);
    assert_int_equal(strlen(second.cookie), IC__WEB_COOKIE_LEN);
    assert_string_not_equal(second.cookie, policy.cookie);
    ic__web_policy_free(&second);
}

static void make_and_free(void *arg)
{
    ic__web_policy made;
    if (ic__web_policy_init(&made, origins, hosts, "token", &env) == 0)
        ic__web_policy_free(&made);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(make_and_free, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_and_named_hosts_are_good),
        cmocka_unit_test(other_hosts_are_not),
        cmocka_unit_test(addresses_are_good_where_we_listen_on_more_than_loopback),
        cmocka_unit_test(only_listed_and_own_origins_are_good),
        cmocka_unit_test(the_token_is_taken_as_password_and_as_bearer),
        cmocka_unit_test(nothing_else_is_taken),
        cmocka_unit_test(a_credential_longer_than_its_room_is_refused),
        cmocka_unit_test(the_cookie_is_found_among_others),
        cmocka_unit_test(each_start_has_another_cookie),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    ic_env_system(&env);
    return cmocka_run_group_tests_name("io/web_policy", tests, make_policy, free_policy);
}
