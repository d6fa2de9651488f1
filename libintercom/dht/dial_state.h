/**
 * @file dht/dial_state.h
 * A dial from the inside: dial.c lives and dies, dial_find.c finds a node that knows the
 * peer and makes the handshake, dial_meet.c decides how the two may meet, dial_punch.c
 * punches.
 *
 * The user is told of the first way that looks good; the dial goes on, for itself, until
 * the peer has proven itself by one.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 7 and 10
 */
#ifndef DHT_DIAL_STATE_H
#define DHT_DIAL_STATE_H

#include "dht/handshake.h"
#include "dht/links.h"
#include "dht/puncher.h"
#include "dht/query.h"
#include "dht/trail.h"

#define IC__DIAL_NODES_MAX 32    /* that may know the peer */
#define IC__DIALS_FINDING_MAX 64 /* at a time, others wait: each asks a dozen nodes */
#define IC__DIAL_ECHOES_MAX 4    /* ways that wait for one */
#define IC__DIAL_ATTEMPTS_MAX 6  /* at a time, when the first ones are slow */

/* One node that is asked to pass our handshake on. */
typedef struct ic__attempt {
    ic__dht_dial *dial;
    ic__addr node;
    ic__rpc_pending *pending; /* NULL = free */
} ic__attempt;

/* What comes next while punching. */
typedef enum ic__dial_phase {
    IC__DIAL_NOT_PUNCHING,
    IC__DIAL_PROBE,      /* to be sent */
    IC__DIAL_PROBING,    /* an answer is awaited */
    IC__DIAL_RESTING,    /* the peer may need a moment to look at its NAT */
    IC__DIAL_ANALYZING,  /* we do */
    IC__DIAL_ROUND,      /* to be sent */
    IC__DIAL_ANNOUNCING, /* that we shall punch later: an answer is awaited */
    IC__DIAL_POSTPONED,
    IC__DIAL_ROUND_SENT, /* an answer is awaited */
    IC__DIAL_PUNCHING,
    IC__DIAL_ABORTING, /* the peer is told */
    IC__DIAL_GIVEN_UP
} ic__dial_phase;

struct ic__dht_dial {
    ic__link link;
    ic__dht_links *links;
    void (*on_done)(void *user, int error, const ic__dht_connection *connection);
    void *user;
    const char *reason;
    uint8_t remote_key[IC__DHT_KEY_BYTES];
    uint8_t target[IC__DHT_KEY_BYTES];
    uint8_t relay_key[IC__DHT_KEY_BYTES];
    uint8_t relay_token[IC__DHT_TOKEN_BYTES];
    bool has_relay;
    bool lan;
    bool holepunch;
    bool said_open; /* our firewall, in the first message */
    bool told;      /* the user has its connection */
    ic__alarm alarm;
    ic__trail *stream;
    ic__way early; /* by which a packet came before we knew what to answer */

    /* finding */
    ic__noise noise;
    uint8_t message[IC__HANDSHAKE_MESSAGE_MAX];
    size_t message_len;
    ic__query *query;
    ic__addr nodes[IC__DIAL_NODES_MAX];
    size_t node_count;
    size_t node_next; /* to be asked */
    size_t known;     /* of the nodes, from before the query */
    ic__attempt attempts[IC__DIAL_ATTEMPTS_MAX];
    size_t width;   /* attempts at a time */
    bool searching; /* the query has begun; before that, a known way is tried */
    bool waiting;   /* for others to find theirs */
    bool finding;
    bool shaken; /* the handshake is done */
    bool asked_twice;

    /* meeting */
    ic__dht_noise_payload remote;
    ic__noise_result keys;
    ic__punch_key punch_key;
    ic__addr relay;  /* the node that passed our handshake on, or the server */
    ic__addr server; /* as the relay sees it, or as we do */
    ic__addr client; /* us, as the relay sees us */
    uint32_t sock;   /* by which we asked */
    bool relayed;
    bool wants_punch; /* once the local network has had its chance */
    unsigned pings;

    /* punching */
    ic__puncher *puncher;
    ic__dial_phase phase;
    size_t server_relay; /* of remote.relays, the one that we use */
    unsigned relays_tried;
    uint32_t round;
    uint8_t token[IC__DHT_TOKEN_BYTES]; /* of the server */
    bool has_token;
    ic__addr told_peer;                  /* the server's address in its last answer */
    uint32_t probed_by;                  /* the socket that the server knows */
    ic__way unsure[IC__DIAL_ECHOES_MAX]; /* by which a byte came, and one went back */
    size_t unsure_count;
    bool probed_twice;
    bool sent_token;
    bool reserved; /* a random punch */
    bool delayed;
};

/** Drop it at once, no callback. */
void ic__dial_free(ic__dht_dial *dial);

/** End all of a node's with IC_ERR_CANCELED, at the next turn. */
void ic__dials_cancel(ic__dht_links *links);

/** There is no way: tell the user, unless a relay may still bring one. */
void ic__dial_fail(ic__dht_dial *dial, int error, const char *reason);

/** A way that may be the one; tells the user when it is the first. */
void ic__dial_offer(ic__dht_dial *dial, const ic__way *way);

/** Find nodes, and ask them; now, or when not so many do. @return 0 or a negative error
 */
IC_CHECK int ic__dial_find(ic__dht_dial *dial, const ic__addr *relays, size_t count);
void ic__dial_begin_finding(ic__dht_dial *dial);
void ic__dial_stop_finding(ic__dht_dial *dial);

/** The handshake is done: how do the two meet? */
void ic__dial_meet(ic__dht_dial *dial);

/** The alarm, until punching begins: the local network has had its chance, or nobody
 * came. */
void ic__dial_waited(ic__dht_dial *dial);

/** Begin to punch. */
void ic__dial_punch(ic__dht_dial *dial);

/** The alarm while punching, or nothing came by the candidates: go on. */
void ic__dial_go_on(ic__dht_dial *dial);

/** Nothing is sent any more. */
void ic__dial_stop_punching(ic__dht_dial *dial);

#endif
