/**
 * @file dht/server_state.h
 * A listening key from the inside: server.c lives and dies, slot.c takes handshakes,
 * slot_punch.c punches holes for them.
 *
 * A slot is one handshake. It is unfinished, and counted, until the connection is handed
 * over; it ends when that has proven itself, or nobody came; its answer is kept for ten
 * seconds more, for whoever asks the same again.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 6, 10 and 15
 * Lessons  docs/field-lessons.md, 8, 9, 19 and 20
 */
#ifndef DHT_SERVER_STATE_H
#define DHT_SERVER_STATE_H

#include "dht/announcer.h"
#include "dht/handshake.h"
#include "dht/links.h"
#include "dht/puncher.h"
#include "dht/router.h"
#include "dht/trail.h"

#define IC__SLOT_MARK_BYTES 16
#define IC__SLOT_LINGER (10 * IC__SEC)
#define IC__SLOT_WAIT (10 * IC__SEC)
#define IC__SLOT_LONG_WAIT (60 * IC__SEC) /* with a connection, for a better way */

typedef struct ic__slot ic__slot;

struct ic__dht_server {
    ic__link link;
    ic__dht_links *links;
    ic_identity *identity;
    ic__router_server router;
    ic__announcer *announcer; /* NULL when it does not announce */
    ic__dht_server_events events;
    uint8_t relay_key[IC__DHT_KEY_BYTES];
    bool has_relay;
    bool relay_if_random;
    bool holepunch;
    bool share_local_addresses;

    ic__slot **slots; /* by id */
    size_t slot_cap;
    size_t lowest;   /* no free id below */
    ic__map by_mark; /* the front half of its mark: the slot */
    uint8_t mark_key[32];
    ic__queue finished; /* slots, oldest first */
    ic__alarm sweep;    /* of those */
    ic__alarm farewell; /* the end, when nothing was announced */
    bool told_listening;
    bool closing;
    void (*on_closed)(void *user);
    void *closed_user;
};

/* What a hole punch message asked for, while our NAT is being looked at. */
typedef struct ic__slot_question {
    bool open; /* it has not been answered */
    ic__router_back back;
    ic__addr client;         /* as the relay sees it */
    ic__addr remote_address; /* to which the client has opened a session */
    bool by_our_relay;
    bool punching;
    bool has_token;
    uint8_t token[IC__DHT_TOKEN_BYTES]; /* of the client, to be given back */
} ic__slot_question;

struct ic__slot {
    ic__link link; /* in `finished` */
    ic__dht_server *server;
    uint32_t id;
    uint8_t mark[IC__SLOT_MARK_BYTES]; /* of the first Noise message */
    uint8_t *reply;                    /* the second one */
    size_t reply_len;
    uint64_t finished_ns;

    ic__alarm patience;
    ic__addr counted[2]; /* hosts in the tally */
    size_t counted_count;
    ic__trail *stream;
    ic__puncher *puncher;
    ic__noise_result keys;
    ic__punch_key punch_key;
    ic__slot_question question;
    uint32_t round;
    bool has_keys;
    bool remote_reusable;
    bool answer_by_puncher;
    bool handed_over;
    bool waited; /* a second time, for what came near */
};

/** For the router. */
void ic__server_on_handshake(void *user, const ic__router_handshake *hs);
void ic__server_on_holepunch(void *user, const ic__router_holepunch *hp);

/** Drop it at once, with its id and its answer. */
void ic__slot_free(ic__slot *slot);

/** Keep the answer only. */
void ic__slot_finish(ic__slot *slot);

/** The stream goes by a way now: it is the user's. The last thing one does. */
void ic__slot_hand_over(ic__slot *slot);

/** No way was found: end, unless a relay or a candidate may still bring one. */
void ic__slot_give_up(ic__slot *slot);

/** As those of dht.h, of the node that ends, sleeps and wakes up. */
void ic__server_free(ic__dht_server *server);
void ic__server_suspend(ic__dht_server *server);
void ic__server_resume(ic__dht_server *server);

/** Begin to look at our NAT. @return as ic__puncher_new */
IC_CHECK int ic__slot_prepare_punch(ic__slot *slot, uint32_t remote_firewall);

#endif
