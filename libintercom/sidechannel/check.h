/**
 * @file sidechannel/check.h
 * One signature to verify, by whichever thread is first.
 *
 * Spec     docs/spec/12-sidechannel.md, section 5
 */
#ifndef SIDECHANNEL_CHECK_H
#define SIDECHANNEL_CHECK_H

#include <stdbool.h>

#include "intercom/api.h"
#include "sidechannel/incoming.h"

/** Read by all; `user` is the owner's alone. */
typedef struct ic__check ic__check; /* value: new, free */

/**
 * The signature of a message, which was opened; its text goes over to the check.
 *
 * @return 0; IC_ERR_NOMEM
 */
IC_CHECK int ic__check_new(ic__incoming *in, ic__check **out);
void ic__check_free(ic__check *check);

/** Verify, unless another thread has begun. From any thread. */
void ic__check_run(ic__check *check);

/** Does the signature hold? Verified here when nobody has finished it. */
bool ic__check_holds(ic__check *check);

/** A pointer of whoever waits for it, NULL at first. Not for other threads. */
void ic__check_set_user(ic__check *check, void *user);
void *ic__check_user(const ic__check *check);

#endif
