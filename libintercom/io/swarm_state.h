/**
 * @file io/swarm_state.h
 * The inside of an ic_swarm, shared by its files: the decisions of swarm/ on a DHT.
 */
#ifndef IO_SWARM_STATE_H
#define IO_SWARM_STATE_H

#include "base/map.h"
#include "intercom/swarm.h"
#include "io/deadline.h"
#include "io/soon.h"
#include "io/stream_state.h"
#include "swarm/swarm.h"

/** One dial or connection of the core, by its id. */
typedef struct ic__swarm_conn {
    ic__link orphan; /* in swarm->orphans: a dial that the core knows no more */
    ic_swarm *swarm;
    uint64_t id;
    ic_dial *dial;     /* while it is being dialled */
    ic_stream *stream; /* then */
    bool by_us;        /* we closed it */
} ic__swarm_conn;

/** Where the last question about a topic has ended; in swarm->near while it is joined. */
typedef struct ic__swarm_near {
    uint8_t topic[IC_TOPIC_BYTES];
    ic_dht_near at;
} ic__swarm_near;

/** A question to the DHT that the core wished for, by its number. */
typedef struct ic__swarm_query {
    ic_swarm *swarm;
    uint64_t id;
    ic_dht_op *op;
} ic__swarm_query;

struct ic_topic {
    ic__link link; /* in swarm->topics */
    ic_swarm *swarm;
    ic__session *session; /* NULL when the swarm closes */
};

/** Who waits for a flush. */
typedef struct ic__swarm_waiter {
    ic__link link;
    uint64_t flush;
    ic_swarm_flushed_cb done;
    void *user;
} ic__swarm_waiter;

struct ic_swarm {
    struct event_base *base;
    ic_env env;
    ic_swarm_options on;
    ic_identity *identity;
    uint8_t relay[IC_DHT_KEY_BYTES];
    ic__swarm *core;
    ic_dht *dht;
    ic_server *server; /* NULL until the core wants to listen */
    ic__deadline *deadline;
    ic__deadline *late; /* closing has taken long enough */
    ic__soon *soon;     /* something was asked for from outside of our callbacks */
    ic__map conns;
    ic__map queries;
    ic__map near; /* by the front of the topic */
    ic__queue topics;
    ic__queue orphans;
    ic__queue waiters;
    bool owns_dht;
    bool ready;   /* its own node knows its bootstrap nodes */
    bool pumping; /* whoever is told something may ask for more */
    bool suspended;
    bool closing;
    bool quiet; /* nothing is left but the server and the node */
    bool ended; /* and these go, too */
    void (*on_closed)(void *user);
    void *user;
};

uint64_t ic__swarm_now(const ic_swarm *swarm);

/** Something was asked for: what comes of it is told from the loop. */
void ic__swarm_wake(ic_swarm *swarm);

/** Do what the core wishes for and tell what it tells. From the loop only. */
void ic__swarm_pump(ic_swarm *swarm);

/* swarm_life.c */

/** Nothing is left that the core has asked for. */
void ic__swarm_quiet(ic_swarm *swarm);

/** The last turn of one that closes. */
void ic__swarm_last_turn(ic_swarm *swarm);
void ic__swarm_late(void *user);
void ic__swarm_release(ic_swarm *swarm);

/* swarm_query.c */

void ic__swarm_ask(ic_swarm *swarm, const ic__swarm_event *event);
void ic__swarm_stop_query(ic_swarm *swarm, uint64_t id);
void ic__swarm_forget_near(ic_swarm *swarm, const uint8_t topic[IC_TOPIC_BYTES]);
void ic__swarm_free_near(ic_swarm *swarm);

/* swarm_link.c */

void ic__swarm_listen(ic_swarm *swarm);
void ic__swarm_dial(ic_swarm *swarm, const ic__swarm_event *event);
void ic__swarm_destroy(ic_swarm *swarm, const ic__swarm_event *event);
void ic__swarm_keep_alive(ic_swarm *swarm, const ic__swarm_event *event);
void ic__swarm_connected(ic_swarm *swarm, const ic__swarm_event *event);
void ic__swarm_cancel_orphans(ic_swarm *swarm);

#endif
