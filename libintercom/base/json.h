/**
 * @file base/json.h
 * JSON as JavaScript reads and writes it, because signatures cover JavaScript's text.
 *
 * A parsed document is one immutable tree in one piece of memory: free the root, read the
 * rest. Texts are WTF-8 (a lone "\ud83d" is kept); numbers are IEEE doubles that also
 * keep the characters they were written with; objects are in JavaScript's property order,
 * a repeated name has its first place and its last value.
 *
 * Accessors take NULL and values of any type and answer "nothing", so that a chain of
 * lookups needs one check at its end.
 *
 * Spec     docs/spec/12-sidechannel.md, section 3; docs/spec/14-trac-peer.md, section 2
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "intercom/api.h"

#define IC__JSON_MAX_BYTES ((size_t)1 << 20)
#define IC__JSON_MAX_DEPTH 64         /* arrays and objects inside each other */
#define IC__JSON_MAX_VALUES 65536     /* values in a document, containers included */
#define IC__JSON_MAX_NUMBER_CHARS 512 /* characters of one number */

typedef struct ic__json ic__json;

typedef enum ic__json_kind {
    IC__JSON_NOTHING, /* no such value */
    IC__JSON_NULL,
    IC__JSON_BOOL,
    IC__JSON_NUMBER,
    IC__JSON_TEXT,
    IC__JSON_ARRAY,
    IC__JSON_OBJECT
} ic__json_kind;

/**
 * Parse strict RFC 8259: UTF-8, no byte order mark, nothing behind the value.
 *
 * @return 0; IC_ERR_PROTO (not JSON), IC_ERR_LIMIT (one of the limits above),
 * IC_ERR_NOMEM
 */
IC_CHECK int ic__json_parse(const char *text, size_t len, ic__json **out);

/** Free a root; NULL is fine. */
void ic__json_free(ic__json *root);

ic__json_kind ic__json_type(const ic__json *v);

static inline bool ic__json_is(const ic__json *v, ic__json_kind kind)
{
    return ic__json_type(v) == kind;
}

/** Number of elements or members; 0 for other types. */
size_t ic__json_count(const ic__json *v);

/** Element of an array or value of a member, in order; NULL past the end. */
const ic__json *ic__json_at(const ic__json *v, size_t index);

/** Name of a member of an object, by position; NULL past the end. */
const char *ic__json_name_at(const ic__json *v, size_t index, size_t *len);

/** Value of the member `name`; NULL when there is none. */
const ic__json *ic__json_get(const ic__json *object, const char *name);

/** WTF-8, with a zero byte behind it (and perhaps others inside); NULL when not a text.
 */
const char *ic__json_text(const ic__json *v, size_t *len);

/** A text without zero bytes and lone surrogates, as a C string; NULL otherwise. */
const char *ic__json_cstring(const ic__json *v);

/** The double; NaN when not a number. */
double ic__json_number(const ic__json *v);

/** The characters that the number was written with; NULL when not a number. */
const char *ic__json_token(const ic__json *v);

/** Is it a number, integer and within +-(2^53 - 1)? */
bool ic__json_integer(const ic__json *v, int64_t *out);

/** `otherwise` when not a boolean. */
bool ic__json_bool(const ic__json *v, bool otherwise);

/** Does JavaScript take the value for true? Nothing, null, false, 0 and "" are not. */
bool ic__json_truthy(const ic__json *v);

/** As JSON.stringify does; NULL gives null. */
void ic__json_write(ic__buf *b, const ic__json *v);

/** The same with members sorted by UTF-16 code units: what gets signed and hashed. */
void ic__json_write_canonical(ic__buf *b, const ic__json *v);

/** One text in quotes. Bytes that are not WTF-8 become U+FFFD. */
void ic__json_write_text(ic__buf *b, const char *text, size_t len);

/** The same for a C string; NULL gives null. */
void ic__json_write_cstring(ic__buf *b, const char *text);

/** The shortest digits that read back to the same double; not finite gives null. */
void ic__json_write_number(ic__buf *b, double number);

#endif
