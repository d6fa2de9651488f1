/**
 * @file bridge/ui_flags.h
 * The command line of intercom-bridge.
 */
#ifndef BRIDGE_UI_FLAGS_H
#define BRIDGE_UI_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/ws_url.h"

#define BRIDGE_UI_LIST_MAX 32
#define BRIDGE_UI_WHY_MAX 512

/** Texts are borrowed from the command line and the environment. */
typedef struct bridge_ui_flags {
    const char *host;
    uint16_t port;
    bridge_ws_url upstream;
    const char *upstream_text;
    const char *upstream_ca_file; /* NULL = the system's authorities */
    const char *cert_file;        /* NULL = no TLS */
    const char *key_file;
    const char *token_file; /* NULL = no token */
    const char *page_folder;
    const char *origins[BRIDGE_UI_LIST_MAX + 1]; /* NULL at the end */
    const char *hosts[BRIDGE_UI_LIST_MAX + 1];
    bool insecure;
    bool help;
    bool version;
} bridge_ui_flags;

/**
 * Read the command line. When --help or --version is in it, the rest may be wrong.
 *
 * @param page_folder  used when neither --page-dir nor INTERCOM_PAGE_DIR is given
 * @return 0; IC_ERR_INVALID with a sentence in `why`; IC_ERR_DENIED, likewise, when it
 * would open the peer to the network without TLS and a token
 */
IC_CHECK int bridge_ui_flags_read(bridge_ui_flags *flags, int argc, char *const *argv,
                                  const char *(*getenv_fn)(const char *name),
                                  const char *page_folder, char why[BRIDGE_UI_WHY_MAX]);

/** What --help prints. */
extern const char bridge_ui_help[];

#endif
