/**
 * @file mux_steps.h
 * Steps of the mux's tests; each fails the test when it does not come out.
 */
#ifndef MUX_STEPS_H
#define MUX_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "mux/mux.h"

/** The next event, IC__MUX_NOTHING when there is none. */
ic__mux_event mux_next(ic__mux *m);

/** The next event, which must be `what`. */
ic__mux_event mux_expect(ic__mux *m, ic__mux_what what);

ic__mux *mux_with(const ic__mux_options *o);
ic__mux_options mux_defaults(void);

int mux_open_named(ic__mux *m, const char *protocol, ic__channel **ch);
ic__channel *mux_open_ok(ic__mux *m, const char *protocol);

/** A frame, when the one before has been told; the events are the caller's to take. */
void mux_recv(ic__mux *m, const void *bytes, size_t len);

/** Write the frame with which the peer opens `protocol` as its channel `id`. */
size_t mux_open_frame(uint8_t *out, size_t cap, uint64_t id, const char *protocol,
                      size_t handshake_len);
void mux_remote_opens(ic__mux *m, uint64_t id, const char *protocol);

/** The frame at the front must be this; it is taken. */
void mux_expect_frame(ic__mux *m, const char *bytes, size_t len);
void mux_skip_frames(ic__mux *m);

#endif
