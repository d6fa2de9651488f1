/**
 * @file bridge/session.h
 * The SC-Bridge without sockets: a hub with what all clients share, and one session for
 * each client, a function of its messages and of time.
 *
 * Spec     docs/spec/13-sc-bridge.md
 * Errors   0 or a negative ic_error; outputs are written only on 0
 */
#ifndef BRIDGE_SESSION_H
#define BRIDGE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "bridge/host.h"
#include "bridge/settings.h"
#include "intercom/api.h"

typedef struct bridge_hub bridge_hub;         /* value: new, free */
typedef struct bridge_session bridge_session; /* value, listed by its hub: new, free */

/**
 * @param why  gets a sentence for the user, unless memory ran out
 * @return 0; IC_ERR_INVALID (no token, filter too long); IC_ERR_NOMEM
 */
IC_CHECK int bridge_hub_new(const bridge_settings *settings, const bridge_host *host,
                            bridge_hub **out, ic__buf *why);

/** All its sessions must be gone. */
void bridge_hub_free(bridge_hub *hub);

/** A message came in on a channel. */
void bridge_hub_message(bridge_hub *hub, const char *channel, const ic__json *envelope);

/** The ledger changed. */
void bridge_hub_expense(bridge_hub *hub, const isplit_change *change);

/** More or fewer peers have the ledger that we have of this room. */
void bridge_hub_company(bridge_hub *hub, const char *room);

/** The plans of a room are there: requests that wait for them are answered. */
void bridge_hub_planned(bridge_hub *hub, const char *room, uint64_t now_ns);

/** A client has connected; its hello can be pulled. @return 0; IC_ERR_NOMEM */
IC_CHECK int bridge_session_new(bridge_hub *hub, uint64_t now_ns, bridge_session **out);
void bridge_session_free(bridge_session *s);

/**
 * One message of the client, text or binary.
 *
 * @return 0; IC_ERR_AGAIN while the client is made to wait after a wrong token: bring it
 * again when it is no longer held
 */
IC_CHECK int bridge_session_message(bridge_session *s, const void *data, size_t len,
                                    uint64_t now_ns);

/** The next message for the client; borrowed until the next call with this session. NULL
 * when there is none at this time. */
const char *bridge_session_pull(bridge_session *s, size_t *len);

/** Must the client wait before it is read from again? */
bool bridge_session_held(const bridge_session *s);

/** When to call bridge_session_expire; IC__NEVER. */
uint64_t bridge_session_deadline(const bridge_session *s);
void bridge_session_expire(bridge_session *s, uint64_t now_ns);

/** Close codes that a session asks for; numbers of RFC 6455. */
enum { BRIDGE_OPEN = 0, BRIDGE_CLOSE_POLICY = 1008, BRIDGE_CLOSE_INTERNAL = 1011 };

/** Not BRIDGE_OPEN: close the connection with this code after pulling the rest. */
int bridge_session_close_code(const bridge_session *s, const char **reason);

#endif
