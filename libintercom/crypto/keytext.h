/**
 * @file crypto/keytext.h
 * The inside of a key file: the secret text that names the keys.
 *
 * Spec     docs/spec/11-wallet.md, section 6 (plain text, reading rules)
 */
#ifndef CRYPTO_KEYTEXT_H
#define CRYPTO_KEYTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/identity.h"
#include "crypto/sealed.h"
#include "intercom/api.h"

/** A secret; wipe it. */
typedef struct ic__keytext {
    uint8_t secret_key[IC__SECRET_KEY_BYTES];
    char words[IC_MNEMONIC_BYTES];        /* clean; empty = none */
    char path[IC_PATH_BYTES];             /* as stored; empty = none */
    char prefix[IC_ADDRESS_PREFIX_BYTES]; /* of addresses; empty = not in the file */
} ic__keytext;

/**
 * Read the layout of trac-wallet 1.0 or 2.x. As there, bad words or a bad path count as
 * none; otherwise than there, keys that do not belong together are refused.
 *
 * @return 0; IC_ERR_CORRUPT; IC_ERR_UNSUPPORTED for a version that is not 1.0.0
 */
IC_CHECK int ic__keytext_parse(ic__keytext *key, const char *text, size_t len);

/** Do words, path and prefix give the key? `prefix` counts when the text has none. */
bool ic__keytext_words_agree(const ic__keytext *key, const char *prefix);

/** Write the layout of trac-wallet 1.0, without a closing zero; returns its length. */
size_t ic__keytext_print(char text[IC__SEALED_TEXT_MAX], const ic_identity *identity);

#endif
