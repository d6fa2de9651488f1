/**
 * @file bridge_bench.h
 * A bridge without sockets on a bench: alice's hub, clients by number, a clock that is
 * moved by hand.
 */
#ifndef BRIDGE_BENCH_H
#define BRIDGE_BENCH_H

#include <jansson.h>

#include "bridge/session.h"
#include "fake_clock.h"
#include "intersplit/book.h"

#define BENCH_CLIENTS 8

typedef struct bench {
    json_t *doc; /* sidechannel.json: identities, invites */
    ic_identity *alice;
    fake_clock clock;
    ic__sidechannel_options options;
    ic__sidechannel *sidechannel;
    isplit_book *book;
    char folder[64];          /* of the snapshot file; "" without a ledger */
    char snapshots[128];      /* that file */
    bridge_settings settings; /* token "tok" */
    bridge_host host;
    bridge_hub *hub;
    bridge_session *clients[BENCH_CLIENTS];
    size_t log_lines; /* for a test that counts them */
} bench;

/** Identity, clock and settings; nothing is started. */
void bench_init(bench *b);

/** Open the ledger in memory; before bench_start. */
void bench_open_book(bench *b);

/** Start side channel (unless `bare`) and hub. */
void bench_start(bench *b, bool bare);

void bench_free(bench *b);

/** Client number `n` connects. */
void bench_connect(bench *b, unsigned n);

/** ... connects, sends the right token, and its two answers are thrown away. */
void bench_enter(bench *b, unsigned n);

/** Client `n` sends `text`; waits as long as the bridge makes it wait. */
void bench_send(bench *b, unsigned n, const char *text);

/** The next message for client `n`, borrowed until the next call; NULL when none waits.
 */
const char *bench_next(bench *b, unsigned n);

/** The next message for client `n`, parsed; free it. Fails the test when there is none.
 */
ic__json *bench_take(bench *b, unsigned n);

/** Send `text`; the only answer must be `answer`. */
void bench_ask(bench *b, unsigned n, const char *text, const char *answer);

#endif
