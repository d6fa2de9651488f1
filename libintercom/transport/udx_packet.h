/**
 * @file transport/udx_packet.h
 * One UDX datagram: what is in it, and how it is written.
 *
 * Spec  docs/spec/02-udx.md, sections 1 and 2
 */
#ifndef TRANSPORT_UDX_PACKET_H
#define TRANSPORT_UDX_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wr.h"
#include "intercom/api.h"

#define IC__UDX_HEADER_BYTES 20
#define IC__UDX_MAX_SACKS 50
#define IC__UDX_MAX_PADDING 255
/** The receive buffer of the reference: a longer datagram would be cut there. */
#define IC__UDX_MAX_DATAGRAM 2048

enum {
    IC__UDX_DATA = 0x01,      /* payload is stream data, takes a seq */
    IC__UDX_END = 0x02,       /* nothing follows, takes a seq */
    IC__UDX_SACK = 0x04,      /* blocks of what arrived out of order */
    IC__UDX_MESSAGE = 0x08,   /* payload is an unreliable message */
    IC__UDX_DESTROY = 0x10,   /* the sender is gone */
    IC__UDX_HEARTBEAT = 0x20, /* asks for an answer */
};

/** Sequence numbers from `start` up to and without `end`. */
typedef struct ic__udx_range {
    uint32_t start;
    uint32_t end;
} ic__udx_range;

typedef struct ic__udx_packet {
    uint8_t type;
    uint8_t padding; /* bytes between the header (with its blocks) and the payload */
    uint8_t sack_count;
    uint32_t id; /* of the receiver's stream */
    uint32_t rwnd;
    uint32_t seq;
    uint32_t ack;
    ic__udx_range sacks[IC__UDX_MAX_SACKS];
    const uint8_t *payload; /* borrowed from the datagram */
    size_t payload_len;
} ic__udx_packet;

/** Could this datagram belong to a stream, and to which? Nothing else is looked at. */
bool ic__udx_packet_id(const uint8_t *p, size_t n, uint32_t *id);

/**
 * Read a datagram. Blocks beyond the fiftieth are ignored.
 *
 * @return 0; IC_ERR_PROTO when it is no stream packet or its extension does not fit
 */
IC_CHECK int ic__udx_packet_decode(ic__udx_packet *out, const uint8_t *p, size_t n);

/** Write header, blocks and padding; the payload only when it is not NULL. */
void ic__udx_packet_write(ic__wr *w, const ic__udx_packet *packet);

/** Address a datagram that ic__udx_packet_id accepted to another stream (section 9). */
void ic__udx_packet_set_id(uint8_t *p, uint32_t id);

#endif
