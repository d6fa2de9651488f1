/**
 * @file sidechannel/welcome.h
 * Welcomes: what the owner of a channel signs and newcomers must have seen.
 *
 * Spec     docs/spec/12-sidechannel.md, section 5
 */
#ifndef SIDECHANNEL_WELCOME_H
#define SIDECHANNEL_WELCOME_H

#include <stdint.h>

#include "base/json.h"
#include "intercom/api.h"
#include "intercom/identity.h"
#include "sidechannel/policy.h"

/**
 * Is it signed by the configured owner of `channel` (trimmed) for that channel?
 *
 * @return 0; IC_ERR_DENIED when it does not say so; IC_ERR_AUTH when its signature is
 * wrong; IC_ERR_NOMEM
 */
IC_CHECK int ic__welcome_verify(const ic__json *welcome, const ic__policy *policy,
                                const char *channel);

/**
 * The text that is signed for a payload.
 *
 * @return 0; IC_ERR_PROTO when a member has a wrong type; IC_ERR_NOMEM
 */
IC_CHECK int ic__welcome_text(const ic__json *payload, ic__buf *out);

/** Write a signed welcome as JSON; `channel` is a trimmed name. */
void ic__welcome_write(ic__buf *b, const char *channel, const char *text,
                       int64_t issued_ms, const ic_identity *owner);

#endif
