/**
 * @file bind_world.h
 * Books of several peers in one room, bound over a carrier that loses, doubles, delays
 * and is cut, in a time that the test owns. Each end refuses what the carrier's rate
 * limiter would refuse (docs/spec/12-sidechannel.md, section 8) and counts its strikes.
 */
#ifndef BIND_WORLD_H
#define BIND_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fake_random.h"
#include "intercom/identity.h"
#include "intersplit/bind.h"

#define BIND_WORLD_MAX 8
#define BIND_WORLD_ROOM "trip"
#define BIND_WORLD_ENVELOPE 700 /* what the carrier adds to a message */

/** The limiter of one connection, at its receiver. */
typedef struct bind_limiter {
    double tokens;
    uint64_t refilled_at;
    uint64_t strikes;
} bind_limiter;

typedef struct bind_world bind_world;

typedef struct bind_end {
    bind_world *world;
    size_t number;
    ic_identity *identity;
    isplit_book *book;
    isplit_bind *bind;
    int64_t skew_ms;                       /* of its wall clock */
    char path[256];                        /* of its store; ":memory:" */
    unsigned group;                        /* only ends of one group hear each other */
    bool off;                              /* hears and says nothing */
    bind_limiter limiters[BIND_WORLD_MAX]; /* by sender */
    uint64_t sent_bytes;                   /* with envelopes, to each receiver */
    uint64_t sent_messages;
    uint64_t clear_wishes;
} bind_end;

/** A message passes by; for tests that count or change them. */
typedef void (*bind_world_look)(bind_world *w, size_t from, const isplit_bind_message *m,
                                void *user);

struct bind_world {
    size_t count;
    bind_end ends[BIND_WORLD_MAX];
    uint64_t now;
    fake_random random;
    uint32_t loss_ppm;
    uint32_t duplicate_ppm;
    uint64_t delay_ns;
    uint64_t jitter_ns;
    bool flood; /* the carrier cannot send to one peer only */
    bind_world_look look;
    void *user;
    struct bind_flight *flights; /* a heap by time */
    size_t flight_count;
    size_t flight_cap;
    uint64_t order;
};

/** `folder` NULL = books in memory. */
void bind_world_open(bind_world *w, size_t count, uint64_t seed, const char *folder);
void bind_world_close(bind_world *w);

/** Open book and bind again, as after a crash: only the store is left. In memory, only
 * the bind is new. */
void bind_world_restart(bind_world *w, size_t end);

/** Let time pass until `until`. */
void bind_world_run(bind_world *w, uint64_t until);
/** Until all ends that are on have the same fingerprint; false when not by `until`. */
bool bind_world_converge(bind_world *w, uint64_t until);
bool bind_world_equal(const bind_world *w);

/** Entry by user of this end: what the book says goes. */
int bind_world_add(bind_world *w, size_t end, const char *payer, const char *amount,
                   const char *split);

/** Does this end have the event, seen or covered? */
bool bind_world_has(const bind_world *w, size_t end, const char *id);

/** Send any text from one end to another, past its bind. */
void bind_world_send(bind_world *w, size_t from, size_t to, const char *json, size_t len);

/** All that a user of this end sees, as one text (free). */
char *bind_world_picture(const bind_world *w, size_t end);

uint64_t bind_world_strikes(const bind_world *w);

#endif
