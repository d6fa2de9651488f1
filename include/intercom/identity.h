/**
 * @file intercom/identity.h
 * Who a peer is: one Ed25519 key pair that signs, names the peer on the network and is
 * its Trac address.
 *
 * Spec     docs/spec/11-wallet.md
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

#define IC_PUBLIC_KEY_BYTES 32
#define IC_SIGNATURE_BYTES 64

typedef struct ic_identity ic_identity; /* value: new or open, free */

IC_API void ic_identity_free(ic_identity *identity);

/** 32 bytes, borrowed. */
IC_API const uint8_t *ic_identity_public_key(const ic_identity *identity);

/** The public key as 64 lower-case hex digits, borrowed. */
IC_API const char *ic_identity_public_key_hex(const ic_identity *identity);

/** The Trac address (bech32m, section 3), borrowed. */
IC_API const char *ic_identity_address(const ic_identity *identity);

/** Ed25519 over the bytes themselves (section 4). */
IC_API void ic_identity_sign(const ic_identity *identity, const void *message, size_t len,
                             uint8_t signature[IC_SIGNATURE_BYTES]);

/** Is this a good signature by `public_key`? An empty message never is (section 4). */
IC_API bool ic_signature_verify(const uint8_t signature[IC_SIGNATURE_BYTES],
                                const void *message, size_t len,
                                const uint8_t public_key[IC_PUBLIC_KEY_BYTES]);

IC_END_DECLS

#endif
