/**
 * @file dht/query.h
 * A walk towards a target: ask the nodes around it, and those that they name, until
 * nobody names one that is closer.
 *
 * Shape    an ic__query belongs to its node; it is gone when on_done returns
 * Spec     docs/spec/05-dht-rpc.md, section 10
 *
 * Callbacks run as those of dht/rpc.h do.
 */
#ifndef DHT_QUERY_H
#define DHT_QUERY_H

#include "dht/rpc.h"

typedef struct ic__query ic__query;

/** A node that answered, closest first; what a commit needs. */
typedef struct ic__query_node {
    ic__addr addr;
    ic__addr to; /* us, as it sees us */
    uint8_t id[IC__DHT_KEY_BYTES];
    uint8_t token[IC__DHT_TOKEN_BYTES];
    bool has_token;
} ic__query_node;

typedef struct ic__query_options {
    uint8_t target[IC__DHT_KEY_BYTES];
    bool internal;
    bool background; /* gently: two requests at a time, more when nothing else goes on */
    uint32_t command;
    uint32_t retries;     /* of each request; default 5 */
    uint32_t concurrency; /* 0 = that of the node */
    const uint8_t *value; /* copied, or NULL */
    size_t value_len;
    const ic__addr *seeds; /* asked first, copied, at most IC__RPC_K; or NULL */
    size_t seed_count;
    bool only_seeds; /* nobody else is asked */
    /** Each answer as it comes, also one with an error number. May be NULL. May call
     * ic__query_stop. */
    void (*on_reply)(void *user, const ic__rpc_reply *reply);
    /** Once, the last call: 0; IC_ERR_NOT_FOUND when nobody answered; IC_ERR_CANCELED
     * when the node was suspended. ic__query_closest is valid until it returns. */
    void (*on_done)(void *user, int error, ic__query *query);
    void *user;
} ic__query_options;

void ic__query_options_default(ic__query_options *opts);

/** @return 0; IC_ERR_CLOSED while suspended; IC_ERR_LIMIT; IC_ERR_NOMEM */
IC_CHECK int ic__query_new(ic__rpc *rpc, const ic__query_options *opts, ic__query **out);

/** Ask nobody else: on_done comes at the next turn of the clock, with what there is. */
void ic__query_stop(ic__query *query);

/** Forget it: no callback comes. NULL is fine. */
void ic__query_cancel(ic__query *query);

/** The persistent nodes that answered without an error, closest first, at most
 * IC__RPC_K; borrowed. */
const ic__query_node *ic__query_closest(const ic__query *query, size_t *count);

/** How far it went. */
typedef struct ic__query_stats {
    uint32_t answers;
    uint32_t failures;
    uint32_t hops; /* from the seeds to the furthest node that was asked */
} ic__query_stats;

ic__query_stats ic__query_get_stats(const ic__query *query);

#endif
