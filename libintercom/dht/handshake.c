#include "dht/handshake.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "dht/rpc.h"
#include "intercom/error.h"

#define NONCE_BYTES crypto_secretbox_NONCEBYTES
#define TAG_BYTES crypto_secretbox_MACBYTES

static void init(ic__noise *n, const ic_env *env, const uint8_t *secret_key,
                 const uint8_t *remote_key)
{
    uint8_t prologue[IC__DHT_KEY_BYTES];

    ic__dht_namespace(prologue, IC__DHT_PEER_HANDSHAKE);
    ic__noise_init(n, &(ic__noise_setup){
                          .pattern = IC__NOISE_IK,
                          .initiator = remote_key != NULL,
                          .secret_key = secret_key,
                          .remote_key = remote_key,
                          .prologue = prologue,
                          .prologue_len = sizeof prologue,
                          .env = env,
                      });
}

void ic__handshake_begin(ic__noise *n, const ic_env *env, const uint8_t *secret_key,
                         const uint8_t remote_key[IC__DHT_KEY_BYTES])
{
    init(n, env, secret_key, remote_key);
}

void ic__handshake_await(ic__noise *n, const ic_env *env, const uint8_t *secret_key)
{
    init(n, env, secret_key, NULL);
}

int ic__handshake_send(ic__noise *n, const ic__dht_noise_payload *payload,
                       ic__wr *message)
{
    uint8_t plain[IC__HANDSHAKE_MESSAGE_MAX];
    ic__wr w = ic__wr_of(plain, sizeof plain);

    ic__dht_noise_payload_write(&w, payload);
    if (w.bad)
        return IC_ERR_LIMIT;
    int err = ic__noise_write(n, plain, w.len, message);
    sodium_memzero(plain, sizeof plain);
    return err;
}

int ic__handshake_recv(ic__noise *n, const uint8_t *message, size_t len,
                       ic__dht_noise_payload *payload)
{
    uint8_t plain[IC__RPC_DATAGRAM_MAX];
    ic__wr w = ic__wr_of(plain, sizeof plain);

    int err = ic__noise_read(n, message, len, &w);
    if (!err)
        err = ic__dht_noise_payload_decode(payload, plain, w.len);
    sodium_memzero(plain, sizeof plain);
    return err;
}

void ic__handshake_finish(ic__noise *n, const ic_env *env, ic__noise_result *keys,
                          ic__punch_key *punch)
{
    uint8_t ns[IC__DHT_KEY_BYTES];

    ic__noise_finish(n, keys);
    ic__dht_namespace(ns, IC__DHT_PEER_HOLEPUNCH);
    crypto_generichash(punch->shared, sizeof punch->shared, ns, sizeof ns, keys->hash,
                       sizeof keys->hash);
    env->random(punch->local, sizeof punch->local, env->user);
}

void ic__punch_seal(const ic__punch_key *key, const ic_env *env,
                    const ic__dht_punch_payload *payload, ic__wr *w)
{
    uint8_t plain[IC__PUNCH_SEALED_MAX];
    uint8_t nonce[NONCE_BYTES];
    ic__wr p = ic__wr_of(plain, sizeof plain);

    ic__dht_punch_payload_write(&p, payload);
    env->random(nonce, sizeof nonce, env->user);
    ic__wr_bytes(w, nonce, sizeof nonce);
    uint8_t *sealed = p.bad ? NULL : ic__wr_room(w, p.len + TAG_BYTES);
    if (sealed)
        crypto_secretbox_easy(sealed, plain, p.len, nonce, key->shared);
    else
        w->bad = true;
    sodium_memzero(plain, sizeof plain);
}

bool ic__punch_open(const ic__punch_key *key, const uint8_t *sealed, size_t len,
                    ic__dht_punch_payload *payload)
{
    uint8_t plain[IC__RPC_DATAGRAM_MAX];

    if (len <= NONCE_BYTES + TAG_BYTES || len > sizeof plain)
        return false;
    if (crypto_secretbox_open_easy(plain, sealed + NONCE_BYTES, len - NONCE_BYTES, sealed,
                                   key->shared) != 0)
        return false;
    int err = ic__dht_punch_payload_decode(payload, plain, len - NONCE_BYTES - TAG_BYTES);
    sodium_memzero(plain, sizeof plain);
    return !err;
}

void ic__punch_token(const ic__punch_key *key, const ic__addr *host,
                     uint8_t token[IC__DHT_TOKEN_BYTES])
{
    char text[sizeof "255.255.255.255"];

    (void)snprintf(text, sizeof text, "%u.%u.%u.%u", host->ip[0], host->ip[1],
                   host->ip[2], host->ip[3]);
    crypto_generichash(token, IC__DHT_TOKEN_BYTES, (const uint8_t *)text, strlen(text),
                       key->local, sizeof key->local);
}
