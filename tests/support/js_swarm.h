/**
 * @file js_swarm.h
 * How the reference's swarm decides, for simulations: one topic, both roles.
 *
 * A model of docs/spec/07-hyperswarm.md as it stands, without anything that ours adds:
 * no second look after an announce, no redial of a lost server connection. It has the
 * verbs of ic__swarm and tells the same events.
 */
#ifndef JS_SWARM_H
#define JS_SWARM_H

#include "fake_random.h"
#include "swarm/swarm.h"

typedef struct js_swarm js_swarm;

js_swarm *js_swarm_new(const uint8_t key[32], uint64_t seed, uint64_t now);
void js_swarm_free(js_swarm *js);
void js_swarm_join(js_swarm *js, const uint8_t topic[32]);
bool js_swarm_next(js_swarm *js, ic__swarm_event *event);
uint64_t js_swarm_deadline(const js_swarm *js);
void js_swarm_expire(js_swarm *js, uint64_t now);
void js_swarm_found(js_swarm *js, const uint8_t key[32], uint64_t now);
void js_swarm_query_done(js_swarm *js, uint64_t now);
void js_swarm_opened(js_swarm *js, uint64_t id, uint64_t now);
void js_swarm_closed(js_swarm *js, uint64_t id, uint64_t now);
uint64_t js_swarm_existing(js_swarm *js, const uint8_t key[32]);

/** False: a duplicate, which the caller destroys. */
bool js_swarm_incoming(js_swarm *js, const uint8_t key[32], bool used, uint64_t now,
                       uint64_t *id);

#endif
