/**
 * @file io/blind_relay.h
 * A blind relay: pairs two of its clients by a token that both know, and carries packets
 * between them that it cannot read.
 *
 * Spec     docs/spec/06-hyperdht.md, section 11
 * Threads  as ic_dht
 * Errors   0 or a negative ic_error
 */
#ifndef IO_BLIND_RELAY_H
#define IO_BLIND_RELAY_H

#include "intercom/stream.h"

typedef struct ic__blind_relay ic__blind_relay;

#define IC__BLIND_RELAY_PAIRS 4096    /* a usual max_pairs */
#define IC__BLIND_RELAY_CLIENT_MAX 64 /* that one client asks for */

/* For the other half of a pair to come: twice as long as JavaScript's clients wait. */
#define IC__BLIND_RELAY_PATIENCE_NS (UINT64_C(30) * 1000000000)

/** `sock` is where its clients' streams are at home, and must outlive it; `max_pairs`
 * counts those of all clients, halves included; a half is forgotten after `patience_ns`.
 * @return 0; IC_ERR_NOMEM */
IC_CHECK int ic__blind_relay_new(ic_socket *sock, size_t max_pairs, uint64_t patience_ns,
                                 ic__blind_relay **out);

/** A client has connected: the stream is the relay's now. @return 0; IC_ERR_NOMEM */
IC_CHECK int ic__blind_relay_take(ic__blind_relay *relay, ic_stream *st);

/** No more clients; it goes when the last one has gone. NULL is fine. */
void ic__blind_relay_close(ic__blind_relay *relay);

/** Pairs that carry packets. */
size_t ic__blind_relay_count(const ic__blind_relay *relay);

#endif
