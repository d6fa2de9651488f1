/**
 * @file io/dht_names.h
 * Lists of addresses as people write them, and the names in lists of bootstrap nodes.
 *
 * Spec     docs/spec/05-dht-rpc.md, section 10 (bootstrap node address formats)
 * Errors   0 or a negative ic_error
 */
#ifndef IO_DHT_NAMES_H
#define IO_DHT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "intercom/api.h"

#define IC__DHT_NAMES_MAX 32
#define IC__DHT_NAME_BYTES 254 /* of a host, with the closing zero */

/** One bootstrap node: an address, a name, or both; then the address is taken. */
typedef struct ic__dht_name {
    ic__addr addr; /* family 0 = not known */
    uint16_t port;
    char host[IC__DHT_NAME_BYTES]; /* "" = none */
} ic__dht_name;

/** "address:port", "host:port", "address@host:port" or "port", with commas between; NULL
 * and "" are empty lists. @return 0; IC_ERR_INVALID; IC_ERR_LIMIT above `cap` */
IC_CHECK int ic__dht_names_read(const char *list, ic__dht_name *out, size_t cap,
                                size_t *count);

/** "address:port", with commas between, IPv4. The same errors. */
IC_CHECK int ic__dht_addresses_read(const char *list, ic__addr *out, size_t cap,
                                    size_t *count);

/** "192.0.2.7", port 0. */
bool ic__dht_host_read(ic__addr *out, const char *text);

/** Ask the system for the IPv4 address of a name; this may take seconds. False when it
 * has none. */
bool ic__dht_name_look_up(ic__dht_name *name);

#endif
