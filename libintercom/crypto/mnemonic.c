#include "crypto/mnemonic.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "crypto/words.h"
#include "intercom/error.h"

#define INDEX_BITS 11
#define MOST_WORDS 24
#define BITS_BYTES (IC__ENTROPY_MAX + 1) /* entropy and its checksum */
#define SEED_ROUNDS 2048

static const char seed_salt[] = "mnemonic";

static_assert(IC_MNEMONIC_BYTES == MOST_WORDS * IC__WORD_BYTES, "words and spaces");

/* All ones when a equals b, else zero; without a branch. */
static uint64_t equal_mask(uint64_t a, uint64_t b)
{
    uint64_t d = a ^ b;
    return ((d | (0 - d)) >> 63) - 1;
}

/* Words are secret: every lookup reads the whole list, so that no address depends on
 * them. */
static uint64_t word_at(unsigned index)
{
    uint64_t found = 0;

    for (unsigned i = 0; i < IC__WORDS_COUNT; i++) {
        uint64_t word;
        memcpy(&word, ic__words[i], IC__WORD_LETTERS);
        found |= word & equal_mask(i, index);
    }
    return found;
}

/* The index of a word, or IC__WORDS_COUNT when it is not in the list. */
static unsigned index_of(uint64_t word)
{
    uint64_t index = IC__WORDS_COUNT;

    for (unsigned i = 0; i < IC__WORDS_COUNT; i++) {
        uint64_t entry;
        memcpy(&entry, ic__words[i], IC__WORD_LETTERS);
        index ^= (IC__WORDS_COUNT ^ i) & equal_mask(entry, word);
    }
    return (unsigned)index;
}

static unsigned bits_get(const uint8_t *bits, size_t word)
{
    unsigned value = 0;

    for (size_t i = word * INDEX_BITS; i < (word + 1) * INDEX_BITS; i++)
        value = value << 1 | (bits[i / 8] >> (7 - i % 8) & 1);
    return value;
}

static void bits_put(uint8_t *bits, size_t word, unsigned value)
{
    for (size_t i = 0; i < INDEX_BITS; i++) {
        size_t at = word * INDEX_BITS + i;
        unsigned bit = value >> (INDEX_BITS - 1 - i) & 1;
        bits[at / 8] = (uint8_t)(bits[at / 8] | bit << (7 - at % 8));
    }
}

/* The checksum stands in the high bits of one byte: 4 of them for 12 words, else 8. */
static uint8_t checksum(const uint8_t *entropy, size_t len)
{
    uint8_t hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(hash, entropy, len);
    uint8_t sum = (uint8_t)(len == 16 ? hash[0] & 0xf0 : hash[0]);
    sodium_memzero(hash, sizeof hash);
    return sum;
}

void ic__mnemonic_from_entropy(char words[IC_MNEMONIC_BYTES], const uint8_t *entropy,
                               size_t len)
{
    uint8_t bits[BITS_BYTES] = {0};

    assert(len == 16 || len == 32);
    memcpy(bits, entropy, len);
    bits[len] = checksum(entropy, len);
    for (size_t i = 0; i < len * 3 / 4; i++) {
        char word[IC__WORD_BYTES] = {0};
        uint64_t letters = word_at(bits_get(bits, i));
        memcpy(word, &letters, sizeof letters);
        if (i)
            *words++ = ' ';
        size_t letter_count = strlen(word);
        memcpy(words, word, letter_count + 1);
        words += letter_count;
        sodium_memzero(word, sizeof word);
    }
    sodium_memzero(bits, sizeof bits);
}

/* Bytes of the white space character at `at`, as a JavaScript regular expression counts
 * them; 0 = not white space. */
static size_t space_bytes(const char *at)
{
    static const char *const wide[] = {
        "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf",
    };

    if (*at == ' ' || (*at >= '\t' && *at <= '\r'))
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (strncmp(at, wide[i], strlen(wide[i])) == 0)
            return strlen(wide[i]);
    }
    if (strncmp(at, "\xe2\x80", 2) == 0 && (uint8_t)at[2] >= 0x80 &&
        (uint8_t)at[2] <= 0x8a)
        return 3;
    return 0;
}

static const char *skip_space(const char *at)
{
    for (size_t n = space_bytes(at); n; n = space_bytes(at))
        at += n;
    return at;
}

/* Read one word into eight bytes filled up with zeros; NULL when it cannot be a word. */
static const char *read_word(const char *at, uint64_t *word)
{
    char letters[IC__WORD_LETTERS] = {0};
    size_t n = 0;

    for (; *at && !space_bytes(at); at++) {
        char c = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        if (c < 'a' || c > 'z' || n == sizeof letters)
            break;
        letters[n++] = c;
    }
    if (*at && !space_bytes(at))
        at = NULL;
    memcpy(word, letters, sizeof letters);
    sodium_memzero(letters, sizeof letters);
    return at;
}

/* Turn words into entropy and checksum bits; the number of words, 0 when one is wrong. */
static size_t read_words(uint8_t bits[BITS_BYTES], const char *at)
{
    size_t count = 0;

    for (at = skip_space(at); *at; at = skip_space(at)) {
        uint64_t word = 0;
        at = read_word(at, &word);
        unsigned index = at ? index_of(word) : IC__WORDS_COUNT;
        sodium_memzero(&word, sizeof word);
        if (index == IC__WORDS_COUNT || count == MOST_WORDS)
            return 0;
        bits_put(bits, count++, index);
    }
    return count;
}

int ic_mnemonic_clean(char clean[IC_MNEMONIC_BYTES], const char *words)
{
    uint8_t bits[BITS_BYTES] = {0};
    int result = IC_ERR_INVALID;

    size_t count = read_words(bits, words);
    size_t len = count * 4 / 3;
    if ((count == 12 || count == 24) && checksum(bits, len) == bits[len]) {
        ic__mnemonic_from_entropy(clean, bits, len);
        result = 0;
    }
    sodium_memzero(bits, sizeof bits);
    return result;
}

void ic__mnemonic_seed(uint8_t seed[IC__MNEMONIC_SEED_BYTES], const char *clean)
{
    crypto_auth_hmacsha512_state keyed;
    crypto_auth_hmacsha512_state state;
    uint8_t block[crypto_auth_hmacsha512_BYTES];
    static const uint8_t first_block[4] = {0, 0, 0, 1};

    crypto_auth_hmacsha512_init(&keyed, (const uint8_t *)clean, strlen(clean));
    state = keyed;
    crypto_auth_hmacsha512_update(&state, (const uint8_t *)seed_salt,
                                  sizeof seed_salt - 1);
    crypto_auth_hmacsha512_update(&state, first_block, sizeof first_block);
    crypto_auth_hmacsha512_final(&state, block);
    memcpy(seed, block, sizeof block);
    for (int round = 1; round < SEED_ROUNDS; round++) {
        state = keyed;
        crypto_auth_hmacsha512_update(&state, block, sizeof block);
        crypto_auth_hmacsha512_final(&state, block);
        for (size_t i = 0; i < sizeof block; i++)
            seed[i] ^= block[i];
    }
    sodium_memzero(&keyed, sizeof keyed);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(block, sizeof block);
}
