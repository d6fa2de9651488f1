/**
 * @file sidechannel/rooms.h
 * What a peer knows about channels: which it is on, and which invite and welcome it holds
 * for which name.
 */
#ifndef SIDECHANNEL_ROOMS_H
#define SIDECHANNEL_ROOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/queue.h"
#include "intercom/api.h"
#include "sidechannel/policy.h"

/** A peer whose invite was seen. */
typedef struct ic__guest {
    char key[IC__KEY_HEX + 1];
    int64_t until_ms;
} ic__guest;

typedef struct ic__room {
    char *name;               /* trimmed */
    bool registered;          /* listed, sent to */
    bool joined;              /* on its topic */
    bool on_request;          /* joined because another peer asked for it */
    bool topic_told;          /* the swarm has heard of it */
    int64_t invited_until_ms; /* 0 = not invited */
    char *invite;             /* the invite as JSON, NULL = none */
    char *welcome;            /* a verified welcome as JSON, NULL = none */
    ic__guest *guests;
    uint32_t guest_count;
    ic__queue ports;  /* its channels on all connections */
    ic__queue drafts; /* messages of ours that wait for their work, in order */
    ic__link gone;    /* in the list of those whose topic is to be left */
} ic__room;

typedef struct ic__rooms {
    ic__room **items; /* in order of appearance */
    size_t count;
    size_t registered;
    uint32_t max_registered;
    uint32_t max_learned;
} ic__rooms;

void ic__rooms_free(ic__rooms *rooms);

/** The room of a trimmed name, NULL when nothing is known. */
ic__room *ic__rooms_find(const ic__rooms *rooms, const char *name);

/**
 * The room of a name, made when there is none: at the end of the list of registered ones,
 * or only to keep something that was learned.
 *
 * @return 0; IC_ERR_LIMIT; IC_ERR_NOMEM
 */
IC_CHECK int ic__rooms_get(ic__rooms *rooms, const char *name, bool registered,
                           ic__room **out);

/** Take a room out of the list; it is the caller's then. */
void ic__rooms_take(ic__rooms *rooms, ic__room *room);
void ic__room_free(ic__room *room);

/** Undo the registration, keep what was learned. */
void ic__rooms_unregister(ic__rooms *rooms, ic__room *room);

/** Is this peer invited here? */
bool ic__room_has_guest(const ic__room *room, const char *key, int64_t now_ms);

/**
 * Remember an invite. When there are `max` guests, the one whose invite ends first makes
 * room.
 *
 * @return 0 or IC_ERR_NOMEM
 */
IC_CHECK int ic__room_admit(ic__room *room, const char *key, int64_t until_ms,
                            uint32_t max);

/** Registered room number `index`, NULL past the end. */
const ic__room *ic__rooms_at(const ic__rooms *rooms, size_t index);

#endif
