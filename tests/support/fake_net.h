/**
 * @file fake_net.h
 * Datagrams between addresses, in a time that the test owns and with the luck of a seed.
 *
 * A node has a number for life and an address that a NAT can change under it. What a node
 * sends passes the rules of its link: cut, loss, a queue in front of a wire of limited
 * rate, delay, reordering, duplication, damage.
 */
#ifndef FAKE_NET_H
#define FAKE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fake_net fake_net;

/** What happens to datagrams; all zero is a perfect wire without delay. */
typedef struct fake_link {
    uint64_t delay_ns;
    uint64_t jitter_ns;     /* added to the delay, evenly from 0; keeps the order */
    uint64_t rate_bps;      /* bits per second with 28 bytes of headers; 0 = no limit */
    uint64_t queue_bytes;   /* waiting for the wire; more is dropped; 0 = no limit */
    uint32_t loss_ppm;      /* of a million */
    uint32_t duplicate_ppm; /* delivered twice */
    uint32_t reorder_ppm;   /* held back by reorder_ns */
    uint32_t damage_ppm;    /* one bit turned */
    uint64_t reorder_ns;
    size_t mtu; /* longer datagrams vanish; 0 = no limit */
    bool cut;   /* nothing passes */
} fake_link;

typedef struct fake_net_stats {
    uint64_t sent;
    uint64_t delivered;
    uint64_t lost;       /* by chance, cut or mtu */
    uint64_t overflowed; /* dropped by a full queue */
} fake_net_stats;

/** A datagram arrived at the node that this was given for. */
typedef void (*fake_net_recv_cb)(const uint8_t *data, size_t len, uint32_t from,
                                 uint64_t now, void *user);

fake_net *fake_net_new(uint64_t seed);
void fake_net_free(fake_net *net);

/** A new node; its address is its number + 1, until it is moved. */
size_t fake_net_add(fake_net *net, fake_net_recv_cb recv, void *user);

/** The rules for what this node sends. A link can be shared: it stays the caller's. */
void fake_net_set_link(fake_net *net, size_t node, fake_link *link);

/** A wire that several nodes share, as flows share a bottleneck; call on the node. */
void fake_net_share_wire(fake_net *net, size_t node, size_t with);

uint32_t fake_net_address(const fake_net *net, size_t node);

/** Give the node a new address, as a NAT does: the old one leads nowhere. */
uint32_t fake_net_remap(fake_net *net, size_t node);

void fake_net_send(fake_net *net, size_t node, uint32_t to, const uint8_t *data,
                   size_t len, uint64_t now);

/** When the next datagram arrives, or UINT64_MAX. */
uint64_t fake_net_next(const fake_net *net);

/** Deliver what arrives up to `now`; callbacks may send. */
void fake_net_deliver(fake_net *net, uint64_t now);

fake_net_stats fake_net_get_stats(const fake_net *net);

#endif
