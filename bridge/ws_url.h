/**
 * @file bridge/ws_url.h
 * The address of a WebSocket: ws://host:port/path or wss://...
 */
#ifndef BRIDGE_WS_URL_H
#define BRIDGE_WS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "intercom/api.h"

#define BRIDGE_URL_HOST_MAX 254
#define BRIDGE_URL_PATH_MAX 512

typedef struct bridge_ws_url {
    bool secure;
    char host[BRIDGE_URL_HOST_MAX]; /* without the brackets of an IPv6 address */
    uint16_t port;                  /* 80 or 443 when the text has none */
    char path[BRIDGE_URL_PATH_MAX]; /* "/" when the text has none; with the query */
} bridge_ws_url;

/** @return 0; IC_ERR_INVALID for anything else, also user names and fragments */
IC_CHECK int bridge_ws_url_parse(const char *text, bridge_ws_url *out);

#endif
