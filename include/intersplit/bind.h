/**
 * @file intersplit/bind.h
 * One ledger on many machines: what a book says to the peers of a room and hears of them.
 *
 * A function of messages and time; it knows no socket and no clock. Whoever carries the
 * messages joins rooms, feeds what arrives, pulls what is to be sent, and wakes it at its
 * deadline. What the book's user adds goes out by itself; what comes in is told through
 * isplit_book_on_change. Nothing is lost with a message: peers compare their ledgers and
 * hand each other what is missing.
 *
 *   isplit_bind_join(bind, "trip-nyc", now);
 *   isplit_bind_recv(bind, "trip-nyc", key, json, len, now);
 *   while (isplit_bind_pull(bind, now, &message))
 *       ...send message.json on channel message.room...
 *   ...wake me at isplit_bind_deadline(bind), then isplit_bind_expire and pull again...
 *
 * Spec     docs/spec/16-ledger.md, sections 4.4 to 4.6
 * Threads  a bind belongs to the thread of its book
 * Errors   0 or a negative ic_error; outputs are written only on 0
 * Times    monotonic nanoseconds, never smaller than before
 */
#ifndef INTERSPLIT_BIND_H
#define INTERSPLIT_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intercom/api.h"
#include "intersplit/book.h"

IC_BEGIN_DECLS

#define ISPLIT_BIND_KEY_BYTES 32             /* of a peer's public key */
#define ISPLIT_BIND_MAX_MESSAGE_BYTES 256000 /* larger ones are refused unread */
#define ISPLIT_BIND_NEVER UINT64_MAX

typedef struct isplit_bind isplit_bind; /* value: new, free */

typedef struct isplit_bind_options {
    size_t struct_size; /* set by isplit_bind_options_default */
    isplit_book *book;  /* must outlive the bind; one bind for a book */
    /** A peer of the original module asked for an empty room: its message says nothing
     * by itself (section 4.4). May be NULL. */
    void (*on_clear_asked)(const char *room, const uint8_t from[ISPLIT_BIND_KEY_BYTES],
                           void *user);
    void *user;
    uint64_t hello_min_ns;   /* between two hellos of a quiet room; default 30 s */
    uint64_t hello_max_ns;   /* default 90 s; both double while all agree, four times */
    uint32_t rate_bytes;     /* a second, to one peer; default 56 000 */
    uint32_t burst_bytes;    /* to one peer; default 224 000 */
    uint32_t envelope_bytes; /* what the carrier adds to a message; default 1 000 */
    uint32_t page_bytes;     /* of one message with events; default 24 576 */
    uint32_t max_rooms;      /* count; default 256 */
    uint32_t max_peers;      /* remembered at a time, count; default 64 */
} isplit_bind_options;

IC_API void isplit_bind_options_init(isplit_bind_options *opts, size_t struct_size);
static inline void isplit_bind_options_default(isplit_bind_options *opts)
{
    isplit_bind_options_init(opts, sizeof *opts);
}

/** @return 0; IC_ERR_INVALID without a book or with a limit of 0; IC_ERR_EXISTS when the
 * book has a bind; IC_ERR_UNSUPPORTED; IC_ERR_NOMEM */
IC_API IC_CHECK int isplit_bind_new(const isplit_bind_options *opts, isplit_bind **out);
IC_API void isplit_bind_free(isplit_bind *bind);

/** We are on the channel of this room. Again is fine. @return 0; IC_ERR_INVALID (the
 * name), IC_ERR_LIMIT (max_rooms), IC_ERR_NOMEM, or as isplit_book_state */
IC_API IC_CHECK int isplit_bind_join(isplit_bind *bind, const char *room, uint64_t now);
/** We left it: nothing is said there any more. */
IC_API void isplit_bind_leave(isplit_bind *bind, const char *room);
/** Somebody came into reach on this channel: say hello soon. */
IC_API void isplit_bind_greet(isplit_bind *bind, const char *room, uint64_t now);

/** This peer went out of reach: it is not counted until it says hello again. */
IC_API void isplit_bind_lost(isplit_bind *bind,
                             const uint8_t peer[ISPLIT_BIND_KEY_BYTES]);

/**
 * A message arrived on a channel.
 *
 * @param from  who wrote it as far as the carrier can tell, else who handed it over: the
 *              key that limits are counted for and that answers go to
 * @param json  the body of the message, `len` bytes of UTF-8; need not end with a zero
 * @return 0; IC_ERR_NOT_FOUND: no message of a ledger, show it to people; IC_ERR_PROTO,
 *         IC_ERR_AUTH (a signature), IC_ERR_LIMIT (too much from this key): dropped and
 *         counted; IC_ERR_FULL, IC_ERR_IO, IC_ERR_NOMEM: not stored, it comes again
 */
IC_API IC_CHECK int isplit_bind_recv(isplit_bind *bind, const char *room,
                                     const uint8_t from[ISPLIT_BIND_KEY_BYTES],
                                     const char *json, size_t len, uint64_t now);

typedef struct isplit_bind_message {
    const char *room;  /* the channel */
    const uint8_t *to; /* a key; NULL = everybody. A carrier that reaches this peer
                          directly sends there only, and nobody relays it; another one
                          may send it to all */
    const char *json;  /* the body of the message, with a zero after it */
    size_t len;
} isplit_bind_message;

/** The next message to send, borrowed until the next call; false when there is none that
 * may leave yet. */
IC_API bool isplit_bind_pull(isplit_bind *bind, uint64_t now, isplit_bind_message *out);

/** When to call isplit_bind_expire and isplit_bind_pull again; ISPLIT_BIND_NEVER. Ask
 * after each other call, and after changes of the book. */
IC_API uint64_t isplit_bind_deadline(const isplit_bind *bind);
IC_API void isplit_bind_expire(isplit_bind *bind, uint64_t now);

/** How a room is doing. Later versions append. */
typedef struct isplit_bind_room {
    uint32_t peer_count; /* that said hello, by default within 30 minutes, and are not
                            lost. From seven on this and the next are "at least": who
                            has heard eight others say the same stays silent */
    uint32_t same_count; /* of these: said that they have the ledger that we have */
    uint64_t to_come;    /* events that are being fetched, as far as known */
} isplit_bind_room;

/** Write the first `size` bytes of it; zeros for a room that we are not in. */
IC_API void isplit_bind_get_room(const isplit_bind *bind, const char *room, uint64_t now,
                                 isplit_bind_room *out, size_t size);

/** Counts since the start. Later versions append. */
typedef struct isplit_bind_stats {
    uint64_t sent_count;     /* messages pulled */
    uint64_t sent_bytes;     /* of their bodies */
    uint64_t received_count; /* messages of a ledger */
    uint64_t new_events;     /* taken in from peers */
    uint64_t known_events;   /* that we had */
    uint64_t rounds;         /* comparisons begun */
    uint64_t dropped_bad;    /* not of the form, or a wrong signature */
    uint64_t dropped_limit;  /* over a limit of the key */
    uint64_t dropped_full;   /* answers that found the queue of their peer full */
    uint64_t forked;         /* events of keys that signed two futures, not read */
} isplit_bind_stats;

/** Write the first `size` bytes of it, sizeof(isplit_bind_stats) of the caller. */
IC_API void isplit_bind_get_stats(const isplit_bind *bind, isplit_bind_stats *out,
                                  size_t size);

IC_END_DECLS

#endif
