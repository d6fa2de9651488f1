/**
 * @file swarm_world.h
 * Swarms by the dozen over a network that is only delays: ours, and models of the
 * reference's. Everything happens in virtual time, by the luck of a seed.
 *
 * Records are stored some time after the look that comes with an announce, handshakes
 * take a while, dials cross, and what one end closes the other hears of later.
 */
#ifndef SWARM_WORLD_H
#define SWARM_WORLD_H

#include "base/map.h"
#include "fake_clock.h"
#include "js_swarm.h"
#include "swarm/swarm.h"

#define SWARM_WORLD_MOST 64

typedef struct swarm_world swarm_world;

typedef struct swarm_node {
    swarm_world *world;
    size_t number;
    uint8_t key[32];
    ic__swarm *ours;
    js_swarm *js; /* one of the two; neither = not there */
    ic__session *session;
    ic__map wires; /* by the ids of our ends */
    /** Reported and not closed, by the peer's number. */
    struct swarm_wire *link[SWARM_WORLD_MOST];
    uint64_t reports;
} swarm_node;

typedef struct swarm_options {
    uint64_t delay_ns;     /* one way, the longest; each pair has its own */
    uint64_t dial_ns;      /* until a handshake leaves, the longest */
    uint64_t walk_ns;      /* of a query, the longest; storing takes as long again */
    uint32_t fake_keys;    /* that each query finds, too */
    uint64_t fake_dial_ns; /* until a dial of one fails */
} swarm_options;

struct swarm_world {
    fake_clock clock;
    ic_env env;
    fake_random random;
    swarm_options options;
    swarm_node nodes[SWARM_WORLD_MOST];
    size_t count;
    struct swarm_happening *heap;
    size_t happenings;
    size_t heap_cap;
    uint64_t order;
    struct swarm_wire *wires;
    bool stored[SWARM_WORLD_MOST];
    uint32_t fakes; /* drawn so far */
};

void swarm_world_init(swarm_world *w, uint64_t seed, const swarm_options *options);
void swarm_world_free(swarm_world *w);

/** A node of ours, or a model; it does nothing yet. */
swarm_node *swarm_world_add(swarm_world *w, bool ours);

/** It joins the one topic, as both, `delay_ns` from now. */
void swarm_world_join(swarm_world *w, swarm_node *n, uint64_t delay_ns);

/** It is gone without a word: its ends close everywhere, some time later. */
void swarm_world_kill(swarm_world *w, swarm_node *n);

/** Somebody else, under a new key, in the place of one that was killed a while ago. */
void swarm_world_revive(swarm_world *w, swarm_node *n, bool ours);

void swarm_world_run_until(swarm_world *w, uint64_t now_ns);

/** Do both have a connection to each other, and the same one? */
bool swarm_world_linked(const swarm_world *w, size_t a, size_t b);

/** Pairs without a connection; of two models among them, in `js_pairs`. */
size_t swarm_world_gaps(const swarm_world *w, size_t *js_pairs);

#endif
