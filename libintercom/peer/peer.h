/**
 * @file peer/peer.h
 * What an ic_peer is made of, for the files of this room and for our programs.
 */
#ifndef PEER_PEER_H
#define PEER_PEER_H

#include "intercom/peer.h"
#include "io/soon.h"
#include "peer/folder.h"
#include "sidechannel/sidechannel.h"

#define IC__SUBNET_KEY_HEX 64

struct ic_peer {
    ic_env env;
    ic__folder folder;
    ic_identity *identity;
    ic__sidechannel *channels;
    uint64_t started_ns;

    char *dht_bootstrap; /* NULL = none, like the next ones */
    char *subnet_channel;
    char *msb_store;
    char *msb_dht_bootstrap;
    char subnet_bootstrap[IC__SUBNET_KEY_HEX + 1]; /* "" = none */

    ic__soon *gone;
    bool closing;
    void (*on_closed)(void *user);
    void *user;
};

/** The options with defaults for what the caller does not know. @return as
 * ic__opts_read */
IC_CHECK int ic__peer_options_read(ic_peer_options *out, const ic_peer_options *opts);

/** The channels of a peer, for the programs that hand them to the bridge; borrowed. */
ic__sidechannel *ic__peer_channels(const ic_peer *peer);

#endif
