/**
 * @file dht/dht_state.h
 * A node from the inside, for the files of this room that make it up.
 *
 * dht.c composes it and passes on what comes; handlers.c answers the requests; ops*.c
 * ask; server, dial and what they need live behind `links`.
 */
#ifndef DHT_DHT_STATE_H
#define DHT_DHT_STATE_H

#include "base/queue.h"
#include "dht/clock.h"
#include "dht/dht.h"
#include "dht/records.h"
#include "dht/router.h"
#include "dht/rpc.h"

typedef struct ic__dht_links ic__dht_links;

struct ic__dht {
    ic_env env;
    ic__dht_host host;
    ic__dht_options opts;
    ic__dht_events events;
    ic__clock clock;
    ic__rpc *rpc;
    ic__router *router;
    ic__records *records;
    ic__alarm sweep; /* what is stored grows old */
    ic__queue ops;
    ic__dht_links *links;
};

/* Everything about connections: servers, dials, hole punchers, streams. */

IC_CHECK int ic__dht_links_new(ic__dht *d, ic__dht_links **out);

/** At once, no callback comes. NULL is fine. */
void ic__dht_links_free(ic__dht_links *links);

/** Before ic__rpc_suspend, and after ic__rpc_resume. */
void ic__dht_links_suspend(ic__dht_links *links);
void ic__dht_links_resume(ic__dht_links *links);

/** Interfaces came or went: announce again. */
void ic__dht_links_network_changed(ic__dht_links *links);

/** A datagram of one byte came by any socket. */
void ic__dht_links_punched(ic__dht_links *links, uint32_t sock, const ic__addr *from);

/* Answers to requests, for every node and for a persistent one. */

/** @return false when the command is none of ours */
bool ic__dht_handle(ic__dht *d, const ic__rpc_request *request);

/** Forget all operations; those that the user knows end when the node is suspended. */
void ic__dht_ops_free(ic__dht *d);

#endif
