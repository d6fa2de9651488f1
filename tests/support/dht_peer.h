/**
 * @file dht_peer.h
 * A whole DHT node on a machine of a dht_world: it listens, dials, and its streams do as
 * much as streams must: they send until they are answered, prove themselves, and die when
 * nobody answers.
 */
#ifndef DHT_PEER_H
#define DHT_PEER_H

#include "dht/dht.h"
#include "dht_world.h"

#define DHT_PEER_LINKS 2048

/** A connection that this peer was told of. */
typedef struct dht_peer_link {
    uint32_t local_id; /* 0 = gone */
    bool fresh;        /* nothing has come by the way that it goes now */
    bool proven;       /* something has come at least once */
    bool relayed;
    bool initiator;
    uint8_t remote_key[IC__DHT_KEY_BYTES];
    uint64_t since_ns;
    uint64_t sent_ns;
} dht_peer_link;

/** A blind relay without a handshake: a machine that joins two streams by their token. */
typedef struct dht_relay_site dht_relay_site;

typedef struct dht_peer {
    dht_world *world;
    dht_machine *machine;
    ic__dht *dht;
    ic__dht_host host; /* the machine's, with ours in between */
    ic_identity *identity;
    ic__dht_server *server;
    ic__dht_dial *dial; /* the last one */
    struct dht_peer_call *calls;
    dht_relay_site *relay;
    dht_peer_link links[DHT_PEER_LINKS];
    size_t link_count;  /* ever used */
    size_t connections; /* told, as server and as client */
    size_t proven;
    size_t failures;   /* dials that ended with an error */
    size_t firewalled; /* refused by the hook */
    size_t listening;
    size_t closed;
    size_t relay_drops;
    size_t punches; /* datagrams of one byte, sent */
    bool refuse;    /* all that come */
    bool mute;      /* streams say nothing */
    int last_error;
    char last_reason[64];
    uint64_t connected_ns;
    uint64_t next_ns; /* of the streams' timers */
} dht_peer;

/** `seed` names its key. `opts` NULL = those of a peer of the net that is given. */
void dht_peer_init(dht_peer *p, dht_world *w, dht_machine *m, uint8_t seed,
                   const ic__dht_options *opts);
void dht_peer_free(dht_peer *p);

const uint8_t *dht_peer_key(const dht_peer *p);

/** Options with the default or changed ones; fails the test when refused. */
void dht_peer_listen(dht_peer *p, const ic__dht_server_options *opts);

/** Dial with default options, or with these; key and callbacks are filled in, and the
 * identity when there is none. */
void dht_peer_dial(dht_peer *p, const uint8_t *key, const ic__dht_dial_options *opts);

/** All its streams end, without a word to the other side. */
void dht_peer_hang_up(dht_peer *p);

/** Links that are alive and proven. */
size_t dht_peer_alive(const dht_peer *p);

/** A bootstrap node and `others` persistent ones in the open. */
typedef struct dht_net {
    dht_world *world;
    dht_peer *nodes;
    size_t count;
    ic__addr first;
} dht_net;

void dht_net_init(dht_net *n, uint64_t seed, size_t others);
void dht_net_free(dht_net *n);

/** The same on one machine, where all have 127.0.0.1. */
void dht_net_init_loopback(dht_net *n, uint64_t seed, size_t others);

/** A peer of this net: it has started, and its first walk is over. */
dht_peer *dht_net_join(dht_net *n, dht_machine *m, uint8_t seed);

/** Its own options, for dht_peer_init. */
void dht_net_options(const dht_net *n, ic__dht_options *opts);

void dht_net_run(dht_net *n, uint64_t ns);

/** A relay in the open, of these peers. */
dht_relay_site *dht_relay_site_new(dht_world *w);
void dht_relay_site_free(dht_relay_site *site);

#endif
