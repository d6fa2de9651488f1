#include <string.h>

#include "base/text.h"
#include "unit.h"

static void hex_goes_both_ways(void **state)
{
    char text[9];
    uint8_t bytes[4];
    ic__hex_encode(text, (const uint8_t *)"\x00\x7f\xab\xff", 4);
    assert_string_equal(text, "007fabff");
    assert_true(ic__hex_decode(bytes, 4, "007FABff", 8));
    assert_memory_equal(bytes, "\x00\x7f\xab\xff", 4);
}

static void anything_but_exact_hex_is_refused(void **state)
{
    static const char *const bad[] = {"",          "0",        "00",       "0000000",
                                      "000000000", "0000000g", "00 00000", "000000zz"};
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ic__hex_decode(bytes, sizeof bytes, bad[i], strlen(bad[i])));
    assert_true(ic__hex_decode(bytes, 0, "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(anything_but_exact_hex_is_refused),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
