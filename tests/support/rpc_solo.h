/**
 * @file rpc_solo.h
 * One RPC node alone: the test is its network, and plays everybody else.
 */
#ifndef RPC_SOLO_H
#define RPC_SOLO_H

#include "dht/rpc_state.h"
#include "fake_clock.h"

#define RPC_SOLO_SENT 512

typedef struct rpc_datagram {
    uint32_t sock;
    ic__addr to;
    uint8_t ttl;
    size_t len;
    uint8_t data[IC__RPC_DATAGRAM_MAX];
} rpc_datagram;

typedef struct rpc_solo {
    fake_clock time;
    ic__clock clock;
    ic__dht_host host;
    ic__addr bound[2];
    ic__rpc *rpc;
    rpc_datagram *sent[RPC_SOLO_SENT]; /* that were not taken; more are counted */
    rpc_datagram *taken;
    size_t first;
    size_t count;
    size_t lost;
} rpc_solo;

/** A node at 0.0.0.0:40000 and :40001. @return what ic__rpc_new says; free it anyway */
int rpc_solo_init(rpc_solo *s, const ic__rpc_options *opts, const ic__rpc_events *events);
void rpc_solo_free(rpc_solo *s);

/** Time goes on, and alarms ring. */
void rpc_solo_run(rpc_solo *s, uint64_t for_ns);

void rpc_solo_recv(rpc_solo *s, uint32_t sock, const ic__addr *from, const uint8_t *data,
                   size_t len);

/** A message of somebody else. */
void rpc_solo_tell(rpc_solo *s, uint32_t sock, const ic__addr *from,
                   const ic__rpc_message *m);

/** The datagram that was sent the longest ago, and is taken now; NULL when there is
 * none. Valid until the next one is taken. */
const rpc_datagram *rpc_solo_take(rpc_solo *s);

/** The same, read; fails when there is none, or it is no message. */
ic__rpc_message rpc_solo_read(const rpc_datagram *d);

/** Answer a request of the node from where it was sent to. */
void rpc_solo_answer(rpc_solo *s, const rpc_datagram *request, const ic__rpc_message *m);

/** A node of the table, without a word to anybody. */
void rpc_solo_know(rpc_solo *s, const ic__addr *addr);

#endif
