/**
 * @file mux_pair.h
 * Two muxes on a stream_pair, and what their channels heard.
 */
#ifndef MUX_PAIR_H
#define MUX_PAIR_H

#include "intercom/mux.h"
#include "stream_pair.h"

typedef struct mux_end {
    ic_mux *mux;
    ic_channel *ch;
    int opened;
    int asked;
    int paired;
    int messages;
    int drained;
    int channel_closed;
    int channel_error;
    int closed;
    int error;
    uint64_t type;
    uint64_t bytes;
    char text[64];
    char handshake[16];
    bool answers; /* opens what it is asked for */
} mux_end;

typedef struct mux_pair {
    stream_pair p;
    mux_end ends[2];
    uint32_t max_message_bytes; /* of the streams; 0 = default */
} mux_pair;

/** One mux; mux_pair_init and mux_pair_open make both, the latter with a channel that is
 * paired. Free with stream_pair_free(&w->p). */
int mux_pair_mux(mux_pair *w, size_t end, uint32_t max_queued_bytes);
void mux_pair_init(mux_pair *w);
void mux_pair_open(mux_pair *w);

/** The same, on streams that take no longer message; nothing is paired yet. */
void mux_pair_open_with(mux_pair *w, uint32_t max_message_bytes);

/** The one channel of an end, with id "id". */
int mux_pair_channel(mux_end *e, const char *protocol, const char *handshake,
                     const char *const *aliases);

/** A text as a message of type 3. */
int mux_pair_say(mux_end *e, const char *text);

#endif
