#include "crypto/keytext.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "base/wr.h"
#include "crypto/derive.h"
#include "crypto/members.h"
#include "intercom/error.h"

#define VERSION "1.0.0"

/* A member as a C string; empty when it is missing, too long or has a zero in it. */
static void copy_text(char *out, size_t cap, const ic__members *members, const char *name)
{
    size_t len;
    const char *text = ic__members_text(members, name, &len);

    out[0] = 0;
    if (text && len < cap && !memchr(text, 0, len)) {
        memcpy(out, text, len);
        out[len] = 0;
    }
}

/* The words' text can be longer than clean words: JavaScript trims it. */
static void copy_words(char words[IC_MNEMONIC_BYTES], const ic__members *members)
{
    char text[IC__SEALED_TEXT_MAX];

    copy_text(text, sizeof text, members, "mnemonic");
    if (ic_mnemonic_clean(words, text) != 0)
        words[0] = 0;
    sodium_memzero(text, sizeof text);
}

/* What trac-wallet's loader lets pass, which is more than can be derived:
 * "m" and one or more "/<digits>", each with or without "'". */
static bool is_stored_path(const char *path)
{
    const char *at = path + 1;

    if (path[0] != 'm' || !*at)
        return false;
    while (*at == '/') {
        size_t digits = strspn(at + 1, "0123456789");
        if (!digits)
            return false;
        at += 1 + digits;
        at += *at == '\'';
    }
    return *at == 0;
}

static bool keys_agree(const uint8_t secret_key[IC__SECRET_KEY_BYTES],
                       const uint8_t public_key[IC_PUBLIC_KEY_BYTES])
{
    uint8_t derived[IC_PUBLIC_KEY_BYTES];
    uint8_t again[IC__SECRET_KEY_BYTES];

    (void)crypto_sign_seed_keypair(derived, again, secret_key);
    bool agree = sodium_memcmp(again, secret_key, sizeof again) == 0 &&
                 sodium_memcmp(derived, public_key, sizeof derived) == 0;
    sodium_memzero(again, sizeof again);
    return agree;
}

static int read_members(ic__keytext *key, const ic__members *members)
{
    uint8_t public_key[IC_PUBLIC_KEY_BYTES];
    size_t len;
    const char *version = ic__members_text(members, "version", &len);

    if (version &&
        (len != sizeof VERSION - 1 || memcmp(version, VERSION, sizeof VERSION - 1) != 0))
        return IC_ERR_UNSUPPORTED;
    if (!ic__members_hex(members, "publicKey", public_key, sizeof public_key) ||
        !ic__members_hex(members, "secretKey", key->secret_key, sizeof key->secret_key) ||
        !keys_agree(key->secret_key, public_key))
        return IC_ERR_CORRUPT;
    copy_words(key->words, members);
    copy_text(key->path, sizeof key->path, members, "derivationPath");
    if (!is_stored_path(key->path))
        key->path[0] = 0;
    copy_text(key->prefix, sizeof key->prefix, members, "addressPrefix");
    return 0;
}

int ic__keytext_parse(ic__keytext *key, const char *text, size_t len)
{
    ic__members members;
    ic__keytext found;

    int err = ic__members_parse(&members, text, len);
    if (!err)
        err = read_members(&found, &members);
    if (!err)
        *key = found;
    sodium_memzero(&found, sizeof found);
    return err;
}

bool ic__keytext_words_agree(const ic__keytext *key, const char *prefix)
{
    ic__path path;
    uint8_t seed[IC_SEED_BYTES];

    if (!key->words[0])
        return true;
    if (ic__path_parse(&path, key->path) != 0)
        return false;
    ic__derive_seed(seed, key->words, key->prefix[0] ? key->prefix : prefix, &path);
    bool agree = sodium_memcmp(seed, key->secret_key, sizeof seed) == 0;
    sodium_memzero(seed, sizeof seed);
    return agree;
}

static void print(ic__wr *w, const char *text)
{
    ic__wr_bytes(w, text, strlen(text));
}

static void print_or_null(ic__wr *w, const char *name, const char *text)
{
    print(w, ",\n  \"");
    print(w, name);
    print(w, text ? "\": \"" : "\": null");
    if (text) {
        print(w, text);
        print(w, "\"");
    }
}

size_t ic__keytext_print(char text[IC__SEALED_TEXT_MAX], const ic_identity *identity)
{
    char secret_hex[2 * IC__SECRET_KEY_BYTES + 1];
    ic__wr w = ic__wr_of(text, IC__SEALED_TEXT_MAX);

    ic__hex_encode(secret_hex, ic__identity_secret_key(identity), IC__SECRET_KEY_BYTES);
    print(&w, "{\n  \"publicKey\": \"");
    print(&w, ic_identity_public_key_hex(identity));
    print(&w, "\",\n  \"secretKey\": \"");
    print(&w, secret_hex);
    print(&w, "\"");
    print_or_null(&w, "mnemonic", ic_identity_mnemonic(identity));
    print_or_null(&w, "derivationPath", ic_identity_path(identity));
    print(&w, "\n}");
    sodium_memzero(secret_hex, sizeof secret_hex);
    assert(!w.bad);
    return w.len;
}
