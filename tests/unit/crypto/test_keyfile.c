/* docs/spec/11-wallet.md, section 6: our rules, and the start of Intercom */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "crypto/keycache.h"
#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "intercom/keyfile.h"
#include "intercom/sys/mem.h"
#include "temp_folder.h"
#include "unit.h"
#include "vectors.h"

static json_t *wallet;
static char folder[200];
static char path[260];
static char opened[260]; /* the second file */
static size_t warnings;

static void count_warning(ic_log_level level, const char *room, const char *text,
                          void *user)
{
    assert_int_equal(level, IC_LOG_WARN);
    assert_string_equal(room, "crypto");
    assert_null(strstr(text, "zoo"));
    warnings++;
}

static const ic_env env = {.log = count_warning};

static const json_t *keyfile(size_t i)
{
    return json_array_get(json_object_get(wallet, "keyfiles"), i);
}

/* Argon2i takes half a second, and test_sealed.c runs the real one: here it stands for
 * libsodium's, knows the keys of the samples and hashes for all others. */
static bool out_of_memory;
static size_t derivations;

static bool sample_key(uint8_t *key, const char *password, const uint8_t *salt)
{
    for (size_t i = 0; i < 4; i++) {
        size_t len;
        const char *file = vectors_text(keyfile(i), "file");
        char *hex = strstr(file, "\"salt\":\"");
        assert_non_null(hex);
        hex = strndup(hex + 8, 32);
        assert_non_null(hex);
        uint8_t *its_salt = vectors_unhex(hex, &len);
        uint8_t *its_key = vectors_bytes(keyfile(i), "derivedKey", &len);
        bool found = memcmp(salt, its_salt, 16) == 0 &&
                     strcmp(vectors_text(keyfile(i), "passwordUtf8"), password) == 0;
        if (found)
            memcpy(key, its_key, len);
        free(hex);
        free(its_salt);
        free(its_key);
        if (found)
            return true;
    }
    return false;
}

int crypto_pwhash(unsigned char *const out, unsigned long long out_len,
                  const char *const password, unsigned long long password_len,
                  const unsigned char *const salt, unsigned long long passes,
                  size_t memory, int algorithm)
{
    crypto_generichash_state state;

    derivations++;
    assert_int_equal(out_len, 32);
    assert_int_equal(passes, 3);
    assert_int_equal(memory, 268435456);
    assert_int_equal(algorithm, crypto_pwhash_ALG_ARGON2I13);
    if (out_of_memory)
        return -1;
    if (sample_key(out, password, salt))
        return 0;
    (void)crypto_generichash_init(&state, salt, crypto_pwhash_SALTBYTES, out_len);
    (void)crypto_generichash_update(&state, (const uint8_t *)password, password_len);
    return crypto_generichash_final(&state, out, out_len);
}

static void write_text(const char *to, const char *text, mode_t mode)
{
    FILE *file = fopen(to, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(to, mode), 0);
}

/* Put sample `i` in place. */
static void place(size_t i)
{
    write_text(path, vectors_text(keyfile(i), "file"), 0600);
}

static bool exists(const char *name)
{
    struct stat info;
    return stat(name, &info) == 0;
}

static ic_keyfile_options options_of(const char *password)
{
    ic_keyfile_options o;
    ic_keyfile_options_default(&o);
    o.env = &env;
    o.password = password;
    o.password_len = strlen(password);
    return o;
}

/* Open, expect an address and notes, close. */
static void assert_opens(const ic_keyfile_options *o, const char *address, uint32_t notes)
{
    ic_identity *id = NULL;
    uint32_t got = 77;
    assert_int_equal(ic_identity_open(&id, path, o, &got), 0);
    assert_string_equal(ic_identity_address(id), address);
    assert_int_equal(got, notes);
    ic_identity_free(id);
}

static const char *address_of(size_t i)
{
    return vectors_text(json_object_get(keyfile(i), "imported"), "address");
}

static int setup(void **state)
{
    temp_folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/keypair.json", folder);
    (void)snprintf(opened, sizeof opened, "%s/keypair.opened", folder);
    warnings = 0;
    derivations = 0;
    out_of_memory = false;
    return 0;
}

static int teardown(void **state)
{
    temp_folder_remove(folder);
    return 0;
}

