/* docs/spec/11-wallet.md, section 2, steps 1 and 2 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "crypto/mnemonic.h"
#include "crypto/words.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

#define CAROL "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong"

static json_t *wallet;

static void the_list_is_the_published_one(void **state)
{
    crypto_hash_sha256_state hash;
    uint8_t sum[32];
    char hex[65];

    crypto_hash_sha256_init(&hash);
    for (size_t i = 0; i < IC__WORDS_COUNT; i++) {
        crypto_hash_sha256_update(&hash, (const uint8_t *)ic__words[i],
                                  strlen(ic__words[i]));
        crypto_hash_sha256_update(&hash, (const uint8_t *)"\n", 1);
    }
    crypto_hash_sha256_final(&hash, sum);
    ic__hex_encode(hex, sum, sizeof sum);
    assert_string_equal(
        hex, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

static void entropy_gives_the_reference_words(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "entropyToMnemonic"), i, entry)
    {
        size_t len;
        char words[IC_MNEMONIC_BYTES];
        uint8_t *entropy = vectors_bytes(entry, "entropy", &len);
        ic__mnemonic_from_entropy(words, entropy, len);
        assert_string_equal(words, vectors_text(entry, "mnemonic"));
        free(entropy);
    }
    assert_int_equal(i, 7);
}

static void words_are_cleaned_as_the_reference_does(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "sanitize"), i, entry)
    {
        char clean[IC_MNEMONIC_BYTES];
        const char *want = json_string_value(json_object_get(entry, "result"));
        int result = ic_mnemonic_clean(clean, vectors_text(entry, "input"));
        assert_int_equal(result, want ? 0 : IC_ERR_INVALID);
        if (want)
            assert_string_equal(clean, want);
    }
    assert_int_equal(i, 7);
}

static void any_white_space_parts_words(void **state)
{
    char clean[IC_MNEMONIC_BYTES];
    static const char text[] = "\xef\xbb\xbfZOO\xe3\x80\x80zoo\xc2\xa0zoo\xe2\x80\x83zoo "
                               "\n zoo\v\fzoo\r\nzoo zoo zoo zoo zoo\xe2\x80\xa8wrong\t";
    assert_int_equal(ic_mnemonic_clean(clean, text), 0);
    assert_string_equal(clean, CAROL);
}

/* From U+2000, the en quad, to U+200A, the hair space; U+200B is none. */
static void each_typographic_space_parts_words(void **state)
{
    char clean[IC_MNEMONIC_BYTES];
    char text[] = "zoo\xe2\x80\x80zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong";
    for (; text[5] != (char)0x8b; text[5]++) {
        assert_int_equal(ic_mnemonic_clean(clean, text), 0);
        assert_string_equal(clean, CAROL);
    }
    assert_int_equal(ic_mnemonic_clean(clean, text), IC_ERR_INVALID);
}

static void what_cannot_be_words_is_refused(void **state)
{
    static const char *const bad[] = {
        " ",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wron",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrongwrong",
        "zoo,zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wr\xc3\xb6ng",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo \xe2\x80",
        CAROL " " CAROL " zoo",
    };
    char clean[IC_MNEMONIC_BYTES] = "as before";
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ic_mnemonic_clean(clean, bad[i]), IC_ERR_INVALID);
    assert_string_equal(clean, "as before");
}

static void every_prefix_of_good_words_is_refused(void **state)
{
    char clean[IC_MNEMONIC_BYTES];
    for (size_t len = 0; len < strlen(CAROL); len++) {
        char *cut = strndup(CAROL, len);
        assert_non_null(cut);
        assert_int_equal(ic_mnemonic_clean(clean, cut), IC_ERR_INVALID);
        free(cut);
    }
}

static void words_give_the_bip39_seed(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "derivations"), i, entry)
    {
        uint8_t seed[IC__MNEMONIC_SEED_BYTES];
        char hex[2 * sizeof seed + 1];
        ic__mnemonic_seed(seed, vectors_text(entry, "mnemonic"));
        ic__hex_encode(hex, seed, sizeof seed);
        assert_string_equal(hex, vectors_text(entry, "bip39Seed"));
    }
    assert_int_equal(i, 16);
}

static int load(void **state)
{
    wallet = vectors_load("wallet.json");
    return sodium_init() < 0;
}

static int unload(void **state)
{
    json_decref(wallet);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_the_published_one),
        cmocka_unit_test(entropy_gives_the_reference_words),
        cmocka_unit_test(words_are_cleaned_as_the_reference_does),
        cmocka_unit_test(any_white_space_parts_words),
        cmocka_unit_test(each_typographic_space_parts_words),
        cmocka_unit_test(what_cannot_be_words_is_refused),
        cmocka_unit_test(every_prefix_of_good_words_is_refused),
        cmocka_unit_test(words_give_the_bip39_seed),
    };
    return cmocka_run_group_tests_name("crypto/mnemonic", tests, load, unload);
}
