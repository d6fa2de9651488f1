/**
 * @file peer/folder.h
 * The folder of one peer, `<stores>/<name>/`, held by one process at a time.
 *
 * Spec     docs/spec/14-trac-peer.md, section 1 (files)
 */
#ifndef PEER_FOLDER_H
#define PEER_FOLDER_H

#include <stdbool.h>

#include "intercom/api.h"

#define IC__STORE_NAME_MAX 200 /* bytes */

typedef struct ic__folder {
    char *path;  /* "<stores>/<name>" */
    int lock_fd; /* of "<path>/peer.lock" */
} ic__folder;

/** May a folder be called so: no slash, no "..", no control character, not empty, not
 * ".". */
bool ic__folder_name_ok(const char *name);

/**
 * Make what is missing (mode 0700) and take the lock, which ends with the process.
 *
 * @return 0; IC_ERR_INVALID (the name); IC_ERR_BUSY (another process holds it);
 * IC_ERR_EXISTS (a file stands where a folder should); IC_ERR_DENIED (permissions, or a
 * read-only file system); IC_ERR_FULL; IC_ERR_IO; IC_ERR_NOMEM
 */
IC_CHECK int ic__folder_open(ic__folder *folder, const char *stores, const char *name);
void ic__folder_close(ic__folder *folder);

/** "<path>/<file>", to be freed with ic_mem_free; NULL = no memory. */
IC_CHECK char *ic__folder_file(const ic__folder *folder, const char *file);

#endif
