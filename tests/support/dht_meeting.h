/**
 * @file dht_meeting.h
 * A net, a server that listens and a client that dials it.
 */
#ifndef DHT_MEETING_H
#define DHT_MEETING_H

#include "dht_peer.h"

typedef struct dht_meeting {
    dht_net net;
    dht_peer *server;
    dht_peer *client;
} dht_meeting;

/** Both are there and know the net; nobody listens yet. */
void dht_meeting_init(dht_meeting *m, uint64_t seed, dht_nat_kind client,
                      dht_nat_kind server);
void dht_meeting_free(dht_meeting *m);

/** The server listens, and ten seconds go by. */
void dht_meeting_listen(dht_meeting *m);

/** Both have a proven connection within this time. */
bool dht_meeting_met(dht_meeting *m, uint64_t ns);

/** The client has nothing left of its dials, the server nothing of its handshakes, but
 * what is kept for ten seconds more. */
void dht_meeting_assert_clean(const dht_meeting *m);

#endif
