/**
 * @file crypto/private_file.h
 * Small files that are nobody else's business: read with a ceiling, written at once or
 * not at all.
 *
 * Spec     docs/spec/11-wallet.md, section 6 (our rules)
 * Errors   IC_ERR_NOT_FOUND, IC_ERR_EXISTS, IC_ERR_BUSY (locked), IC_ERR_DENIED,
 *          IC_ERR_FULL, IC_ERR_NOMEM, IC_ERR_IO for the rest
 */
#ifndef CRYPTO_PRIVATE_FILE_H
#define CRYPTO_PRIVATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "intercom/api.h"

/**
 * Read a whole regular file.
 *
 * @param follow   whether `path` may be a symbolic link
 * @param exposed  somebody else owns it or may read or write it
 * @return 0; IC_ERR_CORRUPT when it has more than `cap` bytes or is no regular file
 */
IC_CHECK int ic__private_read(const char *path, bool follow, char *data, size_t cap,
                              size_t *len, bool *exposed);

/**
 * Write a file of mode 0600 through a temporary one in the same folder, and wait until
 * both file and name are on the disk.
 *
 * @param replace  false: IC_ERR_EXISTS when there is something of that name
 * @return 0; after IC_ERR_IO the new file may be there, but could be lost in a crash
 */
IC_CHECK int ic__private_write(const char *path, const void *data, size_t len,
                               bool replace);

/** Is there anything of that name? */
bool ic__private_exists(const char *path);

/** Make the missing folders above `path`, mode 0700. @return 0; IC_ERR_EXISTS also when
 * something else stands where one should */
IC_CHECK int ic__private_folders(const char *path);

/** What a number of errno means. */
int ic__private_error(int number);

#endif
