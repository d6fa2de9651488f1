/**
 * @file swarm/state.h
 * What the files of the swarm share.
 */
#ifndef SWARM_STATE_H
#define SWARM_STATE_H

#include "base/env.h"
#include "base/map.h"
#include "base/queue.h"
#include "base/timers.h"
#include "swarm/swarm.h"

#define SWARM_SEEN_MOST 64 /* keys of the last refresh, kept for a finite limit */
#define SWARM_HASH_KEY_BYTES 16

/* A connection that has lived for so long was a good one. */
#define SWARM_GOOD_NS (15 * IC__SEC)

/* Two dials that cross arrive within so long of each other. */
#define SWARM_CROSSING_NS (2 * IC__SEC)

typedef struct swarm_topic swarm_topic;
typedef struct swarm_peer swarm_peer;

/* A peer was found on a topic. */
typedef struct swarm_sighting {
    ic__link of_peer;
    ic__link of_topic;
    swarm_peer *peer;
    swarm_topic *topic;
} swarm_sighting;

typedef enum swarm_link_state {
    SWARM_DIALLING,
    SWARM_OPEN,
    SWARM_WAITING /* came in; the one it replaces has not closed yet */
} swarm_link_state;

/* A connection, or a dial that may become one. */
typedef struct swarm_link {
    ic__link all;  /* in swarm.links */
    ic__link todo; /* in swarm.todo_links, while something is to be told */
    swarm_peer *peer;
    uint64_t id;
    uint64_t opened_ns;
    ic__addr from; /* of an incoming one */
    swarm_link_state state;
    bool initiator;
    bool ending; /* we wished for its end */
    bool tell_dial;
    bool tell_destroy;
    bool tell_keepalive;
    bool tell_connected;
    int error; /* why we ended it */
} swarm_link;

struct swarm_peer {
    uint8_t key[IC__SWARM_KEY_BYTES];
    uint64_t hash;
    ic__queue sightings;
    size_t links;         /* of any state: none outlives it */
    swarm_link *current;  /* the one connection or dial, until it has closed */
    swarm_link *next;     /* takes its place then */
    ic__timer rank;       /* in swarm.queue; its time is an order, not a time */
    ic__timer retry;      /* in swarm.retries */
    ic__link is_explicit; /* in swarm.explicit_peers */
    ic__link is_banned;   /* in swarm.bans */
    ic__link tell_banned; /* in swarm.todo_bans */
    uint64_t lost_ns;     /* when its last connection or dial ended */
    uint64_t flush_tick;  /* of the flushes that wait for its dial: this one and later */
    uint64_t replace_ns;  /* start of the window in which replacements are counted */
    uint32_t replacements;
    uint32_t attempts;
    ic__addr relays[IC__SWARM_RELAYS];
    uint8_t relay_count;
    uint8_t priority;
    uint8_t redials; /* soon after a crossed loss */
    bool proven;
    bool client;  /* its last connection was dialled by us */
    bool crossed; /* an incoming one was refused for the dial that is under way */
    bool no_reconnect;
    bool force_relay;
};

struct ic__session {
    ic__link link; /* in topic.sessions */
    swarm_topic *topic;
    bool server;
    bool client;
};

struct swarm_topic {
    ic__swarm *swarm;
    ic__link all;  /* in swarm.topics */
    ic__link todo; /* in swarm.todo_topics */
    uint8_t topic[IC__SWARM_TOPIC_BYTES];
    uint64_t hash;
    ic__queue sessions;
    ic__queue sightings;
    ic__timer timer; /* the next look, in swarm.refreshes */
    uint64_t query;  /* that runs, 0 = none */
    uint64_t stop;   /* that is to be stopped, 0 = none */
    uint64_t stamp;  /* of the newest refresh */
    uint64_t *seen;  /* hashes of the keys of the last refresh; NULL without a limit */
    uint32_t seen_count;
    uint32_t limit;
    uint32_t left; /* new peers that this refresh may still find */
    uint32_t servers;
    uint32_t clients;
    ic__swarm_what kind; /* of the query that runs */
    uint8_t follow_ups;  /* looks that are left after the first refresh */
    uint8_t failures;    /* in a row */
    bool is_server;
    bool is_client;
    bool refreshing; /* the newest refresh waits, or its query runs */
    bool announced;  /* somebody may hold a record of ours */
    bool cleared;    /* the first announce took back what was there before */
    bool tell_query;
    bool fresh;       /* joined, resumed, or in another role since its last refresh */
    bool left_behind; /* the last session has left */
};

typedef struct swarm_flush {
    ic__link link;
    uint64_t id;
    uint64_t stamp; /* refreshes up to this one are waited for */
    uint64_t tick;  /* peers up to this one are counted in `missing` */
    size_t missing;
    swarm_topic *topic; /* of a session's flush: nothing else counts */
    bool counted;       /* the queries are over, peers are waited for */
    bool ok;
} swarm_flush;

typedef enum swarm_server { SWARM_SILENT, SWARM_ASKED, SWARM_LISTENS } swarm_server;

