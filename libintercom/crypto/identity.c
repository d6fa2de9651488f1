#include "crypto/identity.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "crypto/derive.h"
#include "crypto/mnemonic.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

/* Lives in guarded memory, read-only once filled in. */
typedef struct secret {
    uint8_t key[IC__SECRET_KEY_BYTES];
    char words[IC_MNEMONIC_BYTES];
} secret;

struct ic_identity {
    uint8_t public_key[IC_PUBLIC_KEY_BYTES];
    char public_key_hex[2 * IC_PUBLIC_KEY_BYTES + 1];
    char address[IC_ADDRESS_BYTES];
    char path[IC_PATH_BYTES];
    ic_network network;
    secret *secret;
};

static_assert(IC__SECRET_KEY_BYTES == crypto_sign_SECRETKEYBYTES, "libsodium's layout");

static int secret_new(secret **out, uint8_t public_key[IC_PUBLIC_KEY_BYTES],
                      const uint8_t seed[IC_SEED_BYTES], const char *words)
{
    secret *s = sodium_malloc(sizeof *s);

    if (!s)
        return IC_ERR_NOMEM;
    memset(s, 0, sizeof *s);
    (void)crypto_sign_seed_keypair(public_key, s->key, seed);
    if (words)
        memcpy(s->words, words, strlen(words) + 1);
    if (sodium_mprotect_readonly(s) != 0) {
        sodium_free(s);
        return IC_ERR_NOMEM;
    }
    *out = s;
    return 0;
}

int ic__identity_new(ic_identity **identity, const uint8_t seed[IC_SEED_BYTES],
                     ic_network network, const char *words, const char *path)
{
    const char *prefix = ic_network_prefix(network);

    if (!prefix || (words && strlen(words) >= IC_MNEMONIC_BYTES) ||
        (path && strlen(path) >= IC_PATH_BYTES))
        return IC_ERR_INVALID;
    ic_identity *id = ic_mem_calloc(1, sizeof *id);
    if (!id)
        return IC_ERR_NOMEM;
    int err = secret_new(&id->secret, id->public_key, seed, words);
    if (!err)
        err = ic_address_encode(id->address, prefix, id->public_key);
    if (err) {
        ic_identity_free(id);
        return err;
    }
    id->network = network;
    ic__hex_encode(id->public_key_hex, id->public_key, sizeof id->public_key);
    if (path)
        memcpy(id->path, path, strlen(path) + 1);
    *identity = id;
    return 0;
}

int ic_identity_generate(ic_identity **identity, ic_network network)
{
    uint8_t entropy[IC__ENTROPY_MAX];
    char words[IC_MNEMONIC_BYTES];

    randombytes_buf(entropy, sizeof entropy);
    ic__mnemonic_from_entropy(words, entropy, sizeof entropy);
    int err = ic_identity_from_mnemonic(identity, words, network, NULL);
    sodium_memzero(entropy, sizeof entropy);
    sodium_memzero(words, sizeof words);
    return err;
}

int ic_identity_from_mnemonic(ic_identity **identity, const char *words,
                              ic_network network, const char *path)
{
    char clean[IC_MNEMONIC_BYTES];
    uint8_t seed[IC_SEED_BYTES];
    ic__path parsed;
    const char *prefix = ic_network_prefix(network);

    if (!prefix || ic__path_parse(&parsed, path ? path : ic_network_path(network)) != 0 ||
        ic_mnemonic_clean(clean, words) != 0)
        return IC_ERR_INVALID;
    ic__derive_seed(seed, clean, prefix, &parsed);
    int err = ic__identity_new(identity, seed, network, clean, parsed.text);
    sodium_memzero(clean, sizeof clean);
    sodium_memzero(seed, sizeof seed);
    return err;
}

int ic_identity_from_seed(ic_identity **identity, const uint8_t seed[IC_SEED_BYTES],
                          ic_network network)
{
    return ic__identity_new(identity, seed, network, NULL, NULL);
}

void ic_identity_free(ic_identity *identity)
{
    if (!identity)
        return;
    sodium_free(identity->secret);
    ic_mem_free(identity);
}

ic_network ic_identity_network(const ic_identity *identity)
{
    return identity->network;
}

const uint8_t *ic_identity_public_key(const ic_identity *identity)
{
    return identity->public_key;
}

const char *ic_identity_public_key_hex(const ic_identity *identity)
{
    return identity->public_key_hex;
}

const char *ic_identity_address(const ic_identity *identity)
{
    return identity->address;
}

const char *ic_identity_mnemonic(const ic_identity *identity)
{
    return identity->secret->words[0] ? identity->secret->words : NULL;
}

const char *ic_identity_path(const ic_identity *identity)
{
    return identity->path[0] ? identity->path : NULL;
}

void ic_identity_copy_seed(const ic_identity *identity, uint8_t seed[IC_SEED_BYTES])
{
    memcpy(seed, identity->secret->key, IC_SEED_BYTES);
}

const uint8_t *ic__identity_secret_key(const ic_identity *identity)
{
    return identity->secret->key;
}

void ic_identity_sign(const ic_identity *identity, const void *message, size_t len,
                      uint8_t signature[IC_SIGNATURE_BYTES])
{
    (void)crypto_sign_detached(signature, NULL, message, len, identity->secret->key);
}

bool ic_signature_verify(const uint8_t signature[IC_SIGNATURE_BYTES], const void *message,
                         size_t len, const uint8_t public_key[IC_PUBLIC_KEY_BYTES])
{
    return len > 0 &&
           crypto_sign_verify_detached(signature, message, len, public_key) == 0;
}
