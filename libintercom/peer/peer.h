/**
 * @file peer/peer.h
 * What an ic_peer is made of, for the files of this room and for our programs.
 */
#ifndef PEER_PEER_H
#define PEER_PEER_H

#include "intercom/peer.h"
#include "io/soon.h"
#include "peer/folder.h"
#include "peer/network.h"
#include "sidechannel/sidechannel.h"

#define IC__SUBNET_KEY_HEX 64

struct ic_peer {
    ic_env env;
    ic__folder folder;
    ic_identity *identity;
    ic__sidechannel *channels;
    uint64_t started_ns;

    ic__network *network; /* NULL = none */
    ic_peer_options on;   /* its callbacks; the rest is not kept */
    void (*on_news)(const ic__sc_event *event, void *user); /* of ic__peer_on_news */
    void *news_user;

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

/** A function of sidechannel.h was called on them: the network should look. */
void ic__peer_wake(ic_peer *peer);

/** Tell a program what on_message and on_request are told, as it came; before those. */
void ic__peer_on_news(ic_peer *peer,
                      void (*on_news)(const ic__sc_event *event, void *user), void *user);

/* connections.c */

/** Start the network as the options say. @return 0; IC_ERR_INVALID after a line of log;
 * IC_ERR_NOMEM */
IC_CHECK int ic__peer_go_online(ic_peer *peer, const ic_peer_options *o);

#endif
