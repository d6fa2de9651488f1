/* docs/spec/11-wallet.md, sections 1, 2 and 4 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/identity.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "unit.h"
#include "vectors.h"

#define CAROL "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong"
#define CAROL_PATH "m/918'/0'/0'/0'"

static json_t *wallet;

static ic_network network_of(const char *prefix)
{
    return strcmp(prefix, "testtrac") == 0 ? IC_NETWORK_TESTNET1 : IC_NETWORK_MAINNET;
}

static void words_give_the_reference_identity(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "derivations"), i, entry)
    {
        ic_identity *id;
        char hex[2 * IC__SECRET_KEY_BYTES + 1];
        assert_int_equal(ic_identity_from_mnemonic(&id, vectors_text(entry, "mnemonic"),
                                                   network_of(vectors_text(entry, "hrp")),
                                                   vectors_text(entry, "derivationPath")),
                         0);
        assert_string_equal(ic_identity_public_key_hex(id),
                            vectors_text(entry, "publicKey"));
        assert_string_equal(ic_identity_address(id), vectors_text(entry, "address"));
        assert_string_equal(ic_identity_mnemonic(id), vectors_text(entry, "mnemonic"));
        assert_string_equal(ic_identity_path(id), vectors_text(entry, "derivationPath"));
        ic__hex_encode(hex, ic__identity_secret_key(id), IC__SECRET_KEY_BYTES);
        assert_string_equal(hex, vectors_text(entry, "secretKey"));
        ic_identity_free(id);
    }
    assert_int_equal(i, 16);
}

static void the_network_names_prefix_and_path(void **state)
{
    static const struct {
        ic_network network;
        const char *name;
        const char *prefix;
        const char *path;
    } all[] = {
        {IC_NETWORK_MAINNET, "mainnet", "trac", "m/918'/0'/0'/0'"},
        {IC_NETWORK_TESTNET1, "testnet1", "testtrac", "m/919'/0'/0'/0'"},
        {IC_NETWORK_DEVELOPMENT, "development", "trac", "m/918'/0'/0'/0'"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        ic_network found;
        ic_identity *id;
        assert_string_equal(ic_network_name(all[i].network), all[i].name);
        assert_string_equal(ic_network_prefix(all[i].network), all[i].prefix);
        assert_int_equal(ic_network_from_name(all[i].name, &found), 0);
        assert_int_equal(found, all[i].network);
        assert_int_equal(ic_identity_from_mnemonic(&id, CAROL, found, NULL), 0);
        assert_string_equal(ic_identity_path(id), all[i].path);
        assert_int_equal(ic_identity_network(id), all[i].network);
        ic_identity_free(id);
    }
}

static void an_unknown_network_is_refused(void **state)
{
    static const uint8_t seed[IC_SEED_BYTES];
    ic_identity *id = NULL;
    ic_network found;
    ic_network unknown = (ic_network)3;
    assert_null(ic_network_name(unknown));
    assert_null(ic_network_prefix(unknown));
    assert_null(ic_network_path(unknown));
    assert_int_equal(ic_network_from_name("testnet2", &found), IC_ERR_NOT_FOUND);
    assert_int_equal(ic_identity_from_seed(&id, seed, unknown), IC_ERR_INVALID);
    assert_int_equal(ic_identity_generate(&id, unknown), IC_ERR_INVALID);
    assert_int_equal(ic_identity_from_mnemonic(&id, CAROL, unknown, "m/0'"),
                     IC_ERR_INVALID);
    assert_null(id);
}

static void wrong_words_or_path_give_no_identity(void **state)
{
    ic_identity *id = NULL;
    assert_int_equal(
        ic_identity_from_mnemonic(&id, "hello world", IC_NETWORK_MAINNET, NULL),
        IC_ERR_INVALID);
    assert_int_equal(ic_identity_from_mnemonic(&id, CAROL, IC_NETWORK_MAINNET, "m/0"),
                     IC_ERR_INVALID);
    assert_null(id);
}

static void a_seed_gives_the_same_keys_without_words(void **state)
{
    ic_identity *words;
    ic_identity *bare;
    uint8_t seed[IC_SEED_BYTES];
    assert_int_equal(ic_identity_from_mnemonic(&words, CAROL, IC_NETWORK_MAINNET, NULL),
                     0);
    ic_identity_copy_seed(words, seed);
    assert_int_equal(ic_identity_from_seed(&bare, seed, IC_NETWORK_MAINNET), 0);
    assert_memory_equal(ic_identity_public_key(bare), ic_identity_public_key(words),
                        IC_PUBLIC_KEY_BYTES);
    assert_string_equal(ic_identity_address(bare), ic_identity_address(words));
    assert_null(ic_identity_mnemonic(bare));
    assert_null(ic_identity_path(bare));
    ic_identity_free(words);
    ic_identity_free(bare);
}

static void a_new_identity_has_24_words_of_its_own(void **state)
{
    ic_identity *a;
    ic_identity *b;
    ic_identity *again;
    assert_int_equal(ic_identity_generate(&a, IC_NETWORK_TESTNET1), 0);
    assert_int_equal(ic_identity_generate(&b, IC_NETWORK_TESTNET1), 0);
    assert_string_not_equal(ic_identity_address(a), ic_identity_address(b));
    size_t spaces = 0;
    for (const char *at = ic_identity_mnemonic(a); *at; at++)
        spaces += *at == ' ';
    assert_int_equal(spaces, 23);
    assert_int_equal(ic_identity_from_mnemonic(&again, ic_identity_mnemonic(a),
                                               IC_NETWORK_TESTNET1, NULL),
                     0);
    assert_string_equal(ic_identity_address(again), ic_identity_address(a));
    ic_identity_free(a);
    ic_identity_free(b);
    ic_identity_free(again);
}

static void signatures_are_the_reference_ones(void **state)
{
    size_t i;
    json_t *entry;
    json_t *people = json_object_get(wallet, "derivations");
    json_array_foreach(json_object_get(wallet, "signatures"), i, entry)
    {
        size_t len;
        ic_identity *id;
        uint8_t signature[IC_SIGNATURE_BYTES];
        char hex[2 * IC_SIGNATURE_BYTES + 1];
        size_t at = strcmp(vectors_text(entry, "signer"), "alice") == 0 ? 0 : 4;
        const char *words = vectors_text(json_array_get(people, at), "mnemonic");
        uint8_t *message = vectors_bytes(entry, "messageHex", &len);
        assert_int_equal(ic_identity_from_mnemonic(&id, words, IC_NETWORK_MAINNET, NULL),
                         0);
        ic_identity_sign(id, message, len, signature);
        ic__hex_encode(hex, signature, sizeof signature);
        assert_string_equal(hex, vectors_text(entry, "signature"));
        assert_true(
            ic_signature_verify(signature, message, len, ic_identity_public_key(id)));
        ic_identity_free(id);
        free(message);
    }
    assert_int_equal(i, 10);
}

/* Signatures and keys of another length cannot be asked about: hex of that length does
 * not decode. */
