/**
 * @file io/dht_state.h
 * The inside of an ic_dht, shared by its files: the node of dht/ on real sockets.
 */
#ifndef IO_DHT_STATE_H
#define IO_DHT_STATE_H

#include <event2/event.h>

#include "base/map.h"
#include "base/queue.h"
#include "dht/dht.h"
#include "dht/ops.h"
#include "intercom/dht.h"
#include "io/dht_names.h"
#include "io/interfaces.h"
#include "io/jobs.h"
#include "io/soon.h"
#include "io/stream_adopt.h"

/** One of the node's sockets, by its number. */
typedef struct ic__dht_socket {
    ic_dht *dht;
    uint32_t number;
    ic__udp_socket *udp;
} ic__dht_socket;

typedef struct ic__dht_pairing ic__dht_pairing; /* at a blind relay */

/** A stream that the node asked for: its own until it becomes an ic_stream. */
typedef struct ic__dht_carrier {
    ic_dht *dht;
    uint32_t id;
    ic__udp_stream *udp;
    ic__dht_pairing *pairing; /* or NULL */
    ic_stream *stream;        /* that it has become, or NULL */
    ic_server *server;        /* whose connection it is, and counts */
    ic__link link;            /* in server->streams */
    bool connected;
} ic__dht_carrier;

struct ic_server {
    ic_dht *dht;
    ic__link link; /* in dht->servers */
    ic__dht_server *core;
    ic_server_options on;
    struct ic__blind_relay *relay; /* NULL = it is none */
    ic__queue streams;
    bool closing;
    void (*on_closed)(void *user);
    void *user;
};

struct ic_dial {
    ic_dht *dht;
    ic__link link; /* in dht->dials */
    ic__dht_dial *core;
    ic_dial_options on;
};

struct ic_dht_op {
    ic_dht *dht;
    ic__link link;    /* in dht->ops */
    ic__dht_op *core; /* or */
    ic__rpc_pending *ping;
    ic_dht_op_options on;
    ic__dht_op_events events; /* for the core */
    ic__dht_near near;        /* as on.near, when there is one */
};

struct ic_dht {
    ic_socket home; /* where its streams are at home; its own socket is not used */
    ic_dht_options opts;
    ic__dht *node; /* NULL until the names of bootstrap nodes are known */
    struct event *timer;
    struct event *watch; /* of the interfaces */
    struct event *late;  /* closing has taken long enough */
    ic__soon *soon;
    uint64_t armed_ns;
    unsigned depth; /* of calls into the node, which knows the time then */

    ic__addr host;
    ic__map sockets; /* number -> ic__dht_socket */
    uint32_t next_socket;
    uint16_t client_port; /* before it was suspended */
    char address[IC__SOCKADDR_TEXT_BYTES];
    ic__map streams; /* local id -> ic__dht_carrier */
    ic__addr interfaces[IC__INTERFACES_MAX];
    size_t interface_count;

    ic__queue servers;
    ic__queue dials;
    ic__queue ops;
    ic__queue relays; /* blind ones that we are connected to */
    ic_identity *own; /* as which; NULL until there is one */

    ic__dht_name names[IC__DHT_NAMES_MAX];
    size_t name_count;
    ic__jobs *jobs;

    uint64_t dropped_waiting;
    uint64_t dropped_connections;

    bool suspended; /* as the user sees it */
    bool asleep;    /* as the node does */
    bool closing;
    bool too_late;  /* to wait for announces to be taken back */
    bool cancelled; /* dials and questions have had their last call */
    bool finished;  /* the node is gone, sockets are going */
    void (*on_closed)(void *user);
    void *user;
};

/* dht.c */

/** The node itself, once the names of its bootstrap nodes are known. */
IC_CHECK int ic__dht_begin(ic_dht *dht);
void ic__dht_on_timer(int fd, short what, void *arg);
void ic__dht_on_watch(int fd, short what, void *arg);

/** Every call into the node stands between these two. */
void ic__dht_enter(ic_dht *dht);
void ic__dht_leave(ic_dht *dht);
uint64_t ic__dht_now(const ic_dht *dht);

/** 0 when questions can be asked; IC_ERR_AGAIN, IC_ERR_CLOSED */
IC_CHECK int ic__dht_usable(const ic_dht *dht);

/* dht_life.c */

/** Look at what closing still waits for. */
void ic__dht_close_next(ic_dht *dht);

/* dht_host.c */

extern const ic__dht_host ic__dht_host_calls;

/** The server's socket and the client's. @return 0; IC_ERR_IO, IC_ERR_NOMEM */
IC_CHECK int ic__dht_bind(ic_dht *dht);
void ic__dht_unbind(ic_dht *dht);

/* dht_carrier.c: streams by their local ids. */

int ic__dht_carrier_new(void *user, uint32_t *local_id);
int ic__dht_carrier_connect(void *user, uint32_t local_id, uint32_t sock,
                            uint32_t remote_id, const ic__addr *to);
void ic__dht_carrier_free(void *user, uint32_t local_id);

/** Make an ic_stream of a connection. @return 0; IC_ERR_CLOSED when it is gone already;
 * IC_ERR_NOMEM; then it is closed */
IC_CHECK int ic__dht_carrier_adopt(ic_dht *dht, const ic__dht_connection *connection,
                                   uint64_t keepalive_ns, ic_server *server,
                                   ic_stream **out);

/* dht_relay.c: asking blind relays. */

#define IC__DHT_RELAY_PROTOCOL "blind-relay"
enum { IC__DHT_RELAY_PAIR = 0, IC__DHT_RELAY_UNPAIR = 1 };

int ic__dht_relay_pair(void *user, const uint8_t relay_key[IC__DHT_KEY_BYTES],
                       const uint8_t token[IC__DHT_TOKEN_BYTES], bool initiator,
                       uint32_t local_id);
void ic__dht_relay_drop(void *user, uint32_t local_id);

/** Its stream has no more use for it. NULL is fine. */
void ic__dht_pairing_drop(ic__dht_pairing *pairing);

/** Dial those that are wanted, leave those that are not. */
void ic__dht_relays_look_after(ic_dht *dht);

/** Those that were never dialled: nothing else is left of the node. */
void ic__dht_relays_free(ic_dht *dht);

/* dht_server.c, dht_dial.c, dht_op.c */

/** Its last call. */
void ic__server_finish(ic_server *server);
void ic__dht_cancel_dials(ic_dht *dht);
void ic__dht_cancel_ops(ic_dht *dht);

#endif
