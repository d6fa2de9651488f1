/**
 * @file dht_relay_site.h
 * What a dht_peer asks of a blind relay.
 */
#ifndef DHT_RELAY_SITE_H
#define DHT_RELAY_SITE_H

#include "dht_peer.h"

/** Whoever brings the same token is joined with it. */
void dht_relay_site_pair(dht_relay_site *site, dht_peer *p, const uint8_t *token,
                         bool initiator, uint32_t local_id);
void dht_relay_site_drop(dht_relay_site *site, dht_peer *p, uint32_t local_id);

/** Answers for a peer that are due. A site of NULL has none. */
uint64_t dht_relay_site_deadline(const dht_relay_site *site, const dht_peer *p);
void dht_relay_site_tell(dht_relay_site *site, dht_peer *p, uint64_t now);

/** Pairs that are joined now. */
size_t dht_relay_site_pairs(const dht_relay_site *site);

/** From now on it joins nobody, and tells everybody who asks. */
void dht_relay_site_break(dht_relay_site *site);

#endif
