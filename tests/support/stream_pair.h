/**
 * @file stream_pair.h
 * Two streams over sockets of loopback in one loop, and what they heard.
 */
#ifndef STREAM_PAIR_H
#define STREAM_PAIR_H

#include "intercom/stream.h"

#define STREAM_PAIR_MS UINT64_C(1000000)

typedef struct stream_end {
    struct stream_pair *pair;
    ic_identity *me;
    ic_socket *sock;
    ic_stream *st; /* NULL when it is gone */
    bool socket_gone;
    int opened;
    int ends;
    int drained;
    int closed;
    int error;         /* of on_closed */
    uint64_t messages; /* each begins with its number, u32 in the order of this machine */
    uint64_t bytes;
    uint64_t sent;
    size_t last_len;
    uint8_t last[64]; /* what the last message began with */
    int datagrams;
    uint8_t datagram[64];
    bool echo;           /* send each message back */
    bool pause_at_first; /* stop reading in the first message */
    bool close_at_first; /* close in the first message */
    bool unnumbered;     /* messages are no numbered ones */
} stream_end;

typedef struct stream_pair {
    struct event_base *base;
    struct event *tick;
    stream_end ends[2]; /* the initiator first */
} stream_pair;

/** Sockets and identities; no streams yet. */
void stream_pair_init(stream_pair *p);

/** Options of one end as a test usually wants them: change them, then open. */
ic_stream_options stream_pair_options(stream_pair *p, size_t end);
int stream_pair_open(stream_pair *p, size_t end, const ic_stream_options *opts);

/** Both ends with these options, NULL = the usual ones. */
void stream_pair_open_both(stream_pair *p);

/** Send the next numbered message of `len` bytes, 4 at least. */
int stream_pair_send(stream_end *end, size_t len);

/** Let the loop run until `*what` has reached `goal`; fails after 10 s. */
void stream_pair_until(stream_pair *p, const int *what, int goal);
void stream_pair_until_messages(stream_pair *p, const stream_end *end, uint64_t goal);

/** Let the loop run for so long. */
void stream_pair_run(stream_pair *p, uint64_t ms);

/** Close everything, and see that it is gone. */
void stream_pair_free(stream_pair *p);

#endif
