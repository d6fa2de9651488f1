#include "crypto/sealed.h"

#include <assert.h>

#include "base/text.h"
#include "base/wr.h"
#include "crypto/members.h"
#include "intercom/error.h"

#define PASSES 3
#define MEMORY_BYTES 268435456

static_assert(IC__SEALED_SALT_BYTES == crypto_pwhash_SALTBYTES, "libsodium's salt");
static_assert(IC__SEALED_KEY_BYTES == crypto_secretbox_KEYBYTES, "libsodium's key");
static_assert(2 * sizeof(ic__sealed) < IC__SEALED_FILE_MAX, "all of it in hex");

int ic__sealed_parse(ic__sealed *sealed, const char *text, size_t len)
{
    ic__members members;
    size_t digits;

    if (ic__members_parse(&members, text, len) != 0)
        return IC_ERR_CORRUPT;
    (void)ic__members_text(&members, "ciphertext", &digits);
    sealed->box_len = digits / 2;
    if (sealed->box_len <= crypto_secretbox_MACBYTES ||
        sealed->box_len > sizeof sealed->box ||
        !ic__members_hex(&members, "ciphertext", sealed->box, sealed->box_len) ||
        !ic__members_hex(&members, "nonce", sealed->nonce, sizeof sealed->nonce) ||
        !ic__members_hex(&members, "salt", sealed->salt, sizeof sealed->salt))
        return IC_ERR_CORRUPT;
    return 0;
}

static void print_hex(ic__wr *w, const char *before, const uint8_t *data, size_t len)
{
    ic__wr_bytes(w, before, strlen(before));
    char *at = (char *)ic__wr_room(w, 2 * len + 1);
    if (at) {
        ic__hex_encode(at, data, len);
        w->len--; /* the next piece goes over the closing zero */
    }
}

size_t ic__sealed_print(char text[IC__SEALED_FILE_MAX], const ic__sealed *sealed)
{
    ic__wr w = ic__wr_of(text, IC__SEALED_FILE_MAX);

    print_hex(&w, "{\"nonce\":\"", sealed->nonce, sizeof sealed->nonce);
    print_hex(&w, "\",\"salt\":\"", sealed->salt, sizeof sealed->salt);
    print_hex(&w, "\",\"ciphertext\":\"", sealed->box, sealed->box_len);
    ic__wr_bytes(&w, "\"}", sizeof "\"}");
    assert(!w.bad);
    return w.len - 1;
}

int ic__sealed_key(uint8_t key[IC__SEALED_KEY_BYTES], const void *password,
                   size_t password_len, const uint8_t salt[IC__SEALED_SALT_BYTES])
{
    const char *bytes = password_len ? password : "";

    return crypto_pwhash(key, IC__SEALED_KEY_BYTES, bytes, password_len, salt, PASSES,
                         MEMORY_BYTES, crypto_pwhash_ALG_ARGON2I13) == 0
               ? 0
               : IC_ERR_NOMEM;
}

void ic__sealed_shut(ic__sealed *sealed, const char *text, size_t len,
                     const uint8_t key[IC__SEALED_KEY_BYTES])
{
    assert(len <= IC__SEALED_TEXT_MAX);
    (void)crypto_secretbox_easy(sealed->box, (const uint8_t *)text, len, sealed->nonce,
                                key);
    sealed->box_len = len + crypto_secretbox_MACBYTES;
}

int ic__sealed_open(char *text, size_t *len, const ic__sealed *sealed,
                    const uint8_t key[IC__SEALED_KEY_BYTES])
{
    if (crypto_secretbox_open_easy((uint8_t *)text, sealed->box, sealed->box_len,
                                   sealed->nonce, key) != 0)
        return IC_ERR_AUTH;
    *len = sealed->box_len - crypto_secretbox_MACBYTES;
    return 0;
}