static void every_sample_opens(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(wallet, "keyfiles"), i, entry)
    {
        if (!json_object_get(entry, "derivedKey"))
            continue; /* opened for real in crypto\/sealed */
        const json_t *want = json_object_get(entry, "imported");
        ic_keyfile_options o = options_of(vectors_text(entry, "passwordUtf8"));
        ic_identity *id;
        o.flags = 0;
        place(i);
        assert_int_equal(ic_identity_open(&id, path, &o, NULL), 0);
        assert_string_equal(ic_identity_public_key_hex(id),
                            vectors_text(want, "publicKey"));
        assert_string_equal(ic_identity_address(id), vectors_text(want, "address"));
        if (json_is_null(json_object_get(want, "mnemonic")))
            assert_null(ic_identity_mnemonic(id));
        else
            assert_string_equal(ic_identity_mnemonic(id), vectors_text(want, "mnemonic"));
        ic_identity_free(id);
    }
    assert_int_equal(i, 5);
    assert_int_equal(warnings, 0);
    assert_false(exists(opened));
}

static void the_network_gives_the_prefix(void **state)
{
    ic_keyfile_options o = options_of("");
    o.network = IC_NETWORK_TESTNET1;
    place(2); /* has no words that could disagree */
    assert_opens(
        &o,
        vectors_text(json_array_get(json_object_get(wallet, "addresses"), 1), "address"),
        0);
}

static void a_missing_file_is_made_with_its_folder(void **state)
{
    ic_keyfile_options o = options_of("");
    char *made;
    ic_identity *id;
    uint32_t notes;
    struct stat info;
    char address[IC_ADDRESS_BYTES];
    assert_int_equal(ic_keyfile_path(&made, folder, "store1"), 0);
    (void)snprintf(path, sizeof path, "%s/store1/db/keypair.json", folder);
    assert_string_equal(made, path);
    ic_mem_free(made);
    assert_int_equal(ic_identity_open(&id, path, &o, &notes), 0);
    assert_int_equal(notes, IC_KEYFILE_CREATED);
    (void)snprintf(address, sizeof address, "%s", ic_identity_address(id));
    assert_non_null(ic_identity_mnemonic(id));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    ic_identity_free(id);
    assert_opens(&o, address, IC_KEYFILE_FROM_CACHE);
    o.flags = 0;
    assert_opens(&o, address, 0);
    assert_int_equal(warnings, 0);
}

static void a_missing_file_is_told_when_it_must_not_be_made(void **state)
{
    ic_keyfile_options o = options_of("");
    ic_identity *id = NULL;
    o.flags = IC_KEYFILE_CACHE;
    assert_int_equal(ic_identity_open(&id, path, &o, NULL), IC_ERR_NOT_FOUND);
    assert_null(id);
    assert_false(exists(path));
}

static void a_store_name_cannot_leave_its_folder(void **state)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "../a", "/"};
    char *made = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ic_keyfile_path(&made, folder, bad[i]), IC_ERR_INVALID);
    assert_null(made);
}

static void a_wrong_password_gives_nothing(void **state)
{
    ic_keyfile_options o = options_of("correct horse battery stable");
    ic_identity *id = NULL;
    uint32_t notes = 77;
    place(1);
    assert_int_equal(ic_identity_open(&id, path, &o, &notes), IC_ERR_AUTH);
    o = options_of("");
    assert_int_equal(ic_identity_open(&id, path, &o, &notes), IC_ERR_AUTH);
    assert_null(id);
    assert_int_equal(notes, 77);
    assert_false(exists(opened));
}

static void a_damaged_file_is_never_replaced(void **state)
{
    static const char *const bad[] = {"", "{}", "hello", "{\"nonce\":\"00\"}"};
    ic_keyfile_options o = options_of("");
    ic_identity *id = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct stat info;
        write_text(path, bad[i], 0600);
        assert_int_equal(ic_identity_open(&id, path, &o, NULL), IC_ERR_CORRUPT);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_size, strlen(bad[i]));
    }
    assert_null(id);
}

