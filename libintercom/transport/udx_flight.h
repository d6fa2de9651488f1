/**
 * @file transport/udx_flight.h
 * The packets that were sent and are not yet acknowledged up to: a ring by seq, and two
 * lists through it, of what is on the way (in order of sending) and of what is lost.
 */
#ifndef TRANSPORT_UDX_FLIGHT_H
#define TRANSPORT_UDX_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "intercom/api.h"

typedef enum ic__udx_place {
    IC__UDX_FLYING,
    IC__UDX_LOST,    /* waits to be sent again */
    IC__UDX_ARRIVED, /* the peer has it, out of order */
} ic__udx_place;

typedef struct ic__udx_sent {
    uint64_t sent_ns;       /* the last time */
    uint64_t offset;        /* of its first byte in the stream */
    uint64_t delivered;     /* packets delivered when it was sent, */
    uint64_t delivered_ns;  /* when that was, */
    uint64_t first_sent_ns; /* and when the packets of that round began to leave */
    uint32_t older, newer;  /* neighbours in its list, by seq */
    uint16_t len;           /* of the payload */
    uint16_t probe_mtu;     /* 0 = no probe */
    uint8_t type;
    uint8_t place;
    uint8_t timeouts;
    bool sent_again;
    bool app_limited;
    bool blind; /* sent while the peer could not list all that had arrived */
} ic__udx_sent;

typedef struct ic__udx_list {
    uint32_t oldest, newest; /* valid when count > 0 */
    uint32_t count;
} ic__udx_list;

typedef struct ic__udx_flight {
    ic__udx_sent *ring;
    uint32_t cap; /* 0 or a power of two */
    uint32_t max;
    uint32_t una; /* oldest unacknowledged seq */
    uint32_t nxt; /* next seq to be used */
    ic__udx_list flying;
    ic__udx_list lost;
    uint32_t arrived; /* packets in the ring that are neither */
} ic__udx_flight;

/** Empty, without memory. */
void ic__udx_flight_init(ic__udx_flight *f, uint32_t seq, uint32_t max);
void ic__udx_flight_free(ic__udx_flight *f);

/** Nothing is unacknowledged. */
static inline bool ic__udx_flight_empty(const ic__udx_flight *f)
{
    return f->una == f->nxt;
}

/** The packet with this seq, which lies between una and nxt. */
static inline ic__udx_sent *ic__udx_flight_at(const ic__udx_flight *f, uint32_t seq)
{
    return &f->ring[seq & (f->cap - 1)];
}

/** Is there room for one more? Takes memory; without, the flight stays as small. */
bool ic__udx_flight_reserve(ic__udx_flight *f);

/** Is nothing under way, and memory held for it? */
bool ic__udx_flight_is_idle(const ic__udx_flight *f);

/** Give the memory of an idle flight back. */
void ic__udx_flight_trim(ic__udx_flight *f);

/** A new packet with seq nxt, on the way; reserve first. */
ic__udx_sent *ic__udx_flight_add(ic__udx_flight *f);

/** Move a packet to the newest end of the list of `place`, or out of both. */
void ic__udx_flight_move(ic__udx_flight *f, uint32_t seq, ic__udx_place place);

/** Forget the packet una, which has arrived. */
void ic__udx_flight_pass(ic__udx_flight *f);

#endif
