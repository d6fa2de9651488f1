/**
 * @file mux/core.h
 * What the files of the mux share.
 */
#ifndef MUX_CORE_H
#define MUX_CORE_H

#include "base/queue.h"
#include "base/rd.h"
#include "mux/mux.h"
#include "transport/bytes.h"

#define MUX_BATCH_FULL ((size_t)8 << 20) /* a batch of so many bytes is sent */
#define MUX_STORED_EXTRA 512 /* what a stored message counts besides its bytes */
#define MUX_MOST_LEVELS 3    /* a frame, a batch in it, a batch in that */

/* For whom IC__MUX_PAIR is told; its key stands behind it. */
typedef struct mux_pair {
    ic__link link;
    ic__mux_key key;
    bool any_id;
} mux_pair;

/* A message on an open that waits. */
typedef struct mux_stored {
    ic__link link;
    uint64_t type;
    size_t len;
    uint8_t data[];
} mux_stored;

/* An open of the peer that we have not answered; key and handshake stand behind it. */
typedef struct mux_waiting {
    ic__link link;
    ic__queue messages;
    size_t bytes; /* of the messages, with what each counts besides */
    uint64_t due_ns;
    uint32_t remote_id;
    ic__mux_key key;
    const uint8_t *handshake;
    size_t handshake_len;
} mux_waiting;

struct ic__channel {
    ic__link all;     /* in mux.channels */
    ic__link opening; /* in mux.opening, until the peer has answered our open */
    ic__link ready;   /* in mux.ready, while there is something to tell */
    ic__mux *mux;
    uint32_t local_id;
    uint32_t remote_id; /* 0 = not paired */
    uint32_t types;
    bool shared;
    bool closed;
    bool by_remote;
    bool tell_opened;
    bool tell_closed;
    void *user;
    const uint8_t *handshake; /* the peer's, until it was told */
    size_t handshake_len;
    mux_waiting *early; /* what came before we opened, until it was told */
    ic__mux_key key;
    size_t alias_count;
    ic__mux_key aliases[]; /* and behind them the bytes of all keys */
};

/* An id of the peer: unused, waiting, or paired. */
typedef struct mux_remote {
    mux_waiting *waiting;
    ic__channel *channel;
} mux_remote;

/* How far a frame, or a batch in it, is parsed. */
typedef struct mux_level {
    ic__rd r;
    uint64_t channel; /* of the next item of a batch */
    bool batch;
    bool corked;
} mux_level;

struct ic__mux {
    ic__mux_options options;
    ic__queue channels;
    ic__queue opening;
    ic__queue ready;
    ic__queue waiting;
    ic__queue pairs;
    size_t waiting_bytes;
    uint32_t *free_ids; /* a stack with a place for every id */
    uint32_t free_count;
    uint32_t id_count; /* ids in use or free; the next new one is this + 1 */
    uint32_t id_cap;
    mux_remote *remote; /* by id - 1 */
    uint32_t remote_count;
    uint32_t remote_cap;
    ic__bytes out;   /* frames, each behind its length */
    ic__bytes batch; /* the frame that is corked */
    uint64_t batch_channel;
    uint32_t corks;
    mux_level level[MUX_MOST_LEVELS];
    size_t depth;
    uint64_t now;
    bool choked; /* somebody was told IC_ERR_AGAIN */
    bool tell_drained;
    bool tell_failed;
    bool done; /* ended or failed: no more frames */
    int error;
    ic__channel *dead; /* told of as closed; freed, like the next, with the next call */
    mux_stored *told;
    ic__mux_stats stats;
};

/** A frame of `channel`, or an item of the batch: head, then data. All or nothing.
 * @return 0; IC_ERR_LIMIT when the stream takes no frame of that length; IC_ERR_NOMEM */
IC_CHECK int ic__mux_write(ic__mux *m, uint64_t channel, const ic__wr *head,
                           const uint8_t *data, size_t len);

/** Queue a reject or close. Running out of memory fails the mux. */
void ic__mux_write_id(ic__mux *m, uint8_t type, uint64_t id);

/** Parse one item; true when `event` was filled in. */
bool ic__mux_read(ic__mux *m, ic__mux_event *event);

/** Take a waiting open off the list; its owner frees it. */
void ic__mux_waiting_remove(ic__mux *m, mux_waiting *w);
void ic__mux_waiting_free(mux_waiting *w);

/** Answer a waiting open with a reject. */
void ic__mux_waiting_reject(ic__mux *m, mux_waiting *w);

/** The oldest own channel that waits for this key, by its name or an alias; or NULL. */
ic__channel *ic__mux_opening_find(ic__mux *m, const ic__mux_key *key);

/** Does this protocol's open go to the user? */
bool ic__mux_pair_find(ic__mux *m, const ic__mux_key *key);

/** Both ends have opened it. */
void ic__channel_paired(ic__channel *ch, uint32_t remote_id);

/** The peer closed or rejected it, or the stream is gone: no frame is sent. */
void ic__channel_closed(ic__channel *ch, bool by_remote);

/** The peer has answered our open, so that the id is free. */
void ic__channel_answered(ic__channel *ch);

/** Tell the next thing about a channel; false when there is none. */
bool ic__channel_tell(ic__mux *m, ic__mux_event *event);
void ic__channel_free(ic__channel *ch);

#endif
