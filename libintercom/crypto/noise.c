#include "crypto/noise.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"

#define MOST_TOKENS 5

typedef enum token { END, E, S, EE, ES, SE, SS } token;

typedef struct pattern {
    const char *name;
    unsigned message_count;
    bool known_responder; /* its static key is mixed in before the first message */
    token tokens[3][MOST_TOKENS];
} pattern;

static const pattern patterns[] = {
    [IC__NOISE_IK] = {"Noise_IK_Ed25519_ChaChaPoly_BLAKE2b",
                      2,
                      true,
                      {{E, ES, S, SS, END}, {E, EE, SE, END}}},
    [IC__NOISE_XX] = {"Noise_XX_Ed25519_ChaChaPoly_BLAKE2b",
                      3,
                      false,
                      {{E, END}, {E, EE, S, ES, END}, {S, SE, END}}},
};

void ic__noise_scalar(uint8_t scalar[IC__NOISE_KEY_BYTES],
                      const uint8_t seed[IC_SEED_BYTES])
{
    uint8_t hash[crypto_hash_sha512_BYTES];

    crypto_hash_sha512(hash, seed, IC_SEED_BYTES);
    hash[0] &= 248;
    hash[31] &= 127;
    hash[31] |= 64;
    memcpy(scalar, hash, IC__NOISE_KEY_BYTES);
    sodium_memzero(hash, sizeof hash);
}

int ic__noise_dh(uint8_t shared[IC__NOISE_KEY_BYTES],
                 const uint8_t scalar[IC__NOISE_KEY_BYTES],
                 const uint8_t point[IC__NOISE_KEY_BYTES])
{
    return crypto_scalarmult_ed25519_noclamp(shared, scalar, point) == 0 ? 0
                                                                         : IC_ERR_AUTH;
}

static void pair_from_seed(ic__noise_pair *pair, const uint8_t seed[IC_SEED_BYTES])
{
    uint8_t secret_key[IC__NOISE_SECRET_BYTES];

    (void)crypto_sign_seed_keypair(pair->public_key, secret_key, seed);
    ic__noise_scalar(pair->scalar, seed);
    sodium_memzero(secret_key, sizeof secret_key);
}

void ic__noise_init(ic__noise *n, const ic__noise_setup *setup)
{
    uint8_t seed[IC_SEED_BYTES];
    const pattern *p = &patterns[setup->pattern];

    *n = (ic__noise){.pattern = setup->pattern, .initiator = setup->initiator};
    ic__noise_scalar(n->own.scalar, setup->secret_key);
    memcpy(n->own.public_key, setup->secret_key + IC_SEED_BYTES, IC__NOISE_KEY_BYTES);
    setup->env->random(seed, sizeof seed, setup->env->user);
    pair_from_seed(&n->fresh, seed);
    sodium_memzero(seed, sizeof seed);
    if (setup->remote_key)
        memcpy(n->remote_key, setup->remote_key, IC__NOISE_KEY_BYTES);
    ic__sym_init(&n->sym, p->name);
    ic__sym_mix_hash(&n->sym, setup->prologue, setup->prologue_len);
    if (p->known_responder) {
        assert(!setup->initiator || setup->remote_key);
        ic__sym_mix_hash(&n->sym, setup->initiator ? n->remote_key : n->own.public_key,
                         IC__NOISE_KEY_BYTES);
    }
}

void ic__noise_wipe(ic__noise *n)
{
    sodium_memzero(n, sizeof *n);
}

bool ic__noise_done(const ic__noise *n)
{
    return n->step == patterns[n->pattern].message_count;
}

bool ic__noise_must_write(const ic__noise *n)
{
    return !ic__noise_done(n) && (n->step % 2 == 0) == n->initiator;
}

