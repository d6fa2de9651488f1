/* Addresses as texts, for intercom/stream.h. */
#include <string.h>

#include "io/sockaddr.h"
#include "unit.h"

static void what_is_printed_can_be_read(void **state)
{
    static const char *const texts[] = {
        "127.0.0.1:4000", "0.0.0.0:0", "255.255.255.255:65535",
        "[::1]:1",        "[::]:0",    "[2001:db8:1111:2222:3333:4444:5555:6666]:65535",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ic__addr addr;
        char text[IC__SOCKADDR_TEXT_BYTES];
        assert_true(ic__sockaddr_parse(&addr, texts[i]));
        ic__sockaddr_print(text, &addr);
        assert_string_equal(text, texts[i]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ":",
        ":1",
        "127.0.0.1",
        "127.0.0.1:",
        "1.2.3:4",
        "1.2.3.4:65536",
        "::1:4",
        "[::1]",
        "[::1]:",
        "[]:1",
        "[1.2.3.4]:5",
        "1.2.3.4:-1",
        "1.2.3.4: 1",
        "1.2.3.4:1x",
        "1.2.3.4:000001",
        "localhost:1",
        "[::1:1",
        "::1]:1",
        "1.2.3.4.5:1",
        "[1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111]:1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ic__addr addr = {.port = 7};
        assert_false(ic__sockaddr_parse(&addr, texts[i]));
        assert_int_equal(addr.port, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_can_be_read),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests_name("io/sockaddr", tests, NULL, NULL);
}
