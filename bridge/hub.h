/**
 * @file bridge/hub.h
 * The inside of hub and session, for the files that answer requests.
 */
#ifndef BRIDGE_HUB_H
#define BRIDGE_HUB_H

#include <sodium.h>

#include "bridge/filter.h"
#include "bridge/session.h"
#include "sidechannel/policy.h"

#define BRIDGE_ENTRY_CHANNEL "0000intercom" /* while there is no side channel */

struct bridge_hub {
    bridge_settings settings; /* its texts are not kept */
    bridge_host host;
    uint8_t token[crypto_hash_sha256_BYTES]; /* the hash: compared in constant time */
    char *filter;                            /* of new clients, as given */
    ic__list filter_channels;                /* none = all */
    bridge_session *first;
    bridge_session *acting; /* whose request is being answered */
};

typedef struct bridge_message bridge_message; /* one queued for the client */
typedef struct bridge_waiting bridge_waiting; /* a request that waits for a plan */

struct bridge_session {
    bridge_hub *hub;
    bridge_session *next;
    bridge_session *previous;
    bool authed;
    bool held;
    uint32_t wrong_tokens;
    uint64_t auth_deadline;
    uint64_t held_until;
    bridge_waiting *waiting; /* in order */
    uint32_t waiting_count;
    uint64_t progress_at; /* while some wait */
    bridge_filter filter;
    char **channels; /* subscriptions, in order; none = all */
    size_t channel_count;
    bridge_message *queue;
    bridge_message **queue_end;
    bridge_message *pulled;
    int close_code;
    const char *close_reason;
};

/** Write the member "fp" after a comma. */
void bridge_write_fingerprint(ic__buf *b, const isplit_state *state);

/** Write members "fp", "peers", "same" and perhaps "atLeast" of a room, each after a
 * comma. */
void bridge_write_company(const bridge_hub *hub, const char *room,
                          const isplit_state *state, ic__buf *b);

/** Queue a message; a buffer that is bad closes the session. Empties `b`. */
void bridge_session_push(bridge_session *s, ic__buf *b);

/** Ask for the connection to be closed. */
void bridge_session_close(bridge_session *s, int code, const char *reason);

/** One request and its integer id. */
typedef struct bridge_request {
    bridge_session *session;
    const ic__json *message;
    const void *data; /* the same as it came */
    size_t len;
    bool has_id;
    double id;
    uint64_t now_ns;
} bridge_request;

/** Answer {"id"?:..,<members>}; `members` is `"type":..` and what follows. */
void bridge_reply(const bridge_request *r, const ic__buf *members);
void bridge_reply_error(const bridge_request *r, const char *format, ...) IC_PRINTF(2, 3);

/**
 * A member that the reference turns into a text: texts trimmed, numbers as JavaScript
 * writes them, "" for what it takes for false.
 *
 * @return false when it is of another type, or a text that is no C string
 */
bool bridge_member_text(const ic__json *object, const char *name, ic__buf *out);

/* Requests; each answers. */
void bridge_do_auth(const bridge_request *r);
void bridge_do_set_filter(const bridge_request *r);
void bridge_do_clear_filter(const bridge_request *r);
void bridge_do_subscribe(const bridge_request *r);
void bridge_do_unsubscribe(const bridge_request *r);
void bridge_do_info(const bridge_request *r);
void bridge_do_stats(const bridge_request *r);
void bridge_do_send(const bridge_request *r);
void bridge_do_join(const bridge_request *r);
void bridge_do_leave(const bridge_request *r);
void bridge_do_open(const bridge_request *r);
void bridge_do_cli(const bridge_request *r);
/** False when there is no such request. */
bool bridge_do_expense(const bridge_request *r);

/* waiting.c */

/** Answer this request when the plans of the room are there. */
void bridge_wait(const bridge_request *r, const char *room);
/** The plans of this room are there, be they quick ones. @return how many were answered
 */
size_t bridge_session_planned(bridge_session *s, const char *room, uint64_t now_ns);
/** Tell the client how far its searches are. */
void bridge_session_progress(bridge_session *s, uint64_t now_ns);
/** Nobody waits any more. */
void bridge_session_leave(bridge_session *s);
/** Answer what waits for this room with quick plans. @return how many were answered */
size_t bridge_session_cancel(bridge_session *s, const char *room, uint64_t now_ns);

/** A sentence for a client whose message was not sent. */
void bridge_write_send_error(ic__buf *b, int error);

/** Is the session subscribed to the channel? */
bool bridge_session_listens(const bridge_session *s, const char *channel);
void bridge_session_unsubscribe(bridge_session *s, const char *channel);

#endif
