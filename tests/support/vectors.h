/**
 * @file vectors.h
 * The golden data in tests/vectors.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/wr.h"

/** tests/vectors/<name>, parsed; fails the test when it cannot. Free with json_decref. */
json_t *vectors_load(const char *name);

/** The text member `key` of `object`; fails the test when there is none. */
const char *vectors_text(const json_t *object, const char *key);

/** The hex member `key` of `object` as bytes on the heap in a piece of exactly that size;
 * free() it. */
uint8_t *vectors_bytes(const json_t *object, const char *key, size_t *len);

/** Is there a member `key`, other than null? */
bool vectors_has(const json_t *object, const char *key);

/** The test fails unless the hex member `key` of `object` is exactly these bytes. */
void vectors_expect_bytes(const json_t *object, const char *key, const uint8_t *got,
                          size_t len);

/** How a message is read, held against an example, and written. */
typedef struct vectors_codec {
    size_t size; /* of the message in memory */
    int (*read)(void *message, const uint8_t *data, size_t len);
    /** @return shorter ones than this must be refused; 0 for an old form, which is read
     * and never written */
    size_t (*expect)(const json_t *example, const void *message, size_t len);
    void (*write)(ic__wr *w, const void *message);
} vectors_codec;

/** Each of `count` examples, in their hex member `key`, is read, is what it should be, is
 * written as it was, and refused when it is cut. */
void vectors_round(const json_t *examples, const char *key, const vectors_codec *codec,
                   size_t count);

/** Hex text as bytes, as above. */
uint8_t *vectors_unhex(const char *hex, size_t *len);

#endif
