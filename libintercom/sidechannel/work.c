#include "sidechannel/work.h"

#include <stdatomic.h>
#include <string.h>

#include <sodium.h>

#include "crypto/sha256_lanes.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define NONCE_CHARS 24
#define MOST_BLOCKS ((size_t)4) /* of a text, from its nonce on: longer ones go alone */
#define LENGTH_BYTES 8

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

static size_t write_nonce(uint64_t nonce, uint8_t digits[NONCE_CHARS])
{
    uint8_t backwards[NONCE_CHARS];
    size_t count = 0;

    do
        backwards[count++] = (uint8_t)('0' + nonce % 10);
    while (nonce /= 10);
    for (size_t i = 0; i < count; i++)
        digits[i] = backwards[count - 1 - i];
    return count;
}

/* Zero bits of head, nonce and tail. */
static uint32_t try_nonce(const crypto_hash_sha256_state *head, uint64_t nonce,
                          const char *tail, size_t tail_len)
{
    crypto_hash_sha256_state state = *head;
    uint8_t hash[crypto_hash_sha256_BYTES];
    uint8_t digits[NONCE_CHARS];

    (void)crypto_hash_sha256_update(&state, digits, write_nonce(nonce, digits));
    (void)crypto_hash_sha256_update(&state, (const uint8_t *)tail, tail_len);
    (void)crypto_hash_sha256_final(&state, hash);
    return ic__work_zero_bits(hash);
}

/* ---- many nonces at once ---- */

typedef struct texts {
    uint8_t blocks[IC__LANES][MOST_BLOCKS * IC__SHA256_BLOCK];
    size_t count; /* blocks of each */
} texts;

/* What is left to hash of the text with this nonce, as whole blocks; how many. 0 = there
 * are too many. */
static size_t write_blocks(const ic__work *w, uint64_t nonce, uint8_t *out)
{
    uint8_t digits[NONCE_CHARS];
    size_t begun = (size_t)(w->head.count >> 3) % IC__SHA256_BLOCK;
    size_t digit_count = write_nonce(nonce, digits);
    size_t len = begun + digit_count + w->tail_len;
    uint64_t bits = w->head.count + 8 * (digit_count + w->tail_len);
    size_t size = (len + 1 + LENGTH_BYTES + IC__SHA256_BLOCK - 1) / IC__SHA256_BLOCK *
                  IC__SHA256_BLOCK;

    if (size > MOST_BLOCKS * IC__SHA256_BLOCK)
        return 0;
    memcpy(out, w->head.buf, begun);
    memcpy(out + begun, digits, digit_count);
    memcpy(out + begun + digit_count, w->tail, w->tail_len);
    memset(out + len, 0, size - len);
    out[len] = 0x80;
    for (size_t i = 1; i <= LENGTH_BYTES; i++, bits >>= 8)
        out[size - i] = (uint8_t)bits;
    return size / IC__SHA256_BLOCK;
}

/* False when they do not fit, or not all have the same length. */
static bool write_texts(const ic__work *w, texts *t)
{
    for (size_t n = 0; n < IC__LANES; n++) {
        size_t count = write_blocks(w, w->nonce + n, t->blocks[n]);
        if (!count || (n && count != t->count))
            return false;
        t->count = count;
    }
    return true;
}

/* The first of the next nonces that may do: by the first word of its hash it does. False
 * when none does. */
static bool try_lanes(const ic__work *w, const texts *t, size_t *lane)
{
    ic__sha256_lanes_state state;

    for (size_t i = 0; i < IC__SHA256_WORDS; i++) {
        for (size_t n = 0; n < IC__LANES; n++)
            state[i][n] = w->head.state[i];
    }
    ic__sha256_lanes(state, t->blocks[0], sizeof t->blocks[0], t->count);
    for (size_t n = 0; n < IC__LANES; n++) {
        uint32_t word = state[0][n];
        *lane = n;
        if (!word || (uint32_t)__builtin_clz(word) >= w->bits)
            return true;
    }
    return false;
}

/* Pass over nonces that will not do; how many. */
static uint64_t skip(ic__work *w, uint64_t tries)
{
    texts t;
    size_t lane = 0;

    if (tries < IC__LANES || w->nonce > IC__WORK_NONCE_MAX - IC__LANES ||
        !write_texts(w, &t))
        return 0;
    if (!try_lanes(w, &t, &lane))
        lane = IC__LANES;
    w->nonce += lane;
    return lane;
}

bool ic__work_run(ic__work *w, uint64_t tries)
{
    while (tries && !w->found) {
        if (w->nonce > IC__WORK_NONCE_MAX ||
            atomic_load_explicit(&w->canceled, memory_order_relaxed))
            return true;
        uint64_t skipped = skip(w, tries);
        tries -= skipped;
        if (skipped == IC__LANES)
            continue;
        if (try_nonce(&w->head, w->nonce, w->tail, w->tail_len) >= w->bits)
            w->found = true;
        else
            w->nonce++;
        tries--;
    }
    return w->found;
}

/* Nothing else is read because of it, so relaxed is enough; what was found comes back
 * through the lock of io/jobs. */
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
