/**
 * @file buf.h
 * Text that grows. A buffer that could not grow turns bad and stays bad; one check at the
 * end.
 */
#ifndef ISPLIT_BUF_H
#define ISPLIT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"

typedef struct isplit__buf {
    char *data; /* followed by a zero byte; NULL until the first byte */
    size_t len;
    size_t cap;
    bool bad;
} isplit__buf;

void isplit__buf_add(isplit__buf *b, const void *data, size_t len);
void isplit__buf_text(isplit__buf *b, const char *text);
void isplit__buf_printf(isplit__buf *b, const char *format, ...) IC_PRINTF(2, 3);
void isplit__buf_hex(isplit__buf *b, const uint8_t *data, size_t len);

/**
 * Grow an array so that it has room for `need` elements of `size` bytes.
 *
 * @param array  the address of its pointer
 * @return false when there is no memory; it is as it was
 */
bool isplit__grow(void *array, size_t need, size_t *cap, size_t size);

/** Make a gap of one element at place `at`, with room or as isplit__grow makes it. */
bool isplit__widen(void *array, size_t at, size_t *count, size_t *cap, size_t size);

/** Negative when an element stands before what is looked for. */
typedef int (*isplit__compare_cb)(const void *element, const void *wanted);

/** The place of the first element that is not smaller than `wanted`. */
size_t isplit__search(const void *array, size_t count, size_t size, const void *wanted,
                      isplit__compare_cb compare);

/** Text between quotes, escaped as JSON.stringify and RFC 8785 do. */
void isplit__buf_json_text(isplit__buf *b, const char *text, size_t len);

/** Hand the text over (free with ic_mem_free) and start empty; NULL when bad. */
char *isplit__buf_take(isplit__buf *b);

/** 0 and the text in `out`, or IC_ERR_NOMEM; the buffer is empty afterwards. */
int isplit__buf_finish(isplit__buf *b, char **out);
void isplit__buf_free(isplit__buf *b);

#endif