static bool verify_text(const char *signature_hex, const uint8_t *message, size_t len,
                        const char *key_hex)
{
    uint8_t signature[IC_SIGNATURE_BYTES];
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    return ic__hex_decode(signature, sizeof signature, signature_hex,
                          strlen(signature_hex)) &&
           ic__hex_decode(key, sizeof key, key_hex, strlen(key_hex)) &&
           ic_signature_verify(signature, message, len, key);
}

static void verification_agrees_with_the_wallet(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "verifyCases"), i, entry)
    {
        size_t len;
        uint8_t *message = vectors_bytes(entry, "messageHex", &len);
        assert_int_equal(verify_text(vectors_text(entry, "signature"), message, len,
                                     vectors_text(entry, "publicKey")),
                         json_is_true(json_object_get(entry, "wallet")));
        free(message);
    }
    assert_int_equal(i, 9);
}

static void make_and_free(void *arg)
{
    ic_identity *id = arg;
    int err = ic_identity_from_mnemonic(&id, CAROL, IC_NETWORK_MAINNET, CAROL_PATH);
    if (err) {
        assert_int_equal(err, IC_ERR_NOMEM);
        assert_null(id);
    }
    ic_identity_free(id);
}

static void running_out_of_memory_leaves_nothing(void **state)
{
    fail_alloc_each(make_and_free, NULL);
}

static int load(void **state)
{
    wallet = vectors_load("wallet.json");
    return ic_init();
}

static int unload(void **state)
{
    json_decref(wallet);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_give_the_reference_identity),
        cmocka_unit_test(the_network_names_prefix_and_path),
        cmocka_unit_test(an_unknown_network_is_refused),
        cmocka_unit_test(wrong_words_or_path_give_no_identity),
        cmocka_unit_test(a_seed_gives_the_same_keys_without_words),
        cmocka_unit_test(a_new_identity_has_24_words_of_its_own),
        cmocka_unit_test(signatures_are_the_reference_ones),
        cmocka_unit_test(verification_agrees_with_the_wallet),
        cmocka_unit_test(running_out_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests_name("crypto/identity", tests, load, unload);
}
