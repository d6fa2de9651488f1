/**
 * @file codec_json.h
 * Every encoding of docs/spec/01-compact-encoding.md by its name in the golden vectors,
 * put together from transport/codec.h and shown as JSON.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <jansson.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"

#define CODEC_JSON_WORDS 4 /* of a big integer */

/** Read a value; after an error `r` is bad and the value means nothing. Never NULL. */
json_t *codec_json_get(const char *enc, ic__rd *r);

void codec_json_put(const char *enc, ic__wr *w, const json_t *v);

/** Bytes as the vectors show them. */
json_t *codec_json_hex(const uint8_t *data, size_t len);

ic__addr codec_json_addr(const char *host, json_int_t port);

/* Shared by the two halves. */
bool codec_json_is(const char *enc, const char *name);

/** "array(x)" with `name` "array" gives x, in `inner`. */
bool codec_json_takes(const char *enc, const char *name, char inner[64]);

/** "uint24" with `name` "uint" gives 3 bytes; 0 when it is something else. */
size_t codec_json_width(const char *enc, const char *name);

#endif
