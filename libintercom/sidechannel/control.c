/* Control messages: greetings to who opened a channel, and requests to open one. */
#include <string.h>

#include "base/env.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/invite.h"
#include "sidechannel/link.h"
#include "sidechannel/state.h"
#include "sidechannel/welcome.h"

#define GREETING_BYTES 512 /* what opening a channel costs the peer at its limiter */

/* ---- greetings ---- */

/* {"control":<control>,<control's object>} to one peer. */
static void send_control(ic__sc_port *port, const char *control, const char *name,
                         const char *object, uint64_t now)
{
    ic__sidechannel *sc = port->link->sc;
    ic__buf b = {0};
    ic__json *message = NULL;

    ic__buf_printf(&b, "{\"control\":\"%s\",\"%s\":", control, name);
    ic__buf_text(&b, object);
    ic__buf_char(&b, '}');
    int error = b.bad ? IC_ERR_NOMEM : ic__json_parse(b.data, b.len, &message);
    ic__envelope e = {
        .channel = port->room->name,
        .from = ic__sidechannel_self(sc),
        .message = message,
        .ts_ms = ic__sidechannel_now_ms(sc),
        .ttl = sc->policy.settings.ttl,
    };
    if (!error)
        error = ic__sc_post(sc, port->room, &e, port->link);
    if (error)
        ic__sc_dropped(sc, port->link->remote, port->room->name,
                       error == IC_ERR_NOMEM ? IC__SC_DROP_MEMORY : IC__SC_DROP_QUEUE,
                       now);
    ic__json_free(message);
    ic__buf_free(&b);
}

void ic__sc_welcome_guest(ic__sc_port *port, uint64_t now)
{
    const ic__sidechannel *sc = port->link->sc;

    if (port->welcome_sent || !port->room->welcome ||
        !ic__policy_owner_is_self(&sc->policy, port->room->name) ||
        !ic__sidechannel_trusts(sc, port->room, port->link->remote->key))
        return;
    port->welcome_sent = true;
    send_control(port, "welcome", "welcome", port->room->welcome, now);
}

static bool shows_invite(const ic__sidechannel *sc, const ic__room *room)
{
    return room->invite && room->invited_until_ms > ic__sidechannel_now_ms(sc) &&
           ic__policy_invite_required(&sc->policy, room->name) &&
           !ic__policy_is_inviter(&sc->policy, ic__sidechannel_self(sc));
}

/* Each greeting may cost proof of work, so that opening channels must cost, too; half of
 * the drafts stay for the user. */
static bool may_greet(ic__sc_port *port, uint64_t now)
{
    ic__sidechannel *sc = port->link->sc;

    return sc->draft_count < sc->limits.max_drafts / 2 &&
           ic__limiter_take(&port->link->remote->limiter, &sc->policy.settings,
                            GREETING_BYTES, now);
}

void ic__sc_greet(ic__sc_port *port, uint64_t now)
{
    const ic__sidechannel *sc = port->link->sc;
    bool owes =
        port->room->welcome && ic__policy_owner_is_self(&sc->policy, port->room->name);

    if (!owes && !shows_invite(sc, port->room))
        return;
    if (!may_greet(port, now))
        return;
    ic__sc_welcome_guest(port, now);
    if (shows_invite(sc, port->room))
        send_control(port, "auth", "invite", port->room->invite, now);
}

/* ---- requests ---- */

/* Has the request what the channel needs? */
static int check_request(const ic__sc_arrival *a, const char *target)
{
    const ic__policy *policy = &a->sc->policy;
    const ic__json *invite = ic__json_get(a->in.message, "invite");
    const ic__json *welcome = ic__json_get(a->in.message, "welcome");
    int64_t until;
    int error = 0;

    if (!ic__json_truthy(welcome))
        welcome = ic__json_get(invite, "welcome");
    if (ic__json_truthy(welcome))
        error = ic__welcome_verify(welcome, policy, target);
    else if (ic__policy_welcome_required(policy, target))
        error = IC_ERR_DENIED;
    if (!error && ic__policy_invite_required(policy, target))
        error =
            ic__invite_verify(invite, policy, target, a->remote->key, a->wall_ms, &until);
    return error;
}

static void join_on_request(ic__sc_arrival *a, const char *target)
{
    ic__sidechannel *sc = a->sc;
    ic__room *room = ic__rooms_find(&sc->rooms, target);

    if (room && room->joined)
        return;
    if (sc->joined_on_request >= sc->limits.max_joined_on_request) {
        ic__sc_dropped(sc, a->remote, target, IC__SC_DROP_JOIN_LIMIT, a->now);
        return;
    }
    int error = ic__sidechannel_join(sc, target, ic__json_get(a->in.message, "invite"),
                                     ic__json_get(a->in.message, "welcome"));
    if (error) {
        ic__sc_dropped(sc, a->remote, target,
                       error == IC_ERR_NOMEM    ? IC__SC_DROP_MEMORY
                       : error == IC_ERR_DENIED ? IC__SC_DROP_INVITE
                                                : IC__SC_DROP_JOIN_LIMIT,
                       a->now);
        return;
    }
    ic__rooms_find(&sc->rooms, target)->on_request = true;
    sc->joined_on_request++;
    ic__sc_tell(sc, IC__SC_AUTO_JOINED, target, a->remote->key, NULL, false);
}

bool ic__sc_requested(ic__sc_arrival *a)
{
    size_t len;
    const char *text = ic__json_text(ic__json_get(a->in.message, "channel"), &len);
    char *target;
    int error = ic__channel_name_new(text, len, &target);

    if (error)
        return error == IC_ERR_INVALID; /* nothing to open here; the others may know */
    error = check_request(a, target);
    if (error)
        ic__sc_dropped(a->sc, a->remote, target, IC__SC_DROP_BAD_REQUEST, a->now);
    else if (a->sc->policy.settings.auto_join)
        join_on_request(a, target);
    else
        ic__sc_tell(a->sc, IC__SC_REQUESTED, target, a->remote->key, NULL, false);
    ic_mem_free(target);
    return !error;
}
