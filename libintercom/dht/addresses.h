/**
 * @file dht/addresses.h
 * What an IPv4 address tells: whether it can be reached from elsewhere, and which of a
 * peer's addresses is likely to be in our own network.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 6 and 10
 */
#ifndef DHT_ADDRESSES_H
#define DHT_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "dht/host.h"

static inline bool ic__addr_same_host(const ic__addr *a, const ic__addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/** 10/8, 192.168/16 and their kin, loopback included. */
bool ic__addr_is_private(const ic__addr *a);

/** Of documentation, benchmarks, multicast, and everything else that nobody has. */
bool ic__addr_is_reserved(const ic__addr *a);

/** Private or reserved: means nothing outside of its own network. */
bool ic__addr_is_bogon(const ic__addr *a);

bool ic__addr_is_loopback(const ic__addr *a);

/** May we send there because a peer says so? An IPv4 host of its own and a port. */
bool ic__addr_is_sendable(const ic__addr *a);

/**
 * The one of `theirs` that shares the most leading bytes with one of `mine`: three win
 * at once, one is the least.
 *
 * @return NULL when none does
 */
const ic__addr *ic__addr_match(const ic__addr *mine, size_t mine_count,
                               const ic__addr *theirs, size_t theirs_count);

/** Is this host one of the `count` in `list`? */
bool ic__addr_host_in(const ic__addr *a, const ic__addr *list, size_t count);

/**
 * Where our server socket can be reached inside of this machine and its networks: the
 * address that it is bound to, or all interfaces.
 *
 * @return how many of `cap` were written
 */
size_t ic__local_addresses(const ic__dht_host *host, ic__addr *out, size_t cap);

#endif
