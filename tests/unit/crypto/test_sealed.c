/* docs/spec/11-wallet.md, section 6: encryption and outer text */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/sealed.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

#define KEYFILES 5

static json_t *wallet;

static const json_t *keyfile(size_t i)
{
    return json_array_get(json_object_get(wallet, "keyfiles"), i);
}

static void parse(ic__sealed *sealed, const json_t *entry)
{
    const char *file = vectors_text(entry, "file");
    assert_int_equal(ic__sealed_parse(sealed, file, strlen(file)), 0);
}

static void the_documented_parameters_are_used(void **state)
{
    const json_t *kdf = json_object_get(wallet, "kdf");
    assert_string_equal(vectors_text(kdf, "algorithm"), "argon2i");
    assert_int_equal(json_integer_value(json_object_get(kdf, "saltBytes")),
                     IC__SEALED_SALT_BYTES);
    assert_int_equal(json_integer_value(json_object_get(kdf, "keyBytes")),
                     IC__SEALED_KEY_BYTES);
    assert_int_equal(json_integer_value(json_object_get(kdf, "nonceBytes")),
                     sizeof((ic__sealed *)0)->nonce);
}

/* Derived key (which depends on passes and memory) and text, for each sample. */
static void each_sample_opens_to_its_text(void **state)
{
    assert_int_equal(json_array_size(json_object_get(wallet, "keyfiles")), KEYFILES);
    for (size_t i = 0; i < KEYFILES; i++) {
        ic__sealed sealed;
        uint8_t key[IC__SEALED_KEY_BYTES];
        char hex[2 * sizeof key + 1];
        char text[IC__SEALED_TEXT_MAX];
        size_t len;
        const char *password = vectors_text(keyfile(i), "passwordUtf8");
        const char *want = vectors_text(keyfile(i), "plaintext");
        parse(&sealed, keyfile(i));
        assert_int_equal(ic__sealed_key(key, password, strlen(password), sealed.salt), 0);
        if (json_object_get(keyfile(i), "derivedKey")) {
            ic__hex_encode(hex, key, sizeof key);
            assert_string_equal(hex, vectors_text(keyfile(i), "derivedKey"));
        }
        assert_int_equal(ic__sealed_open(text, &len, &sealed, key), 0);
        assert_int_equal(len, strlen(want));
        assert_memory_equal(text, want, len);
    }
}

static void shutting_and_printing_gives_the_sample_file(void **state)
{
    for (size_t i = 0; i < KEYFILES - 1; i++) {
        ic__sealed sealed;
        size_t key_len;
        char file[IC__SEALED_FILE_MAX];
        const char *text = vectors_text(keyfile(i), "plaintext");
        uint8_t *key = vectors_bytes(keyfile(i), "derivedKey", &key_len);
        parse(&sealed, keyfile(i));
        memset(sealed.box, 0, sizeof sealed.box);
        ic__sealed_shut(&sealed, text, strlen(text), key);
        size_t len = ic__sealed_print(file, &sealed);
        assert_int_equal(len, strlen(file));
        assert_string_equal(file, vectors_text(keyfile(i), "file"));
        free(key);
    }
}

static void a_changed_file_or_key_stays_shut(void **state)
{
    ic__sealed sealed;
    size_t key_len;
    char text[IC__SEALED_TEXT_MAX] = "as before";
    size_t len = 77;
    uint8_t *key = vectors_bytes(keyfile(0), "derivedKey", &key_len);
    parse(&sealed, keyfile(0));
    for (size_t at = 0; at < sealed.box_len; at++) {
        sealed.box[at] ^= 1;
        assert_int_equal(ic__sealed_open(text, &len, &sealed, key), IC_ERR_AUTH);
        sealed.box[at] ^= 1;
    }
    key[0] ^= 1;
    assert_int_equal(ic__sealed_open(text, &len, &sealed, key), IC_ERR_AUTH);
    assert_string_equal(text, "as before");
    assert_int_equal(len, 77);
    free(key);
}

