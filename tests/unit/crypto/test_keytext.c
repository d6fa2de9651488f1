/* docs/spec/11-wallet.md, section 6: plain text and reading rules */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/keytext.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "unit.h"
#include "vectors.h"

#define CAROL "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong"
#define PATH "m/918'/0'/0'/0'"

static json_t *wallet;
static char carol_public[65];
static char carol_secret[129];

static const json_t *keyfile(size_t i)
{
    return json_array_get(json_object_get(wallet, "keyfiles"), i);
}

static int parse(ic__keytext *key, const char *text)
{
    return ic__keytext_parse(key, text, strlen(text));
}

/* A text around Carol's keys with `rest` behind them. */
static int parse_carol(ic__keytext *key, const char *rest)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "{\"publicKey\":\"%s\",\"secretKey\":\"%s\"%s}",
                   carol_public, carol_secret, rest);
    return parse(key, text);
}

static void assert_text_or_null(const char *got, const json_t *want)
{
    assert_string_equal(got, json_is_null(want) ? "" : json_string_value(want));
}

static void both_layouts_are_read(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "keyfiles"), i, entry)
    {
        ic__keytext key;
        char hex[2 * IC__SECRET_KEY_BYTES + 1];
        const json_t *want = json_object_get(entry, "imported");
        assert_int_equal(parse(&key, vectors_text(entry, "plaintext")), 0);
        ic__hex_encode(hex, key.secret_key, sizeof key.secret_key);
        assert_string_equal(hex, vectors_text(want, "secretKey"));
        assert_text_or_null(key.words, json_object_get(want, "mnemonic"));
        assert_text_or_null(key.path, json_object_get(want, "derivationPath"));
        assert_string_equal(key.prefix, i == 3 ? "trac" : "");
        assert_true(ic__keytext_words_agree(&key, "trac"));
    }
    assert_int_equal(i, 5);
}

static void our_text_is_the_one_of_trac_wallet_1_0(void **state)
{
    static const size_t legacy[] = {0, 1, 2, 4};
    for (size_t i = 0; i < sizeof legacy / sizeof legacy[0]; i++) {
        ic_identity *id;
        ic__keytext key;
        char text[IC__SEALED_TEXT_MAX];
        const char *want = vectors_text(keyfile(legacy[i]), "plaintext");
        assert_int_equal(parse(&key, want), 0);
        assert_int_equal(ic__identity_new(&id, key.secret_key, IC_NETWORK_MAINNET,
                                          key.words[0] ? key.words : NULL,
                                          key.path[0] ? key.path : NULL),
                         0);
        size_t len = ic__keytext_print(text, id);
        assert_int_equal(len, strlen(want));
        assert_memory_equal(text, want, len);
        ic_identity_free(id);
    }
}

static void bad_words_and_paths_count_as_none(void **state)
{
    ic__keytext key;
    assert_int_equal(
        parse_carol(&key, ",\"mnemonic\":\"zoo zoo\",\"derivationPath\":\"m/x'\""), 0);
    assert_string_equal(key.words, "");
    assert_string_equal(key.path, "");
    assert_true(ic__keytext_words_agree(&key, "trac"));
    assert_int_equal(parse_carol(&key, ",\"mnemonic\":null"), 0);
    assert_string_equal(key.words, "");
    assert_int_equal(parse_carol(&key, ",\"derivationPath\":\"m/918/0'\""), 0);
    assert_string_equal(key.path, "m/918/0'");
}

static void words_that_give_another_key_are_noticed(void **state)
{
    ic__keytext key;
    static const char *const rests[] = {
        ",\"mnemonic\":\"" CAROL "\"",
        ",\"mnemonic\":\"" CAROL "\",\"derivationPath\":\"m/918'/0'/0'/1'\"",
        ",\"mnemonic\":\"" CAROL "\",\"derivationPath\":\"m/918/0\"",
        ",\"mnemonic\":\"" CAROL "\",\"derivationPath\":\"" PATH
        "\",\"addressPrefix\":\"testtrac\"",
    };
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        assert_int_equal(parse_carol(&key, rests[i]), 0);
        assert_false(ic__keytext_words_agree(&key, "trac"));
    }
    assert_int_equal(parse_carol(&key, ",\"mnemonic\":\" ZOO" /* trimmed, lower case */
                                       " zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong\""
                                       ",\"derivationPath\":\"" PATH "\""),
                     0);
    assert_true(ic__keytext_words_agree(&key, "trac"));
    assert_false(ic__keytext_words_agree(&key, "testtrac"));
}

static void keys_that_do_not_belong_together_are_refused(void **state)
{
    ic__keytext key;
    for (size_t at = 0; at < 128; at++) {
        char digit = carol_secret[at];
        carol_secret[at] = digit == '0' ? '1' : '0';
        assert_int_equal(parse_carol(&key, ""), IC_ERR_CORRUPT);
        carol_secret[at] = digit;
    }
    char digit = carol_public[5];
    carol_public[5] = digit == '0' ? '1' : '0';
    assert_int_equal(parse_carol(&key, ""), IC_ERR_CORRUPT);
    carol_public[5] = digit;
    assert_int_equal(parse_carol(&key, ""), 0);
}

static void a_newer_version_is_not_guessed_at(void **state)
{
    ic__keytext key;
    assert_int_equal(parse_carol(&key, ",\"version\":\"1.0.0\""), 0);
    assert_int_equal(parse_carol(&key, ",\"version\":null"), 0);
    assert_int_equal(parse_carol(&key, ",\"version\":\"1.0.1\""), IC_ERR_UNSUPPORTED);
    assert_int_equal(parse_carol(&key, ",\"version\":\"1.0.00\""), IC_ERR_UNSUPPORTED);
}

static void every_prefix_of_a_text_is_refused(void **state)
{
    const char *text = vectors_text(keyfile(3), "plaintext");
    for (size_t len = 0; len < strlen(text); len++) {
        ic__keytext key;
        char *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, text, len);
        assert_int_equal(ic__keytext_parse(&key, cut, len), IC_ERR_CORRUPT);
        free(cut);
    }
}

static int load(void **state)
{
    ic_identity *id;
    if (ic_init() != 0 ||
        ic_identity_from_mnemonic(&id, CAROL, IC_NETWORK_MAINNET, NULL) != 0)
        return -1;
    memcpy(carol_public, ic_identity_public_key_hex(id), sizeof carol_public);
    ic__hex_encode(carol_secret, ic__identity_secret_key(id), IC__SECRET_KEY_BYTES);
    ic_identity_free(id);
    wallet = vectors_load("wallet.json");
    return 0;
}

static int unload(void **state)
{
    json_decref(wallet);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_layouts_are_read),
        cmocka_unit_test(our_text_is_the_one_of_trac_wallet_1_0),
        cmocka_unit_test(bad_words_and_paths_count_as_none),
        cmocka_unit_test(words_that_give_another_key_are_noticed),
        cmocka_unit_test(keys_that_do_not_belong_together_are_refused),
        cmocka_unit_test(a_newer_version_is_not_guessed_at),
        cmocka_unit_test(every_prefix_of_a_text_is_refused),
    };
    return cmocka_run_group_tests_name("crypto/keytext", tests, load, unload);
}
