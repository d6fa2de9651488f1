/**
 * @file bridge/settings.h
 * The settings that every session obeys.
 *
 * Spec     docs/spec/13-sc-bridge.md, sections 1 and 6
 */
#ifndef BRIDGE_SETTINGS_H
#define BRIDGE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct bridge_settings {
    const char *token;           /* required */
    const char *filter;          /* of new clients; default "" */
    const char *filter_channels; /* comma list; NULL = the filter applies to all */
    bool cli;                    /* terminal commands over the bridge; default false */
    bool cli_keys;               /* /get_keys among them; default false */
    bool debug;                  /* log what clients ask for; default false */
    uint32_t max_wrong_tokens;   /* then the connection closes; default 5 */
    uint32_t max_subscriptions;  /* per client; default 256 */
    uint32_t max_answer_bytes;   /* a longer one becomes an error; default 3 MiB, so that
                                    it fits into a queue that is not quite empty */
    uint32_t max_waiting;        /* requests of a client that wait for plans; default 8 */
    uint64_t progress_ns;        /* between two messages of how far a search is; default
                                    500 ms */
    uint64_t auth_timeout_ns;    /* from the connection to auth_ok; default 30 s */
    uint64_t wrong_token_ns;     /* the first wrong token is answered after this time,
                                    each further one after twice as long; default 100 ms */
} bridge_settings;

void bridge_settings_default(bridge_settings *settings);

#endif
