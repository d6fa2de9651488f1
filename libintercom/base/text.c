#include "base/text.h"

#include <sodium.h>

void ic__hex_encode(char *out, const uint8_t *data, size_t len)
{
    sodium_bin2hex(out, 2 * len + 1, data, len);
}

bool ic__hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    size_t got = 0;

    return text_len % 2 == 0 && text_len / 2 == len &&
           sodium_hex2bin(out, len, text, text_len, NULL, &got, NULL) == 0 && got == len;
}
