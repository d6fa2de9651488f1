/**
 * @file dht_world_state.h
 * The inside of a dht_world, for its files.
 */
#ifndef DHT_WORLD_STATE_H
#define DHT_WORLD_STATE_H

#include "base/map.h"
#include "base/timers.h"
#include "dht_nat.h"
#include "dht_world.h"

#define DHT_STREAM_MARK 0xff

struct dht_machine {
    dht_world *world;
    ic__timer timer;
    dht_driver driver;
    bool attached;
    bool loopback;
    dht_nat *nat;     /* NULL = in the open */
    ic__addr address; /* inside, port 0 */
    uint16_t *ports;  /* of its sockets; 0 = closed */
    uint32_t socket_count;
    dht_stream *streams; /* local_id 0 = free */
    size_t stream_count;
    ic__dht_host host;
};

struct datagram {
    uint64_t at_ns;
    uint64_t number;
    dht_nat *lan; /* that it does not leave, or NULL */
    ic__addr from;
    ic__addr to;
    size_t len;
    uint8_t *data;
};

struct dht_world {
    fake_clock clock;
    dht_weather weather;
    dht_machine **machines;
    size_t count;
    size_t cap;
    ic__map sites; /* by address: NATs and machines in the open */
    ic__map ports; /* by port: machines at 127.0.0.1 */
    uint32_t next_ip;
    uint16_t next_port; /* at 127.0.0.1 */
    ic__timers timers;
    struct datagram *heap;
    size_t heap_count;
    size_t heap_cap;
    uint64_t number;
    dht_world_stats stats;
};

/* What a public address leads to: one of the two. */
struct site {
    dht_nat *nat;
    dht_machine *machine;
};

/** `p`, or the end of the program. */
void *dht_must(void *p);

void dht_machine_free(dht_machine *m);
dht_stream *dht_machine_stream_of(const dht_machine *m, uint32_t local_id);

/** A datagram on its way, as the weather is; it is copied. */
void dht_world_travel(dht_world *w, const struct datagram *d);

#endif
