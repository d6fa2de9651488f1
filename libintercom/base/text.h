/**
 * @file base/text.h
 * Bytes as text: hex in both directions, in constant time.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Lower-case hex of `len` bytes and a zero byte: `out` has 2 * len + 1 bytes. */
void ic__hex_encode(char *out, const uint8_t *data, size_t len);

/** Exactly 2 * len hex digits of either case; anything else gives false and leaves `out`
 * undefined. */
bool ic__hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);

#endif
