#include "io/ws_key.h"

#include <mbedtls/sha1.h>
#include <sodium.h>
#include <string.h>

static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static bool is_base64(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '+' || c == '/';
}

bool ic__ws_key_valid(ic__span key)
{
    if (key.len != IC__WS_KEY_LEN || memcmp(key.p + key.len - 2, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < key.len - 2; i++) {
        if (!is_base64(key.p[i]))
            return false;
    }
    return true;
}

void ic__ws_key_new(const ic_env *env, char out[IC__WS_KEY_LEN + 1])
{
    uint8_t bytes[16];

    env->random(bytes, sizeof bytes, env->user);
    sodium_bin2base64(out, IC__WS_KEY_LEN + 1, bytes, sizeof bytes,
                      sodium_base64_VARIANT_ORIGINAL);
}

void ic__ws_key_accept(const char key[IC__WS_KEY_LEN], char out[IC__WS_ACCEPT_LEN + 1])
{
    uint8_t text[IC__WS_KEY_LEN + sizeof magic - 1];
    uint8_t digest[20];

    memcpy(text, key, IC__WS_KEY_LEN);
    memcpy(text + IC__WS_KEY_LEN, magic, sizeof magic - 1);
    /* SHA-1 of memory cannot fail in the software implementation. */
    (void)mbedtls_sha1_ret(text, sizeof text, digest);
    sodium_bin2base64(out, IC__WS_ACCEPT_LEN + 1, digest, sizeof digest,
                      sodium_base64_VARIANT_ORIGINAL);
}