static void the_largest_text_fits_into_a_file(void **state)
{
    ic__sealed sealed = {.box_len = 0};
    ic__sealed back;
    static const uint8_t key[IC__SEALED_KEY_BYTES] = {7};
    char text[IC__SEALED_TEXT_MAX];
    char opened[IC__SEALED_TEXT_MAX];
    char file[IC__SEALED_FILE_MAX];
    size_t len;
    memset(text, 'x', sizeof text);
    ic__sealed_shut(&sealed, text, sizeof text, key);
    size_t file_len = ic__sealed_print(file, &sealed);
    assert_int_equal(ic__sealed_parse(&back, file, file_len), 0);
    assert_int_equal(ic__sealed_open(opened, &len, &back, key), 0);
    assert_int_equal(len, sizeof text);
    assert_memory_equal(opened, text, sizeof text);
}

#define NONCE "\"nonce\":\"346fe3bf6d841c35498ff445a16e87810edc037a28db385f\""
#define SALT "\"salt\":\"26afc06acf0bab070c79d137578c9402\""
#define BOX "\"ciphertext\":\"000102030405060708090a0b0c0d0e0f10\""

static void parts_of_another_size_are_refused(void **state)
{
    static const char *const bad[] = {
        "{" NONCE "," SALT "}",
        "{" NONCE "," BOX "}",
        "{" SALT "," BOX "}",
        "{" NONCE "," SALT ",\"ciphertext\":\"\"}",
        "{" NONCE "," SALT ",\"ciphertext\":null}",
        "{" NONCE "," SALT ",\"ciphertext\":\"000102030405060708090a0b0c0d0e0f\"}",
        "{" NONCE "," SALT ",\"ciphertext\":\"000102030405060708090a0b0c0d0e0f1\"}",
        "{" NONCE "," SALT ",\"ciphertext\":\"000102030405060708090a0b0c0d0e0f1x\"}",
        "{\"nonce\":\"346f\"," SALT "," BOX "}",
        "{" NONCE ",\"salt\":\"26afc06acf0bab070c79d137578c94\"," BOX "}",
    };
    ic__sealed sealed;
    assert_int_equal(ic__sealed_parse(&sealed, "{" BOX "," SALT "," NONCE "}",
                                      strlen("{" BOX "," SALT "," NONCE "}")),
                     0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ic__sealed_parse(&sealed, bad[i], strlen(bad[i])),
                         IC_ERR_CORRUPT);
}

static void a_box_with_more_than_the_limit_is_refused(void **state)
{
    ic__sealed sealed;
    char file[IC__SEALED_FILE_MAX] = "{" NONCE "," SALT ",\"ciphertext\":\"";
    size_t len = strlen(file);
    size_t digits = 2 * (sizeof sealed.box + 1);
    memset(file + len, '0', digits);
    memcpy(file + len + digits, "\"}", 2);
    assert_int_equal(ic__sealed_parse(&sealed, file, len + digits + 2), IC_ERR_CORRUPT);
    memcpy(file + len + digits - 2, "\"}", 2);
    assert_int_equal(ic__sealed_parse(&sealed, file, len + digits), 0);
}

static void every_prefix_of_a_file_is_refused(void **state)
{
    const char *file = vectors_text(keyfile(0), "file");
    for (size_t len = 0; len < strlen(file); len++) {
        ic__sealed sealed;
        char *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, file, len);
        assert_int_equal(ic__sealed_parse(&sealed, cut, len), IC_ERR_CORRUPT);
        free(cut);
    }
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
        cmocka_unit_test(the_documented_parameters_are_used),
        cmocka_unit_test(each_sample_opens_to_its_text),
        cmocka_unit_test(shutting_and_printing_gives_the_sample_file),
        cmocka_unit_test(a_changed_file_or_key_stays_shut),
        cmocka_unit_test(the_largest_text_fits_into_a_file),
        cmocka_unit_test(parts_of_another_size_are_refused),
        cmocka_unit_test(a_box_with_more_than_the_limit_is_refused),
        cmocka_unit_test(every_prefix_of_a_file_is_refused),
    };
    return cmocka_run_group_tests_name("crypto/sealed", tests, load, unload);
}
