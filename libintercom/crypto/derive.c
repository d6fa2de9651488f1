#include "crypto/derive.h"

#include <string.h>

#include <sodium.h>

#include "base/wr.h"
#include "intercom/error.h"

#define HARDENED UINT32_C(0x80000000)

static const uint8_t master_key[] = "ed25519 seed";

/* JavaScript removes all white space; a path has no use for other than these. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool copy_without_space(char out[IC_PATH_BYTES], const char *text)
{
    size_t len = 0;

    for (; *text; text++) {
        if (is_space(*text))
            continue;
        if (len == IC_PATH_BYTES - 1)
            return false;
        out[len++] = *text;
    }
    out[len] = 0;
    return true;
}

/* One "/<digits>'"; NULL when it is something else. */
static const char *read_segment(const char *at, uint32_t *index)
{
    uint32_t value = 0;

    if (*at++ != '/' || *at < '0' || *at > '9')
        return NULL;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint32_t digit = (uint32_t)(*at - '0');
        if (value > (HARDENED - 1 - digit) / 10)
            return NULL;
        value = value * 10 + digit;
    }
    *index = value;
    return *at == '\'' ? at + 1 : NULL;
}

int ic__path_parse(ic__path *path, const char *text)
{
    ic__path found = {.count = 0};

    if (!copy_without_space(found.text, text) || found.text[0] != 'm' || !found.text[1])
        return IC_ERR_INVALID;
    for (const char *at = found.text + 1; *at;) {
        at = read_segment(at, &found.index[found.count]);
        if (!at)
            return IC_ERR_INVALID;
        found.count++;
    }
    *path = found;
    return 0;
}

static void node_set(ic__node *node, crypto_auth_hmacsha512_state *state)
{
    uint8_t halves[crypto_auth_hmacsha512_BYTES];

    crypto_auth_hmacsha512_final(state, halves);
    memcpy(node->key, halves, sizeof node->key);
    memcpy(node->chain_code, halves + sizeof node->key, sizeof node->chain_code);
    sodium_memzero(halves, sizeof halves);
    sodium_memzero(state, sizeof *state);
}

void ic__node_master(ic__node *node, const uint8_t seed[IC__MNEMONIC_SEED_BYTES])
{
    crypto_auth_hmacsha512_state state;

    crypto_auth_hmacsha512_init(&state, master_key, sizeof master_key - 1);
    crypto_auth_hmacsha512_update(&state, seed, IC__MNEMONIC_SEED_BYTES);
    node_set(node, &state);
}

void ic__node_child(ic__node *node, uint32_t index)
{
    crypto_auth_hmacsha512_state state;
    uint8_t data[1 + sizeof node->key + 4];
    ic__wr w = ic__wr_of(data, sizeof data);

    ic__wr_u8(&w, 0);
    ic__wr_bytes(&w, node->key, sizeof node->key);
    ic__wr_u32be(&w, index | HARDENED);
    crypto_auth_hmacsha512_init(&state, node->chain_code, sizeof node->chain_code);
    crypto_auth_hmacsha512_update(&state, data, w.len);
    node_set(node, &state);
    sodium_memzero(data, sizeof data);
}

void ic__derive_seed(uint8_t seed[IC_SEED_BYTES], const char *clean, const char *prefix,
                     const ic__path *path)
{
    uint8_t words_seed[IC__MNEMONIC_SEED_BYTES];
    ic__node node;

    ic__mnemonic_seed(words_seed, clean);
    ic__node_master(&node, words_seed);
    for (; *prefix; prefix++)
        ic__node_child(&node, (uint8_t)*prefix);
    for (size_t i = 0; i < path->count; i++)
        ic__node_child(&node, path->index[i]);
    memcpy(seed, node.key, sizeof node.key);
    sodium_memzero(words_seed, sizeof words_seed);
    sodium_memzero(&node, sizeof node);
}
