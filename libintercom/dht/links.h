/**
 * @file dht/links.h
 * What servers and dials of one node share: sockets for punching, streams that are on
 * their way, budgets, and what was learned of ways to peers.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 6 to 12 and 15
 */
#ifndef DHT_LINKS_H
#define DHT_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/queue.h"
#include "dht/dht_state.h"
#include "dht/relay_cache.h"
#include "dht/tally.h"

struct ic__dht_links {
    ic__dht *dht;
    ic__queue servers;
    ic__queue dials;
    ic__map sockets; /* number: ic__punch_socket */
    ic__map streams; /* local id: ic__trail */
    ic__queue ends;  /* trails whose streams are gone, for a next one */
    ic__relay_cache relays;
    ic__tally handshakes;       /* unfinished ones of all servers */
    size_t finding;             /* dials that look for their peer now */
    size_t random_punches;      /* going on */
    uint64_t random_punched_ns; /* when the last one ended */
    bool has_random_punched;
};

/** The socket that stands for the node: the one its requests leave by. */
uint32_t ic__links_socket(const ic__dht_links *links);

/** Our public address, if it is that of our server socket. @return false = not known */
bool ic__links_open_address(const ic__dht_links *links, ic__addr *addr);

/** May a random punch begin? One at a time, and a pause after it. */
bool ic__links_may_punch_randomly(const ic__dht_links *links);

/** Does this node belong to the machine itself: loopback or one of its interfaces? */
bool ic__links_is_own_host(const ic__dht_links *links, const ic__addr *addr);

#endif
