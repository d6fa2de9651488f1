#include "crypto/symmetric.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#define BLOCK_BYTES 128 /* of BLAKE2b */

static_assert(IC__SYM_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag");
static_assert(IC__SYM_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "key");

static void hash_two(uint8_t out[IC__SYM_HASH_BYTES], const void *a, size_t a_len,
                     const void *b, size_t b_len)
{
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, NULL, 0, IC__SYM_HASH_BYTES);
    (void)crypto_generichash_update(&state, a, a_len);
    (void)crypto_generichash_update(&state, b, b_len);
    (void)crypto_generichash_final(&state, out, IC__SYM_HASH_BYTES);
    sodium_memzero(&state, sizeof state);
}

/* RFC 2104 with a key of one hash, which is shorter than a block. */
static void hmac(uint8_t out[IC__SYM_HASH_BYTES], const uint8_t key[IC__SYM_HASH_BYTES],
                 const uint8_t *data, size_t len)
{
    uint8_t pad[BLOCK_BYTES] = {0};
    uint8_t inner[IC__SYM_HASH_BYTES];

    memcpy(pad, key, IC__SYM_HASH_BYTES);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    hash_two(inner, pad, sizeof pad, data, len);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash_two(out, pad, sizeof pad, inner, sizeof inner);
    sodium_memzero(pad, sizeof pad);
    sodium_memzero(inner, sizeof inner);
}

static void hkdf(uint8_t first[IC__SYM_HASH_BYTES], uint8_t second[IC__SYM_HASH_BYTES],
                 const uint8_t ck[IC__SYM_HASH_BYTES], const uint8_t *data, size_t len)
{
    uint8_t key[IC__SYM_HASH_BYTES];
    uint8_t next[IC__SYM_HASH_BYTES + 1];

    hmac(key, ck, data, len);
    next[0] = 1;
    hmac(first, key, next, 1);
    memcpy(next, first, IC__SYM_HASH_BYTES);
    next[IC__SYM_HASH_BYTES] = 2;
    hmac(second, key, next, sizeof next);
    sodium_memzero(key, sizeof key);
    sodium_memzero(next, sizeof next);
}

void ic__sym_init(ic__sym *s, const char *name)
{
    size_t len = strlen(name);

    assert(len <= IC__SYM_HASH_BYTES);
    memset(s, 0, sizeof *s);
    memcpy(s->h, name, len);
    memcpy(s->ck, s->h, sizeof s->ck);
}

void ic__sym_mix_hash(ic__sym *s, const void *data, size_t len)
{
    hash_two(s->h, s->h, sizeof s->h, data, len);
}

void ic__sym_mix_key(ic__sym *s, const uint8_t *data, size_t len)
{
    uint8_t first[IC__SYM_HASH_BYTES];
    uint8_t second[IC__SYM_HASH_BYTES];

    hkdf(first, second, s->ck, data, len);
    memcpy(s->ck, first, sizeof s->ck);
    memcpy(s->k, second, sizeof s->k);
    s->n = 0;
    s->has_key = true;
    sodium_memzero(first, sizeof first);
    sodium_memzero(second, sizeof second);
}

size_t ic__sym_sealed_size(const ic__sym *s, size_t len)
{
    return s->has_key ? len + IC__SYM_TAG_BYTES : len;
}

/* Four zero bytes, then the counter; each nonce is used once. */
static void next_nonce(uint8_t nonce[12], ic__sym *s)
{
    ic__wr w = ic__wr_of(nonce, 12);

    ic__wr_u32le(&w, 0);
    ic__wr_u64le(&w, s->n++);
}

void ic__sym_seal(ic__sym *s, const void *plain, size_t len, ic__wr *w)
{
    uint8_t nonce[12];
    size_t size = ic__sym_sealed_size(s, len);
    uint8_t *out = ic__wr_room(w, size);

    if (!out)
        return;
    if (s->has_key) {
        next_nonce(nonce, s);
        (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, s->h,
                                                        sizeof s->h, NULL, nonce, s->k);
    } else if (len) {
        memcpy(out, plain, len);
    }
    ic__sym_mix_hash(s, out, size);
}

static bool decrypt(ic__sym *s, const uint8_t *sealed, size_t len, uint8_t *out)
{
    uint8_t nonce[12];

    next_nonce(nonce, s);
    return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, len, s->h,
                                                     sizeof s->h, nonce, s->k) == 0;
}

bool ic__sym_open(ic__sym *s, ic__rd *r, size_t len, ic__wr *plain)
{
    size_t extra = s->has_key ? IC__SYM_TAG_BYTES : 0;

    if (len < extra)
        r->bad = true;
    const uint8_t *sealed = ic__rd_bytes(r, len);
    uint8_t *out = r->bad ? NULL : ic__wr_room(plain, len - extra);
    if (!out) {
        r->bad = true;
        return false;
    }
    if (s->has_key && !decrypt(s, sealed, len, out)) {
        plain->len -= len - extra; /* nothing of it is visible */
        r->bad = true;
        return false;
    }
    if (!s->has_key && len)
        memcpy(out, sealed, len);
    ic__sym_mix_hash(s, sealed, len);
    return true;
}

void ic__sym_split(const ic__sym *s, uint8_t first[IC__SYM_KEY_BYTES],
                   uint8_t second[IC__SYM_KEY_BYTES])
{
    uint8_t one[IC__SYM_HASH_BYTES];
    uint8_t two[IC__SYM_HASH_BYTES];

    hkdf(one, two, s->ck, NULL, 0);
    memcpy(first, one, IC__SYM_KEY_BYTES);
    memcpy(second, two, IC__SYM_KEY_BYTES);
    sodium_memzero(one, sizeof one);
    sodium_memzero(two, sizeof two);
}
