/**
 * @file udx_world.h
 * Streams in pairs over a fake network, in a time that jumps from event to event.
 *
 * Each end writes bytes that depend on their offset only, and checks each byte it gets.
 */
#ifndef UDX_WORLD_H
#define UDX_WORLD_H

#include "fake_clock.h"
#include "fake_net.h"
#include "transport/udx_stream.h"

#define UDX_WORLD_MOST_ENDS 32
#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)

typedef struct udx_end {
    struct udx_world *world;
    ic__udx *s; /* NULL when it is gone */
    size_t node;
    fake_link link;    /* for what this end sends; all zero at first */
    uint64_t to_write; /* bytes still to be written */
    uint64_t written;
    uint64_t got; /* bytes, all of them right */
    uint64_t got_messages;
    uint64_t got_message_bytes;
    uint64_t most_flying; /* the most packets that were under way */
    uint64_t heard_ns;    /* when the last bytes arrived */
    uint64_t longest_gap_ns;
    uint64_t dropped_datagrams; /* for a stream that is gone or another id */
    int got_end;
    int moved;
    int drained;
    int closed; /* times that the end of the stream was told */
    int error;
    bool busy; /* something happened to it: look at it in this step */
    bool paused;
    bool end_after;     /* end when all is written */
    bool end_back;      /* end when the peer ended */
    ic__udx_stats last; /* of a stream that is gone */
} udx_end;

typedef struct udx_world {
    uint64_t seed;
    fake_clock clock;
    ic_env env;
    fake_net *net;
    udx_end ends[UDX_WORLD_MOST_ENDS];
    size_t count;
    uint64_t steps;
} udx_world;

void udx_world_init(udx_world *w, uint64_t seed);
void udx_world_free(udx_world *w);

/** Two ends that know each other; returns the first, the second follows it. `opts` NULL =
 * defaults; they are the same for both. */
udx_end *udx_world_pair(udx_world *w, const ic__udx_options *opts);

/** One more end, without a peer. */
udx_end *udx_world_end(udx_world *w, uint32_t id, const ic__udx_options *opts);

/** Where `to` can be reached now, as its stream `id`. */
ic__udx_path udx_world_path(const udx_end *to, uint32_t id);

/** Let it happen until `until`, or until nothing is left to happen. */
void udx_world_run_until(udx_world *w, uint64_t until);

/** The same, and stop as soon as `done` says so. False when time ran out. */
bool udx_world_run_while(udx_world *w, bool (*go_on)(const udx_world *w), uint64_t until);

/** Send what is to be sent and tell what is to be told, without letting time pass. */
void udx_world_settle(udx_world *w);

ic__udx_stats udx_end_stats(const udx_end *end);

#endif
