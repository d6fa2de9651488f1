/**
 * @file solo.h
 * One side channel and a carrier that writes down what it is asked to do, a line each:
 *
 *     join trip                     the topic of a channel
 *     leave trip
 *     open 0 trip                   link number and channel; with `verbose` only, like
 *     pair 0 trip                   the next ones
 *     unpair 0 trip
 *     close 0 trip
 *     send 0 trip {"type":...}
 *     hang up 0
 *     message trip signed {...}     or "unsigned"
 *     requested trip
 *     auto-joined trip
 *
 * Channels open as soon as they are asked for, work is done and signatures are verified
 * at once.
 */
#ifndef SOLO_H
#define SOLO_H

#include <stdbool.h>

#include "base/buf.h"
#include "fake_clock.h"
#include "sidechannel/link.h"

#define SOLO_LINKS 8
#define SOLO_PORTS 512

typedef struct solo_port {
    ic__sc_port *port;
    size_t link;
    char protocol[300];
} solo_port;

typedef struct solo {
    ic__sidechannel *sc;
    fake_clock *clock;
    ic__sc_link *links[SOLO_LINKS];
    solo_port ports[SOLO_PORTS];
    size_t port_count;
    ic__buf log;
    bool verbose;
    bool deaf;    /* opens are not answered */
    bool refuses; /* opens are refused */
    bool chokes;  /* no message is taken */
    bool lazy;    /* work waits for solo_work */
    bool slow;    /* signatures wait for solo_check */
    ic__work *works[64];
    size_t work_count;
    ic__check *checks[64];
    size_t check_count;
} solo;

/** A started side channel; fails the test when it cannot be made. */
void solo_init(solo *s, const ic__sidechannel_options *options, fake_clock *clock);
void solo_free(solo *s);

/** Do everything that is asked for; the log so far. */
const char *solo_run(solo *s);

/** The same, then forget the log. */
void solo_clear(solo *s);

/** A connection with this peer (64 hex digits) as number `i`. */
void solo_link(solo *s, size_t i, const char *key);
void solo_unlink(solo *s, size_t i);

/** The open channel, NULL = none. */
ic__sc_port *solo_port_of(const solo *s, size_t link, const char *channel);

/** The peer of link `i` sends this JSON. */
void solo_receive(solo *s, size_t i, const char *channel, const char *json, size_t len);

/** The peer closes the channel. */
void solo_close(solo *s, size_t link, const char *channel);

/** Do the work that waits. */
void solo_work(solo *s);

/** Signature `i` of those that wait was verified. */
void solo_check(solo *s, size_t i);

/** Let `ms` pass on both clocks, with every deadline on the way. */
void solo_wait(solo *s, uint64_t ms);

uint64_t solo_drops(const solo *s, ic__sc_drop drop);

#endif
