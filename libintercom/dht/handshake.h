/**
 * @file dht/handshake.h
 * The Noise handshake that DHT nodes carry for two peers, and the secret that the two
 * share for punching holes.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 2 (sealed payload, token) and 3
 * Errors   0 or a negative ic_error; after any error the handshake is over
 */
#ifndef DHT_HANDSHAKE_H
#define DHT_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/noise.h"
#include "dht/host.h"
#include "dht/messages.h"

#define IC__HANDSHAKE_MESSAGE_MAX                                                        \
    1100 /* bytes: fits into a request with all its fields */
#define IC__PUNCH_SEALED_MAX 512
#define IC__PUNCH_SECRET_BYTES 32

/** What both ends hold once the handshake is done; a secret. */
typedef struct ic__punch_key {
    uint8_t shared[IC__PUNCH_SECRET_BYTES];
    uint8_t local[IC__PUNCH_SECRET_BYTES]; /* signs our tokens */
} ic__punch_key;

/** Ours is the first message: begin towards `remote_key`. */
void ic__handshake_begin(ic__noise *n, const ic_env *env, const uint8_t *secret_key,
                         const uint8_t remote_key[IC__DHT_KEY_BYTES]);

/** Ours is the second message. */
void ic__handshake_await(ic__noise *n, const ic_env *env, const uint8_t *secret_key);

/** @return 0; IC_ERR_AUTH when the remote key is no proper point; IC_ERR_LIMIT */
IC_CHECK int ic__handshake_send(ic__noise *n, const ic__dht_noise_payload *payload,
                                ic__wr *message);

/**
 * @return 0; IC_ERR_AUTH; IC_ERR_PROTO when the message or its payload is malformed;
 *         IC_ERR_LIMIT
 */
IC_CHECK int ic__handshake_recv(ic__noise *n, const uint8_t *message, size_t len,
                                ic__dht_noise_payload *payload);

/** After the second message: the stream's keys and the key for punching. */
void ic__handshake_finish(ic__noise *n, const ic_env *env, ic__noise_result *keys,
                          ic__punch_key *punch);

/** Seal a holepunch payload under a fresh nonce; the writer turns bad without room. */
void ic__punch_seal(const ic__punch_key *key, const ic_env *env,
                    const ic__dht_punch_payload *payload, ic__wr *w);

/** @return false when it is too short, not authentic, or malformed */
bool ic__punch_open(const ic__punch_key *key, const uint8_t *sealed, size_t len,
                    ic__dht_punch_payload *payload);

/** What only who receives at this host can send back. */
void ic__punch_token(const ic__punch_key *key, const ic__addr *host,
                     uint8_t token[IC__DHT_TOKEN_BYTES]);

#endif
