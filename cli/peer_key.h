/**
 * @file peer_key.h
 * Bytes from a keyboard, cut into keys.
 *
 * libedit reads on until a key is complete, which would stop the loop; it gets whole keys
 * only.
 */
#ifndef PEER_KEY_H
#define PEER_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_KEY_MAX 32 /* bytes; a longer sequence is no key and is cut here */

/** Length of the first key: a character, or an escape sequence; 0 = more bytes are
 * needed.
 */
size_t peer_key_len(const uint8_t *bytes, size_t len);

/** Keys for which libedit would wait for further keys by itself: literal insert,
 * searches, its own command line, the ^X prefix. */
bool peer_key_waits(const uint8_t *key, size_t len);

#endif
