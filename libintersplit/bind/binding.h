/**
 * @file binding.h
 * A bind from inside: the peers it knows and what is said in each room.
 *
 * bind.c       life, the five verbs
 * bind_peer.c  peers, their limits and queues
 * bind_say.c   messages to everybody
 * bind_hear.c  messages in
 * bind_range.c answers: ranges of ids, and pages of events
 * bind_sync.c  comparing two ledgers and fetching what is missing
 *
 * Spec     docs/spec/16-ledger.md, sections 4.4 to 4.6
 */
#ifndef ISPLIT_BINDING_H
#define ISPLIT_BINDING_H

#include <jansson.h>

#include "bind/pack.h"
#include "book/book.h"
#include "intersplit/bind.h"
#include "text/buf.h"

#define ISPLIT__APP "expense_split_v1"
#define ISPLIT__MS UINT64_C(1000000)
#define ISPLIT__SECOND (1000 * ISPLIT__MS)

#define ISPLIT__SPLIT 16      /* parts of a range; this many events are listed by id */
#define ISPLIT__MAX_RANGES 64 /* of one message */
#define ISPLIT__MAX_IDS 64    /* of one list */
#define ISPLIT__MAX_HEADS 8   /* of a hello */
#define ISPLIT__MAX_HELLOS 32 /* kept for a room */
#define ISPLIT__MAX_LETTERS 8 /* that wait for one peer */
#define ISPLIT__MAX_LIVE 48   /* events of ours that wait to be told; below the burst */
#define ISPLIT__MAX_JOBS 512  /* ranges to fetch */
#define ISPLIT__SID_HEX 16

#define ISPLIT__LIVE_RATE                                                                \
    1 /* events that a key may hand over unasked a second, and ... */
#define ISPLIT__LIVE_BURST 60 /* ... at once */
#define ISPLIT__ASKS_RATE 8   /* questions of a peer */
#define ISPLIT__ASKS_BURST 64

typedef struct isplit__talk isplit__talk;

/** Tokens that come back with time. */
typedef struct isplit__bucket {
    uint64_t rate; /* a second */
    uint64_t burst;
    uint64_t full_at; /* when all of them are back */
} isplit__bucket;

/** A finished message for one peer. */
typedef struct isplit__letter {
    const isplit__talk *talk;
    char *json;
    size_t len;
} isplit__letter;

typedef struct isplit__peer {
    isplit__id key;
    uint64_t heard_at;
    uint64_t barred_until; /* it sent what no honest peer sends: we ask others */
    uint64_t credit;       /* events that we asked it for */
    isplit__bucket bytes;  /* that may go to it */
    isplit__bucket asks;   /* questions that it may put */
    isplit__bucket live;   /* events that it may hand over unasked */
    isplit__letter letters[ISPLIT__MAX_LETTERS];
    size_t letter_count;
} isplit__peer;

/** What a peer said of its ledger of a room. */
typedef struct isplit__hello {
    isplit__id key;
    uint8_t fp[ISPLIT__PRINT_BYTES];
    uint64_t count;
    uint64_t at;
} isplit__hello;

/** The events from a bound to before another one. */
typedef struct isplit__range {
    isplit__bound lo;
    isplit__bound hi;
} isplit__range;

/** A range of which a peer has events that we lack. */
typedef struct isplit__job {
    isplit__range range;
    uint64_t count;    /* of theirs, as they say */
    uint64_t deadline; /* of the answer; 0 = not asked for yet */
    isplit__id peer;
    char sid[ISPLIT__SID_HEX + 1];
    unsigned tries;
} isplit__job;

/** One room. */
struct isplit__talk {
    isplit_bind *bind;

    uint64_t hello_at;                 /* when to say hello */
    unsigned calm;                     /* how often the time between hellos has doubled */
    unsigned agreed;                   /* peers that said the same since then: */
    uint64_t agreed_from;              /* our last hello, or what is new */
    uint8_t said[ISPLIT__PRINT_BYTES]; /* of our last hello */
    isplit__bucket hasty;              /* hellos before their time */
    isplit__hello hellos[ISPLIT__MAX_HELLOS];
    size_t hello_count;

    uint32_t live[ISPLIT__MAX_LIVE]; /* positions in the store */
    size_t live_count;

