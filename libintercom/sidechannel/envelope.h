/**
 * @file sidechannel/envelope.h
 * The envelope around a message, and the two texts made of it: what is signed and what
 * proof of work is done over.
 *
 * Spec     docs/spec/12-sidechannel.md, sections 2, 4 and 5
 */
#ifndef SIDECHANNEL_ENVELOPE_H
#define SIDECHANNEL_ENVELOPE_H

#include <stdint.h>

#include "base/json.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"

/** A message of our own; all texts are borrowed. */
typedef struct ic__envelope {
    const char *channel; /* trimmed */
    const char *id;
    const char *from;        /* public key, 64 lower-case hex digits; origin as well */
    const ic__json *message; /* NULL = absent */
    int64_t ts_ms;
    uint32_t ttl;
    const ic__json *invite;  /* NULL = none */
    const ic__json *welcome; /* put into the invite unless that has one; NULL = none */
} ic__envelope;

/** `count` characters 0-9a-z and a zero byte. */
void ic__base36_random(const ic_env *env, char *out, size_t count);

/** "<from>:<ts>:<8 base-36 characters>" */
void ic__envelope_id(ic__buf *b, const char *from, int64_t ts_ms, const ic_env *env);

/** What the author signs. */
void ic__envelope_signed_text(ic__buf *b, const ic__envelope *e);

/** What work is done over: the texts before and behind the nonce. */
void ic__envelope_work_texts(ic__buf *head, ic__buf *tail, const ic__envelope *e);

/** The whole, in the order of the reference, without work. `text` is its signed text. */
void ic__envelope_write(ic__buf *b, const ic__envelope *e, const ic__buf *text,
                        const ic_identity *author);

/** What ic__envelope_write wrote, with its work put in. */
void ic__envelope_add_work(ic__buf *b, const char *envelope, size_t len, uint64_t nonce,
                           uint32_t bits);

#endif
