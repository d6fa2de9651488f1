/**
 * @file sidechannel/remote.h
 * What is remembered about the peers at the other ends of connections, by their keys:
 * whoever hangs up and comes back, or comes twice, has one budget.
 *
 * Spec     docs/spec/12-sidechannel.md, sections 8 and 11 (14, 15)
 */
#ifndef SIDECHANNEL_REMOTE_H
#define SIDECHANNEL_REMOTE_H

#include <stdint.h>

#include "base/queue.h"
#include "intercom/api.h"
#include "sidechannel/limiter.h"
#include "sidechannel/policy.h"

typedef struct ic__remote {
    ic__link link;
    char key[IC__KEY_HEX + 1];
    uint32_t links; /* connections; 0 = gone, and remembered for a while */
    ic__limiter limiter;
    ic__bucket relay;
    uint64_t blocked_bytes; /* that came since the block began */
    uint64_t logged_ns;     /* when the last line about it went to the log */
} ic__remote;

typedef struct ic__remotes {
    ic__queue all;
    size_t gone_count;
} ic__remotes;

void ic__remotes_init(ic__remotes *remotes);
void ic__remotes_free(ic__remotes *remotes);

/** One more connection to the peer. @return 0 or IC_ERR_NOMEM */
IC_CHECK int ic__remote_use(ic__remotes *remotes, const char *key,
                            const ic__policy_options *settings, uint64_t now,
                            ic__remote **out);

/** One fewer. At most `max_gone` are remembered; the one that matters least long goes. */
void ic__remote_leave(ic__remotes *remotes, ic__remote *remote,
                      const ic__policy_options *settings, uint32_t max_gone,
                      uint64_t now);

#endif