/* The tokens' first letter is the initiator's key, the second the responder's. */
static int mix_dh(ic__noise *n, token t)
{
    uint8_t shared[IC__NOISE_KEY_BYTES];
    bool own_is_fresh = t == EE || t == (n->initiator ? ES : SE);
    bool remote_is_fresh = t == EE || t == (n->initiator ? SE : ES);

    int err = ic__noise_dh(shared, own_is_fresh ? n->fresh.scalar : n->own.scalar,
                           remote_is_fresh ? n->remote_fresh : n->remote_key);
    if (!err)
        ic__sym_mix_key(&n->sym, shared, sizeof shared);
    sodium_memzero(shared, sizeof shared);
    return err;
}

static int write_token(ic__noise *n, token t, ic__wr *w)
{
    switch (t) {
    case E:
        ic__wr_bytes(w, n->fresh.public_key, IC__NOISE_KEY_BYTES);
        ic__sym_mix_hash(&n->sym, n->fresh.public_key, IC__NOISE_KEY_BYTES);
        return 0;
    case S:
        ic__sym_seal(&n->sym, n->own.public_key, IC__NOISE_KEY_BYTES, w);
        return 0;
    case EE:
    case ES:
    case SE:
    case SS:
    case END:
    default:
        return mix_dh(n, t);
    }
}

int ic__noise_write(ic__noise *n, const void *payload, size_t len, ic__wr *w)
{
    int err = 0;

    assert(ic__noise_must_write(n));
    if (len > IC__NOISE_MESSAGE_MAX - IC__NOISE_OVERHEAD_MAX)
        return IC_ERR_LIMIT;
    const token *t = patterns[n->pattern].tokens[n->step];
    for (; *t != END && !err; t++)
        err = write_token(n, *t, w);
    if (err)
        return err;
    ic__sym_seal(&n->sym, payload, len, w);
    n->step++;
    return w->bad ? IC_ERR_LIMIT : 0;
}

/* Bytes that the peer sent: missing ones break the protocol, others are not authentic. */
static int read_static(ic__noise *n, ic__rd *r)
{
    ic__wr key = ic__wr_of(n->remote_key, sizeof n->remote_key);
    size_t size = ic__sym_sealed_size(&n->sym, sizeof n->remote_key);

    if (size > r->left)
        return IC_ERR_PROTO;
    return ic__sym_open(&n->sym, r, size, &key) ? 0 : IC_ERR_AUTH;
}

static int read_token(ic__noise *n, token t, ic__rd *r)
{
    switch (t) {
    case E:
        ic__rd_copy(r, n->remote_fresh, IC__NOISE_KEY_BYTES);
        ic__sym_mix_hash(&n->sym, n->remote_fresh, IC__NOISE_KEY_BYTES);
        return r->bad ? IC_ERR_PROTO : 0;
    case S:
        return read_static(n, r);
    case EE:
    case ES:
    case SE:
    case SS:
    case END:
    default:
        return mix_dh(n, t);
    }
}

int ic__noise_read(ic__noise *n, const uint8_t *data, size_t len, ic__wr *payload)
{
    ic__rd r = ic__rd_of(data, len);
    int err = 0;

    assert(!ic__noise_done(n) && !ic__noise_must_write(n));
    if (len > IC__NOISE_MESSAGE_MAX)
        return IC_ERR_LIMIT;
    const token *t = patterns[n->pattern].tokens[n->step];
    for (; *t != END && !err; t++)
        err = read_token(n, *t, &r);
    if (err)
        return err;
    if (ic__sym_sealed_size(&n->sym, 0) > r.left)
        return IC_ERR_PROTO;
    if (!ic__sym_open(&n->sym, &r, r.left, payload))
        return payload->bad ? IC_ERR_LIMIT : IC_ERR_AUTH;
    n->step++;
    return 0;
}

void ic__noise_finish(ic__noise *n, ic__noise_result *result)
{
    assert(ic__noise_done(n));
    ic__sym_split(&n->sym, n->initiator ? result->tx : result->rx,
                  n->initiator ? result->rx : result->tx);
    memcpy(result->hash, n->sym.h, sizeof result->hash);
    memcpy(result->remote_key, n->remote_key, sizeof result->remote_key);
    ic__noise_wipe(n);
}
