/**
 * @file side_world.h
 * Peers with side channels in one process and one time, and connections between them that
 * come and go: a real mux at each end, and frames that take a while. Nothing is lost
 * while a connection lives, as with UDX; what is under way when it is cut is gone.
 */
#ifndef SIDE_WORLD_H
#define SIDE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/queue.h"
#include "fake_clock.h"
#include "mux/mux.h"
#include "sidechannel/link.h"

#define SIDE_WORLD_LATENCY_MS 20

typedef struct side_world side_world;

typedef struct side_peer {
    side_world *world;
    size_t index;
    ic_identity *identity;
    ic__sidechannel_options options; /* change them before side_world_start */
    ic__sidechannel *sc;             /* NULL while it is down */
    uint64_t messages;               /* heard */
    uint64_t hang_ups;
} side_peer;

typedef struct side_end {
    struct side_wire *wire;
    side_peer *peer;
    ic__mux *mux;
    ic__sc_link *link; /* NULL = nobody minds: frames are made by hand */
    uint8_t *frame;    /* that the mux is reading */
} side_end;

typedef struct side_wire {
    ic__link link;
    side_end ends[2];
    bool dead; /* freed when nothing is under way on it */
    size_t under_way;
} side_wire;

struct side_world {
    fake_clock clock;
    side_peer *peers;
    size_t count;
    ic__queue wires;
    ic__queue flights; /* frames, the next to arrive first */
    void (*heard)(side_peer *peer, const ic__sc_event *event, void *user);
    void *user;
};

/** `count` peers, all of them down, with proof of work off. */
void side_world_init(side_world *w, size_t count, uint64_t seed);
void side_world_free(side_world *w);

void side_world_start(side_world *w, size_t i);
/** Cuts its connections, too. */
void side_world_stop(side_world *w, size_t i);

/** The connection of two peers, NULL = none. */
side_wire *side_world_wire(const side_world *w, size_t a, size_t b);
/** Connect two that are up and are not connected; `hostile`: `b` sends by hand. */
side_wire *side_world_connect(side_world *w, size_t a, size_t b, bool hostile);
void side_world_cut(side_world *w, side_wire *wire);

/** Send a frame by hand, as end `from` of the wire. */
void side_world_inject(side_world *w, side_wire *wire, size_t from, const uint8_t *frame,
                       size_t len);

/** After a call of sidechannel.h: do what it asks for. */
void side_world_wake(side_world *w, size_t i);

/** Let time pass. */
void side_world_run(side_world *w, uint64_t ms);

/** Peer `i` says this JSON. @return as ic__sidechannel_send */
int side_world_say(side_world *w, size_t i, const char *channel, const char *json);

#endif
