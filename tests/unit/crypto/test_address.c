/* docs/spec/11-wallet.md, section 3 */
#include <stdlib.h>
#include <string.h>

#include "crypto/address.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

#define ALICE "trac1e8pfeml9fmkufwcrqmtjklqfjajhaprw30jv6ny0jfhntelh7m6sjndu8t"

static json_t *wallet;

static void keys_give_the_reference_addresses(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "addresses"), i, entry)
    {
        size_t len;
        char address[IC_ADDRESS_BYTES];
        char prefix[IC_ADDRESS_PREFIX_BYTES];
        uint8_t back[IC_PUBLIC_KEY_BYTES];
        uint8_t *key = vectors_bytes(entry, "publicKey", &len);
        assert_int_equal(len, IC_PUBLIC_KEY_BYTES);
        assert_int_equal(ic_address_encode(address, vectors_text(entry, "hrp"), key), 0);
        assert_string_equal(address, vectors_text(entry, "address"));
        assert_int_equal(strlen(address),
                         json_integer_value(json_object_get(entry, "length")));
        assert_int_equal(ic_address_decode(address, prefix, back), 0);
        assert_string_equal(prefix, vectors_text(entry, "hrp"));
        assert_memory_equal(back, key, sizeof back);
        free(key);
    }
    assert_int_equal(i, 15);
}

static void check_case(const json_t *entry)
{
    const char *address = vectors_text(entry, "address");
    bool format = json_is_true(json_object_get(entry, "formatValid"));
    bool decodes = json_is_true(json_object_get(entry, "decodes"));
    uint8_t key[IC_PUBLIC_KEY_BYTES];

    assert_int_equal(ic_address_has_format(address), format);
    assert_int_equal(ic__address_decode_any(address, key), decodes);
    if (decodes) {
        size_t len;
        uint8_t *want = vectors_bytes(entry, "publicKey", &len);
        assert_memory_equal(key, want, sizeof key);
        free(want);
    }
    assert_int_equal(ic_address_decode(address, NULL, key),
                     format && decodes ? 0 : IC_ERR_INVALID);
}

static void each_test_accepts_what_the_reference_accepts(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "addressChecks"), i, entry)
        check_case(entry);
    assert_int_equal(i, 12);
}

static void a_prefix_has_1_to_31_letters(void **state)
{
    static const uint8_t key[IC_PUBLIC_KEY_BYTES] = {1};
    char address[IC_ADDRESS_BYTES] = "as before";
    uint8_t back[IC_PUBLIC_KEY_BYTES];
    static const char *const bad[] = {
        "",     "Trac", "tr4c", "tr c",
        "tr-c", "tr1c", "\xc3", "abcdefghijklmnopqrstuvwxyzabcdef"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ic_address_encode(address, bad[i], key), IC_ERR_INVALID);
    assert_string_equal(address, "as before");
    assert_int_equal(ic_address_encode(address, "abcdefghijklmnopqrstuvwxyzabcde", key),
                     0);
    assert_int_equal(strlen(address), IC_ADDRESS_BYTES - 1);
    assert_int_equal(ic_address_decode(address, NULL, back), 0);
    assert_memory_equal(back, key, sizeof key);
}

static void every_prefix_and_every_changed_letter_is_refused(void **state)
{
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    for (size_t len = 0; len < strlen(ALICE); len++) {
        char *cut = strndup(ALICE, len);
        char *changed = strdup(ALICE);
        assert_non_null(cut);
        assert_non_null(changed);
        changed[len] = changed[len] == 'q' ? 'p' : 'q';
        assert_int_equal(ic_address_decode(cut, NULL, key), IC_ERR_INVALID);
        assert_int_equal(ic_address_decode(changed, NULL, key), IC_ERR_INVALID);
        free(cut);
        free(changed);
    }
}

static void a_text_that_never_ends_is_refused(void **state)
{
    char text[5000];
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    memset(text, 'q', sizeof text);
    text[4] = '1';
    text[sizeof text - 1] = 0;
    assert_int_equal(ic_address_decode(text, NULL, key), IC_ERR_INVALID);
    assert_false(ic__address_decode_any(text, key));
}

static int load(void **state)
{
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
        cmocka_unit_test(keys_give_the_reference_addresses),
        cmocka_unit_test(each_test_accepts_what_the_reference_accepts),
        cmocka_unit_test(a_prefix_has_1_to_31_letters),
        cmocka_unit_test(every_prefix_and_every_changed_letter_is_refused),
        cmocka_unit_test(a_text_that_never_ends_is_refused),
    };
    return cmocka_run_group_tests_name("crypto/address", tests, load, unload);
}
