/**
 * @file crypto/keycache.h
 * The secret text of a key file with the empty password, kept open beside it: "x.json"
 * has "x.opened". One line with a mark and the BLAKE2b-256 of key file and text, then the
 * text.
 */
#ifndef CRYPTO_KEYCACHE_H
#define CRYPTO_KEYCACHE_H

#include <stddef.h>

#include "crypto/sealed.h"
#include "intercom/api.h"

#define IC__KEYCACHE_MAX (IC__SEALED_TEXT_MAX + 128) /* bytes of the second file */

/** What a second file must fit to. */
typedef struct ic__keycache {
    const char *path; /* of the key file */
    const char *file; /* its bytes */
    size_t file_len;
} ic__keycache;

/**
 * Read the second file's bytes.
 *
 * @param text  IC__SEALED_TEXT_MAX bytes
 * @return 0 or IC_ERR_CORRUPT when they belong to another key file or are damaged
 */
IC_CHECK int ic__keycache_parse(const ic__keycache *cache, const char *data, size_t len,
                                char *text, size_t *text_len);

/**
 * Look for a second file.
 *
 * @return 0; IC_ERR_DENIED when it is a link or others own it or may touch it;
 *         IC_ERR_CORRUPT; IC_ERR_NOT_FOUND; IC_ERR_NOMEM; IC_ERR_IO
 */
IC_CHECK int ic__keycache_read(const ic__keycache *cache, char *text, size_t *text_len);

/** Write or replace it. @return 0 or an error of ic__private_write */
IC_CHECK int ic__keycache_write(const ic__keycache *cache, const char *text,
                                size_t text_len);

/** Delete it. @return 0, also when there is none */
IC_CHECK int ic__keycache_remove(const char *path);

#endif
