/**
 * @file io/ws_key.h
 * The two header values that prove a WebSocket handshake (RFC 6455, section 4.2.2).
 */
#ifndef IO_WS_KEY_H
#define IO_WS_KEY_H

#include <stdbool.h>

#include "intercom/sys/env.h"
#include "io/http_head.h"

#define IC__WS_KEY_LEN 24    /* Sec-WebSocket-Key */
#define IC__WS_ACCEPT_LEN 28 /* Sec-WebSocket-Accept */

/** 22 characters of base64 and "==" (docs/spec/13-sc-bridge.md, section 1). */
bool ic__ws_key_valid(ic__span key);

/** A new random key, as a C string. */
void ic__ws_key_new(const ic_env *env, char out[IC__WS_KEY_LEN + 1]);

/** The answer to `key`, as a C string. */
void ic__ws_key_accept(const char key[IC__WS_KEY_LEN], char out[IC__WS_ACCEPT_LEN + 1]);

#endif
