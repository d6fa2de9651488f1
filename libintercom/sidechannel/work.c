#include "sidechannel/work.h"

#include <stdatomic.h>
#include <string.h>

#include <sodium.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define NONCE_CHARS 24

struct ic__work {
    crypto_hash_sha256_state head; /* of the text before the nonce */
    atomic_bool canceled;
    bool found;
    uint32_t bits;
    void *user;
    uint64_t nonce; /* the next to try, or the one that was found */
    size_t tail_len;
    char tail[];
};

static void hash_head(crypto_hash_sha256_state *state, const char *head, size_t len)
{
    (void)crypto_hash_sha256_init(state);
    (void)crypto_hash_sha256_update(state, (const uint8_t *)head, len);
}

int ic__work_new(const char *head, size_t head_len, const char *tail, size_t tail_len,
                 uint32_t bits, ic__work **out)
{
    ic__work *w = ic_mem_calloc(1, sizeof *w + tail_len);

    if (!w)
        return IC_ERR_NOMEM;
    hash_head(&w->head, head, head_len);
    atomic_init(&w->canceled, false);
    w->bits = bits;
    w->tail_len = tail_len;
    memcpy(w->tail, tail, tail_len);
    *out = w;
    return 0;
}

void ic__work_free(ic__work *w)
{
    ic_mem_free(w);
}

uint32_t ic__work_zero_bits(const uint8_t hash[IC__WORK_HASH_BYTES])
{
    uint32_t bits = 0;

    for (size_t i = 0; i < IC__WORK_HASH_BYTES; i++) {
        if (hash[i])
            return bits + (uint32_t)__builtin_clz(hash[i]) - 24;
        bits += 8;
    }
    return bits;
}

/* Zero bits of head, nonce and tail. */
static uint32_t try_nonce(const crypto_hash_sha256_state *head, uint64_t nonce,
                          const char *tail, size_t tail_len)
{
    crypto_hash_sha256_state state = *head;
    uint8_t hash[crypto_hash_sha256_BYTES];
    uint8_t digits[NONCE_CHARS];
    size_t at = sizeof digits;

    do
        digits[--at] = (uint8_t)('0' + nonce % 10);
    while (nonce /= 10);
    (void)crypto_hash_sha256_update(&state, digits + at, sizeof digits - at);
    (void)crypto_hash_sha256_update(&state, (const uint8_t *)tail, tail_len);
    (void)crypto_hash_sha256_final(&state, hash);
    return ic__work_zero_bits(hash);
}

bool ic__work_run(ic__work *w, uint64_t tries)
{
    for (; tries && !w->found; tries--) {
        if (w->nonce > IC__WORK_NONCE_MAX ||
            atomic_load_explicit(&w->canceled, memory_order_relaxed))
            return true;
        if (try_nonce(&w->head, w->nonce, w->tail, w->tail_len) >= w->bits)
            w->found = true;
        else
            w->nonce++;
    }
    return w->found;
}

void ic__work_cancel(ic__work *w)
{
    atomic_store_explicit(&w->canceled, true, memory_order_relaxed);
}

int ic__work_nonce(const ic__work *w, uint64_t *nonce)
{
    if (!w->found)
        return IC_ERR_CANCELED;
    *nonce = w->nonce;
    return 0;
}

void ic__work_set_user(ic__work *w, void *user)
{
    w->user = user;
}

void *ic__work_user(const ic__work *w)
{
    return w->user;
}

bool ic__work_check(const char *head, size_t head_len, const char *tail, size_t tail_len,
                    uint64_t nonce, uint32_t bits)
{
    crypto_hash_sha256_state state;

    hash_head(&state, head, head_len);
    return try_nonce(&state, nonce, tail, tail_len) >= bits;
}
