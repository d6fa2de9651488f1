/**
 * @file dht/puncher.h
 * Opens a way through two NATs: learns what the one in front of its socket does, then
 * sends single bytes until one comes back.
 *
 * Whatever comes back is a candidate for its owner, no more. Its sockets stay open until
 * it is freed, those that were replaced, too: the peer may have found one of them.
 *
 * Spec     docs/spec/06-hyperdht.md, sections 8, 9, 10 (duty 3) and 13
 * Lessons  docs/field-lessons.md, 14, 15 and 18
 */
#ifndef DHT_PUNCHER_H
#define DHT_PUNCHER_H

#include "dht/links.h"
#include "dht/messages.h"
#include "dht/nat.h"
#include "dht/punch_socket.h"
#include "dht/trail.h"

#define IC__PUNCH_TTL_LOW 5
#define IC__PUNCH_TTL 0 /* as usual */
#define IC__PUNCH_REOPENS_MAX 3
#define IC__PUNCH_PROBES_MAX 1750
#define IC__PUNCH_ROUNDS_MAX 10

typedef struct ic__puncher ic__puncher;

/** Called from the clock, or inside of ic__rpc_recv; may free the puncher. */
typedef struct ic__puncher_events {
    /** What can be known of our NAT is known, for now. */
    void (*analyzed)(void *user);
    /** A byte came this way. */
    void (*candidate)(void *user, const ic__way *way);
    /** All has been sent, and nobody has stopped us. */
    void (*over)(void *user);
} ic__puncher_events;

/** Open a socket and ask nodes how they see it. @return 0; IC_ERR_LIMIT; IC_ERR_IO;
 * IC_ERR_NOMEM */
IC_CHECK int ic__puncher_new(ic__puncher **out, ic__dht_links *links, bool initiator,
                             uint32_t remote_firewall, const ic__puncher_events *events,
                             void *user);

/** NULL is fine. */
void ic__puncher_free(ic__puncher *p);

/** The socket that punches. */
uint32_t ic__puncher_socket(const ic__puncher *p);

/** What we know of our NAT. */
const ic__nat *ic__puncher_nat(const ic__puncher *p);

/** A node saw our socket as `us`: `sock` must be it, or nothing happens. */
void ic__puncher_sample(ic__puncher *p, uint32_t sock, const ic__addr *us,
                        const ic__addr *from);

/** From here on, what the peer has been told of our NAT stays. */
void ic__puncher_freeze(ic__puncher *p);

/** What the peer says of itself. `verified` is a host at which it has proven to receive,
 * or NULL. */
void ic__puncher_update(ic__puncher *p, const ic__dht_punch_payload *remote,
                        const ic__addr *verified);

uint32_t ic__puncher_remote_firewall(const ic__puncher *p);

/** Is the analysis over? */
bool ic__puncher_is_analyzed(const ic__puncher *p);

/** Is there a strategy for these two NATs, as far as ours matters? */
bool ic__puncher_is_stable(const ic__puncher *p);

/** Has anything come back? */
bool ic__puncher_has_candidate(const ic__puncher *p);

/** Another socket, in hope of a better NAT; `analyzed` comes again. @return 0;
 * IC_ERR_LIMIT when there were enough, or the punching goes on; as ic__puncher_new */
IC_CHECK int ic__puncher_reopen(ic__puncher *p);

/** A byte that opens our NAT and dies before it gets there; or one that shall arrive. */
void ic__puncher_open_session(ic__puncher *p, const ic__addr *to);
void ic__puncher_ping(ic__puncher *p, const ic__addr *to);

/** Would ic__puncher_punch need the budget for random ones? */
bool ic__puncher_is_random(const ic__puncher *p);

/** Begin, by the strategy of both NATs; again is fine. @return 0; IC_ERR_DENIED when
 * there is none; IC_ERR_LIMIT when too many are at it */
IC_CHECK int ic__puncher_punch(ic__puncher *p);

/** Send no more, and give the budget back; what comes is still answered. */
void ic__puncher_stop(ic__puncher *p);

bool ic__puncher_is_punching(const ic__puncher *p);

#endif
