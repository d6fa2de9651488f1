/**
 * @file sidechannel/invite.h
 * Invites: an inviter's signature that one key may be on one channel until some time.
 *
 * Spec     docs/spec/12-sidechannel.md, section 5
 */
#ifndef SIDECHANNEL_INVITE_H
#define SIDECHANNEL_INVITE_H

#include <stdint.h>

#include "base/json.h"
#include "intercom/api.h"
#include "intercom/identity.h"
#include "sidechannel/policy.h"

#define IC__NONCE_CHARS 8

/**
 * Does the invite admit `invitee` (64 lower-case hex digits) to `channel` now?
 *
 * @return 0, and when it ends; IC_ERR_DENIED when it is not meant to; IC_ERR_AUTH when
 * its signature is wrong; IC_ERR_NOMEM
 */
IC_CHECK int ic__invite_verify(const ic__json *invite, const ic__policy *policy,
                               const char *channel, const char *invitee, int64_t now_ms,
                               int64_t *expires_ms);

/**
 * The text that is signed for a payload.
 *
 * @return 0; IC_ERR_PROTO when a member has a wrong type; IC_ERR_NOMEM
 */
IC_CHECK int ic__invite_text(const ic__json *payload, ic__buf *out);

typedef struct ic__invite_terms {
    const char *channel;
    const char *invitee; /* 64 lower-case hex digits */
    int64_t issued_ms;
    int64_t expires_ms;
    char nonce[IC__NONCE_CHARS + 1];
    const ic__json *welcome; /* goes along, not signed; NULL = none */
} ic__invite_terms;

/** Write a signed invite as JSON. */
void ic__invite_write(ic__buf *b, const ic__invite_terms *terms,
                      const ic_identity *inviter);

#endif
