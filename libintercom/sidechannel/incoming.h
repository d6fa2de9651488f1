/**
 * @file sidechannel/incoming.h
 * One message of another peer: its bytes on the wire, its parts, and the texts that work,
 * signature and memory of it are about.
 *
 * Spec     docs/spec/12-sidechannel.md, sections 1 (encoding), 2, 4, 5, 9 and 11
 */
#ifndef SIDECHANNEL_INCOMING_H
#define SIDECHANNEL_INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "intercom/api.h"
#include "sidechannel/policy.h"

#define IC__MESSAGE_ID_MAX 256 /* bytes */

typedef enum ic__control {
    IC__CONTROL_NONE,
    IC__CONTROL_AUTH,
    IC__CONTROL_WELCOME,
    IC__CONTROL_OPEN
} ic__control;

typedef struct ic__incoming {
    ic__json *envelope;
    const ic__json *message; /* NULL = absent; part of the envelope, like the next ones */
    ic__control control;
    char author[IC__KEY_HEX + 1]; /* the claimed one; "" when `from` is not a key */
    ic__buf text; /* what the author signs; the same for every copy of the message */
    bool has_signature;
} ic__incoming;

/** Write a message as it goes over the wire: its length, then JSON. */
void ic__message_write(ic__buf *b, const char *json, size_t len);

/**
 * Parse one message.
 *
 * @return 0; IC_ERR_PROTO when it is not JSON; IC_ERR_LIMIT when it is too long, deep or
 *         large; IC_ERR_NOMEM
 */
IC_CHECK int ic__incoming_read(ic__incoming *in, const uint8_t *data, size_t len);
void ic__incoming_free(ic__incoming *in);

/**
 * Find its parts.
 *
 * @return 0; IC_ERR_PROTO when it is not an envelope; IC_ERR_NOMEM
 */
IC_CHECK int ic__incoming_open(ic__incoming *in);

/** Is it for this channel, and no other? */
bool ic__incoming_is_for(const ic__incoming *in, const char *channel);

/** Does the signature prove that `author` wrote it? */
bool ic__incoming_verify(const ic__incoming *in);

/**
 * Is there enough work in it? A request to open a channel may have been worked on with
 * its missing members as null, as the reference does.
 *
 * @return 0; IC_ERR_DENIED when it does not claim so; IC_ERR_AUTH when the claim is
 *         false; IC_ERR_NOMEM
 */
IC_CHECK int ic__incoming_check_work(const ic__incoming *in, uint32_t bits);

/** Remaining hops, at most `max`; 0 when it goes no further. */
uint32_t ic__incoming_ttl(const ic__incoming *in, uint32_t max);

/** The envelope as it is handed on. */
void ic__incoming_relay(ic__buf *b, const ic__incoming *in, uint32_t ttl,
                        const char *self);

#endif
