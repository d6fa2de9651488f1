/**
 * @file peer_history.h
 * The lines that were typed, one a line in a file that only its owner reads.
 */
#ifndef PEER_HISTORY_H
#define PEER_HISTORY_H

#include <stddef.h>

#include "intercom/api.h"

#define PEER_HISTORY_LINES 500
#define PEER_HISTORY_MAX_BYTES 262144 /* a longer file is cut down to its last lines */

/** Tell the last PEER_HISTORY_LINES lines of a file, oldest first. A file that is not
 * there has none.
 *
 * @return 0; IC_ERR_IO; IC_ERR_NOMEM */
IC_CHECK int peer_history_read(const char *path,
                               void (*line)(const char *text, void *user), void *user);

/** Put a line at the end of the file, which is made with mode 0600.
 *
 * @return 0; IC_ERR_IO; IC_ERR_NOMEM */
IC_CHECK int peer_history_add(const char *path, const char *text, size_t len);

#endif
