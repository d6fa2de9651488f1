/**
 * @file dht_talk.h
 * A server and somebody who dials it, on a dht_live, and what both heard.
 */
#ifndef DHT_TALK_H
#define DHT_TALK_H

#include "dht_live.h"

/* One conversation: a server that sends back, a dial, and what both heard. */
typedef struct dht_talk {
    dht_live net;
    ic_identity *server_key;
    ic_identity *client_key;
    ic_dht *server_node;
    ic_dht *client_node;
    ic_server *server;
    ic_stream *client; /* NULL when it is gone */
    int listening;
    int connections;
    int proven;
    int server_streams_gone;
    int server_gone;
    int asked; /* the firewall */
    bool refuse;
    bool ignore; /* take no callbacks */
    int dialed;
    int dial_error;
    int opened;
    int echoes;
    int hung_up;
    int hung_up_error;
    uint8_t echo[16];
} dht_talk;

/** The network and both nodes; nobody listens yet. */
void dht_talk_init(dht_talk *t);

/** Options as a test usually wants them. */
ic_server_options dht_talk_server(dht_talk *t);
ic_dial_options dht_talk_dial(dht_talk *t);

/** Listen, until others find us. */
void dht_talk_listen(dht_talk *t);

/** Dial, until the server has sent back what the client said. */
void dht_talk_connect(dht_talk *t);

/** Close everything. */
void dht_talk_done(dht_talk *t);

#endif
