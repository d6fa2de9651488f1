/**
 * @file crypto/sealed.h
 * The outside of a key file: Argon2i, XSalsa20-Poly1305 and one line of JSON around a
 * short secret text.
 *
 * Spec     docs/spec/11-wallet.md, section 6
 */
#ifndef CRYPTO_SEALED_H
#define CRYPTO_SEALED_H

#include <stddef.h>
#include <stdint.h>

#include <sodium.h>

#include "intercom/api.h"

#define IC__SEALED_TEXT_MAX 2048 /* bytes of the secret text */
#define IC__SEALED_FILE_MAX 8192 /* bytes of a file, white space included */
#define IC__SEALED_SALT_BYTES 16
#define IC__SEALED_KEY_BYTES 32

typedef struct ic__sealed {
    uint8_t nonce[crypto_secretbox_NONCEBYTES];
    uint8_t salt[IC__SEALED_SALT_BYTES];
    uint8_t box[crypto_secretbox_MACBYTES + IC__SEALED_TEXT_MAX]; /* tag first */
    size_t box_len;
} ic__sealed;

/** Read a file's text. @return 0 or IC_ERR_CORRUPT */
IC_CHECK int ic__sealed_parse(ic__sealed *sealed, const char *text, size_t len);

/** Write a file's text, with a closing zero that is not counted; returns its length. */
size_t ic__sealed_print(char text[IC__SEALED_FILE_MAX], const ic__sealed *sealed);

/**
 * The key that a password gives: 256 MiB of memory, about half a second.
 *
 * @return 0 or IC_ERR_NOMEM
 */
IC_CHECK int ic__sealed_key(uint8_t key[IC__SEALED_KEY_BYTES], const void *password,
                            size_t password_len,
                            const uint8_t salt[IC__SEALED_SALT_BYTES]);

/** Shut `len` bytes (at most IC__SEALED_TEXT_MAX) in; salt and nonce are set already. */
void ic__sealed_shut(ic__sealed *sealed, const char *text, size_t len,
                     const uint8_t key[IC__SEALED_KEY_BYTES]);

/**
 * The secret text.
 *
 * @param text  IC__SEALED_TEXT_MAX bytes; untouched unless the tag is right
 * @return 0 or IC_ERR_AUTH
 */
IC_CHECK int ic__sealed_open(char *text, size_t *len, const ic__sealed *sealed,
                             const uint8_t key[IC__SEALED_KEY_BYTES]);

#endif
