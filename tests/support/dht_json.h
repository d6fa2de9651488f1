/**
 * @file dht_json.h
 * Addresses, keys and records as the golden data of the DHT show them.
 */
#ifndef DHT_JSON_H
#define DHT_JSON_H

#include <jansson.h>

#include "dht/messages.h"

/** "host" and "port" of an object; family 0 for null. */
ic__addr dht_json_addr(const json_t *v);

/** A list of addresses, or null. @return how many */
size_t dht_json_addrs(const json_t *v, ic__addr *out, size_t cap);

/** The hex member `key` of exactly `len` bytes. */
void dht_json_key(const json_t *object, const char *key, uint8_t *out, size_t len);

ic__dht_peer dht_json_peer(const json_t *v);

/** These addresses, in this order. */
void dht_json_expect_addrs(const json_t *v, const ic__addr *addrs, size_t count);

#endif
