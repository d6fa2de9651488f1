/**
 * @file sidechannel/state.h
 * The inside of an ic__sidechannel, for the files that make it up.
 *
 * A room has a port on every link: a channel that is opened, or tried again, or waits for
 * the peer. Ports with something to do stand in `busy`; what was decided about a message
 * of ours stands in the room's drafts until its work is done.
 */
#ifndef SIDECHANNEL_STATE_H
#define SIDECHANNEL_STATE_H

#include "base/env.h"
#include "base/queue.h"
#include "base/timers.h"
#include "sidechannel/envelope.h"
#include "sidechannel/incoming.h"
#include "sidechannel/link.h"
#include "sidechannel/name.h"
#include "sidechannel/remote.h"
#include "sidechannel/rooms.h"
#include "sidechannel/seen.h"
#include "sidechannel/sidechannel.h"

#define IC__SIDECHANNEL_LOG "sidechannel" /* room of its lines in the log */
#define IC__SC_PASSED IC__SC_DROP_COUNT   /* not dropped */

/** One message as it goes over the wire, shared by the queues it stands in. */
typedef struct ic__sc_frame {
    uint32_t uses;
    size_t len;
    uint8_t data[];
} ic__sc_frame;

typedef enum ic__sc_port_state {
    IC__SC_PORT_WAITING, /* for the peer to open it */
    IC__SC_PORT_WANTED,  /* IC__SC_OPEN comes */
    IC__SC_PORT_OPENING, /* the peer was asked */
    IC__SC_PORT_OPEN,
    IC__SC_PORT_PAUSED, /* refused; the timer tries again */
    IC__SC_PORT_CLOSING /* by us */
} ic__sc_port_state;

struct ic__sc_port {
    ic__link in_link;
    ic__link in_room;
    ic__link in_busy;
    ic__sc_link *link;
    ic__room *room; /* NULL once it was left */
    ic__timer timer;
    ic__sc_port_state state;
    bool carried; /* between IC__SC_OPEN and ic__sc_port_closed */
    bool paired;  /* IC__SC_PAIR was told */
    bool want_close;
    bool choked;
    bool asked; /* by the peer, while closing */
    bool welcome_sent;
    uint32_t retries;
    uint64_t refused_ns;
    ic__queue frames;
    size_t queued_bytes;
    void *user;
    char protocol[]; /* ends with the name of the channel */
};

struct ic__sc_link {
    ic__link in_all;
    ic__link in_floods;
    ic__sidechannel *sc;
    ic__remote *remote;
    uint64_t number; /* no other link ever has it */
    bool flooding;   /* told to hang up */
    ic__queue ports;
    size_t queued_bytes;
    void *user;
};

/** A message of ours whose proof of work is being found. */
typedef struct ic__sc_draft {
    ic__link in_room;
    ic__link in_starting;
    ic__room *room;
    uint64_t to; /* number of a link; 0 = everyone */
    ic__work *work;
    bool started; /* the work is with the carrier */
    bool done;
    uint64_t nonce;
    ic__buf json; /* without its work */
} ic__sc_draft;

/** Something to tell the user. */
typedef struct ic__sc_news {
    ic__link link;
    ic__sc_what what;
    ic__json *envelope;
    bool is_signed;
    char remote[IC__KEY_HEX + 1];
    char channel[];
} ic__sc_news;

struct ic__sidechannel {
    const ic_identity *identity;
    ic_env env;
    ic__sidechannel_options limits;
    ic__policy policy;
    ic__rooms rooms;
    bool started;
    bool topics_changed;
    uint32_t joined_on_request;

    ic__queue links;
    uint64_t last_number;
    ic__remotes remotes;
    ic__timers timers;
    size_t port_count;

    ic__queue busy;     /* ports with something to do */
    ic__queue floods;   /* links to hang up */
    ic__queue gone;     /* rooms that were left, until the swarm has heard of it */
    ic__queue starting; /* drafts whose work was not begun */
    ic__queue line;     /* messages that wait for their signature to be verified */
    ic__queue checks;   /* those whose signature was given to nobody yet */
    size_t line_bytes;
    uint64_t last_signed_ns; /* when a signed message came */
    ic__queue news;          /* for the user */
    ic__sc_port *sending;    /* its first message was told of */
    ic__room *told_room;     /* these two die with the next call of next */
    ic__sc_news *told_news;
    uint8_t topic[IC__TOPIC_BYTES];

    size_t draft_count;
    size_t draft_bytes;
    uint8_t seen_key[IC__SEEN_KEY_BYTES];
    ic__seen seen;
    ic__seen seen_of_owners; /* longer: for what only owners may write */
    ic__sidechannel_stats stats;
};

static inline int64_t ic__sidechannel_now_ms(const ic__sidechannel *sc)
{
    return sc->env.wall_ms(sc->env.user);
}

/** The own public key as hex. */
static inline const char *ic__sidechannel_self(const ic__sidechannel *sc)
{
    return ic_identity_public_key_hex(sc->identity);
}

/* ---- names, invites and welcomes (credentials.c, sidechannel.c) ---- */

/** The name as typed (NULL is none), trimmed; to be freed. */
IC_CHECK int ic__sidechannel_take_name(const char *channel, char **out);

/** The same without memory of its own; "" when it is too long for a name. */
void ic__sidechannel_trim(const char *channel, char out[IC__CHANNEL_NAME_MAX + 1]);

/** The room of a name as typed; NULL when nothing is known. */
ic__room *ic__sidechannel_room(const ic__sidechannel *sc, const char *channel);

/**
 * Keep invite and welcome if they are good for the channel; each may be NULL. What does
 * not verify is not learned and no error.
 */
