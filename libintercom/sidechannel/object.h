/**
 * @file sidechannel/object.h
 * What invites and welcomes have in common: their forms as text, a payload and a
 * signature.
 *
 * Where the reference converts members of any type, we take only the proper ones (texts,
 * numbers, null); everything that its tools make passes.
 *
 * Spec     docs/spec/12-sidechannel.md, sections 5 and 11
 */
#ifndef SIDECHANNEL_OBJECT_H
#define SIDECHANNEL_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "intercom/api.h"
#include "intercom/identity.h"
#include "sidechannel/policy.h"

#define IC__OBJECT_MAX_BYTES                                                             \
    ((size_t)1 << 16) /* of an invite or welcome as text or file */

/**
 * Read the text form: JSON when it starts with '{', else base64 of that, of either
 * alphabet, padded or not. With `at_terminal` also "b64:..." and "@path".
 *
 * @return 0 (free with ic__json_free); IC_ERR_PROTO when it is none of them or not an
 * object; IC_ERR_LIMIT; IC_ERR_IO when the file cannot be read; IC_ERR_NOMEM
 */
IC_CHECK int ic__object_parse(const char *text, size_t len, bool at_terminal,
                              ic__json **out);

/** base64 of the text form, as the terminal prints it. */
void ic__object_base64(ic__buf *b, const char *json, size_t len);

/** The signed members: the object "payload", or the object itself when there is none. */
const ic__json *ic__object_payload(const ic__json *object);

/** Is there anything that could be a signature? */
bool ic__object_is_signed(const ic__json *object);

/** The bytes of its signature; false when they are not hex or not so many. */
bool ic__object_signature(const ic__json *object, uint8_t out[IC_SIGNATURE_BYTES]);

/** Is `text` signed by `key` with the object's "sig" (or "signature")? */
bool ic__object_verify(const ic__json *object, const ic__buf *text, const char *key);

/** Write {"payload":<payload>,"sig":<signature of text>, without the closing brace. */
void ic__object_write(ic__buf *b, const ic__buf *payload, const ic__buf *text,
                      const ic_identity *signer);

/* Members of a payload; false when they have a wrong type or are missing. */
bool ic__object_key(const ic__json *payload, const char *name, char out[IC__KEY_HEX + 1]);
bool ic__object_time(const ic__json *payload, const char *name, double *out);
/** Absent and null count as "". */
bool ic__object_text(const ic__json *payload, const char *name, const char **text,
                     size_t *len);
/** Absent and null count as 1. */
bool ic__object_version(const ic__json *payload, double *out);

#endif
