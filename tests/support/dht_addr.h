/**
 * @file dht_addr.h
 * IPv4 addresses of tests, from text.
 */
#ifndef DHT_ADDR_H
#define DHT_ADDR_H

#include "base/addr.h"

/** "10.0.0.1" and a port; fails the test for any other text. */
ic__addr dht_addr(const char *ip, uint16_t port);

#endif
