/**
 * @file intercom/keyfile.h
 * Where an identity lives between two starts: keypair.json, as trac-wallet writes it.
 *
 * With the empty password, which Intercom always uses, the file is obfuscated and not
 * protected: its permissions (0600) are what guards it. Opening it takes 256 MiB of
 * memory and about half a second, so with the empty password the opened key is kept in a
 * second file beside it ("keypair.opened", 0600), which is bound to the bytes of the
 * first and can be deleted at any time. With another password there is no second file.
 *
 * Spec     docs/spec/11-wallet.md, section 6
 * Threads  any; two processes may open and create the same file at once
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef INTERCOM_KEYFILE_H
#define INTERCOM_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"

IC_BEGIN_DECLS

/* What ic_identity_open may do: members of ic_keyfile_options.flags. */
#define IC_KEYFILE_CREATE UINT32_C(1) /* make folder, new words and file when missing */
#define IC_KEYFILE_CACHE UINT32_C(2)  /* use and write the second file */

/* What ic_identity_open did or noticed; a later version may add more. */
#define IC_KEYFILE_CREATED UINT32_C(1)       /* the file is new */
#define IC_KEYFILE_FROM_CACHE UINT32_C(2)    /* opened without key derivation */
#define IC_KEYFILE_CACHE_REFUSED UINT32_C(4) /* the second file was others' to write */
#define IC_KEYFILE_EXPOSED UINT32_C(8)       /* others can read or write the file */
#define IC_KEYFILE_WORDS_DIFFER UINT32_C(16) /* its words do not give its key */

typedef struct ic_keyfile_options {
    size_t struct_size;   /* set by ic_keyfile_options_default */
    const void *password; /* bytes, read during the call; default NULL */
    size_t password_len;  /* bytes, default 0 = the empty password */
    const ic_env *env;    /* its log gets the warnings; default NULL = silence */
    ic_network network;   /* default IC_NETWORK_MAINNET */
    uint32_t flags;       /* default IC_KEYFILE_CREATE | IC_KEYFILE_CACHE */
} ic_keyfile_options;

IC_API void ic_keyfile_options_init(ic_keyfile_options *options, size_t struct_size);
static inline void ic_keyfile_options_default(ic_keyfile_options *options)
{
    ic_keyfile_options_init(options, sizeof *options);
}

/**
 * "<stores>/<store>/db/keypair.json".
 *
 * @param path  free with ic_mem_free
 * @return 0; IC_ERR_NOMEM; IC_ERR_INVALID when `store` is empty, "." or ".." or has a
 *         slash
 */
IC_API IC_CHECK int ic_keyfile_path(char **path, const char *stores, const char *store);

/**
 * Open the identity in a key file of trac-wallet 1.0 or 2.x, or make a new one.
 *
 * @param options  NULL = the defaults
 * @param notes    IC_KEYFILE_... flags; may be NULL
 * @return 0; IC_ERR_AUTH (wrong password, or the file was changed); IC_ERR_NOT_FOUND
 *         (without IC_KEYFILE_CREATE); IC_ERR_CORRUPT (no key file, or its keys do not
 *         belong together); IC_ERR_UNSUPPORTED (a newer layout); IC_ERR_NOMEM (also when
 *         the 256 MiB are missing); IC_ERR_DENIED, IC_ERR_FULL, IC_ERR_IO
 */
IC_API IC_CHECK int ic_identity_open(ic_identity **identity, const char *path,
                                     const ic_keyfile_options *options, uint32_t *notes);

/**
 * Write an identity to a key file in the layout of trac-wallet 1.0, at once or not at
 * all: a crash leaves the old file or the new one.
 *
 * The folder must exist. The second file is deleted, and written anew where
 * ic_identity_open would do so. Of the options, network and IC_KEYFILE_CREATE do not
 * count.
 *
 * @param replace  false: IC_ERR_EXISTS when there is a file
 * @return 0; IC_ERR_EXISTS, IC_ERR_NOT_FOUND (no folder), IC_ERR_NOMEM, IC_ERR_DENIED,
 *         IC_ERR_FULL, IC_ERR_IO
 */
IC_API IC_CHECK int ic_identity_save(const ic_identity *identity, const char *path,
                                     const ic_keyfile_options *options, bool replace);

IC_END_DECLS

#endif
