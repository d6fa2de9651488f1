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
#include "intercom/api.h"

typedef struct ic__room {
    char *name;               /* trimmed */
    bool registered;          /* listed, sent to */
    bool joined;              /* on its topic */
    int64_t invited_until_ms; /* 0 = not invited */
    char *invite;             /* the invite as JSON, NULL = none */
    char *welcome;            /* a verified welcome as JSON, NULL = none */
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

void ic__rooms_remove(ic__rooms *rooms, ic__room *room);

/** Registered room number `index`, NULL past the end. */
const ic__room *ic__rooms_at(const ic__rooms *rooms, size_t index);

#endif
