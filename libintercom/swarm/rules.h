/**
 * @file swarm/rules.h
 * The rules of a swarm that are a function of a few numbers.
 *
 * Spec     docs/spec/07-hyperswarm.md, sections 4 and 5
 */
#ifndef SWARM_RULES_H
#define SWARM_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Higher is dialled first. */
enum { IC__SWARM_LOW = 1, IC__SWARM_NORMAL, IC__SWARM_HIGH, IC__SWARM_VERY_HIGH };

#define IC__SWARM_MOST_ATTEMPTS 3 /* after more, a peer is not queued */

typedef enum ic__swarm_class {
    IC__SWARM_RETRY_S,
    IC__SWARM_RETRY_M,
    IC__SWARM_RETRY_L,
    IC__SWARM_RETRY_X,
    IC__SWARM_RETRY_NEVER
} ic__swarm_class;

#define IC__SWARM_CLASSES 4

/** By the number of finished attempts, IC__SWARM_MOST_ATTEMPTS at most. */
uint8_t ic__swarm_priority(uint32_t attempts);

/** When to try again; `proven`: a dial of ours was open once. */
ic__swarm_class ic__swarm_retry_class(uint32_t attempts, bool proven, bool is_explicit);

/** Many retries behind one beat: what is added between two beats is due with the second
 * that follows. */
typedef struct ic__swarm_beat {
    uint64_t every_ns; /* 0.66 of the nominal delay */
    uint64_t start_ns; /* of the first addition; 0 = none yet */
} ic__swarm_beat;

void ic__swarm_beat_init(ic__swarm_beat *b, uint64_t delay_ms);

/** When something that is added now is due. */
uint64_t ic__swarm_beat_due(ic__swarm_beat *b, uint64_t now);

/** May one more be dialled? `peers` counts those connected or being dialled. */
bool ic__swarm_has_room(uint32_t max_peers, size_t peers, size_t explicit_peers);

/** A second connection to a peer: `used`, the existing one has received and sent. */
bool ic__swarm_keeps_new(bool used, bool own_key_greater, bool new_is_initiator);

#endif
