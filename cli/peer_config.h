/**
 * @file peer_config.h
 * What the flags come to: options for the peer, the bridge and the page.
 */
#ifndef PEER_CONFIG_H
#define PEER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "intercom/peer.h"
#include "peer_flags.h"

#define PEER_SECRET_MAX 1024 /* bytes of a token or password, closing zero included */

typedef struct peer_config {
    ic_peer_options peer; /* without base and env */
    char *msb_store;      /* memory of peer.msb_store */
    char password[PEER_SECRET_MAX];
    bool has_password;

    bool bridge;
    char token[PEER_SECRET_MAX];
    const char *bridge_host;
    uint16_t bridge_port;
    const char *filter;          /* NULL = none */
    const char *filter_channels; /* list, NULL = all */
    const char *origins;         /* list, NULL = none */
    bool cli;
    bool cli_keys;
    bool bridge_debug;
    const char *cert; /* both or neither */
    const char *key;

    bool page;
    const char *page_host;
    uint16_t page_port;
    const char *page_directory;

    bool quiet; /* messages are not printed */
    bool debug;
} peer_config;

/**
 * Check the flags and read the files that they name. Texts are borrowed from `flags`.
 *
 * @return 0; IC_ERR_INVALID or IC_ERR_IO with a sentence in `why`; IC_ERR_NOMEM
 */
IC_CHECK int peer_config_read(peer_config *config, const peer_flags *flags,
                              char why[PEER_REASON_MAX]);

/** Wipe and release. */
void peer_config_free(peer_config *config);

#endif
