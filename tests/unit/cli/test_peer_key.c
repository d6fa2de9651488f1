#include <stdlib.h>
#include <string.h>

#include "peer_key.h"
#include "unit.h"

#define KEY(text) ((const uint8_t *)(text))

static void a_key_is_cut_where_it_ends(void **state)
{
    static const struct {
        const char *bytes;
        size_t want;
    } cases[] = {
        {"a", 1},
        {"\x04", 1},
        {"\xc3\xa9x", 2},
        {"\xe6\x97\xa5", 3},
        {"\xf0\x9f\x98\x80y", 4},
        {"\x1b[A", 3},
        {"\x1b[1;5Cx", 6},
        {"\x1bOHx", 3},
        {"\x1b"
         "bx",
         2},
        {"\x1b\x1b[A", 2},
        {"\x80z", 1},
        {"\xc3(", 1},
        {"\xffz", 1},
        {"\x1b[1\x03", 3},
        {"\x1b\xc3\xa9", 3},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(peer_key_len(KEY(cases[i].bytes), strlen(cases[i].bytes)),
                         cases[i].want);
}

static void half_a_key_waits_for_its_rest(void **state)
{
    static const char *const halves[] = {"",         "\x1b",         "\x1b[",
                                         "\x1b[1;",  "\x1bO",        "\xc3",
                                         "\xe6\x97", "\xf0\x9f\x98", "\x1b\xc3"};

    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
        assert_int_equal(peer_key_len(KEY(halves[i]), strlen(halves[i])), 0);
}

static void any_bytes_come_to_an_end(void **state)
{
    uint8_t bytes[PEER_KEY_MAX + 8];
    unsigned seed = 7;

    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1103515245u + 12345u;
            bytes[i] = (uint8_t)(seed >> 16);
        }
        bytes[0] = round & 1 ? 0x1b : bytes[0];
        bytes[1] = round & 2 ? '[' : bytes[1];
        size_t used = 0;
        size_t n;
        while ((n = peer_key_len(bytes + used, sizeof bytes - used)) > 0) {
            assert_true(n <= PEER_KEY_MAX && n <= sizeof bytes - used);
            used += n;
        }
        assert_true(sizeof bytes - used < PEER_KEY_MAX);
    }
    memset(bytes, '0', sizeof bytes);
    bytes[0] = 0x1b;
    bytes[1] = '[';
    assert_int_equal(peer_key_len(bytes, PEER_KEY_MAX - 1), 0);
    assert_int_equal(peer_key_len(bytes, sizeof bytes), PEER_KEY_MAX);
}

static void keys_that_would_stop_the_loop_are_known(void **state)
{
    assert_true(peer_key_waits(KEY("\x12"), 1)); /* ^R */
    assert_true(peer_key_waits(KEY("\x16"), 1)); /* ^V */
    assert_true(peer_key_waits(KEY("\x18"), 1)); /* ^X */
    assert_true(peer_key_waits(KEY("\x1bx"), 2));
    assert_true(peer_key_waits(KEY("\x1b\x1b"), 2));
    assert_false(peer_key_waits(KEY("\x1b[A"), 3));
    assert_false(peer_key_waits(KEY("x"), 1));
    assert_false(peer_key_waits(KEY("\x1b"
                                    "b"),
                                2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_cut_where_it_ends),
        cmocka_unit_test(half_a_key_waits_for_its_rest),
        cmocka_unit_test(any_bytes_come_to_an_end),
        cmocka_unit_test(keys_that_would_stop_the_loop_are_known),
    };
    return cmocka_run_group_tests_name("cli/peer_key", tests, NULL, NULL);
}
