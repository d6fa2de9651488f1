/**
 * @file mux/frame.h
 * The bytes of Protomux frames.
 *
 * Spec     docs/spec/04-protomux.md, sections 1 and 3
 */
#ifndef MUX_FRAME_H
#define MUX_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"

#define IC__MUX_CONTROL 0       /* the channel of control frames */
#define IC__MUX_NAME_MAX 255    /* bytes of a protocol's name */
#define IC__MUX_ID_MAX 128      /* bytes of a channel's id */
#define IC__MUX_FRAME_EXTRA 450 /* the most that a frame has besides its payload */

/** Types of control frames. */
enum { IC__MUX_BATCH = 0, IC__MUX_OPEN = 1, IC__MUX_REJECT = 2, IC__MUX_CLOSE = 3 };

/** A protocol's name and perhaps an id: what two channels pair by. All borrowed. */
typedef struct ic__mux_key {
    const uint8_t *name;
    size_t name_len;
    const uint8_t *id; /* no id and an empty id are the same */
    size_t id_len;
} ic__mux_key;

bool ic__mux_key_equal(const ic__mux_key *a, const ic__mux_key *b);

/** Behind the type of an open frame. The handshake is what is left of the reader. */
typedef struct ic__mux_open_frame {
    uint64_t id;
    ic__mux_key key;
} ic__mux_open_frame;

/** False when bytes are missing. */
bool ic__mux_open_read(ic__rd *r, ic__mux_open_frame *open);

/** Frames without the channel that they go to: type, body, and room for a payload. */
void ic__mux_open_write(ic__wr *w, const ic__mux_open_frame *open);
void ic__mux_id_write(ic__wr *w, uint8_t type, uint64_t id); /* reject, close */

#endif
