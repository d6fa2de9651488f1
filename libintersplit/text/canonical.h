/**
 * @file canonical.h
 * JSON as it is signed and hashed: keys sorted by bytes, no spaces, integers only.
 *
 * Spec     docs/spec/16-ledger.md, section 4.3
 */
#ifndef ISPLIT_CANONICAL_H
#define ISPLIT_CANONICAL_H

#include <stdint.h>

#include <jansson.h>

#include "text/buf.h"

/** What JavaScript keeps exactly. */
#define ISPLIT__INTEGER_MAX INT64_C(9007199254740991)

/**
 * Append `value`; of an object at the top, without its member `leave_out` (may be NULL).
 *
 * @return 0; IC_ERR_PROTO for a number that is not an integer of JavaScript or for too
 * much nesting; IC_ERR_NOMEM
 */
int isplit__canonical_write(isplit__buf *out, const json_t *value, const char *leave_out);

#endif
