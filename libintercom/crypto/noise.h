/**
 * @file crypto/noise.h
 * The Noise handshakes IK and XX over Ed25519 keys: messages in, messages out, and at the
 * end two keys, a hash and the key of the other one.
 *
 * Spec     docs/spec/03-secret-stream.md, sections 1, 2 and 5
 * Errors   0 or a negative ic_error; after any error the handshake is over
 */
#ifndef CRYPTO_NOISE_H
#define CRYPTO_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/symmetric.h"
#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"

#define IC__NOISE_KEY_BYTES 32
#define IC__NOISE_SECRET_BYTES 64 /* seed, then public key */
#define IC__NOISE_MESSAGE_MAX 65535
#define IC__NOISE_OVERHEAD_MAX 96 /* bytes of a message besides its payload */

typedef enum ic__noise_pattern {
    IC__NOISE_IK, /* the initiator knows whom it calls */
    IC__NOISE_XX  /* neither knows the other */
} ic__noise_pattern;

typedef struct ic__noise_setup {
    ic__noise_pattern pattern;
    bool initiator;
    const uint8_t *secret_key; /* ours, IC__NOISE_SECRET_BYTES; copied */
    const uint8_t *remote_key; /* IK, initiator: theirs; else NULL */
    const void *prologue;      /* the same on both ends; may be NULL */
    size_t prologue_len;
    const ic_env *env; /* random gives the ephemeral seed; used during init only */
} ic__noise_setup;

/** What a handshake ends with; tx and rx are secrets: wipe it. */
typedef struct ic__noise_result {
    uint8_t tx[IC__SYM_KEY_BYTES];
    uint8_t rx[IC__SYM_KEY_BYTES];
    uint8_t hash[IC__SYM_HASH_BYTES];
    uint8_t remote_key[IC__NOISE_KEY_BYTES];
} ic__noise_result;

/** A key pair as the handshake uses it; a secret. */
typedef struct ic__noise_pair {
    uint8_t scalar[IC__NOISE_KEY_BYTES];
    uint8_t public_key[IC__NOISE_KEY_BYTES];
} ic__noise_pair;

/** A secret; wipe it on every way out. */
typedef struct ic__noise {
    ic__sym sym;
    ic__noise_pair own;
    ic__noise_pair fresh; /* ephemeral */
    uint8_t remote_key[IC__NOISE_KEY_BYTES];
    uint8_t remote_fresh[IC__NOISE_KEY_BYTES];
    ic__noise_pattern pattern;
    unsigned step; /* messages that went by */
    bool initiator;
} ic__noise;

void ic__noise_init(ic__noise *n, const ic__noise_setup *setup);
void ic__noise_wipe(ic__noise *n);

/** Is it our turn to write? */
bool ic__noise_must_write(const ic__noise *n);

/** Have all messages gone by? */
bool ic__noise_done(const ic__noise *n);

/**
 * Write the next message with a payload.
 *
 * @return 0; IC_ERR_AUTH when the remote key is no proper point; IC_ERR_LIMIT when `w` or
 *         a message is too small for the payload
 */
IC_CHECK int ic__noise_write(ic__noise *n, const void *payload, size_t len, ic__wr *w);

/**
 * Read the next message; its payload is appended to `payload`.
 *
 * @return 0; IC_ERR_PROTO when bytes are missing; IC_ERR_AUTH when they are not authentic
 *         or a key is no proper point; IC_ERR_LIMIT when the payload does not fit
 */
IC_CHECK int ic__noise_read(ic__noise *n, const uint8_t *data, size_t len,
                            ic__wr *payload);

/** After the last message: take the result and wipe the rest. */
void ic__noise_finish(ic__noise *n, ic__noise_result *result);

/** The scalar that belongs to a seed. */
void ic__noise_scalar(uint8_t scalar[IC__NOISE_KEY_BYTES],
                      const uint8_t seed[IC_SEED_BYTES]);

/**
 * Multiply a point, and refuse one that is not canonical, not on the curve, of small
 * order or outside of the main subgroup.
 */
IC_CHECK int ic__noise_dh(uint8_t shared[IC__NOISE_KEY_BYTES],
                          const uint8_t scalar[IC__NOISE_KEY_BYTES],
                          const uint8_t point[IC__NOISE_KEY_BYTES]);

#endif
