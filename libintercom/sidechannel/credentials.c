#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/envelope.h"
#include "sidechannel/invite.h"
#include "sidechannel/state.h"
#include "sidechannel/welcome.h"

#define MAX_TTL_S (UINT64_C(100) * 366 * 24 * 3600) /* a century */

/* Keep `v` as text in *slot. */
static int keep_json(char **slot, const ic__json *v)
{
    ic__buf b = {0};

    ic__json_write(&b, v);
    char *text = ic__buf_take(&b);
    if (!text)
        return IC_ERR_NOMEM;
    ic_mem_free(*slot);
    *slot = text;
    return 0;
}

int ic__sidechannel_keep_welcome(ic__room *room, const ic__json *welcome)
{
    return keep_json(&room->welcome, welcome);
}

/* AUTH is for the caller to ignore: what does not verify is not learned. */
int ic__sidechannel_learn_welcome(ic__sidechannel *sc, const char *name,
                                  const ic__json *welcome)
{
    ic__room *room;

    if (!welcome)
        return IC_ERR_AUTH;
    int error = ic__welcome_verify(welcome, &sc->policy, name);
    if (error == IC_ERR_DENIED)
        error = IC_ERR_AUTH;
    if (!error)
        error = ic__rooms_get(&sc->rooms, name, false, &room);
    return error ? error : keep_json(&room->welcome, welcome);
}

static int learn_invite(ic__sidechannel *sc, const char *name, const ic__json *invite)
{
    ic__room *room;
    int64_t until;

    if (!invite)
        return IC_ERR_AUTH;
    int error = ic__invite_verify(invite, &sc->policy, name, ic__sidechannel_self(sc),
                                  ic__sidechannel_now_ms(sc), &until);
    if (error == IC_ERR_DENIED)
        error = IC_ERR_AUTH;
    if (!error)
        error = ic__rooms_get(&sc->rooms, name, false, &room);
    if (!error)
        error = keep_json(&room->invite, invite);
    if (!error)
        room->invited_until_ms = until;
    return error;
}

int ic__sidechannel_learn(ic__sidechannel *sc, const char *name, const ic__json *invite,
                          const ic__json *welcome)
{
    int error = learn_invite(sc, name, invite);

    if (!error || error == IC_ERR_AUTH)
        error = ic__sidechannel_learn_welcome(sc, name, ic__json_get(invite, "welcome"));
    if (!error || error == IC_ERR_AUTH)
        error = ic__sidechannel_learn_welcome(sc, name, welcome);
    return error == IC_ERR_AUTH ? 0 : error;
}

bool ic__sidechannel_admitted(const ic__sidechannel *sc, const char *name)
{
    const ic__room *room = ic__rooms_find(&sc->rooms, name);

    return !ic__policy_invite_required(&sc->policy, name) ||
           ic__policy_is_inviter(&sc->policy, ic__sidechannel_self(sc)) ||
           (room && room->invited_until_ms > ic__sidechannel_now_ms(sc));
}

void ic__sidechannel_trim(const char *channel, char out[IC__CHANNEL_NAME_MAX + 1])
{
    size_t len = strlen(channel);

    channel = ic__trim(channel, len, &len);
    if (len > IC__CHANNEL_NAME_MAX)
        len = 0;
    memcpy(out, channel, len);
    out[len] = 0;
}

ic__room *ic__sidechannel_room(const ic__sidechannel *sc, const char *channel)
{
    char name[IC__CHANNEL_NAME_MAX + 1];

    ic__sidechannel_trim(channel, name);
    return ic__rooms_find(&sc->rooms, name);
}

int ic__sidechannel_invite(ic__sidechannel *sc, const char *channel, const char *invitee,
                           uint64_t ttl_s, const ic__json *welcome, ic__buf *out)
{
    char key[IC__KEY_HEX + 1];
    ic__invite_terms terms = {
        .invitee = key, .issued_ms = ic__sidechannel_now_ms(sc), .welcome = welcome};
    char *name;
    int error = ic__sidechannel_take_name(channel, &name);

    if (error)
        return error;
    if (!ttl_s)
        ttl_s = sc->policy.settings.invite_ttl_s;
    if (!ttl_s || ttl_s > MAX_TTL_S || !invitee ||
        !ic__key_normalise(invitee, strlen(invitee), key)) {
        ic_mem_free(name);
        return IC_ERR_INVALID;
    }
    terms.channel = name;
    terms.expires_ms = terms.issued_ms + (int64_t)ttl_s * 1000;
    ic__base36_random(&sc->env, terms.nonce, IC__NONCE_CHARS);
    ic__invite_write(out, &terms, sc->identity);
    ic_mem_free(name);
    return out->bad ? IC_ERR_NOMEM : 0;
}

int ic__sidechannel_welcome(ic__sidechannel *sc, const char *channel, const char *text,
                            ic__buf *out)
{
    ic__buf b = {0};
    ic__json *welcome = NULL;
    char *name;
    int error = ic__sidechannel_take_name(channel, &name);

    if (error)
        return error;
    ic__welcome_write(&b, name, text, ic__sidechannel_now_ms(sc), sc->identity);
    error = b.bad ? IC_ERR_NOMEM : ic__json_parse(b.data, b.len, &welcome);
    if (!error)
        error = ic__sidechannel_learn_welcome(sc, name, welcome);
    if (!error || error == IC_ERR_AUTH) {
        ic__buf_add(out, b.data, b.len);
        error = out->bad ? IC_ERR_NOMEM : 0;
    }
    ic__json_free(welcome);
    ic__buf_free(&b);
    ic_mem_free(name);
    return error;
}

const char *ic__sidechannel_kept_welcome(const ic__sidechannel *sc, const char *channel)
{
    const ic__room *room = ic__sidechannel_room(sc, channel);

    return room ? room->welcome : NULL;
}

bool ic__sidechannel_welcomed(const ic__sidechannel *sc, const char *channel)
{
    char name[IC__CHANNEL_NAME_MAX + 1];

    ic__sidechannel_trim(channel, name);
    return ic__sidechannel_kept_welcome(sc, name) ||
           ic__policy_owner_is_self(&sc->policy, name);
}

bool ic__sidechannel_invited(const ic__sidechannel *sc, const char *channel)
{
    const ic__room *room = ic__sidechannel_room(sc, channel);

    return room && room->invited_until_ms > ic__sidechannel_now_ms(sc);
}
