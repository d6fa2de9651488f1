/**
 * @file intercom/identity.h
 * Who a peer is: one Ed25519 key pair that signs, names the peer on the network and is
 * its Trac address.
 *
 * The file that keeps an identity between two starts is intercom/keyfile.h.
 *
 * Spec     docs/spec/11-wallet.md, sections 1 to 5
 * Threads  an ic_identity does not change; any thread may use it
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef INTERCOM_IDENTITY_H
#define INTERCOM_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

IC_BEGIN_DECLS

#define IC_SEED_BYTES 32
#define IC_PUBLIC_KEY_BYTES 32
#define IC_SIGNATURE_BYTES 64
#define IC_MNEMONIC_BYTES 216      /* 24 words of 8 letters, spaces, closing zero */
#define IC_PATH_BYTES 128          /* with closing zero */
#define IC_ADDRESS_PREFIX_BYTES 32 /* 31 letters and the closing zero */
#define IC_ADDRESS_BYTES 91        /* longest address and the closing zero */

/** The Trac network decides the prefix of an address and which key the words give. */
typedef enum ic_network {
    IC_NETWORK_MAINNET = 0,
    IC_NETWORK_TESTNET1 = 1,
    IC_NETWORK_DEVELOPMENT = 2
} ic_network;

/** "mainnet", "testnet1" or "development"; NULL for a number that is none of them. */
IC_API const char *ic_network_name(ic_network network);

/** The network of that name. @return 0 or IC_ERR_NOT_FOUND */
IC_API IC_CHECK int ic_network_from_name(const char *name, ic_network *network);

/** What its addresses start with, such as "trac"; NULL for an unknown network. */
IC_API const char *ic_network_prefix(ic_network network);

/** The derivation path of its wallets; NULL for an unknown network. */
IC_API const char *ic_network_path(ic_network network);

typedef struct ic_identity ic_identity; /* value: new or open, free */

/**
 * A new identity from 24 words that the system's random source chose.
 *
 * @return 0; IC_ERR_NOMEM; IC_ERR_INVALID for an unknown network
 */
IC_API IC_CHECK int ic_identity_generate(ic_identity **identity, ic_network network);

/**
 * The identity that 12 or 24 English words stand for (section 2). Case and white space
 * do not matter.
 *
 * @param path  such as "m/918'/0'/0'/0'"; NULL = the network's
 * @return 0; IC_ERR_NOMEM; IC_ERR_INVALID when the words or their checksum, the path or
 *         the network are wrong
 */
IC_API IC_CHECK int ic_identity_from_mnemonic(ic_identity **identity, const char *words,
                                              ic_network network, const char *path);

/**
 * The identity of a 32-byte Ed25519 seed; it has no words and no path.
 *
 * @return 0; IC_ERR_NOMEM; IC_ERR_INVALID for an unknown network
 */
IC_API IC_CHECK int ic_identity_from_seed(ic_identity **identity,
                                          const uint8_t seed[IC_SEED_BYTES],
                                          ic_network network);

/** Wipe and release; NULL is fine. */
IC_API void ic_identity_free(ic_identity *identity);

IC_API ic_network ic_identity_network(const ic_identity *identity);

/** 32 bytes, borrowed. */
IC_API const uint8_t *ic_identity_public_key(const ic_identity *identity);

/** The public key as 64 lower-case hex digits, borrowed. */
IC_API const char *ic_identity_public_key_hex(const ic_identity *identity);

/** The Trac address (bech32m, section 3), borrowed. */
IC_API const char *ic_identity_address(const ic_identity *identity);

/** The words, in clean form: a SECRET, borrowed; NULL when it was not made from words. */
IC_API const char *ic_identity_mnemonic(const ic_identity *identity);

/** The derivation path, borrowed; NULL when it was not made from words. */
IC_API const char *ic_identity_path(const ic_identity *identity);

/** Copy the 32-byte Ed25519 seed: a SECRET; wipe the copy after use. */
IC_API void ic_identity_copy_seed(const ic_identity *identity,
                                  uint8_t seed[IC_SEED_BYTES]);

/** Ed25519 over the bytes themselves (section 4). */
IC_API void ic_identity_sign(const ic_identity *identity, const void *message, size_t len,
                             uint8_t signature[IC_SIGNATURE_BYTES]);

/** Is this a good signature by `public_key`? An empty message never is (section 4). */
IC_API bool ic_signature_verify(const uint8_t signature[IC_SIGNATURE_BYTES],
                                const void *message, size_t len,
                                const uint8_t public_key[IC_PUBLIC_KEY_BYTES]);

/**
 * Bring words into clean form: lower case, one space between them. 12 or 24 words of the
 * English list with a right checksum pass.
 *
 * @param clean  IC_MNEMONIC_BYTES; a SECRET
 * @return 0 or IC_ERR_INVALID
 */
IC_API IC_CHECK int ic_mnemonic_clean(char clean[IC_MNEMONIC_BYTES], const char *words);

/**
 * The address of a public key.
 *
 * @param prefix  1 to 31 letters a-z, such as ic_network_prefix()
 * @return 0 or IC_ERR_INVALID for another prefix
 */
IC_API IC_CHECK int ic_address_encode(char address[IC_ADDRESS_BYTES], const char *prefix,
                                      const uint8_t public_key[IC_PUBLIC_KEY_BYTES]);

/**
 * The public key in an address. Refuses what either the reference's format test or its
 * decoder refuses.
 *
 * @param prefix  IC_ADDRESS_PREFIX_BYTES for what stands before the first 1; may be NULL
 * @return 0 or IC_ERR_INVALID
 */
IC_API IC_CHECK int ic_address_decode(const char *address, char *prefix,
                                      uint8_t public_key[IC_PUBLIC_KEY_BYTES]);

/** The reference's format test: prefix, length and letters, *not* the checksum. */
IC_API bool ic_address_has_format(const char *address);

IC_END_DECLS

#endif
