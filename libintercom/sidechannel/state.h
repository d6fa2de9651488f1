/**
 * @file sidechannel/state.h
 * The inside of an ic__sidechannel, for the files that make it up.
 */
#ifndef SIDECHANNEL_STATE_H
#define SIDECHANNEL_STATE_H

#include "sidechannel/name.h"
#include "sidechannel/rooms.h"
#include "sidechannel/sidechannel.h"

#define IC__SIDECHANNEL_LOG "sidechannel" /* room of its lines in the log */

struct ic__sidechannel {
    const ic_identity *identity;
    ic_env env;
    ic__policy policy;
    ic__rooms rooms;
    ic__sidechannel_network network;
    bool attached;
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

/** May this peer be on the channel: no invite needed, an inviter, or invited? */
bool ic__sidechannel_admitted(const ic__sidechannel *sc, const char *name);

/** List the channel. @return 0; IC_ERR_DENIED when not admitted; IC_ERR_LIMIT */
IC_CHECK int ic__sidechannel_register(ic__sidechannel *sc, const char *name,
                                      ic__room **out);

#endif
