/**
 * @file dht/puncher_state.h
 * A puncher from the inside, for puncher.c (what is known) and punch_rounds.c (what is
 * sent).
 */
#ifndef DHT_PUNCHER_STATE_H
#define DHT_PUNCHER_STATE_H

#include "dht/puncher.h"

#define IC__PUNCH_ASKED_MAX 8 /* nodes, in two passes */

typedef enum ic__punch_strategy {
    IC__PUNCH_NONE,
    IC__PUNCH_CONSISTENT, /* to each known address, now and then */
    IC__PUNCH_PROBES,     /* to random ports of one host */
    IC__PUNCH_BIRTHDAY    /* from many sockets to one address */
} ic__punch_strategy;

typedef struct ic__punch_target {
    ic__addr addr;
    bool verified;
} ic__punch_target;

struct ic__puncher {
    ic__dht_links *links;
    const ic__puncher_events *events;
    void *user;
    bool initiator;

    ic__punch_socket **sockets; /* the first ones by reopening, then birthday ones */
    size_t socket_count;
    size_t socket_cap;
    size_t present; /* the one that the NAT view is of */

    ic__nat nat;
    ic__alarm analysis;
    ic__addr asked[IC__PUNCH_ASKED_MAX];
    size_t asked_count;
    unsigned pending; /* answers */
    unsigned passes;
    bool analyzed;

    ic__punch_target remote[IC__DHT_ADDRESSES_MAX];
    size_t remote_count;
    uint32_t remote_firewall;

    ic__alarm round;
    ic__punch_strategy strategy;
    ic__addr aim; /* of the random ones: the verified address */
    unsigned sent;
    size_t turn; /* the socket of the next birthday packet */
    bool low;    /* these packets shall not arrive yet */
    bool randomized;
    bool has_candidate;
    unsigned echoes;
};

/** One more socket at the end of the list. @return as ic__puncher_new */
IC_CHECK int ic__puncher_add_socket(ic__puncher *p);

/** The alarm of the rounds. */
void ic__puncher_ring(ic__alarm *alarm);

#endif