static void the_second_file_spares_the_key_derivation(void **state)
{
    ic_keyfile_options o = options_of("");
    struct stat info;
    place(0);
    assert_opens(&o, address_of(0), 0);
    assert_int_equal(stat(opened, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(derivations, 1);
    assert_opens(&o, address_of(0), IC_KEYFILE_FROM_CACHE);
    assert_int_equal(derivations, 1);
    assert_int_equal(warnings, 0);
}

static void too_little_memory_for_the_derivation_is_told(void **state)
{
    ic_keyfile_options o = options_of("");
    ic_identity *id = NULL;
    out_of_memory = true;
    place(0);
    assert_int_equal(ic_identity_open(&id, path, &o, NULL), IC_ERR_NOMEM);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ic_identity_open(&id, path, &o, NULL), IC_ERR_NOMEM);
    assert_null(id);
    assert_false(exists(path));
}

static void a_changed_key_file_makes_the_second_one_anew(void **state)
{
    ic_keyfile_options o = options_of("");
    place(0);
    assert_opens(&o, address_of(0), 0);
    place(3);
    assert_opens(&o, address_of(3), 0);
    assert_opens(&o, address_of(3), IC_KEYFILE_FROM_CACHE);
    assert_int_equal(derivations, 2);
}

static void a_second_file_that_others_can_touch_is_refused(void **state)
{
    ic_keyfile_options o = options_of("");
    struct stat info;
    place(0);
    assert_opens(&o, address_of(0), 0);
    assert_int_equal(chmod(opened, 0660), 0);
    assert_opens(&o, address_of(0), IC_KEYFILE_CACHE_REFUSED);
    assert_int_equal(warnings, 1);
    assert_int_equal(stat(opened, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_opens(&o, address_of(0), IC_KEYFILE_FROM_CACHE);
}

static void a_second_file_that_is_a_link_is_refused(void **state)
{
    ic_keyfile_options o = options_of("");
    struct stat info;
    char elsewhere[260];
    place(0);
    assert_opens(&o, address_of(0), 0);
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder);
    assert_int_equal(rename(opened, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, opened), 0);
    assert_opens(&o, address_of(0), IC_KEYFILE_CACHE_REFUSED);
    assert_int_equal(lstat(opened, &info), 0);
    assert_true(S_ISREG(info.st_mode));
}

static void a_second_file_that_cannot_be_written_only_costs_time(void **state)
{
    ic_keyfile_options o = options_of("");
    place(0);
    assert_int_equal(mkdir(opened, 0700), 0);
    assert_opens(&o, address_of(0), 0);
    assert_int_equal(warnings, 1);
}

static void with_a_password_no_second_file_stays(void **state)
{
    ic_keyfile_options o = options_of("correct horse battery staple");
    place(1);
    write_text(opened, "of an earlier time", 0600);
    assert_opens(&o, address_of(1), 0);
    assert_false(exists(opened));
}

static void a_key_file_for_others_is_opened_with_a_warning(void **state)
{
    ic_keyfile_options o = options_of("");
    place(0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_opens(&o, address_of(0), IC_KEYFILE_EXPOSED);
    assert_int_equal(warnings, 1);
    assert_opens(&o, address_of(0), IC_KEYFILE_EXPOSED | IC_KEYFILE_FROM_CACHE);
}

static void words_of_another_network_are_noticed(void **state)
{
    ic_keyfile_options o = options_of("");
    o.network = IC_NETWORK_TESTNET1;
    place(0);
    assert_opens(
        &o,
        vectors_text(json_array_get(json_object_get(wallet, "addresses"), 1), "address"),
        IC_KEYFILE_WORDS_DIFFER);
    assert_int_equal(warnings, 1);
}

static void a_saved_identity_opens_again(void **state)
{
    static const uint8_t seed[IC_SEED_BYTES] = {9};
    ic_keyfile_options o = options_of("pass");
    ic_identity *id;
    assert_int_equal(ic_identity_from_seed(&id, seed, IC_NETWORK_MAINNET), 0);
    assert_int_equal(ic_identity_save(id, path, &o, false), 0);
    assert_opens(&o, ic_identity_address(id), 0);
    ic_identity_free(id);
}

static void saving_never_overwrites_in_silence(void **state)
{
    ic_keyfile_options o = options_of("");
    ic_identity *id;
    place(0);
    assert_opens(&o, address_of(0), 0);
    assert_true(exists(opened));
    assert_int_equal(ic_identity_generate(&id, IC_NETWORK_MAINNET), 0);
    assert_int_equal(ic_identity_save(id, path, &o, false), IC_ERR_EXISTS);
    assert_opens(&o, address_of(0), IC_KEYFILE_FROM_CACHE);
    assert_int_equal(derivations, 1);
    assert_int_equal(ic_identity_save(id, path, &o, true), 0);
    assert_opens(&o, ic_identity_address(id), IC_KEYFILE_FROM_CACHE);
    o.flags = 0;
    assert_int_equal(ic_identity_save(id, path, &o, true), 0);
    assert_false(exists(opened));
    o = options_of("pass");
    write_text(opened, "of an earlier time", 0600);
    assert_int_equal(ic_identity_save(id, path, &o, true), 0);
    assert_false(exists(opened));
    ic_identity_free(id);
}

static void saving_where_no_folder_is_fails(void **state)
{
    static const uint8_t seed[IC_SEED_BYTES] = {9};
    ic_identity *id;
    (void)snprintf(path, sizeof path, "%s/nowhere/keypair.json", folder);
    assert_int_equal(ic_identity_from_seed(&id, seed, IC_NETWORK_MAINNET), 0);
    assert_int_equal(ic_identity_save(id, path, NULL, false), IC_ERR_NOT_FOUND);
    ic_identity_free(id);
}

static void options_are_checked(void **state)
{
    ic_keyfile_options o = options_of("");
    ic_identity *id = NULL;
    o.flags = 4;
    assert_int_equal(ic_identity_open(&id, path, &o, NULL), IC_ERR_UNSUPPORTED);
    o = options_of("");
    o.network = (ic_network)9;
    assert_int_equal(ic_identity_open(&id, path, &o, NULL), IC_ERR_INVALID);
    o = options_of("");
    o.struct_size = 1;
    assert_int_equal(ic_identity_open(&id, path, &o, NULL), IC_ERR_INVALID);
    assert_null(id);
}

static void every_prefix_of_a_second_file_is_refused(void **state)
{
    const char *file = vectors_text(keyfile(0), "file");
    const ic__keycache cache = {.path = path, .file = file, .file_len = strlen(file)};
    char data[IC__KEYCACHE_MAX];
    char text[IC__SEALED_TEXT_MAX];
    size_t text_len;
    assert_int_equal(ic__keycache_write(&cache, "the text", 8), 0);
    FILE *written = fopen(opened, "r");
    assert_non_null(written);
    size_t len = fread(data, 1, sizeof data, written);
    assert_int_equal(fclose(written), 0);
    assert_int_equal(ic__keycache_parse(&cache, data, len, text, &text_len), 0);
    assert_int_equal(text_len, 8);
    assert_memory_equal(text, "the text", 8);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(ic__keycache_parse(&cache, data, cut, text, &text_len),
                         IC_ERR_CORRUPT);
    for (size_t at = 0; at < len; at++) {
        data[at] ^= 1;
        assert_int_equal(ic__keycache_parse(&cache, data, len, text, &text_len),
                         IC_ERR_CORRUPT);
        data[at] ^= 1;
    }
}

static void open_cached(void *arg)
{
    const ic_keyfile_options *o = arg;
    ic_identity *id = NULL;
    int err = ic_identity_open(&id, path, o, NULL);
    assert_true(err == 0 || err == IC_ERR_NOMEM);
    assert_int_equal(id != NULL, err == 0);
    ic_identity_free(id);
}

static void running_out_of_memory_leaves_nothing(void **state)
{
    ic_keyfile_options o = options_of("");
    place(0);
    assert_opens(&o, address_of(0), 0);
    o.env = NULL;
    fail_alloc_each(open_cached, &o);
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

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(every_sample_opens),
        FILE_TEST(the_network_gives_the_prefix),
        FILE_TEST(a_missing_file_is_made_with_its_folder),
        FILE_TEST(a_missing_file_is_told_when_it_must_not_be_made),
        FILE_TEST(a_store_name_cannot_leave_its_folder),
        FILE_TEST(a_wrong_password_gives_nothing),
        FILE_TEST(a_damaged_file_is_never_replaced),
        FILE_TEST(the_second_file_spares_the_key_derivation),
        FILE_TEST(too_little_memory_for_the_derivation_is_told),
        FILE_TEST(a_changed_key_file_makes_the_second_one_anew),
        FILE_TEST(a_second_file_that_others_can_touch_is_refused),
        FILE_TEST(a_second_file_that_is_a_link_is_refused),
        FILE_TEST(a_second_file_that_cannot_be_written_only_costs_time),
        FILE_TEST(with_a_password_no_second_file_stays),
        FILE_TEST(a_key_file_for_others_is_opened_with_a_warning),
        FILE_TEST(words_of_another_network_are_noticed),
        FILE_TEST(a_saved_identity_opens_again),
        FILE_TEST(saving_never_overwrites_in_silence),
        FILE_TEST(saving_where_no_folder_is_fails),
        FILE_TEST(options_are_checked),
        FILE_TEST(every_prefix_of_a_second_file_is_refused),
        FILE_TEST(running_out_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests_name("crypto/keyfile", tests, load, unload);
}
