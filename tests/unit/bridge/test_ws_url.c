/* docs/architecture.md, "Programs": where intercom-bridge finds the SC-Bridge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/ws_url.h"
#include "intercom/error.h"
#include "unit.h"

static void good_addresses_come_apart(void **state)
{
    static const struct {
        const char *text;
        bool secure;
        const char *host;
        uint16_t port;
        const char *path;
    } cases[] = {
        {"ws://127.0.0.1:49222", false, "127.0.0.1", 49222, "/"},
        {"ws://localhost", false, "localhost", 80, "/"},
        {"WSS://peer.example/", true, "peer.example", 443, "/"},
        {"wss://peer.example:65535/a/b?c=d", true, "peer.example", 65535, "/a/b?c=d"},
        {"ws://[::1]:1/x", false, "::1", 1, "/x"},
        {"ws://[fe80::1]", false, "fe80::1", 80, "/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bridge_ws_url url;
        assert_int_equal(bridge_ws_url_parse(cases[i].text, &url), 0);
        assert_int_equal(url.secure, cases[i].secure);
        assert_string_equal(url.host, cases[i].host);
        assert_int_equal(url.port, cases[i].port);
        assert_string_equal(url.path, cases[i].path);
    }
}

static void anything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",           "ws:",        "ws://",    "ws:///",       "http://a",
        "wsss://a",   "ws://a:",    "ws://a:0", "ws://a:65536", "ws://a:1x",
        "ws://a:-1",  "ws://a:1:2", "ws://u@a", "ws://a/#b",    "ws://a b",
        "ws://a/b c", "ws://[::1",  "ws://[]",  "ws://[::1]x",  "ws://[::1]:",
        "ws://a\n",   "ws://a?b",   " ws://a",  "ws://a/\x7f",  "ws://:80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bridge_ws_url url;
        if (bridge_ws_url_parse(bad[i], &url) != IC_ERR_INVALID)
            fail_msg("taken: %s", bad[i]);
    }
}

static void long_parts_are_refused(void **state)
{
    char text[1024];
    bridge_ws_url url;
    (void)snprintf(text, sizeof text, "ws://%0*d", BRIDGE_URL_HOST_MAX - 1, 0);
    assert_int_equal(bridge_ws_url_parse(text, &url), 0);
    (void)snprintf(text, sizeof text, "ws://%0*d", BRIDGE_URL_HOST_MAX, 0);
    assert_int_equal(bridge_ws_url_parse(text, &url), IC_ERR_INVALID);
    (void)snprintf(text, sizeof text, "ws://a/%0*d", BRIDGE_URL_PATH_MAX - 2, 0);
    assert_int_equal(bridge_ws_url_parse(text, &url), 0);
    (void)snprintf(text, sizeof text, "ws://a/%0*d", BRIDGE_URL_PATH_MAX - 1, 0);
    assert_int_equal(bridge_ws_url_parse(text, &url), IC_ERR_INVALID);
}

/* A prefix may be an address of its own; it must only be read within its memory. */
static void every_prefix_is_read_cleanly(void **state)
{
    static const char text[] = "wss://[2001:db8::1]:49222/a?b";
    for (size_t n = 0; n < sizeof text; n++) {
        bridge_ws_url url;
        char *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        copy[n] = 0;
        int error = bridge_ws_url_parse(copy, &url);
        assert_true(error == 0 || error == IC_ERR_INVALID);
        assert_int_equal(error == 0, n >= 19 && n != 20);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses_come_apart),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(long_parts_are_refused),
        cmocka_unit_test(every_prefix_is_read_cleanly),
    };
    return cmocka_run_group_tests_name("bridge/ws_url", tests, NULL, NULL);
}
