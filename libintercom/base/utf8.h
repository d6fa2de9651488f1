/**
 * @file base/utf8.h
 * UTF-8 and its superset WTF-8, which can also hold the unpaired surrogates that a
 * JavaScript text may contain.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define IC__UTF8_INVALID UINT32_MAX
#define IC__UTF8_REPLACEMENT 0xfffdu

/**
 * The code point at `*at`, which moves behind it; surrogates are taken as they are.
 * `*at < end` must hold.
 *
 * @return IC__UTF8_INVALID when there is none: `*at` then moves behind the longest
 * part that could have begun one, or one byte, as JavaScript's decoder does
 */
uint32_t ic__utf8_next(const char **at, const char *end);

/** Append a code point, surrogates included. */
void ic__utf8_add(ic__buf *b, uint32_t code);

static inline bool ic__utf8_surrogate(uint32_t code)
{
    return code >= 0xd800 && code <= 0xdfff;
}

/** Well-formed UTF-8 without surrogates? */
bool ic__utf8_valid(const char *text, size_t len);

/** Order of two WTF-8 texts by UTF-16 code units, JavaScript's order: <0, 0 or >0. */
int ic__utf16_compare(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
