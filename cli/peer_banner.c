#include "peer_banner.h"

#include <string.h>

static void say_list(peer_reply *out, const char *label, const char *list)
{
    if (list && list[0])
        peer_say(out, "%s %s", label, list);
}

/* An IPv6 address in a URL stands in brackets. */
static void say_url(peer_reply *out, const char *label, const char *scheme,
                    const char *host, unsigned port)
{
    bool six = strchr(host, ':') != NULL;

    peer_say(out, "%s %s://%s%s%s:%u", label, scheme, six ? "[" : "", host,
             six ? "]" : "", port);
}

void peer_banner(const peer_config *config, const ic_peer *peer, const peer_ports *ports,
                 peer_reply *out)
{
    const ic_identity *self = ic_peer_identity(peer);

    peer_say(out, "====================INTERCOM ====================");
    peer_say(out, "MSB store: %s", config->peer.msb_store);
    peer_say(out, "Peer store: %s", ic_peer_store(peer));
    say_list(out, "MSB DHT bootstrap nodes:", config->peer.msb_dht_bootstrap);
    say_list(out, "Peer DHT bootstrap nodes:", config->peer.dht_bootstrap);
    say_list(out, "Peer subnet bootstrap:", config->peer.subnet_bootstrap);
    peer_say(out, "Peer subnet channel: %s", config->peer.subnet_channel);
    peer_say(out, "Peer pubkey (hex): %s", ic_identity_public_key_hex(self));
    peer_say(out, "Peer trac address (bech32m): %s", ic_identity_address(self));
    peer_say(out, "Sidechannel entry: %s", IC_ENTRY_CHANNEL);
    say_list(out, "Sidechannel extras:", config->peer.channels);
    if (ports->bridge)
        say_url(out, "SC-Bridge:", config->cert ? "wss" : "ws", config->bridge_host,
                ports->bridge);
    if (ports->page)
        say_url(out, "Page:", config->cert ? "https" : "http", config->page_host,
                ports->page);
    peer_say(out, "================================================================");
    peer_say(out, config->peer.network
                      ? "Sidechannel: ready"
                      : "Sidechannel: ready on this machine (--dht-bootstrap looks for "
                        "other peers)");
}