    uint64_t start_at;   /* of the next comparison; ISPLIT_BIND_NEVER = none planned */
    uint64_t rest_until; /* none before */
    unsigned failures;   /* comparisons in a row that brought nothing */
    bool comparing;
    uint64_t quiet_at; /* the comparison under way has ended when nothing comes by then */
    isplit__hello with; /* the partner, and what it has */
    char sid[ISPLIT__SID_HEX + 1];
    uint64_t new_before; /* stats.new_events when it began */
    isplit__job *jobs;   /* in order */
    size_t job_count;
    char name[];
};

struct isplit_bind {
    isplit_bind_options o;
    isplit_book *book;
    isplit__id key; /* our own */
    uint64_t now;
    isplit__talk **talks;
    size_t talk_count;
    isplit__peer *peers;
    size_t peer_count;
    size_t next_peer;     /* whose letters are looked at first */
    isplit__bucket bytes; /* that may go to everybody */
    char *sent;           /* what the last pull handed out */
    isplit__id sent_to;
    bool taking; /* what the book stores now came from a peer */
    isplit_bind_stats stats;
};

/* --- bind.c --- */

/** From 0 to below `below`. */
uint64_t isplit__bind_random(const isplit_bind *bind, uint64_t below);
void isplit__bind_sid(const isplit_bind *bind, char sid[ISPLIT__SID_HEX + 1]);

/** What is said in the room of that name; NULL when we are not in it. */
isplit__talk *isplit__talk_find(const isplit_bind *bind, const char *room);
/** The room in the book, made when there is none. */
int isplit__talk_place(const isplit__talk *t, isplit__place **out);
void isplit__talk_hello_within(isplit__talk *t, uint64_t least_ms, uint64_t most_ms);
/** Is this hello recent enough to count its peer? */
bool isplit__hello_counts(const isplit_bind *bind, const isplit__hello *h, uint64_t now);

/* --- bind_peer.c --- */

/** Take so many tokens, or none and false. */
bool isplit__bucket_take(isplit__bucket *b, uint64_t count, uint64_t now);
/** Take as many as there are: something was spent that nobody asked the bucket for. */
void isplit__bucket_drain(isplit__bucket *b, uint64_t count, uint64_t now);
/** When so many will be there; of more than fit into it, when it has had the time. */
uint64_t isplit__bucket_ready(const isplit__bucket *b, uint64_t count);

/** The peer of this key; the one that was silent for longest gives way. */
isplit__peer *isplit__peer_get(isplit_bind *bind, const isplit__id *key);
isplit__peer *isplit__peer_find(const isplit_bind *bind, const isplit__id *key);
void isplit__peer_free(isplit__peer *peer);

/** Hand a finished message over; without memory or room for it, it is dropped. */
void isplit__peer_post(isplit__peer *peer, isplit__talk *t, isplit__buf *json);
bool isplit__peer_has_room(const isplit__peer *peer);
void isplit__peer_drop_letters(isplit__peer *peer, const isplit__talk *t);

/* --- bind_say.c --- */

/** The beginning of a message: app, type and room. */
void isplit__say_begin(isplit__buf *b, const isplit__talk *t, const char *type);

/** With the fingerprint in `said`. */
void isplit__say_hello(const isplit__talk *t, const isplit__room *room, isplit__buf *b);
/** The event at this position of the store, for everybody. IC_ERR_NOT_FOUND when there is
 * none any more. */
int isplit__say_live(isplit__talk *t, uint32_t position, isplit__buf *b);

/* --- bind_sync.c --- */

/** This peer has, or may have, events that we lack: compare soon. */
void isplit__sync_plan(isplit__talk *t, const isplit__hello *with, uint64_t delay_ms);
void isplit__sync_expire(isplit__talk *t);
uint64_t isplit__sync_deadline(const isplit__talk *t);
/** Events of this peer came in answer to `sid`. */
void isplit__sync_got(isplit__talk *t, const isplit__peer *peer, const char *sid,
                      const isplit__bound *next);
/** This peer broke the protocol. */
void isplit__sync_bar(isplit__talk *t, isplit__peer *peer);
int isplit__sync_hear(isplit__talk *t, isplit__peer *peer, const char *sid,
                      const json_t *ranges);
int isplit__sync_want(isplit__talk *t, isplit__peer *peer, const char *sid,
                      const json_t *ids);
/** Number of events that are being fetched. */
uint64_t isplit__sync_to_come(const isplit__talk *t);

#endif
