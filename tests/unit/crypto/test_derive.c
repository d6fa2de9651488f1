/* docs/spec/11-wallet.md, section 2, steps 3 to 5 */
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "crypto/derive.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

static void assert_hex(const uint8_t bytes[32], const json_t *object, const char *key)
{
    char hex[65];
    ic__hex_encode(hex, bytes, 32);
    assert_string_equal(hex, vectors_text(object, key));
}

static void assert_node(const ic__node *node, const json_t *entry, const char *key)
{
    const json_t *want = json_object_get(entry, key);
    assert_hex(node->key, want, "key");
    assert_hex(node->chain_code, want, "chainCode");
}

static void check_derivation(const json_t *entry)
{
    uint8_t seed[IC__MNEMONIC_SEED_BYTES];
    uint8_t leaf[IC_SEED_BYTES];
    ic__node node;
    ic__path path;
    const char *prefix = vectors_text(entry, "hrp");

    assert_int_equal(ic__path_parse(&path, vectors_text(entry, "derivationPath")), 0);
    ic__mnemonic_seed(seed, vectors_text(entry, "mnemonic"));
    ic__node_master(&node, seed);
    assert_node(&node, entry, "masterNode");
    for (const char *at = prefix; *at; at++)
        ic__node_child(&node, (uint8_t)*at);
    assert_node(&node, entry, "hrpNode");
    for (size_t i = 0; i < path.count; i++)
        ic__node_child(&node, path.index[i]);
    assert_node(&node, entry, "leafNode");
    ic__derive_seed(leaf, vectors_text(entry, "mnemonic"), prefix, &path);
    assert_hex(leaf, entry, "ed25519Seed");
}

static void every_node_is_the_reference_one(void **state)
{
    size_t i;
    json_t *entry;
    json_t *wallet = vectors_load("wallet.json");
    json_array_foreach(json_object_get(wallet, "derivations"), i, entry)
        check_derivation(entry);
    assert_int_equal(i, 16);
    json_decref(wallet);
}

static void white_space_in_a_path_goes_away(void **state)
{
    ic__path path;
    assert_int_equal(ic__path_parse(&path, " m / 9 18' /0'\t/2147483647' \n"), 0);
    assert_string_equal(path.text, "m/918'/0'/2147483647'");
    assert_int_equal(path.count, 3);
    assert_int_equal(path.index[0], 918);
    assert_int_equal(path.index[2], 2147483647);
}

static void other_paths_are_refused(void **state)
{
    static const char *const bad[] = {
        "",      "m",        "m/",    "m/0",           "m/0'/",
        "m/0'1", "m/0'/1",   "m//0'", "M/0'",          "n/0'",
        "0'",    "/0'",      "m/-1'", "m/+1'",         "m/x'",
        "m/'",   "m0'",      "m/0''", "m/2147483648'", "m/99999999999999999999'",
        "m/0h",  "m/0'/m/0'"};
    ic__path path = {.count = 77};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ic__path_parse(&path, bad[i]), IC_ERR_INVALID);
    assert_int_equal(path.count, 77);
}

static void a_path_fills_its_room_and_no_more(void **state)
{
    char text[IC_PATH_BYTES + 3] = "m";
    ic__path path;
    for (int i = 0; i < IC__PATH_MAX_SEGMENTS; i++)
        memcpy(text + strlen(text), "/7'", 4);
    assert_int_equal(strlen(text), IC_PATH_BYTES - 1);
    assert_int_equal(ic__path_parse(&path, text), 0);
    assert_int_equal(path.count, IC__PATH_MAX_SEGMENTS);
    memcpy(text + strlen(text) - 1, "0'", 3);
    assert_int_equal(ic__path_parse(&path, text), IC_ERR_INVALID);
}

static int start(void **state)
{
    return sodium_init() < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_node_is_the_reference_one),
        cmocka_unit_test(white_space_in_a_path_goes_away),
        cmocka_unit_test(other_paths_are_refused),
        cmocka_unit_test(a_path_fills_its_room_and_no_more),
    };
    return cmocka_run_group_tests_name("crypto/derive", tests, start, NULL);
}