struct ic__swarm {
    ic__swarm_options options;
    ic_env env;
    uint8_t key[IC__SWARM_KEY_BYTES];
    uint8_t hash_key[SWARM_HASH_KEY_BYTES];
    uint64_t now;
    ic__map topics_by_hash;
    ic__map peers_by_hash;
    ic__map links_by_id;
    ic__queue topics; /* those left behind included */
    ic__queue links;
    ic__queue explicit_peers;
    ic__queue bans;
    ic__queue flushes;
    ic__queue flushed;
    ic__queue todo_topics;
    ic__queue todo_links;
    ic__queue todo_bans;
    ic__timers queue;
    ic__timers retries;
    ic__timers refreshes;
    ic__swarm_beat beats[IC__SWARM_CLASSES];
    swarm_topic *told_topic; /* freed with the next call */
    size_t busy_peers;       /* connected or being dialled: one connection each */
    size_t found_peers;
    size_t connecting;
    size_t client_links;
    size_t server_links;
    uint64_t last_id; /* of connections, queries and flushes */
    uint64_t last_stamp;
    uint64_t flush_tick;
    swarm_server server;
    bool tell_listen;
    bool tell_update;
    bool wait_quiet; /* to be told when nothing is left */
    bool look;       /* somebody may be dialled */
    bool suspended;
    bool closing;
    ic__swarm_stats stats;
};

static inline bool ic__swarm_is_active(const ic__swarm *s)
{
    return !s->suspended && !s->closing;
}

/* swarm.c */

uint64_t ic__swarm_hash(const ic__swarm *s, const uint8_t key[32]);

/** Evenly from 0 to `most`. */
uint64_t ic__swarm_draw(const ic__swarm *s, uint64_t most);

/* peerbook.c: who is known, and for how long */

swarm_peer *ic__peer_find(const ic__swarm *s, const uint8_t *key);

/** Find or make; NULL without memory. It goes away with ic__peer_drop_idle. */
swarm_peer *ic__peer_need(ic__swarm *s, const uint8_t *key);

/** Note that it was found on a topic. @return 0; IC_ERR_LIMIT; IC_ERR_NOMEM */
IC_CHECK int ic__peer_sighted(ic__swarm *s, swarm_peer *p, swarm_topic *t);

/** Forget it, unless there is a reason to know it. */
void ic__peer_drop_idle(ic__swarm *s, swarm_peer *p);

/** No topic has it any more: nobody wants to dial it. */
void ic__peer_unwanted(ic__swarm *s, swarm_peer *p);

/** Forget who was found on a topic. */
void ic__peer_forget_topic(ic__swarm *s, swarm_topic *t);
void ic__peer_free_all(ic__swarm *s);

static inline bool ic__peer_is_queued(const swarm_peer *p)
{
    return p->rank.slot != 0;
}

static inline bool ic__peer_is_banned(const swarm_peer *p)
{
    return ic__queue_holds(&p->is_banned);
}

static inline bool ic__peer_is_explicit(const swarm_peer *p)
{
    return ic__queue_holds(&p->is_explicit);
}

/* dial.c: whom to dial, and when again */

/** Queue it for a dial, if it may be. */
void ic__dial_enqueue(ic__swarm *s, swarm_peer *p);

/** Out of the queue: it was tried, or need not be. */
void ic__dial_dequeue(ic__swarm *s, swarm_peer *p);

/** Begin as many dials as may be. */
void ic__dial_more(ic__swarm *s);

/** A retry after its connection or dial `l` is gone. */
void ic__dial_again(ic__swarm *s, swarm_peer *p, const swarm_link *l,
                    const ic__swarm_end *end);
void ic__dial_expire(ic__swarm *s);

/* link.c: connections */

swarm_link *ic__link_new(ic__swarm *s, swarm_peer *p, bool initiator);

/** Wish for its end. */
void ic__link_destroy(ic__swarm *s, swarm_link *l, int error);
void ic__link_destroy_all(ic__swarm *s);
void ic__link_tell(ic__swarm *s, swarm_link *l);

/** It is gone. */
void ic__link_gone(ic__swarm *s, swarm_link *l, const ic__swarm_end *end);

/* topic.c: who wants what of a topic; query.c: how it is looked for */

void ic__topic_tell(swarm_topic *t);

/** Off the list: another of its name may be joined. */
void ic__topic_strike(swarm_topic *t);
void ic__topic_free(swarm_topic *t);

/** No session has it any more. */
void ic__topic_abandon(swarm_topic *t, bool force);

/** Look again, unless it is being looked for in the same roles. */
void ic__topic_refresh(swarm_topic *t);

/** Give up what runs; take back what was announced. */
void ic__topic_withdraw(swarm_topic *t, bool force);

/** Begin the query that is waited for, if nothing is in its way. */
void ic__topic_step(swarm_topic *t);
void ic__topic_expire(ic__swarm *s);

/* flush.c */

/** A peer that was queued or dialled was tried once. */
void ic__flush_tried(ic__swarm *s, const swarm_peer *p);

/** Queries may be over, or nothing may be dialled any more. */
void ic__flush_check(ic__swarm *s);

/** A topic is gone. */
void ic__flush_topic_gone(ic__swarm *s, const swarm_topic *t);
void ic__flush_cancel_all(ic__swarm *s);
void ic__flush_free_all(ic__swarm *s);

#endif