IC_CHECK int ic__sidechannel_learn(ic__sidechannel *sc, const char *name,
                                   const ic__json *invite, const ic__json *welcome);

/** Learn one welcome. @return 0; IC_ERR_AUTH when it is NULL or not good */
IC_CHECK int ic__sidechannel_learn_welcome(ic__sidechannel *sc, const char *name,
                                           const ic__json *welcome);

/** Keep a welcome that was verified. @return 0 or IC_ERR_NOMEM */
IC_CHECK int ic__sidechannel_keep_welcome(ic__room *room, const ic__json *welcome);

/** May this peer be on the channel: no invite needed, an inviter, or invited? */
bool ic__sidechannel_admitted(const ic__sidechannel *sc, const char *name);

/** May that peer hear what is said there? */
bool ic__sidechannel_trusts(const ic__sidechannel *sc, const ic__room *room,
                            const char *remote);

/** List the channel. @return 0; IC_ERR_DENIED when not admitted; IC_ERR_LIMIT */
IC_CHECK int ic__sidechannel_register(ic__sidechannel *sc, const char *name,
                                      ic__room **out);

/* ---- links and ports (link.c, port.c) ---- */

/** A port on every link. @return 0 or IC_ERR_NOMEM, and then none was made */
IC_CHECK int ic__sc_room_open(ic__sidechannel *sc, ic__room *room);

/** The room was taken off the list: close its ports, cancel its drafts, leave its topic;
 * it is freed here or later. */
void ic__sc_room_close(ic__sidechannel *sc, ic__room *room);

IC_CHECK int ic__sc_port_new(ic__sc_link *link, ic__room *room);
void ic__sc_port_free(ic__sc_port *port);

/** The link stays, the room does not. */
void ic__sc_port_leave(ic__sc_port *port);

/** The port has something to do. */
void ic__sc_port_wake(ic__sc_port *port);

/** What the port wants done next; false = nothing, and it may be gone. */
bool ic__sc_port_wish(ic__sc_port *port, ic__sc_event *event);

/** The message that was told of has left. */
void ic__sc_port_pop(ic__sc_port *port);

/** Queue a message, or drop it where there is no room or nobody listens. */
void ic__sc_port_queue(ic__sc_port *port, ic__sc_frame *frame);

/** The peer broke the protocol of this channel. */
void ic__sc_port_fail(ic__sc_port *port);

void ic__sc_port_expire(ic__sc_port *port, uint64_t now);

/* ---- messages of ours (outbox.c) ---- */

/**
 * Send a message to `only`, or with NULL to all who may hear it. `e` has everything but
 * its id and its work.
 *
 * @return 0; IC_ERR_DENIED when it is too large; IC_ERR_AGAIN; IC_ERR_NOMEM
 */
IC_CHECK int ic__sc_post(ic__sidechannel *sc, ic__room *room, ic__envelope *e,
                         const ic__sc_link *only);

/** Hand JSON to the ports of a room except `from` (may be NULL). How many took it. */
size_t ic__sc_broadcast(ic__sidechannel *sc, ic__room *room, const ic__buf *json,
                        const ic__sc_link *from);

/** To how many would that go? */
size_t ic__sc_audience(const ic__sidechannel *sc, ic__room *room,
                       const ic__sc_link *from);

/** Where messages of this channel are remembered. */
ic__seen *ic__sc_seen_for(ic__sidechannel *sc, const char *channel);

void ic__sc_drafts_cancel(ic__sidechannel *sc, ic__room *room);

/** The next work to begin, as an event; false = none. */
bool ic__sc_draft_start(ic__sidechannel *sc, ic__sc_event *event);

void ic__sc_frame_drop(ic__sc_frame *frame);

/* ---- messages of others (receive.c, line.c, control.c) ---- */

/** A message that is being judged. */
typedef struct ic__sc_arrival {
    ic__sidechannel *sc;
    ic__sc_port *port;
    ic__room *room;
    ic__remote *remote;
    ic__incoming in;
    size_t bytes;
    uint64_t now;
    int64_t wall_ms;
    uint64_t hash; /* of what the author signs */
    bool checked;  /* is_signed is known */
    bool is_signed;
} ic__sc_arrival;

/** Judge it when its signature was verified and all before it were judged. Taken. */
void ic__sc_line_join(ic__sc_arrival *a);

/** Judge all in line now. */
void ic__sc_line_finish(ic__sidechannel *sc);

/** Forget those that wait in a room; NULL = all. */
void ic__sc_line_leave(ic__sidechannel *sc, const ic__room *room);

/** The next signature to verify, as an event; false = none. */
bool ic__sc_line_check(ic__sidechannel *sc, ic__sc_event *event);

/** Its signature, its date and what comes of it. Freed. */
void ic__sc_judge(ic__sc_arrival *a);

/** Count it, and tell the log, but not too often. */
void ic__sc_dropped(ic__sidechannel *sc, ic__remote *remote, const char *channel,
                    ic__sc_drop drop, uint64_t now);

/** A request to open a channel. True when it is to be handed on. */
bool ic__sc_requested(ic__sc_arrival *a);

/** What a peer gets when it has opened a channel: the welcome, and our invite. */
void ic__sc_greet(ic__sc_port *port, uint64_t now);

/** The same for one that has just shown its invite. */
void ic__sc_welcome_guest(ic__sc_port *port, uint64_t now);

/** Tell the user; the envelope (may be NULL) is taken. */
void ic__sc_tell(ic__sidechannel *sc, ic__sc_what what, const char *channel,
                 const char *remote, ic__json *envelope, bool is_signed);

#endif
