/**
 * @file udx_one.h
 * One UDX stream whose peer is the test: packets in by hand, packets out to look at.
 */
#ifndef UDX_ONE_H
#define UDX_ONE_H

#include "fake_clock.h"
#include "transport/udx_packet.h"
#include "transport/udx_stream.h"

#define UDX_ONE_ID 77
#define UDX_ONE_PEER 99
#define UDX_ONE_RWND 4194304u
#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)

typedef struct udx_one {
    fake_clock clock;
    ic_env env;
    ic__udx *s;
    ic__udx_path to;       /* where the last packet went */
    ic__udx_packet packet; /* the last packet pulled; payload points into bytes */
    uint8_t bytes[IC__UDX_MAX_DATAGRAM];
    size_t len;
    uint64_t got; /* bytes of stream data */
    size_t messages;
    int ends;
    int drained;
    int moved;
    int closed;
    int error;
} udx_one;

/** Connected to 10.0.0.1, unless `path` is given; port 0 there = not connected. */
void udx_one_init(udx_one *o, const ic__udx_options *opts);
void udx_one_init_unconnected(udx_one *o, const ic__udx_options *opts);
void udx_one_free(udx_one *o);

ic__udx_path udx_one_path(uint8_t host, uint32_t id);

/** A packet from the peer, and what it makes the stream tell. */
void udx_one_recv(udx_one *o, const ic__udx_packet *packet);

/** The same in short: no blocks. */
void udx_one_data(udx_one *o, uint32_t seq, const char *text);
void udx_one_ack(udx_one *o, uint32_t ack, uint32_t rwnd);
void udx_one_sack(udx_one *o, uint32_t ack, uint32_t start, uint32_t end);

/** The next packet of the stream, decoded; false when there is none. */
bool udx_one_pull(udx_one *o);

/** Pull all; how many of them had one of these type bits (0 = plain state). */
size_t udx_one_pull_all(udx_one *o, uint8_t type);

/** Write so many zero bytes. */
int udx_one_write(udx_one *o, size_t len);

/** Time passes: from deadline to deadline; what is sent meanwhile counts as pulled. */
size_t udx_one_run(udx_one *o, uint64_t ns, uint8_t type);

void udx_one_events(udx_one *o);

#endif
