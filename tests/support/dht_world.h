/**
 * @file dht_world.h
 * Many DHT nodes on one simulated network, in a time that jumps from event to event.
 *
 * A machine has one address and as many sockets as its node opens; it stands in the open
 * or behind a NAT. What lives on it is the test's: an ic__rpc, an ic__dht, a fuzzer; it
 * is given by three functions. A failing run repeats itself with its seed.
 */
#ifndef DHT_WORLD_H
#define DHT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dht/clock.h"
#include "dht/host.h"
#include "dht/rpc.h"
#include "fake_clock.h"

typedef struct dht_world dht_world;
typedef struct dht_machine dht_machine;

/** How all datagrams travel; may be changed at any time. */
typedef struct dht_weather {
    uint64_t delay_ns;  /* default 1 ms */
    uint64_t jitter_ns; /* added, evenly from 0; reorders */
    uint32_t loss_ppm;  /* of a million */
    uint32_t duplicate_ppm;
} dht_weather;

typedef enum dht_nat_kind {
    DHT_OPEN,       /* its own public address */
    DHT_CONSISTENT, /* one port for all it talks to; lets in whoever was talked to */
    DHT_RANDOM,     /* another port for each it talks to */
    DHT_FORWARDED,  /* behind a NAT that passes all ports on to it */
    DHT_BLOCKED     /* nothing passes, either way */
} dht_nat_kind;

/** Who lives on a machine. `deadline` may be UINT64_MAX. */
typedef struct dht_driver {
    void (*recv)(void *user, uint32_t sock, const ic__addr *from, const uint8_t *data,
                 size_t len, uint64_t now);
    uint64_t (*deadline)(void *user);
    void (*expire)(void *user, uint64_t now);
    /** A packet of a stream that is not connected, or by another way than its own; true
     * = taken. May be NULL. */
    bool (*stream_packet)(void *user, uint32_t local_id, uint32_t sock,
                          const ic__addr *from, uint64_t now);
    /** A packet of a connected stream that was taken; `own`: by the way that it goes. May
     * be NULL. */
    void (*stream_data)(void *user, uint32_t local_id, bool own, uint64_t now);
    void *user;
} dht_driver;

dht_world *dht_world_new(uint64_t seed);

/** Its machines too; who lives on them must be gone already. */
void dht_world_free(dht_world *w);

dht_weather *dht_world_weather(dht_world *w);
uint64_t dht_world_now(const dht_world *w);

/** The clock and the luck of all nodes. */
ic_env dht_world_env(dht_world *w);
fake_random *dht_world_random(dht_world *w);

/** A machine with an address of its own, or behind a NAT of its own. Its two sockets are
 * bound: the server's to 49737, the client's to some other port. */
dht_machine *dht_world_add(dht_world *w, dht_nat_kind kind);

/** One more machine behind the NAT of another. */
dht_machine *dht_world_add_behind(dht_world *w, dht_machine *neighbour);

/** One more machine at 127.0.0.1, where all have other ports and reach only each other.
 */
dht_machine *dht_world_add_loopback(dht_world *w);

void dht_machine_attach(dht_machine *m, const dht_driver *driver);

/** From now on nothing arrives, rings or leaves; datagrams under way are lost. */
void dht_machine_detach(dht_machine *m);

const ic__dht_host *dht_machine_host(dht_machine *m);

/** As others reach its server socket, when they can. */
ic__addr dht_machine_address(const dht_machine *m);

/** Its NAT forgets all mappings, and begins with other ports. */
void dht_machine_remap(dht_machine *m);

/** How its NAT treats what comes from now on. */
void dht_machine_set_nat(dht_machine *m, dht_nat_kind kind);

/** A bare datagram from this machine's socket, past its node: a hostile one. */
void dht_machine_send(dht_machine *m, uint32_t sock, const ic__addr *to,
                      const uint8_t *data, size_t len);

/** A datagram with a false sender, which no NAT stops. */
void dht_world_spoof(dht_world *w, const ic__addr *from, const ic__addr *to,
                     uint8_t *data, size_t len);

/** A stream of a machine, as its node asked for it; NULL when there is none. */
typedef struct dht_stream {
    uint32_t local_id;
    uint32_t remote_id;
    uint32_t sock;
    ic__addr to; /* family 0 = not connected */
    uint32_t packets_in;
} dht_stream;

const dht_stream *dht_machine_stream(const dht_machine *m, uint32_t local_id);
size_t dht_machine_stream_count(const dht_machine *m);
size_t dht_machine_socket_count(const dht_machine *m);

/** One packet of a connected stream, to where it is connected. */
void dht_machine_stream_send(dht_machine *m, uint32_t local_id);

/** Nothing longer than this has been sent; and how much in all. */
typedef struct dht_world_stats {
    uint64_t sent;
    uint64_t delivered;
    uint64_t lost;    /* by chance */
    uint64_t blocked; /* by a NAT, or to nobody */
    size_t longest;   /* bytes */
} dht_world_stats;

dht_world_stats dht_world_get_stats(const dht_world *w);

/** Let it happen until `until`. */
void dht_world_run_until(dht_world *w, uint64_t until);

/** The same, and stop when `go_on` says no; false when the time ran out. */
bool dht_world_run_while(dht_world *w, bool (*go_on)(void *user), void *user,
                         uint64_t until);

/* A machine with a bare ic__rpc on it. */

typedef struct dht_rpc_node {
    dht_machine *machine;
    ic__clock clock;
    ic__rpc *rpc;
} dht_rpc_node;

/** Make the node; it is not started. @return what ic__rpc_new says */
int dht_rpc_node_init(dht_rpc_node *n, dht_world *w, dht_machine *m,
                      const ic__rpc_options *opts, const ic__rpc_events *events);

/** Its machine stays, and is silent. */
void dht_rpc_node_free(dht_rpc_node *n);

#endif
