/**
 * @file liar.h
 * A peer in a bind_world that signs two futures, lies about its ledger and sends what no
 * honest peer sends. It also runs an ordinary bind, so that others build on its events.
 */
#ifndef LIAR_H
#define LIAR_H

#include <stddef.h>
#include <stdint.h>

#include "bind_world.h"
#include "fake_random.h"
#include "intersplit/ledger.h"

#define LIAR_FORKS 2

typedef struct liar {
    bind_world *w;
    size_t number; /* of its end in the world */
    fake_random random;
    uint64_t nonce;
} liar;

void liar_init(liar *l, bind_world *w, size_t number, uint64_t seed);

/** Something dishonest, to some of the others. */
void liar_deed(liar *l);

/**
 * A signed event with this kind, place and body, as JSON (free).
 *
 * @param deps  elements of the JSON array, such as "\"<id>\""
 */
char *liar_event(liar *l, const char *kind, const char *body, const char *deps,
                 unsigned lc, unsigned seq);

#endif
