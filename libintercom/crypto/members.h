/**
 * @file crypto/members.h
 * A flat JSON object of texts and nulls, read where it stands.
 *
 * For key files, whose texts are secret: nothing is copied, so nothing stays behind in
 * freed memory. Refuses what no key file has: other types, escapes, repeated names.
 */
#ifndef CRYPTO_MEMBERS_H
#define CRYPTO_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "intercom/api.h"

#define IC__MEMBERS_MAX 16

typedef struct ic__member {
    const char *name;
    size_t name_len;
    const char *text; /* borrowed, no closing zero; NULL for null */
    size_t len;
} ic__member;

typedef struct ic__members {
    ic__member item[IC__MEMBERS_MAX];
    size_t count;
} ic__members;

/** @return 0 or IC_ERR_CORRUPT */
IC_CHECK int ic__members_parse(ic__members *members, const char *text, size_t len);

/** The text of a member and its length; NULL when it is missing or null. */
const char *ic__members_text(const ic__members *members, const char *name, size_t *len);

/** The hex text of a member as exactly `size` bytes. */
bool ic__members_hex(const ic__members *members, const char *name, void *out,
                     size_t size);

#endif
