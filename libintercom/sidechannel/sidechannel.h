/**
 * @file sidechannel/sidechannel.h
 * The channels of a peer, and every decision about them that needs no other peer: join,
 * leave, open, send, invites and welcomes.
 *
 * The network is in link.h. Without it, messages are made, judged and go nowhere, as in
 * the reference while it has no connection.
 *
 * Spec     docs/spec/12-sidechannel.md, sections 1, 5, 6 (sending side), 7.3 and 10
 * Threads  an ic__sidechannel belongs to one thread
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef SIDECHANNEL_SIDECHANNEL_H
#define SIDECHANNEL_SIDECHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "intercom/api.h"
#include "intercom/identity.h"
#include "intercom/sys/env.h"
#include "sidechannel/policy.h"

typedef struct ic__sidechannel ic__sidechannel; /* value: new, free */

typedef struct ic__sidechannel_options {
    const ic_identity *identity; /* signs; must outlive the side channel */
    ic_env env;                  /* copied; the system's by default */
    ic__policy_options policy;
    uint32_t max_channels; /* joined or sent to; default 256 */
    uint32_t max_learned;  /* other names with an invite or welcome; default 256 */
    uint32_t max_guests;   /* invited peers that a channel remembers; default 256 */
    uint32_t max_joined_on_request; /* channels; default 32 */
    uint32_t max_links;             /* connections; default 1024 */
    uint32_t max_gone;              /* peers remembered without one; default 256 */
    uint32_t max_queued_bytes;      /* per connection, unsent; default 4 MiB */
    uint32_t max_blocked_bytes;     /* that a blocked peer may send; default 16 MiB */
    uint32_t max_drafts;            /* messages that wait for their work; default 256 */
    uint32_t max_draft_bytes;       /* all of them; default 8 MiB */
    uint32_t max_seen;              /* messages remembered; default 5000 */
    uint32_t seen_ms;               /* and for how long; default 120 000 */
    uint32_t max_line; /* messages whose signatures others verify; default 0 = nobody
                          does, IC__SC_CHECK never comes */
    uint32_t max_line_bytes; /* all of them; default 1 MiB */
} ic__sidechannel_options;

void ic__sidechannel_options_default(ic__sidechannel_options *options);

/**
 * @param why  gets a sentence for the user, unless memory ran out
 * @return 0; IC_ERR_INVALID, IC_ERR_LIMIT; IC_ERR_IO (the file of a welcome);
 * IC_ERR_NOMEM
 */
IC_CHECK int ic__sidechannel_new(const ic__sidechannel_options *options,
                                 ic__sidechannel **out, ic__buf *why);
void ic__sidechannel_free(ic__sidechannel *sc);

const ic__policy *ic__sidechannel_policy(const ic__sidechannel *sc);
const char *ic__sidechannel_entry(const ic__sidechannel *sc);

/*
 * Channel names below are taken as typed and trimmed. Each function that takes one gives
 * IC_ERR_INVALID when nothing is left or it is not UTF-8, IC_ERR_LIMIT when it is too
 * long or there are too many, IC_ERR_NOMEM. Invites and welcomes may be NULL; one that is
 * not valid for the channel is not an error by itself, it just does not help.
 */

/** Learn invite and welcome, then join. @return 0; IC_ERR_DENIED without a good invite */
IC_CHECK int ic__sidechannel_join(ic__sidechannel *sc, const char *channel,
                                  const ic__json *invite, const ic__json *welcome);

/** Leave and forget everything about the channel. False for the entry channel and for
 * channels that we are not on. */
bool ic__sidechannel_leave(ic__sidechannel *sc, const char *channel);

/** Send one message; `message` NULL = absent. @return 0; IC_ERR_DENIED by policy or when
 * the message is too large; IC_ERR_AGAIN while too many wait for their proof of work */
IC_CHECK int ic__sidechannel_send(ic__sidechannel *sc, const char *channel,
                                  const ic__json *message, const ic__json *invite,
                                  const ic__json *welcome);

/**
 * Send one message to the peer with this key alone, who does not relay it.
 *
 * @param remote  64 lower-case hex digits
 * @return 0; IC_ERR_NOT_FOUND when the channel is not open on a connection with it; else
 * as ic__sidechannel_send
 */
IC_CHECK int ic__sidechannel_send_to(ic__sidechannel *sc, const char *channel,
                                     const char *remote, const ic__json *message);

/** Ask the others on `via` (NULL or empty = the entry channel) to open `channel`.
 * @return as ic__sidechannel_send on `via` */
IC_CHECK int ic__sidechannel_open(ic__sidechannel *sc, const char *channel,
                                  const char *via, const ic__json *invite,
                                  const ic__json *welcome);

/** Would ic__sidechannel_send of a small message pass? Changes nothing. */
bool ic__sidechannel_may_send(const ic__sidechannel *sc, const char *channel);

/** Write an invite by this peer for `invitee` (hex). `ttl_s` 0 = the configured one.
 * @return 0; IC_ERR_INVALID also for a bad key, or when both times are 0 */
IC_CHECK int ic__sidechannel_invite(ic__sidechannel *sc, const char *channel,
                                    const char *invitee, uint64_t ttl_s,
                                    const ic__json *welcome, ic__buf *out);

/** Write a welcome by this peer and keep it if this peer owns the channel. */
IC_CHECK int ic__sidechannel_welcome(ic__sidechannel *sc, const char *channel,
                                     const char *text, ic__buf *out);

/** The welcome that is kept for the channel, as JSON; NULL when none. */
const char *ic__sidechannel_kept_welcome(const ic__sidechannel *sc, const char *channel);

bool ic__sidechannel_welcomed(const ic__sidechannel *sc, const char *channel);
bool ic__sidechannel_invited(const ic__sidechannel *sc, const char *channel);

/** Channels in order of appearance; NULL past the end. */
size_t ic__sidechannel_channel_count(const ic__sidechannel *sc);
const char *ic__sidechannel_channel(const ic__sidechannel *sc, size_t index);

size_t ic__sidechannel_connection_count(const ic__sidechannel *sc);
/** Does a network carry the channels (link.h)? */
bool ic__sidechannel_started(const ic__sidechannel *sc);

#endif
