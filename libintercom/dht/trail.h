/**
 * @file dht/trail.h
 * The trail of a stream to a peer: by which socket and to which address it goes, and what
 * else may be tried until the peer has proven itself.
 *
 * A packet that names our stream, a punch that was answered, a ping in the local network:
 * all of them are candidates. The stream goes by one; when nothing authentic has come by
 * it after a second, by the next. A blind relay's way is kept until a direct one is
 * proven.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 10 (duties 3 and 4), 11, 12 and 15
 * Lessons  docs/field-lessons.md, 16 and 18
 */
#ifndef DHT_TRAIL_H
#define DHT_TRAIL_H

#include "dht/links.h"
#include "dht/punch_socket.h"

#define IC__TRAIL_WAYS_MAX 8   /* candidates kept */
#define IC__TRAIL_MOVES_MAX 64 /* in a life, so that nobody can make us dance */

typedef struct ic__way {
    uint32_t sock;
    ic__addr addr; /* family 0 = none */
} ic__way;

typedef struct ic__trail ic__trail;

/** Whoever brings a stream on its way; each is called inside of functions that take
 * `now`, and may end the stream. */
typedef struct ic__trail_owner {
    /** A packet for a stream that is not connected. */
    void (*knock)(void *user, const ic__way *way);
    /** The blind relay has paired us (0), or not. */
    void (*relayed)(void *user, int error);
    /** Nothing authentic came by any candidate. */
    void (*stuck)(void *user);
    /** A direct way is proven. */
    void (*proven)(void *user);
    /** The host has closed it; it is no more. */
    void (*gone)(void *user);
} ic__trail_owner;

struct ic__trail {
    ic__link link; /* in links->ends */
    ic__dht_links *links;
    const ic__trail_owner *owner; /* NULL = nobody brings it on its way any more */
    void *user;
    ic__alarm patience;
    ic__way ways[IC__TRAIL_WAYS_MAX];
    ic__punch_socket *held[IC__TRAIL_WAYS_MAX]; /* the sockets of these */
    size_t way_count;
    size_t at; /* it goes by this one; way_count = by none yet, or by the relay */
    ic__way relay;
    uint32_t relay_id;
    uint32_t local_id;
    uint32_t remote_id;                    /* of the peer's end */
    uint8_t remote_key[IC__DHT_KEY_BYTES]; /* once handed over */
    unsigned moves;
    bool reusable;     /* the peer takes a next connection by the same way */
    bool relay_wanted; /* the host has been asked for one */
    bool connected;
    bool handed_over;
    bool refused; /* before it was connected: the peer's end is gone already */
    bool trying;  /* a candidate, for as long as `patience` runs */
    bool proven;  /* by the way that it goes now */
};

/** A stream that waits. @return 0; IC_ERR_LIMIT; IC_ERR_NOMEM */
IC_CHECK int ic__trail_new(ic__dht_links *links, const ic__trail_owner *owner, void *user,
                           ic__trail **out);

/** The owner is done with it: close it, unless it has been handed over; then it goes on
 * by the way that it has. NULL is fine. */
void ic__trail_leave(ic__trail *s);

/** Without a word to the host: it was closed, or the node ends. */
void ic__trail_free(ic__trail *s);

/** A candidate, with the peer's stream id known: go by it now, or when the one that is
 * being tried has brought nothing. @return false when it cannot be used */
bool ic__trail_offer(ic__trail *s, const ic__way *way);

/** The same at once, for a way by which a packet of this stream came. */
bool ic__trail_follow(ic__trail *s, const ic__way *way);

/** Pair at a blind relay. @return 0; as relay_pair of ic__dht_host */
IC_CHECK int ic__trail_relay(ic__trail *s, const uint8_t key[IC__DHT_KEY_BYTES],
                             const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator);

/** Go by the relay, which has paired us. */
bool ic__trail_go_relayed(ic__trail *s);

/** Does it go by a relay now? */
bool ic__trail_is_relayed(const ic__trail *s);

/** The way of a connection with this peer, or of one that has ended a moment ago. @return
 * false when there is none that the peer would take again */
bool ic__trail_reuse(ic__dht_links *links, const uint8_t key[IC__DHT_KEY_BYTES],
                     ic__way *way);

/** From now on it belongs to who gets this connection; fill its ways in. */
void ic__trail_hand_over(ic__trail *s, ic__dht_connection *connection);

#endif
