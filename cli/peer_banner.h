/**
 * @file peer_banner.h
 * What the program prints when it is ready: the lines of the reference.
 */
#ifndef PEER_BANNER_H
#define PEER_BANNER_H

#include <stdbool.h>

#include "peer_config.h"
#include "peer_reply.h"

/** Where the servers listen; 0 = off. */
typedef struct peer_ports {
    unsigned bridge;
    unsigned page;
} peer_ports;

void peer_banner(const peer_config *config, const ic_peer *peer, const peer_ports *ports,
                 peer_reply *out);

#endif
