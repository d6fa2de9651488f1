/* docs/spec/13-sc-bridge.md, section 1: where the bridge listens. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "intercom/error.h"
#include "io/tcp.h"
#include "unit.h"

static ic__tcp_address address_of(const char *host, uint16_t port)
{
    ic__tcp_address address;
    assert_int_equal(ic__tcp_address_parse(host, port, &address), 0);
    return address;
}

static void only_addresses_and_localhost_are_taken(void **state)
{
    static const char *const good[] = {
        "127.0.0.1", "::1", "0.0.0.0", "::", "localhost", "LocalHost", "192.0.2.1"};
    static const char *const bad[] = {"example.org", "127.0.0.1:1", "[::1]",
                                      " ::1",        "1.2.3.4.5",   "::1::"};
    ic__tcp_address address;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(ic__tcp_address_parse(good[i], 1, &address), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ic__tcp_address_parse(bad[i], 1, &address), IC_ERR_INVALID);
}

static void only_loopback_addresses_are_loopback(void **state)
{
    static const struct {
        const char *host;
        bool loopback;
    } cases[] = {{"127.0.0.1", true},  {"127.9.9.9", true}, {"localhost", true},
                 {"::1", true},        {"0.0.0.0", false},  {"::", false},
                 {"192.0.2.1", false}, {"::2", false},      {"128.0.0.1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ic__tcp_address address = address_of(cases[i].host, 1);
        assert_int_equal(ic__tcp_is_loopback(&address), cases[i].loopback);
    }
}

/* Debian's hosts file names ::1 so, too, and that comes first. */
static void localhost_is_the_same_for_callers_and_listeners(void **state)
{
    const ic__tcp_address listener = address_of("localhost", 1);
    ic__tcp_address caller;
    assert_int_equal(ic__tcp_address_resolve("localhost", 1, &caller), 0);
    assert_int_equal(caller.len, listener.len);
    assert_memory_equal(&caller.storage, &listener.storage, listener.len);
}

static void any_free_port_is_found_in_both_families(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < 2; i++) {
        ic__tcp_address address = address_of(hosts[i], 0);
        uint16_t port = 0;
        int listener;
        int caller;
        assert_int_equal(ic__tcp_listen(&address, &listener, &port), 0);
        assert_int_not_equal(port, 0);
        ic__tcp_address there = address_of(hosts[i], port);
        assert_int_equal(ic__tcp_connect(&there, &caller), 0);
        ic__tcp_tune(caller);
        assert_int_equal(close(caller), 0);
        assert_int_equal(close(listener), 0);
    }
}

static void a_taken_port_and_a_foreign_address_are_told_apart(void **state)
{
    ic__tcp_address address = address_of("127.0.0.1", 0);
    ic__tcp_address foreign = address_of("192.0.2.1", 0);
    uint16_t port = 0;
    uint16_t none = 0;
    int first;
    int second = -1;
    assert_int_equal(ic__tcp_listen(&address, &first, &port), 0);
    address = address_of("127.0.0.1", port);
    assert_int_equal(ic__tcp_listen(&address, &second, &none), IC_ERR_BUSY);
    assert_int_equal(ic__tcp_listen(&foreign, &second, &none), IC_ERR_NOT_FOUND);
    assert_int_equal(second, -1);
    assert_int_equal(none, 0);
    assert_int_equal(close(first), 0);
}

static void every_error_is_a_sentence(void **state)
{
    static const struct {
        int error;
        const char *text;
    } cases[] = {
        {IC_ERR_BUSY, "port 5070 on ::1 is in use by another program"},
        {IC_ERR_DENIED, "not permitted to listen on port 5070 of ::1"},
        {IC_ERR_INVALID, "::1 is not an address to listen on"},
        {IC_ERR_NOT_FOUND, "this machine does not have the address ::1"},
        {IC_ERR_NOMEM, "cannot listen on port 5070 of ::1: out of memory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        ic__tcp_listen_text(text, sizeof text, "::1", 5070, cases[i].error);
        assert_string_equal(text, cases[i].text);
    }
}

static void an_address_needs_no_looking_up(void **state)
{
    ic__tcp_address address;
    assert_int_equal(ic__tcp_address_resolve("::1", 80, &address), 0);
    assert_int_equal(address.storage.ss_family, AF_INET6);
    assert_int_equal(ic__tcp_address_resolve("a..b", 80, &address), IC_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_addresses_and_localhost_are_taken),
        cmocka_unit_test(only_loopback_addresses_are_loopback),
        cmocka_unit_test(localhost_is_the_same_for_callers_and_listeners),
        cmocka_unit_test(any_free_port_is_found_in_both_families),
        cmocka_unit_test(a_taken_port_and_a_foreign_address_are_told_apart),
        cmocka_unit_test(every_error_is_a_sentence),
        cmocka_unit_test(an_address_needs_no_looking_up),
    };
    return cmocka_run_group_tests_name("io/tcp", tests, NULL, NULL);
}
