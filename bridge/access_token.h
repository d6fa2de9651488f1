/**
 * @file bridge/access_token.h
 * The token that a page asks for before it lets somebody in, from a file.
 */
#ifndef BRIDGE_ACCESS_TOKEN_H
#define BRIDGE_ACCESS_TOKEN_H

#include "intercom/api.h"

#define BRIDGE_TOKEN_MIN 16  /* characters; shorter ones can be tried out */
#define BRIDGE_TOKEN_MAX 256 /* characters */

/**
 * The first line of `file`. Wipe `out` after use.
 *
 * @return 0; IC_ERR_IO when it cannot be read; IC_ERR_INVALID when the line is too short,
 * too long or has characters outside of visible ASCII; IC_ERR_DENIED when other users of
 * this machine can read the file
 */
IC_CHECK int bridge_access_token_read(const char *file, char out[BRIDGE_TOKEN_MAX + 1]);

#endif
