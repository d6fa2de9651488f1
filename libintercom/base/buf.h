/**
 * @file base/buf.h
 * Bytes that grow: texts and messages whose length is not known beforehand.
 *
 * A buffer that could not grow, or would pass its limit, turns bad and stays bad; one
 * check at the end. Always followed by a zero byte, so a text can be read as a C string.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

typedef struct ic__buf {
    char *data; /* NULL until the first byte */
    size_t len;
    size_t cap;
    size_t max; /* bytes; 0 = no limit of its own */
    bool bad;
} ic__buf;

void ic__buf_add(ic__buf *b, const void *data, size_t len);
void ic__buf_text(ic__buf *b, const char *text);
void ic__buf_char(ic__buf *b, char c);
void ic__buf_printf(ic__buf *b, const char *format, ...) IC_PRINTF(2, 3);

/** Hand the bytes over (free with ic_mem_free) and start empty; NULL when bad. */
char *ic__buf_take(ic__buf *b);

/** Forget the content, keep the memory, be good again. */
void ic__buf_reset(ic__buf *b);
void ic__buf_free(ic__buf *b);

#endif
